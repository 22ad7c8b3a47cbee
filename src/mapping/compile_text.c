/* Content of an export mapping that becomes text: literal text with {SQL}, value, if, each. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/export_compile.h"

static bool is(const xmlNode *node, const char *name)
{
    return node->ns && strcmp((const char *)node->ns->href, MAPPING_NAMESPACE) == 0 &&
           strcmp((const char *)node->name, name) == 0;
}

void template_free(struct text_part *parts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(parts[i].literal);
    free(parts);
}

/* The '}' that ends the expression at s, quoted strings skipped; NULL. */
static const char *expression_end(const char *s)
{
    char quote = 0;

    for (; *s; s++) {
        if (quote)
            quote = *s == quote ? 0 : quote;
        else if (*s == '\'' || *s == '"')
            quote = *s;
        else if (*s == '}')
            return s;
    }
    return NULL;
}

int compile_template(struct compiler *c, const struct spot *at, const char *text, struct text_part **parts,
                     size_t *n)
{
    const char *begin = text;
    auto_buf literal = BUF_INIT;
    struct text_part *list = NULL;
    size_t count = 0, cap = 0;
    int rc = 0;

    while (*text && rc == 0) {
        struct spot here = {at->node, at->attr, at->offset + (size_t)(text - begin), "{}"};

        if ((text[0] == '{' || text[0] == '}') && text[1] == text[0]) {
            buf_add_char(&literal, *text);
            text += 2;
        } else if (*text == '}') {
            rc = compile_error_at(c, -EINVAL, &here, "'}' without '{'");
            error_advise(c->err, "braces that are meant as they are have to be doubled: {{ and }}");
        } else if (*text == '{') {
            const char *end = expression_end(text + 1);
            auto_free char *sql = end ? xstrndup(text + 1, (size_t)(end - text - 1)) : NULL;
            struct text_part part = {0};

            if (!end) {
                rc = compile_error_at(c, -EINVAL, &here, "'{' without '}'");
                error_advise(c->err, "braces that are meant as they are have to be doubled: {{ and }}");
                break;
            }
            here.offset++;
            part.offset = here.offset;
            rc = compile_sql(c, &here, sql, &part.ref);
            if (rc < 0)
                break;
            if (literal.len) {
                array_grow(list, count, cap);
                list[count++] = (struct text_part){.literal = buf_detach(&literal, NULL)};
            }
            array_grow(list, count, cap);
            list[count++] = part;
            text = end + 1;
        } else {
            buf_add_char(&literal, *text++);
        }
    }
    if (rc < 0) {
        template_free(list, count);
        return rc;
    }
    if (literal.len) {
        array_grow(list, count, cap);
        list[count++] = (struct text_part){.literal = buf_detach(&literal, NULL)};
    }
    *parts = list;
    *n = count;
    return 0;
}

static struct op value_op(enum op_code code, struct value_ref ref, uint16_t format, enum text_context context)
{
    return (struct op){.code = (uint8_t)code,
                       .context = (uint8_t)context,
                       .from = (uint8_t)ref.from,
                       .query = ref.query,
                       .column = ref.column,
                       .format = format};
}

static int compile_text_node(struct compiler *c, const xmlNode *node, enum text_context context)
{
    const char *text = (const char *)node->content;
    struct text_part *parts;
    size_t n;
    int rc;

    if (!text || text[strspn(text, " \t\r\n")] == '\0')
        return 0;
    rc = compile_template(c, &(struct spot){.node = node}, text, &parts, &n);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        struct spot at = {.node = node, .offset = parts[i].offset};

        if (parts[i].literal)
            emit_text(c, parts[i].literal, strlen(parts[i].literal), context);
        else
            emit(c, &at, value_op(OP_VALUE, parts[i].ref, compile_plain_format(c), context));
    }
    template_free(parts, n);
    return 0;
}

static int compile_value(struct compiler *c, const xmlNode *node, enum text_context context)
{
    auto_free char *sql = attr_get(node, false, "of");
    bool cdata = attr_yes(node, false, "cdata", false) && context == TEXT_XML && !c->map->encoding;
    struct spot at = spot_attr(node, false, "of");
    struct value_ref ref;
    uint16_t format;
    uint32_t guard;
    int rc = compile_sql(c, &at, sql, &ref);

    if (rc == 0)
        rc = compile_format(c, node, false, &format);
    if (rc < 0)
        return rc;
    if (!cdata) {
        emit(c, &at, value_op(OP_VALUE, ref, format, context));
        return 0;
    }
    guard = emit(c, &at, value_op(OP_PRESENT, ref, 0, context));
    emit_literal(c, "<![CDATA[", 9);
    emit(c, &at, value_op(OP_VALUE, ref, format, TEXT_CDATA));
    emit_literal(c, "]]>", 3);
    emit_close(c, guard);
    return 0;
}

struct content_args {
    enum text_context context;
    bool elements;
};

static int content_body(struct compiler *c, const xmlNode *node, void *arg)
{
    const struct content_args *args = arg;

    return compile_content(c, node, args->context, args->elements);
}

int compile_each(struct compiler *c, const xmlNode *node, enum text_context context, body_fn body, void *arg)
{
    auto_free char *separator = attr_get(node, false, "separator"), *sql = attr_get(node, false, "value"),
                   *otherwise = attr_get(node, false, "otherwise");
    int outer = c->query, query, rc;
    uint32_t op;

    if (outer < 0) {
        compile_error(c, -EINVAL, node, "'each' repeats what belongs to a row and stands inside 'rows' only");
        error_advise(c->err, "here write 'rows'");
        return -EINVAL;
    }
    rc = compile_query(c, node, outer, &query);
    if (rc < 0)
        return rc;
    if (separator)
        c->map->queries[query].separator = literal_add(c, separator, strlen(separator), context);
    if (otherwise)
        c->map->queries[query].otherwise = literal_add(c, otherwise, strlen(otherwise), context);
    c->query = query;
    op = emit_node(c, node, (struct op){.code = OP_EACH, .query = (uint16_t)query});
    if (sql) {
        struct spot at = spot_attr(node, false, "value");
        struct value_ref ref;
        uint16_t format;

        rc = compile_sql(c, &at, sql, &ref);
        if (rc == 0)
            rc = compile_format(c, node, false, &format);
        if (rc == 0)
            emit(c, &at, value_op(OP_VALUE, ref, format, context));
    } else {
        rc = body(c, node, arg);
    }
    emit_close(c, op);
    c->query = outer;
    return rc;
}

static int compile_if(struct compiler *c, const xmlNode *node, enum text_context context, bool elements)
{
    auto_free char *test = attr_get(node, false, "test");
    struct spot at = spot_attr(node, false, "test");
    struct value_ref ref;
    uint32_t op;
    int rc = compile_sql(c, &at, test, &ref);

    if (rc < 0)
        return rc;
    op = emit(c, &at, value_op(OP_IF, ref, 0, context));
    c->guards++;
    rc = compile_content(c, node, context, elements);
    c->guards--;
    emit_close(c, op);
    return rc;
}

static int compile_children(struct compiler *c, const xmlNode *node)
{
    const struct query *q = c->query >= 0 ? &c->map->queries[c->query] : NULL;

    if (!q || q->mode != QUERY_TREE) {
        compile_error(c, -EINVAL, node, "'children' stands only directly inside rows with nested=\"yes\"");
        error_advise(c->err, "there it stands for the rows below, written like the row itself");
        return -EINVAL;
    }
    emit_node(
        c, node,
        (struct op){.code = OP_CHILDREN, .query = (uint16_t)c->query, .column = q->links[0].from_column});
    return 0;
}

int compile_content(struct compiler *c, const xmlNode *node, enum text_context context, bool elements)
{
    struct content_args args = {context, elements};
    int rc = 0;

    for (const xmlNode *n = node->children; n && rc == 0; n = n->next) {
        if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE) {
            rc = compile_text_node(c, n, context);
        } else if (n->type != XML_ELEMENT_NODE) {
            continue;
        } else if (is(n, "text")) {
            xmlChar *text = xmlNodeGetContent(n);

            emit_text(c, (const char *)text, strlen((const char *)text), context);
            xmlFree(text);
        } else if (is(n, "value")) {
            rc = compile_value(c, n, context);
        } else if (is(n, "if")) {
            rc = compile_if(c, n, context, elements);
        } else if (is(n, "each")) {
            rc = compile_each(c, n, context, content_body, &args);
        } else if (elements && is(n, "children")) {
            rc = compile_children(c, n);
        } else if (elements && is(n, "rows")) {
            rc = compile_xml_rows(c, n);
        } else if (elements && is(n, "attr")) {
            continue; /* compiled with the start tag */
        } else if (elements && !(n->ns && strcmp((const char *)n->ns->href, MAPPING_NAMESPACE) == 0)) {
            rc = compile_xml_element(c, n);
        } else {
            rc = compile_error(c, -EINVAL, n, "element '%s' is not known here", (const char *)n->name);
        }
    }
    return rc;
}

/* Elements of the written file, which cannot be cut. */
static const xmlNode *find_element(const xmlNode *node)
{
    for (const xmlNode *n = node->children; n; n = n->next) {
        const xmlNode *found = NULL;

        if (n->type != XML_ELEMENT_NODE || is(n, "attr"))
            continue;
        found = is(n, "each") || is(n, "if") ? find_element(n) : is(n, "value") || is(n, "text") ? NULL : n;
        if (found || (is(n, "value") && attr_yes(n, false, "cdata", false)))
            return found ? found : n;
    }
    return NULL;
}

int compile_limited(struct compiler *c, const xmlNode *node, uint32_t limit, enum text_context context,
                    bool elements)
{
    const xmlNode *inside = limit && elements ? find_element(node) : NULL;
    uint32_t op;
    int rc;

    if (!limit)
        return compile_content(c, node, context, elements);
    if (inside)
        return compile_error(c, -EINVAL, inside, "'limit' cuts text, and this is none");
    op = emit_node(c, node, (struct op){.code = OP_LIMIT, .context = (uint8_t)context, .a = limit});
    rc = compile_content(c, node, context, elements);
    emit_close(c, op);
    return rc;
}
