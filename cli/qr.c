/* cli/qr.c: QR codes of versions 1 to 6, level M: enough for any address that a phone should open.
 * It reads none; other modes, levels and versions are left out. */
#define _POSIX_C_SOURCE 200809L
#include "cli/qr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/say.h"

#define VERSIONS  6
#define WORDS     172 /* codewords of version 6 */
#define CHECK     26  /* check words of a block, at most */
#define MARGIN    4
#define REFLECTED 0x11d /* x^8 + x^4 + x^3 + x^2 + 1: the field's polynomial */

/* Level M (ISO/IEC 18004 table 9): blocks of equal size. */
static const struct {
    int blocks, data, check; /* words of one block */
} shapes[VERSIONS + 1] = {{0, 0, 0}, {1, 16, 10}, {1, 28, 16}, {1, 44, 26}, {2, 32, 18}, {2, 43, 24}, {4, 27, 16}};

/* Which modules are no data: finders, timing, alignment, format. */
typedef struct canvas {
    cli_qr *qr;
    uint8_t fixed[CLI_QR_SIDE_MOST][CLI_QR_SIDE_MOST];
} canvas;

/* ---- words ---- */

static uint8_t times(uint8_t a, uint8_t b) {
    unsigned product = 0;
    for (int bit = 7; bit >= 0; bit--) {
        product = product << 1 ^ ((product >> 7) * REFLECTED);
        if ((b >> bit & 1) != 0) product ^= a;
    }
    return (uint8_t)product;
}

/* The remainder of data * x^n by (x - 1)(x - 2)(x - 4)...: Reed and Solomon's check words. */
static void check_words(const uint8_t *data, int count, int n, uint8_t check[CHECK]) {
    uint8_t divisor[CHECK] = {0};
    uint8_t root = 1;
    divisor[n - 1] = 1;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < n; k++) {
            divisor[k] = times(divisor[k], root);
            if (k + 1 < n) divisor[k] ^= divisor[k + 1];
        }
        root = times(root, 2);
    }
    memset(check, 0, CHECK);
    for (int i = 0; i < count; i++) {
        uint8_t factor = data[i] ^ check[0];
        memmove(check, check + 1, (size_t)n - 1);
        check[n - 1] = 0;
        for (int k = 0; k < n; k++) check[k] ^= times(divisor[k], factor);
    }
}

/* 0100, the length, the bytes, 0000, then 236 and 17 in turn. */
static void data_words(const char *text, size_t length, int room, uint8_t *words) {
    size_t at = 0;
    words[at++] = (uint8_t)(0x40 | length >> 4);
    uint8_t half = (uint8_t)((length & 15) << 4);
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = (uint8_t)text[i];
        words[at++] = half | byte >> 4;
        half = (uint8_t)((byte & 15) << 4);
    }
    words[at++] = half;
    for (uint8_t pad = 236; at < (size_t)room; pad = pad == 236 ? 17 : 236) words[at++] = pad;
}

/* The blocks' words in turn, then their check words in turn. */
static int all_words(const char *text, size_t length, int version, uint8_t out[WORDS]) {
    uint8_t data[WORDS] = {0}, check[CHECK] = {0};
    int blocks = shapes[version].blocks, of_data = shapes[version].data, of_check = shapes[version].check;
    data_words(text, length, blocks * of_data, data);
    for (int b = 0; b < blocks; b++) {
        check_words(data + b * of_data, of_data, of_check, check);
        for (int i = 0; i < of_data; i++) out[i * blocks + b] = data[b * of_data + i];
        for (int i = 0; i < of_check; i++) out[blocks * of_data + i * blocks + b] = check[i];
    }
    return blocks * (of_data + of_check);
}

/* ---- modules ---- */

static void fix(canvas *c, int x, int y, bool dark) {
    if (x < 0 || y < 0 || x >= c->qr->side || y >= c->qr->side) return;
    c->qr->dark[y][x] = dark;
    c->fixed[y][x] = 1;
}

static int ring_of(int dx, int dy) {
    int x = abs(dx), y = abs(dy);
    return x > y ? x : y;
}

/* A finder with its light border (reach 4), or an alignment pattern (reach 2). */
static void draw_target(canvas *c, int x, int y, int reach) {
    for (int dy = -reach; dy <= reach; dy++) {
        for (int dx = -reach; dx <= reach; dx++) {
            int ring = ring_of(dx, dy);
            bool dark = reach == 4 ? ring != 2 && ring != 4 : ring != 1;
            fix(c, x + dx, y + dy, dark);
        }
    }
}

/* Level M is 00; three bits of the mask; ten check bits (BCH), the whole crossed with a fixed pattern. */
static void draw_format(canvas *c, unsigned mask) {
    unsigned rest = mask;
    int side = c->qr->side;
    for (int i = 0; i < 10; i++) rest = rest << 1 ^ (rest >> 9) * 0x537;
    unsigned bits = (mask << 10 | rest) ^ 0x5412;
    for (int i = 0; i < 15; i++) {
        bool dark = (bits >> i & 1) != 0;
        if (i < 8) {
            fix(c, 8, i < 6 ? i : i + 1, dark);
            fix(c, side - 1 - i, 8, dark);
        } else {
            fix(c, i == 8 ? 7 : 14 - i, 8, dark);
            fix(c, 8, side - 15 + i, dark);
        }
    }
    fix(c, 8, side - 8, true);
}

static void draw_fixed(canvas *c, int version) {
    int side = c->qr->side;
    for (int i = 0; i < side; i++) {
        fix(c, 6, i, i % 2 == 0);
        fix(c, i, 6, i % 2 == 0);
    }
    draw_target(c, 3, 3, 4);
    draw_target(c, side - 4, 3, 4);
    draw_target(c, 3, side - 4, 4);
    if (version > 1) draw_target(c, side - 7, side - 7, 2);
    draw_format(c, 0);
}

/* Two columns at a time from the right, up and down in turn; column 6 is the timing pattern. */
static void draw_words(canvas *c, const uint8_t *words, int count) {
    int bit = 0, side = c->qr->side;
    bool up = true;
    for (int right = side - 1; right > 0; right -= 2, up = !up) {
        if (right == 6) right = 5;
        for (int i = 0; i < side; i++) {
            int y = up ? side - 1 - i : i;
            for (int x = right; x > right - 2; x--) {
                if (c->fixed[y][x] != 0) continue;
                c->qr->dark[y][x] = bit < 8 * count && (words[bit / 8] >> (7 - bit % 8) & 1) != 0;
                bit++;
            }
        }
    }
}

static bool is_masked(unsigned mask, int x, int y) {
    switch (mask) {
    case 0: return (x + y) % 2 == 0;
    case 1: return y % 2 == 0;
    case 2: return x % 3 == 0;
    case 3: return (x + y) % 3 == 0;
    case 4: return (x / 3 + y / 2) % 2 == 0;
    case 5: return x * y % 2 + x * y % 3 == 0;
    case 6: return (x * y % 2 + x * y % 3) % 2 == 0;
    default: return ((x + y) % 2 + x * y % 3) % 2 == 0;
    }
}

static void apply_mask(canvas *c, unsigned mask) {
    for (int y = 0; y < c->qr->side; y++) {
        for (int x = 0; x < c->qr->side; x++) {
            if (c->fixed[y][x] == 0 && is_masked(mask, x, y)) c->qr->dark[y][x] ^= 1;
        }
    }
}

/* ---- how well a mask suits ---- */

static int at(const cli_qr *qr, bool across, int line, int i) {
    return across ? qr->dark[line][i] : qr->dark[i][line];
}

/* Five or more alike in a row, and what looks like a finder. */
static int line_penalty(const cli_qr *qr, bool across, int line) {
    int penalty = 0, run = 0;
    unsigned last = 0;
    for (int i = 0; i < qr->side; i++) {
        int dark = at(qr, across, line, i);
        run = i > 0 && dark == at(qr, across, line, i - 1) ? run + 1 : 1;
        penalty += run == 5 ? 3 : run > 5 ? 1 : 0;
        last = (last << 1 | (unsigned)dark) & 0x7ff;
        if (i >= 10 && (last == 0x5d0 || last == 0x05d)) penalty += 40;
    }
    return penalty;
}

static int penalty_of(const cli_qr *qr) {
    int penalty = 0, dark = 0, all = qr->side * qr->side;
    for (int i = 0; i < qr->side; i++) penalty += line_penalty(qr, true, i) + line_penalty(qr, false, i);
    for (int y = 0; y < qr->side; y++) {
        for (int x = 0; x < qr->side; x++) {
            dark += qr->dark[y][x];
            if (x == 0 || y == 0) continue;
            int four = qr->dark[y][x] + qr->dark[y][x - 1] + qr->dark[y - 1][x] + qr->dark[y - 1][x - 1];
            if (four == 0 || four == 4) penalty += 3;
        }
    }
    return penalty + 10 * (abs(20 * dark - 10 * all) / all);
}

ink_status cli_qr_make(const char *text, cli_qr *out, ink_error *err) {
    uint8_t words[WORDS] = {0};
    size_t length = strlen(text);
    int version = 1, best = 0;
    unsigned chosen = 0;
    while (version <= VERSIONS && length + 2 > (size_t)(shapes[version].blocks * shapes[version].data)) version++;
    memset(out, 0, sizeof *out);
    if (version > VERSIONS) {
        return cli_fail(err, INK_E_USAGE, "%zu bytes are too many for a QR code, expected at most %d", length,
                        CLI_QR_TEXT_MOST);
    }
    canvas c = {.qr = out};
    out->side = 17 + 4 * version;
    draw_fixed(&c, version);
    draw_words(&c, words, all_words(text, length, version, words));
    for (unsigned mask = 0; mask < 8; mask++) {
        draw_format(&c, mask);
        apply_mask(&c, mask);
        int penalty = penalty_of(out);
        apply_mask(&c, mask); /* twice is not at all */
        if (mask > 0 && penalty >= best) continue;
        best = penalty;
        chosen = mask;
    }
    draw_format(&c, chosen);
    apply_mask(&c, chosen);
    return INK_OK;
}

/* ---- on a terminal ---- */

static bool is_light(const cli_qr *qr, int x, int y) {
    return x < 0 || y < 0 || x >= qr->side || y >= qr->side || qr->dark[y][x] == 0;
}

static void put_row(const cli_qr *qr, int y, bool utf8, FILE *out) {
    static const char *const blocks[4] = {" ", "\u2584", "\u2580", "\u2588"};
    /* White on black, whatever the terminal's own colours. */
    fputs("\033[97;40m", out);
    for (int x = -MARGIN; x < qr->side + MARGIN; x++) {
        if (utf8) {
            bool below = y + 1 < qr->side + MARGIN && is_light(qr, x, y + 1);
            fputs(blocks[2 * is_light(qr, x, y) + below], out);
        } else {
            fputs(is_light(qr, x, y) ? "\033[107m  \033[40m" : "  ", out);
        }
    }
    fputs("\033[0m\n", out);
}

ink_status cli_qr_text(const char *text, bool utf8, char **out, ink_error *err) {
    cli_qr qr;
    size_t size = 0;
    *out = NULL;
    ink_status status = cli_qr_make(text, &qr, err);
    if (status != INK_OK) return status;
    FILE *stream = open_memstream(out, &size);
    if (stream == NULL) return cli_fail(err, INK_E_MEMORY, "out of memory");
    for (int y = -MARGIN; y < qr.side + MARGIN; y += utf8 ? 2 : 1) put_row(&qr, y, utf8, stream);
    if (fclose(stream) == 0) return INK_OK;
    free(*out);
    *out = NULL;
    return cli_fail(err, INK_E_MEMORY, "out of memory");
}
