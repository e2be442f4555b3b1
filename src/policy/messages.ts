// SPDX-License-Identifier: GPL-2.0-only
/**
 * Everything that can be wrong with a policy's text: what is said, and what to do. The table is closed; a code is part of
 * the output of `policy check --json` and never changes its meaning.
 */

/** The facts each message needs. */
export interface Facts {
  // The text as such.
  'text-too-long': { most: string };
  'not-utf8': object;
  'nul-byte': object;
  'carriage-return': object;
  'byte-order-mark': object;
  'control-character': { code: string };
  'empty-file': object;
  // YAML.
  'yaml-syntax': { detail: string };
  'tab-indent': object;
  'several-documents': object;
  directive: object;
  anchor: { name: string };
  alias: { name: string };
  tag: { tag: string };
  'merge-key': object;
  'several-lines': { block: string };
  'unquoted-sign': { sign: string; value: string };
  'key-not-text': object;
  'duplicate-key': { key: string; line: number };
  'nested-too-deep': { most: number };
  // The shape of a policy.
  'not-a-map': { what: string; got: string };
  'unknown-key': { key: string; where: string; hint: string };
  'key-after-rules': { key: string };
  'missing-key': { key: string; where: string; example: string };
  'wrong-type': { key: string; expected: string; got: string };
  'wrong-word': { key: string; got: string; words: string; hint: string };
  'empty-list': { key: string };
  'version-unknown': { got: string };
  'program-relative': { path: string };
  'program-glob': { sign: string };
  'program-path': { path: string; instead: string };
  'syscall-name': { name: string };
  duration: { text: string };
  'group-name': { name: string };
  'group-unknown': { name: string; hint: string };
  'group-twice': { name: string };
  // Rules.
  'verdict-missing': object;
  'verdict-twice': { first: string; second: string };
  'unknown-operation': { name: string; hint: string };
  'mixed-operations': { verdict: string; files: string; sockets: string };
  'objects-missing': { operations: string; keys: string };
  'path-for-sockets': { key: string; operations: string };
  'address-for-files': { key: string; operations: string };
  'errno-without-deny': { verdict: string };
  'unknown-errno': { name: string; hint: string };
  'transition-without-exec': object;
  'transition-without-permit': { verdict: string };
  'ask-receive': object;
  'unknown-kind': { name: string; hint: string };
  // Path patterns.
  'pattern-relative': { pattern: string };
  'pattern-slashes': { instead: string };
  'trailing-slash': { instead: string };
  'dot-component': { name: string };
  'set-empty': object;
  'set-open': object;
  'set-reversed': { first: string; last: string };
  'set-caret': object;
  'set-class': { name: string };
  'set-multibyte': { character: string };
  'slash-inside': { what: string };
  'brace-open': object;
  'sign-unopened': { sign: string };
  'brace-single': object;
  'brace-depth': { most: number };
  'count-range': { count: string; most: number; spread: number };
  'deep-inside': object;
  'self-inside': object;
  'escape-unknown': { escape: string };
  'escape-byte': { escape: string; what: string };
  'escape-open': object;
  'name-too-long': { least: number; most: number; what: string };
  'path-too-long': { least: number; most: number };
  'component-empty': { component: string };
  'thread-self': { instead: string };
  'variable-unknown': { name: string; hint: string };
  'variable-unset': { name: string };
  'variable-unusable': { name: string; value: string };
  // Addresses and families.
  'address-form': { address: string };
  'unknown-protocol': { name: string; hint: string };
  'host-name': { host: string };
  'host-address': { host: string };
  'host-zone': { host: string };
  'ipv6-brackets': { instead: string };
  'ipv4-brackets': { instead: string };
  'prefix-length': { prefix: string; most: number };
  'prefix-bits': { instead: string };
  'prefix-covers-ipv4': { instead: string };
  'no-destination': { host: string; operations: string; taken: string; instead: string };
  'port-missing': { instead: string };
  'port-number': { port: string };
  'port-order': { instead: string };
  'unix-form': { address: string };
  'unknown-family': { name: string; hint: string };
  'unknown-socket-protocol': { family: string; name: string; hint: string };
  'family-protocol': { instead: string };
  // Conditions.
  'condition-empty': { key: string };
  'condition-twice': { name: string; id: string };
  'unknown-user': { name: string };
  'unknown-group': { name: string };
  'name-is-number': { key: string; instead: string };
  'id-form': { key: string; value: string };
  'id-never': { value: string };
}

export type ProblemCode = keyof Facts;

interface Text<F> {
  readonly message: (facts: F) => string;
  readonly remedy: (facts: F) => string;
}

const hinted = (hint: string, otherwise: string): string => (hint === '' ? otherwise : `did you mean ${hint}?`);

/** Message and remedy of each problem. */
export const MESSAGES: { readonly [C in ProblemCode]: Text<Facts[C]> } = {
  'text-too-long': {
    message: ({ most }) => `the file is longer than ${most}`,
    remedy: () => 'split it into groups, or name folders with `**` instead of single files',
  },
  'not-utf8': {
    message: () => 'the file is not valid UTF-8 here',
    remedy: () => 'write a byte that is no UTF-8 as \\xHH, in single quotes',
  },
  'nul-byte': { message: () => 'a NUL byte', remedy: () => 'remove it; in a pattern write \\x00' },
  'carriage-return': {
    message: () => 'a carriage return: the lines end in CR LF',
    remedy: () => "end lines in LF alone (sed -i 's/\\r$//' FILE)",
  },
  'byte-order-mark': {
    message: () => 'the file begins with a byte order mark',
    remedy: () => "remove it (sed -i '1s/^\\xef\\xbb\\xbf//' FILE)",
  },
  'control-character': {
    message: ({ code }) => `the character ${code}, which cannot be seen`,
    remedy: () => 'remove it; in a pattern write each of its bytes as \\xHH',
  },
  'empty-file': {
    message: () => 'the file holds no policy',
    remedy: () => 'begin with `version: 1` and `program:`, or let `callgate learn` write it',
  },
  'yaml-syntax': { message: ({ detail }) => `not YAML: ${detail}`, remedy: () => 'mend the line, or quote the value' },
  'tab-indent': { message: () => 'a tab as indentation', remedy: () => 'indent with spaces' },
  'several-documents': {
    message: () => 'a second document begins here',
    remedy: () => 'write one policy a file',
  },
  directive: { message: () => 'a YAML directive', remedy: () => 'remove the line; if it is a value, quote it' },
  anchor: {
    message: ({ name }) => `the anchor &${name}`,
    remedy: () => 'write the value out where it is needed; if the & belongs to a value, quote it',
  },
  alias: {
    message: ({ name }) => `the alias *${name}`,
    remedy: ({ name }) => `if a pattern is meant, quote it: "*${name}"; otherwise write the value out`,
  },
  tag: {
    message: ({ tag }) => `the tag ${tag}`,
    remedy: () => 'remove it; if the ! belongs to a value, quote it',
  },
  'several-lines': {
    message: ({ block }) => `a value over several lines${block === '' ? '' : ` (${block})`}: YAML joins them to one`,
    remedy: () => 'one object a line: write a list, or the value in quotes on one line',
  },
  'merge-key': { message: () => 'a merge key', remedy: () => 'write the keys out' },
  'unquoted-sign': {
    message: ({ sign, value }) => `an unquoted ${sign} in ${value}: YAML takes it for its own`,
    remedy: ({ value }) => `quote it: "${value}"`,
  },
  'key-not-text': { message: () => 'a key that is no word', remedy: () => 'write one of the known keys' },
  'duplicate-key': {
    message: ({ key, line }) => `the key ${key} stands here a second time, first in line ${line}`,
    remedy: () => 'keep one of the two',
  },
  'nested-too-deep': {
    message: ({ most }) => `lists and maps nested more than ${most} deep`,
    remedy: () => 'no policy needs that; write the value out, and quote patterns that hold [ or {',
  },
  'not-a-map': {
    message: ({ what, got }) => `${what} must be keys with values, not ${got}`,
    remedy: () => 'write `key: value`, one a line',
  },
  'unknown-key': {
    message: ({ key, where }) => `unknown key ${key} in ${where}`,
    remedy: ({ hint }) => hinted(hint, 'remove it'),
  },
  'key-after-rules': {
    message: ({ key }) => `the key ${key} stands after rules`,
    remedy: () => 'move it above `rules:`, which is the last key, so that a rule can be added at the end of the file',
  },
  'missing-key': {
    message: ({ key, where }) => `${where} has no ${key}`,
    remedy: ({ example }) => `add \`${example}\``,
  },
  'wrong-type': {
    message: ({ key, expected, got }) => `${key} must be ${expected}, not ${got}`,
    remedy: ({ expected }) => `write ${expected}`,
  },
  'wrong-word': {
    message: ({ key, got, words }) => `${key} must be ${words}, not ${got}`,
    remedy: ({ hint, words }) => hinted(hint, `write ${words}`),
  },
  'empty-list': { message: ({ key }) => `the list of ${key} is empty`, remedy: () => 'fill it or remove the key' },
  'version-unknown': {
    message: ({ got }) => `version ${got} is not known: this callgate reads version 1`,
    remedy: () => 'write `version: 1`, or use the callgate that wrote the file',
  },
  'program-relative': {
    message: ({ path }) => `${path} is no absolute path`,
    remedy: () => 'write the path of the executable from the root, such as /usr/sbin/inetd',
  },
  'program-glob': {
    message: ({ sign }) => `a policy is for one program, and ${sign} makes this a pattern`,
    remedy: ({ sign }) => `write one path; if the file's name holds this sign, write \\${sign} in single quotes`,
  },
  'program-path': {
    message: ({ path }) => `no program is ever run as ${path}`,
    remedy: ({ instead }) => (instead === '' ? 'write the path of a file' : `write ${instead}`),
  },
  'syscall-name': {
    message: ({ name }) => `${name} is no name of a system call`,
    remedy: () => 'write names as in syscalls(2), such as openat or accept4',
  },
  duration: {
    message: ({ text }) => `${text} is no time to wait`,
    remedy: () => 'write a number and s, m or h: 30s, 5m, 1h (a day at most)',
  },
  'group-name': {
    message: ({ name }) => `${name} is no name of a group of rules`,
    remedy: () => 'write the name of a file in the folder of groups without its .yaml, in small letters',
  },
  'group-unknown': {
    message: ({ name }) => `there is no group ${name}`,
    remedy: ({ hint, name }) => hinted(hint, `write one of libc, locale, names, tls, or a file ${name}.yaml`),
  },
  'group-twice': { message: ({ name }) => `the group ${name} is named twice`, remedy: () => 'keep one' },
  'verdict-missing': {
    message: () => 'the rule has no verdict',
    remedy: () => 'begin it with `permit:`, `deny:` or `ask:` and its operations',
  },
  'verdict-twice': {
    message: ({ first, second }) => `the rule has two verdicts, ${first} and ${second}`,
    remedy: () => 'write a rule for each',
  },
  'unknown-operation': {
    message: ({ name }) => `unknown operation ${name}`,
    remedy: ({ hint }) =>
      hinted(
        hint,
        'write one of read, list, write, create, delete, link, mknod, chmod, chown, stat, exec, load, receive, ' +
          'socket, bind, listen, accept, connect, send',
      ),
  },
  'mixed-operations': {
    message: ({ files, sockets }) => `operations on files (${files}) and on sockets (${sockets}) in one rule`,
    remedy: ({ verdict, files, sockets }) =>
      `split it in two: \`${verdict}: [${files}]\` with path or kind, and \`${verdict}: [${sockets}]\` with address or family`,
  },
  'objects-missing': {
    message: ({ operations }) => `the rule does not say what ${operations} is about`,
    remedy: ({ keys }) => `add ${keys}`,
  },
  'path-for-sockets': {
    message: ({ key, operations }) => `${key} does not go with ${operations}, which is on sockets`,
    remedy: () => 'use address: (a path of a socket is written unix:/path) or family:',
  },
  'address-for-files': {
    message: ({ key, operations }) => `${key} does not go with ${operations}, which is on files`,
    remedy: () => 'use path: or kind:',
  },
  'errno-without-deny': {
    message: ({ verdict }) => `errno in a rule that says ${verdict}`,
    remedy: () => 'remove it, or make the rule a deny',
  },
  'unknown-errno': {
    message: ({ name }) => `${name} is no error name of Linux`,
    remedy: ({ hint }) => hinted(hint, 'write a name such as EPERM, EACCES or ENOENT'),
  },
  'transition-without-exec': {
    message: () => 'policy: says what an exec leads to, and this rule is not about exec',
    remedy: () => 'remove it, or write a rule for exec alone',
  },
  'transition-without-permit': {
    message: ({ verdict }) => `policy: says what a permitted exec leads to, and this rule says ${verdict}`,
    remedy: () => 'remove it, or make the rule a permit',
  },
  'ask-receive': {
    message: () => 'nobody can be asked about receive: a descriptor that is not taken at once is lost',
    remedy: () => 'write permit or deny',
  },
  'unknown-kind': {
    message: ({ name }) => `unknown kind ${name}`,
    remedy: ({ hint }) =>
      hinted(
        hint,
        'write one of memfd, deleted, tmpfile, shm, pipe, socket, anon, mqueue, detached, foreign, unreachable',
      ),
  },
  'pattern-relative': {
    message: ({ pattern }) => `${pattern} is not absolute, so it can never match`,
    remedy: ({ pattern }) =>
      pattern.startsWith('~')
        ? 'write ${HOME} instead of ~'
        : 'begin it with /; for a name in any folder write "/**/NAME", for the start folder ${CWD}',
  },
  'pattern-slashes': {
    message: () => 'two slashes in a row can never match',
    remedy: ({ instead }) => `write ${instead}`,
  },
  'trailing-slash': {
    message: () => 'a slash at the end can never match',
    remedy: ({ instead }) => `write ${instead} for the folder, ${instead}/** for all below it, ${instead}/*** for both`,
  },
  'dot-component': {
    message: ({ name }) => `${name} can never match: the kernel judges resolved paths`,
    remedy: () => 'write the path without it',
  },
  'set-empty': {
    message: () => 'an empty set can never match',
    remedy: () => 'write the bytes it stands for; a ] in a set is written \\]',
  },
  'set-open': { message: () => 'a set that is not closed', remedy: () => 'close it with ], or write \\[ for the sign' },
  'set-reversed': {
    message: ({ first, last }) => `the range ${first}-${last} is empty`,
    remedy: ({ first, last }) => `write ${last}-${first}`,
  },
  'set-caret': {
    message: () => 'a set is negated with !, not with ^',
    remedy: () => 'write [!...]; for the sign itself write \\^',
  },
  'set-class': {
    message: ({ name }) => `named classes such as [:${name}:] are not part of the language`,
    remedy: () => 'write the ranges, such as [a-zA-Z0-9]',
  },
  'set-multibyte': {
    message: ({ character }) => `a set is of single bytes, and ${character} has several`,
    remedy: () => 'write {a,b} with the characters instead of a set',
  },
  'slash-inside': {
    message: ({ what }) => `a slash inside ${what}`,
    remedy: () => 'patterns of names never reach over a slash: write a path for each',
  },
  'brace-open': {
    message: () => 'a { that is not closed',
    remedy: () => 'close it with }, or write \\{ for the sign',
  },
  'sign-unopened': {
    message: ({ sign }) => `a ${sign} that closes nothing`,
    remedy: ({ sign }) => `write \\${sign} for the sign`,
  },
  'brace-single': {
    message: () => 'braces with one choice',
    remedy: () => 'write the choice without braces; for the signs write \\{ and \\}',
  },
  'brace-depth': { message: ({ most }) => `braces nested more than ${most} deep`, remedy: () => 'write several paths' },
  'count-range': {
    message: ({ count }) => `${count} is no count`,
    remedy: ({ most, spread }) =>
      `write {6}, or {1-6}, smaller number first; ${most} at most, and ${spread} between the two`,
  },
  'deep-inside': {
    message: () => '** must be a whole component',
    remedy: () => 'write * within a name; ** stands between slashes or at the end',
  },
  'self-inside': {
    message: () => '*** must be the last component, and whole',
    remedy: () => 'write ** between slashes; /x/*** at the end is /x and all below it',
  },
  'escape-unknown': {
    message: ({ escape }) => `unknown escape ${escape}`,
    remedy: () => 'a \\ stands before a sign, or is \\xHH; a backslash itself is \\\\',
  },
  'escape-byte': {
    message: ({ escape, what }) => `${escape} is ${what}, which is in no name`,
    remedy: () => 'remove it',
  },
  'escape-open': {
    message: () => 'the pattern ends in a \\',
    remedy: () => 'write \\\\ for a backslash',
  },
  'name-too-long': {
    message: ({ least, most, what }) =>
      `needs a ${what} of ${least} bytes, at most ${most} are possible: it can never match`,
    remedy: () => 'shorten it',
  },
  'path-too-long': {
    message: ({ least, most }) => `needs a path of ${least} bytes, at most ${most} are possible: it can never match`,
    remedy: () => 'shorten it',
  },
  'component-empty': {
    message: ({ component }) => `${component} stands for the empty name, so it can never match`,
    remedy: () => 'remove it',
  },
  'thread-self': {
    message: () => '/proc/thread-self never matches: the kernel resolves it',
    remedy: ({ instead }) => `write ${instead}`,
  },
  'variable-unknown': {
    message: ({ name }) => `unknown variable \${${name}}`,
    remedy: ({ hint }) => hinted(hint, 'there are ${HOME}, ${USER}, ${UID} and ${CWD}; for the signs write \\$\\{'),
  },
  'variable-unset': {
    message: ({ name }) => `\${${name}} has no value here`,
    remedy: ({ name }) =>
      name === 'CWD' ? 'run the program from a folder that exists' : 'run the program as a user with a passwd entry',
  },
  'variable-unusable': {
    message: ({ name, value }) => `\${${name}} is ${value}, which cannot stand here`,
    remedy: () => 'write the value out, or mend the passwd entry',
  },
  'address-form': {
    message: ({ address }) => `${address} is no address`,
    remedy: () =>
      'write PROTO[:HOST]:PORT, such as tcp:443, tcp:10.0.0.0/8:5432, tcp:[2001:db8::/32]:443, or unix:/path',
  },
  'unknown-protocol': {
    message: ({ name }) => `unknown protocol ${name}`,
    remedy: ({ hint }) => hinted(hint, 'write tcp, udp, sctp, icmp, raw or unix; other families go under family:'),
  },
  'host-name': {
    message: ({ host }) => `${host} is a host name: what it means changes, and the kernel does not know it`,
    remedy: ({ host }) => `write its addresses (getent ahosts ${host}), or * for any`,
  },
  'host-address': {
    message: ({ host }) => `${host} is no IP address`,
    remedy: () => 'write four numbers from 0 to 255 without leading zeros, or an IPv6 address in brackets',
  },
  'host-zone': {
    message: ({ host }) => `${host} has a zone, which is not judged`,
    remedy: () => 'write the address without % and what follows',
  },
  'ipv6-brackets': {
    message: () => 'an IPv6 address stands in brackets',
    remedy: ({ instead }) => `write "${instead}"`,
  },
  'ipv4-brackets': {
    message: () => 'only IPv6 addresses stand in brackets',
    remedy: ({ instead }) => `write ${instead}`,
  },
  'no-destination': {
    message: ({ host, operations, taken }) =>
      `${host} never matches for ${operations}: as a destination the kernel takes it for ${taken}`,
    remedy: ({ instead }) => `write "${instead}" for this machine itself, or * for any host`,
  },
  'prefix-length': {
    message: ({ prefix }) => `/${prefix} is no length of a prefix`,
    remedy: ({ most }) => `write a number from 0 to ${most}`,
  },
  'prefix-bits': {
    message: () => 'the address has bits behind its prefix',
    remedy: ({ instead }) => `write ${instead}, or the address without a prefix`,
  },
  'prefix-covers-ipv4': {
    message: () => 'this prefix covers all of IPv4 too, which is ::ffff:0:0/96 here',
    remedy: ({ instead }) => `write ${instead} for both families, or a longer prefix such as 2000::/3`,
  },
  'port-missing': { message: () => 'the address has no port', remedy: ({ instead }) => `write ${instead}` },
  'port-number': {
    message: ({ port }) => `${port} is no port`,
    remedy: () => 'write a number from 0 to 65535, a range n-m, or *',
  },
  'port-order': { message: () => 'the range of ports is empty', remedy: ({ instead }) => `write ${instead}` },
  'unix-form': {
    message: ({ address }) => `${address} is no unix address`,
    remedy: () => 'write unix:/path, unix:@name for an abstract one, or unix: for an unnamed one',
  },
  'unknown-family': {
    message: ({ name }) => `unknown socket family ${name}`,
    remedy: ({ hint }) => hinted(hint, 'write a family of socket(2) in small letters, or its number'),
  },
  'unknown-socket-protocol': {
    message: ({ family, name }) => `${name} is neither a kind of socket nor a protocol of ${family}`,
    remedy: ({ hint }) => hinted(hint, 'write stream, dgram, raw or seqpacket, or the number of the protocol'),
  },
  'family-protocol': {
    message: () => 'a protocol of IP is named by an address',
    remedy: ({ instead }) => `write \`address: "${instead}"\`: for socket it counts by its protocol, in both families`,
  },
  'condition-empty': { message: ({ key }) => `${key} says nothing`, remedy: () => 'fill it or remove the key' },
  'condition-twice': {
    message: ({ name, id }) => `${name} and ${id} in one condition`,
    remedy: ({ id }) => `write one list under ${id}`,
  },
  'unknown-user': {
    message: ({ name }) => `there is no user ${name} here`,
    remedy: () => 'create it (adduser --system), or write its number under uid',
  },
  'unknown-group': {
    message: ({ name }) => `there is no group ${name} of users here`,
    remedy: () => 'create it (addgroup --system), or write its number under gid',
  },
  'name-is-number': {
    message: ({ key }) => `${key} takes names`,
    remedy: ({ instead }) => `write ${instead}`,
  },
  'id-form': {
    message: ({ key, value }) => `${value} is no ${key}`,
    remedy: () => 'write a number from 0 to 4294967294, a range "n-m", or "<n", "<=n", ">n", ">=n"',
  },
  'id-never': { message: ({ value }) => `nobody is ${value}`, remedy: () => 'write a range that holds a number' },
};
