// SPDX-License-Identifier: GPL-2.0-only
/*
 * timed [-COUNT] COMMAND...: runs it, once or COUNT times, its output thrown away, and prints a line each time: processor time
 * (user and system) in microseconds, time from start to end in microseconds, largest resident size in KiB, exit status. Under
 * QEMU's -icount a microsecond of processor time is a thousand instructions.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long microseconds(struct timeval time)
{
	return time.tv_sec * 1000000 + time.tv_usec;
}

static int once(char **command, int null)
{
	struct timespec begun, ended;
	struct rusage used;
	int status;
	pid_t child;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	child = vfork();
	if (!child) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		execvp(command[0], command);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &used) != child)
		return 99;
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("%ld %ld %ld %d\n", microseconds(used.ru_utime) + microseconds(used.ru_stime),
	       (ended.tv_sec - begun.tv_sec) * 1000000 + (ended.tv_nsec - begun.tv_nsec) / 1000, used.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}

int main(int count, char **words)
{
	int times = 1, first = 1, failed = 0, null = open("/dev/null", O_RDWR);

	if (count > 1 && words[1][0] == '-') {
		times = atoi(words[1] + 1);
		first = 2;
	}
	if (count <= first || null < 0)
		return 98;
	while (times-- > 0 && !failed)
		failed = once(words + first, null);
	return failed;
}
