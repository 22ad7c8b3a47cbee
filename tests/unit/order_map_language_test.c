/* The language: what each construct does, and what is said of a mistake. */
#include "order_fixture.h"

#include <errno.h>

#define HEAD "<order-mapping xmlns='urn:shopfs:mapping' name='t' title='T' evidence='assumed'>\n"
#define ROOT HEAD "<detect root='o'/>\n"

/* Maps and the content of <orders path='/o'>; the lines are made of <i> unless `body` says otherwise. */
static struct order_map *mapping(const char *maps, const char *body)
{
    auto_buf b = BUF_INIT;

    buf_addf(&b, ROOT "%s<orders path='/o'>%s%s%s</orders></order-mapping>", maps,
             strstr(body, "<number ") ? "" : "<number path='n' default='1'/>", body,
             strstr(body, "<lines ") ? "" : "<lines path='i' required='no'/>");
    return must_compile(buf_str(&b));
}

static struct order *read_one(struct order_file *f, const char *maps, const char *body, const char *text)
{
    struct order_map *map = mapping(maps, body);

    must_parse(f, map, text);
    order_map_free(map);
    assert_int_equal(f->n_orders, 1);
    return &f->orders[0];
}

/* -- text ---------------------------------------------------------------------------------------------- */

static void text_case(const char *maps, const char *field, const char *text, const char *expected)
{
    struct order_file f;
    struct order *o = read_one(&f, maps, field, text);

    if (expected)
        assert_string_equal(o->note, expected);
    else
        assert_null(o->note);
    order_file_release(&f);
}

static void test_text(void **state)
{
    (void)state;
    text_case("", "<note path='a'/>", "<o><a>\n x\t y\xc2\xa0 </a></o>", "x y");
    text_case("", "<note path='a'/>", "<o><a> </a><a>b</a><a>c</a></o>", "b");
    text_case("", "<note path='a'/>", "<o/>", NULL);
    text_case("", "<note path='a'/>", "<o><a/></o>", NULL);
    text_case("", "<note path='a' default='d'/>", "<o><a/></o>", "d");
    text_case("", "<note path='a'><from path='b'/><from path='@c'/></note>", "<o c='3'><a> </a></o>", "3");
    text_case("", "<note path='a'><from path='b'/><from path='@c'/></note>", "<o c='3'><b>2</b></o>", "2");
    text_case("", "<note path='a'><constant value='k'/></note>", "<o/>", "k");
    text_case("", "<note path='a' separator='; '/>", "<o><a>1</a><a/><a>2</a></o>", "1; 2");
    text_case("", "<note path='a/text()'/>", "<o><a>own<b>other</b></a></o>", "own");
    text_case("", "<note path='a'/>", "<o><a>x <b>y</b><![CDATA[ z ]]></a></o>", "x y z");
    text_case("", "<note path='substring-before(a, \"-\")'/>", "<o><a>7-8</a></o>", "7");
    text_case("", "<note path='concat(a, b)'/>", "<o><a>7</a><b>8</b></o>", "78");
    text_case("", "<note path='count(a)'/>", "<o><a>7</a><a>8</a></o>", "2");
    text_case("", "<note><join><part path='a'/><part path='b'/></join></note>", "<o><a>x </a></o>", "x");
    text_case("", "<note><join separator=', '><part path='a'/><part path='b'/></join></note>",
              "<o><a>x </a><b>\n<c>y</c></b></o>", "x, y");
    text_case("", "<note><join separator=''><part text='+'/><part path='a'/></join></note>",
              "<o><a>1</a></o>", "+1");
    text_case("", "<note><join separator=''><part text='+'/><part path='a'/></join></note>", "<o><a/></o>",
              NULL);
    text_case("", "<note path='p[role=\"b\"]/name'/>",
              "<o><p><role>a</role><name>A</name></p><p><role>b</role><name>B</name></p></o>", "B");
}

#define WORDS                                                                                                  \
    "<map name='w'><value text='Ano' is='1'/><value starts='[F]' is='2'/><value contains='НДС 20' is='3'/>" \
    "<value text='ЁЖ' is='4'/><value text='Žluť' is='5'/><value text='drop' is=''/></map>"
#define WORDS_ELSE "<map name='w' default='z'><value text='a' is='1'/></map>"

static void test_maps(void **state)
{
    static const char field[] = "<note path='a' map='w'/>";

    (void)state;
    text_case(WORDS, field, "<o><a> ANO </a></o>", "1");
    text_case(WORDS, field, "<o><a>[f] done</a></o>", "2");
    text_case(WORDS, field, "<o><a>с ндс 20%</a></o>", "3");
    text_case(WORDS, field, "<o><a>ёж</a></o>", "4");
    text_case(WORDS, field, "<o><a>žLUŤ</a></o>", "5");
    text_case(WORDS, field, "<o><a>other</a></o>", "other");
    text_case(WORDS, "<note path='a' map='w'><from path='b'/></note>", "<o><a>drop</a><b>kept</b></o>",
              "kept");
    text_case(WORDS, "<note path='x'><from path='a' map='w'/></note>", "<o><a>ano</a></o>", "1");
    text_case(WORDS, "<note map='w'><from path='a'/></note>", "<o><a>ano</a></o>", "1");
    text_case(WORDS, "<note><join><part path='a' map='w'/><part path='b'/></join></note>",
              "<o><a>ano</a><b>ano</b></o>", "1 ano");
    text_case(WORDS_ELSE, field, "<o><a>other</a></o>", "z");
    text_case(WORDS_ELSE, field, "<o/>", NULL);
}

static void test_namespaces(void **state)
{
    struct order_map *map;
    struct order_file f;

    (void)state;
    text_case("", "<note path='a'/>", "<o xmlns='urn:x' xmlns:y='urn:y'><y:a y:b='1'>v</y:a></o>", "v");
    text_case("", "<note path='a/@b'/>", "<o xmlns='urn:x' xmlns:y='urn:y'><y:a y:b='1'>v</y:a></o>", "1");
    map = must_compile("<order-mapping xmlns='urn:shopfs:mapping' xmlns:p='urn:x' name='t' title='T' "
                       "evidence='assumed' ignore-namespaces='no'><detect test='/p:o'/><orders path='/p:o'>"
                       "<number path='p:n'/><lines path='i'/></orders></order-mapping>");
    must_parse(&f, map, "<q:o xmlns:q='urn:x'><q:n>5</q:n><i/></q:o>");
    assert_string_equal(f.orders[0].number, "5");
    order_file_release(&f);
    must_parse(&f, map, "<o><n>5</n><i/></o>");
    assert_null(f.mapping);
    order_file_release(&f);
    order_map_free(map);
}

/* A first step that is not ASCII does not compile in libxml2 2.9 unless it is helped. */
static void test_names_not_ascii(void **state)
{
    struct order_map *map = must_compile(
        HEAD
        "<detect test='/Заказ'/><detect test='boolean( / Žádost )'/><orders path='/Заказ | //Žádost'>"
        "<number path='Номер[. != \"/Заказ\"]'/><note path='/Заказ/Текст'/><lines path='Товар'/></orders>"
        "</order-mapping>");
    struct order_file f;

    (void)state;
    must_parse(&f, map, "<Заказ><Номер>1</Номер><Текст>т</Текст><Товар/></Заказ>");
    assert_string_equal(f.orders[0].number, "1");
    assert_string_equal(f.orders[0].note, "т");
    order_file_release(&f);
    must_parse(&f, map, "<Žádost><Номер>2</Номер><Товар/></Žádost>");
    assert_string_equal(f.orders[0].number, "2");
    order_file_release(&f);
    order_map_free(map);
}

/* -- numbers ------------------------------------------------------------------------------------------- */

static void price_case(const char *price, const char *value, int64_t expected_e4)
{
    auto_buf text = BUF_INIT;
    auto_buf body = BUF_INIT;
    struct order_file f;
    struct order *o;

    buf_addf(&text, "<o><i><p>%s</p><q>4</q><t>0.5</t></i></o>", value);
    buf_addf(&body, "<lines path='i'>%s</lines>", price);
    o = read_one(&f, "", buf_str(&body), buf_str(&text));
    if (expected_e4 == INT64_MIN) {
        assert_string_equal(o->error.field, "price");
        assert_int_equal(o->error.line, 1);
        assert_int_equal(strncmp(o->error.path, "/o/i", 4), 0);
    } else {
        if (o->error.message)
            fail_msg("%s: %s", value, o->error.message);
        assert_true(o->lines[0].has_price);
        assert_int_equal(o->lines[0].price_e4, expected_e4);
    }
    order_file_release(&f);
}

static void test_numbers(void **state)
{
    static const char automatic[] = "<price path='p'/>";

    (void)state;
    price_case(automatic, "25,10", 251000);
    price_case(automatic, "1 331,00", 13310000);
    price_case(automatic,
               "1\xc2\xa0"
               "331,00",
               13310000);
    price_case(automatic,
               "1\xe2\x80\xaf"
               "331.00",
               13310000);
    price_case(automatic, "1.234,50", 12345000);
    price_case(automatic, "1,234.50", 12345000);
    price_case(automatic, "-50.00", -500000);
    price_case(automatic, "16.510000", 165100);
    price_case(automatic, "9.999999", 100000);
    price_case(automatic, "1 331,00 Kč", 13310000);
    price_case(automatic, "150 грн.", 1500000);
    price_case(automatic, "12,5 €", 125000);
    price_case(automatic, "ten", INT64_MIN);
    price_case(automatic, "10-20", INT64_MIN);
    price_case(automatic, "1e5", INT64_MIN);
    price_case(automatic, "99999999999999999", INT64_MIN);
    price_case("<price path='p' numbers='comma'/>", "1.234", 12340000);
    price_case("<price path='p' numbers='point'/>", "1,234", 12340000);
    price_case("<price path='p' numbers='point'/>", "12,50", INT64_MIN);
    price_case("<price path='p' multiply='-1'/>", "12.50", -125000);
    price_case("<price path='p' multiply='0.01'/>", "1250", 125000);
    price_case("<price path='p' multiply='0.01'/>", "1255.55", 125555);
    price_case("<price path='p' per='q'/>", "10", 25000);
    price_case("<price path='p' per='\"x\"'/>", "10", INT64_MIN); /* for how many? */
    price_case("<price path='p' per='none'/>", "10", 100000);
    price_case("<price path='p' per='0'/>", "10", 100000);
    price_case("<price><sum><part path='p'/><part path='t'/><part path='none'/></sum></price>", "10.1",
               106000);
    price_case("<price><sum multiply='-1'><part path='p'/></sum></price>", "10.1", -101000);
    price_case("<price><sum><part path='p'/></sum></price>", "ten", INT64_MIN);
    price_case("<price path='p div 3'/>", "10", 33333);
    price_case("<price path='none' default='2.5'/>", "10", 25000);
}

static void test_vat(void **state)
{
    static const char rates[] =
        "<map name='v'><value text='high' is='21'/><value text='Без НДС' is='0'/></map>";
    static const struct {
        const char *field, *line;
        int64_t expected_e2; /* -1: none */
    } cases[] = {
        {"<vat-percent path='v' map='v'/>", "<v>high</v>", 2100},
        {"<vat-percent path='v' map='v'/>", "<v>без НДС</v>", 0},
        {"<vat-percent path='v' map='v'/>", "<v>12 %</v>", 1200},
        {"<vat-percent path='v' map='v'/>", "<v>5,5</v>", 550},
        {"<vat-percent path='v' map='v'/>", "<v>strange</v>", -1},
        {"<vat-percent path='v' multiply='100'/>", "<v>0.19</v>", 1900},
        {"<vat-percent path='v' multiply='100'/>", "<v>0.055</v>", 550},
        {"<vat-percent path='v' multiply='100'/>", "<v>19</v>", 190000},
        {"<vat-percent><derive net='n' gross='g'/></vat-percent>", "<n>300.00</n><g>363.00</g>", 2100},
        {"<vat-percent><derive net='n' gross='g'/></vat-percent>", "<n>16.51</n><g>16.51</g>", 0},
        {"<vat-percent><derive net='n' gross='g'/></vat-percent>", "<n>0.83</n><g>1.00</g>", 2000},
        {"<vat-percent><derive net='n' gross='g'/></vat-percent>", "<n>8.26</n><g>10</g>", 2100},
        {"<vat-percent><derive net='n' gross='g'/></vat-percent>", "<n>100</n><g>150</g>", 5000},
        {"<vat-percent><derive net='n' gross='g'/></vat-percent>", "<n>0</n><g>1</g>", -1},
        {"<vat-percent><derive net='n' gross='g'/></vat-percent>",
         "<n>-900000000000000</n><g>900000000000000</g>", -1},
        {"<vat-percent><derive net='n' gross='g'/></vat-percent>", "<g>1</g>", -1},
        {"<vat-percent path='v'><derive net='n' gross='g'/></vat-percent>", "<n>1</n><g>1.2</g>", 2000},
        {"<vat-percent path='v'><constant value='7'/></vat-percent>", "", 700},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        auto_buf text = BUF_INIT;
        auto_buf body = BUF_INIT;
        struct order_file f;
        struct order *o;

        buf_addf(&text, "<o><i>%s</i></o>", cases[i].line);
        buf_addf(&body, "<lines path='i'><name default='x'/>%s</lines>", cases[i].field);
        o = read_one(&f, rates, buf_str(&body), buf_str(&text));
        assert_null(o->error.message);
        if (o->lines[0].has_vat != (cases[i].expected_e2 >= 0) ||
            (o->lines[0].has_vat && o->lines[0].vat_percent_e2 != cases[i].expected_e2))
            fail_msg("case %zu: %d %lld", i, o->lines[0].has_vat, (long long)o->lines[0].vat_percent_e2);
        order_file_release(&f);
    }
}

static void test_price_meaning(void **state)
{
    struct order_file f;
    struct order *o;
    static const char flags[] = "<map name='f'><value text='0' is='no'/><value text='1' is='yes'/></map>";
    static const char body[] = "<lines path='i'><name default='x'/><vat-included path='f' map='f' "
                               "default='no'/><vat-percent path='v'/>"
                               "<price vat='flag'><from path='p'/><from path='g' vat='included'/><from "
                               "path='n' vat='excluded'/></price>"
                               "<total path='t' vat='included'/><quantity path='q'/></lines>";

    (void)state;
    o = read_one(
        &f, flags, body,
        "<o><i><p>1</p><f>1</f></i><i><p>1</p><f>0</f></i><i><p>1</p></i><i><g>1</g></i><i><n>1</n></i>"
        "<i><n>1</n><v>21</v><t>1.21</t></i><i><n>1</n><t>1.21</t></i><i><t>9</t><q>4</q></i><i/></o>");
    assert_int_equal(o->n_lines, 9);
    assert_true(o->lines[0].price_has_vat);
    assert_false(o->lines[1].price_has_vat);
    assert_false(o->lines[2].price_has_vat);
    assert_true(o->lines[3].price_has_vat);
    assert_false(o->lines[4].price_has_vat);
    /* A total of the other meaning is brought to the price's, or left out where the rate is unknown. */
    assert_true(o->lines[5].has_total);
    assert_int_equal(o->lines[5].total_e4, 10000);
    assert_false(o->lines[6].has_total);
    /* A price that is missing follows from the total. */
    assert_true(o->lines[7].has_price);
    assert_int_equal(o->lines[7].price_e4, 22500);
    assert_true(o->lines[7].price_has_vat);
    assert_true(o->lines[7].has_total);
    assert_false(o->lines[8].has_price);
    order_file_release(&f);

    o = read_one(&f, "", "<total><from path='g' vat='included'/><from path='n' vat='excluded'/></total>",
                 "<o><n>5</n></o>");
    assert_true(o->total_is_net);
    order_file_release(&f);
}

/* -- dates, flags, words ------------------------------------------------------------------------------- */

static void date_case(const char *attributes, const char *value, const char *expected, size_t warnings)
{
    auto_buf text = BUF_INIT;
    auto_buf body = BUF_INIT;
    struct order_file f;
    struct order *o;

    buf_addf(&text, "<o><d>%s</d></o>", value);
    buf_addf(&body, "<ordered path='d' %s/>", attributes);
    o = read_one(&f, "", buf_str(&body), buf_str(&text));
    if (expected && o->ordered)
        assert_string_equal(o->ordered, expected);
    else if (expected || o->ordered)
        fail_msg("'%s' gave %s", value, o->ordered ? o->ordered : "nothing");
    assert_int_equal(o->n_warnings, warnings);
    order_file_release(&f);
}

static void test_dates(void **state)
{
    (void)state;
    date_case("", "2026-09-01 10:15:00", "2026-09-01 10:15:00", 0);
    date_case("", "2014-10-14", "2014-10-14 00:00:00", 0);
    date_case("", "2018-08-01T18:54:55", "2018-08-01 18:54:55", 0);
    date_case("", "2018-08-01T18:54:55+01:00", "2018-08-01 17:54:55", 0);
    date_case("", "21.02.2007", "2007-02-21 00:00:00", 0);
    date_case("", "1. 9. 2026", "2026-09-01 00:00:00", 0);
    date_case("", "22.07.15 19:24", "2015-07-22 19:24:00", 0);
    date_case("dates='month-first'", "12/8/2011 21:56 PM", "2011-12-08 21:56:00", 0);
    date_case("", "12/8/2011", "2011-08-12 00:00:00", 0);
    date_case("", "0000-00-00 00:00:00", NULL, 0);
    date_case("", "", NULL, 0);
    date_case("", "2020-08-2015T00:00:00", NULL, 1);
    date_case("", "2026-02-30", NULL, 1);
    date_case("", "yesterday", NULL, 1);
}

static void test_flags_and_status(void **state)
{
    static const char *const yes[] = {"1", "true", "Yes", "ANO", "Ja", "да", "Так", NULL};
    static const char *const no[] = {"0", "false", "No", "ne", "Nein", "НЕТ", "ні", NULL};
    static const char states[] =
        "<map name='s'><value text='vyřizuje se' is='accepted'/><value text='10' is='new'/></map>";
    struct order_file f;
    struct order *o;

    (void)state;
    for (size_t i = 0; yes[i] && no[i]; i++) {
        auto_buf text = BUF_INIT;

        buf_addf(&text, "<o><p>%s</p><c>%s</c></o>", yes[i], no[i]);
        o = read_one(&f, "", "<paid path='p'/><cancelled path='c'/>", buf_str(&text));
        if (!o->paid || o->cancelled || o->n_warnings)
            fail_msg("%s and %s", yes[i], no[i]);
        order_file_release(&f);
    }
    o = read_one(&f, "", "<paid path='p > 0'/>", "<o><p>0.01</p></o>");
    assert_true(o->paid);
    order_file_release(&f);
    o = read_one(&f, states, "<status path='s' map='s'/>", "<o><s>Vyřizuje se</s></o>");
    assert_string_equal(o->status, "accepted");
    assert_string_equal(o->status_text, "Vyřizuje se");
    order_file_release(&f);
    o = read_one(&f, states, "<status path='s' map='s'/>", "<o><s>Nové slovo</s></o>");
    assert_null(o->status);
    assert_string_equal(o->status_text, "Nové slovo");
    order_file_release(&f);
}

static void test_currency(void **state)
{
    static const char currencies[] =
        "<map name='c'><value text='грн' is='UAH'/><value text='978' is='EUR'/></map>";
    static const struct {
        const char *path, *text, *expected; /* NULL: refused */
    } cases[] = {
        {"c", "<o><c>czk</c></o>", "CZK"},
        {"c", "<o><c>грн</c></o>", "UAH"},
        {"c", "<o><c>978</c></o>", "EUR"},
        {"i/p/@c", "<o><i><p c='USD'>1</p></i></o>", "USD"},
        {"substring-after(name(*[starts-with(name(), \"price\")]), \"price\")",
         "<o><priceUAH>1</priceUAH></o>", "UAH"},
        {"c", "<o><c>crowns</c></o>", NULL},
        {"c", "<o><c>12</c></o>", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        auto_buf body = BUF_INIT;
        struct order_file f;
        struct order *o;

        buf_addf(&body, "<currency path='%s' map='c'/>", cases[i].path);
        o = read_one(&f, currencies, buf_str(&body), cases[i].text);
        if (cases[i].expected) {
            assert_null(o->error.message);
            assert_string_equal(o->currency, cases[i].expected);
        } else {
            assert_string_equal(o->error.field, "currency");
            assert_null(o->currency);
        }
        order_file_release(&f);
    }
}

/* -- addresses and lines ------------------------------------------------------------------------------- */

static void test_addresses(void **state)
{
    static const char body[] = "<billing base='p[@r=\"b\"]'><name path='n'/></billing>"
                               "<delivery base='p[@r=\"d\"]'><name path='n'/><city path='c'/></delivery>"
                               "<delivery><full-text path='where'/></delivery>";
    struct order_file f;
    struct order *o;

    (void)state;
    o = read_one(&f, "", body, "<o><p r='d'><n>D</n></p><p r='b'><n>B</n></p><where>W</where></o>");
    assert_string_equal(o->billing.name, "B");
    assert_string_equal(o->delivery.name, "D");
    assert_null(o->delivery.full_text);
    assert_int_equal(o->n_unmapped, 3); /* both roles, and the address that was not needed */
    order_file_release(&f);
    o = read_one(&f, "", body, "<o><p r='d'><n> </n></p><where>W</where></o>");
    assert_false(o->billing.present);
    assert_true(o->delivery.present);
    assert_string_equal(o->delivery.full_text, "W");
    order_file_release(&f);
    o = read_one(&f, "", body, "<o/>");
    assert_false(o->delivery.present);
    order_file_release(&f);
}

static void test_lines(void **state)
{
    static const char kinds[] = "<map name='k'><value text='billing' is='payment'/><value starts='discount' "
                                "is='discount'/><value text='product' is='product'/></map>";
    static const char body[] =
        "<lines path='l/i'><kind path='@t' map='k' default='product'/><name path='n'/>"
        "<price path='p'/></lines>"
        "<lines path='ship' kind='shipping' required='no'><name path='.'/></lines>"
        "<extra-line kind='wrapping' title='Wrapping'><amount path='wrap'/></extra-line>"
        "<extra-line kind='discount' title='Discount'><name path='dn'/>"
        "<amount path='disc' multiply='-1' vat='excluded'/><vat-percent path='dv'/></extra-line>"
        "<extra-line kind='payment' title='Fee' keep-zero='yes'><amount path='fee'/></extra-line>";
    struct order_file f;
    struct order *o;

    (void)state;
    o = read_one(
        &f, kinds, body,
        "<o><l><i><n>a</n><p>1</p></i>\n<i t='billing'><n>b</n></i><i t='discount-coupon'><n>c</n></i>"
        "<i "
        "t='?'><n>d</n></i></l><ship>PPL</ship><wrap>0.00</wrap><disc>50</disc><dv>21</dv><fee>0</fee></o>");
    assert_null(o->error.message);
    assert_int_equal(o->n_lines, 7);
    assert_int_equal(o->lines[0].kind, LINE_PRODUCT);
    assert_int_equal(o->lines[0].line, 1);
    assert_int_equal(o->lines[1].kind, LINE_PAYMENT);
    assert_int_equal(o->lines[1].line, 2);
    assert_int_equal(o->lines[2].kind, LINE_DISCOUNT);
    assert_int_equal(o->lines[3].kind, LINE_OTHER);
    assert_int_equal(o->n_warnings, 1);
    assert_int_equal(o->lines[4].kind, LINE_SHIPPING);
    assert_string_equal(o->lines[4].name, "PPL");
    assert_int_equal(o->lines[5].kind, LINE_DISCOUNT);
    assert_string_equal(o->lines[5].name, "Discount");
    assert_int_equal(o->lines[5].price_e4, -500000);
    assert_false(o->lines[5].price_has_vat);
    assert_int_equal(o->lines[5].vat_percent_e2, 2100);
    assert_int_equal(o->lines[5].quantity_e3, 1000);
    assert_int_equal(o->lines[5].line, 0);
    assert_int_equal(o->lines[6].kind, LINE_PAYMENT);
    order_file_release(&f);

    o = read_one(&f, kinds, body, "<o><wrap>5</wrap></o>");
    assert_string_equal(o->error.field, "lines");
    assert_non_null(strstr(o->error.advice, "l/i"));
    order_file_release(&f);
}

/* Several <orders>: kinds of documents, and one without fields is read like the first. */
static void test_sections(void **state)
{
    struct order_map *map =
        must_compile(HEAD "<detect root='p'/><orders path='/p/o' identity='external-id'><number "
                          "path='n'/><external-id path='@id'/>"
                          "<lines path='i'/></orders>"
                          "<orders path='/p/x' document='invoice'/>"
                          "<orders path='/p/y' document='invoice'><number path='@no'/><order-number "
                          "path='@of'/><due-on path='d'/>"
                          "<lines path='z' required='no'/></orders></order-mapping>");
    struct order_file f;

    (void)state;
    must_parse(&f, map,
               "<p><x id='7'><n>1</n><i/></x><y no='2' of='1'><d>2026-12-06</d></y><o id='8'><n>1</n><i/></o>"
               "<x><n>3</n></x></p>");
    assert_int_equal(f.n_orders, 4);
    assert_int_equal(order_file_count(&f, ORDER_IS_ORDER), 1);
    assert_null(f.seen);
    assert_int_equal(f.orders[0].kind, ORDER_IS_ORDER);
    assert_true(f.orders[0].by_external_id);
    assert_string_equal(f.orders[1].number, "1");
    assert_string_equal(f.orders[1].external_id, "7");
    assert_false(f.orders[1].by_external_id);
    assert_string_equal(f.orders[2].error.message, "the invoice has no lines");
    assert_string_equal(f.orders[3].order_number, "1");
    assert_string_equal(f.orders[3].due_on, "2026-12-06 00:00:00");
    order_file_release(&f);
    must_parse(&f, map, "<p><x><n>3</n><i/></x></p>");
    assert_non_null(strstr(f.seen, "1 invoice: root element 'p'"));
    order_file_release(&f);
    order_map_free(map);
}

/* A word for the payment is read apart from the word for the status. */
static void test_payment(void **state)
{
    static const char maps[] =
        "<map name='s'><value text='paid' is='accepted'/></map>"
        "<map name='p' default=''><value text='paid' is='paid'/><value text='back' is='refunded'/>"
        "</map>";
    static const struct {
        const char *text, *status, *payment, *payment_text;
        bool paid;
    } cases[] = {
        {"<o><w>paid</w></o>", "accepted", "paid", "paid", true},
        {"<o><w>back</w></o>", NULL, "refunded", "back", false},
        {"<o><w>other</w></o>", NULL, NULL, NULL, false},
        {"<o><w>paid</w><f>no</f></o>", "accepted", "paid", "paid", false},
        {"<o><w>back</w><f>1</f></o>", NULL, "refunded", "back", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct order_file f;
        struct order *o =
            read_one(&f, maps, "<status path='w' map='s'/><payment-status path='w' map='p'/><paid path='f'/>",
                     cases[i].text);
        const char *was[] = {o->status, o->payment, o->payment_text};
        const char *is[] = {cases[i].status, cases[i].payment, cases[i].payment_text};

        for (int k = 0; k < 3; k++)
            if (!was[k] != !is[k] || (was[k] && strcmp(was[k], is[k]) != 0))
                fail_msg("case %zu, %d: %s", i, k, was[k] ? was[k] : "none");
        assert_int_equal(o->paid, cases[i].paid);
        order_file_release(&f);
    }
}

static void test_required(void **state)
{
    struct order_file f;
    struct order *o;

    (void)state;
    o = read_one(&f, "", "<ordered path='d' required='yes'/>", "<o>\n<d>0000-00-00</d></o>");
    assert_string_equal(o->error.field, "ordered");
    assert_string_equal(o->error.path, "/o/d");
    order_file_release(&f);
    /* A file in one line: only the path tells which of them. */
    o = read_one(&f, "", "<lines path='ü'><quantity path='@q'/></lines>",
                 "<o><ü q='1'/><ü q='1'/><ü q='two'/></o>");
    assert_string_equal(o->error.path, "/o/ü[3]/@q");
    order_file_release(&f);
    o = read_one(&f, "", "<lines path='i'><price path='p' required='yes'/></lines>", "<o>\n\n<i/></o>");
    assert_string_equal(o->error.field, "price");
    assert_int_equal(o->error.line, 3);
    assert_non_null(strstr(o->error.advice, "'p'") ? "" : strstr(o->error.advice, "p"));
    order_file_release(&f);
    o = read_one(&f, "", "<number path='n'/>", "<o><n/></o>");
    assert_string_equal(o->error.field, "number");
    order_file_release(&f);
}

/* -- leftovers ----------------------------------------------------------------------------------------- */

static void unmapped_case(const char *body, const char *text, const char *expected)
{
    auto_buf got = BUF_INIT;
    struct order_file f;
    struct order *o = read_one(&f, "", body, text);

    for (size_t i = 0; i < o->n_unmapped; i++)
        buf_addf(&got, "%s=%s\n", o->unmapped[i].path, o->unmapped[i].value);
    assert_string_equal(buf_str(&got), expected);
    order_file_release(&f);
}

static void test_unmapped(void **state)
{
    (void)state;
    unmapped_case("<note path='a'/>", "<o><a>1</a></o>", "");
    unmapped_case("<note path='a'/>", "<o x='1' y=''><a z='2'>1</a><a>3</a><b> <c>4 </c></b></o>",
                  "@x=1\na[1]/@z=2\na[2]=3\nb/c=4\n");
    unmapped_case("<note path='a'/>", "<o><a>1<b>2</b></a>stray<!-- no --><c><![CDATA[ 5 ]]></c></o>",
                  "text()=stray\nc=5\n");
    unmapped_case("<note path='a/text()'/>", "<o><a>1<b>2</b></a></o>", "a/b=2\n");
    unmapped_case("<note path='a'/><ignore path='b | @x'/>",
                  "<o x='1'><a>1</a><b q='1'>2<c>3</c></b><d>4</d></o>", "d=4\n");
    unmapped_case("<note path='a'><from path='b'/></note>", "<o><a>1</a><b>2</b></o>", "b=2\n");
    unmapped_case(
        "<note path='r[k=\"note\"]/v'/><pairs path='r' name='k' value='v'/>",
        "<o><r><k>note</k><v>1</v></r><r><k>gift</k><v>2</v></r><r><k>none</k><v/></r><r><v>3</v></r></o>",
        "r[gift]=2\nr[4]/v=3\n");
    unmapped_case(
        "<lines path='i'><name path='n'/><ignore path='z'/><pairs path='r' name='@k' value='.'/></lines>",
        "<o><i><n>a</n><z>0</z><w>1</w></i><i><n>a</n><r k='size'>M</r></i></o>",
        "i[2]/r[size]=M\ni[1]/w=1\n");
    unmapped_case(
        "<note path='a'/>",
        "<o xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='t' xml:lang='cs'><a>1</a></o>",
        "");
}

static void test_unmapped_is_bounded(void **state)
{
    auto_buf text = BUF_INIT;
    struct order_file f;
    struct order *o;

    (void)state;
    buf_add_str(&text, "<o><a>");
    for (int i = 0; i < 5000; i++)
        buf_add_str(&text, "щ");
    buf_add_str(&text, "</a>");
    for (int i = 0; i < 300; i++)
        buf_addf(&text, "<b>%d</b>", i);
    buf_add_str(&text, "</o>");
    o = read_one(&f, "", "<pairs path='b' name='.' value='.'/>", buf_str(&text));
    assert_int_equal(o->n_unmapped, 200);
    assert_int_equal(o->n_warnings, 1);
    order_file_release(&f);
    o = read_one(&f, "", "", buf_str(&text));
    assert_int_equal(o->n_unmapped, 200);
    assert_int_equal(strlen(o->unmapped[0].value), 2003);
    order_file_release(&f);
}

/* -- detection ----------------------------------------------------------------------------------------- */

static void test_detection_order(void **state)
{
    struct order_map *maps[2];
    struct order_file f;
    static const char text[] = "<o><n>1</n><m>2</m><i/></o>";
    char a[] =
        "<order-mapping xmlns='urn:shopfs:mapping' name='first' title='T' evidence='documented'>"
        "<detect test='/o/n'/><orders path='/o'><number path='n'/><lines path='i'/></orders></order-mapping>";
    char b[] =
        "<order-mapping xmlns='urn:shopfs:mapping' name='second' title='T' evidence='assumed'>"
        "<detect root='x'/><detect root='o'/><orders path='/o'><number path='m'/><lines path='i'/></orders>"
        "</order-mapping>";

    (void)state;
    maps[0] = must_compile(a);
    maps[1] = must_compile(b);
    /* Both fit: the one asked first reads, and the other is named. */
    assert_int_equal(order_parse(&f, text, strlen(text), maps, 2, &usual_limits, NULL), 0);
    assert_string_equal(f.also, "second");
    order_file_release(&f);
    assert_string_equal(order_map_name(maps[0]), "first");
    assert_string_equal(order_map_evidence(maps[1]), "assumed");
    assert_int_equal(order_parse(&f, text, strlen(text), maps, 2, &usual_limits, NULL), 0);
    assert_string_equal(f.mapping, "first");
    assert_false(f.unverified);
    order_file_release(&f);
    assert_int_equal(order_parse(&f, text, strlen(text), maps + 1, 1, &usual_limits, NULL), 0);
    assert_string_equal(f.mapping, "second");
    assert_true(f.unverified);
    assert_string_equal(f.orders[0].number, "2");
    order_file_release(&f);
    assert_int_equal(order_parse(&f, "<o><m>3</m><i/></o>", 19, maps, 2, &usual_limits, NULL), 0);
    assert_string_equal(f.mapping, "second");
    order_file_release(&f);
    assert_int_equal(order_parse(&f, "<q xmlns='urn:q'><r/><s/><r/></q>", 33, maps, 2, &usual_limits, NULL),
                     0);
    assert_null(f.mapping);
    assert_string_equal(f.seen, "root element 'q', namespace 'urn:q', with 'r', 's'");
    order_file_release(&f);
    order_map_free(maps[0]);
    order_map_free(maps[1]);
}

/* A file that only begins as a mapping's files do: what it lacks is told. */
static void test_what_is_lacking(void **state)
{
    struct order_map *maps[2] = {shipped("plain"), shipped("prom-ua")};
    struct order_file f;
    static const char *const texts[] = {"<orders><order/></orders>", "<shop/>",
                                        "<orders version='1'><order><items><item/></items></order></orders>"};

    (void)state;
    assert_int_equal(order_parse(&f, texts[0], strlen(texts[0]), maps, 2, &usual_limits, NULL), 0);
    assert_null(f.mapping);
    assert_non_null(strstr(f.near, "plain: root 'orders' and /orders[@version='1'], or "));
    assert_non_null(strstr(f.near, "; prom-ua: root 'orders' and "));
    order_file_release(&f);
    assert_int_equal(order_parse(&f, texts[1], strlen(texts[1]), maps, 2, &usual_limits, NULL), 0);
    assert_null(f.near);
    order_file_release(&f);
    assert_int_equal(order_parse(&f, texts[2], strlen(texts[2]), maps, 2, &usual_limits, NULL), 0);
    assert_string_equal(f.mapping, "plain");
    assert_null(f.also);
    assert_null(f.near);
    order_file_release(&f);
    order_map_free(maps[0]);
    order_map_free(maps[1]);
}

/* An expression that goes through the whole document again and again is stopped. */
static void test_steps_are_bounded(void **state)
{
    struct order_map *map = mapping("", "<note path='//*[count(//*) = count(//*[. != ../x])]'/>");
    auto_buf text = BUF_INIT;
    struct order_file f;
    struct error err = ERROR_INIT;

    (void)state;
    buf_add_str(&text, "<o>");
    for (int i = 0; i < 20000; i++)
        buf_add_str(&text, "<a/>");
    buf_add_str(&text, "</o>");
    assert_int_equal(order_parse(&f, text.data, text.len, &map, 1, &usual_limits, &err), -EINVAL);
    assert_non_null(strstr(err.message, "count"));
    assert_non_null(strstr(err.advice, "mapping"));
    error_release(&err);
    order_map_free(map);
}

/* -- mistakes in mappings ------------------------------------------------------------------------------ */

static void mistake(const char *text, int line, const char *word)
{
    struct order_map *map = NULL;
    struct error err = ERROR_INIT;
    int rc = compile_text(&map, text, &err);

    assert_int_equal(rc, -EINVAL);
    assert_null(map);
    if (!strstr(err.message, word) && !(err.advice && strstr(err.advice, word)))
        fail_msg("'%s' does not say '%s'", err.message, word);
    if (err.line != line)
        fail_msg("'%s' names line %d, not %d", err.message, err.line, line);
    assert_non_null(err.file);
    error_release(&err);
}

#define IN_ORDERS(body) \
    ROOT "<orders path='/o'>\n<number path='n'/><lines path='i'/>\n" body "\n</orders></order-mapping>"

static void test_mistakes(void **state)
{
    (void)state;
    mistake(IN_ORDERS("<nmber path='n'/>"), 5, "number");
    mistake(IN_ORDERS("<note pth='n'/>"), 5, "path");
    mistake(IN_ORDERS("<note/>"), 5, "note");
    mistake(IN_ORDERS("\n<note path='a['/>"), 6, "a[");
    mistake(IN_ORDERS("<note path=''/>"), 5, "empty");
    mistake(IN_ORDERS("<note path='lower-case(a)'/>"), 5, "lower-case");
    mistake(IN_ORDERS("<note path='a[matches(., 1)]'/>"), 5, "matches");
    mistake(IN_ORDERS("<note path='a[. = $x]'/>"), 5, "variable");
    mistake(IN_ORDERS("<note path='p:a'/>"), 5, "prefix 'p'");
    mistake(IN_ORDERS("<note path='a[x/p:b]'/>"), 5, "prefix 'p'");
    mistake(IN_ORDERS("<note path='a[. = \"x]'/>"), 5, "no end");
    mistake(IN_ORDERS("<note path='a' map='none'/>"), 5, "no map 'none'");
    mistake(IN_ORDERS("<note path='a'/>\n<note path='b'/>"), 6, "twice");
    mistake(IN_ORDERS("<total path='a' vat='flag'/>"), 5, "vat-included");
    mistake(IN_ORDERS("<total path='a' vat='perhaps'/>"), 5, "perhaps");
    mistake(IN_ORDERS("<total path='a' multiply='x'/>"), 5, "");
    mistake(IN_ORDERS("<status path='a' default='done'/>"), 5, "accepted");
    mistake(IN_ORDERS("<paid path='a' default='maybe'/>"), 5, "yes or no");
    mistake(IN_ORDERS("<payment-status path='a' default='new'/>"), 5, "refunded");
    mistake(HEAD
            "<detect root='o'/>\n<orders path='/o' identity='external-id'><number path='n'/><lines path='i'/>"
            "</orders></order-mapping>",
            3, "needs the field 'external-id'");
    mistake(HEAD "<detect root='o'/>\n<orders path='/o' document='letter'><number path='n'/><lines path='i'/>"
                 "</orders></order-mapping>",
            3, "document");
    mistake(HEAD "<detect root='o'/>\n<orders path='/o'/></order-mapping>", 3, "number");
    mistake(IN_ORDERS("<billing><nam path='x'/></billing>"), 5, "name");
    mistake(IN_ORDERS("<lines path='i'>\n<kind default='tip'/></lines>"), 6, "shipping");
    mistake(IN_ORDERS("<lines><name path='n'/></lines>"), 5, "path");
    mistake(IN_ORDERS("<extra-line kind='shipping'/>"), 5, "amount");
    mistake(IN_ORDERS("<extra-line kind='tip'><amount path='a'/></extra-line>"), 5, "tip");
    mistake(ROOT "<map name='s'>\n<value text='a' is='gone'/></map><orders path='/o'><number path='n'/>"
                 "<status path='s' map='s'/><lines path='i'/></orders></order-mapping>",
            4, "accepted");
    mistake(ROOT "<map name='s'><value text='a' is='1'/></map>\n<map name='s'><value text='a' is='1'/></map>"
                 "<orders path='/o'><number path='n'/><lines path='i'/></orders></order-mapping>",
            4, "two maps");
    mistake(ROOT "<orders path='/o'><lines path='i'/></orders></order-mapping>", 3, "number");
    mistake(ROOT "<orders path='/o'><number path='n'/></orders></order-mapping>", 3, "lines");
    mistake(HEAD "<detect/><orders path='/o'><number path='n'/><lines path='i'/></orders></order-mapping>", 2,
            "detect");
    mistake(HEAD "<orders path='/o'><number path='n'/><lines path='i'/></orders></order-mapping>", 1,
            "detect");
    mistake(
        "<order-mapping xmlns='urn:shopfs:mapping' name='t' title='T' evidence='sure'>\n<detect root='o'/>"
        "<orders path='/o'><number path='n'/><lines path='i'/></orders></order-mapping>",
        1, "verified");
    mistake("<orders/>", 1, "order-mapping");
    mistake("<order-mapping", 1, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_namespaces),
        cmocka_unit_test(test_names_not_ascii),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_vat),
        cmocka_unit_test(test_price_meaning),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_flags_and_status),
        cmocka_unit_test(test_currency),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_payment),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_unmapped),
        cmocka_unit_test(test_unmapped_is_bounded),
        cmocka_unit_test(test_detection_order),
        cmocka_unit_test(test_what_is_lacking),
        cmocka_unit_test(test_steps_are_bounded),
        cmocka_unit_test(test_mistakes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
