/* The shipped mappings under random edits of every table they read: the version put together from chunks is
 * the document rendered in one piece. */
#define EXPORT_TEST_REAL
#include "export_test.h"

static void shipped(struct bench *f, int i, const char *name)
{
    snprintf(f->file[i], sizeof f->file[i], "%s/../mapping/export/%s", TEST_SOURCE_DIR, name);
    f->mappings[i] = f->file[i];
}

static void goods(struct bench *f, int from, int to)
{
    products(f, from, to);
    run_sql(
        f,
        "INSERT INTO product_text (product_id, language, name) SELECT id, 'uk', 'Товар \"' || id || '\"; & "
        "<b>'"
        " FROM product WHERE id BETWEEN %d AND %d;"
        "INSERT INTO product_category (product_id, category_id) SELECT id, 1 + id %% 3 FROM product"
        " WHERE id BETWEEN %d AND %d;"
        "INSERT INTO image (product_id, position, name) SELECT id, k, id || '-' || k || '.jpg' FROM product,"
        " (SELECT 1 AS k UNION ALL SELECT 2) WHERE id BETWEEN %d AND %d;"
        "INSERT INTO product_attribute (product_id, attribute_id, value) SELECT p.id, a.id, 'v' || p.id"
        " FROM product p, attribute a WHERE p.id BETWEEN %d AND %d;"
        "INSERT INTO variant (product_id, sku) SELECT id, 'v-' || id FROM product WHERE id BETWEEN %d AND %d "
        "AND id %% 7 = 0;"
        "INSERT INTO price (product_id, variant_id, price_list_id, price_e4) SELECT product_id, id, 1, 55500 "
        "FROM variant"
        " WHERE product_id BETWEEN %d AND %d",
        from, to, from, to, from, to, from, to, from, to, from, to);
}

/* text with each `what` replaced by the number. */
static char *filled(const char *text, const char *what, int number)
{
    struct buf out = BUF_INIT;
    for (const char *at; (at = strstr(text, what)); text = at + strlen(what)) {
        buf_add(&out, text, (size_t)(at - text));
        buf_addf(&out, "%d", number);
    }
    buf_add_str(&out, text);
    return buf_detach(&out, NULL);
}

static void random_edits(void **state)
{
    struct bench *f = *state;
    static const char *const edits[] = {
        "UPDATE price SET price_e4 = 7$N00 WHERE product_id = $ID",
        "UPDATE product_text SET name = 'Назва $N' WHERE product_id = $ID",
        "DELETE FROM product WHERE id = $ID",
        "DELETE FROM product WHERE id BETWEEN $ID AND $ID + 300",
        "INSERT OR IGNORE INTO product (id, sku) VALUES ($ID + 1000, 'new-$N')",
        "INSERT INTO stock (product_id, warehouse_id, on_hand_e3) SELECT id, 1, $N FROM product WHERE id = "
        "$ID"
        " ON CONFLICT DO UPDATE SET on_hand_e3 = excluded.on_hand_e3",
        "UPDATE image SET title = 't$N' WHERE product_id = $ID",
        "DELETE FROM image WHERE product_id = $ID",
        "UPDATE product_attribute SET value = 'w$N' WHERE product_id = $ID",
        "UPDATE variant SET sku = 'w-$N' WHERE product_id = (SELECT min(product_id) FROM variant WHERE "
        "product_id > $ID)",
        "DELETE FROM variant WHERE product_id = $ID / 7 * 7",
        "UPDATE variant SET product_id = $ID WHERE id = (SELECT max(id) FROM variant) AND EXISTS (SELECT 1 "
        "FROM product WHERE id = $ID)"
        " AND NOT EXISTS (SELECT 1 FROM price WHERE variant_id = variant.id)",
        "UPDATE category_text SET name = 'Категорія $N' WHERE category_id = 1 + $ID % 3",
        "UPDATE category SET parent_id = CASE WHEN parent_id IS NULL THEN 1 END WHERE id = 3",
        "UPDATE attribute_text SET name = 'Вага $N'",
        "UPDATE site SET url = 'https://shop$N.example/'",
        "UPDATE currency SET rate_e6 = 1000000 + $N",
        "UPDATE product SET active = 1 - active WHERE id BETWEEN $ID AND $ID + 10",
        "UPDATE OR IGNORE product SET manufacturer_id = 1 WHERE id = $ID",
        "UPDATE manufacturer SET name = 'M$N'",
        "INSERT OR REPLACE INTO product (id, sku) SELECT $ID, sku FROM product WHERE id = $ID + 400",
    };
    unsigned seed = 4711;
    run_sql(f, "INSERT INTO category (id, parent_id) VALUES (2, 1), (3, 1); INSERT INTO category_text VALUES "
               "(2, 'uk', 'Дві', '');"
               "INSERT INTO attribute (id, code) VALUES (1, 'a'), (2, 'b'); INSERT INTO attribute_text "
               "(attribute_id, language, name)"
               " VALUES (1, 'uk', 'А'), (2, 'uk', 'Б'); INSERT INTO manufacturer (id, name) VALUES (1, 'M')");
    goods(f, 1, 1500);
    shipped(f, 0, "joomshopping.xml");
    shipped(f, 1, "yml.xml");
    start(f);
    assert_int_equal(exports_count(f->x), 2);
    for (int i = 0; i < 150; i++) {
        size_t which = (size_t)rand_r(&seed) % (sizeof edits / sizeof *edits);
        auto_free char *step = filled(edits[which], "$N", i);
        auto_free char *sql = filled(step, "$ID", rand_r(&seed) % 2000 + 1);
        run_sql(f, "%s", sql);
        if (i == 70)
            goods(f, 10000, 12000);
        test_now += 3000;
        assert_right_of(f, 0);
        assert_right_of(f, 1);
        if (i % 50 == 49) {
            stop(f);
            start(f);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(random_edits, bench_setup, bench_teardown),
    };
    log_init("test", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
