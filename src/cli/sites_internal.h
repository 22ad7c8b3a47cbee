/* Between the files of sites.h: sites.c puts configurations in service, sites_orders.c has the rooms of each site's
 * orders, sites_follow.c makes the tree follow the rows. */
#ifndef SHOPFS_CLI_SITES_INTERNAL_H
#define SHOPFS_CLI_SITES_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "cli/order_maps.h"
#include "cli/sites.h"
#include "export/exports.h"
#include "fs/fs.h"
#include "order/incoming.h"
#include "order/intake.h"

/* What one web shop has open. */
struct site {
    struct site *next;
    struct sites *set;
    char *name, *state_path;
    pthread_mutex_t lock;       /* guards config, order_maps, is_open */
    struct shop_config *config; /* a reference; the site as it was configured last */
    const struct site_config *is;
    struct order_maps *order_maps; /* a reference */
    bool is_open;
    bool served; /* in the configuration that is in service */
    int state_dir, archive_dir, refused_dir, results_dir, check_dir;
    struct incoming *incoming, *check; /* orders/incoming/, orders/check/ */
    struct intake *intake, *checker;
    struct fs_filed_arg filed;
};

/* Who looked while the tree was behind the rows, and waits until it is not. */
struct looker {
    struct looker *next;
    void (*done)(void *arg);
    void *arg;
};

struct follower {
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t news;
    struct looker *lookers, **last;
    bool stop;
};

struct sites {
    struct sites_options options;
    struct exports *exports;
    struct shop_config *config; /* in service */
    struct order_documents *documents;
    struct site *list;
    char *unwritten; /* lines of what the rows should say and cannot be made to; NULL: nothing */
    pthread_mutex_t lock; /* one configures, or makes the tree follow the rows, at a time */
    atomic_bool changing; /* the exports may be ahead of the tree */
    struct follower follower;
};

/* sites_orders.c: a site and the rooms of its orders. */
struct site *site_of(struct sites *s, const char *name); /* NULL: none has the name */
struct site *site_new(struct sites *s, const char *name);
void site_free(struct site *site);
/* The site as it is configured now; its rooms follow. maps is a reference, taken over. */
void site_configure(struct site *site, struct shop_config *config, const struct site_config *is,
                    struct order_maps *maps);
/* Opens the rooms, or makes their directories for who watches them before somebody looks into orders/. */
int site_start(struct site *site, bool open, struct error *err);
void site_stop(struct site *site);
/* fs_site.open_orders; arg: the struct site. */
int site_open_orders(void *arg, struct fs_orders *out);
/* Files of uploads below the state directory: what an earlier run left to do. */
unsigned site_waiting(int state_dir, const char *name);
/* A site that is away while its uploads wait: they are kept, and said so. */
void sites_look_for_forgotten(struct sites *s);

/* sites.c: makes the tree show the exports there are. With the lock. */
void sites_show(struct sites *s, const struct shop_config *config, bool tell);

/* sites_follow.c: its thread. sites_follow is fs_set_follow's; arg: the struct sites. */
int follower_start(struct sites *s, struct error *err);
/* Answers everybody who waits; who looks later sees the tree as it is. */
void follower_stop(struct sites *s);
bool sites_follow(void *arg, void (*done)(void *arg), void *done_arg);

#endif
