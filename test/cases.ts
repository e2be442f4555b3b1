// SPDX-License-Identifier: GPL-2.0-only
/**
 * The corpus: attempts under policies with the verdicts a person wrote down, in test/cases/*.yaml. This loads it as plain
 * data, so that everything that decides (the reference, the matcher, real processes) can be held against the same cases.
 *
 * A file has `policy:` (the text of one policy) and `cases:`, each with
 *   access     operations, and one object: path, kind, unix, abstract, `unnamed: true`, address (`tcp:192.0.2.1:80`,
 *              IPv6 in brackets), number (`uid:1000`, `capability:net_raw`), signal, limit, priority, ptrace, mount, unmount, attribute, ioctl (`15 child`, `1 /usr/bin/x`: the number and to whom or what) or family (`inet stream 6`: family, kind and protocol as socket(2) takes them);
 *              uid and gid (0 if not said), owner (none if not said)
 *   verdict    permit, deny or ask
 *   errno      of a denial; EPERM if not said
 *   rule       number of the rule that decides, `default`, or `interpreter`
 *   log, transition: only where a case is about them
 * In the names of an access `\xHH` is a byte and `\\` a backslash. Everywhere `@{TEXT*N}` stands for TEXT, N times.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { isIPv4, isIPv6 } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMap, isSeq, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { type Bytes, bytesOf } from '../src/policy/bytes.js';
import {
  ACTS,
  type Access,
  type AccessObject,
  type Act,
  KINDS,
  NUMBER_TABLES,
  PROTOCOL_BYTE,
  type Protocol,
  type Transition,
  type Verdict,
} from '../src/policy/model.js';
import { OPERATIONS } from '../src/policy/operations.js';
import type { Surroundings } from '../src/policy/surroundings.js';

/** One attempt and what it must come to. */
export interface Case {
  /** `globs.yaml:31`, for messages. */
  readonly where: string;
  readonly access: Access;
  readonly verdict: Verdict;
  /** Set for every denial. */
  readonly errno: string | undefined;
  /** Number in the policy's own file of the rule that decides the attempt. */
  readonly rule: number | 'default' | 'interpreter';
  readonly log: boolean | undefined;
  readonly transition: Transition | undefined;
}

/** A file of the corpus. */
export interface CaseFile {
  /** The file's name without `.yaml`. */
  readonly name: string;
  /** Absolute path of the file. */
  readonly file: string;
  readonly policyText: string;
  readonly cases: readonly Case[];
}

const accessSchema = z.strictObject({
  operations: z.array(z.enum(OPERATIONS)).min(1),
  path: z.string().startsWith('/').optional(),
  kind: z.enum(KINDS).optional(),
  unix: z.string().startsWith('/').optional(),
  abstract: z.string().optional(),
  unnamed: z.literal(true).optional(),
  address: z.string().optional(),
  family: z.string().optional(),
  number: z.string().optional(),
  signal: z.string().optional(),
  limit: z.string().optional(),
  priority: z.string().optional(),
  attribute: z.string().optional(),
  ioctl: z.string().optional(),
  ptrace: z.string().optional(),
  mount: z.string().optional(),
  unmount: z.string().optional(),
  uid: z.int().min(0).max(0xffffffff).default(0),
  gid: z.int().min(0).max(0xffffffff).default(0),
  owner: z.int().min(0).max(0xffffffff).optional(),
});

const caseSchema = z.strictObject({
  access: accessSchema,
  verdict: z.enum(['permit', 'deny', 'ask']),
  errno: z
    .string()
    .regex(/^E[A-Z0-9]+$/)
    .optional(),
  rule: z.union([z.int().min(1), z.enum(['default', 'interpreter'])]),
  log: z.boolean().optional(),
  transition: z.enum(['own', 'inherit', 'unconfined']).optional(),
});

const fileSchema = z.strictObject({ policy: z.string(), cases: z.array(caseSchema).min(1) });

/** Reads the whole corpus, in the order of the files' names. Throws with file and line where a case is not well formed. */
export function loadCases(): CaseFile[] {
  const folder = fileURLToPath(new URL('../../test/cases/', import.meta.url));
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => loadFile(`${folder}${name}`, name));
}

function loadFile(file: string, name: string): CaseFile {
  const lines = new LineCounter();
  const document = parseDocument(expand(readFileSync(file, 'utf8')), { lineCounter: lines });
  const [broken] = document.errors;
  if (broken !== undefined) throw new Error(`${file}: ${broken.message}`);
  const parsed = fileSchema.safeParse(document.toJS());
  if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
  const nodes = document.get('cases', true);
  const lineOf = (index: number): number => {
    const node = isSeq(nodes) ? nodes.items[index] : undefined;
    return isMap(node) && node.range ? lines.linePos(node.range[0]).line : 0;
  };
  const cases = parsed.data.cases.map((entry, index): Case => {
    const where = `${name}:${lineOf(index)}`;
    const { operations, uid, gid, owner } = entry.access;
    if (entry.errno !== undefined && entry.verdict !== 'deny') throw new Error(`${where}: errno without a denial`);
    return {
      where,
      access: {
        operations,
        object: objectOf(entry.access, where),
        uid,
        gid,
        ...(owner === undefined ? {} : { owner }),
      },
      verdict: entry.verdict,
      errno: entry.verdict === 'deny' ? (entry.errno ?? 'EPERM') : undefined,
      rule: entry.rule,
      log: entry.log,
      transition: entry.transition,
    };
  });
  return { name: name.replace(/\.yaml$/, ''), file, policyText: parsed.data.policy, cases };
}

/** Writes out `@{TEXT*N}`. */
function expand(text: string): string {
  return text.replace(/@\{([^{}\n]+)\*(\d+)\}/g, (_, part: string, count: string) => part.repeat(Number(count)));
}

function objectOf(access: z.infer<typeof accessSchema>, where: string): AccessObject {
  const objects: AccessObject[] = [];
  if (access.path !== undefined) objects.push({ type: 'path', path: nameOf(access.path) });
  if (access.kind !== undefined) objects.push({ type: 'kind', kind: access.kind });
  if (access.unix !== undefined) objects.push({ type: 'unix', path: nameOf(access.unix) });
  if (access.abstract !== undefined) objects.push({ type: 'abstract', name: nameOf(access.abstract) });
  if (access.unnamed !== undefined) objects.push({ type: 'unnamed' });
  if (access.address !== undefined) objects.push(inetOf(access.address, where));
  if (access.family !== undefined) objects.push(familyOf(access.family, where));
  if (access.number !== undefined) objects.push(numberOf(access.number, where));
  for (const act of ACTS) if (access[act] !== undefined) objects.push(targetOf(act, access[act] as string, where));
  const [object, second] = objects;
  if (object === undefined || second !== undefined) throw new Error(`${where}: an access has exactly one object`);
  return object;
}

/** The bytes of a name in which `\xHH` and `\\` are written out. */
function nameOf(text: string): Bytes {
  return bytesOf(text).replace(/\\(?:x([0-9a-f]{2})|\\)/g, (_, digits: string | undefined) =>
    digits === undefined ? '\\' : String.fromCharCode(Number.parseInt(digits, 16)),
  ) as Bytes;
}

function inetOf(text: string, where: string): AccessObject {
  const parts = /^([a-z]+):(?:\[([^\]]+)\]|([0-9.]+)):(\d+)$/.exec(text);
  const [, protocol, six, four, port] = parts ?? [];
  if (protocol === undefined || !(protocol in PROTOCOL_BYTE)) throw new Error(`${where}: no address: ${text}`);
  return {
    type: 'inet',
    protocol: protocol as Protocol,
    address: addressOf(six ?? four ?? '', where),
    port: Number(port),
  };
}

/** The 16 bytes of an address; IPv4 is mapped into IPv6, as the kernel half does it. */
export function addressOf(text: string, where: string): Bytes {
  if (isIPv4(text)) return `${'\0'.repeat(10)}\xff\xff${String.fromCharCode(...text.split('.').map(Number))}` as Bytes;
  if (!isIPv6(text)) throw new Error(`${where}: no address: ${text}`);
  const tail = /(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  const hex = (high: number, low: number): string => ((high << 8) | low).toString(16);
  const plain =
    tail === null
      ? text
      : `${tail[1]}${hex(Number(tail[2]), Number(tail[3]))}:${hex(Number(tail[4]), Number(tail[5]))}`;
  const [head = '', rest] = plain.split('::');
  const words = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16));
  const [before, after] = [words(head), rest === undefined ? [] : words(rest)];
  const all = [...before, ...Array<number>(8 - before.length - after.length).fill(0), ...after];
  return String.fromCharCode(...all.flatMap((word) => [word >> 8, word & 0xff])) as Bytes;
}

const FAMILIES: Readonly<Record<string, number>> = {
  unix: 1,
  inet: 2,
  inet6: 10,
  netlink: 16,
  packet: 17,
  alg: 38,
  vsock: 40,
};
const SOCKET_KINDS: Readonly<Record<string, number>> = { stream: 1, dgram: 2, raw: 3, seqpacket: 5 };

function familyOf(text: string, where: string): AccessObject {
  const [family = '', kind = '', protocol = ''] = text.split(' ');
  const numbers = [FAMILIES[family], SOCKET_KINDS[kind], /^\d+$/.test(protocol) ? Number(protocol) : undefined];
  const [familyNumber, kindNumber, protocolNumber] = numbers;
  if (familyNumber === undefined || kindNumber === undefined || protocolNumber === undefined)
    throw new Error(`${where}: no family, kind and protocol: ${text}`);
  return { type: 'family', family: familyNumber, kind: kindNumber, protocol: protocolNumber };
}

/** Read by hand, not by the code under test. */
const CAPABILITY_NUMBERS: Readonly<Record<string, number>> = {
  chown: 0,
  setgid: 6,
  setuid: 7,
  net_bind_service: 10,
  net_raw: 13,
  sys_rawio: 17,
  sys_chroot: 18,
  sys_pacct: 20,
  sys_admin: 21,
  sys_boot: 22,
  bpf: 39,
};

const NAMESPACE_NUMBERS: Readonly<Record<string, number>> = { mount: 0, user: 3, net: 5, time: 7 };
const SURFACE_NUMBERS: Readonly<Record<string, number>> = {
  ...{ io_uring: 0, sqpoll: 1, uring_cmd: 2, autoload: 3, console: 4, hostname: 5, swap: 6 },
  ...{ keys: 7, perf: 8, quota: 9, syslog: 10, userfaultfd: 11 },
};
const IPC_NUMBERS: Readonly<Record<string, number>> = { shm: 0, msg: 1, sem: 2 };

function numberOf(text: string, where: string): AccessObject {
  const [key = '', name = ''] = text.split(':');
  const table = NUMBER_TABLES.find((one) => one === key);
  const named = {
    capability: CAPABILITY_NUMBERS,
    namespace: NAMESPACE_NUMBERS,
    kernel: SURFACE_NUMBERS,
    ipc: IPC_NUMBERS,
  }[key];
  const value = named !== undefined ? named[name] : /^\d+$/.test(name) ? Number(name) : undefined;
  if (value === undefined || table === undefined) throw new Error(`${where}: no number: ${text}`);
  return { type: 'number', table, value };
}

function targetOf(act: Act, text: string, where: string): AccessObject {
  const [number = '', whom = ''] = text.split(' ');
  if (!/^\d+$/.test(number)) throw new Error(`${where}: no number: ${text}`);
  const done = { type: 'target', act, which: Number(number) } as const;
  if (whom === 'child' || whom === 'policy') return { ...done, who: { kind: 'process', process: whom } };
  if (whom.startsWith('/')) return { ...done, who: { kind: 'path', path: nameOf(whom) } };
  const of = KINDS.find((kind) => kind === whom);
  if (of === undefined) throw new Error(`${where}: nobody gets it: ${text}`);
  return { ...done, who: { kind: 'kind', of } };
}

/** Where the corpus' policies are read: a machine with one user and one group, both root, and no groups of rules. */
export const around: Surroundings = {
  variable: () => null,
  user: (name) => (name === 'root' ? 0 : null),
  group: (name) => (name === 'root' ? 0 : null),
  rules: () => null,
};
