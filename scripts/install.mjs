#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// What npm runs when callgate is installed: takes the prebuilt addon where it loads, else builds it; and has this Node compile
// the commands beforehand (src/cli/light-cache.cts). The kernel half is
// in the package compiled (out/bpf/callgate.skel.h), so that a build takes a C++ compiler and libbpf-dev, and no clang.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
// A checkout builds by scripts/setup, which the package does not hold.
if (existsSync(`${root}/scripts/setup`)) process.exit(0);

const builder = createRequire(import.meta.url).resolve('node-gyp-build/bin.js');
const { status } = spawnSync(process.execPath, [builder], { cwd: root, stdio: 'inherit' });
if (status !== 0)
  process.stderr.write(
    'callgate: the prebuilt addon does not load here, and it could not be built.\n' +
      '  do: apt-get install libbpf1 (for the prebuilt one), or apt-get install g++ make python3 libbpf-dev, and install again\n',
  );
// Where it cannot be written commands start slower, and do the same.
if (status === 0) spawnSync(process.execPath, [`${root}/dist/src/cli/light-cache.cjs`], { stdio: 'ignore' });
process.exit(status ?? 1);
