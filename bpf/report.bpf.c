// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events. An attempt is written into the scratch, object last, and copied into the session's ring buffer by one call, so
 * that a reader never sees half a record. Nothing here changes a verdict; what does not fit is counted.
 *
 * In learning, a repeat of an attempt that was reported is only counted, in the session's `seen` table: a hash table of
 * whole keys, which the kernel compares byte for byte. When the table is full, or the object is longer than a key holds,
 * the attempt is reported again: more events, never fewer.
 */
#include "judge.h"
#include "text.h"

struct cg_ring_template {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, CG_SESSIONS_MAX);
	__type(key, __u32);
	__array(values, struct cg_ring_template);
} rings SEC(".maps");

struct cg_seen_template {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__uint(key_size, sizeof(struct cg_seen_key));
	__uint(value_size, sizeof(struct cg_seen));
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, CG_SESSIONS_MAX);
	__type(key, __u32);
	__array(values, struct cg_seen_template);
} seen SEC(".maps");

struct text {
	struct cg_scratch *scratch;
	__u32 session;
};

/*
 * Gives the event its sequence number, as late as can be: a repeat must not take one, or its silence would look like a
 * loss. A number that is taken is always sent, or counted as dropped.
 */
static __always_inline void number_event(struct cg_session *session, struct cg_event *event)
{
	if (!event->sequence)
		event->sequence = __sync_fetch_and_add(&session->sequence, 1) + 1;
}

/* Sends scratch->event and `length` bytes of text. */
static __noinline int send_record(struct cg_scratch *scratch, __u32 number, __u32 length)
{
	struct cg_session *session = bpf_map_lookup_elem(&sessions, &number);
	void *ring = bpf_map_lookup_elem(&rings, &number);

	if (!scratch || !session)
		return 0;
	if (length > CG_TEXT + CG_NAME_MAX)
		length = CG_TEXT + CG_NAME_MAX;
	number_event(session, &scratch->event);
	length &= 2 * CG_TEXT - 1;
	scratch->event.size = sizeof(struct cg_event) + length;
	if (ring && !bpf_ringbuf_output(ring, &scratch->event, sizeof(struct cg_event) + length, 0)) {
		if (!scratch->event.part)
			__sync_fetch_and_add(&session->events, 1);
		return 1;
	}
	__sync_fetch_and_add(&session->dropped, 1);
	return 0;
}

int cg_send_unnumbered(struct cg_scratch *scratch, __u32 number, __u32 length)
{
	struct cg_session *session = bpf_map_lookup_elem(&sessions, &number);
	void *ring = bpf_map_lookup_elem(&rings, &number);

	if (!scratch || !session)
		return 0;
	if (length > CG_TEXT)
		length = CG_TEXT;
	scratch->event.size = sizeof(struct cg_event) + length;
	if (!ring || bpf_ringbuf_output(ring, &scratch->event, sizeof(struct cg_event) + length, 0))
		__sync_fetch_and_add(&session->dropped, 1);
	return 0;
}

/* One step of a walk that writes the components down; a full part is sent. */
static long text_one(__u32 index, struct text *text)
{
	struct cg_scratch *scratch = text->scratch;
	struct cg_climb *climb = &scratch->climb;
	__u32 length = cg_walk_step(scratch);

	if (!length)
		return climb->phase == CG_DONE;
	if (climb->at + length + 1 > CG_TEXT) {
		scratch->event.length = climb->bytes;
		scratch->event.offset = climb->offset;
		send_record(scratch, text->session, climb->at);
		scratch->event.part++;
		climb->offset += climb->at;
		climb->at = 0;
	}
	cg_put_name(scratch, length);
	return 0;
}

/*
 * Writes the object's bytes behind the event; long paths are sent up to their last part. Returns the bytes of the
 * (last) part; sets *moved where the text is not certain.
 */
static __always_inline __u32 write_object(struct cg_scratch *scratch, __u32 number, __u32 *moved)
{
	struct cg_access *access;
	struct cg_event *event;

	if (!scratch || !moved)
		return 0;
	access = &scratch->access;
	event = &scratch->event;
	event->part = 0;
	event->offset = 0;
	if (access->object == CG_OBJECT_PATH || access->object == CG_OBJECT_UNIX) {
		struct text text = {scratch, number};
		struct cg_climb *climb = &scratch->climb;
		__u32 length = cg_path_text(scratch);

		if (length) {
			event->length = length;
			return length;
		}
		/* Longer than a part holds: once more, part by part. */
		if (climb->phase == CG_DONE && !climb->unresolved && !climb->unreachable) {
			climb->retries = 0;
			cg_walk_start(scratch);
			bpf_loop(CG_STEPS_MAX, text_one, &text, 0);
		}
		if (climb->phase != CG_DONE || climb->unresolved || climb->unreachable) {
			*moved = 1;
			event->object = CG_OBJECT_NONE;
			event->length = 0;
			return 0;
		}
		event->length = climb->bytes;
		event->offset = climb->offset;
		return climb->at;
	}
	if (access->object == CG_OBJECT_KIND) {
		scratch->text[0] = access->kind;
		event->length = 1;
		return 1;
	}
	__u32 length = access->length;
	if (length > sizeof(access->bytes))
		length = sizeof(access->bytes);
	bpf_probe_read_kernel(scratch->text, length, access->bytes);
	event->length = length;
	return length;
}

/* 1: reported before, and counted. 0: report it; it is in the table from now on, if there was room. */
static __noinline int is_repeat(struct cg_scratch *scratch, __u32 number, __u32 length)
{
	struct cg_session *session = bpf_map_lookup_elem(&sessions, &number);
	void *table = bpf_map_lookup_elem(&seen, &number);
	struct cg_scratch *own;
	struct cg_event *event;
	struct cg_seen_key *key;
	struct cg_seen *entry;

	if (!scratch || !session || !table || length > CG_SEEN_OBJECT)
		return 0;
	/*
	 * The same scratch, had as a map's value: before 6.2 memory that a global function is given is no key of a map
	 * (kernel/bpf/verifier.c: map_key_value_types). Where 6.1 hides it, the attempt is told again.
	 */
	own = bpf_task_storage_get(&scratches, cg_current(), 0, 0);
	if (!own)
		return 0;
	event = &scratch->event;
	key = &own->key;
	if (event->part || event->object == CG_OBJECT_NONE)
		return 0;
	__builtin_memset(key, 0, sizeof(*key));
	key->exe = event->exe;
	key->policy = event->policy;
	key->operations = event->operations;
	key->decided = event->decided;
	key->rule = event->rule;
	key->uid = event->uid;
	key->gid = event->gid;
	key->length = length;
	key->object_type = event->object;
	key->verdict = event->verdict;
	key->flags = event->flags;
	key->pad = event->type;
	key->first = event->first;
	if (length > CG_SEEN_OBJECT)
		return 0;
	bpf_probe_read_kernel(key->object, length, scratch->text);
	entry = bpf_map_lookup_elem(table, key);
	if (!entry) {
		number_event(session, event);
		struct cg_seen fresh = {.sequence = event->sequence, .last = event->time};
		/* Full, or another task was first by a moment: reported, a number once taken is used. */
		bpf_map_update_elem(table, key, &fresh, BPF_NOEXIST);
		return 0;
	}
	__sync_fetch_and_add(&entry->count, 1);
	entry->last = event->time;
	__sync_fetch_and_add(&session->repeats, 1);
	event->first = entry->sequence;
	return 1;
}

__u64 cg_report(struct cg_subject *subject, struct cg_scratch *scratch, struct cg_session *session, __u32 type)
{
	struct task_struct *task = cg_current();
	struct cg_access *access;
	struct cg_event *event;
	__u64 ids = bpf_get_current_pid_tgid();
	__u32 number, length, moved = 0;

	if (!subject || !scratch || !session)
		return 0;
	number = subject->session;
	access = &scratch->access;
	event = &scratch->event;
	__builtin_memset(event, 0, sizeof(*event));
	event->type = type;
	event->verdict = access->verdict;
	event->object = access->object;
	event->flags = access->flags;
	event->first = access->first;
	if (access->mode != CG_ENFORCE && (access->leaving || access->first))
		event->flags |= CG_EVENT_MOVED;
	event->time = bpf_ktime_get_boot_ns();
	event->exe = type == CG_EVENT_EXEC ? 0 : subject->exe;
	event->generation = access->generation;
	event->policy = access->policy;
	event->operations = access->operations;
	event->decided = access->decided;
	event->rule = access->rule;
	event->errnum = access->errnum;
	event->reason = access->unresolved;
	event->count = 1;
	event->pid = ids >> 32;
	event->tid = (__u32)ids;
	event->ppid = BPF_CORE_READ(task, real_parent, tgid);
	event->uid = access->uid;
	event->gid = access->gid;
	event->owner = access->owner;
	bpf_get_current_comm(event->comm, sizeof(event->comm));

	length = access->object == CG_OBJECT_NONE ? 0 : write_object(scratch, number, &moved);
	if (moved) {
		__sync_fetch_and_add(&session->unresolved[CG_UNRESOLVED_TEXT], 1);
		if (!event->reason)
			event->reason = CG_UNRESOLVED_TEXT;
	}
	if (access->mode != CG_ENFORCE && is_repeat(scratch, number, length))
		return event->first;
	access->sent = send_record(scratch, number, length);
	return event->sequence;
}
