// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sockets: socket, bind, listen, accept, connect, send.
 *
 *   socket_create            socket
 *   socket_bind              bind; a unix path is judged in path_mknod, on the path itself
 *   socket_listen, _accept   the local address: the hook does not know the peer
 *   socket_connect           connect; unix streams in unix_stream_connect
 *   socket_sendmsg           send, where the message names an address; TCP fast open is a connect
 *   unix_stream_connect, unix_may_send   the peer's own bound path or name, never what the caller wrote
 *   sctp_bind_connect        SCTP's lists of addresses
 *
 * What an address is, is told in address.bpf.c; what names another destination than the address, in route.bpf.c.
 */
#include "address.h"
#include "fast.h"
#include "route.h"

/* Facts, verdict and report; what cannot be told is denied, as the policy's mode has it. */
static __always_inline int judge_facts(struct cg_entry *entry, int facts, __u32 operations)
{
	entry->scratch->access.operations = operations;
	if (facts == FACTS_NONE)
		return 0;
	if (facts == FACTS_DENY)
		return cg_unresolved(entry->subject, entry->scratch, CG_UNRESOLVED_READ);
	return cg_judge(entry->subject, entry->scratch);
}

/* The protocol of a socket whose addresses are told by their bytes alone; 0: the slow path tells. */
static __always_inline __u32 plain_protocol(struct sock *sk)
{
	__u32 protocol = sk->sk_protocol, family = sk->__sk_common.skc_family;

	if ((family != AF_INET && family != AF_INET6) || (protocol != CG_PROTOCOL_TCP && protocol != CG_PROTOCOL_UDP))
		return 0;
	return sk->sk_type == (protocol == CG_PROTOCOL_TCP ? SOCK_STREAM : SOCK_DGRAM) ? protocol : 0;
}

/* ::ffff:a.b.c.d */
static __always_inline void take_v4(struct cg_fast_inet *inet, __u32 address)
{
	inet->address[0] = 0;
	inet->address[1] = 0xffff0000 | (__u64)address << 32;
}

/* struct sockaddr_in's beginning, and sockaddr_in6's. */
struct in_address {
	__u16 family, port;
	__u32 v4; /* of IPv6: flow information */
	__u64 v6[2];
};

/*
 * What the fast path says of an address that a call was given. Of the socket's own family, without what else may name a
 * destination; 0.0.0.0 and :: as a destination are told by the slow path (address.bpf.c: mean).
 */
static __always_inline __u32 fast_address(struct cg_subject *subject, struct sock *sk, const struct in_address *address,
					  int length, __u32 operation)
{
	__u32 protocol = plain_protocol(sk);
	struct cg_fast_inet inet;

	if (!protocol)
		return CG_NOT_TOLD;
	inet.protocol = protocol;
	inet.operation = operation;
	inet.pad = 0;
	if (sk->__sk_common.skc_family == AF_INET) {
		if (length < 8 || address->family != AF_INET || (!address->v4 && operation != CG_BIND))
			return CG_NOT_TOLD;
		take_v4(&inet, address->v4);
		inet.port = address->port;
	} else {
		struct in_address in;

		/* Longer than the type that the kernel gives a hook's argument. */
		if (length < (int)sizeof(in) || bpf_probe_read_kernel(&in, sizeof(in), address) || in.family != AF_INET6 || in.v4 ||
		    (!in.v6[0] && (__u32)(in.v6[1] >> 32) == 0 && operation != CG_BIND))
			return CG_NOT_TOLD;
		inet.address[0] = in.v6[0];
		inet.address[1] = in.v6[1];
		inet.port = in.port;
	}
	return cg_fast_address(subject, &inet);
}

/* The same where the address has no type. */
static __always_inline __u32 fast_name(struct cg_subject *subject, struct sock *sk, __u64 name, int length, __u32 operation)
{
	struct in_address in = {};

	if (length < 8 || bpf_probe_read_kernel(&in, length < (int)sizeof(in) ? 8 : sizeof(in), (void *)name))
		return CG_NOT_TOLD;
	return fast_address(subject, sk, &in, length, operation);
}

/* Of a socket's own address. */
static __always_inline __u32 fast_local(struct cg_subject *subject, struct sock *sk, __u32 operation)
{
	struct cg_fast_inet inet = {.protocol = plain_protocol(sk), .operation = operation};
	__u32 port = sk->__sk_common.skc_num; /* host order */

	if (sk->__sk_common.skc_family == AF_UNIX)
		return cg_fast_bound(subject, sk, operation, CG_OPERATION_COUNT);
	if (!inet.protocol)
		return CG_NOT_TOLD;
	if (sk->__sk_common.skc_family == AF_INET) {
		take_v4(&inet, sk->__sk_common.skc_rcv_saddr);
	} else {
		__be32 *words = sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32;

		inet.address[0] = words[0] | (__u64)words[1] << 32;
		inet.address[1] = words[2] | (__u64)words[3] << 32;
	}
	inet.port = (port >> 8 & 0xff) | (port & 0xff) << 8;
	return cg_fast_address(subject, &inet);
}

SEC("lsm/socket_create")
int BPF_PROG(socket_create, int domain, int type, int protocol, int kern)
{
	struct cg_fast_inet family;
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	if (kern)
		return 0;
	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	/* The bytes of struct cg_family. */
	family.protocol = CG_FAST_FAMILY;
	family.port = 0;
	family.address[0] = __builtin_bswap64((__u64)(domain & 0xffff) << 48 | (__u64)(type & 0xf) << 32 | (__u32)protocol);
	family.address[1] = 0;
	family.operation = CG_SOCKET;
	family.pad = 0;
	CG_TOLD(cg_fast_address(subject, &family));
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	put_family(&entry.scratch->access, domain, type & 0xf, protocol);
	return judge_facts(&entry, FACTS_JUDGE, CG_BIT(CG_SOCKET));
}

SEC("lsm/socket_bind")
int BPF_PROG(socket_bind, struct socket *sock, struct sockaddr *address, int length)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	struct sock *sk;
	char first = 1;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	sk = sock->sk;
	if (sk)
		CG_TOLD(fast_address(subject, sk, (struct in_address *)address, length, CG_BIND));
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	if (!sk)
		return judge_facts(&entry, FACTS_DENY, CG_BIT(CG_BIND));
	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
		return judge_facts(&entry, cg_address_facts(entry.scratch, sk, (__u64)address, length, CG_LOCAL), CG_BIT(CG_BIND));
	if (length <= 2) {
		/* autobind: the kernel picks an abstract name nobody can know yet */
		entry.scratch->access.object = CG_OBJECT_UNNAMED;
		return judge_facts(&entry, FACTS_JUDGE, CG_BIT(CG_BIND));
	}
	if (bpf_probe_read_kernel(&first, 1, (char *)address + 2))
		return judge_facts(&entry, FACTS_DENY, CG_BIT(CG_BIND));
	/* A path: unix_bind_bsd makes the file, and path_mknod judges where (net/unix/af_unix.c). */
	if (first)
		return 0;
	return judge_facts(&entry, cg_abstract_facts(&entry.scratch->access, (__u64)address, length), CG_BIT(CG_BIND));
}

SEC("lsm/socket_connect")
int BPF_PROG(socket_connect, struct socket *sock, struct sockaddr *address, int length)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	struct sock *sk;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	sk = sock->sk;
	if (sk)
		CG_TOLD(fast_address(subject, sk, (struct in_address *)address, length, CG_CONNECT));
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	if (!sk)
		return judge_facts(&entry, FACTS_DENY, CG_BIT(CG_CONNECT));
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX) {
		/* Judged on the peer that is found: unix_stream_connect, unix_may_send. */
		entry.scratch->connecting = (__u64)sk;
		return 0;
	}
	return judge_facts(&entry, cg_address_facts(entry.scratch, sk, (__u64)address, length, CG_DESTINATION),
			   CG_BIT(CG_CONNECT));
}

SEC("lsm/socket_sendmsg")
int BPF_PROG(socket_sendmsg, struct socket *sock, struct msghdr *message, int size)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	struct own own;
	struct sock *sk;
	int verdict = 0, connects;
	__u64 name;

	/*
	 * Without an address it goes where the socket is connected to, and that was judged; unless ancillary data say otherwise.
	 */
	if (!message->msg_name && !message->msg_controllen)
		return 0;
	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	sk = sock->sk;
	if (sk && !message->msg_controllen && sk->sk_type == SOCK_DGRAM)
		CG_TOLD(fast_name(subject, sk, (__u64)message->msg_name, message->msg_namelen, CG_SEND));
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	if (!sk)
		return judge_facts(&entry, FACTS_DENY, CG_BIT(CG_SEND));
	own = own_of(sk);
	if (own.family == AF_UNIX) {
		/* Judged in unix_may_send; what comes there from now on is no connect. */
		entry.scratch->connecting = 0;
		return 0;
	}
	if (message->msg_controllen && cg_has_route(message))
		return cg_floor(entry.subject, entry.scratch, CG_FLOOR_ROUTE);
	name = (__u64)message->msg_name;
	if (!name)
		return 0;
	connects = own.type == SOCK_STREAM && (own.family == AF_INET || own.family == AF_INET6) &&
		   protocol_byte(own.type, own.protocol) == CG_PROTOCOL_TCP;
	/* Ignored on a connected stream; with MSG_FASTOPEN it connects, past socket_connect (net/ipv4/tcp.c). */
	if (connects && !(BPF_CORE_READ(message, msg_flags) & MSG_FASTOPEN))
		return 0;
	return judge_facts(&entry,
			   cg_address_facts(entry.scratch, sk, name, message->msg_namelen,
					    connects                  ? CG_DESTINATION :
					    message->msg_controllen ? CG_DATAGRAM_WITH :
								      CG_DATAGRAM),
			   connects ? CG_BIT(CG_CONNECT) : CG_BIT(CG_SEND));
}

SEC("lsm/socket_listen")
int BPF_PROG(socket_listen, struct socket *sock, int backlog)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	struct sock *sk;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	sk = sock->sk;
	if (sk)
		CG_TOLD(fast_local(subject, sk, CG_LISTEN));
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	return judge_facts(&entry, cg_local_facts(entry.subject, entry.scratch, sk), CG_BIT(CG_LISTEN));
}

SEC("lsm/socket_accept")
int BPF_PROG(socket_accept, struct socket *sock, struct socket *newsock)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	struct sock *sk;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	sk = sock->sk;
	if (sk)
		CG_TOLD(fast_local(subject, sk, CG_ACCEPT));
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	return judge_facts(&entry, cg_local_facts(entry.subject, entry.scratch, sk), CG_BIT(CG_ACCEPT));
}

SEC("lsm/unix_stream_connect")
int BPF_PROG(unix_stream_connect, struct sock *sk, struct sock *other, struct sock *newsk)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	CG_TOLD(cg_fast_bound(subject, other, CG_CONNECT, CG_OPERATION_COUNT));
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	return judge_facts(&entry, cg_unix_facts(entry.subject, entry.scratch, other), CG_BIT(CG_CONNECT));
}

SEC("lsm/unix_may_send")
int BPF_PROG(unix_may_send, struct socket *sock, struct socket *other)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	struct sock *sk, *peer;
	int verdict = 0;
	__u32 operation;

	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	sk = sock->sk;
	peer = other->sk;
	/* A datagram socket that is connected already was judged then. */
	if (sk && peer && BPF_CORE_READ((struct unix_sock *)sk, peer) == peer)
		return 0;
	/* Whichever of the two it is; a refusal has to say which. */
	if (sk && peer && cg_fast_bound(subject, peer, CG_CONNECT, CG_SEND) == CG_PERMITTED)
		return 0;
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	if (!sk || !peer)
		return judge_facts(&entry, FACTS_DENY, CG_BIT(CG_SEND));
	/*
	 * connect(2) of a datagram socket comes here too, behind socket_connect; every send comes behind socket_sendmsg. Of one
	 * task, so the last of the two says which it is: the number of the system call does not (socketcall(2) has one for both).
	 */
	operation = entry.scratch->connecting == (__u64)sk ? CG_BIT(CG_CONNECT) : CG_BIT(CG_SEND);
	return judge_facts(&entry, cg_unix_facts(entry.subject, entry.scratch, peer), operation);
}

/* Addresses of one call that are looked at; each is a whole decision. More are refused: what is not looked at is not permitted. */
#define CG_SCTP_ADDRESSES 4

/* include/uapi/linux/sctp.h, include/linux/sctp.h (these two in network order) */
#define SCTP_SET_PEER_PRIMARY_ADDR 5
#define SCTP_PRIMARY_ADDR 6
#define SCTP_SOCKOPT_BINDX_ADD 100
#define SCTP_PARAM_ADD_IP 0x01c0
#define SCTP_PARAM_SET_PRIMARY 0x04c0

SEC("lsm/sctp_bind_connect")
int BPF_PROG(sctp_bind_connect, struct sock *sk, int option, struct sockaddr *address, int length)
{
	struct cg_entry entry;
	int verdict = 0;
	__u32 operation;
	__u64 at = (__u64)address;

	/* What the peer asks for by a packet (off by default: net.sctp.addip_enable): whoever runs just now has no part in it. */
	if (option == SCTP_PARAM_ADD_IP || option == SCTP_PARAM_SET_PRIMARY)
		return 0;
	if (!cg_enter(&entry, &verdict))
		return verdict;
	operation = option == SCTP_PRIMARY_ADDR || option == SCTP_SET_PEER_PRIMARY_ADDR || option == SCTP_SOCKOPT_BINDX_ADD ?
			    CG_BIT(CG_BIND) :
			    CG_BIT(CG_CONNECT);
	/* A packed list: 16 bytes of sockaddr_in or 28 of sockaddr_in6 each (net/sctp/socket.c). */
	for (int i = 0; i < CG_SCTP_ADDRESSES; i++) {
		__u16 family = 0;
		int size;

		if (length <= 0)
			return 0;
		if (bpf_probe_read_kernel(&family, 2, (void *)at))
			return judge_facts(&entry, FACTS_DENY, operation);
		cg_begin(entry.scratch);
		verdict = judge_facts(&entry,
				      cg_address_facts(entry.scratch, sk, at, length,
						       operation == CG_BIT(CG_BIND) ? CG_LOCAL : CG_DATAGRAM),
				      operation);
		if (verdict)
			return cg_refuse(-verdict);
		size = family == AF_INET6 ? 28 : 16;
		at += size;
		length -= size;
	}
	if (length <= 0)
		return 0;
	cg_begin(entry.scratch);
	entry.scratch->access.operations = operation;
	return cg_unresolved(entry.subject, entry.scratch, CG_UNRESOLVED_ADDRESSES);
}
