/* api/calibrate.h: probabilities that mean what they say: the one temperature by which a net's logits are divided.
 *
 * Math     T minimises the mean of -ln softmax(z / T)[label] over rows that the net did not learn; the answer, the
 *          largest z, stays the same. With b = 1 / T the sum is convex, and its slope the mean of E_p[z] - z[label].
 * Source   Guo et al., On Calibration of Modern Neural Networks, arXiv:1706.04599. */
#ifndef INK_API_CALIBRATE_H
#define INK_API_CALIBRATE_H

#include "api/model.h"
#include "files/images.h"

/* Fewer mistakes than these say nothing about how sure a net should be: then T is 1. */
#define INK_CALIBRATE_ERRORS 10

typedef struct ink_calibration {
    bool fitted;
    double found;                 /* in steps of 0.001, 0.05 .. 20; 1 unless fitted */
    double ece_before, ece_after; /* expected calibration error on the same rows, as report/confusion.h measures it:
                                     with 1 and with the one found */
    double temperature;           /* the one found, or 1 where that makes the error larger: the likelihood of a few
                                     rows may hang on single mistakes, told with great assurance */
} ink_calibration;

/* T for logits [n][10] and labels [n]; n at least 1. A function of these alone. */
double ink_temperature_fit(const float *logits, const uint8_t *labels, uint32_t n);

/* The same, judged: whether to take it. */
ink_calibration ink_calibration_of(const float *logits, const uint8_t *labels, uint32_t n);

/* Runs the model over labelled images, whatever its temperature is now, and fits one. It is left at that temperature.
 * Errors   INK_E_MEMORY; the backend's. */
INK_MUST_USE ink_status ink_calibrate(ink_model *model, const ink_images *images, ink_calibration *out, ink_error *err);

#endif
