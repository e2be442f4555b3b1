// SPDX-License-Identifier: GPL-2.0-only
/** A machine of a test's own: a fake addon, and all of callgate's folders below one that goes with the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { Host } from '../../src/host/host.js';
import { FakeAddon } from './fake-addon.js';

export function fakeHost(test: Test): { folder: string; addon: FakeAddon; host: Host } {
  const folder = mkdtempSync(join(tmpdir(), 'callgate-test-'));
  test.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const addon = new FakeAddon();
  const below = (name: string): string => join(folder, name);
  const places = { pins: below('bpf'), run: below('run'), journals: below('lib'), logs: below('log') };
  return {
    folder,
    addon,
    host: { addon, ...places, policies: below('policies'), groups: [], installation: below('usr') },
  };
}
