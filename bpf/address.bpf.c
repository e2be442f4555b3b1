// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the address of a call to the object that is judged.
 *
 * An address is what the kernel makes of it, not what was written: ::ffff:a.b.c.d is IPv4; AF_UNSPEC is what the operation
 * makes of it; and 0.0.0.0 and ::, as a destination, are this machine (net/ipv4/route.c: ip_route_output_key_hash_rcu takes
 * the source, or 127.0.0.1; net/ipv6/tcp_ipv6.c, udp.c and raw.c take ::1, "BSD'ism").
 */
#include "address.h"

/* SIN6_LEN_RFC2133 (include/linux/in6.h): all that the kernel asks of a sockaddr_in6 */
#define SIN6_BYTES 24
/* sin_addr ends here */
#define SIN_BYTES 8
/* A cg_inet without its padding */
#define INET_BYTES 19
#define LOOPBACK_V4 0x7f

struct sockaddr_any {
	__u16 family;
	__u8 port[2];
	__u8 rest[24]; /* sin_addr at 0; sin6_addr at 4 */
};

static __always_inline int cannot_tell(struct cg_access *access, __u32 reason)
{
	access->unresolved = reason;
	return FACTS_DENY;
}

static __always_inline void put_v4(struct cg_inet *object, const __u8 *address)
{
	object->address[10] = 0xff;
	object->address[11] = 0xff;
	for (int i = 0; i < 4; i++)
		object->address[12 + i] = address[i];
}

static __always_inline void put_loopback_v4(struct cg_inet *object)
{
	object->address[10] = 0xff;
	object->address[11] = 0xff;
	object->address[12] = LOOPBACK_V4;
	object->address[15] = 1;
}

/* ::ffff:0:0/96 */
static __always_inline bool is_v4(const __u8 *address)
{
	__u64 first;

	__builtin_memcpy(&first, address, sizeof(first));
	return !first && !address[8] && !address[9] && address[10] == 0xff && address[11] == 0xff;
}

/* All zero, behind ::ffff: where it is IPv4. */
static __always_inline bool is_any(const struct cg_inet *object)
{
	__u8 bits = object->address[12] | object->address[13] | object->address[14] | object->address[15];

	if (bits)
		return false;
	if (is_v4(object->address))
		return true;
	for (int i = 0; i < 12; i++)
		bits |= object->address[i];
	return !bits;
}

/*
 * Puts in the place of 0.0.0.0 or :: the address that it means as a destination: the source that the socket is bound to, else
 * loopback. A device (SO_BINDTODEVICE, IP_UNICAST_IF) or a source in the message makes it another of this machine's, which only
 * the routing tells: then it cannot be told.
 */
static __always_inline int mean(struct cg_access *access, struct cg_inet *object, struct sock *sk, __u32 role)
{
	struct inet_sock *inet = (struct inet_sock *)sk;
	__u8 source[16] = {};

	if (role == CG_DATAGRAM_WITH || BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if) || BPF_CORE_READ(inet, uc_index))
		return cannot_tell(access, CG_UNRESOLVED_ADDRESS);
	if (is_v4(object->address)) {
		if (bpf_core_read(source, 4, &inet->inet_saddr))
			return cannot_tell(access, CG_UNRESOLVED_READ);
		if (source[0] | source[1] | source[2] | source[3])
			put_v4(object, source);
		else
			put_loopback_v4(object);
		return FACTS_JUDGE;
	}
	/* A socket of IPv6 that is bound to a mapped address goes on in IPv4. */
	if (bpf_core_read(source, 16, &sk->__sk_common.skc_v6_rcv_saddr))
		return cannot_tell(access, CG_UNRESOLVED_READ);
	if (is_v4(source))
		put_loopback_v4(object);
	else
		object->address[15] = 1;
	return FACTS_JUDGE;
}

__hidden int cg_address_facts(struct cg_scratch *scratch, struct sock *sk, __u64 address, int length, __u32 role)
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
	protocol = protocol_byte(own.type, own.protocol);
	/* IPPROTO_RAW: each message carries the header that is sent, and with it an address of its own (net/ipv4/raw.c). */
	if ((own.family != AF_INET && own.family != AF_INET6) || !protocol ||
	    (role != CG_LOCAL && own.type == SOCK_RAW && own.protocol == IPPROTO_RAW)) {
		put_family(access, own.family, own.type, own.protocol);
		return FACTS_JUDGE;
	}
	if (length < 2 || bpf_probe_read_kernel(&any, 2, (void *)address))
		return cannot_tell(access, CG_UNRESOLVED_READ);
	object = (struct cg_inet *)access->bytes;
	access->object = CG_OBJECT_INET;
	access->length = INET_BYTES;
	object->protocol = protocol;
	if (any.family == AF_INET6 && own.family == AF_INET6) {
		if (length < SIN6_BYTES || bpf_probe_read_kernel(&any, SIN6_BYTES, (void *)address))
			return cannot_tell(access, CG_UNRESOLVED_READ);
		for (int i = 0; i < 16; i++)
			object->address[i] = any.rest[4 + i];
	} else if (any.family == AF_INET || (any.family == AF_UNSPEC && role != CG_DESTINATION)) {
		/* bind and UDP's sendto take AF_UNSPEC for IPv4 (net/ipv4/af_inet.c: __inet_bind; udp.c: udp_sendmsg). */
		if (length < SIN_BYTES || bpf_probe_read_kernel(&any, SIN_BYTES, (void *)address))
			return cannot_tell(access, CG_UNRESOLVED_READ);
		put_v4(object, any.rest);
	} else if (any.family == AF_UNSPEC) {
		/* A connection is undone: nothing is reached. */
		return FACTS_NONE;
	} else {
		return cannot_tell(access, CG_UNRESOLVED_READ);
	}
	if (protocol != CG_PROTOCOL_RAW && protocol != CG_PROTOCOL_ICMP) {
		object->port[0] = any.port[0];
		object->port[1] = any.port[1];
	}
	if (role == CG_LOCAL || !is_any(object))
		return FACTS_JUDGE;
	return mean(access, object, sk, role);
}

__hidden int cg_unix_facts(struct cg_subject *subject, struct cg_scratch *scratch, struct sock *sk)
{
	struct unix_sock *socket = (struct unix_sock *)sk;
	struct cg_access *access;
	struct unix_address *address;
	__u64 dentry, mount;
	__u32 length;

	if (!scratch || !subject || !sk)
		return FACTS_DENY;
	access = &scratch->access;
	dentry = (__u64)BPF_CORE_READ(socket, path.dentry);
	if (dentry) {
		mount = (__u64)BPF_CORE_READ(socket, path.mnt);
		if (cg_path_object(scratch, subject, mount, dentry))
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
	return cg_abstract_facts(access, (__u64)address + bpf_core_field_offset(struct unix_address, name), length);
}

__hidden int cg_local_facts(struct cg_subject *subject, struct cg_scratch *scratch, struct sock *sk)
{
	struct cg_access *access;
	struct cg_inet *object;
	struct own own;
	__u32 protocol;
	__u16 port;

	if (!scratch || !subject || !sk)
		return FACTS_DENY;
	own = own_of(sk);
	if (own.family == AF_UNIX)
		return cg_unix_facts(subject, scratch, sk);
	access = &scratch->access;
	protocol = protocol_byte(own.type, own.protocol);
	if ((own.family != AF_INET && own.family != AF_INET6) || !protocol) {
		put_family(access, own.family, own.type, own.protocol);
		return FACTS_JUDGE;
	}
	object = (struct cg_inet *)access->bytes;
	access->object = CG_OBJECT_INET;
	access->length = INET_BYTES;
	object->protocol = protocol;
	if (own.family == AF_INET6) {
		if (bpf_core_read(object->address, 16, &sk->__sk_common.skc_v6_rcv_saddr))
			return cannot_tell(access, CG_UNRESOLVED_READ);
	} else {
		__u8 address[4];
		if (bpf_core_read(address, 4, &sk->__sk_common.skc_rcv_saddr))
			return cannot_tell(access, CG_UNRESOLVED_READ);
		put_v4(object, address);
	}
	port = BPF_CORE_READ(sk, __sk_common.skc_num); /* host order */
	object->port[0] = port >> 8;
	object->port[1] = port;
	return FACTS_JUDGE;
}
