// SPDX-License-Identifier: GPL-2.0-only
/** What was observed in one place as it would have been in another: another home, another host. */
import { readObject } from '../events/object.js';
import { textOf } from '../policy/bytes.js';
import type { AccessObject } from '../policy/model.js';
import { Observations } from './observations.js';

/** @param path the other name of a path */
export function renamed(observations: Observations, path: <P extends string>(at: P) => P): Observations {
  const object = (one: AccessObject): AccessObject =>
    one.type === 'path' || one.type === 'unix' ? { ...one, path: path(one.path) } : one;
  const text = (one: string): string => {
    const read = readObject(one);
    if (read?.type === 'path') return textOf(path(read.path));
    return read?.type === 'unix' ? `unix:${textOf(path(read.path))}` : one;
  };
  const all = new Observations();
  for (const program of observations.programs()) all.ran(program);
  for (const one of observations.all()) all.put({ ...one, object: object(one.object), text: text(one.text) });
  for (const fold of observations.folds()) all.putFold({ ...fold, folder: path(fold.folder) });
  for (const one of observations.surplus()) all.putSurplus(one);
  for (const { from, to, fromText, toText, ...move } of observations.moves())
    all.moved({ ...move, from: object(from), to: object(to), fromText: text(fromText), toText: text(toText) });
  return all;
}
