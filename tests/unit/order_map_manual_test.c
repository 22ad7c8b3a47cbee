/* The examples of mapping/ORDERS.md, as they stand there. */
#include "order_fixture.h"

static struct buf manual;

static int load(void **state)
{
    (void)state;
    manual = test_file("../mapping/ORDERS.md");
    return manual.data ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    buf_release(&manual);
    return 0;
}

/* The block that begins with "```xml TITLE", malloced. */
static char *block(const char *title)
{
    char *fence = xasprintf("```xml %s\n", title);
    const char *start = strstr(manual.data, fence), *end;

    if (!start)
        fail_msg("the manual has no block '%s'", title);
    start += strlen(fence);
    end = strstr(start, "\n```");
    assert_non_null(end);
    free(fence);
    return xstrndup(start, (size_t)(end + 1 - start));
}

static struct order_map *block_mapping(const char *title)
{
    char *text = block(title);
    struct order_map *map = must_compile(text);

    free(text);
    return map;
}

static void parse_block(struct order_file *f, struct order_map *map, const char *title)
{
    char *text = block(title);

    must_parse(f, map, text);
    free(text);
    for (size_t i = 0; i < f->n_orders; i++) {
        assert_null(f->orders[i].error.message);
        assert_int_equal(f->orders[i].n_warnings, 0);
    }
}

static void test_minimal(void **state)
{
    struct order_map *map = shipped("plain");
    struct order_file f;

    (void)state;
    parse_block(&f, map, "order");
    assert_int_equal(f.n_orders, 1);
    assert_string_equal(f.orders[0].number, "2026-1042");
    assert_string_equal(f.orders[0].lines[0].code, "TEA-100");
    assert_int_equal(f.orders[0].lines[0].price_e4, 49000);
    assert_int_equal(f.orders[0].n_unmapped, 0);
    order_file_release(&f);
    order_map_free(map);
}

/* Every element of the example goes somewhere, and every member of the order is filled by it. */
static void test_full(void **state)
{
    struct order_map *map = shipped("plain");
    struct order_file f;
    const struct order *o;
    const struct order_line *l;

    (void)state;
    parse_block(&f, map, "order full");
    assert_int_equal(f.n_orders, 1);
    o = &f.orders[0];
    for (size_t i = 0; i < o->n_unmapped; i++)
        fail_msg("not mapped: %s", o->unmapped[i].path);
    assert_true(o->number && o->external_id && o->ordered && o->status && o->status_text && o->paid_on);
    assert_true(o->currency && o->customer_id && o->payment_method && o->delivery_method && o->deliver_on);
    assert_true(o->note && o->internal_note && o->certificate && o->bonus_used_e4 == 50000 &&
                o->rate_e6 == 25100000);
    assert_true(o->paid && !o->cancelled && o->has_total && !o->total_is_net && o->total_e4 == 118500);
    assert_true(o->billing.name && o->billing.first_name && o->billing.last_name && o->billing.company);
    assert_true(o->billing.tax_id && o->billing.vat_id && o->billing.street && o->billing.city &&
                o->billing.region);
    assert_true(o->billing.zip && o->billing.country && o->billing.phone && o->billing.email);
    assert_true(o->delivery.name && o->delivery.full_text);
    assert_int_equal(o->n_lines, 2);
    l = &o->lines[0];
    assert_true(l->code && l->barcode && l->external_id && l->name && l->variant && l->unit && l->note);
    assert_true(l->quantity_e3 == 2000 && l->has_price && l->price_has_vat && l->has_vat && l->has_total);
    assert_int_equal(l->discount_percent_e2, 1000);
    assert_int_equal(o->lines[1].kind, LINE_SHIPPING);
    assert_false(o->lines[1].price_has_vat);
    order_file_release(&f);
    order_map_free(map);
}

static void test_tutorial(void **state)
{
    struct order_map *first = block_mapping("mapping first"),
                     *second = block_mapping("mapping second reads shop");
    struct order_file f;
    const struct order *o;
    int64_t sum = 0;

    (void)state;
    parse_block(&f, first, "input shop");
    assert_true(f.unverified);
    assert_string_equal(f.orders[0].number, "501");
    assert_true(f.orders[0].n_unmapped > 8);
    order_file_release(&f);

    parse_block(&f, second, "input shop");
    o = &f.orders[0];
    assert_false(f.unverified);
    assert_string_equal(o->ordered, "2026-09-01 00:00:00");
    assert_string_equal(o->status, "paid");
    assert_string_equal(o->status_text, "zaplaceno");
    assert_true(o->paid);
    assert_string_equal(o->currency, "CZK");
    assert_string_equal(o->billing.name, "Jan Novák");
    assert_int_equal(o->n_lines, 3);
    assert_string_equal(o->lines[0].name, "Zelený čaj");
    assert_int_equal(o->lines[1].vat_percent_e2, 2100);
    assert_int_equal(o->lines[2].kind, LINE_SHIPPING);
    assert_string_equal(o->lines[2].name, "Poštovné");
    for (size_t i = 0; i < 3; i++)
        sum += o->lines[i].price_e4 * o->lines[i].quantity_e3 / 1000;
    assert_int_equal(sum, o->total_e4);
    assert_int_equal(o->n_unmapped, 1);
    assert_string_equal(o->unmapped[0].path, "Darek");
    order_file_release(&f);
    order_map_free(first);
    order_map_free(second);
}

static void test_sources(void **state)
{
    struct order_map *map = block_mapping("mapping sources reads sources");
    struct order_file f;
    const struct order *o;

    (void)state;
    parse_block(&f, map, "input sources");
    o = &f.orders[0];
    assert_string_equal(o->number, "A7");
    assert_string_equal(o->note, "first; second");
    assert_string_equal(o->internal_note, "from the web shop");
    assert_string_equal(o->ordered, "2026-11-22 10:15:00");
    assert_true(o->paid);
    assert_int_equal(o->total_e4, 151000);
    assert_int_equal(o->lines[0].price_e4, 500);
    assert_int_equal(o->lines[0].vat_percent_e2, 1900);
    assert_int_equal(o->lines[1].quantity_e3, 1000);
    assert_int_equal(o->lines[1].vat_percent_e2, 2100);
    assert_int_equal(o->n_unmapped, 0);
    order_file_release(&f);
    order_map_free(map);
}

/* The column "write" of the last table: each is put where it belongs and must compile. */
static void test_phrases(void **state)
{
    const char *s = strstr(manual.data, "### How to say it");
    int phrases = 0;

    (void)state;
    assert_non_null(s);
    while ((s = strstr(s, "| `<"))) {
        const char *end = strstr(s, "` |");
        auto_buf b = BUF_INIT;
        char *phrase;
        bool in_line;

        assert_non_null(end);
        phrase = xstrndup(s + 3, (size_t)(end - s - 3));
        s = end;
        in_line = strncmp(phrase, "<price", 6) == 0 || strncmp(phrase, "<vat-", 5) == 0 ||
                  strncmp(phrase, "<total", 6) == 0 || strncmp(phrase, "<kind", 5) == 0;
        buf_add_str(
            &b, "<order-mapping xmlns='urn:shopfs:mapping' name='t' title='T' evidence='assumed'>"
                "<detect root='o'/><map name='rates'><value text='high' is='21'/></map>"
                "<map name='states'><value text='p' is='paid'/></map><map name='payments' default=''>"
                "<value text='p' is='paid'/></map>"
                "<map name='kinds'><value text='x' is='gift'/></map><orders path='/o'><number path='n'/>");
        buf_addf(&b, in_line ? "<lines path='i'>%s</lines>" : "<lines path='i'/>%s", phrase);
        if (strncmp(phrase, "<billing", 8) == 0)
            buf_add_str(&b, "<name path='x'/></billing>");
        else if (strncmp(phrase, "<lines", 6) == 0)
            buf_add_str(&b, "</lines>");
        buf_add_str(&b, "</orders></order-mapping>");
        order_map_free(must_compile(buf_str(&b)));
        free(phrase);
        phrases++;
    }
    assert_int_equal(phrases, 17);
}

/* The lists of fields in the manual are those of the language. */
static void test_fields_are_named(void **state)
{
    static const char *const words[] = {"`number`",
                                        "`external-id`",
                                        "`order-number`",
                                        "`ordered`",
                                        "`due-on`",
                                        "`status`",
                                        "`payment-status`",
                                        "`paid`",
                                        "`paid-on`",
                                        "`cancelled`",
                                        "`currency`",
                                        "`rate`",
                                        "`vat-included`",
                                        "`total`",
                                        "`customer-id`",
                                        "`payment-method`",
                                        "`delivery-method`",
                                        "`deliver-on`",
                                        "`note`",
                                        "`internal-note`",
                                        "`certificate`",
                                        "`certificate-amount`",
                                        "`bonus-used`",
                                        "`first-name`",
                                        "`last-name`",
                                        "`company`",
                                        "`tax-id`",
                                        "`vat-id`",
                                        "`street`",
                                        "`city`",
                                        "`region`",
                                        "`zip`",
                                        "`country`",
                                        "`phone`",
                                        "`email`",
                                        "`full-text`",
                                        "`shop-id`",
                                        "`kind`",
                                        "`code`",
                                        "`barcode`",
                                        "`variant`",
                                        "`unit`",
                                        "`quantity`",
                                        "`vat-percent`",
                                        "`price`",
                                        "`amount`",
                                        "`discount-percent`",
                                        "`identity`",
                                        "`document`",
                                        "group-by"};
    const char *reference = strstr(manual.data, "## Reference");

    (void)state;
    assert_non_null(reference);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strstr(reference, words[i]))
            fail_msg("the reference does not name %s", words[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minimal),  cmocka_unit_test(test_full),
        cmocka_unit_test(test_tutorial), cmocka_unit_test(test_sources),
        cmocka_unit_test(test_phrases),  cmocka_unit_test(test_fields_are_named),
    };

    return cmocka_run_group_tests(tests, load, unload);
}
