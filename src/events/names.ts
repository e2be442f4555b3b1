/** The words for what the kernel half tells by number. Public: they stand in events. */
import { type Word, wordsOf } from '../abi/words.js';

/** By enum cg_unresolved: why an object could not be told. */
export const REASONS = wordsOf('unresolved');

/** By enum cg_floor: what the hard-wired floor refused. */
export const FLOORS = wordsOf('floor');

/** What each reason means, for a person. */
export const REASON_TEXTS: Readonly<Record<Exclude<Word<'unresolved'>, 'resolved'>, string>> = {
  depth: 'the path has more components than are followed',
  race: 'the path kept changing while it was read',
  read: 'kernel memory could not be read',
  storage: "the task's storage was busy",
  policy: 'the policy was being replaced, or is missing',
  mounts: 'the file system has more mounts than are looked at',
  name: 'a name is longer than 255 bytes',
  chain: 'the conditions do not end',
  target: 'a rule permits the exec, but the folder has no policy for the program',
  text: 'the object moved while its name was taken down',
  stale: "the policy's number is another session's by now",
};

/** What a reason means, for a person; a word that is none (of a floor, of a log of another version) as it is. */
export function reasonText(reason: string): string {
  return (REASON_TEXTS as Readonly<Record<string, string>>)[reason] ?? reason;
}
