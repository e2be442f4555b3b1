// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does what its arguments say through a ring of io_uring, by plain system calls, and prints a line for each: `ok`, or the name of the
 * errno. A ring of each sort is made once, by the first act that takes it.
 *
 *   HOW,ACT,ARG...   HOW is `inline` (by the thread that asks), `worker` (IOSQE_ASYNC) or `poll` (a thread of the kernel's)
 *     open,PATH,FLAGS  direct,PATH (into the ring's own table, and a byte read)  stat,PATH  mkdir,PATH  unlink,PATH  rmdir,PATH  rename,OLD,NEW
 *     link,OLD,NEW  symlink,TARGET,PATH  xattr,PATH,NAME (an attribute set)  command,PATH (of a file's own)
 *     socket  connect,PORT  send,PORT  of UDP and 127.0.0.1
 *   personality,PATH   opens it under credentials that were registered
 *   late,PATH,NAME     sets an attribute at the end of a getxattr(2): by a request that waits for a time-out, while that is called
 *   keepcaps           changes the thread's credentials, though not what they may
 *   keyring            makes a key ring of the thread's own
 *   attach             another thread, with other credentials, has its ring polled by the same thread of the kernel's
 *   inherit,PATH,ARG...  runs a program with a ring open
 *   same,PATH,ARG...   the same without one
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/time_types.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

extern char **environ;

struct ring {
	int fd;
	unsigned *tail, *mask, *array, *head, *ends, *end_mask;
	struct io_uring_sqe *asked;
	struct io_uring_cqe *done;
};

static struct ring plain = {.fd = -1}, polled = {.fd = -1};

static void tell(long result)
{
	char line[64];
	int length = snprintf(line, sizeof(line), "%s\n", result >= 0 ? "ok" : strerrorname_np(-result));

	if (write(1, line, length) != length)
		_exit(99);
}

/* 0, or the negative errno of io_uring_setup(2). */
static long make(struct ring *ring, unsigned flags, int other)
{
	struct io_uring_params facts = {.flags = flags, .wq_fd = other};
	char *asks, *ends;

	if (ring->fd >= 0)
		return 0;
	ring->fd = syscall(SYS_io_uring_setup, 8, &facts);
	if (ring->fd < 0)
		return -errno;
	asks = mmap(NULL, facts.sq_off.array + facts.sq_entries * 4, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ends = mmap(NULL, facts.cq_off.cqes + facts.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
		    IORING_OFF_CQ_RING);
	ring->asked = mmap(NULL, facts.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd,
			   IORING_OFF_SQES);
	if (asks == MAP_FAILED || ends == MAP_FAILED || ring->asked == MAP_FAILED)
		return -errno;
	ring->tail = (unsigned *)(asks + facts.sq_off.tail);
	ring->mask = (unsigned *)(asks + facts.sq_off.ring_mask);
	ring->array = (unsigned *)(asks + facts.sq_off.array);
	ring->head = (unsigned *)(ends + facts.cq_off.head);
	ring->ends = (unsigned *)(ends + facts.cq_off.tail);
	ring->end_mask = (unsigned *)(ends + facts.cq_off.ring_mask);
	ring->done = (struct io_uring_cqe *)(ends + facts.cq_off.cqes);
	return 0;
}

static void put(struct ring *ring, const struct io_uring_sqe *request)
{
	unsigned tail = *ring->tail, at = tail & *ring->mask;

	ring->asked[at] = *request;
	ring->array[at] = at;
	__atomic_store_n(ring->tail, tail + 1, __ATOMIC_SEQ_CST);
}

static int take(struct ring *ring, int *result)
{
	unsigned head = *ring->head;

	if (head == __atomic_load_n(ring->ends, __ATOMIC_ACQUIRE))
		return 0;
	*result = ring->done[head & *ring->end_mask].res;
	__atomic_store_n(ring->head, head + 1, __ATOMIC_RELEASE);
	return 1;
}

static long enter(struct ring *ring, unsigned count, unsigned wanted)
{
	return syscall(SYS_io_uring_enter, ring->fd, count, wanted, IORING_ENTER_GETEVENTS | IORING_ENTER_SQ_WAKEUP, NULL, 0) < 0 ? -errno : 0;
}

/* The request's result. */
static long request(struct ring *ring, struct io_uring_sqe *one)
{
	int result;
	long failed = 0;

	put(ring, one);
	for (unsigned count = 1; !take(ring, &result); count = 0) {
		failed = enter(ring, count, 1);
		if (failed && failed != -EINTR)
			return failed;
	}
	return result;
}

static struct io_uring_sqe named(int operation, const char *path)
{
	return (struct io_uring_sqe){.opcode = operation, .fd = AT_FDCWD, .addr = (uintptr_t)path};
}

static struct sockaddr_in at(const char *port)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A byte of a file that has a place in the ring's own table, and no descriptor. */
static long direct(struct ring *ring, unsigned char flags, const char *path)
{
	static int set, table[4] = {-1, -1, -1, -1};
	struct io_uring_sqe one = named(IORING_OP_OPENAT, path);
	char byte;
	long result;

	if (!set++ && syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, table, 4) < 0)
		return -errno;
	one.flags = flags;
	one.file_index = 2;
	result = request(ring, &one);
	if (result < 0)
		return result;
	one = (struct io_uring_sqe){.opcode = IORING_OP_READ, .flags = flags | IOSQE_FIXED_FILE, .fd = 1, .addr = (uintptr_t)&byte, .len = 1};
	return request(ring, &one);
}

static long does(char *how, char **words)
{
	struct ring *ring = how[0] == 'p' ? &polled : &plain;
	struct io_uring_sqe one = {};
	struct statx facts;
	struct sockaddr_in to;
	struct iovec part = {"datagram", 8};
	struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &part, .msg_iovlen = 1};
	char *verb = words[0];
	long result = make(ring, how[0] == 'p' ? IORING_SETUP_SQPOLL : 0, 0);
	int fd = -1;

	if (result < 0)
		return result;
	if (!strcmp(verb, "direct"))
		return direct(ring, how[0] == 'w' ? IOSQE_ASYNC : 0, words[1]);
	if (!strcmp(verb, "open")) {
		one = named(IORING_OP_OPENAT, words[1]);
		one.open_flags = atoi(words[2]);
		one.len = 0644;
	} else if (!strcmp(verb, "stat")) {
		one = named(IORING_OP_STATX, words[1]);
		one.len = STATX_BASIC_STATS;
		one.off = (uintptr_t)&facts;
	} else if (!strcmp(verb, "mkdir")) {
		one = named(IORING_OP_MKDIRAT, words[1]);
		one.len = 0755;
	} else if (!strcmp(verb, "unlink") || !strcmp(verb, "rmdir")) {
		one = named(IORING_OP_UNLINKAT, words[1]);
		one.unlink_flags = verb[0] == 'r' ? AT_REMOVEDIR : 0;
	} else if (!strcmp(verb, "rename") || !strcmp(verb, "link")) {
		one = named(verb[0] == 'r' ? IORING_OP_RENAMEAT : IORING_OP_LINKAT, words[1]);
		one.len = AT_FDCWD;
		one.off = (uintptr_t)words[2];
	} else if (!strcmp(verb, "symlink")) {
		one = named(IORING_OP_SYMLINKAT, words[1]);
		one.off = (uintptr_t)words[2];
	} else if (!strcmp(verb, "xattr")) {
		one = named(IORING_OP_SETXATTR, words[2]);
		one.off = (uintptr_t)"value";
		one.addr3 = (uintptr_t)words[1];
		one.len = 5;
	} else if (!strcmp(verb, "command")) {
		one.opcode = IORING_OP_URING_CMD;
		one.fd = fd = open(words[1], O_RDWR);
	} else if (!strcmp(verb, "socket")) {
		one.opcode = IORING_OP_SOCKET;
		one.fd = AF_INET;
		one.off = SOCK_DGRAM;
	} else if (!strcmp(verb, "connect") || !strcmp(verb, "send")) {
		to = at(words[1]);
		one.fd = fd = socket(AF_INET, SOCK_DGRAM, 0);
		one.opcode = verb[0] == 'c' ? IORING_OP_CONNECT : IORING_OP_SENDMSG;
		one.addr = verb[0] == 'c' ? (uintptr_t)&to : (uintptr_t)&message;
		one.len = 1;
		one.off = sizeof(to);
		if (verb[0] == 'c')
			one.len = 0;
		else
			one.off = 0;
	} else {
		return -EINVAL;
	}
	if (one.fd < 0 && one.fd != AT_FDCWD)
		return -errno;
	if (how[0] == 'w')
		one.flags |= IOSQE_ASYNC;
	result = request(ring, &one);
	if (result >= 0 && (!strcmp(verb, "open") || !strcmp(verb, "socket")))
		close(result);
	if (fd >= 0)
		close(fd);
	return result;
}

static long personality(const char *path)
{
	struct io_uring_sqe one = named(IORING_OP_OPENAT, path);
	long number;

	if (make(&plain, 0, 0) < 0)
		return -errno;
	number = syscall(SYS_io_uring_register, plain.fd, IORING_REGISTER_PERSONALITY, NULL, 0);
	if (number < 0)
		return -errno;
	one.personality = number;
	return request(&plain, &one);
}

static long late(const char *path, const char *name)
{
	struct __kernel_timespec time = {.tv_nsec = 50 * 1000 * 1000};
	struct io_uring_sqe first = {.opcode = IORING_OP_TIMEOUT, .flags = IOSQE_IO_HARDLINK, .addr = (uintptr_t)&time, .len = 1};
	struct io_uring_sqe second = named(IORING_OP_SETXATTR, name);
	char value[8];
	int result, done = 0;
	long failed = make(&plain, 0, 0);

	if (failed)
		return failed;
	second.off = (uintptr_t)"value";
	second.addr3 = (uintptr_t)path;
	second.len = 5;
	put(&plain, &first);
	put(&plain, &second);
	failed = enter(&plain, 2, 0);
	while (!failed && done < 2) {
		getxattr(path, "user.none", value, sizeof(value));
		if (take(&plain, &result))
			done++;
	}
	return failed ? failed : result;
}

static void *attaches(void *result)
{
	static struct ring another = {.fd = -1};

	/* One thread's own: the C library would have all threads do it. */
	if (syscall(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0))
		*(long *)result = -errno;
	else
		*(long *)result = make(&another, IORING_SETUP_SQPOLL | IORING_SETUP_ATTACH_WQ, polled.fd);
	return NULL;
}

static long attach(void)
{
	pthread_t thread;
	long result = make(&polled, IORING_SETUP_SQPOLL, 0);

	if (result)
		return result;
	if (pthread_create(&thread, NULL, attaches, &result))
		return -EAGAIN;
	pthread_join(thread, NULL);
	return result;
}

static long become(char **words)
{
	execve(words[0], words, environ);
	return -errno;
}

int main(int count, char **arguments)
{
	for (int i = 1; i < count; i++) {
		char *words[16] = {}, *rest = strdup(arguments[i]);
		int n = 0;

		for (char *one; n < 15 && (one = strsep(&rest, ","));)
			words[n++] = one;
		if (!strcmp(words[0], "personality")) {
			tell(personality(words[1]));
		} else if (!strcmp(words[0], "late")) {
			tell(late(words[1], words[2]));
		} else if (!strcmp(words[0], "keepcaps")) {
			tell(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) ? -errno : 0);
		} else if (!strcmp(words[0], "keyring")) {
			tell(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_THREAD_KEYRING, 1) < 0 ? -errno : 0);
		} else if (!strcmp(words[0], "attach")) {
			tell(attach());
		} else if (!strcmp(words[0], "inherit")) {
			long result = make(&plain, 0, 0);
			if (!result && fcntl(plain.fd, F_SETFD, 0))
				result = -errno;
			tell(result ? result : become(words + 1));
		} else if (!strcmp(words[0], "same")) {
			tell(become(words + 1));
		} else {
			tell(does(words[0], words + 1));
		}
	}
	return 0;
}
