#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `callgate learn --vm` as a person types it, with real guests of the kernels named (default: 6.1 and 6.12). TAP on stdout; a minute or
# two a kernel under emulation.
# shellcheck disable=SC2016 # single quotes hold programs for node
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
kernels=("$@")
[ $# -gt 0 ] || kernels=(6.1 6.12)
work=$(mktemp -d /var/tmp/callgate-learn-vm.XXXXXX)
trap 'rm -rf "$work"' EXIT
count=0 failed=0
is() { # WHAT GOT WANTED
  count=$((count + 1))
  if [ "$2" = "$3" ]; then echo "ok $count - $1"; else
    failed=1
    printf 'not ok %d - %s\n  # got:    %s\n  # wanted: %s\n' $count "$1" "$2" "$3"
  fi
}
json() { node -e 'const r = JSON.parse(require("node:fs").readFileSync(process.argv[1])); console.log(JSON.stringify(eval(process.argv[2])))' "$work/json" "$1"; }

# Each kernel reads one file that the others do not.
cat >"$work/job" <<END
#!/bin/bash
read -r one <$work/both
read -r one <"$work/of-\$(uname -r | cut -d. -f1,2)"
echo written >$work/made
exit 3
END
chmod +x "$work/job"
echo x >"$work/both"
for kernel in "${kernels[@]}"; do echo x >"$work/of-$kernel"; done
timeout 1500 ./bin/callgate learn --json --vm "$(IFS=,; echo "${kernels[*]}")" --policies "$work/policies" -- "$work/job" >"$work/json" 2>"$work/said"
is 'the exit status is that of the program' $? 3
is 'a run of each kernel' "$(json 'r.kernels.map(({ kernel, status }) => `${kernel} ${status}`).join()')" \
  "\"$(for kernel in "${kernels[@]}"; do printf ',%s 3' "$kernel"; done | cut -c2-)\""
is 'none failed, nothing was lost' "$(json '[r.failed, r.kernels.some(({ certificate }) => certificate.tainted)]')" '[[],false]'
if [ ${#kernels[@]} -gt 1 ]; then
  for kernel in "${kernels[@]}"; do
    is "what only $kernel asked" \
      "$(json "r.kernels.find((one) => one.kernel === '$kernel').only.filter(({ program }) => program === '$work/job').map(({ operation, object }) => operation + ' ' + object)")" \
      "[\"read $work/of-$kernel\"]"
  done
fi
is 'what it wrote is gone' "$([ -e "$work/made" ] && echo there || echo gone)" gone
policy=$(grep -l "^program: $work/job\$" "$work"/policies/*.yaml)
for file in both $(printf 'of-%s ' "${kernels[@]}"); do
  is "the policy permits reading $file" "$(./bin/callgate policy explain --json "$policy" read "$work/$file" | grep -c '^    "verdict": "permit"')" 1
done
is 'and nothing like it' "$(./bin/callgate policy explain --json "$policy" read "$work/other" | grep -c '^    "verdict": "deny"')" 1
runs=$(./bin/callgate learn status --json "$work/policies" | grep -c '"session": "job-')
is 'the runs are kept' "$runs" ${#kernels[@]}
for kernel in "${kernels[@]}"; do ./bin/callgate learn forget "job-$kernel-1" >/dev/null; done
[ "$failed" = 0 ] || sed 's/^/# /' "$work/said"
echo "1..$count"
exit "$failed"
