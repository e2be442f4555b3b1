// SPDX-License-Identifier: GPL-2.0-only
import { Args, Flags } from '@oclif/core';
import { type Answer, explainAttempt, explainEvent, isEventId } from '../../audit/explain.js';
import { CallgateCommand } from '../../cli/command.js';
import { parseObject } from '../../cli/object.js';
import { here, userFlag } from '../../cli/policies.js';
import { renderExplanation } from '../../decide/render.js';
import { objectDescription } from '../../decide/text.js';
import { lineOf } from '../../events/line.js';
import { Failure } from '../../host/failure.js';
import { FOLDERS } from '../../host/host.js';
import { localTime } from '../../host/time.js';
import type { Access, AccessObject } from '../../policy/model.js';
import { isAbout, objectExample } from '../../policy/numbers.js';
import {
  isOperation,
  OPERATIONS,
  type Operation,
  SOCKET_OPERATIONS,
  sortOf,
  versionOf,
} from '../../policy/operations.js';
import { writeStatement } from '../../policy/statement.js';

/** Ids of users and groups; 4294967295 is none (setuid(2)), and may be asked about. */
const ID = { min: 0, max: 0xffffffff } as const;

export default class PolicyExplain extends CallgateCommand {
  static override summary = 'say which rule decides an attempt, and what would change the answer';
  static override description =
    'The attempt is named by a policy, an operation (or several: read,write) and an object, or by an event of a log: ' +
    'SESSION:SEQ. Where callgate permits, it says what else on this machine refuses.\n\n' +
    'Exit status: 0 permitted; 1 denied or asked; with --statement, 0 where there is one that would change it; 125 there is ' +
    'no such policy, event or word; 126 the policy has mistakes.';
  static override usage = ['policy explain POLICY OPERATION OBJECT', 'policy explain SESSION:SEQ'];
  static override args = {
    policy: Args.string({
      ignoreStdin: true,
      required: true,
      description: 'a file, the name of an application, or an event',
    }),
    operation: Args.string({ ignoreStdin: true, description: OPERATIONS.join(', ') }),
    object: Args.string({
      ignoreStdin: true,
      description:
        '/a/path, tcp:192.0.2.1:80, unix:/path, unix:@name, netlink:raw:route, memfd, uid:1000, capability:chown, signal:TERM:child',
    }),
  };
  static override flags = {
    statement: Flags.boolean({
      default: false,
      description: 'print the statement that would change the answer, and nothing else',
    }),
    uid: Flags.integer({ ...ID, default: 0, description: 'real user id of the caller' }),
    gid: Flags.integer({ ...ID, default: 0, description: 'real group id of the caller' }),
    owner: Flags.integer({ ...ID, description: "user id of the object's owner" }),
    user: userFlag,
  };
  static override examples = [
    '<%= config.bin %> policy explain inetd read /etc/shadow',
    '<%= config.bin %> policy explain ./usr_bin_cat.yaml read,write /tmp/x --uid 1000',
    '<%= config.bin %> policy explain cron setuid uid:1000',
    '<%= config.bin %> policy explain nginx signal signal:TERM:child',
    '<%= config.bin %> policy explain inetd-1:42',
    '<%= config.bin %> policy explain ./cat.yaml read /etc/motd --statement >> ./cat.yaml',
  ];

  protected override usageStatus(): number {
    return 125;
  }

  async run(): Promise<Answer> {
    const { args, flags } = await this.parse(PolicyExplain);
    const { around, cwd, applications } = here(flags.user ?? null);
    const { policy, operation, object } = args;
    let answer: Answer;
    if (operation === undefined && isEventId(policy)) answer = explainEvent(policy, FOLDERS, around);
    else {
      if (operation === undefined || object === undefined)
        throw new Failure('name a policy, an operation and an object', 'callgate policy explain --help');
      const { uid, gid, owner } = flags;
      const operations = operationsIn(operation) as [Operation, ...Operation[]];
      const access = {
        ...{ ...attemptOn(operations, parseObject(object, objectExample(operations[0]))), uid, gid },
        ...(owner === undefined ? {} : { owner }),
      };
      answer = explainAttempt(policy, access, cwd, applications, around);
    }
    const { explanation } = answer;
    const change = explanation?.change ?? null;
    if (!flags.statement) this.log(render(answer).trimEnd());
    else if (change === null) throw new Failure('no statement changes the answer');
    else this.log(writeStatement(change.statement).trimEnd());
    if (explanation?.verdict !== 'permit' && !flags.statement) process.exitCode = 1;
    return answer;
  }
}

function operationsIn(text: string): Operation[] {
  return text.split(',').map((word) => {
    if (isOperation(word)) return word;
    throw new Failure(`${word}: no operation`, `write ${OPERATIONS.join(', ')}`);
  });
}

/** @throws Failure where no attempt is of this operation and this object */
function attemptOn(operations: Operation[], object: AccessObject): Pick<Access, 'operations' | 'object'> {
  const wrong = operations.find((operation) => !isAbout(operation, object));
  if (wrong === undefined) {
    const alone = operations.find((operation) => versionOf(operation) > 1);
    if (alone === undefined || operations.length === 1) return { operations, object };
    throw new Failure(
      `${operations.join(',')}: no one attempt`,
      `${alone} is an attempt by itself: ask for each alone`,
    );
  }
  const others: readonly AccessObject['type'][] = ['path', 'kind', 'number', 'target'];
  const ofSockets = sortOf(wrong) !== 'socket' && !others.includes(object.type);
  const remedy = ofSockets
    ? `operations on sockets are ${SOCKET_OPERATIONS.join(', ')}; a socket's file is named by its path`
    : `name ${objectExample(wrong)}`;
  throw new Failure(`${objectDescription(object)}: no object of ${wrong}`, remedy);
}

/** The answer as a person reads it. */
export function render({ explanation, refused, elsewhere, event, changed, judged }: Answer): string {
  const lines: string[] = [];
  if (event !== null) lines.push(`${localTime(event.time)} ${event.session}:${event.seq} ${lineOf(event)}`);
  if (refused !== null) lines.push('', refused.message, refused.remedy);
  if (explanation === null) return lines.join('\n');
  if (judged !== null)
    lines.push(
      judged.why === 'link'
        ? `${judged.named} is ${judged.instead}: the kernel judges resolved paths`
        : `as a destination the kernel takes ${judged.named} for ${judged.instead}, or for the address that the socket is bound to`,
    );
  if (changed) lines.push('The policy was changed since; this is what it says now:');
  lines.push(renderExplanation(explanation));
  if (event?.reason === 'moved')
    lines.push('The new name alone is permitted; what was to get it comes from a name that grants less.');
  else if (explanation.verdict === 'permit')
    lines.push(
      elsewhere.length === 0
        ? 'Where it fails all the same, it is not callgate that refuses.'
        : `Not callgate:\n${elsewhere.map((line) => `  ${line}`).join('\n')}`,
    );
  return lines.join('\n');
}
