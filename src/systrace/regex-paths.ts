// SPDX-License-Identifier: GPL-2.0-only
/** Regular expressions over whole paths to patterns, where there are such: a `.*` goes over slashes, a `*` does not. */
import { repeated } from '../policy/glob.js';
import type { Token } from '../policy/model.js';
import { ANY_NAME, DEEP, EVERYTHING, type Part, type Pattern, type Sign } from './pattern.js';
import type { Regex } from './regex.js';

/** Ways through an expression, and patterns made of them, that are followed before it is given up. */
const WAYS_MAX = 64;
const SLASH = 0x2f;

type Step =
  | { readonly kind: 'sign'; readonly sign: Sign }
  | { readonly kind: 'slash' }
  /** Any bytes: `.*`. */
  | { readonly kind: 'stretch' };

interface Way {
  readonly steps: readonly Step[];
  readonly anchored: boolean;
  readonly ended: boolean;
}

/** `exact`: the patterns match what the expression does, else less. */
export interface RegexPatterns {
  readonly patterns: readonly Pattern[];
  readonly exact: boolean;
}

/** The patterns of an expression; null where none can be told. */
export function patternsOf(regex: Regex): RegexPatterns | null {
  return patternsBy(new Ways(false), regex) ?? patternsBy(new Ways(true), regex);
}

function patternsBy(reader: Ways, regex: Regex): RegexPatterns | null {
  const ways = reader.of(regex);
  if (ways === null) return null;
  const patterns: Pattern[] = [];
  for (const way of ways) {
    const steps = [...(way.anchored ? [] : [STRETCH]), ...way.steps, ...(way.ended ? [] : [STRETCH])];
    const found = follow(
      steps.filter((step, index) => step.kind !== 'stretch' || steps[index - 1]?.kind !== 'stretch'),
    );
    if (found === null || patterns.length + found.length > WAYS_MAX) return null;
    patterns.push(...found);
  }
  return { patterns: merged(patterns), exact: reader.exact };
}

/** What is below a pattern and the pattern itself are one, and so are one name or more between two others and none. */
function merged(patterns: readonly Pattern[]): Pattern[] {
  let found = [...patterns];
  for (;;) {
    const texts = found.map(textOf);
    const pair = found.findIndex((pattern) => lesserOf(pattern).some(({ without }) => texts.includes(textOf(without))));
    const pattern = found[pair];
    const both =
      pattern === undefined ? undefined : lesserOf(pattern).find(({ without }) => texts.includes(textOf(without)));
    if (both === undefined) return found;
    found = [...found.filter((_, index) => index !== pair && texts[index] !== textOf(both.without)), both.together];
  }
}

function textOf({ parts, below }: Pattern): string {
  return `${below} ${JSON.stringify(parts)}`;
}

/** What a pattern leaves out that would make it a simpler one. */
function lesserOf({ parts, below }: Pattern): { readonly without: Pattern; readonly together: Pattern }[] {
  const isAny = (part: Part | undefined): boolean => JSON.stringify(part) === JSON.stringify(ANY_NAME);
  const found: { readonly without: Pattern; readonly together: Pattern }[] = [];
  if (below && isAny(parts.at(-1))) {
    const above = parts.slice(0, -1);
    found.push({ without: { parts: above, below: false }, together: { parts: above, below: true } });
  }
  parts.forEach((part, index) => {
    if (!isAny(part) || parts[index + 1]?.kind !== 'deep') return;
    const [before, behind] = [parts.slice(0, index), parts.slice(index + 2)];
    found.push({
      without: { parts: [...before, ...behind], below },
      together: { parts: [...before, DEEP, ...behind], below },
    });
  });
  return found;
}

const STRETCH: Step = { kind: 'stretch' };
const EMPTY: Way = { steps: [], anchored: false, ended: false };

class Ways {
  /** A dot or a set that could be a slash is taken for what is none. */
  exact = true;

  /** @param whole what stands within one name is one way, however many it has: `{a,b}`, and not `a` and `b` */
  constructor(private readonly whole: boolean) {}

  of(regex: Regex): readonly Way[] | null {
    if (this.whole && (regex.kind === 'either' || regex.kind === 'repeat')) {
      const tokens = tokensOf(regex);
      if (tokens !== null) return [{ ...EMPTY, steps: tokens.map((sign) => ({ kind: 'sign', sign })) }];
    }
    switch (regex.kind) {
      case 'byte':
        return [{ ...EMPTY, steps: [regex.value === SLASH ? { kind: 'slash' } : { kind: 'sign', sign: regex }] }];
      case 'any':
        this.exact = false;
        return [{ ...EMPTY, steps: [{ kind: 'sign', sign: { kind: 'any' } }] }];
      case 'set': {
        if (regex.members[SLASH] === true) this.exact = false;
        const members = regex.members.map((member, byte) => member && byte !== SLASH && byte !== 0);
        if (members.every((member, byte) => member || byte === SLASH || byte === 0))
          return [{ ...EMPTY, steps: [{ kind: 'sign', sign: { kind: 'any' } }] }];
        return members.includes(true) ? [{ ...EMPTY, steps: [{ kind: 'sign', sign: { kind: 'set', members } }] }] : [];
      }
      case 'start':
        return [{ ...EMPTY, anchored: true }];
      case 'end':
        return [{ ...EMPTY, ended: true }];
      case 'either': {
        const ways: Way[] = [];
        for (const branch of regex.of) {
          const more = this.of(branch);
          if (more === null) return null;
          ways.push(...more);
        }
        return ways.length > WAYS_MAX ? null : ways;
      }
      case 'sequence':
        return this.#sequence(regex.of);
      case 'repeat':
        return this.#repeat(regex);
    }
  }

  #sequence(parts: readonly Regex[]): readonly Way[] | null {
    let ways: readonly Way[] = [EMPTY];
    for (const part of parts) {
      const more = this.of(part);
      if (more === null) return null;
      ways = ways.flatMap((way) => more.flatMap((next) => joined(way, next) ?? []));
      if (ways.length > WAYS_MAX) return null;
    }
    return ways;
  }

  #repeat({ of, least, most }: Extract<Regex, { kind: 'repeat' }>): readonly Way[] | null {
    if (most === Number.POSITIVE_INFINITY) {
      const stretch = stretchOf(of);
      if (stretch === null) return null;
      // `.+` behind a slash is what `.*` is there: no path has two slashes, or one at its end.
      const once = least === 0 ? null : of;
      if (least > 1) return null;
      return this.#sequenceThen(once, stretch);
    }
    if (most > 8) return null;
    const ways: Way[] = [];
    for (let times = least; times <= most; times++) {
      const more = this.#sequence(Array<Regex>(times).fill(of));
      if (more === null) return null;
      ways.push(...more);
    }
    return ways.length > WAYS_MAX ? null : ways;
  }

  #sequenceThen(once: Regex | null, stretch: Step): readonly Way[] | null {
    const before = once === null ? [EMPTY] : this.of(once);
    return before?.map((way) => ({ ...way, steps: [...way.steps, stretch] })) ?? null;
  }
}

/** Repeats that are taken for so many alternatives. */
const REPEATS_MAX = 255;

/** What an expression says as a piece of one name; null where a slash, an anchor or what has no end may be in it. */
function tokensOf(regex: Regex): readonly Token[] | null {
  switch (regex.kind) {
    case 'byte':
      return regex.value === SLASH ? null : [{ kind: 'byte', value: regex.value }];
    case 'set':
      if (regex.members[SLASH] === true) return null;
      return [{ kind: 'set', members: regex.members.map((member, byte) => member && byte !== 0) }];
    case 'any':
    case 'start':
    case 'end':
      return null;
    case 'sequence': {
      const parts = regex.of.map(tokensOf);
      return parts.includes(null) ? null : parts.flatMap((part) => part ?? []);
    }
    case 'either': {
      const branches = regex.of.map(tokensOf);
      return branches.includes(null) ? null : [{ kind: 'either', branches: branches.map((branch) => branch ?? []) }];
    }
    case 'repeat': {
      const of = regex.most > REPEATS_MAX ? null : tokensOf(regex.of);
      return of === null ? null : repeated(of, regex.least, regex.most);
    }
  }
}

/** What any number of this is: `.` of everything, `[^/]` of what is in a name. */
function stretchOf(regex: Regex): Step | null {
  if (regex.kind === 'any') return STRETCH;
  if (regex.kind !== 'set') return null;
  const others = regex.members.every((member, byte) => member || byte === SLASH || byte === 0);
  if (!others) return null;
  return regex.members[SLASH] === true ? STRETCH : { kind: 'sign', sign: { kind: 'star' } };
}

/** One way behind another; null where an anchor would stand inside. */
function joined(one: Way, other: Way): Way | null {
  if (other.anchored && one.steps.length > 0) return null;
  if (one.ended && other.steps.length > 0) return null;
  return {
    steps: [...one.steps, ...other.steps],
    anchored: one.anchored || other.anchored,
    ended: one.ended || other.ended,
  };
}

interface Walk {
  readonly parts: readonly Part[];
  /** Null: before the first slash. */
  readonly name: readonly Sign[] | null;
}

/** The patterns of one way; null where there are too many. */
function follow(steps: readonly Step[]): Pattern[] | null {
  let walks: Walk[] = [{ parts: [], name: null }];
  const done: Pattern[] = [];
  for (let index = 0; index < steps.length; index++) {
    const step = steps[index] as Step;
    const last = index === steps.length - 1;
    const next: Walk[] = [];
    for (const walk of walks) {
      if (step.kind !== 'stretch') {
        const stepped = stepOn(walk, step);
        if (stepped !== null) next.push(stepped);
      } else if (last) done.push(open(walk));
      else if (walk.name?.length === 0 && steps[index + 1]?.kind === 'slash') {
        // `/.*/`: one name at least.
        next.push({ parts: [...walk.parts, ANY_NAME, DEEP], name: [] });
      } else if (walk.name !== null) {
        const name = starred(walk.name);
        next.push({ parts: walk.parts, name });
        next.push({ parts: [...walk.parts, { kind: 'name', signs: name }, DEEP], name: [{ kind: 'star' }] });
      } else if (steps[index + 1]?.kind === 'slash') {
        // `.*/x`: x at any depth. The slash is taken with it.
        next.push({ parts: [DEEP], name: [] });
      } else next.push({ parts: [DEEP], name: [{ kind: 'star' }] });
    }
    // All walks of one way stand before the same step, so either all have taken the slash with it or none.
    if (step.kind === 'stretch' && next.length > 0 && next.every(({ name }) => name?.length === 0)) index++;
    if (next.length + done.length > WAYS_MAX) return null;
    walks = next;
  }
  for (const { parts, name } of walks) {
    if (name === null) continue;
    if (name.length > 0) done.push({ parts: [...parts, { kind: 'name', signs: plainName(name) }], below: false });
    // What may be nothing behind the first slash is the root as well.
    if (parts.length === 0 && name.every(({ kind }) => kind === 'star')) done.push({ parts, below: false });
  }
  return done;
}

function stepOn({ parts, name }: Walk, step: Exclude<Step, { kind: 'stretch' }>): Walk | null {
  if (step.kind === 'slash') {
    if (name === null) return { parts, name: [] };
    return name.length === 0 ? null : { parts: [...parts, { kind: 'name', signs: plainName(name) }], name: [] };
  }
  if (name === null) return null;
  return { parts, name: step.sign.kind === 'star' ? starred(name) : [...name, step.sign] };
}

/** What begins so and goes on in any way. */
function open({ parts, name }: Walk): Pattern {
  if (name === null || (name.length === 0 && parts.length === 0)) return EVERYTHING;
  if (name.length === 0) return { parts: [...parts, ANY_NAME], below: true };
  return { parts: [...parts, { kind: 'name', signs: plainName(starred(name)) }], below: true };
}

function starred(name: readonly Sign[]): readonly Sign[] {
  return name.at(-1)?.kind === 'star' ? name : [...name, { kind: 'star' }];
}

/** No name is empty, so one byte and any number of them is any name. */
function plainName(signs: readonly Sign[]): readonly Sign[] {
  return signs.length === 2 && signs[0]?.kind === 'any' && signs[1]?.kind === 'star' ? [{ kind: 'star' }] : signs;
}
