// SPDX-License-Identifier: GPL-2.0-only
/** Completion for fish: a line for each word. */
import { OPERATIONS } from '../../policy/operations.js';
import { type Completed, type Completion, firstWords, type Kind, OBJECTS, PLACES, SHELLS } from './model.js';

export function fishCompletion(completion: Completion): string {
  const lines = [
    '# fish completion for callgate; written by callgate completion fish',
    'function __callgate_called',
    '    set -l words (commandline -opc)[2..]',
    '    test (count $words) -ge (count $argv); or return 1',
    '    for at in (seq (count $argv))',
    '        test $words[$at] = $argv[$at]; or return 1',
    '    end',
    '    test (count $words) -eq (count $argv); and return 0',
    '    test (count $argv) -gt 1; and return 0',
    '    # learn is a command and a topic.',
    '    not contains -- $words[2] $__callgate_below',
    'end',
    'function __callgate_first',
    '    test (count (commandline -opc)) -eq 1',
    'end',
    'function __callgate_second',
    '    set -l words (commandline -opc)[2..]',
    '    test (count $words) -eq 1; and test $words[1] = $argv[1]',
    'end',
    `set -g __callgate_below ${completion.commands
      .filter(({ words }) => words.length > 1)
      .map(({ words }) => words[1])
      .join(' ')}`,
    'complete -c callgate -f',
  ];
  for (const { name, summary } of firstWords(completion))
    lines.push(`complete -c callgate -n __callgate_first -a ${name} -d '${summary}'`);
  for (const one of completion.commands) lines.push(...commandLines(one));
  return `${lines.join('\n')}\n`;
}

function commandLines({ words, summary, flags, operands }: Completed): string[] {
  const called = `'__callgate_called ${words.join(' ')}'`;
  const [first, second] = words;
  const lines =
    second === undefined ? [] : [`complete -c callgate -n '__callgate_second ${first}' -a ${second} -d '${summary}'`];
  for (const { name, description, value } of flags) {
    const takes =
      value === null ? '' : typeof value === 'string' ? ` -r ${actionOf(value)}` : ` -x -a '${value.join(' ')}'`;
    lines.push(`complete -c callgate -n ${called} -l ${name}${takes} -d '${description}'`);
  }
  for (const kind of new Set(operands)) {
    const action = actionOf(kind);
    if (action !== '') lines.push(`complete -c callgate -n ${called} ${action}`);
  }
  return lines;
}

function actionOf(kind: Kind): string {
  switch (kind) {
    case 'session':
      return `-a '(path basename ${PLACES.sessions}/*/ 2>/dev/null)'`;
    case 'log':
      return `-a '(path change-extension "" (path basename ${PLACES.logs}/*.jsonl 2>/dev/null))'`;
    case 'policy':
      return `-F -a '(path basename ${PLACES.policies}/*/ 2>/dev/null)'`;
    case 'file':
    case 'folder':
      return '-F';
    case 'user':
      return `-a '(__fish_complete_users)'`;
    case 'program':
      return `-F -a '(__fish_complete_command)'`;
    case 'line':
      return `-a '(__fish_complete_subcommand)'`;
    case 'object':
      return `-F -a '${OBJECTS.join(' ')}'`;
    case 'operation':
      return `-a '${OPERATIONS.join(' ')}'`;
    case 'shell':
      return `-a '${SHELLS.join(' ')}'`;
    case 'command':
    case 'none':
      return '';
  }
}
