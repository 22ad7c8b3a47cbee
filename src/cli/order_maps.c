#include "cli/order_maps.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "mapping/document.h"

struct document {
    struct document *next;
    char *path;
    struct order_map *map; /* the last that compiled; NULL: none did */
    char *why;             /* the document as it is now is wrong; NULL: it is not */
    bool used;
};

struct order_documents {
    struct document *list;
};

struct order_maps {
    atomic_uint refs;
    size_t n;
    struct order_map *list[];
};

struct order_documents *order_documents_new(void)
{
    return xcalloc(1, sizeof(struct order_documents));
}

static void document_free(struct document *d)
{
    order_map_free(d->map);
    free(d->path);
    free(d->why);
    free(d);
}

void order_documents_free(struct order_documents *all)
{
    while (all && all->list) {
        struct document *d = all->list;
        all->list = d->next;
        document_free(d);
    }
    free(all);
}

static struct document *find(const struct order_documents *all, const char *path)
{
    struct document *d = all->list;

    while (d && strcmp(d->path, path) != 0)
        d = d->next;
    return d;
}

static void read_document(struct order_documents *all, const char *path)
{
    struct document *d = find(all, path);
    struct error err = ERROR_INIT;
    struct order_map *map = NULL;
    auto_buf text = BUF_INIT;

    if (d && d->used)
        return;
    if (!d) {
        d = xcalloc(1, sizeof *d);
        d->path = xstrdup(path);
        d->next = all->list;
        all->list = d;
    }
    d->used = true;
    if (order_map_compile(&map, path, &err) < 0)
        error_format(&err, &text);
    error_release(&err);
    bool news = strcmp(d->why ? d->why : "", buf_str(&text)) != 0;
    free(d->why);
    d->why = map ? NULL : xstrdup(buf_str(&text));
    if (news && d->why)
        log_error("order mapping %s: %s", d->map ? "as it was stays in service" : "left out", d->why);
    else if (news)
        log_notice("order mapping '%s' is in service again", path);
    if (map) {
        order_map_free(d->map);
        d->map = map;
    }
}

void order_documents_read(struct order_documents *all, const struct shop_config *config)
{
    for (size_t i = 0; i < config->n_sites; i++)
        for (char **path = config->sites[i].order_mappings; path && *path; path++)
            read_document(all, *path);
    for (struct document **at = &all->list; *at;) {
        struct document *d = *at;
        if (!d->used) {
            *at = d->next;
            document_free(d);
            continue;
        }
        d->used = false;
        at = &d->next;
    }
}

void order_documents_report(const struct order_documents *all, struct buf *out)
{
    for (const struct document *d = all->list; d; d = d->next)
        if (d->why)
            buf_addf(out, "order mapping %s: %s\n", d->map ? "as it was stays in service" : "left out", d->why);
}

struct order_maps *order_maps_new(const struct order_documents *all, char *const *paths)
{
    size_t n = 0;

    while (paths && paths[n])
        n++;
    struct order_maps *m = xcalloc(1, sizeof *m + (n + 1) * sizeof m->list[0]);
    atomic_init(&m->refs, 1);
    for (size_t i = 0; i < n; i++) {
        const struct document *d = find(all, paths[i]);
        if (d && d->map)
            m->list[m->n++] = order_map_ref(d->map);
    }
    return m;
}

struct order_maps *order_maps_ref(struct order_maps *m)
{
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void order_maps_unref(struct order_maps *m)
{
    if (!m || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < m->n; i++)
        order_map_free(m->list[i]);
    free(m);
}

struct order_map *const *order_maps_list(const struct order_maps *m)
{
    return m->list;
}

size_t order_maps_count(const struct order_maps *m)
{
    return m->n;
}
