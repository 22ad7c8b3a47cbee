/* A shop with a mapping, a drop directory and its intake: for the intake_* tests and tests/crash. */
#ifndef SHOPFS_TESTS_INTAKE_SHOP_H
#define SHOPFS_TESTS_INTAKE_SHOP_H

#include "drop.h"
#include "store_test.h"

#include "base/clock.h"
#include "base/log.h"
#include "order/intake.h"

struct intake_shop {
    struct fixture f;
    struct drop d;
    struct order_map *maps[1];
    struct intake *intake;
    int retry_ms; /* as in intake_options */
    pthread_mutex_t lock;
    char filed[8192]; /* "archive/x.xml " ...; guarded by lock */
    void (*told)(struct intake_shop *s, const char *directory); /* called too; may be NULL */
};

static inline void intake_shop_filed(void *arg, const char *directory, const char *name)
{
    struct intake_shop *s = arg;

    pthread_mutex_lock(&s->lock);
    if (strlen(s->filed) + strlen(directory) + strlen(name) + 3 < sizeof s->filed) {
        strcat(s->filed, directory);
        strcat(s->filed, "/");
        strcat(s->filed, name);
        strcat(s->filed, " ");
    }
    pthread_mutex_unlock(&s->lock);
    if (s->told)
        s->told(s, directory);
}

static inline void intake_shop_load_map(struct intake_shop *s)
{
    struct error err = ERROR_INIT;

    if (order_map_compile(&s->maps[0], SHOPFS_SOURCE_DATADIR "/mapping/order/plain.xml", &err) < 0)
        fail_msg("%s", err.message);
}

static inline void intake_shop_start(struct intake_shop *s)
{
    struct error err = ERROR_INIT;
    struct intake_options options = {
        .store = s->f.store,
        .incoming = s->d.in,
        .site = "shop",
        .state_dir = s->d.state,
        .maps = s->maps,
        .n_maps = 1,
        .limits = ORDER_LIMITS_DEFAULT,
        .retry_ms = s->retry_ms,
        .filed = intake_shop_filed,
        .filed_arg = s,
    };

    if (intake_start(&s->intake, &options, &err) < 0)
        fail_msg("%s", err.message);
}

static inline void intake_shop_make_db(struct intake_shop *s)
{
    small_shop(&s->f);
    run(&s->f, "INSERT INTO product (id, sku) VALUES (1, 'TEA');"
               "INSERT INTO product_text (product_id, language, name) VALUES (1, 'en', 'Tea');");
}

static inline int intake_shop_setup(void **state)
{
    struct intake_shop *s = xcalloc(1, sizeof *s);

    log_init("intake", LOG_LEVEL_ERROR);
    pthread_mutex_init(&s->lock, NULL);
    drop_start(&s->d);
    snprintf(s->f.path, sizeof s->f.path, "%s/shop.db", s->d.path);
    intake_shop_make_db(s);
    intake_shop_load_map(s);
    *state = s;
    return 0;
}

static inline int intake_shop_teardown(void **state)
{
    struct intake_shop *s = *state;

    intake_stop(s->intake);
    fixture_close(&s->f);
    error_release(&s->f.err);
    buf_release(&s->f.text);
    order_map_free(s->maps[0]);
    drop_end(&s->d);
    pthread_mutex_destroy(&s->lock);
    free(s);
    return 0;
}

static inline void intake_shop_open(struct intake_shop *s)
{
    drop_open(&s->d);
    intake_shop_start(s);
}

static inline void intake_shop_wait(struct intake_shop *s)
{
    for (int i = 0; i < 24000; i++) {
        if (intake_idle(s->intake))
            return;
        usleep(5000);
    }
    fail_msg("the intake does not come to rest");
}

/* An order in the plain format. Valid until the thread's fourth next call. */
static inline const char *plain_order(const char *number, int quantity)
{
    static _Thread_local char texts[4][512];
    static _Thread_local unsigned next;
    char *text = texts[next++ % 4];

    snprintf(
        text, sizeof texts[0],
        "<?xml version=\"1.0\"?>\n<order version=\"1\"><number>%s</number><customer><name>Olena K</name>"
        "<email>olena@example.com</email></customer>\n<items><item><code>TEA</code><quantity>%d</quantity>"
        "<price>49.90</price></item></items></order>\n",
        number, quantity);
    return text;
}

/* A file below the state directory, "results/x.xml.txt"; "" where there is none. Valid until the next call.
 */
static inline const char *stored(struct intake_shop *s, const char *path)
{
    static char text[1 << 20];
    struct buf b = BUF_INIT;

    text[0] = '\0';
    if (io_read_file(s->d.state, path, sizeof text - 1, &b) == 0)
        snprintf(text, sizeof text, "%s", buf_str(&b));
    buf_release(&b);
    return text;
}

static inline void starts(struct intake_shop *s, const char *path, const char *beginning)
{
    const char *is = stored(s, path);

    if (strncmp(is, beginning, strlen(beginning)) != 0)
        fail_msg("%s does not begin with '%s':\n%s", path, beginning, is);
}

static inline int64_t orders(struct intake_shop *s)
{
    return number(&s->f, s->f.reader, "SELECT count(*) FROM orders");
}

#endif
