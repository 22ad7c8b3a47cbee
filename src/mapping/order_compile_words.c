/* Value maps and the list of VAT rates. */
#include "mapping/order_compile.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "mapping/document.h"

/* maps: all of them are counted beforehand, since sources keep their addresses. */
static int compile_word_map(struct compiler *c, const xmlNode *node)
{
    struct word_map *m = &c->map->maps[c->map->n_maps];
    size_t cap = 0;

    m->name = mapping_attr(node, "name");
    m->fallback = mapping_attr(node, "default");
    m->line = place_of_node(node).line;
    for (size_t i = 0; i < c->map->n_maps; i++) {
        if (strcmp(c->map->maps[i].name, m->name) != 0)
            continue;
        error_set(c->err, -EINVAL, "there are two maps '%s'", m->name);
        c->map->n_maps++;
        return compile_at(c, node, -EINVAL);
    }
    c->map->n_maps++;
    for (const xmlNode *n = node->children; n; n = n->next) {
        static const char *const attrs[] = {
            [WORD_TEXT] = "text", [WORD_STARTS] = "starts", [WORD_CONTAINS] = "contains"};

        if (!compile_is(n, "value"))
            continue;
        array_grow(m->words, m->n_words, cap);
        for (size_t i = 0; i < sizeof attrs / sizeof *attrs; i++) {
            char *text = mapping_attr(n, attrs[i]);
            auto_buf one_space = BUF_INIT;
            struct buf folded = BUF_INIT;

            if (!text)
                continue;
            text_collapse(&one_space, text, strlen(text));
            order_word_fold(&folded, buf_str(&one_space));
            m->words[m->n_words].match = (enum word_match)i;
            m->words[m->n_words].text = buf_detach(&folded, NULL);
            m->words[m->n_words].is = mapping_attr(n, "is");
            m->words[m->n_words].line = place_of_node(n).line;
            free(text);
        }
        m->n_words++;
    }
    return 0;
}

int compile_vat_rates(struct compiler *c, const xmlNode *root)
{
    static const int64_t usual[] = {0,    500,  600,  700,  800,  900,  1000, 1200, 1300, 1400, 1500,
                                    1600, 1700, 1800, 1900, 2000, 2100, 2200, 2300, 2400, 2500, 2700};
    struct order_map *map = c->map;
    char *list = mapping_attr(root, "vat-rates");
    char *word, *rest = NULL;
    int rc = 0;

    if (!list) {
        map->vat_rates_e2 = xcalloc(sizeof usual / sizeof *usual, sizeof *usual);
        memcpy(map->vat_rates_e2, usual, sizeof usual);
        map->n_vat_rates = sizeof usual / sizeof *usual;
        return 0;
    }
    for (word = strtok_r(list, " \t\r\n", &rest); word && rc == 0; word = strtok_r(NULL, " \t\r\n", &rest)) {
        map->vat_rates_e2 = xreallocarray(map->vat_rates_e2, map->n_vat_rates + 1, sizeof *map->vat_rates_e2);
        if (decimal_parse(word, strlen(word), DECIMAL_POINT, PERCENT_SCALE,
                          &map->vat_rates_e2[map->n_vat_rates]))
            rc = compile_at(c, root, error_set(c->err, -EINVAL, "'%s' is not a VAT rate", word));
        map->n_vat_rates++;
    }
    free(list);
    return rc;
}

static bool has_map(const struct order_map *map, const xmlNode *node)
{
    char *name = mapping_attr(node, "name");
    bool found = false;

    for (size_t i = 0; i < map->n_maps && !found; i++)
        found = name && strcmp(map->maps[i].name, name) == 0;
    free(name);
    return found;
}

int compile_word_maps(struct compiler *c, const xmlNode *root, const xmlNode *base, const char *base_file)
{
    const char *own_file = c->file;
    size_t n_maps = 0;
    int rc = 0;

    for (const xmlNode *n = root->children; n; n = n->next)
        n_maps += compile_is(n, "map");
    for (const xmlNode *n = base ? base->children : NULL; n; n = n->next)
        n_maps += compile_is(n, "map");
    c->map->maps = xcalloc(n_maps + 1, sizeof *c->map->maps);
    for (const xmlNode *n = root->children; n && rc == 0; n = n->next)
        if (compile_is(n, "map"))
            rc = compile_word_map(c, n);
    c->file = base_file;
    for (const xmlNode *n = base ? base->children : NULL; n && rc == 0; n = n->next)
        if (compile_is(n, "map") && !has_map(c->map, n))
            rc = compile_word_map(c, n);
    c->file = own_file;
    return rc;
}
