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
 * Addresses are the kernel's copies, normalised before they are judged: ::ffff:a.b.c.d is IPv4, and AF_UNSPEC is what
 * the operation makes of it.
 */
#include "judge.h"

struct sockaddr_any {
	__u16 family;
	__u8 rest[26]; /* sockaddr_in6 is 28 bytes, the longest that is read */
};

enum facts {
	FACTS_NONE = 0,  /* nothing to judge */
	FACTS_JUDGE = 1,
	FACTS_DENY = 2,  /* cannot be told */
};

static __always_inline void put_family(struct cg_access *access, __u32 family, __u32 type, __u32 protocol)
{
	struct cg_family *object = (struct cg_family *)access->bytes;

	access->object = CG_OBJECT_FAMILY;
	access->length = sizeof(*object);
	object->family[0] = family >> 8;
	object->family[1] = family;
	object->type[0] = type >> 8;
	object->type[1] = type;
	object->protocol[0] = protocol >> 24;
	object->protocol[1] = protocol >> 16;
	object->protocol[2] = protocol >> 8;
	object->protocol[3] = protocol;
}

/* The byte a socket is judged as; 0: none of the known ones. */
static __always_inline __u32 protocol_byte(__u32 type, __u32 protocol)
{
	if (type == SOCK_RAW)
		return CG_PROTOCOL_RAW;
	switch (protocol) {
	case CG_PROTOCOL_TCP:
	case IPPROTO_MPTCP:
		return CG_PROTOCOL_TCP;
	case CG_PROTOCOL_UDP:
	case IPPROTO_UDPLITE:
		return CG_PROTOCOL_UDP;
	case CG_PROTOCOL_SCTP:
		return CG_PROTOCOL_SCTP;
	case CG_PROTOCOL_ICMP:
	case IPPROTO_ICMPV6:
		return CG_PROTOCOL_ICMP;
	default:
		return 0;
	}
}

static __always_inline void put_v4(struct cg_inet *object, const __u8 *address)
{
	object->address[10] = 0xff;
	object->address[11] = 0xff;
	for (int i = 0; i < 4; i++)
		object->address[12 + i] = address[i];
}

/* The socket's own facts: family, type, protocol. */
struct own {
	__u32 family, type, protocol;
};

static __always_inline struct own own_of(struct sock *sk)
{
	struct own own = {
		.family = BPF_CORE_READ(sk, __sk_common.skc_family),
		.type = BPF_CORE_READ(sk, sk_type),
		.protocol = BPF_CORE_READ(sk, sk_protocol),
	};
	return own;
}

/* An address given to a call. `unspec_is_v4`: AF_UNSPEC names an IPv4 address here (bind, UDP send), else nothing. */
static __noinline int address_facts(struct cg_scratch *scratch, struct sock *sk, __u64 address, int length,
				    int unspec_is_v4)
{
	struct cg_access *access;
	struct cg_inet *object;
	struct sockaddr_any any = {};
	struct own own;
	__u32 protocol;

	if (!scratch || !sk)
		return FACTS_DENY;
	access = &scratch->access;
	own = own_of(sk);
	if (own.family != AF_INET && own.family != AF_INET6) {
		put_family(access, own.family, own.type, own.protocol);
		return FACTS_JUDGE;
	}
	protocol = protocol_byte(own.type, own.protocol);
	if (!protocol) {
		put_family(access, own.family, own.type, own.protocol);
		return FACTS_JUDGE;
	}
	if (length < 2 || bpf_probe_read_kernel(&any, 2, (void *)address))
		return FACTS_DENY;
	object = (struct cg_inet *)access->bytes;
	access->object = CG_OBJECT_INET;
	access->length = 19;
	object->protocol = protocol;
	if (any.family == AF_INET6 && own.family == AF_INET6) {
		/* sin6_port at 2, sin6_addr at 8; 24 bytes are what the kernel itself asks for (SIN6_LEN_RFC2133) */
		if (length < 24 || bpf_probe_read_kernel(&any, 24, (void *)address))
			return FACTS_DENY;
		for (int i = 0; i < 16; i++)
			object->address[i] = any.rest[6 + i];
	} else if (any.family == AF_INET || (any.family == AF_UNSPEC && unspec_is_v4)) {
		if (length < 8 || bpf_probe_read_kernel(&any, 8, (void *)address))
			return FACTS_DENY;
		put_v4(object, &any.rest[2]);
	} else if (any.family == AF_UNSPEC) {
		return FACTS_NONE;
	} else {
		return FACTS_DENY;
	}
	if (protocol != CG_PROTOCOL_RAW && protocol != CG_PROTOCOL_ICMP) {
		object->port[0] = any.rest[0];
		object->port[1] = any.rest[1];
	}
	return FACTS_JUDGE;
}

/* The path, name or nothing that a unix socket is bound to. */
static __noinline int unix_facts(struct cg_entry *entry, struct sock *sk)
{
	struct unix_sock *socket = (struct unix_sock *)sk;
	struct cg_access *access;
	struct unix_address *address;
	__u64 dentry, mount;
	__u32 length;

	if (!entry || !entry->scratch || !entry->subject || !sk)
		return FACTS_DENY;
	access = &entry->scratch->access;
	dentry = (__u64)BPF_CORE_READ(socket, path.dentry);
	if (dentry) {
		mount = (__u64)BPF_CORE_READ(socket, path.mnt);
		if (cg_path_object(entry->scratch, entry->subject, mount, dentry))
			return FACTS_NONE;
		if (access->object == CG_OBJECT_PATH)
			access->object = CG_OBJECT_UNIX;
		return FACTS_JUDGE;
	}
	address = BPF_CORE_READ(socket, addr);
	/* struct sockaddr_un: 2 bytes of family, then the name, whose first byte is 0 when it is abstract */
	length = address ? BPF_CORE_READ(address, len) : 0;
	if (length <= 3) {
		access->object = CG_OBJECT_UNNAMED;
		return FACTS_JUDGE;
	}
	length -= 3;
	if (length > 107)
		return FACTS_DENY;
	access->object = CG_OBJECT_ABSTRACT;
	access->length = length;
	length &= 127;
	if (bpf_probe_read_kernel(access->bytes, length, (char *)address + bpf_core_field_offset(struct unix_address, name) + 3))
		return FACTS_DENY;
	return FACTS_JUDGE;
}

/* Local address of a socket, for listen and accept. */
static __noinline int local_facts(struct cg_entry *entry, struct sock *sk)
{
	struct cg_access *access;
	struct cg_inet *object;
	struct own own;
	__u32 protocol;
	__u16 port;

	if (!entry || !entry->scratch || !sk)
		return FACTS_DENY;
	own = own_of(sk);
	if (own.family == AF_UNIX)
		return unix_facts(entry, sk);
	access = &entry->scratch->access;
	protocol = protocol_byte(own.type, own.protocol);
	if ((own.family != AF_INET && own.family != AF_INET6) || !protocol) {
		put_family(access, own.family, own.type, own.protocol);
		return FACTS_JUDGE;
	}
	object = (struct cg_inet *)access->bytes;
	access->object = CG_OBJECT_INET;
	access->length = 19;
	object->protocol = protocol;
	if (own.family == AF_INET6) {
		if (bpf_core_read(object->address, 16, &sk->__sk_common.skc_v6_rcv_saddr))
			return FACTS_DENY;
	} else {
		__u8 address[4];
		if (bpf_core_read(address, 4, &sk->__sk_common.skc_rcv_saddr))
			return FACTS_DENY;
		put_v4(object, address);
	}
	port = BPF_CORE_READ(sk, __sk_common.skc_num); /* host order */
	object->port[0] = port >> 8;
	object->port[1] = port;
	return FACTS_JUDGE;
}

static __always_inline int judge_facts(struct cg_entry *entry, int facts, __u32 operations)
{
	entry->scratch->access.operations = operations;
	if (facts == FACTS_NONE)
		return 0;
	if (facts == FACTS_DENY) {
		entry->scratch->access.policy = entry->subject->policy;
		entry->scratch->access.unresolved = CG_UNRESOLVED_READ;
		entry->scratch->access.object = CG_OBJECT_NONE;
		return cg_conclude(entry->subject, entry->scratch);
	}
	return cg_judge(entry->subject, entry->scratch);
}

SEC("lsm/socket_create")
int BPF_PROG(socket_create, int family, int type, int protocol, int kern)
{
	struct cg_entry entry;
	int verdict = 0;

	if (kern || !cg_enter(&entry, &verdict))
		return verdict;
	put_family(&entry.scratch->access, family, type & 0xf, protocol);
	return judge_facts(&entry, FACTS_JUDGE, CG_BIT(CG_SOCKET));
}

SEC("lsm/socket_bind")
int BPF_PROG(socket_bind, struct socket *sock, struct sockaddr *address, int length)
{
	struct cg_entry entry;
	struct sock *sk;
	char first = 1;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	sk = sock->sk;
	if (!sk)
		return -EPERM;
	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
		return judge_facts(&entry, address_facts(entry.scratch, sk, (__u64)address, length, 1), CG_BIT(CG_BIND));
	struct cg_access *access = &entry.scratch->access;
	if (length <= 2) {
		/* autobind: the kernel picks an abstract name nobody can know yet */
		access->object = CG_OBJECT_UNNAMED;
		return judge_facts(&entry, FACTS_JUDGE, CG_BIT(CG_BIND));
	}
	if (bpf_probe_read_kernel(&first, 1, (char *)address + 2))
		return judge_facts(&entry, FACTS_DENY, CG_BIT(CG_BIND));
	if (first)
		return 0;
	__u32 bytes = length - 3;
	if (bytes > 107)
		return judge_facts(&entry, FACTS_DENY, CG_BIT(CG_BIND));
	access->object = CG_OBJECT_ABSTRACT;
	access->length = bytes;
	bytes &= 127;
	if (bpf_probe_read_kernel(access->bytes, bytes, (char *)address + 3))
		return judge_facts(&entry, FACTS_DENY, CG_BIT(CG_BIND));
	return judge_facts(&entry, FACTS_JUDGE, CG_BIT(CG_BIND));
}

SEC("lsm/socket_connect")
int BPF_PROG(socket_connect, struct socket *sock, struct sockaddr *address, int length)
{
	struct cg_entry entry;
	struct sock *sk;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	sk = sock->sk;
	if (!sk)
		return -EPERM;
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX)
		return 0;
	return judge_facts(&entry, address_facts(entry.scratch, sk, (__u64)address, length, 0), CG_BIT(CG_CONNECT));
}

SEC("lsm/socket_sendmsg")
int BPF_PROG(socket_sendmsg, struct socket *sock, struct msghdr *message, int size)
{
	struct cg_entry entry;
	struct own own;
	struct sock *sk;
	int verdict = 0;
	__u64 name;

	/* Without an address it goes where the socket is connected to, and that was judged. */
	if (!message->msg_name || !cg_enter(&entry, &verdict))
		return verdict;
	sk = sock->sk;
	if (!sk)
		return -EPERM;
	own = own_of(sk);
	if (own.family == AF_UNIX)
		return 0;
	name = (__u64)message->msg_name;
	if ((own.family == AF_INET || own.family == AF_INET6) && own.type == SOCK_STREAM &&
	    protocol_byte(own.type, own.protocol) == CG_PROTOCOL_TCP) {
		/* Ignored on a connected stream; with MSG_FASTOPEN it connects, past socket_connect (net/ipv4/tcp.c). */
		if (!(BPF_CORE_READ(message, msg_flags) & MSG_FASTOPEN))
			return 0;
		return judge_facts(&entry, address_facts(entry.scratch, sk, name, message->msg_namelen, 0),
				   CG_BIT(CG_CONNECT));
	}
	return judge_facts(&entry, address_facts(entry.scratch, sk, name, message->msg_namelen, 1), CG_BIT(CG_SEND));
}

SEC("lsm/socket_listen")
int BPF_PROG(socket_listen, struct socket *sock, int backlog)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	return judge_facts(&entry, local_facts(&entry, sock->sk), CG_BIT(CG_LISTEN));
}

SEC("lsm/socket_accept")
int BPF_PROG(socket_accept, struct socket *sock, struct socket *newsock)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	return judge_facts(&entry, local_facts(&entry, sock->sk), CG_BIT(CG_ACCEPT));
}

SEC("lsm/unix_stream_connect")
int BPF_PROG(unix_stream_connect, struct sock *sk, struct sock *other, struct sock *newsk)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	return judge_facts(&entry, unix_facts(&entry, other), CG_BIT(CG_CONNECT));
}

SEC("lsm/unix_may_send")
int BPF_PROG(unix_may_send, struct socket *sock, struct socket *other)
{
	struct cg_entry entry;
	struct sock *sk, *peer;
	int verdict = 0;
	long call;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	sk = sock->sk;
	peer = other->sk;
	if (!sk || !peer)
		return -EPERM;
	/* A datagram socket that is connected already was judged then. */
	if (BPF_CORE_READ((struct unix_sock *)sk, peer) == peer)
		return 0;
	/* connect(2) of a datagram socket comes here too; every other caller sends. */
	call = cg_syscall();
	return judge_facts(&entry, unix_facts(&entry, peer), call == 42 ? CG_BIT(CG_CONNECT) : CG_BIT(CG_SEND));
}

/* Addresses of one call that are looked at; each is a whole decision. More are refused: what is not looked at is not permitted. */
#define CG_SCTP_ADDRESSES 4

SEC("lsm/sctp_bind_connect")
int BPF_PROG(sctp_bind_connect, struct sock *sk, int option, struct sockaddr *address, int length)
{
	struct cg_entry entry;
	int verdict = 0;
	/* include/uapi/linux/sctp.h: SCTP_PRIMARY_ADDR 6, SCTP_SET_PEER_PRIMARY_ADDR 5, SCTP_SOCKOPT_BINDX_ADD 100 */
	__u32 operation = option == 6 || option == 5 || option == 100 ? CG_BIT(CG_BIND) : CG_BIT(CG_CONNECT);
	__u64 at = (__u64)address;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	/* A packed list: 16 bytes of sockaddr_in or 28 of sockaddr_in6 each (net/sctp/socket.c). */
	for (int i = 0; i < CG_SCTP_ADDRESSES; i++) {
		__u16 family = 0;
		int size;

		if (length <= 0)
			return 0;
		if (bpf_probe_read_kernel(&family, 2, (void *)at))
			return -EPERM;
		cg_begin(entry.scratch);
		verdict = judge_facts(&entry, address_facts(entry.scratch, sk, at, length, 1), operation);
		if (verdict)
			return cg_refuse(-verdict);
		size = family == AF_INET6 ? 28 : 16;
		at += size;
		length -= size;
	}
	return length > 0 ? -EPERM : 0;
}
