/*
 * Looking at many bytes of a text at once: nearly all text is written as it is, so what costs is to see that.
 * Pure functions, any thread. Not here: what becomes of the other bytes (text_write.h).
 */
#ifndef SHOPFS_MAPPING_TEXT_SCAN_H
#define SHOPFS_MAPPING_TEXT_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum text_context {
    TEXT_PLAIN,     /* cleaned only */
    TEXT_XML,       /* & < > and CR as references */
    TEXT_ATTRIBUTE, /* also " and white space other than the space */
    TEXT_CDATA,     /* ]]> split over two sections */
};

/* What is copied may be followed by so many bytes of no meaning. */
#define TEXT_COPY_ROOM 16

/* Copies the first bytes of s, whole characters, that are written as they are in this context, and returns how many: a
 * lower bound. Characters of three and more bytes and carriage returns are not looked into. `to` has room for len and
 * TEXT_COPY_ROOM bytes, all of which may be written; it does not overlap s. */
size_t text_copy_clean(char *to, const char *s, size_t len, enum text_context context);

/* Bytes to look for, each as often as is looked at at once. */
#define TEXT_SET_MAX 5
struct text_set {
    signed char bytes[TEXT_SET_MAX][16];
};

/* 0 < n <= TEXT_SET_MAX. */
void text_set_init(struct text_set *set, const char *bytes, size_t n);
bool text_set_has(const struct text_set *set, char c);

/* The same for plain text, but none of these bytes is copied. */
size_t text_copy_without(char *to, const char *s, size_t len, const struct text_set *set);

/* Is one of the bytes in s? */
bool text_scan_any(const char *s, size_t len, const struct text_set *set);

#endif
