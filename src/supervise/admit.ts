// SPDX-License-Identifier: GPL-2.0-only
/** Who may ask a supervisor: anyone the socket's mode lets in, but no subject, whatever its policy says of connecting. */
import { Refusal } from '../host/failure.js';
import type { Addon } from '../kernel/addon.js';
import type { Gate } from '../kernel/gate.js';

/**
 * What the control door asks of each connection's descriptor. Any thread of the peer that is or was a subject refuses it: the
 * kernel half is asked about this one process, for a walk over all of them may miss who moves. The peer is named again behind
 * that, so that its pid was not given away meanwhile (before 6.5 the kernel tells no pidfd of a peer: from the connection to
 * here the pid is trusted).
 */
export function admitting(addon: Addon, gate: Gate): (fd: number) => void {
  return (fd) => {
    const pid = addon.peer(fd);
    const pidfd = addon.openPidfd(pid);
    let subject: boolean;
    try {
      subject = gate.subjectsOf(pidfd).length > 0;
    } finally {
      addon.closeFd(pidfd);
    }
    if (subject || addon.peer(fd) !== pid)
      throw new Refusal(`process ${pid} is under a policy itself: it may not ask this`);
  };
}
