/* nn/net.c: net text to a list of layers.
 * Which arguments a layer takes stands in layer_<kind>.c; shapes are checked later, by build.c. */
#include "nn/net.h"

#include <stdio.h>
#include <string.h>

#include "core/mem.h"
#include "core/near.h"
#include "core/status.h"
#include "nn/layer.h"

#define LINE_MOST   512
#define DEPTH_MOST  16
#define LAYERS_MOST 1000
#define LINES_MOST  1000000 /* those of a repeat as often as they are read */
#define REPEAT_MOST 1000

typedef struct net_parser {
    ink_net *net;
    const char *at; /* next line of the text */
    const char *file;
    uint64_t line; /* number of the line last read */
    char buffer[LINE_MOST];
    ink_words words; /* of the line last read */
    ink_init init;
    uint32_t n_layers, n_lines;
    ink_error *err;
} net_parser;

static ink_status fault(const net_parser *p, const char *seen, const char *wanted, const char *what) {
    return ink_fail_line(p->err, INK_E_USAGE, p->file, p->line, 0, seen, wanted, what);
}

/* Reads lines until one has words; words.n is 0 at the end of the text. */
static ink_status next_line(net_parser *p) {
    p->words = (ink_words){.file = p->file};
    while (*p->at != '\0' && p->words.n == 0) {
        size_t length = strcspn(p->at, "\n");
        p->line++;
        if (++p->n_lines > LINES_MOST)
            return fault(p, NULL, "at most 1000000 lines, repeated ones too", "too long a net");
        if (length >= sizeof p->buffer) return fault(p, NULL, "at most 511 characters", "line too long");
        memcpy(p->buffer, p->at, length);
        p->buffer[length] = '\0';
        p->at += length + (p->at[length] == '\n');
        p->buffer[strcspn(p->buffer, "#")] = '\0';
        for (char *word = p->buffer + strspn(p->buffer, " \t\r"); *word != '\0';) {
            size_t size = strcspn(word, " \t\r");
            if (p->words.n == INK_WORDS_MAX) return fault(p, word, "fewer words", "too long a line");
            p->words.word[p->words.n++] = word;
            word += size;
            if (*word != '\0') *word++ = '\0';
            word += strspn(word, " \t\r");
        }
    }
    p->words.line = p->line;
    return INK_OK;
}

static ink_status unknown_word(net_parser *p, const char *word) {
    static const char *const others[] = {"repeat", "input", "init"};
    ink_near near = {.word = word};
    for (size_t i = 0; ink_layer_kind_word(i) != NULL; i++) ink_near_try(&near, ink_layer_kind_word(i));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) ink_near_try(&near, others[i]);
    ink_status status = fault(p, word, "a kind of layer", "the first word");
    if (near.best != NULL) {
        ink_hint(p->err, "did you mean \"%s\"?", near.best);
    } else {
        ink_hint(p->err, "layers are: linear conv batchnorm relu maxpool dropout residual ...; "
                         "'inkling recipe layers' lists all");
    }
    return status;
}

/* `input C` and `init WORD`: *taken tells whether the line was one of them. */
static ink_status parse_directive(net_parser *p, bool top, bool *taken) {
    *taken = true;
    if (ink_words_take(&p->words, "input")) {
        int32_t channels = 0;
        ink_status status = ink_words_int(&p->words, "channels of input", 1, 3, &channels, p->err);
        if (status != INK_OK) return status;
        if (channels == 2) return fault(p, "2", "1 or 3", "channels of input");
        if (!top || p->net->layers != NULL || p->n_layers > 0) {
            return fault(p, NULL, "it above the first layer", "input");
        }
        p->net->channels = channels;
    } else if (ink_words_take(&p->words, "init")) {
        if (ink_words_take(&p->words, "torch")) {
            p->init = INK_INIT_TORCH;
        } else if (ink_words_take(&p->words, "kaiming-normal")) {
            p->init = INK_INIT_KAIMING_NORMAL;
        } else if (ink_words_take(&p->words, "glorot")) {
            p->init = INK_INIT_GLOROT;
        } else if (ink_words_take(&p->words, "dirac")) {
            p->init = INK_INIT_DIRAC;
        } else {
            return fault(p, p->words.n > 1 ? p->words.word[1] : "", "torch, kaiming-normal, glorot or dirac", "init");
        }
    } else {
        *taken = false;
    }
    return INK_OK;
}

/* `lr FACTOR`, or nothing. */
static ink_status parse_lr(net_parser *p, ink_layer *layer) {
    layer->lr_scale = 1.0f;
    if (!layer->kind->learns || !ink_words_take(&p->words, "lr")) return INK_OK;
    return ink_words_real(&p->words, "factor of lr", 0.0f, 1000.0f, &layer->lr_scale, p->err);
}

/* `as NAME` and, where a block follows, `{`; then the line must end. fallback: the name when none is given. */
static ink_status parse_tail(net_parser *p, const char *fallback, bool braces, const char *usage, const char **name) {
    const char *given = fallback;
    if (ink_words_take(&p->words, "as")) {
        if (p->words.at == p->words.n) return fault(p, NULL, "a name", "as");
        given = p->words.word[p->words.at++];
        if (strlen(given) >= INK_NAME_SIZE / 2 || strspn(given, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                                "0123456789_.-") != strlen(given)) {
            return fault(p, given, "letters, digits, _ - and dots, at most 47", "the name");
        }
    }
    if (braces && !ink_words_take(&p->words, "{")) return fault(p, NULL, "{ at the end of the line", usage);
    if (p->words.at < p->words.n) {
        char what[128];
        snprintf(what, sizeof what, "one word too many: \"%.40s\"", p->words.word[p->words.at]);
        return fault(p, NULL, usage, what);
    }
    *name = ink_arena_string(&p->net->arena, given, strlen(given));
    return *name != NULL ? INK_OK : ink_fail_memory(p->err, strlen(given), "a net");
}

typedef struct block {
    ink_layer **tail; /* where the next layer is hung */
    uint32_t count;   /* layers so far: the next one's number */
} block;

static ink_status parse_block(net_parser *p, block *b, unsigned depth);

/* `repeat N {`: the block's text is read N times into the surrounding block. */
static ink_status parse_repeat(net_parser *p, block *b, unsigned depth) {
    int32_t times = 0;
    ink_status status = ink_words_int(&p->words, "count of repeat", 1, REPEAT_MOST, &times, p->err);
    if (status != INK_OK) return status;
    if (!ink_words_take(&p->words, "{")) return fault(p, NULL, "{ at the end of the line", "repeat N { ... }");
    if (p->words.at < p->words.n)
        return fault(p, p->words.word[p->words.at], "the end of the line", "the word behind {");
    const char *from = p->at;
    uint64_t line = p->line;
    uint32_t before = p->n_layers;
    for (int32_t i = 0; i < times && status == INK_OK; i++) {
        p->at = from;
        p->line = line;
        status = parse_block(p, b, depth + 1);
        if (status == INK_OK && p->words.at < p->words.n) {
            return fault(p, p->words.word[p->words.at], "the end of the line", "the word behind }");
        }
        if (status == INK_OK && p->n_layers == before) return fault(p, NULL, "a layer between the braces", "repeat");
    }
    return status;
}

/* The blocks behind a residual: its own, then a shortcut if one follows its closing brace. */
static ink_status parse_braces(net_parser *p, ink_layer *layer, unsigned depth) {
    block inner = {&layer->inner, 0};
    ink_status status = parse_block(p, &inner, depth + 1);
    if (status != INK_OK) return status;
    if (layer->inner == NULL) return fault(p, NULL, "a layer between the braces", layer->kind->word);
    /* parse_block stopped behind "}"; what stands there on the same line is a shortcut or nothing. */
    if (p->words.at == p->words.n) return INK_OK;
    if (!ink_words_take(&p->words, "shortcut")) {
        return fault(p, p->words.word[p->words.at], "shortcut { or the end of the line", "the word behind }");
    }
    status = parse_tail(p, "shortcut", true, "} shortcut { ... }", &layer->shortcut_name);
    if (status != INK_OK) return status;
    block shortcut = {&layer->shortcut, 0};
    status = parse_block(p, &shortcut, depth + 1);
    if (status != INK_OK) return status;
    if (layer->shortcut == NULL) return fault(p, NULL, "a layer between the braces", "shortcut");
    if (p->words.at < p->words.n)
        return fault(p, p->words.word[p->words.at], "the end of the line", "the word behind }");
    return INK_OK;
}

static ink_status parse_layer(net_parser *p, block *b, unsigned depth) {
    char number[16];
    const ink_layer_kind *kind = ink_layer_kind_find(p->words.word[0]);
    if (kind == NULL) return unknown_word(p, p->words.word[0]);
    if (++p->n_layers > LAYERS_MOST) return fault(p, NULL, "at most 1000 layers", "too large a net");
    ink_layer *layer = ink_arena_new(&p->net->arena, 1, sizeof *layer);
    if (layer == NULL) return ink_fail_memory(p->err, sizeof *layer, "a net");
    layer->kind = kind;
    layer->file = p->file;
    layer->line = p->line;
    layer->init = p->init;
    p->words.at = 1;
    ink_status status = kind->parse != NULL ? kind->parse(layer, &p->words, p->err) : INK_OK;
    snprintf(number, sizeof number, "%u", b->count);
    if (status == INK_OK) status = parse_lr(p, layer);
    if (status == INK_OK) status = parse_tail(p, number, kind->braces, kind->usage, &layer->name);
    if (status == INK_OK && kind->braces) status = parse_braces(p, layer, depth);
    if (status != INK_OK) return status;
    *b->tail = layer;
    b->tail = &layer->next;
    b->count++;
    return INK_OK;
}

/* Lines until "}" (depth > 0; words.at then stands behind it) or the end of the text (depth 0). */
static ink_status parse_block(net_parser *p, block *b, unsigned depth) {
    uint64_t opened = p->line;
    if (depth > DEPTH_MOST) return fault(p, NULL, "at most 16", "blocks inside blocks");
    for (;;) {
        bool directive = false;
        ink_status status = next_line(p);
        if (status != INK_OK) return status;
        if (p->words.n == 0) {
            if (depth == 0) return INK_OK;
            return ink_fail_line(p->err, INK_E_USAGE, p->file, opened, 0, NULL, "a } behind its lines",
                                 "this { is never closed");
        }
        if (ink_words_take(&p->words, "}")) {
            if (depth == 0) return fault(p, "}", "a layer", "the first word");
            return INK_OK;
        }
        status = parse_directive(p, depth == 0, &directive);
        if (status == INK_OK && directive) {
            if (p->words.at < p->words.n) return fault(p, p->words.word[p->words.at], "the end of the line", "a word");
        } else if (status == INK_OK) {
            status = ink_words_take(&p->words, "repeat") ? parse_repeat(p, b, depth) : parse_layer(p, b, depth);
        }
        if (status != INK_OK) return status;
    }
}

ink_status ink_net_parse(const char *text, const char *file, uint64_t first_line, ink_net **out, ink_error *err) {
    *out = NULL;
    ink_net *net = ink_mem_new(1, sizeof *net);
    if (net == NULL) return ink_fail_memory(err, sizeof *net, "a net");
    net_parser p = {.net = net, .line = first_line - 1, .err = err};
    ink_status status = INK_OK;
    p.file = ink_arena_string(&net->arena, file, strlen(file));
    p.at = net->text = ink_arena_string(&net->arena, text, strlen(text));
    if (p.file == NULL || net->text == NULL) {
        status = ink_fail_memory(err, strlen(text), "a net");
        goto done;
    }
    block top = {&net->layers, 0};
    status = parse_block(&p, &top, 0);
    if (status == INK_OK && net->layers == NULL) {
        status = ink_fail_line(err, INK_E_USAGE, file, p.line > 0 ? p.line : 1, 0, NULL, "at least one layer",
                               "the net is empty");
    }
    if (status == INK_OK) *out = net;
done:
    if (status != INK_OK) ink_net_free(net);
    return status;
}

void ink_net_free(ink_net *net) {
    if (net == NULL) return;
    ink_arena_clear(&net->arena);
    ink_mem_free(net);
}
