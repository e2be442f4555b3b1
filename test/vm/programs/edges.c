// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks where a stop is told to somebody else, or the number of who asked is used again. Prints a line for each call: `ok`, or
 * the name of its errno.
 *
 *   edges vfork PATH          opens it in a child that the parent waits for without a signal (vfork)
 *   edges vforkexec PATH      runs it in such a child; prints its exit status too
 *   edges traced listen PATH  opens it in a child that is traced by a tracer that lets it stand still (PTRACE_LISTEN)
 *   edges traced drop PATH    by one that has it go on whenever it stops
 *   edges reuse PATH          opens it in a child; says `near` when the next numbers are those below the child's; once that
 *                               was killed, opens it in one of the same number
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* Numbers below the one that is to be used again, for whoever else begins a process meanwhile. */
#define NEAR 20
#define STATUS_EVENT(status) ((status) >> 16)

static void say(int number)
{
	printf("%s\n", number ? strerrorname_np(number) ?: "513" : "ok");
	fflush(stdout);
}

static int opened(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void fail(const char *what)
{
	fprintf(stderr, "edges: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int vforked(const char *path, int runs)
{
	volatile int number = -1;
	int status;
	pid_t child = vfork();

	if (child == 0) {
		if (runs) {
			char *words[] = {"act", NULL};

			execv(path, words);
			number = errno;
		} else {
			number = opened(path);
		}
		_exit(3);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		fail("vfork");
	if (number >= 0)
		say(number);
	else
		printf("exit %d\n", WEXITSTATUS(status));
	return 0;
}

/* A debugger's loop: signals are passed on but for stops, which are listened to or dropped. */
static int traced(const char *path, int listens)
{
	int ready[2], status;
	pid_t child;
	char byte;

	if (pipe(ready))
		fail("pipe");
	child = fork();
	if (child == 0) {
		if (read(ready[0], &byte, 1) != 1)
			_exit(4);
		say(opened(path));
		_exit(0);
	}
	if (child < 0 || ptrace(PTRACE_SEIZE, child, 0, 0))
		fail("PTRACE_SEIZE");
	if (write(ready[1], "x", 1) != 1)
		fail("write");
	while (waitpid(child, &status, __WALL) == child && !WIFEXITED(status) && !WIFSIGNALED(status)) {
		int sign = WSTOPSIG(status);

		if (STATUS_EVENT(status) == PTRACE_EVENT_STOP && sign != SIGTRAP) {
			/* It stands still, as all of its process do. */
			if (ptrace(listens ? PTRACE_LISTEN : PTRACE_CONT, child, 0, 0))
				fail("PTRACE_LISTEN");
			continue;
		}
		if (STATUS_EVENT(status) || (!listens && sign == SIGSTOP))
			sign = 0;
		if (ptrace(PTRACE_CONT, child, 0, sign))
			fail("PTRACE_CONT");
	}
	return 0;
}

static int reuse(const char *path)
{
	int status;
	pid_t first = fork(), next;

	if (first == 0)
		_exit(opened(path));
	/* Numbers are given out in a ring: round it, but for the last. */
	do {
		next = fork();
		if (next == 0)
			_exit(0);
		if (first < 0 || next < 0 || waitpid(next, &status, 0) != next)
			fail("fork");
	} while (next >= first || next < first - NEAR);
	printf("near\n");
	fflush(stdout);
	if (waitpid(first, &status, 0) != first || !WIFSIGNALED(status))
		fail("the first was not killed");
	for (;;) {
		next = fork();
		if (next < 0)
			fail("fork");
		if (next == 0) {
			if (getpid() != first)
				_exit(0);
			say(opened(path));
			_exit(0);
		}
		if (next == first) {
			printf("again %d\n", next);
			fflush(stdout);
		}
		if (waitpid(next, &status, 0) != next)
			fail("waitpid");
		if (next == first)
			return 0;
	}
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (!strcmp(what, "vfork"))
		return vforked(argv[2], 0);
	if (!strcmp(what, "vforkexec"))
		return vforked(argv[2], 1);
	if (!strcmp(what, "traced") && argc > 3)
		return traced(argv[3], !strcmp(argv[2], "listen"));
	if (!strcmp(what, "reuse"))
		return reuse(argv[2]);
	fprintf(stderr, "edges: see its source\n");
	return 2;
}
