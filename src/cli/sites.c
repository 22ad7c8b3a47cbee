#include "cli/sites_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/site_rows.h"

#define AT_ONCE_MAX 16 /* sites: the rooms of more are opened when somebody looks into orders/ */

/* -- a configuration ------------------------------------------------------------------------------------ */

static void say_removed(struct site *site)
{
    if (!site->served)
        return;
    site->served = false;
    if (site->is_open)
        log_notice("site '%s' is no longer served; what was dropped in its orders/ is still decided",
                   site->name);
    else
        log_notice("site '%s' is no longer served", site->name);
}

static int configure_exports(struct sites *s, const struct shop_config *config, struct error *err)
{
    auto_free struct exports_site *list = xcalloc(config->n_sites, sizeof *list);

    for (size_t i = 0; i < config->n_sites; i++)
        list[i] = (struct exports_site){config->sites[i].name, (const char *const *)config->sites[i].exports};
    if (s->exports)
        return exports_configure(s->exports, list, config->n_sites, err);
    struct exports_options o = {
        .state_dir = s->options.state_dir,
        .state_path = config->state_dir,
        .sites = list,
        .n_sites = config->n_sites,
        .threads = s->options.threads,
        .row_limit_s = s->options.row_limit_s,
        .next_ino = fs_next_ino,
        .next_ino_arg = s->options.fs,
    };
    return exports_start(&s->exports, s->options.store, &o, err);
}

void sites_show(struct sites *s, const struct shop_config *config, bool tell)
{
    struct fs_site *list = xcalloc(config->n_sites, sizeof *list);
    bool follows = exports_many(s->exports);

    for (size_t i = 0; i < config->n_sites; i++) {
        const struct site_config *c = &config->sites[i];
        list[i] = (struct fs_site){.name = c->name,
                                   .path = c->path,
                                   .outlets = exports_outlets(s->exports, c->name),
                                   .uid = c->uid,
                                   .gid = c->gid,
                                   .has_owner = c->uid != 0 || c->gid != 0,
                                   .mode = c->mode,
                                   .follows = follows,
                                   .remarks = exports_remarks(s->exports, c->name),
                                   .open_orders = site_open_orders,
                                   .arg = site_of(s, c->name)};
    }
    fs_set_sites(s->options.fs, list, config->n_sites, tell);
    for (size_t i = 0; i < config->n_sites; i++) {
        outlets_free((struct outlet **)list[i].outlets);
        free((char *)list[i].remarks);
    }
    free(list);
}

/* The rows are the first to say what the configuration says: what is rendered for it comes from them. A database that
 * cannot be written is served as it is. */
static int put_rows(struct sites *s, const struct shop_config *config, struct error *err)
{
    auto_buf changes = BUF_INIT, unwritten = BUF_INIT;
    struct error why = ERROR_INIT;
    int r = site_rows_apply(s->options.store, config, &changes, &why);
    bool cannot = r < 0 && changes.len > 0;
    char *rest = changes.data;

    if (r < 0 && !cannot) {
        error_move(err, &why);
        return r;
    }
    for (char *line; rest && *rest && (line = strsep(&rest, "\n"));)
        if (cannot) {
            buf_addf(&unwritten, "not in force: %s: %s\n", line, why.message);
            log_warning("not in force: %s: %s", line, why.message);
        } else {
            log_notice("%s", line);
        }
    error_release(&why);
    free(s->unwritten);
    s->unwritten = unwritten.len ? buf_detach(&unwritten, NULL) : NULL;
    return 0;
}

static void put_in_service(struct sites *s, struct shop_config *config)
{
    struct shop_config *was = s->config;

    s->config = shop_config_ref(config);
    for (size_t i = 0; i < config->n_sites; i++) {
        const struct site_config *c = &config->sites[i];
        struct site *site = site_of(s, c->name);
        site_configure(site ? site : site_new(s, c->name), config, c,
                       order_maps_new(s->documents, c->order_mappings));
    }
    for (struct site *site = s->list; site; site = site->next)
        if (site->config != config)
            say_removed(site);
    sites_show(s, config, true);
    shop_config_free(was);
}

static int refuse(const struct shop_config *now, const char *was, const char *is, const char *what, int line,
                  struct error *err)
{
    if (strcmp(was, is) == 0)
        return 0;
    error_set(err, -EBUSY, "%s is '%s' now, which needs a new mount", what, is);
    error_at(err, now->source, line, what);
    return -EBUSY;
}

int sites_configure(struct sites *s, struct shop_config *config, struct error *err)
{
    int r = refuse(config, s->config->database, config->database, "database", config->line_of[0], err);

    if (r == 0)
        r = refuse(config, s->config->state_dir, config->state_dir, "state", config->line_of[1], err);
    if (r == 0)
        r = refuse(config, s->config->picture_dir, config->picture_dir, "pictures", config->line_of[2], err);
    if (r == 0)
        r = put_rows(s, config, err);
    if (r < 0)
        return r;
    pthread_mutex_lock(&s->lock);
    atomic_store(&s->changing, true);
    r = configure_exports(s, config, err);
    if (r >= 0) {
        order_documents_read(s->documents, config);
        put_in_service(s, config);
        r = 0;
    }
    atomic_store(&s->changing, false);
    pthread_mutex_unlock(&s->lock);
    fs_tell(s->options.fs);
    return r;
}

char **sites_files(const struct sites *s, size_t *n)
{
    const struct shop_config *c = s->config;
    char **list = NULL;
    size_t cap = 0;

    *n = 0;
    if (!c->is_database) {
        array_grow(list, *n, cap);
        list[(*n)++] = xstrdup(c->source);
    }
    for (size_t i = 0; i < c->n_sites; i++) {
        char **const kinds[] = {c->sites[i].exports, c->sites[i].order_mappings};
        for (size_t k = 0; k < 2; k++)
            for (char **path = kinds[k]; path && *path; path++) {
                array_grow(list, *n, cap);
                list[(*n)++] = xstrdup(*path);
            }
    }
    return list;
}

void sites_report(const struct sites *s, struct buf *out)
{
    buf_add_char(out, '\n');
    if (s->unwritten)
        buf_add_str(out, s->unwritten);
    order_documents_report(s->documents, out);
    buf_truncate(out, out->len - 1);
}

/* -- start and end -------------------------------------------------------------------------------------- */

int sites_open(struct sites **out, const struct sites_options *options, struct shop_config *config,
               struct error *err)
{
    struct sites *s = xcalloc(1, sizeof *s);

    s->options = *options;
    s->config = shop_config_ref(config);
    s->documents = order_documents_new();
    pthread_mutex_init(&s->lock, NULL);
    fs_set_follow(options->fs, sites_follow, s);
    int r = follower_start(s, err);
    if (r == 0)
        r = put_rows(s, config, err);
    if (r == 0)
        r = configure_exports(s, config, err);
    if (r >= 0) {
        r = 0;
        order_documents_read(s->documents, config);
        put_in_service(s, config);
        sites_look_for_forgotten(s);
    }
    size_t n = 0;
    for (struct site *site = s->list; site; site = site->next)
        n++;
    for (struct site *site = s->list; r == 0 && site; site = site->next) {
        bool now = n <= AT_ONCE_MAX || site_waiting(options->state_dir, site->name) > 0;
        r = site_start(site, now, err);
        if (r == 0 && now)
            r = fs_open_orders(options->fs, site->name);
    }
    *out = s; /* also when it failed: what was opened is the caller's to close */
    return r;
}

void sites_halt(struct sites *s)
{
    if (s == NULL)
        return;
    if (s->exports != NULL)
        exports_halt(s->exports);
    follower_stop(s);
}

void sites_stop(struct sites *s)
{
    if (!s)
        return;
    for (struct site *site = s->list; site; site = site->next)
        site_stop(site);
    exports_stop(steal_pointer(s->exports));
}

void sites_free(struct sites *s)
{
    if (!s)
        return;
    while (s->list) {
        struct site *site = s->list;
        s->list = site->next;
        site_free(site);
    }
    order_documents_free(s->documents);
    shop_config_free(s->config);
    free(s->unwritten);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
