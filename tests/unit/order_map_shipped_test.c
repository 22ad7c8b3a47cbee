/* The shipped mappings: our own format with every field, CommerceML in its shapes, and public sample files
 * where they are at hand. */
#include "order_fixture.h"

#define plain_full                                                                                             \
    "<?xml version='1.0' encoding='UTF-8'?>\n"                                                                 \
    "<orders version='1' vat='excluded'>\n"                                                                    \
    "<order>\n"                                                                                                \
    "  <number> W-1042 </number><id>77</id><date>2026-11-22T13:04:05</date>\n"                                 \
    "  <status>paid</status><paid>yes</paid><paid-date>2026-11-23</paid-date><cancelled>no</cancelled>\n"      \
    "  <currency>eur</currency><rate>25.1</rate>\n"                                                            \
    "  <customer><id>c9</id><name>Jana  Nová</name><first-name>Jana</first-name><last-name>Nová</last-name>" \
    "<company>Nová s.r.o.</company><tax-id>123</tax-id><vat-id>CZ123</vat-id><street>Dlouhá 1</street>"      \
    "<city>Brno</city><region>JM</region><zip>60200</zip><country>CZ</country><phone>+420 1</phone>"           \
    "<email>j@example.test</email><address>Dlouhá 1, Brno</address></customer>\n"                             \
    "  <deliver-to><name>Petr</name><city>Praha</city></deliver-to>\n"                                         \
    "  <payment>Card</payment><delivery>Courier</delivery><deliver-on>2026-11-25</deliver-on>\n"               \
    "  <note>Ring\n the bell</note><internal-note>VIP</internal-note>\n"                                       \
    "  <certificate>GIFT1</certificate><bonus-used>12.5</bonus-used>\n"                                        \
    "  <items>\n"                                                                                              \
    "    <item><code>A-1</code><barcode>482</barcode><id>5</id><name>Shirt</name><variant>M</variant>"         \
    "<quantity>2.5</quantity><unit>pcs</unit><price>100.1234</price><vat-percent>21</vat-percent>"             \
    "<discount-percent>10</discount-percent><total>225.28</total><note>blue</note></item>\n"                   \
    "    <item kind='shipping' vat='included'><name>Courier</name><price>99</price></item>\n"                  \
    "  </items>\n"                                                                                             \
    "  <total vat='included'>371.60</total>\n"                                                                 \
    "  <gift-wrap colour='red'>with a ribbon</gift-wrap>\n"                                                    \
    "</order>\n"                                                                                               \
    "</orders>\n"

static void test_plain_full(void **state)
{
    struct order_map *map = shipped("plain");
    struct order_file f;
    struct order *o;
    struct order_line *l;

    (void)state;
    must_parse(&f, map, plain_full);
    assert_string_equal(f.mapping, "plain");
    assert_false(f.unverified);
    assert_null(f.seen);
    assert_int_equal(f.n_orders, 1);
    o = &f.orders[0];
    assert_null(o->error.message);
    assert_int_equal(o->n_warnings, 0);
    assert_int_equal(o->line, 3);
    assert_string_equal(o->number, "W-1042");
    assert_string_equal(o->external_id, "77");
    assert_string_equal(o->ordered, "2026-11-22 13:04:05");
    assert_string_equal(o->status, "paid");
    assert_string_equal(o->status_text, "paid");
    assert_true(o->paid);
    assert_string_equal(o->paid_on, "2026-11-23 00:00:00");
    assert_false(o->cancelled);
    assert_string_equal(o->currency, "EUR");
    assert_int_equal(o->rate_e6, 25100000);
    assert_true(o->has_total);
    assert_int_equal(o->total_e4, 3716000);
    assert_false(o->total_is_net);
    assert_string_equal(o->customer_id, "c9");
    assert_true(o->billing.present);
    assert_string_equal(o->billing.name, "Jana Nová");
    assert_string_equal(o->billing.first_name, "Jana");
    assert_string_equal(o->billing.last_name, "Nová");
    assert_string_equal(o->billing.company, "Nová s.r.o.");
    assert_string_equal(o->billing.tax_id, "123");
    assert_string_equal(o->billing.vat_id, "CZ123");
    assert_string_equal(o->billing.street, "Dlouhá 1");
    assert_string_equal(o->billing.city, "Brno");
    assert_string_equal(o->billing.region, "JM");
    assert_string_equal(o->billing.zip, "60200");
    assert_string_equal(o->billing.country, "CZ");
    assert_string_equal(o->billing.phone, "+420 1");
    assert_string_equal(o->billing.email, "j@example.test");
    assert_string_equal(o->billing.full_text, "Dlouhá 1, Brno");
    assert_true(o->delivery.present);
    assert_string_equal(o->delivery.name, "Petr");
    assert_string_equal(o->delivery.city, "Praha");
    assert_null(o->delivery.zip);
    assert_string_equal(o->payment_method, "Card");
    assert_string_equal(o->delivery_method, "Courier");
    assert_string_equal(o->deliver_on, "2026-11-25 00:00:00");
    assert_string_equal(o->note, "Ring the bell");
    assert_string_equal(o->internal_note, "VIP");
    assert_string_equal(o->certificate, "GIFT1");
    assert_int_equal(o->bonus_used_e4, 125000);

    assert_int_equal(o->n_lines, 2);
    l = &o->lines[0];
    assert_int_equal(l->kind, LINE_PRODUCT);
    assert_string_equal(l->code, "A-1");
    assert_string_equal(l->barcode, "482");
    assert_string_equal(l->external_id, "5");
    assert_string_equal(l->name, "Shirt");
    assert_string_equal(l->variant, "M");
    assert_string_equal(l->unit, "pcs");
    assert_string_equal(l->note, "blue");
    assert_int_equal(l->quantity_e3, 2500);
    assert_true(l->has_price);
    assert_int_equal(l->price_e4, 1001234);
    assert_false(l->price_has_vat);
    assert_true(l->has_vat);
    assert_int_equal(l->vat_percent_e2, 2100);
    assert_int_equal(l->discount_percent_e2, 1000);
    assert_true(l->has_total);
    assert_int_equal(l->total_e4, 2252800);
    assert_int_equal(l->line, 14);
    l = &o->lines[1];
    assert_int_equal(l->kind, LINE_SHIPPING);
    assert_int_equal(l->quantity_e3, 1000);
    assert_true(l->price_has_vat);
    assert_false(l->has_vat);
    assert_false(l->has_total);

    assert_int_equal(o->n_unmapped, 2);
    assert_string_equal(o->unmapped[0].path, "gift-wrap/@colour");
    assert_string_equal(o->unmapped[0].value, "red");
    assert_string_equal(o->unmapped[1].path, "gift-wrap");
    assert_string_equal(o->unmapped[1].value, "with a ribbon");
    order_file_release(&f);
    order_map_free(map);
}

static void test_plain_minimal(void **state)
{
    struct order_map *map = shipped("plain");
    struct order_file f;

    (void)state;
    must_parse(
        &f, map,
        "<order "
        "version='1'><number>1</number><items><item><code>A</code><price>10</price></item></items></order>");
    assert_int_equal(f.n_orders, 1);
    assert_null(f.orders[0].error.message);
    assert_null(f.orders[0].currency);
    assert_false(f.orders[0].has_total);
    assert_false(f.orders[0].billing.present);
    assert_true(f.orders[0].lines[0].price_has_vat);
    assert_int_equal(f.orders[0].lines[0].price_e4, 100000);
    assert_int_equal(f.orders[0].n_unmapped, 0);
    order_file_release(&f);
    must_parse(&f, map, "<orders version='1'/>");
    assert_int_equal(f.n_orders, 0);
    assert_non_null(f.seen);
    order_file_release(&f);
    must_parse(&f, map, "<orders version='2'><order/></orders>");
    assert_null(f.mapping);
    assert_non_null(strstr(f.seen, "'orders', with 'order'"));
    order_file_release(&f);
    order_map_free(map);
}

/* One bad order does not stop the others; each is told with its line and field. */
static void test_plain_mistakes(void **state)
{
    struct order_map *map = shipped("plain");
    struct order_file f;
#define ITEMS "<items><item><code>A</code><price>1</price></item></items>"

    (void)state;
    must_parse(
        &f, map,
        "<orders version='1'>\n"
        "<order><number>1</number>" ITEMS "</order>\n"
        "<order><number> </number>" ITEMS "</order>\n"
        "<order><number>3</number><items>\n<item><code>A</code>\n<price>ten</price></item></items></order>\n"
        "<order><number>4</number><items/></order>\n"
        "<order><number>5</number><currency>quid</currency>" ITEMS "</order>\n"
        "<order><number>6</number><date>2026-02-31</date><paid>perhaps</paid><total>much</total>" ITEMS
        "</order>\n"
        "<order><number>7</number><items><item><code>A</code><quantity>99999999999999999999</quantity>"
        "<price>1</price></item></items></order>\n"
        "<order><number>8</number><status>gelöst</status><items><item kind='tip'><price>1</price></item>"
        "</items></order>\n"
        "</orders>");
    assert_int_equal(f.n_orders, 8);
    assert_null(f.orders[0].error.message);
    assert_string_equal(f.orders[1].error.field, "number");
    assert_int_equal(f.orders[1].error.line, 3);
    assert_non_null(f.orders[1].error.advice);
    assert_string_equal(f.orders[2].error.field, "price");
    assert_int_equal(f.orders[2].error.line, 6);
    assert_non_null(strstr(f.orders[2].error.message, "'ten'"));
    assert_string_equal(f.orders[2].number, "3");
    assert_string_equal(f.orders[3].error.field, "lines");
    assert_int_equal(f.orders[3].error.line, 7);
    assert_string_equal(f.orders[4].error.field, "currency");
    assert_null(f.orders[5].error.message);
    assert_null(f.orders[5].ordered);
    assert_false(f.orders[5].paid);
    assert_false(f.orders[5].has_total);
    assert_int_equal(f.orders[5].n_warnings, 3);
    assert_non_null(strstr(f.orders[5].warnings[0], "line 9"));
    assert_string_equal(f.orders[6].error.field, "quantity");
    assert_null(f.orders[7].error.message);
    assert_null(f.orders[7].status);
    assert_string_equal(f.orders[7].status_text, "gelöst");
    assert_int_equal(f.orders[7].lines[0].kind, LINE_OTHER);
    assert_int_equal(f.orders[7].n_warnings, 2); /* the kind; no code and no name */
    order_file_release(&f);
    order_map_free(map);
}

static void test_content_hash(void **state)
{
    static const char before[] = "<order version='1'><number>1</number>%s<items>%s</items></order>";
    struct order_map *map = shipped("plain");
    /* The first two are the same order; every other differs from all before it. */
    static const char *const variants[][2] = {
        {"<note>a  b</note>", "<item><code>A</code><price>1.50</price></item>"},
        {"<extra>unmapped</extra><note> a b </note>", "\n<item><price>1.5</price><code>A</code></item>"},
        {"<note>ab</note>", "<item><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note>", "<item><code>B</code><price>1.50</price></item>"},
        {"<note>a b</note>", "<item><code>A</code><price>1.51</price></item>"},
        {"<note>a b</note>", "<item><code>A</code></item>"},
        {"<note>a b</note>", "<item vat='excluded'><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note>", "<item kind='gift'><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note>", "<item><code>A</code><price>1.50</price><quantity>2</quantity></item>"},
        {"<note>a b</note>", "<item><name>A</name><price>1.50</price></item>"},
        {"<note>a b</note><paid>1</paid>", "<item><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note><customer><name>x</name></customer>",
         "<item><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note><deliver-to><name>x</name></deliver-to>",
         "<item><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note><payment-status>partly</payment-status>",
         "<item><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note><payment-status>half</payment-status>",
         "<item><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note><due-date>2026-12-06</due-date>", "<item><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note><certificate>G</certificate>", "<item><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note><certificate amount='5'>G</certificate>",
         "<item><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note><certificate amount='0'>G</certificate>",
         "<item><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note><order-number>2</order-number>", "<item><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note><order-number>3</order-number>", "<item><code>A</code><price>1.50</price></item>"},
        {"<note>a b</note>", "<item><code>A</code><shop-id>5</shop-id><price>1.50</price></item>"},
        {"<note>a b</note>", "<item><code>A</code><id>5</id><price>1.50</price></item>"},
        {"<note>a b</note><total>0</total>", "<item><code>A</code><price>1.50</price></item>"},
    };
    char *hashes[sizeof variants / sizeof *variants];

    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        auto_buf b = BUF_INIT;
        struct order_file f;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        buf_addf(&b, before, variants[i][0], variants[i][1]);
#pragma GCC diagnostic pop
        must_parse(&f, map, buf_str(&b));
        hashes[i] = order_content_hash(&f.orders[0]);
        assert_int_equal(strlen(hashes[i]), 64);
        order_file_release(&f);
        for (size_t k = 0; k < i; k++)
            if ((strcmp(hashes[i], hashes[k]) == 0) != (k == 0 && i == 1))
                fail_msg("variants %zu and %zu", k, i);
    }
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        free(hashes[i]);
    order_map_free(map);
}

/* -- CommerceML ----------------------------------------------------------------------------------------- */

#define PAIR(name, value)                                                      \
    "<ЗначениеРеквизита><Наименование>" name "</Наименование><Значение>" value \
    "</Значение></ЗначениеРеквизита>"
#define GOODS                                                                                                                                                                     \
    "<Товары>\n"                                                                                                                                                            \
    "<Товар><Ид>a1#m</Ид><Артикул>АРТ-1</Артикул><Наименование>Чайник</Наименование>"                                     \
    "<БазоваяЕдиница Код='796' НаименованиеПолное='Штука'>\n шт <Пересчет/></БазоваяЕдиница>"                     \
    "<ЦенаЗаЕдиницу>1 331,00</ЦенаЗаЕдиницу><Количество>2</Количество><Сумма>2662.00</Сумма>"                             \
    "<СтавкиНалогов><СтавкаНалога><Наименование>НДС</Наименование><Ставка>20</Ставка></СтавкаНалога>" \
    "</СтавкиНалогов></Товар>\n"                                                                                                                                \
    "<Товар><Ид>s1</Ид><Наименование>Доставка курьером</Наименование><Цена>340</Цена>"                                   \
    "<СтавкиНалогов><СтавкаНалога><Ставка>Без НДС</Ставка></СтавкаНалога></СтавкиНалогов>"                    \
    "<ЗначенияРеквизитов>" PAIR(                                                                                                                                                  \
        "ТипНоменклатуры", "Услуга") "</ЗначенияРеквизитов></Товар>\n"                                                                                     \
                                     "<Товар><Ид>s2</Ид><Наименование>Сборка</Наименование><Цена>100</Цена>"                       \
                                     "<ЗначенияРеквизитов>" PAIR("ТипНоменклатуры",                                                                                               \
                                                                 "Услуга") "</ЗначенияРеквизитов></Товар>\n"                                               \
                                                                           "</Товары>"
#define DOCUMENT(head, tail)                                                                                                                                                  \
    "<Документ><Ид>wc#512</Ид><Номер>512</Номер><Дата>2026-09-01</Дата><Время>10:15:00</Время>"                                       \
    "<ХозОперация>Заказ товара</ХозОперация><Роль>Продавец</Роль><Валюта>руб.</Валюта><Курс>1</Курс>" \
    "<Сумма>3102.00</Сумма>" head GOODS tail "</Документ>"
#define PARTIES                                                                                                                                                              \
    "<Контрагенты><Контрагент><Ид>p1</Ид><Наименование>Магазин</Наименование><Роль>Продавец</Роль>"  \
    "</Контрагент><Контрагент><Ид>k7</Ид><Наименование>Иванов И.</Наименование>"                                      \
    "<ПолноеНаименование>Иванов Иван</ПолноеНаименование><Роль> Покупатель </Роль><ИНН>770</ИНН>"      \
    "<Адрес><Представление>101000, Москва</Представление>"                                                                              \
    "<АдресноеПоле><Тип>Город</Тип><Значение>Москва</Значение></АдресноеПоле>"                                      \
    "<АдресноеПоле><Тип>Улица</Тип><Значение>Мира</Значение></АдресноеПоле>"                                          \
    "<АдресноеПоле><Тип>Дом</Тип><Значение>5</Значение></АдресноеПоле>"                                                     \
    "<АдресноеПоле><Тип>Район</Тип><Значение>Север</Значение></АдресноеПоле></Адрес>"                           \
    "<Контакты><Контакт><Тип>Телефон рабочий</Тип><Значение>+7 1</Значение></Контакт>"                             \
    "<Контакт><Тип>Электронная почта</Тип><Значение>i@example.test</Значение></Контакт></Контакты>"              \
    "</Контрагент><Контрагент><Ид>k8</Ид><Наименование>Петров</Наименование><Роль>Получатель</Роль>" \
    "<Адрес><Представление>Тверь</Представление></Адрес></Контрагент></Контрагенты>"
#define XML_1251 "<?xml version=\"1.0\" encoding=\"windows-1251\"?>\n"
#define ROOT_OPEN "<КоммерческаяИнформация ВерсияСхемы='2.05'>\n"
#define ROOT_CLOSE "</КоммерческаяИнформация>\n"

static void check_commerceml_order(const struct order *o)
{
    assert_null(o->error.message);
    assert_string_equal(o->number, "512");
    assert_string_equal(o->external_id, "wc#512");
    assert_string_equal(o->ordered, "2026-09-01 10:15:00");
    assert_string_equal(o->currency, "RUB");
    assert_int_equal(o->total_e4, 31020000);
    assert_string_equal(o->customer_id, "k7");
    assert_string_equal(o->billing.name, "Иванов Иван");
    assert_string_equal(o->billing.tax_id, "770");
    assert_string_equal(o->billing.city, "Москва");
    assert_string_equal(o->billing.street, "Мира, 5");
    assert_string_equal(o->billing.full_text, "101000, Москва");
    assert_string_equal(o->billing.phone, "+7 1");
    assert_string_equal(o->billing.email, "i@example.test");
    assert_string_equal(o->delivery.name, "Петров");
    assert_string_equal(o->delivery.full_text, "Тверь");
    assert_int_equal(o->n_lines, 3);
    assert_int_equal(o->lines[0].kind, LINE_PRODUCT);
    assert_string_equal(o->lines[0].code, "АРТ-1");
    assert_string_equal(o->lines[0].external_id, "a1#m");
    assert_string_equal(o->lines[0].unit, "шт");
    assert_int_equal(o->lines[0].price_e4, 13310000);
    assert_int_equal(o->lines[0].quantity_e3, 2000);
    assert_int_equal(o->lines[0].vat_percent_e2, 2000);
    assert_int_equal(o->lines[1].kind, LINE_SHIPPING);
    assert_true(o->lines[1].has_vat);
    assert_int_equal(o->lines[1].vat_percent_e2, 0);
    assert_int_equal(o->lines[2].kind, LINE_SERVICE);
}

static bool has_unmapped(const struct order *o, const char *path, const char *value)
{
    for (size_t i = 0; i < o->n_unmapped; i++)
        if (strcmp(o->unmapped[i].path, path) == 0 && strcmp(o->unmapped[i].value, value) == 0)
            return true;
    return false;
}

static void test_commerceml_shapes(void **state)
{
    static const char requisites[] = ROOT_OPEN DOCUMENT(
        PARTIES, "<ЗначенияРеквизитов>" PAIR("Заказ оплачен", "true") PAIR("Отменен", "false")
                     PAIR("Статус заказа", "[X] Свой") PAIR("Метод оплаты", "Картой")
                         PAIR("Сайт", "s1") "</ЗначенияРеквизитов>") ROOT_CLOSE;
    static const char wrapped[] =
        "<КоммерческаяИнформация xmlns='urn:1C.ru:commerceml_2'><Контейнер>" DOCUMENT(
            PARTIES, "") "</Контейнер><Контейнер>" DOCUMENT(PARTIES, "") "</Контейнер>" ROOT_CLOSE;
    struct order_map *map = shipped("commerceml");
    struct order_file f;
    auto_buf text = BUF_INIT;
    struct buf bytes;

    (void)state;
    must_parse(&f, map, requisites);
    assert_int_equal(f.n_orders, 1);
    check_commerceml_order(&f.orders[0]);
    assert_true(f.orders[0].paid);
    assert_false(f.orders[0].cancelled);
    assert_null(f.orders[0].status);
    assert_string_equal(f.orders[0].status_text, "[X] Свой");
    assert_string_equal(f.orders[0].payment_method, "Картой");
    assert_true(has_unmapped(&f.orders[0], "ЗначенияРеквизитов/ЗначениеРеквизита[Сайт]", "s1"));
    assert_true(has_unmapped(&f.orders[0], "Контрагенты/Контрагент[2]/Адрес/АдресноеПоле[Район]", "Север"));
    assert_false(has_unmapped(&f.orders[0], "ЗначенияРеквизитов/ЗначениеРеквизита[Метод оплаты]", "Картой"));
    order_file_release(&f);

    buf_addf(&text, XML_1251 "%s", requisites);
    bytes = converted(buf_str(&text), "WINDOWS-1251");
    must_parse_bytes(&f, map, bytes.data, bytes.len);
    assert_int_equal(f.n_orders, 1);
    check_commerceml_order(&f.orders[0]);
    order_file_release(&f);
    buf_release(&bytes);

    must_parse(&f, map, wrapped);
    assert_int_equal(f.n_orders, 2);
    check_commerceml_order(&f.orders[1]);
    order_file_release(&f);
    order_map_free(map);
}

static void test_commerceml_vat_on_top(void **state)
{
    struct order_map *map = shipped("commerceml");
    struct order_file f;

    (void)state;
    must_parse(
        &f, map,
        ROOT_OPEN DOCUMENT("<Налоги><Налог><Наименование>НДС</Наименование><УчтеноВСумме>false</УчтеноВСумме>"
                           "</Налог></Налоги>",
                           "") ROOT_CLOSE);
    assert_false(f.orders[0].lines[0].price_has_vat);
    order_file_release(&f);
    must_parse(&f, map, ROOT_OPEN DOCUMENT("", "") ROOT_CLOSE);
    assert_true(f.orders[0].lines[0].price_has_vat);
    order_file_release(&f);
    order_map_free(map);
}

/* What is not an order from a shop: status documents, what 1C wrote back, other operations, other files. */
static void test_commerceml_not_orders(void **state)
{
    static const char *const files[] = {
        ROOT_OPEN
        "<Документ><Номер>1</Номер><ХозОперация>Заказ товара</ХозОперация><ЗначенияРеквизитов>" PAIR(
            "Проведен", "true") "</ЗначенияРеквизитов></Документ>" ROOT_CLOSE,
        ROOT_OPEN DOCUMENT("<Номер1С>MM1</Номер1С>", "") ROOT_CLOSE,
        ROOT_OPEN DOCUMENT("", "<ЗначенияРеквизитов>" PAIR("Проведен", "true") "</ЗначенияРеквизитов>")
            ROOT_CLOSE,
        ROOT_OPEN DOCUMENT("", "<ЗначенияРеквизитов>" PAIR("Номер по 1С", "MM1") "</ЗначенияРеквизитов>")
            ROOT_CLOSE,
        ROOT_OPEN "<Документ><Номер>1</Номер><ХозОперация>Счет на оплату</ХозОперация>" GOODS
                  "</Документ>" ROOT_CLOSE,
        ROOT_OPEN "<Каталог><Товары/></Каталог>" ROOT_CLOSE,
        ROOT_OPEN "<Документ Номер='1' ХозОперация='Order'><ТоварнаяПозиция/></Документ>" ROOT_CLOSE,
        ROOT_OPEN ROOT_CLOSE,
    };
    struct order_map *map = shipped("commerceml");

    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct order_file f;

        must_parse(&f, map, files[i]);
        if (order_file_count(&f, ORDER_IS_ORDER) != 0)
            fail_msg("file %zu was taken for an order", i);
        assert_non_null(strstr(f.seen, "КоммерческаяИнформация"));
        order_file_release(&f);
    }
    order_map_free(map);
}

/* -- public samples ------------------------------------------------------------------------------------ */

/* Beside the source tree, or where SHOPFS_SAMPLES says; they are not ours to ship. */
static struct buf sample(const char *name)
{
    const char *dir = getenv("SHOPFS_SAMPLES");
    struct buf b = BUF_INIT;
    char *path = dir ? xasprintf("%s/orders/%s", dir, name)
                     : xasprintf("%s/../../shared/samples/orders/%s", TEST_SOURCE_DIR, name);
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        print_message("skipped: %s is not at hand\n", path);
    else
        assert_int_equal(io_read_fd(fd, 1u << 20, &b), 0);
    free(path);
    return b;
}

static void check_sample(const char *name, const char *number, size_t lines, int64_t total_e4, bool paid,
                         const char *status)
{
    auto_buf bytes = sample(name);
    struct order_map *map;
    struct order_file f;
    int64_t sum = 0;

    if (!bytes.data)
        skip();
    map = shipped("commerceml");
    must_parse_bytes(&f, map, bytes.data, bytes.len);
    assert_int_equal(f.n_orders, 1);
    assert_null(f.orders[0].error.message);
    assert_string_equal(f.orders[0].number, number);
    assert_int_equal(f.orders[0].n_lines, lines);
    assert_int_equal(f.orders[0].total_e4, total_e4);
    assert_int_equal(f.orders[0].paid, paid);
    assert_string_equal(f.orders[0].status_text, status);
    assert_string_equal(f.orders[0].currency, "RUB");
    for (size_t i = 0; i < lines; i++)
        sum += f.orders[0].lines[i].price_e4 * f.orders[0].lines[i].quantity_e3 / 1000;
    assert_int_equal(sum, total_e4);
    assert_int_equal(f.orders[0].lines[0].kind, LINE_SHIPPING);
    order_file_release(&f);
    order_map_free(map);
}

static void test_sample_site(void **state)
{
    (void)state;
    check_sample("commerceml/bitrix-site-order-2.03-windows1251.xml", "20", 2, 96834200, true,
                 "[F] Доставлен");
}

static void test_sample_documentation(void **state)
{
    (void)state;
    check_sample("commerceml/official-doc-orders-and-statuses-2.03-utf8.xml", "36", 2, 67344700, false,
                 "[N] Принят");
}

/* A sample of every other format is left alone by both mappings. */
static void test_samples_of_others(void **state)
{
    static const char *const names[] = {
        "shoptet/orders-system-template.xml", "pohoda/stormware-official-order_01-windows1250.xml",
        "prom-ua/tiu-prom-orders-en.xml",     "ubl/peppol-bis3-UC1_Order.xml",
        "oxid/lexware-bestellliste-9991.xml", "generic-custom/keboola-orders-attr-currency.xml"};
    struct order_map *maps[] = {shipped("plain"), shipped("commerceml")};
    size_t seen = 0;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        auto_buf bytes = sample(names[i]);
        struct order_file f;

        if (!bytes.data)
            continue;
        assert_int_equal(order_parse(&f, bytes.data, bytes.len, maps, 2, &usual_limits, NULL), 0);
        assert_null(f.mapping);
        assert_int_equal(f.n_orders, 0);
        assert_non_null(f.seen);
        order_file_release(&f);
        seen++;
    }
    order_map_free(maps[0]);
    order_map_free(maps[1]);
    if (!seen)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_full),
        cmocka_unit_test(test_plain_minimal),
        cmocka_unit_test(test_plain_mistakes),
        cmocka_unit_test(test_content_hash),
        cmocka_unit_test(test_commerceml_shapes),
        cmocka_unit_test(test_commerceml_vat_on_top),
        cmocka_unit_test(test_commerceml_not_orders),
        cmocka_unit_test(test_sample_site),
        cmocka_unit_test(test_sample_documentation),
        cmocka_unit_test(test_samples_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
