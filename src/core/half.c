/* core/half.c: between float and its 16-bit relative, bit by bit.
 * bfloat16, with float's own exponent, is ops/cpu/half.c's. */
#include "core/half.h"

#include <string.h>

float ink_half_widen(uint16_t half) {
    uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 31, fraction = half & 0x3ffu, bits;
    float x;
    if (exponent == 0) {
        x = (float)fraction * 0x1p-24f; /* exact: subnormal halves are normal floats */
        return sign != 0 ? -x : x;
    }
    bits = exponent == 31 ? 0x7f800000u : (exponent + 112) << 23;
    bits |= sign | fraction << 13;
    memcpy(&x, &bits, sizeof x);
    return x;
}

uint16_t ink_half_nearest(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t sign = bits >> 16 & 0x8000u, magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u | (magnitude >> 13 & 0x3ffu));
    if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u); /* 65520: halfway to what would be next */
    if (magnitude < 0x33000000u) return (uint16_t)sign;              /* below 2^-25: nearer to 0 */
    uint32_t exponent = magnitude >> 23;
    /* The bits to drop: 13 of a normal half, more the deeper it is subnormal. A carry out of the fraction steps into
     * the exponent, which is just what rounding up should do. */
    uint32_t drop = exponent >= 113 ? 13 : 126 - exponent;
    uint32_t kept = exponent >= 113 ? magnitude - (112u << 23) : (magnitude & 0x7fffffu) | 0x800000u;
    uint32_t half = kept >> drop, rest = kept & ((1u << drop) - 1), middle = 1u << (drop - 1);
    if (rest > middle || (rest == middle && (half & 1) != 0)) half++;
    return (uint16_t)(sign | half);
}
