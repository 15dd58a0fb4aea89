/* ops/cuda/plan_memory.c: memory of a program on the device: every value has its own, scratch is shared by all nodes.
 * It is found once, at compile; a run allocates nothing. */
#include <stdio.h>

#include "core/mem.h"
#include "core/status.h"
#include "ops/cuda/program.h"

void *ink_cuda_block_new(ink_program *p, size_t bytes, bool zeroed) {
    if (p->n_blocks == p->room_blocks) {
        uint32_t wanted = p->room_blocks == 0 ? 64 : 2 * p->room_blocks;
        void **larger = ink_mem_resize(p->blocks, wanted, sizeof *larger);
        if (larger == NULL) return NULL;
        p->blocks = larger;
        p->room_blocks = wanted;
    }
    void *block = p->gpu->allocate(p->gpu, bytes > 0 ? bytes : 1, zeroed);
    if (block == NULL) return NULL;
    p->blocks[p->n_blocks++] = block;
    p->bytes += bytes;
    return block;
}

static bool is_bytes(const ink_value *v) {
    return v->role == INK_ROLE_IMAGES || v->role == INK_ROLE_LABELS || v->role == INK_ROLE_WARPS;
}

/* Bytes of scratch, for n images. */
typedef struct scratch {
    size_t sums, arrived, shares, shares_arrived, tilt, parts, first, squares, muon;
} scratch;

static void at_least(size_t *most, size_t bytes) {
    if (bytes > *most) *most = bytes;
}

static scratch scratch_of(const ink_program *p, size_t n) {
    scratch s = {0, 0, 0, 0, 0, 0, 0, 0, 0};
    for (int32_t i = 0; i < p->g.n_nodes; i++) {
        const ink_node *node = &p->g.nodes[i];
        if (p->notes[i].split > 1) {
            size_t rows = n * ink_cuda_map_of(p, node->out[0]), k = ink_cuda_channels(&p->g.values[node->out[0]]);
            at_least(&s.shares, p->notes[i].split * rows * k * sizeof(float));
            at_least(&s.shares_arrived,
                     (rows + INK_TILE - 1) / INK_TILE * ((k + INK_TILE - 1) / INK_TILE) * sizeof(uint32_t));
        }
        if (node->op == INK_OP_BATCHNORM || node->op == INK_OP_BATCHNORM_DX || node->op == INK_OP_BIAS_DB) {
            size_t c = ink_cuda_dim(p, node->in[0], 0), rows = n * ink_cuda_map_of(p, node->in[0]);
            at_least(&s.sums, (rows + INK_CHUNK - 1) / INK_CHUNK * c * 2 * sizeof(float));
            at_least(&s.arrived, (c + INK_ACROSS - 1) / INK_ACROSS * sizeof(uint32_t));
            at_least(&s.tilt, 2 * c * sizeof(float));
        } else if (node->op == INK_OP_CONV2D_DW || node->op == INK_OP_LINEAR_DW) {
            ink_cuda_conv f = ink_cuda_conv_at(p, i);
            size_t live = ink_cuda_live_taps(&f), rows = n * f.p * f.q;
            size_t part = ink_cuda_part_rows(&f, (uint32_t)live, (uint32_t)n, p->notes[i].is_bf16);
            at_least(&s.parts, (rows + part - 1) / part * f.k * live * f.c * sizeof(float));
        } else if (node->op == INK_OP_DEPTHWISE_DW) {
            size_t rows = n * ink_cuda_map_of(p, node->in[1]), chunks = (rows + INK_CHUNK - 1) / INK_CHUNK;
            at_least(&s.parts, chunks * ink_graph_elements(&p->g, node->out[0]) * sizeof(float));
        } else if ((node->op == INK_OP_MAXPOOL_DX && !ink_cuda_is_tiled(node)) ||
                   node->op == INK_OP_GLOBAL_MAXPOOL_DX) {
            at_least(&s.first, n * ink_graph_elements(&p->g, node->in[1]) * sizeof(int32_t));
        } else if (node->op == INK_OP_MUON) {
            size_t all = ink_graph_elements(&p->g, node->in[0]), k = ink_cuda_dim(p, node->in[0], 0);
            at_least(&s.muon, (2 * all + 3 * k * k) * sizeof(float));
            at_least(&s.squares, (all + INK_PIECE - 1) / INK_PIECE * sizeof(double));
        } else if (node->op == INK_OP_CLIP) {
            size_t pieces = 0;
            for (ink_id v = 0; v < p->g.n_values; v++) {
                if (p->g.values[v].gradient == INK_NONE) continue;
                pieces += (ink_graph_elements(&p->g, v) + INK_PIECE - 1) / INK_PIECE;
            }
            at_least(&s.squares, pieces * sizeof(double));
        }
    }
    return s;
}

/* Bytes that a value of its own takes, 0 where it shares; for n images. */
static size_t bytes_of(const ink_program *p, ink_id v, size_t n) {
    const ink_value *value = &p->g.values[v];
    if (is_bytes(value) || p->same[v] != v || p->forms[v] == INK_FORM_BF16) return 0;
    return ink_graph_elements(&p->g, v) * (value->batched ? n : 1) * sizeof(float);
}

/* And those of it as bf16, with channels of zeros where there are too few. */
static size_t bf16_bytes_of(const ink_program *p, ink_id v, size_t n) {
    const ink_value *value = &p->g.values[v];
    if (p->forms[v] == INK_FORM_FLOAT) return 0;
    size_t c = ink_cuda_channels(value), rows = ink_graph_elements(&p->g, v) * (value->batched ? n : 1) / c;
    return rows * ink_cuda_c_bf16((uint32_t)c) * sizeof(uint16_t);
}

static size_t bytes_for(const ink_program *p, size_t n) {
    scratch s = scratch_of(p, n);
    size_t bytes = s.sums + s.arrived + s.shares + s.shares_arrived + s.tilt + s.parts + s.first + s.squares + s.muon +
                   n * (p->pixels + 2 * sizeof(float));
    for (ink_id v = 0; v < p->g.n_values; v++) bytes += bytes_of(p, v, n) + bf16_bytes_of(p, v, n);
    return bytes;
}

static double megabytes(size_t bytes) {
    return (double)bytes / 1e6;
}

/* Says what would fit. */
static ink_status too_large(const ink_program *p, ink_error *err) {
    size_t wanted = bytes_for(p, p->max_batch), spare = p->gpu->spare(p->gpu) + p->bytes, n = p->max_batch;
    ink_fail(err, INK_E_MEMORY, "out of memory on the GPU: %u images at once take %.0f MB, %.0f MB are free",
             p->max_batch, megabytes(wanted), megabytes(spare));
    while (n > 0 && bytes_for(p, n) > spare) n = n > 64 ? n - n / 16 : n - 1;
    if (n > 0) {
        ink_hint(err, "%zu images at once would fit: --batch-size, --eval-batch-size", n);
    } else {
        ink_hint(err, "not even one image would fit: a smaller net, or --device cpu");
    }
    return INK_E_MEMORY;
}

static ink_status borrow(ink_program *p, ink_id v, bool *found, ink_error *err) {
    const ink_value *value = &p->g.values[v];
    *found = false;
    if (p->share == NULL || !ink_role_lasts(value->role)) return INK_OK;
    ink_id theirs = ink_graph_find(&p->share->g, value->name);
    if (theirs == INK_NONE) return INK_OK;
    const ink_value *other = &p->share->g.values[theirs];
    for (int i = 0; i < 4; i++) {
        if (value->dim[i] == other->dim[i] && value->rank == other->rank) continue;
        return ink_fail(err, INK_E_USAGE, "%s has another shape in the program that shares it", value->name);
    }
    p->data[v] = p->share->data[theirs];
    *found = true;
    return INK_OK;
}

static ink_status place_values(ink_program *p, ink_error *err) {
    for (ink_id v = 0; v < p->g.n_values; v++) {
        bool found;
        ink_status status = borrow(p, v, &found, err);
        if (status != INK_OK) return status;
        size_t bytes = bytes_of(p, v, p->max_batch), rounded = bf16_bytes_of(p, v, p->max_batch);
        if (rounded > 0 && (p->bf16[v] = ink_cuda_block_new(p, rounded, true)) == NULL) return too_large(p, err);
        if (found || bytes == 0) continue;
        p->data[v] = ink_cuda_block_new(p, bytes, ink_role_lasts(p->g.values[v].role));
        if (p->data[v] == NULL) return too_large(p, err);
    }
    for (ink_id v = 0; v < p->g.n_values; v++) {
        ink_id at = ink_cuda_root(p, v);
        if (at == v || at == INK_NONE) continue;
        p->data[v] = p->data[at];
        p->bf16[v] = p->bf16[at];
    }
    return INK_OK;
}

static ink_status place_scratch(ink_program *p, ink_error *err) {
    scratch s = scratch_of(p, p->max_batch);
    if (s.sums > 0 && (p->sums = ink_cuda_block_new(p, s.sums, false)) == NULL) return too_large(p, err);
    if (s.arrived > 0 && (p->arrived = ink_cuda_block_new(p, s.arrived, true)) == NULL) return too_large(p, err);
    if (s.shares > 0 && (p->shares = ink_cuda_block_new(p, s.shares, false)) == NULL) return too_large(p, err);
    if (s.shares_arrived > 0 && (p->shares_arrived = ink_cuda_block_new(p, s.shares_arrived, true)) == NULL) {
        return too_large(p, err);
    }
    if (s.tilt > 0 && (p->tilt = ink_cuda_block_new(p, s.tilt, false)) == NULL) return too_large(p, err);
    if (s.parts > 0 && (p->parts = ink_cuda_block_new(p, s.parts, false)) == NULL) return too_large(p, err);
    if (s.first > 0 && (p->first = ink_cuda_block_new(p, s.first, false)) == NULL) return too_large(p, err);
    if (s.squares > 0 && (p->squares = ink_cuda_block_new(p, s.squares, false)) == NULL) return too_large(p, err);
    if (s.muon > 0 && (p->muon = ink_cuda_block_new(p, s.muon, false)) == NULL) return too_large(p, err);
    return INK_OK;
}

static size_t after(size_t *at, size_t bytes) {
    size_t here = *at;
    *at += (bytes + 15) / 16 * 16;
    return here;
}

/* The batch's way in, images last: what a run does not bring is not copied; and its way out. */
static ink_status place_batch(ink_program *p, ink_error *err) {
    size_t n = p->max_batch, at = 0;
    (void)after(&at, sizeof(ink_cuda_now));
    p->numbers_at = after(&at, (size_t)p->g.n_nodes * 2 * sizeof(float));
    p->labels_at = after(&at, p->needs.labels ? n : 0);
    p->warps_at = after(&at, p->needs.warps ? n * sizeof(ink_warp) : 0);
    p->images_at = after(&at, p->needs.images ? n * p->pixels : 0);
    p->in_size = at;
    at = 0;
    (void)after(&at, sizeof(ink_cuda_clip));
    p->losses_at = after(&at, p->needs.classes > 0 ? n * sizeof(float) : 0);
    p->right_at = after(&at, p->needs.classes > 0 ? n * sizeof(uint32_t) : 0);
    p->out_size = at;
    p->in = ink_cuda_block_new(p, p->in_size, true);
    p->out = ink_cuda_block_new(p, p->out_size, true);
    if (p->in == NULL || p->out == NULL) return too_large(p, err);
    p->in_host = p->gpu->allocate_host(p->gpu, p->in_size);
    p->out_host = p->gpu->allocate_host(p->gpu, p->out_size);
    if (p->in_host == NULL || p->out_host == NULL) return ink_fail_memory(err, p->in_size + p->out_size, "a batch");
    return INK_OK;
}

ink_status ink_cuda_place(ink_program *p, ink_error *err) {
    ink_status status = place_values(p, err);
    if (status == INK_OK) status = place_scratch(p, err);
    if (status == INK_OK) status = place_batch(p, err);
    return status;
}
