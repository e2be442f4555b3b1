// SPDX-License-Identifier: GPL-2.0-only
/*
 * timed COMMAND...: runs it, its output thrown away, and prints one line: processor time (user and system) in microseconds, time
 * from start to end in microseconds, ticks of the time stamp counter from start to end, largest resident size in KiB, exit status.
 * Under QEMU's -icount a tick is an instruction of the guest, whoever executed it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static unsigned long ticks(void)
{
	unsigned int low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return low | (unsigned long)high << 32;
}

static long microseconds(struct timeval time)
{
	return time.tv_sec * 1000000 + time.tv_usec;
}

int main(int count, char **words)
{
	struct timespec begun, ended;
	struct rusage used;
	unsigned long first, last;
	int status, null;
	pid_t child;

	if (count < 2)
		return 98;
	null = open("/dev/null", O_RDWR);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	first = ticks();
	child = vfork();
	if (!child) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		execvp(words[1], words + 1);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &used) != child)
		return 99;
	last = ticks();
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("%ld %ld %lu %ld %d\n", microseconds(used.ru_utime) + microseconds(used.ru_stime),
	       (ended.tv_sec - begun.tv_sec) * 1000000 + (ended.tv_nsec - begun.tv_nsec) / 1000, last - first, used.ru_maxrss,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
