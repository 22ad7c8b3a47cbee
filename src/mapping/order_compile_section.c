/* What stands in <orders>: addresses, lines, leftovers. */
#include "mapping/order_compile.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "mapping/document.h"

static int compile_address(struct compiler *c, const xmlNode *node, struct address_map **maps, size_t *n_maps)
{
    struct field_spec specs[ORDER_ADDRESS_FIELDS];
    struct address_map *a;
    int rc;

    for (size_t i = 0; i < ORDER_ADDRESS_FIELDS; i++)
        specs[i] =
            (struct field_spec){order_address_fields[i].name, FIELD_TEXT, order_address_fields[i].offset};
    *maps = xreallocarray(*maps, *n_maps + 1, sizeof **maps);
    a = &(*maps)[(*n_maps)++];
    memset(a, 0, sizeof *a);
    rc = compile_path(c, node, "base", &a->base);
    for (const xmlNode *n = node->children; n && rc >= 0; n = n->next)
        if (n->type == XML_ELEMENT_NODE)
            rc = compile_one_of(c, n, specs, ORDER_ADDRESS_FIELDS, a->fields);
    return rc < 0 ? rc : 0;
}

/* <pairs> and <ignore>; 1: neither. */
static int compile_leftovers(struct compiler *c, const xmlNode *node, struct leftovers *left)
{
    if (compile_is(node, "ignore")) {
        left->ignored = xreallocarray(left->ignored, left->n_ignored + 1, sizeof *left->ignored);
        memset(&left->ignored[left->n_ignored], 0, sizeof *left->ignored);
        return compile_path(c, node, "path", &left->ignored[left->n_ignored++]);
    }
    if (compile_is(node, "pairs")) {
        struct pairs *p;
        int rc;

        left->pairs = xreallocarray(left->pairs, left->n_pairs + 1, sizeof *left->pairs);
        p = &left->pairs[left->n_pairs++];
        memset(p, 0, sizeof *p);
        rc = compile_path(c, node, "path", &p->path);
        if (rc == 0)
            rc = compile_path(c, node, "name", &p->name);
        return rc ? rc : compile_path(c, node, "value", &p->value);
    }
    return 1;
}

/* vat="flag" needs the flag. */
static int check_flag(struct compiler *c, const struct field *f, const struct field *flag)
{
    for (size_t i = 0; i < f->n_sources; i++) {
        if (f->sources[i].vat != VAT_FLAG || flag->line)
            continue;
        error_set(c->err, -EINVAL,
                  "the field '%s' has vat=\"flag\", but there is no field 'vat-included' beside it", f->name);
        error_at(c->err, c->file, f->line, f->name);
        error_advise(c->err, "add <vat-included path=\"...\"/>, or say vat=\"included\" or vat=\"excluded\"");
        return -EINVAL;
    }
    return 0;
}

static int compile_lines(struct compiler *c, const xmlNode *node, struct section *s)
{
    /* An extra line has an amount in place of a price. */
    static const struct field_spec amount = {"amount", FIELD_AMOUNT, 0};
    struct line_map *l;
    char *kind = mapping_attr(node, "kind");
    int rc;

    s->lines = xreallocarray(s->lines, s->n_lines + 1, sizeof *s->lines);
    l = &s->lines[s->n_lines++];
    memset(l, 0, sizeof *l);
    l->extra = compile_is(node, "extra-line");
    l->required = !l->extra && !compile_attr_is(node, "required", "no");
    l->keep_zero = compile_attr_is(node, "keep-zero", "yes");
    l->title = mapping_attr(node, "title");
    if (kind)
        order_line_kind_parse(kind, &l->kind); /* one of the list: the grammar says so */
    free(kind);
    rc = compile_path(c, node, "path", &l->path);
    for (const xmlNode *n = node->children; n && rc >= 0; n = n->next) {
        if (n->type != XML_ELEMENT_NODE)
            continue;
        if (compile_is(n, "amount"))
            rc = compile_field(c, n, &amount, &l->fields[L_PRICE]);
        else if ((rc = compile_one_of(c, n, order_line_specs, LINE_FIELDS, l->fields)) == 1)
            rc = compile_leftovers(c, n, &l->leftovers);
    }
    if (rc < 0)
        return rc;
    if (l->extra && !l->fields[L_PRICE].line) {
        error_set(c->err, -EINVAL, "the extra line has no amount");
        error_advise(c->err, "add <amount path=\"...\"/>");
        return compile_at(c, node, -EINVAL);
    }
    rc = check_flag(c, &l->fields[L_PRICE], &l->fields[L_VAT_INCLUDED]);
    return rc ? rc : check_flag(c, &l->fields[L_TOTAL], &l->fields[L_VAT_INCLUDED]);
}

/* One child of <orders>. */
static int compile_child(struct compiler *c, const xmlNode *n, struct section *s)
{
    int rc;

    if (compile_is(n, "billing"))
        return compile_address(c, n, &s->billing, &s->n_billing);
    if (compile_is(n, "delivery"))
        return compile_address(c, n, &s->delivery, &s->n_delivery);
    if (compile_is(n, "lines") || compile_is(n, "extra-line"))
        return compile_lines(c, n, s);
    rc = compile_one_of(c, n, order_field_specs, ORDER_FIELDS, s->fields);
    return rc == 1 ? compile_leftovers(c, n, &s->leftovers) : rc;
}

/* What an order or an invoice cannot be read without. */
static int check_section(struct compiler *c, const xmlNode *node, const struct section *s)
{
    bool any_lines = false;

    for (size_t i = 0; i < s->n_lines; i++)
        any_lines |= !s->lines[i].extra;
    if (!s->fields[ORDER_NUMBER].line) {
        error_set(c->err, -EINVAL,
                  "the mapping has no field 'number': without it an %s cannot be told from another",
                  order_kind_name(s->kind));
    } else if (s->by_external_id && !s->fields[ORDER_EXTERNAL_ID].line) {
        error_set(c->err, -EINVAL, "identity=\"external-id\" needs the field 'external-id'");
    } else if (!any_lines) {
        error_set(c->err, -EINVAL, "the mapping has no <lines>");
    } else {
        return check_flag(c, &s->fields[ORDER_TOTAL], &s->fields[ORDER_VAT_INCLUDED]);
    }
    return compile_at(c, node, -EINVAL);
}

/* The element whose fields count: an <orders> without any is read like the first one. */
static const xmlNode *content_of(const struct compiler *c, const xmlNode *node)
{
    for (const xmlNode *n = node->children; n; n = n->next)
        if (n->type == XML_ELEMENT_NODE)
            return node;
    return c->first_orders ? c->first_orders : node;
}

int compile_section(struct compiler *c, const xmlNode *node)
{
    const xmlNode *content = content_of(c, node);
    struct order_map *map = c->map;
    char *document = mapping_attr(node, "document");
    struct section *s;
    int rc;

    map->sections = xreallocarray(map->sections, map->n_sections + 1, sizeof *map->sections);
    s = &map->sections[map->n_sections++];
    memset(s, 0, sizeof *s);
    if (document)
        order_kind_parse(document, &s->kind); /* one of the list: the grammar says so */
    free(document);
    s->by_external_id = compile_attr_is(node, "identity", "external-id");
    rc = compile_path(c, node, "path", &s->path);
    if (rc == 0)
        rc = compile_path(c, node, "group-by", &s->group);
    for (const xmlNode *n = content->children; n && rc >= 0; n = n->next)
        if (n->type == XML_ELEMENT_NODE)
            rc = compile_child(c, n, s);
    if (!c->first_orders)
        c->first_orders = node;
    return rc < 0 ? rc : check_section(c, node, s);
}
