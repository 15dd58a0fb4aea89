/* api/tta.h: test-time augmentation: an image is looked at in several ways, and the answers are averaged.
 *
 * Ways     The image itself; moved by a pixel along each axis; turned by 6 degrees; smaller and larger by 6 %;
 *          slanted by a tenth; moved by a pixel along both axes. Always these, in this order: the same image gets the
 *          same answer. They are core/warp.h's, rounded to whole grey values.
 * Below    With a threshold only those images are looked at again whose likeliest digit is less probable than that. */
#ifndef INK_API_TTA_H
#define INK_API_TTA_H

#include "api/models.h"
#include "core/warp.h"

#define INK_TTA_MOST 15 /* ways, the image itself counted */

/* Way i. */
const ink_warp *ink_tta_warp(uint32_t i);

/* The words of --tta ("all" or 1 .. 15; NULL: not given) and --tta-below (0: not given, 0 .. 1; alone: all ways)
 * into models. Errors: INK_E_USAGE. */
INK_MUST_USE ink_status ink_tta_choose(const char *ways, double below, ink_models *models, ink_error *err);

/* Adds the other ways to predictions that are already there: p, digits and losses; tells watch how many images were
 * looked at again. Errors: INK_E_MEMORY; INK_E_STOPPED; the backend's. */
INK_MUST_USE ink_status ink_tta_add(ink_models *models, const ink_images *images, const ink_watch *watch,
                                    ink_predictions *predictions, ink_error *err);

#endif
