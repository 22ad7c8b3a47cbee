/* Small pictures: 64x64 with a palette, some of four patterns. PNG: https://www.w3.org/TR/png/ */
#include "cli/demo.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 64, COLOURS = 4 };

static void append(png_structp png, png_bytep data, size_t len)
{
    buf_add(png_get_io_ptr(png), data, len);
}

static void no_flush(png_structp png)
{
    (void)png;
}

/* Our own input and memory that aborts leave nothing that could fail. */
static void impossible(png_structp png, png_const_charp message)
{
    (void)png;
    fprintf(stderr, "bug: libpng: %s\n", message);
    abort();
}

static unsigned char pixel(unsigned pattern, unsigned x, unsigned y, unsigned step)
{
    switch (pattern) {
    case 0:
        return (unsigned char)((x / step + y / step) % COLOURS);
    case 1:
        return (unsigned char)((x + y) / step % COLOURS);
    case 2:
        return (unsigned char)(((x - 32) * (x - 32) + (y - 32) * (y - 32)) / (step * 32) % COLOURS);
    default:
        return (unsigned char)((x > y ? x : y) / step % COLOURS);
    }
}

void demo_png(struct buf *out, uint64_t seed, const char *title)
{
    struct demo_rng rng = {seed};
    png_color palette[COLOURS];
    for (size_t i = 0; i < COLOURS; i++)
        palette[i] = (png_color){(png_byte)demo_below(&rng, 256), (png_byte)demo_below(&rng, 256),
                                 (png_byte)demo_below(&rng, 256)};
    unsigned pattern = demo_below(&rng, 4), step = 2 + demo_below(&rng, 14);
    png_text text = {.compression = PNG_TEXT_COMPRESSION_NONE,
                     .key = (png_charp) "Title",
                     .text = (png_charp)title,
                     .text_length = strlen(title)};

    buf_clear(out);
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, impossible, NULL);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info)
        abort();
    png_set_write_fn(png, out, append, no_flush);
    png_set_compression_level(png, 1);
    png_set_filter(png, 0, PNG_FILTER_NONE);
    png_set_IHDR(png, info, SIDE, SIDE, 8, PNG_COLOR_TYPE_PALETTE, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_PLTE(png, info, palette, COLOURS);
    png_set_text(png, info, &text, 1);
    png_write_info(png, info);
    for (unsigned y = 0; y < SIDE; y++) {
        png_byte row[SIDE];
        for (unsigned x = 0; x < SIDE; x++)
            row[x] = pixel(pattern, x, y, step);
        png_write_row(png, row);
    }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
}
