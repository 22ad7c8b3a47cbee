/* A section rendered in any cuts gives the bytes of one call, also where the statements run through; ranges touch and end at block boundaries. */
#include "mapping_test.h"

#include "cli/demo.h"
#include "store/changes.h"

#define PRODUCTS 1200

static void demo(struct fixture *f)
{
    struct demo_counts counts;
    struct demo_options options = {.products = PRODUCTS, .pictures = 0, .picture_dir = -1};

    shop(f);
    ok(f, db_begin_write(f->writer, &f->err));
    ok(f, shop_fill_basics(f->writer, &f->err));
    ok(f, db_commit(f->writer, &f->err));
    ok(f, demo_fill(f->writer, &options, &counts, &f->err));
    run(f, "DELETE FROM product WHERE id BETWEEN 100 AND 400 OR id % 17 = 3;"
           "UPDATE site SET name = 'shop';"
           "INSERT INTO image (product_id, variant_id, name, position) SELECT p.id, 0, p.id || '-' || n.n || "
           "'.jpg', n.n FROM product p,"
           " (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2) n WHERE p.id % 3 <> n.n");
}

/* span: the statements run through up to that key; stray: another range is asked for in between. */
static void one_cut(struct fixture *f, struct renderer *r, size_t section, const int64_t *cuts, size_t n, int64_t span,
                    bool stray, const struct buf *whole)
{
    auto_buf out = BUF_INIT, other = BUF_INIT;
    int64_t low = INT64_MIN;

    if (span)
        renderer_span(r, section, span);
    for (size_t i = 0; i <= n; i++) {
        int64_t high = i < n ? cuts[i] : INT64_MAX;

        if (stray && i == n / 2)
            ok(f, renderer_section(r, section, 40, 50, STAMP, &other, NULL, &f->err));
        ok(f, renderer_section(r, section, low, high, STAMP, &out, NULL, &f->err));
        low = i < n ? high + 1 : high;
    }
    assert_int_equal(out.len, whole->len);
    assert_memory_equal(buf_str(&out), buf_str(whole), whole->len);
}

static void concatenates(struct fixture *f, const char *name)
{
    auto_buf path = BUF_INIT;
    struct export_map *map;
    struct renderer *r;
    struct demo_rng rng = {7};

    buf_addf(&path, "%s/../mapping/export/%s", TEST_SOURCE_DIR, name);
    ok(f, export_map_compile(&map, buf_str(&path), f->reader, &f->err));
    ok(f, renderer_new(&r, map, f->reader, "shop", &f->err));
    for (size_t s = 0; s < export_map_sections(map); s++) {
        auto_buf whole = BUF_INIT;
        uint64_t rows = 0;

        if (export_map_section(map, s)->kind != SECTION_KEYED)
            continue;
        ok(f, renderer_section(r, s, INT64_MIN, INT64_MAX, STAMP, &whole, &rows, &f->err));
        assert_true(rows > 500);
        for (int round = 0; round < 12; round++) {
            int64_t cuts[40];
            size_t n = 0;

            for (int64_t at = 0; n < 40 && at < PRODUCTS + 50; at += 1 + (int64_t)(demo_next(&rng) % 90))
                cuts[n++] = at;
            one_cut(f, r, s, cuts, n, 0, false, &whole);
            one_cut(f, r, s, cuts, n, INT64_MAX, false, &whole);
            one_cut(f, r, s, cuts, n, cuts[n / 3], false, &whole);
            one_cut(f, r, s, cuts, n, INT64_MAX, true, &whole);
        }
        /* Backwards and twice: a call leaves nothing behind. */
        for (int64_t low = PRODUCTS; low >= 0; low -= 300) {
            auto_buf part = BUF_INIT;

            ok(f, renderer_section(r, s, low, low + 299, STAMP, &part, NULL, &f->err));
            if (part.len)
                assert_non_null(memmem(whole.data, whole.len, part.data, part.len));
        }
    }
    renderer_free(r);
    export_map_unref(map);
}

static void shipped_mappings_concatenate(void **state)
{
    struct fixture *f = *state;

    demo(f);
    concatenates(f, "joomshopping.xml");
    concatenates(f, "yml.xml");
}

static void ranges_touch_and_follow_blocks(void **state)
{
    struct fixture *f = *state;
    struct export_map *map;
    struct renderer *r;

    demo(f);
    ok(f,
       compile_text(
           f,
           "<export " NS
           " path=\"a\"><csv><rows of=\"product\"><column name=\"a\" value=\"sku\"/></rows></csv></export>",
           &map));
    ok(f, renderer_new(&r, map, f->reader, "shop", &f->err));
    for (uint64_t want = 1; want < 3000; want = want * 3 + 1) {
        auto_buf out = BUF_INIT;
        uint64_t total = 0, expected = (uint64_t)number(f, f->reader, "SELECT count(*) FROM product");
        int64_t *low;
        size_t n;

        ok(f, renderer_ranges(r, 1, want, &low, &n, &f->err));
        assert_true(n >= 1 && low[0] == INT64_MIN);
        for (size_t i = 0; i < n; i++) {
            uint64_t rows = 0;

            assert_true(i == 0 || (low[i] > low[i - 1] && low[i] % CHANGE_BLOCK == 0));
            ok(f, renderer_section(r, 1, low[i], i + 1 < n ? low[i + 1] - 1 : INT64_MAX, STAMP, &out, &rows,
                                   &f->err));
            assert_true(rows <= want + CHANGE_BLOCK);
            total += rows;
        }
        assert_int_equal(total, expected);
        free(low);
    }
    /* The header: one range. */
    {
        int64_t *low;
        size_t n;

        ok(f, renderer_ranges(r, 0, 10, &low, &n, &f->err));
        assert_int_equal(n, 1);
        free(low);
    }
    renderer_free(r);
    export_map_unref(map);
}

static void a_limit_stops_early(void **state)
{
    struct fixture *f = *state;
    struct export_map *map;
    struct renderer *r;
    auto_buf out = BUF_INIT;
    uint64_t rows = 0;

    goods(f);
    ok(f, compile_text(f,
                       "<export " NS " path=\"a\"><csv header=\"no\"><rows of=\"product\"><column "
                       "value=\"sku\"/></rows></csv></export>",
                       &map));
    ok(f, renderer_new(&r, map, f->reader, "shop", &f->err));
    renderer_limit(r, 2);
    ok(f, renderer_section(r, 0, INT64_MIN, INT64_MAX, STAMP, &out, &rows, &f->err));
    assert_string_equal(buf_str(&out), "A-1\nA-2\n");
    assert_int_equal(rows, 2);
    renderer_free(r);
    export_map_unref(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shipped_mappings_concatenate, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(ranges_touch_and_follow_blocks, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_limit_stops_early, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
