// SPDX-License-Identifier: GPL-2.0-only
/** An object as a person types it: a path, an address, a kind. */
import { readObject } from '../events/object.js';
import { Failure } from '../host/failure.js';
import { problemText } from '../policy/errors.js';
import type { AccessObject } from '../policy/model.js';
import { objectFault } from '../policy/object-fault.js';

const HELP =
  'an absolute path, tcp:192.0.2.1:80, tcp:[2001:db8::1]:80, unix:/path, unix:@name, unix:, netlink:raw:route, memfd, uid:1000, capability:chown, signal:TERM:child';

/**
 * Reads an object. In names `\xHH` is a byte and `\\` a backslash, as events print them.
 *
 * @param wanted what an object looks like here
 * @throws Failure that says so
 */
export function parseObject(word: string, wanted = HELP): AccessObject {
  const path = word.startsWith('unix:/') ? word.slice('unix:'.length) : word;
  const names = path.split('/').slice(1);
  if (path.startsWith('/') && path !== '/' && names.some((name) => name === '' || name === '.' || name === '..'))
    throw new Failure(
      `${word}: not a path as the kernel tells it`,
      'write it absolute, without //, . or .. and without a slash at its end',
    );
  const object = readObject(word);
  if (object === undefined && /^(tcp|udp|sctp|icmp|raw):/.test(word))
    throw new Failure(
      `${word}: no address`,
      'write one host by its number, and one port: tcp:192.0.2.1:80, udp:[2001:db8::1]:53',
    );
  if (object === undefined) {
    const fault = objectFault(word);
    if (fault !== null) {
      const { message, remedy } = problemText(fault.code, fault.facts);
      throw new Failure(`${word}: ${message}`, remedy);
    }
    throw new Failure(`${word}: no object`, `write ${wanted}`);
  }
  return object;
}
