/* Pictures of the demo: every other one a file, the rest in the database. */
#include "cli/demo_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"

/* How many pictures the products up to number n should have, where two is the average. */
int64_t demo_picture_weight(int64_t n)
{
    static const int before[10] = {0, 2, 5, 6, 6, 10, 12, 14, 17, 19};
    return n / 10 * 20 + before[n % 10];
}

static int put_file(struct demo *d, const char *path, const struct buf *content)
{
    if (d->picture_files % DEMO_DIR_FILES == 0) {
        char dir[32];
        snprintf(dir, sizeof dir, "%.*s", (int)strcspn(path, "/"), path);
        if (d->picture_dir >= 0)
            close(steal_fd(d->picture_dir));
        d->picture_dir = io_open_dir(d->options->picture_dir, dir, 0755);
        if (d->picture_dir < 0)
            return error_set(d->err, d->picture_dir, "cannot make picture directory '%s': %s", dir,
                             strerror(-d->picture_dir));
    }
    int fd = openat(d->picture_dir, strchr(path, '/') + 1, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int ret = fd < 0 ? -errno : io_write_full(fd, content->data, content->len);
    if (fd >= 0 && close(fd) < 0 && ret == 0)
        ret = -errno;
    if (ret < 0)
        return error_set(d->err, ret, "cannot write picture '%s': %s", path, strerror(-ret));
    d->picture_files++;
    return 0;
}

static int put_picture(struct demo *d, struct demo_item *it, int64_t number, int position)
{
    char name[64], path[96];
    int64_t id = number + 1;
    bool in_file = number % 2 == 0;
    int64_t variant =
        position > 0 && position <= (int)it->variants && position % 2 == 0 ? it->id * 10 + position - 1 : 0;
    snprintf(name, sizeof name, "%s-%d.png", it->sku, position + 1);
    snprintf(path, sizeof path, "%03lld/%s", (long long)(d->picture_files / DEMO_DIR_FILES), name);
    demo_png(&d->png, DEMO_SEED + (uint64_t)id, name);
    int ret = demo_put(d, IMAGE, id, it->id, variant, DEMO_INT(position), name, in_file ? path : NULL,
                       position ? "" : it->kind->item.in[0]);
    if (ret < 0)
        return ret;
    d->counts.pictures++;
    if (in_file)
        return put_file(d, path, &d->png);
    stmt_bind_int(d->content, "id", id);
    stmt_bind_blob(d->content, "content", d->png.data, d->png.len);
    return stmt_run(d->content, d->err);
}

int demo_put_pictures(struct demo *d, struct demo_item *it)
{
    const struct demo_options *o = d->options;
    if (d->pictures_weight == 0)
        return 0;
    int64_t first = demo_picture_weight(it->id - 1) * o->pictures / d->pictures_weight;
    int64_t end = demo_picture_weight(it->id) * o->pictures / d->pictures_weight;
    int ret = 0;
    for (int64_t n = first; ret == 0 && n < end; n++) {
        if (o->progress && n % 256 == 255 && o->progress(o->arg, it->id, o->products) != 0)
            return error_set(d->err, -ECANCELED, "interrupted");
        ret = put_picture(d, it, n, (int)(n - first));
    }
    return ret;
}
