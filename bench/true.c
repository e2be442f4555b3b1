// SPDX-License-Identifier: GPL-2.0-only
/* A program that does nothing, and has nothing of a C library to start. */
__asm__(".globl _start\n_start:\n\tmov $60, %eax\n\txor %edi, %edi\n\tsyscall\n");
