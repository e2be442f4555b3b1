// SPDX-License-Identifier: GPL-2.0-only

import { Args } from '@oclif/core';
import { type TestResult, type Tried, testPolicies } from '../../application/tried.js';
import { CallgateCommand } from '../../cli/command.js';
import { here, userFlag } from '../../cli/policies.js';
import type { Explanation, OperationExplanation } from '../../decide/explain.js';
import { counted } from '../../policy/counted.js';

/** A case failed. */
const FAILED = 1;
const TROUBLE = 2;

export default class PolicyTest extends CallgateCommand {
  static override summary = 'try policies by the cases that are kept beside them, without a kernel';
  static override description =
    'A folder of policies has a file `cases`: lines such as `deny read /etc/shadow`, below a line with the name of the policy file ' +
    'without .yaml (or the path of its program). A case is VERDICT OPERATION[,OPERATION] OBJECT, and where wanted uid N, gid N ' +
    '(0), owner N (none), errno NAME, log yes|no, policy own|inherit|unconfined; # begins a comment. Without POLICY the current ' +
    'folder is meant. Of a folder without cases all folders in it are tried.\n\n' +
    'Exit status: 0 all came to what they say; 1 some did not; 2 trouble, no cases among it.';
  static override usage = 'policy test [POLICY]';
  static override args = {
    policy: Args.string({
      ignoreStdin: true,
      default: '.',
      description: 'a file, a folder, a folder of folders, or an application',
    }),
  };
  static override flags = { user: userFlag };
  static override examples = [
    '<%= config.bin %> policy test',
    '<%= config.bin %> policy test nginx',
    "echo 'deny read /etc/shadow' >> ./cat/cases; <%= config.bin %> policy test ./cat --json",
  ];

  protected override failureStatus(): number {
    return TROUBLE;
  }

  async run(): Promise<TestResult> {
    const { args, flags } = await this.parse(PolicyTest);
    const { around, cwd, applications } = here(flags.user ?? null);
    const result = testPolicies(args.policy, cwd, applications, around);
    for (const { file, cases } of result.files) for (const one of cases) if (!one.passed) this.log(render(file, one));
    const { passed, failed } = result;
    this.log(
      failed === 0
        ? `${counted(passed, 'case')}, all as they should be`
        : `${failed} of ${counted(passed + failed, 'case')} failed`,
    );
    if (failed > 0) process.exitCode = FAILED;
    return result;
  }
}

function render(file: string, { line, text, policy, wrong, explanation }: Tried): string {
  const decided = (explanation as Explanation).operations.map((operation) => `  ${decidedBy(operation, policy)}`);
  return [`${file}:${line}: ${text}`, `  ${wrong.join(', ')}`, ...decided].join('\n');
}

/** The rule that decided an operation; where none did, the one that came nearest. */
function decidedBy({ operation, verdict, by, rule, nearest }: OperationExplanation, policy: string): string {
  const head = `${operation}: ${verdict}`;
  if (rule !== null)
    return `${head} by ${rule.number === 0 ? 'interpreter' : `rule ${rule.number}`} (${rule.file}:${rule.line})${by === 'implied' ? ', which implies it' : ''}`;
  if (by === 'kernel') return `${head}, as by this file the kernel acts, and no rule of ${policy} names it in full`;
  if (by === 'settled') return `${head}, whatever ${policy} says`;
  const [near] = nearest;
  const missed =
    near === undefined ? '' : `; the nearest is rule ${near.rule.number} (${near.rule.file}:${near.rule.line})`;
  return `${head}, no rule of ${policy} matches${missed}`;
}
