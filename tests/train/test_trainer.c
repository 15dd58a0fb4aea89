/* tests/train/test_trainer.c: a run's result depends on the recipe and the images alone: on no thread count, no worker,
 * no interruption. Small nets, images that a formula makes; every backend that is there. */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "core/mem.h"
#include "train/checkpoint.h"
#include "../ops/cuda/host_device.h"
#include "ops/cuda/program.h"
#include "trial.h"

#define PATH_SIZE 128

/* Moves what is in more behind what is in weights. */
static void add_weights(ink_weights *weights, ink_weights *more) {
    struct ink_weight *item = ink_mem_resize(weights->item, weights->n + more->n, sizeof *item);
    assert_non_null(item);
    memcpy(item + weights->n, more->item, more->n * sizeof *item);
    weights->item = item;
    weights->n += more->n;
    ink_mem_free(more->item);
    *more = (ink_weights){0};
}

static void same_bits(const ink_backend *backend, const char *net, const char *const *keys) {
    static const uint32_t threads[] = {1, 2, 3, 8}, workers[] = {0, 2, 1, 0};
    ink_weights first = {0};
    for (int i = 0; i < 4; i++) {
        trial t = {.net = net, .keys = keys, .threads = threads[i], .workers = workers[i], .backend = backend};
        ink_weights all = {0}, last = {0};
        train_whole(&t, &all);
        assert_int_equal(ink_trainer_last(t.trainer, &last, NULL), INK_OK);
        add_weights(&all, &last);
        end(&t);
        if (i == 0) {
            first = all;
        } else {
            assert_same_weights(&first, &all);
            ink_weights_clear(&all);
        }
    }
    ink_weights_clear(&first);
}

static const char *const ema[] = {"ema", "0.9", NULL};

static void same_bits_for_any_threads_and_workers(void **state) {
    const ink_backend *cpu = ink_backend_find("cpu");
    (void)state;
    same_bits(&ink_backend_ref, SMALL_NET, NULL);
    same_bits(&ink_backend_ref, CONV_NET, NULL);
    if (cpu != NULL) {
        same_bits(cpu, SMALL_NET, NULL);
        same_bits(cpu, CONV_NET, NULL);
        same_bits(cpu, CONV_NET, ema);
    }
}

static void it_learns(void **state) {
    trial t = {.net = SMALL_NET, .threads = 1, .epochs = 8, .backend = &ink_backend_ref};
    ink_weights all = {0}, best = {0};
    (void)state;
    train_whole(&t, &all);
    assert_int_equal(ink_trainer_train_rows(t.trainer), 180);
    assert_int_equal(ink_trainer_val_rows(t.trainer), 20);
    assert_true(t.last.val_accuracy > 0.9);
    assert_int_equal(t.last.step, 8 * 6);
    assert_int_equal(ink_trainer_best(t.trainer, &best, NULL), INK_OK);
    assert_int_equal(best.n, 4);
    ink_weights_clear(&best);
    ink_weights_clear(&all);
    end(&t);
}

/* Stopped behind so many calls of the backend, saved, loaded into a new trainer, run to the end. */
static void resume_at(const trial *like, uint32_t calls, const ink_weights *whole) {
    char path[PATH_SIZE];
    ink_error err;
    ink_checkpoint checkpoint;
    ink_weights all = {0}, last = {0};
    ink_pair notes[] = {{"recipe", "text"}, {"data", "/caf\351\\xff/here"}};
    trial a = *like, b = *like;
    a.threads = 2;
    a.stop_after = calls + 1;
    snprintf(path, sizeof path, "%s/checkpoint.ink", folder);
    start(&a);
    assert_int_equal(run(&a), INK_E_STOPPED);
    if (ink_checkpoint_save(path, a.trainer, held_out, ROWS, notes, 2, &err) != INK_OK) fail_msg("%s", err.text);
    end(&a);
    if (ink_checkpoint_load(path, &checkpoint, &err) != INK_OK) fail_msg("%s", err.text);
    assert_string_equal(ink_tensors_note(&checkpoint.file, "data"), "/caf\351\\xff/here");
    assert_int_equal(checkpoint.n_rows, ROWS);
    assert_memory_equal(checkpoint.held_out, held_out, ROWS);
    start(&b);
    if (checkpoint.best.n > 0) {
        checkpoint.best.item[0].dim[0]++;
        assert_int_equal(ink_trainer_restore(b.trainer, &checkpoint.position, &checkpoint.all, &checkpoint.best, &err),
                         INK_E_DATA);
        checkpoint.best.item[0].dim[0]--;
    }
    assert_int_equal(ink_trainer_restore(b.trainer, &checkpoint.position, &checkpoint.all, &checkpoint.best, NULL),
                     INK_OK);
    assert_int_equal(run(&b), INK_OK);
    assert_int_equal(ink_trainer_all(b.trainer, &all, NULL), INK_OK);
    assert_int_equal(ink_trainer_last(b.trainer, &last, NULL), INK_OK);
    add_weights(&all, &last);
    assert_same_weights(whole, &all);
    end(&b);
    ink_weights_clear(&all);
    ink_checkpoint_clear(&checkpoint);
    unlink(path);
    snprintf(path, sizeof path, "%s/checkpoint.ink.1", folder);
    unlink(path);
}

static void resumes_behind(const trial *like, const uint32_t *calls, size_t n) {
    ink_weights whole = {0}, last = {0};
    trial t = *like;
    train_whole(&t, &whole);
    assert_int_equal(ink_trainer_last(t.trainer, &last, NULL), INK_OK);
    add_weights(&whole, &last);
    end(&t);
    for (size_t i = 0; i < n; i++) resume_at(like, calls[i], &whole);
    ink_weights_clear(&whole);
}

static void resumes_anywhere(const trial *like) {
    static const uint32_t batches[] = {1, 5, 6, 7, 11, 17};
    resumes_behind(like, batches, sizeof batches / sizeof *batches);
}

static void resumed_runs_end_in_the_same_bits(void **state) {
    trial plain = {.net = CONV_NET, .threads = 1, .backend = &ink_backend_ref};
    trial averaged = {.net = CONV_NET, .keys = ema, .threads = 1, .backend = &ink_backend_cpu};
    (void)state;
    resumes_anywhere(&plain);
    resumes_anywhere(&averaged);
}

/* ---- images in the device's memory ---- */

static host_device host;

/* The whole run, its measurements too, with the images resident and with batches that bring them. */
static void same_bits_resident(const char *net, const char *const *keys) {
    ink_backend brings, sends;
    host_device_start(&host);
    brings = sends = *ink_cuda_backend(&host.gpu);
    sends.bring = NULL;
    ink_weights all[2] = {{0}, {0}}, last[2] = {{0}, {0}};
    ink_epoch_result result[2];
    uint64_t launches[2];
    for (int i = 0; i < 2; i++) {
        trial t = {.net = net, .keys = keys, .threads = 1, .workers = i == 0 ? 2 : 0};
        t.backend = i == 0 ? &brings : &sends;
        host.launches = 0;
        train_whole(&t, &all[i]);
        assert_int_equal(ink_trainer_last(t.trainer, &last[i], NULL), INK_OK);
        assert_false(ink_trainer_is_too_large(t.trainer));
        result[i] = t.last;
        launches[i] = host.launches;
        end(&t);
        assert_int_equal(host.used, 0);
    }
    assert_true(launches[0] > launches[1]); /* take and give */
    assert_same_weights(&all[0], &all[1]);
    assert_same_weights(&last[0], &last[1]);
    assert_true(result[0].train_loss == result[1].train_loss && result[0].train_accuracy == result[1].train_accuracy);
    assert_true(result[0].val_loss == result[1].val_loss && result[0].val_errors == result[1].val_errors);
    for (int i = 0; i < 2; i++) {
        ink_weights_clear(&all[i]);
        ink_weights_clear(&last[i]);
    }
}

static void resident_images_change_no_bit(void **state) {
    static const char *const distorted[] = {
        "augment", "rotate 10 stretch 0.1 elastic 30 5 shift-safe 0.5 erase 3", "ema", "0.9", "clip", "1", NULL};
    static const char *const plain[] = {"augment",         "none", "shuffle", "no", "batch-size", "50",
                                        "eval-batch-size", "7",    NULL};
    (void)state;
    same_bits_resident(SMALL_NET, NULL);
    same_bits_resident(SMALL_NET, plain);
    same_bits_resident(CONV_NET, distorted);
}

/* However many steps went in a call: 23 make an epoch, 8 the first call. */
static void resident_runs_resume(void **state) {
    static const char *const small_batches[] = {"batch-size", "8", NULL};
    static const uint32_t calls[] = {1, 2, 4};
    (void)state;
    host_device_start(&host);
    trial t = {.net = SMALL_NET, .keys = small_batches, .threads = 1, .backend = ink_cuda_backend(&host.gpu)};
    resumes_behind(&t, calls, sizeof calls / sizeof *calls);
    assert_int_equal(host.used, 0);
}

static void images_that_do_not_fit_are_sent(void **state) {
    (void)state;
    ink_weights all[2] = {{0}, {0}};
    host_device_start(&host);
    for (int i = 0; i < 2; i++) {
        trial t = {.net = SMALL_NET, .threads = 1, .backend = ink_cuda_backend(&host.gpu)};
        if (i == 1) host.room -= 100;
        train_whole(&t, &all[i]);
        assert_int_equal(ink_trainer_is_too_large(t.trainer), i == 1);
        if (i == 0) host.room = host.used; /* all that this run took, and no more */
        end(&t);
        assert_int_equal(host.used, 0);
    }
    assert_same_weights(&all[0], &all[1]);
    ink_weights_clear(&all[0]);
    ink_weights_clear(&all[1]);
}

/* ---- averages ---- */

/* Averages of the parameters as the formula has them, in double, gathered between batches. */
typedef struct shadow {
    const ink_trainer *trainer;
    double *mean[8];
    uint64_t step;
} shadow;

static ink_status follow(void *context, ink_error *err) {
    shadow *s = context;
    ink_weights all = {0};
    assert_int_equal(ink_trainer_all(s->trainer, &all, err), INK_OK);
    s->step++;
    double d = (1.0 + (double)s->step) / (10.0 + (double)s->step);
    if (d > (double)0.9f) d = (double)0.9f;
    for (uint32_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < all.item[i].count; k++) {
            s->mean[i][k] = d * s->mean[i][k] + (1 - d) * (double)all.item[i].data[k];
        }
    }
    ink_weights_clear(&all);
    return INK_OK;
}

static void averages_follow_the_weights(void **state) {
    trial t = {.net = "linear 10", .keys = ema, .threads = 1, .epochs = 6, .backend = &ink_backend_ref};
    ink_weights first = {0}, last = {0};
    (void)state;
    start(&t);
    assert_int_equal(ink_trainer_all(t.trainer, &first, NULL), INK_OK);
    shadow s = {.trainer = t.trainer};
    for (uint32_t i = 0; i < 2; i++) {
        s.mean[i] = ink_mem_new(first.item[i].count, sizeof(double));
        for (size_t k = 0; k < first.item[i].count; k++) s.mean[i][k] = (double)first.item[i].data[k];
    }
    ink_trainer_watch watch = {.context = &s, .between = follow};
    assert_int_equal(ink_trainer_run(t.trainer, &watch, NULL), INK_OK);
    assert_int_equal(s.step, 36);
    assert_int_equal(ink_trainer_last(t.trainer, &last, NULL), INK_OK);
    assert_int_equal(last.n, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_string_equal(last.item[i].name, first.item[i].name);
        for (size_t k = 0; k < last.item[i].count; k++) {
            /* 36 roundings of numbers below 1 */
            assert_true(fabs((double)last.item[i].data[k] - s.mean[i][k]) < 4e-6);
        }
        ink_mem_free(s.mean[i]);
    }
    ink_weights_clear(&first);
    ink_weights_clear(&last);
    end(&t);
}

/* A batch norm in front of all sees the pixels themselves: its statistics are theirs, over the training rows, though
 * the batches that trained it were distorted. Without rows to measure on, too. */
static void statistics_are_those_of_the_training_rows(void **state) {
    static const char *const keys[] = {"ema", "0.99", "normalise", "none", NULL};
    const ink_backend *backends[] = {&ink_backend_ref, &ink_backend_cpu};
    double sum = 0, squares = 0, count = 0;
    (void)state;
    memset(held_out, 0, sizeof held_out);
    for (size_t i = 0; i < (size_t)ROWS * 784; i++, count++) {
        sum += images.pixels[i];
        squares += (double)images.pixels[i] * images.pixels[i];
    }
    double mean = sum / count, var = squares / count - mean * mean;
    for (int i = 0; i < 2; i++) {
        trial t = {.net = "batchnorm\nlinear 10", .keys = keys, .threads = 2, .epochs = 1, .backend = backends[i]};
        ink_weights last = {0};
        start(&t);
        assert_int_equal(run(&t), INK_OK);
        assert_int_equal(ink_trainer_last(t.trainer, &last, NULL), INK_OK);
        assert_string_equal(last.item[2].name, "0.running_mean");
        assert_true(fabs((double)last.item[2].data[0] - mean) < 1e-4 * mean);
        assert_true(fabs((double)last.item[3].data[0] - var) < 1e-3 * var);
        ink_weights_clear(&last);
        end(&t);
    }
    for (uint32_t i = 0; i < ROWS; i++) held_out[i] = i / 10 % 10 == 3;
}

/* ---- time ---- */

static void measuring_the_pace_changes_nothing(void **state) {
    const ink_backend *backends[] = {&ink_backend_ref, &ink_backend_cpu};
    (void)state;
    for (int i = 0; i < 2; i++) {
        trial a = {.net = CONV_NET, .keys = ema, .threads = 1, .backend = backends[i]}, b = a;
        ink_weights with = {0}, without = {0};
        ink_trainer_pace pace;
        ink_error err;
        train_whole(&a, &without);
        start(&b);
        if (ink_trainer_measure_pace(b.trainer, 1e-3, &pace, &err) != INK_OK) fail_msg("%s", err.text);
        assert_true(pace.step_s > 0 && pace.row_s > 0);
        assert_true(pace.epoch_s >= 6 * pace.step_s + 20 * pace.row_s);
        assert_int_equal(run(&b), INK_OK);
        assert_int_equal(ink_trainer_all(b.trainer, &with, NULL), INK_OK);
        assert_same_weights(&without, &with);
        ink_weights_clear(&with);
        ink_weights_clear(&without);
        end(&a);
        end(&b);
    }
}

/* It ends after the epoch that reaches the accuracy, and a run that goes on from there has nothing left to do. */
static void training_ends_at_the_accuracy_asked_for(void **state) {
    static const char *const keys[] = {"until", "90%", NULL}, *const never[] = {"until", "0.99999", NULL};
    trial t = {.net = SMALL_NET, .keys = keys, .threads = 1, .epochs = 20, .backend = &ink_backend_ref};
    trial n = {.net = "linear 10", .keys = never, .threads = 1, .epochs = 1, .backend = &ink_backend_ref};
    (void)state;
    start(&t);
    assert_false(ink_trainer_reached(t.trainer));
    assert_int_equal(run(&t), INK_OK);
    assert_true(ink_trainer_reached(t.trainer));
    assert_true(t.epochs_seen < 20 && t.last.val_accuracy >= 0.9);
    uint32_t seen = t.epochs_seen;
    assert_int_equal(run(&t), INK_OK);
    assert_int_equal(t.epochs_seen, seen);
    end(&t);
    start(&n);
    assert_int_equal(run(&n), INK_OK);
    assert_false(ink_trainer_reached(n.trainer));
    end(&n);
}

static size_t read_file(const char *path, uint8_t *bytes, size_t size) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t got = fread(bytes, 1, size, file);
    fclose(file);
    return got;
}

static void write_file(const char *path, const uint8_t *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Every flipped bit and every cut is noticed; with an older checkpoint beside it, that one is taken and it is told. */
static void damaged_checkpoints_are_noticed(void **state) {
    static uint8_t bytes[1 << 20];
    char path[PATH_SIZE], older[PATH_SIZE];
    ink_checkpoint checkpoint;
    ink_error err;
    trial t = {.net = "linear 10", .threads = 1, .backend = &ink_backend_ref, .stop_after = 3};
    (void)state;
    snprintf(path, sizeof path, "%s/checkpoint.ink", folder);
    snprintf(older, sizeof older, "%s/checkpoint.ink.1", folder);
    start(&t);
    assert_int_equal(run(&t), INK_E_STOPPED);
    assert_int_equal(ink_checkpoint_save(path, t.trainer, held_out, ROWS, NULL, 0, NULL), INK_OK);
    end(&t);
    size_t size = read_file(path, bytes, sizeof bytes);
    assert_true(size > 1000 && size < sizeof bytes);
    for (size_t i = 0; i < size; i += i < 600 ? 1 : 977) {
        bytes[i] ^= (uint8_t)(1u << (i % 8));
        write_file(path, bytes, size);
        assert_int_equal(ink_checkpoint_load(path, &checkpoint, &err), INK_E_DATA);
        bytes[i] ^= (uint8_t)(1u << (i % 8));
    }
    for (size_t cut = 0; cut < size; cut += cut < 100 ? 1 : 1511) {
        write_file(path, bytes, cut);
        assert_int_equal(ink_checkpoint_load(path, &checkpoint, &err), INK_E_DATA);
    }
    write_file(older, bytes, size);
    assert_int_equal(ink_checkpoint_load(path, &checkpoint, &err), INK_OK);
    assert_true(checkpoint.fallback[0] != '\0');
    assert_int_equal(checkpoint.position.step, 2);
    ink_checkpoint_clear(&checkpoint);
    unlink(path);
    unlink(older);
    assert_int_equal(ink_checkpoint_load(path, &checkpoint, &err), INK_E_FILE);
}

static void a_loss_that_is_no_number_ends_the_run(void **state) {
    trial t = {.net = SMALL_NET, .threads = 1, .backend = &ink_backend_ref};
    (void)state;
    start(&t);
    t.recipe.lr = 1e30; /* far beyond what a recipe may say */
    assert_int_equal(run(&t), INK_E_DIVERGED);
    end(&t);
}

static void weights_that_match_are_taken(void **state) {
    trial a = {.net = SMALL_NET, .threads = 1, .backend = &ink_backend_ref};
    trial b = {.net = "linear 24\nrelu\nlinear 12\nrelu\nlinear 10", .threads = 1, .backend = &ink_backend_ref};
    ink_weights from = {0}, to = {0};
    ink_error err;
    (void)state;
    train_whole(&a, &from);
    ink_weights_clear(&from);
    assert_int_equal(ink_trainer_last(a.trainer, &from, NULL), INK_OK);
    start(&b);
    assert_int_equal(ink_trainer_load(b.trainer, &from, &err), INK_E_DATA); /* 3.* of a is unknown to b */
    assert_non_null(strstr(err.text, "3.weight"));
    const uint32_t all = from.n;
    from.n = 2; /* 0.weight, 0.bias */
    assert_int_equal(ink_trainer_load(b.trainer, &from, &err), INK_OK);
    from.n = all;
    assert_int_equal(ink_trainer_last(b.trainer, &to, NULL), INK_OK);
    assert_memory_equal(to.item[0].data, from.item[0].data, from.item[0].count * sizeof(float));
    from.item[0].dim[0]++;
    assert_int_equal(ink_trainer_load(b.trainer, &from, &err), INK_E_DATA);
    ink_weights_clear(&from);
    ink_weights_clear(&to);
    end(&a);
    end(&b);
}

static bool is_head(const struct ink_weight *item) {
    return strncmp(item->name, "5.", 2) == 0; /* CONV_NET's linear layer */
}

static void a_frozen_body_keeps_its_bits(void **state) {
    static const ink_backend *const backends[] = {&ink_backend_ref, &ink_backend_cpu};
    (void)state;
    for (int i = 0; i < 2; i++) {
        trial t = {.net = CONV_NET, .threads = 2, .backend = backends[i], .learn = INK_LEARN_HEAD};
        ink_weights before = {0}, after = {0};
        start(&t);
        assert_int_equal(ink_trainer_last(t.trainer, &before, NULL), INK_OK);
        assert_int_equal(run(&t), INK_OK);
        assert_int_equal(ink_trainer_last(t.trainer, &after, NULL), INK_OK);
        assert_int_equal(before.n, 8); /* two of each layer, two statistics */
        for (uint32_t k = 0; k < before.n; k++) {
            size_t bytes = before.item[k].count * sizeof(float);
            bool same = memcmp(before.item[k].data, after.item[k].data, bytes) == 0;
            if (same == is_head(&before.item[k])) fail_msg("%s %s", before.item[k].name, same ? "stood" : "moved");
        }
        ink_weights_clear(&before);
        ink_weights_clear(&after);
        end(&t);
    }
}

/* How far each weight goes in the first step. */
static void first_step(const char *body_lr, ink_weights *way) {
    const char *const keys[] = {"body-lr", body_lr, NULL};
    trial t = {.net = CONV_NET, .keys = keys, .threads = 1, .backend = &ink_backend_cpu, .stop_after = 2};
    ink_weights before = {0};
    start(&t);
    assert_int_equal(ink_trainer_last(t.trainer, &before, NULL), INK_OK);
    assert_int_equal(run(&t), INK_E_STOPPED);
    assert_int_equal(ink_trainer_last(t.trainer, way, NULL), INK_OK);
    for (uint32_t k = 0; k < way->n; k++) {
        for (size_t i = 0; i < way->item[k].count; i++) way->item[k].data[i] -= before.item[k].data[i];
    }
    ink_weights_clear(&before);
    end(&t);
}

static void body_lr_scales_all_but_the_head(void **state) {
    ink_weights whole = {0}, quarter = {0};
    unsigned body = 0;
    (void)state;
    first_step("1", &whole);
    first_step("0.25", &quarter);
    for (uint32_t k = 0; k < whole.n; k++) {
        if (strstr(whole.item[k].name, "running") != NULL) continue;
        float scale = is_head(&whole.item[k]) ? 1.0f : 0.25f;
        for (size_t i = 0; i < whole.item[k].count; i++) {
            /* Weights of about 0.3 are rounded twice to 24 bits: 2^-25 of that each. */
            float off = fabsf(quarter.item[k].data[i] - scale * whole.item[k].data[i]);
            if (off > 1.2e-7f) fail_msg("%s[%zu] is %g off", whole.item[k].name, i, (double)off);
            body += scale < 1 && fabsf(whole.item[k].data[i]) > 1e-3f;
        }
    }
    assert_true(body > 50);
    ink_weights_clear(&whole);
    ink_weights_clear(&quarter);
}

/* What would be no number, or never learn, is told before the first step. */
static void what_cannot_learn_is_told(void **state) {
    static const char *const muon[] = {"optimizer", "muon", "lr", "0", NULL};
    static const struct {
        const char *net;
        const char *const *keys;
        const char *says;
    } wrong[] = {
        {SMALL_NET, muon, "muon: lr is 0; at least 1e-09, for muon-lr follows the schedule by their ratio"},
        {"conv 8 29x3 pad 2 whiten\nrelu\nlinear 10", NULL, "whiten: a window of 29x3, larger than the images, 28x28"}};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ink_error err;
        trial t = {.net = wrong[i].net, .keys = wrong[i].keys, .threads = 1, .backend = &ink_backend_ref};
        assert_int_equal(try_start(&t, &err), INK_E_USAGE);
        assert_string_equal(err.text, wrong[i].says);
        end(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns),
        cmocka_unit_test(same_bits_for_any_threads_and_workers),
        cmocka_unit_test(resumed_runs_end_in_the_same_bits),
        cmocka_unit_test(resident_images_change_no_bit),
        cmocka_unit_test(resident_runs_resume),
        cmocka_unit_test(images_that_do_not_fit_are_sent),
        cmocka_unit_test(averages_follow_the_weights),
        cmocka_unit_test(statistics_are_those_of_the_training_rows),
        cmocka_unit_test(measuring_the_pace_changes_nothing),
        cmocka_unit_test(training_ends_at_the_accuracy_asked_for),
        cmocka_unit_test(damaged_checkpoints_are_noticed),
        cmocka_unit_test(a_loss_that_is_no_number_ends_the_run),
        cmocka_unit_test(weights_that_match_are_taken),
        cmocka_unit_test(a_frozen_body_keeps_its_bits),
        cmocka_unit_test(body_lr_scales_all_but_the_head),
        cmocka_unit_test(what_cannot_learn_is_told),
    };
    return cmocka_run_group_tests(tests, make_images, drop_images);
}
