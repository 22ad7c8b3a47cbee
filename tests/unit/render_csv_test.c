/* CSV as written, read back by somebody else's reader (libcsv) cell for cell. */
#include "mapping_test.h"

#include <csv.h>

#include "base/text.h"
#include "mapping/text_write.h"

#define CSV(settings, columns)                                                                           \
    "<export " NS " path=\"a.csv\"><csv " settings "><rows of=\"product\" where=\"active = 1\">" columns \
    "</rows></csv></export>"

struct table {
    char *cells[4096];
    size_t n, rows;
};

static void add_cell(void *s, size_t len, void *arg)
{
    struct table *t = arg;

    assert_true(t->n < 4096);
    assert_null(memchr(s ? s : "", '\0', s ? len : 0));
    t->cells[t->n++] = strndup(s ? s : "", len);
}

static void add_row(int c, void *arg)
{
    (void)c;
    ((struct table *)arg)->rows++;
}

static void read_back(struct table *t, const struct buf *file, char delimiter, char quote)
{
    struct csv_parser p;

    memset(t, 0, sizeof *t);
    assert_int_equal(csv_init(&p, CSV_STRICT | CSV_STRICT_FINI), 0);
    csv_set_delim(&p, (unsigned char)delimiter);
    csv_set_quote(&p, (unsigned char)quote);
    assert_int_equal(csv_parse(&p, file->data, file->len, add_cell, add_row, t), file->len);
    assert_int_equal(csv_fini(&p, add_cell, add_row, t), 0);
    csv_free(&p);
}

static void forget(struct table *t)
{
    while (t->n)
        free(t->cells[--t->n]);
}

static void plain(void **state)
{
    struct fixture *f = *state;

    goods(f);
    assert_renders(f,
                   CSV("delimiter=\";\"",
                       "<column name=\"id\" value=\"product_id\"/><column name=\"sku\" value=\"sku\"/>"),
                   "id;sku\n1;A-1\n2;A-2\n3;A-3\n");
    assert_renders(f,
                   CSV("delimiter=\"tab\" header=\"no\" line-end=\"crlf\"",
                       "<column value=\"product_id\"/><column value=\"sku\"/>"),
                   "1\tA-1\r\n2\tA-2\r\n3\tA-3\r\n");
    assert_renders(
        f,
        CSV("quote=\"all\"", "<column name=\"id\" value=\"product_id\"/><column name=\"m\" value=\"mpn\"/>"),
        "\"id\",\"m\"\n\"1\",\"\"\n\"2\",\"\"\n\"3\",\"\"\n");
    assert_renders(f,
                   CSV("quote=\"strings\"", "<column name=\"id\" value=\"product_id\"/><column name=\"s\" "
                                            "value=\"sku\"/><column name=\"m\" value=\"mpn\"/>"
                                            "<column name=\"t\" value=\"product_id\" format=\"text\"/>"),
                   "\"id\",\"s\",\"m\",\"t\"\n1,\"A-1\",,\"1\"\n2,\"A-2\",,\"2\"\n3,\"A-3\",,\"3\"\n");
    /* of a cell with content: text when anything in it is */
    assert_renders(
        f,
        CSV("quote=\"strings\"",
            "<column name=\"a\"><value of=\"product_id\"/></column>"
            "<column name=\"b\"><value of=\"product_id\"/>=<value of=\"product_id\"/></column>"
            "<column name=\"c\"><value of=\"sku\"/></column><column name=\"d\"><value of=\"mpn\"/></column>"),
        "\"a\",\"b\",\"c\",\"d\"\n1,\"1=1\",\"A-1\",\n2,\"2=2\",\"A-2\",\n3,\"3=3\",\"A-3\",\n");
    assert_renders(f,
                   CSV("quote=\"never\" delimiter=\"tab\"",
                       "<column name=\"id\" value=\"product_id\"/><column name=\"d\" value=\"'a' || char(9) "
                       "|| char(10) || '&quot;'\"/>"),
                   "id\td\n1\ta  \"\n2\ta  \"\n3\ta  \"\n");
    assert_renders(
        f,
        CSV("escape=\"backslash\" quote-char=\"'\" bom=\"yes\"", "<column name=\"d\" value=\"'it''s \\'\"/>"),
        "\xef\xbb\xbf"
        "d\n'it\\'s \\\\'\n'it\\'s \\\\'\n'it\\'s \\\\'\n");
}

static void formulas(void **state)
{
    static const struct {
        const char *value, *cell; /* SQL, and what is written */
    } cases[] = {
        {"'=1+1'", "'=1+1"},
        {"'+cmd'", "'+cmd"},
        {"'@a'", "'@a"},
        {"'-x'", "'-x"},
        {"'-'", "'-"},
        {"char(9) || '=1'", "'\t=1"},
        {"'=\"a\"'", "\"'=\"\"a\"\"\""},
        {"'a=1'", "a=1"},
        {"-5", "-5"},
        {"'-5,20'", "\"-5,20\""},
        {"-1.5", "-1.5"},
        {"'+380441234567'", "+380441234567"},
        {"'+1-2'", "'+1-2"},
        {"''", ""},
    };
    struct fixture *f = *state;

    goods(f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        auto_buf mapping = BUF_INIT, expected = BUF_INIT;
        xmlChar *sql = xmlEncodeSpecialChars(NULL, BAD_CAST cases[i].value);

        buf_addf(&mapping,
                 "<export " NS " path=\"a.csv\"><csv formulas=\"neutralise\"><rows of=\"site\">"
                 "<column name=\"=a\" value=\"%s\"/><column name=\"b\">{%s}</column></rows></csv></export>",
                 (const char *)sql, (const char *)sql);
        xmlFree(sql);
        buf_addf(&expected, "=a,b\n%s,%s\n", cases[i].cell, cases[i].cell);
        assert_renders(f, buf_str(&mapping), buf_str(&expected));
    }
    assert_renders(f, CSV("", "<column name=\"a\" value=\"'=1'\"/>"), "a\n=1\n=1\n=1\n");
}

/* Every pair of awkward pieces as one cell, under several dialects. */
static void hostile_cells(void **state)
{
    static const char *const pieces[] = {"",   " ", "\"", "\"\"", ";", ",",    "\n", "\r\n", "\r",
                                         "\t", "a", "Ж",  "🎁",    "'", "=1+1", "\\", "\\\"", "\xc2\xa0"};
    static const char *const dialects[] = {"delimiter=\";\"",
                                           "delimiter=\",\"",
                                           "delimiter=\"tab\"",
                                           "delimiter=\";\" quote=\"all\"",
                                           "delimiter=\"|\" quote=\"strings\" line-end=\"crlf\"",
                                           "delimiter=\";\" quote-char=\"'\""};
    static const char delimiters[] = {';', ',', '\t', ';', '|', ';'};
    const size_t n = sizeof pieces / sizeof *pieces;
    struct fixture *f = *state;

    small_shop(f);
    for (size_t i = 0; i < n * n; i++) {
        struct stmt *st;
        auto_buf value = BUF_INIT;

        buf_addf(&value, "%s%s", pieces[i / n], pieces[i % n]);
        ok(f, db_prepare(f->writer, &st, "INSERT INTO product (id, sku, mpn) VALUES (:id, 'P' || :id, :mpn)",
                         &f->err));
        stmt_bind_int(st, "id", (int64_t)i + 1);
        stmt_bind_text(st, "mpn", buf_str(&value));
        ok(f, stmt_run(st, &f->err));
        stmt_free(st);
    }
    for (size_t d = 0; d < sizeof delimiters; d++) {
        auto_buf mapping = BUF_INIT, out = BUF_INIT;
        struct table t;

        buf_addf(&mapping,
                 "<export " NS " path=\"a.csv\"><csv %s><rows of=\"product\"><column name=\"sku\" "
                 "value=\"sku\"/><column name=\"x\" value=\"mpn\"/>"
                 "<column name=\"y\">[<value of=\"mpn\"/>]</column></rows></csv></export>",
                 dialects[d]);
        render_text(f, buf_str(&mapping), &out);
        read_back(&t, &out, delimiters[d], strstr(dialects[d], "quote-char") ? '\'' : '"');
        assert_int_equal(t.rows, n * n + 1);
        assert_int_equal(t.n, 3 * (n * n + 1));
        for (size_t i = 0; i < n * n; i++) {
            auto_buf value = BUF_INIT;

            buf_addf(&value, "%s%s", pieces[i / n], pieces[i % n]);
            assert_string_equal(t.cells[3 * (i + 1) + 1], buf_str(&value));
            buf_clear(&value);
            buf_addf(&value, "[%s%s]", pieces[i / n], pieces[i % n]);
            assert_string_equal(t.cells[3 * (i + 1) + 2], buf_str(&value));
        }
        forget(&t);
    }
}

static void bytes_that_are_no_text_are_cleaned(void **state)
{
    struct fixture *f = *state;

    small_shop(f);
    run(f, "INSERT INTO product (id, sku, mpn) VALUES (1, 'A', CAST(x'61006207' || "
           "x'0bff41edA08042EFBFBF43c3' AS TEXT))");
    assert_renders(f, CSV("header=\"no\"", "<column value=\"mpn\"/>"),
                   "ab\xef\xbf\xbd"
                   "A\xef\xbf\xbd"
                   "BC\xef\xbf\xbd\n");
}

static void formats(void **state)
{
    static const struct {
        const char *attributes, *expected;
    } cases[] = {
        {"value=\"12.5\"", "12.5"},
        {"value=\"1200.0\"", "1200"},
        {"value=\"0.1 + 0.2\"", "0.3"},
        {"value=\"-0.0\"", "0"},
        {"value=\"12.5\" format=\"decimal(2)\"", "12.50"},
        {"value=\"12.5\" format=\"decimal(2)\" decimal-sign=\",\"", "\"12,50\""},
        {"value=\"1.005\" format=\"decimal(2)\"", "1.01"},
        {"value=\"-1.005\" format=\"decimal(2)\"", "-1.01"},
        {"value=\"2.675\" format=\"decimal(2,trim)\"", "2.68"},
        {"value=\"3\" format=\"decimal(2)\"", "3.00"},
        {"value=\"3.10\" format=\"decimal(2,trim)\"", "3.1"},
        {"value=\"'7.5'\" format=\"decimal(1)\"", "7.5"},
        {"value=\"2.5\" format=\"integer\"", "3"},
        {"value=\"9007199254740993\"", "9007199254740993"},
        {"value=\"NULL\" format=\"decimal(2)\"", ""},
        {"value=\"'2026-03-04 05:06:07'\" format=\"date(%d.%m.%Y %H:%M)\"", "04.03.2026 05:06"},
        {"value=\"'2026-03-04'\" format=\"date\"", "2026-03-04"},
        {"value=\"86400\" format=\"datetime\"", "1970-01-02 00:00:00"},
        {"value=\"''\" format=\"date\"", ""},
        {"value=\"1\" format=\"boolean(yes,no)\"", "yes"},
        {"value=\"0\" format=\"boolean(yes,no)\"", "no"},
        {"value=\"0.0\" format=\"boolean\"", "0"},
        {"value=\"NULL\" format=\"boolean(yes,no)\"", ""},
        {"value=\"'Жовтень'\" limit=\"3\"", "Жов"},
        {"value=\"'a🎁b'\" limit=\"2\"", "a🎁"},
        {"value=\"'https://x/а b.jpg?q=%20&amp;r=1'\" encode=\"url\"", "https://x/%D0%B0%20b.jpg?q=%20&r=1"},
        {"value=\"'&lt;p&gt;A &amp;amp; B&lt;br/&gt;C&lt;/p&gt;&lt;!-- x --&gt;'\" html=\"strip\" "
         "newlines=\" \"",
         "A & B C"},
        {"value=\"'a' || char(13) || char(10) || 'b' || char(10) || 'c'\" newlines=\"\\n\"", "a\\nb\\nc"},
        {"value=\"'a,b|c:d\\e'\" escape-chars=\",|:\" ", "\"a\\,b\\|c\\:d\\\\e\""},
        {"value=\"'&lt;ul>' || char(10) || '  &lt;li>x &amp;ge;   5  &lt;/li>' || char(13) || char(10) || "
         "'&lt;li>y&lt;/li>&lt;/ul>'\" html=\"strip\" newlines=\"|\"",
         "x \u2265 5|y"},
        {"value=\"'1 &lt; 2 and 3 > 2'\" html=\"strip\"", "1 < 2 and 3 > 2"},
    };
    struct fixture *f = *state;

    small_shop(f);
    run(f, "INSERT INTO product (id, sku) VALUES (1, 'A')");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        auto_buf mapping = BUF_INIT, out = BUF_INIT, expected = BUF_INIT;

        buf_addf(&mapping, CSV("header=\"no\"", "<column %s/>"), cases[i].attributes);
        buf_addf(&expected, "%s\n", cases[i].expected);
        render_text(f, buf_str(&mapping), &out);
        if (strcmp(buf_str(&out), buf_str(&expected)) != 0)
            fail_msg("%s gave %s, wanted %s", cases[i].attributes, buf_str(&out), buf_str(&expected));
    }
}

static void children(void **state)
{
    struct fixture *f = *state;

    goods(f);
    /* Nested, linked by category_id, escaped. */
    assert_renders(f,
                   CSV("delimiter=\";\" header=\"no\"",
                       "<column value=\"sku\"/><column><each of=\"product_category\" separator=\"|\">"
                       "<each of=\"product_category_level\" separator=\"/\" value=\"name\" "
                       "escape-chars=\"/|\"/></each></column>"),
                   "A-1;Взуття/Жіноче/Туфлі\\/човники|Взуття\nA-2;Взуття/Жіноче\nA-3;Взуття\n");
    /* A variant sees its own attributes, the enclosing row by parent. */
    assert_renders(f,
                   CSV("delimiter=\";\" header=\"no\"",
                       "<column value=\"sku\"/><column><each of=\"variant\" separator=\" + \"><value "
                       "of=\"parent.sku\"/>/<each of=\"attribute\" separator=\",\">"
                       "<value of=\"name\"/>=<value of=\"value\"/>@<value of=\"parent.sku\"/>@<value "
                       "of=\"parent.parent.product_id\"/></each></each></column>"),
                   "A-1;\nA-2;\nA-3;A-3/Розмір=38@A-3-38@3 + A-3/Розмір=37@A-3-37@3\n");
    /* skip, max, distinct, where, if, literal braces, the site. */
    assert_renders(
        f,
        CSV("delimiter=\";\" header=\"no\"",
            "<column><each of=\"image\" where=\"variant_id = 0\" skip=\"1\" max=\"1\" "
            "value=\"name\"/></column>"
            "<column><each of=\"attribute\" distinct=\"yes\" separator=\",\" value=\"code\"/></column>"
            "<column><if test=\"price > 1\">dear {{{sku}}}</if></column><column value=\"site.title\"/>"),
        "б.jpg;season;dear {A-1};Boots & Co\n;;;Boots & Co\n;season,size;dear {A-3};Boots & Co\n");
    /* A kind without keys inside a keyed one, in its own order. */
    assert_renders(
        f,
        CSV("delimiter=\";\" header=\"no\"",
            "<column><each of=\"warehouse\" order=\"code DESC\" separator=\",\" value=\"code\"/></column>"
            "<column><each of=\"category_level\" separator=\">\" value=\"name\"/></column>"),
        "third,second,main;Взуття>Жіноче>Туфлі/"
        "човники\nthird,second,main;Взуття>Жіноче\nthird,second,main;Взуття\n");
}

/* What a file says of variants beside one another: the columns of the product hold the values of all, those of a
 * variant one each, in the same places. */
static void variants_side_by_side(void **state)
{
    struct fixture *f = *state;

    goods(f);
    assert_renders(
        f,
        "<export " NS
        " path=\"a.csv\"><csv delimiter=\";\"><rows of=\"product\" where=\"variants > 0\"><column "
        "name=\"sku\" value=\"sku\"/>"
        "<columns of=\"attribute\" distinct=\"yes\" times=\"3\"><column name=\"name {n}\" "
        "value=\"code\"/><column "
        "name=\"value {n}\"><each of=\"attribute\" same=\"attribute_id\" inherit=\"any\" distinct=\"yes\" "
        "separator=\",\" value=\"value\"/></column></columns>"
        "<each of=\"variant\"><column name=\"sku\" value=\"sku\"/><column name=\"name 2\" value=\"place\"/>"
        "<column name=\"value 1\"><each of=\"property\" max=\"1\"><each of=\"attribute\" "
        "same=\"attribute_id\" "
        "where=\"distinguishes\" inherit=\"missing\" value=\"value\"/></each></column>"
        "<column name=\"value 2\"><each of=\"property\" skip=\"1\" max=\"1\"><each of=\"attribute\" "
        "same=\"attribute_id\" where=\"distinguishes\" inherit=\"missing\" "
        "value=\"value\"/></each></column></each>"
        "</rows></csv></export>",
        "sku;name 1;value 1;name 2;value 2;name 3;value 3\n"
        "A-3;season;зима;size;37,38;;\nA-3-38;;38;1;;;\nA-3-37;;37;2;;;\n");
    /* Empty items are not among those that are skipped. */
    assert_renders(f,
                   CSV("header=\"no\"",
                       "<column><each of=\"variant\" skip=\"1\"><if test=\"stock > 0\"><value "
                       "of=\"sku\"/></if></each></column>"),
                   "\n\n\n");
}

/* More properties than are looked through one by one: of each the variant's own values, else its product's. */
static void variants_with_many_properties(void **state)
{
    struct fixture *f = *state;
    auto_buf expected = BUF_INIT;

    goods(f);
    run(f, "WITH RECURSIVE n (i) AS (SELECT 200 UNION ALL SELECT i + 1 FROM n WHERE i < 219)"
                 " INSERT INTO attribute (id, code, position) SELECT i, 'm' || i, 1000 - i FROM n;"
                 "INSERT INTO product_attribute (product_id, variant_id, attribute_id, value_no, value)"
                 " SELECT 3, 0, id, n, 'p' || id || n FROM attribute, (SELECT 0 AS n UNION SELECT 1) WHERE id >= 200 AND id <> 207;"
                 "INSERT INTO product_attribute (product_id, variant_id, attribute_id, value)"
                 " SELECT 3, 32, id, 'v' || id FROM attribute WHERE id >= 200 AND id % 2 = 0");
    for (int variant = 32; variant >= 31; variant--) {
        for (int i = 219; i >= 200; i--) {
            if (variant == 32 && i % 2 == 0)
                buf_addf(&expected, "%sv%d", i == 219 ? "" : ",", i);
            else if (i != 207)
                buf_addf(&expected, "%sp%d0+p%d1", i == 219 ? "" : ",", i, i);
        }
        buf_add_str(&expected, "\n");
    }
    assert_renders(f,
                   "<export " NS " path=\"a.csv\"><csv header=\"no\" delimiter=\";\"><rows of=\"variant\" where=\"product_id = 3\"><column>"
                   "<each of=\"property\" where=\"attribute_id >= 200\" separator=\",\"><each of=\"attribute\" same=\"attribute_id\" "
                   "inherit=\"missing\" separator=\"+\" value=\"value\"/></each></column></rows></csv></export>",
                   buf_str(&expected));
}

static void offers_inherit_from_their_product(void **state)
{
#define OFFERS(inherit)                                                                                     \
    "<export " NS " path=\"a.csv\"><csv header=\"no\" delimiter=\";\"><rows of=\"offer\" where=\"active = " \
    "1\"><column value=\"sku\"/>"                                                                           \
    "<column><each of=\"image\" inherit=\"" inherit                                                         \
    "\" separator=\",\" value=\"name\"/></column></rows></csv></export>"
    struct fixture *f = *state;

    goods(f);
    assert_renders(f, OFFERS("no"), "A-1;a 1.jpg,б.jpg\nA-2;\nA-3-37;d.jpg\nA-3-38;\n");
    assert_renders(f, OFFERS("missing"), "A-1;a 1.jpg,б.jpg\nA-2;\nA-3-37;d.jpg\nA-3-38;c.jpg\n");
    assert_renders(f, OFFERS("all"), "A-1;a 1.jpg,б.jpg\nA-2;\nA-3-37;c.jpg,d.jpg\nA-3-38;c.jpg\n");
}

static void further_records_and_repeated_columns(void **state)
{
    struct fixture *f = *state;

    goods(f);
    assert_renders(f,
                   CSV("", "<column name=\"type\" value=\"CASE WHEN variants > 0 THEN 'variable' ELSE "
                           "'simple' END\"/><column name=\"sku\" value=\"sku\"/><column name=\"parent\"/>"
                           "<column name=\"sizes\"><each of=\"attribute\" where=\"code = 'size'\" "
                           "distinct=\"yes\" separator=\", \" value=\"value\"/></column>"
                           "<each of=\"variant\"><column name=\"parent\" value=\"parent.sku\"/><column "
                           "name=\"sku\" value=\"sku\"/><column name=\"type\">variation</column>"
                           "<column name=\"sizes\"><each of=\"attribute\" value=\"value\"/></column></each>"),
                   "type,sku,parent,sizes\nsimple,A-1,,\nsimple,A-2,,\nvariable,A-3,,\"37, "
                   "38\"\nvariation,A-3-38,A-3,38\nvariation,A-3-37,A-3,37\n");
    assert_renders(
        f,
        CSV("", "<column name=\"sku\" value=\"sku\"/><columns of=\"attribute\" times=\"2\"><column "
                "name=\"Name\" value=\"name\"/><column name=\"Value\" value=\"value\"/></columns>"),
        "sku,Name,Value,Name,Value\nA-1,Сезон,літо,Сезон,весна\nA-2,,,,\nA-3,Сезон,зима,Розмір,37\n");
}

/* Of the site inside expressions: in values, conditions and the order of what is below. */
static void the_site_in_expressions(void **state)
{
    struct fixture *f = *state;

    goods(f);
    run(f, "UPDATE currency SET rate_e6 = 2500000 WHERE code = 'UAH'");
    assert_renders(f,
                   "<export " NS
                   " path='a.csv'><csv><rows of='price' where='price_list = site.price_list AND min_qty = 0'>"
                   "<column name='a' value='price * site.currency_rate' format='decimal(2)'/>"
                   "<column name='b' value=\"'site.name' || site.name || site.language\"/>"
                   "<column name='c' value='site.currency'/></rows>"
                   "<rows of='site'><column name='a' value='site.name'/><column name='c' "
                   "value='site.currency || name'/></rows>"
                   "</csv></export>",
                   "a,b,c\n3000.00,site.nameshopuk,UAH\n2.50,site.nameshopuk,UAH\n1250.00,site.nameshopuk,"
                   "UAH\nshop,,UAHshop\n");
    assert_renders(
        f,
        "<export " NS " path='a.csv'><csv><rows of='product' where='product_id = 1'><column name='a'>"
        "<each of='product_text' where='language = site.language' value='name || site.currency' limit='4'/>"
        "</column></rows></csv></export>",
        "a\nТуфл\n");
}

/* A limit on a cell that is put together. */
static void composed_cells_are_cut(void **state)
{
    struct fixture *f = *state;

    goods(f);
    assert_renders(f,
                   "<export " NS " path='a.csv'><csv><rows of='product' where='product_id &lt; 3'>"
                   "<column name='a' limit='6'><each of='attribute' separator='|' value='value'/></column>"
                   "<column name='b' limit='7'>{sku}, \"&amp;{sku}</column></rows></csv></export>",
                   "a,b\nліто|в,\"A-1, \"\"&\"\n,\"A-2, \"\"&\"\n");
}

static void encodings(void **state)
{
    struct fixture *f = *state;

    small_shop(f);
    run(f, "INSERT INTO product (id, sku, mpn) VALUES (1, 'A', 'Ціна №5 — ґанок 🎁 ě')");
    assert_renders(f, CSV("header=\"no\" encoding=\"windows-1251\"", "<column value=\"mpn\"/>"),
                   "\xd6\xb3\xed\xe0 \xb9"
                   "5 \x97 \xb4\xe0\xed\xee\xea ? ?\n");
    assert_renders(f,
                   CSV("header=\"no\" encoding=\"ISO-8859-1\" unmappable=\"transliterate\"",
                       "<column value=\"substr(mpn, 6, 4)\"/>"),
                   "No5 -\n");
    assert_renders(f, CSV("header=\"no\" encoding=\"windows-1250\"", "<column value=\"'ě š ř č'\"/>"),
                   "\xec \x9a \xf8 \xe8\n");
    assert_renders(f, CSV("encoding=\"windows-1251\"", "<column name=\"Код\" value=\"sku\"/>"),
                   "\xca\xee\xe4\nA\n");
}

static void what_cannot_be_written_stops_the_rendering(void **state)
{
    struct fixture *f = *state;
    struct export_map *map;
    struct renderer *r;
    auto_buf out = BUF_INIT;

    goods(f);
    ok(f, compile_text(f,
                       "<export " NS " path=\"a\"><csv header=\"no\"><rows of=\"product\">\n<column "
                       "value=\"sku\" format=\"decimal(2)\"/></rows></csv></export>",
                       &map));
    ok(f, renderer_new(&r, map, f->reader, "shop", &f->err));
    assert_int_equal(renderer_section(r, 0, INT64_MIN, INT64_MAX, STAMP, &out, NULL, &f->err), -22);
    assert_int_equal(f->err.line, 2);
    assert_non_null(strstr(f->err.message, "row 1"));
    assert_non_null(strstr(f->err.message, "'A-1' is not a number"));
    renderer_free(r);
    assert_int_equal(renderer_new(&r, map, f->reader, "other", &f->err), -2);
    export_map_unref(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(formulas, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(hostile_cells, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_text_are_cleaned, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(formats, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(children, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(variants_side_by_side, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(variants_with_many_properties, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(offers_inherit_from_their_product, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(further_records_and_repeated_columns, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(the_site_in_expressions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(composed_cells_are_cut, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(encodings, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_stops_the_rendering, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
