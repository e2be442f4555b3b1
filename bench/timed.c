// SPDX-License-Identifier: GPL-2.0-only
/*
 * timed COMMAND...: runs it, its output thrown away, and prints one line: processor time (user and system) in microseconds, time
 * from start to end in microseconds, largest resident size in KiB, exit status.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long microseconds(struct timeval time)
{
	return time.tv_sec * 1000000 + time.tv_usec;
}

int main(int count, char **words)
{
	struct timespec begun, ended;
	struct rusage used;
	int status, null;
	pid_t child;

	if (count < 2)
		return 98;
	null = open("/dev/null", O_RDWR);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	child = vfork();
	if (!child) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		execvp(words[1], words + 1);
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
