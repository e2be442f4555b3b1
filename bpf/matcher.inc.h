// SPDX-License-Identifier: GPL-2.0-only
/*
 * The matcher of abi/image.h for one size class. Included once for each by judge.bpf.c, with CG_CLASS set to its number;
 * OF_CLASS(name) is that class's own name.
 *
 *   state_after  one step: the component in scratch->name
 *   answer_of    all steps of scratch->access; access.unresolved where it cannot be told
 *   decision_of  follows the conditions of a decision
 *   compare      is a thing that is moved granted more at its new name?
 *   judge        looks the image up, and puts the decision of each operation into scratch->access
 *
 * With CG_LATER set, included by later.bpf.c: paths enter where its walk says, and later.inc.h does the rest.
 *
 * Everything an image says is bounded before it is used as an index: a damaged image decides wrongly, it never reads
 * elsewhere.
 */
#define CG_PASTE_(name, number) name##number
#define CG_PASTE(name, number) CG_PASTE_(name, number)
#define OF_CLASS(name) CG_PASTE(name, CG_CLASS)

#ifdef CG_LATER
#define CG_FROM(walk) (walk)->from
#else
#define CG_FROM(walk) (walk)->image->header.start_path
#endif

#include "tables.inc.h"

struct OF_CLASS(bytes) {
	struct OF_CLASS(cg_image) *image;
	struct cg_scratch *scratch;
	__u32 row;
	__u32 length;
};

static long OF_CLASS(byte_step)(__u32 index, struct OF_CLASS(bytes) *at)
{
	if (index >= at->length)
		return 1;
	__u8 byte = at->scratch->name[index & CG_NAME_MAX];
	at->row = OF_CLASS(row_has)(at->image, at->row, at->image->classes[byte], at->image->header.class_count + 1);
	return !at->row;
}

static __noinline __u32 OF_CLASS(state_after)(struct OF_CLASS(cg_image) *image, struct cg_scratch *scratch, __u32 from,
				       __u32 length)
{
	if (!image || !scratch)
		return 0;
	struct cg_state *state = &image->states[CG_BOUND(from, OF_CLASS(CG_STATES))];
	__u64 *words = (__u64 *)scratch->name;
	__u64 w0 = words[0], w1 = words[1], w2 = words[2];
	if (length - 1 < CG_LITERAL_BYTES && ((state->length_mask >> (length & 31)) & 1) &&
	    ((state->first_mask >> (w0 & 63)) & 1)) {
		__u32 key = CG_LITERAL_KEY(from, length);
		__u64 slot = cg_literal_hash(image->header.seed, key, w0, w1, w2);
		for (int probe = 0; probe < CG_PROBES; probe++) {
			struct cg_literal *literal = &image->literals[CG_BOUND(slot + probe, OF_CLASS(CG_LITERALS))];
			if (literal->key == key && literal->words[0] == w0 && literal->words[1] == w1 && literal->words[2] == w2)
				return literal->to;
			if (!literal->key)
				break;
		}
	}
	if (state->dfa) {
		struct OF_CLASS(bytes) at = {image, scratch, state->dfa, length};
		bpf_loop(CG_NAME_MAX, OF_CLASS(byte_step), &at, 0);
		if (at.row)
			return OF_CLASS(row_has)(image, at.row, image->header.class_count, 0);
	}
	return state->fallback;
}

#ifdef CG_TRIAL
/* A written path: its components come from the trial instead of from dentries. */
struct OF_CLASS(walk) {
	struct OF_CLASS(cg_image) *image;
	struct cg_scratch *scratch;
};

static long OF_CLASS(walk_written)(__u32 index, struct OF_CLASS(walk) *walk)
{
	struct cg_scratch *scratch = walk->scratch;
	__u64 *words = (__u64 *)scratch->name;
	struct trial_space *space = trial_space();
	/* Kept in a map, where the verifier forgets its value: on the stack it would follow every length there could be. */
	__u32 at = scratch->climb.bytes, length;

	if (!space || at >= space->trial.length || at >= sizeof(space->trial.data) - 256)
		return 1;
	length = space->trial.data[at];
	words[0] = words[1] = words[2] = 0;
	bpf_probe_read_kernel(scratch->name, length & CG_NAME_MAX, &space->trial.data[at + 1]);
	scratch->climb.state = OF_CLASS(state_after)(walk->image, scratch, scratch->climb.state, length);
	scratch->climb.bytes = at + 1 + length;
	return 0;
}
#else
struct OF_CLASS(walk) {
	struct OF_CLASS(cg_image) *image;
	struct cg_scratch *scratch;
#ifdef CG_LATER
	__u32 from;
#endif
};

/* One step of a walk; on the way down, the automaton takes one too. */
static long OF_CLASS(walk_one)(__u32 index, struct OF_CLASS(walk) *walk)
{
	struct cg_climb *climb = &walk->scratch->climb;
	__u32 length = cg_walk_step(walk->scratch);

	if (length) {
		/* The first component: `next` was one less than `count` just now. */
		__u32 from = climb->next + 1 == climb->count ? CG_FROM(walk) : climb->state;
		climb->state = OF_CLASS(state_after)(walk->image, walk->scratch, from, length);
		/* For whoever tells of it: what is told is what was judged. */
		cg_put_name(walk->scratch, length);
	}
	return climb->phase == CG_DONE;
}

/* All steps of scratch->access, from the state that its components begin at: what they came to is in scratch->climb. */
static __always_inline void OF_CLASS(walk_all)(struct OF_CLASS(walk) *walk, __u32 from)
{
	struct cg_scratch *scratch = walk->scratch;

	scratch->climb.retries = 0;
	cg_walk_start(scratch);
	bpf_loop(CG_STEPS_MAX, OF_CLASS(walk_one), walk, 0);
	if (scratch->climb.phase != CG_DONE)
		scratch->climb.unresolved = CG_UNRESOLVED_RACE;
	scratch->access.unresolved = scratch->climb.unresolved;
	if (!scratch->climb.count)
		scratch->climb.state = from;
	cg_end_text(scratch);
}
#endif

#ifndef CG_LATER
static __noinline int OF_CLASS(answer_of)(struct OF_CLASS(cg_image) *image, struct cg_scratch *scratch)
{
	if (!image || !scratch)
		return 0;
	struct cg_access *access = &scratch->access;
	__u32 state = 0;
	access->state = CG_NO_STATE;
	if (is_walked(access->object)) {
		struct OF_CLASS(walk) walk = {image, scratch};
#ifdef CG_TRIAL
		scratch->climb.state = image->header.start_path;
		scratch->climb.bytes = 0;
		bpf_loop(sizeof(((struct cg_trial *)0)->data), OF_CLASS(walk_written), &walk, 0);
#else
		OF_CLASS(walk_all)(&walk, image->header.start_path);
		if (scratch->climb.unreachable) {
			access->object = CG_OBJECT_KIND;
			access->kind = CG_KIND_UNREACHABLE;
		}
#endif
		state = scratch->climb.state;
	} else if (access->object == CG_OBJECT_INET) {
		take_bytes(scratch, 0, 1);
		state = OF_CLASS(state_after)(image, scratch, image->header.start_inet, 1);
		take_bytes(scratch, 1, 16);
		state = OF_CLASS(state_after)(image, scratch, state, 16);
		take_bytes(scratch, 17, 2);
		state = OF_CLASS(state_after)(image, scratch, state, 2);
	} else if (access->object == CG_OBJECT_FAMILY) {
		take_bytes(scratch, 0, 8);
		state = OF_CLASS(state_after)(image, scratch, image->header.start_family, 8);
	} else if (access->object == CG_OBJECT_ABSTRACT) {
		__u32 length = access->length & 127;
		state = image->header.start_abstract;
		if (length) {
			__u64 *words = (__u64 *)scratch->name;
			words[0] = words[1] = words[2] = 0;
			bpf_probe_read_kernel(scratch->name, length, access->bytes);
			state = OF_CLASS(state_after)(image, scratch, state, length);
		}
	}
	if (access->object == CG_OBJECT_KIND)
		return image->header.kinds[access->kind & (CG_KIND_SLOTS - 1)];
	if (access->object == CG_OBJECT_UNNAMED)
		return image->header.unnamed;
	access->state = state;
	return image->states[CG_BOUND(state, OF_CLASS(CG_STATES))].answer;
}

#endif

struct OF_CLASS(ids) {
	struct OF_CLASS(cg_image) *image;
	__u32 first, count, id, found;
};

static long OF_CLASS(id_in)(__u32 index, struct OF_CLASS(ids) *ids)
{
	if (index >= ids->count)
		return 1;
	struct cg_range *range = &ids->image->ranges[CG_BOUND(ids->first + index, OF_CLASS(CG_RANGES))];
	ids->found = ids->id >= range->first && ids->id <= range->last;
	return ids->found;
}

static __noinline int OF_CLASS(holds)(struct OF_CLASS(cg_image) *image, struct cg_scratch *scratch, __u32 number)
{
	if (!image || !scratch)
		return 0;
	struct cg_condition *condition = &image->conditions[CG_BOUND(number, OF_CLASS(CG_CONDITIONS))];
	struct cg_access *access = &scratch->access;
	if ((condition->flags & CG_CONDITION_OWNER_SELF) && (access->owner == ~0u || access->owner != access->uid))
		return 0;
	struct OF_CLASS(ids) ids = {image, condition->uid_first, condition->uid_count, access->uid, 1};
	bpf_loop(CG_RANGES_MAX, OF_CLASS(id_in), &ids, 0);
	if (!ids.found)
		return 0;
	ids.first = condition->gid_first;
	ids.count = condition->gid_count;
	ids.id = access->gid;
	bpf_loop(CG_RANGES_MAX, OF_CLASS(id_in), &ids, 0);
	return ids.found;
}

struct OF_CLASS(chain) {
	struct OF_CLASS(cg_image) *image;
	struct cg_scratch *scratch;
	__u32 decision;
	__u32 settled;
};

static long OF_CLASS(chain_one)(__u32 index, struct OF_CLASS(chain) *chain)
{
	struct cg_decision *decision = &chain->image->decisions[CG_BOUND(chain->decision, OF_CLASS(CG_DECISIONS))];
	if ((!decision->only_if || OF_CLASS(holds)(chain->image, chain->scratch, decision->only_if)) &&
	    (!decision->unless || !OF_CLASS(holds)(chain->image, chain->scratch, decision->unless))) {
		chain->settled = 1;
		return 1;
	}
	chain->decision = decision->otherwise;
	return 0;
}

/* The decision that holds, following `otherwise`; a chain that does not end is told by `settled` 0. */
static __always_inline __u32 OF_CLASS(decision_of)(struct OF_CLASS(cg_image) *image, struct cg_scratch *scratch, __u32 number)
{
	if (!image || !scratch)
		return 0;
	struct cg_decision *decision = &image->decisions[CG_BOUND(number, OF_CLASS(CG_DECISIONS))];
	if (!decision->only_if && !decision->unless)
		return number;
	struct OF_CLASS(chain) chain = {image, scratch, number, 0};
	bpf_loop(CG_CHAIN_MAX + 1, OF_CLASS(chain_one), &chain, 0);
	if (!chain.settled)
		scratch->access.unresolved = CG_UNRESOLVED_CHAIN;
	return chain.decision;
}

#ifndef CG_LATER
struct OF_CLASS(ops) {
	struct OF_CLASS(cg_image) *image;
	struct cg_scratch *scratch;
	__u32 answer;
	__u32 mode;
};

static long OF_CLASS(operation_one)(__u32 index, struct OF_CLASS(ops) *ops)
{
	struct cg_access *access = &ops->scratch->access;
	if (index >= CG_OPERATION_COUNT || !(access->operations >> index))
		return 1;
	if (!((access->operations >> index) & 1))
		return 0;
	struct cg_answer *answer = &ops->image->answers[CG_BOUND(ops->answer, OF_CLASS(CG_ANSWERS))];
	__u32 number = OF_CLASS(decision_of)(ops->image, ops->scratch, answer->decision[index]);
	struct cg_decision *decision = &ops->image->decisions[CG_BOUND(number, OF_CLASS(CG_DECISIONS))];
	settle(access, CG_BIT(index), decision, ops->mode);
#ifdef CG_TRIAL
	struct trial_space *space = trial_space();
	if (space) {
		space->trial.verdict[index] = decision->verdict;
		space->trial.rule[index] = decision->rule;
		space->trial.errnum[index] = decision->errnum;
		space->trial.decision_flags[index] = decision->flags;
	}
#endif
	if (index == CG_EXEC)
		access->transition = decision->transition;
	return 0;
}

static __noinline int OF_CLASS(compare)(struct OF_CLASS(cg_image) *image, struct cg_scratch *scratch, __u32 mode)
{
	if (!image || !scratch)
		return 0;
	struct cg_access *access = &scratch->access;
	__u32 learning = mode == CG_LEARN;

	/* States and classes are one image's own. */
	access->stale = access->from_generation != image->header.generation;
	if (access->stale || (access->state == access->from_state && access->state != CG_NO_STATE))
		return 0;
	if (!OF_CLASS(takes)(image, access->moved - 1, learning, access->from_grants, access->grants) ||
	    (access->exchanged &&
	     !OF_CLASS(takes)(image, access->exchanged - 1, learning, access->grants, access->from_grants)))
		refuse_move(access);
	return 0;
}

static __noinline int OF_CLASS(judge)(struct cg_scratch *scratch, __u32 place, __u32 mode)
{
	if (!scratch)
		return 0;
	struct OF_CLASS(cg_image) *image = OF_CLASS(cg_image)(place);
	if (!image) {
		scratch->access.unresolved = CG_UNRESOLVED_POLICY;
		return 0;
	}
	struct OF_CLASS(ops) ops = {image, scratch, OF_CLASS(answer_of)(image, scratch), mode};
	scratch->access.generation = image->header.generation;
	scratch->access.program = image->answers[CG_BOUND(ops.answer, OF_CLASS(CG_ANSWERS))].program;
	scratch->access.grants = image->answers[CG_BOUND(ops.answer, OF_CLASS(CG_ANSWERS))].grants;
	if (scratch->access.unresolved)
		return 0;
	bpf_loop(CG_OPERATION_COUNT, OF_CLASS(operation_one), &ops, 0);
	if (scratch->access.moved)
		OF_CLASS(compare)(image, scratch, mode);
	return 0;
}
#endif

#if defined(CG_LATER) || defined(CG_TRIAL)
#include "later.inc.h"
#endif

#undef CG_FROM
#undef OF_CLASS
#undef CG_PASTE
#undef CG_PASTE_
