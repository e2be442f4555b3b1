// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tries to keep hold of a program across an exec. Prints a line for each thing that could be done: `ok`, or the name of the
 * errno; the program that is run (a copy of act.c, or a script of reads.c) goes on with lines of its own.
 *
 *   traced FORBIDDEN PROGRAM ACT...   a child lets itself be traced and runs the program; its tracer then has it open
 *                                     FORBIDDEN and prints what came of it
 *   seized FORBIDDEN PROGRAM ACT...   the same, but the tracer comes once the child says (by a byte on descriptor 9) that it runs
 *   attach PID                        traces the process till it ends
 *   tracing PROGRAM ACT...            traces a child, then runs the program itself
 *   traceme                           makes the parent its tracer
 *   offspring PROGRAM                 runs the program, which does `traceme`, as a child
 *   clone FLAGS PROGRAM ACT...        a child that shares what FLAGS say runs the program, while the parent waits
 *   vfork PROGRAM ACT...
 *   thread PROGRAM ACT...             runs the program while another thread sleeps
 *   filter FLAGS PROGRAM ACT...       adds a seccomp filter that permits everything, and runs the program
 *   filtered FLAGS PROGRAM ACT...     the same; a child of it runs the program
 *   environ VARIABLE,... PROGRAM ACT...   runs the program with just these variables; `~N` in one stands for N bytes
 *   sweep VARIABLE PROGRAM            tries the exec with so many bytes before the variable that it comes to lie everywhere
 *                                     about the end of a page; prints how often which errno came
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static void say(const char *text)
{
	dprintf(1, "%s\n", text);
}

static void tell(long result)
{
	say(result >= 0 ? "ok" : strerrorname_np(errno));
}

/* Runs the program with the acts that follow it; comes back only with an errno, which it prints. */
static int become(char **words)
{
	char *argv[64] = {words[0], "ran"};

	for (int i = 1; words[i] && i < 62; i++)
		argv[i + 1] = words[i];
	/* A descriptor by its number, as fexecve(3) */
	if (words[0][0] == '#')
		syscall(SYS_execveat, atoi(words[0] + 1), "", argv, environ, AT_EMPTY_PATH);
	else
		execve(words[0], argv, environ);
	say(strerrorname_np(errno));
	return 3;
}

static int join(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) == child && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, child, 0, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Has a stopped tracee open `path`: the very escape. The open is put where it stands, run by one step, and told by the tracer. */
static void have_open(pid_t child, const char *path)
{
	struct user_regs_struct regs, before;
	char text[256] = "";
	int status;

	strncpy(text, path, sizeof(text) - 1);
	if (ptrace(PTRACE_GETREGS, child, 0, &before)) {
		tell(-1);
		return;
	}
	regs = before;
	regs.rsp -= 1024;
	for (unsigned i = 0; i < sizeof(text); i += sizeof(long))
		ptrace(PTRACE_POKEDATA, child, regs.rsp + i, *(long *)(text + i));
	long code = ptrace(PTRACE_PEEKTEXT, child, regs.rip, 0);
	ptrace(PTRACE_POKETEXT, child, regs.rip, (code & ~0xffffL) | 0x050f);
	regs.rax = SYS_open;
	regs.orig_rax = -1;
	regs.rdi = regs.rsp;
	regs.rsi = O_RDONLY;
	regs.rdx = 0;
	ptrace(PTRACE_SETREGS, child, 0, &regs);
	ptrace(PTRACE_SINGLESTEP, child, 0, 0);
	waitpid(child, &status, 0);
	ptrace(PTRACE_GETREGS, child, 0, &regs);
	ptrace(PTRACE_POKETEXT, child, before.rip, code);
	ptrace(PTRACE_SETREGS, child, 0, &before);
	errno = (long)regs.rax < 0 ? -(long)regs.rax : 0;
	tell((long)regs.rax);
}

static int traced(char **words)
{
	int status;
	pid_t child = fork();

	if (!child) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0))
			say(strerrorname_np(errno));
		_exit(become(words + 1));
	}
	if (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
		have_open(child, words[0]);
		ptrace(PTRACE_CONT, child, 0, 0);
		return join(child);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int seized(char **words)
{
	int up[2], status;
	char byte;
	pid_t child;

	if (pipe(up))
		return 99;
	child = fork();
	if (!child) {
		dup2(up[1], 9);
		_exit(become(words + 1));
	}
	close(up[1]);
	if (read(up[0], &byte, 1) != 1)
		return join(child);
	if (ptrace(PTRACE_SEIZE, child, 0, 0)) {
		tell(-1);
	} else {
		ptrace(PTRACE_INTERRUPT, child, 0, 0);
		waitpid(child, &status, 0);
		have_open(child, words[0]);
		ptrace(PTRACE_DETACH, child, 0, 0);
	}
	kill(child, SIGKILL);
	join(child);
	return 0;
}

static int tracing(char **words)
{
	int status;
	pid_t child = fork();

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(child, &status, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	status = become(words);
	kill(child, SIGKILL);
	return status;
}

static long add_filter(unsigned flags)
{
	struct sock_filter permit = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {1, &permit};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void *sleeps(void *nothing)
{
	for (;;)
		pause();
	return nothing;
}

static int sweep(char **words)
{
	char *pad = malloc(8192), *argv[] = {words[1], NULL}, *env[] = {pad, words[0], "LAST=1", NULL};
	long refused = 0, others = 0;

	for (int size = 1; size < 4100; size += 3) {
		memset(pad, 'x', size);
		pad[size] = 0;
		execve(words[1], argv, env);
		refused += errno == EACCES;
		others += errno != EACCES;
	}
	dprintf(1, "%ld\n%ld\n", refused, others);
	return 0;
}

static int with_environment(char **words)
{
	char *env[64] = {}, *at;
	int n = 0;

	for (char *one = strtok(words[0], ","); one && n < 62; one = strtok(NULL, ",")) {
		env[n] = one;
		at = strchr(one, '~');
		if (at) {
			int count = atoi(at + 1);
			env[n] = malloc(at - one + count + 1);
			memcpy(env[n], one, at - one);
			memset(env[n] + (at - one), 'x', count);
			env[n][at - one + count] = 0;
		}
		n++;
	}
	environ = env;
	return become(words + 1);
}

int main(int count, char **words)
{
	const char *verb = count > 1 ? words[1] : "";
	pid_t child;

	words += 2;
	/* Run as a program of its own (`offspring`): its name and `ran` stand first. */
	if (!strcmp(verb, "ran")) {
		say("ok");
		verb = words[0] ? words[0] : "";
		words++;
	}
	if (!strcmp(verb, "traced"))
		return traced(words);
	if (!strcmp(verb, "seized"))
		return seized(words);
	if (!strcmp(verb, "tracing"))
		return tracing(words);
	if (!strcmp(verb, "waits")) {
		/* The other end of `seized` */
		if (write(9, "", 1) == 1)
			pause();
		return 0;
	}
	if (!strcmp(verb, "attach")) {
		child = atoi(words[0]);
		tell(ptrace(PTRACE_SEIZE, child, 0, 0));
		join(child);
		return 0;
	}
	if (!strcmp(verb, "traceme")) {
		tell(ptrace(PTRACE_TRACEME, 0, 0, 0));
		return 0;
	}
	if (!strcmp(verb, "offspring") || !strcmp(verb, "vfork")) {
		child = verb[0] == 'v' ? vfork() : fork();
		if (!child)
			_exit(become(words));
		return join(child);
	}
	if (!strcmp(verb, "clone")) {
		child = syscall(SYS_clone, strtoul(words[0], NULL, 0) | SIGCHLD, 0, 0, 0, 0);
		if (!child)
			_exit(become(words + 1));
		return join(child);
	}
	if (!strcmp(verb, "thread")) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, sleeps, NULL))
			return 99;
		return become(words);
	}
	if (!strcmp(verb, "filter") || !strcmp(verb, "filtered")) {
		tell(add_filter(strtoul(words[0], NULL, 0)));
		if (verb[6] && (child = fork()))
			return join(child);
		_exit(become(words + 1));
	}
	if (!strcmp(verb, "environ"))
		return with_environment(words);
	if (!strcmp(verb, "sweep"))
		return sweep(words);
	dprintf(2, "act: unknown verb %s\n", verb);
	return 98;
}
