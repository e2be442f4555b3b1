/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Part of matcher.inc.h, for one size class: an attempt at an operation that version 2 has besides.
 *
 *   place_of  the state behind all steps of scratch->access; access.unresolved where it cannot be told
 *   later     looks the image up, and puts the decision into scratch->access; 0 where the policy does not govern the operation
 */

/* Prepares scratch->name as the head of an object that has no path. */
static __always_inline void OF_CLASS(take_kind)(struct cg_scratch *scratch)
{
	__u64 *words = (__u64 *)scratch->name;

	/* A struct cg_head, little endian: the number's last byte comes last. */
	words[0] = CG_HEAD_KIND | (__u64)(__u8)scratch->access.kind << 32;
	words[1] = words[2] = 0;
}

static __noinline int OF_CLASS(place_of)(struct OF_CLASS(cg_image) *image, struct cg_scratch *scratch)
{
	if (!image || !scratch)
		return 0;
	struct cg_access *access = &scratch->access;
	if (access->object == CG_OBJECT_PATH) {
		struct OF_CLASS(walk) walk = {image, scratch};
#ifdef CG_TRIAL
		scratch->climb.state = image->header.start_place;
		scratch->climb.bytes = 0;
		bpf_loop(sizeof(((struct cg_trial *)0)->data), OF_CLASS(walk_written), &walk, 0);
		return scratch->climb.state;
#else
		scratch->climb.retries = 0;
		cg_walk_start(scratch);
		bpf_loop(CG_STEPS_MAX, OF_CLASS(walk_one), &walk, 0);
		if (scratch->climb.phase != CG_DONE)
			scratch->climb.unresolved = CG_UNRESOLVED_RACE;
		access->unresolved = scratch->climb.unresolved;
		if (!scratch->climb.count)
			scratch->climb.state = image->header.start_place;
		cg_end_text(scratch);
		if (!scratch->climb.unreachable)
			return scratch->climb.state;
		access->object = CG_OBJECT_KIND;
		access->kind = CG_KIND_UNREACHABLE;
#endif
	}
	if (access->object == CG_OBJECT_KIND)
		OF_CLASS(take_kind)(scratch);
	else if (access->object == CG_OBJECT_HEAD)
		take_bytes(scratch, 0, sizeof(struct cg_head));
	else
		return 0;
	return OF_CLASS(state_after)(image, scratch, image->header.start_head, sizeof(struct cg_head));
}

static __noinline int OF_CLASS(later)(struct cg_scratch *scratch, __u32 place, __u32 mode)
{
	if (!scratch)
		return 1;
	struct cg_access *access = &scratch->access;
	struct OF_CLASS(cg_image) *image = OF_CLASS(cg_image)(place);
	if (!image) {
		access->unresolved = CG_UNRESOLVED_POLICY;
		return 1;
	}
	if (image->header.version < 2)
		return 0;
	__u32 state = OF_CLASS(place_of)(image, scratch);
	access->generation = image->header.generation;
	if (access->unresolved)
		return 1;
	struct cg_answer *answer =
		&image->answers[CG_BOUND(image->states[CG_BOUND(state, OF_CLASS(CG_STATES))].answer, OF_CLASS(CG_ANSWERS))];
	__u32 slot = CG_SLOT(access->later), number;
	if (slot >= CG_OPERATION_SLOTS) {
		access->unresolved = CG_UNRESOLVED_POLICY;
		return 1;
	}
	number = OF_CLASS(decision_of)(image, scratch, answer->decision[slot]);
	if (!number && access->closed) {
		number = image->header.closed;
		access->closed = CG_CLOSED;
	}
	struct cg_decision *decision = &image->decisions[CG_BOUND(number, OF_CLASS(CG_DECISIONS))];
	settle(access, access->operations, decision, mode);
#ifdef CG_TRIAL
	struct trial_space *space = trial_space();
	__u32 index = access->later & (CG_OPERATION_BITS - 1);
	if (space) {
		space->trial.verdict[index] = decision->verdict;
		space->trial.rule[index] = decision->rule;
		space->trial.errnum[index] = decision->errnum;
		space->trial.decision_flags[index] = decision->flags;
	}
#endif
	return 1;
}
