#include "mapping/grammar.h"

#include <errno.h>
#include <libxml/parser.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "mapping/document.h"

#define ANY_NAME "*" /* any name outside our namespace */
#define MAX_ITEMS 96
#define MAX_PATTERNS 16
#define MAX_REFS 32

/* What one element pattern allows directly inside. */
struct item {
    const char *name; /* or ANY_NAME */
    const char *ns;   /* attributes: "" or ours */
    const xmlNode *pattern;
    bool required;
};

struct allowed {
    struct item attrs[MAX_ITEMS], elements[MAX_ITEMS];
    size_t n_attrs, n_elements;
    bool text;
    bool complete; /* false: more names than fit, so nothing may be called unknown */
};

struct explain {
    const xmlNode *grammar; /* root element */
    const char *file;
    struct error *err;
};

static bool is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static const char *attr(const xmlNode *node, const char *name)
{
    for (const xmlAttr *a = node->properties; a; a = a->next)
        if (strcmp((const char *)a->name, name) == 0)
            return a->children && a->children->content ? (const char *)a->children->content : "";
    return NULL;
}

static const xmlNode *find_define(const struct explain *x, const char *name)
{
    for (const xmlNode *n = x->grammar->children; n; n = n->next)
        if (is(n, "define") && attr(n, "name") && strcmp(attr(n, "name"), name) == 0)
            return n;
    return NULL;
}

static void add(struct item *items, size_t *n, bool *complete, const xmlNode *pattern, bool required)
{
    const char *name = attr(pattern, "name"), *ns = attr(pattern, "ns");

    for (size_t i = 0; i < *n; i++)
        if (items[i].pattern == pattern)
            return;
    if (*n == MAX_ITEMS) {
        *complete = false;
        return;
    }
    items[(*n)++] = (struct item){name ? name : ANY_NAME, ns ? ns : "", pattern, required};
}

static void collect(const struct explain *x, const xmlNode *pattern, bool required, int depth,
                    struct allowed *out)
{
    for (const xmlNode *n = pattern->children; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE)
            continue;
        if (is(n, "element")) {
            add(out->elements, &out->n_elements, &out->complete, n, required);
        } else if (is(n, "attribute")) {
            add(out->attrs, &out->n_attrs, &out->complete, n, required);
        } else if (is(n, "ref")) {
            const xmlNode *define = find_define(x, attr(n, "name") ? attr(n, "name") : "");

            if (define && depth < MAX_REFS)
                collect(x, define, required, depth + 1, out);
        } else if (is(n, "text") || is(n, "data") || is(n, "value") || is(n, "list")) {
            out->text = true;
        } else if (is(n, "choice") || is(n, "optional") || is(n, "zeroOrMore")) {
            collect(x, n, false, depth, out);
        } else if (is(n, "group") || is(n, "interleave") || is(n, "oneOrMore") || is(n, "mixed")) {
            out->text |= is(n, "mixed");
            collect(x, n, required, depth, out);
        }
    }
}

/* The closed list of values of an attribute pattern, "a, b or c"; nothing where any text will do. Returns
 * whether value is allowed. */
static bool value_allowed(const struct explain *x, const xmlNode *pattern, const char *value, int depth,
                          struct buf *list)
{
    bool open = true, found = false;

    for (const xmlNode *n = pattern->children; n; n = n->next) {
        if (n->type != XML_ELEMENT_NODE)
            continue;
        open = false;
        if (is(n, "value") && n->children) {
            const char *one = (const char *)n->children->content;

            buf_addf(list, "%s'%s'", list->len ? ", " : "", one);
            found |= strcmp(one, value) == 0;
        } else if (is(n, "choice")) {
            found |= value_allowed(x, n, value, depth, list);
        } else if (is(n, "ref") && depth < MAX_REFS) {
            const xmlNode *define = find_define(x, attr(n, "name") ? attr(n, "name") : "");

            found |= !define || value_allowed(x, define, value, depth + 1, list);
        } else if (is(n, "data") && attr(n, "type") &&
                   (strcmp(attr(n, "type"), "positiveInteger") == 0 ||
                    strcmp(attr(n, "type"), "nonNegativeInteger") == 0)) {
            size_t digits = strspn(value, "0123456789");

            buf_addf(list, "%sa whole number", list->len ? ", " : "");
            found |= digits > 0 && value[digits] == '\0' &&
                     (strcmp(attr(n, "type"), "positiveInteger") != 0 || strspn(value, "0") < digits);
        } else {
            found = true; /* patterns and the like are left to the grammar */
        }
    }
    return open || found;
}

/* Edits to turn a into b, counted up to 3. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64], la = strlen(a), lb = strlen(b);

    if (la >= 64 || lb >= 63)
        return 3;
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[lb] < 3 ? row[lb] : 3;
}

static void advise_names(struct error *err, const char *where, const char *what, const char *wrong,
                         const struct item *items, size_t n)
{
    auto_buf list = BUF_INIT;
    const char *near = NULL;
    size_t nearest = 3;

    for (size_t i = 0; i < n; i++) {
        bool repeated = false;

        for (size_t k = 0; k < i; k++)
            repeated |= strcmp(items[k].name, items[i].name) == 0;
        if (repeated)
            continue;
        if (strcmp(items[i].name, ANY_NAME) == 0) {
            buf_addf(&list, "%s%s of the written file", list.len ? ", " : "", what);
            continue;
        }
        buf_addf(&list, "%s%s", list.len ? ", " : "", items[i].name);
        if (distance(wrong, items[i].name) < nearest) {
            nearest = distance(wrong, items[i].name);
            near = items[i].name;
        }
    }
    if (near)
        error_advise(err, "did you mean '%s'? in '%s' may stand: %s", near, where, buf_str(&list));
    else if (n)
        error_advise(err, "in '%s' may stand: %s", where, buf_str(&list));
    else
        error_advise(err, "'%s' takes no %s", where, what);
}

static bool ours(const xmlNs *ns)
{
    return ns && strcmp((const char *)ns->href, MAPPING_NAMESPACE) == 0;
}

static int wrong(const struct explain *x, const xmlNode *node)
{
    error_place(x->err, x->file, place_of_node(node), (const char *)node->name);
    return -EINVAL;
}

static int wrong_attr(const struct explain *x, const xmlAttr *a)
{
    error_place(x->err, x->file, place_of_attribute(a, 0), (const char *)a->parent->name);
    return -EINVAL;
}

static int explain_attrs(const struct explain *x, const xmlNode *node, const struct allowed *allowed)
{
    const char *element = (const char *)node->name;

    for (const xmlAttr *a = node->properties; a; a = a->next) {
        const char *name = (const char *)a->name, *ns = ours(a->ns) ? MAPPING_NAMESPACE : "";
        const char *value = a->children && a->children->content ? (const char *)a->children->content : "";
        auto_buf list = BUF_INIT;
        bool known = false, good = false;

        for (size_t i = 0; i < allowed->n_attrs; i++) {
            const struct item *item = &allowed->attrs[i];

            if (strcmp(item->name, ANY_NAME) == 0
                    ? !ours(a->ns)
                    : strcmp(item->name, name) == 0 && strcmp(item->ns, ns) == 0) {
                known = true;
                buf_clear(&list);
                good |= value_allowed(x, item->pattern, value, 0, &list);
            }
        }
        if (!known && allowed->complete) {
            error_set(x->err, -EINVAL, "attribute '%s' is not known here", name);
            advise_names(x->err, element, "attributes", name, allowed->attrs, allowed->n_attrs);
            return wrong_attr(x, a);
        }
        if (known && !good) {
            error_set(x->err, -EINVAL, "attribute '%s' cannot be '%s'", name, value);
            error_advise(x->err, "it takes %s", buf_str(&list));
            return wrong_attr(x, a);
        }
    }
    for (size_t i = 0; i < allowed->n_attrs; i++) {
        const struct item *item = &allowed->attrs[i];
        bool found = false;

        for (const xmlAttr *a = node->properties; a; a = a->next)
            found |= strcmp((const char *)a->name, item->name) == 0;
        if (item->required && !found) {
            error_set(x->err, -EINVAL, "'%s' lacks its attribute '%s'", element, item->name);
            return wrong(x, node);
        }
    }
    return 0;
}

static bool blank(const xmlNode *text)
{
    return xmlIsBlankNode((xmlNodePtr)text) || !text->content ||
           text->content[strspn((const char *)text->content, " \t\r\n")] == '\0';
}

static size_t first_word(const xmlNode *text)
{
    return strspn((const char *)text->content, " \t\r\n");
}

static int explain_element(const struct explain *x, const xmlNode *node, const xmlNode *const *patterns,
                           size_t n_patterns)
{
    struct allowed allowed = {.complete = true};
    const char *element = (const char *)node->name;
    int rc;

    for (size_t i = 0; i < n_patterns; i++)
        collect(x, patterns[i], n_patterns == 1, 0, &allowed);
    rc = explain_attrs(x, node, &allowed);
    for (const xmlNode *c = node->children; c && rc == 0; c = c->next) {
        const xmlNode *matching[MAX_PATTERNS];
        size_t n = 0;

        if ((c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE) && !blank(c) && !allowed.text) {
            error_set(x->err, -EINVAL, "text is not allowed in '%s'", element);
            error_place(x->err, x->file, place_of_text(c, first_word(c)), element);
            return -EINVAL;
        }
        if (c->type != XML_ELEMENT_NODE)
            continue;
        for (size_t i = 0; i < allowed.n_elements && n < MAX_PATTERNS; i++) {
            bool any = strcmp(allowed.elements[i].name, ANY_NAME) == 0;

            if (any ? !ours(c->ns)
                    : ours(c->ns) && strcmp(allowed.elements[i].name, (const char *)c->name) == 0)
                matching[n++] = allowed.elements[i].pattern;
        }
        if (n == 0 && allowed.complete) {
            error_set(x->err, -EINVAL, "element '%s' is not known here", (const char *)c->name);
            advise_names(x->err, element, "elements", (const char *)c->name, allowed.elements,
                         allowed.n_elements);
            if (!ours(c->ns))
                error_prefix(x->err, "not in the namespace " MAPPING_NAMESPACE);
            return wrong(x, c);
        }
        rc = explain_element(x, c, matching, n);
    }
    for (size_t i = 0; i < allowed.n_elements && rc == 0; i++) {
        bool found = false;

        for (const xmlNode *c = node->children; c; c = c->next)
            found |=
                c->type == XML_ELEMENT_NODE && (strcmp(allowed.elements[i].name, ANY_NAME) == 0 ||
                                                strcmp((const char *)c->name, allowed.elements[i].name) == 0);
        if (allowed.elements[i].required && !found) {
            error_set(x->err, -EINVAL, "'%s' lacks its element '%s'", element, allowed.elements[i].name);
            return wrong(x, node);
        }
    }
    return rc;
}

int grammar_explain(const char *grammar, size_t grammar_len, xmlDocPtr doc, const char *file,
                    struct error *err)
{
    xmlDocPtr parsed =
        xmlReadMemory(grammar, (int)grammar_len, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOBLANKS);
    const xmlNode *root = doc ? xmlDocGetRootElement(doc) : NULL;
    struct allowed start = {.complete = true};
    int rc = 0;

    if (parsed && root) {
        struct explain x = {xmlDocGetRootElement(parsed), file, err};
        const xmlNode *pattern = NULL;

        for (const xmlNode *n = x.grammar->children; n; n = n->next)
            if (is(n, "start"))
                collect(&x, n, false, 0, &start);
        for (size_t i = 0; i < start.n_elements; i++)
            if (ours(root->ns) && strcmp(start.elements[i].name, (const char *)root->name) == 0)
                pattern = start.elements[i].pattern;
        if (pattern) {
            rc = explain_element(&x, root, &pattern, 1);
        } else {
            error_set(err, -EINVAL, "the document element is '%s'", (const char *)root->name);
            if (start.n_elements)
                error_advise(err, "it must be <%s xmlns=\"" MAPPING_NAMESPACE "\">", start.elements[0].name);
            rc = wrong(&x, root);
        }
    }
    xmlFreeDoc(parsed);
    return rc;
}
