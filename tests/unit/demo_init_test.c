/* shopctl init: what an empty and a demo shop hold, that they are the same each time, and that a failure
 * leaves nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <png.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/demo.h"
#include "image/pictures.h"
#include "store/store.h"

static char dir[] = "/tmp/shopfs-init-XXXXXX";

static char *in_dir(const char *name)
{
    return xasprintf("%s/%s", dir, name);
}

static int setup(void **state)
{
    (void)state;
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    assert_non_null(mkdtemp(dir));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char *command = xasprintf("rm -r '%s'", dir);
    int ret = system(command);
    free(command);
    return ret;
}

/* The command in this process, silent. */
static int init(const char *name, const char *option, const char *more)
{
    char *path = in_dir(name);
    char command[] = "init",
         *argv[] = {command, path, option ? xstrdup(option) : NULL, more ? xstrdup(more) : NULL, NULL};
    int argc = more ? 4 : option ? 3 : 2;
    fflush(stdout);
    fflush(stderr);
    int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    char *words[] = {argv[2], argv[3]}; /* getopt moves what it gets */
    int code = cmd_init(argc, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    close(out);
    close(err);
    close(null);
    free(words[0]);
    free(words[1]);
    free(path);
    return code;
}

struct shop {
    struct store *store;
    struct db *db;
};

static struct shop open_shop(const char *name)
{
    struct shop s;
    struct error err = ERROR_INIT;
    char *path = in_dir(name);
    if (store_open(&s.store, path, 0, &err) < 0 || store_reader(s.store, &s.db, &err) < 0)
        fail_msg("%s", err.message);
    free(path);
    return s;
}

static void close_shop(struct shop *s)
{
    db_close(s->db);
    store_close(s->store);
}

static int64_t number(struct shop *s, const char *sql)
{
    struct stmt *st;
    struct error err = ERROR_INIT;
    if (db_prepare(s->db, &st, sql, &err) < 0 || stmt_step(st, &err) != 1)
        fail_msg("%s: %s", sql, err.message);
    int64_t n = stmt_int(st, 0);
    stmt_free(st);
    return n;
}

static void assert_number(struct shop *s, const char *sql, int64_t low, int64_t high)
{
    int64_t n = number(s, sql);
    if (n < low || n > high)
        fail_msg("%s: %lld is not between %lld and %lld", sql, (long long)n, (long long)low, (long long)high);
}

static size_t entries(void)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    for (struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(d);
    return n;
}

static void an_empty_shop(void **state)
{
    (void)state;
    assert_int_equal(init("shop.db", NULL, NULL), EX_OK);
    assert_int_equal(entries(), 1);
    struct shop s = open_shop("shop.db");
    assert_int_equal(db_check(s.db, NULL), 0);
    assert_number(&s, "SELECT count(*) FROM product", 0, 0);
    assert_number(&s, "SELECT count(*) FROM v_site WHERE name = 'main' AND url = 'https://shop.example/'", 1,
                  1);
    assert_number(&s, "SELECT count(*) FROM language WHERE code IN ('uk', 'cs', 'en')", 3, 3);
    assert_number(&s, "SELECT count(*) FROM currency WHERE code IN ('UAH', 'CZK', 'EUR', 'USD', 'RUB')", 5,
                  5);
    assert_number(&s, "SELECT count(*) FROM unit WHERE okei IS NULL OR unece IS NULL", 0, 0);
    assert_number(&s, "SELECT count(*) FROM price_list WHERE code IN ('retail', 'wholesale')", 2, 2);
    close_shop(&s);
}

static void demo_counts(void **state)
{
    (void)state;
    assert_int_equal(init("shop.db", "--demo=1000", NULL), EX_OK);
    struct shop s = open_shop("shop.db");
    assert_int_equal(db_check(s.db, NULL), 0);
    assert_number(&s, "SELECT count(*) FROM product", 1000, 1000);
    assert_number(&s, "SELECT count(*) FROM v_product WHERE price > 0", 1000, 1000);
    assert_number(
        &s, "SELECT count(*) FROM v_offer WHERE price IS NULL OR unit IS NULL OR vat_percent IS NULL", 0, 0);
    assert_number(&s, "SELECT count(*) FROM v_product WHERE variants > 0", 250, 420);
    assert_number(&s,
                  "SELECT count(*) FROM (SELECT 1 FROM variant GROUP BY product_id HAVING count(*) NOT "
                  "BETWEEN 2 AND 6)",
                  0, 0);
    assert_number(&s,
                  "SELECT count(*) FROM (SELECT DISTINCT product_id, attribute_id FROM product_attribute"
                  " WHERE variant_id = 0)",
                  3500, 4500);
    assert_number(&s,
                  "SELECT count(*) FROM variant v WHERE NOT EXISTS (SELECT 1 FROM product_attribute a"
                  " WHERE a.variant_id = v.id)",
                  0, 0);
    assert_number(&s, "SELECT count(*) FROM image", 2000, 2000);
    assert_number(&s, "SELECT count(*) FROM image WHERE path IS NULL", 900, 1100);
    assert_number(&s, "SELECT count(*) FROM image_data", 900, 1100);
    assert_number(&s, "SELECT count(*) FROM v_product WHERE image IS NULL", 50, 150);
    assert_number(&s, "SELECT count(*) FROM v_product WHERE stock = 0", 30, 300);
    assert_number(&s, "SELECT count(*) FROM stock WHERE reserved_e3 > 0", 30, 1000);
    assert_number(&s, "SELECT count(*) FROM stock WHERE reserved_e3 > on_hand_e3", 0, 0);
    assert_number(&s, "SELECT count(*) FROM product WHERE active = 0", 10, 60);
    assert_number(&s, "SELECT count(DISTINCT price_list_id) FROM price", 4, 4);
    assert_number(&s, "SELECT count(*) FROM price_list WHERE kind = 'purchase'", 1, 1);
    assert_number(&s, "SELECT count(*) FROM price WHERE min_qty_e3 > 0", 300, 2000);
    assert_number(&s, "SELECT count(*) FROM v_product WHERE old_price > price", 100, 300);
    assert_number(&s, "SELECT count(*) FROM price WHERE price_e4 % 100 <> 0", 500, 5000);
    assert_number(&s, "SELECT count(DISTINCT warehouse_id) FROM stock", 2, 2);
    assert_number(&s, "SELECT max(level) FROM v_category", 3, 3);
    assert_number(&s, "SELECT count(*) FROM category", 36, 99);
    assert_number(&s, "SELECT count(DISTINCT category_id) FROM product_category WHERE position = 0", 30, 99);
    assert_number(
        &s, "SELECT count(*) FROM customer WHERE kind = 'company' AND coalesce(tax_id, vat_id) IS NOT NULL",
        20, 999);
    assert_number(&s,
                  "SELECT count(*) FROM customer WHERE kind = 'company' AND coalesce(tax_id, vat_id) IS NULL",
                  0, 0);
    assert_number(&s, "SELECT count(*) FROM certificate", 10, 99);
    assert_number(&s, "SELECT count(DISTINCT language) FROM product_text", 3, 3);
    assert_number(&s, "SELECT count(*) FROM manufacturer WHERE name LIKE '%''%'", 3, 99);
    assert_number(&s, "SELECT count(*) FROM product_text WHERE name LIKE '%;%'", 1, 3000);
    assert_number(&s, "SELECT count(*) FROM product_text WHERE name LIKE '%\"%'", 1, 3000);
    assert_number(&s, "SELECT count(*) FROM product_text WHERE description LIKE '%<li>%'", 1, 3000);
    assert_number(&s, "SELECT count(*) FROM product_text WHERE description LIKE '%&%'", 1, 3000);
    assert_number(&s, "SELECT count(*) FROM product_text WHERE instr(description, char(13)) > 0", 1, 3000);
    assert_number(&s, "SELECT count(*) FROM product_text WHERE instr(description, '🎁') > 0", 1, 3000);
    close_shop(&s);
}

/* Every text of every table, and a digest of all values in the order they are kept. */
static void each_value(struct shop *s, const char *table, struct sha256 *sum)
{
    struct stmt *st;
    /* The time a picture was stored is the one value that differs from run to run. */
    char *sql = strcmp(table, "image") == 0 ? xstrdup("SELECT id, product_id, variant_id, position, name, "
                                                      "path, title, size FROM image ORDER BY 1")
                                            : xasprintf("SELECT * FROM %s", table);
    assert_int_equal(db_prepare(s->db, &st, sql, NULL), 0);
    while (stmt_step(st, NULL) == 1)
        for (int i = 0; i < stmt_columns(st); i++) {
            size_t len = 0;
            const char *text =
                stmt_type(st, i) == STMT_BLOB ? stmt_blob(st, i, &len) : stmt_text(st, i, &len);
            if (stmt_type(st, i) == STMT_TEXT && !text_utf8_valid(text, len))
                fail_msg("%s.%s: not UTF-8: %s", table, stmt_column_name(st, i), text);
            sha256_update(sum, text ? text : "NULL", text ? len + 1 : 4);
        }
    stmt_free(st);
    free(sql);
}

static void digest_shop(const char *name, uint8_t out[static SHA256_SIZE])
{
    static const char *const tables[] = {
        "language",
        "currency",
        "vat_rate",
        "manufacturer",
        "category",
        "category_text",
        "category_path",
        "product",
        "product_text",
        "variant",
        "product_category",
        "attribute",
        "attribute_text",
        "product_attribute",
        "barcode",
        "product_relation",
        "price_list",
        "price",
        "warehouse",
        "stock",
        "image",
        "image_data",
        "site",
        "site_product",
        "customer",
        "customer_site",
        "certificate",
    };
    struct shop s = open_shop(name);
    struct sha256 *sum = sha256_new();
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        each_value(&s, tables[i], sum);
    sha256_finish_free(sum, out);
    close_shop(&s);
}

static void the_same_each_time(void **state)
{
    (void)state;
    uint8_t first[SHA256_SIZE], second[SHA256_SIZE], other[SHA256_SIZE];
    assert_int_equal(init("a.db", "--demo=700", NULL), EX_OK);
    assert_int_equal(init("b.db", "--demo=700", NULL), EX_OK);
    assert_int_equal(init("c.db", "--demo=701", NULL), EX_OK);
    digest_shop("a.db", first);
    digest_shop("b.db", second);
    digest_shop("c.db", other);
    assert_memory_equal(first, second, SHA256_SIZE);
    assert_memory_not_equal(first, other, SHA256_SIZE);
    char *command = xasprintf("diff -r '%s/a.images' '%s/b.images'", dir, dir);
    assert_int_equal(system(command), 0);
    free(command);
}

static void barcodes_have_check_digits(void **state)
{
    (void)state;
    char code[14];
    demo_ean13(12345, code);
    assert_string_equal(code, "2000000123455");
    assert_int_equal(init("shop.db", "--demo", NULL), EX_OK);
    struct shop s = open_shop("shop.db");
    struct stmt *st;
    assert_int_equal(db_prepare(s.db, &st, "SELECT barcode FROM barcode", NULL), 0);
    size_t n = 0;
    for (; stmt_step(st, NULL) == 1; n++) {
        const char *text = stmt_text(st, 0, NULL);
        assert_int_equal(strlen(text), 13);
        int sum = 0;
        for (int i = 0; i < 13; i++)
            sum += (text[i] - '0') * (i % 2 ? 3 : 1);
        assert_int_equal(sum % 10, 0);
    }
    assert_true(n > 300);
    stmt_free(st);
    assert_number(&s, "SELECT count(*) - count(DISTINCT barcode) FROM barcode", 0, 0);
    close_shop(&s);
}

/* Decodes with the simplified API of libpng, which the encoder does not use. */
static void assert_png(const void *data, size_t len)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, data, len))
        fail_msg("%s", image.message);
    assert_int_equal(image.width, 64);
    assert_int_equal(image.height, 64);
    image.format = PNG_FORMAT_RGB;
    png_byte pixels[64 * 64 * 3];
    if (!png_image_finish_read(&image, NULL, pixels, 0, NULL))
        fail_msg("%s", image.message);
}

static void pictures_are_real(void **state)
{
    (void)state;
    assert_int_equal(init("shop.db", "--demo=40", "--pictures=2500"), EX_OK);
    char *path = in_dir("shop.images");
    int picture_dir = open(path, O_RDONLY | O_DIRECTORY);
    assert_true(picture_dir >= 0);
    struct shop s = open_shop("shop.db");
    struct pictures *p;
    assert_int_equal(pictures_open(&p, s.store, picture_dir, NULL), 0);
    struct picture_info page[500];
    size_t n = 0;
    char last[256] = "", data[4096];
    for (ssize_t got; (got = pictures_list(p, *last ? last : NULL, page, 500, 1)) > 0; n += (size_t)got)
        for (ssize_t i = 0; i < got; i++) {
            struct picture *pic;
            assert_int_equal(picture_open(p, page[i].name, &pic), 0);
            ssize_t len = picture_read(pic, data, sizeof data, 0);
            assert_int_equal(len, page[i].size);
            assert_png(data, (size_t)len);
            picture_close(pic);
            strcpy(last, page[i].name);
        }
    assert_int_equal(n, 2500);
    pictures_close(p);
    close_shop(&s);
    assert_int_equal(faccessat(picture_dir, "000", F_OK, 0), 0);
    assert_int_equal(faccessat(picture_dir, "001", F_OK, 0), 0);
    assert_int_equal(faccessat(picture_dir, "002", F_OK, 0), -1);
    struct stat st;
    assert_int_equal(fstatat(picture_dir, "000", &st, 0), 0);
    close(picture_dir);
    free(path);
}

static void touch(const char *name, const char *text)
{
    char *path = in_dir(name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    free(path);
}

static void what_exists_is_refused(void **state)
{
    (void)state;
    static const char *const remains[] = {"shop.db", "shop.db-wal", "shop.db-shm", "shop.db-journal"};
    for (size_t i = 0; i < sizeof remains / sizeof *remains; i++) {
        char *path = in_dir(remains[i]);
        touch(remains[i], "precious");
        assert_int_equal(init("shop.db", "--demo", NULL), EX_CANTCREAT);
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_size, 8);
        assert_int_equal(entries(), 1);
        unlink(path);
        free(path);
    }
    static const char *const directories[] = {"shop.images", "shop.state"};
    for (size_t i = 0; i < 2; i++) {
        char *path = in_dir(directories[i]), *inside = xasprintf("%s/precious", directories[i]);
        mkdir(path, 0755);
        touch(inside, "precious");
        assert_int_equal(init("shop.db", "--demo", NULL), EX_CANTCREAT);
        assert_int_equal(entries(), 1);
        char *file = in_dir(inside);
        assert_int_equal(unlink(file), 0);
        assert_int_equal(init("shop.db", "--demo=1", NULL), EX_OK); /* an empty one is no loss */
        char *command = xasprintf("rm -r '%s'/shop*", dir);
        assert_int_equal(system(command), 0);
        free(command);
        free(file);
        free(inside);
        free(path);
    }
    assert_int_equal(init("no/such/shop.db", NULL, NULL), EX_CANTCREAT);
    assert_int_equal(entries(), 0);
}

static void wrong_arguments(void **state)
{
    (void)state;
    assert_int_equal(init("shop.db", "--demo=0", NULL), EX_USAGE);
    assert_int_equal(init("shop.db", "--demo=many", NULL), EX_USAGE);
    assert_int_equal(init("shop.db", "--demo=1000001", NULL), EX_USAGE);
    assert_int_equal(init("shop.db", "--pictures=5", NULL), EX_USAGE);
    assert_int_equal(init("shop.db", "--force", NULL), EX_USAGE);
    assert_int_equal(init("shop.db", "other.db", NULL), EX_USAGE);
    assert_int_equal(init("", NULL, NULL), EX_CANTCREAT); /* the directory itself */
    assert_int_equal(entries(), 0);
}

static void a_failure_leaves_nothing(void **state)
{
    (void)state;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct rlimit limit = {.rlim_cur = 2 << 20, .rlim_max = 2 << 20};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit); /* as a full disk */
        _exit(init("shop.db", "--demo=5000", NULL));
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) != EX_IOERR)
        fail_msg("exit code %d", WEXITSTATUS(status));
    assert_int_equal(entries(), 0);
}

static void an_interrupt_leaves_nothing(void **state)
{
    (void)state;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(init("shop.db", "--demo=1000000", NULL));
    for (int i = 0; i < 500 && entries() == 0; i++)
        usleep(10000);
    usleep(300000);
    assert_int_equal(entries(), 1); /* no half shop under its name */
    char *path = in_dir("shop.db");
    assert_int_not_equal(access(path, F_OK), 0);
    free(path);
    kill(pid, SIGTERM);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), EX_TEMPFAIL);
    assert_int_equal(entries(), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_empty_shop),
        TEST(demo_counts),
        TEST(the_same_each_time),
        TEST(barcodes_have_check_digits),
        TEST(pictures_are_real),
        TEST(what_exists_is_refused),
        TEST(wrong_arguments),
        TEST(a_failure_leaves_nothing),
        TEST(an_interrupt_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
