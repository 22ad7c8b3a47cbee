/* The <xml> body: a template of literal elements. */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "mapping/encoding.h"
#include "mapping/export_compile.h"

static bool ours(const xmlNode *node)
{
    return node->ns && strcmp((const char *)node->ns->href, MAPPING_NAMESPACE) == 0;
}

static bool is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && ours(node) && strcmp((const char *)node->name, name) == 0;
}

static bool has_text(const xmlNode *node)
{
    const char *s = (const char *)node->content;

    return (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) && s &&
           s[strspn(s, " \t\r\n")];
}

/* Content of elements only: line breaks may be put between them. */
static bool is_block(const xmlNode *node)
{
    bool elements = false;

    for (const xmlNode *n = node->children; n; n = n->next) {
        if (has_text(n) || is(n, "text") || is(n, "value"))
            return false;
        if (is(n, "each") || is(n, "if")) {
            if (xmlHasProp((xmlNodePtr)n, BAD_CAST "value") || !is_block(n))
                return false;
            elements = true;
        }
        elements |= is(n, "rows") || is(n, "children") || (n->type == XML_ELEMENT_NODE && !ours(n));
    }
    return elements;
}

static bool has_rows(const xmlNode *node)
{
    for (const xmlNode *n = node->children; n; n = n->next)
        if (is(n, "rows") || has_rows(n))
            return true;
    return false;
}

static int check_kinds(struct compiler *c, const xmlNode *node, const char *kinds)
{
    struct spot at = spot_attr(node, true, "drop-empty");
    auto_free char *copy = xstrdup(kinds);
    char *save = NULL;

    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
        if (!row_kind_find(word)) {
            compile_error_at(c, -EINVAL, &at, "'drop-empty' cannot be '%s'", kinds);
            error_advise(c->err,
                         "it takes yes, no, or the kinds of row without which the element is left out");
            return -EINVAL;
        }
    return 0;
}

/* drop-empty around rows: whether they are there is known only when they are written, so that what stands around
 * them is text of its own. kinds: which rows matter; "yes": any. Used until wrap_end. */
static int wrap_begin(struct compiler *c, const xmlNode *node, const char *kinds)
{
    struct spot at = spot_attr(node, true, "drop-empty");

    if (c->guards || c->wrap)
        return compile_error_at(c, -EINVAL, &at,
                                "an element around rows that is left out when they are empty cannot stand "
                                "inside something that may be left out");
    c->wrap_kinds = strcmp(kinds, "yes") == 0 ? NULL : kinds;
    if (c->wrap_kinds && check_kinds(c, node, kinds) < 0)
        return -EINVAL;
    section_end(c);
    c->wrap = ++c->n_wraps;
    section_begin(c, -1);
    return 0;
}

static void wrap_end(struct compiler *c)
{
    section_end(c);
    c->wrap = 0;
    section_begin(c, -1);
}

static bool has_content(const xmlNode *node)
{
    for (const xmlNode *n = node->children; n; n = n->next)
        if (has_text(n) || (n->type == XML_ELEMENT_NODE && !is(n, "attr")))
            return true;
    return false;
}

static bool breaks_lines(const struct compiler *c, bool row_start)
{
    return !c->inlined && (c->indent_all || (c->indent_rows && (c->query < 0 || row_start)));
}

static void newline(struct compiler *c)
{
    emit_literal(c, "\n", 1);
    for (unsigned i = 0; i < c->depth; i++)
        emit_literal(c, " ", 1);
}

static void tag_name(struct buf *out, const xmlNs *ns, const xmlChar *name)
{
    if (ns && ns->prefix)
        buf_addf(out, "%s:", (const char *)ns->prefix);
    buf_add_str(out, (const char *)name);
}

static void namespace_declaration(struct compiler *c, const xmlNs *ns)
{
    if (strcmp((const char *)ns->href, MAPPING_NAMESPACE) == 0)
        return;
    emit_literal(c, " xmlns", 6);
    if (ns->prefix) {
        emit_literal(c, ":", 1);
        emit_literal(c, (const char *)ns->prefix, strlen((const char *)ns->prefix));
    }
    emit_literal(c, "=\"", 2);
    emit_text(c, (const char *)ns->href, strlen((const char *)ns->href), TEXT_ATTRIBUTE);
    emit_literal(c, "\"", 1);
}

static void namespaces(struct compiler *c, const xmlNode *node)
{
    if (c->depth > 0) {
        for (const xmlNs *ns = node->nsDef; ns; ns = ns->next)
            namespace_declaration(c, ns);
    } else {
        xmlNsPtr *all = xmlGetNsList(node->doc, node);

        for (size_t i = 0; all && all[i]; i++)
            if (all[i]->href && all[i]->href[0])
                namespace_declaration(c, all[i]);
        xmlFree(all);
    }
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

/* name="..." with {SQL}: left out when a value is NULL. */
static int template_attribute(struct compiler *c, const xmlNode *node, const xmlAttr *a)
{
    xmlChar *text = xmlNodeGetContent((const xmlNode *)a);
    struct spot at = {.node = node, .attr = a};
    uint32_t guards[16];
    struct text_part *parts = NULL;
    size_t n = 0, n_guards = 0;
    auto_buf name = BUF_INIT;
    int rc = compile_template(c, &at, (const char *)text, &parts, &n);

    xmlFree(text);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (!parts[i].literal && n_guards < 16)
            guards[n_guards++] = emit(c, &at, value_op(OP_PRESENT, parts[i].ref, 0, TEXT_ATTRIBUTE));
    tag_name(&name, a->ns, a->name);
    emit_literal(c, " ", 1);
    emit_literal(c, buf_str(&name), name.len);
    emit_literal(c, "=\"", 2);
    for (size_t i = 0; i < n; i++) {
        at.offset = parts[i].offset;
        if (parts[i].literal)
            emit_text(c, parts[i].literal, strlen(parts[i].literal), TEXT_ATTRIBUTE);
        else
            emit(c, &at, value_op(OP_VALUE, parts[i].ref, compile_plain_format(c), TEXT_ATTRIBUTE));
    }
    emit_literal(c, "\"", 1);
    while (n_guards)
        emit_close(c, guards[--n_guards]);
    template_free(parts, n);
    return 0;
}

static int attr_element(struct compiler *c, const xmlNode *node)
{
    auto_free char *name = attr_get(node, false, "name"), *sql = attr_get(node, false, "value");
    struct spot at = spot_attr(node, false, "value"), name_at = spot_attr(node, false, "name");
    struct value_ref ref;
    uint16_t format;
    uint32_t guard;
    int rc = xmlValidateQName(BAD_CAST name, 0) == 0
                 ? 0
                 : compile_error_at(c, -EINVAL, &name_at, "'%s' cannot be the name of an attribute", name);

    if (rc == 0)
        rc = compile_sql(c, &at, sql, &ref);
    if (rc == 0)
        rc = compile_format(c, node, false, &format);
    if (rc < 0)
        return rc;
    guard = emit(c, &at, value_op(OP_PRESENT, ref, 0, TEXT_ATTRIBUTE));
    emit_literal(c, " ", 1);
    emit_literal(c, name, strlen(name));
    emit_literal(c, "=\"", 2);
    emit(c, &at, value_op(OP_VALUE, ref, format, TEXT_ATTRIBUTE));
    emit_literal(c, "\"", 1);
    emit_close(c, guard);
    return 0;
}

static int start_tag(struct compiler *c, const xmlNode *node, const char *name)
{
    int rc = 0;

    emit_literal(c, "<", 1);
    emit_literal(c, name, strlen(name));
    namespaces(c, node);
    for (const xmlAttr *a = node->properties; a && rc == 0; a = a->next)
        if (!a->ns || strcmp((const char *)a->ns->href, MAPPING_NAMESPACE) != 0)
            rc = template_attribute(c, node, a);
    for (const xmlNode *n = node->children; n && rc == 0; n = n->next)
        if (is(n, "attr"))
            rc = attr_element(c, n);
    return rc;
}

/* The value that is all of the element's content, if it is one: *found. */
static int only_value(struct compiler *c, const xmlNode *node, struct value_ref *ref, struct spot *at,
                      bool *found)
{
    auto_free char *sql = attr_get(node, true, "value");
    const xmlNode *only = NULL;

    *found = false;
    if (sql) {
        *found = true;
        *at = spot_attr(node, true, "value");
        return compile_sql(c, at, sql, ref);
    }
    for (const xmlNode *n = node->children; n; n = n->next) {
        if (!has_text(n) && (n->type != XML_ELEMENT_NODE || is(n, "attr")))
            continue;
        if (only)
            return 0;
        only = n;
    }
    if (only && is(only, "value")) {
        auto_free char *of = attr_get(only, false, "of");

        *found = true;
        *at = spot_attr(only, false, "of");
        return compile_sql(c, at, of, ref);
    }
    if (only && has_text(only)) {
        struct text_part *parts;
        size_t n;
        int rc;

        *at = (struct spot){.node = only};
        rc = compile_template(c, at, (const char *)only->content, &parts, &n);
        if (rc < 0)
            return rc;
        if (n == 1 && !parts[0].literal) {
            *found = true;
            *ref = parts[0].ref;
            at->offset = parts[0].offset;
        }
        template_free(parts, n);
    }
    return 0;
}

static int element_content(struct compiler *c, const xmlNode *node, const struct value_ref *value,
                           const struct spot *at)
{
    bool cdata = attr_yes(node, true, "cdata", false) && !c->map->encoding;
    uint16_t format;
    int rc;

    if (!xmlHasNsProp((xmlNodePtr)node, BAD_CAST "value", BAD_CAST MAPPING_NAMESPACE)) {
        auto_free char *limit = attr_get(node, true, "limit");

        return compile_limited(c, node, limit ? (uint32_t)strtoul(limit, NULL, 10) : 0, TEXT_XML, true);
    }
    rc = compile_format(c, node, true, &format);
    if (rc < 0)
        return rc;
    if (cdata)
        emit_literal(c, "<![CDATA[", 9);
    emit(c, at, value_op(OP_VALUE, *value, format, cdata ? TEXT_CDATA : TEXT_XML));
    if (cdata)
        emit_literal(c, "]]>", 3);
    return 0;
}

int compile_xml_element(struct compiler *c, const xmlNode *node)
{
    auto_free char *test = attr_get(node, true, "if");
    auto_free char *drop = attr_get(node, true, "drop-empty");
    bool drop_empty = drop && strcmp(drop, "no") != 0, block = is_block(node), valued = false;
    bool wraps = drop_empty && c->query < 0 && has_rows(node);
    bool content, row_start = c->query >= 0 && c->row_depth == 0;
    uint32_t ops[3];
    size_t n_ops = 0;
    struct value_ref ref;
    struct spot at;
    auto_buf name = BUF_INIT;
    unsigned outer_guards = c->guards;
    int rc = 0;

    tag_name(&name, node->ns, node->name);
    if (c->map->encoding && !encoding_holds(c->map->encoding, buf_str(&name), name.len))
        return compile_error(c, -EINVAL, node, "the name '%s' cannot be written in %s", buf_str(&name),
                             c->map->encoding);
    if (wraps) {
        rc = test ? compile_error(c, -EINVAL, node, "'if' and 'drop-empty' together around rows")
                  : wrap_begin(c, node, drop);
        if (rc < 0)
            return rc;
        drop_empty = false;
    }
    if (drop_empty && strcmp(drop, "yes") != 0)
        return compile_error(c, -EINVAL, node, "drop-empty=\"%s\" without rows in the element", drop);
    if (test) {
        at = spot_attr(node, true, "if");
        rc = compile_sql(c, &at, test, &ref);
        if (rc < 0)
            return rc;
        ops[n_ops++] = emit(c, &at, value_op(OP_IF, ref, 0, TEXT_XML));
    }
    rc = only_value(c, node, &ref, &at, &valued);
    if (rc < 0)
        return rc;
    if (valued)
        ops[n_ops++] = emit(c, &at, value_op(OP_PRESENT, ref, 0, TEXT_XML));
    if (drop_empty)
        ops[n_ops++] = emit_node(c, node, (struct op){.code = OP_DROP_EMPTY});
    c->guards += n_ops > 0;

    if (c->depth > 0 && breaks_lines(c, row_start))
        newline(c);
    rc = start_tag(c, node, buf_str(&name));
    content = valued || has_content(node);
    if (rc == 0 && content) {
        emit_literal(c, ">", 1);
        if (drop_empty)
            c->map->ops[ops[n_ops - 1]].a = emit_label(c);
        c->depth++;
        c->row_depth += c->query >= 0;
        c->inlined += !block;
        rc = element_content(c, node, &ref, &at);
        c->inlined -= !block;
        c->row_depth -= c->query >= 0;
        c->depth--;
        if (drop_empty)
            c->map->ops[ops[n_ops - 1]].b = emit_label(c);
        if (block && breaks_lines(c, false))
            newline(c);
        emit_literal(c, "</", 2);
        emit_literal(c, buf_str(&name), name.len);
        emit_literal(c, ">", 1);
    } else if (rc == 0) {
        emit_literal(c, "/>", 2);
        if (drop_empty)
            c->map->ops[ops[n_ops - 1]].a = c->map->ops[ops[n_ops - 1]].b = emit_label(c);
    }
    c->guards = outer_guards;
    while (n_ops)
        emit_close(c, ops[--n_ops]);
    if (wraps)
        wrap_end(c);
    return rc;
}

int compile_xml_rows(struct compiler *c, const xmlNode *node)
{
    int rc;

    if (c->query >= 0) {
        compile_error(c, -EINVAL, node, "'rows' cannot stand inside 'rows'");
        error_advise(c->err, "what belongs to a row is repeated by 'each'");
        return -EINVAL;
    }
    if (c->guards)
        return compile_error(c, -EINVAL, node, "'rows' cannot stand inside something that may be left out");
    section_end(c);
    section_begin(c, -1);
    rc = compile_query(c, node, -1, &c->query);
    if (rc < 0)
        return rc;
    section_of_rows(c);
    c->row_depth = 0;
    rc = compile_content(c, node, TEXT_XML, true);
    c->query = -1;
    section_end(c);
    section_begin(c, -1);
    return rc;
}

int compile_xml(struct compiler *c, const xmlNode *xml)
{
    auto_free char *encoding = attr_get(xml, false, "encoding"), *doctype = attr_get(xml, false, "doctype");
    auto_free char *indent = attr_get(xml, false, "indent"), *sign = attr_get(xml, false, "decimal-sign");
    int rc = 0;

    c->indent_all = indent && strcmp(indent, "full") == 0;
    c->indent_rows = !indent || strcmp(indent, "rows") == 0;
    c->map->unmappable = UNMAPPABLE_REFERENCE;
    if (sign)
        c->decimal_sign = *sign;
    if (encoding && encoding_check(encoding, &c->map->encoding) < 0) {
        struct spot at = spot_attr(xml, false, "encoding");

        compile_error_at(c, -EINVAL, &at, "the encoding '%s' is not known", encoding);
        error_advise(c->err,
                     "use UTF-8, windows-1250, windows-1251, ISO-8859-1 or another name that iconv knows");
        return -EINVAL;
    }
    section_begin(c, -1);
    if (attr_yes(xml, false, "bom", false) && !c->map->encoding)
        emit_literal(c, "\xef\xbb\xbf", 3);
    if (attr_yes(xml, false, "declaration", true)) {
        emit_literal(c, "<?xml version=\"1.0\" encoding=\"", 30);
        emit_literal(c, encoding ? encoding : "UTF-8", strlen(encoding ? encoding : "UTF-8"));
        emit_literal(c, "\"?>\n", 4);
    }
    if (doctype) {
        if (strpbrk(doctype, "<>[]"))
            return compile_error(c, -EINVAL, xml,
                                 "doctype=\"%s\" is more than a name and its system identifier", doctype);
        emit_literal(c, "<!DOCTYPE ", 10);
        emit_text(c, doctype, strlen(doctype), TEXT_PLAIN);
        emit_literal(c, ">\n", 2);
    }
    for (const xmlNode *n = xml->children; n && rc == 0; n = n->next)
        if (n->type == XML_ELEMENT_NODE)
            rc = compile_xml_element(c, n);
    if (rc == 0) {
        emit_literal(c, "\n", 1);
        section_end(c);
    }
    return rc;
}
