// SPDX-License-Identifier: GPL-2.0-only
/** What an import has to say: which lines became a narrower rule, which say more than is enforced, which need no rule. */
import type { Place } from '../policy/model.js';

/**
 * `narrower`: less is permitted than the line said. `unenforced`: the line forbids, or ties to something, what callgate does
 * not judge. `needless`: nothing is to be written for it. `note`: of the whole policy.
 */
export type Kind = 'narrower' | 'unenforced' | 'needless' | 'note';

interface Entry {
  readonly kind: Kind;
  readonly message: string;
  readonly remedy: string | null;
}

const WIDEN = 'import with --widen, which takes such a line for all that it may mean';

/** The closed table. Codes are part of the output of `policy import --json` and never change their meaning. */
const TABLE = {
  argument: {
    kind: 'narrower',
    message:
      'tests an argument that callgate does not see (argv, mode, owner, the other name): what it permits is left out, what it denies is denied whatever the argument',
    remedy: WIDEN,
  },
  pattern: {
    kind: 'narrower',
    message:
      'the comparison has no pattern in the language of policies: of a permit what surely matches is taken over, of a denial all that might',
    remedy: 'write the patterns by hand',
  },
  common: {
    kind: 'narrower',
    message: 'what both sides have in common has no pattern in the language of policies: it is not permitted',
    remedy: 'write the patterns by hand',
  },
  unusable: {
    kind: 'narrower',
    message: 'names what no path and no address can be: left out',
    remedy: null,
  },
  lesser: {
    kind: 'narrower',
    message:
      'callgate does not tell the call from others: making a link, a folder, a fifo or a socket takes `create`, removing a folder `delete`, reading a link `read`, a rename `delete` of the old name, `create` and `delete` of the new one; the policy does not permit that here',
    remedy: `add such rules, or ${WIDEN}`,
  },
  'by-others': {
    kind: 'narrower',
    message:
      'is judged by the path of what it is done to (fchmod as chmod, fchown as chown, truncate as an open for writing): permitted where these are',
    remedy: 'add the paths, as in `permit: chmod`',
  },
  'read-write': {
    kind: 'narrower',
    message:
      'let the file be opened for reading and writing at once, which takes `read` too; the policy does not permit that here',
    remedy: 'add `permit: read` where the program opens for both',
  },
  flags: {
    kind: 'narrower',
    message:
      'tells opens that create a file from opens that only write; creating a file by an open takes `write` as well as `create`',
    remedy: 'add `permit: write` where that is meant',
  },
  families: {
    kind: 'narrower',
    message: 'let sockets of all families be made; unix, inet, inet6 and netlink are taken over',
    remedy: 'add others by name, as in `family: packet`',
  },
  'family-number': {
    kind: 'narrower',
    message: 'names a family by a number, which is that of another system: left out',
    remedy: 'add the family by its name on Linux, as in `family: packet`',
  },
  floor: {
    kind: 'narrower',
    message: 'permits what a subject of callgate is refused in every mode (docs/policy-language.md, "The floor")',
    remedy: null,
  },
  'denied-first': {
    kind: 'narrower',
    message:
      'one call was denied what a rule before permits to another; callgate does not tell the two apart, and the denial comes first',
    remedy: null,
  },
  tangled: {
    kind: 'narrower',
    message: 'too many rules hang on what this one excludes: that is denied',
    remedy: 'write the paths by hand',
  },
  account: {
    kind: 'narrower',
    message: 'names a user or group that this machine does not have: a permit is left out, a denial is for all',
    remedy: 'add the account, or write its number',
  },
  'code-conditional': {
    kind: 'narrower',
    message: 'lets code be mapped for some users only: it is mapped for none',
    remedy: 'add `permit: load` by hand',
  },
  unread: {
    kind: 'narrower',
    message: 'cannot be read: from here on its call is denied',
    remedy: 'mend the line',
  },
  elevation: {
    kind: 'unenforced',
    message:
      'ran the call with the rights of another user (`as`): not enforced yet, it runs with the rights that the program has',
    remedy: 'start the program as that user, or give it the capability it needs',
  },
  ungoverned: {
    kind: 'unenforced',
    message: 'forbids, or ties to something, a call that callgate does not judge: it is let through',
    remedy: null,
  },
  memory: {
    kind: 'unenforced',
    message:
      'tells how memory may be protected; callgate judges which files are mapped as code, and nothing else of it',
    remedy: null,
  },
  'lesser-denied': {
    kind: 'unenforced',
    message:
      'denies, or asks about, a call that callgate does not tell from others (making a link, a folder, a fifo or a socket is `create`, a rename is `delete` and `create`): it is permitted where these are',
    remedy: 'deny `delete` or `create` of the names that are meant',
  },
  'let-through': {
    kind: 'needless',
    message: 'permits a call that callgate does not judge: it is let through',
    remedy: null,
  },
  'never-permitted': {
    kind: 'needless',
    message: 'denies what a subject of callgate is refused in every mode',
    remedy: null,
  },
  covered: {
    kind: 'needless',
    message: 'permits what other lines of the policy permit as well',
    remedy: null,
  },
  code: {
    kind: 'needless',
    message: 'lets files be mapped as code: what may be read may be loaded',
    remedy: null,
  },
  'no-object': {
    kind: 'needless',
    message: 'is about names of which nothing is there; the kernel answers ENOENT by itself',
    remedy: null,
  },
  never: {
    kind: 'needless',
    message: 'never matched: systrace printed no argument like this',
    remedy:
      'brackets of an address are a set of signs for `match` unless escaped, `eq` knows no signs, and paths have no slash at their end',
  },
  unreached: { kind: 'needless', message: 'is never reached: a rule before decides', remedy: null },
  'flag-idle': {
    kind: 'needless',
    message: 'inherit and detach were looked at where a program is run, and nowhere else',
    remedy: null,
  },
  detached: {
    kind: 'needless',
    message: 'the program is not monitored: it gets no policy, and who runs it by its path needs `policy: unconfined`',
    remedy: null,
  },
  widened: {
    kind: 'note',
    message: 'taken for all that it may mean (--widen): more is permitted than the line said',
    remedy: null,
  },
  case: {
    kind: 'note',
    message: '`eq` compared without regard to case; what these lines permit is the name as it is written',
    remedy: null,
  },
  protocols: {
    kind: 'note',
    message: 'systrace told no protocol: an address is permitted for tcp and udp, and denied for all',
    remedy: 'take out what the program does not use; raw and icmp sockets are named where the policy has SOCK_RAW',
  },
  lexical: {
    kind: 'note',
    message: 'paths are as the program spelled them; callgate judges what they resolve to',
    remedy: 'callgate policy fmt --resolve FILE',
  },
  'open-flags': {
    kind: 'note',
    message:
      'fsread let files be created and truncated by an open that only reads (O_RDONLY with O_CREAT or O_TRUNC); here that takes `create` and `write`',
    remedy: null,
  },
  'one-right': {
    kind: 'note',
    message:
      'callgate does not tell a rename from deleting and creating, nor a link, a fifo or a folder from a file that is made: where the policy permits the one, it permits the other',
    remedy: null,
  },
  chroot: {
    kind: 'note',
    message: 'the program changes its root, which callgate refuses; names behind that are from the new root',
    remedy: 'import with --chroot DIR, which grants each name below DIR as well',
  },
  variables: {
    kind: 'note',
    message:
      'variables are those of the user that the program is run as, once; systrace run by root took the current user of each call',
    remedy: null,
  },
  'no-code': {
    kind: 'note',
    message: 'no line lets code be mapped: nothing but the loader may be loaded',
    remedy: null,
  },
} as const satisfies Readonly<Record<string, Entry>>;

export type RemarkCode = keyof typeof TABLE;

/** One thing to say, with the lines it is about (none: of the policy). */
export interface Report extends Entry {
  readonly code: RemarkCode;
  readonly lines: readonly Place[];
  /** Names of calls that it is about, where there are several lines. */
  readonly calls: readonly string[];
}

/** Collects what is to be said, each thing once, with all its lines. */
export class Reports {
  readonly #found = new Map<RemarkCode, { lines: Map<number, Place>; calls: Set<string> }>();

  add(code: RemarkCode, place?: Place, call?: string): void {
    const found = this.#found.get(code) ?? { lines: new Map<number, Place>(), calls: new Set<string>() };
    if (place !== undefined) found.lines.set(place.line, place);
    if (call !== undefined) found.calls.add(call);
    this.#found.set(code, found);
  }

  /** Takes back what was said of a line. */
  drop(code: RemarkCode, line: number): void {
    const found = this.#found.get(code);
    found?.lines.delete(line);
    if (found?.lines.size === 0) this.#found.delete(code);
  }

  /** What was said of a line. */
  of(line: number): RemarkCode[] {
    return [...this.#found].flatMap(([code, { lines }]) => (lines.has(line) ? [code] : []));
  }

  /** In the order of the table: what matters first. */
  all(): Report[] {
    return (Object.keys(TABLE) as RemarkCode[]).flatMap((code) => {
      const found = this.#found.get(code);
      if (found === undefined) return [];
      const lines = [...found.lines.values()].sort((one, other) => one.line - other.line);
      return [{ code, ...(TABLE[code] as Entry), lines, calls: [...found.calls].sort() }];
    });
  }
}

/** Does --strict refuse it? */
export function isStrict({ kind }: { readonly kind: Kind }): boolean {
  return kind === 'narrower' || kind === 'unenforced';
}

/** Numbers of lines as a person writes them: `3-7, 12`. */
export function linesText(lines: readonly number[]): string {
  const parts: string[] = [];
  for (let index = 0; index < lines.length; index++) {
    const first = lines[index] as number;
    while (lines[index + 1] === (lines[index] as number) + 1) index++;
    const last = lines[index] as number;
    parts.push(first === last ? String(first) : last === first + 1 ? `${first}, ${last}` : `${first}-${last}`);
  }
  return parts.join(', ');
}
