/* SPDX-License-Identifier: GPL-2.0-only */
/* What a socket call is about, as an object: the kernel's copy of an address, or the socket's own name. */
#ifndef CALLGATE_ADDRESS_H
#define CALLGATE_ADDRESS_H
#include "judge.h"

enum facts {
	FACTS_NONE = 0,  /* nothing to judge */
	FACTS_JUDGE = 1,
	FACTS_DENY = 2,  /* cannot be told; scratch->access.unresolved says why */
};

/* What an address is given for. */
enum cg_role {
	CG_LOCAL = 0,       /* to be the socket's own */
	CG_DESTINATION = 1, /* to be connected to */
	CG_DATAGRAM = 2,    /* to be sent to, by one message */
	CG_DATAGRAM_WITH = 3, /* the same; the message brings ancillary data */
};

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

/*
 * A socket family as the object. So is judged what has no address of a known protocol, and what is sent by a raw socket whose
 * messages carry a header of their own.
 */
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

/*
 * The abstract name in a struct sockaddr_un of `length` bytes, whose path begins with a NUL.
 */
static __always_inline int cg_abstract_facts(struct cg_access *access, __u64 address, __u32 length)
{
	/* 2 bytes of family and the NUL */
	length -= 3;
	/* UNIX_PATH_MAX is 108: the kernel lets no longer one come here */
	if (length > 107) {
		access->unresolved = CG_UNRESOLVED_READ;
		return FACTS_DENY;
	}
	access->object = CG_OBJECT_ABSTRACT;
	access->length = length;
	length &= 127;
	if (bpf_probe_read_kernel(access->bytes, length, (char *)address + 3)) {
		access->unresolved = CG_UNRESOLVED_READ;
		return FACTS_DENY;
	}
	return FACTS_JUDGE;
}

/* An address given to a call for an enum cg_role, normalised. Returns enum facts. */
int cg_address_facts(struct cg_scratch *scratch, struct sock *sk, __u64 address, int length, __u32 role);

/* The path, name or nothing that a unix socket is bound to. */
int cg_unix_facts(struct cg_subject *subject, struct cg_scratch *scratch, struct sock *sk);

/* Local address of a socket, for listen and accept. */
int cg_local_facts(struct cg_subject *subject, struct cg_scratch *scratch, struct sock *sk);

#endif
