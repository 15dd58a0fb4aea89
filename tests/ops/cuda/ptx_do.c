/* tests/ops/cuda/ptx_do.c: the instructions that do no more than compute, each over the 32 lanes of a warp.
 * No memory, no order, nothing of which lanes need each other. */
#include <fenv.h>
#include <math.h>
#include <string.h>

#include "ptx_code.h"

#define EACH for (uint32_t i = 0; i < PTX_LANES; i++)

static uint32_t bits_of(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static uint64_t bits_of_double(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* A register's lanes under the mask. */
#define PUT(name, T)                                                                                                   \
    static void name(ptx_warp *w, uint32_t to, uint32_t mask, const void *from) {                                      \
        T d[PTX_LANES], s[PTX_LANES];                                                                                  \
        if (mask == PTX_ALL) {                                                                                         \
            memcpy(ptx_out(w, to), from, sizeof d);                                                                    \
            return;                                                                                                    \
        }                                                                                                              \
        memcpy(s, from, sizeof s);                                                                                     \
        memcpy(d, ptx_out(w, to), sizeof d);                                                                           \
        EACH d[i] = mask >> i & 1 ? s[i] : d[i];                                                                       \
        memcpy(ptx_out(w, to), d, sizeof d);                                                                           \
    }

PUT(put4, uint32_t)
PUT(put8, uint64_t)

static uint32_t predicate(const ptx_warp *w, uint32_t at) {
    uint32_t mask;
    memcpy(&mask, ptx_in(w, at), sizeof mask);
    return mask;
}

static void put1(ptx_warp *w, uint32_t to, uint32_t mask, uint32_t value) {
    uint32_t kept = (predicate(w, to) & ~mask) | (value & mask);
    memcpy(ptx_out(w, to), &kept, sizeof kept);
}

/* All lanes are computed, and those of the mask kept: so nothing here may trap. W: bytes of what is written. */
#define ONE(name, W, T, R, result)                                                                                     \
    static void name(ptx_warp *w, const ptx_op *op, uint32_t mask) {                                                   \
        T a[PTX_LANES];                                                                                                \
        R d[PTX_LANES];                                                                                                \
        memcpy(a, ptx_in(w, op->r[1]), sizeof a);                                                                      \
        EACH {                                                                                                         \
            T x = a[i];                                                                                                \
            d[i] = (R)(result);                                                                                        \
        }                                                                                                              \
        put##W(w, op->r[0], mask, d);                                                                                  \
    }

#define TWO(name, W, T, U, R, result)                                                                                  \
    static void name(ptx_warp *w, const ptx_op *op, uint32_t mask) {                                                   \
        T a[PTX_LANES];                                                                                                \
        U b[PTX_LANES];                                                                                                \
        R d[PTX_LANES];                                                                                                \
        memcpy(a, ptx_in(w, op->r[1]), sizeof a);                                                                      \
        memcpy(b, ptx_in(w, op->r[2]), sizeof b);                                                                      \
        EACH {                                                                                                         \
            T x = a[i];                                                                                                \
            U y = b[i];                                                                                                \
            d[i] = (R)(result);                                                                                        \
        }                                                                                                              \
        put##W(w, op->r[0], mask, d);                                                                                  \
    }

#define THREE(name, W, T, result)                                                                                      \
    static void name(ptx_warp *w, const ptx_op *op, uint32_t mask) {                                                   \
        T a[PTX_LANES], b[PTX_LANES], c[PTX_LANES], d[PTX_LANES];                                                      \
        memcpy(a, ptx_in(w, op->r[1]), sizeof a);                                                                      \
        memcpy(b, ptx_in(w, op->r[2]), sizeof b);                                                                      \
        memcpy(c, ptx_in(w, op->r[3]), sizeof c);                                                                      \
        EACH {                                                                                                         \
            T x = a[i], y = b[i], z = c[i];                                                                            \
            d[i] = result;                                                                                             \
        }                                                                                                              \
        put##W(w, op->r[0], mask, d);                                                                                  \
    }

#define TEST(name, T, test)                                                                                            \
    static void name(ptx_warp *w, const ptx_op *op, uint32_t mask) {                                                   \
        T a[PTX_LANES], b[PTX_LANES];                                                                                  \
        uint32_t d = 0;                                                                                                \
        memcpy(a, ptx_in(w, op->r[1]), sizeof a);                                                                      \
        memcpy(b, ptx_in(w, op->r[2]), sizeof b);                                                                      \
        EACH {                                                                                                         \
            T x = a[i], y = b[i];                                                                                      \
            d |= (uint32_t)(test) << i;                                                                                \
        }                                                                                                              \
        put1(w, op->r[0], mask, d);                                                                                    \
    }

#define ORDERED(kind, T)                                                                                               \
    TEST(eq_##kind, T, x == y)                                                                                         \
    TEST(lt_##kind, T, x < y)                                                                                          \
    TEST(le_##kind, T, x <= y)                                                                                         \
    TEST(gt_##kind, T, x > y)                                                                                          \
    TEST(ge_##kind, T, x >= y)

/* True as well where one of them is no number; ne is not. */
#define UNORDERED(kind, T)                                                                                             \
    TEST(ne_##kind, T, x<y || x> y)                                                                                    \
    TEST(equ_##kind, T, !(x < y || x > y))                                                                             \
    TEST(neu_##kind, T, !(x == y))                                                                                     \
    TEST(ltu_##kind, T, !(x >= y))                                                                                     \
    TEST(leu_##kind, T, !(x > y))                                                                                      \
    TEST(gtu_##kind, T, !(x <= y))                                                                                     \
    TEST(geu_##kind, T, !(x < y))                                                                                      \
    TEST(num_##kind, T, !isnan(x) && !isnan(y))                                                                        \
    TEST(nan_##kind, T, isnan(x) || isnan(y))

#define CHOOSE(name, W, T)                                                                                             \
    static void name(ptx_warp *w, const ptx_op *op, uint32_t mask) {                                                   \
        T a[PTX_LANES], b[PTX_LANES], d[PTX_LANES];                                                                    \
        uint32_t p = predicate(w, op->r[3]);                                                                           \
        memcpy(a, ptx_in(w, op->r[1]), sizeof a);                                                                      \
        memcpy(b, ptx_in(w, op->r[2]), sizeof b);                                                                      \
        EACH d[i] = p >> i & 1 ? a[i] : b[i];                                                                          \
        put##W(w, op->r[0], mask, d);                                                                                  \
    }

#define LOGIC(name, result)                                                                                            \
    static void name(ptx_warp *w, const ptx_op *op, uint32_t mask) {                                                   \
        uint32_t x = predicate(w, op->r[1]), y = predicate(w, op->r[2]);                                               \
        put1(w, op->r[0], mask, result);                                                                               \
    }

LOGIC(and_1, x &y)
LOGIC(or_1, x | y)
LOGIC(xor_1, x ^ y)
CHOOSE(selp_4, 4, uint32_t)
CHOOSE(selp_8, 8, uint64_t)

static void not_1(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    put1(w, op->r[0], mask, ~predicate(w, op->r[1]));
}

void ptx_do_mov_1(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    put1(w, op->r[0], mask, predicate(w, op->r[1]));
}

void ptx_do_mov_4(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    uint32_t a[PTX_LANES];
    memcpy(a, ptx_in(w, op->r[1]), sizeof a);
    put4(w, op->r[0], mask, a);
}

void ptx_do_mov_8(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    uint64_t a[PTX_LANES];
    memcpy(a, ptx_in(w, op->r[1]), sizeof a);
    put8(w, op->r[0], mask, a);
}

/* Integers: unsigned where the sign does not matter, so that nothing overflows. Shifts beyond the width leave nothing,
 * or the sign; a division by 0 gives all ones, its rest the dividend. 16-bit registers are of 4 bytes, the upper two
 * 0. */
TWO(add_4, 4, uint32_t, uint32_t, uint32_t, x + y)
TWO(sub_4, 4, uint32_t, uint32_t, uint32_t, x - y)
TWO(mul_4, 4, uint32_t, uint32_t, uint32_t, x *y)
TWO(mulhi_4, 4, uint32_t, uint32_t, uint32_t, (uint64_t)x *y >> 32)
TWO(and_4, 4, uint32_t, uint32_t, uint32_t, x &y)
TWO(or_4, 4, uint32_t, uint32_t, uint32_t, x | y)
TWO(xor_4, 4, uint32_t, uint32_t, uint32_t, x ^ y)
TWO(shl_4, 4, uint32_t, uint32_t, uint32_t, y > 31 ? 0 : x << (y & 31))
TWO(shr_u4, 4, uint32_t, uint32_t, uint32_t, y > 31 ? 0 : x >> (y & 31))
TWO(shr_s4, 4, int32_t, uint32_t, int32_t, x >> (y > 31 ? 31 : y))
TWO(min_u4, 4, uint32_t, uint32_t, uint32_t, x < y ? x : y)
TWO(max_u4, 4, uint32_t, uint32_t, uint32_t, x > y ? x : y)
TWO(min_s4, 4, int32_t, int32_t, int32_t, x < y ? x : y)
TWO(max_s4, 4, int32_t, int32_t, int32_t, x > y ? x : y)
TWO(div_u4, 4, uint32_t, uint32_t, uint32_t, y == 0 ? PTX_ALL : x / (y == 0 ? 1 : y))
TWO(rem_u4, 4, uint32_t, uint32_t, uint32_t, y == 0 ? x : x % (y == 0 ? 1 : y))
TWO(div_s4, 4, int32_t, int32_t, uint32_t, y == 0 ? -1 : (int64_t)x / (y == 0 ? 1 : y))
TWO(rem_s4, 4, int32_t, int32_t, uint32_t, y == 0 ? x : (int64_t)x % (y == 0 ? 1 : y))
TWO(wide_u4, 8, uint32_t, uint32_t, uint64_t, (uint64_t)x *y)
TWO(wide_s4, 8, int32_t, int32_t, int64_t, (int64_t)x *y)
THREE(mad_4, 4, uint32_t, x *y + z)
ONE(not_4, 4, uint32_t, uint32_t, ~x)
ONE(neg_4, 4, uint32_t, uint32_t, 0 - x)
TWO(add_8, 8, uint64_t, uint64_t, uint64_t, x + y)
TWO(sub_8, 8, uint64_t, uint64_t, uint64_t, x - y)
TWO(mul_8, 8, uint64_t, uint64_t, uint64_t, x *y)
TWO(and_8, 8, uint64_t, uint64_t, uint64_t, x &y)
TWO(or_8, 8, uint64_t, uint64_t, uint64_t, x | y)
TWO(xor_8, 8, uint64_t, uint64_t, uint64_t, x ^ y)
TWO(shl_8, 8, uint64_t, uint32_t, uint64_t, y > 63 ? 0 : x << (y & 63))
TWO(shr_u8, 8, uint64_t, uint32_t, uint64_t, y > 63 ? 0 : x >> (y & 63))
TWO(div_u8, 8, uint64_t, uint64_t, uint64_t, y == 0 ? ~(uint64_t)0 : x / (y == 0 ? 1 : y))
TEST(eq_2, uint32_t, (x & 0xffff) == (y & 0xffff))
TEST(ne_2, uint32_t, (x & 0xffff) != (y & 0xffff))
ORDERED(u4, uint32_t)
ORDERED(s4, int32_t)
ORDERED(u8, uint64_t)
ORDERED(s8, int64_t)
TEST(ne_u4, uint32_t, x != y)
TEST(ne_u8, uint64_t, x != y)

static uint64_t inserted(uint64_t field, uint64_t into, uint32_t from, uint32_t bits, uint32_t width) {
    from &= 255;
    bits &= 255;
    if (bits == 0 || from >= width) return into;
    uint64_t mask = (bits >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << bits) - 1) << from;
    return (into & ~mask) | (field << from & mask);
}

void ptx_do_bfi_4(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    uint32_t a[PTX_LANES], b[PTX_LANES], c[PTX_LANES], n[PTX_LANES];
    memcpy(a, ptx_in(w, op->r[1]), sizeof a);
    memcpy(b, ptx_in(w, op->r[2]), sizeof b);
    memcpy(c, ptx_in(w, op->r[3]), sizeof c);
    memcpy(n, ptx_in(w, op->r[4]), sizeof n);
    EACH a[i] = (uint32_t)inserted(a[i], b[i], c[i], n[i], 32);
    put4(w, op->r[0], mask, a);
}

void ptx_do_bfi_8(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    uint64_t a[PTX_LANES], b[PTX_LANES];
    uint32_t c[PTX_LANES], n[PTX_LANES];
    memcpy(a, ptx_in(w, op->r[1]), sizeof a);
    memcpy(b, ptx_in(w, op->r[2]), sizeof b);
    memcpy(c, ptx_in(w, op->r[3]), sizeof c);
    memcpy(n, ptx_in(w, op->r[4]), sizeof n);
    EACH a[i] = inserted(a[i], b[i], c[i], n[i], 64);
    put8(w, op->r[0], mask, a);
}

/* Floats. Without .ftz subnormals are kept; the sums and products are those of the host. */
static float flushed(float x) {
    return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x;
}

/* Rounded downwards: volatile, so that the compiler leaves it between the two changes of mode. */
static float fma_down(float x, float y, float z) {
    volatile float a = x, b = y, c = z, d;
    fesetround(FE_DOWNWARD);
    d = fmaf(a, b, c);
    fesetround(FE_TONEAREST);
    return d;
}

/* Of the upper half of a double, into the upper half of one. */
static double rough_inverse(double x) {
    x = double_of(bits_of_double(x) & 0xffffffff00000000ull);
    if (x != x) return double_of(0x7fffffff00000000ull);
    if (fabs(x) < 0x1p-1022) x = copysign(0, x);
    double y = 1 / x;
    if (fabs(y) < 0x1p-1022) y = copysign(0, y);
    return isinf(y) ? y : double_of((bits_of_double(y) + 0x80000000u) & 0xffffffff00000000ull);
}

static double max_double(double x, double y) {
    if (x != x) return y;
    if (y != y) return x;
    return x > y || (x == y && signbit(y)) ? x : y;
}

/* fmaf of 32 lanes. A product of floats is exact as a double, and a double rounded to a float is the sum rounded once,
 * unless it lies halfway between two floats, or where floats have fewer bits: then fmaf is asked. */
static void fma_f4(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    float a[PTX_LANES], b[PTX_LANES], c[PTX_LANES], d[PTX_LANES];
    double sum[PTX_LANES];
    uint64_t bits[PTX_LANES];
    uint32_t odd = 0;
    memcpy(a, ptx_in(w, op->r[1]), sizeof a);
    memcpy(b, ptx_in(w, op->r[2]), sizeof b);
    memcpy(c, ptx_in(w, op->r[3]), sizeof c);
    EACH sum[i] = (double)a[i] * b[i] + c[i];
    memcpy(bits, sum, sizeof bits);
    EACH d[i] = (float)sum[i];
    EACH odd |= (uint32_t)(((uint32_t)bits[i] & 0x1fffffff) == 0x10000000);
    EACH odd |= (uint32_t)(fabs(sum[i]) < 0x1p-126) & (uint32_t)(sum[i] != 0);
    if (odd) EACH d[i] = fmaf(a[i], b[i], c[i]);
    put4(w, op->r[0], mask, d);
}

TWO(add_f4, 4, float, float, float, x + y)
TWO(sub_f4, 4, float, float, float, x - y)
TWO(mul_f4, 4, float, float, float, x *y)
TWO(div_f4, 4, float, float, float, x / y)
THREE(fma_rm_f4, 4, float, fma_down(x, y, z))
ONE(abs_f4, 4, uint32_t, uint32_t, x & 0x7fffffff)
ONE(neg_f4, 4, uint32_t, uint32_t, x ^ 0x80000000)
ONE(sqrt_f4, 4, float, float, sqrtf(x))
ONE(rcp_f4, 4, float, float, 1 / x)
ONE(rcp_approx_f4, 4, float, float, flushed(1 / flushed(x)))
ONE(ex2_approx_f4, 4, float, float, flushed((float)exp2((double)flushed(x))))
TWO(copysign_4, 4, uint32_t, uint32_t, uint32_t, (x & 0x80000000) | (y & 0x7fffffff))
TWO(add_f8, 8, double, double, double, x + y)
TWO(sub_f8, 8, double, double, double, x - y)
TWO(mul_f8, 8, double, double, double, x *y)
TWO(div_f8, 8, double, double, double, x / y)
TWO(max_f8, 8, double, double, double, max_double(x, y))
THREE(fma_f8, 8, double, fma(x, y, z))
ONE(abs_f8, 8, uint64_t, uint64_t, x & 0x7fffffffffffffffull)
ONE(neg_f8, 8, uint64_t, uint64_t, x ^ 0x8000000000000000ull)
ONE(sqrt_f8, 8, double, double, sqrt(x))
ONE(rcp_f8, 8, double, double, 1 / x)
ONE(rcp_approx_f8, 8, double, double, rough_inverse(x))
ORDERED(f4, float)
UNORDERED(f4, float)
ORDERED(f8, double)
UNORDERED(f8, double)

/* To integers: beyond the range its end. No number: 0, and of a double the sign alone. */
static int32_t int_of(double x, int32_t of_nan) {
    if (x != x) return of_nan;
    return x >= 2147483647.0 ? INT32_MAX : x <= -2147483648.0 ? INT32_MIN : (int32_t)x;
}

static uint32_t unsigned_of(double x) {
    return !(x > 0) ? 0 : x >= 4294967295.0 ? UINT32_MAX : (uint32_t)x;
}

static uint32_t bf16_of(float x) {
    uint32_t bits = bits_of(x);
    if (x != x) return 0x7fff;
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

static uint32_t tf32_of(uint32_t bits) {
    if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fffffff;
    return (bits & 0x7fffffff) == 0x7f800000 ? bits : (bits + 0x1000) & 0xffffe000;
}

ONE(widen_u, 8, uint32_t, uint64_t, x)
ONE(widen_s, 8, int32_t, int64_t, x)
ONE(narrow_8, 4, uint64_t, uint32_t, x)
ONE(narrow_4, 4, uint32_t, uint32_t, x & 0xffff)
ONE(int_of_s2, 4, uint32_t, int32_t, (int16_t)(uint16_t)x)
ONE(double_of_float, 8, float, double, x)
ONE(float_of_double, 4, double, float, x)
ONE(double_of_u4, 8, uint32_t, double, x)
ONE(double_of_s8, 8, int64_t, double, x)
ONE(float_of_u4, 4, uint32_t, float, x)
ONE(float_of_s4, 4, int32_t, float, x)
ONE(float_of_u2, 4, uint32_t, float, x & 0xffff)
ONE(float_of_s2, 4, uint32_t, float, (int16_t)(uint16_t)x)
ONE(int_of_double, 4, double, int32_t, int_of(x, INT32_MIN))
ONE(int_of_float, 4, float, int32_t, int_of(x, 0))
ONE(unsigned_of_float, 4, float, uint32_t, unsigned_of(x))
ONE(floor_f8, 8, double, double, floor(x))
ONE(near_f8, 8, double, double, nearbyint(x))
ONE(floor_f4, 4, float, float, floorf(x))
ONE(trunc_f4, 4, float, float, truncf(x))
ONE(sat_f4, 4, float, float, x > 0 ? (x < 1 ? x : 1) : 0)
ONE(tf32_of_float, 4, uint32_t, uint32_t, tf32_of(x))
TWO(bf16x2_of_floats, 4, float, float, uint32_t, bf16_of(x) << 16 | bf16_of(y))

/* Two halves make one, the lower first. */
void ptx_do_pack(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    uint32_t a[PTX_LANES], b[PTX_LANES];
    uint64_t d[PTX_LANES];
    memcpy(a, ptx_in(w, op->r[1]), sizeof a);
    memcpy(b, ptx_in(w, op->r[2]), sizeof b);
    EACH d[i] = (uint64_t)b[i] << 32 | a[i];
    put8(w, op->r[0], mask, d);
}

void ptx_do_unpack(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    uint32_t a[PTX_LANES], b[PTX_LANES];
    uint64_t s[PTX_LANES];
    memcpy(s, ptx_in(w, op->r[2]), sizeof s);
    EACH a[i] = (uint32_t)s[i];
    EACH b[i] = (uint32_t)(s[i] >> 32);
    put4(w, op->r[0], mask, a);
    put4(w, op->r[1], mask, b);
}

/* cvta: an offset in a window becomes an address that may go anywhere, and back. */
void ptx_do_window(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    uint64_t a[PTX_LANES], base = op->space == PTX_IN_SHARED ? PTX_SHARED : PTX_LOCAL;
    memcpy(a, ptx_in(w, op->r[1]), sizeof a);
    EACH a[i] += base;
    put8(w, op->r[0], mask, a);
}

void ptx_do_unwindow(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    uint64_t a[PTX_LANES], base = op->space == PTX_IN_SHARED ? PTX_SHARED : PTX_LOCAL;
    memcpy(a, ptx_in(w, op->r[1]), sizeof a);
    EACH a[i] -= base;
    put8(w, op->r[0], mask, a);
}

void ptx_do_special(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    uint32_t d[PTX_LANES], first = w->number * PTX_LANES;
    const uint32_t *block = w->run->launch->block, *grid = w->run->launch->grid, *at = w->block->at;
    uint64_t workspace = (uint64_t)(uintptr_t)w->run->workspace;
    uint32_t which = (uint32_t)op->at, all = 0;
    if (which >= PTX_NTID && which < PTX_NTID + 3) all = block[which - PTX_NTID];
    if (which >= PTX_CTAID && which < PTX_CTAID + 3) all = at[which - PTX_CTAID];
    if (which >= PTX_NCTAID && which < PTX_NCTAID + 3) all = grid[which - PTX_NCTAID];
    if (which == PTX_ENVREG1) all = (uint32_t)(workspace >> 32);
    if (which == PTX_ENVREG2) all = (uint32_t)workspace;
    EACH d[i] = all;
    if (which == PTX_TID) EACH d[i] = (first + i) % block[0];
    if (which == PTX_TID + 1) EACH d[i] = (first + i) / block[0] % block[1];
    if (which == PTX_TID + 2) EACH d[i] = (first + i) / block[0] / block[1];
    if (which == PTX_LANEID) EACH d[i] = i;
    put4(w, op->r[0], mask, d);
}

#define ORDERED_WORDS(type, form, kind)                                                                                \
    {"setp.eq." type, form, eq_##kind}, {"setp.lt." type, form, lt_##kind}, {"setp.le." type, form, le_##kind},        \
        {"setp.gt." type, form, gt_##kind}, {                                                                          \
        "setp.ge." type, form, ge_##kind                                                                               \
    }

#define UNORDERED_WORDS(type, form, kind)                                                                              \
    {"setp.ne." type, form, ne_##kind}, {"setp.equ." type, form, equ_##kind}, {"setp.neu." type, form, neu_##kind},    \
        {"setp.ltu." type, form, ltu_##kind}, {"setp.leu." type, form, leu_##kind},                                    \
        {"setp.gtu." type, form, gtu_##kind}, {"setp.geu." type, form, geu_##kind},                                    \
        {"setp.num." type, form, num_##kind}, {                                                                        \
        "setp.nan." type, form, nan_##kind                                                                             \
    }

static const ptx_word words[] = {
    {"add.s32", "444", add_4},
    {"add.u32", "444", add_4},
    {"sub.s32", "444", sub_4},
    {"sub.u32", "444", sub_4},
    {"mul.lo.s32", "444", mul_4},
    {"mul.lo.u32", "444", mul_4},
    {"mul.hi.u32", "444", mulhi_4},
    {"mad.lo.s32", "4444", mad_4},
    {"mad.lo.u32", "4444", mad_4},
    {"and.b16", "222", and_4},
    {"or.b16", "222", or_4},
    {"xor.b16", "222", xor_4},
    {"and.b32", "444", and_4},
    {"or.b32", "444", or_4},
    {"xor.b32", "444", xor_4},
    {"not.b32", "44", not_4},
    {"neg.s32", "44", neg_4},
    {"shl.b32", "444", shl_4},
    {"shr.u32", "444", shr_u4},
    {"shr.s32", "444", shr_s4},
    {"min.u32", "444", min_u4},
    {"max.u32", "444", max_u4},
    {"min.s32", "444", min_s4},
    {"max.s32", "444", max_s4},
    {"div.u32", "444", div_u4},
    {"rem.u32", "444", rem_u4},
    {"div.s32", "444", div_s4},
    {"rem.s32", "444", rem_s4},
    {"mul.wide.u32", "844", wide_u4},
    {"mul.wide.s32", "844", wide_s4},
    {"add.s64", "888", add_8},
    {"add.u64", "888", add_8},
    {"sub.s64", "888", sub_8},
    {"sub.u64", "888", sub_8},
    {"mul.lo.s64", "888", mul_8},
    {"mul.lo.u64", "888", mul_8},
    {"and.b64", "888", and_8},
    {"or.b64", "888", or_8},
    {"xor.b64", "888", xor_8},
    {"shl.b64", "884", shl_8},
    {"shr.u64", "884", shr_u8},
    {"div.u64", "888", div_u8},
    {"and.pred", "111", and_1},
    {"or.pred", "111", or_1},
    {"xor.pred", "111", xor_1},
    {"not.pred", "11", not_1},
    {"mov.pred", "11", ptx_do_mov_1},
    {"mov.b16", "22", ptx_do_mov_4},
    {"mov.u16", "22", ptx_do_mov_4},
    {"mov.b32", "44", ptx_do_mov_4},
    {"mov.u32", "44", ptx_do_mov_4},
    {"mov.f32", "44", ptx_do_mov_4},
    {"mov.b64", "88", ptx_do_mov_8},
    {"mov.u64", "88", ptx_do_mov_8},
    {"mov.f64", "88", ptx_do_mov_8},
    {"selp.b32", "4441", selp_4},
    {"selp.u32", "4441", selp_4},
    {"selp.f32", "4441", selp_4},
    {"selp.b64", "8881", selp_8},
    {"selp.f64", "8881", selp_8},
    {"setp.eq.s16", "122", eq_2},
    {"setp.ne.s16", "122", ne_2},
    {"setp.eq.b32", "144", eq_u4},
    {"setp.eq.u32", "144", eq_u4},
    {"setp.ne.u32", "144", ne_u4},
    {"setp.ne.s32", "144", ne_u4},
    {"setp.eq.u64", "188", eq_u8},
    {"setp.ne.u64", "188", ne_u8},
    {"setp.ne.s64", "188", ne_u8},
    {"setp.lt.u32", "144", lt_u4},
    {"setp.le.u32", "144", le_u4},
    {"setp.gt.u32", "144", gt_u4},
    {"setp.ge.u32", "144", ge_u4},
    {"setp.lt.u64", "188", lt_u8},
    {"setp.le.u64", "188", le_u8},
    {"setp.gt.u64", "188", gt_u8},
    {"setp.ge.u64", "188", ge_u8},
    ORDERED_WORDS("s32", "144", s4),
    ORDERED_WORDS("s64", "188", s8),
    ORDERED_WORDS("f32", "144", f4),
    UNORDERED_WORDS("f32", "144", f4),
    ORDERED_WORDS("f64", "188", f8),
    UNORDERED_WORDS("f64", "188", f8),
    {"bfi.b32", "44444", ptx_do_bfi_4},
    {"bfi.b64", "88844", ptx_do_bfi_8},
    {"add.rn.f32", "444", add_f4},
    {"sub.rn.f32", "444", sub_f4},
    {"mul.rn.f32", "444", mul_f4},
    {"div.rn.f32", "444", div_f4},
    {"fma.rn.f32", "4444", fma_f4},
    {"fma.rm.f32", "4444", fma_rm_f4},
    {"abs.f32", "44", abs_f4},
    {"neg.f32", "44", neg_f4},
    {"sqrt.rn.f32", "44", sqrt_f4},
    {"rcp.rn.f32", "44", rcp_f4},
    {"rcp.approx.ftz.f32", "44", rcp_approx_f4},
    {"ex2.approx.ftz.f32", "44", ex2_approx_f4},
    {"copysign.f32", "444", copysign_4},
    {"add.rn.f64", "888", add_f8},
    {"sub.rn.f64", "888", sub_f8},
    {"mul.rn.f64", "888", mul_f8},
    {"div.rn.f64", "888", div_f8},
    {"max.f64", "888", max_f8},
    {"fma.rn.f64", "8888", fma_f8},
    {"abs.f64", "88", abs_f8},
    {"neg.f64", "88", neg_f8},
    {"sqrt.rn.f64", "88", sqrt_f8},
    {"rcp.rn.f64", "88", rcp_f8},
    {"rcp.approx.ftz.f64", "88", rcp_approx_f8},
    {"cvt.u64.u32", "84", widen_u},
    {"cvt.s64.s32", "84", widen_s},
    {"cvt.u32.u64", "48", narrow_8},
    {"cvt.u16.u32", "24", narrow_4},
    {"cvt.u32.u16", "42", narrow_4},
    {"cvt.s32.s16", "42", int_of_s2},
    {"cvt.f64.f32", "84", double_of_float},
    {"cvt.rn.f32.f64", "48", float_of_double},
    {"cvt.rn.f64.u32", "84", double_of_u4},
    {"cvt.rn.f64.s64", "88", double_of_s8},
    {"cvt.rn.f32.u32", "44", float_of_u4},
    {"cvt.rn.f32.s32", "44", float_of_s4},
    {"cvt.rn.f32.u16", "42", float_of_u2},
    {"cvt.rn.f32.s16", "42", float_of_s2},
    {"cvt.rzi.s32.f64", "48", int_of_double},
    {"cvt.rzi.s32.f32", "44", int_of_float},
    {"cvt.rzi.u32.f32", "44", unsigned_of_float},
    {"cvt.rmi.f64.f64", "88", floor_f8},
    {"cvt.rni.f64.f64", "88", near_f8},
    {"cvt.rmi.f32.f32", "44", floor_f4},
    {"cvt.rzi.f32.f32", "44", trunc_f4},
    {"cvt.sat.f32.f32", "44", sat_f4},
    {"cvt.rna.tf32.f32", "44", tf32_of_float},
    {"cvt.rn.bf16x2.f32", "444", bf16x2_of_floats},
};

const ptx_word *ptx_word_of(const char *name, size_t length) {
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strncmp(words[i].name, name, length) == 0 && words[i].name[length] == 0) return &words[i];
    }
    return NULL;
}
