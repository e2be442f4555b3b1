// SPDX-License-Identifier: GPL-2.0-only
/** What the forms look like, byte for byte. */
import t from 'tap';
import { csvLine, HEADER } from '../../src/export/csv.js';
import { journalEntry } from '../../src/export/journald.js';
import { jsonLine } from '../../src/export/jsonl.js';
import { counted, severityOf, syslogMessage } from '../../src/export/syslog.js';
import { parseTarget, targetText } from '../../src/export/target.js';
import { event, SESSION } from './build.js';

const odd = event(42, {
  ...{ object: '/tmp/a",b\\xff]', operation: ['read', 'write'], comm: 'a"b\nc', rule: 3, line: 9, owner: 0 },
});

t.test('JSON lines', async (t) => {
  const line = jsonLine({ number: 7, record: odd });
  t.same(JSON.parse(line), { ...odd, export: 7 });
  t.match(line, /^\{"v":1,"seq":42,.*,"export":7\}\n$/);
});

t.test('CSV', async (t) => {
  t.equal(
    HEADER,
    'export,type,seq,time,session,policy,digest,rule,line,group,operation,decided,object,from,exchanged,directory,verdict,enforced,learnt,created,errno,reason,pid,tid,ppid,uid,gid,owner,exe,comm,count,first,exclusive,architecture,note\r\n',
  );
  t.equal(
    csvLine({ number: 7, record: odd }),
    `7,access,42,2026-11-29T08:00:00.000001Z,s-1,/usr/bin/cat,sha256:${'0'.repeat(64)},3,9,,read write,,"/tmp/a"",b\\xff]",,,,deny,true,,,EPERM,,7,7,1,0,0,0,/usr/bin/cat,"a""b\nc",1,,,,\r\n`,
  );
  const loud = csvLine({ number: 7, record: event(1, { comm: '\x1b[31m\x07\x9b' }) });
  t.ok(loud.includes(',\\x1b[31m\\x07\\xc2\\x9b,'), 'nothing that a terminal obeys');
  const note = csvLine({ number: 1, record: SESSION });
  t.equal(note, `1,session,,2026-11-29T08:00:00.000Z,s-1${','.repeat(29)},"run cat, policies in /p"\r\n`);
  const cells = (line: string): number => line.replace(/"(?:[^"]|"")*"/g, '').split(',').length;
  t.same([cells(note), cells(csvLine({ number: 1, record: odd }))], [cells(HEADER), cells(HEADER)]);
});

t.test('syslog', async (t) => {
  t.equal(
    syslogMessage({ number: 2147483648, record: odd }, 'a host').toString(),
    '<84>1 2026-11-29T08:00:00.000001Z ahost callgate - ACCESS [meta sequenceId="1"]' +
      `[callgate@32473 export="2147483648" seq="42" session="s-1" policy="/usr/bin/cat" digest="sha256:${'0'.repeat(64)}" rule="3" line="9" ` +
      'operation="read write" object="/tmp/a\\",b\\\\xff\\]" verdict="deny" enforced="true" errno="EPERM" pid="7" tid="7" ppid="1" uid="0" gid="0" ' +
      'exe="/usr/bin/cat" comm="a\\"b\\\\x0ac" count="1" owner="0"] ' +
      'denied (EPERM) read, write /tmp/a",b\\xff]: cat[7] uid 0, rule 3 (line 9)',
  );
  t.match(
    syslogMessage({ number: 1, record: SESSION }, '').toString(),
    /^<85>1 2026-11-29T08:00:00\.000Z - callgate - SESSION \[meta sequenceId="1"\]/,
  );
  t.equal(counted(Buffer.from('ä')).toString(), '2 ä', 'bytes are counted');
  t.same(
    [
      event(1),
      event(1, { verdict: 'permit' }),
      event(1, { enforced: false }),
      event(1, { enforced: false, learnt: true }),
      event(1, { type: 'question', verdict: 'ask' }),
      SESSION,
    ].map(severityOf),
    [4, 6, 5, 6, 5, 5],
  );
});

t.test('journald', async (t) => {
  const record = event(42, { comm: 'a\nb', rule: 3, line: 9 });
  const length = Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]);
  const wanted = Buffer.concat([
    Buffer.from(
      'MESSAGE=denied (EPERM) read /etc/42: cat[7] uid 0, rule 3 (line 9)\nPRIORITY=4\nSYSLOG_IDENTIFIER=callgate\nCALLGATE_EXPORT=7\n',
    ),
    Buffer.from(
      'CALLGATE_V=1\nCALLGATE_SEQ=42\nCALLGATE_TIME=2026-11-29T08:00:00.000001Z\nCALLGATE_SESSION=s-1\nCALLGATE_POLICY=/usr/bin/cat\n',
    ),
    Buffer.from(
      `CALLGATE_DIGEST=sha256:${'0'.repeat(64)}\nCALLGATE_RULE=3\nCALLGATE_LINE=9\nCALLGATE_OPERATION=read\nCALLGATE_OBJECT=/etc/42\n`,
    ),
    Buffer.from(
      'CALLGATE_VERDICT=deny\nCALLGATE_ENFORCED=true\nCALLGATE_ERRNO=EPERM\nCALLGATE_PID=7\nCALLGATE_TID=7\nCALLGATE_PPID=1\nCALLGATE_UID=0\n',
    ),
    Buffer.from('CALLGATE_GID=0\nCALLGATE_EXE=/usr/bin/cat\nCALLGATE_COMM\n'),
    length,
    Buffer.from(`a\nb\nCALLGATE_COUNT=1\nCALLGATE_RECORD=${JSON.stringify(record)}\n`),
  ]);
  t.equal(journalEntry({ number: 7, record }).toString('latin1'), wanted.toString('latin1'));
});

t.test('where it goes', async (t) => {
  const both = [
    ['jsonl:-', 'jsonl:-'],
    ['csv:x.csv', 'csv:/w/x.csv'],
    ['syslog', 'syslog:/dev/log'],
    ['syslog:/run/x', 'syslog:/run/x'],
    ['syslog:tcp:h.example:601', 'syslog:tcp:h.example:601'],
    ['syslog:tcp:[::1]:601', 'syslog:tcp:[::1]:601'],
    ['journald', 'journald:/run/systemd/journal/socket'],
    ['journald:/run/x', 'journald:/run/x'],
  ] as const;
  for (const [word, wanted] of both) t.equal(targetText(parseTarget(word, '/w')), wanted);
  for (const word of [
    '',
    'json:-',
    'jsonl',
    'jsonl:',
    'csv',
    'syslog:udp:h:1',
    'syslog:x',
    'syslog:tcp:h',
    'syslog:tcp:h:0',
    'syslog:tcp:h:65536',
    'syslog:tcp:::1:601',
    'journald:x',
  ])
    t.throws(() => parseTarget(word, '/w'), /no place to export to/, word);
});
