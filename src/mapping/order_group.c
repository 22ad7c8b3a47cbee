/* Rows that repeat the order's header, one for each line: made one order before they are read. */
#include "mapping/order_lang.h"

#include <libxml/hash.h>

#include "base/buf.h"

/* The value the rows of one order share; empty: the row stands for itself. */
static void row_key(const struct section *section, struct xpath_runner *run, xmlNodePtr row, struct buf *key)
{
    xmlXPathObjectPtr o = xpath_run(run, &section->group, row);

    buf_clear(key);
    if (o && o->type == XPATH_NODESET && o->nodesetval)
        for (int i = 0; i < o->nodesetval->nodeNr && key->len == 0; i++)
            xpath_node_text(key, o->nodesetval->nodeTab[i]);
    xmlXPathFreeObject(o);
}

void order_group_rows(const struct section *section, struct xpath_runner *run, xmlNodeSetPtr set)
{
    xmlHashTablePtr first = xmlHashCreate(1024);
    auto_buf key = BUF_INIT;
    int kept = 0;

    if (!first)
        return;
    for (int i = 0; i < set->nodeNr; i++) {
        xmlNodePtr row = set->nodeTab[i], head = NULL;

        row_key(section, run, row, &key);
        if (key.len)
            head = xmlHashLookup(first, BAD_CAST buf_str(&key));
        if (head) {
            xmlUnlinkNode(row);
            xmlAddChild(head, row);
            continue;
        }
        if (key.len)
            xmlHashAddEntry(first, BAD_CAST buf_str(&key), row);
        set->nodeTab[kept++] = row;
    }
    set->nodeNr = kept;
    xmlHashFree(first, NULL);
}
