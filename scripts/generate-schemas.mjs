#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// generate-schemas.mjs [--check]: writes schemas/, the JSON Schemas of policies, groups and events, for editors and for whoever
// reads the log. Every list of words comes from the built code (dist/), so that schema and code cannot differ; with --check
// it writes nothing and fails where the committed files do. What is hard to say in a schema (globs, addresses, order of
// keys) is said by `callgate policy check`.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FLOORS, KILLED, REASONS } from '../dist/src/events/names.js';
import { isPlaced, processesOf, whichKey, whichNames } from '../dist/src/policy/acts.js';
import { NAMED_GROUPS } from '../dist/src/policy/call-groups.js';
import { ARCHITECTURES, callNames } from '../dist/src/policy/calls.js';
import { ERRNO_NAMES } from '../dist/src/policy/errno.js';
import { ACTS, KINDS } from '../dist/src/policy/model.js';
import { CAPABILITIES, IPC_KINDS, NAMESPACES, SURFACES } from '../dist/src/policy/numbers.js';
import { FILE_OPERATIONS, OPERATIONS, operationsOn, SOCKET_OPERATIONS } from '../dist/src/policy/operations.js';

const DRAFT = 'http://json-schema.org/draft-07/schema#';
const words = (list) => ({ enum: [...list] });
const oneOrMany = (item) => ({ oneOf: [item, { type: 'array', items: item, minItems: 1, uniqueItems: true }] });
const object = (properties, required = []) => ({ type: 'object', additionalProperties: false, required, properties });
const text = { type: 'string', minLength: 1 };
const errno = { ...words(ERRNO_NAMES), description: 'the error that the program sees' };
const integer = { type: 'integer', minimum: 0 };
const id = { oneOf: [integer, { type: 'string', pattern: '^((<=?|>=?)? ?[0-9]+|[0-9]+-[0-9]+)$' }] };

const condition = {
  ...object({
    user: oneOrMany(text),
    group: oneOrMany(text),
    uid: oneOrMany(id),
    gid: oneOrMany(id),
    owner: { const: 'self', description: "the object belongs to the subject's user" },
  }),
  minProperties: 1,
  description: 'all that is named must hold; real ids, judged when the call is made',
};

const ref = (name) => ({ $ref: `#/definitions/${name}` });
const common = {
  log: { type: 'boolean', description: 'denials are logged unless false; permits are with true' },
  if: ref('condition'),
  unless: ref('condition'),
};
const VERDICTS = ['permit', 'deny', 'ask'];
/** What only a rule of one verdict has. */
const only = (verdict, operations) => ({
  ...(verdict === 'deny' ? { errno: ref('errno') } : {}),
  ...(verdict === 'permit' && operations.includes('exec')
    ? {
        policy: {
          ...words(['own', 'inherit', 'unconfined']),
          description: 'which policy holds after a permitted exec',
        },
      }
    : {}),
});
const rulesOn = (operations, objects) =>
  VERDICTS.map((verdict) => ({
    ...object({ [verdict]: oneOrMany(words(operations)), ...objects, ...only(verdict, operations), ...common }, [
      verdict,
    ]),
    anyOf: Object.keys(objects).map((key) => ({ required: [key] })),
  }));
const onPaths = {
  path: { ...oneOrMany(text), description: 'absolute paths or globs' },
  kind: { ...oneOrMany(words(KINDS)), description: 'objects without a path' },
};
const WHICH = {
  signal: 'signal(7), without SIG',
  limit: 'setrlimit(2), without RLIMIT_',
  priority: 'setpriority(2), ioprio_set(2), sched(7), migrate_pages(2)',
  ptrace: 'ptrace(2): PTRACE_MODE_READ and PTRACE_MODE_ATTACH',
  mount: 'what is mounted: file systems by the names that mount(8) has for them',
  unmount: 'what is unmounted',
  attribute: 'utimensat(2), xattr(7), ioctl_iflags(2)',
  ioctl: 'ioctl(2)',
};
const whichOf = (act) =>
  act === 'ioctl' ? ref('command') : { ...oneOrMany(words(whichNames(act))), description: WHICH[act] };
const command = {
  ...oneOrMany({ anyOf: [words(whichNames('ioctl')), { type: 'string', pattern: '^0x[0-9a-fA-F]{1,8}$' }] }),
  description: WHICH.ioctl,
};
const whom = (act) => {
  if (isPlaced(act)) return { path: onPaths.path };
  return { ...(processesOf(act).length === 0 ? {} : { process: oneOrMany(words(processesOf(act))) }), ...onPaths };
};
/** A permit of mounting says what. */
const needed = (act, rule) =>
  act === 'mount' && 'permit' in rule.properties ? { required: [...rule.required, whichKey(act)] } : {};
const first = {
  oneOf: [
    ...rulesOn(FILE_OPERATIONS, onPaths),
    ...rulesOn(SOCKET_OPERATIONS, {
      address: { ...oneOrMany(text), description: 'tcp:192.0.2.1:80, udp:*:53, unix:/path, unix:@name, unix:' },
      family: { ...oneOrMany(text), description: 'netlink:route, packet, unix:dgram' },
    }),
  ],
};
const later = {
  oneOf: [
    ...first.oneOf,
    ...rulesOn(operationsOn('place'), onPaths),
    ...rulesOn(operationsOn('capability'), {
      capability: { ...oneOrMany(words(CAPABILITIES)), description: 'capabilities(7), without CAP_' },
    }),
    ...rulesOn(operationsOn('namespace'), {
      namespace: { ...oneOrMany(words(NAMESPACES)), description: 'namespaces(7)' },
    }),
    ...rulesOn(operationsOn('kernel'), {
      kernel: {
        ...oneOrMany(words(SURFACES)),
        description: 'what of the kernel itself: the language reference has the list',
      },
    }),
    ...rulesOn(operationsOn('ipc'), { ipc: { ...oneOrMany(words(IPC_KINDS)), description: 'sysvipc(7)' } }),
    ...rulesOn(operationsOn('user'), { user: oneOrMany(text), uid: oneOrMany(id) }),
    ...rulesOn(operationsOn('group'), { group: oneOrMany(text), gid: oneOrMany(id) }),
    ...ACTS.flatMap((act) =>
      rulesOn([act], whom(act)).map((rule) => ({
        ...{ ...rule, ...needed(act, rule) },
        properties: { ...rule.properties, [whichKey(act)]: whichOf(act) },
      })),
    ),
  ],
};
const call = {
  ...words([...callNames(), ...[...NAMED_GROUPS.keys()].map((name) => `@${name}`)]),
  description: 'a system call of x86_64, or a group of them',
};
const definitions = { errno, condition, command, first, later };
const rules = (name) => ({
  oneOf: [{ type: 'array', items: ref(name) }, { type: 'null' }],
  description: 'the first that matches decides; the last key',
});
/** The operations that there are in rules go by the version. */
const byVersion = {
  oneOf: [
    { properties: { version: { const: 1 }, rules: rules('first') } },
    { properties: { version: { const: 2 }, rules: rules('later') } },
  ],
};
const version = { enum: [1, 2], description: '2 governs operations that 1 does not know' };

const policy = {
  $schema: DRAFT,
  title: 'callgate policy',
  ...object(
    {
      version,
      program: { type: 'string', pattern: '^/', description: 'path of the executable, without links' },
      interpreter: { type: 'string', pattern: '^/', description: 'what runs the script' },
      mode: words(['enforce', 'complain']),
      default: words(VERDICTS),
      asking: {
        ...object({
          fallback: { ...words(['deny', 'permit']), description: 'what a question comes to that nobody answers' },
          deadline: { type: 'string', pattern: '^[1-9]\\d{0,5}[smh]$', description: 'how long one waits' },
        }),
        description: 'what becomes of questions',
      },
      errno: ref('errno'),
      use: { ...oneOrMany({ type: 'string', pattern: '^[a-z0-9][a-z0-9._-]*$' }), description: 'groups of rules' },
      syscalls: {
        anyOf: [
          oneOrMany(ref('call')),
          object({ refused: { anyOf: [{ const: 'kill' }, ref('errno')] }, permit: oneOrMany(ref('call')) }, ['permit']),
        ],
        description: 'the system calls that exist for the program',
      },
      rules: true,
    },
    ['version', 'program', 'rules'],
  ),
  ...byVersion,
  definitions: { ...definitions, call },
};
const group = {
  $schema: DRAFT,
  title: 'callgate group of rules',
  ...object({ version, rules: true }, ['version', 'rules']),
  ...byVersion,
  definitions,
};

const time = {
  type: 'string',
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?Z$',
  description: 'UTC',
};
const number = { ...integer, maximum: 2 ** 32 - 1 };
const exported = { type: 'integer', minimum: 1, description: 'in an export alone: its number there' };
const operations = { type: 'array', items: words(OPERATIONS) };
const byName = (names) => ({
  ...object(Object.fromEntries(names.map((name) => [name, { ...integer, minimum: 1 }]))),
  description: 'only what is not 0',
});
const event = object(
  {
    v: { const: 1 },
    type: { ...words(['exec', 'floor', 'question', 'syscall']), description: 'absent: an access' },
    seq: { type: 'integer', minimum: 1, description: 'of the session, from 1; a gap is lost events' },
    time,
    session: text,
    policy: text,
    digest: { type: 'string', pattern: '^(sha256:[0-9a-f]{64}|\\?)$' },
    rule: { oneOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }], description: 'null: the default' },
    line: { oneOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }] },
    group: text,
    operation: operations,
    decided: operations,
    object: { ...text, description: 'a path, an address, a kind; ? where it could not be told' },
    architecture: { ...words(ARCHITECTURES), description: 'of a system call' },
    from: { ...text, description: 'what was renamed or linked to the object; ? where it could not be told' },
    exchanged: { const: true, description: 'from and object changed places' },
    directory: { const: true },
    verdict: words(VERDICTS),
    enforced: { type: 'boolean', description: 'false: let through, by complain mode or for learning' },
    learnt: { const: true },
    created: { const: true },
    exclusive: { const: true, description: 'the open that made the file would have failed had there been one' },
    errno: text,
    reason: words([...new Set([...REASONS.slice(1), ...FLOORS.slice(1), KILLED])].sort()),
    pid: number,
    tid: number,
    ppid: number,
    uid: number,
    gid: number,
    owner: number,
    exe: text,
    comm: { type: 'string' },
    count: { type: 'integer', minimum: 1 },
    first: { type: 'integer', minimum: 1 },
    export: exported,
  },
  [
    'v',
    'seq',
    'time',
    'session',
    'policy',
    'digest',
    'rule',
    'line',
    'operation',
    'object',
    'verdict',
    'enforced',
    'pid',
    'tid',
    'ppid',
    'uid',
    'gid',
    'exe',
    'comm',
    'count',
  ],
);
const note = (type, properties, optional = {}) =>
  object(
    { v: { const: 1 }, type: { const: type }, time, session: text, ...properties, ...optional, export: exported },
    ['v', 'type', 'time', 'session', ...Object.keys(properties)],
  );
const counters = Object.fromEntries(
  ['events', 'dropped', 'repeats', 'denied', 'complained', 'learnt', 'silent'].map((name) => [name, integer]),
);
const log = {
  $schema: DRAFT,
  title: 'a line of a callgate log, version 1',
  oneOf: [
    event,
    note('session', {
      kind: words(['learn', 'run']),
      command: { type: 'array', items: { type: 'string' } },
      folder: text,
    }),
    note('lost', { dropped: integer, malformed: integer, unwritten: integer }, { sink: text }),
    note('problem', { problem: text }),
    note('given', { program: text, path: text }),
    note('unread', { unread: integer, cut: integer }),
    note('called', { program: text, architecture: words(ARCHITECTURES), calls: { type: 'array', items: text } }),
    note(
      'end',
      {
        ...counters,
        unresolved: byName(REASONS.slice(1)),
        floor: byName(FLOORS.slice(1)),
        deniedBy: byName(OPERATIONS),
        sequence: integer,
      },
      { unattended: { const: true } },
    ),
  ],
};

const folder = fileURLToPath(new URL('../schemas/', import.meta.url));
const files = { 'policy.schema.json': policy, 'group.schema.json': group, 'event.schema.json': log };
let stale = 0;
mkdirSync(folder, { recursive: true });
for (const [name, schema] of Object.entries(files)) {
  const wanted = `${JSON.stringify(schema, null, 1)}\n`;
  if (!process.argv.includes('--check')) writeFileSync(folder + name, wanted);
  else if (!existsSync(folder + name) || readFileSync(folder + name, 'utf8') !== wanted) {
    stale++;
    process.stderr.write(
      `generate-schemas: schemas/${name} differs from the code: run node scripts/generate-schemas.mjs\n`,
    );
  }
}
process.exit(stale === 0 ? 0 : 1);
