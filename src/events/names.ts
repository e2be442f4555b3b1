// SPDX-License-Identifier: GPL-2.0-only
/** The words for what the kernel half tells by number. Public: they stand in events. */
import { type Word, wordsOf } from '../abi/words.js';

/** By enum cg_unresolved: why an object could not be told, or what else than a rule refused it. */
export const REASONS = wordsOf('unresolved');

/** By enum cg_floor: what the hard-wired floor refused. */
export const FLOORS = wordsOf('floor');

/** Why an exec may not change the policy, where the same exec under the same policy may be. */
export const HOLDING: ReadonlySet<string> = new Set<Word<'unresolved'>>([
  'traced',
  'traces',
  'shared',
  'filters',
  'script',
]);

/** The reason of a system call that got SIGSYS instead of an errno. */
export const KILLED = 'killed';

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
  address: '0.0.0.0 or :: as a destination, and only routing tells which address of this machine that is',
  addresses: 'more addresses in one call than are looked at',
  traced:
    'permitted, but the process is traced by one that is not under the next policy: detach it, or permit with policy: inherit',
  traces: 'permitted, but the process traces others under its own policy: detach them, or permit with policy: inherit',
  shared:
    'permitted, but its current folder is shared with another process (CLONE_FS): unshare it, or permit with policy: inherit',
  filters:
    'permitted, but it has a seccomp filter that would judge for the next policy: add it after the exec, or permit with policy: inherit',
  environment:
    'permitted, but its environment gives an unconfined program orders (LD_*, BASH_ENV and others: see docs/policy-language.md): unset them, or give the program a policy',
  script:
    'permitted, but the name need not lead to this script when its interpreter opens it: use its whole path without links, or permit with policy: inherit',
  moved: 'it, or something below it, would be granted more there than where it comes from: copy it instead',
  stale: "the policy's number is another session's by now",
  unattended: 'a rule asks, and nobody was there to answer',
  unaskable: 'a rule asks, and this call cannot be stopped and begun again, or the object is too long to ask about',
  questions: 'a rule asks, and too many questions wait, or this one was asked again and again without an answer',
};

/** What a reason means, for a person; a word that is none (of a floor, of a log of another version) as it is. */
export function reasonText(reason: string): string {
  return (REASON_TEXTS as Readonly<Record<string, string>>)[reason] ?? reason;
}
