/*
 * shopctl exports SOURCE [accept PATH]
 *
 * What is exported and what could be: the mappings of the sites and those that are shipped. What is known of
 * the files comes from the notes a mount keeps beside its spool (export/note.h), so nothing here asks for the
 * spool or disturbs a mount.
 */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/config_internal.h"
#include "cli/table.h"
#include "export/note.h"
#include "mapping/document.h"
#include "mapping/export_files.h"

struct request {
    const char *source, *path, *site;
    enum output_format format;
};

static void usage(FILE *out)
{
    fputs(
        "Usage: shopctl exports SOURCE\n"
        "       shopctl exports SOURCE accept PATH\n\n"
        "Lists the exported files and the mappings that could be enabled. With accept, the version of PATH\n"
        "that was refused for having too few rows (keep-rows) is published after all.\n\n"
        "  -s, --site NAME      this site only; for accept the default is the first one\n"
        "      --format FORMAT  text, csv or json\n"
        "  -h, --help           this text\n",
        out);
}

static int parse(int argc, char **argv, struct request *q)
{
    static const struct option options[] = {
        {"site", required_argument, NULL, 's'},
        {"format", required_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };

    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "s:h", options, NULL)) != -1;) {
        if (c == 's') {
            q->site = optarg;
        } else if (c == 'f') {
            if (output_format_parse(optarg, &q->format) < 0) {
                fprintf(stderr, "shopctl: --format: '%s' is none of text, csv and json\n", optarg);
                return EX_USAGE;
            }
        } else {
            usage(c == 'h' ? stdout : stderr);
            return c == 'h' ? -1 : EX_USAGE;
        }
    }
    argc -= optind;
    argv += optind;
    if (argc != 1 && !(argc == 3 && strcmp(argv[1], "accept") == 0)) {
        usage(stderr);
        return EX_USAGE;
    }
    q->source = argv[0];
    q->path = argc == 3 ? argv[2] : NULL;
    return EX_OK;
}

/* The spool; -ENOENT while the shop was never mounted. */
static int open_spool(const struct shop_config *config)
{
    auto_free char *path = xasprintf("%s/spool", config->state_dir);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

/* -- the list -------------------------------------------------------------------------------------------- */

enum column { SITE, MAPPING, ENABLED, PATH, SIZE, ROWS, VERSION, TITLE, ERROR, COLUMNS };

static const char *const keys[] = {"site", "mapping", "enabled", "path", "size",
                                   "rows", "version", "title",   "error"};

struct list {
    struct table table;
    struct db *db;
    const struct shop_config *config;
};

/* A new row; the cells are absent. */
static struct cell *add_row(struct list *l)
{
    struct cell *row;

    for (int i = 0; i < COLUMNS; i++) {
        array_grow(l->table.cells, l->table.n_cells, l->table.cap);
        l->table.cells[l->table.n_cells++] = (struct cell){0};
    }
    row = &l->table.cells[l->table.n_cells - COLUMNS];
    row[SIZE].bare = row[ROWS].bare = true;
    row[ENABLED].bare = row[ENABLED].truth = true;
    return row;
}

/* "yml" for a shipped document, else its path. */
static char *mapping_name(const char *file)
{
    const char *base = strrchr(file, '/');
    auto_free char *name = xstrdup(base ? base + 1 : file), *shipped = NULL;
    char *dot = strrchr(name, '.');

    if (dot)
        *dot = '\0';
    shipped = config_shipped_path("export", name);
    return xstrdup(strcmp(shipped, file) == 0 ? name : file);
}

static void tell_error(struct cell *row, const struct error *err)
{
    auto_buf text = BUF_INIT;

    error_format(err, &text);
    row[ERROR].text = xstrdup(buf_str(&text));
}

/* A row for the mapping itself; what it says of files is left out where it makes many. NULL: it cannot be read. */
static struct export_map *describe(struct list *l, struct cell *row, const char *file)
{
    struct error err = ERROR_INIT;
    struct export_map *map = NULL;

    row[MAPPING].text = mapping_name(file);
    if (export_map_compile(&map, file, l->db, &err) < 0) {
        static const char *const names[] = {"path", "title"};
        char *values[2];

        /* The last good version may still be in service under the path. */
        tell_error(row, &err);
        mapping_document_peek(file, names, values, 2);
        row[PATH].text = values[0];
        row[TITLE].text = values[1];
    } else {
        row[PATH].text = xstrdup(export_map_path(map));
        row[TITLE].text = xstrdup(export_map_title(map));
    }
    error_release(&err);
    return map;
}

static void add_note(struct cell *row, int spool, const char *site)
{
    struct export_note note;

    if (spool < 0 || !row[PATH].text)
        return;
    auto_free char *name = export_note_name(spool, site, row[PATH].text);
    if (export_note_read(spool, name, &note) < 0)
        return;
    if (note.mtime) {
        row[SIZE].text = xasprintf("%" PRIu64, note.size);
        row[ROWS].text = xasprintf("%" PRIu64, note.rows);
        row[VERSION].text = xmalloc(CLOCK_ISO_LEN + 1);
        clock_format_iso((time_t)note.mtime, row[VERSION].text);
    }
    if (note.error) {
        free(row[ERROR].text);
        row[ERROR].text = steal_pointer(note.error);
    }
    export_note_release(&note);
}

static struct cell *add_enabled(struct list *l, const struct site_config *site)
{
    struct cell *row = add_row(l);

    if (l->config->n_sites > 1)
        row[SITE].text = xstrdup(site->name);
    row[ENABLED].text = xstrdup("true");
    return row;
}

/* The files of a mapping for many, a row each after the mapping's own. */
static void list_files(struct list *l, const struct site_config *site, struct export_map *map, int spool)
{
    struct error err = ERROR_INIT;
    struct export_files files;
    struct cell *row = &l->table.cells[l->table.n_cells - COLUMNS];

    if (export_map_files(&files, map, l->db, site->name, &err) < 0) {
        tell_error(row, &err);
        error_release(&err);
        return;
    }
    if (files.n_problems)
        row[ERROR].text = xasprintf(files.n_problems > 1 ? "%s (and %zu more)" : "%s", files.problems[0],
                                    files.n_problems - 1);
    for (size_t i = 0; i < files.n; i++) {
        row = add_enabled(l, site);
        row[MAPPING].text = mapping_name(export_map_file(map));
        row[PATH].text = xstrdup(export_map_path(files.maps[i]));
        row[TITLE].text = xstrdup(export_map_title(map));
        add_note(row, spool, site->name);
    }
    export_files_release(&files);
}

static void list_site(struct list *l, const struct site_config *site)
{
    auto_close int spool = open_spool(l->config);

    if (spool < 0 && spool != -ENOENT)
        fprintf(stderr, "shopctl: the state directory cannot be read: %s\n", strerror(-spool));
    for (char **file = site->exports; file && *file; file++) {
        struct cell *row = add_enabled(l, site);
        struct export_map *map = describe(l, row, *file);

        if (map && export_map_many(map))
            list_files(l, site, map, spool);
        else
            add_note(row, spool, site->name);
        export_map_unref(map);
    }
}

static void list_shipped(struct list *l, const char *site)
{
    char **names = config_shipped_names("export");

    for (size_t i = 0; names && names[i]; i++) {
        auto_free char *file = config_shipped_path("export", names[i]);
        bool enabled = false;

        for (size_t k = 0; k < l->config->n_sites; k++)
            enabled |= (!site || strcmp(l->config->sites[k].name, site) == 0) &&
                       config_list_has(l->config->sites[k].exports, file);
        if (!enabled) {
            struct cell *row = add_row(l);

            row[ENABLED].text = xstrdup("false");
            export_map_unref(describe(l, row, file));
        }
    }
    config_list_free(names);
}

static int list(const struct shop_config *config, const struct request *q, struct error *err)
{
    struct list l = {.config = config};
    struct store *store = NULL;
    auto_buf out = BUF_INIT;
    bool found = false;
    int rc = store_open(&store, config->database, STORE_NO_MIGRATE, err);

    if (rc == 0)
        rc = store_reader(store, &l.db, err);
    if (rc == 0)
        rc = cli_tell_rows(l.db, config, q->site, err);
    if (rc == 0) {
        l.table.columns = COLUMNS;
        l.table.keys = xcalloc(COLUMNS, sizeof *l.table.keys);
        for (int i = 0; i < COLUMNS; i++)
            l.table.keys[i] = xstrdup(keys[i]);
        for (size_t i = 0; i < config->n_sites; i++)
            if (!q->site || strcmp(config->sites[i].name, q->site) == 0) {
                list_site(&l, &config->sites[i]);
                found = true;
            }
        list_shipped(&l, q->site);
        if (!found)
            rc = error_set(err, -ENOENT, "there is no site '%s' in '%s'", q->site, config->source);
    }
    if (rc == 0) {
        if (q->format == OUTPUT_CSV)
            table_write_csv(&l.table, &out);
        else if (q->format == OUTPUT_JSON)
            table_write_json(&l.table, &out), buf_add_char(&out, '\n');
        else
            table_write_text(&l.table, true, &out);
        fwrite(buf_str(&out), 1, out.len, stdout);
    }
    table_release(&l.table);
    db_close(l.db);
    store_close(store);
    return rc;
}

/* -- the command ----------------------------------------------------------------------------------------- */

static int accept(const struct shop_config *config, const struct request *q, struct error *err)
{
    const char *site = q->site ? q->site : config->sites[0].name;
    auto_close int spool = open_spool(config);
    int rc;

    if (spool < 0)
        return error_set(err, spool, "the state directory cannot be read: %s", strerror(-spool));
    auto_free char *name = export_note_name(spool, site, q->path);
    rc = export_accept(spool, name, err);
    if (rc == 0)
        printf("the next version of '%s' is published, however few rows it has\n", q->path);
    return rc;
}

int cmd_exports(int argc, char **argv)
{
    struct request q = {0};
    struct error err = ERROR_INIT;
    struct shop_config *config = NULL;
    int rc = parse(argc, argv, &q);

    if (rc != EX_OK)
        return rc < 0 ? EX_OK : rc;
    rc = shop_config_load(&config, q.source, &err);
    if (rc == 0)
        rc = q.path ? accept(config, &q, &err) : list(config, &q, &err);
    rc = rc < 0 ? cli_fail(rc, &err) : EX_OK;
    shop_config_free(config);
    error_release(&err);
    return rc;
}
