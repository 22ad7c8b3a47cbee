/* Encodings other than UTF-8, by iconv. */
#ifndef SHOPFS_MAPPING_ENCODING_H
#define SHOPFS_MAPPING_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "mapping/export_program.h"

/* 0 for an encoding that can be written: *out is its name, malloced, or NULL for UTF-8; -EINVAL. */
int encoding_check(const char *name, char **out);

/* Whether every character of the UTF-8 text exists in the encoding. */
bool encoding_holds(const char *name, const char *s, size_t len);

/* A converter from UTF-8; one thread at a time. NULL when out of resources. */
struct encoder;
struct encoder *encoder_new(const char *name, enum unmappable unmappable);
void encoder_free(struct encoder *e);
/* Appends well-formed UTF-8 text; 0 or -errno. */
int encoder_write(struct encoder *e, struct buf *out, const char *s, size_t len);

#endif
