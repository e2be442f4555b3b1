// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same decision without a hook: `trial` judges a written object against a loaded policy, called by prog-run. It loads
 * where LSM programs do not, so the matcher can be compared with the reference on any machine, millions of times. The
 * steps, the conditions and the decisions are the hooks' own code; only a path's components come from the trial.
 */
#include "judge.h"
#include "settle.h"
#include "abi/trial.h"

struct trial_space {
	struct cg_trial trial;
	struct cg_scratch scratch;
};

/* One trial at a time: the caller's own, called by one thread of one process. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trial_space);
} trials SEC(".maps");

static __always_inline struct trial_space *trial_space(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&trials, &zero);
}

#define CG_TRIAL
#define CG_PER_CLASS "matcher.inc.h"
#include "classes.inc.h"

/* An operation that version 2 has besides. */
static __always_inline void judge_later(struct trial_space *space)
{
	struct cg_scratch *scratch = &space->scratch;
	struct cg_access *access = &scratch->access;
	__u32 number = space->trial.policy, place;
	struct cg_slot *slot = bpf_map_lookup_elem(&policies, &number);

	space->trial.governed = 1;
	access->later = CG_ALONE_NUMBER(access->operations);
	access->closed = space->trial.closed;
	access->first = space->trial.which;
	if (!slot || !slot->location) {
		space->trial.result = -2; /* ENOENT */
		return;
	}
	place = (slot->location & 0xffffff) - 1;
	switch (slot->location >> 24) {
#define CG_JUDGE(class_, ...)                                                              \
	case class_:                                                                       \
		space->trial.governed = later##class_(scratch, place, slot->mode);         \
		break;
	CG_IMAGE_CLASSES(CG_JUDGE)
#undef CG_JUDGE
	}
	space->trial.result = access->unresolved ? -5 /* EIO */ : 0;
	space->trial.outcome = access->verdict;
	space->trial.deciding = access->decided;
}

/* The context holds nothing: input and output are in `trials`, which a program may index freely. */
SEC("syscall")
int trial(void *context)
{
	struct trial_space *space = trial_space();
	struct cg_scratch *scratch;
	struct cg_access *access;
	struct cg_slot *slot;
	__u32 number, place;

	if (!space)
		return 0;
	scratch = &space->scratch;
	access = &scratch->access;
	__builtin_memset(access, 0, sizeof(*access));
	access->operations = space->trial.operations;
	access->object = space->trial.object;
	access->uid = space->trial.uid;
	access->gid = space->trial.gid;
	access->owner = space->trial.owner;
	if (access->object == CG_OBJECT_KIND) {
		access->kind = space->trial.data[0];
	} else if (access->object != CG_OBJECT_PATH && access->object != CG_OBJECT_UNIX) {
		access->length = space->trial.length;
		bpf_probe_read_kernel(access->bytes, sizeof(access->bytes), space->trial.data);
	}
	if (space->trial.later) {
		judge_later(space);
		return 0;
	}
	access->moved = space->trial.moved;
	access->exchanged = space->trial.exchanged;
	access->from_state = space->trial.from_state;
	access->from_grants = space->trial.from_grants;
	access->from_generation = 1; /* of all images here */
	number = space->trial.policy;
	slot = bpf_map_lookup_elem(&policies, &number);
	if (!slot || !slot->location) {
		space->trial.result = -2; /* ENOENT */
		return 0;
	}
	place = (slot->location & 0xffffff) - 1;
	switch (slot->location >> 24) {
#define CG_JUDGE(class_, ...)                       \
	case class_:                                \
		judge##class_(scratch, place, slot->mode); \
		break;
	CG_IMAGE_CLASSES(CG_JUDGE)
#undef CG_JUDGE
	}
	space->trial.more = access->unresolved == CG_UNRESOLVED_MOVED;
	space->trial.result = access->unresolved && !space->trial.more ? -5 /* EIO */ : 0;
	space->trial.state = access->state;
	space->trial.grants = access->grants;
	space->trial.transition = access->transition;
	space->trial.program = access->program;
	space->trial.outcome = access->verdict;
	space->trial.deciding = access->decided;
	return 0;
}
