/* tests/ops/cuda/ptx_code.h: what the parts of ptx.h share: instructions as read, warps and blocks as they run.
 *
 * Registers     Each is an array of 32 lanes: of 4 bytes, or of 8 where it has 64 bits; a predicate is a mask of 32
 *               bits. An operand is where the array lies, a multiple of 4; its low two bits say in which of the warp's
 *               three stores: the kernel's registers, constants (also arrays of 32), the registers of all device
 *               functions. No function may call itself, so each has its registers once.
 * Parameters    of device functions are registers too: st.param, ld.param and call are moves.
 * Divergence    Each lane has a pc and a depth of calls. Those with the least pc of the deepest call go first,
 *               together, until they meet others: so lanes come together again where the paths do. */
#ifndef INK_TESTS_PTX_CODE_H
#define INK_TESTS_PTX_CODE_H

#include <string.h>

#include "ptx.h"

#define PTX_LANES  32
#define PTX_ALL    0xffffffffu
#define PTX_NONE   0xffffffffu
#define PTX_DEPTH  8                     /* calls within calls */
#define PTX_SHARED 0xfe51000000000000ull /* where the windows begin */
#define PTX_LOCAL  0xfe52000000000000ull
#define PTX_WINDOW 0x0000010000000000ull
#define PTX_BARS   16
#define PTX_STORES 3

typedef struct ptx_warp ptx_warp;
typedef struct ptx_op ptx_op;
typedef void ptx_do(ptx_warp *w, const ptx_op *op, uint32_t mask);

typedef enum ptx_flow { PTX_WORK, PTX_BRA, PTX_CALL, PTX_RET, PTX_EXIT, PTX_BAR, PTX_TRAP } ptx_flow;
typedef enum ptx_space { PTX_GENERIC, PTX_IN_GLOBAL, PTX_IN_SHARED, PTX_IN_LOCAL, PTX_IN_PARAM } ptx_space;
typedef enum ptx_order { PTX_PLAIN, PTX_ACQUIRE, PTX_RELEASE, PTX_RELAXED } ptx_order;

typedef enum ptx_special {
    PTX_TID, /* .x; .y and .z follow, as in the next three */
    PTX_NTID = PTX_TID + 3,
    PTX_CTAID = PTX_NTID + 3,
    PTX_NCTAID = PTX_CTAID + 3,
    PTX_LANEID = PTX_NCTAID + 3,
    PTX_ENVREG1,
    PTX_ENVREG2
} ptx_special;

struct ptx_op {
    ptx_do *work;
    uint32_t r[6];  /* operands; of ld and st the values first, the address in r[4] */
    uint32_t guard; /* a predicate, or PTX_NONE */
    uint32_t wide;  /* mma: the first of its operands in the module's list; cp.async: added to where it takes from */
    int64_t at; /* added to the address; the pc to go to; the number of a barrier, of groups, of a special register */
    uint32_t text; /* where the instruction stands */
    uint32_t line;
    uint8_t flow, space, order;
    uint8_t size, count;                     /* of one value, and how many */
    uint8_t width;                           /* of the registers: 2, 4, 8 */
    bool negated, extended, narrow, aligned; /* guard; sign; an address of 32 bits; all lanes must be there */
};

struct ptx_kernel {
    const ptx_module *module;
    char *name;
    ptx_facts facts;
    uint32_t from;            /* its first instruction */
    uint32_t registers_bytes; /* its own */
};

struct ptx_module {
    char *text;
    ptx_op *ops;
    uint32_t n_ops, ops_room;
    uint32_t *wide;
    uint32_t n_wide, wide_room;
    unsigned char *constants;
    uint32_t constants_bytes, constants_room;
    uint32_t functions_bytes;
    ptx_kernel *kernels;
    uint32_t n_kernels, kernels_room;
    uint32_t target;
};

/* An instruction that is no more than its registers: form has a digit for each, the first is written: 1 a predicate,
 * 2, 4 or 8 bytes. */
typedef struct ptx_word {
    const char *name, *form;
    ptx_do *work;
} ptx_word;

const ptx_word *ptx_word_of(const char *name, size_t length); /* NULL: not known */

/* Who touched a word, or a byte, of shared memory last: its threads and the lines. Intervals lie between barriers; they
 * are counted from 1, and 0 is never. */
typedef struct ptx_seen {
    uint32_t written, read;
    uint32_t write_line, read_line;
    uint16_t writer, reader, reader2; /* two readers, if there were several */
    bool pending;                     /* a copy that was not waited for */
} ptx_seen;

typedef struct ptx_copy {
    uint64_t from;
    uint32_t to, group;
    const ptx_op *op;
    uint8_t lane, size, taken; /* taken of the source; the rest are zeros */
} ptx_copy;

typedef struct ptx_state ptx_state;

typedef struct ptx_block {
    ptx_state *run;
    ptx_warp *warps;
    uint32_t at[3], number;
    uint32_t live, waiting; /* threads */
    uint32_t bar;
    uint32_t interval;
    unsigned char *shared;
    ptx_seen *words, *bytes; /* bytes: four for each word that split has, NULL before there is one */
    bool *split;
    bool busy;
} ptx_block;

struct ptx_warp {
    unsigned char *base[PTX_STORES];
    ptx_block *block;
    ptx_state *run;
    uint32_t number;
    uint32_t live, waiting;
    uint32_t mask, at, limit; /* the lanes that go on, their pc, and that of the next to be met */
    uint32_t pc[PTX_LANES];
    uint32_t depth[PTX_LANES];
    uint32_t back[PTX_DEPTH][PTX_LANES];
    unsigned char *local;
    ptx_copy *copies;
    uint32_t n_copies, copies_room;
    uint32_t committed[PTX_LANES];
};

typedef struct ptx_global ptx_global; /* ptx_order.c: who touched global memory */

struct ptx_state {
    const ptx_launch *launch;
    const ptx_kernel *kernel;
    const ptx_module *module;
    char *why;
    size_t why_size;
    bool failed;
    uint64_t drawn;
    ptx_span *spans; /* the launch's, and the workspace's */
    uint32_t n_spans, span;
    uint32_t threads, warps; /* of a block */
    unsigned char *workspace;
    ptx_block *blocks;
    uint32_t n_blocks, n_left;
    uint64_t turns;
    ptx_global *global;
};

static inline const void *ptx_in(const ptx_warp *w, uint32_t at) {
    return w->base[at & 3] + (at & ~3u);
}

static inline void *ptx_out(ptx_warp *w, uint32_t at) {
    return w->base[at & 3] + (at & ~3u);
}

/* memcpy of 1, 2, 4, 8 or 16 bytes. */
static inline void ptx_take_bytes(void *to, const void *from, uint32_t bytes) {
    switch (bytes) {
    case 1: memcpy(to, from, 1); break;
    case 2: memcpy(to, from, 2); break;
    case 4: memcpy(to, from, 4); break;
    case 8: memcpy(to, from, 8); break;
    default: memcpy(to, from, 16); break;
    }
}

/* Sets the first fault of a run; lane PTX_NONE: of the whole warp. */
void ptx_fault(ptx_warp *w, const ptx_op *op, uint32_t lane, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A lane's access: checked, noted, done. False: a fault. Space may be PTX_GENERIC. */
bool ptx_load(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t address, void *to, uint32_t bytes);
bool ptx_store(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t address, const void *from, uint32_t bytes);

/* cp.async's end in shared memory: begins with NaN, ends with the bytes. */
bool ptx_copy_begins(ptx_warp *w, const ptx_copy *copy);
bool ptx_copy_ends(ptx_warp *w, const ptx_copy *copy);
void ptx_copies_wait(ptx_warp *w, uint32_t mask, uint32_t left); /* groups that may be left */

/* Memory of a block, as it begins. */
void ptx_block_clear(ptx_block *block, uint32_t shared_bytes);

/* ptx_order.c: races for global memory. NULL: no memory. */
ptx_global *ptx_global_new(ptx_state *run);
void ptx_global_free(ptx_global *global, uint32_t n_blocks);
void ptx_global_block(ptx_block *block);   /* begins */
void ptx_global_barrier(ptx_block *block); /* all of it have met */
void ptx_global_fence(ptx_warp *w, uint32_t mask);
void ptx_global_meets(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t address, bool write);
bool ptx_global_seen(ptx_warp *w, const ptx_op *op, uint32_t lane, uint64_t address, uint32_t bytes, bool write,
                     bool same);

/* The instructions that ptx_read.c knows by name. */
ptx_do ptx_do_load, ptx_do_store, ptx_do_atom_add, ptx_do_special, ptx_do_pack, ptx_do_unpack, ptx_do_fence,
    ptx_do_bfi_4, ptx_do_bfi_8, ptx_do_mov_1, ptx_do_mov_4, ptx_do_mov_8, ptx_do_mma_bf16, ptx_do_mma_tf32,
    ptx_do_matrix, ptx_do_matrix_trans, ptx_do_copy, ptx_do_commit, ptx_do_wait, ptx_do_window, ptx_do_unwindow;
#endif
