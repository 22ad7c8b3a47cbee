/*
 * shopctl render SOURCE [PATH] [--mapping FILE] [--for NAME] [--site NAME] [--limit N]
 *
 * Writes one export as it is now to standard output: one committed state of the database, in pieces, so that
 * memory does not grow with the shop.
 */
#include "cli/commands.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/io.h"
#include "cli/config.h"
#include "mapping/export_files.h"
#include "mapping/render.h"
#include "store/store.h"

#define ROWS_AT_ONCE 1000

struct request {
    const char *source, *path, *mapping, *site, *file;
    unsigned long long limit; /* 0: all */
};

static void usage(FILE *out)
{
    fputs("Usage: shopctl render SOURCE PATH\n"
          "       shopctl render SOURCE --mapping FILE\n\n"
          "Writes the exported file PATH, as it is now, to standard output.\n\n"
          "  -m, --mapping FILE  use this mapping instead of the site's; PATH may be left out\n"
          "  -f, --for NAME      of a mapping that makes many files the one with this path, or for the row\n"
          "                      that gave this name to it\n"
          "  -s, --site NAME     the site; default: the first one\n"
          "  -n, --limit N       at most N rows of each kind, to have a look\n"
          "  -h, --help          this text\n",
          out);
}

static int parse(int argc, char **argv, struct request *q)
{
    static const struct option options[] = {
        {"mapping", required_argument, NULL, 'm'}, {"for", required_argument, NULL, 'f'},
        {"site", required_argument, NULL, 's'},    {"limit", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},          {0},
    };
    int c;

    optind = 1;
    while ((c = getopt_long(argc, argv, "m:f:s:n:h", options, NULL)) != -1) {
        char *end;

        switch (c) {
        case 'm':
            q->mapping = optarg;
            break;
        case 'f':
            q->file = optarg;
            break;
        case 's':
            q->site = optarg;
            break;
        case 'n':
            q->limit = strtoull(optarg, &end, 10);
            if (*end || end == optarg || *optarg == '-' || q->limit == 0) {
                fprintf(stderr, "shopctl: --limit: '%s' is not a number of rows\n", optarg);
                return EX_USAGE;
            }
            break;
        case 'h':
            usage(stdout);
            return -1;
        default:
            return EX_USAGE;
        }
    }
    if (argc - optind < 1 || argc - optind > 2 || (argc - optind == 1 && !q->mapping) ||
        (q->file && !q->mapping)) {
        usage(stderr);
        return EX_USAGE;
    }
    q->source = argv[optind];
    q->path = argv[optind + 1]; /* NULL at the end */
    return EX_OK;
}

static const struct site_config *find_site(const struct shop_config *config, const char *name,
                                           struct error *err)
{
    for (size_t i = 0; i < config->n_sites; i++)
        if (!name || strcmp(config->sites[i].name, name) == 0)
            return &config->sites[i];
    error_set(err, -ENOENT, "there is no site '%s' in '%s'", name, config->source);
    return NULL;
}

/* The file called `name` of a mapping, which is given back for it; NULL: of a mapping for one file that one. */
static int choose_file(struct export_map **map, const char *name, const char *site, struct db *db,
                       struct error *err)
{
    struct export_map *chosen = NULL;
    struct export_files files;
    auto_buf known = BUF_INIT;
    int rc = export_map_files(&files, *map, db, site, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < files.n; i++)
        buf_addf(&known, "%s%s", known.len ? ", " : "", export_map_path(files.maps[i]));
    if (name)
        chosen = export_files_find(&files, name);
    else if (!export_map_many(*map))
        chosen = export_map_ref(*map);
    export_files_release(&files);
    if (chosen) {
        export_map_unref(*map);
        *map = chosen;
        return 0;
    }
    if (name)
        rc = error_set(err, -ENOENT, "the mapping makes no file '%s'", name);
    else
        rc = error_set(err, -EINVAL, "the mapping makes many files: say --for which");
    error_at(err, export_map_file(*map), 0, NULL);
    error_advise(err, "it makes: %s", known.len ? buf_str(&known) : "none");
    return rc;
}

/* Whether path is a file of the mapping; *map is then its own. */
static bool makes(struct export_map **map, const char *path, const char *site, struct db *db,
                  struct buf *known)
{
    struct export_files files;
    struct export_map *found = NULL;

    if (export_map_files(&files, *map, db, site, NULL) < 0)
        return false;
    for (size_t i = 0; i < files.n && !found; i++) {
        buf_addf(known, "%s%s", known->len ? ", " : "", export_map_path(files.maps[i]));
        if (strcmp(export_map_path(files.maps[i]), path) == 0)
            found = export_map_ref(files.maps[i]);
    }
    export_files_release(&files);
    if (!found)
        return false;
    export_map_unref(*map);
    *map = found;
    return true;
}

/* The site's mapping for path. A broken mapping of another file does not matter, unless nothing else is
 * found. */
static int find_mapping(struct export_map **out, const struct site_config *site, const char *path,
                        struct db *db, struct error *err)
{
    auto_buf known = BUF_INIT;
    struct error broken = ERROR_INIT;
    int rc = 0;

    for (char **file = site->exports; *file; file++) {
        struct export_map *map;
        int failed = export_map_compile(&map, *file, db, rc ? NULL : &broken);

        if (failed < 0) {
            rc = rc ? rc : failed;
            continue;
        }
        if (makes(&map, path, site->name, db, &known)) {
            error_release(&broken);
            *out = map;
            return 0;
        }
        export_map_unref(map);
    }
    if (rc < 0) {
        error_move(err, &broken);
        return rc;
    }
    rc = error_set(err, -ENOENT, "site '%s' has no export '%s'", site->name, path);
    error_advise(err, "it has: %s", buf_str(&known));
    return rc;
}

/* What goes to standard output: text around rows waits until there is one (section_info.wrap). */
struct output {
    struct buf held;
    unsigned wrap; /* that of what is held; 0: nothing waits */
    bool shown;    /* a row of it came */
};

static int write_out(const struct buf *out, struct error *err)
{
    int rc = io_write_full(STDOUT_FILENO, buf_str(out), out->len);

    return rc < 0 ? error_set(err, rc, "cannot write to standard output: %s", strerror(-rc)) : 0;
}

static int give_out(struct output *o, const struct section_info *info, const struct buf *out, uint64_t rows,
                    struct error *err)
{
    int rc = 0;

    if (info->wrap != o->wrap) {
        buf_clear(&o->held);
        o->wrap = info->wrap;
        o->shown = false;
    }
    if (o->wrap && !o->shown && !info->counts) {
        buf_add(&o->held, buf_str(out), out->len);
        return 0;
    }
    if (o->wrap && !o->shown && rows) {
        o->shown = true;
        rc = write_out(&o->held, err);
    }
    return rc < 0 ? rc : write_out(out, err);
}

static int write_section(struct renderer *r, const struct section_info *info, size_t section,
                         const struct request *q, time_t stamp, struct output *o, struct error *err)
{
    auto_free int64_t *low = NULL;
    auto_buf out = BUF_INIT;
    uint64_t rows = 0;
    size_t n;
    int rc = renderer_ranges(r, section, ROWS_AT_ONCE, &low, &n, err);

    renderer_span(r, section, INT64_MAX);
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (q->limit) {
            if (i > 0 && rows >= q->limit)
                break;
            renderer_limit(r, q->limit - rows);
        }
        buf_clear(&out);
        rc = renderer_section(r, section, low[i], i + 1 < n ? low[i + 1] - 1 : INT64_MAX, stamp, &out, &rows,
                              err);
        if (rc == 0)
            rc = give_out(o, info, &out, rows, err);
    }
    renderer_span_end(r);
    return rc;
}

/* site NULL: with a mapping any site of the database will do. */
static int render(struct db *db, const struct site_config *site, const struct request *q, struct error *err)
{
    struct export_map *map = NULL;
    struct renderer *r = NULL;
    struct output output = {0};
    time_t stamp = time(NULL);
    const char *name = site ? site->name : q->site;
    int rc = db_begin_read(db, err);

    if (rc == 0)
        rc = q->mapping ? export_map_compile(&map, q->mapping, db, err)
                        : find_mapping(&map, site, q->path, db, err);
    if (rc == 0 && q->mapping)
        rc = choose_file(&map, q->file ? q->file : export_map_many(map) ? q->path : NULL, name, db, err);
    if (rc == 0)
        rc = renderer_new(&r, map, db, name, err);
    for (size_t i = 0; rc == 0 && i < export_map_sections(map); i++)
        rc = write_section(r, export_map_section(map, i), i, q, stamp, &output, err);
    buf_release(&output.held);
    renderer_free(r);
    export_map_unref(map);
    db_end(db);
    return rc;
}

int cmd_render(int argc, char **argv)
{
    struct request q = {0};
    struct error err = ERROR_INIT;
    struct shop_config *config = NULL;
    const struct site_config *site;
    struct store *store = NULL;
    struct db *db = NULL;
    int rc = parse(argc, argv, &q);

    if (rc != EX_OK)
        return rc < 0 ? EX_OK : rc;
    rc = shop_config_load(&config, q.source, &err);
    if (rc == 0) {
        site = q.mapping && q.site ? NULL : find_site(config, q.site, &err);
        rc = site || q.mapping ? store_open(&store, config->database, STORE_NO_MIGRATE, &err) : -ENOENT;
        if (rc == 0)
            rc = store_reader(store, &db, &err);
        if (rc == 0)
            rc = cli_tell_rows(db, config, site ? site->name : q.site, &err);
        if (rc == 0)
            rc = render(db, site, &q, &err);
    }
    rc = rc < 0 ? cli_fail(rc, &err) : EX_OK;
    db_close(db);
    store_close(store);
    shop_config_free(config);
    error_release(&err);
    return rc;
}
