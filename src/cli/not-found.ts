// SPDX-License-Identifier: GPL-2.0-only
/** oclif's hook for a word that is no command. */
import type { Hook } from '@oclif/core';

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
  process.stderr.write(
    `callgate: ${words.join(' ')}: no such command; there is ${there.join(', ')}\n  do: callgate --help\n`,
  );
  process.exit(2);
};

export default notFound;
