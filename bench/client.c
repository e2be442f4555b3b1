// SPDX-License-Identifier: GPL-2.0-only
/*
 * client PORT COUNT each|once TEXT: says TEXT (backslash-r and -n are line ends) so many times to 127.0.0.1:PORT and reads the answer: on a
 * connection each, to its end; or on one, as many bytes as the first answer had. Waits until somebody listens there, at most
 * a minute. Ends with 1 where an answer is empty.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int reach(int port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	for (int tries = 0; tries < 600; tries++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (!connect(fd, (void *)&to, sizeof(to)))
			return fd;
		close(fd);
		usleep(100000);
	}
	exit(2);
}

int main(int count, char **words)
{
	static char text[4096], answer[1 << 16];
	int length = 0, each, fd = -1;
	ssize_t first = 0, got;

	if (count < 5)
		return 98;
	for (const char *at = words[4]; *at && length < (int)sizeof(text); at++) {
		if (at[0] == '\\' && at[1])
			text[length++] = *++at == 'r' ? '\r' : '\n';
		else
			text[length++] = *at;
	}
	each = !strcmp(words[3], "each");
	for (int i = 0; i < atoi(words[2]); i++) {
		ssize_t all = 0;

		if (fd < 0)
			fd = reach(atoi(words[1]));
		if (write(fd, text, length) != length)
			return 1;
		while ((each || !first || all < first) && (got = read(fd, answer, sizeof(answer))) > 0) {
			all += got;
			if (!each && !first)
				first = all;
		}
		if (!all)
			return 1;
		if (each) {
			close(fd);
			fd = -1;
		}
	}
	return 0;
}
