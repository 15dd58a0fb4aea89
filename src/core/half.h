/* core/half.h: 16-bit floats (IEEE 754 binary16), for weights in small files.
 *
 * Form     1 bit sign, 5 bits exponent (bias 15), 10 bits fraction; exponent 31: infinity or NaN. Exact between
 *          -2048 and 2048 for whole numbers, 11 significant bits otherwise, largest 65504, smallest above 0: 2^-24.
 * Source   IEEE 754-2019, 3.4 and 4.3.1. Bits alone: no instruction of one processor, no rounding mode. */
#ifndef INK_CORE_HALF_H
#define INK_CORE_HALF_H

#include <stdint.h>

/* Exact: every half is a float. NaN keeps its fraction bits. */
float ink_half_widen(uint16_t half);

/* The nearest half, of two equally near the even one; beyond 65520 infinity; NaN stays NaN. */
uint16_t ink_half_nearest(float x);

#endif
