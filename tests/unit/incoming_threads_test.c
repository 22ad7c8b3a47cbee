/*
 * Many sessions at once, a judge and a keeper beside them: every upload is decided exactly once and filed
 * byte for byte. Run it with the thread sanitizer.
 */
#include <stdatomic.h>

#include "drop.h"

#define SESSIONS 6
#define UPLOADS 40

static struct drop drop;
static atomic_bool over;

static void *session(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;

    for (unsigned i = 0; i < UPLOADS; i++) {
        char order[128], name[32], temporary[40], back[128];
        struct incoming_handle *h, *r;
        struct stat st = {.st_mode = 0644}, out;
        int len = snprintf(order, sizeof order, "<order n=\"%u-%u\"><line/><line/><line/></order>\n", me, i);

        snprintf(name, sizeof name, "%u-%u.xml", me, i);
        snprintf(temporary, sizeof temporary, i % 3 ? "%s" : ".%s.tmp", name);
        if (drop_create(&drop, temporary, O_RDWR | O_TRUNC, &h) < 0)
            abort();
        for (int at = 0; at < len; at += 5) {
            if (incoming_write(h, order + at, (size_t)(len - at < 5 ? len - at : 5), at) < 0)
                abort();
        }
        if (drop_open_file(&drop, temporary, O_RDONLY, &r) < 0 ||
            incoming_read(r, back, sizeof back, 0) != len || memcmp(back, order, (size_t)len) != 0)
            abort();
        incoming_release(drop.in, r);
        if (incoming_flush(h) < 0)
            abort();
        incoming_release(drop.in, h);
        if (i % 3 == 0 && drop_rename(&drop, temporary, name, 0) < 0)
            abort();
        drop_set(&drop, name, NULL, INCOMING_SET_MODE, st);
        drop_stat(&drop, name, &out);
    }
    return NULL;
}

/* All on one name: opens, truncates, writes, renames, unlinks as they come. */
static void *quarrel(void *arg)
{
    (void)arg;
    while (!atomic_load(&over)) {
        struct incoming_handle *h;
        struct stat st = {0};

        if (drop_create(&drop, "same.part", O_RDWR, &h) < 0)
            continue;
        incoming_write(h, "some bytes", 10, 0);
        drop_set(&drop, "same.part", NULL, INCOMING_SET_SIZE, st);
        incoming_write(h, "more", 4, 3);
        st.st_size = 5;
        drop_set(&drop, "same.part", NULL, INCOMING_SET_SIZE, st);
        incoming_flush(h);
        drop_rename(&drop, "same.part", "other.part", 0);
        incoming_release(drop.in, h);
        drop_unlink(&drop, "other.part");
    }
    return NULL;
}

static void *judge(void *arg)
{
    (void)arg;
    while (!atomic_load(&over)) {
        drop_decide(&drop);
        usleep(1000);
    }
    return NULL;
}

static void test_sessions(void **state)
{
    pthread_t sessions[SESSIONS], others[3];
    char *seen = xcalloc(SESSIONS * UPLOADS, 1);

    (void)state;
    drop_start(&drop);
    drop.limits.linger_s = 0;
    drop_open(&drop);
    for (size_t i = 0; i < SESSIONS; i++)
        assert_int_equal(pthread_create(&sessions[i], NULL, session, (void *)(uintptr_t)i), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&others[i], NULL, i ? quarrel : judge, NULL), 0);
    for (size_t i = 0; i < SESSIONS; i++)
        pthread_join(sessions[i], NULL);
    atomic_store(&over, true);
    for (int i = 0; i < 3; i++)
        pthread_join(others[i], NULL);
    drop_decide(&drop);
    assert_int_equal(drop.n_imports, SESSIONS * UPLOADS);
    for (size_t i = 0; i < drop.n_imports; i++) {
        struct buf filed = BUF_INIT;
        unsigned me, number;

        assert_int_equal(sscanf(drop.imports[i].bytes, "<order n=\"%u-%u\">", &me, &number), 2);
        assert_int_equal(seen[me * UPLOADS + number]++, 0);
        assert_int_equal(io_read_file(drop.archive, drop.imports[i].filed_as, 1000, &filed), 0);
        assert_string_equal(buf_str(&filed), drop.imports[i].bytes);
        buf_release(&filed);
    }
    free(seen);
    drop_end(&drop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
