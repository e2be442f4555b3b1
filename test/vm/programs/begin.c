// SPDX-License-Identifier: GPL-2.0-only
/*
 * Starts a program under conditions that a shell cannot make, or makes in its own way: `begin PIDFILE CONDITION... -- CMD`.
 * The last thing it does before the exec is to write its process number into PIDFILE.
 *
 *   close N, open N FILE, pipe N, socket N, lock N FILE      ignore N, block N, pend N, alarm SECONDS
 *   limit N SOFT, umask N, nice N, batch                      odd FOLDER (one in it), gone, bytes (words and variables that are no text)
 *   session, foreground, background (of a new terminal)       listen, death N, reaper, oom N, slack N, keep, plain
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS 64
static char *variables[WORDS] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C"};
static int count = 2;

static void move(int fd, int number)
{
	if (fd < 0)
		err(2, "descriptor %d", number);
	if (fd != number) {
		dup2(fd, number);
		close(fd);
	}
}

/* Waits for a child as a shell does, and ends as it did. */
static void end_as(int child, int master)
{
	char byte;
	int status;

	if (master >= 0)
		while (read(master, &byte, 1) == 1)
			;
	waitpid(child, &status, 0);
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* In a session of its own with a terminal; the caller reads what is drawn there. */
static void terminal(int background)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), child, slave;

	if (master < 0 || grantpt(master) || unlockpt(master))
		err(2, "posix_openpt");
	child = fork();
	if (child)
		end_as(child, master);
	setsid();
	slave = open(ptsname(master), O_RDWR);
	close(master);
	if (slave < 0 || ioctl(slave, TIOCSCTTY, 0))
		err(2, "terminal");
	for (int fd = 0; fd < 3; fd++)
		dup2(slave, fd);
	if (slave > 2)
		close(slave);
	child = fork();
	if (child) {
		setpgid(child, child);
		if (!background)
			tcsetpgrp(0, child);
		end_as(child, -1);
	}
	setpgid(0, 0);
	if (!background) {
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(0, getpid());
		signal(SIGTTOU, SIG_DFL);
	}
}

static void set(const char *name, long value)
{
	static char text[WORDS][64];

	snprintf(text[count], sizeof(text[count]), "%s=%ld", name, value);
	variables[count] = text[count];
	count++;
}

int main(int argc, char **argv)
{
	char *word;
	sigset_t blocked;
	int at = 2, bytes = 0, listens = 0, ends[2];

	sigemptyset(&blocked);
#define NEXT (at < argc ? argv[at++] : "")
#define NUMBER atoi(NEXT)
#define IS(what) !strcmp(word, what)
	while (at < argc && strcmp(word = NEXT, "--")) {
		if (IS("close")) close(NUMBER);
		else if (IS("open")) { int n = NUMBER; move(open(NEXT, O_RDWR | O_CREAT, 0600), n); lseek(n, 5, SEEK_SET); }
		else if (IS("pipe")) { if (pipe(ends)) err(2, "pipe"); move(ends[0], NUMBER); }
		else if (IS("socket")) move(socket(AF_UNIX, SOCK_STREAM, 0), NUMBER);
		else if (IS("lock")) { int n = NUMBER; move(open(NEXT, O_RDWR | O_CREAT, 0600), n); flock(n, LOCK_EX); }
		else if (IS("ignore")) signal(NUMBER, SIG_IGN);
		else if (IS("block")) sigaddset(&blocked, NUMBER);
		else if (IS("pend")) { int n = NUMBER; sigaddset(&blocked, n); sigprocmask(SIG_BLOCK, &blocked, NULL); raise(n); }
		else if (IS("alarm")) { struct itimerval timer = {{3, 0}, {NUMBER, 0}}; setitimer(ITIMER_REAL, &timer, NULL); }
		else if (IS("limit")) {
			struct rlimit limit;
			int n = NUMBER;
			getrlimit(n, &limit);
			limit.rlim_cur = strtoull(NEXT, NULL, 0);
			if (setrlimit(n, &limit)) err(2, "limit %d", n);
		}
		else if (IS("umask")) umask(strtol(NEXT, NULL, 8));
		else if (IS("nice")) setpriority(PRIO_PROCESS, 0, NUMBER);
		else if (IS("batch")) { struct sched_param none = {0}; sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &none); }
		else if (IS("odd")) { if (chdir(NEXT)) err(2, "chdir"); mkdir("d\xe9", 0700); if (chdir("d\xe9")) err(2, "chdir"); }
		else if (IS("gone")) { mkdir("/var/tmp/gone", 0700); if (chdir("/var/tmp/gone") || rmdir("/var/tmp/gone")) err(2, "gone"); }
		else if (IS("bytes")) bytes = 1;
		else if (IS("session")) { int child = fork(); if (child) end_as(child, -1); setsid(); }
		else if (IS("foreground")) terminal(0);
		else if (IS("background")) terminal(1);
		else if (IS("listen")) { listens = 1; move(socket(AF_UNIX, SOCK_STREAM, 0), 3); }
		else if (IS("death")) prctl(PR_SET_PDEATHSIG, NUMBER);
		else if (IS("reaper")) prctl(PR_SET_CHILD_SUBREAPER, 1);
		else if (IS("oom")) { int fd = open("/proc/self/oom_score_adj", O_WRONLY); word = NEXT; (void)!write(fd, word, strlen(word)); close(fd); }
		else if (IS("slack")) prctl(PR_SET_TIMERSLACK, NUMBER);
		else if (IS("keep")) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		else if (IS("plain")) { prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0); syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6); }
		else errx(2, "%s: no condition", word);
	}
	if (at >= argc) errx(2, "no program");
	if (bytes) {
		/* Not UTF-8, twice, not a name, no sign of equality, empty, a function as bash exports it, one of Node's. */
		static char *const odd[] = {"B=\xff\xfe", "A=1", "A=2", "FOO-BAR=x", "nothing", "", "BASH_FUNC_f%%=() { :; }",
					    "NODE_OPTIONS=--no-such-option", "LD_PRELOAD=/no/such.so", "CALLGATE_HELD=1:2:3", "U=\xc3\xa9"};
		for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++)
			variables[count++] = odd[i];
	}
	int fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
	char text[16];
	if (fd < 0 || write(fd, text, snprintf(text, sizeof(text), "%d", getpid())) < 1) err(2, "%s", argv[1]);
	close(fd);
	if (listens) {
		set("LISTEN_FDS", 1);
		set("LISTEN_PID", getpid());
		set("WATCHDOG_PID", getpid());
		set("MAINPID", getppid());
	}
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	execvpe(argv[at], argv + at, variables);
	err(127, "%s", argv[at]);
}
