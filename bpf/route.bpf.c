// SPDX-License-Identifier: GPL-2.0-only
/*
 * A destination other than the address that is judged: source routes, headers that a program writes by itself, and the tables
 * of netfilter and IPVS, which send packets elsewhere. Version 1 has no words for them, so they are floor.
 *
 *   socket_setsockopt   options that carry a route, make a raw socket take headers from its messages, or set such tables
 *   cg_has_route()      the same in the ancillary data of one message (socket_sendmsg asks)
 *
 * The hook sees no value of an option, so all values are refused; but to take IP options off, as inetd and tcpd do with the
 * sockets they are given, is no route.
 */
#include "route.h"

/* include/uapi/linux/in.h, in6.h, sctp.h */
#define SOL_IP 0
#define SOL_IPV6 41
#define SOL_SCTP 132
#define IP_HDRINCL 3
#define IP_OPTIONS 4
#define IP_RETOPTS 7
#define IPV6_2292PKTOPTIONS 6
#define IPV6_2292RTHDR 5
#define IPV6_FLOWLABEL_MGR 32
#define IPV6_HDRINCL 36
#define IPV6_RTHDR 57
#define SCTP_DSTADDRV4 7
#define SCTP_DSTADDRV6 8

/*
 * Options of any socket that are a table's: iptables and ip6tables 64 and on, arptables 96, ebtables 128 (each two), IPVS 1152 and on
 * (include/uapi/linux/netfilter*, ip_vs.h). IP's own end below 64 (in.h: IP_PROTOCOL is 52); IPv6's own go on from 66.
 */
#define TABLES_FIRST 64
#define TABLES_V6_LAST 65

/* Ancillary data that is looked at, in pieces; a message with more is taken for one that has a route. */
#define CG_CONTROLS_MAX 64

struct controls {
	__u64 at, end;
	__u32 over;  /* all pieces were looked at */
	__u32 route;
};

static long look_at(__u32 index, struct controls *controls)
{
	struct cmsghdr head;

	/* What the kernel itself stops at (include/linux/socket.h: CMSG_OK, CMSG_NXTHDR). */
	if (controls->at + sizeof(head) > controls->end) {
		controls->over = 1;
		return 1;
	}
	if (bpf_probe_read_kernel(&head, sizeof(head), (void *)controls->at)) {
		controls->route = 1;
		return 1;
	}
	if (head.cmsg_len < sizeof(head)) {
		controls->over = 1;
		return 1;
	}
	if ((head.cmsg_level == SOL_IP && head.cmsg_type == IP_RETOPTS) ||
	    (head.cmsg_level == SOL_IPV6 && (head.cmsg_type == IPV6_RTHDR || head.cmsg_type == IPV6_2292RTHDR)) ||
	    (head.cmsg_level == SOL_SCTP && (head.cmsg_type == SCTP_DSTADDRV4 || head.cmsg_type == SCTP_DSTADDRV6))) {
		controls->route = 1;
		return 1;
	}
	controls->at += (head.cmsg_len + sizeof(long) - 1) & ~(sizeof(long) - 1);
	return 0;
}

__hidden int cg_has_route(struct msghdr *message)
{
	struct controls controls = {};

	if (!message)
		return 1;
	/* ___sys_sendmsg copied it before the hook, in the native form (net/socket.c); calls of the kernel's own bring none. */
	controls.at = (__u64)BPF_CORE_READ(message, msg_control);
	controls.end = controls.at + BPF_CORE_READ(message, msg_controllen);
	if (!controls.at)
		return 0;
	bpf_loop(CG_CONTROLS_MAX, look_at, &controls, 0);
	return controls.route || !controls.over;
}

SEC("lsm/socket_setsockopt")
int BPF_PROG(socket_setsockopt, struct socket *sock, int level, int option)
{
	struct cg_entry entry;
	int verdict = 0;

	if (level != SOL_IP && level != SOL_IPV6)
		return 0;
	if (level == SOL_IP && option != IP_HDRINCL && option != IP_OPTIONS && (__u32)option < TABLES_FIRST)
		return 0;
	if (level == SOL_IPV6 && ((__u32)option < TABLES_FIRST || (__u32)option > TABLES_V6_LAST) && option != IPV6_RTHDR &&
	    option != IPV6_2292PKTOPTIONS && option != IPV6_HDRINCL && option != IPV6_FLOWLABEL_MGR)
		return 0;
	if (!cg_enter(&entry, &verdict))
		return verdict;
	/* A stream's header is the kernel's, whatever the socket says. */
	if ((option == IP_HDRINCL || option == IPV6_HDRINCL) && BPF_CORE_READ(sock, type) != SOCK_RAW)
		return 0;
	if (level == SOL_IP && option == IP_OPTIONS && cg_clears_option())
		return 0;
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_ROUTE);
}
