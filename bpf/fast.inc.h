/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast path for one size class of bpf/abi/image.h; fast.bpf.c includes it once for each, with CG_CLASS set. It takes the
 * steps of matcher.inc.h over the same tables.
 */
#define CG_PASTE_(name, number) name##number
#define CG_PASTE(name, number) CG_PASTE_(name, number)
#define OF_CLASS(name) CG_PASTE(name, CG_CLASS)

#include "tables.inc.h"

/* The state behind a name of the exact table, in words, the last zero padded; NO_STATE where it is none. */
static __always_inline __u32 OF_CLASS(literal_of)(struct OF_CLASS(cg_image) *image, __u32 from, __u32 length, __u64 w0, __u64 w1,
						  __u64 w2)
{
	__u32 key = CG_LITERAL_KEY(from, length);
	__u64 slot = cg_literal_hash(image->header.seed, key, w0, w1, w2);

	for (int probe = 0; probe < CG_PROBES; probe++) {
		struct cg_literal *literal = &image->literals[CG_BOUND(slot + probe, OF_CLASS(CG_LITERALS))];
		if (literal->key == key && literal->words[0] == w0 && literal->words[1] == w1 && literal->words[2] == w2)
			return literal->to;
		if (!literal->key)
			break;
	}
	return NO_STATE;
}

/* The state behind a name by its bytes. */
static __always_inline __u32 OF_CLASS(state_by)(struct OF_CLASS(cg_image) *image, struct cg_state *state, __u32 length,
						 const __u64 *words, __u32 most)
{
	__u32 row = state->dfa, count = image->header.class_count;

	for (__u32 i = 0; i < most; i++) {
		if (i >= length)
			break;
		__u8 byte = words[i / 8] >> (i % 8 * 8);
		row = OF_CLASS(row_has)(image, row, image->classes[byte], count + 1);
		if (!row)
			return state->fallback;
	}
	return OF_CLASS(row_has)(image, row, count, 0);
}

/*
 * The state behind one component of a path; NO_STATE where its name does not stand in its dentry. A global function: its one
 * caller calls it as often as a path may have components.
 */
__u32 OF_CLASS(cg_fast_step)(struct OF_CLASS(cg_image) *image, __u32 from, __u64 address)
{
	if (!image)
		return NO_STATE;
	struct cg_state *state = &image->states[CG_BOUND(from, OF_CLASS(CG_STATES))];
	struct dentry *dentry = CG_AS(struct dentry, address);
	__u32 length = CG_OF(dentry, d_name.len);

	/* No name has no bytes: it could not be read. */
	if (!length)
		return NO_STATE;
	if (length <= CG_LITERAL_BYTES && ((state->length_mask >> (length & 31)) & 1)) {
		__u64 w0 = cg_inline_word(dentry, 0), w1 = 0, w2 = 0;

		if ((state->first_mask >> (w0 & 63)) & 1) {
			if (length > 8)
				w1 = cg_inline_word(dentry, 1);
			if (length > 16)
				w2 = cg_inline_word(dentry, 2);
			if (length < 8)
				w0 &= cg_low_bytes(length);
			else if (length < 16)
				w1 &= cg_low_bytes(length);
			else if (length < 24)
				w2 &= cg_low_bytes(length);
			__u32 to = OF_CLASS(literal_of)(image, from, length, w0, w1, w2);
			if (to != NO_STATE)
				return to;
		}
	}
	if (!state->dfa)
		return state->fallback;
	/* Longer ones stand elsewhere. */
	if (length >= CG_INLINE_BYTES)
		return NO_STATE;
	__u64 words[CG_INLINE_BYTES / 8];
	for (int i = 0; i < CG_INLINE_BYTES / 8; i++)
		words[i] = cg_inline_word(dentry, i);
	return OF_CLASS(state_by)(image, state, length, words, CG_INLINE_BYTES);
}

/* The state behind one component of an address. */
__u32 OF_CLASS(cg_fast_piece)(struct OF_CLASS(cg_image) *image, __u32 from, __u32 length, __u64 w0, __u64 w1)
{
	if (!image)
		return 0;
	struct cg_state *state = &image->states[CG_BOUND(from, OF_CLASS(CG_STATES))];

	if (((state->length_mask >> (length & 31)) & 1) && ((state->first_mask >> (w0 & 63)) & 1)) {
		__u32 to = OF_CLASS(literal_of)(image, from, length, w0, w1, 0);
		if (to != NO_STATE)
			return to;
	}
	if (!state->dfa)
		return state->fallback;
	__u64 words[] = {w0, w1};
	return OF_CLASS(state_by)(image, state, length, words, sizeof(words));
}

/* What an image says of one operation at an answer; null: that depends on who asks. */
static __always_inline struct cg_decision *OF_CLASS(plain_of)(struct OF_CLASS(cg_image) *image, __u32 answer, __u32 operation)
{
	struct cg_answer *all = &image->answers[CG_BOUND(answer, OF_CLASS(CG_ANSWERS))];
	__u64 at = CG_BOUND(operation, 32);
	if (at >= CG_OPERATION_SLOTS)
		return 0;
	__u32 number = all->decision[at];
	struct cg_decision *decision = &image->decisions[CG_BOUND(number, OF_CLASS(CG_DECISIONS))];

	return decision->only_if || decision->unless ? 0 : decision;
}

/* What is said of one or two operations at a state. */
static __always_inline __u32 OF_CLASS(told_at)(struct OF_CLASS(cg_image) *image, struct cg_subject *subject, __u32 answer,
					       __u32 first, __u32 second, __u32 mode)
{
	struct cg_decision *decision = OF_CLASS(plain_of)(image, answer, first);

	if (!decision || (decision->flags & CG_DECISION_LOG))
		return CG_NOT_TOLD;
	if (decision->verdict == CG_DENY && mode == CG_ENFORCE && second == CG_OPERATION_COUNT)
		return refuse_silently(subject, first, decision->errnum);
	if (!is_permit(decision, mode))
		return CG_NOT_TOLD;
	if (second == CG_OPERATION_COUNT)
		return CG_PERMITTED;
	decision = OF_CLASS(plain_of)(image, answer, second);
	return decision && !(decision->flags & CG_DECISION_LOG) && is_permit(decision, mode) ? CG_PERMITTED : CG_NOT_TOLD;
}

/* Down the piece of the way that is kept: the state behind it, or NO_STATE. */
static __noinline __u32 OF_CLASS(down)(struct OF_CLASS(cg_image) *image, struct cg_fast *fast, __u32 state)
{
	if (!image || !fast)
		return NO_STATE;
	struct cg_way *way = &fast->way;
	__u32 count = way->count - way->from;

	if (count > CG_FAST_PIECE)
		count = CG_FAST_PIECE;
	for (__u32 i = 0; i < CG_FAST_PIECE; i++) {
		if (i >= count)
			break;
		__u64 at = way->dentries[(count - 1 - i) & (CG_FAST_PIECE - 1)];
		struct dentry *dentry = CG_AS(struct dentry, at);

		fast->behind = state;
		state = OF_CLASS(cg_fast_step)(image, state, at);
		if (state == NO_STATE)
			return NO_STATE;
		way->stamp -= CG_OF(dentry, d_seq.seqcount.sequence);
	}
	return state;
}

/* The way up and down: the state that the path ends in, or NO_STATE. */
static __always_inline __u32 OF_CLASS(walked)(struct OF_CLASS(cg_image) *image, struct cg_subject *subject, struct cg_fast *fast)
{
	if (!cg_fast_climb(fast, 0, 0))
		return NO_STATE;
	struct cg_way *way = &fast->way;
	__u32 count = way->count, state = image->header.start_path;

	if (count > CG_FAST_PIECE) {
		for (__u32 from = CG_FAST_DEPTH - CG_FAST_PIECE; from; from -= CG_FAST_PIECE) {
			if (from >= count)
				continue;
			if (!cg_fast_climb(fast, from, 1))
				return NO_STATE;
			state = OF_CLASS(down)(image, fast, state);
			if (state == NO_STATE)
				return NO_STATE;
		}
		if (!cg_fast_climb(fast, 0, 1))
			return NO_STATE;
	}
	state = OF_CLASS(down)(image, fast, state);
	if (state == NO_STATE)
		return NO_STATE;
	/* The sum is of one climb. Of several, only that nothing was moved since the first says that they met the same. */
	if (count > CG_FAST_PIECE) {
		if ((way->renames & 1) || !holds(fast))
			return NO_STATE;
	} else if (way->stamp || (way->crossed && cg_sequence_of((__u64)&mount_lock) != way->mounts)) {
		return NO_STATE;
	}
	keep(subject, fast, image->header.generation);
	return state;
}

/* The same where the directory is known; NO_STATE where it is not, or not any more. */
static __always_inline __u32 OF_CLASS(known)(struct OF_CLASS(cg_image) *image, struct cg_subject *subject, struct cg_fast *fast)
{
	struct dentry *leaf = CG_AS(struct dentry, fast->dentry);
	__u32 state, sequence = CG_OF(leaf, d_seq.seqcount.sequence);

	asm volatile("" ::: "memory");
	if ((sequence & 1) || !is_known(subject, fast, image->header.generation, &state, &fast->way))
		return NO_STATE;
	state = OF_CLASS(cg_fast_step)(image, state, fast->dentry);
	asm volatile("" ::: "memory");
	return CG_OF(leaf, d_seq.seqcount.sequence) == sequence && holds(fast) ? state : NO_STATE;
}

/* What else is wanted of one end of what is moved, or of a program, at the answer behind it; 0: the slow path judges. */
static __always_inline int OF_CLASS(take_end)(struct OF_CLASS(cg_image) *image, struct cg_fast *fast, __u32 state, __u32 answer)
{
	__u32 grants = image->answers[CG_BOUND(answer, OF_CLASS(CG_ANSWERS))].grants;

	if (fast->end == CG_END_EXEC) {
		struct cg_decision *decision = OF_CLASS(plain_of)(image, answer, fast->first);

		if (!decision)
			return 0;
		fast->transition = decision->transition;
		fast->program = image->answers[CG_BOUND(answer, OF_CLASS(CG_ANSWERS))].program;
		return 1;
	}
	/* As in matcher.inc.h: compare. */
	if (fast->end == CG_END_NEW &&
	    (fast->generation != image->header.generation ||
	     (state != fast->state && !OF_CLASS(takes)(image, fast->moved, 0, fast->grants, grants))))
		return 0;
	fast->state = state;
	fast->grants = grants;
	fast->generation = image->header.generation;
	return 1;
}

/* The state of a path and the answer behind it. */
static __always_inline __u32 OF_CLASS(verdict)(struct cg_subject *subject, struct cg_fast *fast, __u32 place, __u32 mode)
{
	if (!subject || !fast)
		return CG_NOT_TOLD;
	struct OF_CLASS(cg_image) *image = OF_CLASS(cg_image)(place);
	if (!image)
		return CG_NOT_TOLD;
	__u32 state = OF_CLASS(known)(image, subject, fast);
	if (state == NO_STATE)
		state = OF_CLASS(walked)(image, subject, fast);
	if (state == NO_STATE)
		/* None execs for itself, and what it renames comes by no hook. */
		return fast->end == CG_END_NONE && is_a_layers(fast) ? CG_PERMITTED : CG_NOT_TOLD;
	__u32 answer = image->states[CG_BOUND(state, OF_CLASS(CG_STATES))].answer;
	if (fast->end != CG_END_NONE && !OF_CLASS(take_end)(image, fast, state, answer))
		return CG_NOT_TOLD;
	return OF_CLASS(told_at)(image, subject, answer, fast->first, fast->second, mode);
}

/* The same of an address: two pieces behind its protocol, see struct cg_inet. */
static __noinline __u32 OF_CLASS(inet_verdict)(struct cg_subject *subject, struct cg_fast_inet *inet, __u32 place, __u32 mode)
{
	if (!subject || !inet)
		return CG_NOT_TOLD;
	struct OF_CLASS(cg_image) *image = OF_CLASS(cg_image)(place);
	if (!image)
		return CG_NOT_TOLD;
	__u32 state;
	if (inet->protocol == CG_FAST_FAMILY) {
		state = OF_CLASS(cg_fast_piece)(image, image->header.start_family, 8, inet->address[0], 0);
	} else {
		state = inet->protocol == CG_PROTOCOL_TCP ? image->header.start_tcp : image->header.start_udp;
		state = OF_CLASS(cg_fast_piece)(image, state, 16, inet->address[0], inet->address[1]);
		state = OF_CLASS(cg_fast_piece)(image, state, 2, inet->port, 0);
	}
	return OF_CLASS(told_at)(image, subject, image->states[CG_BOUND(state, OF_CLASS(CG_STATES))].answer, inet->operation,
				 CG_OPERATION_COUNT, mode);
}

#undef OF_CLASS
#undef CG_PASTE
#undef CG_PASTE_
