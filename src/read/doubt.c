/* read/doubt.c: whether what was read on a page is writing at all.
 * It judges the page as a whole; which single piece may be a digit, cell.c and judge.c say. */
#include "read/stages.h"

#define SURE       0.9f  /* pieces of digits mostly are; of doodles and knots of squared paper half are not */
#define PLAUSIBLE  0.42f /* less is no digit, whatever is asked of single ones */
#define ONE        0.3   /* of another digit's worth: many a stroke looks like it */
#define UNSURE     0.5   /* what an unsure digit takes away */
#define STRANGE    2.0   /* what a piece that is no digit takes away, when it is as large as one */
#define ALONE      0.75  /* so much may be missing: a single digit that is unsure stands */
#define LEAST      5.0   /* among noise: so many digits, */
#define LEAST_MEAN 0.4   /* and so few others */
#define PALE       0.6f  /* of the writing's darkness: a rule */
#define PALE_LEAST 3     /* digits by which the writing's darkness is known */

static bool is_digit(const ink_reading *r, float sure) {
    int digit = ink_first_most(r->p);
    return !r->doubtful && r->p[digit] >= sure && ink_cell_plausible(&r->cell, digit);
}

void ink_readings_drop_pale(ink_readings *readings) {
    uint32_t counts[256] = {0}, n = 0, seen = 0, v = 0, kept = 0;
    for (uint32_t i = 0; i < readings->n; i++) {
        const ink_reading *r = &readings->at[i];
        if (!is_digit(r, SURE) || ink_first_most(r->p) == 1) continue;
        counts[r->cell.dark]++;
        n++;
    }
    if (n < PALE_LEAST) return;
    while (v < 255 && seen + counts[v] <= n / 2) seen += counts[v++];
    for (uint32_t i = 0; i < readings->n; i++) {
        if ((float)readings->at[i].cell.dark >= PALE * (float)v) readings->at[kept++] = readings->at[i];
    }
    readings->n = kept;
}

/* What a reading says for digits, less what it says against them. */
static double evidence(const ink_reading *r, const ink_box *box, float height, bool clear) {
    int digit = ink_first_most(r->p);
    float w = (float)(box->right - box->left), h = (float)(box->bottom - box->top), longer = w > h ? w : h;
    if (!is_digit(r, PLAUSIBLE)) return longer > height ? -STRANGE * (double)(longer / height) : -STRANGE;
    if (r->p[digit] < SURE || h < 0.6f * height || h > 1.6f * height) return clear ? -UNSURE : -2 * UNSURE;
    return digit == 1 ? ONE : 1;
}

ink_doubt ink_readings_doubt(const ink_readings *readings, const ink_pieces *pieces, float height, bool clear,
                             bool ruled) {
    double sum = 0;
    bool others = false;
    for (uint32_t i = 0; i < readings->n; i++) {
        const ink_reading *r = &readings->at[i];
        double e = evidence(r, &pieces->piece[r->piece].box, height, clear);
        sum += e;
        others = others || e > ONE;
    }
    if (!clear && (sum < LEAST || sum < LEAST_MEAN * readings->n)) return INK_DOUBT_BLANK;
    return sum < -ALONE || (ruled && !others) ? INK_DOUBT_ALL : INK_DOUBT_NONE;
}
