/* tests/ops/cuda/ptx_line.c: an instruction's text becomes a ptx_op: its guard, its name, its operands.
 * What it does is not here; nor are declarations. */
#include <stdlib.h>
#include <string.h>

#include "ptx_text.h"

#define OPERANDS 6

typedef enum kind { A_REGISTER, A_NUMBER, A_FLOAT, A_PLACE, A_SPECIAL, A_LIST, AN_ADDRESS } kind;

typedef struct operand {
    kind kind;
    uint32_t at, width;  /* of a register; of a float its bytes; of a place in a window its space */
    uint64_t number;     /* or the offset in a window, or the special register */
    uint32_t list[4], n; /* registers of { } */
    int64_t offset;      /* of an address */
    bool based;          /* an address has a register, in at */
    ptx_space space;     /* of a place, and of an address that begins with one */
    bool is_parameter;   /* of a device function: a register that is read by ld.param */
} operand;

typedef struct line {
    ptx_reader *r;
    ptx_name name;
    operand o[OPERANDS];
    uint32_t n;
    uint32_t guard, number, text;
    bool negated;
} line;

/* An array of 32 equal values. */
static uint32_t constant(ptx_reader *r, uint32_t width, uint64_t value) {
    ptx_module *m = r->module;
    uint32_t bytes = width == 1 ? 4 : width == 8 ? 8 : 4, whole = width == 1 ? 4 : PTX_LANES * bytes;
    if (bytes == 4) value &= PTX_ALL;
    uint32_t slot = (uint32_t)((value * 0x9e3779b97f4a7c15ull) >> 54) ^ (width & 9);
    uint32_t at = r->cached[slot & 1023];
    if (at > 0) { /* its width stands before it */
        uint64_t there = 0;
        uint32_t its;
        memcpy(&its, m->constants + (at & ~3u) - 4, sizeof its);
        memcpy(&there, m->constants + (at & ~3u), its == 8 ? 8 : 4);
        if (its == (width == 2 ? 4 : width) && there == value) return at;
    }
    while (m->constants_room < m->constants_bytes + whole + 4) {
        uint32_t room = m->constants_room;
        if (!ptx_grow(r, (void **)&m->constants, room, &m->constants_room, 1)) return 0;
    }
    uint32_t its = width == 2 ? 4 : width;
    memcpy(m->constants + m->constants_bytes, &its, sizeof its);
    at = m->constants_bytes + 4;
    for (uint32_t i = 0; i < whole / bytes; i++) memcpy(m->constants + at + i * bytes, &value, bytes);
    m->constants_bytes = at + whole;
    return r->cached[slot & 1023] = at | 1;
}

static bool special(ptx_name name, uint64_t *which) {
    static const struct {
        const char *name;
        ptx_special first;
    } all[] = {{"%tid", PTX_TID}, {"%ntid", PTX_NTID}, {"%ctaid", PTX_CTAID}, {"%nctaid", PTX_NCTAID}};
    static const char *const more[] = {"%laneid", "%envreg1", "%envreg2"};
    for (uint32_t i = 0; i < 4; i++) {
        size_t n = strlen(all[i].name);
        if (name.n != n + 2 || memcmp(name.s, all[i].name, n) != 0 || name.s[n] != '.') continue;
        if (name.s[n + 1] < 'x' || name.s[n + 1] > 'z') continue;
        *which = (uint64_t)all[i].first + (uint64_t)(name.s[n + 1] - 'x');
        return true;
    }
    for (uint32_t i = 0; i < 3; i++) {
        if (!ptx_same(name, more[i])) continue;
        *which = (uint64_t)PTX_LANEID + i;
        return true;
    }
    return false;
}

static bool read_name(ptx_reader *r, operand *o) {
    ptx_name name = ptx_take(r);
    if (name.n == 0) return ptx_fail(r, "an operand is missing before \"%.20s\"", r->at);
    ptx_symbol *s = ptx_lookup(r, name, &o->at);
    o->is_parameter = s && s->is_parameter;
    if (s && s->kind == PTX_SHARED_NAME && !ptx_lay_out(r, s)) return false;
    if (s && s->kind == PTX_REGISTER) {
        o->kind = A_REGISTER;
        o->width = s->width;
    } else if (s) {
        o->kind = A_PLACE;
        o->number = s->at;
        o->space = s->kind == PTX_SHARED_NAME ? PTX_IN_SHARED : s->kind == PTX_LOCAL_NAME ? PTX_IN_LOCAL : PTX_IN_PARAM;
    } else if (special(name, &o->number)) {
        o->kind = A_SPECIAL;
    } else {
        return ptx_fail(r, "%.*s is not known", (int)name.n, name.s);
    }
    return true;
}

static bool read_list(ptx_reader *r, operand *o) {
    o->kind = A_LIST;
    do {
        operand e = {.kind = A_REGISTER};
        if (o->n == 4) return ptx_fail(r, "more than four registers in { }");
        if (!read_name(r, &e)) return false;
        if (e.kind != A_REGISTER || (o->n > 0 && e.width != o->width)) return ptx_fail(r, "{ } wants registers, alike");
        o->width = e.width;
        o->list[o->n++] = e.at;
    } while (ptx_is(r, ','));
    return ptx_need(r, '}');
}

static bool starts_number(ptx_reader *r) {
    ptx_skip(r);
    return *r->at == '-' || (*r->at >= '0' && *r->at <= '9');
}

static bool read_address(ptx_reader *r, operand *o) {
    uint64_t n = 0;
    uint32_t is_float = 0;
    if (starts_number(r)) {
        if (!ptx_number(r, &o->number, &is_float)) return false;
    } else {
        if (!read_name(r, o)) return false;
        if (o->kind == A_SPECIAL) return ptx_fail(r, "no address");
        o->based = o->kind == A_REGISTER;
    }
    if (ptx_is(r, '+') && !ptx_number(r, &n, &is_float)) return false;
    if (is_float) return ptx_fail(r, "a float in an address");
    o->offset = (int64_t)(o->number + n);
    o->kind = AN_ADDRESS;
    return ptx_need(r, ']');
}

static bool read_operand(ptx_reader *r, operand *o) {
    *o = (operand){.kind = A_NUMBER};
    if (ptx_is(r, '{')) return read_list(r, o);
    if (ptx_is(r, '[')) return read_address(r, o);
    if (!starts_number(r)) return read_name(r, o);
    if (!ptx_number(r, &o->number, &o->width)) return false;
    if (o->width) o->kind = A_FLOAT;
    return true;
}

/* An operand that is read, as a register of a width. PTX_NONE: a fault. */
static uint32_t value_of(line *l, const operand *o, uint32_t width) {
    if (o->kind == A_REGISTER && o->width == width) return o->at;
    if (o->kind == A_NUMBER) return constant(l->r, width, width == 1 && o->number ? PTX_ALL : o->number);
    if (o->kind == A_FLOAT && o->width == width) return constant(l->r, width, o->number);
    if (o->kind == A_PLACE && width >= 4) return constant(l->r, width, o->number);
    ptx_fail(l->r, "%.*s wants other operands", (int)l->name.n, l->name.s);
    return PTX_NONE;
}

static bool wrong(line *l) {
    return ptx_fail(l->r, "%.*s wants other operands", (int)l->name.n, l->name.s);
}

static ptx_op *new_op(line *l, ptx_do *work) {
    ptx_op *op = ptx_new(l->r);
    if (!op) return NULL;
    op->work = work;
    op->guard = l->guard;
    op->negated = l->negated;
    op->line = l->number;
    op->text = l->text;
    return op;
}

static bool simple(line *l, const ptx_word *word) {
    uint32_t r[OPERANDS] = {0}, n = (uint32_t)strlen(word->form);
    if (l->n != n || l->o[0].kind != A_REGISTER) return wrong(l);
    for (uint32_t i = 0; i < n; i++) {
        r[i] = value_of(l, &l->o[i], (uint32_t)(word->form[i] - '0'));
        if (l->r->failed) return false;
    }
    ptx_op *op = new_op(l, word->work);
    if (op) memcpy(op->r, r, sizeof op->r);
    return op != NULL;
}

/* mov of two halves, and of a special register. False, and no fault: another mov. */
static bool odd_move(line *l, bool *fine) {
    const operand *d = &l->o[0], *s = &l->o[1];
    ptx_op *op;
    if (l->n != 2) return false;
    if (s->kind == A_SPECIAL) {
        *fine = d->kind == A_REGISTER && d->width == 4 && ptx_same(l->name, "mov.u32") ? true : wrong(l);
        if (!*fine || !(op = new_op(l, ptx_do_special))) return true;
        op->r[0] = d->at;
        op->at = (int64_t)s->number;
        return true;
    }
    if (d->kind != A_LIST && s->kind != A_LIST) return false;
    const operand *pair = d->kind == A_LIST ? d : s, *whole = d->kind == A_LIST ? s : d;
    *fine = ptx_same(l->name, "mov.b64") && whole->kind == A_REGISTER && whole->width == 8 && pair->n == 2 &&
            pair->width == 4;
    if (!*fine) return wrong(l), true;
    if (!(op = new_op(l, pair == s ? ptx_do_pack : ptx_do_unpack))) return *fine = false, true;
    uint32_t three[3] = {pair->list[0], pair->list[1], whole->at};
    if (pair == s) three[0] = whole->at, three[1] = pair->list[0], three[2] = pair->list[1];
    memcpy(op->r, three, sizeof three);
    return true;
}

/* The next of a name's parts, between dots. */
static ptx_name part(ptx_name *rest) {
    ptx_name p = {rest->s, 0};
    while (p.n < rest->n && p.s[p.n] != '.') p.n++;
    size_t used = p.n < rest->n ? p.n + 1 : p.n;
    *rest = (ptx_name){rest->s + used, rest->n - used};
    return p;
}

typedef struct access {
    ptx_space space;
    ptx_order order;
    uint32_t count, size;
    bool is_signed, adds;
} access;

/* What follows ld, st and atom. */
static bool read_access(line *l, ptx_name rest, access *a) {
    static const struct {
        const char *name;
        int space, order;
    } words[] = {{"global", PTX_IN_GLOBAL, -1},
                 {"shared", PTX_IN_SHARED, -1},
                 {"local", PTX_IN_LOCAL, -1},
                 {"param", PTX_IN_PARAM, -1},
                 {"acquire", -1, PTX_ACQUIRE},
                 {"release", -1, PTX_RELEASE},
                 {"relaxed", -1, PTX_RELAXED},
                 {"gpu", -1, -1},
                 {"cg", -1, -1},
                 {"ca", -1, -1},
                 {"nc", -1, -1},
                 {"weak", -1, -1}};
    *a = (access){.space = PTX_GENERIC, .count = 1};
    while (rest.n > 0) {
        ptx_name p = part(&rest);
        bool known = false;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            if (!ptx_same(p, words[i].name)) continue;
            known = true;
            if (words[i].space >= 0) a->space = (ptx_space)words[i].space;
            if (words[i].order >= 0) a->order = (ptx_order)words[i].order;
        }
        if (known) continue;
        if (ptx_same(p, "v2"))
            a->count = 2;
        else if (ptx_same(p, "v4"))
            a->count = 4;
        else if (ptx_same(p, "add"))
            a->adds = true;
        else if ((a->size = ptx_type(p, &a->is_signed)) == 0 || rest.n > 0) {
            return ptx_fail(l->r, "%.*s is not known: %.*s", (int)l->name.n, l->name.s, (int)p.n, p.s);
        }
    }
    return (a->size > 0 && a->size * a->count <= 16) || wrong(l);
}

/* The address, and what the access says, into an instruction. */
static bool aim(line *l, ptx_op *op, const operand *at, const access *a) {
    uint32_t base;
    if (at->kind != AN_ADDRESS) return wrong(l);
    if (!at->based && at->space != PTX_GENERIC && at->space != a->space)
        return ptx_fail(l->r, "it lies in another space");
    if (at->based && at->width != 8 && (at->width != 4 || a->space == PTX_GENERIC || a->space == PTX_IN_GLOBAL))
        return wrong(l);
    base = at->based ? at->at : constant(l->r, 8, 0);
    op->r[4] = base;
    op->narrow = at->based && at->width == 4;
    op->at = at->offset;
    op->space = (uint8_t)a->space;
    op->order = (uint8_t)a->order;
    op->size = (uint8_t)a->size;
    op->count = (uint8_t)a->count;
    op->extended = a->is_signed;
    return !l->r->failed;
}

static bool move(line *l, uint32_t width, uint32_t to, uint32_t from) {
    ptx_op *op = new_op(l, width == 8 ? ptx_do_mov_8 : ptx_do_mov_4);
    if (!op) return false;
    op->r[0] = to;
    op->r[1] = from;
    return true;
}

static bool memory(line *l, bool loads) {
    access a;
    uint32_t values[4], width = 0;
    const operand *v = &l->o[loads ? 0 : 1], *at = &l->o[loads ? 1 : 0];
    ptx_name rest = {l->name.s + 3, l->name.n - 3};
    if (!read_access(l, rest, &a)) return false;
    if (l->n != 2 || a.adds || at->kind != AN_ADDRESS) return wrong(l);
    if (a.space == PTX_IN_PARAM && (l->r->in_function || !loads)) return wrong(l);
    if (v->kind == A_LIST) {
        if (v->n != a.count) return wrong(l);
        memcpy(values, v->list, sizeof values);
        width = v->width;
    } else {
        if (a.count != 1 || (loads && v->kind != A_REGISTER)) return wrong(l);
        width = v->kind == A_REGISTER ? v->width : a.size < 4 ? 4 : a.size;
        values[0] = value_of(l, v, width);
    }
    if (width < a.size || width == 1 || l->r->failed) return wrong(l);
    ptx_op *op = new_op(l, loads ? ptx_do_load : ptx_do_store);
    if (!op || !aim(l, op, at, &a)) return false;
    memcpy(op->r, values, a.count * sizeof *values);
    op->width = (uint8_t)width;
    return true;
}

/* ld.param and st.param of a device function's parameters, which are registers, are moves. False, and no fault:
 * others. */
static bool parameter(line *l, bool loads, bool *fine) {
    const operand *v = &l->o[loads ? 0 : 1], *at = &l->o[loads ? 1 : 0];
    access a;
    if (l->n != 2 || at->kind != AN_ADDRESS || !at->is_parameter) return false;
    *fine = read_access(l, (ptx_name){l->name.s + 3, l->name.n - 3}, &a);
    if (!*fine) return true;
    *fine = a.count == 1 && a.size == at->width && at->offset == 0 ? true : wrong(l);
    if (!*fine) return true;
    uint32_t value = value_of(l, v, a.size);
    *fine = !l->r->failed && move(l, a.size, loads ? value : at->at, loads ? at->at : value);
    return true;
}

static bool atomic(line *l) {
    access a;
    if (!read_access(l, (ptx_name){l->name.s + 5, l->name.n - 5}, &a)) return false;
    if (!a.adds || a.count != 1 || a.size != 4 || (a.space != PTX_GENERIC && a.space != PTX_IN_GLOBAL)) return wrong(l);
    if (l->n != 3 || l->o[0].kind != A_REGISTER || l->o[0].width != 4) return wrong(l);
    if (a.order == PTX_PLAIN) a.order = PTX_RELAXED;
    uint32_t added = value_of(l, &l->o[2], 4);
    ptx_op *op = l->r->failed ? NULL : new_op(l, ptx_do_atom_add);
    if (!op || !aim(l, op, &l->o[1], &a)) return false;
    op->r[0] = l->o[0].at;
    op->r[1] = added;
    op->width = 4;
    return true;
}

/* mma.sync: D, A, B, C. */
static bool multiply(line *l, ptx_do *work) {
    static const uint32_t wants[] = {4, 4, 2, 4};
    ptx_module *m = l->r->module;
    uint32_t first = m->n_wide;
    if (l->n != 4) return wrong(l);
    for (uint32_t i = 0; i < 4; i++) {
        if (l->o[i].kind != A_LIST || l->o[i].n != wants[i] || l->o[i].width != 4) return wrong(l);
        for (uint32_t k = 0; k < wants[i]; k++) {
            if (!ptx_grow(l->r, (void **)&m->wide, m->n_wide, &m->wide_room, sizeof *m->wide)) return false;
            m->wide[m->n_wide++] = l->o[i].list[k];
        }
    }
    ptx_op *op = new_op(l, work);
    if (!op) return false;
    op->wide = first;
    op->aligned = true;
    return true;
}

static bool matrix(line *l, ptx_do *work) {
    access a = {.space = PTX_IN_SHARED, .count = 1, .size = 16};
    if (l->n != 2 || l->o[0].kind != A_LIST || l->o[0].n != 4 || l->o[0].width != 4) return wrong(l);
    ptx_op *op = new_op(l, work);
    if (!op || !aim(l, op, &l->o[1], &a)) return false;
    memcpy(op->r, l->o[0].list, sizeof l->o[0].list);
    op->aligned = true;
    return true;
}

/* cp.async.cg.shared.global [to], [from], 16, taken; */
static bool copy(line *l) {
    access a = {.space = PTX_IN_SHARED, .count = 1, .size = 16};
    const operand *from = &l->o[1];
    if (l->n < 3 || l->n > 4 || from->kind != AN_ADDRESS || !from->based || from->width != 8) return wrong(l);
    if (l->o[2].kind != A_NUMBER || l->o[2].number != 16 || from->offset != (int32_t)from->offset) return wrong(l);
    uint32_t taken = value_of(l, &l->o[l->n - 1], 4);
    ptx_op *op = l->r->failed ? NULL : new_op(l, ptx_do_copy);
    if (!op || !aim(l, op, &l->o[0], &a)) return false;
    op->r[0] = from->at;
    op->r[1] = taken;
    op->wide = (uint32_t)(int32_t)from->offset;
    return true;
}

static bool number_only(line *l, ptx_do *work, ptx_flow flow, uint64_t most) {
    if (l->n != 1 || l->o[0].kind != A_NUMBER || l->o[0].number >= most) return wrong(l);
    ptx_op *op = new_op(l, work);
    if (!op) return false;
    op->flow = (uint8_t)flow;
    op->at = (int64_t)l->o[0].number;
    return true;
}

static bool nothing(line *l, ptx_do *work, ptx_flow flow) {
    if (l->n != 0) return wrong(l);
    ptx_op *op = new_op(l, work);
    if (op) op->flow = (uint8_t)flow;
    return op != NULL;
}

static bool window(line *l) {
    static const struct {
        const char *name;
        ptx_do *work;
        ptx_space space;
    } all[] = {
        {"cvta.to.global.u64", ptx_do_mov_8, PTX_IN_GLOBAL},    {"cvta.global.u64", ptx_do_mov_8, PTX_IN_GLOBAL},
        {"cvta.to.local.u64", ptx_do_unwindow, PTX_IN_LOCAL},   {"cvta.local.u64", ptx_do_window, PTX_IN_LOCAL},
        {"cvta.to.shared.u64", ptx_do_unwindow, PTX_IN_SHARED}, {"cvta.shared.u64", ptx_do_window, PTX_IN_SHARED}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!ptx_same(l->name, all[i].name)) continue;
        ptx_word word = {all[i].name, "88", all[i].work};
        if (!simple(l, &word)) return false;
        l->r->module->ops[l->r->module->n_ops - 1].space = (uint8_t)all[i].space;
        return true;
    }
    return ptx_fail(l->r, "%.*s is not known", (int)l->name.n, l->name.s);
}

static bool jump(line *l) {
    ptx_reader *r = l->r;
    ptx_name to = ptx_take(r);
    if (!ptx_grow(r, (void **)&r->jumps, r->n_jumps, &r->jumps_room, sizeof *r->jumps)) return false;
    r->jumps[r->n_jumps++] = (ptx_place){to, r->module->n_ops, r->line};
    ptx_op *op = new_op(l, NULL);
    if (!op) return false;
    op->flow = PTX_BRA;
    return ptx_need(r, ';');
}

/* call.uni (result), function, (a, b): parameters go to the function's own, then its result comes back. */
static bool call(line *l) {
    ptx_reader *r = l->r;
    operand result = {.kind = A_NUMBER}, given;
    uint32_t n = 0;
    if (ptx_is(r, '(') && (!read_operand(r, &result) || !ptx_need(r, ')') || !ptx_need(r, ','))) return false;
    ptx_name name = ptx_take(r);
    uint32_t known = r->n_functions;
    ptx_function *f = ptx_function_of(r, name);
    if (!f) return false;
    if (r->n_functions != known || !f->defined) return ptx_fail(r, "no device function %.*s yet", (int)name.n, name.s);
    uint32_t callee = (uint32_t)(f - r->functions);
    if ((result.kind == A_REGISTER) != (f->result_width > 0) || (f->result_width && result.width != f->result_width))
        return wrong(l);
    if (ptx_is(r, ',')) {
        if (!ptx_need(r, '(')) return false;
        while (!ptx_is(r, ')')) {
            if (!read_operand(r, &given)) return false;
            if (n == f->n_params) return wrong(l);
            uint32_t from = value_of(l, &given, f->widths[n]);
            if (r->failed || !move(l, f->widths[n], f->params[n], from)) return false;
            n++;
            ptx_is(r, ',');
        }
    }
    if (n != f->n_params) return wrong(l);
    if (!ptx_grow(r, (void **)&r->edges, r->n_edges, &r->edges_room, sizeof *r->edges)) return false;
    r->edges[r->n_edges++] = (ptx_edge){r->in_function ? r->function : PTX_NONE, callee, r->module->n_ops};
    ptx_op *op = new_op(l, NULL);
    if (!op) return false;
    op->flow = PTX_CALL;
    return (f->result_width == 0 || move(l, f->result_width, result.at, f->result)) && ptx_need(r, ';');
}

static bool begins(ptx_name name, const char *word) {
    size_t n = strlen(word);
    return name.n >= n && memcmp(name.s, word, n) == 0;
}

/* What is no ptx_word. */
static bool by_name(line *l) {
    ptx_name name = l->name;
    bool fine = false;
    if (begins(name, "ld.")) return parameter(l, true, &fine) ? fine : memory(l, true);
    if (begins(name, "st.")) return parameter(l, false, &fine) ? fine : memory(l, false);
    if (begins(name, "atom.")) return atomic(l);
    if (begins(name, "cvta.")) return window(l);
    if (ptx_same(name, "cp.async.cg.shared.global")) return copy(l);
    if (ptx_same(name, "cp.async.cg.shared.global.L2::128B")) return copy(l);
    if (ptx_same(name, "cp.async.commit_group")) return nothing(l, ptx_do_commit, PTX_WORK);
    if (ptx_same(name, "cp.async.wait_group")) return number_only(l, ptx_do_wait, PTX_WORK, 1024);
    if (ptx_same(name, "ldmatrix.sync.aligned.m8n8.x4.shared.b16")) return matrix(l, ptx_do_matrix);
    if (ptx_same(name, "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16")) return matrix(l, ptx_do_matrix_trans);
    if (ptx_same(name, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32")) return multiply(l, ptx_do_mma_bf16);
    if (ptx_same(name, "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32")) return multiply(l, ptx_do_mma_tf32);
    if (ptx_same(name, "bar.sync") || ptx_same(name, "barrier.sync")) return number_only(l, NULL, PTX_BAR, PTX_BARS);
    if (begins(name, "membar.")) return nothing(l, ptx_do_fence, PTX_WORK);
    if (ptx_same(name, "ret") || ptx_same(name, "ret.uni")) return nothing(l, NULL, PTX_RET);
    if (ptx_same(name, "exit")) return nothing(l, NULL, PTX_EXIT);
    if (ptx_same(name, "trap")) return nothing(l, NULL, PTX_TRAP);
    return ptx_fail(l->r, "%.*s is not known", (int)name.n, name.s);
}

bool ptx_line(ptx_reader *r) {
    line l = {.r = r, .guard = PTX_NONE, .number = r->line};
    ptx_skip(r);
    l.text = (uint32_t)(r->at - r->module->text);
    if (ptx_is(r, '@')) {
        operand p = {.kind = A_NUMBER};
        l.negated = ptx_is(r, '!');
        if (!read_name(r, &p)) return false;
        if (p.kind != A_REGISTER || p.width != 1) return ptx_fail(r, "no predicate");
        l.guard = p.at;
    }
    l.name = ptx_take(r);
    if (l.name.n == 0) return ptx_fail(r, "an instruction is missing before \"%.20s\"", r->at);
    if (ptx_same(l.name, "bra") || ptx_same(l.name, "bra.uni")) return jump(&l);
    if (ptx_same(l.name, "call") || ptx_same(l.name, "call.uni")) return call(&l);
    if (!ptx_is(r, ';')) {
        do {
            if (l.n == OPERANDS) return ptx_fail(r, "more operands than are known");
            if (!read_operand(r, &l.o[l.n++])) return false;
        } while (ptx_is(r, ','));
        if (!ptx_need(r, ';')) return false;
    }
    bool fine = false;
    if (begins(l.name, "mov.") && odd_move(&l, &fine)) return fine;
    const ptx_word *word = ptx_word_of(l.name.s, l.name.n);
    return word ? simple(&l, word) : by_name(&l);
}
