/* Text: UTF-8 checks, trimming, lists of strings. Pure functions, any thread. */
#ifndef SHOPFS_BASE_TEXT_H
#define SHOPFS_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Reads one code point at s (len > 0): its length in bytes, *cp set; 0 for an ill-formed sequence (overlong,
 * surrogate, beyond U+10FFFF, cut). RFC 3629. */
size_t text_utf8_decode(const char *s, size_t len, uint32_t *cp);

/* Appends the code point. */
void text_utf8_encode(struct buf *out, uint32_t cp);

/* Bytes of the longest prefix of s that holds at most max_chars whole code points. */
size_t text_utf8_prefix(const char *s, size_t len, size_t max_chars);

bool text_utf8_valid(const char *s, size_t len);

/* Appends s with leading and trailing white space dropped and inner runs collapsed to one space; NO-BREAK
 * SPACE counts as white space. */
void text_collapse(struct buf *out, const char *s, size_t len);

/* ASCII case folding comparison; a NULL is equal to "" only if both are. */
bool text_equal_ascii_nocase(const char *a, const char *b);
bool text_ends_with_nocase(const char *s, const char *suffix);

/* Matching keys for customers: e-mail lower-cased and trimmed; phone as its digits with leading zeros and
 * plus dropped, at most the last 12, and only when at least 7 remain. Appends nothing when there is none. */
void text_email_key(struct buf *out, const char *email);
void text_phone_key(struct buf *out, const char *phone);

#endif
