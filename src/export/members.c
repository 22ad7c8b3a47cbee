#include "export/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"

#define FILE_NAME "members"
#define FILE_MAX ((size_t)16 << 20)

struct member {
    char *key, *name;
};

struct members {
    struct member *list; /* ordered by key */
    size_t n, cap;
    struct buf saved; /* what the file holds */
};

char *members_own_name(const char *site, const char *path)
{
    return xasprintf("%s/%s", site, path);
}

/* The place of key, or where it belongs. */
static size_t place(const struct members *m, const char *key, bool *found)
{
    size_t low = 0, high = m->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(m->list[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *found = low < m->n && strcmp(m->list[low].key, key) == 0;
    return low;
}

static void set(struct members *m, const char *key, const char *name)
{
    bool found;
    size_t i = place(m, key, &found);
    if (found) {
        if (strcmp(m->list[i].name, name) != 0) {
            free(m->list[i].name);
            m->list[i].name = xstrdup(name);
        }
        return;
    }
    array_grow(m->list, m->n, m->cap);
    memmove(m->list + i + 1, m->list + i, (m->n - i) * sizeof *m->list);
    m->list[i] = (struct member){xstrdup(key), xstrdup(name)};
    m->n++;
}

struct members *members_load(int dir)
{
    struct members *m = xcalloc(1, sizeof *m);
    auto_buf text = BUF_INIT;
    if (io_read_file(dir, FILE_NAME, FILE_MAX, &text) < 0)
        return m;
    buf_add(&m->saved, buf_str(&text), text.len);
    char *rest = text.data;
    for (char *line; rest && (line = strsep(&rest, "\n"));) {
        char *tab = strchr(line, '\t');
        if (!tab)
            continue;
        *tab = '\0';
        set(m, line, tab + 1);
    }
    return m;
}

void members_clear(struct members *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->list[i].key);
        free(m->list[i].name);
    }
    m->n = 0;
}

void members_free(struct members *m)
{
    if (!m)
        return;
    members_clear(m);
    free(m->list);
    buf_release(&m->saved);
    free(m);
}

const char *members_find(const struct members *m, const char *site, const char *path)
{
    auto_free char *key = members_own_name(site, path);
    bool found;
    size_t i = place(m, key, &found);
    return found ? m->list[i].name : NULL;
}

void members_set(struct members *m, const char *site, const char *path, const char *name)
{
    auto_free char *key = members_own_name(site, path);
    set(m, key, name);
}

bool members_next(const struct members *m, const char *site, size_t *i, const char **path, const char **name)
{
    size_t len = strlen(site);
    for (; *i < m->n; ++*i) {
        const struct member *one = &m->list[*i];
        if (strncmp(one->key, site, len) != 0 || one->key[len] != '/')
            continue;
        *path = one->key + len + 1;
        *name = one->name;
        ++*i;
        return true;
    }
    return false;
}

bool members_has_name(const struct members *m, const char *name)
{
    for (size_t i = 0; i < m->n; i++)
        if (strcmp(m->list[i].name, name) == 0)
            return true;
    return false;
}

bool members_write(struct members *m, struct buf *out)
{
    for (size_t i = 0; i < m->n; i++)
        buf_addf(out, "%s\t%s\n", m->list[i].key, m->list[i].name);
    if (out->len == m->saved.len && (out->len == 0 || memcmp(out->data, m->saved.data, out->len) == 0))
        return false;
    buf_clear(&m->saved);
    buf_add(&m->saved, buf_str(out), out->len);
    return true;
}

int members_save(int dir, const struct buf *text)
{
    return io_replace_file(dir, FILE_NAME, buf_str(text), text->len, 0600);
}
