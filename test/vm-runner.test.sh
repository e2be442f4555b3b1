#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What scripts/vm/run promises, tried on each kernel named (default: all). TAP on stdout; about 20 s a kernel.
# shellcheck disable=SC2016 # single quotes hold programs for the guest
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/cases" || exit 1 # not the top folder, so that keeping the folder shows
run=../../scripts/vm/run
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
count=0 failed=0

# is WHAT GOT WANTED
is() {
  count=$((count + 1))
  if [[ $2 == "$3" ]]; then
    printf 'ok %d - %s\n' $count "$1"
  else
    failed=1
    printf 'not ok %d - %s\n' $count "$1"
    printf '  got:    %s\n  wanted: %s\n' "$2" "$3" | sed 's/^/  # /'
  fi
}
matches() { if [[ $2 =~ $3 ]]; then is "$1" '' ''; else is "$1" "$2" "something that matches $3"; fi; }

# in_vm KERNEL ...: sets out, err and status.
in_vm() {
  "$run" "$@" >"$scratch/out" 2>"$scratch/err"
  status=$?
  out=$(<"$scratch/out") err=$(<"$scratch/err")
}

a_command() {
  local words=('a  b' '' "it's" "\$HOME \`x\` \"q\" \\" $'two\nlines' '*' 'é' --)
  in_vm "$1" --env $'NAME=it\'s\n$two' -- node -e '
    const { readFileSync } = require("node:fs");
    process.stderr.write("to stderr");
    console.log(JSON.stringify([process.argv.slice(1), process.env.NAME, process.cwd(), process.getuid()]));
    console.log(readFileSync("/sys/kernel/security/lsm", "utf8"));
    process.exitCode = 42;' -- "${words[@]}"
  is "$1: exit status" "$status" 42
  is "$1: stderr, and nothing else there" "$err" 'to stderr'
  is "$1: arguments, environment, folder, user" "$(head -1 <<<"$out")" \
    "$(node -p 'JSON.stringify([process.argv.slice(1), "it'"'"'s\n$two", process.cwd(), 0])' -- "${words[@]}")"
  matches "$1: BPF is among the security modules" "$(tail -1 <<<"$out")" '(^|,)bpf(,|$)'
}

a_guest() {
  in_vm "$1" -- sh -c '
    uname -r
    for at in /proc /sys /dev /dev/pts /dev/shm /sys/kernel/security /sys/fs/bpf /sys/kernel/tracing /sys/fs/cgroup /run /tmp; do
      grep -q " $at " /proc/mounts || echo "not mounted: $at"
    done
    mkdir /run/raw; mount -t virtiofs root /run/raw; mount -o remount,rw /run/raw
    grep -q " /run/raw virtiofs rw" /proc/mounts || echo "remount failed: the next line proves nothing"
    touch "/run/raw$PWD/written" 2>&1 | grep -o "Read-only file system"
    echo here >written; cat written; echo twice >/dev/stdout
    kill -TERM 1; kill -KILL 1
    (setsid sh -c "trap : TERM; while :; do sleep 1; done" &)
    kill -SEGV $$'
  is "$1: a signal is 128 and its number" "$status" 139
  matches "$1: the kernel asked for" "$out" "^$1[.]"
  is "$1: mounts, no way to write to the host, PID 1 lives" "$(tail -n +2 <<<"$out")" $'Read-only file system\nhere\ntwice'
  is "$1: the host has no new file" "$(ls written 2>&-)" ''
}

a_panic() {
  in_vm "$1" -- sh -c 'echo before; echo c >/proc/sysrq-trigger'
  is "$1: a panic is 125" "$status" 125
  is "$1: what came before it is kept" "$out" before
  is "$1: and its reason is told" "$(head -1 <<<"$err")" \
    "vm/run: kernel $1: the guest died before the command ended: Kernel panic - not syncing: sysrq triggered crash; the end of its console:"
}

much_output() {
  local wanted
  wanted=$(seq -f %040.0f 500000 | cksum)
  is "$1: 20 MB through a slow reader" "$("$run" "$1" -- seq -f %040.0f 500000 | { sleep 12; cksum; })" "$wanted"
}

an_end() {
  local left runner
  in_vm "$1" --timeout 25 -- sh -c 'echo before; sleep 1000'
  is "$1: out of time is 125" "$status $out" '125 before'
  matches "$1: and says so" "$err" '25 s \(--timeout\)'

  mkdir "$scratch/tmp"
  # A group of its own, to be interrupted as a terminal does it: every process in the group.
  TMPDIR=$scratch/tmp setsid --fork bash -c 'trap - INT; echo $$ >"$1/pid"; shift; exec "$@"' - "$scratch" \
    env --default-signal=INT "$run" "$1" -- sh -c 'echo up; sleep 1000' >"$scratch/up"
  until [[ -s $scratch/up ]]; do sleep 0.1; done
  runner=$(<"$scratch/pid")
  kill -INT -- "-$runner"
  for _ in {1..50}; do [[ -d /proc/$runner ]] || break; sleep 0.1; done
  left=$(pgrep -f "$scratch/tmp"; ls "$scratch/tmp")
  is "$1: Ctrl-C leaves no process and no file" "$left" ''
}

kernels=("$@")
[[ $# -gt 0 ]] || kernels=(6.1 6.12 7.2)
for kernel in "${kernels[@]}"; do
  a_command "$kernel"
  a_guest "$kernel"
  a_panic "$kernel"
done
much_output "${kernels[0]}"
an_end "${kernels[0]}"
echo "1..$count"
exit $failed
