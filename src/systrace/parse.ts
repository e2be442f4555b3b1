// SPDX-License-Identifier: GPL-2.0-only
/** The text of a classic file to its policies. Pure; every line becomes part of a policy or a problem. */
import { type Bytes, bufferOf, textOf } from '../policy/bytes.js';
import type { Place } from '../policy/model.js';
import { fillIn } from './define.js';
import { problemOf, SystraceFault, type SystraceProblem } from './problem.js';
import { parseRule } from './rule.js';
import { type ClassicPolicy, type ClassicRule, EMULATIONS, type Emulation } from './syntax.js';

/** Bytes of a line at most (policy.c reads into 2048 with a NUL). */
export const LINE_BYTES_MAX = 2047;

export interface ParseOptions {
  /** The program of rules that stand before any header. */
  readonly program?: Bytes;
  /** Values of `${NAME}` and `@@NAME@@`. */
  readonly defines?: ReadonlyMap<string, string>;
}

/** What was read. Where there are problems, the lines they stand in are in no policy. */
export interface ClassicFile {
  readonly policies: readonly ClassicPolicy[];
  readonly problems: readonly SystraceProblem[];
  /** For each problem's line what is known of the rule: so that its call can be refused from there on. */
  readonly unread: readonly ClassicRule[];
}

interface Draft {
  readonly program: Bytes;
  readonly emulation: Emulation;
  readonly place: Place;
  readonly rules: ClassicRule[];
  detached: boolean;
}

/**
 * Reads a classic file.
 *
 * @param text one character a byte
 * @param file the name for messages
 */
export function parseClassic(text: Bytes, file: string, options: ParseOptions = {}): ClassicFile {
  const reader = new Reader(file, options);
  text.split('\n').forEach((line, index) => reader.line(line, index + 1));
  const { drafts, problems, unread } = reader;
  return { policies: drafts, problems, unread };
}

class Reader {
  readonly drafts: Draft[] = [];
  readonly problems: SystraceProblem[] = [];
  readonly unread: ClassicRule[] = [];
  #current: Draft | undefined;
  /** What the header before it said is lost, so its rules belong nowhere. */
  #astray = false;

  constructor(
    readonly file: string,
    readonly options: ParseOptions,
  ) {}

  line(source: string, number: number): void {
    let origin = (index: number): number => index;
    try {
      if (/^[ \t\r]*(?:#|$)/.test(source)) return;
      if (source.includes('\0')) throw new SystraceFault('nul-byte', {}, source.indexOf('\0'));
      const filled = fillIn(source, this.options.defines ?? new Map());
      origin = filled.origin;
      if (filled.text.length > LINE_BYTES_MAX)
        throw new SystraceFault('line-too-long', { bytes: filled.text.length }, LINE_BYTES_MAX);
      this.#read(filled.text, (index) => this.#place(number, origin(index)));
    } catch (error) {
      if (!(error instanceof SystraceFault)) throw error;
      const place = this.#place(number, origin(error.index));
      this.problems.push(problemOf(error, place, bufferOf(source as Bytes).toString('utf8')));
      this.#refuse(source, place);
    }
  }

  #place(line: number, index: number): Place {
    return { file: this.file, line, column: index + 1 };
  }

  #read(text: string, at: (index: number) => Place): void {
    const indent = /^[ \t]*/.exec(text)?.[0].length ?? 0;
    if (/^policy:/i.test(text.slice(indent))) {
      this.#astray = true;
      this.#current = undefined;
      this.#current = header(text, indent, at, this.options.program);
      this.drafts.push(this.#current);
      this.#astray = false;
      return;
    }
    if (/^detached[ \t\r]*(?:#.*)?$/i.test(text.slice(indent))) {
      const draft = this.#policyFor(undefined, indent, at);
      if (draft.rules.length > 0) throw new SystraceFault('detached-with-rules', {}, indent);
      draft.detached = true;
      return;
    }
    const { emulation, call, from } = callAt(text, indent);
    const draft = this.#policyFor(emulation, indent, at);
    if (draft.detached) throw new SystraceFault('detached-with-rules', {}, indent);
    if (emulation !== draft.emulation)
      throw new SystraceFault('emulation-differs', { name: emulation, wanted: draft.emulation }, indent);
    draft.rules.push({ emulation, call, ...parseRule(text, from), place: at(indent) });
  }

  /** The policy that a line belongs to: that of the last header, or of a fragment. */
  #policyFor(emulation: Emulation | undefined, indent: number, at: (index: number) => Place): Draft {
    if (this.#current !== undefined) return this.#current;
    const { program } = this.options;
    if (program === undefined || this.#astray) throw new SystraceFault('header-missing', {}, indent);
    this.#current = { program, emulation: emulation ?? 'native', place: at(indent), rules: [], detached: false };
    this.drafts.push(this.#current);
    return this.#current;
  }

  /** From a rule that cannot be read on, its call is refused, whatever it said; the rule stands in the policy for that. */
  #refuse(source: string, place: Place): void {
    const draft = this.#current;
    if (draft === undefined) return;
    try {
      const { emulation, call } = callAt(source, /^[ \t]*/.exec(source)?.[0].length ?? 0);
      if (emulation !== draft.emulation) return;
      const action = { verdict: 'deny', now: false, errno: null, flag: null, log: true } as const;
      this.unread.push({
        emulation,
        call,
        condition: { kind: 'true' },
        action: { ...action, elevation: null, predicate: null },
        place,
      });
      draft.rules.push(this.unread.at(-1) as ClassicRule);
    } catch (error) {
      if (!(error instanceof SystraceFault)) throw error;
    }
  }
}

/** The first line of a policy. `*\/name`, whichever program of this name is run first, is the one that the caller names. */
function header(text: string, indent: number, at: (index: number) => Place, chosen: Bytes | undefined): Draft {
  const [, before, written, between, name] =
    /^([ \t]*policy:[ \t]+)([^,]*?)([ \t]*,[ \t]*emulation:[ \t]*)([^ \t\r#]+)[ \t\r]*(?:#.*)?$/i.exec(text) ?? [];
  if (before === undefined || written === undefined || between === undefined || name === undefined)
    throw new SystraceFault('header-form', {}, indent);
  const wildcard = /^\*\/([^/]+)$/.exec(written)?.[1];
  const program = wildcard !== undefined && chosen?.endsWith(`/${wildcard}`) ? chosen : written;
  if (!program.startsWith('/')) {
    const facts = { program: textOf(program as Bytes) };
    throw new SystraceFault(program.startsWith('*/') ? 'program-wildcard' : 'program-relative', facts, before.length);
  }
  const emulation = emulationOf(name, before.length + written.length + between.length);
  return { program: program as Bytes, emulation, place: at(indent), rules: [], detached: false };
}

function emulationOf(name: string, index: number): Emulation {
  const found = EMULATIONS.find((emulation) => emulation === name.toLowerCase());
  if (found === undefined) throw new SystraceFault('emulation-unknown', { name, words: EMULATIONS.join(', ') }, index);
  return found;
}

/** `EMULATION-CALL: `, and where the rule begins. A call may hold anything but a colon (`#224 (unimplemented gettid)`). */
function callAt(text: string, indent: number): { emulation: Emulation; call: string; from: number } {
  const [whole, name, call] = /^([A-Za-z0-9]+)-([^:]+?)[ \t]*:/.exec(text.slice(indent)) ?? [];
  if (whole === undefined || name === undefined || call === undefined) throw new SystraceFault('rule-form', {}, indent);
  return { emulation: emulationOf(name, indent), call: call.trim(), from: indent + whole.length };
}
