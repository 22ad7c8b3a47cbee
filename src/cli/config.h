/*
 * SOURCE of both programs: a database file (built-in defaults) or a configuration file. Which one is told by the
 * file's first bytes, not by its name. Any thread may read a loaded configuration; it is immutable.
 */
#ifndef SHOPFS_CLI_CONFIG_H
#define SHOPFS_CLI_CONFIG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "mapping/order.h"
#include "order/policy.h"

/* What the file may say of a site's row in the database; site_rows.h writes it there. */
enum site_setting {
    SITE_TITLE,
    SITE_COMPANY,
    SITE_URL,
    SITE_PRODUCT_URL,
    SITE_IMAGE_URL,
    SITE_EMAIL,
    SITE_PHONE,
    SITE_LANGUAGE,
    SITE_FALLBACK_LANGUAGE,
    SITE_CURRENCY,
    SITE_PRICE_LIST,
    SITE_STOCK_BUFFER, /* the text is a whole number of thousandths */
    SITE_VAT_INCLUDED, /* "0" or "1" */
    SITE_ORDER_WAREHOUSE,
    SITE_DEFAULT_CLIENT,
    SITE_DEFAULT_OBJECT,
    SITE_DEFAULT_USER,
    SITE_DEFAULT_EXECUTOR,
    SITE_SETTINGS,
};
extern const char *const site_setting_keys[SITE_SETTINGS]; /* "title", ...: as in the file */

struct config_word {
    char *text; /* NULL: not said, the row keeps its own */
    int line;   /* of the file */
};

struct site_config {
    char *name;              /* of the row in `site`; default "main" */
    int line;                /* of its section; 0: none */
    char *path;              /* its directory's name; NULL: it is the only one and the root */
    int path_line;           /* of what says so */
    struct config_word row[SITE_SETTINGS];
    struct config_word *warehouses; /* codes, in the order of the file */
    size_t n_warehouses;
    int warehouses_line;     /* 0: not said; said without a code: all */
    char **exports;          /* NULL-ended: paths of export mapping documents */
    bool no_order_status;    /* orders/status.csv and .xml are not in the tree */
    char **order_mappings;   /* NULL-ended: paths of order mapping documents, in the order they are tried */
    uid_t uid;               /* owner of incoming/ and what is in it before an upload; default root */
    gid_t gid; /* default: the user's primary group */
    mode_t mode;             /* of its directory, where it has one; default 0750 with a group, else 0755 */
    mode_t incoming_mode;    /* default 01777 without a configured group, else 02770 | sticky */
    struct order_limits limits; /* of an upload and what is read of it */
    unsigned max_files;      /* waiting in incoming/ at most; default 10000 */
    unsigned linger_s;       /* seconds; default 10, at least 5 */
    struct order_policy policy;
    unsigned pending_s;      /* an incomplete upload is given up after; default 86400 */
};

struct shop_config {
    char *source;      /* as given, absolute */
    bool is_database;  /* source is the database itself: read once, for closing it again would drop the engine's locks */
    char *database;    /* absolute path */
    char *state_dir;   /* absolute; default: the database's path with ".state" for its suffix: shop.db -> shop.state */
    char *picture_dir; /* absolute; default: shop.images beside the database; need not exist */
    struct site_config *sites;
    size_t n_sites;    /* at least 1 */
    int line_of[3];    /* where database, state and pictures are said; 0: nowhere */
    atomic_uint refs;
};

/* Unknown keys and bad values are errors with file and line. */
int shop_config_load(struct shop_config **out, const char *source, struct error *err);
struct shop_config *shop_config_ref(struct shop_config *config);
void shop_config_free(struct shop_config *config); /* gives a reference back; NULL is fine */

/* Where shipped mappings are: SHOPFS_MAPPING_DIR, beside the program's sources when run from a build tree, the data
 * directory installed with the program (also when the whole was installed or moved elsewhere), or the one configured.
 * Static storage. */
const char *shipped_mapping_dir(void);

#endif
