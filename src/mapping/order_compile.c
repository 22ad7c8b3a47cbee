/* The compiler: a validated document to struct order_map. What the grammar cannot say is checked here. */
#include "mapping/order_lang.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "mapping/document.h"

#define TEXT_OF(type, member) FIELD_TEXT, offsetof(type, member)

const struct field_spec order_field_specs[ORDER_FIELDS] = {
    [ORDER_NUMBER] = {"number", TEXT_OF(struct order, number)},
    [ORDER_EXTERNAL_ID] = {"external-id", TEXT_OF(struct order, external_id)},
    [ORDER_ORDERED] = {"ordered", FIELD_DATE, offsetof(struct order, ordered)},
    [ORDER_STATUS] = {"status", FIELD_STATUS, 0},
    [ORDER_PAID] = {"paid", FIELD_FLAG, 0},
    [ORDER_PAID_ON] = {"paid-on", FIELD_DATE, offsetof(struct order, paid_on)},
    [ORDER_CANCELLED] = {"cancelled", FIELD_FLAG, 0},
    [ORDER_CURRENCY] = {"currency", FIELD_CURRENCY, 0},
    [ORDER_RATE] = {"rate", FIELD_RATE, 0},
    [ORDER_VAT_INCLUDED] = {"vat-included", FIELD_FLAG, 0},
    [ORDER_TOTAL] = {"total", FIELD_AMOUNT, 0},
    [ORDER_CUSTOMER_ID] = {"customer-id", TEXT_OF(struct order, customer_id)},
    [ORDER_PAYMENT_METHOD] = {"payment-method", TEXT_OF(struct order, payment_method)},
    [ORDER_DELIVERY_METHOD] = {"delivery-method", TEXT_OF(struct order, delivery_method)},
    [ORDER_DELIVER_ON] = {"deliver-on", FIELD_DATE, offsetof(struct order, deliver_on)},
    [ORDER_NOTE] = {"note", TEXT_OF(struct order, note)},
    [ORDER_INTERNAL_NOTE] = {"internal-note", TEXT_OF(struct order, internal_note)},
    [ORDER_CERTIFICATE] = {"certificate", TEXT_OF(struct order, certificate)},
    [ORDER_BONUS_USED] = {"bonus-used", FIELD_AMOUNT, 0},
};

const struct field_spec order_line_specs[LINE_FIELDS] = {
    [L_KIND] = {"kind", FIELD_KIND, 0},
    [L_CODE] = {"code", TEXT_OF(struct order_line, code)},
    [L_BARCODE] = {"barcode", TEXT_OF(struct order_line, barcode)},
    [L_EXTERNAL_ID] = {"external-id", TEXT_OF(struct order_line, external_id)},
    [L_NAME] = {"name", TEXT_OF(struct order_line, name)},
    [L_VARIANT] = {"variant", TEXT_OF(struct order_line, variant)},
    [L_UNIT] = {"unit", TEXT_OF(struct order_line, unit)},
    [L_NOTE] = {"note", TEXT_OF(struct order_line, note)},
    [L_QUANTITY] = {"quantity", FIELD_QUANTITY, 0},
    [L_VAT_INCLUDED] = {"vat-included", FIELD_FLAG, 0},
    [L_VAT_PERCENT] = {"vat-percent", FIELD_PERCENT, 0},
    [L_PRICE] = {"price", FIELD_AMOUNT, 0},
    [L_DISCOUNT_PERCENT] = {"discount-percent", FIELD_PERCENT, 0},
    [L_TOTAL] = {"total", FIELD_AMOUNT, 0},
};

const struct field_spec order_address_specs[ADDRESS_FIELDS] = {
    {"name", TEXT_OF(struct order_address, name)},
    {"first-name", TEXT_OF(struct order_address, first_name)},
    {"last-name", TEXT_OF(struct order_address, last_name)},
    {"company", TEXT_OF(struct order_address, company)},
    {"tax-id", TEXT_OF(struct order_address, tax_id)},
    {"vat-id", TEXT_OF(struct order_address, vat_id)},
    {"street", TEXT_OF(struct order_address, street)},
    {"city", TEXT_OF(struct order_address, city)},
    {"region", TEXT_OF(struct order_address, region)},
    {"zip", TEXT_OF(struct order_address, zip)},
    {"country", TEXT_OF(struct order_address, country)},
    {"phone", TEXT_OF(struct order_address, phone)},
    {"email", TEXT_OF(struct order_address, email)},
    {"full-text", TEXT_OF(struct order_address, full_text)},
};

/* What is inherited downwards while compiling. */
struct compiler {
    struct order_map *map;
    struct error *err;
    const char *file; /* the nodes at hand are from */
    enum decimal_style numbers;
    bool month_first;
};

static bool is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

/* Adds the place to a message already set. */
static int at(const struct compiler *c, const xmlNode *node, int rc)
{
    if (rc < 0)
        error_place(c->err, c->file, place_of_node(node), (const char *)node->name);
    return rc;
}

static bool attr_is(const xmlNode *node, const char *name, const char *value)
{
    char *text = mapping_attr(node, name);
    bool same = text && strcmp(text, value) == 0;

    free(text);
    return same;
}

static enum decimal_style number_style(const xmlNode *node, enum decimal_style inherited)
{
    if (attr_is(node, "numbers", "auto"))
        return DECIMAL_AUTO;
    if (attr_is(node, "numbers", "point"))
        return DECIMAL_POINT;
    if (attr_is(node, "numbers", "comma"))
        return DECIMAL_COMMA;
    return inherited;
}

static bool date_style(const xmlNode *node, bool inherited)
{
    if (attr_is(node, "dates", "month-first"))
        return true;
    if (attr_is(node, "dates", "day-first"))
        return false;
    return inherited;
}

/* Compiles the XPath of an attribute; without the attribute out stays empty. */
static int compile_path(struct compiler *c, const xmlNode *node, const char *name, struct xpath *out)
{
    char *text = mapping_attr(node, name);
    int rc = 0;

    if (text)
        rc = at(c, node, xpath_compile(out, text, &c->map->prefixes, c->err));
    free(text);
    return rc;
}

static int find_map(struct compiler *c, const xmlNode *node, const struct word_map **out)
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
        rc = at(c, node, error_set(c->err, -EINVAL, "there is no map '%s'", name));
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
        if (!is(n, "part"))
            continue;
        array_grow(s->parts, s->n_parts, cap);
        memset(&s->parts[s->n_parts], 0, sizeof *s->parts);
        s->parts[s->n_parts].text = mapping_attr(n, "text");
        rc = compile_path(c, n, "path", &s->parts[s->n_parts].path);
        if (rc == 0)
            rc = find_map(c, n, &s->parts[s->n_parts].map);
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
    s->numbers = number_style(node, c->numbers);
    s->month_first = date_style(node, c->month_first);
    s->multiply_e6 = 1000000;
    if (attr_is(node, "vat", "included"))
        s->vat = VAT_INCLUDED;
    else if (attr_is(node, "vat", "excluded"))
        s->vat = VAT_EXCLUDED;
    else if (attr_is(node, "vat", "flag"))
        s->vat = VAT_FLAG;
    s->separator = mapping_attr(node, "separator");
    if (multiply && decimal_parse(multiply, strlen(multiply), DECIMAL_POINT, 6, &s->multiply_e6) != 0)
        rc = at(c, node, error_set(c->err, -EINVAL, "'%s' is not a number to multiply by", multiply));
    free(multiply);
    if (rc == 0)
        rc = find_map(c, node, &s->map);
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
    if (f->type == FIELD_STATUS && !order_status_known(word))
        expected = "new, accepted, paid, packed, shipped, delivered, cancelled or returned";
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

static int compile_field(struct compiler *c, const xmlNode *node, const struct field_spec *spec,
                         struct field *f)
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
        return at(c, node, -EINVAL);
    }
    f->type = spec->type;
    f->offset = spec->offset;
    f->name = spec->name;
    f->line = place_of_node(node).line;
    f->fallback = mapping_attr(node, "default");
    f->required = attr_is(node, "required", "yes");
    inner.numbers = number_style(node, c->numbers);
    inner.month_first = date_style(node, c->month_first);
    if (xmlHasProp((xmlNodePtr)node, BAD_CAST "path")) {
        array_grow(f->sources, f->n_sources, cap);
        memset(&f->sources[f->n_sources], 0, sizeof *f->sources);
        rc = compile_source(&inner, node, SOURCE_FROM, &f->sources[f->n_sources++]);
    }
    for (const xmlNode *n = node->children; n && rc == 0; n = n->next) {
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds && rc == 0; i++) {
            struct source *s;

            if (!is(n, kinds[i].element))
                continue;
            array_grow(f->sources, f->n_sources, cap);
            s = &f->sources[f->n_sources++];
            memset(s, 0, sizeof *s);
            rc = compile_source(&inner, n, kinds[i].kind, s);
            /* What the field's element says holds for its sources that do not say it themselves. */
            if (rc == 0 && !s->map)
                rc = find_map(c, node, &s->map);
            if (rc == 0 && s->vat == VAT_DEFAULT)
                s->vat = attr_is(node, "vat", "included")   ? VAT_INCLUDED
                         : attr_is(node, "vat", "excluded") ? VAT_EXCLUDED
                         : attr_is(node, "vat", "flag")     ? VAT_FLAG
                                                            : VAT_DEFAULT;
        }
    }
    if (rc == 0 && f->n_sources == 0 && !f->fallback) {
        error_set(c->err, -EINVAL, "the field '%s' says neither where its value is nor what it is", f->name);
        error_advise(c->err, "give it a path, a default or a <from>");
        rc = at(c, node, -EINVAL);
    }
    return rc ? rc : check_words(c, f);
}

/* Compiles node where it is one of the n fields; 1: it is none of them. */
static int compile_one_of(struct compiler *c, const xmlNode *node, const struct field_spec *specs, size_t n,
                          struct field *fields)
{
    for (size_t i = 0; i < n; i++)
        if (is(node, specs[i].name))
            return compile_field(c, node, &specs[i], &fields[i]);
    return 1;
}

static int compile_address(struct compiler *c, const xmlNode *node, struct address_map **maps, size_t *n_maps)
{
    struct address_map *a;
    int rc;

    *maps = xreallocarray(*maps, *n_maps + 1, sizeof **maps);
    a = &(*maps)[(*n_maps)++];
    memset(a, 0, sizeof *a);
    rc = compile_path(c, node, "base", &a->base);
    for (const xmlNode *n = node->children; n && rc >= 0; n = n->next)
        if (n->type == XML_ELEMENT_NODE)
            rc = compile_one_of(c, n, order_address_specs, ADDRESS_FIELDS, a->fields);
    return rc < 0 ? rc : 0;
}

/* <pairs> and <ignore>; 1: neither. */
static int compile_leftovers(struct compiler *c, const xmlNode *node, struct leftovers *left)
{
    if (is(node, "ignore")) {
        left->ignored = xreallocarray(left->ignored, left->n_ignored + 1, sizeof *left->ignored);
        memset(&left->ignored[left->n_ignored], 0, sizeof *left->ignored);
        return compile_path(c, node, "path", &left->ignored[left->n_ignored++]);
    }
    if (is(node, "pairs")) {
        struct pairs *p;
        int rc;

        left->pairs = xreallocarray(left->pairs, left->n_pairs + 1, sizeof *left->pairs);
        p = &left->pairs[left->n_pairs++];
        memset(p, 0, sizeof *p);
        rc = compile_path(c, node, "path", &p->path);
        if (rc == 0)
            rc = compile_path(c, node, "name", &p->name);
        return rc ? rc : compile_path(c, node, "value", &p->value);
    }
    return 1;
}

/* vat="flag" needs the flag. */
static int check_flag(struct compiler *c, const struct field *f, const struct field *flag)
{
    for (size_t i = 0; i < f->n_sources; i++) {
        if (f->sources[i].vat != VAT_FLAG || flag->line)
            continue;
        error_set(c->err, -EINVAL,
                  "the field '%s' has vat=\"flag\", but there is no field 'vat-included' beside it", f->name);
        error_at(c->err, c->file, f->line, f->name);
        error_advise(c->err, "add <vat-included path=\"...\"/>, or say vat=\"included\" or vat=\"excluded\"");
        return -EINVAL;
    }
    return 0;
}

static int compile_lines(struct compiler *c, const xmlNode *node)
{
    /* An extra line has an amount in place of a price. */
    static const struct field_spec amount = {"amount", FIELD_AMOUNT, 0};
    struct order_map *map = c->map;
    struct line_map *l;
    char *kind = mapping_attr(node, "kind");
    int rc;

    map->lines = xreallocarray(map->lines, map->n_lines + 1, sizeof *map->lines);
    l = &map->lines[map->n_lines++];
    memset(l, 0, sizeof *l);
    l->extra = is(node, "extra-line");
    l->required = !l->extra && !attr_is(node, "required", "no");
    l->keep_zero = attr_is(node, "keep-zero", "yes");
    l->title = mapping_attr(node, "title");
    if (kind)
        order_line_kind_parse(kind, &l->kind); /* one of the list: the grammar says so */
    free(kind);
    rc = compile_path(c, node, "path", &l->path);
    for (const xmlNode *n = node->children; n && rc >= 0; n = n->next) {
        if (n->type != XML_ELEMENT_NODE)
            continue;
        if (is(n, "amount"))
            rc = compile_field(c, n, &amount, &l->fields[L_PRICE]);
        else if ((rc = compile_one_of(c, n, order_line_specs, LINE_FIELDS, l->fields)) == 1)
            rc = compile_leftovers(c, n, &l->leftovers);
    }
    if (rc < 0)
        return rc;
    if (l->extra && !l->fields[L_PRICE].line) {
        error_set(c->err, -EINVAL, "the extra line has no amount");
        error_advise(c->err, "add <amount path=\"...\"/>");
        return at(c, node, -EINVAL);
    }
    rc = check_flag(c, &l->fields[L_PRICE], &l->fields[L_VAT_INCLUDED]);
    return rc ? rc : check_flag(c, &l->fields[L_TOTAL], &l->fields[L_VAT_INCLUDED]);
}

static int compile_orders(struct compiler *c, const xmlNode *node)
{
    struct order_map *map = c->map;
    bool any_lines = false;
    int rc = compile_path(c, node, "path", &map->orders);

    if (rc == 0)
        rc = compile_path(c, node, "group-by", &map->group);

    for (const xmlNode *n = node->children; n && rc >= 0; n = n->next) {
        if (n->type != XML_ELEMENT_NODE)
            continue;
        any_lines |= is(n, "lines");
        if (is(n, "billing"))
            rc = compile_address(c, n, &map->billing, &map->n_billing);
        else if (is(n, "delivery"))
            rc = compile_address(c, n, &map->delivery, &map->n_delivery);
        else if (is(n, "lines") || is(n, "extra-line"))
            rc = compile_lines(c, n);
        else if ((rc = compile_one_of(c, n, order_field_specs, ORDER_FIELDS, map->fields)) == 1)
            rc = compile_leftovers(c, n, &map->leftovers);
    }
    if (rc < 0)
        return rc;
    if (!map->fields[ORDER_NUMBER].line)
        rc = error_set(c->err, -EINVAL,
                       "the mapping has no field 'number': without it an order cannot be told "
                       "from another");
    else if (!any_lines)
        rc = error_set(c->err, -EINVAL, "the mapping has no <lines>");
    if (rc < 0)
        return at(c, node, rc);
    return check_flag(c, &map->fields[ORDER_TOTAL], &map->fields[ORDER_VAT_INCLUDED]);
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
        return at(c, node, -EINVAL);
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
        return at(c, node, -EINVAL);
    }
    c->map->n_maps++;
    for (const xmlNode *n = node->children; n; n = n->next) {
        static const char *const attrs[] = {
            [WORD_TEXT] = "text", [WORD_STARTS] = "starts", [WORD_CONTAINS] = "contains"};

        if (!is(n, "value"))
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

static int compile_vat_rates(struct compiler *c, const xmlNode *root)
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
            rc = at(c, root, error_set(c->err, -EINVAL, "'%s' is not a VAT rate", word));
        map->n_vat_rates++;
    }
    free(list);
    return rc;
}

/* What the attributes of the outermost element say. With a base its attributes come first, then those of the
 * document itself, which replace them. */
static int compile_defaults(struct compiler *c, const xmlNode *root)
{
    struct order_map *map = c->map;

    if (attr_is(root, "vat", "included"))
        map->vat_included = true;
    else if (attr_is(root, "vat", "excluded"))
        map->vat_included = false;
    c->numbers = number_style(root, c->numbers);
    c->month_first = date_style(root, c->month_first);
    if (map->n_vat_rates && !xmlHasProp((xmlNodePtr)root, BAD_CAST "vat-rates"))
        return 0;
    free(map->vat_rates_e2);
    map->vat_rates_e2 = NULL;
    map->n_vat_rates = 0;
    return compile_vat_rates(c, root);
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

static int compile_word_maps(struct compiler *c, const xmlNode *root, const xmlNode *base,
                             const char *base_file)
{
    const char *own_file = c->file;
    size_t n_maps = 0;
    int rc = 0;

    for (const xmlNode *n = root->children; n; n = n->next)
        n_maps += is(n, "map");
    for (const xmlNode *n = base ? base->children : NULL; n; n = n->next)
        n_maps += is(n, "map");
    c->map->maps = xcalloc(n_maps + 1, sizeof *c->map->maps);
    for (const xmlNode *n = root->children; n && rc == 0; n = n->next)
        if (is(n, "map"))
            rc = compile_word_map(c, n);
    c->file = base_file;
    for (const xmlNode *n = base ? base->children : NULL; n && rc == 0; n = n->next)
        if (is(n, "map") && !has_map(c->map, n))
            rc = compile_word_map(c, n);
    c->file = own_file;
    return rc;
}

/* A mapping says how its files are recognised and read; one with a base leaves both to it. */
static int check_content(struct compiler *c, const xmlNode *root, bool has_base)
{
    static const char *const needed[] = {"detect", "orders"};

    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        bool found = false;

        for (const xmlNode *n = root->children; n && !found; n = n->next)
            found = is(n, needed[i]);
        if (found && has_base) {
            error_set(c->err, -EINVAL, "a mapping with a base has no '%s' of its own", needed[i]);
            error_advise(c->err, "copy the base and change the copy");
            return at(c, root, -EINVAL);
        }
        if (!found && !has_base) {
            error_set(c->err, -EINVAL, "the element '%s' is missing", needed[i]);
            return at(c, root, -EINVAL);
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
    map->ignore_namespaces = !attr_is(content, "ignore-namespaces", "no");
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
        if (is(n, "detect"))
            rc = compile_detect(c, n);
        else if (is(n, "orders"))
            rc = compile_orders(c, n);
        else if (is(n, "other"))
            rc = compile_other(c, n);
    }
    return rc;
}
