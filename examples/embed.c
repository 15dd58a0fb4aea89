/* examples/embed.c: inkling inside another program.
 * Not part of the build: it is compiled against an installed inkling (tests/e2e/install.sh does), as C or as C++:
 *   cc -std=c17 embed.c $(pkg-config --cflags --libs inkling) -o embed */
#include <inkling.h>

#include <stdio.h>

int main(void) {
    printf("inkling %s\n", ink_version());
    return 0;
}
