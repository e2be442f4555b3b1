// SPDX-License-Identifier: GPL-2.0-only
/** Answers of systrace's dialogue, and what they come to on the control channel and in the file. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import t from 'tap';
import { surroundingsOf } from '../../src/application/surroundings.js';
import type { Question } from '../../src/ask/question.js';
import { readAnswer } from '../../src/classic/answer.js';
import { Asking, type Keeping } from '../../src/classic/asking.js';
import { GuiUi, TextUi, type Ui } from '../../src/classic/ui.js';
import type { Client } from '../../src/control/client.js';
import type { Bytes } from '../../src/policy/bytes.js';
import { parseClassic } from '../../src/systrace/parse.js';
import { printRule } from '../../src/systrace/print.js';

const around = surroundingsOf({ name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' }, '/', []);

function question(id: number, changed: Partial<Question> = {}): Question {
  return {
    ...{ id, session: 'cat-1', policy: { program: '/bin/cat', file: '/p/bin_cat' }, operations: ['read'] },
    asker: {
      ...{ pid: 812, tid: 812, uid: 0, gid: 0, user: 'root', comm: 'cat', exe: '/bin/cat', command: ['cat'] },
      parents: [{ pid: 790, comm: 'sh' }],
    },
    ...{ attempted: ['read'], object: '/etc/hostname', directory: false, since: '2026-11-29T04:00:00.000Z', asked: 1 },
    ...{ threads: 1, pids: [812], rule: null, errno: 'EPERM', fallback: 'deny', deadline: null, suggestions: [] },
    ...changed,
  };
}

/** A dialogue: what each question is answered, line by line; what was said and done, in order. */
async function dialogue(
  questions: readonly Question[],
  answers: readonly (string | null)[],
  changed: Partial<Keeping> = {},
): Promise<string[]> {
  const acts: string[] = [];
  const left = [...answers];
  let done = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    done = resolve;
  });
  const open = new Set(questions.map(({ id }) => id));
  const ui: Ui = {
    ask: async (line, again) => {
      if (!again) acts.push(`? ${line}`);
      return left.shift() ?? null;
    },
    tell: (line) => void acts.push(`> ${line}`),
    over: (line) => void acts.push(`> ${line}`),
    taken: () => void acts.push('OKAY'),
    close: () => undefined,
  };
  const keeping: Keeping = {
    policyOf: () => ({ number: 3, filters: 2, emulation: 'native' }),
    rulesOf: () =>
      parseClassic(
        'Policy: /bin/cat, Emulation: native\nnative-fsread: filename eq "/x" then permit\nnative-close: permit\n' as Bytes,
        '',
      ).policies[0]?.rules ?? [],
    write: (program, rules) => void acts.push(...rules.map((rule) => `${program} + ${printRule(rule)}`)),
    detach: (program) => void acts.push(`${program} detached`),
    admit: (program) => void acts.push(`admit ${program}`),
    templates: () => [
      {
        name: 'plain',
        description: 'the least',
        rules:
          parseClassic('Policy: /x, Emulation: native\nnative-fsread: true then permit\n' as Bytes, '').policies[0]
            ?.rules ?? [],
      },
    ],
    denied: ({ id }) => void acts.push(`logged ${id}`),
    ...changed,
  };
  const asking = new Asking({ ui, keeping, around, aliased: true, say: (line) => void acts.push(`! ${line}`) });
  const request = async (asked: { do: string; v: 1 }): Promise<never> => {
    const { v: _, do: verb, ...rest } = asked as { v: 1; do: string; question?: number };
    acts.push(`${verb} ${JSON.stringify(rest)}`);
    const id = rest.question;
    if (id !== undefined) {
      open.delete(id);
      asking.hear({ v: 1, tell: 'gone', question: id, why: 'retried' });
      if (open.size === 0) setImmediate(done);
    }
    return undefined as never;
  };
  for (const one of questions) asking.hear({ v: 1, tell: 'question', question: one });
  asking.begin({ request } as unknown as Pick<Client, 'request'>);
  await over;
  return acts;
}

function rulesIn(...lines: string[]) {
  const text = `Policy: /bin/cat, Emulation: native\n${lines.map((line) => `${line}\n`).join('')}`;
  return parseClassic(text as Bytes, '').policies[0]?.rules ?? [];
}

const HEAD = '? /bin/cat, pid: 812(3)[790], policy: /bin/cat, filters: 2, syscall: native-';
const FIRST = `${HEAD}fsread(2), filename: /etc/hostname`;

t.test('what an answer is', (t) => {
  const read = (text: string, bare = false) => {
    const answer = readAnswer(text, 'native', 'fsread', bare);
    if (answer.kind === 'rule') return `${answer.whole ? 'whole ' : ''}${printRule(answer.rule)}`;
    return JSON.stringify(answer);
  };
  t.equal(read('permit'), 'whole native-fsread: true then permit');
  t.equal(read('permit', true), 'whole native-fsread: permit');
  t.equal(read('deny[enoent]'), 'whole native-fsread: true then deny[enoent]');
  t.equal(read('permit-now'), '{"kind":"now","verdict":"permit","errno":null}');
  t.equal(read(' deny-now[EACCES] '), '{"kind":"now","verdict":"deny","errno":"EACCES"}');
  t.equal(read('filename match "/etc/*" then permit log'), 'native-fsread: filename match "/etc/*" then permit log');
  t.equal(read('template 2'), '{"kind":"template","number":2}');
  for (const word of ['detach', 'kill', 'review', 'templates']) t.equal(read(word), `{"kind":"${word}"}`);
  t.equal(read(''), '{"kind":"wrong","why":"Parse error."}');
  for (const text of ['yes', 'permit then', 'true then ask', 'filename eq /x then permit'])
    t.equal(read(text), '{"kind":"wrong","why":"Syntax error."}', text);
  t.end();
});

t.test('what it comes to', async (t) => {
  const one = [question(1)];
  t.same(await dialogue(one, ['permit-now']), [
    FIRST,
    'answer {"question":1,"verdict":"permit","scope":"once"}',
    'OKAY',
  ]);
  t.same(await dialogue(one, ['deny-now[enoent]']), [
    FIRST,
    'answer {"question":1,"verdict":"deny","scope":"once","errno":"ENOENT"}',
    'OKAY',
  ]);
  t.same(
    await dialogue(one, ['filename match "/etc/*" then permit']),
    [FIRST, '/bin/cat + native-fsread: filename match "/etc/*" then permit', 'retry {"question":1}', 'OKAY'],
    'a filter goes into the file, and the call is judged anew',
  );
  t.same(
    await dialogue(one, ['filename match "/var/*" then permit', 'nonsense', 'permit']),
    [
      FIRST,
      '> Filter unmatched. Freeing it',
      '> Syntax error.',
      '/bin/cat + native-fsread: true then permit',
      'retry {"question":1}',
      'OKAY',
    ],
    'one that is not about the call is refused and dropped',
  );
  t.same(await dialogue(one, ['review', 'templates', 'template 9', 'template 1']), [
    FIRST,
    '> Filter review:',
    '> 1. native-fsread: filename eq "/x" then permit',
    '> Available Templates:',
    '> 1. plain - the least',
    '> Parse error.',
    '/bin/cat + native-fsread: true then permit',
    'retry {"question":1}',
    'OKAY',
  ]);
  t.same(await dialogue(one, ['kill']), [FIRST, 'kill {"question":1,"sure":true}', 'OKAY']);
  t.same(await dialogue(one, ['permit'], { write: null }), [
    FIRST,
    '! -U: nothing is written; the answer holds as long as the process runs',
    'answer {"question":1,"verdict":"permit","scope":"process"}',
    'OKAY',
  ]);
});

t.test('what the lines of a file cannot reach is answered for this time, not asked without end', async (t) => {
  const code = question(1, { operations: ['load'], attempted: ['load'], object: '/usr/lib/libx.so' });
  const CODE = `${HEAD}mmap(9), prot: PROT_READ|PROT_EXEC`;
  t.same(
    await dialogue([code], ['deny[enoent]']),
    [CODE, '/bin/cat + native-mmap: true then deny[enoent]', 'retry {"question":1}', 'OKAY'],
    'a denial is held by the line',
  );
  t.same(
    await dialogue([code], ['permit']),
    [
      CODE,
      '/bin/cat + native-mmap: true then permit',
      '! the line is written, and does not reach /usr/lib/libx.so here: this call alone is permitted',
      'answer {"question":1,"verdict":"permit","scope":"once"}',
      'OKAY',
    ],
    'a permit is of what fsread permits',
  );
  const all = { rulesOf: () => rulesIn('native-fsread: filename match "/usr/lib/*" then permit') };
  t.same(
    await dialogue([code], ['prot eq "PROT_READ" then permit', 'prot sub "EXEC" then permit'], all),
    [
      CODE,
      '> Filter unmatched. Freeing it',
      '/bin/cat + native-mmap: prot sub "EXEC" then permit',
      'retry {"question":1}',
      'OKAY',
    ],
    'which is so here',
  );
  const both = question(1, { operations: ['read', 'write'], attempted: ['read', 'write'], object: '/dev/tty' });
  t.same(
    await dialogue([both], ['filename eq "/dev/tty" then permit']),
    [
      `${HEAD}fswrite(2), filename: /dev/tty`,
      '/bin/cat + native-fswrite: filename eq "/dev/tty" then permit',
      'retry {"question":1}',
      'OKAY',
    ],
    'an open for both is asked of the other then',
  );
  const rule = { number: 1, file: '/p/bin_cat', line: 2, group: null };
  t.same(
    await dialogue([question(1, { rule })], ['permit']),
    [FIRST, 'answer {"question":1,"verdict":"permit","scope":"once"}', 'OKAY'],
    'of a line that says ask nothing is written',
  );
});

t.test('detach, and nobody there any more', async (t) => {
  const two = [question(1), question(2, { object: '/etc/passwd' })];
  const denied = (id: number): string => `answer {"question":${id},"verdict":"deny","scope":"once","errno":"EPERM"}`;
  t.same(
    await dialogue(two, ['detach']),
    [FIRST, denied(1), 'OKAY', denied(2), 'logged 2'],
    'with rules: automatic from now on',
  );
  t.same(
    await dialogue(two, ['detach'], { policyOf: () => ({ number: 3, filters: 0, emulation: 'native' }) }),
    [
      FIRST.replace('filters: 2', 'filters: 0'),
      '/bin/cat detached',
      '! /bin/cat is detached: all that it asks is permitted, and it is not monitored when it is run again',
      'answer {"question":1,"verdict":"permit","scope":"once"}',
      'OKAY',
      'answer {"question":2,"verdict":"permit","scope":"once"}',
    ],
    'without: it is not monitored',
  );
  t.same(await dialogue(two, [null]), [
    FIRST,
    '! nobody answers any more: what no rule permits is denied from now on',
    denied(1),
    'logged 1',
    denied(2),
    'logged 2',
  ]);
});

t.test('what somebody else has answered is not answered again, nor what is gone', async (t) => {
  const acts: string[] = [];
  let say: (line: string | null) => void = () => undefined;
  const ui: Ui = {
    ask: (line) => {
      acts.push(`? ${line}`);
      return new Promise((resolve) => {
        say = resolve;
      });
    },
    tell: (line) => void acts.push(`> ${line}`),
    over: (line) => void acts.push(`> ${line}`),
    taken: () => void acts.push('OKAY'),
    close: () => undefined,
  };
  const keeping = {
    policyOf: () => ({ number: 3, filters: 2, emulation: 'native' }),
    write: () => void acts.push('written'),
    denied: () => undefined,
  } as unknown as Keeping;
  const asking = new Asking({ ui, keeping, around, aliased: true, say: () => undefined });
  const request = async ({ question: id }: { question?: number }): Promise<never> => {
    acts.push(`request ${id}`);
    return undefined as never;
  };
  const spoken = async (line: string): Promise<void> => {
    say(line);
    await new Promise((done) => setImmediate(done));
  };
  for (const id of [1, 2, 3]) asking.hear({ v: 1, tell: 'question', question: question(id) });
  asking.begin({ request } as unknown as Pick<Client, 'request'>);
  const other = { what: 'person', name: 'root (pid 9)' } as const;
  const answered = {
    question: 1,
    verdict: 'permit',
    scope: 'once',
    threads: 1,
    decided: [],
    until: null,
    written: null,
  };
  asking.hear({ v: 1, tell: 'answered', answered: { ...answered, note: '', by: other } } as never);
  await spoken('filename eq "/etc/hostname" then permit');
  asking.hear({ v: 1, tell: 'gone', question: 2, why: 'died' });
  await spoken('permit');
  await spoken('permit-now');
  t.same(acts, [
    FIRST,
    '> The question is answered by root (pid 9).',
    'OKAY',
    FIRST,
    '> The question is gone: died.',
    'OKAY',
    FIRST,
    'request 3',
    'OKAY',
  ]);
});

t.test('a program that is run next', async (t) => {
  const exec = question(1, { operations: ['exec'], attempted: ['exec'], object: '/bin/ls' });
  t.same(await dialogue([exec], ['filename eq "/bin/ls" then permit']), [
    `${HEAD}execve(59), filename: /bin/ls`,
    '/bin/cat + native-execve: filename eq "/bin/ls" then permit',
    'admit /bin/ls',
    'retry {"question":1}',
    'OKAY',
  ]);
});

t.test('at the terminal', async (t) => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const ui = new TextUi(input, output);
  const first = ui.ask('a question' as Bytes, false);
  input.write('permit\ndeny\n');
  t.equal(await first, 'permit');
  t.equal(await ui.ask('' as Bytes, true), 'deny', 'asked again, without the question');
  input.end();
  t.equal(await ui.ask('another' as Bytes, false), null, 'nobody is there any more');
  t.equal(output.read()?.toString(), 'a question\nAnswer: Answer: another\nAnswer: ');
});

t.test('what is said while a question stands there begins a line, and once', async (t) => {
  const [input, output] = [new PassThrough(), new PassThrough()];
  const ui = new TextUi(input, output);
  const answer = ui.ask('a question' as Bytes, false);
  ui.over('It is answered.' as Bytes);
  ui.tell('So is this.' as Bytes);
  input.write('permit\n');
  t.equal(await answer, 'permit');
  ui.tell('More.' as Bytes);
  t.equal(output.read()?.toString(), 'a question\nAnswer: \nIt is answered. Enter goes on.\nSo is this.\nMore.\n');
});

t.test('that nobody answers is no news at the end', async (t) => {
  for (const over of [false, true]) {
    const said: string[] = [];
    const [input, output] = [new PassThrough(), new PassThrough()];
    const ui = new TextUi(input, output);
    const keeping = {
      policyOf: () => ({ number: 3, filters: 2, emulation: 'native' }),
      denied: () => undefined,
    } as unknown as Keeping;
    const asking = new Asking({ ui, keeping, around, aliased: true, say: (line) => void said.push(line) });
    asking.hear({ v: 1, tell: 'question', question: question(1) });
    asking.begin({ request: async () => undefined } as unknown as Pick<Client, 'request'>);
    asking.hear({ v: 1, tell: 'gone', question: 1, why: 'died' });
    if (over) asking.end();
    ui.close();
    await new Promise((done) => setImmediate(done));
    t.same(said, over ? [] : ['nobody answers any more: what no rule permits is denied from now on']);
  }
});

t.test('a GUI', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-gui-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const gui = join(folder, 'gui');
  const script = (text: string): void => {
    writeFileSync(gui, `#!/bin/sh\n${text}\n`);
    chmodSync(gui, 0o755);
  };
  script('while read line; do echo "heard $line"; done');
  const ui = new GuiUi(gui);
  t.equal(await ui.ask('a question' as Bytes, false), 'heard a question');
  t.equal(await ui.ask('a question' as Bytes, true), 'heard WRONG', 'what was wrong is said so');
  ui.taken();
  t.equal(await ui.ask('another' as Bytes, false), 'heard OKAY');
  ui.close();
  script(`[ -e ${folder}/again ] || { touch ${folder}/again; exit 1; }; read line; echo "heard $line"`);
  const second = new GuiUi(gui);
  t.equal(await second.ask('a question' as Bytes, false), 'heard a question', 'one that ends is started once more');
  t.equal(await second.ask('another' as Bytes, false), null, 'and no more');
  second.close();
});
