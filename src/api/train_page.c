/* api/train_page.c: what stands on a run's report.html.
 * Its layout is report/page.h's. */
#include <stdio.h>
#include <string.h>

#include "api/train_run.h"
#include "core/mem.h"
#include "files/write.h"
#include "report/page.h"

#define FACTS_MOST 10

/* Facts with room for their numbers. */
typedef struct page_facts {
    ink_page_fact fact[FACTS_MOST];
    char text[FACTS_MOST][96];
    uint32_t n;
} page_facts;

static char *add(page_facts *f, const char *name) {
    char *value = f->text[f->n];
    f->fact[f->n++] = (ink_page_fact){name, value};
    return value;
}

/* What the settings, which are a recipe, have no words for. */
static void add_given(page_facts *f, const ink_train_run *run) {
    const struct {
        const char *name, *value;
    } given[] = {{"learned from too", run->more.length > 0 ? run->more.bytes : ""},
                 {"first weights", run->weights},
                 {"frozen", run->learn_head ? "body" : ""},
                 {"teachers", run->teachers.paths != NULL ? run->teachers.paths : ""}};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (given[i].value[0] != '\0') f->fact[f->n++] = (ink_page_fact){given[i].name, given[i].value};
    }
}

ink_status ink_train_page(ink_train_run *run, const ink_judgement *judgement, ink_error *err) {
    const ink_train_result *r = run->result;
    char title[160], measured_on[160], path[INK_PATH_SIZE], *settings = NULL, *html = NULL;
    page_facts facts = {.n = 0};
    ink_epoch *means = NULL;
    uint32_t n_epochs = 0, nets = 1;
    const ink_epoch *epochs = ink_runlog_epochs(run->log, &n_epochs);
    const char *slash = strrchr(r->run, '/');
    snprintf(title, sizeof title, "inkling: %.120s", slash != NULL ? slash + 1 : r->run);
    if (r->table != NULL) {
        snprintf(measured_on, sizeof measured_on, "%u held-out digits, each by the nets that had not learned it",
                 r->val_rows);
    } else {
        snprintf(measured_on, sizeof measured_on, "%u held-out digits, weights after the last epoch (%u)", r->val_rows,
                 r->epochs);
    }
    snprintf(add(&facts, "rows learned from"), sizeof facts.text[0], "%u", r->train_rows);
    snprintf(add(&facts, "data, SHA-256"), sizeof facts.text[0], "%s", run->set.train_sha256);
    add_given(&facts, run);
    if (run->trainer != NULL) {
        snprintf(add(&facts, "last weights, SHA-256"), sizeof facts.text[0], "%s", r->weights_sha256);
        snprintf(add(&facts, "precision"), sizeof facts.text[0], "%s",
                 ink_precision_word(ink_trainer_precision(run->trainer)));
    }
    snprintf(add(&facts, "inkling"), sizeof facts.text[0], "%s", ink_version());
    ink_status status = ink_recipe_text(&run->recipe, &settings, err);
    if (status == INK_OK && r->table != NULL) {
        status = ink_members_epochs(r->run, &means, &n_epochs, &nets, err);
        epochs = means;
    }
    if (status == INK_OK) status = ink_runlog_file(run->log, "report.html", path, sizeof path, err);
    if (status == INK_OK) {
        ink_page page = {.title = title,
                         .epochs = epochs,
                         .n_epochs = n_epochs,
                         .n_nets = nets,
                         .nets = r->table,
                         .confusion = &judgement->confusion,
                         .measured_on = r->val_rows > 0 ? measured_on : NULL,
                         .worst = judgement->worst,
                         .n_worst = judgement->n_worst,
                         .worst_pixels = judgement->worst_pixels,
                         .suspects = judgement->suspects,
                         .n_suspects = judgement->n_suspects,
                         .suspects_in_all = judgement->suspects_in_all,
                         .suspect_pixels = judgement->suspect_pixels,
                         .settings = settings,
                         .facts = facts.fact,
                         .n_facts = facts.n};
        status = ink_page_html(&page, &html, err);
    }
    if (status == INK_OK) status = ink_file_write_all(path, html, strlen(html), err);
    ink_mem_free(html);
    ink_mem_free(settings);
    ink_mem_free(means);
    return status;
}
