/* tests/fuzz/fuzz_recipe.c: any text as a recipe, its net included: no crash, no leak; what is read can be written.
 * What was written reads back to the same text. */
#include <stdlib.h>
#include <string.h>

#include "core/mem.h"
#include "train/recipe.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ink_recipe *recipe = ink_mem_new(1, sizeof *recipe), *again = ink_mem_new(1, sizeof *again);
    char *text = ink_mem_new(size + 1, 1), *first = NULL, *second = NULL;
    ink_error err = {0};
    if (recipe == NULL || again == NULL || text == NULL) abort();
    if (size > 0) memcpy(text, data, size);
    ink_recipe_start(recipe);
    ink_recipe_start(again);
    if (ink_recipe_parse(recipe, text, "fuzz.txt", &err) == INK_OK) {
        if (ink_recipe_text(recipe, &first, &err) != INK_OK) abort();
        if (ink_recipe_parse(again, first, "fuzz.txt", &err) != INK_OK) abort();
        if (ink_recipe_text(again, &second, &err) != INK_OK) abort();
        if (strcmp(first, second) != 0) abort();
    } else if (err.text[0] == '\0') {
        abort(); /* a refusal says why */
    }
    if (recipe->net_text != NULL) {
        ink_net *net = NULL;
        if (ink_net_parse(recipe->net_text, "fuzz.txt", 1, &net, &err) == INK_OK) ink_net_free(net);
    }
    ink_recipe_clear(recipe);
    ink_recipe_clear(again);
    ink_mem_free(first);
    ink_mem_free(second);
    ink_mem_free(text);
    ink_mem_free(again);
    ink_mem_free(recipe);
    return 0;
}
