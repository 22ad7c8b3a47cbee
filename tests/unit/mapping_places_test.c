/* Mistakes have line and column of the very piece that is wrong, and the linter tells all of them at once. */
#include "mapping_test.h"

#define HEAD "<export " NS " path='a.csv'><csv>\n<rows of='product'>\n" /* 2 lines */
#define TAIL "</rows></csv></export>"

static void note(void *arg, const struct error *err)
{
    buf_addf(arg, "%d:%d %s %.40s\n", err->line, err->column, err->field, err->message);
}

static void assert_faults(struct fixture *f, const char *document, const char *expected)
{
    struct export_map *map = NULL;
    auto_buf out = BUF_INIT;
    char path[PATH_MAX + 16];
    int rc;

    assert_true(compile_text(f, document, &map) < 0);
    error_release(&f->err);
    snprintf(path, sizeof path, "%s/mapping.xml", f->dir);
    rc = export_map_compile_all(&map, path, f->reader, note, &out, &f->err);
    if (rc < 0)
        note(&out, &f->err);
    error_release(&f->err);
    assert_null(map);
    assert_string_equal(buf_str(&out), expected);
    if (rc > 0)
        for (const char *s = expected; *s; rc -= *s++ == '\n')
            ;
    assert_true(rc <= 0);
}

static void all_at_once(void **state)
{
    struct fixture *f = *state;

    goods(f);
    assert_faults(f,
                  "<export " NS " path='a.csv'><csv>\n"
                  "<rows of='product' where='activ = 1'>\n"
                  "<column name='a' value='sku'/>\n"
                  "<column name='b' value='prize'/>\n"
                  "<column name='c' value='price' format='money'/>\n"
                  "<column name='d'><each of='image' where='nam = 1' value='title || ulr'/></column>\n"
                  "<column name='e'><each of='attribute' order='positio'>{valu}</each></column>\n"
                  "</rows></csv></export>",
                  "2:27 rows where=\"activ = 1\": no such column: activ\n"
                  "4:25 column value=\"prize\": no such column: prize\n"
                  "5:40 column 'money' is not a format\n"
                  "6:42 each where=\"nam = 1\": no such column: nam\n"
                  "6:67 each value=\"title || ulr\": no such column: ul\n"
                  "7:46 each order=\"positio\": no such column: positio\n"
                  "7:56 each {}=\"valu\": no such column: valu\n");
}

static void inside_an_expression(void **state)
{
    struct fixture *f = *state;

    goods(f);
    /* over lines, behind tabs, behind letters of two and four bytes, behind references */
    assert_faults(f,
                  HEAD "<column\n\tname='a'\n\tvalue=\"\n\t\tprice *\n\t\tfactor\"/>\n"
                       "<column name='b' value=\"'Їжак 🎁' || nope\"/>\n"
                       "<column name='c' value=\"price &lt; 5 AND sku &gt;&#x3d; nope\"/>\n"
                       "<column name='d' value='price * '/>" TAIL,
                  "7:3 column value=\"price *   factor\": no such column\n"
                  "8:37 column value=\"'Їжак 🎁' || nope\": no such\n"
                  "9:57 column value=\"price < 5 AND sku >= nope\": no su\n"
                  "10:25 column value=\"price *\": near \")\": syntax error\n");
}

static void in_templates(void **state)
{
    struct fixture *f = *state;

    goods(f);
    assert_faults(f,
                  "<?xml version='1.0' encoding='UTF-8'?>\r\n"
                  "<!-- <s:rows of='nothing' a=\"> -->\r\n"
                  "<s:export " NS_S " path='a.xml'><s:xml>\r\n"
                  "<?pi <x> ?><a>\r\n"
                  " <s:rows of='product'>\r\n"
                  "  <b x='{sku} і {nope}' s:if='activ'><s:attr name='y' value='no'/>"
                  "<![CDATA[<{wrong}>]]> її {1 + bad}<c s:value='prise'/></b>\r\n"
                  " </s:rows></a></s:xml></s:export>",
                  "6:31 b if=\"activ\": no such column: activ\n"
                  "6:18 b {}=\"nope\": no such column: nope\n"
                  "6:62 attr value=\"no\": no such column: no\n"
                  "6:78 b {}=\"wrong\": no such column: wrong\n"
                  "6:97 b {}=\"1 + bad\": no such column: bad\n"
                  "6:113 c value=\"prise\": no such column: prise\n");
}

/* Bytes of another encoding are characters; what stands before the text is none. */
static void in_other_encodings(void **state)
{
    struct fixture *f = *state;

    goods(f);
    assert_faults(f,
                  "<?xml version='1.0' encoding='windows-1251'?>\n"
                  "<export " NS " path='a.csv'><csv><rows of='product'>\n"
                  "<column name='\xd6\xb3\xed\xe0' value=\"'\xd6\xb3\xed\xe0' || nope\"/>" TAIL,
                  "3:38 column value=\"'Ціна' || nope\": no such colu\n");
    assert_faults(f,
                  "\xef\xbb\xbf<export " NS " path='a.csv'><csv><rows of='product' where='nope'>"
                  "<column name='a' value='sku'/>" TAIL,
                  "1:80 rows where=\"nope\": no such column: nope\n");
}

static void of_the_grammar(void **state)
{
    struct fixture *f = *state;

    goods(f);
    assert_faults(f, HEAD "  <colum name='a'/>" TAIL, "3:3 colum element 'colum' is not known here\n");
    assert_faults(f, HEAD "<column name='a'\n  limit='many' value='sku'/>" TAIL,
                  "4:10 column attribute 'limit' cannot be 'many'\n");
    assert_faults(f, HEAD "<column name='a' value='sku'/>\n words" TAIL,
                  "4:2 rows text is not allowed in 'rows'\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_at_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(inside_an_expression, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(in_templates, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(in_other_encodings, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(of_the_grammar, fixture_setup, fixture_teardown),
    };

    mapping_init();
    return cmocka_run_group_tests_name("mapping_places", tests, NULL, NULL);
}
