/* files/bitmap_jpeg.c: JPEG through libjpeg, to grey, with the orientation that its camera noted.
 * What libjpeg would only warn of is a fault here: a guess at missing pixels could look like ink. */
#include <stdio.h> /* jpeglib.h needs it first */

#include <jpeglib.h>

#include <jerror.h>
#include <setjmp.h>
#include <string.h>

#include "core/mem.h"
#include "core/status.h"
#include "files/bitmap_formats.h"

#define SCANS_MAX        100
#define MEMORY_MAX       (512L << 20) /* a progressive picture of all pixels needs 6 bytes each */
#define EXIF_MARKER      (JPEG_APP0 + 1)
#define ORIENTATION_TAG  0x0112u
#define EXIF_TYPE_SHORT  3u
#define EXIF_ENTRIES_MAX 1000u

typedef struct decoder {
    ink_bitmap_job *job;
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    ink_status status;
    jmp_buf jump;
} decoder;

static _Noreturn void give_up(decoder *d, const char *why) {
    d->status = ink_fail(d->job->err, INK_E_DATA, "%s: %s", d->job->name, why);
    longjmp(d->jump, 1);
}

static _Noreturn void on_error(j_common_ptr common) {
    decoder *d = common->client_data;
    char text[JMSG_LENGTH_MAX], why[JMSG_LENGTH_MAX + 32];
    if (common->err->msg_code == JERR_NO_BACKING_STORE) {
        give_up(d, "decoding takes more than 512 MB; save it as a JPEG that is not progressive, or smaller");
    }
    if (common->err->msg_code == JERR_OUT_OF_MEMORY) {
        d->status = ink_fail_memory(d->job->err, 0, d->job->name);
        longjmp(d->jump, 1);
    }
    common->err->format_message(common, text);
    snprintf(why, sizeof why, "the JPEG is damaged: %s", text);
    give_up(d, why);
}

/* level -1 is a warning: corrupt data that libjpeg would paint over. */
static void on_message(j_common_ptr common, int level) {
    if (level < 0) on_error(common);
}

static void on_progress(j_common_ptr common) {
    decoder *d = common->client_data;
    if (d->jpeg.input_scan_number > SCANS_MAX) give_up(d, "the JPEG has more than 100 scans");
}

/* ---- EXIF ---- */

static unsigned exif_number(const uint8_t *p, size_t bytes, bool big) {
    unsigned v = 0;
    for (size_t i = 0; i < bytes; i++) v |= (unsigned)p[i] << (8 * (big ? bytes - 1 - i : i));
    return v;
}

/* Orientation from what follows "Exif\0\0" in its marker; 1 when it says none, or anything that makes no sense. */
static uint32_t orientation_in(const uint8_t *p, size_t size) {
    if (size < 8) return 1;
    bool big = p[0] == 'M' && p[1] == 'M';
    if (!big && !(p[0] == 'I' && p[1] == 'I')) return 1;
    if (exif_number(p + 2, 2, big) != 42) return 1;
    size_t at = exif_number(p + 4, 4, big);
    if (at > size || size - at < 2) return 1;
    unsigned n = exif_number(p + at, 2, big);
    at += 2;
    for (unsigned i = 0; i < n && i < EXIF_ENTRIES_MAX && size - at >= 12; i++, at += 12) {
        const uint8_t *entry = p + at;
        if (exif_number(entry, 2, big) != ORIENTATION_TAG) continue;
        unsigned value = exif_number(entry + 8, 2, big);
        bool good = exif_number(entry + 2, 2, big) == EXIF_TYPE_SHORT && exif_number(entry + 4, 4, big) == 1;
        return good && value >= 1 && value <= 8 ? value : 1;
    }
    return 1;
}

/* The first marker of EXIF among those of APP1, which hold XMP as well. */
static uint32_t orientation_of(const struct jpeg_marker_struct *marker) {
    for (; marker != NULL; marker = marker->next) {
        if (marker->data_length < 6 || memcmp(marker->data, "Exif\0\0", 6) != 0) continue;
        return orientation_in(marker->data + 6, marker->data_length - 6);
    }
    return 1;
}

/* ---- pixels ---- */

static void decode(decoder *d) {
    struct jpeg_decompress_struct *jpeg = &d->jpeg;
    jpeg_create_decompress(jpeg);
    jpeg->mem->max_memory_to_use = MEMORY_MAX;
    d->progress.progress_monitor = on_progress;
    jpeg->progress = &d->progress;
    jpeg_mem_src(jpeg, d->job->bytes, (unsigned long)d->job->size);
    jpeg_save_markers(jpeg, EXIF_MARKER, 0xffff);
    (void)jpeg_read_header(jpeg, TRUE);
    if (jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK) {
        give_up(d, "a JPEG in the colours of print (CMYK) is not read; save it as RGB");
    }
    if (jpeg->arith_code) give_up(d, "a JPEG with arithmetic coding is not read");
    if (jpeg->data_precision != 8) give_up(d, "a JPEG of other than 8 bits is not read");
    d->status = ink_bitmap_begin(d->job, jpeg->image_width, jpeg->image_height, d->job->limits.shrink);
    if (d->status != INK_OK) longjmp(d->jump, 1);
    d->job->orientation = orientation_of(jpeg->marker_list);
    jpeg->out_color_space = JCS_GRAYSCALE;
    jpeg->dct_method = JDCT_ISLOW;
    jpeg->scale_num = 1;
    jpeg->scale_denom = d->job->out->shrunk;
    jpeg_calc_output_dimensions(jpeg);
    if (jpeg->output_width != d->job->out->width || jpeg->output_height != d->job->out->height) {
        give_up(d, "this libjpeg makes another size than was asked for");
    }
    (void)jpeg_start_decompress(jpeg);
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = d->job->out->grey + (size_t)jpeg->output_scanline * d->job->out->width;
        (void)jpeg_read_scanlines(jpeg, &row, 1);
    }
    (void)jpeg_finish_decompress(jpeg);
}

ink_status ink_bitmap_jpeg(ink_bitmap_job *job) {
    decoder *d = ink_mem_new(1, sizeof *d); /* not on the stack: a longjmp would leave it undefined */
    if (d == NULL) return ink_fail_memory(job->err, sizeof *d, job->name);
    d->job = job;
    d->jpeg.err = jpeg_std_error(&d->errors);
    d->errors.error_exit = on_error;
    d->errors.emit_message = on_message;
    d->jpeg.client_data = d;
    if (setjmp(d->jump) == 0) decode(d);
    jpeg_destroy_decompress(&d->jpeg);
    ink_status status = d->status;
    ink_mem_free(d);
    return status;
}
