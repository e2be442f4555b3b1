/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels, each once, with the version that changed it. All of it is told by CO-RE, so that one object
 * serves 6.1 to 7.2. Included by kernel.h, behind what it needs.
 */
#ifndef CALLGATE_COMPAT_H
#define CALLGATE_COMPAT_H

/*
 * The list of a super block's mounts: a list_head of mnt_instance until 6.17, a chain of mnt_next_for_sb since.
 */
struct mount___old {
	struct list_head mnt_instance;
} __attribute__((preserve_access_index));
struct super_block___old {
	struct list_head s_mounts;
} __attribute__((preserve_access_index));

union security_list_options___truncate {
	int (*file_truncate)(struct file *file);
} __attribute__((preserve_access_index));

/* Since 6.2 path_truncate is asked for truncate(2) alone, and file_truncate for what is open or being opened. */
static __always_inline int cg_has_file_truncate(void)
{
	return bpf_core_field_exists(((union security_list_options___truncate *)0)->file_truncate);
}

/* The arguments of inode_setattr: since 6.9, as inode_post_setattr came, a mount's map of ids stands before them. */
union security_list_options___setattr {
	void (*inode_post_setattr)(void);
} __attribute__((preserve_access_index));

static __always_inline int cg_setattr_has_idmap(void)
{
	return bpf_core_field_exists(((union security_list_options___setattr *)0)->inode_post_setattr);
}

/*
 * Who owns a descriptor: a part of the file until 6.11, by itself since 6.12, made when it is first set (fs/fcntl.c:
 * file_f_owner_allocate). Its address.
 */
struct file___apart {
	struct fown_struct *f_owner;
} __attribute__((preserve_access_index));
struct file___within {
	struct fown_struct f_owner;
} __attribute__((preserve_access_index));
struct fown_struct___file {
	struct file *file;
} __attribute__((preserve_access_index));

static __always_inline __u64 cg_owner_of(struct file *file)
{
	__u64 owner = 0;

	if (!bpf_core_field_exists(((struct fown_struct___file *)0)->file))
		return (__u64)file + bpf_core_field_offset(struct file___within, f_owner);
	CG_READ_FIELD(&owner, struct file___apart, file, f_owner);
	return owner;
}

/* inode.i_state: a number, later an enum, since 6.19 a struct with one. Its bits moved by one when they became an enum. */
enum inode_state_flags_t___enum {
	I_LINKABLE___enum = 2048,
};
enum inode_state_flags_enum___struct {
	I_LINKABLE___struct = 2048,
};
struct inode_state_flags___struct {
	enum inode_state_flags_enum___struct __state;
} __attribute__((preserve_access_index));
struct inode___struct {
	struct inode_state_flags___struct i_state;
} __attribute__((preserve_access_index));
struct inode___enum {
	enum inode_state_flags_t___enum i_state;
} __attribute__((preserve_access_index));
struct inode___word {
	__u32 i_state; /* the low half, where it has 8 bytes */
} __attribute__((preserve_access_index));

/*
 * The inode was made by O_TMPFILE, without O_EXCL, and never had a name: the kernel sets the bit when it makes one, clears
 * it when it gives it a name, and does neither for others (fs/namei.c: vfs_tmpfile, vfs_link).
 */
static __always_inline int cg_never_named(__u64 inode)
{
	__u32 state = 0, linkable = 1u << 10;

	if (bpf_core_field_exists(((struct inode___struct *)0)->i_state.__state))
		CG_READ_FIELD(&state, struct inode___struct, inode, i_state.__state);
	else if (bpf_core_field_exists(((struct inode___enum *)0)->i_state))
		CG_READ_FIELD(&state, struct inode___enum, inode, i_state);
	else
		CG_READ_FIELD(&state, struct inode___word, inode, i_state);
	if (bpf_core_enum_value_exists(enum inode_state_flags_enum___struct, I_LINKABLE___struct))
		linkable = bpf_core_enum_value(enum inode_state_flags_enum___struct, I_LINKABLE___struct);
	else if (bpf_core_enum_value_exists(enum inode_state_flags_t___enum, I_LINKABLE___enum))
		linkable = bpf_core_enum_value(enum inode_state_flags_t___enum, I_LINKABLE___enum);
	return (state & linkable) != 0;
}

/*
 * Inside execve(2). Since 6.8 it is false while the program's own file is opened and true from its first check on; before
 * that it is true for both. (fs/exec.c: bprm_execve)
 */
static __always_inline int cg_in_execve(void)
{
	struct task_struct *task = cg_current();

	if (!bpf_core_field_exists(task->in_execve))
		return 1;
	return BPF_CORE_READ_BITFIELD(task, in_execve);
}

/*
 * A plain address as a kernel struct that may be read without a helper; since 6.2. libbpf before 1.2 cannot tell whether the
 * kernel has the function, so a helper of the same version stands for it. fast.bpf.c alone uses it: libbpf's linker takes no
 * such symbol from two files.
 */
extern void *bpf_rdonly_cast(void *address, __u32 type) __ksym __weak;
enum bpf_func_id___6_2 {
	BPF_FUNC_cgrp_storage_get___6_2 = 210,
};
static __always_inline int cg_has_cast(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id___6_2, BPF_FUNC_cgrp_storage_get___6_2);
}

/*
 * A plain address as a kernel struct, whose fields are then read by CG_OF: without a helper where there is the cast, and with one
 * before. In both ways a bad address reads 0 (the JIT's exception table; the helper's failure).
 */
#define CG_AS(type, address)                                                                    \
	((type *)(cg_has_cast() ? bpf_rdonly_cast((void *)(address), bpf_core_type_id_kernel(type)) : \
				  (void *)(address)))
#define CG_OF(pointer, field)                                                                        \
	(cg_has_cast() ? (pointer)->field : ({                                                       \
		__u64 value_ = 0; /* little endian: a field of fewer bytes is its beginning */       \
		bpf_core_read(&value_, sizeof((pointer)->field), &(pointer)->field);                 \
		(typeof((pointer)->field))value_;                                                    \
	}))

/* The word at an address, by way of a struct that begins with one. */
static __always_inline __u64 cg_word(__u64 address)
{
	struct list_head *words = CG_AS(struct list_head, address);

	return (__u64)CG_OF(words, next);
}

/*
 * A super block's mounts: where the list goes on, as a struct list_head in a mount until 6.17, and as the mount since; `end`: where
 * it ends.
 */
static __always_inline __u64 cg_mounts_of(struct super_block *sb, __u64 *end)
{
	if (bpf_core_field_exists(struct mount, mnt_next_for_sb)) {
		*end = 0;
		return (__u64)CG_OF(sb, s_mounts);
	}
	*end = (__u64)sb + bpf_core_field_offset(struct super_block___old, s_mounts);
	return cg_word(*end);
}

static __always_inline struct mount *cg_mount_at(__u64 at)
{
	if (!bpf_core_field_exists(struct mount, mnt_next_for_sb))
		at -= bpf_core_field_offset(struct mount___old, mnt_instance);
	return CG_AS(struct mount, at);
}

static __always_inline __u64 cg_mount_behind(struct mount *mount)
{
	if (bpf_core_field_exists(struct mount, mnt_next_for_sb))
		return (__u64)CG_OF(mount, mnt_next_for_sb);
	return cg_word((__u64)mount + bpf_core_field_offset(struct mount___old, mnt_instance));
}

/* A lock's sequence: seqlock_t begins with a seqcount, whatever lock stands behind it. Odd, as while it is held: unknown. */
static __always_inline __u32 cg_sequence_of(__u64 address)
{
	if (!address)
		return 1;
	struct seqcount *sequence = CG_AS(struct seqcount, address);

	return CG_OF(sequence, sequence);
}

/* A short name stands in its dentry: d_iname until 6.13, d_shortname since, 32 bytes or more. Longer ones stand elsewhere. */
#define CG_INLINE_BYTES 32
struct dentry___old {
	unsigned char d_iname[CG_INLINE_BYTES];
} __attribute__((preserve_access_index));
union shortname_store___new {
	unsigned char string[CG_INLINE_BYTES];
} __attribute__((preserve_access_index));
struct dentry___new {
	union shortname_store___new d_shortname;
} __attribute__((preserve_access_index));

static __always_inline __u64 cg_inline_word(struct dentry *dentry, __u32 number)
{
	__u32 offset;

	if (bpf_core_field_exists(((struct dentry___old *)0)->d_iname))
		offset = bpf_core_field_offset(struct dentry___old, d_iname);
	else
		offset = bpf_core_field_offset(struct dentry___new, d_shortname);
	__u64 word = 0;

	if (cg_has_cast())
		return *(__u64 *)((__u64)dentry + offset + 8 * number);
	bpf_probe_read_kernel(&word, sizeof(word), (void *)((__u64)dentry + offset + 8 * number));
	return word;
}

/* The last word of a name of so many bytes has these of it. */
static __always_inline __u64 cg_low_bytes(__u32 length)
{
	return (1ull << (8 * length & 63)) - 1;
}

/* The `number`th word of a name of `length` bytes that stands in its dentry, zero padded. */
static __always_inline __u64 cg_name_word(struct dentry *dentry, __u32 length, __u32 number)
{
	if (length <= 8 * number)
		return 0;
	return length >= 8 * number + 8 ? cg_inline_word(dentry, number) : cg_inline_word(dentry, number) & cg_low_bytes(length);
}

/*
 * A hook's refusal with this errno. The verifier wants to see that what a hook returns lies in -4095 ... 0, and before 6.17
 * it knows nothing about the result of a negation; of a subtraction it does.
 */
static __always_inline int cg_refuse(__u32 errnum)
{
	__u64 positive = errnum;
	__s64 verdict = 0;

	if (!positive)
		positive = EPERM;
	asm volatile("%0 &= 4095" : "+r"(positive));
	asm volatile("%0 -= %1" : "+r"(verdict) : "r"(positive));
	return verdict;
}

#endif
