# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the scripts beside it: what they must agree on.

# Which Debian release ships which kernel. The patch level moves on by itself; the series is what tests name.
declare -Ar suite_of=([6.1]=bookworm [6.12]=trixie [7.2]=sid)
readonly series_known='6.1, 6.12 or 7.2'

say() { printf 'vm/%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$@"; exit 125; } # 125: the runner's own failure, never the job's (as timeout and docker run use it)

# need TOOL PACKAGE: a missing tool is named with the package that brings it, before anything was started.
need() { command -v "$1" >/dev/null || die "$1 is not installed: apt-get install $2"; }

need_series() { [[ -n ${suite_of[$1]:-} ]] || die "unknown kernel '$1': name $series_known"; }

cache=${CALLGATE_CACHE:-${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}}
[[ -n $cache ]] || die 'HOME is not set: name a folder for the cache in CALLGATE_CACHE'
[[ -n ${CALLGATE_CACHE:-} ]] || cache=$cache/callgate
[[ $cache == /* ]] || cache=$PWD/$cache # the guest and apt see it from other folders
