// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that are mapped as code: load. (The ELF interpreter's open is file_open's: file.bpf.c.)
 *
 *   mmap_file        load, where the mapping may be executed
 *   file_mprotect    load, where it becomes so
 */
#include "fast.h"
#include "judge.h"

SEC("lsm/mmap_file")
int BPF_PROG(mmap_file, struct file *file, unsigned long reqprot, unsigned long prot, unsigned long flags)
{
	struct cg_subject *subject;
	struct cg_entry entry;
	int verdict = 0;

	/* Memory that is no file's is no object of version 1; `prot` is what will be mapped, READ_IMPLIES_EXEC in it. */
	if (!file || !(prot & PROT_EXEC))
		return 0;
	subject = cg_subject(&verdict);
	if (!subject)
		return verdict;
	/*
	 * The program itself, mapped by its exec, which was judged. Only then: later, prctl(PR_SET_MM_EXE_FILE) may have
	 * made any file that one, and a program that maps more of its own file loads it like another's.
	 */
	if (cg_in_execve() && cg_current()->mm->exe_file == file)
		return 0;
	CG_FAST(subject, file->f_path.mnt, file->f_path.dentry, CG_LOAD, CG_OPERATION_COUNT);
	if (!cg_work(&entry, subject, &verdict))
		return verdict;
	entry.scratch->access.operations = CG_BIT(CG_LOAD);
	/* Nothing maps for a stacking file system: what is mapped on a private mount is judged as in no tree. */
	cg_path_object(entry.scratch, entry.subject, (__u64)BPF_CORE_READ(file, f_path.mnt),
		       (__u64)BPF_CORE_READ(file, f_path.dentry));
	return cg_judge(entry.subject, entry.scratch);
}

/*
 * The path a mapping's file was opened by. What a stacking file system maps since 6.7 is a file of its own, on a mount
 * that no path leads to; the path it was opened by stands behind it (fs/file_table.c: struct backing_file).
 */
static __always_inline struct path mapped_path(struct file *file)
{
	struct path path = {};
	__u64 namespace = 0, mount;

	bpf_core_read(&path, sizeof(path), &file->f_path);
	mount = (__u64)path.mnt - bpf_core_field_offset(struct mount, mnt);
	if (!bpf_core_field_exists(struct backing_file, user_path) || CG_READ_FIELD(&namespace, struct mount, mount, mnt_ns) ||
	    !IS_ERR_VALUE(namespace) || (BPF_CORE_READ(path.mnt, mnt_flags) & CG_MNT_INTERNAL))
		return path;
	bpf_core_read(&path, sizeof(path), &((struct backing_file *)file)->user_path);
	return path;
}

SEC("lsm/file_mprotect")
int BPF_PROG(file_mprotect, struct vm_area_struct *vma, unsigned long reqprot, unsigned long prot)
{
	struct cg_entry entry;
	struct file *file;
	struct path mapped;
	int verdict = 0;

	if (!(prot & PROT_EXEC) || !cg_enter(&entry, &verdict))
		return verdict;
	file = BPF_CORE_READ(vma, vm_file);
	/* No file, no object; and what is executable already was judged when it became so. */
	if (!file || (BPF_CORE_READ(vma, vm_flags) & VM_EXEC))
		return 0;
	entry.scratch->access.operations = CG_BIT(CG_LOAD);
	mapped = mapped_path(file);
	cg_path_object(entry.scratch, entry.subject, (__u64)mapped.mnt, (__u64)mapped.dentry);
	return cg_judge(entry.subject, entry.scratch);
}
