/* data/handpage_doodle.c: things that people draw beside their numbers.
 * None of them is a digit; single circles and single upright strokes, which would be, are not drawn. */
#include <math.h>

#include "core/real.h"
#include "data/handpage_parts.h"

typedef struct brush {
    const ink_easel *easel;
    double x, y, size; /* centre, and half the side of the box */
    float radius, through;
    double at[2];
    bool down;
} brush;

/* Moves the brush to a place of the box, -1..1 along both axes; it draws when it was down. */
static void go(brush *b, double x, double y) {
    const double to[2] = {b->x + x * b->size, b->y + y * b->size};
    if (b->down) ink_easel_stroke(b->easel, b->at, to, b->radius, b->through);
    b->at[0] = to[0];
    b->at[1] = to[1];
    b->down = true;
}

static void lift(brush *b) {
    b->down = false;
}

static void arc(brush *b, double x, double y, double rx, double ry, double from, double to) {
    lift(b);
    for (int i = 0; i <= 40; i++) {
        double t = from + (to - from) * i / 40;
        go(b, x + rx * ink_cos_turn(t), y + ry * ink_sin_turn(t));
    }
}

static void spiral(brush *b, ink_rng *rng) {
    double turns = 3 + 2 * (double)ink_rng_unit(rng);
    for (int i = 0; i <= 160; i++) {
        double t = i / 160.0;
        go(b, t * ink_cos_turn(turns * t), t * ink_sin_turn(turns * t));
    }
}

static void zigzag(brush *b, ink_rng *rng) {
    uint32_t n = 9 + ink_rng_below(rng, 8);
    for (uint32_t i = 0; i <= n; i++) {
        go(b, -1 + 2.0 * i / n, (i % 2 == 0 ? -0.35 : 0.35) + 0.1 * (double)ink_rng_normal(rng));
    }
}

static void scribble(brush *b, ink_rng *rng) {
    double x = 0, y = 0;
    for (int i = 0; i < 60; i++) {
        x = 0.8 * x + 0.35 * (double)ink_rng_normal(rng);
        y = 0.8 * y + 0.35 * (double)ink_rng_normal(rng);
        go(b, x < -1 ? -1 : x > 1 ? 1 : x, y < -1 ? -1 : y > 1 ? 1 : y);
    }
}

static void star(brush *b) {
    for (int i = 0; i <= 5; i++) go(b, ink_sin_turn(i * 0.4), -ink_cos_turn(i * 0.4));
}

static void house(brush *b) {
    static const double way[9][2] = {{-0.7, 0.9}, {0.7, 0.9},  {0.7, -0.1},  {-0.7, -0.1}, {0, -0.9},
                                     {0.7, -0.1}, {-0.7, 0.9}, {-0.7, -0.1}, {0.7, 0.9}};
    for (int i = 0; i < 9; i++) go(b, way[i][0], way[i][1]);
}

static void face(brush *b) {
    arc(b, 0, 0, 0.95, 0.95, 0, 1.02);
    arc(b, -0.35, -0.25, 0.08, 0.12, 0, 1);
    arc(b, 0.35, -0.25, 0.08, 0.12, 0, 1);
    arc(b, 0, 0.1, 0.5, 0.45, 0.05, 0.45);
}

static void flower(brush *b) {
    for (int i = 0; i < 6; i++) {
        arc(b, 0.55 * ink_cos_turn(i / 6.0), 0.55 * ink_sin_turn(i / 6.0), 0.36, 0.36, 0, 1);
    }
    arc(b, 0, 0, 0.22, 0.22, 0, 1);
}

static void hatching(brush *b, ink_rng *rng) {
    for (int i = 0; i < 12; i++) {
        double x = -1 + i / 6.0;
        lift(b);
        go(b, x - 0.3, 0.6 + 0.05 * (double)ink_rng_normal(rng));
        go(b, x + 0.3, -0.6 + 0.05 * (double)ink_rng_normal(rng));
    }
    lift(b);
    go(b, -1.2, 0.5);
    go(b, 1.1, -0.45);
}

static void wave(brush *b) {
    for (int i = 0; i <= 120; i++) {
        double t = i / 120.0;
        go(b, -1.2 + 2.4 * t, 0.22 * ink_sin_turn(5 * t));
    }
}

static void cross_out(brush *b, ink_rng *rng) {
    for (int i = 0; i <= 14; i++) {
        go(b, -1 + i / 7.0, (i % 2 == 0 ? -0.2 : 0.2) + 0.06 * (double)ink_rng_normal(rng));
    }
    for (int i = 0; i <= 10; i++) go(b, 1 - i / 5.0, (i % 2 == 0 ? -0.15 : 0.22));
}

static void arrow(brush *b) {
    go(b, -1, 0.5);
    go(b, 0.9, -0.5);
    lift(b);
    go(b, 0.35, -0.55);
    go(b, 0.9, -0.5);
    go(b, 0.6, 0);
}

static void heart(brush *b) {
    lift(b);
    for (int i = 0; i <= 80; i++) {
        double t = i / 80.0, s = ink_sin_turn(t);
        double y = (13 * ink_cos_turn(t) - 5 * ink_cos_turn(2 * t) - 2 * ink_cos_turn(3 * t) - ink_cos_turn(4 * t));
        go(b, s * s * s, -y / 16);
    }
    arc(b, 0, -0.05, 0.3, 0.2, 0.05, 0.45);
}

void ink_easel_doodle(const ink_easel *easel, ink_rng *rng, double x, double y, double size, float radius,
                      float through) {
    brush b = {.easel = easel, .x = x, .y = y, .size = size / 2, .radius = radius, .through = through};
    switch (ink_rng_below(rng, 12)) {
    case 0: spiral(&b, rng); break;
    case 1: zigzag(&b, rng); break;
    case 2: scribble(&b, rng); break;
    case 3: star(&b); break;
    case 4: house(&b); break;
    case 5: face(&b); break;
    case 6: flower(&b); break;
    case 7: hatching(&b, rng); break;
    case 8: wave(&b); break;
    case 9: cross_out(&b, rng); break;
    case 10: arrow(&b); break;
    default: heart(&b); break;
    }
}
