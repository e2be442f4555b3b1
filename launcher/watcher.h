/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_LAUNCHER_WATCHER_H
#define CALLGATE_LAUNCHER_WATCHER_H
/*
 * Who takes the gate's hooks off when its supervisor was killed. The gate outlives its supervisor, and a pinned link does not go by
 * itself: so a process stays behind that takes 180 KB and no time until the supervisor is gone. Where that ended
 * in good order it goes too. Else it has Node look (src/cli/watcher.ts): what nobody is left in is freed; while somebody is, Node
 * names one, whose end is waited for before it looks again. It is told by one byte when there is something to take off, and by
 * another when there is nothing any more.
 *
 * What ends all processes at once (a service manager, the end of a pid namespace) ends this one too; then the next command of
 * callgate takes the hooks off. Nobody is freed by that: hooks that are on for nobody cost, and permit nothing.
 */
#include <sys/types.h>

/* Its name, and the first word of Node's command line where it is to look. */
#define WATCHER "callgate-watch"

enum {
	WATCHER_ARMED = 'A',    /* hooks are about to be put on */
	WATCHER_DISARMED = 'D', /* they are off, or others have to take them off */
};

/*
 * Starts it, as nobody's child. Node is what it runs, with script and variables. `argv` is that of main(): what `ps` shows is written there, in
 * the watcher's memory alone: `callgate-watch PID`, PID being the supervisor's.
 *
 * Returns the descriptor on which it is told, close-on-exec, with its number in *pid; -1 where it could not be started: then there is none.
 */
int watcher_start(const char *node, const char *script, char **variables, char **argv, pid_t *pid);

#endif
