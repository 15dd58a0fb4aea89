/* tests/train/test_techniques.c: what a recipe or net may ask for beyond plain steps: whitening filters, teachers.
 * Each is checked by what it promises, and gives the same bits as everything else. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "train/hard.h"
#include "train/trainer_state.h"
#include "trial.h"

/* ---- the first layer ---- */

static double dot9(const float *a, const double *b) {
    double sum = 0;
    for (int i = 0; i < 9; i++) sum += (double)a[i] * b[i];
    return sum;
}

/* Over all patches of the training rows, what the filters give is uncorrelated and of one variance (but for eps); the
 * second half is the negative of the first, and training leaves them alone. */
static void whitening_filters_whiten(void **state) {
    trial t = {.net = "conv 7 3x3 whiten\nrelu\nlinear 10", .threads = 1, .epochs = 1, .backend = &ink_backend_cpu};
    ink_weights before = {0}, after = {0};
    double sum[4] = {0}, product[4][4] = {{0}}, count = 0;
    (void)state;
    start(&t);
    assert_int_equal(ink_trainer_last(t.trainer, &before, NULL), INK_OK);
    assert_int_equal(run(&t), INK_OK);
    assert_int_equal(ink_trainer_last(t.trainer, &after, NULL), INK_OK);
    const float *w = before.item[0].data;
    assert_memory_equal(w, after.item[0].data, before.item[0].count * sizeof *w);
    assert_memory_not_equal(before.item[1].data, after.item[1].data, before.item[1].count * sizeof *w);
    for (int i = 0; i < 27; i++) assert_true(w[i] == -w[36 + i]);
    const ink_normalise *n = ink_trainer_normalise(t.trainer);
    for (uint32_t row = 0; row < ROWS; row++) {
        for (uint32_t at = 0; at < 26 * 26 && !held_out[row]; at++, count++) {
            double patch[9], y[4];
            for (uint32_t i = 0; i < 9; i++) {
                uint32_t pixel = (at / 26 + i / 3) * 28 + at % 26 + i % 3;
                patch[i] = images.pixels[row * 784 + pixel] * (double)n->scale[0] + (double)n->shift[0];
            }
            for (int k = 0; k < 4; k++) {
                y[k] = dot9(w + 9 * k, patch);
                sum[k] += y[k];
                for (int l = 0; l <= k; l++) product[k][l] += y[k] * y[l];
            }
        }
    }
    for (int k = 0; k < 4; k++) {
        for (int l = 0; l <= k; l++) {
            double c = product[k][l] / count - sum[k] / count * sum[l] / count;
            assert_true(k == l ? c > 0.99 && c <= 1.0001 : fabs(c) < 1e-3);
        }
    }
    ink_weights_clear(&before);
    ink_weights_clear(&after);
    end(&t);
}

/* ---- muon ---- */

/* One step moves a convolution's filters along directions that are nearly orthonormal, whatever the gradient was:
 * singular values of 0.68 to 1.13 give squared lengths of 0.46 to 1.28. Biases move as AdamW moves them: by lr. */
static void muon_steps_are_nearly_orthonormal(void **state) {
    static const char *const keys[] = {"optimizer", "muon", "muon-lr",    "1",   "lr", "1e-3",
                                       "augment",   "none", "batch-size", "200", NULL};
    trial t = {.net = "conv 6 5x5\nrelu\nlinear 10", .keys = keys, .threads = 1, .epochs = 1};
    ink_weights before = {0}, after = {0};
    double way[6][25];
    (void)state;
    t.backend = &ink_backend_cpu;
    start(&t);
    assert_int_equal(ink_trainer_last(t.trainer, &before, NULL), INK_OK);
    assert_int_equal(run(&t), INK_OK);
    assert_int_equal(t.last.step, 1);
    assert_int_equal(ink_trainer_last(t.trainer, &after, NULL), INK_OK);
    for (int i = 0; i < 150; i++) way[i / 25][i % 25] = (double)before.item[0].data[i] - (double)after.item[0].data[i];
    for (int k = 0; k < 6; k++) {
        for (int l = 0; l <= k; l++) {
            double product = 0;
            for (int i = 0; i < 25; i++) product += way[k][i] * way[l][i];
            assert_true(k == l ? product > 0.4 && product < 1.35 : fabs(product) < 0.45);
        }
        assert_true(fabs(fabs((double)(before.item[1].data[k] - after.item[1].data[k])) - 1e-3) < 1e-4);
    }
    ink_weights_clear(&before);
    ink_weights_clear(&after);
    end(&t);
}

static void muon_learns_with_the_same_bits_for_any_threads(void **state) {
    static const char *const keys[] = {"optimizer", "muon", "clip", "5", "weight-decay", "0.01", NULL};
    ink_weights first = {0};
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        trial t = {.net = CONV_NET, .keys = keys, .threads = 1 + 2 * i, .workers = i, .epochs = 8};
        ink_weights all = {0};
        t.backend = &ink_backend_cpu;
        train_whole(&t, &all);
        assert_true(t.last.val_accuracy > 0.8);
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

/* ---- teachers ---- */

/* A teacher from a trained trial's weights. */
static ink_status load_teacher(const void *file, const ink_graph *g, const ink_backend *backend, ink_program *program,
                               ink_error *err) {
    const ink_weights *weights = file;
    for (uint32_t i = 0; i < weights->n; i++) {
        ink_id id = ink_graph_find(g, weights->item[i].name);
        assert_int_not_equal(id, INK_NONE);
        ink_status status = backend->write(program, id, weights->item[i].data, weights->item[i].count, err);
        if (status != INK_OK) return status;
    }
    return INK_OK;
}

typedef struct school {
    ink_net *net;
    ink_weights weights;
    ink_teacher teacher;
} school;

static void found(school *s, uint32_t epochs) {
    trial t = {.net = CONV_NET, .threads = 1, .epochs = epochs, .backend = &ink_backend_cpu};
    ink_weights all = {0};
    train_whole(&t, &all);
    ink_weights_clear(&all);
    assert_int_equal(ink_trainer_last(t.trainer, &s->weights, NULL), INK_OK);
    assert_int_equal(ink_net_parse(CONV_NET, "teacher", 1, &s->net, NULL), INK_OK);
    s->teacher = (ink_teacher){
        .net = s->net, .normalise = *ink_trainer_normalise(t.trainer), .file = &s->weights, .load = load_teacher};
    end(&t);
}

static void dissolve(school *s) {
    ink_net_free(s->net);
    ink_weights_clear(&s->weights);
}

/* With all weight on the teacher the labels do not matter: wrong ones teach the right digits. Bits as ever. */
static void a_teacher_teaches(void **state) {
    static const char *const keys[] = {"distil-weight", "1", "distil-temperature", "2", NULL};
    school s;
    (void)state;
    found(&s, 12);
    trial t = {.net = SMALL_NET, .keys = keys, .threads = 1, .epochs = 12, .backend = &ink_backend_cpu};
    trial again = t;
    ink_weights all = {0}, same = {0};
    t.teachers = again.teachers = &s.teacher;
    t.n_teachers = again.n_teachers = 1;
    again.threads = 3;
    again.workers = 2;
    for (uint32_t i = 0; i < ROWS; i++) {
        if (!held_out[i]) images.labels[i] = (uint8_t)((images.labels[i] + 1) % 10);
    }
    train_whole(&t, &all);
    train_whole(&again, &same);
    for (uint32_t i = 0; i < ROWS; i++) images.labels[i] = (uint8_t)(i * 7 % 10);
    assert_true(t.last.train_accuracy < 0.1);
    assert_true(t.last.val_accuracy > 0.85);
    assert_same_weights(&all, &same);
    ink_weights_clear(&all);
    ink_weights_clear(&same);
    end(&t);
    end(&again);
    dissolve(&s);
}

/* Two equal teachers say what one says. */
static void the_mean_of_equal_teachers_is_one_of_them(void **state) {
    school s;
    (void)state;
    found(&s, 2);
    ink_teacher twice[] = {s.teacher, s.teacher};
    trial one = {.net = "linear 10", .threads = 1, .epochs = 1, .backend = &ink_backend_cpu}, two = one;
    ink_weights a = {0}, b = {0};
    one.teachers = two.teachers = twice;
    one.n_teachers = 1;
    two.n_teachers = 2;
    train_whole(&one, &a);
    train_whole(&two, &b);
    assert_same_weights(&a, &b); /* halves are exact */
    ink_weights_clear(&a);
    ink_weights_clear(&b);
    end(&one);
    end(&two);
    dissolve(&s);
}

/* ---- hard examples ---- */

/* Half of what is seen is learned from; the same bits for any threads. With nothing left out, as without the key. */
static void hard_examples_are_chosen_alike(void **state) {
    static const char *const half[] = {"hard-share", "0.5", NULL}, *const all_of_them[] = {"hard-share", "1", NULL};
    static const uint32_t threads[] = {1, 3, 8};
    ink_weights first = {0}, plain = {0}, whole = {0};
    (void)state;
    for (int i = 0; i < 3; i++) {
        trial t = {.net = CONV_NET, .keys = half, .threads = threads[i], .workers = (uint32_t)i, .epochs = 4};
        ink_weights all = {0};
        t.backend = &ink_backend_cpu;
        train_whole(&t, &all);
        assert_int_equal(t.last.step, 4 * 3); /* 180 rows, 64 looked at a step */
        end(&t);
        if (i == 0) {
            first = all;
        } else {
            assert_same_weights(&first, &all);
            ink_weights_clear(&all);
        }
    }
    trial a = {.net = CONV_NET, .threads = 1, .backend = &ink_backend_cpu}, b = a;
    b.keys = all_of_them;
    train_whole(&a, &plain);
    train_whole(&b, &whole);
    assert_same_weights(&plain, &whole);
    end(&a);
    end(&b);
    ink_weights_clear(&first);
    ink_weights_clear(&plain);
    ink_weights_clear(&whole);
}

/* Rows with a wrong label have the largest losses of a net that knows its digits: those are chosen. Their training loss
 * is that of the chosen alone, so it is far above the mean. */
static void the_largest_losses_are_chosen(void **state) {
    static const char *const keys[] = {"hard-share", "0.1", "lr", "0", "augment", "none", NULL};
    static const char *const none[] = {"lr", "0", "augment", "none", NULL};
    (void)state;
    trial known = {.net = SMALL_NET, .threads = 1, .epochs = 12, .backend = &ink_backend_ref};
    ink_weights weights = {0}, all = {0};
    train_whole(&known, &all);
    ink_weights_clear(&all);
    assert_int_equal(ink_trainer_last(known.trainer, &weights, NULL), INK_OK);
    end(&known);
    trial hard = {.net = SMALL_NET, .keys = keys, .threads = 1, .epochs = 1, .backend = &ink_backend_ref};
    trial mean = {.net = SMALL_NET, .keys = none, .threads = 1, .epochs = 1, .backend = &ink_backend_ref};
    images.labels[0] = (uint8_t)((images.labels[0] + 1) % 10);
    start(&hard);
    start(&mean);
    assert_int_equal(ink_trainer_load(hard.trainer, &weights, NULL), INK_OK);
    assert_int_equal(ink_trainer_load(mean.trainer, &weights, NULL), INK_OK);
    assert_int_equal(run(&hard), INK_OK);
    assert_int_equal(run(&mean), INK_OK);
    images.labels[0] = 0;
    assert_true(hard.last.train_loss > 3 * mean.last.train_loss);
    assert_true(hard.last.train_accuracy < mean.last.train_accuracy);
    end(&hard);
    end(&mean);
    ink_weights_clear(&weights);
}

/* B / S images and ceil(S n) of them: rounded twice, that could be one more than a batch has room for. */
static void a_step_has_no_more_than_a_batch(void **state) {
    static const struct {
        const char *batch, *share;
    } cases[] = {{"51", "0.68"}, {"51", "0.34"}, {"102", "0.68"}, {"32", "0.5"}, {"51", "0.17"}, {"77", "0.28"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *keys[] = {"batch-size", cases[i].batch, "hard-share", cases[i].share, "augment", "none", NULL};
        trial t = {.net = SMALL_NET, .keys = keys, .threads = 1, .epochs = 1, .backend = &ink_backend_cpu};
        uint32_t rows[ROWS], n;
        start(&t);
        n = ink_hard_candidates(&t.recipe);
        if (n > t.trainer->n_train) n = t.trainer->n_train;
        for (uint32_t k = 0; k < n; k++) rows[k] = k;
        ink_batch_view all = {.n = n, .images = images.pixels, .labels = images.labels, .rows = rows}, hard;
        assert_int_equal(ink_hard_pick(t.trainer->hard, &all, &hard, NULL), INK_OK);
        assert_true(hard.n > 0 && hard.n <= t.recipe.batch_size);
        assert_int_equal(run(&t), INK_OK);
        end(&t);
    }
}

/* ---- the sweep of the learning rate ---- */

static void a_sweep_rises_until_hope_is_lost(void **state) {
    static double lr[2][400], loss[2][400];
    ink_lr_sweep sweeps[2];
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        trial t = {.net = SMALL_NET, .threads = 1 + 2 * i, .workers = i, .backend = &ink_backend_cpu};
        ink_trainer_watch watch = {0};
        sweeps[i] = (ink_lr_sweep){.low = 1e-6, .high = 1e3, .steps = 400, .lr = lr[i], .loss = loss[i]};
        start(&t);
        assert_int_equal(ink_trainer_sweep(t.trainer, &watch, &sweeps[i], NULL), INK_OK);
        end(&t);
    }
    assert_int_equal(sweeps[0].n, sweeps[1].n);
    assert_memory_equal(loss[0], loss[1], sweeps[0].n * sizeof *loss[0]);
    assert_true(sweeps[0].n > 100 && sweeps[0].n < 400); /* a rate of 1,000 is beyond hope */
    assert_true(fabs(lr[0][0] - 1e-6) < 1e-15);
    for (uint32_t i = 1; i < sweeps[0].n; i++) assert_true(lr[0][i] > lr[0][i - 1]);
    double suggestion = ink_lr_sweep_suggestion(&sweeps[0]);
    assert_true(suggestion > 1e-4 && suggestion < 0.3);
}

static void the_suggestion_is_where_the_loss_falls_fastest(void **state) {
    double lr[] = {1e-4, 1e-3, 1e-2, 1e-1, 1, 10}, loss[] = {2.1, 2, 1, 0.6, 0.5, 3};
    ink_lr_sweep sweep = {.lr = lr, .loss = loss, .n = 6};
    (void)state;
    assert_true(fabs(ink_lr_sweep_suggestion(&sweep) - 1e-2) < 1e-12);
    sweep.n = 0;
    assert_true(ink_lr_sweep_suggestion(&sweep) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whitening_filters_whiten),
        cmocka_unit_test(hard_examples_are_chosen_alike),
        cmocka_unit_test(the_largest_losses_are_chosen),
        cmocka_unit_test(a_step_has_no_more_than_a_batch),
        cmocka_unit_test(a_sweep_rises_until_hope_is_lost),
        cmocka_unit_test(the_suggestion_is_where_the_loss_falls_fastest),
        cmocka_unit_test(muon_steps_are_nearly_orthonormal),
        cmocka_unit_test(muon_learns_with_the_same_bits_for_any_threads),
        cmocka_unit_test(a_teacher_teaches),
        cmocka_unit_test(the_mean_of_equal_teachers_is_one_of_them),
    };
    return cmocka_run_group_tests(tests, make_images, drop_images);
}
