#include "fs/picture_pages.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define PAGE 256        /* pictures asked for at once */
#define AHEAD_MS 1000   /* for so long is what was read ahead given out */
#define MARK_EVERY 1024 /* marks[i]: name of picture (i + 1) * MARK_EVERY - 1 */

void picture_pages_init(struct picture_pages *p, struct pictures *of)
{
    *p = (struct picture_pages){.of = of};
}

void picture_pages_release(struct picture_pages *p)
{
    for (size_t i = 0; i < p->n_marks; i++)
        free(p->marks[i]);
    free(p->marks);
    free(p->now.list);
    free(p->next.list);
}

/* The pictures behind the name `after` (NULL: the first), of which the first has the number at: how many, or -errno. */
static ssize_t page_read(struct picture_pages *p, struct picture_page *page, uint64_t at, const char *after)
{
    ssize_t got;

    if (page->list == NULL)
        page->list = xreallocarray(NULL, PAGE, sizeof *page->list);
    page->at = at;
    page->n = 0;
    page->read_ms = clock_monotonic_ms();
    got = pictures_list(p->of, after, page->list, PAGE, true);
    if (got > 0)
        page->n = (size_t)got;
    return got;
}

static const struct picture_info *last_of(const struct picture_page *page)
{
    return &page->list[page->n - 1];
}

/* The page now at hand is given out. */
static void passed(struct picture_pages *p)
{
    const struct picture_page *page = &p->now;

    p->passed = page->at + page->n;
    strcpy(p->last, last_of(page)->name);
    for (uint64_t i = page->at; i < p->passed; i++)
        if ((i + 1) % MARK_EVERY == 0 && (i + 1) / MARK_EVERY == p->n_marks + 1) {
            array_grow(p->marks, p->n_marks, p->cap_marks);
            p->marks[p->n_marks++] = xstrdup(page->list[i - page->at].name);
        }
}

/* The page read ahead, where it is the one wanted. */
static bool take_next(struct picture_pages *p, uint64_t at)
{
    struct picture_page was = p->now;

    if (p->next.n == 0 || p->next.at != at || clock_monotonic_ms() - p->next.read_ms > AHEAD_MS)
        return false;
    p->now = p->next;
    p->next = was;
    p->next.n = 0;
    passed(p);
    return true;
}

/* Reads the page that has picture number at; 0: there is none, -errno. */
static ssize_t load(struct picture_pages *p, uint64_t at)
{
    const char *after = NULL;
    uint64_t pos = 0;

    /* Nearly always the page after the one at hand; else from the nearest mark before. */
    if (p->now.n > 0 && at == p->now.at + p->now.n) {
        after = last_of(&p->now)->name;
        pos = at;
    } else {
        size_t mark = at / MARK_EVERY < p->n_marks ? at / MARK_EVERY : p->n_marks;
        if (mark > 0) {
            after = p->marks[mark - 1];
            pos = mark * MARK_EVERY;
        }
        /* The end is asked for twice; rows that came meanwhile must not shift what was listed. */
        if (p->passed > pos && p->passed <= at) {
            after = p->last;
            pos = p->passed;
        }
    }
    for (;;) {
        char name[sizeof p->last];
        if (after != NULL)
            after = strcpy(name, after);
        ssize_t got = page_read(p, &p->now, pos, after);
        if (got <= 0)
            return got;
        passed(p);
        pos += (uint64_t)got;
        if (at < pos)
            return got;
        after = last_of(&p->now)->name;
    }
}

int picture_pages_get(struct picture_pages *p, uint64_t i, const struct picture_info **out)
{
    if ((i < p->now.at || i >= p->now.at + p->now.n) && !take_next(p, i)) {
        ssize_t got = load(p, i);
        if (got <= 0)
            return (int)got;
    }
    *out = &p->now.list[i - p->now.at];
    return 1;
}

void picture_pages_ahead(struct picture_pages *p)
{
    uint64_t at = p->now.at + p->now.n;

    if (p->now.n > 0 && (p->next.n == 0 || p->next.at != at))
        page_read(p, &p->next, at, last_of(&p->now)->name); /* failed or none: asked for again */
}
