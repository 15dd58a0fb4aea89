/* core/rng.h: Philox4x32-10, random numbers as a function of (seed, stream, a, b): no state to save, the same
 * for any number of threads, on any machine.
 *
 * Source   Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011.
 * A stream says what the numbers are for; a and b say for which thing (an epoch and an image, a step and a
 * node). */
#ifndef INK_CORE_RNG_H
#define INK_CORE_RNG_H

#include <stdint.h>

/* Numbers of streams are part of the file formats (a resumed run draws the same): never renumber. */
typedef enum ink_stream {
    INK_STREAM_SPLIT = 1,   /* which rows are held out */
    INK_STREAM_SHUFFLE = 2, /* order of an epoch: a = epoch */
    INK_STREAM_INIT = 3,    /* first weights: a = number of the parameter */
    INK_STREAM_DROPOUT = 4, /* its counter stands in ops/graph.h */
    INK_STREAM_AUGMENT = 5, /* a = epoch, b = image */
    INK_STREAM_SYNTH = 6,   /* synthetic digits: a = digit number */
    INK_STREAM_PAGE = 7,    /* synthetic pages */
    INK_STREAM_GOLDEN = 8,  /* inputs and weights of tests and golden files */
    INK_STREAM_SAMPLE = 9   /* picks for display */
} ink_stream;

/* One block: ten rounds over counter with key. Pure. */
void ink_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* A reader of one sequence: successive numbers of (seed, stream, a, b). Copyable, on the stack. */
typedef struct ink_rng {
    uint32_t key[2], counter[4], block[4];
    uint32_t left; /* unread numbers of block */
} ink_rng;

/* counter = {block number, b, a low, a high ^ stream << 24}; key = seed. a below 2^56. */
ink_rng ink_rng_at(uint64_t seed, ink_stream stream, uint64_t a, uint32_t b);

uint32_t ink_rng_u32(ink_rng *rng);
/* Uniform in [0, 1): 24 bits, exact in float. */
float ink_rng_unit(ink_rng *rng);
/* Uniform in [low, high). */
float ink_rng_between(ink_rng *rng, float low, float high);
/* Uniform in 0 .. n-1 without bias (Lemire's method); n >= 1. */
uint32_t ink_rng_below(ink_rng *rng, uint32_t n);
/* Standard normal, by Box-Muller with our own log, cos (core/real.h). Uses two numbers each. */
float ink_rng_normal(ink_rng *rng);

/* order[i] = i shuffled by Fisher-Yates with rng. */
void ink_rng_shuffle(ink_rng *rng, uint32_t *order, uint32_t n);

#endif
