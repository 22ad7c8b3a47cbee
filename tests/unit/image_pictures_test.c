/* Pictures: bytes from files and from the database, names and paths that are not to be trusted, listing in
 * pages, and content that stays while its reader has it open. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "image/pictures.h"

struct shop {
    char dir[64];
    struct store *store;
    struct db *db;
    int picture_dir;
    struct pictures *pictures;
};

static void run_sql(struct shop *s, const char *sql)
{
    struct error err = ERROR_INIT;
    if (db_exec(s->db, sql, &err) < 0)
        fail_msg("%s: %s", sql, err.message);
}

static void write_at(struct shop *s, const char *name, const char *data)
{
    int fd = openat(s->picture_dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, strlen(data)), strlen(data));
    assert_int_equal(close(fd), 0);
}

static int setup(void **state)
{
    struct shop *s = xcalloc(1, sizeof *s);
    struct error err = ERROR_INIT;
    strcpy(s->dir, "/tmp/shopfs-pictures-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    char *path = xasprintf("%s/shop.db", s->dir), *images = xasprintf("%s/images", s->dir);
    assert_int_equal(mkdir(images, 0755), 0);
    s->picture_dir = open(images, O_RDONLY | O_DIRECTORY);
    assert_true(s->picture_dir >= 0);
    if (store_open(&s->store, path, STORE_CREATE, &err) < 0 || store_writer(s->store, &s->db, &err) < 0)
        fail_msg("%s", err.message);
    run_sql(s, "INSERT INTO product (id, sku) VALUES (1, 'P1')");
    assert_int_equal(pictures_open(&s->pictures, s->store, s->picture_dir, NULL), 0);
    free(path);
    free(images);
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct shop *s = *state;
    pictures_close(s->pictures);
    db_close(s->db);
    store_close(s->store);
    close(s->picture_dir);
    char *command = xasprintf("rm -r '%s'", s->dir);
    int ret = system(command);
    free(command);
    free(s);
    return ret;
}

static void add_row(struct shop *s, int id, const char *name, const char *path)
{
    struct stmt *st;
    assert_int_equal(db_cached(s->db, &st,
                               "INSERT INTO image (id, product_id, name, path) VALUES (:id, 1, :name, :path)",
                               NULL),
                     0);
    stmt_bind_int(st, "id", id);
    stmt_bind_text(st, "name", name);
    stmt_bind_text(st, "path", path);
    assert_int_equal(stmt_run(st, NULL), 0);
}

static void add_data(struct shop *s, int id, const void *data, size_t len)
{
    struct stmt *st;
    assert_int_equal(
        db_cached(s->db, &st, "INSERT INTO image_data (image_id, content) VALUES (:id, :data)", NULL), 0);
    stmt_bind_int(st, "id", id);
    stmt_bind_blob(st, "data", data, len);
    assert_int_equal(stmt_run(st, NULL), 0);
}

static void assert_content(struct shop *s, const char *name, const char *expected)
{
    struct picture *pic;
    char data[256];
    assert_int_equal(picture_open(s->pictures, name, &pic), 0);
    assert_int_equal(picture_info(pic)->size, strlen(expected));
    assert_int_equal(picture_read(pic, data, sizeof data, 0), strlen(expected));
    assert_memory_equal(data, expected, strlen(expected));
    assert_int_equal(picture_read(pic, data, 3, 2), 3);
    assert_memory_equal(data, expected + 2, 3);
    assert_int_equal(picture_read(pic, data, sizeof data, strlen(expected)), 0);
    assert_int_equal(picture_read(pic, data, sizeof data, UINT64_MAX), 0);
    picture_close(pic);
}

static void assert_refused(struct shop *s, const char *name, int code)
{
    struct picture_info info;
    struct picture *pic;
    assert_int_equal(pictures_find(s->pictures, name, &info), code);
    assert_int_equal(picture_open(s->pictures, name, &pic), code);
}

static void from_a_file(void **state)
{
    struct shop *s = *state;
    struct picture_info info;
    mkdirat(s->picture_dir, "sub", 0755);
    write_at(s, "sub/one.png", "picture one");
    struct timespec times[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000, .tv_nsec = 5000}};
    assert_int_equal(utimensat(s->picture_dir, "sub/one.png", times, 0), 0);
    add_row(s, 1, "shown as.png", "sub/one.png");
    assert_int_equal(pictures_find(s->pictures, "shown as.png", &info), 0);
    assert_int_equal(info.id, 1);
    assert_int_equal(info.size, 11);
    assert_int_equal(info.mtime.tv_sec, 1000000000);
    assert_int_equal(info.mtime.tv_nsec, 5000);
    assert_string_equal(info.name, "shown as.png");
    assert_content(s, "shown as.png", "picture one");
    assert_refused(s, "one.png", -ENOENT);
    assert_refused(s, "sub/one.png", -ENOENT);
}

static void from_the_database(void **state)
{
    struct shop *s = *state;
    struct picture_info info;
    add_row(s, 7, "db.png", NULL);
    assert_refused(s, "db.png", -ENOENT);
    add_data(s, 7, "bytes in a row", 14);
    assert_int_equal(pictures_find(s->pictures, "db.png", &info), 0);
    assert_int_equal(info.id, 7);
    assert_int_equal(info.size, 14);
    assert_true(info.mtime.tv_sec > 1600000000);
    assert_content(s, "db.png", "bytes in a row");
    add_row(s, 8, "empty.png", NULL);
    add_data(s, 8, "", 0);
    assert_int_equal(pictures_find(s->pictures, "empty.png", &info), 0);
    assert_int_equal(info.size, 0);
}

static void paths_do_not_escape(void **state)
{
    struct shop *s = *state;
    static const char *const paths[] = {
        "/etc/passwd",
        "../shop.db",
        "../../../../../../etc/passwd",
        "sub/../../shop.db",
        "link",
        "linkdir/passwd",
        "sub",
        "fifo",
        "/proc/self/environ",
    };
    mkdirat(s->picture_dir, "sub", 0755);
    assert_int_equal(symlinkat("/etc/passwd", s->picture_dir, "link"), 0);
    assert_int_equal(symlinkat("/etc", s->picture_dir, "linkdir"), 0);
    assert_int_equal(mkfifoat(s->picture_dir, "fifo", 0644), 0);
    struct picture_info page[20];
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%zu.png", i);
        add_row(s, (int)i + 1, name, paths[i]);
        assert_refused(s, name, -EACCES);
    }
    /* Even a link to a file inside, so that nobody can swap what it points to. */
    write_at(s, "good", "inside");
    assert_int_equal(symlinkat("good", s->picture_dir, "inner"), 0);
    add_row(s, 50, "q.png", "inner");
    assert_refused(s, "q.png", -EACCES);
    add_row(s, 51, "z.png", "good");
    assert_int_equal(pictures_list(s->pictures, NULL, page, 20, 1), 1);
    assert_string_equal(page[0].name, "z.png");
    assert_int_equal(pictures_list(s->pictures, "z.png", page, 20, 1), 0);
}

static void missing_files(void **state)
{
    struct shop *s = *state;
    add_row(s, 1, "a.png", "gone.png");
    add_row(s, 2, "b.png", "no/dir/gone.png");
    add_row(s, 3, "c.png", "");
    assert_refused(s, "a.png", -ENOENT);
    assert_refused(s, "b.png", -ENOENT);
    assert_refused(s, "c.png", -ENOENT);
    assert_refused(s, "no row", -ENOENT);
    struct pictures *without;
    struct picture_info info;
    assert_int_equal(pictures_open(&without, s->store, -1, NULL), 0);
    write_at(s, "there", "x");
    add_row(s, 4, "d.png", "there");
    assert_int_equal(pictures_find(without, "d.png", &info), -ENOENT);
    assert_int_equal(pictures_find(s->pictures, "d.png", &info), 0);
    pictures_close(without);
}

static void unsafe_names(void **state)
{
    struct shop *s = *state;
    struct picture_info page[10];
    write_at(s, "f", "content");
    add_row(s, 1, "good.png", "f");
    run_sql(s, "PRAGMA ignore_check_constraints = ON"); /* the schema refuses most of these: who made the file
                                                           may not */
    add_row(s, 2, "new\nline.png", "f");
    add_row(s, 3, "esc\033[2J.png", "f");
    char name[601];
    for (size_t i = 0; i < 600; i += 2)
        memcpy(name + i, "Я", 2);
    name[400] = '\0'; /* 200 characters, 400 bytes */
    add_row(s, 4, name, "f");
    run_sql(s, "INSERT INTO image (id, product_id, name, path) VALUES (5, 1, 'a' || char(0) || 'b', 'f')");
    run_sql(s, "INSERT INTO image (id, product_id, name, path) VALUES (6, 1, X'7a7a7a', 'f')");
    assert_refused(s, "new\nline.png", -ENOENT);
    assert_refused(s, name, -ENOENT);
    assert_refused(s, "..", -ENOENT);
    assert_refused(s, ".", -ENOENT);
    assert_refused(s, "", -ENOENT);
    assert_refused(s, "a/../good.png", -ENOENT);
    for (int attributes = 0; attributes < 2; attributes++) {
        assert_int_equal(pictures_list(s->pictures, NULL, page, 10, attributes), 1);
        assert_string_equal(page[0].name, "good.png");
        assert_int_equal(pictures_list(s->pictures, "good.png", page, 10, attributes), 0);
    }
}

static void ten_thousand_in_pages(void **state)
{
    struct shop *s = *state;
    assert_int_equal(db_begin_write(s->db, NULL), 0);
    for (int i = 0; i < 10000; i++) {
        char name[32];
        snprintf(name, sizeof name, "p%05d.png", (i * 7919) % 10000);
        /* A long run of missing files in the middle must not look like the end. */
        add_row(s, i + 1, name, (i * 7919) % 10000 / 1000 == 4 ? "gone" : NULL);
        if ((i * 7919) % 10000 / 1000 != 4)
            add_data(s, i + 1, name, strlen(name));
    }
    assert_int_equal(db_commit(s->db, NULL), 0);
    for (int attributes = 0; attributes < 2; attributes++) {
        struct picture_info page[100];
        char last[256] = "";
        size_t total = 0;
        for (ssize_t n; (n = pictures_list(s->pictures, *last ? last : NULL, page, 100, attributes)) != 0;) {
            assert_true(n > 0 && n <= 100);
            for (ssize_t i = 0; i < n; i++) {
                assert_true(strcmp(page[i].name, last) > 0);
                strcpy(last, page[i].name);
                if (attributes)
                    assert_int_equal(page[i].size, 10);
            }
            total += (size_t)n;
        }
        assert_int_equal(total, attributes ? 9000 : 10000);
        assert_string_equal(last, "p09999.png");
    }
}

static void open_pictures_keep_their_bytes(void **state)
{
    struct shop *s = *state;
    struct picture *file, *small, *big;
    enum { BIG = 3 << 20 };
    char *bytes = xmalloc(BIG), data[32];
    memset(bytes, 'a', BIG);
    write_at(s, "f", "old file");
    add_row(s, 1, "file.png", "f");
    add_row(s, 2, "small.png", NULL);
    add_data(s, 2, "old row", 7);
    add_row(s, 3, "big.png", NULL);
    add_data(s, 3, bytes, BIG);
    assert_int_equal(picture_open(s->pictures, "file.png", &file), 0);
    assert_int_equal(picture_open(s->pictures, "small.png", &small), 0);
    assert_int_equal(picture_open(s->pictures, "big.png", &big), 0);

    write_at(s, "f.new", "the new file");
    assert_int_equal(renameat(s->picture_dir, "f.new", s->picture_dir, "f"), 0);
    run_sql(s, "UPDATE image_data SET content = CAST('the new row' AS BLOB) WHERE image_id = 2");
    run_sql(s, "DELETE FROM image WHERE id = 3");

    assert_int_equal(picture_read(file, data, sizeof data, 0), 8);
    assert_memory_equal(data, "old file", 8);
    assert_int_equal(picture_read(small, data, sizeof data, 0), 7);
    assert_memory_equal(data, "old row", 7);
    assert_int_equal(picture_info(big)->size, BIG);
    assert_int_equal(picture_read(big, data, sizeof data, BIG - 10), 10);
    assert_memory_equal(data, "aaaaaaaaaa", 10);
    picture_close(file);
    picture_close(small);
    picture_close(big);
    assert_content(s, "file.png", "the new file");
    assert_content(s, "small.png", "the new row");
    assert_refused(s, "big.png", -ENOENT);
    free(bytes);
}

/* More open pictures than copies are allowed for: the rest are read from the database. */
static void many_open_at_once(void **state)
{
    struct shop *s = *state;
    enum { N = 40, SIZE = 1 << 20 };
    struct picture *open[N];
    char *bytes = xmalloc(SIZE), byte;
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.png", i);
        memset(bytes, 'A' + i, SIZE);
        add_row(s, i + 1, name, NULL);
        add_data(s, i + 1, bytes, SIZE);
    }
    for (int i = 0; i < N; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d.png", i);
        assert_int_equal(picture_open(s->pictures, name, &open[i]), 0);
    }
    run_sql(s, "DELETE FROM image");
    for (int i = 0; i < N; i++) {
        assert_int_equal(picture_read(open[i], &byte, 1, SIZE - 1), 1);
        assert_int_equal(byte, 'A' + i);
        picture_close(open[i]);
    }
    free(bytes);
}

static void *reader(void *arg)
{
    struct shop *s = arg;
    for (int i = 0; i < 200; i++) {
        struct picture_info page[10];
        struct picture *pic;
        char data[16];
        if (pictures_list(s->pictures, NULL, page, 10, 1) != 2 ||
            picture_open(s->pictures, "db.png", &pic) != 0)
            return arg;
        ssize_t n = picture_read(pic, data, sizeof data, 0);
        picture_close(pic);
        if (n != 5 || memcmp(data, "bytes", 5) != 0)
            return arg;
    }
    return NULL;
}

static void threads_share(void **state)
{
    struct shop *s = *state;
    pthread_t threads[12];
    write_at(s, "f", "file");
    add_row(s, 1, "db.png", NULL);
    add_data(s, 1, "bytes", 5);
    add_row(s, 2, "file.png", "f");
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, reader, s), 0);
    for (size_t i = 0; i < 12; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(from_a_file),         TEST(from_the_database),
        TEST(paths_do_not_escape), TEST(missing_files),
        TEST(unsafe_names),        TEST(ten_thousand_in_pages),
        TEST(many_open_at_once),   TEST(open_pictures_keep_their_bytes),
        TEST(threads_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
