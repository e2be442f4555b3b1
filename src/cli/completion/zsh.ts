// SPDX-License-Identifier: GPL-2.0-only
/** Completion for zsh: a function for `_arguments`, autoloaded by its first line. */
import { OPERATIONS } from '../../policy/operations.js';
import {
  type Completed,
  type CompletedFlag,
  type Completion,
  firstWords,
  type Kind,
  OBJECTS,
  PLACES,
  SHELLS,
} from './model.js';

export function zshCompletion(completion: Completion): string {
  const { commands, topics } = completion;
  const alone = commands.filter(({ words }) => words.length === 1);
  const below = (topic: string): Completed[] => commands.filter(({ words }) => words.length > 1 && words[0] === topic);
  const listed = (entries: readonly { readonly name: string; readonly summary: string }[]): string =>
    entries.map(({ name, summary }) => `'${name}:${summary}'`).join(' ');
  const seconds = (topic: string): string =>
    listed(below(topic).map(({ words, summary }) => ({ name: words[1] as string, summary })));
  return `#compdef callgate
# zsh completion for callgate; written by callgate completion zsh
_callgate_policy() {
  _alternative 'applications:application:_path_files -W ${PLACES.policies} -/' 'policies:policy:_files -g "*.yaml(-.)"' 'folders:folder:_files -/'
}
_callgate_log() {
  local -a logs=(${PLACES.logs}/*.jsonl(N:t:r))
  _describe log logs
}
_callgate_object() {
  if [[ $PREFIX == /* ]]; then _files; else compadd -S '' -- ${OBJECTS.join(' ')}; fi
}
_callgate_session() {
  local -a sessions=(${PLACES.sessions}/*(N/:t))
  _describe session sessions
}
_callgate() {
  if (( CURRENT == 2 )); then
    local -a names=(${listed(firstWords(completion))})
    _describe command names
    return
  fi
  local -a below
  case $words[2] in
${topics
  .map(
    ({ name }) => `    ${name})
      below=(${seconds(name)})
      if (( CURRENT == 3 )); then
        _describe command below && return
      fi
      case $words[3] in
${below(name)
  .map(
    (one) =>
      `        ${one.words[1]}) (( CURRENT > 3 )) && { shift 2 words; (( CURRENT -= 2 )); ${argumentsOf(one)}; return } ;;`,
  )
  .join('\n')}
      esac
      ;;`,
  )
  .join('\n')}
  esac
  case $words[2] in
${alone.map((one) => `    ${one.words[0]}) shift words; (( CURRENT-- )); ${argumentsOf(one)} ;;`).join('\n')}
  esac
}
_callgate "$@"
`;
}

function argumentsOf({ flags, operands }: Completed): string {
  const last = operands.at(-1) as Kind;
  const places = operands.slice(0, -1).map((kind, index) => `'${index + 1}:${kind}:${actionOf(kind)}'`);
  const rest = last === 'none' ? [] : last === 'line' ? [`'*::command:_normal'`] : [`'*:${last}:${actionOf(last)}'`];
  return ['_arguments', ...flags.map(flagText), ...places, ...rest].join(' ');
}

function flagText({ name, description, value }: CompletedFlag): string {
  const taken =
    value === null
      ? ''
      : `:value:${typeof value === 'string' ? actionOf(value) : `(${value.join(' ').replaceAll(':', '\\:')})`}`;
  return `'--${name}[${description}]${taken}'`;
}

function actionOf(kind: Kind): string {
  switch (kind) {
    case 'session':
      return '_callgate_session';
    case 'log':
      return '_callgate_log';
    case 'policy':
      return '_callgate_policy';
    case 'file':
      return '_files';
    case 'folder':
      return '_files -/';
    case 'user':
      return '_users';
    case 'program':
      return '_command_names -e';
    case 'line':
      return '_normal';
    case 'object':
      return '_callgate_object';
    case 'operation':
      return `(${OPERATIONS.join(' ')})`;
    case 'command':
      return ' ';
    case 'shell':
      return `(${SHELLS.join(' ')})`;
    case 'none':
      return ' ';
  }
}
