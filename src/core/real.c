/* core/real.c: elementary functions whose bits we decide ourselves; their text is in core/real_both.h.
 * Not vectorised and not meant for inner loops. */
#include "core/real.h"

#include "core/real_both.h"

double ink_exp(double x) {
    return ink_both_exp(x);
}

double ink_log(double x) {
    return ink_both_log(x);
}

double ink_sin_turn(double t) {
    return ink_both_sin_turn(t);
}

double ink_cos_turn(double t) {
    return ink_both_cos_turn(t);
}
