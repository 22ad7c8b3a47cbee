/* Words: value maps, yes and no. */
#include "mapping/order_lang.h"

#include <string.h>

#include "base/text.h"

/* Simple case folding where it is a fixed distance: enough for the words shops use, no tables. */
static uint32_t fold(uint32_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c + 32;
    if ((c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x410 && c <= 0x42f)) /* Latin-1, Cyrillic */
        return c + 32;
    if (c >= 0x400 && c <= 0x40f) /* Cyrillic of other languages */
        return c + 80;
    if ((c >= 0x100 && c <= 0x137) || (c >= 0x14a && c <= 0x177) || (c >= 0x490 && c <= 0x4bf))
        return c | 1; /* upper and lower case in turn */
    if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e))
        return c + (c & 1);
    return c;
}

void order_word_fold(struct buf *out, const char *text)
{
    size_t len = strlen(text);

    while (len) {
        uint32_t c;
        size_t n = text_utf8_decode(text, len, &c);

        if (n) {
            text_utf8_encode(out, fold(c));
        } else {
            buf_add_char(out, *text);
            n = 1;
        }
        text += n;
        len -= n;
    }
}

static bool fits(const struct word *w, const char *word)
{
    switch (w->match) {
    case WORD_TEXT:
        return strcmp(w->text, word) == 0;
    case WORD_STARTS:
        return strncmp(w->text, word, strlen(w->text)) == 0;
    case WORD_CONTAINS:
        return strstr(word, w->text) != NULL;
    }
    return false;
}

void order_word_map(const struct word_map *map, const char *word, struct buf *out)
{
    auto_buf folded = BUF_INIT;

    order_word_fold(&folded, word);
    for (size_t i = 0; i < map->n_words; i++) {
        if (fits(&map->words[i], buf_str(&folded))) {
            buf_add_str(out, map->words[i].is);
            return;
        }
    }
    buf_add_str(out, map->fallback ? map->fallback : word);
}

int order_flag_word(const char *word)
{
    static const char *const yes[] = {"yes", "true", "1",  "y",   "on",     "ano", "áno", "a",
                                      "ja",  "tak",  "да", "так", "истина", "t",   "j",   NULL};
    static const char *const no[] = {"no",   "false", "0",  "n",    "off", "ne", "nie",
                                     "nein", "нет",   "ні", "ложь", "f",   NULL};
    auto_buf folded = BUF_INIT;

    order_word_fold(&folded, word);
    for (size_t i = 0; yes[i]; i++)
        if (strcmp(yes[i], buf_str(&folded)) == 0)
            return 1;
    for (size_t i = 0; no[i]; i++)
        if (strcmp(no[i], buf_str(&folded)) == 0)
            return 0;
    return -1;
}
