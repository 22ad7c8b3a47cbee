/*
 * .shopfs/metrics: the state of a site in the text format of Prometheus, version 0.0.4
 * (prometheus.io/docs/instrumenting/exposition_formats): all samples of a metric together, below its HELP and TYPE.
 */
#include "fs/fs_internal.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "order/intake.h"

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: backslash, quote and line end are escaped. */
static void label(struct buf *out, const char *name, const char *value)
{
    buf_addf(out, "%s=\"", name);
    for (; *value; value++) {
        if (*value == '\\' || *value == '"')
            buf_add_char(out, '\\');
        if (*value == '\n')
            buf_add_str(out, "\\n");
        else
            buf_add_char(out, *value);
    }
    buf_add_char(out, '"');
}

/* "name{site="main",key="value"} ": the number follows; key may be NULL. */
static void sample(struct buf *out, const char *name, const char *site, const char *key, const char *value)
{
    buf_addf(out, "%s{", name);
    label(out, "site", site);
    if (key) {
        buf_add_char(out, ',');
        label(out, key, value);
    }
    buf_add_str(out, "} ");
}

static void count(struct buf *out, const char *name, const char *site, const char *key, const char *value, uint64_t n)
{
    sample(out, name, site, key, value);
    buf_addf(out, "%" PRIu64 "\n", n);
}

static void seconds(struct buf *out, const char *name, const char *site, const char *key, const char *value, int64_t ms)
{
    sample(out, name, site, key, value);
    buf_addf(out, "%" PRId64 ".%03d\n", ms / 1000, (int)(ms % 1000));
}

enum export_metric { SIZE, ROWS, VERSION, VERSIONS, CHUNKS, RENDERED, RENDER_TIME, RENDERING, FAILING, FAILED, REFRESHED, EXPORT_METRICS };

static const struct {
    const char *name, *type, *help;
} export_metrics[EXPORT_METRICS] = {
    [SIZE] = {"shopfs_export_size_bytes", "gauge", "Size of the current version."},
    [ROWS] = {"shopfs_export_rows", "gauge", "Rows of the current version."},
    [VERSION] = {"shopfs_export_version_timestamp_seconds", "gauge", "Time of the current version; 0: there is none."},
    [VERSIONS] = {"shopfs_export_versions_total", "counter", "Versions published since the start."},
    [CHUNKS] = {"shopfs_export_chunks", "gauge", "Chunks of the current version."},
    [RENDERED] = {"shopfs_export_chunks_rendered_total", "counter", "Chunks rendered since the start."},
    [RENDER_TIME] = {"shopfs_export_last_render_seconds", "gauge", "How long the last rendering took."},
    [RENDERING] = {"shopfs_export_rendering", "gauge", "1 while a version is being rendered."},
    [FAILING] = {"shopfs_export_failing", "gauge", "1 while the last good version is served instead of a current one."},
    [FAILED] = {"shopfs_export_failures_total", "counter", "Refreshes that failed since the start."},
    [REFRESHED] = {"shopfs_export_refreshed_timestamp_seconds", "gauge",
                   "When it was last found or made up to date; 0: not asked for since the start."},
};

static void export_value(struct buf *out, enum export_metric m, const char *site, const char *path,
                         const struct export_status *s)
{
    const char *name = export_metrics[m].name;
    uint64_t values[EXPORT_METRICS] = {
        [SIZE] = s->size,
        [ROWS] = s->rows,
        [VERSION] = s->mtime > 0 ? (uint64_t)s->mtime : 0,
        [VERSIONS] = s->versions,
        [CHUNKS] = s->chunks,
        [RENDERED] = s->chunks_rendered,
        [RENDERING] = s->rendering,
        [FAILING] = s->error != NULL,
        [FAILED] = s->failed,
        [REFRESHED] = (uint64_t)s->refreshed,
    };

    if (m == RENDER_TIME)
        seconds(out, name, site, "path", path, s->last_render_ms);
    else
        count(out, name, site, "path", path, values[m]);
}

static void add_exports(struct buf *out, struct outlet *const *outlets, const char *site)
{
    struct export_status *s;
    size_t n = 0;

    while (outlets[n] != NULL)
        n++;
    s = xcalloc(n + 1, sizeof *s);
    for (size_t i = 0; i < n; i++)
        outlet_status(outlets[i], &s[i]);
    for (enum export_metric m = 0; n > 0 && m < EXPORT_METRICS; m++) {
        head(out, export_metrics[m].name, export_metrics[m].type, export_metrics[m].help);
        for (size_t i = 0; i < n; i++)
            export_value(out, m, site, outlet_path(outlets[i]), &s[i]);
    }
    for (size_t i = 0; i < n; i++)
        export_status_release(&s[i]);
    free(s);
}

static void add_orders(struct buf *out, const struct fs_orders *rooms, const char *site)
{
    static const char *const queues[] = {"incoming", "check"};
    struct intake_status s[2];

    intake_status(rooms->intake, &s[0]);
    intake_status(rooms->checker, &s[1]);
    head(out, "shopfs_orders_files_total", "counter", "Files decided since the start, by verdict.");
    for (int v = 0; v < INTAKE_COUNTS; v++)
        if (v != VERDICT_CONFLICT) /* of orders, not of files */
            count(out, "shopfs_orders_files_total", site, "verdict", verdict_name((enum verdict)v), s[0].files[v]);
    head(out, "shopfs_orders_total", "counter", "Orders met in those files.");
    count(out, "shopfs_orders_total", site, NULL, NULL, s[0].orders);
    head(out, "shopfs_orders_waiting_files", "gauge", "Complete files that are not decided yet.");
    for (int q = 0; q < 2; q++)
        count(out, "shopfs_orders_waiting_files", site, "queue", queues[q], s[q].load.waiting);
    head(out, "shopfs_orders_oldest_waiting_seconds", "gauge", "Age of the oldest of them; 0: none waits.");
    for (int q = 0; q < 2; q++)
        seconds(out, "shopfs_orders_oldest_waiting_seconds", site, "queue", queues[q], s[q].load.oldest_ms);
    head(out, "shopfs_orders_incomplete_files", "gauge", "Files that are being received, or wait for the rest.");
    for (int q = 0; q < 2; q++)
        count(out, "shopfs_orders_incomplete_files", site, "queue", queues[q], s[q].load.incomplete);
}

/* Of the whole mount. The sites of one mount share them: they are told once, with the first. */
static void add_mount(struct buf *out, struct fs *fs)
{
    static const char *const names[REQUESTS] = {"lookup", "getattr", "list", "open", "read", "write", "change"};

    head(out, "shopfs_start_timestamp_seconds", "gauge", "When the mount was made.");
    buf_addf(out, "shopfs_start_timestamp_seconds{version=\"%s\"} %lld\n", SHOPFS_VERSION, (long long)fs->started.tv_sec);
    head(out, "shopfs_requests_total", "counter", "Requests of the kernel since the start.");
    for (int i = 0; i < REQUESTS; i++)
        buf_addf(out, "shopfs_requests_total{request=\"%s\"} %" PRIu64 "\n", names[i],
                 (uint64_t)atomic_load_explicit(&fs->requests[i], memory_order_relaxed));
    head(out, "shopfs_read_bytes_total", "counter", "Bytes given out; what the kernel had cached is not in it.");
    buf_addf(out, "shopfs_read_bytes_total %" PRIu64 "\n",
             (uint64_t)atomic_load_explicit(&fs->bytes_read, memory_order_relaxed));
    head(out, "shopfs_written_bytes_total", "counter", "Bytes of uploads.");
    buf_addf(out, "shopfs_written_bytes_total %" PRIu64 "\n",
             (uint64_t)atomic_load_explicit(&fs->bytes_written, memory_order_relaxed));
}

void metrics_report(struct fs *fs, struct site_tree *site, struct buf *out)
{
    struct outlet **outlets = site_outlets(fs, site);

    if (site->next == NULL)
        add_mount(out, fs);
    add_exports(out, outlets, site->name);
    outlets_free(outlets);
    if (atomic_load(&site->open)) /* else nobody has looked into orders/ yet */
        add_orders(out, &site->rooms, site->name);
}
