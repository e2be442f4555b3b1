#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# `vagrant up` and what a person does then: learns in the machine, has the policy on the host, sees it enforced, learns by
# `callgate learn --vm vagrant`, and destroys it. TAP on stdout; half an hour where the machine is emulated and the box is new.
# shellcheck disable=SC2016,SC2317 # single quotes hold programs for node; what a trap calls is reached
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
if [ -s .vagrant/machines/default/libvirt/id ]; then
  echo 'Bail out! This checkout has a Vagrant machine, which the test would destroy: ./scripts/vagrant/end'
  exit 1
fi
work=$(mktemp -d /var/tmp/callgate-vagrant.XXXXXX)
export VAGRANT_HOME=$work/home # the boxes of whoever runs this stay as they are
finish() {
  ./scripts/vagrant/end 2>/dev/null
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT; trap 'exit 143' TERM HUP
count=0 failed=0
is() { # WHAT GOT WANTED
  count=$((count + 1))
  if [ "$2" = "$3" ]; then echo "ok $count - $1"; else
    failed=1
    printf 'not ok %d - %s\n  # got:    %s\n  # wanted: %s\n' $count "$1" "$2" "$3"
  fi
}
# In the machine; what it said is in $work/out and $work/err.
inside() { timeout 900 vagrant --no-tty ssh -c "$1" -- -T >"$work/out" 2>"$work/err"; }
json() { node -e 'const r = JSON.parse(require("node:fs").readFileSync(process.argv[1])); console.log(JSON.stringify(eval(process.argv[2])))' "$work/json" "$1"; }
# What of this machine another libvirt, or its owner, would miss.
around() { ip -o link | cut -d: -f2 | sort; { find /etc/libvirt /var/lib/libvirt 2>/dev/null || true; } | sort; }
around >"$work/before"
rm -rf out/vagrant/policies

timeout 1800 vagrant --no-tty up >&2
is 'vagrant up' $? 0
around | grep -v '^/[a-z/]*/libvirt$' | diff <(grep -v '^/[a-z/]*/libvirt$' "$work/before") - >&2
is 'no network and no file of libvirt was made on this machine' $? 0

inside 'sudo callgate learn -- cat /etc/hostname'
is 'learning in it ends as the program did' $? 0
is 'its output is that of the program' "$(cat "$work/out")" callgate
policy=out/vagrant/policies/cat/usr_bin_cat.yaml
is 'the policy is said to be back' "$(grep -c "^vagrant/fetch: back from the machine, in out/vagrant/policies: cat/usr_bin_cat.yaml$" "$work/err")" 1
timeout 60 ./bin/callgate policy check "$policy" >&2
is 'and is here, and valid' $? 0
for pair in /etc/hostname=permit /etc/shadow=deny; do
  is "it says ${pair#*=} of reading ${pair%=*}" \
    "$(timeout 60 ./bin/callgate policy explain --json "$policy" read "${pair%=*}" | grep -c "^    \"verdict\": \"${pair#*=}\"")" 1
done

inside 'sudo callgate run -- cat /etc/hostname'
is 'enforced in it: what was learned is permitted' "$? $(cat "$work/out")" '0 callgate'
is 'and nothing new came back' "$(grep -c '^vagrant/fetch' "$work/err")" 0
inside 'sudo callgate run -- cat /etc/shadow'
is 'and what was not is refused' "$? $(cat "$work/out")" '1 '
inside 'sudo callgate audit denials cat'
is 'and told' "$(grep -q '/etc/shadow' "$work/out" && echo told)" told
inside 'exit 7'
is 'the exit status is that of the command' $? 7

cat >"$work/job" <<END
#!/bin/bash
read -r one <$work/data
uname -r >$work/made
exit 3
END
chmod +x "$work/job"
echo x >"$work/data"
timeout 1200 ./bin/callgate learn --json --vm vagrant --vm-copy "$work/job" --vm-copy "$work/data" --policies "$work/policies" -- "$work/job" \
  >"$work/json" 2>"$work/said"
is 'learn --vm vagrant: the exit status is that of the program' $? 3
is 'a run came back' "$(json 'r.kernels.map(({ kernel, session, status, certificate }) => [kernel, session, status, certificate.tainted])')" \
  '[["vagrant","job-vagrant-1",3,false]]'
is 'what it wrote is in the machine, not here' "$([ -e "$work/made" ] && echo here || echo there)" there
for pair in read:data=permit write:made=permit read:other=deny; do
  object=${pair#*:}
  is "the policy says ${pair#*=} of ${pair%=*}" "$(timeout 60 ./bin/callgate policy explain --json "$(grep -l "^program: $work/job\$" "$work"/policies/*.yaml)" \
    "${pair%%:*}" "$work/${object%=*}" | grep -c "^    \"verdict\": \"${pair#*=}\"")" 1
done
timeout 60 ./bin/callgate learn forget job-vagrant-1 >/dev/null

timeout 300 vagrant --no-tty destroy -f >&2
is 'vagrant destroy' $? 0
is 'the machine is gone' "$([ -e .vagrant/machines/default/libvirt/id ] && echo there || echo gone)" gone
socket=$(./scripts/vagrant/libvirt socket)
./scripts/vagrant/end
is 'and its libvirt' "$([ -e "$socket" ] && echo there || echo gone)" gone
around | diff "$work/before" - >&2
is 'and what it left on this machine' $? 0
[ "$failed" = 0 ] || sed 's/^/# /' "$work/said"
echo "1..$count"
exit "$failed"
