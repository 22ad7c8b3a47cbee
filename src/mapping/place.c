#include "mapping/place.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/document.h"

/* A document's text, and where its lines begin. */
struct source_text {
    struct buf bytes;
    size_t *lines, n_lines, cap_lines;
    bool single_bytes; /* an encoding in which a character is a byte; else UTF-8 */
};

struct scan {
    const char *text;
    size_t at, len;
};

static bool starts(const struct scan *s, const char *with)
{
    size_t n = strlen(with);

    return s->len - s->at >= n && memcmp(s->text + s->at, with, n) == 0;
}

static void pass(struct scan *s, const char *end)
{
    const char *found = memmem(s->text + s->at, s->len - s->at, end, strlen(end));

    s->at = found ? (size_t)(found - s->text) + strlen(end) : s->len;
}

/* A tag, from its '<': '>' may stand in quotes. */
static void pass_tag(struct scan *s)
{
    char quote = 0;

    for (; s->at < s->len; s->at++) {
        char c = s->text[s->at];

        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>')
            break;
    }
    s->at += s->at < s->len;
}

/* The next piece of the text that is a node of its own; XML_DOCUMENT_NODE at the end. *at: where it begins. */
static xmlElementType next_piece(struct scan *s, size_t *at)
{
    for (;;) {
        *at = s->at;
        if (s->at >= s->len)
            return XML_DOCUMENT_NODE;
        if (s->text[s->at] != '<') {
            const char *tag = memchr(s->text + s->at, '<', s->len - s->at);

            s->at = tag ? (size_t)(tag - s->text) : s->len;
            return XML_TEXT_NODE;
        }
        if (starts(s, "<!--")) {
            pass(s, "-->");
            return XML_COMMENT_NODE;
        }
        if (starts(s, "<![CDATA[")) {
            pass(s, "]]>");
            return XML_CDATA_SECTION_NODE;
        }
        if (starts(s, "<?xml ") || starts(s, "<?xml\t") || starts(s, "<?xml\n") || starts(s, "<?xml\r")) {
            pass(s, "?>");
            continue;
        }
        if (starts(s, "<?")) {
            pass(s, "?>");
            return XML_PI_NODE;
        }
        if (starts(s, "</")) {
            pass_tag(s);
            continue;
        }
        pass_tag(s);
        return XML_ELEMENT_NODE;
    }
}

/* In the order of the text. */
static xmlNode *next_node(xmlNode *n)
{
    if (n->type == XML_ELEMENT_NODE && n->children)
        return n->children;
    while (n && !n->next)
        n = n->parent && n->parent->type == XML_ELEMENT_NODE ? n->parent : NULL;
    return n ? n->next : NULL;
}

static size_t lines_begin(const struct source_text *s)
{
    return s->lines[0];
}

static void note_nodes(xmlDocPtr doc, const struct source_text *source)
{
    struct scan s = {buf_str(&source->bytes), lines_begin(source), source->bytes.len};
    size_t at;

    for (xmlNode *n = doc->children; n; n = next_node(n)) {
        xmlElementType type = next_piece(&s, &at);

        /* Blanks beside the document element are no nodes, and neither is a CDATA section without content. */
        while (type == XML_TEXT_NODE && n->parent == (xmlNode *)doc)
            type = next_piece(&s, &at);
        while (type == XML_CDATA_SECTION_NODE && n->type != type && at + strlen("<![CDATA[]]>") == s.at)
            type = next_piece(&s, &at);
        if (type != n->type)
            return;
        n->_private = (void *)(uintptr_t)(at + 1);
    }
}

static void add_line(struct source_text *s, size_t at)
{
    array_grow(s->lines, s->n_lines, s->cap_lines);
    s->lines[s->n_lines++] = at;
}

void places_note(xmlDocPtr doc, struct buf *bytes)
{
    const char *encoding = doc->encoding ? (const char *)doc->encoding : "UTF-8", *text;
    struct source_text *s = xcalloc(1, sizeof *s);

    *s = (struct source_text){.bytes = *bytes, .single_bytes = strcasecmp(encoding, "UTF-8") != 0};
    *bytes = (struct buf)BUF_INIT;
    text = buf_str(&s->bytes);
    add_line(s, s->bytes.len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
    for (size_t i = 0; i < s->bytes.len; i++)
        if (text[i] == '\n' || (text[i] == '\r' && text[i + 1] != '\n'))
            add_line(s, i + 1);
    if (strncasecmp(encoding, "UTF-16", 6) != 0 && strncasecmp(encoding, "UCS-", 4) != 0)
        note_nodes(doc, s);
    doc->_private = s;
}

void places_release(xmlDocPtr doc)
{
    struct source_text *s = doc ? doc->_private : NULL;

    if (!s)
        return;
    buf_release(&s->bytes);
    free(s->lines);
    free(s);
    doc->_private = NULL;
}

static struct place place_at(const struct source_text *s, size_t at)
{
    const char *text = buf_str(&s->bytes);
    size_t low = 0, high = s->n_lines;
    struct place p;

    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;

        if (s->lines[mid] <= at)
            low = mid;
        else
            high = mid;
    }
    p = (struct place){(int)low + 1, 1};
    for (size_t i = s->lines[low]; i < at && i < s->bytes.len; i++)
        p.column += s->single_bytes || ((unsigned char)text[i] & 0xc0) != 0x80;
    return p;
}

static size_t noted(const xmlNode *node)
{
    return (size_t)(uintptr_t)node->_private;
}

struct place place_of_node(const xmlNode *node)
{
    return noted(node) ? place_at(node->doc->_private, noted(node) - 1)
                       : (struct place){mapping_line(node), 0};
}

static size_t utf8_bytes(unsigned long c)
{
    return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

/* What the parser made of the character or reference at text: *raw bytes of the text were *given by it. */
static void one_character(const char *text, size_t len, bool single, size_t *raw, size_t *given)
{
    const char *end = *text == '&' ? memchr(text, ';', len) : NULL;

    *raw = *given = 1;
    if (end) {
        *raw = (size_t)(end - text) + 1;
        if (text[1] == '#')
            *given = utf8_bytes(strtoul(text + (text[2] == 'x' ? 3 : 2), NULL, text[2] == 'x' ? 16 : 10));
    } else if (*text == '\r' && len > 1 && text[1] == '\n') {
        *raw = 2;
    } else if (single && (unsigned char)*text >= 0x80) {
        *given = 2; /* true of the Latin and Cyrillic letters of these encodings */
    }
}

static size_t step_into(const struct source_text *s, size_t at, size_t offset)
{
    while (offset > 0 && at < s->bytes.len) {
        size_t raw, given;

        one_character(buf_str(&s->bytes) + at, s->bytes.len - at, s->single_bytes, &raw, &given);
        at += raw;
        offset -= given < offset ? given : offset;
    }
    return at;
}

/* Where the value of an attribute with this name begins in the tag at s; 0: nowhere. */
static size_t find_value(struct scan s, const char *name)
{
    size_t n = strlen(name);

    s.at += strcspn(s.text + s.at, " \t\r\n/>");
    for (;;) {
        size_t name_at, name_len;
        char quote;

        s.at += strspn(s.text + s.at, " \t\r\n");
        name_at = s.at;
        name_len = strcspn(s.text + s.at, " \t\r\n=/>");
        s.at += name_len;
        s.at += strspn(s.text + s.at, " \t\r\n");
        if (name_len == 0 || s.text[s.at] != '=')
            return 0;
        s.at++;
        s.at += strspn(s.text + s.at, " \t\r\n");
        quote = s.text[s.at];
        if (quote != '"' && quote != '\'')
            return 0;
        s.at++;
        if (name_len == n && memcmp(s.text + name_at, name, n) == 0)
            return s.at;
        while (s.at < s.len && s.text[s.at] != quote)
            s.at++;
        s.at += s.at < s.len;
    }
}

struct place place_of_attribute(const xmlAttr *attribute, size_t offset)
{
    const struct source_text *s = attribute->doc->_private;
    auto_buf name = BUF_INIT;
    size_t at;

    if (!noted(attribute->parent))
        return place_of_node(attribute->parent);
    if (attribute->ns && attribute->ns->prefix)
        buf_addf(&name, "%s:", (const char *)attribute->ns->prefix);
    buf_add_str(&name, (const char *)attribute->name);
    at = find_value((struct scan){buf_str(&s->bytes), noted(attribute->parent) - 1, s->bytes.len},
                    buf_str(&name));
    return at ? place_at(s, step_into(s, at, offset)) : place_of_node(attribute->parent);
}

struct place place_of_text(const xmlNode *text, size_t offset)
{
    const struct source_text *s = text->doc->_private;
    size_t at;

    if (!noted(text))
        return place_of_node(text->parent);
    at = noted(text) - 1;
    if (text->type != XML_CDATA_SECTION_NODE)
        return place_at(s, step_into(s, at, offset));
    return place_at(s, at + strlen("<![CDATA[") + offset);
}
