/* core/augment.h: how images are distorted, in numbers. data/augment.h reads them from a recipe and says in which order
 * they act; one image's draw is the same on the host and on a GPU (core/augment_both.h). */
#ifndef INK_CORE_AUGMENT_H
#define INK_CORE_AUGMENT_H

#include <stdbool.h>

#include "core/warp.h"

/* {0}: no distortion at all. An amount of 0 leaves that part out. The words of a recipe stand in brackets. */
typedef struct ink_augment {
    float rotate_deg;    /* [rotate 12] up to so many degrees either way */
    float scale;         /* [scale 0.12] both axes by one factor 1 - 0.12 .. 1 + 0.12 */
    float stretch;       /* [stretch 0.1] each axis by a factor of its own */
    float shear;         /* [shear 0.15] x moves by up to 0.15 y */
    float shift;         /* [shift 0.08] each axis by up to this fraction of the image's side */
    float shift_px;      /* [shift-px 2] each axis by up to so many pixels, parts of a pixel too */
    float shift_safe;    /* [shift-safe 1] each axis by up to this share of the free margin: no ink is cut */
    float squeeze_px;    /* [squeeze 7] the width is made narrower by up to so many pixels, never wider */
    float elastic_alpha; /* [elastic 34 4] strength and smoothness (pixels) as Simard has them: the displacement's */
    float elastic_sigma; /* root mean square along an axis is 0.163 alpha / sigma pixels */
    float erase_px;      /* [erase 4] side of an erased square that lies wholly inside */
    float erase_share;   /* [erase-share 0.5] share of images that are erased; 0 here means 1 */
    float share;         /* [share 0.5] share of images that are moved (all but erase); 0 here means 1 */
    bool shift_whole;    /* [shift-whole] shifts are rounded to whole pixels */
    bool normal;         /* [normal] see above */
} ink_augment;

#endif
