/*
 * What no field took of an order, so that nothing of it is lost.
 *
 * A node's _private tells: NULL, not touched; &taken, its text went into a field; &settled, nothing in it is
 * left to say.
 */
#include "mapping/order_lang.h"

#include <libxml/tree.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define LEFTOVERS_MAX 200
#define VALUE_MAX 1000 /* characters */

static char taken, settled;

#define SCHEMA_INSTANCE "http://www.w3.org/2001/XMLSchema-instance"

static void drop_of(xmlNodePtr node)
{
    node->ns = NULL;
    for (xmlAttrPtr a = node->properties; a; a = a->next) {
        /* Not content: told while the namespace still says so. */
        if (a->ns && (xmlStrEqual(a->ns->href, BAD_CAST SCHEMA_INSTANCE) ||
                      xmlStrEqual(a->ns->href, XML_XML_NAMESPACE)))
            a->_private = &settled;
        a->ns = NULL;
    }
}

/* The next node in document order inside top; NULL at the end. */
static xmlNodePtr next_node(xmlNodePtr node, const xmlNode *top)
{
    if (node->type == XML_ELEMENT_NODE && node->children)
        return node->children;
    while (node != top && !node->next)
        node = node->parent;
    return node == top ? NULL : node->next;
}

void order_namespaces_drop(xmlDocPtr doc)
{
    xmlNodePtr root = xmlDocGetRootElement(doc);

    for (xmlNodePtr n = root; n; n = next_node(n, root))
        if (n->type == XML_ELEMENT_NODE)
            drop_of(n);
}

void order_mark(xmlNodePtr node)
{
    if (node->type != XML_NAMESPACE_DECL && !node->_private)
        node->_private = &taken;
}

bool order_marked(const xmlNode *node)
{
    return node->type != XML_NAMESPACE_DECL && node->_private;
}

/* "Items/Item[2]/@id", from the order down. */
static void add_path(struct buf *out, const xmlNode *node, const xmlNode *top)
{
    bool repeated = false;
    int position = 1;

    if (node == top)
        return;
    if (node->parent && node->parent != top && node->parent->type == XML_ELEMENT_NODE) {
        add_path(out, node->parent, top);
        buf_add_char(out, '/');
    }
    if (node->type == XML_ATTRIBUTE_NODE) {
        buf_addf(out, "@%s", (const char *)node->name);
        return;
    }
    buf_add_str(out, (const char *)node->name);
    for (const xmlNode *n = node->prev; n; n = n->prev)
        position += n->type == XML_ELEMENT_NODE && xmlStrEqual(n->name, node->name);
    for (const xmlNode *n = node->next; n && !repeated; n = n->next)
        repeated = n->type == XML_ELEMENT_NODE && xmlStrEqual(n->name, node->name);
    if (repeated || position > 1)
        buf_addf(out, "[%d]", position);
}

static void keep(struct order *out, const char *path, const char *value)
{
    size_t len = strlen(value), shown = text_utf8_prefix(value, len, VALUE_MAX);

    if (out->n_unmapped == LEFTOVERS_MAX) {
        out->warnings = xreallocarray(out->warnings, out->n_warnings + 1, sizeof *out->warnings);
        out->warnings[out->n_warnings++] =
            xasprintf("more than %d values are not known to the mapping; the rest is in the original only",
                      LEFTOVERS_MAX);
    }
    if (out->n_unmapped >= LEFTOVERS_MAX) {
        out->n_unmapped = LEFTOVERS_MAX + 1; /* said once; cut again at the end */
        return;
    }
    if (!out->unmapped)
        out->unmapped = xcalloc(LEFTOVERS_MAX, sizeof *out->unmapped);
    out->unmapped[out->n_unmapped].path = xstrdup(path);
    out->unmapped[out->n_unmapped].value =
        shown < len ? xasprintf("%.*s...", (int)shown, value) : xstrdup(value);
    out->n_unmapped++;
}

static bool taken_by_parent(const xmlNode *node, const xmlNode *top)
{
    for (; node && node != top; node = node->parent)
        if (node->_private == &taken)
            return true;
    return false;
}

static void settle_all(xmlXPathObjectPtr o)
{
    if (!o || o->type != XPATH_NODESET || !o->nodesetval)
        return;
    for (int i = 0; i < o->nodesetval->nodeNr; i++)
        if (o->nodesetval->nodeTab[i]->type != XML_NAMESPACE_DECL)
            o->nodesetval->nodeTab[i]->_private = &settled;
}

static void settle_pair(struct xpath_runner *run, const struct pairs *p, xmlNodePtr pair, xmlNodePtr top,
                        struct order *out)
{
    auto_buf name = BUF_INIT;
    auto_buf value = BUF_INIT;
    auto_buf path = BUF_INIT;
    xmlXPathObjectPtr names = xpath_run(run, &p->name, pair);
    xmlXPathObjectPtr values = xpath_run(run, &p->value, pair);
    bool known = false;

    if (names && names->type == XPATH_NODESET && names->nodesetval && names->nodesetval->nodeNr > 0)
        xpath_node_text(&name, names->nodesetval->nodeTab[0]);
    if (values && values->type == XPATH_NODESET && values->nodesetval) {
        for (int i = 0; i < values->nodesetval->nodeNr; i++) {
            xmlNodePtr n = values->nodesetval->nodeTab[i];

            known |= order_marked(n);
            if (value.len == 0)
                xpath_node_text(&value, n);
        }
    }
    if (name.len) { /* else left to the walk, with its own paths */
        settle_all(names);
        settle_all(values);
    }
    xmlXPathFreeObject(names);
    xmlXPathFreeObject(values);
    if (name.len == 0)
        return;
    if (known || value.len == 0)
        return;
    if (pair != top && pair->parent)
        add_path(&path, pair->parent, top);
    buf_addf(&path, "%s%s[%s]", path.len ? "/" : "", (const char *)pair->name, buf_str(&name));
    keep(out, buf_str(&path), buf_str(&value));
}

void order_leftovers_settle(struct xpath_runner *run, const struct leftovers *left, xmlNodePtr at,
                            xmlNodePtr top, struct order *out)
{
    for (size_t i = 0; i < left->n_ignored; i++) {
        xmlXPathObjectPtr o = xpath_run(run, &left->ignored[i], at);

        settle_all(o);
        xmlXPathFreeObject(o);
    }
    for (size_t i = 0; i < left->n_pairs; i++) {
        xmlXPathObjectPtr o = xpath_run(run, &left->pairs[i].path, at);

        if (o && o->type == XPATH_NODESET && o->nodesetval)
            for (int k = 0; k < o->nodesetval->nodeNr; k++)
                if (o->nodesetval->nodeTab[k]->type == XML_ELEMENT_NODE)
                    settle_pair(run, &left->pairs[i], o->nodesetval->nodeTab[k], top, out);
        xmlXPathFreeObject(o);
    }
}

static void keep_node(const xmlNode *node, const xmlNode *top, const struct buf *text, struct order *out)
{
    auto_buf path = BUF_INIT;

    if (text->len == 0 || out->n_unmapped > LEFTOVERS_MAX)
        return;
    add_path(&path, node, top);
    keep(out, path.len ? buf_str(&path) : "text()", buf_str(text));
}

static void collect_element(const xmlNode *node, const xmlNode *top, struct order *out)
{
    auto_buf text = BUF_INIT;
    auto_buf own = BUF_INIT;

    for (const xmlAttr *a = node->properties; a; a = a->next) {
        if (a->_private)
            continue;
        buf_clear(&text);
        xpath_node_text(&text, (const xmlNode *)a);
        keep_node((const xmlNode *)a, top, &text, out);
    }
    if (taken_by_parent(node, top))
        return;
    for (const xmlNode *c = node->children; c; c = c->next) {
        if ((c->type != XML_TEXT_NODE && c->type != XML_CDATA_SECTION_NODE) || c->_private)
            continue;
        buf_add_str(&own, (const char *)c->content);
        buf_add_char(&own, ' ');
    }
    buf_clear(&text);
    text_collapse(&text, buf_str(&own), own.len);
    keep_node(node, top, &text, out);
}

void order_leftovers_collect(xmlNodePtr top, struct order *out)
{
    for (xmlNodePtr n = top; n;) {
        if (n->type == XML_ELEMENT_NODE && n->_private == &settled) {
            while (n != top && !n->next)
                n = n->parent;
            n = n == top ? NULL : n->next;
            continue;
        }
        if (n->type == XML_ELEMENT_NODE)
            collect_element(n, top, out);
        n = next_node(n, top);
    }
    if (out->n_unmapped > LEFTOVERS_MAX)
        out->n_unmapped = LEFTOVERS_MAX;
}
