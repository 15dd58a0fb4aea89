/* ops/cuda/kern_bf16_tile.h: the kernels of kern_bf16.cu for one SIZE of a tile, included by it: DOWN, ACROSS, ABREAST
 * say what each warp has of it, STAGES how many slices lie in shared memory, OUTER whether gradients of weights are
 * made, SPLITS whether the terms may be cut into parts.
 * A stage is a slice of the left side and, behind it, one of the right. */

#define ROWS        (16 * DOWN * (4 / ABREAST))
#define COLUMNS     (8 * ACROSS * ABREAST)
#define AHEAD       (STAGES - 1)
#define STAGE_WORDS (SIDE(ROWS) + SIDE(COLUMNS))
#define OUT_STRIDE  (COLUMNS + 4) /* of the results' rows, INK_CHUNK of which take the stages' place in the end */
#define TILE_WORDS  (STAGES * STAGE_WORDS > INK_CHUNK * OUT_STRIDE ? STAGES * STAGE_WORDS : INK_CHUNK * OUT_STRIDE)
#define GROUPS      (COLUMNS / 4) /* threads along a row of results */

/* Where the fragments of a thread's warp begin; sum [i][j][e] of lane l is row 16 i + l / 4 + e / 2 * 8 from there, and
 * column 8 j + l % 4 * 2 + e % 2. */
#define WARP_ROW(t)    ((t) / 32 / ABREAST * (16 * DOWN))
#define WARP_COLUMN(t) ((t) / 32 % ABREAST * (8 * ACROSS))

/* sums += a slice of the left side times one of the right. */
INK_DEVICE void NAME_OF(multiply, SIZE)(INK_KEEP(float, sums, [DOWN][ACROSS][4]), const uint32_t *left,
                                        const uint32_t *right, const bool left_turned, const bool right_turned) {
    INK_UNROLL
    for (uint32_t step = 0; step < INK_DEPTH / 16; step++) {
        INK_KEEP(uint32_t, l, [DOWN][4]);
        INK_KEEP(uint32_t, r, [ACROSS / 2][4]);
        INK_KEEP(uint32_t, from, [DOWN + ACROSS / 2]);
        INK_THREADS {
            const uint32_t row = left_turned ? lane_word(t, 0, WARP_ROW(t) / OCTET, ROWS / OCTET, true)
                                             : lane_word(t, WARP_ROW(t), 0, STRAIGHT, false);
            const uint32_t column = right_turned ? lane_word(t, 0, WARP_COLUMN(t) / OCTET, COLUMNS / OCTET, false)
                                                 : lane_word(t, WARP_COLUMN(t), 0, STRAIGHT, true);
            INK_UNROLL
            for (uint32_t i = 0; i < DOWN; i++) {
                INK_MINE(from)
                [i] = fragment_word(row, i, step, left_turned ? ROWS / OCTET : STRAIGHT, left_turned);
            }
            INK_UNROLL
            for (uint32_t j = 0; j < ACROSS / 2; j++) {
                INK_MINE(from)
                [DOWN + j] = fragment_word(column, j, step, right_turned ? COLUMNS / OCTET : STRAIGHT, right_turned);
            }
        }
        INK_UNROLL
        for (uint32_t i = 0; i < DOWN; i++) ldmatrix(INK_LANES(l, [i]), left, INK_LANES(from, +i), left_turned);
        INK_UNROLL
        for (uint32_t j = 0; j < ACROSS / 2; j++) {
            ldmatrix(INK_LANES(r, [j]), right, INK_LANES(from, +DOWN + j), right_turned);
        }
        INK_UNROLL
        for (uint32_t i = 0; i < DOWN; i++) {
            INK_UNROLL
            for (uint32_t j = 0; j < ACROSS; j++) {
                mma_bf16(INK_LANES(sums, [i][j]), INK_LANES(l, [i]), INK_LANES(r, [j / 2] + j % 2 * 2));
            }
        }
    }
}

INK_DEVICE void NAME_OF(clear, SIZE)(float sums[DOWN][ACROSS][4]) {
    INK_UNROLL
    for (uint32_t i = 0; i < DOWN * ACROSS * 4; i++) sums[i / 4 / ACROSS][i / 4 % ACROSS][i % 4] = 0.0f;
}

/* Thread t's sums to their places among the INK_CHUNK rows of this pass, if they are of it. */
INK_DEVICE void NAME_OF(put, SIZE)(unsigned t, uint32_t pass, float sums[DOWN][ACROSS][4], float *tile) {
    const uint32_t lane = t % 32;
    if (WARP_ROW(t) / INK_CHUNK != pass) return;
    float *to = tile + (WARP_ROW(t) % INK_CHUNK + lane / 4) * OUT_STRIDE + WARP_COLUMN(t) + lane % 4 * 2;
    INK_UNROLL
    for (uint32_t i = 0; i < DOWN * ACROSS * 4; i++) {
        const uint32_t down = i / 4 / ACROSS, across = i / 4 % ACROSS, e = i % 4;
        to[(16 * down + e / 2 * 8) * OUT_STRIDE + 8 * across + e % 2] = sums[down][across][e];
    }
}

/* A block of a product whose left side is gathered. */
INK_DEVICE void NAME_OF(product, SIZE)(const ink_cuda_gather *a, const bool turned) {
    INK_SHARED(uint32_t, memory, [TILE_WORDS]);
    INK_KEEP(float, sums, [DOWN][ACROSS][4]);
    INK_KEEP(ink_copies, copies, [1]);
    INK_KEEP(source, sources, [ROWS / LINES_A_TURN]);
    INK_KEEP(cursor, at, [1]);
    INK_KEEP(under, tap, [1]);
    INK_KEEP(cursor, terms, [TURNS_OF(COLUMNS / OCTET)]); /* of a turned right side */
    const uint32_t parts = SPLITS && a->split > 1 ? a->split : 1, part = parts > 1 ? INK_Z : 0;
    const ink_cuda_grid grid = a->grids[parts > 1 ? 0 : INK_Z];
    const ink_cuda_tap *taps = a->taps + grid.first_tap;
    const uint32_t rows = a->n * grid.grid_h * grid.grid_w, first_row = INK_X * ROWS, first_column = INK_Y * COLUMNS;
    const uint32_t all = (grid.n_taps * a->c + INK_DEPTH - 1) / INK_DEPTH, most = (all + parts - 1) / parts;
    const uint32_t first_slice = part * most < all ? part * most : all;
    const uint32_t slices = all - first_slice < most ? all - first_slice : most, term = first_slice * INK_DEPTH;
    if (first_row >= rows) return;
    INK_THREADS {
        NAME_OF(clear, SIZE)(INK_MINE(sums));
        ink_copies_begin(INK_MINE(copies));
        cursor_begin(INK_MINE(at), taps, grid.n_taps, a->c, term + t % STRAIGHT * OCTET);
        INK_UNROLL
        for (uint32_t i = 0; i < ROWS / LINES_A_TURN; i++) {
            INK_MINE(sources)[i] = source_of(a, grid, first_row + t / STRAIGHT + i * LINES_A_TURN, rows);
        }
        *INK_MINE(tap) = under_tap(a, grid.n_taps, INK_MINE(at), INK_MINE(sources), ROWS / LINES_A_TURN);
        if (!turned) continue;
        INK_UNROLL
        for (uint32_t i = 0; i < TURNS_OF(COLUMNS / OCTET); i++) {
            cursor_begin(INK_MINE(terms) + i, taps, grid.n_taps, a->c, term + TERM_OF(t, i, COLUMNS / OCTET));
        }
    }
    /* In turn d slice d sets out, and slice d - AHEAD, which has arrived, is multiplied. */
    for (uint32_t d = 0; d < slices + AHEAD; d++) {
        uint32_t *next = memory + d % STAGES * STAGE_WORDS;
        const uint32_t *present = memory + (d + 1) % STAGES * STAGE_WORDS;
        if (d >= AHEAD) {
            INK_PHASE { /* and all have multiplied the slice before, in whose place the next one goes */
                ink_copies_wait(INK_MINE(copies), AHEAD - 1);
            }
        }
        INK_THREADS {
            if (d < slices) {
                copy_left(INK_MINE(copies), next, a, INK_MINE(at), INK_MINE(tap), INK_MINE(sources),
                          ROWS / LINES_A_TURN, t);
                if (turned) {
                    copy_right_turned(INK_MINE(copies), next + SIDE(ROWS), a, grid.n_taps, INK_MINE(terms),
                                      first_column, COLUMNS / OCTET, t);
                    INK_UNROLL
                    for (uint32_t i = 0; i < TURNS_OF(COLUMNS / OCTET); i++) {
                        (void)cursor_move(INK_MINE(terms) + i, taps, grid.n_taps, a->c);
                    }
                } else {
                    copy_right(INK_MINE(copies), next + SIDE(ROWS), a, grid.n_taps, INK_MINE(at), first_column,
                               COLUMNS / LINES_A_TURN, t);
                }
                if (cursor_move(INK_MINE(at), taps, grid.n_taps, a->c)) {
                    *INK_MINE(tap) = under_tap(a, grid.n_taps, INK_MINE(at), INK_MINE(sources), ROWS / LINES_A_TURN);
                }
            }
            ink_copies_close(INK_MINE(copies));
        }
        if (d >= AHEAD) NAME_OF(multiply, SIZE)(sums, present, present + SIDE(ROWS), false, turned);
    }
    float *tile = (float *)(void *)memory;
    if (parts > 1) {
        for (uint32_t pass = 0; pass < ROWS / INK_CHUNK; pass++) {
            const uint32_t first = first_row + pass * INK_CHUNK;
            INK_PHASE {
            }
            INK_PHASE {
                NAME_OF(put, SIZE)(t, pass, INK_MINE(sums), tile);
            }
            INK_PHASE {
                const uint32_t k = first_column + 4 * (t % GROUPS);
                for (uint32_t r = t / GROUPS; r < INK_CHUNK && first + r < rows; r += INK_BLOCK / GROUPS) {
                    put_part(a, ((uint64_t)part * rows + first + r) * a->k + k, k,
                             tile + r * OUT_STRIDE + 4 * (t % GROUPS));
                }
            }
        }
        INK_PHASE {
            if (t == 0) memory[0] = ink_is_last(&a->arrived[INK_Y * ((rows + ROWS - 1) / ROWS) + INK_X], parts);
        }
        if (memory[0] == 0) return;
    }
    INK_KEEP(finish, columns, [1]);
    INK_THREADS {
        if (!turned) finish_begin(INK_MINE(columns), a, first_column + 4 * (t % GROUPS));
    }
    for (uint32_t pass = 0; pass < ROWS / INK_CHUNK; pass++) {
        const uint32_t first = first_row + pass * INK_CHUNK,
                       count = rows - first < INK_CHUNK ? rows - first : INK_CHUNK;
        if (first >= rows) return;
        INK_PHASE {
        }
        if (parts == 1) {
            INK_PHASE {
                NAME_OF(put, SIZE)(t, pass, INK_MINE(sums), tile);
            }
        }
        INK_PHASE {
            const uint32_t k = first_column + 4 * (t % GROUPS);
            for (uint32_t r = t / GROUPS; r < count; r += INK_BLOCK / GROUPS) {
                float row[4], *spot = tile + r * OUT_STRIDE + 4 * (t % GROUPS);
                const uint64_t pixel = out_pixel(a, grid, first + r);
                if (parts == 1) {
                    ink_load4(row, spot);
                } else {
                    add_parts(a, pixel * a->k + k, k, rows, row);
                }
                finish_row(a, turned ? NULL : INK_MINE(columns), pixel, k, row);
                if (a->stats != NULL) ink_store4(spot, row);
            }
        }
        INK_THREADS {
            if (a->stats == NULL || t >= COLUMNS) continue;
            tile_stats(a, first / INK_CHUNK, first_column + t, count, tile + t, OUT_STRIDE);
        }
    }
}

INK_KERNEL(NAME_OF(gather, SIZE), ink_cuda_gather) {
    NAME_OF(product, SIZE)(&a, false);
}

INK_KERNEL(NAME_OF(turned, SIZE), ink_cuda_gather) {
    NAME_OF(product, SIZE)(&a, true);
}

#if OUTER

INK_KERNEL(NAME_OF(outer, SIZE), ink_cuda_outer) {
    INK_SHARED(uint32_t, memory, [TILE_WORDS]);
    INK_KEEP(float, sums, [DOWN][ACROSS][4]);
    INK_KEEP(ink_copies, copies, [1]);
    INK_KEEP(column_of_map, column, [1]);
    INK_KEEP(walker, walkers, [TURNS_OF(COLUMNS / OCTET)]);
    const uint32_t rows = a.n * a.out_h * a.out_w, first = INK_Z * a.part_rows, columns = a.n_taps * a.c;
    const uint32_t end = rows - first < a.part_rows ? rows : first + a.part_rows;
    const uint32_t slices = (end - first + INK_DEPTH - 1) / INK_DEPTH;
    const walker by = walker_at(&a, INK_DEPTH);
    INK_THREADS {
        NAME_OF(clear, SIZE)(INK_MINE(sums));
        ink_copies_begin(INK_MINE(copies));
        *INK_MINE(column) = column_at(&a, INK_X * COLUMNS + t % (COLUMNS / OCTET) * OCTET);
        INK_UNROLL
        for (uint32_t i = 0; i < TURNS_OF(COLUMNS / OCTET); i++) {
            INK_MINE(walkers)[i] = walker_at(&a, first + TERM_OF(t, i, COLUMNS / OCTET));
        }
    }
    for (uint32_t d = 0; d < slices + AHEAD; d++) {
        uint32_t *next = memory + d % STAGES * STAGE_WORDS;
        const uint32_t *present = memory + (d + 1) % STAGES * STAGE_WORDS;
        if (d >= AHEAD) {
            INK_PHASE {
                ink_copies_wait(INK_MINE(copies), AHEAD - 1);
            }
        }
        INK_THREADS {
            if (d < slices) {
                copy_dy(INK_MINE(copies), next, &a, first + d * INK_DEPTH, end, INK_Y * ROWS, ROWS / OCTET, t);
                copy_map(INK_MINE(copies), next + SIDE(ROWS), &a, first + d * INK_DEPTH, end, INK_MINE(column),
                         INK_MINE(walkers), COLUMNS / OCTET, t);
                INK_UNROLL
                for (uint32_t i = 0; i < TURNS_OF(COLUMNS / OCTET); i++) walker_move(INK_MINE(walkers) + i, by, &a);
            }
            ink_copies_close(INK_MINE(copies));
        }
        if (d >= AHEAD) NAME_OF(multiply, SIZE)(sums, present, present + SIDE(ROWS), true, true);
    }
    float *tile = (float *)(void *)memory;
    for (uint32_t pass = 0; pass < ROWS / INK_CHUNK; pass++) {
        INK_PHASE {
        }
        INK_PHASE {
            NAME_OF(put, SIZE)(t, pass, INK_MINE(sums), tile);
        }
        INK_THREADS {
            for (uint32_t r = t / GROUPS; r < INK_CHUNK; r += INK_BLOCK / GROUPS) {
                const uint32_t k = INK_Y * ROWS + pass * INK_CHUNK + r, j = INK_X * COLUMNS + 4 * (t % GROUPS);
                if (k >= a.k || j >= columns) continue;
                ink_store4(a.parts + ((uint64_t)INK_Z * a.k + k) * columns + j,
                           tile + r * OUT_STRIDE + 4 * (t % GROUPS));
            }
        }
    }
}

#endif

#undef WARP_COLUMN
#undef WARP_ROW
#undef GROUPS
#undef TILE_WORDS
#undef OUT_STRIDE
#undef STAGE_WORDS
#undef AHEAD
#undef COLUMNS
#undef ROWS
#undef SPLITS
#undef OUTER
#undef STAGES
#undef ABREAST
#undef ACROSS
#undef DOWN
#undef SIZE
