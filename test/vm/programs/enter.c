// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that is taken in as it runs. Each of its threads and processes tries to read SECRET; what a policy may refuse is told at the
 * end. It looks for files in FOLDER to know what to do next.
 *
 *   enter hammer FOLDER SECRET  threads that make threads, processes and their processes as fast as they can. Those made once there is
 *                               FOLDER/armed are counted, and those of them that could read SECRET. Says `enough`
 *                               at 300 of them, ends with FOLDER/stop, and says `tried N escaped M`
 *   enter held FOLDER SECRET    a thread is held in the middle of a fork until there is FOLDER/release; the child waits for FOLDER/armed,
 *                               and says `child ok` or the name of the errno. Ends with it
 *   enter wait FOLDER SECRET    waits for FOLDER/armed, says `read ok` or the name of the errno, waits for FOLDER/stop, says it again
 *   enter ring FOLDER SECRET    the same, with an io_uring
 *   enter trace FOLDER SECRET   the same, tracing a child of its own
 *
 *   enter into FOLDER SECRET    waits for FOLDER/armed, makes a child in the cgroup whose directory FOLDER/group names, which says `child ok`
 *                               or the name of the errno, and then `read` of itself; ends
 *
 * Each says `ready PID` when it is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAKERS 4
#define ENOUGH 300

static const char *folder, *secret;

static struct shared {
	atomic_int armed;
	atomic_int stop;
	atomic_long tried;
	atomic_long escaped;
} *shared;

static int there(const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static void await(const char *name)
{
	while (!there(name))
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}

static int reads(void)
{
	int fd = open(secret, O_RDONLY);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void say(const char *what, int number)
{
	dprintf(1, "%s %s\n", what, number ? strerrorname_np(number) : "ok");
}

/* `armed`: it was, before this one was made. */
static void attempt(int armed)
{
	int number = reads();

	if (!armed)
		return;
	if (atomic_fetch_add(&shared->tried, 1) == ENOUGH - 1)
		dprintf(1, "enough\n");
	if (number != EPERM)
		atomic_fetch_add(&shared->escaped, 1);
}

static void *thread(void *armed)
{
	attempt(armed != NULL);
	return NULL;
}

static void family(int armed)
{
	pid_t child = fork();

	if (child == 0) {
		attempt(armed);
		child = fork();
		if (child == 0) {
			attempt(armed);
			_exit(0);
		}
		/* Half of them leave the grandchild to whoever takes it. */
		if (child > 0 && child % 2)
			waitpid(child, NULL, 0);
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

static void *maker(void *unused)
{
	while (!atomic_load(&shared->stop)) {
		int armed = atomic_load(&shared->armed);
		pthread_t made;

		if (pthread_create(&made, NULL, thread, armed ? shared : NULL) == 0)
			pthread_join(made, NULL);
		family(atomic_load(&shared->armed));
		attempt(atomic_load(&shared->armed));
	}
	return unused;
}

static int hammer(void)
{
	pthread_t makers[MAKERS];

	for (int at = 0; at < MAKERS; at++)
		if (pthread_create(&makers[at], NULL, maker, NULL))
			return 3;
	dprintf(1, "ready %d\n", getpid());
	await("armed");
	atomic_store(&shared->armed, 1);
	await("stop");
	atomic_store(&shared->stop, 1);
	for (int at = 0; at < MAKERS; at++)
		pthread_join(makers[at], NULL);
	dprintf(1, "tried %ld escaped %ld\n", atomic_load(&shared->tried), atomic_load(&shared->escaped));
	return 0;
}

/* copy_process() writes the child's pidfd there, long after it made the child (kernel/fork.c), and waits for the page. */
static void *forker(void *page)
{
	struct clone_args arguments = {.flags = CLONE_PIDFD, .pidfd = (__u64)page, .exit_signal = SIGCHLD};
	long child = syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (child == 0) {
		await("armed");
		say("child", reads());
		_exit(0);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
	return NULL;
}

static int held(void)
{
	struct uffdio_api api = {.api = UFFD_API};
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register range = {.range = {(__u64)page, 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
	struct uffdio_zeropage zero = {.range = {(__u64)page, 4096}};
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffd_msg message;
	pthread_t thread;

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &range))
		return 3;
	if (pthread_create(&thread, NULL, forker, page))
		return 3;
	if (read(fd, &message, sizeof(message)) != sizeof(message))
		return 3;
	dprintf(1, "ready %d\n", getpid());
	await("release");
	if (ioctl(fd, UFFDIO_ZEROPAGE, &zero))
		return 3;
	pthread_join(thread, NULL);
	return 0;
}

static int waits(void)
{
	dprintf(1, "ready %d\n", getpid());
	await("armed");
	say("read", reads());
	await("stop");
	say("read", reads());
	return 0;
}

static int into(void)
{
	struct clone_args arguments = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD};
	char path[4096] = {0};
	int fd, status = 0;
	long child;

	dprintf(1, "ready %d\n", getpid());
	await("armed");
	snprintf(path, sizeof(path), "%s/group", folder);
	fd = open(path, O_RDONLY);
	memset(path, 0, sizeof(path));
	if (fd < 0 || read(fd, path, sizeof(path) - 1) <= 0)
		return 3;
	close(fd);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return 3;
	arguments.cgroup = fd;
	child = syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (child == 0) {
		say("child", reads());
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 3;
	say("read", reads());
	return status;
}

static int ring(void)
{
	struct io_uring_params facts = {0};

	return syscall(SYS_io_uring_setup, 4, &facts) < 0 ? 3 : waits();
}

static int trace(void)
{
	pid_t child = fork();

	if (child == 0)
		for (;;)
			pause();
	if (ptrace(PTRACE_SEIZE, child, 0, 0))
		return 3;
	int status = waits();
	kill(child, SIGKILL);
	return status;
}

int main(int count, char **words)
{
	if (count != 4)
		return 2;
	folder = words[2];
	secret = words[3];
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 3;
	if (!strcmp(words[1], "hammer"))
		return hammer();
	if (!strcmp(words[1], "held"))
		return held();
	if (!strcmp(words[1], "wait"))
		return waits();
	if (!strcmp(words[1], "into"))
		return into();
	if (!strcmp(words[1], "ring"))
		return ring();
	if (!strcmp(words[1], "trace"))
		return trace();
	return 2;
}
