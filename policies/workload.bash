# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What the workloads share. A workload is called with a RUN: 1, 2 or 3 (training), `held` (the same kind of use with other
# data) or, where it knows that, `stray` (what nobody did in training), in a machine of its own (scripts/learning), with
#   UNDER     the words in front of each command: `callgate learn --policies DIR --`, `callgate run ...`, or none
#   WORK      the program's folder, which stays from run to run
# A line `# version: 2` in it says with which version of the language it is learned, where that is not 1.
set -eu
run=$1
work=${WORK:-/srv/$(basename "$(dirname "$0")")}
under=()
if [ -n "${UNDER:-}" ]; then read -r -a under <<<"$UNDER"; fi
# Words that no other run has, and the day on which the run is taken to be.
# shellcheck disable=SC2034
case $run in
  1) words=(harbour lantern meadow) day=20261103 number=1 ;;
  2) words=(orchard pebble quarry saddle) day=20261110 number=2 ;;
  3) words=(timber umbrella velvet) day=20261117 number=3 ;;
  held) words=(walnut copper granite thistle maple) day=20261124 number=4 ;;
  stray) words=(walnut copper) day=20261201 number=5 ;;
  *) echo "$0: no run $run: 1, 2, 3, held or stray" >&2; exit 2 ;;
esac
mkdir -p "$work"
cd "$work"

# Runs a command as it is judged.
under() { "${under[@]}" "$@"; }

# stray NAME COMMAND...: says of an act that nobody did in training whether it succeeds.
stray() {
  if "${@:2}" >/dev/null 2>&1; then echo "stray: $1 done"; else echo "stray: $1 refused"; fi
}

# text WORD LINES: some lines about a word.
text() {
  local line
  for line in $(seq "$2"); do echo "line $line about $1, of $day"; done
}

# await COMMAND...: until it succeeds, for two minutes.
await() {
  local tries
  for tries in $(seq 1200); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    [ "$tries" != 1200 ] || { echo "$0: in vain waited for: $*" >&2; return 1; }
    sleep 0.1
  done
}

# open PORT: does something listen there?
open() { (exec 4<>"/dev/tcp/127.0.0.1/$1"); }

# ask PORT TEXT: says it and reads the answer.
ask() { (exec 4<>"/dev/tcp/127.0.0.1/$1" && printf '%b' "${2:-}" >&4 && timeout 20 head -c 100000 <&4 >/dev/null) || true; }

# leave PROGRAM [SIGNAL]: ends the program that was started last under callgate, and waits for it.
leave() {
  local pid
  for pid in $(pidof "$1" || true); do kill "-${2:-TERM}" "$pid" 2>/dev/null || true; done
  wait || true
}
