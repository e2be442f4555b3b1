/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CALLGATE_IOCTL_H
#define CALLGATE_IOCTL_H
#include "later.h"

/* include/uapi/linux/fs.h: chattr(1), with the sizes of long of both widths, and xfs's way */
#define FS_IOC_SETFLAGS 0x40086602
#define FS_IOC32_SETFLAGS 0x40046602
#define FS_IOC_FSSETXATTR 0x401c5820

/* Flags of the file itself: not the device's business, and `attribute` to a policy. */
static __always_inline int cg_sets_flags(__u32 request)
{
	return request == FS_IOC_SETFLAGS || request == FS_IOC32_SETFLAGS || request == FS_IOC_FSSETXATTR;
}

/* What a policy of version 2 says of the request, which the floor let through; the hook's value. */
int cg_ioctl(struct file *file, __u32 request);

#endif
