/* data/allographs.c: the table of ways to write each digit, drawn after the shapes that people use.
 * No code: data/synth.c gives each writer a hand. */
#include "data/allographs.h"

#define S INK_KNOT_SMOOTH
#define C INK_KNOT_CORNER
#define L INK_KNOT_LIFT

/* oval from the top, closed */
static const ink_pen_point d0a[] = {{58, 2, S},  {30, 8, S},  {14, 35, S}, {14, 65, S}, {30, 93, S},
                                    {52, 98, S}, {76, 82, S}, {85, 50, S}, {76, 16, S}, {54, 2, L}};
/* round, the end runs past the start */
static const ink_pen_point d0b[] = {{62, 4, S},  {34, 6, S},  {14, 34, S}, {16, 70, S}, {42, 98, S},
                                    {72, 88, S}, {86, 54, S}, {74, 16, S}, {50, 3, S},  {34, 10, L}};
/* the end turns inward */
static const ink_pen_point d0c[] = {{72, 14, S}, {46, 2, S},  {20, 24, S}, {14, 60, S}, {34, 95, S},
                                    {64, 93, S}, {86, 60, S}, {80, 22, S}, {56, 6, S},  {40, 18, L}};
/* open at the top */
static const ink_pen_point d0d[] = {{46, 3, S},  {20, 22, S}, {13, 58, S}, {30, 94, S},
                                    {60, 97, S}, {84, 70, S}, {82, 30, S}, {66, 8, L}};
/* drawn clockwise */
static const ink_pen_point d0e[] = {{40, 6, S},  {66, 4, S},  {86, 36, S}, {84, 70, S}, {58, 98, S},
                                    {28, 92, S}, {13, 60, S}, {18, 24, S}, {42, 5, L}};
/* lying, wide */
static const ink_pen_point d0f[] = {{72, 20, S}, {40, 18, S},  {6, 42, S},  {10, 74, S}, {46, 84, S},
                                    {88, 74, S}, {100, 44, S}, {78, 20, S}, {54, 22, L}};
/* crossed out */
static const ink_pen_point d0g[] = {{58, 2, S},  {30, 8, S},  {14, 35, S}, {14, 65, S}, {30, 93, S}, {52, 98, S},
                                    {76, 82, S}, {85, 50, S}, {76, 16, S}, {54, 2, L},  {80, 16, S}, {22, 84, L}};
/* a bowl left open */
static const ink_pen_point d0h[] = {{26, 14, S}, {10, 50, S}, {24, 90, S}, {56, 96, S},
                                    {84, 70, S}, {86, 26, S}, {74, 8, L}};
/* a long pointed oval */
static const ink_pen_point d0i[] = {{60, 0, S},  {34, 18, S}, {18, 55, S}, {20, 88, S}, {40, 99, S},
                                    {66, 80, S}, {80, 42, S}, {76, 8, S},  {56, 1, L}};
/* a plain stroke */
static const ink_pen_point d1a[] = {{50, 0, S}, {50, 50, S}, {50, 100, L}};
/* a plain stroke that bends */
static const ink_pen_point d1b[] = {{54, 0, S}, {47, 35, S}, {52, 70, S}, {50, 100, L}};
/* a small flag */
static const ink_pen_point d1c[] = {{36, 14, S}, {50, 0, C}, {50, 50, S}, {50, 100, L}};
/* a large flag */
static const ink_pen_point d1d[] = {{24, 28, S}, {38, 16, S}, {52, 0, C}, {51, 50, S}, {50, 100, L}};
/* flag and base */
static const ink_pen_point d1e[] = {{28, 22, S},  {52, 0, C},  {51, 50, S}, {50, 99, L},
                                    {20, 100, S}, {50, 99, S}, {82, 98, L}};
/* flag like a 7's, and base */
static const ink_pen_point d1f[] = {{22, 30, S}, {40, 16, S}, {56, 0, C},  {52, 50, S},
                                    {48, 99, L}, {14, 99, S}, {48, 98, S}, {90, 97, L}};
/* base only */
static const ink_pen_point d1g[] = {{50, 0, S}, {50, 50, S}, {50, 99, L}, {26, 100, S}, {76, 99, L}};
/* flat base, sharp corner */
static const ink_pen_point d2a[] = {{14, 26, S}, {28, 6, S},  {56, 0, S},  {78, 16, S}, {72, 42, S},
                                    {46, 70, S}, {12, 96, C}, {50, 96, S}, {90, 95, L}};
/* small loop in the base */
static const ink_pen_point d2b[] = {{14, 24, S}, {34, 3, S}, {64, 2, S},  {80, 22, S}, {68, 50, S}, {40, 82, S},
                                    {18, 97, S}, {9, 90, S}, {20, 80, S}, {44, 88, S}, {68, 97, S}, {92, 90, L}};
/* large loop in the base */
static const ink_pen_point d2c[] = {{18, 28, S}, {26, 7, S},  {52, 0, S},  {76, 12, S}, {78, 32, S},
                                    {62, 58, S}, {34, 90, S}, {14, 98, S}, {5, 86, S},  {20, 74, S},
                                    {42, 83, S}, {62, 97, S}, {95, 86, L}};
/* wave in the base */
static const ink_pen_point d2d[] = {{12, 22, S}, {38, 2, S},  {70, 6, S},  {78, 28, S}, {56, 60, S},
                                    {14, 95, C}, {34, 87, S}, {60, 95, S}, {92, 92, L}};
/* like a Z */
static const ink_pen_point d2e[] = {{12, 12, S}, {44, 3, S},  {80, 8, S},  {62, 42, S},
                                    {36, 70, S}, {13, 95, C}, {50, 96, S}, {90, 96, L}};
/* round head that begins inside */
static const ink_pen_point d2f[] = {{32, 30, S}, {17, 24, S}, {26, 6, S},  {56, 0, S},  {80, 16, S},
                                    {73, 40, S}, {42, 72, S}, {14, 95, C}, {54, 94, S}, {88, 91, L}};
/* wide round head, loop to the left */
static const ink_pen_point d2g[] = {{12, 32, S}, {28, 6, S},  {60, 0, S},  {84, 20, S}, {76, 52, S}, {46, 80, S},
                                    {18, 88, S}, {12, 70, S}, {34, 64, S}, {62, 80, S}, {96, 94, L}};
/* head like a hook, loop below */
static const ink_pen_point d2h[] = {{26, 40, S}, {14, 22, S}, {32, 3, S},  {66, 2, S},  {82, 26, S}, {66, 62, S},
                                    {36, 92, S}, {12, 92, S}, {16, 74, S}, {42, 78, S}, {86, 96, L}};
/* narrow, high loop */
static const ink_pen_point d2i[] = {{30, 26, S}, {46, 4, S},  {68, 8, S},  {72, 40, S}, {56, 80, S},
                                    {32, 97, S}, {18, 84, S}, {32, 70, S}, {56, 80, S}, {82, 99, L}};
/* nearly closed below, short tail */
static const ink_pen_point d2j[] = {{16, 28, S}, {34, 4, S},  {66, 4, S},  {82, 28, S}, {74, 66, S}, {48, 96, S},
                                    {18, 94, S}, {10, 76, S}, {30, 62, S}, {58, 74, S}, {84, 92, L}};
/* lying */
static const ink_pen_point d2k[] = {{20, 30, S}, {44, 14, S}, {66, 26, S}, {46, 58, S},
                                    {6, 84, C},  {50, 72, S}, {104, 72, L}};
/* small head, long base */
static const ink_pen_point d2l[] = {{32, 16, S}, {50, 2, S}, {67, 13, S}, {58, 42, S},
                                    {28, 80, S}, {4, 96, C}, {50, 93, S}, {108, 86, L}};
/* long tail */
static const ink_pen_point d2m[] = {{20, 22, S}, {40, 3, S},  {64, 4, S},  {72, 26, S}, {50, 62, S},
                                    {18, 92, S}, {30, 84, S}, {60, 88, S}, {112, 92, L}};
/* round base */
static const ink_pen_point d2n[] = {{15, 20, S}, {42, 0, S},  {74, 10, S}, {74, 36, S}, {46, 66, S},
                                    {16, 88, S}, {22, 97, S}, {54, 95, S}, {90, 92, L}};
/* two bowls */
static const ink_pen_point d3a[] = {{15, 14, S}, {40, 0, S},  {70, 8, S},  {74, 28, S},  {56, 43, S}, {38, 47, C},
                                    {64, 52, S}, {82, 70, S}, {74, 92, S}, {44, 100, S}, {12, 90, L}};
/* flat top */
static const ink_pen_point d3b[] = {{14, 5, S},  {48, 4, S},  {80, 4, C},  {64, 22, S},  {46, 40, C},
                                    {70, 46, S}, {85, 68, S}, {72, 93, S}, {40, 100, S}, {10, 88, L}};
/* small loop in the middle */
static const ink_pen_point d3c[] = {{18, 12, S}, {46, 0, S},  {74, 12, S}, {68, 34, S}, {46, 47, S}, {36, 45, S},
                                    {46, 42, S}, {70, 54, S}, {83, 74, S}, {66, 96, S}, {36, 99, S}, {10, 86, L}};
/* the middle hardly touched */
static const ink_pen_point d3d[] = {{20, 10, S}, {52, 1, S},  {74, 16, S},  {62, 40, S}, {50, 48, C},
                                    {74, 58, S}, {82, 80, S}, {56, 100, S}, {16, 90, L}};
/* large lower bowl */
static const ink_pen_point d3e[] = {{20, 8, S},  {46, 0, S},  {66, 12, S}, {58, 32, S},  {36, 42, C},
                                    {66, 44, S}, {88, 66, S}, {76, 93, S}, {44, 100, S}, {8, 86, L}};
/* large upper bowl */
static const ink_pen_point d3f[] = {{12, 16, S}, {40, 0, S},  {76, 8, S},  {78, 36, S},  {46, 54, C},
                                    {66, 56, S}, {76, 76, S}, {58, 97, S}, {28, 100, S}, {8, 90, L}};
/* end curls up */
static const ink_pen_point d3g[] = {{22, 10, S}, {52, 0, S},  {76, 14, S}, {62, 38, S}, {40, 46, C}, {70, 50, S},
                                    {84, 72, S}, {66, 96, S}, {32, 98, S}, {8, 78, S},  {14, 68, L}};
/* steep, like a 7 with a hook */
static const ink_pen_point d3h[] = {{14, 10, S}, {44, 4, S},  {78, 6, S},  {60, 28, S},  {46, 42, C},
                                    {68, 48, S}, {76, 70, S}, {62, 92, S}, {38, 100, S}, {24, 94, L}};
/* begins with a hook */
static const ink_pen_point d3i[] = {{16, 28, S}, {18, 10, S}, {46, 0, S},  {76, 12, S}, {64, 38, S}, {44, 46, C},
                                    {70, 50, S}, {84, 72, S}, {66, 96, S}, {34, 99, S}, {10, 84, L}};
/* wide, leaning */
static const ink_pen_point d3j[] = {{18, 12, S}, {50, 0, S},  {82, 8, S},  {74, 32, S},  {40, 46, C},
                                    {70, 50, S}, {82, 70, S}, {60, 94, S}, {22, 100, S}, {0, 86, L}};
/* narrow, round */
static const ink_pen_point d3k[] = {{26, 12, S}, {50, 0, S},  {72, 14, S}, {62, 38, S}, {46, 46, C},
                                    {66, 54, S}, {78, 76, S}, {56, 98, S}, {24, 92, L}};
/* smooth middle */
static const ink_pen_point d3l[] = {{22, 6, S},  {54, 1, S},  {72, 18, S},  {56, 40, S}, {54, 50, S},
                                    {76, 64, S}, {76, 88, S}, {46, 100, S}, {14, 92, L}};
/* open, sharp */
static const ink_pen_point d4a[] = {{26, 2, S},  {20, 30, S}, {13, 56, C}, {50, 56, S},
                                    {90, 53, L}, {72, 6, S},  {69, 50, S}, {64, 100, L}};
/* open, round */
static const ink_pen_point d4b[] = {{22, 4, S},  {13, 36, S}, {22, 55, S}, {50, 56, S},
                                    {78, 46, L}, {80, 2, S},  {74, 50, S}, {67, 100, L}};
/* closed, one line down */
static const ink_pen_point d4c[] = {{64, 2, S},  {40, 30, S}, {8, 64, C},  {50, 65, S},
                                    {92, 63, L}, {66, 0, S},  {65, 50, S}, {63, 100, L}};
/* closed, crossing low */
static const ink_pen_point d4d[] = {{58, 2, S},  {34, 36, S}, {12, 66, C}, {52, 66, S},
                                    {90, 64, L}, {62, 34, S}, {62, 66, S}, {61, 100, L}};
/* drawn without lifting */
static const ink_pen_point d4e[] = {{26, 6, S},  {15, 36, S}, {24, 54, S}, {54, 52, S},
                                    {76, 30, S}, {80, 6, C},  {74, 50, S}, {66, 100, L}};
/* open, wide and angular */
static const ink_pen_point d4f[] = {{18, 4, S},  {14, 28, S}, {12, 50, C}, {50, 51, S},
                                    {84, 48, L}, {84, 0, S},  {76, 48, S}, {70, 100, L}};
/* steep, long line */
static const ink_pen_point d4g[] = {{30, 14, S}, {20, 44, S}, {32, 58, S}, {60, 52, L},
                                    {72, 0, S},  {64, 50, S}, {54, 100, L}};
/* the top nearly closed */
static const ink_pen_point d4h[] = {{46, 4, S},  {26, 30, S}, {16, 52, C}, {46, 57, S},
                                    {78, 50, L}, {66, 6, S},  {72, 50, S}, {66, 100, L}};
/* bowl, then the bar on top */
static const ink_pen_point d5a[] = {{32, 6, S},   {27, 24, S}, {22, 44, C}, {50, 36, S}, {80, 50, S}, {81, 78, S},
                                    {52, 100, S}, {10, 90, L}, {32, 6, S},  {60, 5, S},  {88, 1, L}};
/* in one stroke */
static const ink_pen_point d5b[] = {{86, 4, S},  {56, 5, S},  {33, 7, C},  {28, 24, S},  {24, 44, C},
                                    {52, 37, S}, {81, 52, S}, {80, 82, S}, {48, 100, S}, {12, 90, L}};
/* like an S */
static const ink_pen_point d5c[] = {{80, 3, S},  {48, 5, S},  {28, 20, S}, {36, 41, S},
                                    {64, 54, S}, {78, 76, S}, {56, 98, S}, {14, 93, L}};
/* the bar stands off */
static const ink_pen_point d5d[] = {{34, 14, S},  {27, 30, S}, {24, 45, C}, {52, 40, S}, {78, 56, S}, {76, 84, S},
                                    {46, 100, S}, {12, 92, L}, {38, 5, S},  {64, 4, S},  {92, 0, L}};
/* small bowl, long back */
static const ink_pen_point d5e[] = {{86, 3, S},  {60, 4, S},  {40, 6, C},  {34, 26, S},  {28, 48, C},
                                    {50, 46, S}, {72, 60, S}, {72, 84, S}, {46, 100, S}, {14, 94, L}};
/* small body, long bar */
static const ink_pen_point d5f[] = {{34, 18, S},  {28, 32, S}, {24, 46, C}, {46, 42, S}, {66, 58, S}, {60, 84, S},
                                    {34, 100, S}, {6, 93, L},  {34, 18, S}, {66, 12, S}, {106, 0, L}};
/* short neck, wide bar */
static const ink_pen_point d5g[] = {{40, 22, S},  {34, 40, C}, {54, 40, S}, {70, 58, S}, {60, 86, S},
                                    {30, 100, S}, {2, 94, L},  {38, 22, S}, {70, 20, S}, {112, 14, L}};
/* round, in one stroke */
static const ink_pen_point d5h[] = {{88, 2, S},  {60, 3, S},  {34, 8, S},  {26, 30, S},  {32, 42, S},
                                    {58, 44, S}, {80, 62, S}, {72, 90, S}, {44, 100, S}, {16, 90, L}};
/* a hook down in front of the bowl */
static const ink_pen_point d5i[] = {{84, 6, S},  {52, 3, S},  {30, 10, S}, {26, 40, C},  {40, 36, S},
                                    {72, 44, S}, {84, 70, S}, {66, 96, S}, {34, 100, S}, {8, 84, L}};
/* hanging bowl */
static const ink_pen_point d5j[] = {{30, 4, S},  {26, 22, S},  {25, 42, C}, {54, 34, S}, {84, 54, S}, {80, 84, S},
                                    {54, 97, S}, {26, 100, L}, {30, 4, S},  {56, 3, S},  {80, 3, L}};
/* long curved back */
static const ink_pen_point d6a[] = {{68, 2, S},  {40, 20, S}, {18, 52, S}, {18, 84, S}, {42, 100, S},
                                    {70, 90, S}, {78, 70, S}, {58, 55, S}, {32, 66, S}, {21, 82, L}};
/* straight back */
static const ink_pen_point d6b[] = {{56, 0, S},  {34, 34, S}, {18, 70, S}, {28, 96, S}, {60, 98, S},
                                    {78, 78, S}, {62, 60, S}, {38, 66, S}, {22, 84, L}};
/* small loop */
static const ink_pen_point d6c[] = {{62, 0, S},  {34, 28, S}, {16, 66, S}, {30, 97, S}, {62, 98, S},
                                    {76, 80, S}, {60, 68, S}, {38, 78, S}, {30, 92, L}};
/* wide loop */
static const ink_pen_point d6d[] = {{48, 0, S},  {26, 32, S}, {13, 68, S}, {28, 97, S}, {62, 99, S},
                                    {88, 82, S}, {72, 65, S}, {40, 70, S}, {17, 86, L}};
/* upright, round loop */
static const ink_pen_point d6e[] = {{40, 0, S},  {24, 32, S}, {17, 66, S}, {28, 95, S}, {56, 99, S},
                                    {78, 82, S}, {70, 58, S}, {44, 52, S}, {22, 66, L}};
/* long neck, small low loop */
static const ink_pen_point d6f[] = {{64, 0, S},  {40, 24, S}, {22, 58, S}, {20, 88, S}, {44, 100, S},
                                    {66, 90, S}, {62, 74, S}, {40, 72, S}, {24, 86, L}};
/* short neck, wide high loop */
static const ink_pen_point d6g[] = {{40, 4, S},  {22, 36, S}, {12, 74, S}, {24, 97, S}, {58, 98, S},
                                    {88, 78, S}, {84, 50, S}, {58, 46, S}, {34, 64, S}, {20, 86, L}};
/* straight neck, the loop beside it */
static const ink_pen_point d6h[] = {{34, 0, S},  {20, 44, S}, {18, 90, S}, {50, 100, S}, {86, 84, S},
                                    {84, 54, S}, {58, 46, S}, {34, 66, S}, {24, 88, L}};
/* loop drawn to the inside */
static const ink_pen_point d6i[] = {{72, 6, S},  {44, 10, S}, {20, 44, S}, {16, 78, S}, {40, 100, S},
                                    {72, 88, S}, {74, 62, S}, {48, 54, S}, {30, 70, S}, {40, 86, L}};
/* plain */
static const ink_pen_point d7a[] = {{12, 8, S}, {46, 6, S}, {84, 4, C}, {64, 46, S}, {46, 100, L}};
/* hook in front */
static const ink_pen_point d7b[] = {{14, 22, S}, {15, 7, C}, {50, 7, S}, {84, 5, C}, {62, 48, S}, {48, 100, L}};
/* with a bar */
static const ink_pen_point d7c[] = {{12, 8, S},   {46, 6, S},  {84, 4, C},  {66, 44, S},
                                    {48, 100, L}, {30, 52, S}, {54, 50, S}, {80, 47, L}};
/* round shoulder */
static const ink_pen_point d7d[] = {{13, 12, S}, {46, 4, S}, {80, 8, S}, {76, 32, S}, {58, 64, S}, {48, 100, L}};
/* wave on top */
static const ink_pen_point d7e[] = {{10, 18, S}, {24, 7, S}, {52, 13, S}, {82, 5, C}, {62, 48, S}, {44, 100, L}};
/* bent back */
static const ink_pen_point d7f[] = {{14, 14, S}, {40, 3, S},  {76, 8, S},  {72, 30, S},
                                    {60, 52, S}, {56, 76, S}, {58, 100, L}};
/* long hook in front */
static const ink_pen_point d7g[] = {{10, 42, S}, {17, 14, S}, {30, 8, S},  {56, 10, S},
                                    {82, 5, C},  {68, 48, S}, {58, 100, L}};
/* long hook, with a bar */
static const ink_pen_point d7h[] = {{12, 34, S},  {18, 10, S}, {50, 8, S},  {82, 5, C}, {66, 48, S},
                                    {52, 100, L}, {34, 54, S}, {58, 52, S}, {84, 48, L}};
/* steep */
static const ink_pen_point d7i[] = {{18, 10, S}, {48, 8, S}, {76, 6, C}, {70, 50, S}, {66, 100, L}};
/* one stroke, from the right */
static const ink_pen_point d8a[] = {{74, 14, S},  {50, 0, S},  {25, 14, S}, {34, 36, S}, {60, 54, S}, {80, 77, S},
                                    {54, 100, S}, {22, 86, S}, {26, 66, S}, {50, 48, S}, {74, 28, S}, {73, 10, L}};
/* two rings */
static const ink_pen_point d8b[] = {{50, 2, S},   {28, 12, S}, {28, 38, S}, {52, 48, S}, {73, 36, S},
                                    {72, 12, S},  {50, 2, L},  {50, 48, S}, {24, 62, S}, {22, 90, S},
                                    {50, 100, S}, {78, 90, S}, {76, 64, S}, {50, 48, L}};
/* one stroke, from the left */
static const ink_pen_point d8c[] = {{28, 18, S},  {50, 0, S},  {74, 16, S}, {62, 40, S}, {36, 60, S}, {20, 82, S},
                                    {46, 100, S}, {76, 86, S}, {68, 60, S}, {42, 40, S}, {27, 20, L}};
/* open at the top */
static const ink_pen_point d8d[] = {{80, 9, S},   {48, 0, S},  {23, 18, S}, {48, 45, S}, {77, 72, S},
                                    {52, 100, S}, {20, 84, S}, {38, 58, S}, {62, 38, S}, {82, 14, L}};
/* open, both ends out at the top right */
static const ink_pen_point d8e[] = {{86, 6, S},   {56, 0, S},  {32, 16, S}, {42, 40, S}, {64, 60, S}, {70, 84, S},
                                    {48, 100, S}, {26, 86, S}, {36, 60, S}, {64, 34, S}, {92, 8, L}};
/* narrow, large head */
static const ink_pen_point d8f[] = {{70, 20, S},  {50, 0, S},  {24, 18, S}, {34, 46, S}, {58, 64, S}, {66, 84, S},
                                    {48, 100, S}, {32, 86, S}, {44, 62, S}, {68, 40, S}, {72, 22, L}};
/* flat head, wide below */
static const ink_pen_point d8g[] = {{76, 20, S},  {52, 4, S},  {28, 14, S}, {38, 36, S}, {66, 52, S}, {86, 78, S},
                                    {56, 100, S}, {20, 88, S}, {26, 64, S}, {56, 46, S}, {80, 24, L}};
/* the cross stands high */
static const ink_pen_point d8h[] = {{72, 8, S},   {46, 0, S},  {26, 14, S}, {40, 30, S}, {70, 56, S}, {74, 86, S},
                                    {46, 100, S}, {20, 84, S}, {30, 54, S}, {56, 28, S}, {74, 10, L}};
/* small head */
static const ink_pen_point d8i[] = {{68, 12, S},  {48, 0, S},  {33, 14, S}, {42, 36, S}, {66, 56, S}, {84, 80, S},
                                    {52, 100, S}, {18, 84, S}, {28, 62, S}, {52, 44, S}, {68, 26, S}, {64, 8, L}};
/* from the middle */
static const ink_pen_point d8j[] = {{52, 48, S}, {28, 28, S}, {38, 4, S},  {64, 3, S},  {74, 24, S}, {52, 46, S},
                                    {26, 68, S}, {30, 94, S}, {62, 99, S}, {80, 80, S}, {66, 58, S}, {46, 44, L}};
/* loop and a straight line */
static const ink_pen_point d9a[] = {{74, 16, S}, {50, 2, S},  {23, 18, S}, {22, 43, S}, {46, 52, S},
                                    {70, 38, S}, {77, 12, C}, {74, 50, S}, {68, 100, L}};
/* loop and a curved tail */
static const ink_pen_point d9b[] = {{76, 16, S}, {48, 2, S},  {21, 22, S}, {30, 48, S}, {58, 45, S},
                                    {77, 18, S}, {79, 48, S}, {64, 86, S}, {26, 97, L}};
/* closed loop in one curve */
static const ink_pen_point d9c[] = {{72, 24, S}, {60, 4, S},  {34, 6, S},  {18, 30, S}, {32, 50, S},
                                    {58, 45, S}, {74, 20, S}, {72, 58, S}, {64, 100, L}};
/* small loop, long line */
static const ink_pen_point d9d[] = {{68, 12, S}, {48, 2, S},  {30, 16, S}, {32, 36, S}, {50, 42, S},
                                    {66, 28, S}, {72, 10, S}, {68, 50, S}, {56, 100, L}};
/* wide loop */
static const ink_pen_point d9e[] = {{80, 14, S}, {48, 4, S},  {14, 22, S}, {18, 44, S}, {48, 50, S},
                                    {78, 32, S}, {82, 10, C}, {76, 50, S}, {72, 100, L}};
/* the loop left open */
static const ink_pen_point d9f[] = {{68, 9, S},  {44, 3, S}, {19, 24, S}, {26, 47, S}, {50, 46, S},
                                    {71, 30, L}, {78, 5, S}, {74, 50, S}, {66, 100, L}};
/* the loop open at the right */
static const ink_pen_point d9g[] = {{74, 8, S},  {46, 4, S},  {20, 24, S}, {34, 45, S},
                                    {62, 42, S}, {80, 12, C}, {74, 50, S}, {64, 100, L}};
/* like a g */
static const ink_pen_point d9h[] = {{72, 18, S}, {50, 2, S},  {24, 16, S}, {28, 40, S}, {58, 40, S},
                                    {78, 14, S}, {80, 52, S}, {66, 90, S}, {36, 99, S}, {12, 90, L}};
/* the line starts above */
static const ink_pen_point d9i[] = {{62, 14, S}, {38, 10, S}, {18, 30, S}, {36, 48, S},
                                    {62, 38, S}, {84, 0, C},  {74, 46, S}, {62, 100, L}};
/* round loop, long straight line */
static const ink_pen_point d9j[] = {{70, 22, S}, {52, 2, S},  {26, 10, S}, {22, 34, S}, {44, 44, S},
                                    {68, 30, S}, {73, 12, C}, {68, 56, S}, {60, 100, L}};
/* short loop, bent line */
static const ink_pen_point d9k[] = {{76, 12, S}, {50, 0, S},  {28, 12, S}, {30, 34, S}, {54, 38, S},
                                    {74, 20, S}, {78, 40, S}, {74, 70, S}, {58, 100, L}};
/* tail turned to the left */
static const ink_pen_point d9l[] = {{72, 20, S}, {54, 2, S},  {28, 14, S}, {22, 36, S}, {44, 48, S},
                                    {68, 34, S}, {75, 12, S}, {74, 60, S}, {60, 94, S}, {34, 98, L}};

#define WAY(digit, weight, points)                                                                                     \
    { (digit), (weight), (points), sizeof(points) / sizeof((points)[0]) }

const ink_allograph ink_allographs[] = {
    WAY(0, 30, d0a), WAY(0, 25, d0b), WAY(0, 15, d0c), WAY(0, 12, d0d), WAY(0, 10, d0e), WAY(0, 9, d0f),
    WAY(0, 5, d0g),  WAY(0, 5, d0h),  WAY(0, 8, d0i),  WAY(1, 74, d1a), WAY(1, 8, d1b),  WAY(1, 6, d1c),
    WAY(1, 5, d1d),  WAY(1, 5, d1e),  WAY(1, 4, d1f),  WAY(1, 2, d1g),  WAY(2, 20, d2a), WAY(2, 17, d2b),
    WAY(2, 15, d2c), WAY(2, 14, d2d), WAY(2, 10, d2e), WAY(2, 14, d2f), WAY(2, 24, d2g), WAY(2, 10, d2h),
    WAY(2, 15, d2i), WAY(2, 12, d2j), WAY(2, 8, d2k),  WAY(2, 14, d2l), WAY(2, 9, d2m),  WAY(2, 10, d2n),
    WAY(3, 24, d3a), WAY(3, 14, d3b), WAY(3, 17, d3c), WAY(3, 20, d3d), WAY(3, 15, d3e), WAY(3, 10, d3f),
    WAY(3, 10, d3g), WAY(3, 9, d3h),  WAY(3, 9, d3i),  WAY(3, 12, d3j), WAY(3, 10, d3k), WAY(3, 10, d3l),
    WAY(4, 22, d4a), WAY(4, 18, d4b), WAY(4, 13, d4c), WAY(4, 12, d4d), WAY(4, 9, d4e),  WAY(4, 12, d4f),
    WAY(4, 9, d4g),  WAY(4, 4, d4h),  WAY(5, 26, d5a), WAY(5, 25, d5b), WAY(5, 16, d5c), WAY(5, 14, d5d),
    WAY(5, 10, d5e), WAY(5, 14, d5f), WAY(5, 10, d5g), WAY(5, 10, d5h), WAY(5, 10, d5i), WAY(5, 9, d5j),
    WAY(6, 26, d6a), WAY(6, 20, d6b), WAY(6, 16, d6c), WAY(6, 14, d6d), WAY(6, 14, d6e), WAY(6, 12, d6f),
    WAY(6, 18, d6g), WAY(6, 14, d6h), WAY(6, 10, d6i), WAY(7, 28, d7a), WAY(7, 14, d7b), WAY(7, 14, d7c),
    WAY(7, 16, d7d), WAY(7, 10, d7e), WAY(7, 10, d7f), WAY(7, 14, d7g), WAY(7, 8, d7h),  WAY(7, 8, d7i),
    WAY(8, 24, d8a), WAY(8, 16, d8b), WAY(8, 18, d8c), WAY(8, 18, d8d), WAY(8, 16, d8e), WAY(8, 10, d8f),
    WAY(8, 10, d8g), WAY(8, 8, d8h),  WAY(8, 12, d8i), WAY(8, 12, d8j), WAY(9, 24, d9a), WAY(9, 20, d9b),
    WAY(9, 20, d9c), WAY(9, 14, d9d), WAY(9, 12, d9e), WAY(9, 16, d9f), WAY(9, 12, d9g), WAY(9, 12, d9h),
    WAY(9, 9, d9i),  WAY(9, 16, d9j), WAY(9, 12, d9k), WAY(9, 10, d9l),
};
const uint32_t ink_allograph_count = sizeof ink_allographs / sizeof ink_allographs[0];
