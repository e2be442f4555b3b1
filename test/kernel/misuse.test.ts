// SPDX-License-Identifier: GPL-2.0-only
/** The addon called wrongly, in a process of its own for each scene: a crash is a failed test. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'callgate-misuse-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const rings = `${folder}/rings.o`;
const flags = ['-g', '-O2', '-target', 'bpf', '-mcpu=v3', '-D__TARGET_ARCH_x86', '-I', `${ROOT}out/bpf`];
execFileSync('clang', [...flags, '-c', `${ROOT}test/kernel/rings.bpf.c`, '-o', rings]);
const scenes = fileURLToPath(new URL('./misuse-scenes.js', import.meta.url));

for (const scene of ['functions', 'methods', 'ring', 'descriptors', 'children'])
  t.test(
    scene,
    { skip: process.geteuid?.() !== 0 ? 'not root: prog-run needs CAP_BPF and CAP_PERFMON' : false },
    async (t) => {
      const { status, signal, stdout } = spawnSync(process.execPath, [scenes, rings, scene], {
        encoding: 'utf8',
        timeout: 60_000,
      });
      t.same({ status, signal }, { status: 0, signal: null }, stdout);
      if (scene === 'functions' || scene === 'methods') {
        const wrong = stdout.split('\n').filter((line) => / \S+ \S+$/.test(line) && !/^\S+ (EINVAL|-) \S+$/.test(line));
        t.same(
          wrong.filter((line) => !/^(closed|left out|cases|a method)/.test(line)),
          [],
        );
      }
    },
  );
