// SPDX-License-Identifier: GPL-2.0-only
/** Numbers and times in words. */
import type { AskingPolicy, AskingRule, Parent } from '../../ask/question.js';

/** `12 s`, `3 min`, `2 h`, `4 d`: what has passed, rounded down. */
export function spanText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** `1 thread`, `2 threads`. */
export function countText(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

/** `1st`, `2nd`, `3rd`, `11th`. */
export function ordinal(number: number): string {
  const teen = number % 100 > 10 && number % 100 < 20;
  const ending = teen ? 'th' : ({ 1: 'st', 2: 'nd', 3: 'rd' }[number % 10] ?? 'th');
  return `${number}${ending}`;
}

/** Which rule it was, and where it stands. */
export function ruleText(rule: AskingRule | null, policy: AskingPolicy): string {
  if (rule === null) return `the default of ${policy.file ?? policy.program}`;
  const group = rule.group === null ? '' : ` of group ${rule.group}`;
  return `rule ${rule.number}${group}, ${rule.file}:${rule.line}`;
}

/** `sh[800] < sshd[700] < systemd[1]`. */
export function parentsText(parents: readonly Parent[]): string {
  return parents.length === 0 ? 'not known' : parents.map(({ comm, pid }) => `${comm}[${pid}]`).join(' < ');
}
