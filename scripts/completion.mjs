#!/usr/bin/env node
// SPDX-License-Identifier: GPL-2.0-only
// completion.mjs FOLDER: writes the completions of bash, zsh and fish from the commands' own declarations
// (oclif.manifest.json). Sessions are completed by what is in /run/callgate; behind `run` and `learn` a command line follows.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  process.stderr.write('usage: completion.mjs FOLDER\n');
  process.exit(2);
}
const manifest = JSON.parse(readFileSync(new URL('../oclif.manifest.json', import.meta.url), 'utf8'));
const commands = Object.values(manifest.commands)
  .map(({ id, summary, flags = {} }) => ({
    words: id.split(':'),
    summary,
    flags: Object.entries(flags).map(([name, { type, description = '' }]) => ({
      name,
      takes: type === 'option',
      description,
    })),
  }))
  .sort((a, b) => (a.words.join(' ') < b.words.join(' ') ? -1 : 1));
const topics = [...new Set(commands.filter(({ words }) => words.length > 1).map(({ words }) => words[0]))];
/** Commands whose words are sessions. */
const SESSIONS = ['stop', 'mode', 'audit tail', 'audit denials', 'status'];
const plain = (text) =>
  text.replaceAll('<%= config.bin %>', 'callgate').split('\n')[0].replaceAll("'", '’').replaceAll('`', '');

function bash() {
  const cases = commands.map(
    ({ words, flags }) => `    '${words.join(' ')}') flags='${flags.map(({ name }) => `--${name}`).join(' ')}' ;;`,
  );
  return `# bash completion for callgate
_callgate() {
  local word=\${COMP_WORDS[COMP_CWORD]} first=\${COMP_WORDS[1]:-} command='' flags='' at=2
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    mapfile -t COMPREPLY < <(compgen -W '${[...topics, ...commands.filter(({ words }) => words.length === 1).map(({ words }) => words[0])].join(' ')}' -- "$word")
    return
  fi
  command=$first
  case $first in
${topics
  .map(
    (topic) => `    ${topic})
      if [ "$COMP_CWORD" -eq 2 ]; then
        mapfile -t COMPREPLY < <(compgen -W '${commands
          .filter(({ words }) => words[0] === topic)
          .map(({ words }) => words[1])
          .join(' ')}' -- "$word")
        return
      fi
      command="$first \${COMP_WORDS[2]}" at=3
      ;;`,
  )
  .join('\n')}
  esac
  case $command in
${cases.join('\n')}
  esac
  case $command in
    run | learn)
      # Behind the first word that is no flag stands a command line of its own.
      local index skip=''
      for ((index = at; index < COMP_CWORD; index++)); do
        if [ -n "$skip" ]; then skip=''; continue; fi
        case \${COMP_WORDS[index]} in
          --) _command_offset $((index + 1)); return ;;
          --policies | --user | --from | --log) skip=1 ;;
          -*) ;;
          *) _command_offset "$index"; return ;;
        esac
      done
      ;;
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
    return
  fi
  case $command in
    ${SESSIONS.map((one) => `'${one}'`).join(' | ')})
      mapfile -t COMPREPLY < <(cd /run/callgate 2>/dev/null && compgen -d -- "$word")
      return
      ;;
    run | learn) _command_offset "$COMP_CWORD" ; return ;;
  esac
  mapfile -t COMPREPLY < <(compgen -f -- "$word")
}
complete -o filenames -F _callgate callgate
`;
}

function zsh() {
  const flagsOf = (flags) =>
    flags
      .map(
        ({ name, takes, description }) =>
          `'--${name}[${plain(description).replace(/[[\]:]/g, ' ')}]${takes ? ':value:_files' : ''}'`,
      )
      .join(' ');
  const rest = (words) => {
    const name = words.join(' ');
    if (name === 'run' || name === 'learn') return `'*::command:_normal'`;
    if (SESSIONS.includes(name)) return `'*:session:_path_files -W /run/callgate -/'`;
    return `'*:file:_files'`;
  };
  const list = (entries) => entries.map(([word, text]) => `'${word}:${plain(text).replaceAll(':', ' ')}'`).join(' ');
  const top = [
    ...topics.map((topic) => [topic, manifest.topics?.[topic]?.description ?? `${topic} commands`]),
    ...commands.filter(({ words }) => words.length === 1).map(({ words, summary }) => [words[0], summary]),
  ];
  return `#compdef callgate
_callgate() {
  if (( CURRENT == 2 )); then
    local -a names=(${list(top)})
    _describe command names
    return
  fi
  case $words[2] in
${topics
  .map(
    (topic) => `    ${topic})
      if (( CURRENT == 3 )); then
        local -a names=(${list(commands.filter(({ words }) => words[0] === topic).map(({ words, summary }) => [words[1], summary]))})
        _describe command names
        return
      fi
      shift words; (( CURRENT-- ))
      case $words[2] in
${commands
  .filter(({ words }) => words[0] === topic)
  .map(
    ({ words, flags }) =>
      `        ${words[1]}) shift words; (( CURRENT-- )); _arguments ${flagsOf(flags)} ${rest(words)} ;;`,
  )
  .join('\n')}
      esac
      ;;`,
  )
  .join('\n')}
${commands
  .filter(({ words }) => words.length === 1)
  .map(
    ({ words, flags }) =>
      `    ${words[0]}) shift words; (( CURRENT-- )); _arguments ${flagsOf(flags)} ${rest(words)} ;;`,
  )
  .join('\n')}
  esac
}
_callgate "$@"
`;
}

function fish() {
  const lines = ['# fish completion for callgate', 'complete -c callgate -f'];
  const seen = (words) => words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
  for (const topic of topics) lines.push(`complete -c callgate -n __fish_use_subcommand -a ${topic}`);
  for (const { words, summary, flags } of commands) {
    const [first, second] = words;
    if (second === undefined)
      lines.push(`complete -c callgate -n __fish_use_subcommand -a ${first} -d '${plain(summary)}'`);
    else lines.push(`complete -c callgate -n '${seen([first])}' -a ${second} -d '${plain(summary)}'`);
    for (const { name, takes, description } of flags)
      lines.push(`complete -c callgate -n '${seen(words)}' -l ${name}${takes ? ' -r' : ''} -d '${plain(description)}'`);
    const name = words.join(' ');
    if (SESSIONS.includes(name))
      lines.push(`complete -c callgate -n '${seen(words)}' -a '(command ls /run/callgate 2>/dev/null)'`);
    else if (name === 'run' || name === 'learn')
      lines.push(`complete -c callgate -n '${seen(words)}' -a '(__fish_complete_subcommand)'`);
    else lines.push(`complete -c callgate -n '${seen(words)}' -F`);
  }
  return `${lines.join('\n')}\n`;
}

mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'callgate.bash'), bash());
writeFileSync(join(folder, '_callgate'), zsh());
writeFileSync(join(folder, 'callgate.fish'), fish());
