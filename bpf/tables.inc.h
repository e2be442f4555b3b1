/* SPDX-License-Identifier: GPL-2.0-only */
/* What the matcher and the fast path read alike of an image of one size class (abi/image.h); OF_CLASS is theirs. */

/* Does the table say that the class `after` is granted no more than `before`? `moved` is an enum cg_moved. */
static __always_inline int OF_CLASS(takes)(struct OF_CLASS(cg_image) *image, __u32 moved, __u32 learning, __u32 before,
					   __u32 after)
{
	__u32 classes = image->header.owns, width, table = 0;

	if (moved == CG_MOVED_FOLDER) {
		table = 4 * classes * ((classes + 31) / 32);
		classes = image->header.folders;
		before = CG_GRANTS_FOLDER(before);
		after = CG_GRANTS_FOLDER(after);
	} else {
		before = CG_GRANTS_OWN(before);
		after = CG_GRANTS_OWN(after);
	}
	width = (classes + 31) / 32;
	if (moved == CG_MOVED_SOCKET)
		table = 2 * classes * width;
	if (learning)
		table += classes * width;
	return (image->moves[CG_BOUND(table + before * width + after / 32, OF_CLASS(CG_MOVES))] >> (after & 31)) & 1;
}

/*
 * What an automaton of bytes goes on with from `row`, by a column of it, or where that is empty by column `otherwise` (0: by none);
 * 0: nothing.
 */
static __always_inline __u32 OF_CLASS(row_has)(struct OF_CLASS(cg_image) *image, __u32 row, __u32 column, __u32 otherwise)
{
	__u64 cell = image->cells[CG_BOUND(row + column, OF_CLASS(CG_CELLS))];

	if (cell >> OF_CLASS(CG_CELL_HALF) != row && otherwise)
		cell = image->cells[CG_BOUND(row + otherwise, OF_CLASS(CG_CELLS))];
	return cell >> OF_CLASS(CG_CELL_HALF) == row ? cell & ((1ull << OF_CLASS(CG_CELL_HALF)) - 1) : 0;
}
