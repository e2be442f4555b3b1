// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eight threads of one process that do the same at once. Prints a line for each call: its name and `ok`, the name of its errno, or
 * an exit status.
 *
 *   threads all FILE PORT PROGRAM   each opens FILE, connects to a UDP port of this machine, and has PROGRAM run
 *   threads exec PROGRAM            each becomes PROGRAM, with `ran` as its word: the first does, and the others are gone
 *   threads ran                     says `ran`
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 8

static pthread_barrier_t together;
static char **arguments;

/* One write(2): the lines of several threads stay whole. */
static void say(const char *what, int number)
{
	dprintf(1, "%s %s\n", what, number ? strerrorname_np(number) ?: "513" : "ok");
}

static void connects(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	say("connect", fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) ? errno : 0);
	close(fd);
}

static void runs(const char *program)
{
	char *words[] = {(char *)program, "ran", NULL}, *none[] = {NULL};
	int status = -1;
	pid_t child;
	int number = posix_spawn(&child, program, NULL, NULL, words, none);

	if (number)
		say("exec", number);
	else if (waitpid(child, &status, 0) == child)
		dprintf(1, "exec %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static void *all(void *unused)
{
	pthread_barrier_wait(&together);
	int fd = open(arguments[0], O_RDONLY);

	say("open", fd < 0 ? errno : 0);
	pthread_barrier_wait(&together);
	connects(atoi(arguments[1]));
	pthread_barrier_wait(&together);
	runs(arguments[2]);
	return unused;
}

static void *becomes(void *unused)
{
	char *words[] = {arguments[0], "ran", NULL};

	pthread_barrier_wait(&together);
	execv(arguments[0], words);
	say("exec", errno);
	return unused;
}

int main(int count, char **words)
{
	pthread_t threads[THREADS];
	void *(*act)(void *) = count == 5 && !strcmp(words[1], "all") ? all : becomes;

	if (count == 2 && !strcmp(words[1], "ran")) {
		dprintf(1, "ran\n");
		return 0;
	}
	if (act == becomes && (count != 3 || strcmp(words[1], "exec")))
		return 2;
	arguments = words + 2;
	pthread_barrier_init(&together, NULL, THREADS);
	for (int at = 0; at < THREADS; at++)
		if (pthread_create(&threads[at], NULL, act, NULL))
			return 3;
	for (int at = 0; at < THREADS; at++)
		pthread_join(threads[at], NULL);
	return 0;
}
