/*
 * A mapping document, whatever it holds: read, validated and compiled as both kinds over a shop without rows.
 * Never a crash, never a leak, and
 *  - what is refused has a reason that names the document;
 *  - what is taken has what a mapping must have, and is taken again just the same.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "mapping/export_map.h"
#include "mapping/order_map.h"
#include "store/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_MAX_FUZZ (64 * 1024)

static struct store *store;
static struct db *db;

static void close_shop(void)
{
    db_close(db);
    store_close(store);
}

/* Removed at once: the connection keeps it. */
static void open_shop(void)
{
    char dir[] = "/tmp/shopfs-fuzz-XXXXXX";
    char *command, *path;
    int rc = mkdtemp(dir) ? 0 : -1;

    path = xasprintf("%s/shop.db", dir);
    command = xasprintf("rm -rf '%s'", dir);
    if (rc < 0 || store_open(&store, path, STORE_CREATE, NULL) < 0 || store_reader(store, &db, NULL) < 0)
        abort();
    atexit(close_shop);
    if (db_begin_read(db, NULL) < 0 || system(command) != 0)
        abort();
    free(command);
    free(path);
}

static void must(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "broken promise: %s\n", what);
        abort();
    }
}

static void check_refusal(const struct error *err, int rc, const char *path)
{
    must((rc == 0) == (err->message == NULL), "a reason for every refusal and for nothing else");
    if (rc < 0)
        must(err->file && strcmp(err->file, path) == 0 && err->line >= 0, "a reason names the document");
}

static void check_export(const char *path)
{
    struct export_map *map = NULL, *again = NULL;
    struct error err = ERROR_INIT;
    int rc = export_map_compile(&map, path, db, &err);

    check_refusal(&err, rc, path);
    error_release(&err);
    if (rc < 0)
        return;
    must(*export_map_path(map) != '/' && *export_map_path(map) != '.', "a path stays in the tree");
    must(export_map_keep_rows(map) <= 100, "percents");
    for (size_t i = 0; i < export_map_sections(map); i++) {
        const struct section_info *s = export_map_section(map, i);

        must((s->kind == SECTION_KEYED) == (s->space != KEY_NONE), "keyed sections have a key");
        must((s->keyed & s->whole) == 0, "a source counts once");
    }
    must(export_map_compile(&again, path, db, NULL) == 0, "compiled again");
    must(memcmp(export_map_digest(map), export_map_digest(again), SHA256_SIZE) == 0 &&
             export_map_sections(map) == export_map_sections(again),
         "just the same");
    export_map_unref(again);
    export_map_unref(map);
}

static void check_order(const char *path)
{
    struct order_map *map = NULL;
    struct error err = ERROR_INIT;
    int rc = order_map_compile(&map, path, &err);

    check_refusal(&err, rc, path);
    error_release(&err);
    if (rc == 0)
        order_map_free(map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd;

    if (size > SIZE_MAX_FUZZ)
        return 0;
    if (!store)
        open_shop();
    fd = memfd_create("mapping", MFD_CLOEXEC);
    must(fd >= 0 && io_write_full(fd, data, size) == 0, "a place for the document");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    check_export(path);
    check_order(path);
    close(fd);
    return 0;
}
