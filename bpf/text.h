/* SPDX-License-Identifier: GPL-2.0-only */
/* The path of an access as text. Inlined where it is wanted: the verifier allows 8 frames, and those who ask are deep already. */
#ifndef CALLGATE_TEXT_H
#define CALLGATE_TEXT_H
#include "path.h"

static long cg_write_one(__u32 index, struct cg_scratch **context)
{
	struct cg_scratch *scratch = *context;
	__u32 length = cg_walk_step(scratch);

	if (length)
		cg_put_name(scratch, length);
	return scratch->climb.phase == CG_DONE;
}

/*
 * The path in scratch->text: what the verdict was about, where it was walked for one, and else walked now. Its bytes, or 0: the walk
 * came to no end (climb.phase, unresolved and unreachable say how), or it is longer than CG_TEXT.
 */
static __always_inline __u32 cg_path_text(struct cg_scratch *scratch)
{
	if (!scratch->climb.written) {
		scratch->climb.retries = 0;
		cg_walk_start(scratch);
		bpf_loop(CG_STEPS_MAX, cg_write_one, &scratch, 0);
		cg_end_text(scratch);
	}
	return scratch->climb.written ? scratch->climb.bytes : 0;
}

#endif
