#include "mapping/order_take.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"

void found_release(struct found *v)
{
    buf_release(&v->raw);
    buf_release(&v->text);
}

static void apply_map(const struct word_map *map, struct found *v)
{
    buf_clear(&v->text);
    if (map)
        order_word_map(map, buf_str(&v->raw), &v->text);
    else
        buf_add(&v->text, buf_str(&v->raw), v->raw.len);
}

static void take_nodes(const xmlNodeSet *set, const char *separator, const struct word_map *map,
                       struct found *v)
{
    auto_buf joined = BUF_INIT;

    for (int i = 0; i < set->nodeNr; i++) {
        xmlNodePtr node = set->nodeTab[i];

        if (node->type == XML_NAMESPACE_DECL)
            continue;
        buf_clear(&v->raw);
        xpath_node_text(&v->raw, node);
        if (v->raw.len == 0)
            continue;
        order_mark(node);
        v->node = node;
        if (!separator)
            break;
        if (joined.len)
            buf_add_str(&joined, separator);
        buf_add(&joined, v->raw.data, v->raw.len);
    }
    if (separator && joined.len) {
        buf_clear(&v->raw);
        buf_add(&v->raw, joined.data, joined.len);
    }
    if (v->raw.len)
        apply_map(map, v);
}

void found_take_path(struct reader *r, const struct xpath *x, const char *separator,
                     const struct word_map *map, xmlNodePtr at, struct found *v)
{
    xmlXPathObjectPtr o = xpath_run(r->run, x, at);
    xmlChar *text = NULL;

    if (!o)
        return;
    if (o->type == XPATH_NODESET) {
        if (o->nodesetval)
            take_nodes(o->nodesetval, separator, map, v);
    } else {
        if (o->type == XPATH_NUMBER) {
            v->computed = !xmlXPathIsNaN(o->floatval) && !xmlXPathIsInf(o->floatval);
            v->number = o->floatval;
        }
        if (o->type != XPATH_NUMBER || v->computed)
            text = xmlXPathCastToString(o);
        if (text) {
            text_collapse(&v->raw, (const char *)text, strlen((const char *)text));
            if (v->raw.len)
                apply_map(map, v);
            v->computed = v->computed && !map;
        }
        xmlFree(text);
    }
    xmlXPathFreeObject(o);
}

static void take_join(struct reader *r, const struct source *s, xmlNodePtr at, struct found *v)
{
    bool any = false;

    for (size_t i = 0; i < s->n_parts; i++) {
        const struct part *p = &s->parts[i];
        struct found one = {0};

        if (p->text) {
            buf_add_str(&one.text, p->text);
        } else {
            found_take_path(r, &p->path, NULL, p->map, at, &one);
            any |= one.text.len > 0;
        }
        if (one.text.len) {
            if (v->raw.len)
                buf_add_str(&v->raw, s->separator);
            buf_add(&v->raw, one.text.data, one.text.len);
        }
        if (one.node && !v->node)
            v->node = one.node;
        found_release(&one);
    }
    if (any)
        apply_map(s->map, v);
}

void found_take(struct reader *r, const struct source *s, xmlNodePtr at, struct found *v)
{
    buf_clear(&v->raw);
    buf_clear(&v->text);
    v->computed = false;
    if (s->kind == SOURCE_CONSTANT) {
        buf_add_str(&v->raw, s->text);
        buf_add_str(&v->text, s->text);
    } else if (s->kind == SOURCE_JOIN) {
        take_join(r, s, at, v);
    } else {
        found_take_path(r, &s->path, s->separator, s->map, at, v);
    }
}
