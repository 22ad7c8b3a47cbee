/* Paths of a configuration, lists of strings, and the mappings that are shipped. */
#include "cli/config_internal.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/text.h"

/* -- paths ----------------------------------------------------------------------------------------------- */

static bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static char moved[PATH_MAX]; /* shipped_mapping_dir, found beside the program */
static pthread_once_t moved_once = PTHREAD_ONCE_INIT;
static bool in_build_tree;

static void look_beside_program(void)
{
    static const char *const ways[] = {SHOPFS_SBIN_TO_DATA, SHOPFS_BIN_TO_DATA};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    size_t root = strlen(SHOPFS_SOURCE_DATADIR);

    if (n <= 0)
        return;
    self[n] = '\0';
    in_build_tree = (size_t)n > root && memcmp(self, SHOPFS_SOURCE_DATADIR "/", root + 1) == 0;
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        auto_free char *path = xasprintf("%s/%s/mapping", self, ways[i]);
        char real[PATH_MAX];
        if (realpath(path, real) && is_directory(real)) {
            memcpy(moved, real, strlen(real) + 1);
            return;
        }
    }
}

const char *shipped_mapping_dir(void)
{
    static const char source[] = SHOPFS_SOURCE_DATADIR "/mapping";
    static const char installed[] = SHOPFS_DATADIR "/mapping";
    const char *set = secure_getenv("SHOPFS_MAPPING_DIR");
    if (set && *set)
        return set;
    pthread_once(&moved_once, look_beside_program);
    if (in_build_tree && is_directory(source))
        return source;
    if (moved[0])
        return moved;
    return !is_directory(installed) && is_directory(source) ? source : installed;
}

char *config_path_join(const char *base, const char *path)
{
    if (path[0] == '/')
        return xstrdup(path);
    while (strncmp(path, "./", 2) == 0)
        path += 2;
    return xasprintf("%s%s%s", base, strcmp(base, "/") == 0 ? "" : "/", path);
}

char *config_path_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return xstrdup(".");
    return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

char *config_path_suffix(const char *path, const char *suffix)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.');
    size_t keep = dot && dot != name ? (size_t)(dot - path) : strlen(path);
    /* "shop.state" as the database's own name must not become its directory's. */
    if (strcmp(path + keep, suffix) == 0)
        keep = strlen(path);
    return xasprintf("%.*s%s", (int)keep, path, suffix);
}

char *config_path_absolute(const char *path)
{
    if (path[0] == '/')
        return xstrdup(path);
    auto_free char *cwd = getcwd(NULL, 0);
    return config_path_join(cwd ? cwd : "/", path);
}

char *config_path_resolved(char *path)
{
    char *real = realpath(path, NULL);
    if (!real)
        return path;
    free(path);
    return real;
}

/* -- lists of strings ------------------------------------------------------------------------------------ */

static size_t list_length(char **list)
{
    size_t n = 0;
    while (list && list[n])
        n++;
    return n;
}

void config_list_add(char ***list, char *string)
{
    size_t n = list_length(*list);
    *list = xreallocarray(*list, n + 2, sizeof **list);
    (*list)[n] = string;
    (*list)[n + 1] = NULL;
}

void config_list_free(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        free(list[i]);
    free(list);
}

bool config_list_has(char **list, const char *string)
{
    for (size_t i = 0; list && list[i]; i++)
        if (strcmp(list[i], string) == 0)
            return true;
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **config_shipped_names(const char *kind)
{
    char **list = NULL;
    auto_free char *path = xasprintf("%s/%s", shipped_mapping_dir(), kind);
    DIR *dir = opendir(path);
    if (!dir)
        return NULL;
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.' && text_ends_with_nocase(e->d_name, ".xml"))
            config_list_add(&list, xstrndup(e->d_name, strlen(e->d_name) - 4));
    closedir(dir);
    if (list)
        qsort(list, list_length(list), sizeof *list, by_name);
    return list;
}

char *config_shipped_path(const char *kind, const char *name)
{
    return xasprintf("%s/%s/%s.xml", shipped_mapping_dir(), kind, name);
}
