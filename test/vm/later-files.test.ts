// SPDX-License-Identifier: GPL-2.0-only
/** What version 2 of the language governs of files and devices besides: attributes and requests. One gate for all checks of this file. */
import t from 'tap';
import { attributes } from './attributes.js';
import { checksOf } from './checks.js';
import { needsLsm } from './machine.js';
import { requests } from './requests.js';
import { sharedGate } from './shared.js';

t.setTimeout(900_000);

t.test('version 2, files', { skip: needsLsm(), timeout: 900_000 }, async (t) => {
  const confined = sharedGate();
  const checks = checksOf(confined);
  for (const part of [attributes, requests]) await t.test(part.name, (t) => part(t, checks));
});
