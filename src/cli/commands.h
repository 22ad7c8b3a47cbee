/* The commands of shopctl: each takes its own arguments (argv[0] is the command) and returns an exit code of
 * sysexits.h. */
#ifndef SHOPFS_CLI_COMMANDS_H
#define SHOPFS_CLI_COMMANDS_H

int cmd_init(int argc, char **argv);
int cmd_render(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_orders(int argc, char **argv);
int cmd_exports(int argc, char **argv);
int cmd_check(int argc, char **argv);

struct db;
struct error;
struct shop_config;
struct store;
/* The exit code of sysexits.h that fits a negative errno, and the message on stderr as "shopctl: ...". */
int cli_fail(int code, const struct error *err);

/* What the configuration says of the sites' rows (site_rows.h), for commands that write: put into the database, and
 * told on stderr. 0 or -errno. */
int cli_put_rows(struct store *store, const struct shop_config *config, struct error *err);
/* For commands that read: told on stderr where the row of `site` (NULL: a row) says otherwise. */
int cli_tell_rows(struct db *db, const struct shop_config *config, const char *site, struct error *err);

#endif
