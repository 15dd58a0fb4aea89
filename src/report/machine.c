/* report/machine.c: the compiler's name, and the processor's from /proc/cpuinfo.
 * What a processor can do is asked where it matters (ops/cpu/pick.c). */
#include "report/machine.h"

#include <stdio.h>
#include <string.h>

const char *ink_compiler(void) {
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown";
#endif
}

void ink_processor_name(char *dst, size_t size, const char *fallback) {
    char line[256];
    FILE *info = fopen("/proc/cpuinfo", "r");
    snprintf(dst, size, "%s", fallback);
    while (info != NULL && fgets(line, sizeof line, info) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL) continue;
        line[strcspn(line, "\n")] = '\0';
        snprintf(dst, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
        break;
    }
    if (info != NULL) fclose(info);
}
