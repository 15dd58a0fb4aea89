/* tests/train/trial.c: small trainings for tests: images that a formula makes, and a trainer with its recipe.
 * It asserts that what it does works, and no more. */
#define _POSIX_C_SOURCE 200809L
#include "trial.h"

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

ink_images images;
uint8_t held_out[ROWS];
char folder[] = "/tmp/inkling-trainer-XXXXXX";

/* Ten blurred bars, one per digit, with noise: learnable in a few epochs. */
int make_images(void **state) {
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

int drop_images(void **state) {
    (void)state;
    ink_images_free(&images);
    return rmdir(folder);
}

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

ink_status try_start(trial *t, ink_error *err) {
    ink_recipe_start(&t->recipe);
    char workers[8];
    snprintf(workers, sizeof workers, "%u", t->workers);
    t->recipe.epochs = t->epochs > 0 ? t->epochs : 3;
    assert_int_equal(ink_recipe_set(&t->recipe, "lr", "1e-2", "test", NULL), INK_OK);
    assert_int_equal(ink_recipe_set(&t->recipe, "batch-size", "32", "test", NULL), INK_OK);
    assert_int_equal(ink_recipe_set(&t->recipe, "workers", workers, "test", NULL), INK_OK);
    assert_int_equal(ink_recipe_set(&t->recipe, "augment", "rotate 5 shift 0.02", "test", NULL), INK_OK);
    for (const char *const *key = t->keys; key != NULL && *key != NULL; key += 2) {
        assert_int_equal(ink_recipe_set(&t->recipe, key[0], key[1], "test", NULL), INK_OK);
    }
    assert_int_equal(ink_recipe_set_net(&t->recipe, t->net, "test", 1, NULL), INK_OK);
    assert_int_equal(ink_pool_new(t->threads, &t->pool, NULL), INK_OK);
    ink_trainer_setup setup = {.recipe = &t->recipe,
                               .images = &images,
                               .held_out = held_out,
                               .backend = t->backend,
                               .precision = INK_PRECISION_F32,
                               .learn = t->learn,
                               .teachers = t->teachers,
                               .n_teachers = t->n_teachers,
                               .pool = t->pool};
    return ink_trainer_new(&setup, &t->trainer, err);
}

void start(trial *t) {
    ink_error err;
    if (try_start(t, &err) != INK_OK) fail_msg("%s", err.text);
}

ink_status run(trial *t) {
    ink_trainer_watch watch = {.context = t, .stop = on_stop, .epoch = on_epoch};
    return ink_trainer_run(t->trainer, &watch, NULL);
}

void end(trial *t) {
    ink_trainer_free(t->trainer);
    ink_pool_free(t->pool);
    ink_recipe_clear(&t->recipe);
}

void assert_same_weights(const ink_weights *a, const ink_weights *b) {
    assert_int_equal(a->n, b->n);
    for (uint32_t i = 0; i < a->n; i++) {
        assert_string_equal(a->item[i].name, b->item[i].name);
        assert_memory_equal(a->item[i].data, b->item[i].data, a->item[i].count * sizeof(float));
    }
}

/* Final weights and moments of a whole run. */
void train_whole(trial *t, ink_weights *all) {
    start(t);
    assert_int_equal(run(t), INK_OK);
    assert_int_equal(t->epochs_seen, t->recipe.epochs);
    assert_int_equal(ink_trainer_all(t->trainer, all, NULL), INK_OK);
}
