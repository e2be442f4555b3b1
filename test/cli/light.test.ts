// SPDX-License-Identifier: GPL-2.0-only
/** The light entry beside oclif: what it reads, and what a command then says, is the same; what it does not read is oclif's. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, Flags, Parser } from '@oclif/core';
import fc from 'fast-check';
import t from 'tap';
import { type LightWords, lightWords } from '../../src/cli/light-words.js';
import '../seed.js';

const ROOT = new URL('../../../', import.meta.url);
const BIN = fileURLToPath(new URL('bin/callgate', ROOT));
const { loadLight, madeOf } = createRequire(import.meta.url)(
  '../../src/cli/light-load.cjs',
) as typeof import('../../src/cli/light-load.cjs');
const { commands } = JSON.parse(readFileSync(new URL('oclif.manifest.json', ROOT), 'utf8')) as {
  commands: Record<string, object>;
};
/** The view, and what is oclif's own or asks it for all commands. */
const HEAVY = ['attach', 'completion', 'help'];
const IDS = Object.keys(commands).filter((id) => !HEAVY.includes(id));

function lightOf(id: string) {
  const loaded = loadLight(id.replaceAll(':', '-'));
  if (loaded === null) throw new Error(`${id} has no light entry`);
  return loaded;
}

async function classOf(id: string): Promise<typeof Command> {
  return ((await import(`../../src/commands/${id.replaceAll(':', '/')}.js`)) as { default: typeof Command }).default;
}

/** What oclif's parser makes of the words; null where it fails. */
async function byOclif(command: typeof Command, words: readonly string[]): Promise<LightWords | null> {
  const { args, strict } = command;
  const declared = { ...(command.enableJsonFlag ? { json: Flags.boolean() } : {}), ...command.flags };
  for (const [name, flag] of Object.entries(declared)) flag.name = name;
  try {
    const { argv, args: found, flags } = await Parser.parse([...words], { args, strict, flags: declared });
    return { flags, args: found, argv: argv as string[] };
  } catch {
    return null;
  }
}

// Each command is started twice: beside other tests that takes longer than tap's 30 s.
t.setTimeout(200_000);

t.test('each command has one, of which V8 takes over what it compiled when it was built', async (t) => {
  for (const id of IDS) t.equal(lightOf(id).script.cachedDataRejected, false, id);
  for (const id of HEAVY) t.equal(loadLight(id), null, id);
});

t.test('what was compiled of another source is not run', async (t) => {
  const kept = Buffer.from('old sourceits code');
  t.same(madeOf(Buffer.from('old source'), kept)?.toString(), 'its code');
  t.equal(madeOf(Buffer.from('new source'), kept), null, 'as long, and another');
  t.equal(madeOf(Buffer.from('old source'), null), null);
});

t.test('what is read is what oclif reads', async (t) => {
  let read = 0;
  for (const id of IDS) {
    const { shape } = lightOf(id).light;
    const command = await classOf(id);
    const values = Object.values(shape.flags).flatMap(({ options = [] }) => options);
    const flags = Object.keys(shape.flags).map((name) => `--${name}`);
    const word = fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('a', 'b/c', 'enforce', '7', ...values) },
      { weight: 6, arbitrary: fc.constantFrom('--json', ...flags) },
      { weight: 1, arbitrary: fc.constantFrom('', '-', '--', '-o', '-x', '--help', '--no-json', '--jso', '-1') },
      { weight: 1, arbitrary: fc.constantFrom('--json', ...flags).map((flag) => `${flag}=a`) },
      { weight: 1, arbitrary: fc.constantFrom('--constructor', 'constructor', '--__proto__', '--user=', '--user==') },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (words) => {
        const light = lightWords(shape, words);
        if (light === null) return;
        read++;
        const oclif = await byOclif(command, words);
        if (JSON.stringify(sorted(light)) !== JSON.stringify(oclif && sorted(oclif)))
          throw new Error(`${id} ${JSON.stringify(words)}: ${JSON.stringify(light)}, oclif ${JSON.stringify(oclif)}`);
      }),
      { numRuns: 300 },
    );
  }
  t.ok(read > 300, `${read} command lines were read`);
});

/** Flags in one order. */
function sorted({ flags, args, argv }: LightWords): object {
  return [Object.entries(flags).sort(), Object.entries(args).sort(), argv];
}

t.test('the common ones are read', async (t) => {
  const light = (id: string, line: string): LightWords | null =>
    lightWords(lightOf(id).light.shape, line === '' ? [] : line.split(' '));
  t.same(light('policy:check', 'a --json b'), { flags: { json: true }, args: { policies: 'a' }, argv: ['a', 'b'] });
  t.same(light('run', '--policies D --quiet'), {
    flags: { policies: 'D', quiet: true, complain: false, unload: false, wait: false },
    ...{ args: {}, argv: [] },
  });
  t.same(light('mode', 'a enforce'), { flags: {}, args: { target: 'a', mode: 'enforce' }, argv: ['a', 'enforce'] });
  t.equal(light('mode', 'a sometimes'), null, 'oclif says what there is');
  t.equal(light('mode', 'a'), null);
  t.equal(light('status', 'a'), null);
  t.equal(light('unload', ''), null);
  t.same(light('unload', '--all'), { flags: { all: true }, args: {}, argv: [] });
});

t.test('a command says the same by either way', async (t) => {
  const work = mkdtempSync(join(tmpdir(), 'callgate-light-'));
  t.teardown(() => rmSync(work, { recursive: true }));
  writeFileSync(
    `${work}/good.yaml`,
    'version: 1\nprogram: /usr/bin/cat\nrules:\n  - permit: read\n    path: /etc/hosts\n',
  );
  writeFileSync(`${work}/bad.yaml`, 'version: 1\nprogram: /usr/bin/cat\nrules:\n  - permit: raed\n    path: /a\n');
  const said = (line: string, env: NodeJS.ProcessEnv): object => {
    const words = line.split(' ');
    const { status, stdout, stderr } = spawnSync(BIN, words, {
      ...{ cwd: work, encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } },
    });
    return { status, stdout, stderr };
  };
  for (const line of [
    'policy check good.yaml',
    'policy check --json good.yaml',
    'policy check --json bad.yaml good.yaml',
    'policy check absent',
    'policy check good.yaml --usr root',
    'policy check --user nobody-of-that-name good.yaml --json',
    'policy check --help',
    'policy fmt --check good.yaml',
    'policy show --stage tree good.yaml',
    'policy show --stage leaf good.yaml',
    'policy explain good.yaml read /etc/shadow --uid 7',
    'policy',
    'run',
    'run --polices D cat',
    'run --policies D -- /nonexistent/program --help',
    'learn status nothing-of-that-name',
    'unload',
  ])
    t.same(said(line, {}), said(line, { DEBUG: '' }), line);
});
