/* api/recipes.h: recipes and nets by name or by file: what the verbs share. */
#ifndef INK_API_RECIPES_H
#define INK_API_RECIPES_H

#include "api/work.h"
#include "train/recipe.h"

/* A recipe by name (built in) or by file. NULL = "default". The caller clears it.
 * Errors   INK_E_USAGE unknown name (with a near one), what ink_recipe_parse says; INK_E_FILE. */
INK_MUST_USE ink_status ink_recipe_open(const char *name, ink_recipe *out, ink_error *err);

/* A net by name (zoo) or by file: a net's text alone, or a recipe that has one. */
INK_MUST_USE ink_status ink_recipe_open_net(ink_recipe *recipe, const char *name, ink_error *err);

/* A text file of at most 1 MiB; the caller's (ink_mem_free). */
INK_MUST_USE ink_status ink_text_read(const char *path, char **text, ink_error *err);

#endif
