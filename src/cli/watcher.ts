// SPDX-License-Identifier: GPL-2.0-only
/** What launcher/watcher.c has Node do behind a supervisor that was killed: src/supervise/left.ts, its answer as one line. */
import { systemHost } from '../host/host.js';
import { leftBehind } from '../supervise/left.js';
import stdio from './stdio.cjs';

const left = await leftBehind(systemHost());
if (left !== null) stdio.writeNow(1, `${left.pid} ${left.start}\n`);
