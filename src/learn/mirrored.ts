// SPDX-License-Identifier: GPL-2.0-only
/** What a rule permits below one of a moved folder's names, said of the other. */
import { namesOf } from '../decide/match.js';
import { placesBelow } from '../decide/moves.js';
import type { Bytes } from '../policy/bytes.js';
import { KERNEL_OPERATIONS, KERNEL_PATHS } from '../policy/kernel-acts.js';
import type { AccessObject, ObjectPattern, PathPattern, Rule } from '../policy/model.js';
import type { Operation } from '../policy/operations.js';
import { parsePath, pathText } from '../policy/path.js';
import type { Generaliser } from './generalise.js';
import type { Observation } from './observation.js';
import { overlaps } from './overlap.js';
import type { Written } from './written.js';

/** An observation that nobody made, and its reason. */
export type Seen = (object: AccessObject, operation: Operation) => Observation;

/** What patterns are written by. */
interface Writing {
  readonly generaliser: Generaliser;
  readonly sensitive: readonly PathPattern[];
}

/** What a rule permits below one folder, below the other; a word on why it cannot be said. */
export function mirrored(
  { generaliser, sensitive }: Writing,
  program: string,
  rule: Rule | null,
  lacking: readonly Operation[],
  here: AccessObject,
  there: AccessObject,
  seen: Seen,
): Written[] | string {
  if (rule === null || here.type !== 'path' || there.type !== 'path') return 'what is below it is not the same';
  const { text: folder } = generaliser.of(seen(here, 'list'));
  const prefix = folder === '/' ? '' : folder;
  // Looking at a folder is implied by what may be done below it.
  const said = lacking.filter((one) => rule.operations.includes(one));
  const operations = said.length > 0 ? said : rule.operations.filter((one) => one !== 'exec');
  const rests = rule.objects.flatMap((object): { type: 'path' | 'unix'; rest: string }[] =>
    object.type === 'path' || object.type === 'unix'
      ? restsBelow(object, namesOf(there.path)).map((rest) => ({ type: object.type, rest }))
      : [],
  );
  // A person's pattern is meant as it stands; the learner's own has denials in front of it, and so has what follows from it.
  const rules = rule.place.file === program ? ['moved folder'] : [];
  const all = rests.flatMap(({ type, rest }) =>
    operations.map((one): Written => {
      const text = `${prefix}${rest}`;
      return {
        observation: seen({ type, path: here.path }, one),
        ...{ key: type === 'path' ? 'path' : 'address', text: type === 'path' ? text : `unix:${text}`, rules },
      };
    }),
  );
  // What is sensitive wherever it is (`*.key`) is permitted there already: looked at is what is so by its place.
  const closer = sensitive.filter((pattern) => {
    const places = placesBelow(pattern, namesOf(there.path));
    return placesBelow(pattern, namesOf(here.path)).some((place) => !places.includes(place));
  });
  const patterns = rests.map(({ rest }) => parsePath(`${prefix}${rest}`, () => null));
  const acts = operations.some((one) => KERNEL_OPERATIONS.includes(one));
  if (acts && patterns.some((pattern) => KERNEL_PATHS.some((other) => overlaps(pattern, other))))
    return 'what is permitted there would reach what makes the kernel act where it was';
  if (patterns.some((pattern) => closer.some((other) => overlaps(pattern, other))))
    return 'what is permitted there would reach what is sensitive where it was';
  return all;
}

/** What is left of a pattern once the names are taken off it, with the slash before. */
function restsBelow({ pattern }: Extract<ObjectPattern, { type: 'path' | 'unix' }>, names: readonly Bytes[]): string[] {
  return placesBelow(pattern, names).flatMap((place) => {
    const rest = pathText({ ...pattern, components: pattern.components.slice(place) });
    return rest === '/' ? [] : [rest];
  });
}
