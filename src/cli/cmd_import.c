/*
 * shopctl import: decides order files as the drop does, by the same code. A dry run takes the same way in one
 * transaction and rolls back. The original is not archived: it stays where the operator has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/explain.h"
#include "cli/orders.h"
#include "cli/site_rows.h"
#include "mapping/order_map.h"
#include "order/import.h"
#include "order/parse.h"
#include "store/store.h"

#define PAUSE_US 10000 /* between two transactions of a file */

static const char usage_text[] =
    "Usage: shopctl import SOURCE FILE... [OPTION...]\n"
    "\n"
    "Takes order files as a drop into orders/incoming/ would, and prints the verdict on each.\n"
    "The files stay where they are; nothing is put into the archive. XML and JSON, and what has no\n"
    "mark at its end and so cannot be dropped: Torgsoft's .sal and CSV.\n"
    "\n"
    "      --dry-run       do everything, print the verdict, and undo it\n"
    "      --explain       a dry run that also tells which mapping reads the file and why, where each\n"
    "                      value comes from, and what would stand in the database\n"
    "      --site=NAME     the web shop the orders come from (needed where there are several)\n"
    "      --mapping=NAME  read the files by this mapping (or FILE.xml) instead of finding out\n"
    "  -h, --help          this text\n"
    "\n"
    "Exit code: 0 every order is taken (a repetition counts as taken), 65 something was refused\n"
    "or is incomplete, 75 the database is busy: try again later.\n";

struct options {
    bool dry_run, explain;
    const char *site, *mapping;
};

/* What is open while files are imported. */
struct session {
    struct shop_config *config;
    const struct site_config *site;
    struct store *store;
    struct db *db;
    struct order_map **maps;
    size_t n_maps;
};

/* 0, or an exit code; -1: help was shown. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"dry-run", no_argument, NULL, 'n'},    {"explain", no_argument, NULL, 'e'},
        {"site", required_argument, NULL, 's'}, {"mapping", required_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},       {0},
    };
    *o = (struct options){0};
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "hn", known, NULL)) != -1;) {
        switch (c) {
        case 'n':
            o->dry_run = true;
            break;
        case 'e':
            o->explain = true;
            o->dry_run = true;
            break;
        case 's':
            o->site = optarg;
            break;
        case 'm':
            o->mapping = optarg;
            break;
        case 'h':
            fputs(usage_text, stdout);
            return -1;
        default:
            return EX_USAGE;
        }
    }
    if (argc - optind < 2) {
        fputs(usage_text, stderr);
        return EX_USAGE;
    }
    return 0;
}

static int choose_site(struct session *s, const char *name, struct error *err)
{
    for (size_t i = 0; i < s->config->n_sites; i++)
        if (name ? strcmp(s->config->sites[i].name, name) == 0 : s->config->n_sites == 1) {
            s->site = &s->config->sites[i];
            return 0;
        }
    if (name)
        error_set(err, -ENOENT, "there is no site '%s'", name);
    else
        error_set(err, -EINVAL, "there are several sites");
    auto_buf names = BUF_INIT;
    for (size_t i = 0; i < s->config->n_sites; i++)
        buf_addf(&names, "%s%s", i ? ", " : "", s->config->sites[i].name);
    error_advise(err, "say --site=NAME with one of: %s", buf_str(&names));
    return -EINVAL;
}

static int load_maps(struct session *s, const char *pinned, struct error *err)
{
    size_t n = 0;
    while (s->site->order_mappings && s->site->order_mappings[n])
        n++;
    s->maps = xcalloc(n ? n : 1, sizeof *s->maps);
    if (pinned && (strchr(pinned, '/') || text_ends_with_nocase(pinned, ".xml"))) { /* one to be tried */
        int rc = order_map_compile(&s->maps[0], pinned, err);
        s->n_maps = rc == 0;
        return rc;
    }
    auto_buf names = BUF_INIT;
    for (size_t i = 0; i < n; i++) {
        struct order_map *map = NULL;
        int rc = order_map_compile(&map, s->site->order_mappings[i], err);
        if (rc < 0)
            return rc;
        buf_addf(&names, "%s%s", i ? ", " : "", order_map_name(map));
        if (!pinned || strcmp(pinned, order_map_name(map)) == 0)
            s->maps[s->n_maps++] = map;
        else
            order_map_free(map);
    }
    if (s->n_maps)
        return 0;
    if (pinned) {
        error_set(err, -EINVAL, "there is no order mapping '%s'", pinned);
        error_advise(err, "this site has: %s", buf_str(&names));
    } else {
        error_set(err, -EINVAL, "site '%s' has no order mappings", s->site->name);
    }
    return -EINVAL;
}

static int session_open(struct session *s, const char *source, const struct options *o, struct error *err)
{
    int rc = shop_config_load(&s->config, source, err);
    if (rc == 0)
        rc = choose_site(s, o->site, err);
    if (rc == 0)
        rc = load_maps(s, o->mapping, err);
    if (rc == 0)
        rc = store_open(&s->store, s->config->database, 0, err);
    if (rc == 0 && !o->dry_run)
        rc = cli_put_rows(s->store, s->config, err);
    return rc == 0 ? store_writer(s->store, &s->db, err) : rc;
}

static void session_close(struct session *s)
{
    if (s->db)
        db_close(s->db);
    store_close(s->store);
    for (size_t i = 0; i < s->n_maps; i++)
        order_map_free(s->maps[i]);
    free(s->maps);
    shop_config_free(s->config);
}

static int read_file(const char *path, size_t limit, struct buf *out, struct error *err)
{
    int fd auto_close = open(path, O_RDONLY | O_CLOEXEC);
    int rc = fd < 0 ? -errno : io_read_fd(fd, limit, out);
    if (rc == -EFBIG)
        error_set(err, rc, "the file is bigger than %zu bytes, the limit for orders", limit);
    else if (rc < 0)
        error_set(err, rc, "%s", strerror(-rc));
    error_at(rc < 0 ? err : NULL, path, 0, NULL);
    return rc;
}

/* Each import is a content object of its own, as each upload is. */
static char *new_object_key(const struct buf *content)
{
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX_LEN + 1];
    static unsigned count;
    digest_sha256(content->data, content->len, digest);
    digest_hex(digest, sizeof digest, hex);
    return xasprintf("cli-%.16s-%lld-%ld-%u", hex, (long long)clock_now_ms(), (long)getpid(), count++);
}

static int exit_of(enum verdict v)
{
    return v == VERDICT_ACCEPTED || v == VERDICT_REVISED || v == VERDICT_DUPLICATE ? EX_OK : EX_DATAERR;
}

static void print_incomplete(const char *path, const struct error *why)
{
    auto_buf b = BUF_INIT;
    error_format(why, &b);
    printf("incomplete: %s\nfile: %s\n\n  to do: send the whole file; nothing was imported\n",
           b.len ? buf_str(&b) : "the file does not end where it should", path);
}

/* The orders as they would stand in the database, out of the transaction that is about to be undone. */
static void add_cards(struct session *s, const struct import_result *r, struct buf *out)
{
    for (size_t i = 0; i < r->n_orders; i++) {
        struct error err cleanup(error_release) = ERROR_INIT;
        auto_buf card = BUF_INIT;
        if (r->orders[i].verdict != VERDICT_ACCEPTED && r->orders[i].verdict != VERDICT_REVISED)
            continue;
        if (orders_show(s->db, s->site->name, order_kind_name(r->orders[i].kind), r->orders[i].number,
                        OUTPUT_TEXT, &card, &err) == 0)
            buf_addf(out, "\nwould stand in the database:\n%s", buf_str(&card));
    }
}

static void pass_over(void *arg, const struct site_row_change *change)
{
    (void)arg, (void)change;
}

/* A dry run in one transaction, that is undone, the sites' rows being as the configuration says; else a commit after
 * every IMPORT_TURN orders, so that others can write to the database between two. */
static int decide(struct session *s, const struct import_job *job, const struct options *o,
                  struct import_result *out, struct buf *cards, struct error *err)
{
    struct import_reading reading cleanup(import_reading_release);
    int rc;
    import_read(&reading, job);
    do {
        size_t turn = IMPORT_TURN;
        rc = db_begin_write(s->db, err);
        if (rc == 0 && o->dry_run)
            rc = site_rows_write(s->db, s->config, pass_over, NULL, err);
        if (rc == 0)
            rc = order_import(s->db, job, &reading, o->dry_run ? NULL : &turn, out, err);
        if (rc == 0 && o->explain)
            add_cards(s, out, cards);
        if (rc >= 0 && !o->dry_run) {
            int committed = db_commit(s->db, err);
            rc = committed < 0 ? committed : rc;
        }
        db_end(s->db);
        if (rc == 1)
            usleep(PAUSE_US);
    } while (rc == 1);
    return rc;
}

/* Decides one file; returns an exit code. */
static int import_one(struct session *s, const char *path, const struct options *o, struct error *err)
{
    struct order_limits limits = s->site->limits;
    limits.no_end_mark = true; /* the file is the operator's, not an upload on its way */
    auto_buf content = BUF_INIT;
    int rc = read_file(path, limits.bytes, &content, err);
    if (rc < 0)
        return cli_fail(rc, err);
    struct error why cleanup(error_release) = ERROR_INIT;
    if (order_content_check_bytes(content.data, content.len, &limits, &why) == CONTENT_INCOMPLETE) {
        print_incomplete(path, &why);
        return EX_DATAERR;
    }

    if (o->explain) {
        auto_buf text = BUF_INIT;
        explain_file(&text, buf_str(&content), content.len, s->maps, s->n_maps, &limits);
        printf("%s\n", buf_str(&text));
    }

    const char *slash = strrchr(path, '/');
    char *key auto_free = new_object_key(&content);
    struct import_job job = {
        .site = s->site->name,
        .name = slash ? slash + 1 : path,
        .object_key = key,
        .data = buf_str(&content),
        .len = content.len,
        .maps = s->maps,
        .n_maps = s->n_maps,
        .limits = &limits,
        .policy = &s->site->policy,
    };
    struct import_result result cleanup(import_result_release) = {0};
    auto_buf cards = BUF_INIT;
    rc = decide(s, &job, o, &result, &cards, err);
    if (rc < 0)
        return cli_fail(rc, err);
    fputs(result.text, stdout);
    fputs(buf_str(&cards), stdout);
    if (o->dry_run)
        fputs("\ndry run: nothing was changed\n", stdout);
    return exit_of(result.verdict);
}

/* The graver of two exit codes: busy, then trouble, then refused orders. */
static int graver(int a, int b)
{
    if (a == EX_TEMPFAIL || b == EX_TEMPFAIL)
        return EX_TEMPFAIL;
    if (a != EX_OK && a != EX_DATAERR)
        return a;
    return b != EX_OK ? b : a;
}

int cmd_import(int argc, char **argv)
{
    struct options o;
    int code = parse_options(argc, argv, &o);
    if (code)
        return code < 0 ? EX_OK : code;
    struct error err cleanup(error_release) = ERROR_INIT;
    struct session s = {0};
    int rc = session_open(&s, argv[optind], &o, &err);
    if (rc < 0) {
        session_close(&s);
        return cli_fail(rc, &err);
    }
    code = EX_OK;
    for (int i = optind + 1; i < argc; i++) {
        struct error one cleanup(error_release) = ERROR_INIT;
        if (i > optind + 1)
            putchar('\n');
        code = graver(code, import_one(&s, argv[i], &o, &one));
        fflush(stdout);
        if (code == EX_TEMPFAIL)
            break; /* the next files would wait as long for nothing */
    }
    session_close(&s);
    if (ferror(stdout)) {
        perror("shopctl: standard output");
        return EX_IOERR;
    }
    return code;
}
