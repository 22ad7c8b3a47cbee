/* The life of a compiled mapping, and what may be asked of it. */
#include "mapping/order_lang.h"

#include <string.h>

#include "base/mem.h"
#include "mapping/document.h"

int order_map_compile(struct order_map **out, const char *path, struct error *err)
{
    struct mapping_document doc = {0};
    struct order_map *map;
    int rc;

    rc = mapping_document_load(&doc, path, MAPPING_GRAMMAR_ORDER, err);
    if (rc)
        return rc;
    map = xcalloc(1, sizeof *map);
    map->lock = xcalloc(1, sizeof *map->lock);
    pthread_mutex_init(map->lock, NULL);
    map->file = xstrdup(path);
    rc = order_compile(map, xmlDocGetRootElement(doc.doc), err);
    mapping_document_release(&doc);
    if (rc) {
        order_map_free(map);
        return rc;
    }
    *out = map;
    return 0;
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
        for (size_t k = 0; k < ADDRESS_FIELDS; k++)
            field_release(&maps[i].fields[k]);
    }
    free(maps);
}

void order_map_free(struct order_map *map)
{
    if (!map)
        return;
    for (size_t i = 0; i < ORDER_FIELDS; i++)
        field_release(&map->fields[i]);
    addresses_release(map->billing, map->n_billing);
    addresses_release(map->delivery, map->n_delivery);
    for (size_t i = 0; i < map->n_lines; i++) {
        xpath_release(&map->lines[i].path);
        free(map->lines[i].title);
        for (size_t k = 0; k < LINE_FIELDS; k++)
            field_release(&map->lines[i].fields[k]);
        leftovers_release(&map->lines[i].leftovers);
    }
    free(map->lines);
    leftovers_release(&map->leftovers);
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
    xpath_release(&map->orders);
    xpath_prefixes_release(&map->prefixes);
    free(map->vat_rates_e2);
    pthread_mutex_destroy(map->lock);
    free(map->lock);
    free(map->file);
    free(map->name);
    free(map->title);
    free(map->evidence);
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

const char *order_map_file(const struct order_map *map)
{
    return map->file;
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
