#include "base/text.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"

#define PHONE_KEY_MIN 7
#define PHONE_KEY_MAX 12

size_t text_utf8_decode(const char *s, size_t len, uint32_t *cp)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t n;
    uint32_t c, least;

    if (len == 0)
        return 0;
    if (u[0] < 0x80) {
        *cp = u[0];
        return 1;
    } else if ((u[0] & 0xe0) == 0xc0) {
        n = 2;
        c = u[0] & 0x1f;
        least = 0x80;
    } else if ((u[0] & 0xf0) == 0xe0) {
        n = 3;
        c = u[0] & 0x0f;
        least = 0x800;
    } else if ((u[0] & 0xf8) == 0xf0) {
        n = 4;
        c = u[0] & 0x07;
        least = 0x10000;
    } else {
        return 0;
    }
    if (len < n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (u[i] & 0x3f);
    }
    if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *cp = c;
    return n;
}

void text_utf8_encode(struct buf *out, uint32_t cp)
{
    char b[4];

    if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        cp = 0xfffd;
    if (cp < 0x80) {
        buf_add_char(out, (char)cp);
    } else if (cp < 0x800) {
        b[0] = (char)(0xc0 | cp >> 6);
        b[1] = (char)(0x80 | (cp & 0x3f));
        buf_add(out, b, 2);
    } else if (cp < 0x10000) {
        b[0] = (char)(0xe0 | cp >> 12);
        b[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        b[2] = (char)(0x80 | (cp & 0x3f));
        buf_add(out, b, 3);
    } else {
        b[0] = (char)(0xf0 | cp >> 18);
        b[1] = (char)(0x80 | (cp >> 12 & 0x3f));
        b[2] = (char)(0x80 | (cp >> 6 & 0x3f));
        b[3] = (char)(0x80 | (cp & 0x3f));
        buf_add(out, b, 4);
    }
}

size_t text_utf8_prefix(const char *s, size_t len, size_t max_chars)
{
    size_t at = 0;
    uint32_t cp;

    while (at < len && max_chars-- > 0) {
        size_t n = text_utf8_decode(s + at, len - at, &cp);

        if (n == 0)
            break;
        at += n;
    }
    return at;
}

bool text_utf8_valid(const char *s, size_t len)
{
    uint32_t cp;

    for (size_t at = 0, n; at < len; at += n) {
        n = text_utf8_decode(s + at, len - at, &cp);
        if (n == 0)
            return false;
    }
    return true;
}

/* Length of the white space character at s, 0 where there is none. */
static size_t space_at(const char *s, size_t len)
{
    if (len && (*s == ' ' || (*s >= '\t' && *s <= '\r')))
        return 1;
    if (len >= 2 && memcmp(s, "\xc2\xa0", 2) == 0)
        return 2;
    return 0;
}

void text_collapse(struct buf *out, const char *s, size_t len)
{
    bool any = false, space = false;

    for (size_t at = 0; at < len;) {
        size_t n = space_at(s + at, len - at);

        if (n) {
            space = true;
            at += n;
            continue;
        }
        if (space && any)
            buf_add_char(out, ' ');
        buf_add_char(out, s[at++]);
        any = true;
        space = false;
    }
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_equal_ascii_nocase(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    for (; lower(*a) == lower(*b); a++, b++) {
        if (!*a)
            return true;
    }
    return false;
}

bool text_ends_with_nocase(const char *s, const char *suffix)
{
    size_t len, tail;

    if (!s || !suffix)
        return false;
    len = strlen(s);
    tail = strlen(suffix);
    return len >= tail && text_equal_ascii_nocase(s + len - tail, suffix);
}

void text_email_key(struct buf *out, const char *email)
{
    size_t start = out->len;
    const char *key, *at;

    if (!email)
        return;
    text_collapse(out, email, strlen(email));
    key = buf_str(out) + start;
    at = strchr(key, '@');
    /* "-", "none" and the like are no address: they would make one customer of all who wrote them. */
    if (!at || at == key || !at[1] || strchr(key, ' ')) {
        buf_truncate(out, start);
        return;
    }
    for (size_t i = start; i < out->len; i++)
        out->data[i] = lower(out->data[i]);
}

void text_phone_key(struct buf *out, const char *phone)
{
    char last[PHONE_KEY_MAX];
    size_t n = 0;

    if (!phone)
        return;
    for (; *phone; phone++) {
        if (*phone < '0' || *phone > '9' || (n == 0 && *phone == '0'))
            continue;
        if (n == PHONE_KEY_MAX)
            memmove(last, last + 1, --n);
        last[n++] = *phone;
    }
    if (n >= PHONE_KEY_MIN)
        buf_add(out, last, n);
}
