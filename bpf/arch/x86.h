/* SPDX-License-Identifier: GPL-2.0-only */
/* The processor's: where a system call's number and arguments stand. x86-64, and i386 under it. Included by kernel.h. */
#ifndef CALLGATE_ARCH_X86_H
#define CALLGATE_ARCH_X86_H

/* x86-64 and i386 system call numbers; see cg_syscall(). */
#define TS_COMPAT 2
#define CG_SYSCALL_SETSOCKOPT 54

/* The system call's number as native numbers go; -1 for i386 callers and kernel threads (they match no native number). */
static __always_inline long cg_syscall(void)
{
	struct task_struct *task = cg_current();
	if (task->thread_info.status & TS_COMPAT)
		return -1;
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return regs->orig_ax;
}

/* i386 system call's number; -1 for native callers. */
static __always_inline long cg_compat_syscall(void)
{
	struct task_struct *task = cg_current();
	if (!(task->thread_info.status & TS_COMPAT))
		return -1;
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return regs->orig_ax;
}

/*
 * setsockopt(2) by a native caller with no value. What a call is made with stands in registers that nobody else can change
 * while it runs; i386 callers may use socketcall(2), whose arguments stand in memory, and get no exception.
 */
static __always_inline bool cg_clears_option(void)
{
	struct task_struct *task = cg_current();
	struct pt_regs *regs;

	if (cg_syscall() != CG_SYSCALL_SETSOCKOPT)
		return false;
	regs = (struct pt_regs *)bpf_task_pt_regs(task);
	return (__u32)regs->r8 == 0;
}

#define CG_SYSCALL_OPEN 2
#define CG_SYSCALL_FTRUNCATE 77
#define CG_SYSCALL_CREAT 85
#define CG_SYSCALL_OPENAT 257
#define CG_SYSCALL_SETNS 308
#define CG_SYSCALL_OPEN_BY_HANDLE_AT 304
#define CG_SYSCALL_OPENAT2 437
#define CG_SYSCALL_SENDTO 44
#define CG_SYSCALL_SENDMSG 46
#define CG_SYSCALL_SENDMMSG 307
#define CG_COMPAT_FTRUNCATE 93
#define CG_COMPAT_FTRUNCATE64 194
#define CG_COMPAT_SETNS 346

extern const void page_offset_base __ksym __weak; /* where the kernel maps all memory */
extern const void pgdir_shift __ksym __weak;      /* 48 with five levels of page tables, else 39 */
extern const void physical_mask __ksym __weak;    /* without the bit that marks encrypted memory */

/*
 * Where the kernel maps the page that stands at user address `address` under these page tables (mm->pgd); 0 where there is
 * none, or where it is not one of 4 KiB (Documentation/arch/x86/x86_64/mm.rst; arch/x86/include/asm/pgtable_types.h).
 */
static __always_inline __u64 cg_page_of(__u64 table, __u64 address)
{
	__u64 base = 0, mask = ~0ull, entry;
	__u32 top = 39;

	if (bpf_probe_read_kernel(&base, sizeof(base), &page_offset_base) || !base)
		return 0;
	/* Both are constants where the kernel is built for one case only. */
	if (bpf_probe_read_kernel(&top, sizeof(top), &pgdir_shift))
		top = 39;
	if (bpf_probe_read_kernel(&mask, sizeof(mask), &physical_mask))
		mask = ~0ull;
	mask &= 0x000ffffffffff000ull;
	for (int shift = 48; shift >= 12; shift -= 9) {
		if (shift > top)
			continue;
		if (bpf_probe_read_kernel(&entry, sizeof(entry), (void *)(table + ((address >> shift) & 511) * 8)))
			return 0;
		/* Present; and above the last level no large page, which no new program's stack has */
		if (!(entry & 1) || (shift > 12 && (entry & 0x80)))
			return 0;
		table = base + (entry & mask);
	}
	return table;
}

#endif
