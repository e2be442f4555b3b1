// SPDX-License-Identifier: GPL-2.0-only
/**
 * A program that is learned while it moves things into their places does the same under what was learned, and no more:
 * nothing is given a name at which it can be read.
 */
import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import t from 'tap';
import type { EventRecord } from '../../src/events/record.js';
import { callgate, eventsOf, folder, holdGate, inside, prepare, sessionIn } from './callgate.js';
import { needsLsm } from './machine.js';

const PYTHON = realpathSync('/usr/bin/python3');

/** Does what its words say, in the folder of its first, and prints what it reads. */
const SCRIPT = `import os, sys, tempfile, ctypes
os.chdir(sys.argv[1])
def put(name, text):
    with open(name, 'w') as file:
        file.write(text); file.flush(); os.fsync(file.fileno())
def show(name):
    with open(name) as file: print(name, file.read())
def rename(old, new):
    try: os.rename(old, new)
    except OSError as error: print(old, new, error.errno)
def replace():
    put('x.tmp', 'one'); os.rename('x.tmp', 'x'); show('x')
    put('x.tmp', 'two'); os.rename('x.tmp', 'x'); show('x')
def random():
    fd, name = tempfile.mkstemp(dir='.'); os.write(fd, b'random'); os.close(fd)
    os.rename(name, 'y'); show('y')
def chain():
    put('a', 'chain'); os.rename('a', 'b'); os.rename('b', 'c'); os.link('c', 'd'); os.chmod('d', 0o640); show('d')
    os.unlink('c'); os.unlink('d')
def fill():
    os.makedirs('stage/sub'); put('stage/f', 'f'); put('stage/sub/g', 'g')
    os.rename('stage', 'live'); print(sorted(os.listdir('live'))); show('live/f'); show('live/sub/g')
    put('live/h', 'h')
    for name in ('live/f', 'live/h', 'live/sub/g'): os.unlink(name)
    os.rmdir('live/sub'); os.rmdir('live')
def swap():
    put('p', 'p'); put('q', 'q')
    if ctypes.CDLL(None, use_errno=True).renameat2(-100, b'p', -100, b'q', 2): raise OSError(ctypes.get_errno(), 'swap')
    show('q'); os.chmod('p', 0o600); os.unlink('p'); os.unlink('q')
for word in sys.argv[2:]:
    if '=' in word: rename(*word.split('='))
    else: globals()[word]()
`;
const WORKLOAD = ['replace', 'random', 'chain', 'fill', 'swap'];

// The whole file, the gate's load with it, under emulation.
t.setTimeout(1_800_000);

t.test('what is moved into its place', { skip: needsLsm(), timeout: 1_200_000 }, async (t) => {
  t.setTimeout(1_200_000);
  prepare();
  const release = await holdGate();
  const work = folder('moved');
  const place = inside(work, 'place');
  const policies = inside(work, 'policies');
  writeFileSync(`${work}/script.py`, SCRIPT);
  const run = (...words: string[]) => [PYTHON, '-I', `${work}/script.py`, place, ...words];
  const again = (): void => {
    rmSync(place, { recursive: true });
    mkdirSync(place);
  };

  const learnt = callgate('learn', '--policies', policies, '--', ...run(...WORKLOAD));
  t.equal(learnt.status, 0, `learned\n${learnt.stderr}`);
  t.match(learnt.stderr, /nothing lost/);
  t.notMatch(learnt.stderr, /moved, and refused/);
  const policy = readFileSync(`${policies}/${PYTHON.slice(1).replaceAll('/', '_')}.yaml`, 'utf8');
  t.match(policy, /# moved to \S+\/place\/\w+, read there\n/, 'the reason stands in the policy');
  t.comment(policy);

  again();
  const held = callgate('run', '--policies', policies, '--', ...run(...WORKLOAD));
  t.same({ status: held.status, stderr: held.stderr }, { status: 0, stderr: '' }, 'and no denial');
  t.equal(held.stdout, learnt.stdout, 'with the same output');

  again();
  for (const name of ['x.tmp', 'secret']) writeFileSync(`${place}/${name}`, name);
  mkdirSync(`${place}/dungeon`);
  const tried = callgate(
    ...['run', '--json', '--quiet', '--policies', policies, '--'],
    ...run('secret=x', 'x.tmp=x', 'dungeon=live', 'x=x.tmp', 'x=secret'),
  );
  const number = (errno: number, old: string, name: string): string => `${old} ${name} ${errno}`;
  t.same(
    tried.stdout.split('\n').filter((line) => /^\S+ \S+ \d+$/.test(line)),
    [number(1, 'secret', 'x'), number(1, 'dungeon', 'live'), number(18, 'x', 'x.tmp'), number(1, 'x', 'secret')],
    'what was not seen to be moved is not',
  );
  const denials = eventsOf(sessionIn(tried.stdout)).filter(({ verdict }) => verdict === 'deny');
  t.same(
    denials.map(({ operation, object, enforced }: EventRecord) => [operation.join(), object, enforced]),
    [
      ['delete', `${place}/secret`, true],
      ['delete', `${place}/dungeon`, true],
      ['create', `${place}/x.tmp`, true],
      ['create,delete', `${place}/secret`, true],
    ],
    'each refusal once',
  );

  await t.test('by one who may name both', async (t) => {
    again();
    writeFileSync(`${place}/secret`, 'secret');
    const wider = inside(work, 'wider');
    const rule = `  - permit: [create, delete]\n    path: ["${place}/*"]\n`;
    writeFileSync(`${wider}/python.yaml`, policy.replace(/^rules:\n/m, `rules:\n${rule}`));
    const stolen = callgate('run', '--json', '--quiet', '--policies', wider, '--', ...run('secret=x', 'secret=z'));
    t.same(
      stolen.stdout.split('\n').filter((line) => /^\S+ \S+ \d+$/.test(line)),
      [number(18, 'secret', 'x')],
      'a file that cannot be read gets no name that can, and any other',
    );
    t.same(readFileSync(`${place}/z`, 'utf8'), 'secret');
  });

  await t.test('from what complain mode logged', async (t) => {
    again();
    const poor = inside(work, 'poor');
    const rules = [
      'version: 1',
      `program: ${PYTHON}`,
      'default: deny',
      'rules:',
      `  - {permit: [create, delete, write], path: "${place}/x.tmp"}`,
      `  - {permit: [create, delete, read], path: "${place}/x"}`,
    ];
    writeFileSync(`${poor}/python.yaml`, `${rules.join('\n')}\n`);
    const complained = callgate('run', '--json', '--quiet', '--complain', '--policies', poor, '--', ...run('replace'));
    t.equal(complained.status, 0);
    const session = sessionIn(complained.stdout);
    const moves = eventsOf(session).filter(({ from }) => from !== undefined);
    t.same(
      moves.map(({ from, object, reason, enforced }) => [from, object, reason, enforced]),
      Array(2).fill([`${place}/x.tmp`, `${place}/x`, 'moved', false]),
      'the move, with both names',
    );
    const from = callgate('learn', '--from', session);
    t.equal(from.status, 0, from.stderr);
    again();
    const kept = callgate('run', '--policies', poor, '--', ...run('replace'));
    t.same({ status: kept.status, stderr: kept.stderr }, { status: 0, stderr: '' });
  });
  await release();
});
