# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034 # what is set here is used there
# Sourced by the scripts beside it, which say in `here` where that is: what they must agree on.

# shellcheck source=scripts/vm/common.bash disable=SC2154
. "$here/../vm/common.bash" # cache, die, need
say() { printf 'vagrant/%s: %s\n' "${0##*/}" "$*" >&2; }

root=$(cd "$here/../.." && pwd)
# What a machine of this checkout is made with; the Vagrantfile reads the settings too.
out=$root/out/vagrant
settings=$out/settings
key=$cache/vagrant/key
# What this checkout's libvirt keeps: another checkout has another.
own=$cache/vagrant/libvirt-$(printf %s "$root" | sha256sum | cut -c1-12)

# The Debian that the machine runs: the first whose own Node is new enough for callgate.
suite=trixie

need_root() { [[ $EUID == 0 ]] || die "$1: run this as root (sudo)"; }

# setting NAME: its value, or nothing.
setting() { sed -n "s/^$1=//p" "$settings" 2>/dev/null || :; }
