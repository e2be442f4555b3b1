// SPDX-License-Identifier: GPL-2.0-only
import type { Bytes } from '../../policy/bytes.js';
import { literal, type NameRule } from './name.js';

/** Digits and dots, as versions are: nothing that could be another ending. */
const VERSION = '[0-9.]{1-16}';
/** Folders below /usr that are named after a version of what they hold, as Debian names them. */
const FOLDERS =
  /^((?:python|perl|ruby|php|lua|vim|tcl|tk|gcc|clang|llvm-|java-|openjdk-|jvm-|postgresql-|guile-?|R-?|node)-?)(\d+(?:\.\d+)*)((?:-[a-z0-9-]+)?)$/;

/**
 * Versions: what stands behind `.so` changes with an update of a library and nothing else does; so it is with the folders of
 * interpreters and compilers (`/usr/lib/python3.11`, `/usr/lib/gcc/x86_64-linux-gnu/12`) and with the files of a kernel.
 */
export const versionRule: NameRule = {
  name: 'version',
  reason: 'an update changes the version in the name, and nothing else',
  apply: ({ names, operation }) => {
    const found = new Map<number, string>();
    if (operation !== 'load' && operation !== 'read' && operation !== 'stat' && operation !== 'list') return found;
    const last = names.length - 1;
    // What stands first behind .so is the interface: another one takes another program too.
    const stem = /^(.+\.so\.[0-9]+)\.[0-9][0-9.]*$/.exec(names[last] ?? '')?.[1];
    if (stem !== undefined) found.set(last, `${literal(stem)}.${VERSION}`);
    if (names[0] === 'usr' && /^(lib|share|libexec|include)$/.test(names[1] ?? ''))
      names.forEach((name, index) => {
        // The file itself is the program's name for it, not a folder of a version.
        if (index < 2 || index === last) return;
        const [, front, , end] = FOLDERS.exec(name) ?? [];
        if (front !== undefined) found.set(index, `${literal(front)}${VERSION}${literal(end ?? '')}`);
        else if (/^\d+(\.\d+)*$/.test(name) && isVersioned(names[index - 1])) found.set(index, VERSION);
      });
    if (names[0] === 'usr' && names[1] === 'lib' && names[2] === 'modules' && /^\d/.test(names[3] ?? ''))
      found.set(
        3,
        (names[3] as string)
          .split(/(\d[\d.]*)/)
          .map((part, at) => (at % 2 === 1 ? VERSION : literal(part)))
          .join(''),
      );
    return found;
  },
};

/** Folders whose folders are versions. */
function isVersioned(name: Bytes | undefined): boolean {
  return (
    name !== undefined && /^(gcc|perl|perl5|ruby|php|x86_64-linux-gnu|aarch64-linux-gnu|guile|R|nodejs|jvm)$/.test(name)
  );
}
