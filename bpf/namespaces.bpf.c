// SPDX-License-Identifier: GPL-2.0-only
/*
 * Namespaces, made and entered.
 *
 *   userns_create   user   has a hook of its own
 *   capable         the others, of which the kernel asks no hook but CAP_SYS_ADMIN, and not for which kind: the call says so in a
 *                   register (arch/), where it is unshare(2), clone(2), or setns(2) with a kind, which the kernel holds it to
 *
 * What stands in memory (clone3) or is told by a descriptor alone (setns with 0) may be another by now, so it is CAP_SYS_ADMIN's. In a
 * mount namespace of its own a subject finds no path any more: all is CG_KIND_FOREIGN, which no default opens.
 */
#include "namespaces.h"

SEC("lsm/userns_create")
int BPF_PROG(userns_create, const struct cred *cred)
{
	struct cg_entry entry;
	int verdict = 0;

	if (!cg_enter(&entry, &verdict))
		return verdict;
	if (cg_has_later() && cg_namespaces(&entry, CG_CLONE_NEWUSER, &verdict))
		return verdict ? cg_refuse(-verdict) : 0;
	cg_begin(entry.scratch);
	return cg_floor(entry.subject, entry.scratch, CG_FLOOR_NAMESPACE);
}
