/* core/both.h: text that two compilers take, the host's and a GPU's (ops/cuda/kern.h gives INK_BOTH its word): where
 * both must give the same bits there is one text. It is C and C++ at once: no compound literals, no designated
 * initialisers, casts written out; of the C library it calls what rounds one way everywhere: fma, sqrt, floor, rint. */
#ifndef INK_CORE_BOTH_H
#define INK_CORE_BOTH_H

#ifndef INK_BOTH
#define INK_BOTH        static inline
#define INK_BOTH_CALLED static inline /* not worth a copy at every call */
#endif

#endif
