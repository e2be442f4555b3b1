// SPDX-License-Identifier: GPL-2.0-only
/*
 * A folder with the file `e/file` in it that is now A/d, now B/d, now mounted at A/m or B/m, and one that opens it at all of these
 * all the time. What it found counts where the folder did not move meanwhile: then the verdict is of the place it is at.
 *
 *   known move BASE SEED        moves it, until descriptor 0 (shared with the other) says that it is enough
 *   known open BASE ROUNDS      opens BASE/{a,b}/{d,m}/e/file that often; prints what it judged, what was at A,
 *                               what was wrong, and how often the folder was moved
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif

/* In the file of descriptor 0. */
struct shared {
	_Atomic unsigned long sequence; /* odd while it moves */
	_Atomic unsigned long place;    /* 0: A/d, 1: B/d, 2: A/m, 3: B/m */
	_Atomic unsigned long rounds;
	_Atomic unsigned long done;
};

static struct shared *shared;
static char paths[2][6][200]; /* by place: d, d/e, d/e/file, another folder, m, m/e/file */
static char source[200];      /* what is mounted at d */
static int place, mounted;
static unsigned long seed;

static unsigned long draw(unsigned long below)
{
	seed = seed * 6364136223846793005ul + 1442695040888963407ul;
	return (seed >> 33) % below;
}

static void must(int result, const char *what)
{
	if (result < 0)
		err(2, "%s (at %d)", what, place);
}

static void put(const char *file)
{
	int fd = open(file, O_CREAT | O_WRONLY, 0644);

	must(fd, file);
	close(fd);
}

static void make(int at)
{
	must(mkdir(paths[at][0], 0755), "mkdir");
	must(mkdir(paths[at][1], 0755), "mkdir");
	put(paths[at][2]);
	place = at;
	mounted = 0;
}

/* A mount of what is always the same folder: the kernel takes the same memory for the mount again. */
static void attach(int at)
{
	must(mount(source, paths[at][4], 0, MS_BIND, 0), "mount");
	place = at;
	mounted = 1;
}

static void take_away(void)
{
	if (mounted) {
		/* Busy while the other has it open. */
		if (draw(2) || umount(paths[place][4]))
			must(umount2(paths[place][4], MNT_DETACH), "umount");
	} else {
		must(unlink(paths[place][2]), "unlink");
		must(rmdir(paths[place][1]), "rmdir");
		must(rmdir(paths[place][0]), "rmdir");
	}
}

/* One of the ways in which a path becomes another. */
static void move_once(void)
{
	int other = 1 - place;

	switch (draw(5)) {
	case 0:
		if (mounted)
			break;
		must(rename(paths[place][0], paths[other][0]), "rename");
		place = other;
		return;
	case 1:
		if (mounted)
			break;
		must(mkdir(paths[other][0], 0755), "mkdir");
		must(renameat2(AT_FDCWD, paths[place][0], AT_FDCWD, paths[other][0], RENAME_EXCHANGE), "exchange");
		must(rmdir(paths[place][0]), "rmdir");
		place = other;
		return;
	case 2:
		/* By way of a third name, so that a folder above what is open is moved, too. */
		if (mounted)
			break;
		must(rename(paths[place][0], paths[place][3]), "rename");
		must(rename(paths[place][3], paths[other][0]), "rename");
		place = other;
		return;
	case 3:
		take_away();
		make(draw(2));
		return;
	default:
		break;
	}
	take_away();
	attach(draw(2));
}

static int run_mover(void)
{
	make(0);
	while (!atomic_load(&shared->done)) {
		unsigned long until = atomic_load(&shared->rounds) + draw(4) * draw(30);

		atomic_fetch_add(&shared->sequence, 1);
		move_once();
		atomic_store(&shared->place, place + 2 * mounted);
		atomic_fetch_add(&shared->sequence, 1);
		while (atomic_load(&shared->rounds) < until && !atomic_load(&shared->done))
			sched_yield();
	}
	take_away();
	return 0;
}

static int tried(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int run_opener(unsigned long rounds)
{
	unsigned long judged = 0, at_a = 0, wrong = 0;

	while (!atomic_load(&shared->sequence))
		sched_yield();
	for (unsigned long i = 0; i < rounds; i++) {
		unsigned long before = atomic_load(&shared->sequence), at = atomic_load(&shared->place);
		int found[4];

		for (int j = 0; j < 4; j++)
			found[j] = tried(paths[j & 1][j & 2 ? 5 : 2]);
		if (!(before & 1) && atomic_load(&shared->sequence) == before) {
			judged++;
			at_a += !(at & 1);
			for (unsigned long j = 0; j < 4; j++)
				if (found[j] != (j != at ? ENOENT : at & 1 ? EPERM : 0))
					wrong++;
		}
		atomic_fetch_add(&shared->rounds, 1);
	}
	atomic_store(&shared->done, 1);
	printf("%lu\n%lu\n%lu\n%lu\n", judged, at_a, wrong, atomic_load(&shared->sequence) / 2);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		errx(2, "known move BASE SEED | known open BASE ROUNDS");
	shared = mmap(0, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, 0, 0);
	if (shared == MAP_FAILED)
		err(2, "mmap");
	snprintf(source, sizeof(source), "%s/source", argv[2]);
	for (int i = 0; i < 2; i++) {
		snprintf(paths[i][0], sizeof(paths[i][0]), "%s/%c/d", argv[2], 'a' + i);
		snprintf(paths[i][1], sizeof(paths[i][1]), "%s/%c/d/e", argv[2], 'a' + i);
		snprintf(paths[i][2], sizeof(paths[i][2]), "%s/%c/d/e/file", argv[2], 'a' + i);
		snprintf(paths[i][3], sizeof(paths[i][3]), "%s/%c/other", argv[2], 'a' + i);
		snprintf(paths[i][4], sizeof(paths[i][4]), "%s/%c/m", argv[2], 'a' + i);
		snprintf(paths[i][5], sizeof(paths[i][5]), "%s/%c/m/e/file", argv[2], 'a' + i);
	}
	if (!strcmp(argv[1], "open"))
		return run_opener(strtoul(argv[3], 0, 10));
	seed = strtoul(argv[3], 0, 10);
	return run_mover();
}
