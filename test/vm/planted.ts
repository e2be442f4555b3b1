// SPDX-License-Identifier: GPL-2.0-only
/** Files that a test plants where a program works, to see it refused them. */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { loadPolicy } from '../../src/application/application.js';
import { surroundingsOf } from '../../src/application/surroundings.js';
import { decide } from '../../src/decide/decide.js';
import { GROUP_FOLDERS } from '../../src/host/host.js';
import { bytesOf } from '../../src/policy/bytes.js';
import type { Operation } from '../../src/policy/operations.js';

const ROOT_USER = { name: 'root', uid: 0, gid: 0, home: '/root', shell: '/bin/sh' };

/** Folders that the policies' own rules name something in. */
function foldersOf(policies: string): string[] {
  const found = new Set<string>();
  for (const file of readdirSync(policies))
    for (const [, path = ''] of readFileSync(`${policies}/${file}`, 'utf8').matchAll(
      /^ {4,}(?:- |path: )"?(\/[^"\n]*)"?$/gm,
    ))
      if (!/^\/(proc|sys|dev)\//.test(path) && !/[*[{]/.test(dirname(path))) found.add(dirname(path));
  return [...found].sort();
}

/** Plants a file that anybody may read in each folder that the policies name something in. Returns the files. */
export function plant(policies: string): string[] {
  return foldersOf(policies).map((place) => {
    const file = join(place, 'planted-by-a-test');
    writeFileSync(file, 'planted\n');
    chmodSync(file, 0o644);
    return file;
  });
}

/**
 * Those of the files that the policy refuses by its text: the others are admitted by a glob it names.
 * In this process: a command for each would be most of the test's time under emulation.
 */
export function refusedBy(policy: string, work: string, files: readonly string[], operation: Operation): string[] {
  const loaded = loadPolicy(policy, surroundingsOf(ROOT_USER, work, GROUP_FOLDERS)).policy;
  return files.filter((file) => {
    const object = { type: 'path', path: bytesOf(file) } as const;
    return decide(loaded, { operations: [operation], object, uid: 0, gid: 0, owner: 0 }).verdict === 'deny';
  });
}
