/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps of the gate that the control plane writes and reads. The names are the pins' names under /sys/fs/bpf/callgate.
 *
 *   subjects  TASK_STORAGE           struct cg_subject   who is under which policy
 *   policies  ARRAY                  struct cg_slot      policy number -> where its image is, and its mode
 *   images0-3 ARRAY_OF_MAPS          struct cg_imageN    by size class; an index is a place in the outer map
 *   programs  HASH                   struct cg_program -> __u32 policy number; program 0: those without a policy, while learning
 *   sessions  ARRAY                  struct cg_session
 *   rings     ARRAY_OF_MAPS          by session number: RINGBUF of struct cg_event
 *   seen      ARRAY_OF_MAPS          by session number: HASH struct cg_seen_key -> struct cg_seen; absent: no dedup
 *   gate      ARRAY of one           struct cg_gate      what belongs to no session
 *   guards    HASH                   __u32 thread group -> __u64 start time: supervisors no subject may signal
 *   protections HASH                 struct cg_inode -> __u32 CG_PROTECT_*: files no subject may change
 *   protection_marks ARRAY           __u64 bits: which of their numbers are worth looking up
 *   folders   ARRAY                  struct cg_folder  what the fast path found out of directories; the kernel half's alone
 *   replies   HASH                   struct cg_reply_key -> struct cg_reply
 *   questions HASH                   __u32 thread -> struct cg_question: who waits, stopped
 *   owners    HASH                   __u64 address of a descriptor's owner -> struct cg_maker; the kernel half's alone
 *   owning    HASH                   struct cg_process -> struct cg_owning: who is its own descriptors' owner; the kernel half's alone
 *   attendance ARRAY                 struct cg_attendance by session number: who answers
 *   entrants  HASH                   __u32 thread group -> struct cg_entrant: who is being taken in as it runs
 *   groups    HASH                   __u64 cgroup -> struct cg_group: whose members are taken in, and stay so
 *   calls     ARRAY                  struct cg_calls by session number: which system calls its filter permits
 *   called    HASH                   struct cg_called_key -> struct cg_called: those that were made, while learning
 *   entries   HASH                   struct cg_entry_file -> __u32 policy number: under which, by what they run
 */
#ifndef CALLGATE_ABI_ABI_H
#define CALLGATE_ABI_ABI_H
#include "asking.h"
#include "calls.h"
#include "entry.h"
#include "event.h"
#include "image.h"
#include "limits.h"
#include "object.h"
#include "operation.h"
#include "protection.h"
#include "session.h"
#include "slot.h"
#include "subject.h"
#include "types.h"

#endif
