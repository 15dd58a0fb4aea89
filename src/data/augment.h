/* data/augment.h: how a recipe distorts training images, and the distortion of one image as a function of (seed, epoch,
 * row) alone: the same for any number of threads and workers, in any order, after any interruption.
 *
 *   augment = rotate 12 scale 0.12 shear 0.15 shift 0.08 elastic 34 4 erase 4
 *
 * Order   The ink is scaled and stretched, squeezed, sheared, turned, then shifted, all about the image's centre; an
 * elastic field bends it; the erased square comes last. Amounts are drawn uniformly over [-amount, amount]; `normal`
 * draws amount * clip(N(0, 1/3), -1, 1) instead, which is mostly mild.
 * Source   Simard et al., Best practices for convolutional neural networks, ICDAR 2003 (elastic); Byerly et al.,
 * arXiv:2001.09136 (ink-safe shift, squeeze, erased patch). */
#ifndef INK_DATA_AUGMENT_H
#define INK_DATA_AUGMENT_H

#include <stdbool.h>

#include "core/augment.h"
#include "inkling.h"

/* Nothing to do? Then a graph needs no warp node. */
bool ink_augment_is_none(const ink_augment *augment);

/* Reads the words of a recipe line ("rotate 12 scale 0.12"; "none" alone: no distortion).
 * Errors   INK_E_USAGE: an unknown word (with a near one), a word twice, a number missing, not finite or out of its
 * range: rotate 0..180; scale, stretch, shift, shift-safe 0..0.9 (shift-safe 1); shares 0..1; shear 0..2; shift-px,
 * squeeze, erase 0..14; elastic 0..200 2..32. */
INK_MUST_USE ink_status ink_augment_parse(const char *text, ink_augment *out, ink_error *err);

/* The distortion of row `row` in `epoch` (from 1). image [height][width] is looked at for shift_safe alone (may be NULL
 * without it). Never fails. */
void ink_augment_draw(const ink_augment *augment, uint64_t seed, uint64_t epoch, uint32_t row, const uint8_t *image,
                      uint32_t height, uint32_t width, ink_warp *out);

#endif
