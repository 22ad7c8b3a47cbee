/* XML as written: well-formed whatever the rows hold, and what NULL leaves out. */
#include "mapping_test.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#define XML(settings, body) \
    "<s:export " NS_S " path=\"a.xml\"><s:xml " settings ">" body "</s:xml></s:export>"
#define DECLARATION "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

static void structure(void **state)
{
    struct fixture *f = *state;

    goods(f);
    assert_renders(
        f,
        XML("",
            "<shop date=\"{version.date}\"><name>{title}</name><list><s:rows of=\"product\" where=\"active = "
            "1\"><p id=\"{product_id}\"><a s:value=\"sku\"/><b><c/></b></p></s:rows></list></shop>"),
        DECLARATION "<shop date=\"2014-05-22 13:57:00\">\n <name>Boots &amp; Co</name>\n <list>\n  <p "
                    "id=\"1\"><a>A-1</a><b><c/></b></p>\n"
                    "  <p id=\"2\"><a>A-2</a><b><c/></b></p>\n  <p id=\"3\"><a>A-3</a><b><c/></b></p>\n "
                    "</list>\n</shop>\n");
    assert_renders(f,
                   XML("indent=\"full\" declaration=\"no\"",
                       "<l><s:rows of=\"product\" where=\"product_id = 1\"><p><a "
                       "s:value=\"sku\"/><b>x<i>y</i></b></p></s:rows></l>"),
                   "<l>\n <p>\n  <a>A-1</a>\n  <b>x<i>y</i></b>\n </p>\n</l>\n");
    assert_renders(f,
                   XML("indent=\"no\" doctype='yml_catalog SYSTEM \"shops.dtd\"'",
                       "<l><s:rows of=\"product\" where=\"product_id = 1\"><p/></s:rows></l>"),
                   DECLARATION "<!DOCTYPE yml_catalog SYSTEM \"shops.dtd\">\n<l><p/></l>\n");
    assert_renders(
        f,
        "<s:export " NS_S
        " xmlns:g=\"http://base.google.com/ns/1.0\" path=\"a\"><s:xml declaration=\"no\" indent=\"no\">"
        "<rss version=\"2.0\"><channel xmlns=\"urn:x\"><g:id g:k=\"{title}\" "
        "xml:lang=\"uk\"/></channel></rss></s:xml></s:export>",
        "<rss xmlns:g=\"http://base.google.com/ns/1.0\" version=\"2.0\"><channel xmlns=\"urn:x\"><g:id "
        "g:k=\"Boots &amp; Co\" xml:lang=\"uk\"/></channel></rss>\n");
}

static void null_leaves_out(void **state)
{
    struct fixture *f = *state;

    goods(f);
#define ROW(content)                        \
    XML("declaration=\"no\" indent=\"no\"", \
        "<l><s:rows of=\"product\" where=\"product_id = 2\">" content "</s:rows></l>")
    assert_renders(
        f,
        ROW("<a s:value=\"mpn\"/><b><s:value of=\"mpn\"/></b><c>{mpn}</c><d>x{mpn}</d><e s:value=\"''\"/>"),
        "<l><d>x</d><e></e></l>\n");
    assert_renders(f,
                   ROW("<a b=\"{mpn}\" c=\"x{mpn}y\" d=\"{sku}-{price}\"><s:attr name=\"e\" "
                       "value=\"mpn\"/><s:attr name=\"f\" value=\"price\" format=\"decimal(2)\"/></a>"),
                   "<l><a d=\"A-2-0.9999\" f=\"1.00\"/></l>\n");
    assert_renders(
        f, ROW("<a s:if=\"price > 5\">x</a><b s:if=\"price\">y</b><s:if test=\"mpn IS NULL\"><c/></s:if>"),
        "<l><b>y</b><c/></l>\n");
    assert_renders(
        f,
        ROW("<a s:drop-empty=\"yes\" x=\"1\"><s:each of=\"image\"><b s:value=\"name\"/></s:each></a><c "
            "s:drop-empty=\"yes\"><s:each of=\"product_category\"><b s:value=\"category_id\"/></s:each></c>"),
        "<l><c><b>2</b></c></l>\n");
    assert_renders(f, ROW("<a><s:text> </s:text><s:value of=\"sku\"/><s:text>  </s:text></a>"),
                   "<l><a> A-2  </a></l>\n");
}

/* Whatever stands in the database, the document stays well-formed and gives the allowed characters back. */
static void hostile_text(void **state)
{
    static const char *const texts[] = {"]]>",        "]]]]>>", "<![CDATA[", "<!--", "&amp;", "&",    "\"'<>",
                                        "a\tb\nc\rd", "]]>]]>", "x]]",       "🎁",    "&#0;",  "{sku}"};
    struct fixture *f = *state;

    small_shop(f);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        auto_buf out = BUF_INIT;
        struct stmt *st;
        xmlDocPtr doc;
        const xmlNode *p;
        xmlChar *value;

        run(f, "DELETE FROM product");
        ok(f,
           db_prepare(f->writer, &st, "INSERT INTO product (id, sku, mpn) VALUES (1, 'A', :mpn)", &f->err));
        stmt_bind_text(st, "mpn", texts[i]);
        ok(f, stmt_run(st, &f->err));
        stmt_free(st);
        render_text(f,
                    XML("indent=\"no\"",
                        "<l><s:rows of=\"product\"><p a=\"{mpn}\"><t s:value=\"mpn\"/><c s:value=\"mpn\" "
                        "s:cdata=\"yes\"/><v><s:value of=\"mpn\" cdata=\"yes\"/></v></p></s:rows></l>"),
                    &out);
        doc = xmlReadMemory(out.data, (int)out.len, NULL, NULL, XML_PARSE_NONET);
        if (!doc)
            fail_msg("not well-formed: %s", buf_str(&out));
        p = xmlDocGetRootElement(doc)->children;
        value = xmlGetProp((xmlNodePtr)p, BAD_CAST "a");
        assert_string_equal((const char *)value, texts[i]);
        xmlFree(value);
        for (const xmlNode *n = p->children; n; n = n->next) {
            bool cdata = strcmp((const char *)n->name, "t") != 0;

            value = xmlNodeGetContent(n);
            if (!cdata || !strchr(texts[i], '\r')) /* XML itself turns CR into LF there */
                assert_string_equal((const char *)value, texts[i]);
            xmlFree(value);
        }
        xmlFreeDoc(doc);
    }
}

static void control_characters_are_never_written(void **state)
{
    struct fixture *f = *state;

    small_shop(f);
    run(f, "INSERT INTO product (id, sku, mpn) VALUES (1, 'A', CAST(x'0061010208' || "
           "x'0b0c0e1f62EDB080EFBFBEEFBFBF63' AS TEXT))");
    assert_renders(f,
                   XML("declaration=\"no\" indent=\"no\"",
                       "<l><s:rows of=\"product\"><p a=\"{mpn}\"><s:value of=\"mpn\"/></p></s:rows></l>"),
                   "<l><p a=\"ab\xef\xbf\xbd"
                   "c\">ab\xef\xbf\xbd"
                   "c</p></l>\n");
}

static void other_encodings_use_references(void **state)
{
    struct fixture *f = *state;
    auto_buf out = BUF_INIT;
    xmlDocPtr doc;
    xmlChar *text;

    small_shop(f);
    run(f, "INSERT INTO product (id, sku, mpn) VALUES (1, 'A', 'Ж 🎁 ě')");
    render_text(f,
                XML("encoding=\"windows-1251\"",
                    "<l><s:rows of=\"product\"><p s:value=\"mpn\" s:cdata=\"yes\"/></s:rows></l>"),
                &out);
    assert_non_null(strstr(buf_str(&out), "\xc6 &#127873; &#283;"));
    doc = xmlReadMemory(out.data, (int)out.len, NULL, NULL, XML_PARSE_NONET);
    assert_non_null(doc);
    text = xmlNodeGetContent(xmlDocGetRootElement(doc)->children->next);
    assert_string_equal((const char *)text, "Ж 🎁 ě");
    xmlFree(text);
    xmlFreeDoc(doc);
}

/* A tree of rows: top rows first, those below where 'children' stands; what hangs on a row left out is too.
 */
static void rows_below_one_another(void **state)
{
    struct fixture *f = *state;

    small_shop(f);
    run(f, "DELETE FROM category; INSERT INTO category (id, parent_id, position, active) VALUES (1, NULL, 2, "
           "1), "
           "(2, 1, 2, 1), (3, 1, 1, 1), (4, 3, 0, 1), (5, NULL, 1, 1), (6, 5, 0, 0), (7, 6, 0, 1)");
    assert_renders(f,
                   XML("indent=\"no\"",
                       "<l><s:rows of=\"category\" where=\"active = 1\" nested=\"yes\">"
                       "<c n=\"{category_id}\"><b s:drop-empty=\"yes\"><s:children/></b>.</c></s:rows></l>"),
                   DECLARATION "<l><c n=\"5\">.</c><c n=\"1\"><b><c n=\"3\"><b><c n=\"4\">.</c></b>.</c>"
                               "<c n=\"2\">.</c></b>.</c></l>\n");
}

/* A limit on what is put together: characters as they are read, references whole. */
static void composed_text_is_cut(void **state)
{
    struct fixture *f = *state;

    goods(f);
    assert_renders(f,
                   XML("indent=\"no\"",
                       "<l><s:rows of=\"product\" where=\"product_id = 1\">"
                       "<a s:limit=\"5\">{sku}&lt;<s:if test=\"1\">&lt;&amp;x</s:if></a>"
                       "<b s:limit=\"6\"><s:each of=\"attribute\" separator=\" &amp; \" value=\"value\"/></b>"
                       "<c s:limit=\"8\">Їжак, {sku}!</c><d s:limit=\"100\">{sku}</d></s:rows></l>"),
                   DECLARATION "<l><a>A-1&lt;&lt;</a><b>літо &amp;</b><c>Їжак, A-</c><d>A-1</d></l>\n");
}

/* per: a variant's own price list, or property, replaces the product's; the others are taken over. */
static void a_variant_takes_what_it_lacks(void **state)
{
    struct fixture *f = *state;

    goods(f);
    run(f, "INSERT INTO price_list (id, code, currency) VALUES (7, 'other', 'UAH');"
           "INSERT INTO price (product_id, variant_id, price_list_id, price_e4) VALUES (3, 0, 7, 70000), (3, "
           "31, 7, 80000)");
    assert_renders(
        f,
        XML("indent=\"no\"",
            "<l><s:rows of=\"offer\" where=\"product_id = 3\"><o n=\"{variant_id}\"><s:each of=\"price\" "
            "inherit=\"missing\" per=\"price_list_id\"><p l=\"{price_list_id}\">{price}</p></s:each>"
            "</o></s:rows></l>"),
        DECLARATION "<l><o n=\"31\"><p l=\"1\">500</p><p l=\"7\">8</p></o>"
                    "<o n=\"32\"><p l=\"1\">500</p><p l=\"7\">7</p></o></l>\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(structure, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(null_leaves_out, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(hostile_text, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(control_characters_are_never_written, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test_setup_teardown(rows_below_one_another, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(composed_text_is_cut, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_variant_takes_what_it_lacks, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(other_encodings_use_references, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
