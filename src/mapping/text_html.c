/* HTML to plain text: tags out, block ends to line breaks, references to characters, runs of blanks to one,
 * of line breaks too. Not a parser of HTML. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libxml/HTMLparser.h>

#include "base/text.h"
#include "mapping/text_write.h"

/* Reads a reference at s ("&..."): its length, 0 when it is none. */
static size_t reference(const char *s, size_t len, uint32_t *cp)
{
    const htmlEntityDesc *entity;
    size_t end = 1;
    char name[12];

    while (end < len && end < 12 && s[end] != ';')
        end++;
    if (end >= len || s[end] != ';')
        return 0;
    if (s[1] == '#') {
        bool hex = s[2] == 'x' || s[2] == 'X';
        char *stop;
        unsigned long n = strtoul(s + (hex ? 3 : 2), &stop, hex ? 16 : 10);

        if (stop != s + end || n == 0 || n > 0x10ffff || (n >= 0xd800 && n <= 0xdfff))
            return 0;
        *cp = (uint32_t)n;
        return end + 1;
    }
    memcpy(name, s + 1, end - 1);
    name[end - 1] = '\0';
    entity = htmlEntityLookup(BAD_CAST name);
    if (entity || strcmp(name, "apos") == 0) {
        *cp = entity ? entity->value : '\'';
        return end + 1;
    }
    return 0;
}

static bool tag_is(const char *tag, size_t len, const char *const *names)
{
    size_t n = 0;

    while (n < len && tag[n] != ' ' && tag[n] != '/' && tag[n] != '\t' && tag[n] != '\n')
        n++;
    for (; *names; names++)
        if (strlen(*names) == n && strncasecmp(tag, *names, n) == 0)
            return true;
    return false;
}

static const char *find(const char *s, size_t len, const char *what)
{
    size_t n = strlen(what);

    for (size_t i = 0; i + n <= len; i++)
        if (strncasecmp(s + i, what, n) == 0)
            return s + i;
    return NULL;
}

/* White space at the end of out[start ..], of which c is one more. */
static void add_space(struct buf *out, size_t start, char c)
{
    char last = out->len > start ? out->data[out->len - 1] : '\n';

    if (c == '\n' && last == ' ')
        out->data[out->len - 1] = '\n';
    else if (last != '\n' && (c == '\n' || last != ' '))
        buf_add_char(out, c);
}

void text_strip_html(struct buf *out, const char *s, size_t len)
{
    static const char *const breaks[] = {"br", "p",  "div", "li", "tr", "h1",    "h2", "h3",
                                         "h4", "h5", "h6",  "ul", "ol", "table", NULL};
    static const char *const hidden[] = {"script", "style", NULL};
    const char *end = s + len;
    size_t start = out->len;

    while (s < end) {
        size_t left = (size_t)(end - s), n;
        uint32_t cp;

        if (*s == '<' && left > 1 && (strchr("/!?", s[1]) || ((s[1] | 32) >= 'a' && (s[1] | 32) <= 'z'))) {
            bool comment = left >= 4 && memcmp(s, "<!--", 4) == 0;
            const char *stop = comment ? find(s, left, "-->") : memchr(s, '>', left);
            const char *tag = s + 1 + (s[1] == '/');

            if (!stop)
                break; /* cut in the middle of a tag */
            if (tag_is(tag, (size_t)(stop - tag), hidden) && s[1] != '/') {
                const char *close = find(stop, (size_t)(end - stop), "</");

                if (!close)
                    break;
                s = close;
                continue;
            }
            if (!comment && tag_is(tag, (size_t)(stop - tag), breaks))
                add_space(out, start, '\n');
            s = stop + (comment ? 3 : 1);
        } else if (*s == '&' && (n = reference(s, left, &cp)) > 0) {
            text_utf8_encode(out, cp);
            s += n;
        } else if (strchr(" \t\r\n", *s) && *s) {
            add_space(out, start, *s == '\n' || *s == '\r' ? '\n' : ' ');
            s++;
        } else {
            buf_add_char(out, *s++);
        }
    }
    while (out->len > start && strchr(" \t\r\n", out->data[out->len - 1]))
        buf_truncate(out, out->len - 1);
}
