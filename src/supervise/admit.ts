// SPDX-License-Identifier: GPL-2.0-only
/** Who may ask a supervisor: root and the user it runs as, but no subject, whatever its policy says of connecting. */
import type { Peer } from '../control/protocol.js';
import { Refusal } from '../host/failure.js';
import type { Addon } from '../kernel/addon.js';
import type { Gate } from '../kernel/gate.js';

/**
 * What the control door asks of each connection's descriptor. The socket's mode lets nobody else in; a descriptor can be handed on,
 * so that the kernel's word on who connected is asked too. Any thread of the peer that is or was a subject refuses it: the
 * kernel half is asked about this one process, for a walk over all of them may miss who moves. The peer is named again behind
 * that, so that its pid was not given away meanwhile (before 6.5 the kernel tells no pidfd of a peer: from the connection to
 * here the pid is trusted).
 *
 * @param owner whose the session is
 */
export function admitting(addon: Addon, gate: Gate, owner = process.getuid?.() ?? 0): (fd: number) => Peer {
  return (fd) => {
    const { pid, uid } = addon.peer(fd);
    if (uid !== 0 && uid !== owner) throw new Refusal(`user ${uid} is neither root nor the owner of this session`);
    const pidfd = addon.openPidfd(pid);
    let subject: boolean;
    try {
      subject = gate.subjectsOf(pidfd).length > 0;
    } finally {
      addon.closeFd(pidfd);
    }
    if (subject || addon.peer(fd).pid !== pid)
      throw new Refusal(`process ${pid} is under a policy itself: it may not ask this`);
    return { pid, uid };
  };
}
