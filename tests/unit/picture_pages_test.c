/* The pages of a listing of pictures: in order, from anywhere, read ahead, and never given out late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "fs/picture_pages.h"

#define PICTURES 3000

struct shop {
    char dir[64];
    struct store *store;
    struct db *db;
    struct pictures *pictures;
    struct picture_pages pages;
};

static void run_sql(struct shop *s, const char *sql)
{
    struct error err = ERROR_INIT;
    if (db_exec(s->db, sql, &err) < 0)
        fail_msg("%s: %s", sql, err.message);
}

static int setup(void **state)
{
    struct shop *s = xcalloc(1, sizeof *s);
    struct error err = ERROR_INIT;
    strcpy(s->dir, "/tmp/shopfs-pages-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    char *path = xasprintf("%s/shop.db", s->dir);
    if (store_open(&s->store, path, STORE_CREATE, &err) < 0 || store_writer(s->store, &s->db, &err) < 0)
        fail_msg("%s", err.message);
    run_sql(s, "INSERT INTO product (id, sku) VALUES (1, 'P1');"
               "WITH RECURSIVE i (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM i WHERE i < 3000)"
               " INSERT INTO image (id, product_id, name) SELECT i, 1, printf('p%05d.jpg', i) FROM i;"
               "INSERT INTO image_data (image_id, content) SELECT id, x'ffd8ff' FROM image");
    assert_int_equal(pictures_open(&s->pictures, s->store, -1, NULL), 0);
    picture_pages_init(&s->pages, s->pictures);
    free(path);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shop *s = *state;
    picture_pages_release(&s->pages);
    pictures_close(s->pictures);
    db_close(s->db);
    store_close(s->store);
    char *command = xasprintf("rm -r '%s'", s->dir);
    int ret = system(command);
    free(command);
    free(s);
    return ret;
}

static void assert_picture(struct shop *s, uint64_t i, int number)
{
    const struct picture_info *info = NULL;
    char name[32];
    snprintf(name, sizeof name, "p%05d.jpg", number);
    assert_int_equal(picture_pages_get(&s->pages, i, &info), 1);
    assert_string_equal(info->name, name);
    assert_int_equal(info->size, 3);
}

static void assert_end(struct shop *s, uint64_t i)
{
    const struct picture_info *info;
    assert_int_equal(picture_pages_get(&s->pages, i, &info), 0);
}

static void all_in_order(void **state)
{
    struct shop *s = *state;
    for (int answer = 1; answer < 700; answer += 97) { /* pictures in an answer */
        for (int i = 0; i < PICTURES; i++) {
            assert_picture(s, (uint64_t)i, i + 1);
            if (i % answer == 0)
                picture_pages_ahead(&s->pages);
        }
        picture_pages_ahead(&s->pages);
        assert_end(s, PICTURES);
        picture_pages_ahead(&s->pages);
        assert_end(s, PICTURES);
    }
}

static void from_anywhere(void **state)
{
    struct shop *s = *state;
    const int places[] = {2999, 0, 1023, 1024, 1025, 1, 255, 256, 2047, 2048, 300, 511, 512, 2998, 257};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        assert_picture(s, (uint64_t)places[i], places[i] + 1);
        picture_pages_ahead(&s->pages);
        if (places[i] + 1 < PICTURES)
            assert_picture(s, (uint64_t)places[i] + 1, places[i] + 2);
    }
    assert_end(s, PICTURES + 1000);
}

/* Listed, a page and what follows it; then its successor is another. */
static uint64_t read_ahead(struct shop *s)
{
    assert_picture(s, 0, 1);
    picture_pages_ahead(&s->pages);
    uint64_t at = s->pages.next.at;
    assert_true(at > 0 && s->pages.next.n > 0);
    char *sql = xasprintf("DELETE FROM image WHERE id = %d", (int)at + 1);
    run_sql(s, sql);
    free(sql);
    return at;
}

static void what_was_read_ahead_is_given_out(void **state)
{
    struct shop *s = *state;
    uint64_t at = read_ahead(s);
    s->pages.next.read_ms += 3600 * 1000; /* just read */
    assert_picture(s, at, (int)at + 1);
}

static void but_not_late(void **state)
{
    struct shop *s = *state;
    uint64_t at = read_ahead(s);
    s->pages.next.read_ms -= 1001;
    assert_picture(s, at, (int)at + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(from_anywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_read_ahead_is_given_out, setup, teardown),
        cmocka_unit_test_setup_teardown(but_not_late, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
