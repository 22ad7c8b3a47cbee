/*
 * The web shops of a mount: what each has open, from the configuration in service. Another configuration may be put
 * in service at any time; a site keeps its rooms, so nothing that is under way is disturbed.
 *
 * A site's rooms for orders are opened when somebody first looks into its orders/, or at once where uploads of an
 * earlier run wait: a site nobody looks at has no thread, file or connection. They stay open until the end, also when
 * the site is no longer configured: what was dropped is still decided.
 */
#ifndef SHOPFS_CLI_SITES_H
#define SHOPFS_CLI_SITES_H

#include "base/buf.h"
#include "base/error.h"
#include "cli/config.h"

struct fs;
struct sites;
struct store;

struct sites_options {
    struct store *store;
    int state_dir;    /* kept open by the caller, as is what follows */
    struct fs *fs;    /* built */
    unsigned threads; /* for rendering; 0: as many as processors */
    unsigned row_limit_s; /* of exports_options */
};

/* Takes a reference to config. */
int sites_open(struct sites **out, const struct sites_options *options, struct shop_config *config,
               struct error *err);
/* Puts another configuration in service, or the same with documents read anew. On error everything is as before:
 * -EBUSY: it needs a new mount. One call at a time. */
int sites_configure(struct sites *s, struct shop_config *config, struct error *err);
/* The files the configuration in service comes from: a malloced list of strings, all to be freed. */
char **sites_files(const struct sites *s, size_t *n);

/* Appends a line for each mapping that is not in service as it is written. */
void sites_report(const struct sites *s, struct buf *out);

/* Ends all threads that use the session; then, after the fs is gone, the rest. NULL is fine. */
/* Answers everybody who waits for an export, the last time; sites_stop follows. NULL is fine. */
void sites_halt(struct sites *s);
void sites_stop(struct sites *s);
void sites_free(struct sites *s);

#endif
