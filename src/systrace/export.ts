// SPDX-License-Identifier: GPL-2.0-only
/** A policy of callgate to a classic one, with what is to be said of rules that systrace had no words for. */
import type { Bytes } from '../policy/bytes.js';
import { readText } from '../policy/bytes.js';
import type { Condition, IdRange, ObjectPattern, Place, Policy, Rule } from '../policy/model.js';
import { IMPLIED, type Operation, versionOf } from '../policy/operations.js';
import { objectText } from '../policy/statement.js';
import { CODE } from './code.js';
import { comparisonOf } from './export-paths.js';
import { familyCondition, inetComparison, test } from './export-sockets.js';
import { withImplied } from './implied.js';
import { LOADER } from './import.js';
import { printPolicy } from './print.js';
import type { Action, ClassicPolicy, ClassicRule, Expression, Predicate } from './syntax.js';
import { THROUGH } from './through.js';

/** Of a rule that systrace can say only with less, or only with more. */
export interface ExportReport {
  readonly code: ExportCode;
  readonly kind: 'narrower' | 'wider';
  readonly message: string;
  readonly places: readonly Place[];
}

/**
 * `exact`: where no rule takes them apart. `aliases`: always, as `systrace -A` wrote what it saw, which permits the other calls
 * that they stand for too. `calls`: never (`systrace -u`).
 */
export type Naming = 'exact' | 'aliases' | 'calls';

export interface ExportedPolicy {
  readonly program: string;
  readonly file: string;
  /** One character a byte. */
  readonly text: Bytes;
  readonly reports: readonly ExportReport[];
}

const MESSAGES = {
  kind: { kind: 'narrower', message: 'objects without a path had no words: left out' },
  version: {
    kind: 'wider',
    message:
      'what only version 2 governs is no comparison of a classic line: the rule is left out, and calls that version 1 lets through are permitted whole',
  },
  condition: {
    kind: 'narrower',
    message: 'one id of a user or a group could be asked for, no more: a permit is left out, a denial is for all',
  },
  network: {
    kind: 'narrower',
    message:
      'a network that does not end between two numbers of an address had no pattern: a permit is left out, a denial is of all addresses',
  },
  receive: { kind: 'narrower', message: 'what is received was not looked at: permitted only where all of it is' },
  default: { kind: 'narrower', message: 'systrace under -a denies what no rule permits, so does the exported policy' },
  mode: { kind: 'narrower', message: 'systrace enforced every policy; `mode: complain` is lost' },
  protocol: { kind: 'wider', message: 'systrace did not see protocols: an address is for tcp, udp and all others' },
  local: { kind: 'wider', message: 'the address of listen and accept was not looked at: all of them are permitted' },
  nameless: { kind: 'wider', message: 'abstract sockets and sockets without a name were printed alike, as nothing' },
  folder: {
    kind: 'wider',
    message:
      'files and folders were opened alike: `read` is `list` as well, and what may be read may be mapped as code where any file may',
  },
} as const;
export type ExportCode = keyof typeof MESSAGES;

const ID_MAX = 0xfffffffe;
const PLAIN = { now: false, errno: null, flag: null, log: false, elevation: null, predicate: null } as const;

/**
 * Exports one policy, its groups taken in.
 *
 * @param naming whether `fsread` and `fswrite` are used
 */
export function exportPolicy(policy: Policy, naming: Naming = 'exact'): ExportedPolicy {
  const exporter = new Exporter(policy, naming);
  const rules = exporter.rules();
  const program = readText(policy.program);
  const place = { file: policy.file, line: 1, column: 1 };
  const made: ClassicPolicy = { program, emulation: 'native', detached: false, rules, place };
  const text = printPolicy({ ...made, rules: withImplied(made, exporter.reaching) }) as Bytes;
  return { program: policy.program, file: policy.file, text, reports: exporter.reports() };
}

class Exporter {
  readonly #said = new Map<ExportCode, Map<string, Place>>();
  readonly #rules: ClassicRule[] = [];
  /** Lines that permit connect or bind, and to what. */
  readonly reaching = new Map<ClassicRule, readonly ObjectPattern[]>();
  /** Some rule takes apart what an alias puts together, so all go by the names of calls, which systrace looked at first. */
  readonly #real: boolean;
  readonly #loads: boolean;

  constructor(
    readonly policy: Policy,
    readonly naming: Naming,
  ) {
    const own = policy.rules.filter((rule) => !isLoader(rule) && !isCodeRefusal(rule));
    const apart = own.some((rule) => rule.objects.some(({ type }) => type === 'path') && partial(rule));
    this.#real = naming === 'calls' || (naming === 'exact' && apart);
    this.#loads = own.some(({ verdict, operations }) => verdict === 'permit' && operations.includes('load'));
  }

  rules(): ClassicRule[] {
    const { policy } = this;
    if (policy.version > 1) this.#say('version', { file: policy.file, line: 1, column: 1 });
    if (policy.default !== 'deny') this.#say('default', { file: policy.file, line: 1, column: 1 });
    if (policy.mode !== 'enforce') this.#say('mode', { file: policy.file, line: 1, column: 1 });
    for (const rule of policy.rules) {
      if (isLoader(rule)) continue;
      if (this.#loads || !isCodeRefusal(rule)) this.#rule(rule);
      else if (rule.objects.some(({ type }) => type === 'path'))
        for (const action of this.#actions(rule)) this.#add('mmap', test('prot', 'eq', CODE), action);
    }
    if (this.#loads) this.#simple('mmap');
    else this.#add('mmap', { kind: 'not', of: test('prot', 'sub', 'PROT_EXEC') }, { ...PLAIN, verdict: 'permit' });
    for (const call of THROUGH) this.#simple(call);
    return this.#rules;
  }

  reports(): ExportReport[] {
    return [...this.#said].map(([code, places]) => ({ code, ...MESSAGES[code], places: [...places.values()] }));
  }

  #rule(rule: Rule): void {
    if (rule.operations.some((operation) => versionOf(operation) > 1)) {
      this.#say('version', rule.place);
      return;
    }
    const actions = this.#actions(rule);
    if (rule.operations.includes('receive')) this.#receive(rule);
    const { objects } = rule;
    const paths = objects.flatMap((object) => (object.type === 'path' ? [object] : []));
    if (objects.some(({ type }) => type === 'kind') && !rule.operations.includes('receive'))
      this.#say('kind', rule.place);
    for (const action of actions)
      for (const { pattern } of paths)
        this.#path(rule, comparisonOf('filename', pattern, rule.verdict !== 'permit'), action);
    const sockets = rule.operations.filter(
      (operation) => SOCKET_CALLS[operation] !== undefined || operation === 'socket',
    );
    for (const operation of sockets) for (const action of actions) this.#sockets(rule, operation, action);
  }

  /** The lines for one path. */
  #path(rule: Rule, name: Expression, action: Action): void {
    const has = (operation: Operation): boolean => rule.operations.includes(operation);
    const read = has('read') || has('list') || has('load');
    if (has('read') !== has('list') || (this.#loads && !has('load') && read && rule.verdict === 'permit')) {
      if (read) this.#say('folder', rule.place);
    }
    if (!this.#real) {
      if (read || (has('stat') && this.naming === 'aliases')) this.#add('fsread', name, action);
      else if (has('stat')) for (const call of ['stat', 'lstat']) this.#add(call, name, action);
      if (has('write') || has('create') || has('delete')) this.#add('fswrite', name, action);
    } else this.#calls(rule, name, action, read);
    if (has('link')) this.#add('link', name, action);
    if (has('mknod')) this.#add('mknod', name, action);
    if (has('chmod')) this.#add('chmod', name, action);
    if (has('chown')) for (const call of ['chown', 'lchown']) this.#add(call, name, action);
    if (has('exec')) {
      const flag = rule.transition === 'inherit' ? 'inherit' : rule.transition === 'unconfined' ? 'detach' : null;
      this.#add('execve', name, { ...action, flag: rule.verdict === 'permit' ? flag : null });
    }
  }

  /** Without aliases: each right by the calls that ask for it. */
  #calls(rule: Rule, name: Expression, action: Action, read: boolean): void {
    const has = (operation: Operation): boolean => rule.operations.includes(operation);
    const and = (left: Expression, right: Expression): Expression => ({ kind: 'and', left, right });
    if (read) {
      this.#add('open', and(name, test('oflags', 'sub', 'ro')), action);
      this.#add('readlink', name, action);
    }
    if (has('stat') || (read && rule.verdict === 'permit'))
      for (const call of ['stat', 'lstat']) this.#add(call, name, action);
    const writes = and(name, test('oflags', 'sub', 'w'));
    if (has('write') && has('create')) this.#add('open', writes, action);
    else if (has('write'))
      this.#add('open', and(name, and(test('oflags', 'sub', 'w'), test('oflags', 'nsub', 'c'))), action);
    else if (has('create'))
      this.#add('open', and(name, and(test('oflags', 'sub', 'w'), test('oflags', 'sub', 'c'))), action);
    if (has('create')) for (const call of ['mkdir', 'mkfifo']) this.#add(call, name, action);
    if (has('delete')) for (const call of ['unlink', 'rmdir']) this.#add(call, name, action);
  }

  #receive(rule: Rule): void {
    const everything = rule.objects.some(
      ({ type, ...object }) => type === 'path' && 'pattern' in object && isEverything(object.pattern),
    );
    const kinds = rule.objects.every(({ type }) => type === 'kind');
    if (everything && rule.verdict === 'permit' && rule.if === undefined && rule.unless === undefined)
      this.#simple('recvmsg');
    else if (!kinds) this.#say('receive', rule.place);
  }

  #sockets(rule: Rule, operation: Operation, action: Action): void {
    if (operation === 'socket') {
      for (const object of rule.objects) {
        const condition = object.type === 'family' ? familyCondition(object) : null;
        if (condition !== null) this.#add('socket', condition, action);
        else if (object.type === 'family') this.#say('kind', rule.place);
      }
      return;
    }
    const calls = SOCKET_CALLS[operation] ?? [];
    if (operation === 'listen' || operation === 'accept') {
      if (!WHOLE.every((text) => rule.objects.some((object) => objectText(object) === text)))
        this.#say('local', rule.place);
      for (const call of calls) this.#add(call, { kind: 'true' }, action);
      return;
    }
    for (const { condition, objects } of this.#addresses(rule))
      for (const call of calls) {
        const line = this.#add(call, condition, action);
        if (rule.verdict === 'permit' && IMPLIED[operation] !== undefined) this.reaching.set(line, objects);
      }
  }

  /** Conditions for the addresses of a rule, each once, whatever its protocols. */
  #addresses({ objects, verdict, place }: Rule): { condition: Expression; objects: ObjectPattern[] }[] {
    const found = new Map<string, { condition: Expression; objects: ObjectPattern[] }>();
    const protocols = new Map<string, Set<string>>();
    const add = (condition: Expression, object: ObjectPattern): void => {
      const key = JSON.stringify(condition);
      found.set(key, { condition, objects: [...(found.get(key)?.objects ?? []), object] });
    };
    const nameless = (type: ObjectPattern['type']): boolean => objects.some((object) => object.type === type);
    for (const object of objects) {
      if (object.type === 'unix') add(comparisonOf('sockaddr', object.pattern, verdict !== 'permit'), object);
      else if (object.type === 'abstract' || object.type === 'unnamed') {
        const all = object.type === 'unnamed' || (object.tokens.length === 1 && object.tokens[0]?.kind === 'star');
        if (!all || nameless('abstract') !== nameless('unnamed')) this.#say('nameless', place);
        add(test('sockaddr', 'eq', ''), object);
      } else if (object.type === 'family') add(test('sockaddr', 'eq', `family(${object.family})`), object);
      else if (object.type === 'inet') {
        const condition = inetComparison(object) ?? (verdict === 'permit' ? null : test('sockaddr', 'match', 'inet-*'));
        if (condition === null || inetComparison(object) === null) this.#say('network', place);
        if (condition === null) continue;
        add(condition, object);
        const key = JSON.stringify(condition);
        protocols.set(key, (protocols.get(key) ?? new Set()).add(object.protocol));
      }
    }
    for (const names of protocols.values()) if (!names.has('tcp') || !names.has('udp')) this.#say('protocol', place);
    return [...found.values()];
  }

  /** Actions of a rule: one for each id that it asks for; none where its condition had no words. */
  #actions(rule: Rule): Action[] {
    const { verdict, log } = rule;
    const errno = verdict === 'deny' ? (rule.errno ?? this.policy.errno) : 'EPERM';
    const base: Action = {
      ...PLAIN,
      verdict,
      errno: errno === 'EPERM' ? null : errno,
      log: verdict === 'deny' ? log !== false : log === true,
    };
    const predicates = predicatesOf(rule.if, rule.unless);
    if (predicates !== null)
      return predicates.length === 0 ? [base] : predicates.map((predicate) => ({ ...base, predicate }));
    this.#say('condition', rule.place);
    return verdict === 'permit' ? [] : [base];
  }

  #simple(call: string): void {
    this.#rules.push(this.#made(call, null, { ...PLAIN, verdict: 'permit' }));
  }

  #add(call: string, condition: Expression, action: Action): ClassicRule {
    const line = this.#made(call, condition, action);
    this.#rules.push(line);
    return line;
  }

  #made(call: string, condition: Expression | null, action: Action): ClassicRule {
    return { emulation: 'native', call, condition, action, place: { file: this.policy.file, line: 1, column: 1 } };
  }

  #say(code: ExportCode, place: Place): void {
    const places = this.#said.get(code) ?? new Map<string, Place>();
    places.set(`${place.file}:${place.line}`, place);
    this.#said.set(code, places);
  }
}

const SOCKET_CALLS: Readonly<Partial<Record<Operation, readonly string[]>>> = {
  bind: ['bind'],
  listen: ['listen'],
  accept: ['accept'],
  connect: ['connect'],
  send: ['sendto', 'sendmsg'],
};
const WHOLE: readonly string[] = ['tcp:*', 'udp:*', 'unix:/**', 'unix:@*', 'unix:'];

/** The statement that an import adds by itself. */
function isLoader({ verdict, operations, objects }: Rule): boolean {
  return (
    verdict === 'permit' &&
    operations.join() === LOADER.operations.join() &&
    objects.map(objectText).join() === LOADER.objects.join()
  );
}

/** Is no file to be mapped as code? A line of `mmap` says it of what has no path as well. */
function isCodeRefusal({ verdict, operations, objects }: Rule): boolean {
  return (
    verdict === 'deny' &&
    operations.join() === 'load' &&
    objects.every((object) => object.type === 'kind' || (object.type === 'path' && isEverything(object.pattern)))
  );
}

/** Does the rule have a part of what an alias stands for? */
function partial({ operations, verdict }: Rule): boolean {
  const some = (group: readonly Operation[]): number =>
    group.filter((operation) => operations.includes(operation)).length;
  const writing = some(['write', 'create', 'delete']);
  const reading = some(['read', 'list', 'load']);
  const stat = operations.includes('stat');
  const statApart = verdict === 'permit' ? stat && reading === 0 : stat !== reading > 0;
  return (writing > 0 && writing < 3) || statApart;
}

function isEverything({ components, self }: { components: readonly unknown[]; self: boolean }): boolean {
  return self && components.length === 0;
}

/** Null: more is asked for than one id of one kind. */
function predicatesOf(when: Condition | undefined, unless: Condition | undefined): Predicate[] | null {
  if (when === undefined && unless === undefined) return [];
  const condition = when ?? (unless as Condition);
  if ((when !== undefined && unless !== undefined) || condition.owner !== undefined) return null;
  const { uids, gids } = condition;
  if (uids !== undefined && gids !== undefined) return null;
  const of = uids === undefined ? 'group' : 'user';
  const found = (uids ?? gids ?? []).map((range) => predicateOf(of, range, unless !== undefined));
  if (found.some((one) => one === null) || (unless !== undefined && found.length !== 1)) return null;
  return found.flatMap((one) => one ?? []);
}

function predicateOf(of: Predicate['of'], { first, last }: IdRange, turned: boolean): Predicate | null {
  if (first === last) return { of, sign: turned ? '!=' : '=', id: String(first) };
  if (first === 0 && last < ID_MAX)
    return turned ? { of, sign: '>', id: String(last) } : { of, sign: '<', id: String(last + 1) };
  if (last === ID_MAX && first > 0)
    return turned ? { of, sign: '<', id: String(first) } : { of, sign: '>', id: String(first - 1) };
  return null;
}
