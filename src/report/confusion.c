/* report/confusion.c: counts predictions and computes scores from the counts.
 * It writes and draws nothing: confusion_text.c and confusion_picture.c do. */
#include "report/confusion.h"

#include <assert.h>
#include <math.h>

#include "core/real.h"

uint8_t ink_confusion_guess(const float p[INK_CLASSES]) {
    uint8_t best = 0;
    for (uint8_t k = 1; k < INK_CLASSES; k++) {
        if (p[k] > p[best] || (isnan(p[best]) && !isnan(p[k]))) best = k;
    }
    return best;
}

void ink_confusion_add(ink_confusion *c, const float p[INK_CLASSES], uint8_t label) {
    assert(label < INK_CLASSES);
    uint8_t guess = ink_confusion_guess(p);
    double confidence = isnan(p[guess]) ? 0 : fmin(1, fmax(0, (double)p[guess]));
    double of_truth = p[label];
    /* Bins are (0, 1/15], (1/15, 2/15] ...: a confidence of 0 goes into the first. */
    int bin = (int)ceil(confidence * INK_BINS) - 1;
    bin = bin < 0 ? 0 : bin >= INK_BINS ? INK_BINS - 1 : bin;
    c->count[label][guess]++;
    c->rows++;
    if (guess != label) c->errors++;
    c->loss_sum -= ink_log(of_truth > INK_LEAST_PROBABILITY ? fmin(1, of_truth) : INK_LEAST_PROBABILITY);
    c->bin_rows[bin]++;
    c->bin_confidence[bin] += confidence;
    if (guess == label) c->bin_correct[bin]++;
}

void ink_wilson(uint64_t right, uint64_t rows, double *low, double *high) {
    const double z = 1.959963984540054; /* 97.5 % of the standard normal */
    *low = 0;
    *high = 1;
    if (rows == 0) return;
    double n = (double)rows, p = (double)right / n;
    double centre = p + z * z / (2 * n);
    double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    double scale = 1 + z * z / n;
    /* At the ends rounding must not exclude the value itself. */
    *low = right == 0 ? 0 : (centre - half) / scale;
    *high = right == rows ? 1 : (centre + half) / scale;
}

void ink_spread_add(ink_spread *s, double value) {
    double off = value - s->mean;
    s->mean += off / ++s->n;
    s->squares += off * (value - s->mean);
}

double ink_spread_deviation(const ink_spread *s) {
    return s->n > 1 ? sqrt(s->squares / (s->n - 1)) : 0;
}

/* Share of part in whole; 0 when there is no whole. */
static double share(uint64_t part, uint64_t whole) {
    return whole > 0 ? (double)part / (double)whole : 0;
}

static ink_digit_score score_digit(const ink_confusion *c, int k, uint64_t *guessed) {
    ink_digit_score s = {0};
    *guessed = 0;
    for (int j = 0; j < INK_CLASSES; j++) {
        s.support += c->count[k][j];
        *guessed += c->count[j][k];
    }
    s.precision = share(c->count[k][k], *guessed);
    s.recall = share(c->count[k][k], s.support);
    s.f1 = share(2 * (uint64_t)c->count[k][k], s.support + *guessed);
    return s;
}

void ink_confusion_scores(const ink_confusion *c, ink_scores *scores) {
    uint32_t seen = 0;
    double n = (double)c->rows;
    *scores = (ink_scores){.rows = c->rows, .errors = c->errors};
    for (int k = 0; k < INK_CLASSES; k++) {
        uint64_t guessed;
        ink_digit_score s = score_digit(c, k, &guessed);
        scores->digit[k] = s;
        if (s.support == 0 && guessed == 0) continue; /* scikit-learn leaves out labels that occur nowhere */
        seen++;
        scores->macro.precision += s.precision;
        scores->macro.recall += s.recall;
        scores->macro.f1 += s.f1;
        scores->weighted.precision += s.precision * (double)s.support;
        scores->weighted.recall += s.recall * (double)s.support;
        scores->weighted.f1 += s.f1 * (double)s.support;
    }
    scores->macro.support = scores->weighted.support = c->rows;
    ink_wilson(c->rows - c->errors, c->rows, &scores->low, &scores->high);
    if (c->rows == 0) {
        scores->accuracy = scores->loss = scores->ece = (double)NAN;
        return;
    }
    scores->macro.precision /= seen;
    scores->macro.recall /= seen;
    scores->macro.f1 /= seen;
    scores->weighted.precision /= n;
    scores->weighted.recall /= n;
    scores->weighted.f1 /= n;
    scores->accuracy = (double)(c->rows - c->errors) / n;
    scores->loss = c->loss_sum / n;
    for (int b = 0; b < INK_BINS; b++) {
        scores->ece += fabs((double)c->bin_correct[b] - c->bin_confidence[b]) / n;
    }
}

uint32_t ink_confusion_pairs(const ink_confusion *c, ink_confused_pair *pairs, uint32_t max) {
    uint32_t found = 0;
    for (uint8_t t = 0; t < INK_CLASSES && max > 0; t++) {
        for (uint8_t g = 0; g < INK_CLASSES; g++) {
            ink_confused_pair pair = {.truth = t, .guess = g, .count = c->count[t][g]};
            if (t == g || pair.count == 0) continue;
            if (found == max && pair.count <= pairs[max - 1].count) continue;
            uint32_t at = found < max ? found++ : max - 1;
            for (; at > 0 && pair.count > pairs[at - 1].count; at--) pairs[at] = pairs[at - 1];
            pairs[at] = pair;
        }
    }
    return found;
}
