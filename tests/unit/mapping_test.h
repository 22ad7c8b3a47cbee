/* What the tests of export mappings share: a small shop with awkward goods, a mapping from a string, its
 * bytes. */
#ifndef SHOPFS_TESTS_MAPPING_TEST_H
#define SHOPFS_TESTS_MAPPING_TEST_H

#include "store_test.h"

#include "mapping/document.h"
#include "mapping/export_files.h"
#include "mapping/export_map.h"
#include "mapping/render.h"

#define STAMP 1400767020 /* 2014-05-22 13:57:00 UTC */

#define NS "xmlns=\"urn:shopfs:mapping\""
#define NS_S "xmlns:s=\"urn:shopfs:mapping\""

/* Compiles the text; the file's name in messages ends with "mapping.xml". */
static inline int compile_text(struct fixture *f, const char *text, struct export_map **out)
{
    char path[PATH_MAX + 16];
    FILE *file;

    snprintf(path, sizeof path, "%s/mapping.xml", f->dir);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    return export_map_compile(out, path, f->reader, &f->err);
}

static inline void render_map(struct fixture *f, struct export_map *map, uint64_t range, struct buf *out)
{
    struct renderer *r;
    uint64_t rows_in[64] = {0};
    struct buf pieces[256] = {0};

    ok(f, renderer_new(&r, map, f->reader, "shop", &f->err));
    assert_true(export_map_sections(map) < 256);
    for (size_t s = 0; s < export_map_sections(map); s++) {
        int64_t *low;
        size_t n;

        ok(f, renderer_ranges(r, s, range, &low, &n, &f->err));
        for (size_t i = 0; i < n; i++)
            ok(f, renderer_section(
                      r, s, low[i], i + 1 < n ? low[i + 1] - 1 : INT64_MAX, STAMP, &pieces[s],
                      &rows_in[export_map_section(map, s)->counts ? export_map_section(map, s)->wrap : 0],
                      &f->err));
        free(low);
    }
    for (size_t s = 0; s < export_map_sections(map); s++) {
        const struct section_info *info = export_map_section(map, s);

        if (!info->wrap || info->counts || rows_in[info->wrap])
            buf_add(out, buf_str(&pieces[s]), pieces[s].len);
        buf_release(&pieces[s]);
    }
    renderer_free(r);
}

/* The whole file of a mapping, of one that makes many the first. */
static inline void render_text(struct fixture *f, const char *mapping, struct buf *out)
{
    struct export_map *map;
    struct export_files files;

    ok(f, compile_text(f, mapping, &map));
    ok(f, export_map_files(&files, map, f->reader, "shop", &f->err));
    assert_true(files.n > 0);
    render_map(f, files.maps[0], 1000, out);
    export_files_release(&files);
    export_map_unref(map);
}

static inline void assert_renders(struct fixture *f, const char *mapping, const char *expected)
{
    auto_buf out = BUF_INIT;

    render_text(f, mapping, &out);
    assert_string_equal(buf_str(&out), expected);
}

/* Products 1 and 2 plain, 3 with two variants, 4 not active. */
static inline void goods(struct fixture *f)
{
    small_shop(f);
    run(f,
        "UPDATE site SET title = 'Boots & Co', company = 'Boots Ltd';"
        "INSERT INTO category_code (category_id, market, code) VALUES (1, 'mine', '188'), (3, 'mine', '189');"
        "INSERT INTO category_text (category_id, language, name) VALUES (1, 'uk', 'Взуття'), (2, 'uk', "
        "'Жіноче'), (3, 'uk', 'Туфлі/човники');"
        "INSERT INTO vat_rate (id, code, percent_e2) VALUES (1, 'standard', 2000);"
        "INSERT INTO unit (id, code, name) VALUES (1, 'pcs', 'шт');"
        "INSERT INTO manufacturer (id, name) VALUES (1, 'O''Hara \"Sons\"; Ltd');"
        "INSERT INTO product (id, sku, active, manufacturer_id, vat_rate_id, unit_id, weight_e3) VALUES"
        " (1, 'A-1', 1, 1, 1, 1, 250), (2, 'A-2', 1, NULL, NULL, NULL, NULL), (3, 'A-3', 1, NULL, 1, 1, "
        "1500), (4, 'A-4', 0, NULL, NULL, NULL, NULL);"
        "INSERT INTO product_text (product_id, language, name, description, slug) VALUES"
        " (1, 'uk', 'Туфлі \"Зоря\"; червоні', '<p>Рядок 1</p>\n<p>Рядок & 2</p>', 'tufli'),"
        " (2, 'uk', '  blanks 🎁 ', '', 'blanks'), (3, 'uk', 'Черевики', '', 'cherevyky'), (4, 'uk', "
        "'Прихований', '', NULL);"
        "INSERT INTO product_category (product_id, category_id, position) VALUES (1, 3, 0), (1, 1, 1), (2, "
        "2, 0), (3, 1, 0);"
        "INSERT INTO price (product_id, variant_id, price_list_id, min_qty_e3, price_e4, old_price_e4) VALUES"
        " (1, 0, 1, 0, 12000000, 15005000), (2, 0, 1, 0, 9999, NULL), (3, 0, 1, 0, 5000000, NULL),"
        " (1, 0, 1, 5000, 11000000, NULL), (1, 0, 1, 10000, 10000000, NULL);"
        "INSERT INTO variant (id, product_id, sku, position) VALUES (31, 3, 'A-3-37', 1), (32, 3, 'A-3-38', "
        "0);"
        "INSERT INTO attribute (id, code, position) VALUES (1, 'size', 1), (2, 'season', 2);"
        "INSERT INTO attribute_text (attribute_id, language, name, unit) VALUES (1, 'uk', 'Розмір', 'EU'), "
        "(2, 'uk', 'Сезон', '');"
        "INSERT INTO product_attribute (product_id, variant_id, attribute_id, value_no, value) VALUES"
        " (1, 0, 2, 0, 'літо'), (1, 0, 2, 1, 'весна'), (3, 31, 1, 0, '37'), (3, 32, 1, 0, '38'), (3, 0, 2, "
        "0, 'зима');"
        "INSERT INTO stock (product_id, variant_id, warehouse_id, on_hand_e3, reserved_e3) VALUES"
        " (1, 0, 1, 3000, 1000), (1, 0, 2, 2500, 0), (3, 31, 1, 7000, 0);"
        "INSERT INTO image (id, product_id, variant_id, position, name) VALUES"
        " (1, 1, 0, 0, 'a 1.jpg'), (2, 1, 0, 1, 'б.jpg'), (3, 3, 0, 0, 'c.jpg'), (4, 3, 31, 0, 'd.jpg');"
        "INSERT INTO barcode (product_id, variant_id, barcode) VALUES (1, 0, '4006381333931');");
}

#endif
