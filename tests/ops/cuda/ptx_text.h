/* tests/ops/cuda/ptx_text.h: what the two halves of the reader share: ptx_read.c has words, names and declarations,
 * ptx_line.c has instructions and their operands.
 *
 * The first fault is kept; after it all of them return false, or nothing. */
#ifndef INK_TESTS_PTX_TEXT_H
#define INK_TESTS_PTX_TEXT_H

#include "ptx_code.h"

#define PTX_PARAMS 8 /* of a device function */

typedef struct ptx_name {
    const char *s;
    size_t n;
} ptx_name;

typedef enum ptx_kind { PTX_REGISTER, PTX_SHARED_NAME, PTX_LOCAL_NAME, PTX_PARAM_NAME } ptx_kind;

typedef struct ptx_symbol {
    ptx_name name;
    ptx_kind kind;
    uint32_t width;         /* of a register */
    uint32_t count, stride; /* of registers name0, name1 ...; count 0: the one register of that name */
    uint32_t at;            /* operand, or offset */
    uint32_t bytes, align;  /* of shared memory of the module: laid out when a kernel names it */
    uint32_t owner;         /* that kernel, counted from 1 */
    bool is_parameter;      /* of a device function: a register */
} ptx_symbol;

typedef struct ptx_function {
    ptx_name name;
    uint32_t from, n_params, line;
    uint32_t params[PTX_PARAMS], widths[PTX_PARAMS];
    uint32_t result, result_width; /* 0: none */
    bool defined;
} ptx_function;

typedef struct ptx_place { /* of a label, or of an instruction that goes to one */
    ptx_name name;
    uint32_t op, line;
} ptx_place;

typedef struct ptx_edge { /* of a call: who, whom (functions) and which instruction */
    uint32_t from, to, op;
} ptx_edge;

typedef struct ptx_reader {
    const char *at;
    uint32_t line;
    ptx_module *module;
    bool in_function;
    uint32_t function; /* the one being read */
    uint32_t registers, shared, local;
    ptx_symbol *symbols;
    uint32_t n_symbols, symbols_room;
    ptx_function *functions;
    uint32_t n_functions, functions_room;
    ptx_place *labels, *jumps;
    uint32_t n_labels, labels_room, n_jumps, jumps_room;
    ptx_edge *edges;
    uint32_t n_edges, edges_room;
    uint32_t cached[1024]; /* constants, by a hash of their value */
    char *why;
    size_t why_size;
    bool failed;
} ptx_reader;

bool ptx_fail(ptx_reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for one more in an array. False: no memory. */
bool ptx_grow(ptx_reader *r, void **array, uint32_t n, uint32_t *room, size_t size);

void ptx_skip(ptx_reader *r);         /* blanks and comments */
bool ptx_is(ptx_reader *r, char c);   /* takes it, if it comes next */
bool ptx_need(ptx_reader *r, char c); /* else a fault */
ptx_name ptx_take(ptx_reader *r);     /* a word; of length 0 if none comes */
bool ptx_same(ptx_name name, const char *word);
bool ptx_number(ptx_reader *r, uint64_t *value, uint32_t *float_bytes); /* 4, 8; 0: an integer */

/* Bytes of a type as ".u32" has, and its sign. 0: none. */
uint32_t ptx_type(ptx_name name, bool *is_signed);

/* A name; of a register of a range, which. NULL: unknown (no fault). */
ptx_symbol *ptx_lookup(ptx_reader *r, ptx_name name, uint32_t *at);
ptx_function *ptx_function_of(ptx_reader *r, ptx_name name); /* a new one, if it was not yet named; NULL: a fault */
bool ptx_lay_out(ptx_reader *r, ptx_symbol *symbol); /* gives shared memory of the module its place in the kernel */

ptx_op *ptx_new(ptx_reader *r); /* an instruction at the end; NULL: a fault */
bool ptx_line(ptx_reader *r);   /* reads an instruction */
#endif
