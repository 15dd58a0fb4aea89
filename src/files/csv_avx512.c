/* files/csv_avx512.c: the fast path for plain rows, 64 bytes at a time; needs VBMI2's byte compress.
 * It judges nothing: whatever is not plain goes to the exact parser.
 *
 * As csv_avx2.c, which says how; here the bytes that end fields are packed by one instruction. */
#include <immintrin.h>

#include "files/csv_row.h"

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,bmi2,popcnt")))

/* See csv_avx2.c. */
#define TENS     0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 0, 0, 0, 0, 0, 0
#define HUNDREDS 0, 100, (char)200, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define LIMIT    99, 99, 55, -1, -1, -1, -1, -1, -1, -1, 99, 99, 99, 99, 99, 99

static inline TARGET __m512i load(const uint8_t *p) {
    return _mm512_loadu_si512((const void *)p);
}

TARGET const uint8_t *ink_csv_fast_avx512(const uint8_t *row, uint8_t end, uint32_t fields, uint8_t *values) {
    const __m512i tens = _mm512_broadcast_i32x4(_mm_setr_epi8(TENS));
    const __m512i hundreds = _mm512_broadcast_i32x4(_mm_setr_epi8(HUNDREDS));
    const __m512i limit = _mm512_broadcast_i32x4(_mm_setr_epi8(LIMIT));
    const __m512i nibble = _mm512_set1_epi8(15), zero = _mm512_set1_epi8('0'), ten = _mm512_set1_epi8(10);
    const __m512i below0 = _mm512_set1_epi8('0' - 1);
    const __m512i comma = _mm512_set1_epi8(','), newline = _mm512_set1_epi8((char)end);
    uint32_t n = 0;
    for (const uint8_t *p = row;; p += 64) {
        __m512i x0 = load(p), x1 = load(p - 1), x2 = load(p - 2), x3 = load(p - 3);
        uint64_t d1 = _mm512_cmpgt_epi8_mask(x1, below0), d2 = _mm512_cmpgt_epi8_mask(x2, below0);
        uint64_t d3 = _mm512_cmpgt_epi8_mask(x3, below0);
        uint64_t digit = _mm512_cmplt_epu8_mask(_mm512_sub_epi8(x0, zero), ten);
        uint64_t last = _mm512_cmpeq_epi8_mask(x0, newline);
        uint64_t ends = _mm512_cmpeq_epi8_mask(x0, comma) | last;
        __m512i rest = _mm512_add_epi8(_mm512_and_si512(x1, nibble), _mm512_shuffle_epi8(tens, x2));
        __m512i value = _mm512_add_epi8(rest, _mm512_maskz_shuffle_epi8(d2, hundreds, x3));
        uint64_t large = _mm512_mask_cmpgt_epi8_mask(ends & d2, rest, _mm512_shuffle_epi8(limit, x3));
        /* Neither digit nor end; an end behind an end; four digits; a value above 255. */
        uint64_t wrong = ~(digit | ends) | (ends & ~d1) | (digit & d1 & d2 & d3) | large;
        if (last != 0) {
            uint64_t kept = last ^ (last - 1); /* up to the first end of line */
            ends &= kept;
            if ((wrong & kept) != 0 || n + (uint32_t)_mm_popcnt_u64(ends) != fields) return NULL;
            _mm512_storeu_si512((void *)(values + n), _mm512_maskz_compress_epi8(ends, value));
            return p + _tzcnt_u64(last) + 1;
        }
        if (wrong != 0) return NULL; /* at once: there may be no end behind the text's last LF */
        _mm512_storeu_si512((void *)(values + n), _mm512_maskz_compress_epi8(ends, value));
        n += (uint32_t)_mm_popcnt_u64(ends);
        if (n > fields) return NULL;
    }
}
