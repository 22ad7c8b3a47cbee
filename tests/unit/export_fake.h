/*
 * A stand-in for the compiler and the renderer of export mappings, so that versions can be tested with
 * failures and delays at will. A document is words: "path NAME", "dated" (the header holds the version's
 * date), "stock" (rows show stock), "broken" (does not compile), "salt TEXT" (in the header; changes the
 * digest), "keep N" (guards the rows), "unwritable" (every rendering fails), "note" (changes the digest
 * only). Sections: header, one row per active product, the categories' names.
 */
#ifndef SHOPFS_TESTS_EXPORT_FAKE_H
#define SHOPFS_TESTS_EXPORT_FAKE_H

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "mapping/export_map.h"
#include "mapping/export_files.h"
#include "mapping/render.h"

static atomic_int fake_fail;         /* errno every rendering fails with */
static atomic_int fake_fail_at;      /* ... but only in the section numbered so; -1: all */
static atomic_int fake_delay_us;     /* per section call */
static _Atomic(const char *) fake_held; /* the file of this path is not rendered until this is another */
static atomic_uint fake_keyed_calls; /* renderings of product ranges */

struct export_map {
    atomic_uint refs;
    char *path, *file, *salt;
    uint8_t digest[SHA256_SIZE];
    bool stock;
    struct site_uses uses;
    unsigned keep;
    bool unwritable;
    struct section_info sections[3];
};

int export_map_compile(struct export_map **out, const char *path, struct db *db, struct error *err)
{
    (void)db;
    auto_buf text = BUF_INIT;
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    int r = fd < 0 ? -errno : io_read_fd(fd, 4096, &text);
    if (r < 0 || strstr(buf_str(&text), "broken"))
        return error_set(err, r < 0 ? r : -EINVAL, "the mapping is broken");
    struct export_map *m = xcalloc(1, sizeof *m);
    m->refs = 1;
    m->file = xstrdup(path);
    digest_sha256(text.data, text.len, m->digest);
    m->sections[0].kind = SECTION_TEXT;
    m->sections[1] = (struct section_info){.kind = SECTION_KEYED,
                                           .space = KEY_PRODUCT,
                                           .keyed = SOURCE_BIT(CHANGE_PRODUCT) | SOURCE_BIT(CHANGE_PRICE),
                                           .whole = SOURCE_BIT(CHANGE_UNIT)};
    m->sections[2].kind = SECTION_WHOLE;
    m->sections[2].whole = SOURCE_BIT(CHANGE_CATEGORY_TEXT) | SOURCE_BIT(CHANGE_CATEGORY);
    char *save = NULL;
    for (char *word = strtok_r(text.data, " \n", &save); word; word = strtok_r(NULL, " \n", &save)) {
        if (strcmp(word, "path") == 0)
            m->path = xstrdup(strtok_r(NULL, " \n", &save));
        else if (strcmp(word, "salt") == 0)
            m->salt = xstrdup(strtok_r(NULL, " \n", &save));
        else if (strcmp(word, "dated") == 0)
            m->sections[0].dated = true;
        else if (strcmp(word, "unwritable") == 0)
            m->unwritable = true;
        else if (strcmp(word, "keep") == 0)
            m->keep = (unsigned)atoi(strtok_r(NULL, " \n", &save));
        else if (strcmp(word, "stock") == 0)
            m->stock = true;
        else if (strcmp(word, "titled") == 0) /* the site's title is in it: column 2 of table site */
            m->uses.columns = 1 << 2;
        else if (strcmp(word, "hiding") == 0) /* what a site hides is left out */
            m->uses.products = true;
    }
    if (m->stock)
        m->sections[1].keyed |= SOURCE_BIT(CHANGE_STOCK);
    if (m->uses.columns)
        m->sections[0].whole |= SOURCE_BIT(CHANGE_SITE);
    if (m->uses.products)
        m->sections[1].keyed |= SOURCE_BIT(CHANGE_SITE_PRODUCT);
    *out = m;
    return 0;
}

struct export_map *export_map_ref(struct export_map *m)
{
    m->refs++;
    return m;
}

void export_map_unref(struct export_map *m)
{
    if (!m || --m->refs)
        return;
    free(m->path);
    free(m->file);
    free(m->salt);
    free(m);
}

const char *export_map_path(const struct export_map *m)
{
    return m->path;
}

const char *export_map_title(const struct export_map *m)
{
    return m->path;
}

const char *export_map_file(const struct export_map *m)
{
    return m->file;
}

const uint8_t *export_map_digest(const struct export_map *m)
{
    return m->digest;
}

static unsigned fake_stale_s;

unsigned export_map_stale_s(const struct export_map *m)
{
    (void)m;
    return fake_stale_s;
}

bool export_map_private(const struct export_map *m)
{
    (void)m;
    return false;
}

unsigned export_map_keep_rows(const struct export_map *m)
{
    return m->keep;
}

const struct site_uses *export_map_site_uses(const struct export_map *m)
{
    return &m->uses;
}

/* One file each. */
source_set export_map_files_sources(const struct export_map *m)
{
    (void)m;
    return 0;
}

bool export_map_many(const struct export_map *m)
{
    (void)m;
    return false;
}

int export_map_files(struct export_files *out, struct export_map *m, struct db *db, const char *site, struct error *err)
{
    (void)out, (void)m, (void)db, (void)site;
    return error_set(err, -EINVAL, "no such mapping here");
}

struct export_map *export_files_find(const struct export_files *files, const char *name)
{
    (void)files, (void)name;
    return NULL;
}

void export_files_release(struct export_files *files)
{
    (void)files;
}

size_t export_map_sections(const struct export_map *m)
{
    (void)m;
    return 3;
}

const struct section_info *export_map_section(const struct export_map *m, size_t i)
{
    return &m->sections[i];
}

struct renderer {
    struct export_map *map;
    struct db *db;
    char site[32];
};

int renderer_new(struct renderer **out, struct export_map *map, struct db *db, const char *site,
                 struct error *err)
{
    struct renderer *r = xcalloc(1, sizeof *r);
    r->map = export_map_ref(map);
    r->db = db;
    *out = r;
    return renderer_site(r, site, err);
}

int renderer_site(struct renderer *r, const char *site, struct error *err)
{
    (void)err;
    snprintf(r->site, sizeof r->site, "%s", site);
    return 0;
}

static void fake_title(struct renderer *r, struct buf *out)
{
    struct stmt *st;
    if (db_cached(r->db, &st, "SELECT title FROM site WHERE name = :site", NULL) < 0)
        return;
    stmt_bind_text(st, "site", r->site);
    if (stmt_step(st, NULL) > 0)
        buf_addf(out, "title %s\n", stmt_text(st, 0, NULL));
    stmt_reset(st);
}

void renderer_free(struct renderer *r)
{
    if (r)
        export_map_unref(r->map);
    free(r);
}

void renderer_span(struct renderer *r, size_t section, int64_t last)
{
    (void)r;
    (void)section;
    (void)last;
}

void renderer_span_end(struct renderer *r)
{
    (void)r;
}

int renderer_section(struct renderer *r, size_t section, int64_t low, int64_t high, time_t stamp,
                     struct buf *out, uint64_t *rows, struct error *err)
{
    static const char plain[] =
        "SELECT p.id, p.sku, coalesce(k.price_e4, 0), 0 FROM product p LEFT JOIN price k"
        " ON k.product_id = p.id AND k.variant_id = 0 AND k.price_list_id = 1 AND k.min_qty_e3 = 0"
        " WHERE p.id BETWEEN :low AND :high AND p.active = 1 ORDER BY p.id";
    static const char stock[] =
        "SELECT p.id, p.sku, coalesce(k.price_e4, 0),"
        " (SELECT coalesce(sum(s.on_hand_e3), 0) FROM stock s WHERE s.product_id = p.id)"
        " FROM product p LEFT JOIN price k ON k.product_id = p.id AND k.variant_id = 0"
        " AND k.price_list_id = 1 AND k.min_qty_e3 = 0"
        " WHERE p.id BETWEEN :low AND :high AND p.active = 1 ORDER BY p.id";
    static const char hiding[] =
        "SELECT p.id, p.sku, coalesce(k.price_e4, 0), 0 FROM product p LEFT JOIN price k"
        " ON k.product_id = p.id AND k.variant_id = 0 AND k.price_list_id = 1 AND k.min_qty_e3 = 0"
        " WHERE p.id BETWEEN :low AND :high AND p.active = 1 AND NOT EXISTS (SELECT 1 FROM site_product h"
        " JOIN site s ON s.id = h.site_id AND s.name = :site WHERE h.product_id = p.id AND h.hidden = 1) ORDER BY p.id";
    static const char names[] =
        "SELECT category_id, name, 0, 0 FROM category_text ORDER BY category_id, language";
    for (const char *held; (held = fake_held) && r->map->path && strcmp(held, r->map->path) == 0;)
        usleep(1000);
    if (fake_delay_us)
        usleep((useconds_t)fake_delay_us);
    if (fake_fail && (fake_fail_at < 0 || (size_t)fake_fail_at == section))
        return error_set(err, -fake_fail, "the test says no");
    if (r->map->unwritable && section == 1)
        return error_set(err, -EINVAL, "the value is not a number");
    if (section == 0) {
        buf_addf(out, "id;sku;price;%s\n", r->map->salt ? r->map->salt : "");
        if (r->map->sections[0].dated)
            buf_addf(out, "# %lld\n", (long long)stamp);
        if (r->map->uses.columns)
            fake_title(r, out);
        return 0;
    }
    if (section == 1)
        fake_keyed_calls++;
    struct stmt *st;
    int code = db_cached(r->db, &st, section == 2           ? names
                                     : r->map->stock         ? stock
                                     : r->map->uses.products ? hiding
                                                             : plain,
                         err);
    if (code < 0)
        return code;
    if (section == 1) {
        stmt_bind_int(st, "low", low);
        stmt_bind_int(st, "high", high);
        if (stmt_has_parameter(st, "site"))
            stmt_bind_text(st, "site", r->site);
    }
    while ((code = stmt_step(st, err)) > 0) {
        buf_addf(out, "%lld;%s;%lld;%lld\n", (long long)stmt_int(st, 0), stmt_text(st, 1, NULL),
                 (long long)stmt_int(st, 2), (long long)stmt_int(st, 3));
        if (rows)
            ++*rows;
    }
    stmt_reset(st);
    return code;
}

int renderer_ranges(struct renderer *r, size_t section, uint64_t rows, int64_t **low, size_t *n,
                    struct error *err)
{
    size_t cap = 0;
    uint64_t in = 0;
    struct stmt *st;
    *low = NULL;
    *n = 0;
    array_grow(*low, *n, cap);
    (*low)[(*n)++] = INT64_MIN;
    if (section != 1)
        return 0;
    int code = db_cached(r->db, &st, "SELECT id FROM product ORDER BY id", err);
    if (code < 0)
        return code;
    while ((code = stmt_step(st, err)) > 0) {
        int64_t block = stmt_int(st, 0) & ~(int64_t)(CHANGE_BLOCK - 1);
        if (in >= rows && block > (*low)[*n - 1]) {
            array_grow(*low, *n, cap);
            (*low)[(*n)++] = block;
            in = 0;
        }
        in++;
    }
    stmt_reset(st);
    return code;
}

#endif
