/* A real directory shown: plain files only, nothing beneath or beside it. */
#include <errno.h>
#include <sys/un.h>

#include "drop.h"
#include "order/shelf.h"

static void put(int dir, const char *name, const char *text)
{
    assert_int_equal(io_replace_file(dir, name, text, strlen(text), 0644), 0);
}

static void test_shelf(void **state)
{
    struct shelf_entry *list;
    struct stat st;
    struct drop d;
    char text[16] = "";
    size_t n;
    int fd;

    (void)state;
    drop_start(&d);
    drop_open(&d);
    assert_int_equal(shelf_list(d.archive, 1, &list, &n), 0);
    assert_int_equal(n, 0);
    shelf_list_free(list, n);

    put(d.archive, "b.xml", "bb");
    put(d.archive, "a.xml", "a");
    put(d.archive, ".hidden", "h");
    put(d.refused, "secret", "s");
    assert_int_equal(mkdirat(d.archive, "dir", 0755), 0);
    assert_int_equal(mkfifoat(d.archive, "pipe", 0644), 0);
    assert_int_equal(symlinkat("../refused/secret", d.archive, "link"), 0);
    assert_int_equal(symlinkat("a.xml", d.archive, "link-inside"), 0);
    for (int attributes = 0; attributes < 2; attributes++) {
        assert_int_equal(shelf_list(d.archive, attributes, &list, &n), 0);
        assert_int_equal(n, 2);
        assert_string_equal(list[0].name, "a.xml");
        assert_string_equal(list[1].name, "b.xml");
        if (attributes)
            assert_int_equal(list[1].attr.st_size, 2);
        shelf_list_free(list, n);
    }
    assert_int_equal(shelf_stat(d.archive, "b.xml", &st), 0);
    assert_int_equal(st.st_size, 2);
    fd = shelf_open(d.archive, "b.xml");
    assert_true(fd >= 0);
    assert_int_equal(read(fd, text, sizeof text), 2);
    assert_int_equal(write(fd, "x", 1), -1);
    close(fd);
    for (const char *names[] = {"none", "dir", "pipe", "link", "link-inside", ".hidden", "..", ".", "",
                                "../refused/secret", "dir/x", NULL},
                    **name = names;
         *name; name++) {
        assert_int_equal(shelf_stat(d.archive, *name, &st), -ENOENT);
        assert_int_equal(shelf_open(d.archive, *name), -ENOENT);
    }
    drop_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shelf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
