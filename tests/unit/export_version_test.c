/* Versions as lists of shared groups, against plain lists of chunks. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <fcntl.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/mem.h"
#include "export/version.h"

#define ROUNDS 1500
#define PIECES_MAX 120 /* of an edit */

static char dir[64];
static int state_dir = -1;
static struct spool_dir *spool_directory;
static struct spool *spool;
static unsigned seed = 20;

static int setup(void **unused)
{
    bool cut;
    (void)unused;
    strcpy(dir, "/tmp/shopfs-version-XXXXXX");
    state_dir = mkdtemp(dir) ? open(dir, O_RDONLY | O_DIRECTORY) : -1;
    if (state_dir < 0 || spool_dir_open(&spool_directory, state_dir, NULL) < 0 ||
        spool_open(&spool, spool_directory, "x.data", NULL) < 0)
        return -1;
    return spool_take_over(spool, NULL, 0, &cut);
}

static int teardown(void **unused)
{
    (void)unused;
    spool_unref(spool);
    spool_dir_unref(spool_directory);
    close(state_dir);
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command);
}

static unsigned any(unsigned n)
{
    return (unsigned)rand_r(&seed) % n;
}

/* Of random bytes, now and then none; all of 1 to 4 kinds of letters, so that equal chunks come about. */
static struct chunk *made(uint32_t section, int64_t low, int64_t high)
{
    char bytes[9000];
    size_t len = any(8) ? any(any(20) ? 300 : sizeof bytes) : 0;
    uint64_t at = 0;
    memset(bytes, 'a' + (int)any(4), len);
    if (len)
        assert_int_equal(spool_write(spool, bytes, len, &at), 0);
    struct chunk *c = chunk_new(section, low, high);
    chunk_seal(c, at, len, digest_hash64(bytes, len), any(100));
    return c;
}

/* A list of chunks with a reference each. */
struct list {
    struct chunk **c;
    size_t n;
};

static void release(struct list *l)
{
    for (size_t i = 0; i < l->n; i++)
        chunk_unref(l->c[i], spool);
    free(l->c);
    *l = (struct list){0};
}

/* The first section has one chunk, the second many of 100 keys each, the third one. */
static struct list fresh_list(size_t n)
{
    struct list l = {xcalloc(n + 2, sizeof(struct chunk *)), n + 2};
    l.c[0] = made(0, INT64_MIN, INT64_MAX);
    for (size_t i = 0; i < n; i++)
        l.c[i + 1] = made(1, i ? (int64_t)i * 100 : INT64_MIN, i + 1 < n ? (int64_t)i * 100 + 99 : INT64_MAX);
    l.c[n + 1] = made(2, INT64_MIN, INT64_MAX);
    return l;
}

static struct version *version_of(const struct list *l)
{
    for (size_t i = 0; i < l->n; i++)
        chunk_ref(l->c[i]);
    return version_new(spool, l->c, l->n);
}

/* The range of chunks [from, to] of one section in 1 or more pieces, with the keys that are there to cut at. */
static size_t pieces_of(const struct list *l, size_t from, size_t to, struct chunk **out)
{
    uint32_t section = l->c[from]->section;
    int64_t low = l->c[from]->low, high = l->c[to]->high;
    size_t n = 0, wanted = any(10) ? 1 + any(3) : 1 + any(PIECES_MAX);
    while (n + 1 < wanted && section == 1 && low < high - 10 && low > INT64_MIN && high < INT64_MAX) {
        int64_t end = low + any((unsigned)((high - low) / 2)) + 1;
        out[n++] = made(section, low, end);
        low = end + 1;
    }
    out[n++] = made(section, low, high);
    return n;
}

/* An edit of a list: some runs of chunks replaced. news: the chunks, references; the list's are its own. */
static struct list edited(const struct list *l, struct list *news)
{
    struct list out = {xcalloc(l->n * 2 + 8 * PIECES_MAX, sizeof(struct chunk *)), 0};
    size_t edits = 0;
    news->c = xcalloc(8 * PIECES_MAX, sizeof(struct chunk *));
    news->n = 0;
    unsigned rare = any(4) ? (unsigned)l->n : 1 + any(12); /* one in so many */
    for (size_t i = 0; i < l->n;) {
        if (edits == 7 || any(rare) != 0) {
            out.c[out.n++] = chunk_ref(l->c[i++]);
            continue;
        }
        size_t to = i + (any(5) ? 0 : any(any(10) ? 4 : 150));
        while (to >= l->n || l->c[to]->section != l->c[i]->section)
            to--;
        size_t n = pieces_of(l, i, to, news->c + news->n);
        for (size_t k = 0; k < n; k++)
            out.c[out.n++] = chunk_ref(news->c[news->n + k]);
        news->n += n;
        edits++;
        i = to + 1;
    }
    return out;
}

static void assert_like(const struct version *v, const struct list *l)
{
    uint64_t size = 0, rows = 0;
    size_t i = 0;
    for (struct chunk_place at = {0, 0}; version_chunk(v, at); at = version_next(v, at), i++) {
        assert_true(i < l->n);
        assert_ptr_equal(version_chunk(v, at), l->c[i]);
        size += l->c[i]->len;
        rows += l->c[i]->rows;
        int64_t key = any(2) ? l->c[i]->low : l->c[i]->high;
        assert_ptr_equal(version_chunk(v, version_find(v, l->c[i]->section, key)), l->c[i]);
    }
    assert_int_equal(i, l->n);
    assert_int_equal(v->chunks, l->n);
    assert_int_equal(version_size(v), size);
    assert_int_equal(version_rows(v), rows);
    for (size_t g = 0; g < v->n; g++) {
        assert_in_range(v->groups[g]->n, 1, GROUP_MAX);
        if (g + 1 < v->n)
            assert_true(v->groups[g]->n >= GROUP_MIN);
    }
}

static void content_of(const struct list *l, struct buf *out)
{
    buf_clear(out);
    for (size_t i = 0; i < l->n; i++) {
        buf_reserve(out, l->c[i]->len + 1);
        assert_int_equal(spool_read(spool, out->data + out->len, l->c[i]->len, l->c[i]->at), l->c[i]->len);
        out->len += l->c[i]->len;
    }
}

/* The same bytes taken out of the file, and no extent more than needed. */
static void assert_extents(const struct version *v, const char *bytes, size_t len, size_t at, size_t should)
{
    static struct version_extent extents[8192];
    size_t done = 0;
    int fd = -1, n = version_extents(v, extents, 8192, len, at, &fd);
    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        char *piece = xmalloc(extents[i].len);
        assert_in_range(extents[i].len, 1, should - done);
        assert_int_equal(pread(fd, piece, extents[i].len, extents[i].at), extents[i].len);
        assert_memory_equal(piece, bytes + done, extents[i].len);
        done += extents[i].len;
        free(piece);
    }
    assert_int_equal(done, should);
    if (n > 0)
        assert_int_equal(version_extents(v, extents, (size_t)n - 1, len, at, &fd), -ENOBUFS);
}

static void assert_reads(const struct version *v, const struct buf *content)
{
    char *bytes = xmalloc(content->len + 10);
    for (int i = 0; i < 20; i++) {
        size_t at = any((unsigned)content->len + 5), len = i ? any(40000) : content->len + 10;
        if (i == 0)
            at = 0;
        size_t left = at < content->len ? content->len - at : 0, should = len < left ? len : left;
        if (len > content->len + 10)
            len = content->len + 10;
        if (should > len)
            should = len;
        assert_int_equal(version_read(v, bytes, len, at), should);
        if (should)
            assert_memory_equal(bytes, content->data + at, should);
        assert_extents(v, bytes, len, at, should);
    }
    free(bytes);
}

/* The rows of an index, as index.c keeps them. */
struct rows {
    const struct group *g[4096];
    size_t n;
};

static int keep_rows(void *arg, const struct group *g, bool is_new)
{
    struct rows *rows = arg;
    if (is_new) {
        for (size_t i = 0; i < rows->n; i++) /* a key of its own */
            assert_false(rows->g[i]->chunks[0]->section == g->chunks[0]->section &&
                         rows->g[i]->chunks[0]->low == g->chunks[0]->low);
        rows->g[rows->n++] = g;
        return 0;
    }
    for (size_t i = 0; i < rows->n; i++)
        if (rows->g[i] == g) {
            rows->g[i] = rows->g[--rows->n];
            return 0;
        }
    fail_msg("a group is removed that was never there");
    return 0;
}

static void edits_are_those_of_a_list(void **unused)
{
    (void)unused;
    static struct rows rows;
    auto_buf before = BUF_INIT, after = BUF_INIT;
    struct list l = fresh_list(700);
    struct version *v = version_of(&l);
    rows.n = 0;
    version_difference(NULL, v, keep_rows, &rows);
    size_t equal = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct list news, next = edited(&l, &news);
        struct version *w = version_with(v, news.c, news.n);
        assert_like(w, &next);
        version_difference(v, w, keep_rows, &rows);
        assert_int_equal(rows.n, w->n);
        uint64_t proof = 0;
        for (size_t i = 0; i < rows.n; i++)
            proof += rows.g[i]->proof;
        assert_true(proof == w->proof);
        if (round % 25 == 0) {
            content_of(&l, &before);
            content_of(&next, &after);
            bool same = before.len == after.len && (!after.len || memcmp(before.data, after.data, after.len) == 0);
            assert_int_equal(version_equal(v, w), same);
            assert_int_equal(version_equal(w, v), same);
            assert_reads(w, &after);
            equal += same;
        }
        version_unref(v);
        release(&l);
        free(news.c);
        l = next;
        v = w;
    }
    /* Enough was merged and cut that groups came and went, and the small ones did not pile up. */
    assert_true(v->n <= v->chunks / GROUP_MIN + 1);
    version_unref(v);
    release(&l);
    uint64_t disk, live;
    spool_usage(spool, &disk, &live);
    assert_int_equal(live, 0); /* every chunk went with its last reference */
}

/* Chunks that differ but hold the same bytes in other pieces. */
static void equal_is_by_bytes(void **unused)
{
    (void)unused;
    static const char text[] = "one two three four five six seven eight nine ten";
    struct chunk *a[3], *b[3];
    const int64_t cuts[2][4] = {{INT64_MIN, 10, 20, INT64_MAX}, {INT64_MIN, 14, 20, INT64_MAX}};
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < 3; i++) {
            size_t from = i ? (size_t)cuts[k][i] : 0, to = i < 2 ? (size_t)cuts[k][i + 1] : sizeof text - 1;
            struct chunk *c = chunk_new(0, i ? cuts[k][i] : INT64_MIN, i < 2 ? cuts[k][i + 1] - 1 : INT64_MAX);
            uint64_t at;
            assert_int_equal(spool_write(spool, text + from, to - from, &at), 0);
            chunk_seal(c, at, to - from, digest_hash64(text + from, to - from), 1);
            (k ? b : a)[i] = c;
        }
    struct version *v = version_new(spool, a, 3), *w = version_new(spool, b, 3);
    assert_int_equal(version_equal(v, w), 1);
    /* A lost chunk is like one of the same range and hash only. */
    b[2]->lost = true;
    assert_int_equal(version_equal(w, v), 1);
    b[1]->lost = true;
    assert_int_equal(version_equal(w, v), 0);
    version_unref(v);
    version_unref(w);
}

/* An edit shares all groups but those it touches. */
static void an_edit_copies_one_group(void **unused)
{
    (void)unused;
    struct list l = fresh_list(6400);
    struct version *v = version_of(&l);
    for (int i = 0; i < 50; i++) {
        const struct chunk *old = l.c[1 + any(6400)];
        struct chunk *c = made(1, old->low, old->high);
        struct version *w = version_with(v, &c, 1);
        size_t shared = 0;
        for (size_t g = 0; g < v->n; g++)
            shared += v->groups[g] == w->groups[g];
        assert_int_equal(w->n, v->n);
        assert_int_equal(shared, v->n - 1);
        version_unref(w);
    }
    version_unref(v);
    release(&l);
}

/* Nobody is sent to bytes that are not there. */
static void a_cut_file_has_no_extents(void **unused)
{
    (void)unused;
    struct list l = fresh_list(200);
    struct version *v = version_of(&l);
    struct version_extent extents[300];
    int fd = -1;
    int n = version_extents(v, extents, 300, version_size(v), 0, &fd);
    assert_true(n > 1);
    assert_int_equal(ftruncate(fd, extents[n - 1].at), 0);
    assert_int_equal(version_extents(v, extents, 300, version_size(v), 0, &fd), -EIO);
    assert_true(version_extents(v, extents, 300, extents[0].len, 0, &fd) == 1);
    version_unref(v);
    release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(edits_are_those_of_a_list, setup, teardown),
        cmocka_unit_test_setup_teardown(equal_is_by_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(an_edit_copies_one_group, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cut_file_has_no_extents, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
