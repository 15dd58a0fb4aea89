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
#include "core/rng.h"
#include "train/checkpoint.h"

#define ROWS      200
#define PATH_SIZE 128

static ink_images images;
static uint8_t held_out[ROWS];
static char folder[] = "/tmp/inkling-trainer-XXXXXX";

/* Ten blurred bars, one per digit, with noise: learnable in a few epochs. */
static int make_images(void **state) {
    ink_rng rng = ink_rng_at(3, INK_STREAM_GOLDEN, 0, 0);
    (void)state;
    images = (ink_images){.count = ROWS, .height = 28, .width = 28};
    images.pixels = ink_mem_new(ROWS, 784);
    images.labels = ink_mem_new(ROWS, 1);
    for (uint32_t i = 0; i < ROWS; i++) {
        images.labels[i] = (uint8_t)(i * 7 % 10);
        for (uint32_t k = 0; k < 784; k++) {
            uint32_t x = k % 28, bar = 2u * images.labels[i] + 4;
            uint32_t ink = x == bar || x == bar + 1 ? 200 : 0;
            images.pixels[i * 784 + k] = (uint8_t)(ink + ink_rng_below(&rng, 50));
        }
        held_out[i] = i / 10 % 10 == 3; /* two rows of each digit */
    }
    return mkdtemp(folder) == NULL;
}

static int drop_images(void **state) {
    (void)state;
    ink_images_free(&images);
    return rmdir(folder);
}

typedef struct trial {
    const char *net;
    uint32_t threads, workers, epochs; /* epochs 0: 3 */
    const ink_backend *backend;
    ink_trainer *trainer;
    ink_pool *pool;
    ink_recipe recipe;
    uint32_t epochs_seen, stop_after; /* batches until stop says so; 0: never */
    ink_epoch_result last;
} trial;

static bool on_stop(void *context) {
    trial *t = context;
    return t->stop_after > 0 && --t->stop_after == 0;
}

static ink_status on_epoch(void *context, const ink_epoch_result *result, ink_error *err) {
    trial *t = context;
    (void)err;
    t->epochs_seen++;
    t->last = *result;
    return INK_OK;
}

static void start(trial *t) {
    ink_recipe_start(&t->recipe);
    char workers[8];
    snprintf(workers, sizeof workers, "%u", t->workers);
    t->recipe.epochs = t->epochs > 0 ? t->epochs : 3;
    assert_int_equal(ink_recipe_set(&t->recipe, "lr", "1e-2", "test", NULL), INK_OK);
    assert_int_equal(ink_recipe_set(&t->recipe, "batch-size", "32", "test", NULL), INK_OK);
    assert_int_equal(ink_recipe_set(&t->recipe, "workers", workers, "test", NULL), INK_OK);
    assert_int_equal(ink_recipe_set(&t->recipe, "augment", "rotate 5 shift 0.02", "test", NULL), INK_OK);
    assert_int_equal(ink_recipe_set_net(&t->recipe, t->net, "test", 1, NULL), INK_OK);
    assert_int_equal(ink_pool_new(t->threads, &t->pool, NULL), INK_OK);
    ink_trainer_setup setup = {.recipe = &t->recipe,
                               .images = &images,
                               .held_out = held_out,
                               .backend = t->backend,
                               .precision = INK_PRECISION_F32,
                               .pool = t->pool};
    ink_error err;
    if (ink_trainer_new(&setup, &t->trainer, &err) != INK_OK) fail_msg("%s", err.text);
}

static ink_status run(trial *t) {
    ink_trainer_watch watch = {.context = t, .stop = on_stop, .epoch = on_epoch};
    return ink_trainer_run(t->trainer, &watch, NULL);
}

static void end(trial *t) {
    ink_trainer_free(t->trainer);
    ink_pool_free(t->pool);
    ink_recipe_clear(&t->recipe);
}

static void assert_same_weights(const ink_weights *a, const ink_weights *b) {
    assert_int_equal(a->n, b->n);
    for (uint32_t i = 0; i < a->n; i++) {
        assert_string_equal(a->item[i].name, b->item[i].name);
        assert_memory_equal(a->item[i].data, b->item[i].data, a->item[i].count * sizeof(float));
    }
}

static const char small_net[] = "linear 24\nrelu\ndropout 0.2\nlinear 10";
static const char conv_net[] = "conv 6 5x5 stride 2\nbatchnorm\nrelu\nmaxpool 2x2\ndropout 0.1\nlinear 10";

/* Final weights and moments of a whole run. */
static void train_whole(trial *t, ink_weights *all) {
    start(t);
    assert_int_equal(run(t), INK_OK);
    assert_int_equal(t->epochs_seen, t->recipe.epochs);
    assert_int_equal(ink_trainer_all(t->trainer, all, NULL), INK_OK);
}

static void same_bits(const ink_backend *backend, const char *net) {
    static const uint32_t threads[] = {1, 2, 3, 8}, workers[] = {0, 2, 1, 0};
    ink_weights first = {0};
    for (int i = 0; i < 4; i++) {
        trial t = {.net = net, .threads = threads[i], .workers = workers[i], .backend = backend};
        ink_weights all = {0};
        train_whole(&t, &all);
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

static void same_bits_for_any_threads_and_workers(void **state) {
    const ink_backend *cpu = ink_backend_find("cpu");
    (void)state;
    same_bits(&ink_backend_ref, small_net);
    same_bits(&ink_backend_ref, conv_net);
    if (cpu != NULL) {
        same_bits(cpu, small_net);
        same_bits(cpu, conv_net);
    }
}

static void it_learns(void **state) {
    trial t = {.net = small_net, .threads = 1, .epochs = 8, .backend = &ink_backend_ref};
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

/* Stopped behind `batches` batches, saved, loaded into a new trainer, run to the end. */
static void resume_at(const ink_backend *backend, const char *net, uint32_t batches, const ink_weights *whole) {
    char path[PATH_SIZE];
    ink_error err;
    ink_checkpoint checkpoint;
    ink_weights all = {0};
    ink_pair notes[] = {{"recipe", "text"}, {"data", "here"}};
    trial a = {.net = net, .threads = 2, .backend = backend, .stop_after = batches + 1};
    trial b = {.net = net, .threads = 1, .backend = backend};
    snprintf(path, sizeof path, "%s/checkpoint.ink", folder);
    start(&a);
    assert_int_equal(run(&a), INK_E_STOPPED);
    if (ink_checkpoint_save(path, a.trainer, held_out, ROWS, notes, 2, &err) != INK_OK) fail_msg("%s", err.text);
    end(&a);
    if (ink_checkpoint_load(path, &checkpoint, &err) != INK_OK) fail_msg("%s", err.text);
    assert_string_equal(ink_tensors_note(&checkpoint.file, "data"), "here");
    assert_int_equal(checkpoint.n_rows, ROWS);
    assert_memory_equal(checkpoint.held_out, held_out, ROWS);
    start(&b);
    assert_int_equal(ink_trainer_restore(b.trainer, &checkpoint.position, &checkpoint.all, &checkpoint.best, NULL),
                     INK_OK);
    assert_int_equal(run(&b), INK_OK);
    assert_int_equal(ink_trainer_all(b.trainer, &all, NULL), INK_OK);
    assert_same_weights(whole, &all);
    end(&b);
    ink_weights_clear(&all);
    ink_checkpoint_clear(&checkpoint);
    unlink(path);
    snprintf(path, sizeof path, "%s/checkpoint.ink.1", folder);
    unlink(path);
}

static void resumed_runs_end_in_the_same_bits(void **state) {
    static const uint32_t batches[] = {1, 5, 6, 7, 11, 17};
    ink_weights whole = {0};
    trial t = {.net = conv_net, .threads = 1, .backend = &ink_backend_ref};
    (void)state;
    train_whole(&t, &whole);
    end(&t);
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        resume_at(&ink_backend_ref, conv_net, batches[i], &whole);
    }
    ink_weights_clear(&whole);
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
    trial t = {.net = small_net, .threads = 1, .backend = &ink_backend_ref};
    (void)state;
    start(&t);
    t.recipe.lr = 1e30; /* far beyond what a recipe may say */
    assert_int_equal(run(&t), INK_E_DIVERGED);
    end(&t);
}

static void weights_that_match_are_taken(void **state) {
    trial a = {.net = small_net, .threads = 1, .backend = &ink_backend_ref};
    trial b = {.net = "linear 24\nrelu\nlinear 12\nrelu\nlinear 10", .threads = 1, .backend = &ink_backend_ref};
    ink_weights from = {0}, to = {0};
    ink_load_report report;
    (void)state;
    train_whole(&a, &from);
    ink_weights_clear(&from);
    assert_int_equal(ink_trainer_last(a.trainer, &from, NULL), INK_OK);
    start(&b);
    assert_int_equal(ink_trainer_load(b.trainer, &from, &report, NULL), INK_OK);
    assert_int_equal(report.loaded, 2); /* 0.weight, 0.bias; 3.* of a is a dropout's neighbour, unknown to b */
    assert_int_equal(report.skipped, 2);
    assert_int_equal(report.missing, 4);
    assert_string_equal(report.missing_names, "2.weight 2.bias 4.weight 4.bias");
    assert_int_equal(ink_trainer_last(b.trainer, &to, NULL), INK_OK);
    assert_memory_equal(to.item[0].data, from.item[0].data, from.item[0].count * sizeof(float));
    ink_weights_clear(&from);
    ink_weights_clear(&to);
    end(&a);
    end(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_learns),
        cmocka_unit_test(same_bits_for_any_threads_and_workers),
        cmocka_unit_test(resumed_runs_end_in_the_same_bits),
        cmocka_unit_test(damaged_checkpoints_are_noticed),
        cmocka_unit_test(a_loss_that_is_no_number_ends_the_run),
        cmocka_unit_test(weights_that_match_are_taken),
    };
    return cmocka_run_group_tests(tests, make_images, drop_images);
}
