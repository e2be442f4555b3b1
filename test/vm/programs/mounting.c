// SPDX-License-Identifier: GPL-2.0-only
/*
 * mounting ROUNDS ONE OTHER: mounts a new tmpfs now at ONE, now at OTHER, makes d/file in it, opens that for reading as often as makes a
 * directory known, and unmounts it. Numbers of inodes are the same in each, and the kernel takes the same memory again. Before and
 * behind it opens the file of that name that it covers, which is judged as the same. Prints, a line each: opened at ONE, refused there,
 * opened at OTHER, refused there.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPENS 4

static int opened[2], refused[2];

static void must(int result, const char *what, const char *path)
{
	if (result >= 0)
		return;
	fprintf(stderr, "%s %s: %s\n", what, path, strerror(errno));
	exit(1);
}

static void look(int at, const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0 && errno != EPERM)
		must(fd, "open", path);
	*(fd < 0 ? &refused[at] : &opened[at]) += 1;
	if (fd >= 0)
		close(fd);
}

int main(int count, char **words)
{
	char folder[300], file[310];

	if (count != 4)
		return 2;
	for (int round = 0; round < atoi(words[1]); round++) {
		int at = round & 1, fd;
		const char *place = words[2 + at];

		snprintf(folder, sizeof(folder), "%s/d", place);
		snprintf(file, sizeof(file), "%s/file", folder);
		look(at, file);
		must(mount("none", place, "tmpfs", 0, NULL), "mount", place);
		must(mkdir(folder, 0755), "mkdir", folder);
		fd = open(file, O_CREAT | O_EXCL | O_WRONLY, 0644);
		must(fd, "create", file);
		close(fd);
		for (int i = 0; i < OPENS; i++)
			look(at, file);
		must(umount2(place, round % 3 ? 0 : MNT_DETACH), "umount", place);
		look(at, file);
	}
	printf("%d\n%d\n%d\n%d\n", opened[0], refused[0], opened[1], refused[1]);
	return 0;
}
