/* report/page.c: report.html, one part after the other.
 * Its pictures and numbers are made elsewhere; here is only HTML. */
#include "report/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/status.h"
#include "report/chart.h"
#include "report/panel.h"

/* Small enough that its letters can still be read when a phone shrinks it. */
#define CHART_W 500.0
#define CHART_H 350.0

/* No character of it is special to XML, so that the whole page is well-formed. The colours are the pictures'. */
static const char style[] =
    ":root{color-scheme:light dark;--bg:#ffffff;--tile:#f3f5f8;--text:#1f2328;--muted:#59636e;--line:#e4e8ec;"
    "--blue:#0b62d6;--red:#c9252d}\n"
    "@media (prefers-color-scheme:dark){:root{--bg:#0d1117;--tile:#161b22;--text:#e6edf3;--muted:#9198a1;"
    "--line:#252b33;--blue:#6cb6ff;--red:#ff7b72}img{filter:invert(1)}}\n"
    "body{margin:0;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,"
    "\"Helvetica Neue\",Arial,\"DejaVu Sans\",sans-serif;-webkit-text-size-adjust:100%}\n"
    "main{max-width:1160px;margin:0 auto;padding:24px 20px 48px}\n"
    "h1{font-size:22px;line-height:1.3;margin:0 0 20px;overflow-wrap:anywhere}h2{font-size:18px;margin:44px 0 "
    "12px;padding-top:16px;"
    "border-top:1px solid var(--line)}\n"
    ".score{font-size:clamp(44px,11vw,72px);font-weight:650;line-height:1.05;color:var(--blue);"
    "font-variant-numeric:tabular-nums}\n"
    ".muted,small{color:var(--muted)}small{font-size:12.5px}p{margin:6px 0;max-width:70ch}\n"
    ".pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,480px),1fr));gap:12px;"
    "align-items:start}\n"
    ".wide{overflow-x:auto}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14.5px}\n"
    "th,td{padding:4px 12px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}\n"
    "th{font-weight:600;color:var(--muted)}th:first-child,td:first-child{padding-left:0}\n"
    ".facts td{text-align:left;white-space:normal;overflow-wrap:anywhere}.facts "
    "th{text-align:left;vertical-align:top}\n"
    ".digits{display:grid;grid-template-columns:repeat(auto-fill,minmax(104px,1fr));gap:14px 10px;margin:16px 0}\n"
    "figure{margin:0;text-align:center;line-height:1.3}figcaption{font-size:14px;font-weight:600;color:var(--red);"
    "margin-top:6px}figcaption small{display:block;font-weight:400}\n"
    ".digit{background:var(--tile);border-radius:6px;padding:2px;display:inline-block;line-height:0}\n"
    ".digit img{width:84px;height:84px;image-rendering:pixelated}\n"
    "pre{background:var(--tile);border-radius:8px;padding:14px "
    "16px;overflow-x:auto;font-size:13.5px;line-height:1.45}\n"
    "summary{cursor:pointer;color:var(--blue);margin:10px 0}svg{display:block}\n"
    "@media (max-width:480px){main{padding:18px 14px 40px}th,td{padding:4px 7px}table{font-size:13.5px}}\n"
    "@media print{h2{break-after:avoid}figure,svg{break-inside:avoid}}\n";

static void add_percent(ink_text *html, double share, int decimals) {
    ink_text_fixed(html, 100 * share, decimals);
    ink_text_add(html, " %");
}

/* 41580 as 41,580. */
static void add_count(ink_text *html, uint64_t count) {
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) ink_text_add(html, ",");
        ink_text_bytes(html, &digits[i], 1);
    }
}

static void add_heading(ink_text *html, const char *text) {
    ink_text_add(html, "<h2>");
    ink_text_xml(html, text);
    ink_text_add(html, "</h2>\n");
}

/* Draws the picture into the page and frees it. */
static ink_status add_picture(ink_text *html, ink_picture *picture, ink_error *err) {
    ink_text_add(html, "<div>\n");
    ink_status status = ink_picture_svg(picture, html, err);
    ink_text_add(html, "</div>\n");
    ink_picture_free(picture);
    return status;
}

static void add_score(ink_text *html, const ink_page *page) {
    uint32_t best = ink_chart_best(page->epochs, page->n_epochs);
    if (page->confusion != NULL && page->confusion->rows > 0) {
        ink_scores s;
        ink_confusion_scores(page->confusion, &s);
        ink_text_add(html, "<div class=\"score\">");
        add_percent(html, s.accuracy, 2);
        ink_text_add(html, "</div>\n<p>");
        add_count(html, s.errors);
        ink_text_add(html, " of ");
        add_count(html, s.rows);
        ink_text_add(html, " digits read wrong. With 95 % confidence the true accuracy is between ");
        add_percent(html, s.low, 2);
        ink_text_add(html, " and ");
        add_percent(html, s.high, 2);
        ink_text_add(html, ". Loss ");
        ink_text_fixed(html, s.loss, 4);
        ink_text_add(html, ".</p>\n");
    } else if (best != INK_CHART_NO_BEST) {
        ink_text_add(html, "<div class=\"score\">");
        add_percent(html, page->epochs[best].val_acc, 2);
        ink_text_format(html, "</div>\n<p>on the held-out digits, after epoch %u.</p>\n", page->epochs[best].epoch);
    } else {
        ink_text_add(html, "<p>Nothing was held out: no accuracy is claimed.</p>\n");
    }
    if (page->measured_on != NULL) {
        ink_text_add(html, "<p class=\"muted\">Measured on ");
        ink_text_xml(html, page->measured_on);
        ink_text_add(html, ".</p>\n");
    }
}

/* A cell of a table; NaN is empty. */
static void add_cell(ink_text *html, double value, int decimals, bool percent) {
    ink_text_add(html, "<td>");
    if (isfinite(value) && percent) {
        add_percent(html, value, decimals);
    } else if (isfinite(value)) {
        ink_text_fixed(html, value, decimals);
    } else if (!isnan(value)) {
        ink_text_number(html, value);
    }
    ink_text_add(html, "</td>");
}

static void add_epoch_table(ink_text *html, const ink_page *page) {
    ink_text_add(html, "<details>\n<summary>every epoch as a table</summary>\n<div class=\"wide\"><table>\n"
                       "<tr><th>epoch</th><th>seconds</th><th>learning rate</th><th>training loss</th>"
                       "<th>training accuracy</th><th>validation loss</th><th>validation accuracy</th><th>errors</th>"
                       "<th>images/s</th></tr>\n");
    for (uint32_t i = 0; i < page->n_epochs; i++) {
        const ink_epoch *e = &page->epochs[i];
        ink_text_format(html, "<tr><td>%u</td>", e->epoch);
        add_cell(html, e->time_s, 1, false);
        ink_text_add(html, "<td>");
        if (!isnan(e->lr)) ink_text_number(html, e->lr);
        ink_text_add(html, "</td>");
        add_cell(html, e->train_loss, 4, false);
        add_cell(html, e->train_acc, 2, true);
        add_cell(html, e->val_loss, 4, false);
        add_cell(html, e->val_acc, 2, true);
        add_cell(html, e->val_errors >= 0 ? (double)e->val_errors : (double)NAN, 0, false);
        add_cell(html, e->images_per_s, 0, false);
        ink_text_add(html, "</tr>\n");
    }
    ink_text_add(html, "</table></div>\n</details>\n");
}

static void add_nets(ink_text *html, const ink_page *page) {
    if (page->nets == NULL) return;
    add_heading(html, "The nets");
    ink_text_add(html, "<pre>");
    ink_text_xml(html, page->nets);
    ink_text_add(html, "</pre>\n");
}

static ink_status add_training(ink_text *html, const ink_page *page, ink_error *err) {
    ink_picture *picture = NULL;
    if (page->n_epochs == 0) return INK_OK;
    add_heading(html, "Training");
    if (page->n_nets > 1) ink_text_format(html, "<p class=\"muted\">The means of %u nets.</p>\n", page->n_nets);
    ink_text_add(html, "<div class=\"pair\">\n");
    ink_status status =
        ink_chart_of_run(page->epochs, page->n_epochs, INK_CHART_PERCENT, CHART_W, CHART_H, &picture, err);
    if (status == INK_OK) status = add_picture(html, picture, err);
    if (status == INK_OK)
        status = ink_chart_of_run(page->epochs, page->n_epochs, INK_CHART_LOSS, CHART_W, CHART_H, &picture, err);
    if (status == INK_OK) status = add_picture(html, picture, err);
    ink_text_add(html, "</div>\n");
    if (page->measured_on != NULL) {
        ink_text_add(html,
                     "<p class=\"muted\">The two losses measure different things. Validation: the digits as they are. "
                     "Training: what was minimised, while the weights still changed, of distorted digits, smoothed "
                     "labels and a teacher's answers where the recipe has them; it may lie far above.</p>\n");
    }
    add_epoch_table(html, page);
    return status;
}

static void add_score_row(ink_text *html, const char *name, const ink_digit_score *s) {
    ink_text_format(html, "<tr><td>%s</td>", name);
    add_cell(html, s->precision, 2, true);
    add_cell(html, s->recall, 2, true);
    add_cell(html, s->f1, 2, true);
    ink_text_add(html, "<td>");
    add_count(html, s->support);
    ink_text_add(html, "</td></tr>\n");
}

static void add_digit_table(ink_text *html, const ink_confusion *c) {
    ink_scores s;
    ink_confused_pair pairs[5];
    uint32_t n = ink_confusion_pairs(c, pairs, 5);
    ink_confusion_scores(c, &s);
    ink_text_add(html, "<div class=\"wide\"><table>\n<tr><th>digit</th><th>precision</th><th>recall</th><th>F1</th>"
                       "<th>digits</th></tr>\n");
    for (int k = 0; k < INK_CLASSES; k++) {
        char name[2] = {(char)('0' + k), '\0'};
        add_score_row(html, name, &s.digit[k]);
    }
    add_score_row(html, "mean", &s.macro);
    ink_text_add(html, "</table></div>\n");
    if (n > 0) ink_text_add(html, "<p>Most confused: ");
    for (uint32_t i = 0; i < n; i++) {
        ink_text_format(html, "%s%u read as %u (%u)", i > 0 ? ", " : "", pairs[i].truth, pairs[i].guess,
                        pairs[i].count);
    }
    if (n > 0) ink_text_add(html, ".</p>\n");
}

static ink_status add_confusion(ink_text *html, const ink_page *page, ink_error *err) {
    ink_picture *picture = NULL;
    if (page->confusion == NULL || page->confusion->rows == 0) return INK_OK;
    add_heading(html, "Which digits it takes for which");
    ink_text_add(html, "<div class=\"pair\">\n");
    ink_status status = ink_confusion_picture(page->confusion, &picture, err);
    if (status == INK_OK) status = add_picture(html, picture, err);
    if (status == INK_OK) status = ink_reliability_picture(page->confusion, &picture, err);
    if (status == INK_OK) status = add_picture(html, picture, err);
    ink_text_add(html, "</div>\n");
    add_digit_table(html, page->confusion);
    return status;
}

/* One tile: the digit, what is said of it, how sure the guess was and the number of the image. */
static ink_status add_digit(ink_text *html, const ink_mistake *m, const uint8_t *pixels, bool suspect, ink_error *err) {
    ink_text_format(html, "<figure><span class=\"digit\"><img alt=\"a %u\" src=\"", m->truth);
    ink_status status = ink_digit_data_uri(pixels, 28, 28, html, err);
    ink_text_format(html, "\"/></span><figcaption>");
    if (suspect) {
        ink_text_format(html, "labelled %u, a %u?", m->truth, m->guess);
    } else {
        ink_text_format(html, "%u read as %u", m->truth, m->guess);
    }
    ink_text_add(html, "<small>");
    add_percent(html, m->p_guess, 1);
    ink_text_format(html, "</small><small>#%u</small></figcaption></figure>\n", m->index);
    return status;
}

static ink_status add_worst(ink_text *html, const ink_page *page, ink_error *err) {
    ink_status status = INK_OK;
    if (page->n_worst == 0 || page->worst_pixels == NULL) return INK_OK;
    add_heading(html, "Worst mistakes");
    ink_text_add(html, "<p class=\"muted\">Truth and guess, how sure the guess was, and the number of the image.</p>\n"
                       "<div class=\"digits\">\n");
    for (uint32_t i = 0; i < page->n_worst && status == INK_OK; i++) {
        status = add_digit(html, &page->worst[i], page->worst_pixels + (size_t)i * 784, false, err);
    }
    ink_text_add(html, "</div>\n");
    return status;
}

static ink_status add_suspects(ink_text *html, const ink_page *page, ink_error *err) {
    ink_status status = INK_OK;
    if (page->suspects == NULL) return INK_OK;
    add_heading(html, "Labels worth a second look");
    if (page->n_suspects == 0) {
        ink_text_add(html, "<p class=\"muted\">No label is contradicted with confidence.</p>\n");
        return INK_OK;
    }
    bool one = page->suspects_in_all == 1;
    ink_text_add(html, one ? "<p class=\"muted\">The label of " : "<p class=\"muted\">The labels of ");
    add_count(html, page->suspects_in_all);
    ink_text_add(html, one ? " digit is" : " digits are");
    ink_text_add(html, " contradicted with confidence: the model, which has not learned them, is as sure of another "
                       "class as it usually is of it.");
    if (page->n_suspects < page->suspects_in_all) ink_text_format(html, " The first %u.", page->n_suspects);
    ink_text_add(html, "</p>\n<div class=\"digits\">\n");
    for (uint32_t i = 0; i < page->n_suspects && status == INK_OK && page->suspect_pixels != NULL; i++) {
        status = add_digit(html, &page->suspects[i], page->suspect_pixels + (size_t)i * 784, true, err);
    }
    ink_text_add(html, "</div>\n");
    return status;
}

static void add_facts(ink_text *html, const ink_page *page) {
    if (page->settings != NULL) {
        add_heading(html, "Settings");
        ink_text_add(html, "<pre>");
        ink_text_xml(html, page->settings);
        ink_text_add(html, "</pre>\n");
    }
    if (page->n_facts == 0) return;
    add_heading(html, "This run");
    ink_text_add(html, "<table class=\"facts\">\n");
    for (uint32_t i = 0; i < page->n_facts; i++) {
        if (page->facts[i].value == NULL) continue;
        ink_text_add(html, "<tr><th>");
        ink_text_xml(html, page->facts[i].name);
        ink_text_add(html, "</th><td>");
        ink_text_xml(html, page->facts[i].value);
        ink_text_add(html, "</td></tr>\n");
    }
    ink_text_add(html, "</table>\n");
}

ink_status ink_page_html(const ink_page *page, char **out, ink_error *err) {
    const char *title = page->title != NULL ? page->title : "inkling: a run";
    ink_text html = {0};
    *out = NULL;
    /* The policy forbids the browser to load anything: the page is all there is. */
    ink_text_add(&html, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n"
                        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                        "style-src 'unsafe-inline'; img-src data:\"/>\n<title>");
    ink_text_xml(&html, title);
    ink_text_add(&html, "</title>\n<style>\n");
    ink_text_add(&html, style);
    ink_text_add(&html, "</style>\n</head>\n<body>\n<main>\n<h1>");
    ink_text_xml(&html, title);
    ink_text_add(&html, "</h1>\n");
    add_score(&html, page);
    add_nets(&html, page);
    ink_status status = add_training(&html, page, err);
    if (status == INK_OK) status = add_confusion(&html, page, err);
    if (status == INK_OK) status = add_worst(&html, page, err);
    if (status == INK_OK) status = add_suspects(&html, page, err);
    add_facts(&html, page);
    ink_text_format(&html,
                    "<p class=\"muted\"><small>Drawn by inkling %s. This page is complete in itself.</small></p>\n"
                    "</main>\n</body>\n</html>\n",
                    ink_version());
    if (status == INK_OK) return ink_text_give(&html, "report.html", out, err);
    ink_text_clear(&html);
    return status;
}
