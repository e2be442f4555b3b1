// SPDX-License-Identifier: GPL-2.0-only
/** oclif's hook for a word that is no command. */
import type { Hook } from '@oclif/core';
import { plain } from '../host/plain.js';

/** Says what there is, as every other failure is said. */
const notFound: Hook<'command_not_found'> = async ({ id, config }) => {
  const words = id.split(':');
  const topic = words.slice(0, -1).join(':');
  const known = config.commandIDs.filter((one) => topic === '' || one.startsWith(`${topic}:`));
  const near = known.filter((one) =>
    one
      .split(':')
      .at(-1)
      ?.startsWith(words.at(-1)?.slice(0, 2) ?? ''),
  );
  const there = (near.length > 0 ? near : known).map((one) => one.replaceAll(':', ' ')).sort();
  const message = `${words.join(' ').replaceAll('\n', '\\x0a')}: no such command; there is ${there.join(', ')}`;
  const remedy = 'callgate --help';
  if (process.argv.includes('--json'))
    process.stdout.write(`${JSON.stringify({ error: { message, remedy, status: 2 } }, null, 2)}\n`);
  else process.stderr.write(plain(`callgate: ${message}\n  do: ${remedy}\n`));
  process.exit(2);
};

export default notFound;
