/*
 * Looking at many bytes of a text at once: nearly all text is written as it is, so what costs is to see that.
 * Pure functions, any thread. Not here: what becomes of the other bytes (text_write.h).
 */
#ifndef SHOPFS_MAPPING_TEXT_SCAN_H
#define SHOPFS_MAPPING_TEXT_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "mapping/text_write.h"

/* The first bytes of s, whole characters, that text_write would copy: a lower bound. Characters of three and more
 * bytes and carriage returns are not looked into. */
size_t text_scan_clean(const char *s, size_t len, enum text_context context);

#define TEXT_SCAN_BYTES 5

/* Is one of the n <= TEXT_SCAN_BYTES bytes of `set` in s? */
bool text_scan_any(const char *s, size_t len, const char *set, size_t n);

#endif
