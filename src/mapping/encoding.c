#include "mapping/encoding.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

#define LACKING 4096

/* glibc converts some thousand characters ahead before it tells of one that does not exist there, and goes back to
 * it: what is known to be lacking is not asked again. */
struct encoder {
    iconv_t cd;
    enum unmappable unmappable;
    uint32_t lacking[LACKING]; /* by the low bits of the character */
};

/* What typists mean by characters that old code pages lack. */
static const struct {
    uint32_t cp;
    const char *text;
} transliterations[] = {
    {0xa0, " "},         {0xa9, "(c)"},       {0xab, "\""},   {0xad, ""},          {0xae, "(R)"},
    {0xb0, "o"},         {0xb2, "2"},         {0xb3, "3"},    {0xbb, "\""},        {0xd7, "x"},
    {0x2009, " "},       {0x200b, ""},        {0x2010, "-"},  {0x2011, "-"},       {0x2012, "-"},
    {0x2013, "-"},       {0x2014, "-"},       {0x2018, "'"},  {0x2019, "'"},       {0x201a, "'"},
    {0x201c, "\""},      {0x201d, "\""},      {0x201e, "\""}, {0x2022, "*"},       {0x2026, "..."},
    {0x202f, " "},       {0x2032, "'"},       {0x2033, "\""}, {0x20ac, "EUR"},     {0x20b4, "UAH"},
    {0x2116, "No"},      {0x2122, "(TM)"},    {0x2212, "-"},  {0x490, "\xd0\x93"}, {0x491, "\xd0\xb3"},
    {0x404, "\xd0\x95"}, {0x454, "\xd0\xb5"}, {0x406, "I"},   {0x456, "i"},        {0x407, "I"},
    {0x457, "i"},
};

int encoding_check(const char *name, char **out)
{
    iconv_t cd;

    *out = NULL;
    if (strcasecmp(name, "UTF-8") == 0 || strcasecmp(name, "UTF8") == 0)
        return 0;
    if (strchr(name, '/')) /* //TRANSLIT and the like depend on the locale */
        return -EINVAL;
    cd = iconv_open(name, "UTF-8");
    if (cd == (iconv_t)-1)
        return -EINVAL;
    iconv_close(cd);
    *out = xstrdup(name);
    return 0;
}

bool encoding_holds(const char *name, const char *s, size_t len)
{
    iconv_t cd = iconv_open(name, "UTF-8");
    char *in = (char *)s, bytes[1024], *to = bytes;
    size_t room = sizeof bytes;
    bool ok;

    if (cd == (iconv_t)-1)
        return false;
    ok = iconv(cd, &in, &len, &to, &room) != (size_t)-1;
    iconv_close(cd);
    return ok;
}

struct encoder *encoder_new(const char *name, enum unmappable unmappable)
{
    struct encoder *e = xcalloc(1, sizeof *e);

    e->cd = iconv_open(name, "UTF-8");
    e->unmappable = unmappable;
    if (e->cd == (iconv_t)-1) {
        free(e);
        return NULL;
    }
    return e;
}

void encoder_free(struct encoder *e)
{
    if (!e)
        return;
    iconv_close(e->cd);
    free(e);
}

/* Converts what it can; returns 0, or -EILSEQ with *s at the character that does not exist there. */
static int convert(struct encoder *e, struct buf *out, char **s, size_t *len)
{
    while (*len) {
        size_t room = *len * 2 + 16, before = room, n;
        char *to;

        buf_reserve(out, room);
        to = out->data + out->len;
        n = iconv(e->cd, s, len, &to, &room);
        out->len += before - room;
        out->data[out->len] = '\0';
        if (n == (size_t)-1 && errno != E2BIG)
            return errno == EILSEQ || errno == EINVAL ? -EILSEQ : -errno;
    }
    return 0;
}

static int substitute(struct encoder *e, struct buf *out, uint32_t cp)
{
    char reference[16];
    const char *text = "?";
    size_t len;

    if (e->unmappable == UNMAPPABLE_REFERENCE) {
        snprintf(reference, sizeof reference, "&#%u;", cp);
        text = reference;
    } else if (e->unmappable == UNMAPPABLE_TRANSLITERATE) {
        for (size_t i = 0; i < sizeof transliterations / sizeof *transliterations; i++)
            if (transliterations[i].cp == cp)
                text = transliterations[i].text;
    }
    len = strlen(text);
    if (convert(e, out, (char **)&(const char *){text}, &len) < 0)
        buf_add_char(out, '?');
    return 0;
}

/* The bytes before the first character that is known to be lacking. */
static size_t known_run(const struct encoder *e, const char *s, size_t len)
{
    size_t at = 0;

    while (at < len) {
        uint32_t cp = 0;
        size_t n = (unsigned char)s[at] < 0x80 ? 1 : text_utf8_decode(s + at, len - at, &cp);

        if (n == 0 || (cp && e->lacking[cp % LACKING] == cp))
            break;
        at += n;
    }
    return at;
}

int encoder_write(struct encoder *e, struct buf *out, const char *s, size_t len)
{
    char *in = (char *)s;
    const char *end = s + len;

    iconv(e->cd, NULL, NULL, NULL, NULL);
    while (in < end) {
        size_t run = known_run(e, in, (size_t)(end - in)), n;
        int rc = run ? convert(e, out, &in, &run) : 0;
        uint32_t cp = 0xfffd;

        if (rc < 0 && rc != -EILSEQ)
            return rc;
        if (in == end)
            break;
        n = text_utf8_decode(in, (size_t)(end - in), &cp);
        substitute(e, out, cp);
        if (n)
            e->lacking[cp % LACKING] = cp;
        in += n ? n : 1;
    }
    return 0;
}
