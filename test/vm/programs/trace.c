// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tracer that keeps its tracee when that ends: prints `traces`, prints `ended` once the process is a zombie, lets go of it
 * when its input ends.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	siginfo_t ended;
	int pid = argc > 1 ? atoi(argv[1]) : 0;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		err(1, "PTRACE_SEIZE");
	printf("traces\n");
	fflush(stdout);
	/* What stops it is let go on; what ended it is left there. */
	for (;;) {
		if (waitid(P_PID, pid, &ended, WEXITED | WSTOPPED | WNOWAIT | __WALL))
			err(1, "waitid");
		if (ended.si_code == CLD_EXITED || ended.si_code == CLD_KILLED || ended.si_code == CLD_DUMPED)
			break;
		waitpid(pid, NULL, __WALL);
		ptrace(PTRACE_CONT, pid, 0, 0);
	}
	printf("ended\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	return 0;
}
