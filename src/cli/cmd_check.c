/*
 * shopctl check SOURCE [--mapping FILE] [--site NAME]
 *
 * One line on standard output for each finding, "FILE:LINE:COLUMN: error: ..." or "FILE: warning: ...", and a last
 * line that counts them. Nothing is changed: an older schema is reported, not upgraded.
 */
#include "cli/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "cli/config.h"
#include "cli/site_rows.h"
#include "mapping/export_files.h"
#include "mapping/lint.h"
#include "mapping/order_map.h"
#include "store/store.h"

#define LINT_ROWS 10000
#define EXAMPLES 3 /* of rows, in a line that counts them */

struct check {
    struct shop_config *config;
    struct db *db;
    uint64_t config_errors, data_errors, warnings;
};

/* -- findings -------------------------------------------------------------------------------------------- */

/* Data in a line of ours cannot forge another. */
static void print_line(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            printf("\\x%02x", *p);
        else
            putchar(*p);
    putchar('\n');
}

static void finding(const char *file, struct place place, const char *severity, const char *text)
{
    auto_buf out = BUF_INIT;
    buf_add_str(&out, file);
    if (place.line)
        buf_addf(&out, ":%d", place.line);
    if (place.line && place.column)
        buf_addf(&out, ":%d", place.column);
    buf_addf(&out, ": %s: %s", severity, text);
    print_line(buf_str(&out));
}

/* What a function of ours reported; file where it did not say. */
static void error_finding(uint64_t *count, const char *file, const struct error *err, int code)
{
    auto_buf text = BUF_INIT;
    if (err->field)
        buf_addf(&text, "%s: ", err->field);
    buf_add_str(&text, err->message ? err->message : strerror(-code));
    if (err->advice)
        buf_addf(&text, "; %s", err->advice);
    finding(err->file ? err->file : file, (struct place){err->line, err->column}, "error", buf_str(&text));
    ++*count;
}

static void findf(uint64_t *count, const char *severity, const char *file, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void findf(uint64_t *count, const char *severity, const char *file, const char *format, ...)
{
    auto_buf text = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    finding(file, (struct place){0}, severity, buf_str(&text));
    ++*count;
}

/* -- rows that are told together ------------------------------------------------------------------------- */

struct group {
    uint64_t count;
    struct buf examples;
};

static void group_add(struct group *g, const char *example)
{
    if (g->count++ < EXAMPLES)
        buf_addf(&g->examples, "%s'%s'", g->count > 1 ? ", " : "", example);
}

/* One line for the whole group, none for an empty one; counts as one finding. */
static void group_end(struct group *g, uint64_t *count, const char *severity, const char *file,
                      const char *what)
{
    if (g->count)
        findf(count, severity, file, "%s: %llu (%s%s)", what, (unsigned long long)g->count,
              buf_str(&g->examples), g->count > EXAMPLES ? ", ..." : "");
    buf_release(&g->examples);
}

/* A query whose rows, told by their first column, should not be there. */
static int group_query(struct check *c, const char *sql, const char *site, const char *severity,
                       uint64_t *count, const char *what, struct error *err)
{
    struct group g = {0};
    struct stmt *st;
    int ret = db_cached(c->db, &st, sql, err);
    if (ret < 0)
        return ret;
    if (stmt_has_parameter(st, "site"))
        stmt_bind_text(st, "site", site);
    while ((ret = stmt_step(st, err)) == 1) {
        const char *text = stmt_text(st, 0, NULL);
        group_add(&g, text ? text : "");
    }
    stmt_reset(st);
    if (ret < 0)
        g.count = 0;
    group_end(&g, count, severity, c->config->database, what);
    return ret;
}

/* -- database -------------------------------------------------------------------------------------------- */

static int check_goods(struct check *c, struct error *err)
{
    static const struct {
        const char *sql, *what;
    } queries[] = {
        {"SELECT sku FROM product WHERE active = 1 AND unit_id IS NULL ORDER BY id",
         "products without a unit"},
        {"SELECT sku FROM product WHERE active = 1 AND vat_rate_id IS NULL ORDER BY id",
         "products without a VAT rate"},
        {"SELECT sku FROM product p WHERE active = 1 AND NOT EXISTS"
         " (SELECT 1 FROM product_text t WHERE t.product_id = p.id) ORDER BY id",
         "products without a name"},
        {"SELECT sku FROM product p WHERE active = 1 AND NOT EXISTS"
         " (SELECT 1 FROM product_category l WHERE l.product_id = p.id) ORDER BY id",
         "products without a category"},
    };
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < sizeof queries / sizeof *queries; i++)
        ret = group_query(c, queries[i].sql, NULL, "warning", &c->warnings, queries[i].what, err);
    for (size_t i = 0; ret == 0 && i < c->config->n_sites; i++) {
        const char *site = c->config->sites[i].name;
        auto_free char *what = xasprintf("offers without a price on site '%s'", site);
        ret = group_query(c,
                          "SELECT o.sku FROM v_offer o JOIN site s ON s.id = o.site_id WHERE s.name = :site"
                          " AND o.active = 1 AND o.price IS NULL ORDER BY o.product_id, o.variant_id",
                          site, "warning", &c->warnings, what, err);
    }
    return ret;
}

struct row_findings {
    struct check *c;
    bool made; /* the row, by the configuration */
};

static void row_finding(void *arg, const struct site_row_change *change)
{
    struct row_findings *to = arg;
    auto_buf text = BUF_INIT;
    site_row_change_format(change, &text);
    buf_add_str(&text, ": not in the database yet; written when this file is mounted or read anew");
    finding(to->c->config->source, (struct place){change->line, 0}, "warning", buf_str(&text));
    to->made |= change->key == NULL;
    to->c->warnings++;
}

/* The row is there, and as the configuration says. */
static int check_site_row(struct check *c, const char *site, struct error *err)
{
    struct row_findings findings = {.c = c};
    struct error why = ERROR_INIT;
    struct stmt *st;
    int ret = site_rows_compare(c->db, c->config, site, row_finding, &findings, &why);
    if (ret == -EINVAL) {
        error_finding(&c->config_errors, c->config->source, &why, ret);
        error_release(&why);
        return 0;
    }
    if (ret < 0)
        error_move(err, &why);
    if (ret < 0 || findings.made)
        return ret;
    ret = db_cached(c->db, &st, "SELECT 1 FROM site WHERE name = :site", err);
    if (ret < 0)
        return ret;
    stmt_bind_text(st, "site", site);
    ret = stmt_step(st, err);
    stmt_reset(st);
    if (ret == 0)
        findf(&c->config_errors, "error", c->config->source, "site '%s' has no row in table site of '%s'",
              site, c->config->database);
    return ret < 0 ? ret : 0;
}

/* -- mappings -------------------------------------------------------------------------------------------- */

struct lint_arg {
    struct check *c;
    const char *file;
    bool warnings; /* wanted: what one shop lacks is no mistake of a mapping for all */
};

static void lint_finding(void *arg, bool error, struct place place, const char *text)
{
    const struct lint_arg *to = arg;
    if (!error && !to->warnings)
        return;
    finding(to->file, place, error ? "error" : "warning", text);
    ++*(error ? &to->c->config_errors : &to->c->warnings);
}

static void lint_export(struct check *c, const char *site, struct export_map *map, bool warnings)
{
    struct lint_arg to = {c, export_map_file(map), warnings};
    struct error err = ERROR_INIT;
    int ret = export_map_lint(map, c->db, site, LINT_ROWS, lint_finding, &to, &err);
    if (ret < 0 && (ret != -ENOENT || warnings)) /* a site without a row was told of already */
        error_finding(&c->data_errors, export_map_file(map), &err, ret);
    error_release(&err);
}

struct fault_arg {
    struct check *c;
    const char *file;
};

static void fault_finding(void *arg, const struct error *err)
{
    const struct fault_arg *to = arg;
    error_finding(&to->c->config_errors, to->file, err, -EINVAL);
}

/* Tells all that is wrong with a mapping; NULL then. */
static struct export_map *compile(struct check *c, const char *file)
{
    struct error err = ERROR_INIT;
    struct export_map *map = NULL;
    struct fault_arg to = {c, file};
    int ret = export_map_compile_all(&map, file, c->db, fault_finding, &to, &err);
    if (ret < 0)
        error_finding(&c->config_errors, file, &err, ret);
    error_release(&err);
    return ret == 0 ? map : NULL;
}

/* A file of a site, and whose it is. */
struct path {
    char *path;
    const char *mapping; /* the document */
};

struct paths {
    struct path *list;
    size_t n, cap;
};

static void add_path(struct check *c, struct paths *paths, const char *path, const char *mapping)
{
    for (size_t i = 0; i < paths->n; i++)
        if (strcmp(paths->list[i].path, path) == 0)
            findf(&c->config_errors, "error", mapping, "writes '%s', and so does '%s'", path,
                  paths->list[i].mapping);
    array_grow(paths->list, paths->n, paths->cap);
    paths->list[paths->n++] = (struct path){xstrdup(path), mapping};
}

/* The files that the mapping makes of the rows there are, added to paths. */
static void check_files(struct check *c, const char *site, struct export_map *map, const char *file,
                        struct paths *paths)
{
    struct error err = ERROR_INIT;
    struct export_files files;
    int ret = export_map_files(&files, map, c->db, site, &err);
    if (ret < 0 && ret != -ENOENT) /* a site without a row was told of already */
        error_finding(&c->data_errors, export_map_file(map), &err, ret);
    error_release(&err);
    if (ret < 0)
        return;
    for (size_t i = 0; i < files.n_problems; i++)
        findf(&c->warnings, "warning", export_map_file(map), "%s", files.problems[i]);
    for (size_t i = 0; i < files.n; i++)
        add_path(c, paths, export_map_path(files.maps[i]), file);
    export_files_release(&files);
}

static void paths_release(struct paths *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        free(paths->list[i].path);
    free(paths->list);
}

/* One export mapping alone. */
static void check_mapping(struct check *c, const char *file, const char *site)
{
    struct export_map *map = compile(c, file);
    struct paths paths = {0};
    if (map) {
        lint_export(c, site, map, true);
        check_files(c, site, map, file, &paths);
    }
    paths_release(&paths);
    export_map_unref(map);
}

static void check_exports(struct check *c, const struct site_config *site)
{
    struct paths paths = {0};
    for (size_t i = 0; site->exports[i]; i++) {
        struct export_map *map = compile(c, site->exports[i]);
        if (!map)
            continue;
        lint_export(c, site->name, map, false);
        check_files(c, site->name, map, site->exports[i], &paths);
        export_map_unref(map);
    }
    paths_release(&paths);
}

static void check_order_mappings(struct check *c, const struct site_config *site)
{
    if (!site->order_mappings[0])
        findf(&c->warnings, "warning", c->config->source, "site '%s' takes no orders: no mapping reads them",
              site->name);
    for (size_t i = 0; site->order_mappings[i]; i++) {
        struct error err = ERROR_INIT;
        struct order_map *map = NULL;
        int ret = order_map_compile(&map, site->order_mappings[i], &err);
        struct place place;
        const char *remark;
        if (ret < 0)
            error_finding(&c->config_errors, site->order_mappings[i], &err, ret);
        for (size_t k = 0; ret == 0 && (remark = order_map_remark(map, k, &place)); k++) {
            finding(order_map_file(map), place, "warning", remark);
            c->warnings++;
        }
        error_release(&err);
        order_map_free(map);
    }
}

/* -- pictures -------------------------------------------------------------------------------------------- */

enum picture_fault { MISSING, UNREADABLE, OUTSIDE, NO_FILE, UNSAFE_NAME, NO_BYTES, WRONG_SIZE, FAULTS };
static const char *const fault_names[FAULTS] = {
    [MISSING] = "pictures whose file is missing",
    [UNREADABLE] = "pictures whose file cannot be read",
    [OUTSIDE] = "pictures whose path leaves the picture directory or is a link",
    [NO_FILE] = "pictures whose path is not a file",
    [UNSAFE_NAME] = "pictures whose name cannot be a file's",
    [NO_BYTES] = "pictures with neither a path nor bytes",
    [WRONG_SIZE] = "pictures whose size is not that of their bytes",
};

static int file_fault(int dir, const char *path)
{
    if (dir < 0 || !*path)
        return MISSING;
    auto_close int fd = io_open_beneath(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    struct stat st;
    switch (fd < 0 ? -fd : 0) {
    case 0:
        return fstat(fd, &st) < 0 ? UNREADABLE : S_ISREG(st.st_mode) ? FAULTS : NO_FILE;
    case ENOENT:
    case ENOTDIR:
        return MISSING;
    case EXDEV:
    case ELOOP:
        return OUTSIDE;
    case ENXIO:
        return NO_FILE;
    default:
        return UNREADABLE;
    }
}

/* Columns: name, path, size, bytes in image_data. */
static int row_fault(struct stmt *st, int dir)
{
    size_t len;
    const char *name = stmt_text(st, 0, &len);
    if (stmt_type(st, 0) != STMT_TEXT || strlen(name) != len || !io_name_ok(name))
        return UNSAFE_NAME;
    if (!stmt_is_null(st, 1))
        return file_fault(dir, stmt_text(st, 1, NULL));
    if (stmt_is_null(st, 3))
        return NO_BYTES;
    return stmt_is_null(st, 2) || stmt_int(st, 2) != stmt_int(st, 3) ? WRONG_SIZE : FAULTS;
}

static int check_pictures(struct check *c, struct error *err)
{
    struct group faults[FAULTS] = {0};
    auto_close int dir = open(c->config->picture_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stmt *st;
    int ret = db_cached(c->db, &st,
                        "SELECT i.name, i.path, i.size, length(d.content) FROM image i"
                        " LEFT JOIN image_data d ON d.image_id = i.id ORDER BY i.id",
                        err);
    if (ret < 0)
        return ret;
    while ((ret = stmt_step(st, err)) == 1) {
        int fault = row_fault(st, dir);
        if (fault == FAULTS)
            continue;
        const char *path =
            fault == UNSAFE_NAME || stmt_is_null(st, 1) ? stmt_text(st, 0, NULL) : stmt_text(st, 1, NULL);
        group_add(&faults[fault], path ? path : "");
    }
    stmt_reset(st);
    for (int i = 0; i < FAULTS; i++)
        group_end(&faults[i], &c->data_errors, "error", c->config->database, fault_names[i]);
    if (ret < 0)
        return ret;
    return group_query(c, "SELECT min(name) FROM image GROUP BY lower(name) HAVING count(*) > 1 ORDER BY 1",
                       NULL, "warning", &c->warnings, "names of pictures that differ in letter case only",
                       err);
}

/* -- the command ----------------------------------------------------------------------------------------- */

static int check_database(struct check *c, struct store *store)
{
    struct error err = ERROR_INIT;
    int ret = store_reader(store, &c->db, &err);
    if (ret == 0) {
        ret = db_check(c->db, &err);
        if (ret < 0) {
            error_finding(&c->data_errors, c->config->database, &err, ret);
            error_release(&err);
        }
        /* A damaged database may still tell of more. */
        ret = 0;
        for (size_t i = 0; ret == 0 && i < c->config->n_sites; i++)
            ret = check_site_row(c, c->config->sites[i].name, &err);
        if (ret == 0)
            ret = check_goods(c, &err);
        if (ret == 0)
            ret = check_pictures(c, &err);
    }
    if (ret < 0)
        error_finding(&c->data_errors, c->config->database, &err, ret);
    error_release(&err);
    return ret;
}

static void check_all(struct check *c, struct store *store)
{
    check_database(c, store);
    for (size_t i = 0; i < c->config->n_sites; i++) {
        if (c->db)
            check_exports(c, &c->config->sites[i]);
        check_order_mappings(c, &c->config->sites[i]);
    }
}

static int conclude(const struct check *c)
{
    uint64_t errors = c->config_errors + c->data_errors;
    if (errors || c->warnings)
        printf("%llu errors, %llu warnings\n", (unsigned long long)errors, (unsigned long long)c->warnings);
    else
        puts("no errors");
    return c->data_errors ? EX_DATAERR : c->config_errors ? EX_CONFIG : EX_OK;
}

int cmd_check(int argc, char **argv)
{
    static const struct option options[] = {{"mapping", required_argument, NULL, 'm'},
                                            {"site", required_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    static const char usage[] =
        "Usage: shopctl check SOURCE\n"
        "       shopctl check SOURCE --mapping FILE\n\n"
        "Checks the database, its pictures and the mappings; a mapping also on the first rows there are.\n\n"
        "  -m, --mapping FILE  only this export mapping, conditions that never hold included\n"
        "  -s, --site NAME     the site it is tried for; default: the first one\n"
        "  -h, --help          this text\n";
    const char *mapping = NULL, *site = NULL;
    optind = 0;
    for (int opt; (opt = getopt_long(argc, argv, "m:s:h", options, NULL)) != -1;) {
        if (opt == 'm') {
            mapping = optarg;
        } else if (opt == 's') {
            site = optarg;
        } else {
            fputs(usage, opt == 'h' ? stdout : stderr);
            return opt == 'h' ? EX_OK : EX_USAGE;
        }
    }
    if (optind + 1 != argc || (site && !mapping)) {
        fputs(usage, stderr);
        return EX_USAGE;
    }
    struct error err = ERROR_INIT;
    struct check c = {0};
    struct store *store = NULL;
    int code;
    int ret = shop_config_load(&c.config, argv[optind], &err);
    if (ret == 0)
        ret = store_open(&store, c.config->database, STORE_NO_MIGRATE, &err);
    if (ret == 0 && mapping) {
        ret = store_reader(store, &c.db, &err);
        if (ret == 0)
            check_mapping(&c, mapping, site ? site : c.config->sites[0].name);
    } else if (ret == 0) {
        check_all(&c, store);
    }
    code = ret < 0 ? cli_fail(ret, &err) : conclude(&c);
    db_close(c.db);
    store_close(store);
    shop_config_free(c.config);
    error_release(&err);
    return code;
}
