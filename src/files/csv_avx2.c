/* files/csv_avx2.c: the fast path for plain rows, 32 bytes at a time.
 * It judges nothing: whatever is not plain goes to the exact parser.
 *
 * Every byte that ends a field carries the field's value, made of the three bytes before it: a shuffle turns each into
 * its worth, and turns separators into 0 (',' ends in the nibble c, LF in a, CR in d). Then pext packs the bytes that
 * end fields. */
#include <immintrin.h>

#include "files/csv_row.h"

#define TARGET __attribute__((target("avx2,bmi,bmi2,popcnt")))

/* The low nibble's worth; beyond 9 a separator. limit: the most that may stand behind such a hundreds digit. */
#define TENS     0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 0, 0, 0, 0, 0, 0
#define HUNDREDS 0, 100, (char)200, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0
#define LIMIT    99, 99, 55, -1, -1, -1, -1, -1, -1, -1, 99, 99, 99, 99, 99, 99

static inline TARGET __m256i load(const uint8_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* Packs the bytes of value where ends is 0xff to `to`; returns how many they are. */
static inline TARGET uint32_t pack(__m256i value, __m256i ends, uint8_t *to) {
    uint32_t n = 0;
    for (int half = 0; half < 2; half++) {
        __m128i v = half ? _mm256_extracti128_si256(value, 1) : _mm256_castsi256_si128(value);
        __m128i e = half ? _mm256_extracti128_si256(ends, 1) : _mm256_castsi256_si128(ends);
        uint64_t mask[2] = {(uint64_t)_mm_cvtsi128_si64(e), (uint64_t)_mm_extract_epi64(e, 1)};
        uint64_t from[2] = {(uint64_t)_mm_cvtsi128_si64(v), (uint64_t)_mm_extract_epi64(v, 1)};
        for (int i = 0; i < 2; i++) {
            uint64_t packed = _pext_u64(from[i], mask[i]);
            __builtin_memcpy(to + n, &packed, sizeof packed);
            n += (uint32_t)_mm_popcnt_u64(mask[i]) / 8;
        }
    }
    return n;
}

TARGET const uint8_t *ink_csv_fast_avx2(const uint8_t *row, uint8_t end, uint32_t fields, uint8_t *values) {
    const __m256i tens = _mm256_setr_epi8(TENS, TENS), hundreds = _mm256_setr_epi8(HUNDREDS, HUNDREDS);
    const __m256i limit = _mm256_setr_epi8(LIMIT, LIMIT), nibble = _mm256_set1_epi8(15);
    const __m256i below0 = _mm256_set1_epi8('0' - 1), above9 = _mm256_set1_epi8('9' + 1);
    const __m256i comma = _mm256_set1_epi8(','), newline = _mm256_set1_epi8((char)end);
    uint32_t n = 0;
    for (const uint8_t *p = row;; p += 32) {
        __m256i x0 = load(p), x1 = load(p - 1), x2 = load(p - 2), x3 = load(p - 3);
        __m256i d0 = _mm256_cmpgt_epi8(x0, below0), d1 = _mm256_cmpgt_epi8(x1, below0);
        __m256i d2 = _mm256_cmpgt_epi8(x2, below0), d3 = _mm256_cmpgt_epi8(x3, below0);
        __m256i last = _mm256_cmpeq_epi8(x0, newline);
        __m256i ends = _mm256_or_si256(_mm256_cmpeq_epi8(x0, comma), last);
        __m256i rest = _mm256_add_epi8(_mm256_and_si256(x1, nibble), _mm256_shuffle_epi8(tens, x2));
        __m256i value = _mm256_add_epi8(rest, _mm256_and_si256(_mm256_shuffle_epi8(hundreds, x3), d2));
        /* Neither digit nor end; an end behind an end; four digits; a value above 255. */
        __m256i digit = _mm256_and_si256(d0, _mm256_cmpgt_epi8(above9, x0));
        __m256i large = _mm256_and_si256(d2, _mm256_cmpgt_epi8(rest, _mm256_shuffle_epi8(limit, x3)));
        __m256i wrong = _mm256_or_si256(_mm256_andnot_si256(d1, ends), _mm256_and_si256(ends, large));
        __m256i four = _mm256_and_si256(_mm256_and_si256(d0, d1), _mm256_and_si256(d2, d3));
        wrong = _mm256_or_si256(wrong, four);
        wrong = _mm256_or_si256(wrong, _mm256_xor_si256(_mm256_or_si256(digit, ends), _mm256_set1_epi8(-1)));
        uint32_t stop = (uint32_t)_mm256_movemask_epi8(last);
        if (stop != 0) {
            uint32_t kept = stop ^ (stop - 1); /* up to the first end of line */
            uint32_t wrong_bits = (uint32_t)_mm256_movemask_epi8(wrong) & kept;
            uint32_t n_ends = (uint32_t)_mm_popcnt_u32((uint32_t)_mm256_movemask_epi8(ends) & kept);
            if (wrong_bits != 0 || n + n_ends != fields) return NULL;
            (void)pack(value, ends, values + n); /* a few beyond the row's end fall into the pad */
            return p + _tzcnt_u32(stop) + 1;
        }
        if (!_mm256_testz_si256(wrong, wrong)) return NULL; /* at once: there may be no end behind the text's last LF */
        n += pack(value, ends, values + n);
        if (n > fields) return NULL;
    }
}
