/* ops/cuda/backend.c: the backend's face: compile, run, read, write; one thread at a time.
 * Which device does the work is behind device.h. */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "ops/cuda/program.h"

static const ink_backend backend;
static ink_gpu *device; /* of programs to come */

/* A device does one thing after another and records by listening to itself: whoever enters has it alone. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* NULL: that of programs to come. */
static void enter(ink_gpu *gpu) {
    pthread_mutex_lock(&lock);
    if (gpu == NULL) gpu = device;
    gpu->use(gpu);
}

static void leave(void) {
    pthread_mutex_unlock(&lock);
}

const ink_backend *ink_cuda_backend(ink_gpu *gpu) {
    pthread_mutex_lock(&lock);
    device = gpu;
    pthread_mutex_unlock(&lock);
    return &backend;
}

ink_gpu *ink_cuda_gpu(void) {
    return device;
}

size_t ink_cuda_arguments(ink_cuda_kernel kernel) {
    static const size_t sizes[] = {
#define SIZE(name, type) sizeof(type),
        INK_CUDA_KERNELS(SIZE)
#undef SIZE
    };
    return sizes[kernel];
}

/* ---- compile ---- */

static void discard(ink_program *p) {
    ink_error none;
    if (p->gpu->wait(p->gpu, &none) != INK_OK) p->last_n = 0; /* a fault: what is released was lost already */
    for (size_t i = 0; i < INK_CUDA_RECORDS; i++) p->gpu->drop(p->gpu, p->records[i].record);
    for (uint32_t i = 0; i < p->n_blocks; i++) p->gpu->release(p->gpu, p->blocks[i]);
    p->gpu->release_host(p->gpu, p->in_host);
    p->gpu->release_host(p->gpu, p->out_host);
    p->gpu->release_host(p->gpu, p->ring.in_host);
    p->gpu->release_host(p->gpu, p->ring.out_host);
    ink_mem_free(p->blocks);
    ink_mem_free(p->data);
    ink_mem_free(p->bf16);
    ink_mem_free(p->forms);
    ink_mem_free(p->same);
    ink_mem_free(p->notes);
    ink_graph_clear(&p->g);
    ink_mem_free(p);
}

static ink_status make_tables(ink_program *p, ink_error *err) {
    size_t values = (size_t)p->g.n_values, nodes = (size_t)p->g.n_nodes;
    p->data = ink_mem_new(values, sizeof *p->data);
    p->bf16 = ink_mem_new(values, sizeof *p->bf16);
    p->forms = ink_mem_new(values, sizeof *p->forms);
    p->same = ink_mem_new(values, sizeof *p->same);
    p->notes = ink_mem_new(nodes, sizeof *p->notes);
    bool all = p->data != NULL && p->bf16 != NULL && p->forms != NULL && p->same != NULL && p->notes != NULL;
    return all ? INK_OK : ink_fail_memory(err, values * sizeof *p->forms + nodes * sizeof *p->notes, "a program");
}

/* What the batch must bring, and what its steps do; and that rows and elements have numbers of 32 bits. */
static ink_status look(ink_program *p, ink_error *err) {
    p->needs = ink_needs_of(&p->g);
    for (ink_id v = 0; v < p->g.n_values; v++) {
        const ink_value *value = &p->g.values[v];
        if (value->role == INK_ROLE_IMAGES) p->pixels = ink_cuda_map_of(p, v);
        size_t rows = value->batched ? (size_t)ink_cuda_map_of(p, v) * p->max_batch : 0;
        if (rows > INT32_MAX / 2 || (!value->batched && ink_graph_elements(&p->g, v) > INT32_MAX / 2)) {
            return ink_fail(err, INK_E_USAGE, "%u images at once: a value with more than 2^30 rows", p->max_batch);
        }
    }
    for (int32_t i = 0; i < p->g.n_nodes; i++) {
        const ink_op op = p->g.nodes[i].op;
        p->clips = p->clips || op == INK_OP_CLIP;
        p->learns = p->learns || op == INK_OP_SGD || op == INK_OP_ADAM || op == INK_OP_MUON;
    }
    return INK_OK;
}

static ink_status make(const ink_graph *g, const ink_compile_options *options, ink_program **out, ink_error *err) {
    ink_status status = ink_needs_options(&backend, g, options, err);
    if (status != INK_OK) return status;
    ink_precision precision = options->precision;
    if (precision == INK_PRECISION_AUTO) precision = device->has_bf16 ? INK_PRECISION_BF16 : INK_PRECISION_F32;
    if (precision != INK_PRECISION_F32 && !device->has_bf16) {
        return ink_fail(err, INK_E_ABSENT, "%s: %s does not multiply it natively",
                        precision == INK_PRECISION_BF16 ? "bf16" : "tf32", device->name);
    }
    ink_program *p = ink_mem_new(1, sizeof *p);
    if (p == NULL) return ink_fail_memory(err, sizeof *p, "a program");
    p->backend = &backend;
    p->gpu = options->share != NULL ? options->share->gpu : device;
    p->share = options->share;
    p->precision = precision;
    p->max_batch = options->max_batch;
    p->written = 1;
    status = ink_graph_copy(g, &p->g, err);
    if (status == INK_OK) status = make_tables(p, err);
    if (status == INK_OK) status = look(p, err);
    if (status == INK_OK) ink_cuda_fuse(p);
    if (status == INK_OK) ink_cuda_plan_bf16(p);
    if (status == INK_OK) status = ink_cuda_place(p, err);
    if (status == INK_OK) status = ink_cuda_write_tables(p, err);
    if (status == INK_E_MEMORY) { /* a device that failed gives none */
        ink_status fault = p->gpu->wait(p->gpu, err);
        if (fault != INK_OK) status = fault;
    }
    if (status != INK_OK) {
        discard(p);
        return status;
    }
    *out = p;
    return INK_OK;
}

static ink_status cuda_compile(const ink_graph *g, const ink_compile_options *options, ink_program **out,
                               ink_error *err) {
    *out = NULL;
    enter(NULL);
    ink_status status = make(g, options, out, err);
    leave();
    return status;
}

static void cuda_free(ink_program *p) {
    if (p == NULL) return;
    enter(p->gpu);
    discard(p);
    leave();
}

/* ---- run ---- */

static bool same_betas(const ink_node *a, const ink_node *b) {
    return a->attr.optimizer.beta1 == b->attr.optimizer.beta1 && a->attr.optimizer.beta2 == b->attr.optimizer.beta2;
}

void ink_cuda_fill(const ink_program *p, const ink_batch *batch, uint8_t *to) {
    ink_cuda_now now = {
        .seed = batch->seed, .step = batch->step, .epoch = batch->epoch, .lr = batch->lr, .n = batch->n};
    const ink_node *known = NULL; /* whose corrections are known: most parameters have the same */
    float adam[2] = {0.0f, 0.0f};
    memcpy(to, &now, sizeof now);
    for (int32_t i = 0; i < p->g.n_nodes; i++) {
        const ink_node *node = &p->g.nodes[i];
        float numbers[2] = {0.0f, 0.0f};
        if (node->op == INK_OP_ADAM) {
            if (known == NULL || !same_betas(known, node)) {
                adam[0] = (float)ink_adam_correction(node->attr.optimizer.beta1, batch->step);
                adam[1] = (float)sqrt(ink_adam_correction(node->attr.optimizer.beta2, batch->step));
                known = node;
            }
            memcpy(numbers, adam, sizeof numbers);
        } else if (node->op == INK_OP_AVERAGE) {
            numbers[0] = (float)ink_average_decay(node->attr.average.decay, batch->step);
        }
        memcpy(to + p->numbers_at + (size_t)i * sizeof numbers, numbers, sizeof numbers);
    }
}

/* What changes with the step, and the batch, to the device. */
static void send_batch(ink_program *p, const ink_batch *batch) {
    ink_cuda_fill(p, batch, p->in_host);
    if (p->needs.labels) memcpy(p->in_host + p->labels_at, batch->labels, batch->n);
    if (p->needs.warps) memcpy(p->in_host + p->warps_at, batch->warps, batch->n * sizeof *batch->warps);
    size_t images = p->needs.images ? (size_t)batch->n * p->pixels : 0;
    if (images > 0) memcpy(p->in_host + p->images_at, batch->images, images);
    p->gpu->put(p->gpu, p->in, p->in_host, p->images_at + images);
}

ink_status ink_cuda_record_of(ink_program *p, uint32_t n, bool by_rows, const ink_gpu_record **out, ink_error *err) {
    size_t oldest = 0;
    ink_status status = INK_OK;
    *out = NULL;
    p->runs++;
    for (size_t i = 0; i < INK_CUDA_RECORDS; i++) {
        if (p->records[i].n == n && p->records[i].by_rows == by_rows) {
            p->records[i].used = p->runs;
            *out = p->records[i].record;
            return INK_OK;
        }
        if (p->records[i].used < p->records[oldest].used) oldest = i;
    }
    if (p->records[oldest].record != NULL) status = p->gpu->wait(p->gpu, err); /* it may be at work */
    if (status != INK_OK) return status;
    p->gpu->drop(p->gpu, p->records[oldest].record);
    p->records[oldest].record = NULL;
    p->records[oldest].n = 0;
    p->gpu->begin(p->gpu);
    ink_cuda_walk(p, n, by_rows);
    status = p->gpu->end(p->gpu, &p->records[oldest].record, err);
    if (status != INK_OK) return status;
    p->records[oldest].n = n;
    p->records[oldest].by_rows = by_rows;
    p->records[oldest].used = p->runs;
    *out = p->records[oldest].record;
    return INK_OK;
}

/* Who has the parameters. */
static ink_program *owner_of(ink_program *p) {
    while (p->share != NULL) p = p->share;
    return p;
}

void ink_cuda_replay(ink_program *p, const ink_gpu_record *record, uint32_t times) {
    ink_program *owner = owner_of(p);
    ink_cuda_round round = {p->to_round};
    if (p->n_to_round > 0 && p->round_written != owner->written) {
        p->gpu->launch(p->gpu, INK_KERN_round, (ink_gpu_size){p->n_to_round, 1, 1}, &round);
    }
    p->gpu->replay(p->gpu, record, times);
    if (p->learns) owner->written++;
    p->round_written = owner->written;
}

void ink_cuda_sum(ink_program *p, const uint8_t *out, ink_batch *batch) {
    ink_cuda_clip clip;
    p->last_n = batch->n;
    batch->loss_sum = 0;
    batch->correct = 0;
    for (uint32_t i = 0; p->needs.classes > 0 && i < batch->n; i++) {
        float loss;
        uint32_t right;
        memcpy(&loss, out + p->losses_at + i * sizeof loss, sizeof loss);
        memcpy(&right, out + p->right_at + i * sizeof right, sizeof right);
        batch->loss_sum += (double)loss;
        batch->correct += right;
    }
    memcpy(&clip, out, sizeof clip);
    batch->gradient_norm = p->clips ? clip.norm : 0;
}

static ink_status run(ink_program *p, ink_batch *batch, ink_error *err) {
    ink_status status = ink_needs_check(&p->needs, p->max_batch, batch, err);
    const ink_gpu_record *record;
    if (status == INK_OK) status = ink_cuda_record_of(p, batch->n, false, &record, err);
    if (status != INK_OK) return status;
    send_batch(p, batch);
    ink_cuda_replay(p, record, 1);
    status = p->gpu->get(p->gpu, p->out_host, p->out, p->out_size, err);
    if (status == INK_OK) ink_cuda_sum(p, p->out_host, batch);
    return status;
}

static ink_status cuda_run(ink_program *p, ink_batch *batch, ink_error *err) {
    enter(p->gpu);
    ink_status status = run(p, batch, err);
    leave();
    return status;
}

/* ---- steps on a resident set: resident.c ---- */

static ink_status cuda_bring(const ink_resident_source *from, ink_resident **out, ink_error *err) {
    enter(NULL);
    ink_status status = ink_cuda_bring(from, out, err);
    leave();
    return status;
}

static ink_status cuda_attach(ink_program *p, const ink_resident *set, uint32_t steps, ink_error *err) {
    enter(p->gpu);
    ink_status status = ink_cuda_attach(p, set, steps, err);
    leave();
    return status;
}

static ink_status cuda_run_rows(ink_program *p, ink_batch *batches, uint32_t count, ink_error *err) {
    enter(p->gpu);
    ink_status status = ink_cuda_run_rows(p, batches, count, err);
    leave();
    return status;
}

static void cuda_let_go(ink_resident *set) {
    if (set == NULL) return;
    enter(NULL);
    ink_cuda_let_go(set);
    leave();
}

/* ---- values in and out ---- */

static ink_needs_value asked(const ink_program *p, ink_id value) {
    const ink_value *v = &p->g.values[value];
    return (ink_needs_value){v->role, v->output && p->data[value] != NULL, v->batched,
                             ink_graph_elements(&p->g, value)};
}

static ink_status cuda_read(const ink_program *p, ink_id value, float *to, size_t count, ink_error *err) {
    if (value < 0 || value >= p->g.n_values) return ink_fail(err, INK_E_USAGE, "no such value to read");
    const ink_value *v = &p->g.values[value];
    const ink_needs_value wanted = asked(p, value);
    ink_status status = ink_needs_read(&wanted, p->last_n, count, err);
    if (status != INK_OK) return status;
    float *room = ink_mem_new(count, sizeof *room);
    if (room == NULL) return ink_fail_memory(err, count * sizeof *room, "a value of the network");
    enter(p->gpu);
    status = p->gpu->get(p->gpu, room, p->data[value], count * sizeof *room, err);
    leave();
    if (status == INK_OK) ink_cuda_unpack(v, v->batched ? p->last_n : 1, room, to);
    ink_mem_free(room);
    return status;
}

static ink_status cuda_write(ink_program *p, ink_id value, const float *from, size_t count, ink_error *err) {
    if (value < 0 || value >= p->g.n_values) return ink_fail(err, INK_E_USAGE, "no such value to write");
    const ink_value *v = &p->g.values[value];
    const ink_needs_value given = asked(p, value);
    uint32_t n;
    ink_status status = ink_needs_write(&given, p->max_batch, count, &n, err);
    if (status != INK_OK) return status;
    float *room = ink_mem_new(count, sizeof *room);
    if (room == NULL) return ink_fail_memory(err, count * sizeof *room, "a value of the network");
    ink_cuda_pack(v, n, from, room);
    enter(p->gpu);
    p->gpu->put(p->gpu, p->data[value], room, count * sizeof *room);
    status = p->gpu->wait(p->gpu, err);
    if (v->role == INK_ROLE_PARAM) owner_of(p)->written++;
    if (v->role == INK_ROLE_INPUT && p->bf16[value] != NULL) p->round_written = 0;
    leave();
    ink_mem_free(room);
    return status;
}

static ink_precision cuda_precision_of(const ink_program *p) {
    return p->precision;
}

static size_t cuda_memory_of(const ink_program *p) {
    return p->bytes;
}

static double cuda_busy_s(void) {
    enter(NULL);
    double busy_s = device->busy_s(device);
    leave();
    return busy_s;
}

static const ink_backend backend = {
    .name = "cuda",
    .compile = cuda_compile,
    .run = cuda_run,
    .bring = cuda_bring,
    .attach = cuda_attach,
    .run_rows = cuda_run_rows,
    .let_go = cuda_let_go,
    .read = cuda_read,
    .write = cuda_write,
    .precision_of = cuda_precision_of,
    .memory_of = cuda_memory_of,
    .busy_s = cuda_busy_s,
    .free = cuda_free,
};
