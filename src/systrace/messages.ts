// SPDX-License-Identifier: GPL-2.0-only
/** Everything that can be wrong with the text of a classic policy: what is said, and what to do. The table is closed. */
import { quoted } from '../policy/errors.js';

export interface Facts {
  'line-too-long': { bytes: number };
  'nul-byte': object;
  'header-missing': object;
  'header-form': object;
  'program-relative': { program: string };
  'program-wildcard': { program: string };
  'emulation-unknown': { name: string; words: string };
  'emulation-differs': { name: string; wanted: string };
  'detached-with-rules': object;
  'rule-form': object;
  'variable-undefined': { name: string };
  'sign-unknown': { sign: string };
  'string-open': object;
  'rule-unfinished': { wanted: string };
  'word-unexpected': { got: string; wanted: string };
  'operator-unknown': { got: string; words: string };
  'errno-unknown': { name: string; hint: string };
  'flag-unknown': { name: string };
  'simple-with-more': { verdict: string; more: string };
  'index-range': { index: string };
}

export type SystraceCode = keyof Facts;

type Messages = {
  readonly [C in SystraceCode]: {
    readonly message: (facts: Facts[C]) => string;
    readonly remedy: (facts: Facts[C]) => string;
  };
};

const hinted = (hint: string, otherwise: string): string => (hint === '' ? otherwise : `write ${hint}`);

export const MESSAGES: Messages = {
  'line-too-long': {
    message: ({ bytes }) => `the line has ${bytes} bytes; systrace read 2047 at most`,
    remedy: () => 'write several rules instead of one',
  },
  'nul-byte': { message: () => 'a NUL byte', remedy: () => 'a policy is text; take it out' },
  'header-missing': {
    message: () => 'a rule before any policy begins',
    remedy: () => 'write "Policy: /path/of/program, Emulation: native" above it, or import with --program PATH',
  },
  'header-form': {
    message: () => 'this is not how a policy begins',
    remedy: () => 'write "Policy: /path/of/program, Emulation: native"',
  },
  'program-relative': {
    message: ({ program }) => `the program ${quoted(program)} is no absolute path`,
    remedy: () => 'write the path of the executable, as in "Policy: /usr/sbin/named, Emulation: native"',
  },
  'program-wildcard': {
    message: ({ program }) => `${quoted(program)} stands for whichever program of this name is run first`,
    remedy: () => 'write the path of the one that is meant',
  },
  'emulation-unknown': {
    message: ({ name }) => `there is no emulation ${quoted(name)}`,
    remedy: ({ words }) => `write one of ${words}`,
  },
  'emulation-differs': {
    message: ({ name, wanted }) => `a rule for ${name} in a policy for ${wanted}`,
    remedy: ({ wanted }) => `write ${wanted}-, or begin another policy for this emulation`,
  },
  'detached-with-rules': {
    message: () => 'rules in a policy that is detached',
    remedy: () => 'take out "detached", or the rules: a detached program is not monitored',
  },
  'rule-form': {
    message: () => 'this is no rule',
    remedy: () => 'write EMULATION-CALL: RULE, as in "native-fsread: filename eq \\"/etc/hosts\\" then permit"',
  },
  'variable-undefined': {
    message: ({ name }) => `the variable ${name} has no value`,
    remedy: ({ name }) => `import with --define ${name}=VALUE`,
  },
  'sign-unknown': {
    message: ({ sign }) => `the sign ${quoted(sign)} is not of the language`,
    remedy: () => 'put texts in double quotes',
  },
  'string-open': { message: () => 'a text without its closing quote', remedy: () => 'write " at its end' },
  'rule-unfinished': {
    message: ({ wanted }) => `the rule ends where ${wanted} is wanted`,
    remedy: ({ wanted }) => `write ${wanted}`,
  },
  'word-unexpected': {
    message: ({ got, wanted }) => `${quoted(got)} stands where ${wanted} is wanted`,
    remedy: ({ wanted }) => `write ${wanted}`,
  },
  'operator-unknown': {
    message: ({ got }) => `${quoted(got)} is no comparison`,
    remedy: ({ words }) => `write one of ${words}`,
  },
  'errno-unknown': {
    message: ({ name }) => `there is no error ${quoted(name)}`,
    remedy: ({ hint }) => hinted(hint, 'write the name of an error, as in deny[enoent]'),
  },
  'flag-unknown': {
    message: ({ name }) => `a permit takes no ${quoted(name)}`,
    remedy: () => 'write permit[inherit] or permit[detach]',
  },
  'simple-with-more': {
    message: ({ more }) => `${quoted(more)} behind a rule without a condition`,
    remedy: ({ verdict, more }) => `write "true then ${verdict}${more.startsWith('[') ? '' : ' '}${more}"`,
  },
  'index-range': {
    message: ({ index }) => `there is no argument number ${quoted(index)}`,
    remedy: () => 'arguments of one name are counted from 0 to 9',
  },
};
