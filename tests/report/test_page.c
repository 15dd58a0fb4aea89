/* tests/report/test_page.c: report.html is complete in itself and well-formed.
 * How the page looks is for eyes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "report/page.h"
#include "scratch.h"

static ink_epoch epochs[4];
static ink_confusion confusion;
static ink_mistake worst[70];
static uint8_t pixels[70 * 784];

static void make_run(void) {
    confusion = (ink_confusion){0};
    for (uint32_t i = 0; i < 4; i++) {
        epochs[i] = (ink_epoch){.epoch = i + 1, .val_acc = 0.9 + 0.02 * i, .val_loss = 0.3, .train_acc = NAN};
    }
    for (uint32_t i = 0; i < 70; i++) {
        float p[10] = {[3] = 0.25f, [5] = 0.75f};
        ink_confusion_add(&confusion, p, i < 20 ? 3 : 5);
        worst[i] = (ink_mistake){.index = i, .truth = 3, .guess = 5, .p_truth = 0.25f, .p_guess = 0.75f, .loss = 1.38};
        pixels[i * 785] = 255;
    }
}

/* Sound, and nothing in it that a browser would fetch. */
static void check_page(const char *html) {
    static const char doctype[] = "<!doctype html>\n";
    assert_int_equal(strncmp(html, doctype, sizeof doctype - 1), 0);
    const char *fault = xml_fault(html + sizeof doctype - 1);
    if (fault != NULL) print_error("%s\n", fault);
    assert_null(fault);
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "<link"));
    assert_null(strstr(html, "url("));
    assert_null(strstr(html, "@import"));
    for (const char *s = html; (s = strstr(s, "src=\"")) != NULL; s++)
        assert_int_equal(strncmp(s, "src=\"data:", 10), 0);
    for (const char *s = html; (s = strstr(s, "href=\"")) != NULL; s++)
        assert_int_equal(strncmp(s, "href=\"data:", 11), 0);
    for (const char *s = html; (s = strstr(s, "http")) != NULL; s++) { /* the name of SVG, and the policy */
        assert_true(strncmp(s, "http://www.w3.org/2000/svg", 26) == 0 || strncmp(s, "http-equiv", 10) == 0);
    }
}

static void a_full_page(void **state) {
    (void)state;
    char *html = NULL;
    ink_error err;
    make_run();
    ink_page_fact facts[] = {{"weights", "sha256 & more"}, {"nothing", NULL}};
    ink_page page = {.title = "v3 <on> \"train.csv\"",
                     .epochs = epochs,
                     .n_epochs = 4,
                     .confusion = &confusion,
                     .measured_on = "70 held-out digits",
                     .worst = worst,
                     .n_worst = 20,
                     .worst_pixels = pixels,
                     .suspects = worst + 20,
                     .n_suspects = 3,
                     .suspects_in_all = 8,
                     .suspect_pixels = pixels + 20 * 784,
                     .settings = "epochs = 4\nnormalise = <x>\n",
                     .facts = facts,
                     .n_facts = 2};
    assert_int_equal(ink_page_html(&page, &html, &err), INK_OK);
    check_page(html);
    assert_non_null(strstr(html, "<div class=\"score\">71.43 %</div>"));
    assert_non_null(strstr(html, "v3 &lt;on&gt; &quot;train.csv&quot;"));
    assert_non_null(strstr(html, "3 read as 5"));
    assert_non_null(strstr(html, "The labels of 8 digits are contradicted"));
    assert_non_null(strstr(html, "labelled 3, a 5?"));
    assert_non_null(strstr(html, "The first 3."));
    assert_non_null(strstr(html, "sha256 &amp; more"));
    assert_null(strstr(html, "nothing</th>"));
    ink_mem_free(html);
}

static void pages_with_little_in_them(void **state) {
    (void)state;
    char *html = NULL;
    ink_error err;
    make_run();
    assert_int_equal(ink_page_html(&(ink_page){0}, &html, &err), INK_OK);
    check_page(html);
    assert_non_null(strstr(html, "no accuracy is claimed"));
    ink_mem_free(html);
    assert_int_equal(ink_page_html(&(ink_page){.epochs = epochs, .n_epochs = 4}, &html, &err), INK_OK);
    check_page(html);
    assert_non_null(strstr(html, "<div class=\"score\">96.00 %</div>"));
    ink_mem_free(html);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_page),
        cmocka_unit_test(pages_with_little_in_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
