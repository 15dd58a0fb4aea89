/* tests/ops/cuda/ptx_read.c: a file of PTX: words, names, declarations, kernels and device functions.
 * Instructions are ptx_line.c's. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ptx_text.h"

bool ptx_fail(ptx_reader *r, const char *format, ...) {
    if (r->failed) return false;
    r->failed = true;
    int n = snprintf(r->why, r->why_size, "line %u: ", r->line);
    if (n < 0 || (size_t)n >= r->why_size) return false;
    va_list list;
    va_start(list, format);
    vsnprintf(r->why + n, r->why_size - (size_t)n, format, list);
    va_end(list);
    return false;
}

bool ptx_grow(ptx_reader *r, void **array, uint32_t n, uint32_t *room, size_t size) {
    if (n < *room) return true;
    uint32_t more = 2 * *room + 64;
    void *grown = realloc(*array, more * size);
    if (!grown) return ptx_fail(r, "out of memory");
    memset((char *)grown + n * size, 0, (more - n) * size);
    *array = grown;
    *room = more;
    return true;
}

void ptx_skip(ptx_reader *r) {
    for (;; r->at++) {
        if (r->at[0] == '/' && r->at[1] == '/') {
            while (*r->at && *r->at != '\n') r->at++;
        } else if (r->at[0] == '/' && r->at[1] == '*') {
            while (*r->at && !(r->at[0] == '*' && r->at[1] == '/')) r->line += *r->at++ == '\n';
            if (*r->at) r->at++;
        }
        if (!*r->at || !strchr(" \t\r\n/", *r->at)) return;
        r->line += *r->at == '\n';
    }
}

bool ptx_is(ptx_reader *r, char c) {
    ptx_skip(r);
    if (*r->at != c) return false;
    r->at++;
    return true;
}

bool ptx_need(ptx_reader *r, char c) {
    return ptx_is(r, c) || ptx_fail(r, "'%c' is missing before \"%.20s\"", c, r->at);
}

static bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           c == '%' || c == '.';
}

/* A colon belongs to a word only when it is doubled. */
ptx_name ptx_take(ptx_reader *r) {
    ptx_skip(r);
    ptx_name name = {r->at, 0};
    for (;;) {
        if (letter(*r->at))
            r->at++;
        else if (r->at[0] == ':' && r->at[1] == ':')
            r->at += 2;
        else
            break;
    }
    name.n = (size_t)(r->at - name.s);
    return name;
}

bool ptx_same(ptx_name name, const char *word) {
    return strlen(word) == name.n && memcmp(name.s, word, name.n) == 0;
}

static bool equal(ptx_name a, ptx_name b) {
    return a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
}

bool ptx_number(ptx_reader *r, uint64_t *value, uint32_t *float_bytes) {
    bool negative = ptx_is(r, '-');
    ptx_name name = ptx_take(r);
    const char *s = name.s, *end = s + name.n;
    uint64_t base = 10;
    *float_bytes = 0;
    *value = 0;
    if (name.n > 2 && s[0] == '0' && strchr("xXfFdD", s[1])) {
        base = 16;
        *float_bytes = strchr("fF", s[1]) ? 4 : strchr("dD", s[1]) ? 8 : 0;
        s += 2;
        if (*float_bytes && (size_t)(end - s) != 2 * *float_bytes)
            return ptx_fail(r, "no float: %.*s", (int)name.n, name.s);
    } else if (name.n > 1 && end[-1] == 'U') {
        end--;
    }
    if (s == end) return ptx_fail(r, "a number is missing");
    for (; s < end; s++) {
        uint32_t digit = *s >= 'a'   ? (uint32_t)(*s - 'a') + 10
                         : *s >= 'A' ? (uint32_t)(*s - 'A') + 10
                                     : (uint32_t)(*s - '0');
        if (digit >= base) return ptx_fail(r, "no number: %.*s", (int)name.n, name.s);
        *value = *value * base + digit;
    }
    if (negative) *value = 0 - *value;
    return true;
}

uint32_t ptx_type(ptx_name name, bool *is_signed) {
    static const struct {
        const char *name;
        uint32_t bytes;
    } types[] = {{"b8", 1},  {"u8", 1},  {"s8", 1},  {"b16", 2}, {"u16", 2}, {"s16", 2}, {"b32", 4},
                 {"u32", 4}, {"s32", 4}, {"f32", 4}, {"b64", 8}, {"u64", 8}, {"s64", 8}, {"f64", 8}};
    if (name.n > 0 && *name.s == '.') name = (ptx_name){name.s + 1, name.n - 1};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!ptx_same(name, types[i].name)) continue;
        *is_signed = *name.s == 's';
        return types[i].bytes;
    }
    return 0;
}

/* The latest of a name counts: what a block of { } declares goes with it. */
ptx_symbol *ptx_lookup(ptx_reader *r, ptx_name name, uint32_t *at) {
    size_t stem = name.n;
    uint32_t number = 0, power = 1;
    while (stem > 0 && name.s[stem - 1] >= '0' && name.s[stem - 1] <= '9' && name.n - stem < 9) {
        number += power * (uint32_t)(name.s[--stem] - '0');
        power *= 10;
    }
    for (uint32_t i = r->n_symbols; i-- > 0;) {
        ptx_symbol *s = &r->symbols[i];
        *at = s->at;
        if (s->count == 0 && equal(s->name, name)) return s;
        if (s->count == 0 || stem == name.n || number >= s->count || !equal(s->name, (ptx_name){name.s, stem}))
            continue;
        *at = s->at + number * s->stride;
        return s;
    }
    return NULL;
}

ptx_function *ptx_function_of(ptx_reader *r, ptx_name name) {
    for (uint32_t i = 0; i < r->n_functions; i++) {
        if (equal(r->functions[i].name, name)) return &r->functions[i];
    }
    if (!ptx_grow(r, (void **)&r->functions, r->n_functions, &r->functions_room, sizeof *r->functions)) return NULL;
    r->functions[r->n_functions] = (ptx_function){.name = name, .line = r->line};
    return &r->functions[r->n_functions++];
}

static uint32_t rounded(uint32_t n, uint32_t align) {
    return (n + align - 1) / align * align;
}

bool ptx_lay_out(ptx_reader *r, ptx_symbol *s) {
    if (s->owner == r->module->n_kernels) return true;
    if (r->in_function) return ptx_fail(r, "shared memory in a device function");
    s->at = rounded(r->shared, s->align);
    s->owner = r->module->n_kernels;
    r->shared = s->at + s->bytes;
    return true;
}

ptx_op *ptx_new(ptx_reader *r) {
    ptx_module *m = r->module;
    if (!ptx_grow(r, (void **)&m->ops, m->n_ops, &m->ops_room, sizeof *m->ops)) return NULL;
    ptx_op *op = &m->ops[m->n_ops++];
    *op = (ptx_op){.guard = PTX_NONE, .line = r->line, .flow = PTX_WORK};
    return op;
}

static ptx_symbol *name_it(ptx_reader *r, ptx_name name, ptx_kind kind) {
    if (name.n == 0) {
        ptx_fail(r, "a name is missing");
        return NULL;
    }
    if (!ptx_grow(r, (void **)&r->symbols, r->n_symbols, &r->symbols_room, sizeof *r->symbols)) return NULL;
    r->symbols[r->n_symbols] = (ptx_symbol){.name = name, .kind = kind};
    return &r->symbols[r->n_symbols++];
}

/* Registers of a kernel, or of all functions together: their place in the store. A predicate has 4 bytes. */
static uint32_t registers_new(ptx_reader *r, uint32_t width, uint32_t count) {
    uint32_t stride = width == 1 ? 4 : width == 8 ? 256 : 128, *used = &r->registers;
    if (r->in_function) used = &r->module->functions_bytes;
    uint32_t at = *used;
    if (count > (1u << 29) / stride || at > 1u << 29) {
        ptx_fail(r, "more registers than are done here");
        return 0;
    }
    *used = rounded(at + stride * count, 128);
    return at | (r->in_function ? 2 : 0);
}

static bool read_registers(ptx_reader *r) {
    bool is_signed;
    ptx_name type = ptx_take(r);
    uint32_t width = ptx_same(type, ".pred") ? 1 : ptx_type(type, &is_signed);
    if (width == 0 || (width == 1 && !ptx_same(type, ".pred")))
        return ptx_fail(r, "no registers are of %.*s", (int)type.n, type.s);
    do {
        ptx_symbol *s = name_it(r, ptx_take(r), PTX_REGISTER);
        uint64_t count = 1;
        uint32_t is_float;
        if (!s) return false;
        s->width = width;
        s->stride = width == 1 ? 4 : width == 8 ? 256 : 128;
        if (ptx_is(r, '<')) {
            if (!ptx_number(r, &count, &is_float) || !ptx_need(r, '>')) return false;
            if (count == 0 || count > 1000000) return ptx_fail(r, "%llu registers", (unsigned long long)count);
            s->count = (uint32_t)count;
        }
        s->at = registers_new(r, width, (uint32_t)count);
    } while (ptx_is(r, ','));
    return ptx_need(r, ';');
}

/* .align N .type name[n][m], behind .shared, .local or .param. */
static bool read_array(ptx_reader *r, ptx_name *name, uint32_t *bytes, uint32_t *align) {
    bool is_signed;
    uint64_t n = 0;
    uint32_t is_float;
    ptx_name word = ptx_take(r);
    if (ptx_same(word, ".align")) {
        if (!ptx_number(r, &n, &is_float)) return false;
        if (n == 0 || n > 1024 || (n & (n - 1))) return ptx_fail(r, "no alignment: %llu", (unsigned long long)n);
        word = ptx_take(r);
    }
    uint64_t size = ptx_type(word, &is_signed);
    if (size == 0) return ptx_fail(r, "no type: %.*s", (int)word.n, word.s);
    *align = n > 0 ? (uint32_t)n : (uint32_t)size;
    *name = ptx_take(r);
    while (ptx_is(r, '[')) {
        if (!ptx_number(r, &n, &is_float) || !ptx_need(r, ']')) return false;
        if (n == 0 || n > 1u << 28 || size * n > 1u << 28) return ptx_fail(r, "an array of that size is not done here");
        size *= n;
    }
    *bytes = (uint32_t)size;
    return true;
}

static bool read_shared(ptx_reader *r, bool inside) {
    ptx_name name;
    uint32_t bytes, align;
    if (!read_array(r, &name, &bytes, &align)) return false;
    ptx_symbol *s = name_it(r, name, PTX_SHARED_NAME);
    if (!s) return false;
    s->bytes = bytes;
    s->align = align;
    return (!inside || ptx_lay_out(r, s)) && ptx_need(r, ';');
}

static bool read_local(ptx_reader *r) {
    ptx_name name;
    uint32_t bytes, align;
    if (!read_array(r, &name, &bytes, &align)) return false;
    if (r->in_function) return ptx_fail(r, "local memory in a device function");
    ptx_symbol *s = name_it(r, name, PTX_LOCAL_NAME);
    if (!s) return false;
    s->at = rounded(r->local, align);
    r->local = s->at + bytes;
    return ptx_need(r, ';');
}

/* A parameter of a device function, or for one, is a register. */
static ptx_symbol *read_parameter(ptx_reader *r) {
    ptx_name name;
    uint32_t bytes, align;
    if (!read_array(r, &name, &bytes, &align)) return NULL;
    if (bytes != 4 && bytes != 8) {
        ptx_fail(r, "a device function's parameter of %u bytes", bytes);
        return NULL;
    }
    ptx_symbol *s = name_it(r, name, PTX_REGISTER);
    if (!s) return NULL;
    s->is_parameter = true;
    s->width = bytes;
    s->at = registers_new(r, bytes, 1);
    return s;
}

static int by_name(const void *a, const void *b) {
    const ptx_place *x = a, *y = b;
    size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
    int order = memcmp(x->name.s, y->name.s, n);
    return order ? order : (x->name.n > y->name.n) - (x->name.n < y->name.n);
}

/* A body's jumps find their labels. */
static bool land(ptx_reader *r) {
    if (r->n_labels > 0) qsort(r->labels, r->n_labels, sizeof *r->labels, by_name);
    for (uint32_t i = 0; i < r->n_jumps; i++) {
        const ptx_place *to = NULL;
        if (r->n_labels > 0) to = bsearch(&r->jumps[i], r->labels, r->n_labels, sizeof *r->labels, by_name);
        if (!to) {
            r->line = r->jumps[i].line;
            return ptx_fail(r, "no label %.*s", (int)r->jumps[i].name.n, r->jumps[i].name.s);
        }
        r->module->ops[r->jumps[i].op].at = to->op;
    }
    return true;
}

static bool read_directive(ptx_reader *r, ptx_name word) {
    if (ptx_same(word, ".reg")) return read_registers(r);
    if (ptx_same(word, ".shared")) return read_shared(r, true);
    if (ptx_same(word, ".local")) return read_local(r);
    if (ptx_same(word, ".param")) return read_parameter(r) && ptx_need(r, ';');
    if (ptx_same(word, ".pragma")) {
        while (*r->at && *r->at != ';') r->at++;
        return ptx_need(r, ';');
    }
    return ptx_fail(r, "%.*s is not known", (int)word.n, word.s);
}

/* From behind its { to its }, with what is within: names that a block declares end with it. */
static bool read_body(ptx_reader *r) {
    uint32_t outer[16], depth = 0;
    r->n_labels = r->n_jumps = 0;
    for (;;) {
        if (ptx_is(r, '{')) {
            if (depth == 16) return ptx_fail(r, "blocks too deep within each other");
            outer[depth++] = r->n_symbols;
        } else if (ptx_is(r, '}')) {
            if (depth == 0) break;
            r->n_symbols = outer[--depth];
        } else if (*r->at == '.') {
            if (!read_directive(r, ptx_take(r))) return false;
        } else if (!*r->at) {
            return ptx_fail(r, "the text ends within a body");
        } else {
            const char *begin = r->at;
            ptx_name word = ptx_take(r);
            if (word.n > 0 && *r->at == ':') {
                r->at++;
                if (!ptx_grow(r, (void **)&r->labels, r->n_labels, &r->labels_room, sizeof *r->labels)) return false;
                r->labels[r->n_labels++] = (ptx_place){word, r->module->n_ops, r->line};
                continue;
            }
            r->at = begin;
            if (!ptx_line(r)) return false;
        }
    }
    ptx_op *last = ptx_new(r); /* a body may end with a label */
    if (!last) return false;
    last->flow = PTX_RET;
    last->text = (uint32_t)(r->at - r->module->text);
    return land(r);
}

static bool read_bounds(ptx_reader *r, ptx_facts *facts) {
    facts->threads_most = 1024;
    while (!ptx_is(r, '{')) {
        ptx_name word = ptx_take(r);
        uint64_t n, all = 1;
        uint32_t is_float;
        if (!ptx_same(word, ".maxntid") && !ptx_same(word, ".minnctapersm")) {
            return ptx_fail(r, "%.*s is not known", (int)word.n, word.s);
        }
        do {
            if (!ptx_number(r, &n, &is_float)) return false;
            if (n == 0 || n > 1024) return ptx_fail(r, "no number of threads: %llu", (unsigned long long)n);
            all *= n;
        } while (ptx_is(r, ','));
        if (ptx_same(word, ".maxntid")) facts->threads_most = (uint32_t)all;
    }
    return true;
}

static bool read_kernel(ptx_reader *r) {
    ptx_module *m = r->module;
    ptx_name name = ptx_take(r), parameter;
    uint32_t outside = r->n_symbols, bytes, align;
    if (!ptx_grow(r, (void **)&m->kernels, m->n_kernels, &m->kernels_room, sizeof *m->kernels)) return false;
    ptx_kernel *k = &m->kernels[m->n_kernels++];
    *k = (ptx_kernel){.module = m, .from = m->n_ops, .facts.target = m->target};
    k->name = malloc(name.n + 1);
    if (!k->name) return ptx_fail(r, "out of memory");
    memcpy(k->name, name.s, name.n);
    k->name[name.n] = 0;
    r->in_function = false;
    r->registers = r->shared = r->local = 0;
    if (!ptx_need(r, '(')) return false;
    while (!ptx_is(r, ')')) {
        if (!ptx_same(ptx_take(r), ".param")) return ptx_fail(r, "a parameter is missing");
        if (!read_array(r, &parameter, &bytes, &align)) return false;
        ptx_symbol *s = name_it(r, parameter, PTX_PARAM_NAME);
        if (!s) return false;
        s->at = rounded(k->facts.arguments_bytes, align);
        k->facts.arguments_bytes = s->at + bytes;
        ptx_is(r, ',');
    }
    if (!read_bounds(r, &k->facts) || !read_body(r)) return false;
    k->registers_bytes = r->registers;
    k->facts.shared_bytes = r->shared;
    k->facts.local_bytes = r->local;
    r->n_symbols = outside;
    return true;
}

/* .func (.param .b64 result) name (.param .b32 a, ...): its head alone, or with its body. */
static bool read_function(ptx_reader *r) {
    uint32_t outside = r->n_symbols, result = 0, result_width = 0;
    r->in_function = true;
    if (ptx_is(r, '(')) {
        if (!ptx_same(ptx_take(r), ".param")) return ptx_fail(r, "a result is missing");
        ptx_symbol *s = read_parameter(r);
        if (!s || !ptx_need(r, ')')) return false;
        result = s->at;
        result_width = s->width;
    }
    ptx_function *f = ptx_function_of(r, ptx_take(r));
    if (!f) return false;
    r->function = (uint32_t)(f - r->functions);
    if (f->defined) return ptx_fail(r, "a device function for the second time");
    f->result = result;
    f->result_width = result_width;
    f->n_params = 0;
    if (!ptx_need(r, '(')) return false;
    while (!ptx_is(r, ')')) {
        if (!ptx_same(ptx_take(r), ".param")) return ptx_fail(r, "a parameter is missing");
        ptx_symbol *s = read_parameter(r);
        if (!s) return false;
        if (f->n_params == PTX_PARAMS) return ptx_fail(r, "more parameters than are done here");
        f->params[f->n_params] = s->at;
        f->widths[f->n_params++] = s->width;
        ptx_is(r, ',');
    }
    if (ptx_is(r, ';')) return ptx_fail(r, "a device function without a body"); /* it would get its registers twice */
    f->from = r->module->n_ops;
    f->defined = true;
    if (!ptx_need(r, '{') || !read_body(r)) return false;
    r->n_symbols = outside;
    return true;
}

static bool read_module(ptx_reader *r) {
    uint64_t n;
    uint32_t is_float;
    for (;;) {
        ptx_skip(r);
        if (!*r->at) return true;
        ptx_name word = ptx_take(r);
        bool fine = true;
        if (ptx_same(word, ".version"))
            ptx_take(r);
        else if (ptx_same(word, ".address_size"))
            fine = ptx_number(r, &n, &is_float) && (n == 64 || ptx_fail(r, "not of 64 bits"));
        else if (ptx_same(word, ".target")) {
            word = ptx_take(r);
            for (size_t i = 3; i < word.n && word.s[i] >= '0' && word.s[i] <= '9'; i++) {
                r->module->target = 10 * r->module->target + (uint32_t)(word.s[i] - '0');
            }
        } else if (ptx_same(word, ".visible") || ptx_same(word, ".weak"))
            continue;
        else if (ptx_same(word, ".shared"))
            fine = read_shared(r, false);
        else if (ptx_same(word, ".entry"))
            fine = read_kernel(r);
        else if (ptx_same(word, ".func"))
            fine = read_function(r);
        else
            fine = ptx_fail(r, "%.*s is not known", (int)word.n, word.s);
        if (!fine) return false;
    }
}

/* Calls within calls below a function; beyond PTX_DEPTH for one that comes to itself. */
static uint32_t depth_of(const ptx_reader *r, uint32_t function, uint32_t above) {
    uint32_t most = 1;
    for (uint32_t i = 0; i < r->n_edges && above < PTX_DEPTH; i++) {
        if (r->edges[i].from != function) continue;
        uint32_t depth = 1 + depth_of(r, r->edges[i].to, above + 1);
        if (depth > most) most = depth;
    }
    return most;
}

static bool join(ptx_reader *r) {
    for (uint32_t i = 0; i < r->n_edges; i++) {
        const ptx_function *f = &r->functions[r->edges[i].to];
        r->module->ops[r->edges[i].op].at = f->from;
    }
    for (uint32_t i = 0; i < r->n_functions; i++) {
        r->line = r->functions[i].line;
        if (depth_of(r, i, 0) >= PTX_DEPTH)
            return ptx_fail(r, "calls too deep within each other, or of a function by itself");
    }
    return true;
}

ptx_module *ptx_read(const char *text, char *why, size_t size) {
    ptx_reader r = {.line = 1, .why = why, .why_size = size};
    size_t length = strlen(text);
    bool fine = false;
    if (size > 0) why[0] = 0;
    r.module = calloc(1, sizeof *r.module);
    if (r.module) r.module->text = malloc(length + 1);
    if (!r.module || !r.module->text || length >= UINT32_MAX) {
        ptx_fail(&r, "out of memory");
    } else {
        memcpy(r.module->text, text, length + 1);
        r.at = r.module->text;
        fine = read_module(&r) && join(&r);
    }
    for (uint32_t i = 0; fine && i < r.module->n_kernels; i++) r.module->kernels[i].module = r.module;
    free(r.symbols);
    free(r.functions);
    free(r.labels);
    free(r.jumps);
    free(r.edges);
    if (fine) return r.module;
    ptx_free(r.module);
    return NULL;
}

void ptx_free(ptx_module *module) {
    if (!module) return;
    for (uint32_t i = 0; i < module->n_kernels; i++) free(module->kernels[i].name);
    free(module->kernels);
    free(module->ops);
    free(module->wide);
    free(module->constants);
    free(module->text);
    free(module);
}

const ptx_kernel *ptx_find(const ptx_module *module, const char *name) {
    for (uint32_t i = 0; i < module->n_kernels; i++) {
        if (strcmp(module->kernels[i].name, name) == 0) return &module->kernels[i];
    }
    return NULL;
}

ptx_facts ptx_facts_of(const ptx_kernel *kernel) {
    return kernel->facts;
}
