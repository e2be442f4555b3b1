// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a script's interpreter does: opens the name it is told again and goes by what stands there. Prints the second line of
 * it, or the name of the errno.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **arguments)
{
	char line[256] = "";
	FILE *script = count > 1 ? fopen(arguments[1], "r") : NULL;

	if (!script) {
		puts(strerrorname_np(count > 1 ? errno : EINVAL));
		return 1;
	}
	if (!fgets(line, sizeof(line), script) || !fgets(line, sizeof(line), script))
		strcpy(line, "empty\n");
	fputs(line, stdout);
	return 0;
}
