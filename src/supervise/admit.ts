// SPDX-License-Identifier: GPL-2.0-only
/** Who may ask a supervisor: anyone the socket's mode lets in, but no subject, whatever its policy says of connecting. */
import { Refusal } from '../host/failure.js';
import type { Addon } from '../kernel/addon.js';
import type { Gate } from '../kernel/gate.js';
import { subjectProcesses } from '../session/subjects.js';

/**
 * What the control door asks of each connection's descriptor. A process that has ended may have been one: asked of its pidfd
 * behind the listing, so that the pid was not given away meanwhile (before 6.5 the kernel tells no pidfd of a peer: from the
 * connection to here the pid is trusted).
 */
export function admitting(addon: Addon, gate: Gate): (fd: number) => void {
  return (fd) => {
    const pid = addon.peer(fd);
    const subject = subjectProcesses(gate, 0).some((process) => process.pid === pid);
    if (subject || addon.peer(fd) !== pid)
      throw new Refusal(`process ${pid} is under a policy itself: it may not ask this`);
  };
}
