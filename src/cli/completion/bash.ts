// SPDX-License-Identifier: GPL-2.0-only
/** Completion for bash(1), without bash-completion's functions but where a whole command line follows. */
import { OPERATIONS } from '../../policy/operations.js';
import { type Completed, type Completion, firstWords, OBJECTS, PLACES, SHELLS } from './model.js';

export function bashCompletion(completion: Completion): string {
  const { commands, topics } = completion;
  const name = ({ words }: Completed): string => words.join(' ');
  const seconds = (topic: string): string =>
    commands
      .filter(({ words }) => words.length > 1 && words[0] === topic)
      .map(({ words }) => words[1])
      .join(' ');
  const alone = (topic: string): boolean => commands.some(({ words }) => words.length === 1 && words[0] === topic);
  return `# bash completion for callgate; written by callgate completion bash
_callgate_kind() {
  case $1 in
    session) _callgate_list "$(cd ${PLACES.sessions} 2>/dev/null && printf '%s\\n' */ | sed 's#/$##')" ;;
    log) _callgate_list "$(cd ${PLACES.logs} 2>/dev/null && printf '%s\\n' *.jsonl | sed 's#\\.jsonl$##')" ;;
    policy)
      _callgate_list "$(cd ${PLACES.policies} 2>/dev/null && printf '%s\\n' */ | sed 's#/$##')"
      local found
      mapfile -t found < <(compgen -d -- "$word"; compgen -f -X '!*.yaml' -- "$word")
      COMPREPLY+=("\${found[@]}")
      compopt -o filenames 2>/dev/null
      ;;
    file) mapfile -t COMPREPLY < <(compgen -f -- "$word"); compopt -o filenames 2>/dev/null ;;
    folder) mapfile -t COMPREPLY < <(compgen -d -- "$word"); compopt -o filenames 2>/dev/null ;;
    user) mapfile -t COMPREPLY < <(compgen -u -- "$word") ;;
    program) mapfile -t COMPREPLY < <(compgen -c -- "$word"; compgen -f -- "$word") ;;
    object)
      _callgate_list '${OBJECTS.join('\n')}'
      if [[ $word == /* ]]; then mapfile -t COMPREPLY < <(compgen -f -- "$word"); compopt -o filenames 2>/dev/null
      else compopt -o nospace 2>/dev/null; fi
      ;;
    operation) _callgate_list '${OPERATIONS.join('\n')}' ;;
    command) _callgate_list '${firstWords(completion)
      .map((one) => one.name)
      .join('\n')}' ;;
    shell) _callgate_list '${SHELLS.join('\n')}' ;;
  esac
}
# No compgen -W: it would expand what names of folders have in them.
_callgate_list() {
  local one
  while IFS= read -r one; do
    if [[ -n $one && $one != '*'* && $one == "$word"* ]]; then COMPREPLY+=("$one"); fi
  done <<<"$1"
}
_callgate() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]:-} at=2
  local flags='' value='' operands='' index place=0
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    _callgate_list '${firstWords(completion)
      .map((one) => one.name)
      .join('\n')}'
    return
  fi
  case $command in
${topics
  .map(
    (topic) => `    ${topic.name})
      case " ${seconds(topic.name)} " in
        *" \${COMP_WORDS[2]} "*)
          if [ "$COMP_CWORD" -gt 2 ]; then command="$command \${COMP_WORDS[2]}" at=3; fi ;;
      esac
      if [ "$COMP_CWORD" -eq 2 ]; then
        _callgate_list '${seconds(topic.name).split(' ').join('\n')}'
${alone(topic.name) ? '        [ ${#COMPREPLY[@]} -eq 0 ] || return' : '        return'}
      fi
      ;;`,
  )
  .join('\n')}
  esac
  case $command in
${commands
  .map((one) => {
    const { flags, operands } = one;
    const words = flags.map((flag) => `--${flag.name}`).join(' ');
    const values = flags.flatMap(({ name, value }) =>
      value === null ? [] : [`--${name}) value='${typeof value === 'string' ? value : value.join(' ')}' ;;`],
    );
    const cases = values.length === 0 ? '' : `; case $before in ${values.join(' ')} esac`;
    return `    '${name(one)}') flags='${words}' operands='${operands.join(' ')}'${cases} ;;`;
  })
  .join('\n')}
    *) return ;;
  esac
  if [ -n "$value" ]; then
    case $value in
      *' '*) _callgate_list "$(printf '%s\\n' $value)" ;;
      *) _callgate_kind "$value" ;;
    esac
    return
  fi
  for ((index = at; index < COMP_CWORD; index++)); do
    case \${COMP_WORDS[index]} in
      --) [ "$operands" != line ] || { ((COMP_CWORD > index)) && _callgate_line $((index + 1)); return; } ;;
      --*) case $command:\${COMP_WORDS[index]} in ${takers(commands)}) ((index++)) ;; esac ;;
      *)
        if [ "$operands" = line ]; then _callgate_line "$index"; return; fi
        ((place++))
        ;;
    esac
  done
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
    return
  fi
  if [ "$operands" = line ]; then _callgate_line "$COMP_CWORD"; return; fi
  set -- $operands
  while [ "$place" -gt 0 ] && [ $# -gt 1 ]; do shift; ((place--)); done
  _callgate_kind "$1"
}
_callgate_line() {
  if declare -F _command_offset >/dev/null; then _command_offset "$1"
  elif [ "$1" -eq "$COMP_CWORD" ]; then mapfile -t COMPREPLY < <(compgen -c -- "$word")
  else mapfile -t COMPREPLY < <(compgen -f -- "$word"); compopt -o filenames 2>/dev/null; fi
}
complete -F _callgate callgate
`;
}

/** Patterns of the flags that take a value: the word behind one is no operand. */
function takers(commands: readonly Completed[]): string {
  return commands
    .flatMap(({ words, flags }) =>
      flags.filter(({ value }) => value !== null).map(({ name }) => `'${words.join(' ')}:--${name}'`),
    )
    .join(' | ');
}
