/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The command itself: what must be done before Node runs. Node changes the process it starts in (it opens descriptors 0 to
 * 2 where they are closed, marks all others close-on-exec, resets signals, clears the signal mask, raises the limit of
 * descriptors), so a program that it starts cannot be what it would be without callgate. Therefore the process that will
 * be the program is forked here, first, from the untouched one; it keeps everything as it was, is told later what to run
 * (held.h), and has nothing of Node's. This process then becomes Node and its parent. Called as `systrace` it is the other way
 * round, unless questions are asked at the terminal (-t): see step_back().
 *
 * Told in the environment of Node alone: CALLGATE_HELD=PID:CONTROL:IGNORED, IGNORED being the signals that were ignored, in
 * hexadecimal, bit 0 for signal 1; and CALLGATE_WATCHER=FD:PID, the watcher (watcher.h) and where it is told that there is a gate to take off.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "held.h"
#include "watcher.h"

#define TOLD "CALLGATE_HELD="
#define WATCHED "CALLGATE_WATCHER="
/* callgate itself failed; nothing was started. */
#define FAILED 125

extern char **environ;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fprintf(stderr, "callgate: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	_exit(FAILED);
}

/* --- What a fork does not hand down, or Node would be harmed by ------------------------------------------------ */

/* As sched_getattr(2) and sched_setattr(2) take it, version 0; glibc has no name for it yet. */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};
#define RESET_ON_FORK 1

/* Kept over an exec and lost by a fork: given to the child by hand. */
struct kept {
	struct itimerval timers[3];
	int death_signal, subreaper;
	struct scheduling scheduling;
	sigset_t pending;
};

static void keep(struct kept *kept)
{
	static const struct itimerval none;
	static const struct timespec now;
	sigset_t all;
	int signal;

	/* They end the program, not its supervisor. */
	for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++)
		setitimer(which, &none, &kept->timers[which]);
	prctl(PR_GET_PDEATHSIG, &kept->death_signal);
	prctl(PR_GET_CHILD_SUBREAPER, &kept->subreaper);
	if (syscall(SYS_sched_getattr, 0, &kept->scheduling, sizeof(kept->scheduling), 0) != 0)
		kept->scheduling.flags = 0;
	/* Blocked and waiting: Node unblocks them, and would die. */
	sigpending(&kept->pending);
	all = kept->pending;
	while ((signal = sigtimedwait(&all, NULL, &now)) > 0 || (signal < 0 && errno == EINTR))
		;
}

static void hand_down(struct kept *kept)
{
	for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++)
		setitimer(which, &kept->timers[which], NULL);
	if (kept->death_signal)
		prctl(PR_SET_PDEATHSIG, kept->death_signal);
	if (kept->subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (kept->scheduling.flags & RESET_ON_FORK) {
		kept->scheduling.size = sizeof(kept->scheduling);
		syscall(SYS_sched_setattr, 0, &kept->scheduling, 0);
	}
	for (int signal = 1; signal < NSIG; signal++)
		if (sigismember(&kept->pending, signal) == 1)
			raise(signal);
}

/* Limits that are meant for the program; V8 alone reserves gigabytes of addresses. As far as this process may. */
static void raise_limits(void)
{
	static const int limits[] = {RLIMIT_AS,	 RLIMIT_CPU,   RLIMIT_DATA,  RLIMIT_FSIZE, RLIMIT_NOFILE,
				     RLIMIT_NPROC, RLIMIT_RTTIME, RLIMIT_SIGPENDING};
	const rlim_t stack = 8 << 20;
	struct rlimit limit;

	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		struct rlimit most = {RLIM_INFINITY, RLIM_INFINITY};

		if (limits[i] != RLIMIT_NOFILE && setrlimit(limits[i], &most) == 0)
			continue;
		if (getrlimit(limits[i], &limit) == 0) {
			limit.rlim_cur = limit.rlim_max;
			setrlimit(limits[i], &limit);
		}
	}
	/* Not without end: the kernel then lays out addresses another way. */
	if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur < stack) {
		limit.rlim_cur = stack;
		if (limit.rlim_max < stack)
			limit.rlim_max = stack;
		setrlimit(RLIMIT_STACK, &limit);
	}
}

static uint64_t ignored(void)
{
	uint64_t mask = 0;

	for (int signal = 1; signal < NSIG; signal++) {
		struct sigaction action;
		/* The C library keeps two of them for itself and says no. */
		if (sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			mask |= 1ull << (signal - 1);
	}
	return mask;
}

/* The number, or a higher one that is none of the standard descriptors'. */
static int clear_of_standard(int fd)
{
	int clear;

	if (fd > STDERR_FILENO)
		return fd;
	clear = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	close(fd);
	return clear;
}

/* The two ends of the control socket, out of the caller's way, and the limit of descriptors that the program is to have. */
static void control_ends(int ends[2], struct rlimit *files)
{
	/* Descriptors of its own must have room beside the caller's. */
	if (getrlimit(RLIMIT_NOFILE, files) != 0)
		die("getrlimit: %s", strerror(errno));
	struct rlimit most = {files->rlim_max, files->rlim_max};
	setrlimit(RLIMIT_NOFILE, &most);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		die("socketpair: %s", strerror(errno));
	/* Standard descriptors that are closed stay closed; both ends may have taken one. */
	ends[0] = clear_of_standard(ends[0]);
	ends[1] = clear_of_standard(ends[1]);
	if (ends[0] < 0 || ends[1] < 0)
		die("no room for a descriptor: %s (ulimit -Hn)", strerror(errno));
}

/* What Node is told of the process that is held. */
static char *told_of(int pid, int control, uint64_t mask)
{
	char *told;

	/* Where it is ignored a child that ends leaves no status. */
	signal(SIGCHLD, SIG_DFL);
	fcntl(control, F_SETFD, 0);
	if (asprintf(&told, TOLD "%d:%d:%llx", pid, control, (unsigned long long)mask) < 0)
		die("out of memory");
	return told;
}

/* Forks the process that will be the program; returns what Node is told about it. */
static char *hold(void)
{
	struct rlimit files;
	struct kept kept = {0};
	uint64_t mask = ignored();
	int ends[2], pid;

	control_ends(ends, &files);
	keep(&kept);
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		/* This end here would keep the child waiting for ever after its owner's death. */
		close(ends[0]);
		hand_down(&kept);
		held_serve(ends[1], &files);
	}
	close(ends[1]);
	return told_of(pid, ends[0], mask);
}

/*
 * The other way round, as systrace had it: this process becomes the program, with the pid, the parent and the terminal
 * that it has, and Node goes on in the background, in a session of its own and a child of nobody here. Returns there.
 */
static char *step_back(void)
{
	struct rlimit files;
	uint64_t mask = ignored();
	int ends[2], pid = getpid(), between;

	control_ends(ends, &files);
	between = fork();
	if (between < 0)
		die("fork: %s", strerror(errno));
	if (between > 0) {
		close(ends[0]);
		while (waitpid(between, NULL, 0) < 0 && errno == EINTR)
			;
		held_serve(ends[1], &files);
	}
	setsid();
	between = fork();
	if (between < 0)
		die("fork: %s", strerror(errno));
	if (between > 0)
		_exit(0);
	close(ends[1]);
	return told_of(pid, ends[0], mask);
}

/* --- systrace -------------------------------------------------------------------------------------------------- */

/* The classic flags, to the first word that is none; src/classic/flags.ts reads them again and says what is wrong. */
static char *hold_for_systrace(int argc, char **argv)
{
	int foreground = 0, flag;

	opterr = 0;
	while ((flag = getopt(argc, argv, "+Vc:aAeituUCE:d:g:f:p:")) != -1) {
		/* No program is to be started. */
		if (flag == '?' || flag == 'V' || flag == 'p')
			return NULL;
		foreground |= flag == 't';
	}
	if (optind >= argc)
		return NULL;
	return foreground ? hold() : step_back();
}

static int is_systrace(const char *name)
{
	const char *slash = strrchr(name, '/');

	return strcmp(slash ? slash + 1 : name, "systrace") == 0;
}

/* --- Node ------------------------------------------------------------------------------------------------------ */

/* Where the script stands from the folder of this file: in a checkout (build/Release) and in an installation (bin). */
static const char *const places[] = {"/../dist/src/cli/start.cjs", "/../../dist/src/cli/start.cjs"};

static char *find_script(void)
{
	static char script[PATH_MAX + 64];
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length < 0)
		die("/proc/self/exe: %s (is /proc mounted?)", strerror(errno));
	self[length] = 0;
	*strrchr(self, '/') = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char *resolved;

		snprintf(script, sizeof(script), "%s%s", self, places[i]);
		resolved = realpath(script, NULL);
		if (resolved)
			return resolved;
	}
	die("%s: not built yet: run ./scripts/setup at the top of the checkout", script);
}

static char *find_node(void)
{
	static char file[PATH_MAX];
	const char *path = getenv("PATH");

	for (const char *at = path ? path : "/usr/local/bin:/usr/bin:/bin"; at; at = *at ? at + 1 : NULL) {
		size_t length = strcspn(at, ":");

		/* The current folder is nobody's to run a supervisor from. */
		if (*at == '/' && length + sizeof("/node") <= sizeof(file)) {
			snprintf(file, sizeof(file), "%.*s/node", (int)length, at);
			if (access(file, X_OK) == 0)
				return file;
		}
		at += length;
	}
	die("node is not installed (or not in PATH); Node.js 20 or later is needed: apt-get install nodejs");
}

/* Variables for the program that would change Node: it must be the same supervisor whatever it supervises. */
static int is_nodes(const char *variable)
{
	static const char *const prefixes[] = {"NODE_", "UV_", "LD_", "OPENSSL_", "CALLGATE_PREBUILD=", "PREBUILDS_ONLY=",
					       "npm_config_", TOLD, WATCHED};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (strncmp(variable, prefixes[i], strlen(prefixes[i])) == 0)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	int runs = argc > 1 && (strcmp(argv[1], "run") == 0 || strcmp(argv[1], "learn") == 0);
	int systrace = argc > 0 && is_systrace(argv[0]);
	char *script = find_script(), *node = find_node(), *told = NULL;
	char **words = calloc((size_t)argc + 3, sizeof(*words)), **variables;
	size_t count = 0, kept = 0;
	pid_t watcher_pid;
	int watcher;

	while (environ[count])
		count++;
	variables = calloc(count + 3, sizeof(*variables));
	if (!words || !variables)
		die("out of memory");
	if (systrace)
		told = hold_for_systrace(argc, argv);
	else if (runs)
		told = hold();
	/* By it the script knows which of the two commands it is. */
	words[0] = systrace ? "systrace" : "node";
	words[1] = script;
	for (int i = 1; i < argc; i++)
		words[i + 1] = argv[i];
	for (size_t i = 0; i < count; i++)
		if (!is_nodes(environ[i]))
			variables[kept++] = environ[i];
	raise_limits();
	if (told) {
		/* Behind the process that is held, which has nothing of it. */
		watcher = watcher_start(node, script, variables, argv, &watcher_pid);
		variables[kept++] = told;
		if (watcher >= 0) {
			fcntl(watcher, F_SETFD, 0);
			if (asprintf(&variables[kept++], WATCHED "%d:%d", watcher, (int)watcher_pid) < 0)
				die("out of memory");
		}
	}
	execve(node, words, variables);
	die("%s: %s", node, strerror(errno));
}
