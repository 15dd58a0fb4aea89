/* data/synth.h: digits drawn the way a pen draws them, for a machine that has no data yet.
 *
 * How   Each digit has several ways of being written (an open and a closed 4, a 7 with a bar, ...): strokes as smooth
 * curves through a few points. A writer draws them with a slant, a width, a proportion, a pen and a shake of their own:
 * points move, curves sag, strokes overshoot or stop short, the pen is thinner where it runs fast. The whole is bent by
 * a smooth elastic field, drawn with anti-aliasing, and normalised as MNIST was (data/normaliser.h).
 * A digit is a function of (seed, number) alone (Philox, INK_STREAM_SYNTH; core/real.h for the mathematics): the same
 * bits on every machine, for any number of threads. */
#ifndef INK_DATA_SYNTH_H
#define INK_DATA_SYNTH_H

#include "core/pool.h"
#include "data/normaliser.h"
#include "inkling.h"

/* Digit `number` of the endless series that `seed` names; *label is what it shows, 0..9, each as likely. */
void ink_synth_digit(uint64_t seed, uint64_t number, uint8_t out[INK_DIGIT_PIXELS], uint8_t *label);

/* Digits first .. first + count - 1: pixels [count][784], labels [count]. pool may be NULL. */
void ink_synth_digits(uint64_t seed, uint64_t first, uint32_t count, ink_pool *pool, uint8_t *pixels, uint8_t *labels);

/* The same digit's ink before it was normalised: a square of INK_SYNTH_SIDE bytes, 0 paper .. 255 ink. For pages of
 * drawn digits and for pictures. */
#define INK_SYNTH_SIDE 96
void ink_synth_ink(uint64_t seed, uint64_t number, uint8_t out[INK_SYNTH_SIDE * INK_SYNTH_SIDE], uint8_t *label);

#endif
