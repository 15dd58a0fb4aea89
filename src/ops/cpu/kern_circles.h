/* ops/cpu/kern_circles.h: the file OF_CIRCLE once for each size of circle (ink_circle). For it are defined CIRCLE, the
 * points of a line; REALS, how many of its numbers are real; HALF, how many complex ones are kept, as many more being
 * their conjugates; and POINTS(name), the name of what is made for this size. */

#define CIRCLE       5
#define REALS        1
#define HALF         2
#define POINTS(name) name##_5
#include OF_CIRCLE
#undef CIRCLE
#undef REALS
#undef HALF
#undef POINTS

#define CIRCLE       8
#define REALS        2
#define HALF         3
#define POINTS(name) name##_8
#include OF_CIRCLE
#undef CIRCLE
#undef HALF
#undef POINTS

#define CIRCLE       10
#define HALF         4
#define POINTS(name) name##_10
#include OF_CIRCLE
#undef CIRCLE
#undef HALF
#undef POINTS

#define CIRCLE       12
#define HALF         5
#define POINTS(name) name##_12
#include OF_CIRCLE
#undef CIRCLE
#undef REALS
#undef HALF
#undef POINTS
