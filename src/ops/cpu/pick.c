/* ops/cpu/pick.c: which table of inner loops this processor gets.
 * It multiplies nothing. */
#define _DEFAULT_SOURCE /* syscall */
#include "ops/cpu/kernels.h"

#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "core/status.h"

#define ENVIRONMENT "INK_ISA"

#if defined(__x86_64__)
/* Register state that the system saves: bits 1, 2 (SSE, AVX), 5 to 7 (AVX-512), 17, 18 (AMX). */
static uint64_t saved_state(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

#define AVX_STATE    0x06u
#define AVX512_STATE 0xe6u
#define AMX_STATE    0x60000u

static bool has_leaf1(uint32_t *c) {
    uint32_t a, b, d;
    return __get_cpuid(1, &a, &b, c, &d) != 0;
}

static bool has_avx2(void) {
    uint32_t a, b, c = 0, d;
    if (!has_leaf1(&c)) return false;
    const uint32_t fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28;
    if ((c & (fma | osxsave | avx)) != (fma | osxsave | avx)) return false;
    if ((saved_state() & AVX_STATE) != AVX_STATE) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & 1u << 5) != 0;
}

static bool has_avx512(void) {
    uint32_t a, b, c, d;
    if (!has_avx2() || (saved_state() & AVX512_STATE) != AVX512_STATE) return false;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
    const uint32_t f = 1u << 16, dq = 1u << 17, cd = 1u << 28, bw = 1u << 30, vl = 1u << 31;
    return (b & (f | dq | cd | bw | vl)) == (f | dq | cd | bw | vl);
}

static bool has_avx512bf16(void) {
    uint32_t a, b, c, d;
    return has_avx512() && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0 && (a & 1u << 5) != 0;
}

/* Linux saves tiles only for a process that asked for it; one that asks again is told yes. */
static bool may_use_tiles(void) {
#if defined(__linux__) && defined(SYS_arch_prctl)
    const long request = 0x1023, tile_data = 18; /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA */
    return syscall(SYS_arch_prctl, request, tile_data) == 0;
#else
    return false;
#endif
}

/* Intel's: half as many vdpbf16ps a cycle as AMD's, a quarter of its fused multiply-adds of floats (docs/SPEED.md). */
static bool has_slow_bf16(void) {
    uint32_t a, b, c, d;
    return __get_cpuid(0, &a, &b, &c, &d) != 0 && b == signature_INTEL_ebx && c == signature_INTEL_ecx &&
           d == signature_INTEL_edx;
}

static bool has_amx(void) {
    uint32_t a, b, c, d;
    if (!has_avx512bf16() || (saved_state() & AMX_STATE) != AMX_STATE) return false;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
    const uint32_t bf16 = 1u << 22, tile = 1u << 24;
    return (d & (bf16 | tile)) == (bf16 | tile) && may_use_tiles();
}
#else
static bool has_slow_bf16(void) {
    return false;
}
#endif

static bool always(void) {
    return true;
}

static const struct {
    const char *name;
    const ink_kernels *table;
    bool (*usable)(void);
    void (*add)(ink_kernels *table); /* or NULL */
} choices[] = {
#if defined(__x86_64__)
    {"amx", &ink_kernels_avx512, has_amx, ink_kernels_add_amx},
    {"avx512bf16", &ink_kernels_avx512, has_avx512bf16, ink_kernels_add_bf16},
    {"avx512", &ink_kernels_avx512, has_avx512, NULL},
    {"avx2", &ink_kernels_avx2, has_avx2, NULL},
#endif
    {"generic", &ink_kernels_generic, always, NULL},
};
#define CHOICES (sizeof choices / sizeof *choices)

ink_status ink_kernels_pick(ink_kernels *out, ink_error *err) {
    const char *word = getenv(ENVIRONMENT);
    for (size_t i = 0; i < CHOICES; i++) {
        bool named = word == NULL || word[0] == '\0' || strcmp(word, choices[i].name) == 0;
        if (!named) continue;
        if (choices[i].usable()) {
            *out = *choices[i].table;
            if (choices[i].add != NULL) choices[i].add(out);
            out->bf16_is_slow = out->has_bf16 && !out->tiles && has_slow_bf16();
            return INK_OK;
        }
        if (word != NULL && word[0] != '\0') {
            return ink_fail(err, INK_E_ABSENT, "%s=%s: this processor or system lacks it", ENVIRONMENT, word);
        }
    }
    ink_fail(err, INK_E_USAGE, "%s=%s: no such instruction set", ENVIRONMENT, word);
    ink_hint(err, "one of generic, avx2, avx512, avx512bf16, amx");
    return INK_E_USAGE;
}
