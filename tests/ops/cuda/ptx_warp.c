/* tests/ops/cuda/ptx_warp.c: the instructions that reach memory, or for which a warp's lanes need each other: ld, st,
 * atom, cp.async, ldmatrix, mma.sync. How memory is checked is ptx_memory.c's. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ptx_code.h"

#define EACH for (uint32_t i = 0; i < PTX_LANES; i++)

static void addresses(const ptx_warp *w, const ptx_op *op, uint64_t to[PTX_LANES]) {
    const uint64_t added = (uint64_t)op->at;
    if (op->narrow) {
        uint32_t a[PTX_LANES];
        memcpy(a, ptx_in(w, op->r[4]), sizeof a);
        EACH to[i] = (uint32_t)(a[i] + (uint32_t)added);
    } else {
        memcpy(to, ptx_in(w, op->r[4]), PTX_LANES * sizeof *to);
        EACH to[i] += added;
    }
}

/* What was read becomes a register: wider by zeros or by the sign. */
static void settle(ptx_warp *w, const ptx_op *op, uint32_t lane, uint32_t element, const unsigned char *from) {
    unsigned char *to = ptx_out(w, op->r[element]);
    if (op->size == 4 && op->width == 4) {
        memcpy(to + 4 * lane, from, 4);
        return;
    }
    uint64_t value = 0;
    if (op->size == 1)
        value = from[0];
    else if (op->size == 2)
        value = (uint32_t)from[0] | (uint32_t)from[1] << 8;
    else if (op->size == 4)
        value = from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
    else
        memcpy(&value, from, 8);
    if (op->extended && op->size < 8 && value >> (8 * op->size - 1)) value |= ~(uint64_t)0 << 8 * op->size;
    if (op->width == 8) {
        memcpy(to + 8 * lane, &value, 8);
    } else {
        uint32_t narrow = op->width == 2 ? (uint32_t)value & 0xffff : (uint32_t)value;
        memcpy(to + 4 * lane, &narrow, 4);
    }
}

void ptx_do_load(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    uint64_t at[PTX_LANES];
    addresses(w, op, at);
    for (uint32_t i = 0; i < PTX_LANES; i++) {
        unsigned char bytes[64]; /* as if all four were of 16 */
        if (!(mask >> i & 1)) continue;
        if (!ptx_load(w, op, i, at[i], bytes, (uint32_t)op->size * op->count)) return;
        for (uint32_t k = 0; k < op->count && k < 4; k++) settle(w, op, i, k, bytes + k * op->size);
    }
}

void ptx_do_store(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    uint64_t at[PTX_LANES];
    addresses(w, op, at);
    for (uint32_t i = 0; i < PTX_LANES; i++) {
        unsigned char bytes[64]; /* as if all four were of 16 */
        if (!(mask >> i & 1)) continue;
        for (uint32_t k = 0; k < op->count && k < 4; k++) { /* the lower bytes of a register */
            const unsigned char *from = ptx_in(w, op->r[k]);
            ptx_take_bytes(bytes + k * op->size, from + (op->width == 8 ? 8 : 4) * i, op->size);
        }
        if (!ptx_store(w, op, i, at[i], bytes, (uint32_t)op->size * op->count)) return;
    }
}

void ptx_do_fence(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    (void)op;
    ptx_global_fence(w, mask);
}

void ptx_do_atom_add(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    uint64_t at[PTX_LANES];
    uint32_t added[PTX_LANES];
    addresses(w, op, at);
    memcpy(added, ptx_in(w, op->r[1]), sizeof added);
    for (uint32_t i = 0; i < PTX_LANES; i++) {
        uint32_t old, new;
        if (!(mask >> i & 1)) continue;
        if (!ptx_load(w, op, i, at[i], &old, 4)) return;
        new = old + added[i];
        if (!ptx_store(w, op, i, at[i], &new, 4)) return;
        memcpy((unsigned char *)ptx_out(w, op->r[0]) + 4 * i, &old, 4);
    }
}

/* cp.async to shared memory: r[4] where to, r[0] where from, r[1] how many bytes are taken. Done when it is waited
 * for. */
void ptx_do_copy(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    uint64_t to[PTX_LANES], from[PTX_LANES];
    uint32_t taken[PTX_LANES];
    addresses(w, op, to);
    memcpy(from, ptx_in(w, op->r[0]), sizeof from);
    memcpy(taken, ptx_in(w, op->r[1]), sizeof taken);
    for (uint32_t i = 0; i < PTX_LANES; i++) {
        if (!(mask >> i & 1)) continue;
        if (taken[i] > op->size) {
            ptx_fault(w, op, i, "%u bytes taken for a copy of %u", taken[i], op->size);
            return;
        }
        if (w->n_copies == w->copies_room) {
            uint32_t room = 2 * w->copies_room + 64;
            ptx_copy *more = realloc(w->copies, room * sizeof *more);
            if (!more) {
                ptx_fault(w, op, i, "out of memory");
                return;
            }
            w->copies = more;
            w->copies_room = room;
        }
        const ptx_copy c = {.from = from[i] + (uint64_t)(int64_t)(int32_t)op->wide,
                            .to = (uint32_t)to[i],
                            .group = w->committed[i],
                            .op = op,
                            .lane = (uint8_t)i,
                            .size = op->size,
                            .taken = (uint8_t)taken[i]};
        if (to[i] > UINT32_MAX)
            ptx_fault(w, op, i, "a copy beside shared memory");
        else if (ptx_copy_begins(w, &c))
            w->copies[w->n_copies++] = c;
        if (w->run->failed) return;
    }
}

void ptx_do_commit(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    (void)op;
    EACH w->committed[i] += mask >> i & 1;
}

/* Those of the lanes that are not of their last groups are there; of groups that were never committed, too, when none
 * may be left: a thread's end waits for all. */
void ptx_copies_wait(ptx_warp *w, uint32_t mask, uint32_t left) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < w->n_copies; i++) {
        const ptx_copy *c = &w->copies[i];
        bool ends = (mask >> c->lane & 1) && (left == PTX_NONE || c->group + left < w->committed[c->lane]);
        if (!ends)
            w->copies[kept++] = *c;
        else if (!ptx_copy_ends(w, c))
            return;
    }
    w->n_copies = kept;
}

void ptx_do_wait(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    ptx_copies_wait(w, mask, (uint32_t)op->at);
}

/* ldmatrix .x4 of 8x8 values of 16 bits: lane 8m+r has the address of matrix m's row r; lane l receives of each matrix
 * row l/4, values 2(l%4) and the one after it. Transposed: of the transpose. */
static void matrix(ptx_warp *w, const ptx_op *op, bool transposed) {
    uint64_t at[PTX_LANES];
    uint16_t rows[4][8][8];
    addresses(w, op, at);
    for (uint32_t i = 0; i < PTX_LANES; i++) {
        if (!ptx_load(w, op, i, at[i], rows[i / 8][i % 8], 16)) return;
    }
    for (uint32_t m = 0; m < 4; m++) {
        uint32_t d[PTX_LANES];
        for (uint32_t i = 0; i < PTX_LANES; i++) {
            uint32_t r = i / 4, c = 2 * (i % 4);
            uint16_t low = transposed ? rows[m][c][r] : rows[m][r][c];
            uint16_t high = transposed ? rows[m][c + 1][r] : rows[m][r][c + 1];
            d[i] = (uint32_t)high << 16 | low;
        }
        memcpy(ptx_out(w, op->r[m]), d, sizeof d);
    }
}

void ptx_do_matrix(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    (void)mask;
    matrix(w, op, false);
}

void ptx_do_matrix_trans(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    (void)mask;
    matrix(w, op, true);
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void fetch(const ptx_warp *w, uint32_t at, uint32_t to[PTX_LANES]) {
    memcpy(to, ptx_in(w, at), PTX_LANES * sizeof *to);
}

/* c and the sum of `count` products as tensor cores of capability 8.0 make it: all are cut off, not rounded, where the
 * largest has its 25th binary digit, added, and the sum is cut off to a float's 24.
 * Source   Fasi, Higham, Mikaitis, Pranesh, "Numerical behavior of NVIDIA tensor cores", PeerJ CS 7:e330, 2021;
 *          Khattak, Mikaitis, "Accurate Models of NVIDIA Tensor Cores", arXiv:2512.07004 */
static float cut_sum(float c, const double *products, uint32_t count) {
    double largest = fabs((double)c), sum = c;
    for (uint32_t k = 0; k < count; k++) {
        largest = fmax(largest, fabs(products[k]));
        sum += products[k];
    }
    if (largest == 0 || !isfinite(sum)) return (float)sum;
    int exponent;
    (void)frexp(largest, &exponent);
    const double digits = ldexp(1, 25 - exponent);
    sum = trunc(c * digits);
    for (uint32_t k = 0; k < count; k++) sum += trunc(products[k] * digits);
    sum /= digits;
    const float near = (float)sum;
    return fabs((double)near) > fabs(sum) ? nextafterf(near, 0) : near;
}

/* The 16x8 sums, C and D alike: lane l has rows l/4 and l/4+8, of each columns 2(l%4) and the one after it. `at_once`
 * products go into a sum. */
static void multiply(ptx_warp *w, const uint32_t *d, const uint32_t *c, uint32_t depth, uint32_t at_once,
                     float a[16][16], float b[16][8]) {
    float sums[16][8];
    for (uint32_t e = 0; e < 4; e++) {
        uint32_t bits[PTX_LANES];
        fetch(w, c[e], bits);
        EACH sums[i / 4 + 8 * (e / 2)][2 * (i % 4) + e % 2] = float_of(bits[i]);
    }
    for (uint32_t m = 0; m < 16; m++) {
        for (uint32_t n = 0; n < 8; n++) {
            double products[16];
            for (uint32_t k = 0; k < depth; k++) products[k] = (double)a[m][k] * (double)b[k][n];
            for (uint32_t k = 0; k < depth; k += at_once) sums[m][n] = cut_sum(sums[m][n], products + k, at_once);
        }
    }
    for (uint32_t e = 0; e < 4; e++) {
        float out[PTX_LANES];
        EACH out[i] = sums[i / 4 + 8 * (e / 2)][2 * (i % 4) + e % 2];
        memcpy(ptx_out(w, d[e]), out, sizeof out);
    }
}

/* m16n8k16 of bf16. A's register r: row l/4, +8 where r is odd; columns 2(l%4), the one after it, +8 from r = 2 on.
 * B's register r: rows 2(l%4), the one after it, +8 where r = 1; column l/4. The lower half comes first. */
void ptx_do_mma_bf16(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    const uint32_t *r = w->run->module->wide + op->wide; /* D 4, A 4, B 2, C 4 */
    float a[16][16], b[16][8];
    (void)mask;
    for (uint32_t e = 0; e < 8; e++) {
        uint32_t bits[PTX_LANES], reg = e / 2;
        fetch(w, r[4 + reg], bits);
        EACH {
            uint32_t half = e % 2 ? bits[i] & 0xffff0000 : bits[i] << 16;
            a[i / 4 + 8 * (reg % 2)][2 * (i % 4) + e % 2 + 8 * (reg / 2)] = float_of(half);
        }
    }
    for (uint32_t e = 0; e < 4; e++) {
        uint32_t bits[PTX_LANES], reg = e / 2;
        fetch(w, r[8 + reg], bits);
        EACH {
            uint32_t half = e % 2 ? bits[i] & 0xffff0000 : bits[i] << 16;
            b[2 * (i % 4) + e % 2 + 8 * reg][i / 4] = float_of(half);
        }
    }
    multiply(w, r, r + 10, 16, 8, a, b);
}

/* m16n8k8 of TF32: floats whose lower 13 bits do not count. A's register r: row l/4, +8 where r is odd; column l%4, +4
 * from r = 2 on. B's register r: row l%4, +4 where r = 1; column l/4. */
void ptx_do_mma_tf32(ptx_warp *w, const ptx_op *op, uint32_t mask) {
    const uint32_t *r = w->run->module->wide + op->wide;
    float a[16][16], b[16][8];
    (void)mask;
    for (uint32_t e = 0; e < 4; e++) {
        uint32_t bits[PTX_LANES];
        fetch(w, r[4 + e], bits);
        EACH a[i / 4 + 8 * (e % 2)][i % 4 + 4 * (e / 2)] = float_of(bits[i] & 0xffffe000);
    }
    for (uint32_t e = 0; e < 2; e++) {
        uint32_t bits[PTX_LANES];
        fetch(w, r[8 + e], bits);
        EACH b[i % 4 + 4 * e][i / 4] = float_of(bits[i] & 0xffffe000);
    }
    multiply(w, r, r + 10, 8, 4, a, b);
}
