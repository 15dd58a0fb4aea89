/* report/confusion.h: how good a set of predictions is: confusion matrix, scores per digit, calibration.
 *
 *   ink_confusion c = {0};
 *   for each image: ink_confusion_add(&c, p, label);        // p[10]: probabilities
 *   ink_scores s;
 *   ink_confusion_scores(&c, &s);                           // s.accuracy, s.low, s.high, s.digit[4].recall ...
 *   st = ink_confusion_report(&c, &text, &err);             // the table that scikit-learn prints
 *
 * Sums are in double and in the order of the calls: the same order gives the same bits. */
#ifndef INK_REPORT_CONFUSION_H
#define INK_REPORT_CONFUSION_H

#include <stdint.h>

#include "inkling.h"
#include "report/picture.h"

#define INK_CLASSES 10
#define INK_BINS    15 /* equal steps of confidence for ECE, as in the paper */
/* A smaller probability of the truth counts as this one, so that one image cannot make the mean loss infinite. */
#define INK_LEAST_PROBABILITY 1e-38

typedef struct ink_confusion {
    uint32_t count[INK_CLASSES][INK_CLASSES]; /* [truth][guess] */
    uint64_t rows, errors;
    double loss_sum; /* of -ln p[truth]; see INK_LEAST_PROBABILITY. May be overwritten by who knows better */
    uint64_t bin_rows[INK_BINS], bin_correct[INK_BINS];
    double bin_confidence[INK_BINS]; /* sum of the guess's probability */
} ink_confusion;                     /* {0} is empty */

/* guess = the first highest of p. label 0 to 9 (asserted). NaN in p: the guess is 0 with confidence 0. */
void ink_confusion_add(ink_confusion *c, const float p[INK_CLASSES], uint8_t label);
/* The first highest. */
uint8_t ink_confusion_guess(const float p[INK_CLASSES]);

typedef struct ink_digit_score {
    double precision; /* of those read as this digit, the share that are; 0 when none was (scikit-learn's rule) */
    double recall;    /* of those that are this digit, the share read so */
    double f1;        /* harmonic mean of both */
    uint64_t support; /* how many are this digit */
} ink_digit_score;

typedef struct ink_scores {
    uint64_t rows, errors;
    double accuracy;  /* 0..1; NaN when rows is 0 */
    double low, high; /* its 95 % interval (Wilson) */
    double loss;      /* mean; NaN when rows is 0 */
    double ece;       /* expected calibration error, 0..1 */
    ink_digit_score digit[INK_CLASSES];
    ink_digit_score macro;    /* plain mean over the digits that occur as truth or guess */
    ink_digit_score weighted; /* mean weighted by support */
} ink_scores;

void ink_confusion_scores(const ink_confusion *c, ink_scores *scores);

/* Wilson's 95 % score interval of `right` out of `rows`. rows 0: 0 and 1.
 * Source   E. B. Wilson, J. Am. Stat. Assoc. 22 (1927), z = 1.959964 */
void ink_wilson(uint64_t right, uint64_t rows, double *low, double *high);

/* Mean and standard deviation of values that come one by one, n - 1 in the denominator.
 * Source   B. P. Welford, Technometrics 4 (1962) */
typedef struct ink_spread {
    uint32_t n;
    double mean, squares; /* squares: sum of (value - mean)^2 */
} ink_spread;             /* {0}: none yet */

void ink_spread_add(ink_spread *s, double value);
/* 0 for fewer than two values. */
double ink_spread_deviation(const ink_spread *s);

/* "Is 4, read as 9: 12 times". */
typedef struct ink_confused_pair {
    uint8_t truth, guess;
    uint32_t count;
} ink_confused_pair;

/* The most frequent mistakes first (then by truth, by guess); returns how many were put, at most max. */
uint32_t ink_confusion_pairs(const ink_confusion *c, ink_confused_pair *pairs, uint32_t max);

/* For people: accuracy with interval and error count, loss, calibration, the table in the layout of scikit-learn's
 * classification_report with four decimals, the most confused pairs. *text: ink_mem_free. */
INK_MUST_USE ink_status ink_confusion_report(const ink_confusion *c, char **text, ink_error *err);
/* One JSON object and \n: schema "inkling/eval/1", rows, errors, accuracy, interval, loss, ece, digits, "macro avg",
 * "weighted avg" (scikit-learn's names inside), confusion, most_confused, calibration. Not measured: null.
 * Errors   INK_E_MEMORY. */
INK_MUST_USE ink_status ink_confusion_json(const ink_confusion *c, char **text, ink_error *err);
/* truth,0,...,9,support,percent_0,...,percent_9: counts, then per cent of the row. *text: ink_mem_free. */
INK_MUST_USE ink_status ink_confusion_csv(const ink_confusion *c, char **text, ink_error *err);
/* The matrix as a picture: count and row per cent in each cell, mistakes shaded so that few are seen too. */
INK_MUST_USE ink_status ink_confusion_picture(const ink_confusion *c, ink_picture **out, ink_error *err);
/* The reliability diagram: accuracy over confidence, and how many rows stand in each bin.
 * Source   C. Guo et al., On calibration of modern neural networks, arXiv:1706.04599 */
INK_MUST_USE ink_status ink_reliability_picture(const ink_confusion *c, ink_picture **out, ink_error *err);

#endif
