/* ops/cuda/kern_gather.h: what the kernels of matrix products share that gather one side from a map: where a row of it
 * stands, and what becomes of a row of results. kern_product.cu and kern_bf16.cu multiply.
 * kern_step.cu has it in several namespaces: there is no guard. */
#define OUTSIDE (-(1 << 29))

/* A row of the left side: its image's first pixel, and where its window stands. */
typedef struct place {
    uint32_t pixel;
    int32_t h, w;
} place;

/* Row m of the outputs of a grid. */
INK_DEVICE place place_of(uint32_t m, uint32_t rows, uint32_t grid_h, uint32_t grid_w, uint32_t step, uint32_t map) {
    place at;
    const uint32_t line = m / grid_w, image = line / grid_h;
    at.pixel = image * map;
    at.h = m < rows ? (int32_t)((line - image * grid_h) * step) : OUTSIDE;
    at.w = (int32_t)((m - line * grid_w) * step);
    return at;
}

/* Where row m of a grid's outputs lies, in rows of y. */
INK_DEVICE uint64_t out_pixel(const ink_cuda_gather *a, ink_cuda_grid grid, uint32_t m) {
    if (grid.grid_h == a->out_h && grid.grid_w == a->out_w) return m;
    const uint32_t line = m / grid.grid_w, image = line / grid.grid_h;
    const uint32_t h = grid.first_h + (line - image * grid.grid_h) * a->out_step;
    const uint32_t w = grid.first_w + (m - line * grid.grid_w) * a->out_step;
    return ((uint64_t)image * a->out_h + h) * a->out_w + w;
}

/* What is the same for all rows of four columns. */
typedef struct finish {
    float bias[4], mean[4], factor[4], beta[4];
} finish;

INK_DEVICE void finish_begin(finish *f, const ink_cuda_gather *a, uint32_t first) {
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) {
        const uint32_t k = first + e;
        const bool is_there = k < a->k, is_normed = is_there && a->mean != NULL;
        f->bias[e] = is_there && a->bias != NULL ? a->bias[k] : -0.0f; /* y + -0 is y, of any sign */
        f->mean[e] = is_normed ? a->mean[k] : 0.0f;
        f->factor[e] = is_normed ? a->inv_std[k] * (a->gamma != NULL ? a->gamma[k] : 1.0f) : 1.0f;
        f->beta[e] = is_normed && a->beta != NULL ? a->beta[k] : 0.0f;
    }
}

/* The value of a column whose sum is y, without residual and the relu behind it. */
INK_DEVICE float finish_one(const ink_cuda_gather *a, const finish *f, uint32_t e, float y) {
    y += f->bias[e];
    if (a->mean == NULL) return y;
    if (a->relu_first && y < 0.0f) y = 0.0f;
    return (y - f->mean[e]) * f->factor[e] + f->beta[e];
}

/* Four columns of one row, from their sums: bias, batch norm, residual, relu; stored, and left in `row`. f NULL: there
 * is neither bias nor batch norm. */
INK_DEVICE void finish_row(const ink_cuda_gather *a, const finish *f, uint64_t pixel, uint32_t k, float row[4]) {
    const uint64_t at = pixel * a->k + k;
    const bool four = a->k % 4 == 0, gated = a->gate != NULL || a->gate_bf16 != NULL;
    float older[4] = {0.0f, 0.0f, 0.0f, 0.0f}, gate[4];
    if (k >= a->k) return;
    if (four && gated) ink_load4_either(gate, a->gate, a->gate_bf16, at);
    if (four && a->residual != NULL) ink_load4(older, a->residual + at);
    INK_UNROLL
    for (uint32_t e = 0; e < 4; e++) {
        if (k + e >= a->k) continue;
        float y = f != NULL ? finish_one(a, f, e, row[e]) : row[e];
        if (a->residual != NULL) y += four ? older[e] : a->residual[at + e];
        if (a->relu && y < 0.0f) y = 0.0f;
        if (gated) y *= four ? (gate[e] > 0.0f ? 1.0f : 0.0f) : ink_slope(a->gate, a->gate_bf16, at + e);
        row[e] = y;
        if (!four) ink_put(a->y, a->y_bf16, at + e, y);
    }
    if (four) ink_put4(a->y, a->y_bf16, at, row);
}

/* Sum of a column over a tile's rows, INK_CHUNK of them or the last fewer, and of its squares from their mean, as the
 * kernel sums has them. column: its first element, the next ones `stride` apart. */
INK_DEVICE void tile_stats(const ink_cuda_gather *a, uint32_t chunk, uint32_t k, uint32_t rows, const float *column,
                           uint32_t stride) {
    if (k >= a->k) return;
    float sum = 0.0f, squares = 0.0f;
    for (uint32_t r = 0; r < rows; r++) sum += column[r * stride];
    const float mean = sum / (float)rows;
    for (uint32_t r = 0; r < rows; r++) {
        const float off = column[r * stride] - mean;
        squares = fmaf(off, off, squares);
    }
    float *to = a->stats + ((uint64_t)chunk * a->k + k) * 2;
    to[0] = sum;
    to[1] = squares;
}
