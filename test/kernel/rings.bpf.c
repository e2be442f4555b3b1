// SPDX-License-Identifier: GPL-2.0-only
/* What misuse.test.ts opens with openTrial(): rings without hooks. Each run of `trial` writes one record into the first. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

/* sizeof(struct cg_trial), and nothing is read of it. */
struct value {
	__u8 bytes[16384];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct value);
} trials SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} processors SEC(".maps");

SEC("syscall") int trial(void *context)
{
	__u32 zero = 0;
	__u64 record = 7;
	void *ring = bpf_map_lookup_elem(&rings, &zero);

	if (ring)
		bpf_ringbuf_output(ring, &record, sizeof(record), 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
