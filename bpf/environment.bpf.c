// SPDX-License-Identifier: GPL-2.0-only
/*
 * The environment of an exec towards `unconfined`: a variable that makes a program run or load what the caller names would
 * have the caller's code run under no policy. The kernel tells programs to beware by AT_SECURE, which BPF cannot set.
 *
 * What counts is the kernel's own copy: the strings that do_execveat_common() wrote into the new program's memory, argv
 * from bprm->p up and the environment behind it, up to bprm->exec. That memory is nobody's yet, so the page tables are
 * walked (arch/) and each page is read where the kernel maps all memory. A page that is not there (swapped out) or moved
 * while it was read is a refusal: the next attempt will find it.
 */
#include "crossing.h"

/* Strings and pieces of them at page ends: the kernel takes at most 6 MiB, 9 bytes for an empty string with its pointer. */
#define PIECES_MAX (1 << 20)
#define PAGE 4096
/* No entry of the table is longer. */
#define PREFIX 24

/*
 * What is refused, as the beginning of a variable's string, `=` included where it is a whole name. First what glibc drops in
 * secure-execution mode (sysdeps/generic/unsecvars.h), but TMPDIR, which only says where files are made; then what makes
 * shells and interpreters run or load code (after the list sudo drops, plugins/sudoers/env.c). In docs/policy-language.md.
 */
static const char refused[][PREFIX] = {
	"LD_", "_RLD", "GLIBC_TUNABLES=", "GCONV_PATH=", "GETCONF_DIR=", "HOSTALIASES=", "LOCALDOMAIN=", "LOCPATH=",
	"MALLOC_TRACE=", "NIS_PATH=", "NLSPATH=", "RESOLV_HOST_CONF=", "RES_OPTIONS=", "TZDIR=",
	"BASH_ENV=", "BASH_FUNC_", "BASHOPTS=", "SHELLOPTS=", "ENV=", "PS4=", "IFS=", "ZDOTDIR=", "FPATH=",
	"PERL5", "PERLLIB=", "PERLIO_DEBUG=", "PYTHON", "RUBYLIB=", "RUBYOPT=", "GEM_PATH=", "GEM_HOME=",
	"NODE_OPTIONS=", "NODE_PATH=", "JAVA_TOOL_OPTIONS=", "_JAVA_OPTIONS=", "JDK_JAVA_OPTIONS=", "CLASSPATH=",
	"LUA_INIT", "LUA_PATH", "LUA_CPATH", "PHPRC=", "PHP_INI_SCAN_DIR=", "TCLLIBPATH=", "GUILE_LOAD_",
	"GTK_MODULES=", "GTK_PATH=", "GIO_EXTRA_MODULES=", "QT_PLUGIN_PATH=", "OPENSSL_CONF=", "OPENSSL_ENGINES=",
	"OPENSSL_MODULES=",
};
#define REFUSED (sizeof(refused) / PREFIX)

/* 0xff for each byte of `word` that is none: names are ASCII, so that no sum carries into the next byte. */
static __always_inline __u64 bytes_of(__u64 word)
{
	return (((word + 0x7f7f7f7f7f7f7f7full) & 0x8080808080808080ull) >> 7) * 0xff;
}

/* Does scratch->text begin as a variable that is refused? What stands behind its end does not matter: no entry holds a zero. */
static __noinline int is_refused(struct cg_scratch *scratch)
{
	if (!scratch)
		return 1;
	__u64 *text = (__u64 *)scratch->text;
	__u64 a = text[0], b = text[1], c = text[2];
	for (__u32 i = 0; i < REFUSED; i++) {
		const __u64 *entry = (const __u64 *)refused[i];
		if (!((entry[0] ^ a) & bytes_of(entry[0])) && !((entry[1] ^ b) & bytes_of(entry[1])) &&
		    !((entry[2] ^ c) & bytes_of(entry[2])))
			return 1;
	}
	return 0;
}

__hidden __noinline __u64 cg_page(__u64 tables, __u64 address)
{
	return cg_page_of(tables, address);
}

static __always_inline long end(struct cg_strings *strings, __u32 unresolved)
{
	strings->unresolved = unresolved;
	strings->done = 1;
	return 1;
}

/* The string at strings->at, or as much of it as its page holds. */
static long string_one(__u32 index, struct cg_scratch **context)
{
	struct cg_scratch *scratch = *context;
	struct cg_strings *strings = &scratch->strings;
	__u64 at = strings->at, page;
	__u32 inside = at & (PAGE - 1), left = PAGE - inside;
	__u8 last = 0;
	long length;

	if (at >= strings->end)
		/* All of it, and nothing but it: else these are not the strings that were counted. */
		return end(strings, at == strings->end && !strings->arguments && !strings->variables && !strings->within
					    ? CG_RESOLVED : CG_UNRESOLVED_READ);
	page = cg_page(strings->tables, at);
	if (!page)
		return end(strings, CG_UNRESOLVED_READ);
	if (left > PAGE)
		return end(strings, CG_UNRESOLVED_READ);
	scratch->climb.written = 0;
	length = bpf_probe_read_kernel_str(scratch->text, left, (void *)(page + inside));
	if (length < 1 || length > PAGE || bpf_probe_read_kernel(&last, 1, (void *)(page + PAGE - 1)))
		return end(strings, CG_UNRESOLVED_READ);
	if (!strings->within && !strings->arguments) {
		if (length == left && left < PREFIX) {
			/* The rest of what may be a name stands on the next page. */
			__u64 next = cg_page(strings->tables, at + left);
			scratch->text[(left - 1) & (PREFIX - 1 + 8)] = last;
			if (last && (!next || bpf_probe_read_kernel(scratch->text + left, PREFIX, (void *)next)))
				return end(strings, CG_UNRESOLVED_READ);
			if (last && cg_page(strings->tables, at + left) != next)
				return end(strings, CG_UNRESOLVED_READ);
		}
		if (is_refused(scratch))
			return end(strings, CG_UNRESOLVED_ENVIRONMENT);
	}
	/* Reclaim or compaction may have moved the page while it was read. */
	if (cg_page(strings->tables, at) != page)
		return end(strings, CG_UNRESOLVED_READ);
	strings->at = at + length;
	/* Cut short at the page's end, where bpf_probe_read_kernel_str() puts a zero of its own */
	strings->within = length == left && last;
	if (strings->within)
		return 0;
	if (strings->arguments)
		strings->arguments--;
	else if (strings->variables)
		strings->variables--;
	else
		return end(strings, CG_UNRESOLVED_READ);
	return 0;
}

__hidden __u32 cg_environment(struct cg_scratch *scratch, struct linux_binprm *bprm)
{
	struct cg_strings *strings;

	if (!scratch)
		return CG_UNRESOLVED_STORAGE;
	strings = &scratch->strings;
	strings->tables = (__u64)BPF_CORE_READ(bprm, mm, pgd);
	strings->at = BPF_CORE_READ(bprm, p);
	strings->end = BPF_CORE_READ(bprm, exec);
	strings->arguments = BPF_CORE_READ(bprm, argc);
	strings->variables = BPF_CORE_READ(bprm, envc);
	strings->within = 0;
	strings->done = 0;
	strings->unresolved = CG_RESOLVED;
	bpf_loop(PIECES_MAX, string_one, &scratch, 0);
	return strings->done ? strings->unresolved : CG_UNRESOLVED_READ;
}
