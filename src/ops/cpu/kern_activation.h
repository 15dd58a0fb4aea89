/* ops/cpu/kern_activation.h: activations and their slopes, lane by lane, for kern_map.h and kern_norm.h. */
#ifndef INK_OPS_CPU_KERN_ACTIVATION_H
#define INK_OPS_CPU_KERN_ACTIVATION_H

#include "ops/cpu/kern_vector.h"
#include "ops/graph.h"

/* e^x for sums that 1e-38 and 1e38 end as well as 0 and infinity would: x is held within 87, so that one factor does.
 * Of NaN any number: what multiplies it must be NaN too. As vexp otherwise. */
INLINE vf vexp_near(vf x) {
    vi e;
    vf sum = vexp_parts(vclamp(x, -87.0f, 87.0f), &e);
    return (vf)((vi)sum + (e << 23));
}

/* 1 + erf(x / sqrt 2), absolute error below 4e-7.
 * Source   Abramowitz & Stegun, Handbook of Mathematical Functions, 7.1.26. */
INLINE vf vphi2(vf x) {
    vi negative = (vi)(x < vset(0.0f));
    vf z = vpick(negative, -x, x) * vset(0x1.6a09e6p-1f);
    vf t = vset(1.0f) / vfma(z, vset(0.3275911f), vset(1.0f));
    vf p = vset(1.061405429f);
    p = vfma(p, t, vset(-1.453152027f));
    p = vfma(p, t, vset(1.421413741f));
    p = vfma(p, t, vset(-0.284496736f));
    p = vfma(p, t, vset(0.254829592f));
    vf tail = p * t * vexp_near(-(z * z)); /* erfc z */
    return vpick(negative, tail, vset(2.0f) - tail);
}

INLINE vf activation_of(ink_activation kind, vf slope, vf x) {
    switch (kind) {
    case INK_RELU: return vrelu(x);
    case INK_LEAKY_RELU: return vpick((vi)(x > vset(0.0f)), x, slope * x);
    case INK_SILU: return x / (vset(1.0f) + vexp_near(-x));
    case INK_GELU: return x * vphi2(x) * vset(0.5f);
    case INK_HARDSWISH: {
        vf middle = x * (x + vset(3.0f)) * vset(1.0f / 6);
        return vpick((vi)(x > vset(3.0f)), x, vpick((vi)(x < vset(-3.0f)), vset(0.0f), middle));
    }
    }
    return x;
}

INLINE vf slope_of(ink_activation kind, vf slope, vf x) {
    switch (kind) {
    case INK_RELU: return vwhere_above(x, vset(1.0f));
    case INK_LEAKY_RELU: return vpick((vi)(x > vset(0.0f)), vset(1.0f), slope);
    case INK_SILU: {
        vf s = vset(1.0f) / (vset(1.0f) + vexp_near(-x));
        return s * vfma(x, vset(1.0f) - s, vset(1.0f));
    }
    case INK_GELU: { /* (1 + erf(x / sqrt 2)) / 2 + x e^(-x x / 2) / sqrt(2 pi) */
        vf density = vexp_near(x * x * vset(-0.5f)) * vset(0x1.988454p-2f);
        return vfma(x, density, vphi2(x) * vset(0.5f));
    }
    case INK_HARDSWISH: {
        vf middle = vfma(x, vset(1.0f / 3), vset(0.5f));
        return vpick((vi)(x > vset(3.0f)), vset(1.0f), vpick((vi)(x < vset(-3.0f)), vset(0.0f), middle));
    }
    }
    return x;
}

#endif
