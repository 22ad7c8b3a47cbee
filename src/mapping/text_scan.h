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

/* The first bytes of s, whole characters, that text_write would copy: a lower bound. Characters of three and more
 * bytes and carriage returns are not looked into. */
size_t text_scan_clean(const char *s, size_t len, enum text_context context);

/* Bytes to look for, each as often as is looked at at once. */
#define TEXT_SET_MAX 5
struct text_set {
    signed char bytes[TEXT_SET_MAX][16];
};

/* 0 < n <= TEXT_SET_MAX. */
void text_set_init(struct text_set *set, const char *bytes, size_t n);
bool text_set_has(const struct text_set *set, char c);

/* Is one of the bytes in s? */
bool text_scan_any(const char *s, size_t len, const struct text_set *set);

#endif
