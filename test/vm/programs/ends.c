// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that dodge whoever wants to know whether they are there. Linked statically, so that a policy has little to permit.
 *
 *   ends forks COUNT            begins so many processes and threads and collects them: by fork, vfork, clone; one in four
 *                               fails where the kernel has made all of the child but its number known (a bad address for
 *                               the pidfd); prints how many failed
 *   ends chain COUNT LAST [TRY] so often a child, whose parent ends at once; the last makes the file LAST. TRY: opens it at
 *                               each step, and prints `open` where it can
 *   ends hop COUNT LAST         lives in turn in the process's first task and in its youngest: a thread outlives the first
 *                               one, and execs itself in its place; at last makes the file LAST
 *   ends threads COUNT          so many tasks that only sleep; prints `ok` once they are there, ends with its input
 *   ends hold PID               seizes the process and never collects it; prints `ok`, ends with its input
 *   ends tries COUNT PATH LAST  opens the path so often, the second half once its parent is gone, then makes the file LAST
 *   ends bomb                   has a child that does the same, and stays: one more each millisecond, for ever
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *text)
{
	if (write(1, text, strlen(text)) < 0)
		_exit(99);
}

static void await_end_of_input(void)
{
	char byte;

	while (read(0, &byte, 1) > 0)
		;
}

static void *nothing(void *unused)
{
	return unused;
}

static void *sleeping(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void forks(long count)
{
	char line[32];
	long failed = 0;

	for (long i = 0; i < count; i++) {
		pthread_t thread;
		pid_t child;

		switch (i % 4) {
		case 0:
			child = fork();
			if (!child)
				_exit(0);
			break;
		case 1:
			child = vfork();
			if (!child)
				_exit(0);
			break;
		case 2:
			if (pthread_create(&thread, NULL, nothing, NULL))
				exit(97);
			pthread_join(thread, NULL);
			continue;
		default:
			child = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, 8L, 0, 0);
			if (!child)
				_exit(0);
			failed += child < 0 && errno == EFAULT;
			continue;
		}
		if (child < 0 || waitpid(child, NULL, 0) != child)
			exit(96);
	}
	snprintf(line, sizeof(line), "%ld\n", failed);
	say(line);
}

static void made(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	if (fd < 0)
		exit(95);
	close(fd);
}

static void chain(long count, const char *last, const char *forbidden)
{
	signal(SIGCHLD, SIG_IGN);
	for (long i = 0; i < count; i++) {
		pid_t child = fork();

		if (child > 0)
			_exit(0);
		if (child < 0)
			exit(94);
		if (forbidden && open(forbidden, O_RDONLY) >= 0)
			say("open\n");
	}
	made(last);
}

static char **words;

static void *go_on(void *unused)
{
	char number[32];

	(void)unused;
	snprintf(number, sizeof(number), "%ld", atol(words[2]) - 1);
	execl(words[0], words[0], "hop", number, words[3], (char *)NULL);
	_exit(93);
}

static void hop(void)
{
	pthread_t thread;

	if (atol(words[2]) <= 0) {
		made(words[3]);
		return;
	}
	if (pthread_create(&thread, NULL, go_on, NULL))
		exit(92);
	/* The first task alone. */
	syscall(SYS_exit, 0);
}

static void threads(long count)
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16384);
	for (long i = 0; i < count; i++)
		if (pthread_create(&thread, &small, sleeping, NULL))
			exit(91);
	say("ok\n");
	await_end_of_input();
	exit(0);
}

int main(int count, char **arguments)
{
	words = arguments;
	if (count < 2)
		return 98;
	if (!strcmp(words[1], "forks")) {
		forks(atol(words[2]));
	} else if (!strcmp(words[1], "chain")) {
		chain(atol(words[2]), words[3], count > 4 ? words[4] : NULL);
	} else if (!strcmp(words[1], "hop")) {
		hop();
	} else if (!strcmp(words[1], "threads")) {
		threads(atol(words[2]));
	} else if (!strcmp(words[1], "hold")) {
		if (ptrace(PTRACE_SEIZE, atoi(words[2]), NULL, NULL))
			return 90;
		say("ok\n");
		await_end_of_input();
	} else if (!strcmp(words[1], "tries")) {
		long count = atol(words[2]);
		pid_t parent = getppid();

		for (long i = 0; i < count; i++) {
			while (i == count / 2 && getppid() == parent)
				usleep(1000);
			close(open(words[3], O_RDONLY));
		}
		made(words[4]);
	} else if (!strcmp(words[1], "bomb")) {
		for (;;) {
			pid_t child = fork();

			if (child > 0)
				await_end_of_input();
			usleep(1000);
		}
	} else {
		return 98;
	}
	return 0;
}
