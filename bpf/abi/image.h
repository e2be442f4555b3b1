/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A compiled policy: one map value, written by the control plane, read by the matcher, replaced whole.
 *
 * An image is an automaton over components. A component is the name of a path between two slashes, or one of the pieces
 * of an address (object.h). To judge an object the matcher takes the entry state for its type and makes one step a
 * component:
 *
 *   step(s, name):  length n = bytes of name
 *     1. exact table, if 1 <= n <= CG_LITERAL_BYTES and bit n of length_mask and bit (name[0] & 63) of first_mask are set:
 *        probe CG_PROBES consecutive slots of literals[] from hash(seed, s, n, words); an equal one (key and all 24 bytes,
 *        zero padded) gives the next state; an empty slot (key 0) ends the search.
 *     2. else, if dfa != 0: row = dfa; for each byte b: row = has(row, classes[b]), where it has nothing there
 *        has(row, class_count + 1), and row 0 ends the search at once; after the last byte, a row != 0 gives the next
 *        state has(row, class_count). Rows are laid into one another: has(row, column) is the lower half of
 *        cells[row + column] where the upper half is `row`, and else nothing, which is 0.
 *     3. else the next state is `fallback`.
 *   State 0 is dead: no rule can match any more, its answer is answers[0], and the walk may stop.
 *
 * Order 1-2-3 is a contract: a state that has a DFA may also list names in the exact table; the compiler guarantees that
 * the exact entry says what the DFA would have said. Names longer than CG_LITERAL_BYTES are found by the DFA alone.
 *
 * After the last component the state's `answer` tells each operation's decision. First match, implied permissions and the
 * default are resolved at compile time. Only rules with conditions leave something to do: a decision whose condition does
 * not hold gives way to `otherwise`.
 */
#ifndef CALLGATE_ABI_IMAGE_H
#define CALLGATE_ABI_IMAGE_H
#include "object.h"
#include "operation.h"
#include "types.h"

#define CG_IMAGE_MAGIC 0x43474d31u /* "CGM1" */

/* Three 64-bit words: a component of 24 bytes, which is nearly every file name of a learned policy. */
#define CG_LITERAL_BYTES 24
/* Consecutive slots looked at; the compiler chooses seed and class so that no literal lies further away. */
#define CG_PROBES 4
/* Decisions tried one after another when conditions do not hold; longer chains are a compile error naming the rule. */
#define CG_CHAIN_MAX 32
/* Ranges looked at for one list of ids; more is a compile error naming the rule. */
#define CG_RANGES_MAX 64
#define CG_NAME_MAX 255

/*
 * Size classes. The matcher is instantiated once for each; counts are powers of two, so that an index can be masked. A
 * learned policy has about as many answers and names as states: most paths end at a state of their own, whose answer
 * names its own rule, and are the only ones to lead there.
 * X(class, states, literals, cell, cells, answers, decisions, conditions, ranges, moves); `cell` is the type of a cell, each
 * half of which holds a place in `cells`, and a state.
 */
#define CG_IMAGE_CLASSES(X)                                             \
	X(0, 256, 512, __u32, 4096, 256, 128, 32, 64, 512)              \
	X(1, 1024, 2048, __u32, 32768, 1024, 1024, 64, 256, 2048)       \
	X(2, 32768, 32768, __u32, 65536, 32768, 32768, 1024, 8192, 8192) \
	X(3, 131072, 131072, __u64, 524288, 131072, 65536, 4096, 32768, 8192)
#define CG_IMAGE_CLASS_COUNT 4
/* Places in the outer maps, by class: what 200 large policies and some in replacement need. */
#define CG_IMAGES0 1024
#define CG_IMAGES1 256
#define CG_IMAGES2 32
#define CG_IMAGES3 8

struct cg_image_header {
	__u32 magic;
	__u32 abi;
	__u32 class_count;    /* byte classes of the DFAs, 1 to 256 */
	__u32 start_path;     /* also for unix paths */
	__u32 start_inet;
	__u32 start_abstract; /* one component: the whole name, any byte; an empty name is answered by this state itself */
	__u32 start_family;
	__u32 unnamed;        /* answer for an unnamed unix socket */
	__u64 seed;
	__u64 generation;     /* counts the replacements of this policy; reported with each event */
	__u32 kinds[CG_KIND_SLOTS]; /* answer for each enum cg_kind */
	__u8 digest[32];      /* SHA-256 of the policy's canonical text */
	__u32 states;         /* used entries of each table, for whoever reads an image back */
	__u32 literals;
	__u32 cells;
	__u32 answers;
	__u32 decisions;
	__u32 conditions;
	__u32 ranges;
	__u32 moves;
	__u32 owns;    /* classes in cg_answer.grants, class 0 included: as a file or socket */
	__u32 folders; /* as a folder */
	__u32 start_tcp; /* behind start_inet and the byte of the protocol: what most addresses begin with */
	__u32 start_udp;
	__u32 version; /* of the language: 1 governs the first CG_OPERATION_COUNT operations */
	__u32 closed;  /* the decision that denies, where nothing but the default would decide what no default opens */
	__u32 start_place; /* of what version 2 has besides, paths: their answers have CG_SLOT() of the operation */
	__u32 start_head;  /* the same for struct cg_head */
};
CG_ASSERT(sizeof(struct cg_image_header) == 208, "layout is read by the control plane");

struct cg_state {
	__u64 first_mask;
	__u32 length_mask; /* bits 1 to 24 */
	__u32 fallback;
	__u32 dfa;         /* row, an index into cells[]; 0: none */
	__u32 answer;
};
CG_ASSERT(sizeof(struct cg_state) == 24, "no padding");

struct cg_literal {
	__u64 words[3]; /* the name, little endian words, zero padded */
	__u32 key;      /* CG_LITERAL_KEY of the state it leaves and the name's bytes; 0: the slot is empty */
	__u32 to;
};
CG_ASSERT(sizeof(struct cg_literal) == 32, "no padding");
#define CG_LITERAL_KEY(state, length) ((state) << 8 | (length))

/*
 * Slot of a literal, before masking with (literals of the class - 1). The highest bits of the product are the ones that
 * every bit of a name reaches: names that differ in their last letter alone must not share a slot under every seed, and
 * neither must those that differ just as the numbers of their states do.
 */
static inline __attribute__((always_inline)) __u64 cg_literal_hash(__u64 seed, __u64 key, __u64 w0, __u64 w1, __u64 w2)
{
	__u64 mixed = w0 ^ w1 * 0xC2B2AE3D27D4EB4Full ^ w2 * 0x165667B19E3779F9ull ^ key * 0xD6E8FEB86659FD93ull ^ seed;

	mixed *= 0x9E3779B97F4A7C15ull;
	return (mixed >> 46) ^ (mixed >> 55);
}

/* The decision for each operation, an index into decisions[], of which no class has more than 65536. */
struct cg_answer {
	__u16 decision[CG_OPERATION_SLOTS];
	__u32 program; /* number (from 1) of the application's policy whose program this path is; 0: none */
	__u32 grants;  /* CG_GRANTS_OWN, CG_GRANTS_FOLDER: classes of what is granted there, see moves[] */
};
CG_ASSERT(sizeof(struct cg_answer) == 48, "no padding");

/*
 * Where a thing may be moved or linked to: only where it is granted no more than where it comes from, to itself and below.
 * A path that ends at the very state it began at is judged alike whatever comes behind. Else moves[] has a bit for each
 * pair of classes, in rows of whole words:
 *   moves[table + old * width + new / 32] bit new % 32, width = (classes + 31) / 32
 * Its tables stand in the order of enum cg_moved, each twice: as the policy is in force, and as a learner sees it, for whom
 * what no rule decides is permitted. Class 0 is of all that got no class of its own.
 */
#define CG_GRANTS_OWN(grants) ((grants) & 0xffff)
#define CG_GRANTS_FOLDER(grants) ((grants) >> 16)
enum cg_moved {
	CG_MOVED_FILE = 0, /* by CG_GRANTS_OWN, as the next */
	CG_MOVED_SOCKET = 1,
	CG_MOVED_FOLDER = 2,
};

#define CG_DECISION_LOG 1u    /* report it: every denial but those with `log: false`, permits with `log: true` */
#define CG_DECISION_DEFAULT 2u /* no rule: what learning turns into observations */

struct cg_decision {
	__u8 verdict;    /* enum cg_verdict */
	__u8 transition; /* enum cg_transition, on a permit of exec */
	__u16 errnum;    /* of a denial, positive */
	__u32 flags;
	__u32 rule;      /* number in the expanded policy, from 1; 0: the default */
	__u32 only_if;   /* condition that must hold, an index into conditions[]; 0: none */
	__u32 unless;    /* condition that must not hold; 0: none */
	__u32 otherwise; /* decision to try when they are not met */
};
CG_ASSERT(sizeof(struct cg_decision) == 24, "no padding");

#define CG_CONDITION_OWNER_SELF 1u

/* All that is present must hold; a count of 0 means that list is absent. conditions[0] is never used. */
struct cg_condition {
	__u32 flags;
	__u32 uid_first, uid_count; /* ranges[uid_first ... ] */
	__u32 gid_first, gid_count;
	__u32 pad;
};
CG_ASSERT(sizeof(struct cg_condition) == 24, "no padding");

struct cg_range {
	__u32 first, last; /* both included */
};

/*
 * decisions[0] is the default, answers[0] refers to it for every operation, states[0] is dead and answers with
 * answers[0]; no row is 0 (no match), and a cell whose upper half is 0 is nobody's.
 */
#define CG_DEFINE_IMAGE(class_, states_, literals_, cell_, cells_, answers_, decisions_, conditions_, ranges_, moves_) \
	struct cg_image##class_ {                                                                        \
		struct cg_image_header header;                                                           \
		__u8 classes[256];                                                                       \
		struct cg_state states[states_];                                                         \
		struct cg_literal literals[literals_];                                                   \
		cell_ cells[cells_];                                                                     \
		struct cg_answer answers[answers_];                                                      \
		struct cg_decision decisions[decisions_];                                                \
		struct cg_condition conditions[conditions_];                                             \
		struct cg_range ranges[ranges_];                                                         \
		__u32 moves[moves_];                                                                     \
	};                                                                                               \
	enum {                                                                                           \
		CG_STATES##class_ = states_,                                                             \
		CG_LITERALS##class_ = literals_,                                                         \
		CG_CELLS##class_ = cells_,                                                               \
		CG_CELL_HALF##class_ = 4 * sizeof(cell_),                                                \
		CG_ANSWERS##class_ = answers_,                                                           \
		CG_DECISIONS##class_ = decisions_,                                                       \
		CG_CONDITIONS##class_ = conditions_,                                                     \
		CG_RANGES##class_ = ranges_,                                                             \
		CG_MOVES##class_ = moves_,                                                               \
	};
CG_IMAGE_CLASSES(CG_DEFINE_IMAGE)
CG_ASSERT(sizeof(struct cg_image0) <= 64 * 1024, "a small policy costs at most 64 KiB of kernel memory");
CG_ASSERT(sizeof(struct cg_image1) <= 384 * 1024, "one of some hundred rules");
CG_ASSERT(CG_CELLS2 <= 1 << CG_CELL_HALF2 && CG_STATES2 <= 1 << CG_CELL_HALF2, "places and states fit half a cell");
CG_ASSERT(sizeof(struct cg_image3) <= 32 * 1024 * 1024, "the largest class");

#endif
