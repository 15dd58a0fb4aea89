/* ops/cuda/kern_tile.h: the two kernels of kern_product.cu for one PRECISION, included by it after the kern_tile_*.h
 * that says how slices lie in shared memory (SLICE words each) and how two of them are multiplied. */

/* Both slices twice, and the result's tile in their place afterwards. */
#define TILE_WORDS (4 * SLICE > INK_TILE * OUT_STRIDE ? 4 * SLICE : INK_TILE * OUT_STRIDE)

INK_KERNEL(NAME_OF(gather, PRECISION), ink_cuda_gather) {
    INK_SHARED(uint32_t, memory, [TILE_WORDS]);
    INK_KEEP(float, sums, [2][4][4]);
    INK_KEEP(float, staged, [2 * STAGED]);
    INK_KEEP(place, places, [ROW_TURNS]);
    const ink_cuda_grid grid = a.grids[INK_Z];
    const uint32_t rows = a.n * grid.grid_h * grid.grid_w, terms = grid.n_taps * a.c, first_row = INK_X * INK_TILE;
    if (first_row >= rows) return;
    INK_THREADS {
        clear_sums(INK_MINE(sums));
        INK_UNROLL
        for (uint32_t i = 0; i < ROW_TURNS; i++) {
            INK_MINE(places)
            [i] = place_of(first_row + t / QUARTERS + i * ROW_STEP, rows, grid.grid_h, grid.grid_w, a.in_step,
                           a.in_h * a.in_w);
        }
    }
    for (uint32_t d = 0; d < terms + INK_DEPTH; d += INK_DEPTH) {
        uint32_t *next = memory + d / INK_DEPTH % 2 * 2 * SLICE;
        const uint32_t *present = memory + (d / INK_DEPTH + 1) % 2 * 2 * SLICE;
        if (d < terms) {
            INK_THREADS {
                read_left(&a, grid, INK_MINE(places), d, t, INK_MINE(staged));
                if (a.w_channel == 1) {
                    read_right(&a, grid, d, t, INK_MINE(staged) + STAGED);
                } else {
                    read_right_turned(&a, grid, d, t, INK_MINE(staged) + STAGED);
                }
            }
        }
        if (d > 0) NAME_OF(multiply, PRECISION)(sums, present, present + SLICE);
        INK_PHASE {
            if (d >= terms) continue;
            NAME_OF(store, PRECISION)(next, t, INK_MINE(staged));
            if (a.w_channel == 1) {
                NAME_OF(store, PRECISION)(next + SLICE, t, INK_MINE(staged) + STAGED);
            } else {
                NAME_OF(store_turned, PRECISION)(next + SLICE, t, INK_MINE(staged) + STAGED);
            }
        }
    }
    float *tile = (float *)(void *)memory;
    INK_PHASE {
        put_sums(t, INK_MINE(sums), tile);
    }
    INK_PHASE {
        finish columns;
        finish_begin(&columns, &a, INK_Y * INK_TILE + 4 * (t % GROUPS));
        for (uint32_t r = t / GROUPS; r < INK_TILE && first_row + r < rows; r += INK_BLOCK / GROUPS) {
            float row[4], *spot = tile + r * OUT_STRIDE + 4 * (t % GROUPS);
            ink_load4(row, spot);
            finish_row(&a, &columns, out_pixel(&a, grid, first_row + r), INK_Y * INK_TILE + 4 * (t % GROUPS), row);
            if (a.stats != NULL) ink_store4(spot, row);
        }
    }
    INK_THREADS {
        if (a.stats == NULL || t >= INK_TILE) continue;
        tile_stats(&a, INK_X, INK_Y * INK_TILE + t, rows - first_row < INK_TILE ? rows - first_row : INK_TILE, tile + t,
                   OUT_STRIDE);
    }
}

INK_KERNEL(NAME_OF(outer, PRECISION), ink_cuda_outer) {
    INK_SHARED(uint32_t, memory, [TILE_WORDS]);
    INK_KEEP(float, sums, [2][4][4]);
    INK_KEEP(float, staged, [2 * STAGED]);
    const uint32_t rows = a.n * a.out_h * a.out_w, first = INK_Z * a.part_rows, columns = a.n_taps * a.c;
    const uint32_t end = rows - first < a.part_rows ? rows : first + a.part_rows, terms = end - first;
    INK_THREADS {
        clear_sums(INK_MINE(sums));
    }
    for (uint32_t d = 0; d < terms + INK_DEPTH; d += INK_DEPTH) {
        uint32_t *next = memory + d / INK_DEPTH % 2 * 2 * SLICE;
        const uint32_t *present = memory + (d / INK_DEPTH + 1) % 2 * 2 * SLICE;
        if (d < terms) {
            INK_THREADS {
                read_dy(&a, first + d, end, t, INK_MINE(staged));
                read_map(&a, first + d, end, t, INK_MINE(staged) + STAGED);
            }
        }
        if (d > 0) NAME_OF(multiply, PRECISION)(sums, present, present + SLICE);
        INK_PHASE {
            if (d >= terms) continue;
            NAME_OF(store_turned, PRECISION)(next, t, INK_MINE(staged));
            NAME_OF(store_turned, PRECISION)(next + SLICE, t, INK_MINE(staged) + STAGED);
        }
    }
    float *tile = (float *)(void *)memory;
    INK_PHASE {
        put_sums(t, INK_MINE(sums), tile);
    }
    INK_THREADS {
        for (uint32_t i = t; i < INK_TILE * INK_TILE; i += INK_BLOCK) {
            const uint32_t k = INK_Y * INK_TILE + i / INK_TILE, j = INK_X * INK_TILE + i % INK_TILE;
            if (k >= a.k || j >= columns) continue;
            a.parts[((uint64_t)INK_Z * a.k + k) * columns + j] = tile[i / INK_TILE * OUT_STRIDE + i % INK_TILE];
        }
    }
}

#undef TILE_WORDS
#undef SLICE
#undef STRIDE
