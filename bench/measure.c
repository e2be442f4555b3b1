// SPDX-License-Identifier: GPL-2.0-only
/*
 * measure MECHANISM TURNS [ONLY,...]: what operations cost under a mechanism, in the current folder, which bench/guest.ts made.
 *
 * One line an operation, `NAME MEDIAN LEAST MOST`: ticks of the time stamp counter over TURNS turns, without what reading it
 * twice takes; MOST is the 90th percentile. Under QEMU's -icount a tick is an instruction of the guest. An operation that fails
 * where it should not is `NAME failed ERRNO`; `refused` ones must fail. MECHANISM: none (whoever started this one confines it),
 * seccomp, landlock, apparmor=PROFILE.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS_MAX 4096
/* Turns whose cost is not taken: what is met first is in no cache. */
#define WARM 3
#define SIBLINGS 64
#define PORT 4242

static unsigned long taken[TURNS_MAX], empty;
static int turns;
static const char *only;

static void die(const char *what)
{
	fprintf(stderr, "measure: %s: %s\n", what, strerror(errno));
	exit(99);
}

static inline unsigned long ticks(void)
{
	unsigned int low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return low | (unsigned long)high << 32;
}

static int by_size(const void *one, const void *other)
{
	unsigned long a = *(const unsigned long *)one, b = *(const unsigned long *)other;

	return a < b ? -1 : a > b;
}

static int wanted(const char *name)
{
	size_t length = strlen(name);

	if (!only || !strcmp(name, "empty"))
		return 1;
	for (const char *at = only; (at = strstr(at, name)); at += length)
		if ((at == only || at[-1] == ',') && (!at[length] || at[length] == ','))
			return 1;
	return 0;
}

static void tell(const char *name, int count, int error, int refused)
{
	/* Where nothing confines, nothing is refused. */
	if (refused ? error && error != EPERM && error != EACCES : error) {
		printf("%s failed %d\n", name, error);
		return;
	}
	qsort(taken, count, sizeof(taken[0]), by_size);
	if (!strcmp(name, "empty"))
		empty = taken[count / 2];
	printf("%s %ld %ld %ld\n", name, (long)(taken[count / 2] - empty), (long)(taken[0] - empty),
	       (long)(taken[count * 9 / 10] - empty));
}

/* `before` and `after` each turn are not counted. `operation` says how it went: below 0, it failed. */
#define MEASURED(name, count, refused, before, operation, after)                  \
	do {                                                                      \
		int error = 0;                                                    \
		if (!wanted(name))                                                \
			break;                                                    \
		for (int turn = -WARM; turn < (count); turn++) {                  \
			long result = 0;                                          \
			before;                                                   \
			unsigned long start = ticks();                            \
			result = (operation);                                     \
			unsigned long end = ticks();                              \
			if (result < 0)                                           \
				error = errno;                                    \
			after;                                                    \
			if (turn >= 0)                                            \
				taken[turn] = end - start;                        \
		}                                                                 \
		tell(name, count, error, refused);                                \
	} while (0)
#define MEASURE(name, before, operation, after) MEASURED(name, turns, 0, before, operation, after)
#define NOTHING (void)0

static long open_close(const char *path)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);

	return fd < 0 ? fd : syscall(SYS_close, fd);
}

static long truncate_open(const char *path)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_TRUNC, 0);

	return fd < 0 ? fd : syscall(SYS_close, fd);
}

static long create_unlink(const char *path)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_WRONLY, 0644);

	if (fd < 0 || syscall(SYS_close, fd) < 0)
		return -1;
	return syscall(SYS_unlink, path);
}

static long make_remove(const char *path)
{
	long result = syscall(SYS_mkdir, path, 0755);

	return result < 0 ? result : syscall(SYS_rmdir, path);
}

static long rename_twice(const char *one, const char *other)
{
	long result = syscall(SYS_rename, one, other);

	return result < 0 ? result : syscall(SYS_rename, other, one);
}

static long bind_listen(int fd, const struct sockaddr_in *to)
{
	long result = syscall(SYS_bind, fd, to, sizeof(*to));

	return result < 0 ? result : syscall(SYS_listen, fd, 16);
}

static long forked(int exec)
{
	static char *const arguments[] = {"true", NULL}, *const environment[] = {NULL};
	int status = 0;
	pid_t child = exec ? vfork() : fork();

	if (!child) {
		if (exec)
			syscall(SYS_execve, "bin/true", arguments, environment);
		_exit(exec ? 127 : 0);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -1;
	errno = EPERM;
	return status ? -1 : 0;
}

static void *nothing(void *argument)
{
	return argument;
}

static long threaded(void)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, nothing, NULL);
	return errno ? -1 : pthread_join(thread, NULL);
}

static long mapped(int fd)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

	return at == MAP_FAILED ? -1 : munmap(at, 4096);
}

static void files(void)
{
	char siblings[SIBLINGS][128], path[512], link[64], byte;
	struct stat status;
	int next = 0, fd;

	for (int depth = 1; depth <= 32; depth *= 2) {
		char name[32];

		path[0] = 0;
		for (int level = 1; level < depth; level++)
			strcat(path, level == 1 ? "tree/" : "folder/");
		strcat(path, "file.txt");
		snprintf(name, sizeof(name), "open%d", depth);
		MEASURE(name, NOTHING, open_close(path), NOTHING);
		if (depth != 2 && depth != 8)
			continue;
		snprintf(name, sizeof(name), "stat%d", depth);
		MEASURE(name, NOTHING, syscall(SYS_newfstatat, AT_FDCWD, path, &status, 0), NOTHING);
	}
	for (int i = 0; i < SIBLINGS; i++)
		snprintf(siblings[i], sizeof(siblings[i]), "tree/folder/folder/folder/folder/folder/folder/part%02d.txt", i);
	MEASURE("open8of64", next = (next + 1) % SIBLINGS, open_close(siblings[next]), NOTHING);
	fd = open("tree/file.txt", O_RDONLY);
	MEASURE("fstat", NOTHING, syscall(SYS_newfstatat, fd, "", &status, AT_EMPTY_PATH), NOTHING);
	MEASURE("read", NOTHING, syscall(SYS_pread64, fd, &byte, 1, 0), NOTHING);
	MEASURE("mmap_exec", NOTHING, mapped(fd), NOTHING);
	close(fd);
	fd = open("room/written", O_CREAT | O_RDWR, 0644);
	MEASURE("write", NOTHING, syscall(SYS_pwrite64, fd, &byte, 1, 0), NOTHING);
	close(fd);
	MEASURE("create_unlink", NOTHING, create_unlink("room/scratch.tmp"), NOTHING);
	MEASURE("mkdir_rmdir", NOTHING, make_remove("room/folder"), NOTHING);
	MEASURE("rename_twice", NOTHING, rename_twice("room/written", "room/renamed"), NOTHING);
	MEASURE("link", NOTHING, syscall(SYS_link, "room/written", "room/linked"), unlink("room/linked"));
	MEASURE("chmod", NOTHING, syscall(SYS_chmod, "room/written", 0644), NOTHING);
	MEASURE("readlink", NOTHING, syscall(SYS_readlink, "tree/link", link, sizeof(link)), NOTHING);
	MEASURED("open_refused_logged", turns / 4, 1, NOTHING, open_close("tree/logged"), NOTHING);
	MEASURED("open_refused", turns, 1, NOTHING, open_close("tree/silent"), NOTHING);
}

static void sockets(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct linger at_once = {1, 0};
	int pair[2], one = 1, client = -1, server, udp, listening;
	char byte = 0;

	socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
	MEASURE("send", NOTHING, syscall(SYS_sendto, pair[0], &byte, 1, 0, NULL, 0), recv(pair[1], &byte, 1, 0));
	MEASURE("bind_listen", client = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(client, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)),
		bind_listen(client, &to), close(client));
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	server = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(server, (void *)&to, sizeof(to)))
		die("bind");
	MEASURE("connect_udp", NOTHING, syscall(SYS_connect, udp, &to, sizeof(to)), NOTHING);
	close(udp);
	udp = socket(AF_INET, SOCK_DGRAM, 0);
	MEASURE("sendto", NOTHING, syscall(SYS_sendto, udp, &byte, 1, 0, &to, sizeof(to)), recv(server, &byte, 1, 0));
	close(udp);
	close(server);
	listening = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listening, (void *)&to, sizeof(to)) || listen(listening, 16))
		die("listen");
	MEASURE("connect_tcp", client = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)),
		syscall(SYS_connect, client, &to, sizeof(to)), close(accept(listening, NULL, NULL)); close(client));
	MEASURE("accept", client = socket(AF_INET, SOCK_STREAM, 0);
		setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		connect(client, (void *)&to, sizeof(to)), server = syscall(SYS_accept4, listening, NULL, NULL, 0),
		close(server); close(client));
	close(listening);
}

static void processes(void)
{
	int few = turns / 5 + 1;

	MEASURE("kill", NOTHING, syscall(SYS_kill, getpid(), 0), NOTHING);
	MEASURED("thread", few, 0, NOTHING, threaded(), NOTHING);
	MEASURED("fork", few, 0, NOTHING, forked(0), NOTHING);
	MEASURED("fork_exec", few, 0, NOTHING, forked(1), NOTHING);
}

/* What version 2 of the language governs. */
static void later(void)
{
	const struct timespec times[2] = {{1, 0}, {1, 0}};
	struct sembuf zero = {0, 0, 0};
	int pair[2], ready, set;

	MEASURE("open_truncate", NOTHING, truncate_open("room/written"), NOTHING);
	MEASURE("utimensat", NOTHING, syscall(SYS_utimensat, AT_FDCWD, "room/written", times, 0), NOTHING);
	if (pipe(pair))
		die("pipe");
	MEASURE("ioctl", NOTHING, syscall(SYS_ioctl, pair[0], FIONREAD, &ready), NOTHING);
	close(pair[0]);
	close(pair[1]);
	set = semget(IPC_PRIVATE, 1, 0600);
	MEASURE("semop", NOTHING, syscall(SYS_semop, set, &zero, 1), NOTHING);
	semctl(set, 0, IPC_RMID);
}

/* An allowlist of the calls below 335, as a program's own filter is: one comparison a call that it does not use. */
static void seccomp(void)
{
	static const short unused[] = {SYS_ptrace, SYS_mount, SYS_umount2, SYS_reboot, SYS_init_module, SYS_delete_module,
				       SYS_kexec_load, SYS_swapon, SYS_swapoff, SYS_pivot_root, SYS_chroot, SYS_setns,
				       SYS_unshare, SYS_keyctl, SYS_add_key, SYS_bpf, SYS_perf_event_open, SYS_iopl};
	struct sock_filter filter[64];
	int count = sizeof(unused) / sizeof(unused[0]), at = 0;
	struct sock_fprog program = {.filter = filter};

	filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, count + 2);
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (int i = 0; i < count; i++)
		filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, unused[i], count - i, 0);
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	program.len = at;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program))
		die("seccomp");
}

static void landlock(void)
{
	__u64 read = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	/* All that the first version handles, and moving between folders where the kernel handles that. */
	int version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION), rules;
	__u64 all = ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1) | (version >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0);
	const struct {
		const char *path;
		int writes;
	} granted[] = {{"tree/file.txt", 0}, {"tree/folder", 0}, {"file.txt", 0}, {"room", 1}, {"bin", 0}};
	struct landlock_ruleset_attr handled = {.handled_access_fs = all};

	rules = syscall(SYS_landlock_create_ruleset, &handled, sizeof(handled.handled_access_fs), 0);
	if (rules < 0)
		die("landlock");
	for (unsigned int i = 0; i < sizeof(granted) / sizeof(granted[0]); i++) {
		struct landlock_path_beneath_attr rule = {.parent_fd = open(granted[i].path, O_PATH)};
		struct stat status;

		fstat(rule.parent_fd, &status);
		rule.allowed_access = granted[i].writes ? all : read;
		if (!S_ISDIR(status.st_mode))
			rule.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE;
		if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
			die(granted[i].path);
		close(rule.parent_fd);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_landlock_restrict_self, rules, 0))
		die("landlock");
}

static void apparmor(const char *profile)
{
	char word[128];
	int length = snprintf(word, sizeof(word), "changeprofile %s", profile);
	int fd = open("/proc/self/attr/apparmor/current", O_WRONLY);

	if (fd < 0 || write(fd, word, length) != length)
		die("apparmor");
	close(fd);
}

int main(int count, char **words)
{
	static char buffer[1 << 16];

	if (count < 3)
		return 98;
	turns = atoi(words[2]);
	only = count > 3 ? words[3] : NULL;
	if (turns < 4 || turns > TURNS_MAX)
		return 98;
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	mlockall(MCL_CURRENT | MCL_FUTURE);
	if (!strcmp(words[1], "seccomp"))
		seccomp();
	else if (!strcmp(words[1], "landlock"))
		landlock();
	else if (!strncmp(words[1], "apparmor=", 9))
		apparmor(words[1] + 9);
	else if (strcmp(words[1], "none"))
		return 98;
	MEASURE("empty", NOTHING, 0, NOTHING);
	MEASURE("getpid", NOTHING, syscall(SYS_getpid), NOTHING);
	files();
	sockets();
	later();
	processes();
	fflush(stdout);
	return 0;
}
