// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program is run with, told to a learner: `gcc -c FILE` of a make that was told nothing of FILE.
 *
 * It is evidence for generalising and nothing else: the caller writes it, so nothing is ever permitted by it. Called in learning
 * alone, behind the verdict, which it cannot change. The strings are the kernel's own copy, in memory that is nobody's yet: page tables are
 * walked and nothing is faulted in, as environment.bpf.c says. What is not there is left out and told as not read; nothing is
 * guessed. Relative names are told with the current folder, and both are in one record: CG_TEXT bytes in all.
 */
#include "crossing.h"
#include "judge.h"
#include "text.h"

#define PAGE 4096
/* A piece of a string: scratch->text has so much room behind CG_TEXT. */
#define PIECE (CG_NAME_MAX + 1)
/* Each is a byte at least, or ends a page. */
#define PIECES_MAX (CG_TEXT + 8)

static __always_inline long end(struct cg_strings *strings, __u32 unresolved)
{
	strings->unresolved = unresolved;
	return 1;
}

/* Adds the string at strings->at, or as much of it as its page and a piece hold. */
static long argument_one(__u32 index, struct cg_scratch **context)
{
	struct cg_scratch *scratch = *context;
	struct cg_strings *strings = &scratch->strings;
	__u64 at = strings->at, page;
	__u32 inside = at & (PAGE - 1), room = PAGE - inside, place;
	__u8 last = 0;
	long length;

	if (!strings->arguments || strings->length >= CG_TEXT)
		return 1;
	if (at >= strings->end)
		return end(strings, CG_UNRESOLVED_READ);
	page = cg_page(strings->tables, at);
	if (!page)
		return end(strings, CG_UNRESOLVED_READ);
	/* A byte more than the page has, for the zero that bpf_probe_read_kernel_str() puts where it stops. */
	if (room > PIECE - 1)
		room = PIECE - 1;
	place = CG_BOUND(strings->length, CG_TEXT);
	length = bpf_probe_read_kernel_str(scratch->text + place, room + 1, (void *)(page + inside));
	if (length < 1 || length > PIECE)
		return end(strings, CG_UNRESOLVED_READ);
	/* Whole with its zero, or `room` bytes of it. */
	if (length > room)
		length = room;
	place = CG_BOUND(strings->length + length - 1, 2 * CG_TEXT);
	if (place >= sizeof(scratch->text))
		return end(strings, CG_UNRESOLVED_READ);
	last = scratch->text[place];
	/* Reclaim or compaction may have moved the page while it was read. */
	if (cg_page(strings->tables, at) != page)
		return end(strings, CG_UNRESOLVED_READ);
	strings->at = at + length;
	strings->length += length;
	if (!last)
		strings->arguments--;
	return 0;
}

int cg_arguments(struct cg_subject *subject, struct cg_scratch *scratch)
{
	struct task_struct *task = cg_current();
	struct cg_strings *strings;
	struct cg_event *event;
	__u64 ids = bpf_get_current_pid_tgid();
	__u32 count, folder = 0;
	struct fs_struct *fs;

	if (!subject || !scratch)
		return 0;
	strings = &scratch->strings;
	event = &scratch->event;
	fs = BPF_CORE_READ(task, fs);
	__builtin_memset(&scratch->access, 0, sizeof(scratch->access));
	scratch->climb.written = 0;
	if (!cg_path_object(scratch, subject, (__u64)BPF_CORE_READ(fs, pwd.mnt), (__u64)BPF_CORE_READ(fs, pwd.dentry)) &&
	    scratch->access.object == CG_OBJECT_PATH && !scratch->access.unresolved)
		folder = cg_path_text(scratch);
	if (folder > CG_TEXT)
		folder = 0;
	scratch->climb.written = 0;
	count = strings->arguments;
	strings->length = folder;
	strings->unresolved = CG_RESOLVED;
	bpf_loop(PIECES_MAX, argument_one, &scratch, 0);
	if (strings->length > CG_TEXT)
		strings->length = CG_TEXT;
	__builtin_memset(event, 0, sizeof(*event));
	event->type = CG_EVENT_ARGUMENTS;
	event->verdict = CG_PERMIT;
	event->object = CG_OBJECT_ARGUMENTS;
	event->time = bpf_ktime_get_boot_ns();
	event->first = count;
	event->exe = subject->next_exe;
	event->policy = subject->next_policy;
	event->reason = strings->unresolved;
	event->count = 1;
	event->pid = ids >> 32;
	event->tid = (__u32)ids;
	event->owner = ~0u;
	event->length = strings->length;
	event->offset = folder;
	return cg_send_unnumbered(scratch, subject->session, strings->length);
}
