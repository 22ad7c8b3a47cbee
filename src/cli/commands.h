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

struct error;
/* The exit code of sysexits.h that fits a negative errno, and the message on stderr as "shopctl: ...". */
int cli_fail(int code, const struct error *err);

#endif
