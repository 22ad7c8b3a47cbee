/* Between the files of the configuration: config.c makes one, config_file.c reads the file's lines, config_keys.c its
 * keys, config_paths.c finds. */
#ifndef SHOPFS_CLI_CONFIG_INTERNAL_H
#define SHOPFS_CLI_CONFIG_INTERNAL_H

#include "cli/config.h"

/* What a site's section said; the rest gets defaults. */
struct site_given {
    bool exports, orders, group, mode, top_mode;
    gid_t primary_gid; /* of the user */
    uint64_t seen; /* bit per key, by the reader */
};

struct config_draft {
    struct shop_config *config;
    struct site_given *given; /* beside config->sites */
    size_t cap;
};

/* Adds a site with default values; name is taken over. */
struct site_config *config_site_add(struct config_draft *draft, char *name);

struct config_reader {
    const char *text, *end;
    int line;       /* of what was handed to the parser last */
    bool continued; /* that line began with white space: more of the same value */
    char *base;     /* directory of the file */
    struct config_draft *draft;
    enum { IN_NOTHING, IN_SHOP, IN_SITE, IN_STATUS, IN_PAYMENT } in;
    size_t site;        /* IN_STATUS, IN_PAYMENT: whose words */
    uint64_t shop_seen; /* as site_given.seen */
    struct error *err;
    int status; /* the first error; later lines are passed over */
};

/* Notes an error at the line that is read; -EINVAL. */
int config_fail(struct config_reader *r, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A key of [shop] or of the site that is read, or more of its value: 0 or -EINVAL. */
int config_key(struct config_reader *r, const char *name, const char *value);
/* Whether name can be a site's, and so a directory's. */
bool config_directory_ok(const char *name);

/* Reads fd, whose name is config->source: sets paths and sites. */
int config_read_file(struct config_draft *draft, int fd, struct error *err);

/* Paths; the results are malloced. */
char *config_path_join(const char *base, const char *path); /* path as seen from directory base */
char *config_path_directory(const char *path);
char *config_path_suffix(const char *path,
                         const char *suffix); /* "/srv/shop.db", ".state" to "/srv/shop.state" */
char *config_path_absolute(const char *path);
char *config_path_resolved(char *path); /* without links; takes path over */

/* NULL-ended lists of malloced strings; a NULL list is empty. Adding takes the string over. */
void config_list_add(char ***list, char *string);
bool config_list_has(char **list, const char *string);
void config_list_free(char **list);

/* The shipped documents of kind "export" or "order": their names without ".xml" in name order, and a path. */
char **config_shipped_names(const char *kind);
char *config_shipped_path(const char *kind, const char *name);

#endif
