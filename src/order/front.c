#include "order/front.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <libxml/xmlmemory.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define HEAD_MAX 4096
#define LINE_MAX_KEPT 65534 /* an element's line is 16 bits wide */

/* -- which one ------------------------------------------------------------------------------------------ */

/* "[Client]" and nothing else in the line: JSON has no bare words, and an array of one number is no order. */
static bool section_line(const char *s, const char *end)
{
    const char *p = s + 1;

    while (p < end && (isalnum((unsigned char)*p) || *p == '_' || *p == '-' || *p == ' ' || (*p & 0x80)))
        p++;
    if (p == s + 1 || p == end || *p != ']')
        return false;
    p++;
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
        p++;
    return p < end && *p == '\n';
}

/* Whether comments of an INI file stand here, and a section after them. */
static bool commented_section(const char *s, const char *end)
{
    while (s < end && (*s == ';' || *s == '#' || *s == '\r' || *s == '\n')) {
        const char *line = memchr(s, '\n', (size_t)(end - s));

        if (!line)
            return false;
        s = line + 1;
    }
    return s < end && *s == '[' && section_line(s, end);
}

/* A first line of names between delimiters. */
static bool header_line(const char *s, const char *end)
{
    const char *line = memchr(s, '\n', (size_t)(end - s));
    size_t delimiters = 0;

    for (const char *p = s; p < (line ? line : end); p++) {
        if (*p == ';' || *p == ',' || *p == '\t')
            delimiters++;
        else if (*p == '<' || *p == '{' || *p == '=' || ((unsigned char)*p < 0x20 && *p != '\r'))
            return false;
    }
    return line && delimiters > 0;
}

enum front_form front_form_of(const void *head, size_t len)
{
    const char *s = head, *end;

    if (len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0) {
        s += 3;
        len -= 3;
    }
    end = s + len;
    while (s < end && (*s == ' ' || *s == '\t' || *s == '\r' || *s == '\n'))
        s++;
    if (end - s > HEAD_MAX)
        end = s + HEAD_MAX;
    if (s == end || *s == '<')
        return FRONT_XML;
    if (*s == '{')
        return FRONT_JSON;
    if (*s == '[')
        return section_line(s, end) ? FRONT_INI : FRONT_JSON;
    if (commented_section(s, end))
        return FRONT_INI;
    return header_line(s, end) ? FRONT_CSV : FRONT_XML;
}

int front_refuse_endless(enum front_form form, struct error *err)
{
    int rc = error_set(err, -EINVAL, "%s has no mark at its end: half a file cannot be told from a whole one",
                       form == FRONT_INI ? "an INI file" : "a CSV file");

    error_at(err, NULL, 1, NULL);
    error_advise(err,
                 "import it with 'shopctl import' once it is whole, or let the web shop write XML or JSON");
    return rc;
}

/* -- encodings ------------------------------------------------------------------------------------------ */

int front_utf8(struct buf *out, const char *data, size_t len, const char *otherwise, struct error *err)
{
    const char *from = otherwise;
    size_t room = len * 3 + 16, left;
    char *in, *to;
    iconv_t cd;
    int rc = 0;

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        len -= 3;
        from = "UTF-8";
    } else if (len >= 2 && (memcmp(data, "\xff\xfe", 2) == 0 || memcmp(data, "\xfe\xff", 2) == 0)) {
        from = "UTF-16";
    } else if (text_utf8_valid(data, len)) {
        from = "UTF-8";
    }
    if (strcmp(from, "UTF-8") == 0) {
        if (!text_utf8_valid(data, len))
            return error_set(err, -EINVAL, "the file begins with the mark of UTF-8 but is not UTF-8");
        buf_add(out, data, len);
        return 0;
    }
    cd = iconv_open("UTF-8", from);
    if (cd == (iconv_t)-1)
        return error_set(err, -EINVAL, "the encoding %s cannot be read here", from);
    buf_reserve(out, room);
    in = (char *)data;
    to = out->data + out->len;
    left = room;
    if (iconv(cd, &in, &len, &to, &left) == (size_t)-1) {
        rc = error_set(err, -EINVAL, "a character is neither UTF-8 nor %s", from);
        error_advise(err, "save the file as UTF-8");
    } else {
        out->len = (size_t)(to - out->data);
        out->data[out->len] = '\0';
    }
    iconv_close(cd);
    return rc;
}

/* -- the tree ------------------------------------------------------------------------------------------- */

static bool name_char(unsigned char c)
{
    return isalnum(c) || c == '_' || c == '-' || c == '.' || c >= 0x80;
}

static void make_name(struct buf *out, const char *name)
{
    if (!*name || isdigit((unsigned char)*name) || *name == '-' || *name == '.')
        buf_add_char(out, '_');
    for (; *name; name++)
        buf_add_char(out, name_char((unsigned char)*name) ? *name : '_');
    if (xmlValidateNCName(BAD_CAST buf_str(out), 0) == 0)
        return;
    for (size_t i = 0; i < out->len; i++)
        if ((unsigned char)out->data[i] >= 0x80)
            out->data[i] = '_';
}

static int out_of_memory(struct front_tree *t)
{
    return error_set(t->err, -ENOMEM, "out of memory");
}

xmlNodePtr front_tree_init(struct front_tree *t, const char *root, const struct order_limits *limits,
                           struct error *err)
{
    xmlNodePtr node;

    *t = (struct front_tree){.limits = limits, .err = err, .doc = xmlNewDoc(BAD_CAST "1.0")};
    node = t->doc ? xmlNewDocNode(t->doc, NULL, BAD_CAST root, NULL) : NULL;
    if (!node) {
        out_of_memory(t);
        return NULL;
    }
    xmlDocSetRootElement(t->doc, node);
    return node;
}

xmlNodePtr front_add(struct front_tree *t, xmlNodePtr parent, const char *name, const char *text, int line)
{
    auto_buf safe = BUF_INIT;
    auto_buf value = BUF_INIT;
    xmlNodePtr node;

    make_name(&safe, name);
    if (++t->elements > t->limits->elements) {
        error_set(t->err, -E2BIG, "the file has more than %zu values", t->limits->elements);
        error_at(t->err, NULL, line, NULL);
        error_advise(t->err, "divide the file");
        return NULL;
    }
    for (; text && *text; text++)
        buf_add_char(&value, (unsigned char)*text < 0x20 && *text != '\n' && *text != '\t' ? ' ' : *text);
    if (value.len > t->limits->text) {
        error_set(t->err, -E2BIG, "a value is longer than %zu bytes", t->limits->text);
        error_at(t->err, NULL, line, buf_str(&safe));
        return NULL;
    }
    node =
        xmlNewDocRawNode(t->doc, NULL, BAD_CAST buf_str(&safe), value.len ? BAD_CAST buf_str(&value) : NULL);
    if (!node || !xmlAddChild(parent, node)) {
        out_of_memory(t);
        return NULL;
    }
    node->line = (unsigned short)(line < LINE_MAX_KEPT ? line : LINE_MAX_KEPT);
    return node;
}
