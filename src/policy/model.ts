// SPDX-License-Identifier: GPL-2.0-only
/**
 * The policy as a value. Parsing makes it, compile/ and decide/ read it; nothing changes it. Every rule knows the place
 * it was written at, because an error, an event and `explain` must be able to name the line.
 */
import type { Bytes } from './bytes.js';
import type { Operation, Version } from './operations.js';

export type Verdict = 'permit' | 'deny' | 'ask';
export type Mode = 'enforce' | 'complain';

/** What an exec leads to: the target's own policy, the caller's policy kept, or no policy. */
export type Transition = 'own' | 'inherit' | 'unconfined';

/**
 * Objects that have no path. The last three are places a path cannot be told for: they are denied unless a rule names
 * them, whatever the policy's default is.
 */
export const KINDS = [
  'memfd',
  'deleted',
  'tmpfile',
  'shm',
  'pipe',
  'socket',
  'anon',
  'mqueue',
  'detached',
  'foreign',
  'unreachable',
] as const;
export type Kind = (typeof KINDS)[number];
/** Kinds that no `default` opens. What was deleted had a name, and the rules of that name no longer hold it. */
export const CLOSED_KINDS: readonly Kind[] = ['deleted', 'detached', 'foreign', 'unreachable'];

/** Where something was written. `file` is the name the text was read under; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One piece of a component's pattern. No token ever matches the byte `/`. */
export type Token =
  | { readonly kind: 'byte'; readonly value: number }
  | { readonly kind: 'any' }
  | { readonly kind: 'star' }
  /** `members[b]` tells whether byte b is in the set; 256 entries. */
  | { readonly kind: 'set'; readonly members: readonly boolean[] }
  | { readonly kind: 'either'; readonly branches: readonly (readonly Token[])[] };

/**
 * One component of a path pattern. `deep` is `**`: zero or more components in the middle of a path, one or more at its
 * end. A literal's `name` holds the bytes after escapes are taken out.
 */
export type Component =
  | { readonly kind: 'literal'; readonly name: Bytes }
  | { readonly kind: 'glob'; readonly tokens: readonly Token[] }
  | { readonly kind: 'deep' };

/**
 * A pattern of absolute paths. `components` is empty for `/`. Where `self` is true the pattern ended in `/***`: it
 * matches what the components before match, and all below; `components` then holds what stands before the `***`.
 */
export interface PathPattern {
  readonly text: string;
  readonly components: readonly Component[];
  readonly self: boolean;
  /** A variable stood in it: what it names depends on who runs the program, and where. */
  readonly variable?: true;
}

export type Protocol = 'tcp' | 'udp' | 'sctp' | 'icmp' | 'raw';
/** The byte each protocol is judged as (`CG_PROTOCOL_*` in bpf/abi/object.h). icmp is ICMPv6 too. */
export const PROTOCOL_BYTE: Readonly<Record<Protocol, number>> = { icmp: 1, tcp: 6, udp: 17, sctp: 132, raw: 255 };

/** An IP address pattern. `host` null: any address of either family. Addresses are 16 bytes, IPv4 mapped to ::ffff:0:0/96. */
export interface InetPattern {
  readonly type: 'inet';
  readonly text: string;
  readonly protocol: Protocol;
  readonly host: { readonly address: Bytes /** bits that count, 0 to 128 */; readonly prefix: number } | null;
  readonly ports: { readonly first: number; readonly last: number };
}

/** A socket family as `socket(2)` sees it; null means any. `family: [netlink:route]` has all but `kind`. */
export interface FamilyPattern {
  readonly type: 'family';
  readonly text: string;
  readonly family: number;
  /** SOCK_STREAM and so on without its flags. */
  readonly kind: number | null;
  readonly protocol: number | null;
}

/** Tables of numbers that name objects. */
export const NUMBER_TABLES = ['capability', 'uid', 'gid', 'namespace', 'kernel', 'ipc'] as const;
export type NumberTable = (typeof NUMBER_TABLES)[number];

/** Numbers of one table, both ends included. */
export interface NumberPattern {
  readonly type: 'number';
  readonly table: NumberTable;
  readonly first: number;
  readonly last: number;
}

/**
 * What is done to another process, to a file besides what version 1 knows, or at a place: operations of these names, each with numbers of its own
 * (acts.ts).
 */
export const ACTS = ['signal', 'limit', 'priority', 'ptrace', 'mount', 'unmount', 'attribute', 'ioctl'] as const;
export type Act = (typeof ACTS)[number];
/** Of these, those that are done to files. */
export const DEEDS: readonly Act[] = ['attribute', 'ioctl'];

/**
 * To whom: a child (or a child's), whatever it runs, else one under the same policy, else whoever runs a program. One
 * that is of the same process is asked about by nobody.
 */
export const PROCESSES = ['child', 'policy'] as const;
export type Process = (typeof PROCESSES)[number];

/** Signals to somebody, limits of somebody, file systems mounted somewhere, requests to a file, and so on. `which` null: all of them. */
export interface TargetPattern {
  readonly type: 'target';
  readonly act: Act;
  readonly which: readonly number[] | null;
  readonly who:
    | { readonly kind: 'process'; readonly process: Process }
    | { readonly kind: 'path'; readonly pattern: PathPattern }
    | { readonly kind: 'kind'; readonly of: Kind };
}

/** The objects a rule names. Which go with which operations, the operation's sort says (operations.ts). */
export type ObjectPattern =
  | { readonly type: 'path'; readonly pattern: PathPattern }
  | { readonly type: 'kind'; readonly kind: Kind }
  | InetPattern
  /** `unix:/path`: the path a unix socket is bound to. */
  | { readonly type: 'unix'; readonly pattern: PathPattern }
  /** `unix:@name`: tokens over the whole abstract name, in which `/` is an ordinary byte that `*` does match. */
  | { readonly type: 'abstract'; readonly text: string; readonly tokens: readonly Token[] }
  | { readonly type: 'unnamed' }
  | FamilyPattern
  | NumberPattern
  | TargetPattern;

/** A closed range of ids. */
export interface IdRange {
  readonly first: number;
  readonly last: number;
}

/**
 * When a rule applies. All that is present must hold; within one list any entry may. Real ids of the calling task, at the
 * time of the call. `owner`: the object belongs to the subject's real user. An object without an owner (an address)
 * never has one.
 */
export interface Condition {
  readonly uids?: readonly IdRange[];
  readonly gids?: readonly IdRange[];
  readonly owner?: 'self';
}

export interface Rule {
  readonly verdict: Verdict;
  readonly operations: readonly Operation[];
  readonly objects: readonly ObjectPattern[];
  /** Of a denial; absent: the policy's. */
  readonly errno?: string;
  /** Absent: denials are logged, permits are not. */
  readonly log?: boolean;
  /** Only on a permit of exec; absent there means `own`. */
  readonly transition?: Transition;
  readonly if?: Condition;
  readonly unless?: Condition;
  /** Where it stands, for messages and events. */
  readonly place: Place;
  /** Its number in its own file, from 1. */
  readonly number: number;
  /** The group it came from, if it did not stand in the policy itself. */
  readonly group?: string;
}

/** What becomes of questions. */
export interface Asking {
  /** What one comes to that nobody answers; absent: deny. */
  readonly fallback?: Exclude<Verdict, 'ask'>;
  /** Seconds that one waits while somebody attends; absent: as long as somebody does. */
  readonly deadline?: number;
}

/** The system calls that exist for a program. */
export interface Syscalls {
  /** As written: names of x86_64's calls, and groups of them behind an @. */
  readonly permit: readonly string[];
  /** What the others get: `kill`, or the name of an error; absent: the policy's errno. */
  readonly refused?: string;
}

/** A policy with its groups taken in: `rules` holds those of the groups first, then its own, in the order they decide. */
export interface Policy {
  readonly version: Version;
  /** Absolute path of the executable (of the script, where it is one). */
  readonly program: string;
  /** Absolute path of a script's interpreter: its reading and loading are permitted before any rule. */
  readonly interpreter?: string;
  readonly mode: Mode;
  readonly default: Verdict;
  readonly asking?: Asking;
  readonly errno: string;
  readonly use: readonly string[];
  /** Absent: all calls. */
  readonly syscalls?: Syscalls;
  readonly rules: readonly Rule[];
  /** The name the text was read under. */
  readonly file: string;
}

/** What an attempt is made on, as the kernel resolved it. */
export type AccessObject =
  /** Absolute and normal: `/` or `/a/b`. `directory` matters to nobody but the reader of an event. */
  | { readonly type: 'path'; readonly path: Bytes }
  | { readonly type: 'kind'; readonly kind: Kind }
  | { readonly type: 'inet'; readonly protocol: Protocol; readonly address: Bytes; readonly port: number }
  | { readonly type: 'unix'; readonly path: Bytes }
  | { readonly type: 'abstract'; readonly name: Bytes }
  | { readonly type: 'unnamed' }
  | { readonly type: 'family'; readonly family: number; readonly kind: number; readonly protocol: number }
  | { readonly type: 'number'; readonly table: NumberTable; readonly value: number }
  | {
      readonly type: 'target';
      readonly act: Act;
      readonly which: number;
      readonly who:
        | { readonly kind: 'process'; readonly process: Process }
        | { readonly kind: 'path'; readonly path: Bytes }
        | { readonly kind: 'kind'; readonly of: Kind };
    };

/** One attempt: possibly several operations on one object. */
export interface Access {
  readonly operations: readonly Operation[];
  readonly object: AccessObject;
  readonly uid: number;
  readonly gid: number;
  /** Owner of the object, where it has one. */
  readonly owner?: number;
}

/** What one operation of an attempt came to. */
export interface Decision {
  readonly operation: Operation;
  readonly verdict: Verdict;
  /** Set where the verdict is deny. */
  readonly errno?: string;
  /** The rule that decided; null: the default did (or a closed kind that no rule names). */
  readonly rule: Rule | null;
  readonly log: boolean;
  /** Set where exec was permitted. */
  readonly transition?: Transition;
}

/**
 * What a whole attempt comes to: each operation is decided alone; one deny denies, with the errno of the first denied in
 * table order; else one ask asks, once for all.
 */
export interface Outcome {
  readonly verdict: Verdict;
  readonly errno?: string;
  /** The decision that made the verdict: the first denied, else the first asked, else the first. */
  readonly deciding: Decision;
  readonly decisions: readonly Decision[];
}
