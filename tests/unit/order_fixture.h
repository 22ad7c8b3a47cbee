/* Helpers of the order_map_* and order_parse_* tests: mappings by name or text, orders from text. */
#ifndef SHOPFS_TESTS_ORDER_FIXTURE_H
#define SHOPFS_TESTS_ORDER_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "mapping/order_map.h"
#include "order/parse.h"

#define UNUSED __attribute__((unused))

static const struct order_limits usual_limits UNUSED = ORDER_LIMITS_DEFAULT;

/* Writes text to a new temporary file; the caller unlinks and frees. */
static UNUSED char *temporary_file(const char *text)
{
    char *path = xstrdup("/tmp/shopfs-test-XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(io_write_full(fd, text, strlen(text)), 0);
    assert_int_equal(close(fd), 0);
    return path;
}

static UNUSED int compile_text(struct order_map **out, const char *text, struct error *err)
{
    char *path = temporary_file(text);
    int rc = order_map_compile(out, path, err);

    unlink(path);
    free(path);
    return rc;
}

static UNUSED struct order_map *must_compile(const char *text)
{
    struct order_map *map = NULL;
    struct error err = ERROR_INIT;

    if (compile_text(&map, text, &err) != 0) {
        auto_buf b = BUF_INIT;

        error_format(&err, &b);
        fail_msg("%s", buf_str(&b));
    }
    return map;
}

static UNUSED struct order_map *shipped(const char *name)
{
    char *path = xasprintf("%s/../mapping/order/%s.xml", TEST_SOURCE_DIR, name);
    struct order_map *map = NULL;
    struct error err = ERROR_INIT;

    if (order_map_compile(&map, path, &err) != 0) {
        auto_buf b = BUF_INIT;

        error_format(&err, &b);
        fail_msg("%s", buf_str(&b));
    }
    free(path);
    return map;
}

/* A whole file below the source tree's tests/ directory; data NULL where it is absent. */
static UNUSED struct buf test_file(const char *relative)
{
    struct buf b = BUF_INIT;
    char *path = xasprintf("%s/%s", TEST_SOURCE_DIR, relative);
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0)
        assert_int_equal(io_read_fd(fd, 64u << 20, &b), 0);
    free(path);
    return b;
}

static UNUSED void must_parse_bytes(struct order_file *out, struct order_map *map, const void *data,
                                    size_t len)
{
    struct error err = ERROR_INIT;

    if (order_parse(out, data, len, &map, 1, &usual_limits, &err) != 0) {
        auto_buf b = BUF_INIT;

        error_format(&err, &b);
        fail_msg("%s", buf_str(&b));
    }
}

static UNUSED void must_parse(struct order_file *out, struct order_map *map, const char *text)
{
    must_parse_bytes(out, map, text, strlen(text));
}

static UNUSED struct buf converted(const char *utf8, const char *encoding)
{
    struct buf out = BUF_INIT;
    iconv_t cd = iconv_open(encoding, "UTF-8");
    char *in = (char *)utf8, *to;
    size_t in_left = strlen(utf8), out_left = in_left * 4 + 8;

    assert_true(cd != (iconv_t)-1);
    buf_reserve(&out, out_left);
    to = out.data;
    assert_int_not_equal(iconv(cd, &in, &in_left, &to, &out_left), (size_t)-1);
    out.len = (size_t)(to - out.data);
    iconv_close(cd);
    return out;
}

#endif
