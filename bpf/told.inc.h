/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which event told a session of a program, in `told`: a shell that runs a program a thousand times tells of it once. By the whole
 * path, name by name, so that what is moved elsewhere keeps nothing: the climb's sums say that all names were in place at one
 * moment, and where they are those that were written down, the event's text is the path.
 *
 * Readers and writers of one entry: as in folders.inc.h.
 */
__u64 cg_fast_moves(void)
{
	return (__u64)cg_sequence_of((__u64)&rename_lock) << 32 | cg_sequence_of((__u64)&mount_lock);
}

/* Where the program's path is kept, and the way up to it in fast->way; NULL where it is deep, or none. */
static __always_inline struct cg_told *told_place(struct cg_subject *subject, struct cg_fast *fast)
{
	struct dentry *leaf = CG_AS(struct dentry, fast->dentry);
	__u32 place;

	fast->namespace = subject->mounts;
	if (!is_named(fast) || !cg_fast_climb(fast, 0, 0) || !fast->way.count || fast->way.count > CG_TOLD_NAMES)
		return 0;
	/* Equal names hash alike wherever they are, and what stands behind a short one counts in too: both only cost a place. */
	place = ((cg_inline_word(leaf, 0) ^ subject->cookie) * 0x9E3779B97F4A7C15ull) >> 56;
	place &= CG_TOLD_PLACES - 1;
	return bpf_map_lookup_elem(&told, &place);
}

static __always_inline int way_held(struct cg_way *way)
{
	return !way->stamp && (!way->crossed || cg_sequence_of((__u64)&mount_lock) == way->mounts);
}

__u64 cg_fast_told(struct cg_subject *subject, struct cg_fast *fast)
{
	struct cg_told *entry;
	__u32 version;
	__u64 sequence;

	if (!subject || !fast)
		return 0;
	entry = told_place(subject, fast);
	if (!entry)
		return 0;
	version = *(volatile __u32 *)&entry->version;
	asm volatile("" ::: "memory");
	if ((version & 1) || entry->cookie != subject->cookie || entry->namespace != subject->mounts ||
	    entry->count != fast->way.count)
		return 0;
	for (__u32 i = 0; i < CG_TOLD_NAMES; i++) {
		if (i >= fast->way.count)
			break;
		struct dentry *dentry = CG_AS(struct dentry, fast->way.dentries[i]);
		__u32 length = CG_OF(dentry, d_name.len);

		if (length != entry->lengths[i])
			return 0;
		for (__u32 j = 0; j < CG_TOLD_WORDS; j++) {
			if (length <= 8 * j)
				break;
			if (cg_name_word(dentry, length, j) != entry->names[i][j])
				return 0;
		}
		fast->way.stamp -= CG_OF(dentry, d_seq.seqcount.sequence);
	}
	sequence = entry->sequence;
	asm volatile("" ::: "memory");
	return *(volatile __u32 *)&entry->version == version && way_held(&fast->way) ? sequence : 0;
}

__u32 cg_fast_keep_told(struct cg_subject *subject, struct cg_fast *fast, __u64 sequence, __u64 since)
{
	struct cg_told *entry;
	__u32 version, whole = 1;

	if (!subject || !fast)
		return 0;
	entry = told_place(subject, fast);
	if (!entry)
		return 0;
	version = entry->version;
	if ((version & 1) || __sync_val_compare_and_swap(&entry->version, version, version + 1) != version)
		return 0;
	entry->cookie = subject->cookie;
	entry->namespace = subject->mounts;
	entry->sequence = sequence;
	entry->count = fast->way.count;
	for (__u32 i = 0; i < CG_TOLD_NAMES; i++) {
		if (i >= fast->way.count)
			break;
		struct dentry *dentry = CG_AS(struct dentry, fast->way.dentries[i]);
		__u32 length = CG_OF(dentry, d_name.len);

		/* Longer ones stand elsewhere. */
		if (!length || length >= CG_INLINE_BYTES)
			whole = 0;
		entry->lengths[i] = length;
		for (__u32 j = 0; j < CG_TOLD_WORDS; j++)
			entry->names[i][j] = cg_name_word(dentry, length, j);
	}
	/* Moved since the text was written, or just now: these names may not be the event's. */
	if (!whole || (since & 0x0000000100000001ull) || cg_fast_moves() != since)
		entry->cookie = 0;
	asm volatile("" ::: "memory");
	*(volatile __u32 *)&entry->version = version + 2;
	return whole;
}
