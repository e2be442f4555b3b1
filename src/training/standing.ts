// SPDX-License-Identifier: GPL-2.0-only
/** What stands behind the policies of a folder, by the certificates at their heads: told where it is little. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isPolicyFile } from '../application/application.js';
import { isCertificate } from '../learn/certificate.js';

/**
 * A line for policies that one run alone stands behind, and one for those whose last run lost something. None where nothing
 * was learned, or nothing can be read: whoever runs under them is told so elsewhere.
 */
export function standingOf(folder: string): string[] {
  const [single, tainted]: [string[], string[]] = [[], []];
  for (const { name, certificate } of certificates(folder)) {
    if (SINGLE.test(certificate)) single.push(name);
    if (/, TAINTED: /.test(certificate)) tainted.push(name);
  }
  const named = (names: readonly string[]): string => names.map((name) => basename(name, '.yaml')).join(', ');
  return [
    ...(single.length === 0
      ? []
      : [
          `learned from fewer than two whole runs, so other data may be refused: ${named(single)} (callgate learn status ${folder})`,
        ]),
    ...(tainted.length === 0
      ? []
      : [`the last run lost something, so what it needs may be refused: ${named(tainted)} (learn again)`]),
  ];
}

function certificates(folder: string): { name: string; certificate: string }[] {
  try {
    return readdirSync(folder)
      .filter(isPolicyFile)
      .sort()
      .flatMap((name) => {
        const lines = readFileSync(join(folder, name), 'utf8').split('\n', HEAD_LINES);
        const last = lines.findLast(isCertificate);
        return last === undefined ? [] : [{ name, certificate: last }];
      });
  } catch {
    return [];
  }
}

const HEAD_LINES = 40;

/** As the learner of this version writes it, and as earlier ones did. */
const SINGLE = /; (?:1|no whole) run(?: \([^)]*\)|, (?:partial runs|sessions) [^:]*)?: /;
