#include "order/parse.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "mapping/document.h"
#include "order/front.h"
#include "order/xmlfeed.h"

#define SEEN_CHILDREN 5
#define SEEN_NAME 60 /* bytes of a name or namespace shown; names are data */

/* "root element 'orders', namespace 'urn:x', with 'order', 'meta'" */
static char *describe(xmlDocPtr doc)
{
    struct buf text = BUF_INIT;
    const xmlNode *root = xmlDocGetRootElement(doc);
    int n = 0;

    if (!root)
        return xstrdup("a document without elements");
    buf_addf(&text, "root element '%.*s'", SEEN_NAME, (const char *)root->name);
    for (const xmlNs *ns = root->nsDef; ns; ns = ns->next) {
        /* The tree may have lost its namespaces by now; declarations stay. */
        if (ns->href && (root->ns ? root->ns == ns : ns->prefix == NULL))
            buf_addf(&text, ", namespace '%.*s'", SEEN_NAME, (const char *)ns->href);
    }
    for (const xmlNode *c = root->children; c && n <= SEEN_CHILDREN; c = c->next) {
        bool before = false;

        if (c->type != XML_ELEMENT_NODE)
            continue;
        for (const xmlNode *p = c->prev; p && !before; p = p->prev)
            before = p->type == XML_ELEMENT_NODE && xmlStrEqual(p->name, c->name);
        if (before)
            continue;
        if (n < SEEN_CHILDREN)
            buf_addf(&text, "%s'%.*s'", n ? ", " : ", with ", SEEN_NAME, (const char *)c->name);
        else
            buf_add_str(&text, ", ...");
        n++;
    }
    if (n == 0)
        buf_add_str(&text, ", without elements in it");
    return buf_detach(&text, NULL);
}

/* Another name of a mapping that is asked itself has nothing to add. */
static bool superfluous(const struct order_map *map, struct order_map *const *maps, size_t n_maps)
{
    const char *base = order_map_base(map);

    for (size_t i = 0; base && i < n_maps; i++)
        if (strcmp(order_map_name(maps[i]), base) == 0)
            return true;
    return false;
}

/* The mapping that reads the document, or NULL. Others that would read it as well, or that nearly do where none does,
 * are noted: who writes mappings or files must learn of it. */
static struct order_map *choose(struct order_file *out, xmlDocPtr doc, struct order_map *const *maps,
                                size_t n_maps, const struct order_trace *trace)
{
    auto_buf also = BUF_INIT, near = BUF_INIT;
    struct order_map *chosen = NULL;

    for (size_t i = 0; i < n_maps; i++) {
        if (superfluous(maps[i], maps, n_maps))
            continue;
        bool fits = order_map_detects(maps[i], doc);
        if (trace && trace->asked)
            trace->asked(trace->arg, maps[i], fits);
        if (fits && chosen) {
            buf_addf(&also, "%s%s", also.len ? ", " : "", order_map_name(maps[i]));
        } else if (fits) {
            chosen = maps[i];
        } else if (order_map_knows_root(maps[i], doc)) {
            buf_addf(&near, "%s%s: ", near.len ? "; " : "", order_map_name(maps[i]));
            order_map_conditions(maps[i], &near);
        }
    }
    if (also.len)
        out->also = buf_detach(&also, NULL);
    if (!chosen && near.len)
        out->near = buf_detach(&near, NULL);
    return chosen;
}

static int read_document(struct order_file *out, xmlDocPtr doc, struct order_map *const *maps, size_t n_maps,
                         const struct order_limits *limits, const struct order_trace *trace,
                         struct error *err)
{
    char *seen = describe(doc);
    struct order_map *map = choose(out, doc, maps, n_maps, trace);
    size_t invoices;
    int rc = 0;

    if (map) {
        out->mapping = xstrdup(order_map_name(map));
        out->unverified = strcmp(order_map_evidence(map), "assumed") == 0;
        rc = order_map_read(map, doc, limits, trace, out, err);
    }
    invoices = rc == 0 ? order_file_count(out, ORDER_IS_INVOICE) : 0;
    if (rc == 0 && invoices && invoices == out->n_orders)
        out->seen = xasprintf("%zu invoice%s: %s", invoices, invoices == 1 ? "" : "s", seen);
    else if (rc == 0 && out->n_orders == 0)
        out->seen = out->others ? xasprintf("%s: %s", out->others, seen) : xstrdup(seen);
    free(seen);
    return rc;
}

static int xml_document(xmlDocPtr *out, const void *data, size_t len, const struct order_limits *limits,
                        struct error *err)
{
    struct xmlfeed feed;
    int rc;

    xmlfeed_init(&feed, limits, true);
    xmlfeed_add(&feed, data, len);
    rc = feed.code;
    if (xmlfeed_finish(&feed, err) != CONTENT_COMPLETE) {
        xmlfeed_release(&feed);
        return rc ? rc : -EINVAL;
    }
    *out = xmlfeed_take_document(&feed);
    xmlfeed_release(&feed);
    return *out ? 0 : error_set(err, -EINVAL, "the file holds no document");
}

static int json_document(xmlDocPtr *out, const void *data, size_t len, const struct order_limits *limits,
                         struct error *err)
{
    struct front_json_scan scan;
    int rc;

    front_json_scan_init(&scan, limits);
    front_json_scan_add(&scan, data, len);
    rc = scan.code;
    if (front_json_scan_finish(&scan, err) != CONTENT_COMPLETE)
        return rc ? rc : -EINVAL;
    return front_json(out, data, len, limits, err);
}

static int document_of(xmlDocPtr *out, const void *data, size_t len, const struct order_limits *limits,
                       struct error *err)
{
    switch (front_form_of(data, len)) {
    case FRONT_JSON:
        return json_document(out, data, len, limits, err);
    case FRONT_INI:
        return front_ini(out, data, len, limits, err);
    case FRONT_CSV:
        return front_csv(out, data, len, limits, err);
    case FRONT_XML:
        break;
    }
    return xml_document(out, data, len, limits, err);
}

int order_parse_traced(struct order_file *out, const void *data, size_t len, struct order_map *const *maps,
                       size_t n_maps, const struct order_limits *limits, const struct order_trace *trace,
                       struct error *err)
{
    enum front_form form = front_form_of(data, len);
    xmlDocPtr doc = NULL;
    int rc;

    memset(out, 0, sizeof *out);
    mapping_init();
    if (len > limits->bytes) {
        rc = error_set(err, -E2BIG, "the file is larger than %zu bytes", limits->bytes);
        error_advise(err, "divide the file");
        return rc;
    }
    if (!limits->no_end_mark && (form == FRONT_INI || form == FRONT_CSV))
        return front_refuse_endless(form, err);
    rc = document_of(&doc, data, len, limits, err);
    if (rc < 0)
        return rc;
    rc = read_document(out, doc, maps, n_maps, limits, trace, err);
    xmlFreeDoc(doc);
    if (rc < 0)
        order_file_release(out);
    return rc;
}

int order_parse(struct order_file *out, const void *data, size_t len, struct order_map *const *maps,
                size_t n_maps, const struct order_limits *limits, struct error *err)
{
    return order_parse_traced(out, data, len, maps, n_maps, limits, NULL, err);
}
