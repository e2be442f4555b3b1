// SPDX-License-Identifier: GPL-2.0-only
/**
 * The first stage: what the rules say, pattern by pattern, with all that is implied written out. From here on nobody
 * looks at a rule's verdict or conditions until the answers are made; a grant is only "rule n, these operations".
 */
import { targetText } from '../policy/acts.js';
import { type Bytes, readText } from '../policy/bytes.js';
import { KERNEL_OPERATIONS } from '../policy/kernel-acts.js';
import { type Kind, type PathPattern, type Policy, PROTOCOL_BYTE, type Rule, type Token } from '../policy/model.js';
import { CAPABILITIES, numberPattern, numberText } from '../policy/numbers.js';
import {
  FILE_OPERATIONS,
  IMPLIED,
  IMPLIED_CAPABILITY,
  operationMask,
  operationsOn,
  SOCKET_OPERATIONS,
} from '../policy/operations.js';
import { kindHead, numberAlternative, targetAlternative } from './heads.js';
import {
  type Alternative,
  addressAlternative,
  familyAlternative,
  portAlternative,
  socketAlternatives,
} from './inet.js';

/** One piece of an automaton's input, as a pattern names it. */
export type Piece =
  | { readonly kind: 'literal'; readonly name: Bytes }
  | { readonly kind: 'glob'; readonly tokens: readonly Token[] }
  | { readonly kind: 'deep' };

/**
 * The automata of an image, each with its own entry. A unix path enters where a path does. The objects of version 2's
 * operations have entries of their own: `place` for paths, `head` for what is no path (heads.ts).
 */
export type Entry = 'path' | 'inet' | 'abstract' | 'family' | 'place' | 'head';
export const ENTRIES: readonly Entry[] = ['path', 'inet', 'abstract', 'family', 'place', 'head'];

/** A pattern and the operations it decides. */
export interface Grant {
  /** Place in the order of decision, from 0. */
  readonly order: number;
  readonly entry: Entry;
  readonly pieces: readonly Piece[];
  /** The pattern ended in `***`. */
  readonly self: boolean;
  /** Bits of the operations it decides on what it matches. */
  readonly mask: number;
  /** Bits of those it decides on every folder above a match. */
  readonly above: number;
  /** The pattern spells one path out: no glob, no variable. */
  readonly full: boolean;
  /** For messages. */
  readonly text: string;
}

/** A rule in the order in which it decides. */
export interface Ranked {
  readonly rule: Rule;
  /** The number an image reports: its place in `policy.rules`, from 1; that of `interpreter:` comes after the last. */
  readonly number: number;
}

export interface Grants {
  readonly ranked: readonly Ranked[];
  readonly patterns: readonly Grant[];
  /** Objects without a pattern: orders and masks, in the order of decision. */
  readonly kinds: ReadonlyMap<Kind, readonly Mark[]>;
  readonly unnamed: readonly Mark[];
}

/** Rule `order` decides the operations of `mask` here. */
export interface Mark {
  readonly order: number;
  readonly mask: number;
  /** Those of the mask that a pattern which spells the path out decides. */
  readonly full: number;
}

/** On a file by which the kernel is made to act, only a rule that spells it out permits these, and no default does. */
export const KERNEL_MASK = operationMask(KERNEL_OPERATIONS);

const FILES = operationMask(FILE_OPERATIONS);
const SOCKETS = operationMask(SOCKET_OPERATIONS);
const PLACES = operationMask(operationsOn('place'));
const CAPABLE = operationMask(['capable']);
const STAT = operationMask(['stat']);
const SOCKET = operationMask(['socket']);

/**
 * The rule that `interpreter:` stands for; it decides before all others. It is no statement of the file, so its number
 * there is 0 and its place the first line.
 */
export function interpreterRule(policy: Policy): Rule | null {
  if (policy.interpreter === undefined) return null;
  const pattern: PathPattern = {
    text: policy.interpreter,
    components: namesOfPath(policy.interpreter).map((name) => ({ kind: 'literal', name })),
    self: false,
  };
  return {
    verdict: 'permit',
    operations: ['read', 'load'],
    objects: [{ type: 'path', pattern }],
    place: { file: policy.file, line: 1, column: 1 },
    number: 0,
  };
}

/** The components of an absolute path, given as textOf() writes it, as bytes. */
export function namesOfPath(path: string): Bytes[] {
  return path === '/' ? [] : path.slice(1).split('/').map(readText);
}

/** All rules in the order in which they decide. */
export function rank(policy: Policy): Ranked[] {
  const ranked = policy.rules.map((rule, index) => ({ rule, number: index + 1 }));
  const interpreter = interpreterRule(policy);
  return interpreter === null ? ranked : [{ rule: interpreter, number: ranked.length + 1 }, ...ranked];
}

/** Takes a policy's rules apart into grants. */
export function grantsOf(policy: Policy): Grants {
  const ranked = rank(policy);
  const patterns: Grant[] = [];
  const kinds = new Map<Kind, Mark[]>();
  const unnamed: Mark[] = [];
  ranked.forEach(({ rule }, order) => {
    const listed = maskWithImplied(rule);
    const add = (entry: Entry, pieces: readonly Piece[], mask: number, text: string): void => {
      if (mask !== 0) patterns.push({ order, entry, pieces, self: false, mask, above: 0, full: false, text });
    };
    const addPath = ({ components, self, text, variable }: PathPattern, mask: number, above: number): void => {
      const full = !self && variable !== true && components.every(({ kind }) => kind === 'literal');
      if (mask !== 0) patterns.push({ order, entry: 'path', pieces: components, self, mask, above, full, text });
    };
    const addPlace = ({ components, self, text }: PathPattern): void => {
      const mask = listed & PLACES;
      if (mask !== 0)
        patterns.push({ order, entry: 'place', pieces: components, self, mask, above: 0, full: false, text });
    };
    if (rule.verdict === 'permit')
      for (const name of new Set(rule.operations.flatMap((operation) => IMPLIED_CAPABILITY[operation] ?? []))) {
        const number = CAPABILITIES.indexOf(name);
        add('head', [numberAlternative(numberPattern('capability', number, number))], CAPABLE, `capability ${name}`);
      }
    const addSockets = (alternatives: readonly Alternative[], text: string): void => {
      for (const alternative of alternatives) add('family', [alternative], listed & SOCKET, text);
    };
    for (const object of rule.objects)
      switch (object.type) {
        case 'path': {
          const stat = rule.verdict === 'permit' && (listed & FILES) !== 0 ? STAT : 0;
          addPath(object.pattern, (listed & FILES) | stat, stat);
          addPlace(object.pattern);
          break;
        }
        case 'kind': {
          const marks = kinds.get(object.kind) ?? [];
          kinds.set(object.kind, marks);
          if ((listed & FILES) !== 0) marks.push({ order, mask: listed & FILES, full: 0 });
          add('head', [kindHead(object.kind)], listed & PLACES, object.kind);
          break;
        }
        case 'inet': {
          const protocol: Piece = {
            kind: 'literal',
            name: String.fromCharCode(PROTOCOL_BYTE[object.protocol]) as Bytes,
          };
          const pieces = [protocol, addressAlternative(object.host), portAlternative(object.ports)];
          add('inet', pieces, listed & SOCKETS & ~SOCKET, object.text);
          addSockets(socketAlternatives(object.protocol), object.text);
          break;
        }
        case 'unix':
          addPath(object.pattern, listed & SOCKETS & ~SOCKET, 0);
          addSockets(socketAlternatives('unix'), object.pattern.text);
          break;
        case 'abstract':
          add('abstract', [{ kind: 'glob', tokens: object.tokens }], listed & SOCKETS & ~SOCKET, object.text);
          addSockets(socketAlternatives('unix'), object.text);
          break;
        case 'unnamed':
          if ((listed & SOCKETS & ~SOCKET) !== 0) unnamed.push({ order, mask: listed & SOCKETS & ~SOCKET, full: 0 });
          addSockets(socketAlternatives('unix'), 'unix:');
          break;
        case 'family':
          add('family', [familyAlternative(object)], listed & SOCKETS, object.text);
          break;
        case 'target': {
          const { who } = object;
          const head = targetAlternative(object);
          const text = targetText(object, ({ pattern }) => pattern.text);
          if (who.kind === 'kind') add('head', [head, kindHead(who.of)], listed, text);
          else if (who.kind === 'process') add('head', [head], listed, text);
          else {
            const { components, self } = who.pattern;
            const pieces: Piece[] = [head, ...components];
            patterns.push({ order, entry: 'head', pieces, self, mask: listed, above: 0, full: false, text });
          }
          break;
        }
        case 'number':
          add('head', [numberAlternative(object)], listed, numberText(object));
          break;
      }
  });
  return { ranked, patterns, kinds, unnamed };
}

/** The bits of a rule's operations and of those they bring along on the same object. Only permits bring any. */
function maskWithImplied(rule: Rule): number {
  let mask = operationMask(rule.operations);
  if (rule.verdict === 'permit')
    for (const operation of rule.operations) mask |= operationMask(IMPLIED[operation] ?? []);
  return mask;
}
