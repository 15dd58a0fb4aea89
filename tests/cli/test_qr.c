/* tests/cli/test_qr.c: a QR code is read back: format, mask, order of words, check words, text.
 * The reader here shares nothing with the writer but the standard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/qr.h"

static uint8_t exps[512], logs[256];

static void make_field(void) {
    unsigned x = 1;
    for (int i = 0; i < 255; i++) {
        exps[i] = exps[i + 255] = (uint8_t)x;
        logs[x] = (uint8_t)i;
        x = x << 1;
        if (x > 255) x ^= 0x11d;
    }
}

/* A codeword is one when it vanishes at the generator's roots 2^0 .. 2^(check-1). */
static void assert_is_codeword(const uint8_t *word, int n, int check) {
    for (int root = 0; root < check; root++) {
        uint8_t sum = 0;
        for (int i = 0; i < n; i++) {
            if (sum != 0) sum = exps[(logs[sum] + root) % 255];
            sum ^= word[i];
        }
        assert_int_equal(sum, 0);
    }
}

/* Neither finder, timing, alignment nor format. */
static bool is_data(int side, int x, int y) {
    bool finder = (x < 9 && y < 9) || (x >= side - 8 && y < 9) || (x < 9 && y >= side - 8);
    bool alignment = side > 21 && abs(x - (side - 7)) <= 2 && abs(y - (side - 7)) <= 2;
    return !finder && !alignment && x != 6 && y != 6;
}

static bool masked(int mask, int i, int j) { /* row, column, as in the standard's table 10 */
    switch (mask) {
    case 0: return (i + j) % 2 == 0;
    case 1: return i % 2 == 0;
    case 2: return j % 3 == 0;
    case 3: return (i + j) % 3 == 0;
    case 4: return (i / 2 + j / 3) % 2 == 0;
    case 5: return (i * j) % 2 + (i * j) % 3 == 0;
    case 6: return ((i * j) % 2 + (i * j) % 3) % 2 == 0;
    default: return ((i + j) % 2 + (i * j) % 3) % 2 == 0;
    }
}

/* The five data bits of both copies of the format, which must agree; level M. */
static int mask_of(const cli_qr *qr) {
    static const unsigned whole[8] = {0x5412, 0x5125, 0x5e7c, 0x5b4b, 0x45f9, 0x40ce, 0x4f97, 0x4aa0}; /* table C.1 */
    static const int around[15][2] = {{8, 0}, {8, 1}, {8, 2}, {8, 3}, {8, 4}, {8, 5}, {8, 7}, {8, 8},
                                      {7, 8}, {5, 8}, {4, 8}, {3, 8}, {2, 8}, {1, 8}, {0, 8}};
    unsigned first = 0, second = 0;
    for (int i = 0; i < 15; i++) {
        int x = i < 8 ? qr->side - 1 - i : 8, y = i < 8 ? 8 : qr->side - 15 + i;
        first |= (unsigned)qr->dark[around[i][1]][around[i][0]] << i;
        second |= (unsigned)qr->dark[y][x] << i;
    }
    assert_int_equal(first, second);
    assert_int_equal(qr->dark[qr->side - 8][8], 1);
    for (int mask = 0; mask < 8; mask++) {
        if (whole[mask] == first) return mask;
    }
    fail_msg("no format of level M: %x", first);
    return -1;
}

static int read_words(const cli_qr *qr, uint8_t *words) {
    int mask = mask_of(qr), bits = 0;
    int pairs = 0;
    for (int right = qr->side - 1; right > 0; right -= right == 8 ? 3 : 2, pairs++) {
        for (int k = 0; k < qr->side; k++) {
            int y = pairs % 2 == 0 ? qr->side - 1 - k : k;
            for (int x = right; x >= right - 1; x--) {
                if (!is_data(qr->side, x, y)) continue;
                int bit = qr->dark[y][x] ^ masked(mask, y, x);
                if (bits % 8 == 0) words[bits / 8] = 0;
                words[bits / 8] |= (uint8_t)(bit << (7 - bits % 8));
                bits++;
            }
        }
    }
    return bits / 8;
}

static void reads_back(const char *text, int version) {
    static const int blocks[7] = {0, 1, 1, 1, 2, 2, 4}, data[7] = {0, 16, 28, 44, 32, 43, 27},
                     check[7] = {0, 10, 16, 26, 18, 24, 16};
    uint8_t words[200], block[70], all[120] = {0};
    cli_qr qr;
    ink_error err;
    int b = blocks[version], at = 0;
    assert_int_equal(cli_qr_make(text, &qr, &err), INK_OK);
    assert_int_equal(qr.side, 17 + 4 * version);
    assert_int_equal(read_words(&qr, words), b * (data[version] + check[version]));
    for (int k = 0; k < b; k++) {
        for (int i = 0; i < data[version]; i++) block[i] = all[at++] = words[i * b + k];
        for (int i = 0; i < check[version]; i++) block[data[version] + i] = words[(data[version] + i) * b + k];
        assert_is_codeword(block, data[version] + check[version], check[version]);
    }
    int length = (all[0] & 15) << 4 | all[1] >> 4;
    assert_int_equal(all[0] >> 4, 4);
    assert_int_equal(length, strlen(text));
    for (int i = 0; i < length; i++) assert_int_equal((all[i + 1] & 15) << 4 | all[i + 2] >> 4, (uint8_t)text[i]);
}

static void test_every_length(void **state) {
    static const int room[7] = {0, 14, 26, 42, 62, 84, 106};
    char text[CLI_QR_TEXT_MOST + 1] = "";
    int version = 1;
    (void)state;
    make_field();
    for (int length = 0; length <= CLI_QR_TEXT_MOST; length++) {
        if (length > room[version]) version++;
        reads_back(text, version);
        text[length] = (char)("http://192.168.1.20:8784/"[length % 25] + (length % 7 == 0));
        if (length < CLI_QR_TEXT_MOST) text[length + 1] = '\0';
    }
}

static void test_too_long(void **state) {
    char text[CLI_QR_TEXT_MOST + 2];
    cli_qr qr;
    ink_error err;
    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(cli_qr_make(text, &qr, &err), INK_E_USAGE);
    assert_non_null(strstr(err.text, "107 bytes"));
}

static void test_terminal(void **state) {
    char *text = NULL;
    ink_error err;
    int lines = 0;
    (void)state;
    assert_int_equal(cli_qr_text("http://127.0.0.1:1/", true, &text, &err), INK_OK);
    for (const char *p = text; *p != '\0'; p++) lines += *p == '\n';
    assert_int_equal(lines, (25 + 8 + 1) / 2);
    free(text);
    assert_int_equal(cli_qr_text("http://127.0.0.1:1/", false, &text, &err), INK_OK);
    lines = 0;
    for (const char *p = text; *p != '\0'; p++) lines += *p == '\n';
    assert_int_equal(lines, 25 + 8);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
