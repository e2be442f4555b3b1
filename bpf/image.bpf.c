// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where images are: an outer map for each size class, an inner array of one value for each policy.
 * The inner maps are declared by size alone, so that the control plane makes new ones without BTF.
 */
#include "maps.h"

#define CG_DEFINE_IMAGES(class_, ...)                                                 \
	struct cg_image_template##class_ {                                            \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                     \
		__uint(max_entries, 1);                                               \
		__uint(key_size, sizeof(__u32));                                      \
		__uint(value_size, sizeof(struct cg_image##class_));                  \
	};                                                                            \
	struct {                                                                      \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                             \
		__uint(max_entries, CG_IMAGES##class_);                               \
		__type(key, __u32);                                                   \
		__array(values, struct cg_image_template##class_);                    \
	} images##class_ SEC(".maps");                                                \
                                                                                      \
	__hidden struct cg_image##class_ *cg_image##class_(__u32 place)               \
	{                                                                             \
		__u32 zero = 0;                                                       \
		void *inner = bpf_map_lookup_elem(&images##class_, &place);           \
		struct cg_image##class_ *image = inner ? bpf_map_lookup_elem(inner, &zero) : 0; \
                                                                                      \
		return image && image->header.magic == CG_IMAGE_MAGIC ? image : 0;    \
	}
CG_IMAGE_CLASSES(CG_DEFINE_IMAGES)
