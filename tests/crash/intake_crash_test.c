/*
 * What a kill leaves, the next start finishes: every upload whose sender was told that it is stored becomes
 * exactly one order and one archived file of the same bytes; where another order in it is refused, also one
 * among the refused with a reason. Ended at every point between two steps, and by SIGKILL at random.
 *
 * The test process itself opens nothing: each run is a child, so that what is lost is lost.
 */
#include <glob.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "intake_shop.h"

#include "order/crash_point.h"

#define SENDERS 2
#define ROUNDS 25
#define STOP_AT 7777
#define BIG (2 * IMPORT_TURN + 50) /* orders in a big file: three turns */

struct shared {
    atomic_uint stored[SENDERS]; /* uploads whose senders were told so */
    atomic_uint refused;         /* rounds in which two bad uploads were stored ... */
    atomic_bool retried[ROUNDS]; /* ... the first was moved back with success ... */
    atomic_bool discarded[ROUNDS]; /* ... and the second deleted */
    atomic_uint big;             /* big files that were stored */
    atomic_uint hits;            /* of the crash point */
};

#define BAD "<?xml version=\"1.0\"?><order version=\"1\"><items/><note>%s</note></order>\n"

static struct shared *shared;
static const char *crash_where;
static unsigned crash_hit;

static void crash_here(const char *where)
{
    /* The intake overtakes the sender: it has decided what he has not yet been told is named. */
    if (strcmp(crash_where, "committed") == 0 && (strcmp(where, "renamed") == 0 || strcmp(where, "adopted") == 0))
        usleep(50000);
    if (strcmp(where, crash_where) == 0 && atomic_fetch_add(&shared->hits, 1) + 1 == crash_hit)
        _exit(STOP_AT % 256);
}

/* Some hold a second order that must be refused. */
static bool is_partly(unsigned i)
{
    return i % 4 == 1;
}

static const char *upload(unsigned sender, unsigned i, char name[static 32])
{
    static _Thread_local char text[512];
    char number[24];

    snprintf(number, sizeof number, "%u-%u", sender, i);
    snprintf(name, 32, "%u-%u.xml", sender, i);
    if (!is_partly(i))
        return plain_order(number, (int)i % 5 + 1);
    snprintf(
        text, sizeof text,
        "<orders version=\"1\"><order><number>%s</number><items><item><code>TEA</code><price>1</price></item>"
        "</items></order><order><items/></order></orders>",
        number);
    return text;
}

/* One good order and one without a number. */
#define PARTLY                                                                                                    \
    "<orders version=\"1\"><order><number>part-%u</number><items><item><code>TEA</code><quantity>1</quantity>"     \
    "<price>1.00</price></item></items></order><order><items/></order></orders>\n"

/* As sftp, and as rsync. */
static void send_one(struct drop *d, unsigned sender, unsigned i)
{
    char name[32], temporary[48], text[512];

    snprintf(text, sizeof text, "%s", upload(sender, i, name));
    if (i % 2) {
        snprintf(temporary, sizeof temporary, ".%s.Ab12Cd", name);
        drop_put(d, temporary, text);
        if (drop_rename(d, temporary, name, 0) < 0)
            _exit(3);
    } else {
        drop_put(d, name, text);
    }
    atomic_store(&shared->stored[sender], i + 1);
}

/* Two files that are refused; one is moved back under another name, the other is deleted. And one of which a part is. */
static void refuse_two(struct intake_shop *s)
{
    unsigned i = atomic_load(&shared->refused);
    char first[32], second[32], part[32], back[32], text[512];

    snprintf(first, sizeof first, "bad-%u.xml", i);
    snprintf(second, sizeof second, "worse-%u.xml", i);
    snprintf(back, sizeof back, "back-%u.xml", i);
    snprintf(text, sizeof text, BAD, first);
    drop_put(&s->d, first, text);
    snprintf(text, sizeof text, BAD, second);
    drop_put(&s->d, second, text);
    snprintf(text, sizeof text, PARTLY, i);
    snprintf(part, sizeof part, "part-%u.xml", i);
    drop_put(&s->d, part, text);
    atomic_store(&shared->refused, i + 1);
    intake_shop_wait(s);
    if (intake_retry(s->intake, first, incoming_root(s->d.in), back, 0, 0, 0) < 0)
        _exit(4);
    atomic_store(&shared->retried[i], true);
    if (intake_discard(s->intake, second) < 0)
        _exit(5);
    atomic_store(&shared->discarded[i], true);
}

static void open_all(struct intake_shop *s, const char *path, bool create)
{
    log_init("intake", LOG_LEVEL_ERROR);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->d.lock, NULL);
    snprintf(s->d.path, sizeof s->d.path, "%s", path);
    snprintf(s->f.path, sizeof s->f.path, "%s/shop.db", path);
    s->d.limits = (struct incoming_limits){.linger_s = 0, .pending_s = 3600};
    s->d.state = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    s->d.archive = io_open_dir(s->d.state, "archive", 0755);
    s->d.refused = io_open_dir(s->d.state, "refused", 0755);
    if (create) {
        intake_shop_make_db(s);
    } else {
        ok(&s->f, store_open(&s->f.store, s->f.path, 0, &s->f.err));
        ok(&s->f, store_reader(s->f.store, &s->f.reader, &s->f.err));
    }
    intake_shop_load_map(s);
    intake_shop_open(s);
}

static void run_to_crash(const char *path, unsigned from, unsigned n)
{
    struct intake_shop *s = xcalloc(1, sizeof *s);

    crash_point_hook = crash_here;
    open_all(s, path, false);
    refuse_two(s);
    for (unsigned i = from; i < from + n; i++) {
        send_one(&s->d, 0, i);
        if (i % 3 == 0)
            usleep(3000);
    }
    intake_shop_wait(s);
    usleep(100000); /* names vanish, files are removed */
    _exit(0);
}

static bool is_there(struct intake_shop *s, const char *name, unsigned i, const char *ending)
{
    char file[64];

    snprintf(file, sizeof file, "refused/%s-%u.xml%s", name, i, ending);
    return *stored(s, file) != '\0';
}

static int64_t events(struct intake_shop *s, const char *event, const char *name, unsigned i)
{
    char sql[160];

    snprintf(sql, sizeof sql, "SELECT count(*) FROM intake_event WHERE event = '%s' AND name = '%s-%u.xml'", event,
             name, i);
    return number(&s->f, s->f.reader, sql);
}

/* What was refused is among the refused with its reason, or was taken away by its owner, which is noted once. */
static void check_refused(struct intake_shop *s)
{
    for (unsigned i = 0; i < atomic_load(&shared->refused); i++) {
        bool first = is_there(s, "bad", i, ""), back = is_there(s, "back", i, ""),
             second = is_there(s, "worse", i, "");
        char part[48];

        if (!first && !back)
            fail_msg("bad-%u.xml is lost", i);
        if (!is_there(s, "part", i, "") || !is_there(s, "part", i, ".error.txt"))
            fail_msg("part-%u.xml is not among the refused, or has no reason", i);
        snprintf(part, sizeof part, "archive/part-%u.xml", i);
        if (!*stored(s, part))
            fail_msg("part-%u.xml is not in the archive", i);
        if (atomic_load(&shared->retried[i]) && (first || !back || events(s, "retried", "bad", i) != 1))
            fail_msg("bad-%u.xml was moved back: it is%s there, back-%u.xml is%s, %d are noted", i, first ? "" : " not", i,
                     back ? "" : " not", (int)events(s, "retried", "bad", i));
        if (!second != (events(s, "discarded", "worse", i) == 1))
            fail_msg("worse-%u.xml is %s", i, second ? "there, and noted as gone" : "lost");
        if (atomic_load(&shared->discarded[i]) && second)
            fail_msg("worse-%u.xml was deleted and is there", i);
        if (first != is_there(s, "bad", i, ".error.txt") ||
            back != is_there(s, "back", i, ".error.txt") ||
            second != is_there(s, "worse", i, ".error.txt"))
            fail_msg("a reason without a file, or a file without a reason, of round %u", i);
    }
}

/* Only what was never reported as stored may be left: a temporary name, half a file. */
static void check_all_gone(struct intake_shop *s)
{
    char left[64] = "";

    for (int tries = 0; tries < 1200; tries++) {
        struct incoming_entry *list;
        size_t n;

        usleep(50000);
        left[0] = '\0';
        assert_int_equal(incoming_list(s->d.in, incoming_root(s->d.in), false, &list, &n), 0);
        for (size_t i = 0; i < n; i++) {
            unsigned who, which;

            if (sscanf(list[i].name, "%u-%u.xml", &who, &which) == 2 && which < atomic_load(&shared->stored[who]))
                snprintf(left, sizeof left, "%s", list[i].name);
        }
        incoming_list_free(list, n);
        if (!left[0])
            return;
    }
    fail_msg("'%s' is still there", left);
}

/* Where files went is noted in the journal together, a moment after the last of them. */
static void wait_noted(struct intake_shop *s)
{
    static const char unnoted[] = "SELECT count(*) FROM intake WHERE filed_as IS NULL OR verdict = 'partly' AND refused_as IS NULL";

    for (int tries = 0; tries < 1200 && number(&s->f, s->f.reader, unnoted) != 0; tries++)
        usleep(50000);
}

static void check_all(const char *path)
{
    struct intake_shop *s = xcalloc(1, sizeof *s);

    open_all(s, path, false);
    intake_shop_wait(s);
    wait_noted(s);
    for (unsigned sender = 0; sender < SENDERS; sender++) {
        for (unsigned i = 0; i < atomic_load(&shared->stored[sender]); i++) {
            char name[32], file[64], sql[128];
            const char *text = upload(sender, i, name);

            snprintf(sql, sizeof sql, "SELECT count(*) FROM orders WHERE number = '%u-%u'", sender, i);
            if (number(&s->f, s->f.reader, sql) != 1)
                fail_msg("%s was stored and is no order", name);
            snprintf(file, sizeof file, "archive/%s", name);
            if (strcmp(stored(s, file), text) != 0)
                fail_msg("%s was stored and is not in the archive", name);
            snprintf(file, sizeof file, "refused/%s", name);
            if (strcmp(stored(s, file), is_partly(i) ? text : "") != 0)
                fail_msg("%s is %samong the refused", name, is_partly(i) ? "not " : "");
            snprintf(file, sizeof file, "refused/%s.error.txt", name);
            if (!*stored(s, file) == is_partly(i))
                fail_msg("%s has %s reason", name, is_partly(i) ? "no" : "a");
            snprintf(file, sizeof file, "results/%s.txt", name);
            if (!*stored(s, file))
                fail_msg("%s was stored and has no result", name);
        }
    }
    assert_int_equal(number(&s->f, s->f.reader, "SELECT count(*) FROM orders"),
                     number(&s->f, s->f.reader, "SELECT count(*) FROM order_line"));
    assert_string_equal(
        text(&s->f, s->f.reader, "SELECT name, verdict, object_key FROM intake WHERE filed_as IS NULL"), "");
    assert_int_equal(
        number(&s->f, s->f.reader,
               "SELECT count(*) FROM intake WHERE verdict = 'partly' AND refused_as IS NULL"),
        0);
    assert_int_equal(number(&s->f, s->f.reader,
                            "SELECT count(*) FROM intake WHERE verdict NOT IN ('accepted', 'duplicate', 'partly')"
                            " AND name NOT GLOB 'bad-*' AND name NOT GLOB 'worse-*' AND name NOT GLOB 'back-*' AND name NOT GLOB 'part-*'"),
                     0);
    check_refused(s);
    check_all_gone(s);
    intake_stop(s->intake);
    incoming_close(s->d.in);
    fixture_close(&s->f);
    _exit(0);
}

/* A child in which a failed assertion is an abort, not the next test. */
static pid_t child(void)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0)
        setenv("CMOCKA_TEST_ABORT", "1", 1);
    return pid;
}

static int wait_child(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void make_shop(char path[static 64])
{
    pid_t pid;

    strcpy(path, "/tmp/shopfs-crash.XXXXXX");
    assert_non_null(mkdtemp(path));
    memset(shared, 0, sizeof *shared);
    pid = child();
    if (pid == 0) {
        struct intake_shop *s = xcalloc(1, sizeof *s);

        open_all(s, path, true);
        intake_stop(s->intake);
        incoming_close(s->d.in);
        fixture_close(&s->f);
        _exit(0);
    }
    assert_int_equal(wait_child(pid), 0);
}

static void check_shop(const char *path)
{
    pid_t pid = child();

    if (pid == 0) {
        check_all(path);
        _exit(1);
    }
    assert_int_equal(wait_child(pid), 0);
}

static void remove_shop(const char *path)
{
    nftw(path, drop_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *const points[] = {
    "content synced", "renamed",   "imported",   "committed",      "filed",         "explained",
    "round over",     "read",      "adopted",    "withdrawn",      "before removal", "names written anew",
    "names replaced", "noted",     "filed also",
};
#define N_POINTS (sizeof points / sizeof *points)

/* Runs to the hit of a point, then lets another process finish what is left. True where the point was met. */
static bool crash_at(const char *path, const char *where, unsigned hit, void (*scene)(const char *path))
{
    int code;
    pid_t pid;

    crash_where = where;
    crash_hit = hit;
    atomic_store(&shared->hits, 0);
    pid = child();
    if (pid == 0)
        scene(path);
    code = wait_child(pid);
    if (code != 0 && code != STOP_AT % 256)
        fail_msg("at '%s', hit %u: the child ended with %d", where, hit, code);
    check_shop(path);
    return code != 0;
}

static void run_uploads(const char *path)
{
    run_to_crash(path, atomic_load(&shared->stored[0]), 6);
}

static void test_every_point(void **state)
{
    unsigned reached = 0;

    (void)state;
    for (size_t p = 0; p < N_POINTS; p++) {
        char path[64];
        unsigned crashes = 0, hits = strcmp(points[p], "committed") == 0 ? 10 : 4; /* some of them of a rename */

        make_shop(path);
        for (unsigned hit = 1; hit <= hits; hit++)
            crashes += crash_at(path, points[p], hit, run_uploads);
        if (!crashes)
            print_error("'%s' was never reached\n", points[p]);
        reached += crashes > 0;
        remove_shop(path);
    }
    assert_int_equal(reached, N_POINTS);
}

/* The table above is complete: each crash_point("...") of the sources stands in it. */
static void test_no_point_is_forgotten(void **state)
{
    static const char call[] = "crash_point(\"";
    unsigned found = 0;
    glob_t files;

    (void)state;
    assert_int_equal(glob(TEST_SOURCE_DIR "/../src/*/*.c", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        int fd = open(files.gl_pathv[i], O_RDONLY | O_CLOEXEC);
        struct buf text = BUF_INIT;

        assert_int_equal(io_read_fd(fd, 1 << 20, &text), 0);
        close(fd);
        for (const char *p = buf_str(&text); (p = strstr(p, call));) {
            size_t len = strcspn(p += strlen(call), "\""), known = 0;

            while (known < N_POINTS && (strlen(points[known]) != len || strncmp(points[known], p, len) != 0))
                known++;
            if (known == N_POINTS)
                fail_msg("%s: no test ends a process at '%.*s'", files.gl_pathv[i], (int)len, p);
            found++;
        }
        buf_release(&text);
    }
    globfree(&files);
    assert_true(found >= N_POINTS);
}

/* A file of so many orders that it is decided in turns. */
static void run_big(const char *path)
{
    struct intake_shop *s = xcalloc(1, sizeof *s);
    unsigned i = atomic_load(&shared->big);
    struct buf text = BUF_INIT;
    char name[32];

    crash_point_hook = crash_here;
    open_all(s, path, false);
    buf_add_str(&text, "<orders version=\"1\">");
    for (unsigned k = 0; k < BIG; k++) {
        buf_addf(&text, "<order><number>big-%u-%u</number><customer><name>Olena %u</name></customer>", i, k, k);
        buf_add_str(&text, "<items><item><code>TEA</code><quantity>1</quantity><price>49.90</price></item></items>"
                           "</order>\n");
    }
    buf_add_str(&text, "</orders>\n");
    snprintf(name, sizeof name, "big-%u.xml", i);
    drop_put(&s->d, name, buf_str(&text));
    atomic_store(&shared->big, i + 1);
    intake_shop_wait(s);
    _exit(0);
}

static void check_big(const char *path)
{
    struct intake_shop *s = xcalloc(1, sizeof *s);

    open_all(s, path, false);
    intake_shop_wait(s);
    for (unsigned i = 0; i < atomic_load(&shared->big); i++) {
        char file[64], sql[256], first[64];

        snprintf(sql, sizeof sql, "SELECT count(*) FROM orders WHERE number GLOB 'big-%u-*'", i);
        assert_int_equal(number(&s->f, s->f.reader, sql), BIG);
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM intake_order x JOIN intake i ON i.id = x.intake_id"
                 " WHERE i.name = 'big-%u.xml' AND i.verdict = 'accepted' AND x.verdict = 'accepted'",
                 i);
        assert_int_equal(number(&s->f, s->f.reader, sql), BIG);
        snprintf(file, sizeof file, "results/big-%u.xml.txt", i);
        snprintf(first, sizeof first, "accepted: %d orders: %d accepted\n", BIG, BIG);
        starts(s, file, first);
    }
    assert_int_equal(number(&s->f, s->f.reader, "SELECT sum(reserved_e3) FROM stock"),
                     (int64_t)BIG * 1000 * atomic_load(&shared->big));
    _exit(0);
}

static void test_between_turns(void **state)
{
    static const char *const where[] = {"committed", "imported"};
    char path[64];

    (void)state;
    make_shop(path);
    for (size_t p = 0; p < 2; p++)
        for (unsigned hit = 1; hit <= 3; hit++) {
            pid_t pid;

            assert_true(crash_at(path, where[p], hit, run_big));
            pid = child();
            if (pid == 0)
                check_big(path);
            assert_int_equal(wait_child(pid), 0);
        }
    remove_shop(path);
}

static void *sender(void *arg)
{
    struct drop *d = *(struct drop **)arg;
    unsigned me = (unsigned)(((struct drop **)arg)[1] != NULL);

    for (unsigned i = atomic_load(&shared->stored[me]);; i++)
        send_one(d, me, i);
    return NULL;
}

static void test_killed_at_random(void **state)
{
    char path[64];

    (void)state;
    make_shop(path);
    srand(4711);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t pid = child();

        if (pid == 0) {
            struct intake_shop *s = xcalloc(1, sizeof *s);
            struct drop *args[SENDERS][2] = {{&s->d, NULL}, {&s->d, &s->d}};
            pthread_t threads[SENDERS];

            open_all(s, path, false);
            for (unsigned i = 0; i < SENDERS; i++)
                pthread_create(&threads[i], NULL, sender, args[i]);
            pause();
        }
        usleep((useconds_t)(80000 + rand() % 250000));
        kill(pid, SIGKILL);
        assert_int_equal(wait_child(pid), -SIGKILL);
        if (round % 6 == 5)
            check_shop(path);
    }
    check_shop(path);
    print_message("%u and %u uploads, %d kills\n", atomic_load(&shared->stored[0]),
                  atomic_load(&shared->stored[1]), ROUNDS);
    assert_true(atomic_load(&shared->stored[0]) > ROUNDS);
    remove_shop(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_point_is_forgotten),
        cmocka_unit_test(test_between_turns),
        cmocka_unit_test(test_every_point),
        cmocka_unit_test(test_killed_at_random),
    };

    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
