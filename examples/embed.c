/* examples/embed.c: inkling inside another program: embed [MODEL] reads a digit that it draws itself, with the
 * model in the library when none is named.
 * Not part of the build: it is compiled against an installed inkling (tests/e2e/install.sh does), as C or as C++:
 *   cc -std=c17 embed.c $(pkg-config --cflags --libs inkling) -o embed */
#include <inkling.h>

#include <stdio.h>

#define SIDE 60

int main(int argc, char **argv) {
    ink_error err;
    ink_model *model = NULL;
    unsigned char paper[SIDE * SIDE] = {0}, digit[784];
    float p[10];
    int best = 0;

    printf("inkling %s\n", ink_version());

    /* A one: a thick upright stroke, anywhere on a paper of any size. */
    for (int y = 5; y < 50; y++) {
        for (int x = 12; x < 17; x++) paper[y * SIDE + x] = 255;
    }
    ink_status status =
        argc > 1 ? ink_model_open(argv[1], NULL, &model, &err) : ink_model_open_builtin(NULL, NULL, &model, &err);
    if (status != INK_OK || ink_digit_prepare(paper, SIDE, SIDE, SIDE, 0, digit, &err) != INK_OK ||
        ink_model_predict(model, digit, 1, p, &err) != INK_OK) {
        fprintf(stderr, "%s\n", err.text);
        ink_model_free(model);
        return 1;
    }
    for (int d = 1; d < 10; d++) {
        if (p[d] > p[best]) best = d;
    }
    printf("%d with probability %.2f\n", best, (double)p[best]);
    ink_model_free(model);
    return 0;
}
