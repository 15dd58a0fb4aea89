/* core/real.h: exp, log, sine and cosine of our own, in double precision, built from fma alone, so that a run has the
 * same bits with any libm. Error below 2 units in the last place over the ranges given; kernels have their own float
 * forms (ops/cpu).
 * Source   Cody & Waite, Software Manual for the Elementary Functions, 1980 (range reduction); Taylor and atanh series
 *          cut where the next term is below 2^-55. */
#ifndef INK_CORE_REAL_H
#define INK_CORE_REAL_H

/* e^x; 0 below -745, infinity above 709.78, NaN for NaN. */
double ink_exp(double x);
/* Natural logarithm of x > 0 (subnormals too); -infinity for 0, NaN below. */
double ink_log(double x);
/* sin and cos of 2 pi t: t in turns, any finite size. */
double ink_sin_turn(double t);
double ink_cos_turn(double t);

#endif
