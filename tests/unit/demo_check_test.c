/* shopctl check: a demo shop is clean, and each thing that is wrong is one line and an exit code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "cli/commands.h"
#include "mapping/document.h"
#include "store/store.h"

static char dir[] = "/tmp/shopfs-check-XXXXXX";
static struct buf output = BUF_INIT;

/* A command on files of the directory; its output is in `output`. */
static int run(int (*command)(int, char **), const char *name, char *option)
{
    char *path = xasprintf("%s/%s", dir, name), *out = xasprintf("%s/output", dir);
    char word[] = "shopctl", *argv[] = {word, path, option, NULL};
    fflush(stdout);
    fflush(stderr);
    int saved = dup(STDOUT_FILENO), saved_err = dup(STDERR_FILENO);
    int fd = open(out, O_RDWR | O_CREAT | O_TRUNC, 0644);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    int code = command(option ? 3 : 2, argv);
    fflush(stdout);
    fflush(stderr);
    dup2(saved, STDOUT_FILENO);
    dup2(saved_err, STDERR_FILENO);
    close(saved);
    close(saved_err);
    buf_clear(&output);
    assert_int_equal(io_read_fd(fd, 1 << 20, &output), 0);
    close(fd);
    unlink(out);
    free(path);
    free(out);
    return code;
}

static int setup(void **state)
{
    (void)state;
    char demo[] = "--demo=60";
    strcpy(dir + strlen(dir) - 6, "XXXXXX");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(run(cmd_init, "shop.db", demo), EX_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    char *command = xasprintf("rm -r '%s'", dir);
    int ret = system(command);
    free(command);
    buf_release(&output);
    return ret;
}

static void change(const char *sql)
{
    struct store *store;
    struct db *db;
    struct error err = ERROR_INIT;
    char *path = xasprintf("%s/shop.db", dir);
    if (store_open(&store, path, 0, &err) < 0 || store_writer(store, &db, &err) < 0 ||
        db_exec(db, sql, &err) < 0)
        fail_msg("%s", err.message);
    db_close(db);
    store_close(store);
    free(path);
}

static void write_file(const char *name, const char *text)
{
    char *path = xasprintf("%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
    free(path);
}

static void assert_code(int code, int expected)
{
    if (code != expected)
        fail_msg("exit code %d and not %d: %s", code, expected, buf_str(&output));
}

static void assert_says(const char *words)
{
    if (!strstr(buf_str(&output), words))
        fail_msg("'%s' is not in: %s", words, buf_str(&output));
}

static void a_demo_is_clean(void **state)
{
    (void)state;
    assert_code(run(cmd_check, "shop.db", NULL), EX_OK);
    assert_string_equal(buf_str(&output), "no errors\n");
}

static void incomplete_goods_are_warnings(void **state)
{
    (void)state;
    change("UPDATE product SET active = 1, unit_id = NULL WHERE id <= 4;"
           "UPDATE product SET active = 1, vat_rate_id = NULL WHERE id = 5;"
           "DELETE FROM price WHERE product_id = 6");
    assert_code(run(cmd_check, "shop.db", NULL), EX_OK);
    assert_says("shop.db: warning: products without a unit: 4 (");
    assert_says(", ...)");
    assert_says("shop.db: warning: products without a VAT rate: 1 (");
    assert_says("shop.db: warning: offers without a price on site 'main': ");
    assert_says("0 errors, 3 warnings\n");
}

static void wrong_pictures_are_errors(void **state)
{
    (void)state;
    change("UPDATE image SET path = '../shop.db' WHERE id = 1;"
           "UPDATE image SET path = 'gone.png' WHERE id = 3;"
           "UPDATE image SET path = '000' WHERE id = 5;"
           "DELETE FROM image_data WHERE image_id = 2;"
           "UPDATE image SET size = 1 WHERE id = 4");
    assert_code(run(cmd_check, "shop.db", NULL), EX_DATAERR);
    assert_says("error: pictures whose path leaves the picture directory or is a link: 1 ('../shop.db')");
    assert_says("error: pictures whose file is missing: 1 ('gone.png')");
    assert_says("error: pictures whose path is not a file: 1 ('000')");
    assert_says("error: pictures with neither a path nor bytes: 1 ");
    assert_says("error: pictures whose size is not that of their bytes: 1 ");
    assert_says("5 errors, 0 warnings\n");
}

static void references_to_nothing(void **state)
{
    (void)state;
    change("PRAGMA foreign_keys = OFF; DELETE FROM unit WHERE code = 'pcs'");
    assert_code(run(cmd_check, "shop.db", NULL), EX_DATAERR);
    assert_says("refers to a missing row of 'unit'");
}

static void wrong_mappings_name_their_line(void **state)
{
    (void)state;
    write_file("bad.xml", "<export xmlns=\"urn:shopfs:mapping\" path=\"bad.csv\">\n<nonsense/>\n</export>\n");
    write_file("order.xml", "<orders xmlns=\"urn:shopfs:mapping\">\n<nonsense/>\n</orders>\n");
    write_file("shop.conf",
               "[shop]\ndatabase = shop.db\n[site main]\nexports = yml bad.xml\norders = plain order.xml\n");
    assert_code(run(cmd_check, "shop.conf", NULL), EX_CONFIG);
    assert_says("/bad.xml:2:1: error: ");
    assert_says("/order.xml:1:1: error: ");
    assert_says("2 errors, 0 warnings\n");
}

static void alternatives_that_are_never_reached(void **state)
{
    (void)state;
    write_file("order.xml",
               "<order-mapping xmlns='urn:shopfs:mapping' name='o' title='O' evidence='assumed'>\n"
               "<detect test='/o'/>\n"
               "<orders path='/o'>\n"
               "<number path='n'/>\n"
               "<note><from path='a'/><from path='b'/><from path='a'/></note>\n"
               "<status><constant value='new'/>\n\t<from path='s'/></status>\n"
               "<lines path='l'><code path='c'/><quantity path='q'/><price path='p'/></lines>\n"
               "</orders></order-mapping>\n");
    write_file("shop.conf", "[shop]\ndatabase = shop.db\n[site main]\nexports = yml\norders = order.xml\n");
    assert_code(run(cmd_check, "shop.conf", NULL), EX_OK);
    assert_says("/order.xml:5:39: warning: note: this alternative is never reached: it is the one in line 5 again");
    assert_says("/order.xml:7:2: warning: status: this alternative is never reached: the constant in line 6");
    assert_says("0 errors, 2 warnings\n");
}

static void sites_without_a_row(void **state)
{
    (void)state;
    write_file("shop.conf", "[shop]\ndatabase = shop.db\n[site nowhere]\n");
    assert_code(run(cmd_check, "shop.conf", NULL), EX_CONFIG);
    assert_says("shop.conf: error: site 'nowhere' has no row");
}

static void wrong_sources(void **state)
{
    (void)state;
    write_file("shop.conf", "[shop]\ndatabase = shop.db\nstat = x\n");
    assert_code(run(cmd_check, "shop.conf", NULL), EX_CONFIG);
    assert_says("shop.conf:3: ");
    assert_code(run(cmd_check, "missing.db", NULL), EX_NOINPUT);
    write_file("shop.conf", "[shop]\ndatabase = missing.db\n");
    assert_code(run(cmd_check, "shop.conf", NULL), EX_NOINPUT);
    write_file("text.db", "not a database\n");
    assert_code(run(cmd_check, "text.db", NULL), EX_DATAERR);
}

int main(void)
{
    mapping_init();
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_demo_is_clean),       TEST(incomplete_goods_are_warnings),  TEST(wrong_pictures_are_errors),
        TEST(references_to_nothing), TEST(wrong_mappings_name_their_line),
        TEST(alternatives_that_are_never_reached), TEST(sites_without_a_row),
        TEST(wrong_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
