/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The processor's: where a system call's number and arguments stand. x86-64, and x32 and i386 under it. Included by kernel.h.
 *
 * A number is evidence only as far as the kernel acts on it. It looks at 32 bits of orig_ax, whatever the caller set in the
 * upper ones (arch/x86/entry/common.c: do_syscall_64 takes an int, do_int80 casts); a number changed by a tracer is the one
 * that is acted on, and nothing changes it while the call lasts. x32 and i386 have numbers of their own.
 */
#ifndef CALLGATE_ARCH_X86_H
#define CALLGATE_ARCH_X86_H

#define TS_COMPAT 2           /* the call came by i386's entry; set and cleared by the kernel's entry code alone */
#define CG_X32_BIT 0x40000000 /* __X32_SYSCALL_BIT */

static __always_inline int cg_compat(void)
{
	return (cg_current()->thread_info.status & TS_COMPAT) != 0;
}

/* The number the kernel acts on, x32's bit in it; the caller's way of calling is told by cg_compat(). */
static __always_inline __u32 cg_raw_syscall(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(cg_current());

	return (__u32)regs->orig_ax;
}

/* The first argument, which an i386 caller has 32 bits of. */
static __always_inline __u64 cg_first_argument(void)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(cg_current());

	return cg_compat() ? (__u32)regs->bx : (__u64)regs->di;
}

/*
 * The system call's number as native numbers go, x32's own as their native twins; -1 for i386 callers (they match no
 * native number).
 */
static __always_inline long cg_syscall(void)
{
	__u32 number;

	if (cg_compat())
		return -1;
	number = cg_raw_syscall();
	if (!(number & CG_X32_BIT))
		return number;
	number &= ~CG_X32_BIT;
	/* arch/x86/entry/syscalls/syscall_64.tbl: below 512 the numbers are shared */
	switch (number) {
	case 518:
		return 46; /* sendmsg */
	case 520:
		return 59; /* execve */
	case 538:
		return 307; /* sendmmsg */
	case 545:
		return 322; /* execveat */
	default:
		return number;
	}
}

/* i386 system call's number; -1 for native callers. */
static __always_inline long cg_compat_syscall(void)
{
	return cg_compat() ? (long)cg_raw_syscall() : -1;
}

/*
 * Do the registers say what the caller is doing? Not of one that uses an io_uring: its requests are served at the end of whatever call it is
 * in, or by a worker, which has those of the call in which it was made.
 */
static __always_inline int cg_registers_tell(void)
{
	struct task_struct *task = cg_current();

	return !task->io_uring && !(task->flags & PF_IO_WORKER);
}

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
