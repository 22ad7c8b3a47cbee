/* The compiler: a validated document to struct order_map. What the grammar cannot say is checked here and in
 * order_compile_*.c. */
#include "mapping/order_compile.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "mapping/document.h"

/* What the attributes of the outermost element say. With a base its attributes come first, then those of the
 * document itself, which replace them. */
static int compile_defaults(struct compiler *c, const xmlNode *root)
{
    struct order_map *map = c->map;

    if (compile_attr_is(root, "vat", "included"))
        map->vat_included = true;
    else if (compile_attr_is(root, "vat", "excluded"))
        map->vat_included = false;
    c->numbers = compile_number_style(root, c->numbers);
    c->month_first = compile_date_style(root, c->month_first);
    if (map->n_vat_rates && !xmlHasProp((xmlNodePtr)root, BAD_CAST "vat-rates"))
        return 0;
    free(map->vat_rates_e2);
    map->vat_rates_e2 = NULL;
    map->n_vat_rates = 0;
    return compile_vat_rates(c, root);
}

static int compile_detect(struct compiler *c, const xmlNode *node)
{
    struct order_map *map = c->map;
    struct detect *d;

    map->detects = xreallocarray(map->detects, map->n_detects + 1, sizeof *map->detects);
    d = &map->detects[map->n_detects++];
    memset(d, 0, sizeof *d);
    d->root = mapping_attr(node, "root");
    if (!d->root && !xmlHasProp((xmlNodePtr)node, BAD_CAST "test")) {
        error_set(c->err, -EINVAL, "'detect' says nothing: it needs a root, a test or both");
        return compile_at(c, node, -EINVAL);
    }
    return compile_path(c, node, "test", &d->test);
}

static int compile_other(struct compiler *c, const xmlNode *node)
{
    struct order_map *map = c->map;
    struct other_documents *o;

    map->others = xreallocarray(map->others, map->n_others + 1, sizeof *map->others);
    o = &map->others[map->n_others++];
    memset(o, 0, sizeof *o);
    o->name = mapping_attr(node, "name");
    return compile_path(c, node, "path", &o->path);
}

/* A mapping says how its files are recognised and read; one with a base leaves both to it. */
static int check_content(struct compiler *c, const xmlNode *root, bool has_base)
{
    static const char *const needed[] = {"detect", "orders"};

    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        bool found = false;

        for (const xmlNode *n = root->children; n && !found; n = n->next)
            found = compile_is(n, needed[i]);
        if (found && has_base) {
            error_set(c->err, -EINVAL, "a mapping with a base has no '%s' of its own", needed[i]);
            error_advise(c->err, "copy the base and change the copy");
            return compile_at(c, root, -EINVAL);
        }
        if (!found && !has_base) {
            error_set(c->err, -EINVAL, "the element '%s' is missing", needed[i]);
            return compile_at(c, root, -EINVAL);
        }
    }
    return 0;
}

int order_compile(struct order_map *map, const xmlNode *root, const xmlNode *base, const char *base_file,
                  struct error *err)
{
    struct compiler compiler = {.map = map, .err = err, .file = map->file, .numbers = DECIMAL_AUTO};
    struct compiler *c = &compiler;
    const xmlNode *content = base ? base : root;
    int rc;

    map->name = mapping_attr(root, "name");
    map->title = mapping_attr(root, "title");
    map->evidence = mapping_attr(root, "evidence");
    map->base = base ? mapping_attr(base, "name") : NULL;
    map->ignore_namespaces = !compile_attr_is(content, "ignore-namespaces", "no");
    map->vat_included = true;
    xpath_prefixes_of(&map->prefixes, content);
    rc = check_content(c, root, base != NULL);
    if (rc == 0 && base)
        rc = compile_defaults(c, base);
    if (rc == 0)
        rc = compile_defaults(c, root);
    if (rc == 0)
        rc = compile_word_maps(c, root, base, base_file);
    if (base)
        c->file = base_file;
    for (const xmlNode *n = content->children; n && rc == 0; n = n->next) {
        if (compile_is(n, "detect"))
            rc = compile_detect(c, n);
        else if (compile_is(n, "orders"))
            rc = compile_section(c, n);
        else if (compile_is(n, "other"))
            rc = compile_other(c, n);
    }
    return rc;
}
