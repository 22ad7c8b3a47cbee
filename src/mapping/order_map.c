/* The life of a compiled mapping, and what may be asked of it. */
#include "mapping/order_lang.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "mapping/document.h"

/* The document another name is for; it lies beside it. */
static int load_base(const struct mapping_document *doc, const char *base, struct mapping_document *out,
                     struct error *err)
{
    const xmlNode *root = xmlDocGetRootElement(doc->doc);
    const char *slash = strrchr(doc->path, '/');
    char *path;
    int rc;

    if (strchr(base, '/')) {
        rc = error_set(err, -EINVAL, "the base '%s' is not the name of a file beside this one", base);
        error_place(err, doc->path, place_of_node(root), "order-mapping");
        return rc;
    }
    path = xasprintf("%.*s%s", slash ? (int)(slash + 1 - doc->path) : 0, doc->path, base);
    rc = mapping_document_load(out, path, MAPPING_GRAMMAR_ORDER, err);
    free(path);
    if (rc == 0 && xmlHasProp(xmlDocGetRootElement(out->doc), BAD_CAST "base")) {
        rc = error_set(err, -EINVAL, "the base '%s' has a base itself", base);
        error_place(err, doc->path, place_of_node(root), "order-mapping");
        error_advise(err, "name the mapping that stands at its end");
    }
    return rc;
}

int order_map_compile(struct order_map **out, const char *path, struct error *err)
{
    struct mapping_document doc = {0}, base = {0};
    struct order_map *map;
    const xmlNode *root;
    char *base_name;
    int rc;

    rc = mapping_document_load(&doc, path, MAPPING_GRAMMAR_ORDER, err);
    if (rc)
        return rc;
    root = xmlDocGetRootElement(doc.doc);
    base_name = mapping_attr(root, "base");
    if (base_name)
        rc = load_base(&doc, base_name, &base, err);
    free(base_name);
    if (rc) {
        mapping_document_release(&base);
        mapping_document_release(&doc);
        return rc;
    }
    map = xcalloc(1, sizeof *map);
    atomic_init(&map->references, 1);
    map->lock = xcalloc(1, sizeof *map->lock);
    pthread_mutex_init(map->lock, NULL);
    map->file = xstrdup(path);
    rc = order_compile(map, root, base.doc ? xmlDocGetRootElement(base.doc) : NULL, base.path, err);
    mapping_document_release(&base);
    mapping_document_release(&doc);
    if (rc) {
        order_map_free(map);
        return rc;
    }
    *out = map;
    return 0;
}

const char *order_map_remark(const struct order_map *map, size_t index, struct place *place)
{
    if (index >= map->n_remarks)
        return NULL;
    *place = map->remarks[index].place;
    return map->remarks[index].text;
}

/* -- release -------------------------------------------------------------------------------------------- */

static void field_release(struct field *f)
{
    for (size_t i = 0; i < f->n_sources; i++) {
        struct source *s = &f->sources[i];

        xpath_release(&s->path);
        xpath_release(&s->gross);
        xpath_release(&s->per);
        for (size_t k = 0; k < s->n_parts; k++) {
            xpath_release(&s->parts[k].path);
            free(s->parts[k].text);
        }
        free(s->parts);
        free(s->text);
        free(s->separator);
    }
    free(f->sources);
    free(f->fallback);
}

static void leftovers_release(struct leftovers *left)
{
    for (size_t i = 0; i < left->n_ignored; i++)
        xpath_release(&left->ignored[i]);
    free(left->ignored);
    for (size_t i = 0; i < left->n_pairs; i++) {
        xpath_release(&left->pairs[i].path);
        xpath_release(&left->pairs[i].name);
        xpath_release(&left->pairs[i].value);
    }
    free(left->pairs);
}

static void addresses_release(struct address_map *maps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        xpath_release(&maps[i].base);
        for (size_t k = 0; k < ORDER_ADDRESS_FIELDS; k++)
            field_release(&maps[i].fields[k]);
    }
    free(maps);
}

struct order_map *order_map_ref(struct order_map *map)
{
    atomic_fetch_add_explicit(&map->references, 1, memory_order_relaxed);
    return map;
}

static void section_release(struct section *s)
{
    for (size_t i = 0; i < ORDER_FIELDS; i++)
        field_release(&s->fields[i]);
    addresses_release(s->billing, s->n_billing);
    addresses_release(s->delivery, s->n_delivery);
    for (size_t i = 0; i < s->n_lines; i++) {
        xpath_release(&s->lines[i].path);
        free(s->lines[i].title);
        for (size_t k = 0; k < LINE_FIELDS; k++)
            field_release(&s->lines[i].fields[k]);
        leftovers_release(&s->lines[i].leftovers);
    }
    free(s->lines);
    leftovers_release(&s->leftovers);
    xpath_release(&s->path);
    xpath_release(&s->group);
}

void order_map_free(struct order_map *map)
{
    if (!map || atomic_fetch_sub_explicit(&map->references, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < map->n_sections; i++)
        section_release(&map->sections[i]);
    free(map->sections);
    for (size_t i = 0; i < map->n_remarks; i++)
        free(map->remarks[i].text);
    free(map->remarks);
    for (size_t i = 0; i < map->n_maps; i++) {
        for (size_t k = 0; k < map->maps[i].n_words; k++) {
            free(map->maps[i].words[k].text);
            free(map->maps[i].words[k].is);
        }
        free(map->maps[i].words);
        free(map->maps[i].name);
        free(map->maps[i].fallback);
    }
    free(map->maps);
    for (size_t i = 0; i < map->n_detects; i++) {
        free(map->detects[i].root);
        xpath_release(&map->detects[i].test);
    }
    free(map->detects);
    for (size_t i = 0; i < map->n_others; i++) {
        free(map->others[i].name);
        xpath_release(&map->others[i].path);
    }
    free(map->others);
    xpath_prefixes_release(&map->prefixes);
    free(map->vat_rates_e2);
    pthread_mutex_destroy(map->lock);
    free(map->lock);
    free(map->file);
    free(map->name);
    free(map->title);
    free(map->evidence);
    free(map->base);
    free(map);
}

/* -- asking --------------------------------------------------------------------------------------------- */

const char *order_map_name(const struct order_map *map)
{
    return map->name;
}

const char *order_map_title(const struct order_map *map)
{
    return map->title;
}

const char *order_map_evidence(const struct order_map *map)
{
    return map->evidence;
}

const char *order_map_base(const struct order_map *map)
{
    return map->base;
}

const char *order_map_file(const struct order_map *map)
{
    return map->file;
}

void order_map_conditions(const struct order_map *map, struct buf *out)
{
    for (size_t i = 0; i < map->n_detects; i++) {
        const struct detect *d = &map->detects[i];
        auto_buf test = BUF_INIT;

        if (d->test.text)
            text_collapse(&test, d->test.text, strlen(d->test.text));
        if (i)
            buf_add_str(out, ", or ");
        if (d->root)
            buf_addf(out, "root '%s'%s", d->root, test.len ? " and " : "");
        buf_add_str(out, buf_str(&test));
    }
}

bool order_map_knows_root(const struct order_map *map, const xmlDoc *doc)
{
    const xmlNode *root = xmlDocGetRootElement((xmlDocPtr)doc);

    for (size_t i = 0; root && i < map->n_detects; i++)
        if (map->detects[i].root && strcmp(map->detects[i].root, (const char *)root->name) == 0)
            return true;
    return false;
}

bool order_map_detects(const struct order_map *map, xmlDoc *doc)
{
    xmlNodePtr root = xmlDocGetRootElement(doc);
    bool found = false;

    if (!root)
        return false;
    for (size_t i = 0; i < map->n_detects && !found; i++) {
        const struct detect *d = &map->detects[i];
        struct xpath_runner run;
        xmlXPathObjectPtr o;

        if (d->root && strcmp(d->root, (const char *)root->name) != 0)
            continue;
        if (!d->test.compiled)
            return true;
        pthread_mutex_lock(map->lock);
        xpath_runner_init(&run, doc, &map->prefixes);
        o = xpath_run(&run, &d->test, (xmlNodePtr)doc);
        found = o && xmlXPathCastToBoolean(o);
        xmlXPathFreeObject(o);
        xpath_runner_release(&run);
        pthread_mutex_unlock(map->lock);
    }
    return found;
}
