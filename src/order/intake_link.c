/* The connection to the database. After a failure nobody tries it for a while, longer each time. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "order/intake_internal.h"

#define RETRY_MIN_MS 500
#define RETRY_MAX_MS 30000

int link_open(struct link *l, struct error *err)
{
    return l->db ? 0 : store_writer(l->store, &l->db, err);
}

static void drop(struct link *l)
{
    db_close(l->db);
    l->db = NULL;
}

void link_release(struct link *l)
{
    drop(l);
    error_release(&l->trouble);
}

bool link_to_blame(int rc)
{
    return rc == -EAGAIN || rc == -EBUSY || rc == -ENOSPC || rc == -EDQUOT || rc == -EIO || rc == -EROFS ||
           rc == -EUCLEAN || rc == -EPROTO || rc == -ECANCELED || rc == -ENOMEM;
}

void link_failed(struct link *l, int rc, struct error *err)
{
    auto_buf line = BUF_INIT;

    if (!err->message)
        error_set(err, rc, "%s", strerror(-rc));
    error_format(err, &line);
    if (!l->retry_ms)
        log_write(LOG_LEVEL_WARNING, "orders wait for the database: %s", buf_str(&line));
    l->retry_ms = l->retry_ms ? l->retry_ms * 2 : RETRY_MIN_MS;
    if (l->retry_ms > RETRY_MAX_MS)
        l->retry_ms = RETRY_MAX_MS;
    l->retry_at = clock_monotonic_ms() + l->retry_ms;
    error_move(&l->trouble, err);
    if (rc != -EAGAIN)
        drop(l);
}

void link_well(struct link *l)
{
    if (l->retry_ms)
        log_write(LOG_LEVEL_NOTICE, "the database takes orders again");
    l->retry_ms = 0;
    l->retry_at = 0;
    error_release(&l->trouble);
}

bool link_resting(const struct link *l)
{
    return l->retry_ms && clock_monotonic_ms() < l->retry_at;
}

void link_sit_out(const struct link *l)
{
    int64_t left = l->retry_ms ? l->retry_at - clock_monotonic_ms() : 0;

    if (left > 0 && left <= LINK_EARLY_MS)
        usleep((useconds_t)left * 1000);
}
