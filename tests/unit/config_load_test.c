/* SOURCE to a configuration: defaults of a database file, keys of a configuration file, and what a mistake
 * says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/config.h"

static char dir[] = "/tmp/shopfs-config-XXXXXX";

static char *in_dir(const char *name)
{
    return xasprintf("%s/%s", dir, name);
}

static void write_file(const char *name, const char *data, size_t len)
{
    char *path = in_dir(name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
    free(path);
}

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(dir));
    char *maps = in_dir("maps"), *export = in_dir("maps/export"), *order = in_dir("maps/order");
    mkdir(maps, 0755);
    mkdir(export, 0755);
    mkdir(order, 0755);
    setenv("SHOPFS_MAPPING_DIR", maps, 1);
    free(maps);
    free(export);
    free(order);
    static const char *const files[] = {"maps/export/joomshopping.xml", "maps/export/yml.xml",
                                        "maps/export/google.xml",       "maps/order/alpha.xml",
                                        "maps/order/commerceml.xml",    "maps/order/plain.xml",
                                        "maps/order/readme.txt",        "mine.xml"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        write_file(files[i], "<x/>", 4);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char *command = xasprintf("rm -r '%s'", dir);
    int ret = system(command);
    free(command);
    return ret;
}

static struct shop_config *load_text(const char *text)
{
    struct shop_config *c = NULL;
    struct error err = ERROR_INIT;
    write_file("shop.conf", text, strlen(text));
    char *path = in_dir("shop.conf");
    int ret = shop_config_load(&c, path, &err);
    if (ret < 0)
        fail_msg("%d: %s:%d %s", ret, err.file, err.line, err.message);
    assert_null(err.message);
    free(path);
    return c;
}

/* The text is refused at `line` with words of message and advice. */
static void refused(const char *text, int line, const char *words, const char *advice)
{
    struct shop_config *c = NULL;
    struct error err = ERROR_INIT;
    write_file("shop.conf", text, strlen(text));
    char *path = in_dir("shop.conf");
    assert_int_equal(shop_config_load(&c, path, &err), -EINVAL);
    assert_null(c);
    assert_string_equal(err.file, path);
    if (!strstr(err.message, words))
        fail_msg("'%s' lacks '%s'", err.message, words);
    if (advice && (!err.advice || !strstr(err.advice, advice)))
        fail_msg("'%s' lacks '%s'", err.advice ? err.advice : "", advice);
    assert_int_equal(err.line, line);
    error_release(&err);
    free(path);
}

static void assert_path(const char *actual, const char *name)
{
    char *path = in_dir(name);
    assert_string_equal(actual, path);
    free(path);
}

static void a_database_gets_defaults(void **state)
{
    (void)state;
    static const char head[100] = "SQLite format 3";
    write_file("store.db", head, sizeof head);
    char *path = in_dir("store.db");
    struct shop_config *c;
    struct error err = ERROR_INIT;
    assert_int_equal(shop_config_load(&c, path, &err), 0);
    assert_string_equal(c->source, path);
    assert_string_equal(c->database, path);
    assert_path(c->state_dir, "store.state");
    assert_path(c->picture_dir, "store.images");
    assert_int_equal(c->n_sites, 1);
    struct site_config *s = c->sites;
    assert_string_equal(s->name, "main");
    assert_path(s->exports[0], "maps/export/joomshopping.xml");
    assert_path(s->exports[1], "maps/export/yml.xml");
    assert_path(s->exports[2], "maps/export/order-status.xml");
    assert_path(s->exports[3], "maps/export/order-status-xml.xml");
    assert_null(s->exports[4]);
    assert_path(s->order_mappings[0], "maps/order/plain.xml");
    assert_path(s->order_mappings[1], "maps/order/commerceml.xml");
    assert_path(s->order_mappings[2], "maps/order/alpha.xml");
    assert_null(s->order_mappings[3]);
    assert_int_equal(s->uid, 0);
    assert_int_equal(s->incoming_mode, 01777);
    assert_int_equal(s->limits.bytes, 64 << 20);
    assert_int_equal(s->max_files, 10000);
    assert_int_equal(s->linger_s, 10);
    assert_int_equal(s->pending_s, 86400);
    shop_config_free(c);
    free(path);
}

static void names_without_suffix_and_links(void **state)
{
    (void)state;
    static const char head[100] = "SQLite format 3";
    write_file("plain", head, sizeof head);
    char *target = in_dir("plain"), *link = in_dir("link.db");
    assert_int_equal(symlink(target, link), 0);
    struct shop_config *c;
    assert_int_equal(shop_config_load(&c, link, NULL), 0);
    assert_string_equal(c->source, link);
    assert_string_equal(c->database, target);
    assert_path(c->state_dir, "plain.state");
    shop_config_free(c);

    assert_int_equal(chdir(dir), 0);
    assert_int_equal(shop_config_load(&c, "plain", NULL), 0);
    assert_string_equal(c->database, target);
    shop_config_free(c);
    assert_int_equal(chdir("/"), 0);
    free(target);
    free(link);
}

static void every_key(void **state)
{
    (void)state;
    struct shop_config *c = load_text("\xEF\xBB\xBF; a shop\n"
                                      "[shop]\r\n"
                                      "database = data/shop.db\n"
                                      "state = ./state   ; beside this file\n"
                                      "pictures = /srv/pictures\n"
                                      "\n"
                                      "[site  first]\n"
                                      "exports = yml, ./mine.xml\n"
                                      "\tgoogle\n"
                                      "orders = commerceml\n"
                                      "user = 1234\n"
                                      "group = root\n"
                                      "max-upload = 2M\n"
                                      "max-files = 7\n"
                                      "max-orders = 8\n"
                                      "max-lines = 9\n"
                                      "linger = 1m\n"
                                      "pending = 2d\n"
                                      "[site second]\n"
                                      "exports =\n"
                                      "order-status = no\n"
                                      "incoming-mode = 2750\n"
                                      "[site third]\n");
    assert_path(c->database, "data/shop.db");
    assert_path(c->state_dir, "state");
    assert_string_equal(c->picture_dir, "/srv/pictures");
    assert_int_equal(c->n_sites, 3);
    struct site_config *s = c->sites;
    assert_string_equal(s->name, "first");
    assert_path(s->exports[0], "maps/export/yml.xml");
    assert_path(s->exports[1], "mine.xml");
    assert_path(s->exports[2], "maps/export/google.xml");
    assert_path(s->exports[3], "maps/export/order-status.xml");
    assert_path(s->exports[4], "maps/export/order-status-xml.xml");
    assert_null(s->exports[5]);
    assert_path(s->order_mappings[0], "maps/order/commerceml.xml");
    assert_null(s->order_mappings[1]);
    assert_int_equal(s->uid, 1234);
    assert_int_equal(s->gid, 0);
    assert_int_equal(s->incoming_mode, 03770);
    assert_int_equal(s->limits.bytes, 2 << 20);
    assert_int_equal(s->max_files, 7);
    assert_int_equal(s->limits.orders, 8);
    assert_int_equal(s->limits.lines, 9);
    assert_int_equal(s->linger_s, 60);
    assert_int_equal(s->pending_s, 2 * 86400);
    s++;
    assert_string_equal(s->name, "second");
    assert_null(s->exports[0]);
    assert_non_null(s->order_mappings[2]);
    assert_int_equal(s->incoming_mode, 02750);
    s++;
    assert_string_equal(s->name, "third");
    assert_non_null(s->exports[1]);
    assert_int_equal(s->incoming_mode, 01777);
    shop_config_free(c);
}

#define SHOP "[shop]\ndatabase = shop.db\n"

static void the_site_s_row(void **state)
{
    (void)state;
    struct shop_config *c = load_text(SHOP "[site a]\n"
                                           "title = Shop; of A ; a comment\n"
                                           "url = https://a.example/\n"
                                           "price_list = retail\n"
                                           "language = uk\n"
                                           "fallback-language =\n"
                                           "stock-buffer = 2.5\n"
                                           "vat-included = no\n"
                                           "warehouses = main, store\n"
                                           "  third\n"
                                           "[site b]\n"
                                           "warehouses =\n"
                                           "[site c]\n");
    struct site_config *s = c->sites;
    assert_string_equal(s->row[SITE_TITLE].text, "Shop; of A");
    assert_int_equal(s->row[SITE_TITLE].line, 4);
    assert_string_equal(s->row[SITE_URL].text, "https://a.example/");
    assert_string_equal(s->row[SITE_PRICE_LIST].text, "retail");
    assert_string_equal(s->row[SITE_LANGUAGE].text, "uk");
    assert_string_equal(s->row[SITE_FALLBACK_LANGUAGE].text, "");
    assert_string_equal(s->row[SITE_STOCK_BUFFER].text, "2500");
    assert_string_equal(s->row[SITE_VAT_INCLUDED].text, "0");
    assert_null(s->row[SITE_CURRENCY].text);
    assert_int_equal(s->n_warehouses, 3);
    assert_string_equal(s->warehouses[2].text, "third");
    assert_int_equal(s->warehouses_line, 11);
    assert_int_equal(s->warehouses[2].line, 12);
    assert_int_equal(s[1].n_warehouses, 0);
    assert_int_equal(s[1].warehouses_line, 14);
    assert_int_equal(s[2].warehouses_line, 0);
    for (int i = 0; i < SITE_SETTINGS; i++) {
        assert_non_null(site_setting_keys[i]);
        assert_null(s[2].row[i].text);
    }
    shop_config_free(c);
}

static void directories(void **state)
{
    (void)state;
    struct shop_config *c = load_text(SHOP "[site a]\n[site b]\npath = a-b.example\n");
    assert_string_equal(c->sites[0].path, "a");
    assert_string_equal(c->sites[1].path, "a-b.example");
    shop_config_free(c);
    c = load_text(SHOP "[site a]\n");
    assert_null(c->sites[0].path);
    shop_config_free(c);
    c = load_text(SHOP "[site a]\npath = b\n");
    assert_string_equal(c->sites[0].path, "b");
    shop_config_free(c);
    c = load_text(SHOP "[site a]\npath = b\n[site b]\npath = a\n");
    assert_string_equal(c->sites[0].path, "b");
    assert_string_equal(c->sites[1].path, "a");
    shop_config_free(c);
    refused(SHOP "[site a]\npath = x\n[site b]\npath = x\n", 6, "sites 'a' and 'b' have one directory, 'x'", "path");
    refused(SHOP "[site a]\npath = b\n[site b]\n", 5, "'b'", NULL);
    refused(SHOP "[site b]\n[site a]\npath = b\n", 5, "'b'", NULL);
    static const char *const bad[] = {"a/b", "/a", "..", ".", ".shopfs", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *text = xasprintf(SHOP "[site a]\npath = %s\n", bad[i]);
        refused(text, 4, "directory's name", "without '/'");
        free(text);
    }
}

static void policies_and_words(void **state)
{
    (void)state;
    struct shop_config *c =
        load_text("[shop]\ndatabase = shop.db\n[site a]\nunknown-code = refuse\n"
                  "customer-update = overwrite\ninvoices = take\n[site b]\nunknown-code = keep\n"
                  "[status a]\nВ обробці = accepted\nPaid by card = marked-paid\n"
                  "[payment b]\nЧастково = partly\n");
    assert_int_equal(c->n_sites, 2);
    assert_true(c->sites[0].policy.refuse_unknown_code);
    assert_true(c->sites[0].policy.overwrite_customer);
    assert_int_equal(c->sites[0].policy.n_words, 2);
    assert_string_equal(c->sites[0].policy.words[0].word, "в обробці");
    assert_string_equal(c->sites[0].policy.words[0].status, "accepted");
    assert_int_equal(c->sites[0].policy.words[0].paid, -1);
    assert_null(c->sites[0].policy.words[1].status);
    assert_int_equal(c->sites[0].policy.words[1].paid, 1);
    assert_int_equal(c->sites[0].policy.invoices, INVOICES_TAKE);
    assert_int_equal(c->sites[0].policy.n_payments, 0);
    assert_int_equal(c->sites[1].policy.invoices, INVOICES_AS_SITE);
    assert_int_equal(c->sites[1].policy.n_payments, 1);
    assert_string_equal(c->sites[1].policy.payments[0].word, "частково");
    assert_string_equal(c->sites[1].policy.payments[0].payment, "partly");
    assert_false(c->sites[1].policy.refuse_unknown_code);
    assert_false(c->sites[1].policy.overwrite_customer);
    assert_int_equal(c->sites[1].policy.n_words, 0);
    shop_config_free(c);
}

static void mistakes_name_their_line(void **state)
{
    (void)state;
    refused(SHOP "databse = x\n", 3, "'databse'", "database, state, pictures");
    refused(SHOP "linger = 5\n", 3, "'linger'", "database");
    refused(SHOP "[site a]\nstate = x\n", 4, "'state'", "path, exports, orders, order-status, user");
    refused(SHOP "\n# more\n[shops]\n", 5, "'shops'", "[site NAME]");
    refused(SHOP "[site]\n", 3, "without a name", "[site NAME]");
    refused(SHOP "[site a/b]\n", 3, "'a/b'", NULL);
    refused(SHOP "[site ..]\n", 3, "'..'", NULL);
    refused(SHOP "[site .shopfs]\n", 3, "'.shopfs'", NULL);
    refused(SHOP "[site a]\n[site b]\n[site a]\n", 5, "second time", NULL);
    refused(SHOP "[site a\n", 3, "']'", NULL);
    refused("database = shop.db\n", 1, "before any section", "[shop]");
    refused(SHOP "database = other.db\n", 3, "second time", NULL);
    refused(SHOP "nonsense\n", 3, "key = value", NULL);
    refused("[shop]\nstate = x\n", 0, "no database", "database = ");
    refused("[shop]\ndatabase =\n", 2, "missing", NULL);
    refused("[shop]\ndatabase = shop.db\n  state = x\n", 3, "several lines", NULL);
    refused(SHOP "[site a]\nlinger = 4\n", 4, "5 to 3600", NULL);
    refused(SHOP "[site a]\nlinger = ten\n", 4, "'ten'", NULL);
    refused(SHOP "[site a]\nmax-upload = 5X\n", 4, "'5X'", "KMG");
    refused(SHOP "[site a]\nmax-upload = -5\n", 4, "'-5'", NULL);
    refused(SHOP "[site a]\nmax-upload = 99999999999999999999\n", 4, "number", NULL);
    refused(SHOP "[site a]\nmax-upload = 18014398509481985K\n", 4, "number", NULL);
    refused(SHOP "[site a]\nmax-files = 0\n", 4, "'0'", NULL);
    refused(SHOP "[site a]\nincoming-mode = 0999\n", 4, "octal", "03770");
    refused(SHOP "[site a]\nuser = no-such-user\n", 4, "no user", NULL);
    refused(SHOP "[site a]\ngroup = no-such-group\n", 4, "no group", NULL);
    refused(SHOP "[site a]\nexports = yml\n  nope\n", 5, "'nope'", "google, joomshopping, yml");
    refused(SHOP "[site a]\norders = yml\n", 4, "'yml'", "alpha, commerceml, plain");
    refused(SHOP "[site a]\nunknown-code = drop\n", 4, "neither 'keep' nor 'refuse'", NULL);
    refused(SHOP "[site a]\ncustomer-update = yes\n", 4, "neither 'fill' nor 'overwrite'", NULL);
    refused(SHOP "[site a]\ninvoices = yes\n", 4, "neither 'ignore' nor 'take'", NULL);
    refused(SHOP "[payment a]\nx = paid\n", 3, "no site 'a' above", "then [payment a]");
    refused(SHOP "[site a]\n[payment a]\nx = new\n", 5, "not what a payment word can mean", "refunded");
    refused(SHOP "[site a]\n[payment a]\nx = paid\nX = paid\n", 6, "second time", NULL);
    refused(SHOP "[status a]\nx = new\n", 3, "no site 'a' above", "[site a] first");
    refused(SHOP "[site a]\n[status a]\nx = done\n", 5, "'done'", "delivered");
    refused(SHOP "[site a]\n[status a]\nx = new\nX = paid\n", 6, "second time", NULL);
    refused(SHOP "[site a]\n[status a]\nx = new\n  paid\n", 6, "several lines", NULL);
    refused(SHOP "[site a]\npath = a\npath = b\n", 5, "second time", NULL);
    refused(SHOP "[site a]\nprice-list = a\nprice_list = a\n", 5, "second time", NULL);
    refused(SHOP "[site a]\nprice-list = a\n  b\n", 5, "several lines", NULL);
    refused(SHOP "[site a]\nprice-list =\n", 4, "code is missing", NULL);
    refused(SHOP "[site a]\nlanguage =\n", 4, "code is missing", NULL);
    refused(SHOP "[site a]\ncurrency =\n", 4, "code is missing", NULL);
    refused(SHOP "[site a]\nstock-buffer = -1\n", 4, "not a quantity", NULL);
    refused(SHOP "[site a]\nstock-buffer =\n", 4, "not a quantity", NULL);
    refused(SHOP "[site a]\nstock-buffer = two\n", 4, "'two'", NULL);
    refused(SHOP "[site a]\nvat-included = 1\n", 4, "neither 'no' nor 'yes'", NULL);
    refused(SHOP "[site a]\nurl = https://a.example\n", 4, "does not end in '/'", NULL);
    refused(SHOP "[site a]\nwarehouses = x y\n  x\n", 5, "second time", NULL);
    refused(SHOP "[site a]\nexports = gone.xml\n", 4, "gone.xml", NULL);
    refused(SHOP "[site a]\nexports = yml yml\n", 4, "second time", NULL);
    char long_line[400] = SHOP "state = ";
    memset(long_line + strlen(long_line), 'x', 300);
    refused(long_line, 3, "bytes", "further lines");
}

static void refused_source(const char *name, int code, const char *words)
{
    struct shop_config *c = NULL;
    struct error err = ERROR_INIT;
    char *path = in_dir(name);
    assert_int_equal(shop_config_load(&c, path, &err), code);
    assert_null(c);
    if (!strstr(err.message, words) || !strstr(err.message, path))
        fail_msg("'%s' lacks '%s' or '%s'", err.message, words, path);
    error_release(&err);
    free(path);
}

static void what_is_no_source(void **state)
{
    (void)state;
    refused_source("missing.db", -ENOENT, "No such file");
    refused_source("maps", -EISDIR, "is not a file");
    refused_source("mine.xml", -EUCLEAN, "neither");
    write_file("empty", "", 0);
    refused_source("empty", -EUCLEAN, "neither");
    write_file("binary", "[shop]\n\0x", 9);
    refused_source("binary", -EUCLEAN, "neither");
    write_file("latin", "[shop]\ndatabase = \xE9\n", 20);
    refused_source("latin", -EUCLEAN, "neither");
    write_file("catalog.csv", "sku;name\n1;x\n", 13);
    refused_source("catalog.csv", -EUCLEAN, "neither");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_database_gets_defaults),
        cmocka_unit_test(names_without_suffix_and_links),
        cmocka_unit_test(every_key),
        cmocka_unit_test(the_site_s_row),
        cmocka_unit_test(directories),
        cmocka_unit_test(policies_and_words),
        cmocka_unit_test(mistakes_name_their_line),
        cmocka_unit_test(what_is_no_source),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
