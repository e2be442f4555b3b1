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

/* The state behind the head of what is done to whoever runs the object, or to the object. */
static __noinline __u32 OF_CLASS(behind_act)(struct OF_CLASS(cg_image) *image, struct cg_scratch *scratch, __u32 target)
{
	if (!image || !scratch)
		return 0;
	__u64 *words = (__u64 *)scratch->name, which = scratch->access.first;

	/* A struct cg_head, little endian. */
	if (scratch->access.later == CG_IOCTL)
		words[0] = (target == CG_TARGET_PATH ? CG_HEAD_IOCTL : CG_HEAD_IOCTL_KIND) |
			   (__u64)__builtin_bswap32((__u32)which) << 8;
	else
		words[0] = (scratch->access.later == CG_ATTRIBUTE ? CG_HEAD_ATTRIBUTE :
								     (__u8)CG_ACT_TABLE(scratch->access.later)) |
			   (__u64)(__u8)target << 24 | (__u64)(__u8)which << 32;
	words[1] = words[2] = 0;
	return OF_CLASS(state_after)(image, scratch, image->header.start_head, sizeof(struct cg_head));
}

/* Inlined: of a hook that looks at each mount of a file system the deepest walk would have nine frames. */
static __always_inline int OF_CLASS(place_of)(struct OF_CLASS(cg_image) *image, struct cg_scratch *scratch)
{
	if (!image || !scratch)
		return 0;
	struct cg_access *access = &scratch->access;
	__u32 from = image->header.start_head;
	if (is_headed(access->later) && access->object != CG_OBJECT_HEAD)
		from = OF_CLASS(behind_act)(image, scratch, access->object == CG_OBJECT_PATH ? CG_TARGET_PATH : CG_TARGET_KIND);
	if (access->object == CG_OBJECT_PATH) {
		if (!is_headed(access->later))
			from = image->header.start_place;
		struct OF_CLASS(walk) walk = {image, scratch};
#ifdef CG_TRIAL
		scratch->climb.state = from;
		scratch->climb.bytes = 0;
		bpf_loop(sizeof(((struct cg_trial *)0)->data), OF_CLASS(walk_written), &walk, 0);
		return scratch->climb.state;
#else
		walk.from = from;
		OF_CLASS(walk_all)(&walk, from);
		if (!scratch->climb.unreachable)
			return scratch->climb.state;
		access->object = CG_OBJECT_KIND;
		access->kind = CG_KIND_UNREACHABLE;
		from = image->header.start_head;
		if (is_headed(access->later))
			from = OF_CLASS(behind_act)(image, scratch, CG_TARGET_KIND);
#endif
	}
	if (access->object == CG_OBJECT_KIND) {
		if (CG_IS_DEED(access->later) && CG_IS_CLOSED_KIND(access->kind))
			access->closed = 1;
		OF_CLASS(take_kind)(scratch);
	} else if (access->object == CG_OBJECT_HEAD) {
		take_bytes(scratch, 0, sizeof(struct cg_head));
	} else {
		return 0;
	}
	return OF_CLASS(state_after)(image, scratch, from, sizeof(struct cg_head));
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
	/* kernel/signal.c, kill_pid_info: for the kernel ESRCH means that the task went away, and it tries again, for ever. */
	if (access->later == CG_SIGNAL && access->errnum == ESRCH)
		access->errnum = EPERM;
#ifdef CG_TRIAL
	struct trial_space *space = trial_space();
	__u32 index = access->later & (CG_OPERATION_MOST - 1);
	if (space) {
		space->trial.verdict[index] = decision->verdict;
		space->trial.rule[index] = decision->rule;
		space->trial.errnum[index] = access->verdict == CG_DENY ? access->errnum : decision->errnum;
		space->trial.decision_flags[index] = decision->flags;
	}
#endif
	return 1;
}
