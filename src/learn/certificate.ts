// SPDX-License-Identifier: GPL-2.0-only
/** What a run of learning is worth: all that happened was seen, or what was not is told. */
import { HOLDING } from '../events/names.js';

/** Why something may be missing, each with a number. */
export type Losses = readonly { readonly what: string; readonly count: number }[];

export interface Certificate {
  readonly session: string;
  /** ISO 8601. */
  readonly started: string;
  readonly ended: string;
  /** Events that arrived, and attempts like one of them that were only counted. */
  readonly events: number;
  readonly repeats: number;
  /** Attempts no rule decided, permitted for learning. */
  readonly learnt: number;
  /** Why something may be missing, each with a number; empty: nothing is. */
  readonly losses: Losses;
  readonly tainted: boolean;
}

/** What the kernel half and the control plane counted. */
export interface Counted {
  readonly session: string;
  readonly started: string;
  readonly ended: string;
  readonly events: number;
  readonly repeats: number;
  readonly learnt: number;
  readonly dropped: number;
  /** By reason. */
  readonly unresolved: Readonly<Record<string, number>>;
  /** Events that came and could not be read. */
  readonly malformed?: number;
  /** Records that the log could not take, where it is a log that is learned from. */
  readonly unwritten?: number;
  /** Hooks that the kernel did not run. */
  readonly skipped: number;
  /** Lines of the journal, or of the log, that cannot be read. */
  readonly damaged: number;
  /** The learner and the gate went before the journal was finished: what came behind its last line is not known. */
  readonly unfinished?: boolean;
  /** Refused by the hard-wired floor: no policy can permit these. By reason. */
  readonly floor: Readonly<Record<string, number>>;
}

/** What losses of events are called, each of which is one that nobody can tell. */
const DROPPED = 'events lost (the ring buffer was full)';
const MALFORMED = 'events that could not be read';
const UNWRITTEN = 'records that the log could not take';

/**
 * Any loss taints: a policy from such a run may lack what the program needs. What the floor refuses is no loss, nor is an exec that may
 * not change the policy: it is told like any other.
 */
export function certify(counted: Counted): Certificate {
  const { session, started, ended, events, repeats, learnt } = counted;
  const losses = lossesOf(counted);
  return { session, started, ended, events, repeats, learnt, losses, tainted: losses.length > 0 };
}

/** Why something may be missing; empty: nothing is. */
export function lossesOf(
  counted: Pick<Counted, 'dropped' | 'malformed' | 'unwritten' | 'unresolved' | 'skipped' | 'damaged' | 'unfinished'>,
): Losses {
  return [
    { what: DROPPED, count: counted.dropped },
    { what: MALFORMED, count: counted.malformed ?? 0 },
    { what: UNWRITTEN, count: counted.unwritten ?? 0 },
    ...Object.entries(counted.unresolved)
      .filter(([reason]) => !HOLDING.has(reason))
      .map(([reason, count]) => ({ what: `objects not told (${reason})`, count })),
    { what: 'runs of hooks skipped by the kernel', count: counted.skipped },
    { what: 'lines that cannot be read', count: counted.damaged },
    { what: 'journal that nobody finished', count: counted.unfinished === true ? 1 : 0 },
  ].filter(({ count }) => count > 0);
}

/** Events that are known to be lost, one by one. */
export function eventsLost(losses: Losses): number {
  return losses.reduce((sum, { what, count }) => sum + ([DROPPED, MALFORMED, UNWRITTEN].includes(what) ? count : 0), 0);
}

/** Losses as a person reads them. */
export function lossesText(losses: Losses): string {
  return losses.map(({ what, count }) => `${count} ${what}`).join(', ');
}

/** The same run, of which something more is missing. */
export function withLoss(certificate: Certificate, what: string, count: number): Certificate {
  if (count === 0) return certificate;
  return { ...certificate, losses: [...certificate.losses, { what, count }], tainted: true };
}

/** The certificate on one line, without a sign in front: it stands in the policies' headers. */
export function certificateLine({ session, started, events, repeats, losses, tainted }: Certificate): string {
  const when = started.slice(0, 19).replace('T', ' ');
  const seen = `${events} events, ${repeats} repeats`;
  return `learned ${when} UTC in ${session}: ${seen}, ${tainted ? `TAINTED: ${lossesText(losses)}` : 'nothing lost'}`;
}

/** Is this line of a policy a certificate's? */
export function isCertificate(line: string): boolean {
  return /^# learned \d{4}-\d\d-\d\d /.test(line);
}
