#include "order/parse.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
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

static int read_document(struct order_file *out, xmlDocPtr doc, struct order_map *const *maps, size_t n_maps,
                         const struct order_limits *limits, struct error *err)
{
    char *seen = describe(doc);
    int rc = 0;

    for (size_t i = 0; i < n_maps; i++) {
        if (!order_map_detects(maps[i], doc))
            continue;
        out->mapping = xstrdup(order_map_name(maps[i]));
        out->unverified = strcmp(order_map_evidence(maps[i]), "assumed") == 0;
        rc = order_map_read(maps[i], doc, limits, out, err);
        break;
    }
    if (rc == 0 && out->n_orders == 0) {
        out->seen = seen;
        seen = NULL;
    }
    free(seen);
    return rc;
}

int order_parse(struct order_file *out, const void *data, size_t len, struct order_map *const *maps,
                size_t n_maps, const struct order_limits *limits, struct error *err)
{
    struct xmlfeed feed;
    xmlDocPtr doc;
    int rc;

    memset(out, 0, sizeof *out);
    xmlfeed_init(&feed, limits, true);
    xmlfeed_add(&feed, data, len);
    rc = feed.code;
    if (xmlfeed_finish(&feed, err) != CONTENT_COMPLETE) {
        xmlfeed_release(&feed);
        return rc ? rc : -EINVAL;
    }
    doc = xmlfeed_take_document(&feed);
    xmlfeed_release(&feed);
    if (!doc)
        return error_set(err, -EINVAL, "the file holds no document");
    rc = read_document(out, doc, maps, n_maps, limits, err);
    xmlFreeDoc(doc);
    if (rc < 0)
        order_file_release(out);
    return rc;
}
