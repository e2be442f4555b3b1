// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes down all that a program is given by the one that starts it, into the file named by its first argument: words,
 * variables, descriptors, signals, limits, and so on. One `NAME VALUE` a line; odd bytes as \xHH. What differs between any
 * two runs (inodes of pipes, times) is not in it; process numbers are, for the test to replace.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

extern char **environ;

static char text[1 << 20];
static size_t length;

static void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	length += vsnprintf(text + length, sizeof(text) - length, format, arguments);
	va_end(arguments);
}

static void say_bytes(const char *name, const char *bytes)
{
	say("%s ", name);
	for (; *bytes; bytes++)
		say(*bytes > 0x20 && *bytes < 0x7f && *bytes != '\\' ? "%c" : "\\x%02x", *bytes & 0xff);
	say("\n");
}

static void say_file(const char *name, const char *file)
{
	char content[65536];
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, content, sizeof(content) - 1);

	close(fd);
	content[got < 0 ? 0 : got] = 0;
	say_bytes(name, got < 0 ? strerror(errno) : content);
}

/* Lines of /proc/self/status that are handed down. */
static void say_status(void)
{
	static const char *const names[] = {"Umask", "TracerPid", "Uid", "Gid", "Groups", "SigPnd", "ShdPnd", "SigBlk", "SigIgn",
					    "SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp",
					    "Cpus_allowed", "Mems_allowed", "THP_enabled"};
	char line[4096];
	FILE *file = fopen("/proc/self/status", "re");

	while (file && fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (!strncmp(line, names[i], strlen(names[i])) && line[strlen(names[i])] == ':')
				say_bytes("status", line);
	fclose(file);
}

static void say_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		int fd = atoi(entry->d_name);
		char link[64], target[4096] = "";
		struct stat facts;

		if (entry->d_name[0] == '.' || fd == dirfd(folder))
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		(void)!readlink(link, target, sizeof(target) - 1);
		if (!strncmp(target, "pipe:", 5) || !strncmp(target, "socket:", 7))
			*strchr(target, ':') = 0;
		fstat(fd, &facts);
		say("descriptor %d flags %x close-on-exec %d at %lld mode %o ", fd, fcntl(fd, F_GETFL), fcntl(fd, F_GETFD),
		    S_ISREG(facts.st_mode) ? (long long)lseek(fd, 0, SEEK_CUR) : 0ll, facts.st_mode);
		say_bytes("", target);
	}
	closedir(folder);
}

static void say_signals(void)
{
	for (int signal = 1; signal < NSIG; signal++) {
		struct sigaction action;

		if (sigaction(signal, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			say("signal %d %s\n", signal, action.sa_handler == SIG_IGN ? "ignored" : "handled");
	}
	for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
		struct itimerval timer;

		getitimer(which, &timer);
		say("timer %d %s, every %ld\n", which, timer.it_value.tv_sec || timer.it_value.tv_usec ? "runs" : "stands",
		    (long)timer.it_interval.tv_sec);
	}
}

static void say_scheduling(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} scheduling = {0};

	syscall(SYS_sched_getattr, 0, &scheduling, sizeof(scheduling), 0);
	say("scheduling %u flags %llx nice %d priority %u io %ld\n", scheduling.policy, (unsigned long long)scheduling.flags,
	    scheduling.nice, scheduling.priority, syscall(SYS_ioprio_get, 1, 0));
}

static void say_process(void)
{
	char stat[4096], *at;
	int group, session, terminal, foreground, value;
	FILE *file = fopen("/proc/self/stat", "re");

	(void)!fgets(stat, sizeof(stat), file);
	fclose(file);
	at = strrchr(stat, ')');
	sscanf(at, ") %*c %*d %d %d %d %d", &group, &session, &terminal, &foreground);
	say("group %d session %d terminal %d foreground %d\n", group, session, terminal, foreground);
	say("personality %x dumpable %d securebits %x slack %d thp %d\n", personality(0xffffffff), prctl(PR_GET_DUMPABLE),
	    prctl(PR_GET_SECUREBITS), prctl(PR_GET_TIMERSLACK), prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	prctl(PR_GET_PDEATHSIG, &value);
	say("death-signal %d ", value);
	prctl(PR_GET_CHILD_SUBREAPER, &value);
	say("subreaper %d keyring %ld\n", value, syscall(SYS_keyctl, 0, -3, 0));
	say_file("oom", "/proc/self/oom_score_adj");
	say_file("coredump", "/proc/self/coredump_filter");
	say_file("loginuid", "/proc/self/loginuid");
	say_file("cgroup", "/proc/self/cgroup");
	say_file("namespaces", "/proc/self/uid_map");
}

static void say_places(void)
{
	static const char *const links[] = {"cwd", "root", "exe", "ns/mnt", "ns/pid", "ns/net", "ns/user", "ns/ipc", "ns/uts", "ns/cgroup"};
	struct stat facts;

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
		char link[64], target[4096] = "";

		snprintf(link, sizeof(link), "/proc/self/%s", links[i]);
		(void)!readlink(link, target, sizeof(target) - 1);
		say_bytes(links[i], target);
	}
	stat(".", &facts);
	say("folder-inode %lu\n", (unsigned long)facts.st_ino);
}

int main(int argc, char **argv)
{
	int fd;

	say_descriptors();
	say_signals();
	say("self %d\n", getpid());
	for (int i = 0; i < argc; i++)
		say_bytes("word", argv[i]);
	for (char **variable = environ; *variable; variable++)
		say_bytes("variable", *variable);
	say_bytes("execfn", (const char *)getauxval(AT_EXECFN));
	say("secure %lu\n", getauxval(AT_SECURE));
	for (int limit = 0; limit < RLIM_NLIMITS; limit++) {
		struct rlimit now;

		getrlimit(limit, &now);
		say("limit %d %llu %llu\n", limit, (unsigned long long)now.rlim_cur, (unsigned long long)now.rlim_max);
	}
	say_status();
	say_scheduling();
	say_process();
	say_places();
	if (argc < 2)
		return 2;
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, length) != (ssize_t)length)
		return 3;
	return 7;
}
