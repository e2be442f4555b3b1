#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What users install, installed as they would: both packages on a fresh Debian 13, in a folder, and callgate run there. Needs root,
# Debian's mirror and the npm registry as this machine is set up for them. Takes minutes, so only scripts/test --long runs it.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v debootstrap >/dev/null || apt-get install -y -qq --no-install-recommends debootstrap >/dev/null

./scripts/package
work=$(mktemp -d /var/tmp/callgate-package.XXXXXX)
trap 'umount -q "$work/fresh/proc" || :; rm -rf --one-file-system "$work"' EXIT
{ read -r mirror; read -r keyring; } < <(./scripts/vm/debian-mirror)
fresh=$work/fresh
debootstrap --variant=minbase ${keyring:+"--keyring=$keyring"} trixie "$fresh" "$mirror" >"$work/log" 2>&1 ||
  { tail -20 "$work/log"; exit 1; }
cp /etc/resolv.conf "$fresh/etc/resolv.conf"
# As any Debian has it: without it npm 9 ends in the middle of an install script ("Exit handler never called").
mount -t proc proc "$fresh/proc"
cp out/package/callgate-*.tgz out/package/callgate_*.deb "$fresh/root/"
version=$(node -p 'require("./package.json").version')
registry=$(npm config get registry)
# Whom this machine trusts, as npm has it from the environment or its settings, and else Debian's list: a registry may be reached
# through a proxy that has a certificate of its own.
trusted=${NODE_EXTRA_CA_CERTS:-$(npm config get cafile)}
[ -s "$trusted" ] || trusted=/etc/ssl/certs/ca-certificates.crt
[ ! -s "$trusted" ] || cp "$trusted" "$fresh/root/trusted.crt"
passed=()
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  [ -z "${!name:-}" ] || passed+=("$name=${!name}")
done
in_fresh() {
  chroot "$fresh" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/usr/local/bin HOME=/root LANG=C.UTF-8 \
    npm_config_registry="$registry" NODE_EXTRA_CA_CERTS=/root/trusted.crt "${passed[@]}" "$@"
}

failed=0
expect() { # NAME WANTED GOT
  if [ "$2" = "$3" ]; then echo "ok - $1"; else echo "not ok - $1: wanted '$2', got '$3'"; failed=1; fi
}
try() { # NAME: the installed command does what needs no kernel
  expect "$1: version" "callgate/$version linux-x64 node-$(in_fresh node --version)" "$(in_fresh callgate --version)"
  in_fresh sh -c 'mkdir -p /root/p && printf "version: 1\nprogram: /usr/bin/cat\nuse: [libc]\nrules:\n" >/root/p/usr_bin_cat.yaml && chmod -R go-w /root/p'
  expect "$1: policy check" 0 "$(in_fresh callgate policy check /root/p >"$work/check" 2>&1; echo $?)"
  entry=$(in_fresh readlink -f "$(in_fresh which callgate)")
  expect "$1: compiled for this Node" false \
    "$(in_fresh node -p "require('${entry%/bin/callgate}/dist/src/cli/light-load.cjs').loadLight('run').script.cachedDataRejected")"
  # The addon loads, and says what this kernel lacks: 1, not 125.
  report=$(in_fresh callgate doctor --json 2>&1) && code=0 || code=$?
  expect "$1: doctor" 'yes, 0 or 1' "$(grep -q '"findings"' <<<"$report" && echo yes), $([ "$code" -le 1 ] && echo 0 or 1)"
  expect "$1: help" 0 "$(in_fresh callgate help policy explain >/dev/null 2>&1; echo $?)"
  # Each loads its command, with all it imports.
  for command in run learn stop mode status unload; do
    expect "$1: $command" 0 "$(in_fresh callgate "$command" --help >/dev/null 2>&1; echo $?)"
  done
}

# No daemon starts in a folder.
printf '#!/bin/sh\nexit 101\n' >"$fresh/usr/sbin/policy-rc.d" && chmod 755 "$fresh/usr/sbin/policy-rc.d"
in_fresh sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm libbpf1' \
  >>"$work/log" 2>&1 || { tail -20 "$work/log"; exit 1; }
in_fresh sh -c 'npm install -g --no-audit --no-fund --loglevel=error /root/callgate-*.tgz' >>"$work/log" 2>&1 ||
  { tail -20 "$work/log"; tail -q -n 40 "$fresh"/root/.npm/_logs/*; exit 1; }
try npm
in_fresh npm uninstall -g callgate >>"$work/log" 2>&1
in_fresh sh -c 'apt-get install -y -qq --no-install-recommends /root/callgate_*.deb' >>"$work/log" 2>&1 || { tail -20 "$work/log"; exit 1; }
try deb
expect 'deb: modes' '700 700 755' "$(in_fresh stat -c %a /var/lib/callgate /var/log/callgate /etc/callgate/policies | xargs)"
for page in man1/callgate.1 man1/systrace.1 man5/callgate.yaml.5; do
  expect "deb: $page" yes "$([ -s "$fresh/usr/share/man/$page.gz" ] && echo yes)"
done
expect 'deb: schemas' yes "$([ -s "$fresh/usr/share/callgate/schemas/policy.schema.json" ] && echo yes)"
expect 'deb: completion' 0 "$(bash -n "$fresh/usr/share/bash-completion/completions/callgate"; echo $?)"
in_fresh apt-get purge -y -qq callgate >>"$work/log" 2>&1
expect 'deb: nothing is left' '' "$(in_fresh sh -c 'ls -d /usr/lib/callgate /usr/bin/callgate 2>/dev/null' || true)"
exit $failed
