// SPDX-License-Identifier: GPL-2.0-only
/*
 * crowd COUNT FILE: forks so many children; each opens FILE once, as far as it may, and stays. Prints "ready" when all of them
 * have, and ends with them when standard input does.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **words)
{
	int done[2], children, *pids;
	char byte;

	if (count < 3 || pipe(done))
		return 98;
	children = atoi(words[1]);
	pids = calloc(children, sizeof(*pids));
	for (int i = 0; i < children; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			return 99;
		if (pids[i])
			continue;
		close(open(words[2], O_RDONLY));
		(void)!write(done[1], "x", 1);
		for (;;)
			pause();
	}
	for (int i = 0; i < children; i++)
		if (read(done[0], &byte, 1) != 1)
			return 99;
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	for (int i = 0; i < children; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	return 0;
}
