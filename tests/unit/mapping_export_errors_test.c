/* A mistake in an export mapping is reported with file, line, element and what was expected. */
#include "mapping_test.h"

#include "mapping/document.h"

struct mistake {
    const char *document;
    int line;
    const char *field, *message, *advice; /* parts; NULL: any */
};

#define HEAD "<export " NS " path=\"a.csv\">\n<csv>\n<rows of=\"product\">\n" /* 3 lines */
#define TAIL "</rows></csv></export>"
#define XML_HEAD "<s:export " NS_S " path=\"a.xml\">\n<s:xml>\n"
#define XML_TAIL "</s:xml></s:export>"

static const struct mistake mistakes[] = {
    /* not XML, not ours */
    {HEAD "<column name=\"a\" value=\"sku\">\n" TAIL, 5, NULL, "not well-formed", NULL},
    {HEAD "<column name=\"a\" value=\"stock < 5\"/>" TAIL, 4, NULL, "not well-formed", "written &lt;"},
    {"<!DOCTYPE export [<!ENTITY a 'b'>]>\n<export/>", 1, NULL, "DOCTYPE", "remove"},
    {"\n<!DOCTYPE export SYSTEM \"file:///etc/passwd\">\n<export/>", 2, NULL, "DOCTYPE", NULL},
    {"\n<exports " NS "/>", 2, "exports", "the document element is 'exports'", "<export "},
    {"<export path=\"a\"/>", 1, "export", "the document element is", "urn:shopfs:mapping"},
    /* grammar */
    {HEAD "\n<colum name=\"a\" value=\"sku\"/>" TAIL, 5, "colum", "element 'colum' is not known here",
     "did you mean 'column'?"},
    {HEAD "<column name=\"a\"\n valu=\"sku\"/>" TAIL, 5, "column", "attribute 'valu' is not known here",
     "did you mean 'value'?"},
    {"<export " NS " path=\"a\">\n<csv delimeter=\";\"><rows of=\"product\"><column name=\"a\" "
     "value=\"sku\"/></rows></csv></export>",
     2, "csv", "'delimeter'", "did you mean 'delimiter'?"},
    {"<export " NS " path=\"a\">\n<csv quote=\"some\"><rows of=\"product\"><column name=\"a\" "
     "value=\"sku\"/></rows></csv></export>",
     2, "csv", "'quote' cannot be 'some'", "'minimal'"},
    {"<export " NS " path=\"a\">\n<csv>\n<rows><column name=\"a\" value=\"sku\"/></rows></csv></export>", 3,
     "rows", "lacks its attribute 'of'", NULL},
    {"<export " NS ">\n<csv/></export>", 1, "export", "lacks its attribute 'path'", NULL},
    {"<export " NS " path=\"a\">\n<csv>\n</csv></export>", 2, "csv", "lacks its element 'rows'", NULL},
    {"<export " NS " path=\"a\">\n<csv>\nwords<rows of=\"product\"><column name=\"a\" "
     "value=\"sku\"/></rows></csv></export>",
     3, "csv", "text is not allowed", NULL},
    {HEAD "<column name=\"a\" value=\"sku\" limit=\"many\"/>" TAIL, 4, "column", "'limit' cannot be 'many'",
     "a whole number"},
    {HEAD "<column name=\"a\" value=\"sku\"><value of=\"sku\"/></column>" TAIL, 4, NULL,
     "does not go together", NULL},
    {XML_HEAD "<a>\n<s:vale of=\"1\"/></a>" XML_TAIL, 4, "vale", "element 'vale' is not known here",
     "did you mean 'value'?"},
    {XML_HEAD "<a s:valu=\"title\"/>" XML_TAIL, 3, "a", "attribute 'valu'", "did you mean 'value'?"},
    /* rows below one another, what a variant lacks */
    {XML_HEAD "<a><s:rows of=\"product\">\n<s:children/></s:rows></a>" XML_TAIL, 4, "children", "nested",
     "below"},
    {XML_HEAD "<a>\n<s:rows of=\"product\" nested=\"yes\"><b/></s:rows></a>" XML_TAIL, 4, "rows",
     "not below one another", NULL},
    {XML_HEAD "<a><s:rows of=\"offer\">\n<s:each of=\"price\" "
              "per=\"price_list_id\"><b/></s:each></s:rows></a>" XML_TAIL,
     4, "each", "inherit", NULL},
    {XML_HEAD "<a><s:rows of=\"offer\">\n<s:each of=\"price\" inherit=\"missing\" "
              "per=\"list\"><b/></s:each></s:rows></a>" XML_TAIL,
     4, "each", "per=\"list\"", "price_list_id"},
    /* rows and SQL */
    {"<export " NS
     " path=\"a\"><csv>\n<rows of=\"produkt\"><column name=\"a\" value=\"sku\"/></rows></csv></export>",
     2, "rows", "no kind of row 'produkt'", "product"},
    {"<export " NS
     " path=\"a\"><csv>\n<rows of=\"attribute\"><column name=\"a\" value=\"name\"/></rows></csv></export>",
     2, "rows", "only inside others", NULL},
    {HEAD "\n<column name=\"a\" value=\"prize\"/>" TAIL, 5, "column", "no such column: prize", "price"},
    {HEAD "<column name=\"a\">\n<value of=\"price *\"/></column>" TAIL, 5, "value", "price *", NULL},
    {HEAD "<column name=\"a\"><each of=\"image\"\n where=\"nam = 1\" value=\"name\"/></column>" TAIL, 5,
     "each", "no such column: nam", "title"},
    {HEAD "<column name=\"a\" value=\"count(*)\"/>" TAIL, 4, "column", "aggregate", NULL},
    {HEAD "<column name=\"a\" value=\"\"/>" TAIL, 4, "column", "'value' is empty", NULL},
    {HEAD "<column name=\"a\" value=\"sku; DROP TABLE product\"/>" TAIL, 4, "column", NULL, NULL},
    {HEAD "<column name=\"a\" value=\"datetime('now')\"/>" TAIL, 4, "column", "time of day", "version.date"},
    {HEAD "<column name=\"a\" value=\"random()\"/>" TAIL, 4, "column", "chance", NULL},
    {HEAD "<column name=\"a\" value=\"version.date\"/>" TAIL, 4, "column", "only outside 'rows'", NULL},
    {HEAD "<column name=\"a\" value=\"parent.sku\"/>" TAIL, 4, "column", "no enclosing row", NULL},
    {HEAD "<column name=\"a\"><each of=\"image\" value=\"parent.sku || name\"/></column>" TAIL, 4, "each",
     "not a column of the enclosing row", "no expression"},
    {HEAD "<column name=\"a\"><each of=\"order_line\" value=\"name\"/></column>" TAIL, 4, "each",
     "do not belong", NULL},
    {HEAD "<column name=\"a\"><each of=\"image\" inherit=\"all\" value=\"name\"/></column>" TAIL, 4, "each",
     "inherit", NULL},
    {HEAD "<column name=\"a\" value=\"price\" format=\"money\"/>" TAIL, 4, "column",
     "'money' is not a format", "decimal(2)"},
    {HEAD "<column name=\"a\" value=\"price\" format=\"decimal(2\"/>" TAIL, 4, "column", "is not a format",
     NULL},
    {HEAD "<column value=\"price\"/>" TAIL, 4, "column", "needs a name", "header=\"no\""},
    {"<export " NS " path=\"a\"><csv>\n<rows of=\"product\" order=\"name\"><column name=\"a\" "
     "value=\"sku\"/></rows></csv></export>",
     2, "rows", "order of product_id", NULL},
    {"<export " NS " path=\"a\"><csv>\n<rows of=\"currency\" order=\"nme\"><column name=\"a\" "
     "value=\"name\"/></rows></csv></export>",
     2, "rows", "no such column: nme", NULL},
    {HEAD "<column name=\"a\" value=\"sku\"/><each of=\"variant\">\n<column name=\"b\" "
          "value=\"sku\"/></each>" TAIL,
     5, "column", "no column 'b' in the header", NULL},
    /* settings */
    {"<export " NS
     " path=\"../a\">\n<csv><rows of=\"product\"><column name=\"a\" value=\"sku\"/></rows></csv></export>",
     1, "export", "cannot be a file of the tree", NULL},
    {"<export " NS " path=\"orders/a/b\">\n<csv><rows of=\"product\"><column name=\"a\" "
     "value=\"sku\"/></rows></csv></export>",
     1, "export", "is taken in 'orders'", NULL},
    {"<export " NS " path=\"orders/results\">\n<csv><rows of=\"product\"><column name=\"a\" "
     "value=\"sku\"/></rows></csv></export>",
     1, "export", "is taken in 'orders'", NULL},
    {"<export " NS " path=\"orders\">\n<csv><rows of=\"product\"><column name=\"a\" "
     "value=\"sku\"/></rows></csv></export>",
     1, "export", "is taken in 'orders'", NULL},
    {"<export " NS " path=\"a\">\n<csv encoding=\"klingon\"><rows of=\"product\"><column name=\"a\" "
     "value=\"sku\"/></rows></csv></export>",
     2, "csv", "encoding 'klingon'", "windows-1251"},
    {"<export " NS " path=\"a\">\n<csv delimiter=\";;\"><rows of=\"product\"><column name=\"a\" "
     "value=\"sku\"/></rows></csv></export>",
     2, "csv", "is not one character", NULL},
    /* left out without rows */
    {XML_HEAD "<a>\n<b s:drop-empty=\"yes\"><c s:drop-empty=\"yes\"><s:rows "
              "of=\"product\"><d/></s:rows></c></b></a>" XML_TAIL,
     4, "c", "cannot stand inside something that may be left out", NULL},
    {XML_HEAD "<a>\n<b s:drop-empty=\"produkt\"><s:rows of=\"product\"><d/></s:rows></b></a>" XML_TAIL, 4,
     "b", "'drop-empty' cannot be 'produkt'", "kinds of row"},
    {XML_HEAD "<a>\n<b s:drop-empty=\"product\"><d/></b></a>" XML_TAIL, 4, "b", "without rows", NULL},
    {XML_HEAD "<a s:limit=\"5\">\n<b/></a>" XML_TAIL, 4, "b", "cuts text", NULL},
    /* many files */
    {"<export " NS " path=\"{code}.csv\" for=\"product\">\n<csv><rows of=\"product\"><column name=\"a\" "
     "value=\"sku\"/></rows></csv></export>",
     1, "export", "cannot be a file for each row of 'product'", "price_list"},
    {"<export " NS " path=\"{kode}.csv\" for=\"price_list\">\n<csv><rows of=\"product\"><column name=\"a\" "
     "value=\"sku\"/></rows></csv></export>",
     1, "export", "no such column: kode", "code"},
    {"<export " NS " path=\"a.csv\" for=\"price_list\">\n<csv><rows of=\"product\"><column name=\"a\" "
     "value=\"sku\"/></rows></csv></export>",
     1, "export", "the same for every row", "{code}"},
    {"<export " NS " path=\"a.csv\" where=\"1\">\n<csv><rows of=\"product\"><column name=\"a\" "
     "value=\"sku\"/></rows></csv></export>",
     1, "export", "'where' without 'for'", NULL},
    {"<export " NS " path=\"{code}.csv\" for=\"price_list\">\n<csv><rows of=\"product\"><column name=\"a\"\n "
     "value=\"sku || for.kode\"/></rows></csv></export>",
     3, "column", "for.kode: no such column", "code"},
    {HEAD "<column name=\"a\" value=\"for.code\"/>" TAIL, 4, "column", "makes one file", "for="},
    {HEAD "<column name=\"a\" value=\"sku || :site\"/>" TAIL, 4, "column", "parameters do not belong", NULL},
    {HEAD "<column name=\"a\" value=\"sku || ?\"/>" TAIL, 4, "column", "parameters do not belong", NULL},
    /* templates */
    {XML_HEAD "<a>\n<b c=\"{nope}\"/></a>" XML_TAIL, 4, "b", "no such column: nope", "title"},
    {XML_HEAD "<a>\n<b c=\"{title\"/></a>" XML_TAIL, 4, "b", "'{' without '}'", "doubled"},
    {XML_HEAD "<a>\n<b>{nope}</b></a>" XML_TAIL, 4, "b", "no such column: nope", NULL},
    {XML_HEAD "<a>\n<s:each of=\"image\" value=\"name\"/></a>" XML_TAIL, 4, "each", "inside 'rows' only",
     "write 'rows'"},
    {XML_HEAD "<a s:if=\"1\">\n<s:rows of=\"product\"><b/></s:rows></a>" XML_TAIL, 4, "rows",
     "may be left out", NULL},
    {XML_HEAD "<a><s:rows of=\"product\">\n<s:rows of=\"image\"><b/></s:rows></s:rows></a>" XML_TAIL, 4,
     "rows", "cannot stand inside 'rows'", "each"},
    {XML_HEAD "<a>\n<s:attr name=\"1x\" value=\"title\"/></a>" XML_TAIL, 4, "attr", "cannot be the name",
     NULL},
};

static void every_mistake_has_its_line(void **state)
{
    struct fixture *f = *state;

    goods(f);
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        const struct mistake *m = &mistakes[i];
        struct export_map *map = NULL;
        auto_buf told = BUF_INIT;
        int rc = compile_text(f, m->document, &map);

        if (rc >= 0)
            fail_msg("compiles: %s", m->document);
        error_format(&f->err, &told);
        if (f->err.line != m->line || (m->field && (!f->err.field || strcmp(f->err.field, m->field) != 0)) ||
            (m->message && !strstr(f->err.message, m->message)) ||
            (m->advice && (!f->err.advice || !strstr(f->err.advice, m->advice))))
            fail_msg("%s\ntold: %s\nwanted: line %d, field %s, message %s, advice %s", m->document,
                     buf_str(&told), m->line, m->field ? m->field : "-", m->message ? m->message : "-",
                     m->advice ? m->advice : "-");
        assert_null(strstr(f->err.message, "SELECT"));
        assert_null(strstr(f->err.message, "v_product"));
        assert_non_null(f->err.file);
        assert_non_null(strstr(f->err.file, "mapping.xml"));
        error_release(&f->err);
    }
}

static void a_missing_file_is_named(void **state)
{
    struct fixture *f = *state;
    struct export_map *map = NULL;

    goods(f);
    assert_int_equal(export_map_compile(&map, "/nonexistent/a.xml", f->reader, &f->err), -2);
    assert_string_equal(f->err.file, "/nonexistent/a.xml");
}

static void the_object_is_untouched_on_success(void **state)
{
    struct fixture *f = *state;
    struct export_map *map = NULL;

    goods(f);
    assert_int_equal(compile_text(f, HEAD "<column name=\"a\" value=\"sku\"/>" TAIL, &map), 0);
    assert_null(f->err.message);
    assert_string_equal(export_map_path(map), "a.csv");
    assert_string_equal(export_map_title(map), "a.csv");
    assert_false(export_map_private(map));
    export_map_unref(map);
}

/* What a list of exports says of a document which is not in service. */
static void a_broken_document_still_names_its_file(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"path", "title"};
    static const struct {
        const char *text, *path, *title;
    } cases[] = {
        {HEAD "<colum/>" TAIL, "a.csv", NULL},
        {"<s:export " NS_S " title='T &gt; 1' path='b.xml'><s:xml", "b.xml", "T > 1"},
        {"<export path='c.csv'><a></b>", "c.csv", NULL},
        {"<!DOCTYPE export [<!ENTITY e 'x'>]><export path='d.csv'/>", "d.csv", NULL},
        {"<export x:path='no' xmlns:x='u' path=", NULL, NULL},
        {"no XML at all", NULL, NULL},
        {"", NULL, NULL},
    };

    small_shop(f);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct export_map *map = NULL;
        char file[PATH_MAX + 16], *values[2];

        assert_true(compile_text(f, cases[i].text, &map) < 0);
        error_release(&f->err);
        f->err = (struct error)ERROR_INIT;
        snprintf(file, sizeof file, "%s/mapping.xml", f->dir);
        mapping_document_peek(file, names, values, 2);
        assert_string_equal(values[0] ? values[0] : "-", cases[i].path ? cases[i].path : "-");
        assert_string_equal(values[1] ? values[1] : "-", cases[i].title ? cases[i].title : "-");
        free(values[0]);
        free(values[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_mistake_has_its_line, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_missing_file_is_named, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_object_is_untouched_on_success, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_broken_document_still_names_its_file, fixture_setup,
                                        fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
