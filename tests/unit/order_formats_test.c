/*
 * Every order format: files of our own in tests/orders with what they must become beside them
 * (NAME.expected), and the public samples, where they are at hand, against the results computed for them
 * beforehand.
 *
 * With SHOPFS_WRITE_EXPECTED=1 in the environment the expected files are written instead of compared.
 */
#include <dirent.h>

#include "order_dump.h"
#include "order_fixture.h"

#include "base/text.h"

#define MAPS_MAX 64

static struct order_map *maps[MAPS_MAX];
static size_t n_maps;
static struct order_limits limits = ORDER_LIMITS_DEFAULT;

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a directory below tests/, sorted; the caller frees. */
static size_t names_in(const char *relative, const char *suffix, char ***out)
{
    char *path = xasprintf("%s/%s", TEST_SOURCE_DIR, relative);
    DIR *dir = opendir(path);
    size_t n = 0, cap = 0;

    *out = NULL;
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (e->d_name[0] == '.' || (suffix && !text_ends_with_nocase(e->d_name, suffix)))
            continue;
        array_grow(*out, n, cap);
        (*out)[n++] = xstrdup(e->d_name);
    }
    if (dir)
        closedir(dir);
    free(path);
    if (n)
        qsort(*out, n, sizeof **out, by_name);
    return n;
}

static void names_free(char **names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

/* All that is shipped, in the order a site has without a word in its configuration. */
static int load_maps(void **state)
{
    char **names;
    size_t n = names_in("../mapping/order", ".xml", &names);

    (void)state;
    limits.no_end_mark = true;
    maps[n_maps++] = shipped("plain");
    maps[n_maps++] = shipped("commerceml");
    for (size_t i = 0; i < n; i++) {
        names[i][strlen(names[i]) - 4] = '\0';
        if (strcmp(names[i], "plain") != 0 && strcmp(names[i], "commerceml") != 0)
            maps[n_maps++] = shipped(names[i]);
    }
    names_free(names, n);
    return 0;
}

static int free_maps(void **state)
{
    (void)state;
    while (n_maps)
        order_map_free(maps[--n_maps]);
    return 0;
}

static struct order_map *map_named(const char *name)
{
    for (size_t i = 0; i < n_maps; i++)
        if (strcmp(order_map_name(maps[i]), name) == 0)
            return maps[i];
    fail_msg("no mapping '%s'", name);
    return NULL;
}

static void parse(struct order_file *f, const void *data, size_t len)
{
    struct error err = ERROR_INIT;

    if (order_parse(f, data, len, maps, n_maps, &limits, &err) != 0) {
        auto_buf b = BUF_INIT;

        error_format(&err, &b);
        fail_msg("%s", buf_str(&b));
    }
}

/* -- our own files --------------------------------------------------------------------------------------- */

static void compare(const char *name, const char *made)
{
    char *relative = xasprintf("orders/%s.expected", name);
    auto_buf expected = test_file(relative);

    if (getenv("SHOPFS_WRITE_EXPECTED")) {
        char *path = xasprintf("%s/%s", TEST_SOURCE_DIR, relative);
        auto_close int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        assert_true(fd >= 0);
        assert_int_equal(io_write_full(fd, made, strlen(made)), 0);
        free(path);
    } else if (strcmp(made, buf_str(&expected)) != 0) {
        fail_msg("%s became:\n%s\nexpected:\n%s", name, made, buf_str(&expected));
    }
    free(relative);
}

/* NAME.MAPPING.xml in orders/pinned is read by MAPPING alone, every other file by whichever mapping knows it.
 */
static void test_own_files(void **state)
{
    char **names;
    size_t n = names_in("orders", NULL, &names);
    size_t seen = 0;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        char *relative = xasprintf("orders/%s", names[i]);
        auto_buf made = BUF_INIT;
        struct order_file f = {0};
        struct error err = ERROR_INIT;

        if (!text_ends_with_nocase(names[i], ".expected")) {
            auto_buf bytes = test_file(relative);
            const char *pinned = strstr(names[i], "@");
            int rc;

            if (pinned) {
                char *name = xstrndup(pinned + 1, strcspn(pinned + 1, "."));
                struct order_map *one = map_named(name);

                free(name);
                rc = order_parse(&f, bytes.data, bytes.len, &one, 1, &limits, &err);
            } else {
                rc = order_parse(&f, bytes.data, bytes.len, maps, n_maps, &limits, &err);
            }
            if (rc < 0) {
                buf_add_str(&made, "refused: ");
                error_format(&err, &made);
                buf_add_char(&made, '\n');
            } else {
                dump_file(&made, &f);
            }
            compare(names[i], buf_str(&made));
            order_file_release(&f);
            seen++;
        }
        error_release(&err);
        free(relative);
    }
    names_free(names, n);
    assert_true(seen >= 25);
}

/* No file is known to two mappings, so that their order decides nothing (other names of a mapping left out).
 */
struct asked {
    unsigned fits;
    char who[200];
};

static void test_one_mapping_each(void **state)
{
    char **names;
    size_t n = names_in("orders", ".xml", &names);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        char *relative = xasprintf("orders/%s", names[i]);
        auto_buf bytes = test_file(relative);
        auto_buf who = BUF_INIT;
        unsigned fits = 0;

        free(relative);
        for (size_t k = 0; k < n_maps; k++) {
            struct order_file f = {0};
            struct order_map *one = maps[k];

            if (order_map_base(one) || order_parse(&f, bytes.data, bytes.len, &one, 1, &limits, NULL) != 0)
                continue;
            if (f.mapping) {
                fits++;
                buf_addf(&who, " %s", f.mapping);
            }
            order_file_release(&f);
        }
        if (fits > 1)
            fail_msg("%s is known to%s", names[i], buf_str(&who));
    }
    names_free(names, n);
}

/* -- the public samples ---------------------------------------------------------------------------------- */

struct expected {
    const char *file, *mapping;
    size_t orders;
    const char *number; /* NULL: the first order is refused for want of one */
    size_t lines;
    const char *sum;      /* price times quantity of the lines, as the file has the prices */
    const char *total;    /* NULL: the file has none */
    const char *currency; /* NULL: none */
};

static const struct expected samples[] = {
    {"shoptet/orders-system-template.xml", "shoptet", 4, "2026000101", 5, "1009", "1009", "CZK"},
    {"pohoda/stormware-official-order_01-windows1250.xml", "pohoda", 1, "20140505A001", 2, "398", NULL, NULL},
    {"pohoda/eshop-rychle-to-pohoda-readme.xml", "pohoda", 1, "ORDER_NUMBER", 1, "200", NULL, NULL},
    {"stormware-eform/eform-order-1.2-instance.xml", "eform", 1, "3478", 5, "351", NULL, NULL},
    {"money-s3/objprij-eshop-instance.xml", "money-s3", 1, "1042", 3, "639", "639", NULL},
    {"commerceml/official-doc-orders-and-statuses-2.03-utf8.xml", "commerceml", 1, "36", 2, "6734.47",
     "6734.47", "RUB"},
    {"commerceml/bitrix-site-order-2.03-windows1251.xml", "commerceml", 1, "20", 2, "9683.42", "9683.42",
     "RUB"},
    {"prestashop/ws-order-5.xml", "prestashop", 1, "KHWLILZLL", 4, "71.51", "71.51", NULL},
    {"oxid/lexware-bestellliste-9991.xml", "oxid", 1, "9991", 3, "38", "34", "EUR"},
    {"woocommerce/webtoffee-general_export_import_sample.xml", "woocommerce", 1, "2102", 3, "140.8", "140.8",
     "USD"},
    {"shipstation/shipstation-custom-store-orders.xml", "shipstation", 1, "ABC123", 3, "22.48", "123.45",
     NULL},
    {"magento/m1-rest-orders-list.xml", "magento1", 2, NULL, 2, "14105", "14105", "USD"},
    {"prom-ua/tiu-prom-orders-en.xml", "prom-ua", 1, "2803303", 2, "691", "691", "RUB"},
    {"ubl/peppol-bis3-UC1_Order.xml", "ubl", 1, "1", 3, "115", "143.75", "EUR"},
    {"ubl/UBL-Order-2.1-Example.xml", "ubl", 1, "34", 4, "6225", "6225", "SEK"},
    {"opentrans/minimal_valid_order-2.1.xml", "opentrans", 1, "order-id-1", 1, "0", NULL, NULL},
    {"opentrans/Example_ORDER_Testdistributor_Bestellung.xml", "opentrans", 1, "ORDER_180801-004", 3, "2298",
     "2298", "EUR"},
    {"torgsoft/1057.sal", "torgsoft", 1, "1057", 2, "36", NULL, NULL},
    /* Not orders, or of nobody's format. */
    {"pohoda/response-order-ok.xml", "pohoda", 0, NULL, 0, NULL, NULL, NULL},
    {"prestashop/ws-address-4.xml", NULL, 0, NULL, 0, NULL, NULL, NULL},
    {"prestashop/ws-order_history-status-feedback-blank.xml", NULL, 0, NULL, 0, NULL, NULL, NULL},
    {"generic-custom/keboola-orders-attr-currency.xml", NULL, 0, NULL, 0, NULL, NULL, NULL},
};

static struct buf sample(const char *name)
{
    static const char *const places[] = {"../../shared/samples/orders", "../../../shared/samples/orders"};
    struct buf b = BUF_INIT;

    for (size_t i = 0; i < sizeof places / sizeof *places && !b.data; i++) {
        char *relative = xasprintf("%s/%s", places[i], name);

        b = test_file(relative);
        free(relative);
    }
    return b;
}

static void check_amount(const char *file, const char *what, int64_t units_e4, const char *expected)
{
    auto_buf text = BUF_INIT;

    decimal_format(&text, units_e4, PRICE_SCALE, -1, '.');
    if (strcmp(buf_str(&text), expected) != 0)
        fail_msg("%s: %s is %s, not %s", file, what, buf_str(&text), expected);
}

static void check_sample(const struct expected *e, const struct order_file *f)
{
    const struct order *o = f->orders;
    int64_t sum_e7 = 0;

    if (!e->mapping ? f->mapping != NULL : !f->mapping || strcmp(f->mapping, e->mapping) != 0)
        fail_msg("%s: read by %s", e->file, f->mapping ? f->mapping : "none");
    if (f->n_orders != e->orders)
        fail_msg("%s: %zu orders", e->file, f->n_orders);
    if (e->orders == 0) {
        assert_non_null(f->seen);
        return;
    }
    if (!e->number) {
        assert_non_null(o->error.message);
        assert_string_equal(o->error.field, "number");
    } else {
        if (o->error.message)
            fail_msg("%s: refused: %s", e->file, o->error.message);
        assert_string_equal(o->number, e->number);
    }
    if (o->n_lines != e->lines)
        fail_msg("%s: %zu lines", e->file, o->n_lines);
    for (size_t i = 0; i < o->n_lines; i++)
        sum_e7 += o->lines[i].price_e4 * o->lines[i].quantity_e3;
    check_amount(e->file, "the sum", sum_e7 / 1000, e->sum);
    assert_int_equal(o->has_total, e->total != NULL);
    if (e->total)
        check_amount(e->file, "the total", o->total_e4, e->total);
    if (e->currency ? !o->currency || strcmp(o->currency, e->currency) != 0 : o->currency != NULL)
        fail_msg("%s: currency %s", e->file, o->currency ? o->currency : "none");
}

static void test_samples(void **state)
{
    size_t seen = 0;

    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        auto_buf bytes = sample(samples[i].file);
        struct order_file f;

        if (!bytes.data) {
            print_message("skipped: %s is not at hand\n", samples[i].file);
            continue;
        }
        parse(&f, bytes.data, bytes.len);
        if (getenv("SHOPFS_SHOW_SAMPLES")) {
            auto_buf b = BUF_INIT;

            dump_file(&b, &f);
            printf("== %s\n%s\n", samples[i].file, buf_str(&b));
        }
        check_sample(&samples[i], &f);
        order_file_release(&f);
        seen++;
    }
    if (!seen)
        skip();
}

/* A format that nobody ships, by a mapping that its user would write. */
static void test_sample_of_own_format(void **state)
{
    auto_buf bytes = sample("generic-custom/keboola-orders-attr-currency.xml");
    struct order_map *map;
    struct order_file f;

    (void)state;
    if (!bytes.data)
        skip();
    map = must_compile("<order-mapping xmlns='urn:shopfs:mapping' name='own' title='Own' evidence='verified'>"
                       "<detect root='root_el'/><orders path='/root_el/orders/order'><number path='id'/>"
                       "<ordered path='date'/><currency path='order-item/price/@currency'/>"
                       "<billing><name path='cust_name'/></billing>"
                       "<lines path='order-item'><name path='item'/><price path='price'/></lines>"
                       "</orders></order-mapping>");
    must_parse_bytes(&f, map, bytes.data, bytes.len);
    assert_int_equal(f.n_orders, 1);
    assert_string_equal(f.orders[0].number, "1");
    assert_string_equal(f.orders[0].currency, "CZK");
    assert_int_equal(f.orders[0].n_lines, 2);
    assert_int_equal(f.orders[0].lines[0].price_e4 + f.orders[0].lines[1].price_e4, 3000000);
    assert_int_equal(f.orders[0].lines[1].quantity_e3, 1000);
    order_file_release(&f);
    order_map_free(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_files),
        cmocka_unit_test(test_one_mapping_each),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_sample_of_own_format),
    };

    return cmocka_run_group_tests(tests, load_maps, free_maps);
}
