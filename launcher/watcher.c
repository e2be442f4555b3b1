/* SPDX-License-Identifier: GPL-2.0-only */
/* Who takes the gate's hooks off when its supervisor was killed: see watcher.h. */
#define _GNU_SOURCE
#include "watcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Node is not started more often, whoever comes and goes. */
#define PAUSE_SECONDS 1
/* How often it may fail, one after another; it waits two minutes for the lock of itself. */
#define FAILURES 5

static void wait_for(int pidfd)
{
	struct pollfd ended = {pidfd, POLLIN, 0};

	while (poll(&ended, 1, -1) < 0 && errno == EINTR)
		;
}

/* Keeps two descriptors, as 3 and 4, and nothing of the caller's: whoever reads the other end of a pipe waits for all who have it. */
static int let_go(int told, int supervisor)
{
	int high = fcntl(told, F_DUPFD_CLOEXEC, 5), other = fcntl(supervisor, F_DUPFD_CLOEXEC, 5);

	if (high < 0 || other < 0 || dup3(high, 3, O_CLOEXEC) < 0 || dup3(other, 4, O_CLOEXEC) < 0)
		return -1;
	if (syscall(SYS_close_range, 5u, ~0u, 0) != 0)
		return -1;
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	for (int fd = 0; fd < 3; fd++)
		if (open("/dev/null", O_RDWR) != fd)
			return -1;
	return chdir("/");
}

/* Start of a process in clock ticks since boot, as proc(5) has it; 0 where there is none. */
static unsigned long long start_of(pid_t pid)
{
	char path[64], text[1024], *at;
	unsigned long long start = 0;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	length = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (length <= 0)
		return 0;
	text[length] = 0;
	at = strrchr(text, ')');
	/* The name is field 2, and this is field 22. */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		start = strtoull(at + 1, NULL, 10);
	return start;
}

/*
 * What ps(1) shows in the place of the words of a second supervisor. The kernel reads the words, and what stands behind them where the
 * last has no end any more, so a short command line is no limit (get_mm_cmdline in fs/proc/base.c).
 */
static int name_itself(char **argv, pid_t supervisor, char **variables)
{
	char title[64], *end = argv[0];
	size_t length = (size_t)snprintf(title, sizeof(title), "%s %d", WATCHER, (int)supervisor) + 1, words;

	/* They stand where the title may come to stand. */
	for (char **variable = variables; *variable; variable++) {
		*variable = strdup(*variable);
		if (!*variable)
			return -1;
	}
	for (char **word = argv; *word && *word == end; word++)
		end += strlen(*word) + 1;
	words = (size_t)(end - argv[0]);
	for (char **variable = environ; *variable && *variable == end && (size_t)(end - argv[0]) < length; variable++)
		end += strlen(*variable) + 1;
	if ((size_t)(end - argv[0]) < length)
		length = (size_t)(end - argv[0]);
	memset(argv[0], 0, words);
	memcpy(argv[0], title, length - 1);
	argv[0][length - 1] = 0;
	prctl(PR_SET_NAME, WATCHER);
	return 0;
}

/* Has Node look; what it says in *said. Its exit status, or -1. */
static int look(const char *node, const char *script, char **variables, char *said, size_t size)
{
	char *words[] = {WATCHER, (char *)script, NULL};
	int ends[2], status;
	size_t length = 0;
	ssize_t got;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid < 0) {
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execve(node, words, variables);
		_exit(127);
	}
	close(ends[1]);
	while ((got = read(ends[0], said + length, size - 1 - length)) > 0 || (got < 0 && errno == EINTR))
		if (got > 0)
			length += (size_t)got;
	said[length] = 0;
	close(ends[0]);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Until nobody is left whom nobody else looks after. */
static void look_after(const char *node, const char *script, char **variables)
{
	const struct timespec pause = {PAUSE_SECONDS, 0};

	for (int failures = 0; failures < FAILURES;) {
		unsigned long long start = 0;
		char said[128];
		int pid = 0, pidfd;

		if (look(node, script, variables, said, sizeof(said)) != 0) {
			failures++;
		} else {
			if (sscanf(said, "%d %llu", &pid, &start) != 2)
				return;
			/* 0: there is somebody who cannot be named; not for long. */
			failures = pid == 0 ? failures + 1 : 0;
			pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
			/* Another that has its number by now is nobody to wait for. */
			if (pidfd >= 0 && start_of(pid) == start)
				wait_for(pidfd);
			if (pidfd >= 0)
				close(pidfd);
		}
		nanosleep(&pause, NULL);
	}
}

static void __attribute__((noreturn)) watch(int told, int supervisor, const char *node, const char *script, char **variables)
{
	char byte = WATCHER_DISARMED, next;
	ssize_t got;

	while ((got = read(told, &next, 1)) == 1 || (got < 0 && errno == EINTR))
		if (got == 1)
			byte = next;
	if (byte != WATCHER_ARMED)
		_exit(0);
	close(told);
	/* Its descriptors are closed before it counts as dead. */
	wait_for(supervisor);
	close(supervisor);
	look_after(node, script, variables);
	_exit(0);
}

int watcher_start(const char *node, const char *script, char **variables, char **argv, pid_t *pid)
{
	pid_t own = getpid(), between, child;
	int ends[2], supervisor = (int)syscall(SYS_pidfd_open, own, 0), told;
	/* The one between says whom it started. */
	pid_t *started = mmap(NULL, sizeof(*started), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sigset_t none;

	if (supervisor < 0 || started == MAP_FAILED)
		return -1;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		close(supervisor);
		return -1;
	}
	/* Standard descriptors that are closed stay closed. */
	told = fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	between = told < 0 ? -1 : fork();
	if (between == 0) {
		setsid();
		child = fork();
		if (child != 0) {
			*started = child;
			_exit(0);
		}
		for (int signal = 1; signal < NSIG; signal++)
			sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (name_itself(argv, own, variables) != 0 || let_go(ends[0], supervisor) != 0)
			_exit(1);
		watch(3, 4, node, script, variables);
	}
	close(ends[0]);
	close(ends[1]);
	close(supervisor);
	if (between < 0) {
		if (told >= 0)
			close(told);
		return -1;
	}
	while (waitpid(between, NULL, 0) < 0 && errno == EINTR)
		;
	*pid = *started;
	munmap(started, sizeof(*started));
	if (*pid > 0)
		return told;
	close(told);
	return -1;
}
