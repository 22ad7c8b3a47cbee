#include "mapping/text_scan.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Vectors as gcc and clang have them for every processor. */
#define BLOCK 16
typedef signed char block __attribute__((vector_size(BLOCK)));

static block block_at(const char *s)
{
    block b;

    memcpy(&b, s, BLOCK);
    return b;
}

static uint64_t bytes_8(const char *s)
{
    uint64_t v;

    memcpy(&v, s, sizeof v);
    return le64toh(v);
}

static uint64_t bytes_4(const char *s)
{
    uint32_t v;

    memcpy(&v, s, sizeof v);
    return le32toh(v);
}

/* 0 < len < BLOCK bytes, and `fill` behind them. Read where they overlap, so that nothing beyond them is touched. */
static block short_block(const char *s, size_t len, unsigned char fill)
{
    const uint64_t filled = 0x0101010101010101u * fill;
    uint64_t half[2] = {0, filled};
    block b;

    if (len > 8) {
        half[0] = bytes_8(s);
        half[1] = bytes_8(s + len - 8) >> 8 * (16 - len) | filled << 8 * (len - 8);
    } else if (len == 8) {
        half[0] = bytes_8(s);
    } else if (len >= 4) {
        half[0] = bytes_4(s) | bytes_4(s + len - 4) << 8 * (len - 4) | filled << 8 * len;
    } else {
        half[0] = (uint64_t)(unsigned char)s[0] | (uint64_t)(unsigned char)s[len / 2] << 8 * (len / 2) |
                  (uint64_t)(unsigned char)s[len - 1] << 8 * (len - 1) | filled << 8 * len;
    }
    half[0] = htole64(half[0]);
    half[1] = htole64(half[1]);
    memcpy(&b, half, BLOCK);
    return b;
}

/* The same bytes one place later, after a 0. */
static block later(block b)
{
    return __builtin_shufflevector((block){0}, b, 0, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30);
}

static bool any(block b)
{
    uint64_t half[2];

    memcpy(half, &b, sizeof half);
    return (half[0] | half[1]) != 0;
}

/* The first byte of a two-byte character. 0xc2 is left out: C1 controls begin with it. */
static block leads(block b)
{
    return (b >= (signed char)0xc3) & (b <= (signed char)0xdf);
}

#define INLINE static inline __attribute__((always_inline)) /* once for each context */

INLINE block special(block b, enum text_context context)
{
    block control = ((b >= 0) & (b < ' ')) | (b == 127);

    switch (context) {
    case TEXT_PLAIN:
        return control & (b != '\n') & (b != '\t');
    case TEXT_XML:
        return (control & (b != '\n') & (b != '\t')) | (b == '&') | (b == '<') | (b == '>');
    case TEXT_ATTRIBUTE:
        return control | (b == '&') | (b == '<') | (b == '>') | (b == '"');
    default:
        return (control & (b != '\n') & (b != '\t')) | (b == '>');
    }
}

/* Every byte that is not ASCII begins or ends a two-byte character, and none is special. before: the same bytes one
 * place later. */
INLINE bool clean(block b, block before, enum text_context context)
{
    block lead = leads(b), ends = b < (signed char)0xc0;

    return !any((leads(before) ^ ends) | ((b < 0) & ~(lead | ends)) | special(b, context));
}

INLINE block found(block b, const block *set)
{
    return (b == set[0]) | (b == set[1]) | (b == set[2]) | (b == set[3]) | (b == set[4]);
}

/* set: NULL or TEXT_SET_MAX blocks. */
INLINE bool copied(char *to, block b, block before, enum text_context context, const block *set)
{
    memcpy(to, &b, BLOCK);
    return clean(b, before, context) && !(set && any(found(b, set)));
}

/* Without the first half of a character at the end. */
static size_t whole(const char *s, size_t len)
{
    return len && (unsigned char)s[len - 1] >= 0xc0 ? len - 1 : len;
}

INLINE size_t copy_clean(char *to, const char *s, size_t len, enum text_context context, const block *set)
{
    size_t at;

    if (len < BLOCK) {
        block b = len ? short_block(s, len, 'a') : (block){0};

        return len && copied(to, b, later(b), context, set) ? whole(s, len) : 0;
    }
    if (!copied(to, block_at(s), later(block_at(s)), context, set))
        return 0;
    for (at = BLOCK; at + BLOCK <= len; at += BLOCK)
        if (!copied(to + at, block_at(s + at), block_at(s + at - 1), context, set))
            return whole(s, at);
    if (at < len && copied(to + len - BLOCK, block_at(s + len - BLOCK), block_at(s + len - BLOCK - 1), context, set))
        at = len;
    return whole(s, at);
}

size_t text_copy_clean(char *to, const char *s, size_t len, enum text_context context)
{
    switch (context) {
    case TEXT_PLAIN:
        return copy_clean(to, s, len, TEXT_PLAIN, NULL);
    case TEXT_XML:
        return copy_clean(to, s, len, TEXT_XML, NULL);
    case TEXT_ATTRIBUTE:
        return copy_clean(to, s, len, TEXT_ATTRIBUTE, NULL);
    default:
        return copy_clean(to, s, len, TEXT_CDATA, NULL);
    }
}

size_t text_copy_without(char *to, const char *s, size_t len, const struct text_set *set)
{
    block blocks[TEXT_SET_MAX];

    memcpy(blocks, set->bytes, sizeof blocks);
    return copy_clean(to, s, len, TEXT_PLAIN, blocks);
}

void text_set_init(struct text_set *set, const char *bytes, size_t n)
{
    _Static_assert(sizeof set->bytes[0] == BLOCK, "a block of each");
    for (size_t i = 0; i < TEXT_SET_MAX; i++)
        memset(set->bytes[i], bytes[i < n ? i : 0], BLOCK);
}

bool text_set_has(const struct text_set *set, char c)
{
    for (size_t i = 0; i < TEXT_SET_MAX; i++)
        if (set->bytes[i][0] == (signed char)c)
            return true;
    return false;
}

bool text_scan_any(const char *s, size_t len, const struct text_set *set)
{
    block in = {0}, blocks[TEXT_SET_MAX];
    size_t at = 0;

    if (len == 0)
        return false;
    memcpy(blocks, set->bytes, sizeof blocks);
    if (len < BLOCK)
        return any(found(short_block(s, len, (unsigned char)*s), blocks));
    for (; at + BLOCK <= len; at += BLOCK)
        in |= found(block_at(s + at), blocks);
    return any(in | found(block_at(s + len - BLOCK), blocks));
}
