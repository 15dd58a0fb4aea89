/* files/idx.h: MNIST's own file format, and its relatives' (Fashion-MNIST, KMNIST, EMNIST, QMNIST).
 *
 * Layout   bytes 0 0, type, number of dimensions; then the dimensions as big-endian u32; then the elements, row by row.
 * Images   magic 0x00000803: u8, count x height x width. Labels: 0x00000801: u8, count; or QMNIST's 0x00000c02: i32,
 *          count x 8, of which the first column is the label.
 * Checks   the size is exactly header + product of the dimensions: where the source knows its size, before anything is
 *          allocated; else memory grows with what has been read. Each side 1 .. INK_IDX_SIDE_MAX.
 * Errors   INK_E_DATA with the byte's offset in the unpacked file; a swapped pair, another type, or a little-endian
 *          header is named. The source's own; INK_E_MEMORY.
 * Note     EMNIST stores its images transposed: ink_images_transpose. */
#ifndef INK_FILES_IDX_H
#define INK_FILES_IDX_H

#include "files/images.h"
#include "files/source.h"

#define INK_IDX_SIDE_MAX 4096u

/* Images without labels. Owner: the caller, ink_images_free. */
INK_MUST_USE ink_status ink_idx_read_images(ink_source *source, ink_images *out, ink_error *err);

/* *labels: count of them, each 0 .. 9. Owner: the caller, ink_mem_free. */
INK_MUST_USE ink_status ink_idx_read_labels(ink_source *source, uint8_t **labels, uint32_t *count, ink_error *err);

/* Reads both and joins them. INK_E_DATA when they differ in number. */
INK_MUST_USE ink_status ink_idx_read_pair(ink_source *images, ink_source *labels, ink_images *out, ink_error *err);

#endif
