// SPDX-License-Identifier: GPL-2.0-only
// A 32-bit program without a C library: prints each file it is given by i386's own system calls, and ends with how many it could
// not open. Built for i386 (scripts/build-test-programs).
static long call3(long number, long one, long two, long three)
{
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(one), "c"(two), "d"(three) : "memory");
	return result;
}

// asm/unistd_32.h
enum { EXIT = 1, READ = 3, WRITE = 4, OPEN = 5 };

__attribute__((used)) static void run(const long *stack)
{
	const long *word = stack + 2;
	long failed = 0;

	for (long count = stack[0]; count > 1; count--, word++) {
		char text[256];
		long fd = call3(OPEN, *word, 0, 0), length;

		if (fd < 0) {
			failed++;
			continue;
		}
		length = call3(READ, fd, (long)text, sizeof(text));
		if (length > 0)
			call3(WRITE, 1, (long)text, length);
	}
	call3(EXIT, failed, 0, 0);
}

// The stack as the kernel leaves it: count, words, environment.
__asm__(".globl _start\n_start:\n\tmovl %esp, %eax\n\tpushl %eax\n\tcall run\n");
