/* shopctl: the operator's tool. Dispatches to one function per command. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"
#include "cli/commands.h"
#include "mapping/document.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *usage;
} commands[] = {
    {"init", cmd_init,
     "init DB [--demo[=N]]                  make an empty shop, or one with N demo products"},
    {"render", cmd_render, "render SOURCE PATH                    write one export to standard output"},
    {"import", cmd_import, "import SOURCE FILE... [--dry-run]     take order files as a drop would"},
    {"orders", cmd_orders, "orders SOURCE list|show NUMBER        look at orders [--format=text|csv|json]"},
    {"exports", cmd_exports,
     "exports SOURCE                        list exported files and mappings that could be"},
    {"check", cmd_check, "check SOURCE [--mapping FILE]         check database, mappings and pictures"},
};

static void usage(FILE *out)
{
    fprintf(out, "Usage: shopctl COMMAND [ARGUMENT...]\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        fprintf(out, "  shopctl %s\n", commands[i].usage);
    fprintf(out, "\nSOURCE is a shop database or a configuration file.\n"
                 "  -h, --help     this text\n"
                 "  -V, --version  the version\n"
                 "\nFor more details see shopctl(1).\n");
}

int main(int argc, char **argv)
{
    log_init("shopctl", LOG_LEVEL_WARNING);
    mapping_init();
    if (argc < 2) {
        usage(stderr);
        return EX_USAGE;
    }
    if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return EX_OK;
    }
    if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
        puts("shopctl " SHOPFS_VERSION);
        return EX_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    fprintf(stderr, "shopctl: no command '%s'; try 'shopctl --help'\n", argv[1]);
    return EX_USAGE;
}
