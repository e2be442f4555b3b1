// SPDX-License-Identifier: GPL-2.0-only
/** A statement of a policy on one line, to be shown and edited: `permit: read, path: /etc/shadow`. */
import { isMap, parse, parseDocument, stringify } from 'yaml';
import { messageOf } from '../../host/failure.js';
import { safe } from './text.js';

type Verdict = 'permit' | 'deny';

/** The statement on one line, its comments left out; what is no YAML as it is, its lines joined. */
export function oneLine(statement: string, verdict: Verdict = 'permit'): string {
  const fields = fieldsOf(statement);
  if (fields === null)
    return safe(
      statement
        .split('\n')
        .map((line) => line.trim())
        .filter((line) => line !== '')
        .join(', '),
    );
  const judged = Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key === 'permit' ? verdict : key, value]),
  );
  const flow = stringify(judged, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 });
  return safe(flow.trim().replace(/^\{|\}$/g, ''));
}

/** What a statement says, where it is a mapping, alone or the one entry of a list. */
function fieldsOf(statement: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = parse(statement);
    const one: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
    return typeof one === 'object' && one !== null && !Array.isArray(one) ? (one as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

export type Typed =
  | { readonly ok: true; readonly verdict: Verdict; readonly statement: string }
  | { readonly ok: false; readonly why: string };

/** Reads a line that a person edited, and writes it as it stands in a policy. Whether it is a good rule, the supervisor says. */
export function fromLine(line: string): Typed {
  const text = line.trim();
  const document = parseDocument(text.startsWith('{') ? text : `{${text}}`, { prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) return { ok: false, why: messageOf(error) };
  if (!isMap(document.contents)) return { ok: false, why: 'write: permit: OPERATION, path: PATH' };
  const fields = document.toJS() as Readonly<Record<string, unknown>>;
  const verdicts = (['permit', 'deny'] as const).filter((verdict) => verdict in fields);
  const [verdict] = verdicts;
  if (verdict === undefined || verdicts.length > 1)
    return { ok: false, why: 'it says permit: or deny:, and one of them' };
  return { ok: true, verdict, statement: stringify(fields, { lineWidth: 0 }) };
}
