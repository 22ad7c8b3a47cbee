/* SOURCE to a configuration: which of the two it is, and defaults. */
#include "cli/config_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"

static const char sqlite_magic[16] =
    "SQLite format 3"; /* with its NUL: https://www.sqlite.org/fileformat.html */

static const char *const default_exports[] = {"joomshopping", "yml", NULL};
static const char *const order_status[] = {"order-status", "order-status-xml", NULL};
static const char *const default_orders[] = {"plain", "commerceml", NULL};

static void site_defaults(struct site_config *site, char *name)
{
    *site = (struct site_config){
        .name = name,
        .limits = ORDER_LIMITS_DEFAULT,
        .max_files = 10000,
        .linger_s = 10,
        .pending_s = 86400,
    };
}

struct site_config *config_site_add(struct config_draft *draft, char *name)
{
    struct shop_config *c = draft->config;
    if (c->n_sites >= draft->cap) {
        draft->cap = draft->cap ? draft->cap * 2 : 4;
        c->sites = xreallocarray(c->sites, draft->cap, sizeof *c->sites);
        draft->given = xreallocarray(draft->given, draft->cap, sizeof *draft->given);
    }
    draft->given[c->n_sites] = (struct site_given){0};
    site_defaults(&c->sites[c->n_sites], name);
    return &c->sites[c->n_sites++];
}

static void finish_site(struct site_config *site, const struct site_given *given)
{
    if (!given->exports)
        for (size_t i = 0; default_exports[i]; i++)
            config_list_add(&site->exports, config_shipped_path("export", default_exports[i]));
    for (size_t i = 0; order_status[i] && !site->no_order_status; i++) {
        auto_free char *path = config_shipped_path("export", order_status[i]);
        if (!config_list_has(site->exports, path))
            config_list_add(&site->exports, steal_pointer(path));
    }
    if (!given->orders) {
        for (size_t i = 0; default_orders[i]; i++)
            config_list_add(&site->order_mappings, config_shipped_path("order", default_orders[i]));
        char **names = config_shipped_names("order");
        for (size_t i = 0; names && names[i]; i++) {
            auto_free char *path = config_shipped_path("order", names[i]);
            if (!config_list_has(site->order_mappings, path))
                config_list_add(&site->order_mappings, steal_pointer(path));
        }
        config_list_free(names);
    }
    if (!given->group && given->primary_gid)
        site->gid = given->primary_gid;
    if (!given->top_mode)
        site->mode = site->gid ? 0750 : 0755;
    if (!given->mode)
        site->incoming_mode = given->group ? 03770 : 01777;
}

/* Sites whose directory would be the same. */
static int check_directories(const struct shop_config *c, struct error *err)
{
    for (size_t i = 0; i < c->n_sites; i++)
        for (size_t k = 0; k < i && c->sites[i].path; k++) {
            const struct site_config *a = &c->sites[k], *b = &c->sites[i];
            if (strcmp(a->path, b->path) != 0)
                continue;
            if (a->path_line > b->path_line)
                a = b, b = &c->sites[k];
            error_set(err, -EINVAL, "sites '%s' and '%s' have one directory, '%s'", a->name, b->name, b->path);
            error_at(err, c->source, b->path_line, "path");
            error_advise(err, "give each a path of its own; without one it is the site's name");
            return -EINVAL;
        }
    return 0;
}

static void finish(struct config_draft *draft)
{
    struct shop_config *c = draft->config;
    /* One database has one state directory, whatever link it is reached by. */
    c->database = config_path_resolved(c->database);
    if (!c->state_dir)
        c->state_dir = config_path_suffix(c->database, ".state");
    if (!c->picture_dir)
        c->picture_dir = config_path_suffix(c->database, ".images");
    if (c->n_sites == 0)
        config_site_add(draft, xstrdup("main"));
    for (size_t i = 0; i < c->n_sites; i++) {
        struct site_config *site = &c->sites[i];
        finish_site(site, &draft->given[i]);
        if (!site->path && c->n_sites > 1) {
            site->path = xstrdup(site->name);
            site->path_line = site->line;
        }
    }
}

/* Comes before the store is opened: closing a second descriptor of the database would drop the engine's
 * locks. */
static int load(struct config_draft *draft, const char *source, struct error *err)
{
    struct shop_config *c = draft->config;
    c->source = config_path_absolute(source);
    auto_close int fd = open(source, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_set(err, -errno, "cannot open '%s': %s", source, strerror(errno));
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_set(err, -errno, "cannot look at '%s': %s", source, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return error_set(err, S_ISDIR(st.st_mode) ? -EISDIR : -EUCLEAN,
                         "'%s' is not a file; expected a shop database or a configuration file", source);
    char magic[sizeof sqlite_magic];
    ssize_t n = io_pread_full(fd, magic, sizeof magic, 0);
    if (n < 0)
        return error_set(err, (int)n, "cannot read '%s': %s", source, strerror((int)-n));
    if (n == sizeof magic && memcmp(magic, sqlite_magic, sizeof magic) == 0) {
        c->database = xstrdup(c->source);
        c->is_database = true;
        return 0;
    }
    return config_read_file(draft, fd, err);
}

int shop_config_load(struct shop_config **out, const char *source, struct error *err)
{
    struct config_draft draft = {.config = xcalloc(1, sizeof *draft.config)};
    atomic_init(&draft.config->refs, 1);
    int ret = load(&draft, source, err);
    if (ret == 0)
        finish(&draft);
    if (ret == 0)
        ret = check_directories(draft.config, err);
    free(draft.given);
    if (ret < 0) {
        shop_config_free(draft.config);
        return ret;
    }
    *out = draft.config;
    return 0;
}

struct shop_config *shop_config_ref(struct shop_config *config)
{
    atomic_fetch_add_explicit(&config->refs, 1, memory_order_relaxed);
    return config;
}

void shop_config_free(struct shop_config *config)
{
    if (!config || atomic_fetch_sub_explicit(&config->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < config->n_sites; i++) {
        struct site_config *site = &config->sites[i];
        free(site->name);
        free(site->path);
        for (int k = 0; k < SITE_SETTINGS; k++)
            free(site->row[k].text);
        for (size_t k = 0; k < site->n_warehouses; k++)
            free(site->warehouses[k].text);
        free(site->warehouses);
        config_list_free(config->sites[i].exports);
        config_list_free(config->sites[i].order_mappings);
        order_policy_release(&config->sites[i].policy);
    }
    free(config->sites);
    free(config->source);
    free(config->database);
    free(config->state_dir);
    free(config->picture_dir);
    free(config);
}
