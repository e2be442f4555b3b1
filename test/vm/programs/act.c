// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does what its arguments say, one act each, and prints a line for each: `ok`, or the name of the errno. Linked
 * statically, so that a policy for it has to permit nothing but what a test is about.
 *
 * An act is words with commas between; `K=` before it keeps its result as #K (one digit), and `#K` in a word is replaced by that result.
 *
 *   call,NUMBER,ARG...          any system call; ARG is a number, s:TEXT, x:HEX (the bytes), b:BYTES (zeroes), w:N:N... (64-bit words)
 *   old,NUMBER,ARG...           the same by i386's entry and numbers
 *   pretend,PATH                puts PATH in the place of the program's own file, maps it as code, says how that went and ends
 *   copy,PATH,PATH              copies a program
 *   filter,NUMBER,ERRNO         adds a seccomp filter by which this system call gets this error
 *   call,NUMBER,ARG...          any system call; ARG is a number, s:TEXT, b:BYTES (zeroes), w:N:N... (64-bit words)
 *   call32,NUMBER,ARG...        the same as a 32-bit program makes it: another table of numbers, no pointers
 *   socketpair                  the first end as #K, the second is its number and one more
 *   bind|connect|sendto,FD,ADDRESS...     in,IP,PORT  in6,IP,PORT  unspec,IP,PORT  un,PATH  abs,NAME  auto; a PATH or NAME may be x:HEX
 *   control,FD,LEVEL,TYPE,LENGTH,ADDRESS...  sends with a piece of ancillary data, LENGTH zeroes
 *   socketcall,FD,ADDRESS...    connect(2) as an i386 program's socketcall(2)
 *   connectx,FD,COUNT,PORT      SCTP's connect to 127.0.0.1 ... 127.0.0.COUNT
 *   sendfd,SOCKET,FD  recvfd,SOCKET       a descriptor; recvfd prints `lost` where the message came without it
 *   mapped,ADDRESS              opens what is mapped there, by /proc/self/map_files
 *   byhandle,PATH               opens it by its file handle, from a working folder in its file system
 *   become,PATH,ARG...          runs the program with just these arguments
 *   many,COUNT,FD,PATH          opens and closes so often, from a folder; prints how many it could open
 *   steady,ONE,OTHER            opens both in turn till a line comes on descriptor 0; prints how often ONE could not be
 *                               opened, how often OTHER could, and how often it tried
 *   flip,ONE,OTHER              renames to and fro till it is killed
 *   flipmount,ONE,OTHER         the same with a mount
 *   chain,COUNT,NAME            makes and enters COUNT folders, each in the one before
 *   enter,COUNT,NAME            enters the folder of this name so often
 *   ring                        makes a ring of io_uring
 *   command,FD                  asks by it for a command of the file's own
 *   fork  thread                the rest is done by a child, or by another thread, and waited for
 *   child  child,PATH           begins a child that waits for a signal, and ends with its parent; its number. With PATH it runs that copy
 *   crowd,COUNT                 the rest is done by so many children at once
 *   exec,PATH  fexec,FD         runs the program with the rest as its arguments: a copy of this one goes on with them
 *   wait                        reads a line from descriptor 0: till then nothing happens
 *   serve                       reads lines from descriptor 0, each of acts with spaces between; each is done by a child, then it
 *                               prints `done`, or `died` where that was ended by a signal (after 20 s by SIGALRM)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static long slots[10];

static void say(const char *text)
{
	char line[96];
	int length = snprintf(line, sizeof(line), "%s\n", text);
	if (write(1, line, length) != length)
		_exit(99);
}

static void tell(long result)
{
	say(result >= 0 || result < -4095 ? "ok" : strerrorname_np(-result));
}

static long outcome(long result)
{
	return result == -1 ? -errno : result;
}

/* `text` with every #K replaced by its number */
static char *filled(const char *text)
{
	char *out = malloc(strlen(text) + 20 * strlen(text) + 1), *at = out;

	for (; *text; text++)
		if (*text == '#' && text[1] >= '0' && text[1] <= '9')
			at += sprintf(at, "%ld", slots[*++text - '0']);
		else
			*at++ = *text;
	*at = 0;
	return out;
}

/* Decodes `x:HEX` in place, with a NUL behind it; anything else stays what it is. */
static char *bytes(char *word, size_t *length)
{
	char *out = word, *in = word + 2;
	unsigned byte;

	*length = strlen(word);
	if (strncmp(word, "x:", 2))
		return word;
	for (; sscanf(in, "%2x", &byte) == 1; in += 2)
		*out++ = byte;
	*out = 0;
	*length = out - word;
	return word;
}

static long argument(char *word)
{
	size_t length;

	if (!strncmp(word, "x:", 2))
		return (long)bytes(word, &length);
	if (!strncmp(word, "s:", 2))
		return (long)(word + 2);
	if (!strncmp(word, "b:", 2))
		return (long)calloc(1, atol(word + 2));
	if (!strncmp(word, "w:", 2)) {
		long *words = calloc(64, sizeof(long));
		int n = 0;
		for (char *one = strtok(word + 2, ":"); one && n < 64; one = strtok(NULL, ":"))
			words[n++] = strtoull(one, NULL, 0);
		return (long)words;
	}
	return word[0] == '-' ? strtol(word, NULL, 0) : (long)strtoul(word, NULL, 0);
}

static socklen_t address(char **words, struct sockaddr_storage *out)
{
	struct sockaddr_in *in = (void *)out;
	struct sockaddr_in6 *in6 = (void *)out;
	struct sockaddr_un *un = (void *)out;
	size_t length;

	memset(out, 0, sizeof(*out));
	if (!strcmp(words[0], "in6")) {
		in6->sin6_family = AF_INET6;
		inet_pton(AF_INET6, words[1], &in6->sin6_addr);
		in6->sin6_port = htons(atoi(words[2]));
		return sizeof(*in6);
	}
	if (!strcmp(words[0], "in") || !strcmp(words[0], "unspec")) {
		in->sin_family = words[0][0] == 'i' ? AF_INET : AF_UNSPEC;
		inet_pton(AF_INET, words[1], &in->sin_addr);
		in->sin_port = htons(atoi(words[2]));
		return sizeof(*in);
	}
	un->sun_family = AF_UNIX;
	if (!strcmp(words[0], "auto"))
		return sizeof(un->sun_family);
	if (!strcmp(words[0], "abs")) {
		bytes(words[1], &length);
		memcpy(un->sun_path + 1, words[1], length);
		return offsetof(struct sockaddr_un, sun_path) + 1 + length;
	}
	strncpy(un->sun_path, bytes(words[1], &length), sizeof(un->sun_path) - 1);
	return sizeof(*un);
}

static long send_with(int fd, int level, int type, size_t length, struct sockaddr_storage *to, socklen_t size)
{
	char control[CMSG_SPACE(256)] = {};
	struct iovec iov = {"datagram", 8};
	struct msghdr message = {.msg_name = to, .msg_namelen = size, .msg_iov = &iov, .msg_iovlen = 1,
				 .msg_control = control, .msg_controllen = CMSG_SPACE(length)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = level;
	head->cmsg_type = type;
	head->cmsg_len = CMSG_LEN(length);
	return outcome(sendmsg(fd, &message, 0));
}

/* By int 0x80, with everything in the first 4 GiB: this program is linked where an i386 one would be. */
static long socketcall_connect(int fd, struct sockaddr_storage *to, socklen_t length)
{
	static struct sockaddr_storage low;
	static uint32_t arguments[3];
	long result;

	low = *to;
	arguments[0] = fd;
	arguments[1] = (uint32_t)(uintptr_t)&low;
	arguments[2] = length;
	asm volatile("int $0x80" : "=a"(result) : "a"(102 /* socketcall */), "b"(3L /* SYS_CONNECT */), "c"(arguments)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)result;
}

static long connect_many(int fd, int count, int port)
{
	struct sockaddr_in list[16] = {};

	for (int i = 0; i < count && i < 16; i++) {
		list[i].sin_family = AF_INET;
		list[i].sin_port = htons(port);
		list[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK + i);
	}
	return outcome(setsockopt(fd, 132 /* SOL_SCTP */, 110 /* SCTP_SOCKOPT_CONNECTX */, list, count * sizeof(list[0])));
}

static long pass_fd(int socket, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return outcome(sendmsg(socket, &message, 0));
}

/* The descriptor; 0: the message came without it */
static long take_fd(int socket)
{
	char byte, control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct cmsghdr *head;
	int fd;

	if (recvmsg(socket, &message, 0) < 0)
		return -errno;
	head = CMSG_FIRSTHDR(&message);
	if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len < CMSG_LEN(sizeof(int)))
		return 0;
	memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

/* By int 0x80, which takes 32 bits of each; the program is linked so that its data stand below 4 GiB. */
static long old_call(long number, const long *arguments)
{
	int result;

	asm volatile("int $0x80"
		     : "=a"(result)
		     : "a"(number), "b"(arguments[0]), "c"(arguments[1]), "d"(arguments[2]), "S"(arguments[3]), "D"(arguments[4])
		     : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* What pretend() needs once nothing of the program is mapped any more: copied to memory of its own, with its data. */
struct beyond {
	long fd, start, length;
};
extern char __executable_start[], _end[], __start_apart[], __stop_apart[];

static inline __attribute__((always_inline)) long bare(long number, long a, long b, long c, long d, long e)
{
	register long r10 asm("r10") = d;
	register long r8 asm("r8") = e;
	register long r9 asm("r9") = 0;
	long result;

	asm volatile("syscall"
		     : "=a"(result)
		     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
		     : "memory", "rcx", "r11");
	return result;
}

static __attribute__((section("apart"), noinline, used)) void beyond(struct beyond *it)
{
	volatile char text[8];
	long result;

	bare(SYS_munmap, it->start, it->length, 0, 0, 0);
	result = bare(SYS_prctl, PR_SET_MM, PR_SET_MM_EXE_FILE, it->fd, 0, 0);
	if (result) {
		text[0] = 'p', text[1] = 'r', text[2] = 'c', text[3] = 't', text[4] = 'l', text[5] = '\n';
		bare(SYS_write, 1, (long)text, 6, 0, 0);
		bare(SYS_exit_group, -result, 0, 0, 0, 0);
	}
	result = bare(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, it->fd);
	if (result == -EPERM) {
		text[0] = 'E', text[1] = 'P', text[2] = 'E', text[3] = 'R', text[4] = 'M', text[5] = '\n';
		bare(SYS_write, 1, (long)text, 6, 0, 0);
	} else if (result > 0) {
		text[0] = 'o', text[1] = 'k', text[2] = '\n';
		bare(SYS_write, 1, (long)text, 3, 0, 0);
	}
	bare(SYS_exit_group, 0, 0, 0, 0, 0);
}

static long pretend(const char *path)
{
	long page = sysconf(_SC_PAGESIZE), start = (long)__executable_start & -page;
	char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct beyond *data = (struct beyond *)(memory + page);

	if (memory == MAP_FAILED)
		return -errno;
	data->fd = open(path, O_RDONLY);
	if (data->fd < 0)
		return -errno;
	data->start = start;
	data->length = (((long)_end + page - 1) & -page) - start;
	memcpy(memory, __start_apart, __stop_apart - __start_apart);
	((void (*)(struct beyond *))(memory + ((char *)beyond - __start_apart)))(data);
	return -ENOTRECOVERABLE;
}

static struct {
	long fd;
	struct io_uring_params facts;
	char *ring;
	struct io_uring_sqe *asked;
} uring;

static long make_ring(void)
{
	struct io_uring_params *facts = &uring.facts;

	uring.fd = syscall(SYS_io_uring_setup, 1, facts);
	if (uring.fd < 0)
		return -errno;
	/* Both queues stand in one mapping (IORING_FEAT_SINGLE_MMAP, Linux 5.4), and of so few entries in one page. */
	uring.ring = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, uring.fd, IORING_OFF_SQ_RING);
	uring.asked = mmap(NULL, sizeof(*uring.asked), PROT_READ | PROT_WRITE, MAP_SHARED, uring.fd, IORING_OFF_SQES);
	return uring.ring == MAP_FAILED || (void *)uring.asked == MAP_FAILED ? -errno : 0;
}

/* The request's result: the first of the ring. */
static long command_by_ring(int fd)
{
	*uring.asked = (struct io_uring_sqe){.opcode = IORING_OP_URING_CMD, .fd = fd};
	*(unsigned *)(uring.ring + uring.facts.sq_off.array) = 0;
	__atomic_store_n((unsigned *)(uring.ring + uring.facts.sq_off.tail), 1, __ATOMIC_SEQ_CST);
	if (syscall(SYS_io_uring_enter, uring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	return ((struct io_uring_cqe *)(uring.ring + uring.facts.cq_off.cqes))->res;
}

static long copy(const char *from, const char *to)
{
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT, 0755);
	long sent;

	if (in < 0 || out < 0)
		return -errno;
	while ((sent = sendfile(out, in, NULL, 1 << 20)) > 0)
		;
	sent = outcome(sent);
	close(in);
	close(out);
	return sent;
}

static void run(char **acts);
static void *run_thread(void *acts)
{
	say("ok");
	run(acts);
	return NULL;
}

static void replace(int fd, char *path, char **rest)
{
	char *argv[512] = {path, "ran"};
	int n = 2;

	for (; *rest && n < 511; rest++)
		argv[n++] = *rest;
	if (path[0])
		execve(path, argv, environ);
	else
		syscall(SYS_execveat, fd, "", argv, environ, 0x1000 /* AT_EMPTY_PATH */);
}

static long add_filter(unsigned number, unsigned errnum)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

static long act(char *verb, char **words)
{
	if (!strcmp(verb, "filter"))
		return add_filter(strtoul(words[0], NULL, 0), strtoul(words[1], NULL, 0));
	struct sockaddr_storage to;
	socklen_t length;
	long arguments[6] = {};

	if (!strcmp(verb, "call")) {
		long number = atol(words[0]);
		for (int i = 0; i < 6 && words[i + 1]; i++)
			arguments[i] = argument(words[i + 1]);
		return outcome(syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]));
	}
	if (!strcmp(verb, "old")) {
		for (int i = 0; i < 5 && words[i + 1]; i++)
			arguments[i] = argument(words[i + 1]);
		return old_call(atol(words[0]), arguments);
	}
	if (!strcmp(verb, "pretend"))
		return pretend(words[0]);
	if (!strcmp(verb, "copy"))
		return copy(words[0], words[1]);
	if (!strcmp(verb, "call32")) {
		long result;
		for (int i = 0; i < 3 && words[i + 1]; i++)
			arguments[i] = argument(words[i + 1]);
		asm volatile("int $0x80"
			     : "=a"(result)
			     : "a"(atol(words[0])), "b"(arguments[0]), "c"(arguments[1]), "d"(arguments[2])
			     : "memory", "r8", "r9", "r10", "r11");
		return (int)result;
	}
	if (!strcmp(verb, "socketpair")) {
		int pair[2];
		return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) ? -errno : pair[0];
	}
	if (!strcmp(verb, "bind") || !strcmp(verb, "connect")) {
		length = address(words + 1, &to);
		return outcome(verb[0] == 'b' ? bind(atoi(words[0]), (void *)&to, length)
					      : connect(atoi(words[0]), (void *)&to, length));
	}
	if (!strcmp(verb, "sendto")) {
		length = address(words + 1, &to);
		return outcome(sendto(atoi(words[0]), "datagram", 8, words[1] && words[4] ? atoi(words[4]) : 0, (void *)&to, length));
	}
	if (!strcmp(verb, "control")) {
		length = words[4] ? address(words + 4, &to) : 0;
		return send_with(atoi(words[0]), atoi(words[1]), atoi(words[2]), atoi(words[3]), length ? &to : NULL, length);
	}
	if (!strcmp(verb, "socketcall")) {
		length = address(words + 1, &to);
		return socketcall_connect(atoi(words[0]), &to, length);
	}
	if (!strcmp(verb, "connectx"))
		return connect_many(atoi(words[0]), atoi(words[1]), atoi(words[2]));
	if (!strcmp(verb, "flip"))
		for (;; words[2] = words[0], words[0] = words[1], words[1] = words[2])
			if (rename(words[0], words[1]))
				return -errno;
	if (!strcmp(verb, "flipmount"))
		for (;; words[2] = words[0], words[0] = words[1], words[1] = words[2])
			if (mount(words[0], words[1], NULL, MS_MOVE, NULL))
				return -errno;
	if (!strcmp(verb, "mapped")) {
		char path[64];
		unsigned long start = strtoul(words[0], NULL, 0);
		snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx", start, start + 4096);
		return outcome(open(path, O_RDONLY));
	}
	if (!strcmp(verb, "byhandle")) {
		struct file_handle *handle = calloc(1, sizeof(*handle) + MAX_HANDLE_SZ);
		int mount;
		handle->handle_bytes = MAX_HANDLE_SZ;
		if (name_to_handle_at(AT_FDCWD, words[0], handle, &mount, 0))
			return -errno;
		return outcome(open_by_handle_at(AT_FDCWD, handle, O_RDONLY));
	}
	if (!strcmp(verb, "ring"))
		return make_ring();
	if (!strcmp(verb, "command"))
		return command_by_ring(atoi(words[0]));
	if (!strcmp(verb, "become")) {
		execve(words[0], words, environ);
		return -errno;
	}
	if (!strcmp(verb, "sendfd"))
		return pass_fd(atoi(words[0]), atoi(words[1]));
	if (!strcmp(verb, "chain")) {
		for (long i = atol(words[0]); i > 0; i--)
			if (mkdir(words[1], 0755) || chdir(words[1]))
				return -errno;
		return 0;
	}
	if (!strcmp(verb, "enter")) {
		for (long i = atol(words[0]); i > 0; i--)
			if (chdir(words[1]))
				return -errno;
		return 0;
	}
	if (!strcmp(verb, "wait")) {
		char byte = 0;
		while (read(0, &byte, 1) == 1 && byte != '\n')
			;
		return 0;
	}
	fprintf(stderr, "act: unknown verb %s\n", verb);
	exit(98);
}

static void serve(void)
{
	static char line[1 << 16];
	char *acts[512];

	for (;;) {
		size_t length = 0;
		int count = 0, status;

		while (length < sizeof(line) - 1 && read(0, line + length, 1) == 1 && line[length] != '\n')
			length++;
		if (line[length] != '\n')
			return;
		line[length] = 0;
		for (char *rest = line, *one; (one = strsep(&rest, " ")) && count < 511;)
			if (*one)
				acts[count++] = one;
		acts[count] = NULL;
		pid_t child = fork();
		if (!child) {
			alarm(20);
			run(acts);
			exit(0);
		}
		waitpid(child, &status, 0);
		say(child > 0 && WIFEXITED(status) ? "done" : "died");
	}
}

static void run(char **acts)
{
	for (; *acts; acts++) {
		char *text = filled(*acts), *words[16] = {};
		int slot = -1, n = 0, status;
		long result;

		/* a script's name, from its interpreter line */
		if (text[0] == '/')
			continue;
		if (text[0] >= '0' && text[0] <= '9' && text[1] == '=') {
			slot = text[0] - '0';
			text += 2;
		}
		for (char *word = strsep(&text, ","); word && n < 15; word = strsep(&text, ","))
			words[n++] = word;
		if (!strcmp(words[0], "ran")) {
			say("ok");
			continue;
		}
		if (!strcmp(words[0], "fork")) {
			pid_t child = fork();
			if (child > 0) {
				waitpid(child, &status, 0);
				exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
			}
			tell(outcome(child));
			continue;
		}
		if (!strcmp(words[0], "child")) {
			int ready[2];
			char *waits[] = {words[1], "call,34", NULL};
			if (pipe2(ready, O_CLOEXEC))
				exit(97);
			result = fork();
			if (!result) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				alarm(20);
				if (words[1])
					execve(words[1], waits, environ);
				else
					pause();
				_exit(0);
			}
			/* Till it runs what it shall. */
			close(ready[1]);
			if (words[1] && read(ready[0], waits, 1))
				exit(97);
			close(ready[0]);
			if (slot >= 0)
				slots[slot] = result;
			tell(result);
			continue;
		}
		if (!strcmp(words[0], "crowd")) {
			long count = atol(words[1]);
			for (long i = 0; i < count; i++)
				if (!fork())
					goto next;
			while (wait(&status) > 0)
				;
			exit(0);
		}
		if (!strcmp(words[0], "thread")) {
			pthread_t thread;
			int error = pthread_create(&thread, NULL, run_thread, acts + 1);
			if (error) {
				tell(-error);
				continue;
			}
			pthread_join(thread, NULL);
			exit(0);
		}
		if (!strcmp(words[0], "exec") || !strcmp(words[0], "fexec")) {
			int path = words[0][0] == 'e';
			size_t length;
			replace(path ? -1 : atoi(words[1]), path ? bytes(words[1], &length) : "", acts + 1);
			tell(-errno);
			continue;
		}
		if (!strcmp(words[0], "serve")) {
			serve();
			exit(0);
		}
		if (!strcmp(words[0], "recvfd")) {
			result = take_fd(atoi(words[1]));
			if (slot >= 0)
				slots[slot] = result;
			if (result)
				tell(result);
			else
				say("lost");
			continue;
		}
		if (!strcmp(words[0], "many")) {
			char line[32];
			long opened = 0;
			for (long i = atol(words[1]); i > 0; i--) {
				int fd = openat(atoi(words[2]), words[3], O_RDONLY);
				opened += fd >= 0;
				close(fd);
			}
			snprintf(line, sizeof(line), "%ld", opened);
			say(line);
			continue;
		}
		if (!strcmp(words[0], "steady")) {
			struct pollfd line = {.fd = 0, .events = POLLIN};
			char text[80];
			long missed = 0, wrong = 0, tried = 0;
			for (; poll(&line, 1, 0) == 0; tried++) {
				int one = open(words[1], O_RDONLY), other = open(words[2], O_RDONLY);
				missed += one < 0;
				wrong += other >= 0;
				close(one);
				close(other);
			}
			snprintf(text, sizeof(text), "%ld\n%ld\n%ld", missed, wrong, tried);
			say(text);
			continue;
		}
		result = act(words[0], words + 1);
		if (slot >= 0)
			slots[slot] = result;
		tell(result);
	next:;
	}
}

int main(int count, char **arguments)
{
	(void)count;
	run(arguments + 1);
	return 0;
}
