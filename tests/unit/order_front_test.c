/* What is not XML: JSON, INI and CSV as trees, when each is whole, and what bounds it. */
#include <errno.h>

#include "order_fixture.h"

static const char json_map[] =
    "<order-mapping xmlns='urn:shopfs:mapping' name='j' title='J' evidence='assumed'>"
    "<detect root='json'/><orders path='/json/order'><number path='number'/>"
    "<note path='note'/><paid path='paid'/><rate path='rate'/>"
    "<lines path='rows/item | rows[code]'><code path='code'/><price "
    "path='price'/></lines></orders></order-mapping>";

static enum completeness judge(const char *text, struct error *err)
{
    return order_content_check_bytes(text, strlen(text), &usual_limits, err);
}

static void test_json_values(void **state)
{
    struct order_map *map = must_compile(json_map);
    struct order_file f;

    (void)state;
    must_parse(&f, map,
               "\xef\xbb\xbf {\"order\": [\n"
               " {\"number\": 12, \"note\": \"a \\\"b\\\" \\u20ac {[\", \"paid\": true, \"rate\": 25.1,\n"
               "  \"rows\": [{\"code\": \"X\", \"price\": 14.1}, {\"code\": \"Y\", \"price\": -0.3}]},\n"
               " {\"number\": \"7-b\", \"rows\": [[{\"code\": \"Z\", \"price\": \"1 331,00\"}]], \"a b\": 1, "
               "\"1\": null}\n"
               "]}\n");
    assert_int_equal(f.n_orders, 2);
    assert_string_equal(f.orders[0].number, "12");
    assert_string_equal(f.orders[0].note, "a \"b\" € {[");
    assert_true(f.orders[0].paid);
    assert_int_equal(f.orders[0].rate_e6, 25100000);
    assert_int_equal(f.orders[0].n_lines, 2);
    assert_int_equal(f.orders[0].lines[0].price_e4, 141000);
    assert_int_equal(f.orders[0].lines[1].price_e4, -3000);
    order_file_release(&f);
    order_map_free(map);
}

/* Every beginning of a JSON file is incomplete, never anything else. */
static void test_json_prefixes(void **state)
{
    static const char text[] =
        "{\"a\": [1, 2.5e3, {\"b\": \"x\\\"]}\\\\\"}], \"c\": [true, false, null], \"d\": {}}";
    struct error err = ERROR_INIT;

    (void)state;
    for (size_t n = 1; n < strlen(text); n++) {
        enum completeness found = order_content_check_bytes(text, n, &usual_limits, &err);

        if (found != CONTENT_INCOMPLETE)
            fail_msg("%.*s is %d", (int)n, text, (int)found);
        error_release(&err);
    }
    assert_int_equal(judge(text, NULL), CONTENT_COMPLETE);
    assert_int_equal(judge("[]\n \n", NULL), CONTENT_COMPLETE);
}

/* The same for real ones, with the mark of UTF-8 and with more blanks before them than the head that is looked
 * at; and when whole they are complete. */
static void test_json_sample_prefixes(void **state)
{
    static const char *const samples[] = {"bohemiasoft-api", "torgsoft-list", "torgsoft"};
    auto_buf blanks = BUF_INIT;

    (void)state;
    for (int i = 0; i < 5000; i++)
        buf_add_char(&blanks, i % 50 ? ' ' : '\n');
    for (size_t i = 0; i < 3; i++) {
        const char *const before[] = {"", "\xef\xbb\xbf", buf_str(&blanks)};
        auto_free char *path = xasprintf("%s/orders/%s.json", TEST_SOURCE_DIR, samples[i]);
        auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
        auto_buf sample = BUF_INIT;

        assert_true(fd >= 0);
        assert_int_equal(io_read_fd(fd, 1 << 20, &sample), 0);
        while (sample.len && sample.data[sample.len - 1] <= ' ')
            buf_truncate(&sample, sample.len - 1);
        for (size_t k = 0; k < 3; k++) {
            auto_buf text = BUF_INIT;

            buf_addf(&text, "%s%s", before[k], buf_str(&sample));
            for (size_t n = 0; n < text.len; n++) {
                if (order_content_check_bytes(text.data, n, &usual_limits, NULL) != CONTENT_INCOMPLETE)
                    fail_msg("%s, case %zu, cut at %zu", samples[i], k, n);
            }
            assert_int_equal(order_content_check_bytes(text.data, text.len, &usual_limits, NULL),
                             CONTENT_COMPLETE);
        }
    }
}

static void test_json_broken(void **state)
{
    static const char *const broken[] = {"{\"a\": 1}}", "{\"a\": [1}",     "{\"a\": 1} {\"b\": 2}",
                                         "{'a': 1}",    "{\"a\": \"\n\"}", "[1, 2)",
                                         "{\"a\": 1}x"};
    static const char *const unreadable[] = {
        "{\"a\": 1, \"a\": 2}",          "{\"a\" 1}",           "[1,]", "{\"a\": tru}", "{\"a\": \"\xff\"}",
        "{\"a\": 99999999999999999999}", "{\"a\": \"\\u0000\"}"};
    struct order_map *map = must_compile(json_map);
    struct error err = ERROR_INIT;
    struct order_file f;

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        if (judge(broken[i], &err) != CONTENT_BROKEN)
            fail_msg("not broken: %s", broken[i]);
        error_release(&err);
    }
    for (size_t i = 0; i < sizeof unreadable / sizeof *unreadable; i++) {
        if (order_parse(&f, unreadable[i], strlen(unreadable[i]), &map, 1, &usual_limits, &err) != -EINVAL)
            fail_msg("read: %s", unreadable[i]);
        assert_non_null(err.message);
        error_release(&err);
        if (judge(unreadable[i], NULL) != CONTENT_BROKEN)
            fail_msg("not broken: %s", unreadable[i]);
    }
    order_map_free(map);
}

static void test_json_limits(void **state)
{
    struct order_limits limits = ORDER_LIMITS_DEFAULT;
    struct order_map *map = must_compile(json_map);
    struct error err = ERROR_INIT;
    struct order_file f;
    auto_buf b = BUF_INIT;

    (void)state;
    for (int i = 0; i < 100; i++)
        buf_add_char(&b, '[');
    assert_int_equal(judge(buf_str(&b), &err), CONTENT_BROKEN);
    error_release(&err);

    buf_clear(&b);
    buf_add_str(&b, "{\"a\": \"");
    for (int i = 0; i < 70000; i++)
        buf_add_char(&b, 'x');
    buf_add_str(&b, "\"}");
    assert_int_equal(judge(buf_str(&b), &err), CONTENT_BROKEN);
    error_release(&err);

    limits.elements = 3;
    assert_int_equal(order_parse(&f, "[1,2,3,4]", 9, &map, 1, &limits, &err), -E2BIG);
    error_release(&err);

    buf_clear(&b);
    buf_add_char(&b, '[');
    while (b.len < (17u << 20))
        buf_add_str(&b, "          ");
    buf_add_char(&b, ']');
    assert_int_equal(order_content_check_bytes(b.data, b.len, &usual_limits, &err), CONTENT_BROKEN);
    error_release(&err);
    order_map_free(map);
}

/* Without somebody who vouches for them, files that do not show their end are refused. */
static void test_endless(void **state)
{
    static const char ini[] = "[Client]\nName=A\n[Options]\nOrderNumber=1\n[1]\nGoodID=2\nPrice=1\nCount=1\n";
    static const char csv[] = "code,itemName,itemCode\n1,Mug,M\n";
    struct order_limits vouched = ORDER_LIMITS_DEFAULT;
    struct order_map *maps[] = {shipped("torgsoft"), shipped("shoptet-csv")};
    struct error err = ERROR_INIT;
    struct order_file f;

    (void)state;
    vouched.no_end_mark = true;
    assert_int_equal(judge(ini, NULL), CONTENT_BROKEN);
    assert_int_equal(judge(csv, NULL), CONTENT_BROKEN);
    assert_int_equal(order_parse(&f, ini, strlen(ini), maps, 2, &usual_limits, &err), -EINVAL);
    assert_non_null(strstr(err.advice, "shopctl import"));
    error_release(&err);
    assert_int_equal(order_parse(&f, csv, strlen(csv), maps, 2, &usual_limits, NULL), -EINVAL);
    assert_int_equal(order_content_check_bytes(csv, strlen(csv), &vouched, NULL), CONTENT_COMPLETE);
    assert_int_equal(order_parse(&f, ini, strlen(ini), maps, 2, &vouched, NULL), 0);
    assert_int_equal(f.n_orders, 1);
    assert_int_equal(f.orders[0].lines[0].line, 5);
    order_file_release(&f);
    assert_int_equal(order_parse(&f, csv, strlen(csv), maps, 2, &vouched, NULL), 0);
    assert_int_equal(f.n_orders, 1);
    assert_int_equal(f.orders[0].line, 2);
    order_file_release(&f);
    order_map_free(maps[0]);
    order_map_free(maps[1]);
}

static void test_ini_and_csv_mistakes(void **state)
{
    static const struct {
        const char *text, *word;
        int line;
    } cases[] = {{"[Client]\nName=A\nnonsense\n", "neither", 3},
                 {"[Client]\n=x\n", "neither", 2},
                 {"code;name\n1;\"a\n", "quote", 2},
                 {"code;name\n1;a\"b\n", "quote", 2},
                 {"code;name;x\n1;a\n", "not whole", 2},
                 {"\xef\xbb\xbf"
                  "code;name\n1;\xe9\n",
                  "UTF-8", 0}};
    struct order_limits vouched = ORDER_LIMITS_DEFAULT;
    struct order_map *map = shipped("shoptet-csv");
    struct order_file f;

    (void)state;
    vouched.no_end_mark = true;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = ERROR_INIT;

        assert_int_equal(order_parse(&f, cases[i].text, strlen(cases[i].text), &map, 1, &vouched, &err),
                         -EINVAL);
        if (!strstr(err.message, cases[i].word) || err.line != cases[i].line)
            fail_msg("%s: line %d: %s", cases[i].text, err.line, err.message);
        error_release(&err);
    }
    order_map_free(map);
}

/* Rows of ten thousand orders, those of one order far apart. */
static void test_many_rows(void **state)
{
    struct order_limits vouched = ORDER_LIMITS_DEFAULT;
    struct order_map *map = shipped("shoptet-csv");
    struct order_file f;
    auto_buf b = BUF_INIT;

    (void)state;
    vouched.no_end_mark = true;
    buf_add_str(&b, "code;email;itemName;itemAmount;itemCode;itemUnitPriceWithVat\n");
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 10000; i++)
            buf_addf(&b, "N%d;m%d@example.test;Item;1;C%d;10,50\n", i, i, round);
    assert_int_equal(order_parse(&f, b.data, b.len, &map, 1, &vouched, NULL), 0);
    assert_int_equal(f.n_orders, 10000);
    assert_string_equal(f.orders[9999].number, "N9999");
    assert_int_equal(f.orders[9999].n_lines, 2);
    assert_string_equal(f.orders[9999].lines[1].code, "C1");
    order_file_release(&f);
    order_map_free(map);
}

/* -- other names of a mapping -----------------------------------------------------------------------------
 */

static void check_refused(const char *text, const char *word)
{
    struct order_map *map = NULL;
    struct error err = ERROR_INIT;

    assert_int_not_equal(compile_text(&map, text, &err), 0);
    if (!err.message || !strstr(err.message, word))
        fail_msg("'%s' does not say '%s'", err.message ? err.message : "", word);
    error_release(&err);
}

#define ALIAS(rest) "<order-mapping xmlns='urn:shopfs:mapping' name='a' title='A' evidence='assumed' " rest

static void test_base(void **state)
{
    struct order_map *maps[] = {shipped("eshop-rychle"), shipped("pohoda")};
    static const char text[] =
        "<dataPack><order><orderHeader><numberOrder>1</numberOrder></orderHeader><orderDetail>"
        "<orderItem><text>X</text></orderItem></orderDetail></order></dataPack>";
    struct order_file f;

    (void)state;
    assert_string_equal(order_map_base(maps[0]), "pohoda");
    assert_null(order_map_base(maps[1]));
    must_parse(&f, maps[0], text);
    assert_string_equal(f.mapping, "eshop-rychle");
    assert_true(f.unverified);
    order_file_release(&f);
    /* Beside its base it is never asked, wherever it stands. */
    assert_int_equal(order_parse(&f, text, strlen(text), maps, 2, &usual_limits, NULL), 0);
    assert_string_equal(f.mapping, "pohoda");
    order_file_release(&f);
    order_map_free(maps[0]);
    order_map_free(maps[1]);

    check_refused(ALIAS("base='no-such.xml'/>"), "cannot read");
    check_refused(ALIAS("base='../x.xml'/>"), "beside");
    check_refused(ALIAS("base='x.xml'><detect root='a'/></order-mapping>"), "cannot read");
    check_refused(ALIAS("><detect root='a'/></order-mapping>"), "'orders' is missing");
    check_refused(ALIAS("/>"), "'detect' is missing");
}

/* A map of the same name takes the place of the base's. */
static void test_base_map(void **state)
{
    char dir[] = "/tmp/shopfs-test-XXXXXX";
    char *base, *alias;
    struct order_map *map = NULL;
    struct order_file f;
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(dir));
    base = xasprintf("%s/base.xml", dir);
    alias = xasprintf("%s/alias.xml", dir);
    file = fopen(base, "w");
    assert_non_null(file);
    fputs("<order-mapping xmlns='urn:shopfs:mapping' name='b' title='B' evidence='verified' numbers='point'>"
          "<detect root='o'/><map name='vat'><value text='high' is='21'/></map>"
          "<orders path='/o'><number path='n'/><lines path='l'><code path='c'/><vat-percent path='v' "
          "map='vat'/>"
          "<price path='p'/></lines></orders></order-mapping>",
          file);
    fclose(file);
    file = fopen(alias, "w");
    assert_non_null(file);
    fputs(ALIAS("base='base.xml' numbers='comma' vat='excluded'>"
                "<map name='vat'><value text='high' is='23'/></map></order-mapping>"),
          file);
    fclose(file);
    assert_int_equal(order_map_compile(&map, alias, NULL), 0);
    must_parse(&f, map, "<o><n>1</n><l><c>A</c><v>high</v><p>1,50</p></l></o>");
    assert_int_equal(f.orders[0].lines[0].vat_percent_e2, 2300);
    assert_int_equal(f.orders[0].lines[0].price_e4, 15000);
    assert_false(f.orders[0].lines[0].price_has_vat);
    order_file_release(&f);
    order_map_free(map);
    unlink(base);
    unlink(alias);
    rmdir(dir);
    free(base);
    free(alias);
}

/* -- the trace --------------------------------------------------------------------------------------------
 */

struct seen {
    unsigned asked, fitted;
    struct buf values;
};

static void on_asked(void *arg, const struct order_map *map, bool fits)
{
    struct seen *s = arg;

    (void)map;
    s->asked++;
    s->fitted += fits;
}

static void on_value(void *arg, const struct order_value *v)
{
    struct seen *s = arg;

    buf_addf(&s->values, "%zu %s/%s=%s<%s by %s:%d\n", v->order, v->place, v->field, v->value, v->raw,
             v->source, v->mapping_line);
}

static void test_trace(void **state)
{
    struct order_map *maps[2] = {must_compile(json_map)};
    struct seen s = {0};
    struct order_trace trace = {.arg = &s, .asked = on_asked, .value = on_value};
    static const char text[] = "<o><id>1</id><m>zwei</m><l q='2,5' c='A'/><w>3</w></o>";
    struct order_file f;

    (void)state;
    maps[1] = must_compile(
        "<order-mapping xmlns='urn:shopfs:mapping' name='t' title='T' evidence='assumed'>\n"
        "<detect root='o'/><map name='m'><value text='zwei' is='two'/></map>\n"
        "<orders path='/o'>\n<number path='n'>\n<from path='id'/></number>\n<note path='m' map='m'/>\n"
        "<currency default='EUR'/>\n<lines path='l'><code path='@c'/><quantity path='@q'/></lines>\n"
        "<extra-line kind='shipping'><amount><sum><part path='w'/></sum></amount></extra-line>\n"
        "</orders></order-mapping>");
    assert_int_equal(order_parse_traced(&f, text, strlen(text), maps, 2, &usual_limits, &trace, NULL), 0);
    assert_int_equal(s.asked, 2);
    assert_int_equal(s.fitted, 1);
    assert_string_equal(buf_str(&s.values), "0 /number=1<1 by id:5\n"
                                            "0 /note=two<zwei by m:6\n"
                                            "0 /currency=EUR<EUR by default:7\n"
                                            "0 line 1/code=A<A by @c:8\n"
                                            "0 line 1/quantity=2.5<2,5 by @q:8\n"
                                            "0 extra line/amount=3< by w:9\n");
    buf_release(&s.values);
    order_file_release(&f);
    order_map_free(maps[0]);
    order_map_free(maps[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_values),
        cmocka_unit_test(test_json_prefixes),
        cmocka_unit_test(test_json_sample_prefixes),
        cmocka_unit_test(test_json_broken),
        cmocka_unit_test(test_json_limits),
        cmocka_unit_test(test_endless),
        cmocka_unit_test(test_ini_and_csv_mistakes),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_base),
        cmocka_unit_test(test_base_map),
        cmocka_unit_test(test_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
