/* shopctl orders: a list of orders, everything about one, or what became of it. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/error.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/orders.h"
#include "cli/table.h"
#include "mapping/order.h"
#include "store/store.h"

static const char usage_text[] =
    "Usage: shopctl orders SOURCE list [OPTION...]\n"
    "       shopctl orders SOURCE show NUMBER [--invoices] [--site=NAME] [--format=FORMAT]\n"
    "       shopctl orders SOURCE handle NUMBER [--site=NAME]\n"
    "       shopctl orders SOURCE status NUMBER WORD [--tracking=CODE] [--site=NAME]\n"
    "       shopctl orders SOURCE cancel NUMBER [--site=NAME]\n"
    "\n"
    "list shows the newest orders first, show everything about one order. handle says that\n"
    "somebody works on it: files do not change it any more. status and cancel say what became\n"
    "of it; shipped, delivered, cancelled and returned give its reservation back.\n"
    "\n"
    "      --site=NAME      only orders of this web shop\n"
    "      --invoices       with any of these: invoices in place of orders\n"
    "      --status=WORD    only in this status: new, accepted, paid, packed, shipped,\n"
    "                       delivered, cancelled or returned\n"
    "      --since=DATE     only orders of this day or later (2026-11-22, also with a time)\n"
    "      --limit=N        at most N orders\n"
    "      --tracking=CODE  the parcel's number, for the web shop\n"
    "      --format=FORMAT  text (default), csv (RFC 4180) or json\n"
    "  -h, --help           this text\n"
    "\n"
    "Times are UTC. Amounts are exact, with VAT, in the order's currency.\n";

struct options {
    const char *site, *status, *tracking, *kind;
    char since[CLOCK_SQL_LEN + 1];
    long long limit;
    enum output_format format;
};

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "shopctl: orders: %s '%s'; try 'shopctl orders --help'\n", what, value);
    return EX_USAGE;
}

/* 0, or an exit code; -1: help was shown. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"site", required_argument, NULL, 's'},
        {"status", required_argument, NULL, 't'},
        {"invoices", no_argument, NULL, 'i'},
        {"since", required_argument, NULL, 'd'},
        {"limit", required_argument, NULL, 'l'},
        {"format", required_argument, NULL, 'f'},
        {"tracking", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    *o = (struct options){.kind = "order", .limit = -1};
    optind = 0;
    for (int c; (c = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        char *end;
        switch (c) {
        case 's':
            o->site = optarg;
            break;
        case 't':
            if (!order_status_word(optarg))
                return usage_error("no status", optarg);
            o->status = optarg;
            break;
        case 'i':
            o->kind = "invoice";
            break;
        case 'p':
            o->tracking = optarg;
            break;
        case 'd':
            if (clock_parse_date(optarg, false, o->since) != 0)
                return usage_error("not a date:", optarg);
            break;
        case 'l':
            errno = 0;
            o->limit = strtoll(optarg, &end, 10);
            if (errno || end == optarg || *end || o->limit < 0)
                return usage_error("not a number of orders:", optarg);
            break;
        case 'f':
            if (output_format_parse(optarg, &o->format) < 0)
                return usage_error("no format", optarg);
            break;
        case 'h':
            fputs(usage_text, stdout);
            return -1;
        default:
            return EX_USAGE;
        }
    }
    return 0;
}

static int orders_list(struct db *db, const struct options *o, struct buf *out, struct error *err)
{
    struct stmt *st = NULL;
    struct table table cleanup(table_release) = {0};
    int rc = db_prepare(
        db, &st,
        "SELECT o.number, s.name AS site, coalesce(o.ordered, o.received) AS created,"
        " coalesce(c.name, '') AS customer, (SELECT count(*) FROM order_line l WHERE l.order_id = o.id) AS "
        "lines,"
        " o.lines_total_e4 AS total_e4, o.currency, o.status, coalesce(o.payment_method, '') AS payment,"
        " o.paid AS paid_flag, o.revision,"
        " (SELECT count(*) FROM order_warning w WHERE w.order_id = o.id) AS warnings"
        " FROM orders o JOIN site s ON s.id = o.site_id LEFT JOIN customer c ON c.id = o.customer_id"
        " WHERE o.kind = :kind AND (:site IS NULL OR s.name = :site) AND (:status IS NULL OR o.status = "
        ":status)"
        " AND (:since IS NULL OR coalesce(o.ordered, o.received) >= :since)"
        " ORDER BY coalesce(o.ordered, o.received) DESC, o.id DESC LIMIT :limit",
        err);
    if (rc < 0)
        return rc;
    stmt_bind_text(st, "kind", o->kind);
    stmt_bind_text(st, "site", o->site);
    stmt_bind_text(st, "status", o->status);
    stmt_bind_text(st, "since", *o->since ? o->since : NULL);
    stmt_bind_int(st, "limit", o->limit < 0 ? INT64_MAX : o->limit);
    rc = table_load(&table, st, err);
    stmt_free(st);
    if (rc < 0)
        return rc;
    if (o->format == OUTPUT_CSV) {
        table_write_csv(&table, out);
    } else if (o->format == OUTPUT_JSON) {
        table_write_json(&table, out);
        buf_add_char(out, '\n');
    } else {
        table_write_text(&table, false, out);
    }
    return 0;
}

enum verb { VERB_LIST, VERB_SHOW, VERB_HANDLE, VERB_STATUS, VERB_CANCEL, VERB_COUNT };

static const struct {
    const char *name;
    int words; /* after it */
} verbs[VERB_COUNT] = {{"list", 0}, {"show", 1}, {"handle", 1}, {"status", 2}, {"cancel", 1}};

static int look(struct db *db, const struct options *o, enum verb verb, char **words, struct buf *out,
                struct error *err)
{
    int rc = db_begin_read(db, err);
    if (rc == 0)
        rc = verb == VERB_LIST ? orders_list(db, o, out, err)
                               : orders_show(db, o->site, o->kind, words[0], o->format, out, err);
    db_end(db);
    return rc;
}

static int change(struct db *db, const struct options *o, enum verb verb, char **words, struct buf *out,
                  struct error *err)
{
    int rc = db_begin_write(db, err);
    if (rc == 0 && verb == VERB_HANDLE)
        rc = orders_handle(db, o->site, o->kind, words[0], out, err);
    else if (rc == 0)
        rc = orders_set_status(db, o->site, o->kind, words[0], verb == VERB_CANCEL ? "cancelled" : words[1],
                               o->tracking, out, err);
    if (rc == 0)
        rc = db_commit(db, err);
    db_end(db);
    return rc;
}

/* The verb of the arguments behind SOURCE; VERB_COUNT: none. */
static enum verb parse_verb(char **args, int n)
{
    enum verb verb = VERB_LIST;
    while (verb < VERB_COUNT && (n != 1 + verbs[verb].words || strcmp(args[0], verbs[verb].name) != 0))
        verb++;
    return verb;
}

static int run(const char *source, const struct options *o, enum verb verb, char **words, struct buf *out,
               struct error *err)
{
    struct shop_config *config = NULL;
    struct store *store = NULL;
    struct db *db = NULL;
    bool reads = verb == VERB_LIST || verb == VERB_SHOW;
    int rc = shop_config_load(&config, source, err);
    if (rc == 0)
        rc = store_open(&store, config->database, 0, err);
    if (rc == 0 && !reads)
        rc = cli_put_rows(store, config, err);
    if (rc == 0)
        rc = reads ? store_reader(store, &db, err) : store_writer(store, &db, err);
    if (rc == 0)
        rc = reads ? look(db, o, verb, words, out, err) : change(db, o, verb, words, out, err);
    if (db)
        db_close(db);
    store_close(store);
    shop_config_free(config);
    return rc;
}

int cmd_orders(int argc, char **argv)
{
    struct options o;
    int code = parse_options(argc, argv, &o);
    if (code)
        return code < 0 ? EX_OK : code;
    char **args = argv + optind;
    int n = argc - optind;
    enum verb verb = n > 1 ? parse_verb(args + 1, n - 1) : VERB_COUNT;
    if (verb == VERB_COUNT) {
        fputs(usage_text, stderr);
        return EX_USAGE;
    }
    if (verb == VERB_STATUS && !order_status_word(args[3]))
        return usage_error("no status", args[3]);

    struct error err cleanup(error_release) = ERROR_INIT;
    auto_buf out = BUF_INIT;
    int rc = run(args[0], &o, verb, args + 2, &out, &err);
    if (rc < 0)
        return cli_fail(rc, &err);
    if (fwrite(buf_str(&out), 1, out.len, stdout) != out.len || fflush(stdout) != 0) {
        perror("shopctl: standard output");
        return EX_IOERR;
    }
    return EX_OK;
}
