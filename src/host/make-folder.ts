// SPDX-License-Identifier: GPL-2.0-only
/** Folders that are made with what is missing above them. */
import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { codeOf } from './failure.js';

/**
 * Makes a folder, and those above it that are missing; one that is there is well. Node's own way makes and asks without end where a
 * file system says that there is no such folder and makes none (/proc).
 *
 * @throws Error of mkdir(2) or stat(2), as Node has it; EEXIST where a file is there
 */
export function makeFolder(path: string, mode: number): void {
  const missing: string[] = [];
  for (let at = resolve(path); statSync(at, { throwIfNoEntry: false }) === undefined; at = dirname(at))
    missing.unshift(at);
  for (const folder of missing)
    try {
      mkdirSync(folder, { mode });
    } catch (error) {
      // Somebody else was quicker.
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  if (!statSync(path).isDirectory()) mkdirSync(path);
}
