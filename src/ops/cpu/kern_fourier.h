/* ops/cpu/kern_fourier.h: the transforms of fourier.c's convolutions, included by each kern_<isa>.c after
 * kern_winograd.h, whose sums end alike. Lane-wise: an element of a map is a panel, so that no vector is shuffled.
 *
 * A map of 8 x 8: its rows as kern_fourier_lines.h has them, then columns: two of real numbers, which become 8 real
 * numbers each, and three of complex ones, which become 8 complex numbers each: 4 real and 30 complex numbers in all.
 * Likewise 10 x 10 points become 4 real and 48 complex numbers, 12 x 12 become 4 and 70; a map of 5 x 5, with one
 * column of real numbers and two of complex ones, 1 and 12.
 * Products of complex numbers take three real ones (Gauss): with x = a + ib and w = c + id
 *   m0 = (a + b) c   m1 = a (d - c)   m2 = b (c + d)   x w = (m0 - m2) + i (m0 + m1)
 * so that elements are the real ones and three for each complex one, in this order: 94, 148, 214 and 37.
 * Towards the weights all is transposed. The transform back is, but for the factors that the weights have, the
 * transpose of the transform, so that gradients go the way of inputs; in Gauss's products they take part as a + b, b
 * and -a.
 *
 * Bits     Nothing is fused: all instruction sets give equal bits.
 * Source   Mathieu, Henaff & LeCun, Fast training of convolutional networks through FFTs, arXiv:1312.5851. */
#ifndef INK_OPS_CPU_KERN_FOURIER_H
#define INK_OPS_CPU_KERN_FOURIER_H

#include "ops/cpu/kern_fourier_lines.h"
#include "ops/cpu/kern_vector.h"
#include "ops/cpu/kern_winograd.h"
#include "ops/cpu/kernels.h"

#if LEARNS
#define ELEMENT   float
#define PUT(p, x) vstore(p, x)
#define OF_CIRCLE "ops/cpu/kern_circle.h"
#include "ops/cpu/kern_circles.h"
#undef OF_CIRCLE
#undef ELEMENT
#undef PUT
#endif

#define KERNELS_OF_CIRCLE(n)                                                                                           \
    { LEARNING(elements_of_##n), LEARNING(weights_##n), LEARNING(outputs_##n), LEARNING(taps_##n) }
#define KERNELS_OF_FOURIER                                                                                             \
    .fourier = {[INK_CIRCLE_FIVE] = KERNELS_OF_CIRCLE(5),                                                              \
                [INK_CIRCLE_EIGHT] = KERNELS_OF_CIRCLE(8),                                                             \
                [INK_CIRCLE_TEN] = KERNELS_OF_CIRCLE(10),                                                              \
                [INK_CIRCLE_TWELVE] = KERNELS_OF_CIRCLE(12)}

#endif
