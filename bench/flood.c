// SPDX-License-Identifier: GPL-2.0-only
/*
 * flood FOLDER COUNT same|different: so many attempts to make a folder in FOLDER, at one name or at one each. Prints how many
 * were refused. Nothing else is done between two of them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int main(int count, char **words)
{
	int attempts, different, refused = 0;
	char path[4096];

	if (count < 4)
		return 98;
	attempts = atoi(words[2]);
	different = !strcmp(words[3], "different");
	for (int i = 0; i < attempts; i++) {
		snprintf(path, sizeof(path), "%s/refused-%d", words[1], different ? i : 0);
		if (mkdir(path, 0755) && (errno == EPERM || errno == EACCES))
			refused++;
	}
	printf("%d\n", refused);
	return 0;
}
