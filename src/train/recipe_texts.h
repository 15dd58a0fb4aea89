/* train/recipe_texts.h: recipes/<name>.txt, as the build compiled them in; sorted by name. */
#ifndef INK_TRAIN_RECIPE_TEXTS_H
#define INK_TRAIN_RECIPE_TEXTS_H

#include "core/embedded.h"

extern const ink_embedded ink_recipe_texts[]; /* ends with name NULL; names carry the ".txt" */

#endif
