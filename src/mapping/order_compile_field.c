/* Fields and the places their values come from. */
#include "mapping/order_compile.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "mapping/document.h"

bool compile_is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

/* Adds the place to a message already set. */
int compile_at(const struct compiler *c, const xmlNode *node, int rc)
{
    if (rc < 0)
        error_place(c->err, c->file, place_of_node(node), (const char *)node->name);
    return rc;
}

bool compile_attr_is(const xmlNode *node, const char *name, const char *value)
{
    char *text = mapping_attr(node, name);
    bool same = text && strcmp(text, value) == 0;

    free(text);
    return same;
}

enum decimal_style compile_number_style(const xmlNode *node, enum decimal_style inherited)
{
    if (compile_attr_is(node, "numbers", "auto"))
        return DECIMAL_AUTO;
    if (compile_attr_is(node, "numbers", "point"))
        return DECIMAL_POINT;
    if (compile_attr_is(node, "numbers", "comma"))
        return DECIMAL_COMMA;
    return inherited;
}

bool compile_date_style(const xmlNode *node, bool inherited)
{
    if (compile_attr_is(node, "dates", "month-first"))
        return true;
    if (compile_attr_is(node, "dates", "day-first"))
        return false;
    return inherited;
}

/* Compiles the XPath of an attribute; without the attribute out stays empty. */
int compile_path(struct compiler *c, const xmlNode *node, const char *name, struct xpath *out)
{
    char *text = mapping_attr(node, name);
    int rc = 0;

    if (text)
        rc = compile_at(c, node, xpath_compile(out, text, &c->map->prefixes, c->err));
    free(text);
    return rc;
}

int compile_find_map(struct compiler *c, const xmlNode *node, const struct word_map **out)
{
    char *name = mapping_attr(node, "map");
    int rc = 0;

    if (!name)
        return 0;
    *out = NULL;
    for (size_t i = 0; i < c->map->n_maps; i++)
        if (strcmp(c->map->maps[i].name, name) == 0)
            *out = &c->map->maps[i];
    if (!*out) {
        rc = compile_at(c, node, error_set(c->err, -EINVAL, "there is no map '%s'", name));
        error_advise(c->err, "add <map name=\"%s\"> before <orders>", name);
    }
    free(name);
    return rc;
}

static int compile_parts(struct compiler *c, const xmlNode *node, struct source *s)
{
    size_t cap = 0;
    int rc = 0;

    for (const xmlNode *n = node->children; n && rc == 0; n = n->next) {
        if (!compile_is(n, "part"))
            continue;
        array_grow(s->parts, s->n_parts, cap);
        memset(&s->parts[s->n_parts], 0, sizeof *s->parts);
        s->parts[s->n_parts].text = mapping_attr(n, "text");
        rc = compile_path(c, n, "path", &s->parts[s->n_parts].path);
        if (rc == 0)
            rc = compile_find_map(c, n, &s->parts[s->n_parts].map);
        s->n_parts++;
    }
    return rc;
}

/* The attributes that any source may have; node is the source's own element or, for the short form, the
 * field's. */
static int compile_source(struct compiler *c, const xmlNode *node, enum source_kind kind, struct source *s)
{
    auto_buf text = BUF_INIT;
    char *multiply = mapping_attr(node, "multiply");
    int rc = 0;

    s->kind = kind;
    s->line = place_of_node(node).line;
    s->numbers = compile_number_style(node, c->numbers);
    s->month_first = compile_date_style(node, c->month_first);
    s->multiply_e6 = 1000000;
    if (compile_attr_is(node, "vat", "included"))
        s->vat = VAT_INCLUDED;
    else if (compile_attr_is(node, "vat", "excluded"))
        s->vat = VAT_EXCLUDED;
    else if (compile_attr_is(node, "vat", "flag"))
        s->vat = VAT_FLAG;
    s->separator = mapping_attr(node, "separator");
    if (multiply && decimal_parse(multiply, strlen(multiply), DECIMAL_POINT, 6, &s->multiply_e6) != 0)
        rc = compile_at(c, node, error_set(c->err, -EINVAL, "'%s' is not a number to multiply by", multiply));
    free(multiply);
    if (rc == 0)
        rc = compile_find_map(c, node, &s->map);
    if (rc == 0)
        rc = compile_path(c, node, "per", &s->per);
    if (rc)
        return rc;
    switch (kind) {
    case SOURCE_FROM:
        return compile_path(c, node, "path", &s->path);
    case SOURCE_CONSTANT:
        s->text = mapping_attr(node, "value");
        return 0;
    case SOURCE_JOIN:
        if (!s->separator)
            s->separator = xstrdup(" ");
        return compile_parts(c, node, s);
    case SOURCE_SUM:
        return compile_parts(c, node, s);
    case SOURCE_DERIVE:
        rc = compile_path(c, node, "net", &s->path);
        return rc ? rc : compile_path(c, node, "gross", &s->gross);
    }
    return 0;
}

/* Words that a map or a constant may give to a field with a closed list. */
static int check_word(struct compiler *c, const struct field *f, const char *word, int line)
{
    enum order_line_kind kind;
    const char *expected = NULL;

    if (!word || !*word)
        return 0;
    if (f->type == FIELD_STATUS && !order_status_word(word))
        expected = "new, accepted, paid, packed, shipped, delivered, cancelled or returned";
    else if (f->type == FIELD_PAYMENT && !order_payment_word(word))
        expected = "unpaid, partly, paid or refunded";
    else if (f->type == FIELD_KIND && order_line_kind_parse(word, &kind) != 0)
        expected = "product, shipping, payment, discount, wrapping, service, gift, rounding or other";
    else if (f->type == FIELD_FLAG && order_flag_word(word) < 0)
        expected = "yes or no";
    if (!expected)
        return 0;
    error_set(c->err, -EINVAL, "'%s' is not a word of the field '%s'", word, f->name);
    error_at(c->err, c->file, line, f->name);
    error_advise(c->err, "it takes %s", expected);
    return -EINVAL;
}

static int check_words(struct compiler *c, const struct field *f)
{
    int rc = check_word(c, f, f->fallback, f->line);

    for (size_t i = 0; i < f->n_sources && rc == 0; i++) {
        const struct source *s = &f->sources[i];

        if (s->kind == SOURCE_CONSTANT)
            rc = check_word(c, f, s->text, f->line);
        if (!s->map || rc)
            continue;
        for (size_t k = 0; k < s->map->n_words && rc == 0; k++)
            rc = check_word(c, f, s->map->words[k].is, s->map->words[k].line);
        if (rc == 0)
            rc = check_word(c, f, s->map->fallback, s->map->line);
    }
    return rc;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* They give the same for every file. */
static bool same_source(const struct source *a, const struct source *b)
{
    return a->kind == SOURCE_FROM && b->kind == SOURCE_FROM && same_text(a->path.text, b->path.text) &&
           same_text(a->per.text, b->per.text) && same_text(a->separator, b->separator) && a->map == b->map &&
           a->numbers == b->numbers && a->month_first == b->month_first && a->vat == b->vat &&
           a->multiply_e6 == b->multiply_e6;
}

/* The last source of f, at node, is never asked: a value was found before. What stands in a mapping that this one
 * is based on is that one's to tell. */
static void remark_dead(struct compiler *c, const xmlNode *node, const struct field *f)
{
    const struct source *last = &f->sources[f->n_sources - 1];
    struct order_map *map = c->map;

    if (c->file != map->file)
        return;
    for (const struct source *s = f->sources; s < last; s++) {
        bool always = s->kind == SOURCE_CONSTANT && s->text && *s->text && !s->map;

        if (!always && !same_source(s, last))
            continue;
        array_grow(map->remarks, map->n_remarks, map->cap_remarks);
        map->remarks[map->n_remarks++] = (struct remark){
            place_of_node(node),
            xasprintf(
                always ? "%s: this alternative is never reached: the constant in line %d always has a value"
                       : "%s: this alternative is never reached: it is the one in line %d again",
                f->name, s->line)};
        return;
    }
}

int compile_field(struct compiler *c, const xmlNode *node, const struct field_spec *spec, struct field *f)
{
    static const struct {
        const char *element;
        enum source_kind kind;
    } kinds[] = {{"from", SOURCE_FROM},
                 {"constant", SOURCE_CONSTANT},
                 {"join", SOURCE_JOIN},
                 {"sum", SOURCE_SUM},
                 {"derive", SOURCE_DERIVE}};
    struct compiler inner = *c;
    size_t cap = 0;
    int rc = 0;

    if (f->line) {
        error_set(c->err, -EINVAL, "the field '%s' stands twice", spec->name);
        error_advise(c->err, "put the second path into the first as <from path=\"...\"/>");
        return compile_at(c, node, -EINVAL);
    }
    f->type = spec->type;
    f->offset = spec->offset;
    f->name = spec->name;
    f->line = place_of_node(node).line;
    f->fallback = mapping_attr(node, "default");
    f->required = compile_attr_is(node, "required", "yes");
    inner.numbers = compile_number_style(node, c->numbers);
    inner.month_first = compile_date_style(node, c->month_first);
    if (xmlHasProp((xmlNodePtr)node, BAD_CAST "path")) {
        array_grow(f->sources, f->n_sources, cap);
        memset(&f->sources[f->n_sources], 0, sizeof *f->sources);
        rc = compile_source(&inner, node, SOURCE_FROM, &f->sources[f->n_sources++]);
    }
    for (const xmlNode *n = node->children; n && rc == 0; n = n->next) {
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds && rc == 0; i++) {
            struct source *s;

            if (!compile_is(n, kinds[i].element))
                continue;
            array_grow(f->sources, f->n_sources, cap);
            s = &f->sources[f->n_sources++];
            memset(s, 0, sizeof *s);
            rc = compile_source(&inner, n, kinds[i].kind, s);
            /* What the field's element says holds for its sources that do not say it themselves. */
            if (rc == 0 && !s->map)
                rc = compile_find_map(c, node, &s->map);
            if (rc == 0 && s->vat == VAT_DEFAULT)
                s->vat = compile_attr_is(node, "vat", "included")   ? VAT_INCLUDED
                         : compile_attr_is(node, "vat", "excluded") ? VAT_EXCLUDED
                         : compile_attr_is(node, "vat", "flag")     ? VAT_FLAG
                                                                    : VAT_DEFAULT;
            if (rc == 0)
                remark_dead(c, n, f);
        }
    }
    if (rc == 0 && f->n_sources == 0 && !f->fallback) {
        error_set(c->err, -EINVAL, "the field '%s' says neither where its value is nor what it is", f->name);
        error_advise(c->err, "give it a path, a default or a <from>");
        rc = compile_at(c, node, -EINVAL);
    }
    return rc ? rc : check_words(c, f);
}

/* Compiles node where it is one of the n fields; 1: it is none of them. */
int compile_one_of(struct compiler *c, const xmlNode *node, const struct field_spec *specs, size_t n,
                   struct field *fields)
{
    for (size_t i = 0; i < n; i++)
        if (compile_is(node, specs[i].name))
            return compile_field(c, node, &specs[i], &fields[i]);
    return 1;
}
