#include "mapping/order_xpath.h"

#include <errno.h>
#include <libxml/xpathInternals.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static bool name_byte(unsigned char c)
{
    return c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-' || c == '.';
}

static bool space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_space(const char *s)
{
    while (space(*s))
        s++;
    return s;
}

static bool listed(const char *const *list, const char *name, size_t len)
{
    for (; *list; list++)
        if (strlen(*list) == len && memcmp(*list, name, len) == 0)
            return true;
    return false;
}

static bool known_prefix(const struct xpath_prefixes *prefixes, const char *name, size_t len)
{
    if (len == 3 && memcmp(name, "xml", 3) == 0)
        return true;
    for (size_t i = 0; i < prefixes->n; i++)
        if (strlen(prefixes->prefix[i]) == len && memcmp(prefixes->prefix[i], name, len) == 0)
            return true;
    return false;
}

/*
 * libxml2 looks up functions, variables and prefixes only when an expression reaches them, so a mistake
 * inside a predicate would sleep until an order wakes it. Finds them now. Also writes the expression as
 * libxml2 2.9 can compile it: a path that begins with '/' and a name that is not ASCII is refused there
 * ("/Заказ"), the same path with its axis spelled out ("/child::Заказ") is not.
 */
static int prepare(struct buf *out, const char *text, const struct xpath_prefixes *prefixes,
                   struct error *err)
{
    static const char *const functions[] = {"last",
                                            "position",
                                            "count",
                                            "id",
                                            "local-name",
                                            "namespace-uri",
                                            "name",
                                            "string",
                                            "concat",
                                            "contains",
                                            "starts-with",
                                            "substring-before",
                                            "substring",
                                            "substring-after",
                                            "string-length",
                                            "translate",
                                            "normalize-space",
                                            "boolean",
                                            "not",
                                            "true",
                                            "false",
                                            "lang",
                                            "number",
                                            "sum",
                                            "floor",
                                            "ceiling",
                                            "round",
                                            "text",
                                            "node",
                                            "comment",
                                            "processing-instruction",
                                            NULL};
    static const char *const operators[] = {"and", "or", "div", "mod", NULL};
    const char *s = text;

    while (*s) {
        if (*s == '\'' || *s == '"') {
            const char *end = strchr(s + 1, *s);

            if (!end)
                return error_set(err, -EINVAL, "a quoted text in the XPath '%s' has no end", text);
            buf_add(out, s, (size_t)(end + 1 - s));
            s = end + 1;
        } else if (*s == '$') {
            return error_set(err, -EINVAL, "the XPath '%s' uses a variable; there are none", text);
        } else if (*s == '/') {
            buf_add_char(out, *s);
            s++;
            if ((unsigned char)*skip_space(s) >= 0x80)
                buf_add_str(out, "child::");
        } else if (name_byte((unsigned char)*s)) {
            size_t len = 0;
            const char *after;

            while (name_byte((unsigned char)s[len]))
                len++;
            after = skip_space(s + len);
            if (*after == '(' && !listed(functions, s, len) && !listed(operators, s, len))
                return error_set(err, -EINVAL, "the XPath '%s' uses a function '%.*s' that does not exist",
                                 text, (int)len, s);
            if (s[len] == ':' && s[len + 1] != ':' && !known_prefix(prefixes, s, len))
                return error_set(err, -EINVAL, "the XPath '%s' uses the prefix '%.*s', which is not declared",
                                 text, (int)len, s);
            buf_add(out, s, len);
            s += len;
        } else {
            buf_add_char(out, *s++);
        }
    }
    return 0;
}

/* What libxml2 says about an expression, in place of its printing. */
static void note_failure(void *arg, xmlErrorPtr e)
{
    char **failure = arg;

    if (!*failure && e->message)
        *failure = xstrndup(e->message, strcspn(e->message, "\n"));
}

int xpath_compile(struct xpath *out, const char *text, const struct xpath_prefixes *prefixes,
                  struct error *err)
{
    auto_buf prepared = BUF_INIT;
    xmlXPathContextPtr ctx;
    char *failure = NULL;
    int rc = 0;

    if (!*skip_space(text))
        return error_set(err, -EINVAL, "the XPath is empty");
    rc = prepare(&prepared, text, prefixes, err);
    if (rc)
        return rc;
    ctx = xmlXPathNewContext(NULL);
    if (!ctx)
        return error_set(err, -ENOMEM, "out of memory");
    ctx->error = note_failure;
    ctx->userData = &failure;
    out->compiled = xmlXPathCtxtCompile(ctx, BAD_CAST buf_str(&prepared));
    xmlXPathFreeContext(ctx);
    if (out->compiled)
        out->text = xstrdup(text);
    else
        rc = error_set(err, -EINVAL, "the XPath '%s' cannot be read: %s", text,
                       failure ? failure : "invalid expression");
    free(failure);
    return rc;
}

void xpath_release(struct xpath *x)
{
    xmlXPathFreeCompExpr(x->compiled);
    free(x->text);
    memset(x, 0, sizeof *x);
}

void xpath_prefixes_of(struct xpath_prefixes *out, const xmlNode *root)
{
    size_t cap = 0;

    memset(out, 0, sizeof *out);
    for (const xmlNs *ns = root->nsDef; ns; ns = ns->next) {
        if (!ns->prefix || !ns->href)
            continue;
        if (out->n == cap) {
            cap = cap ? cap * 2 : 8;
            out->prefix = xreallocarray(out->prefix, cap, sizeof *out->prefix);
            out->uri = xreallocarray(out->uri, cap, sizeof *out->uri);
        }
        out->prefix[out->n] = xstrdup((const char *)ns->prefix);
        out->uri[out->n++] = xstrdup((const char *)ns->href);
    }
}

void xpath_prefixes_release(struct xpath_prefixes *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->prefix[i]);
        free(p->uri[i]);
    }
    free(p->prefix);
    free(p->uri);
    memset(p, 0, sizeof *p);
}

void xpath_runner_init(struct xpath_runner *r, xmlDocPtr doc, const struct xpath_prefixes *prefixes)
{
    memset(r, 0, sizeof *r);
    r->left = XPATH_OPS_ALL;
    r->ctx = xmlXPathNewContext(doc);
    if (!r->ctx)
        return;
    r->ctx->error = note_failure;
    r->ctx->userData = &r->failure;
    for (size_t i = 0; i < prefixes->n; i++)
        xmlXPathRegisterNs(r->ctx, BAD_CAST prefixes->prefix[i], BAD_CAST prefixes->uri[i]);
    xmlXPathContextSetCache(r->ctx, 1, -1, 0); /* objects are used again: half of the time is allocation */
}

void xpath_runner_release(struct xpath_runner *r)
{
    xmlXPathFreeContext(r->ctx);
    free(r->failure);
    memset(r, 0, sizeof *r);
}

xmlXPathObjectPtr xpath_run(struct xpath_runner *r, const struct xpath *x, xmlNodePtr at)
{
    xmlXPathObjectPtr result;
    bool failed_before = r->failure != NULL;

    if (!x->compiled || !r->ctx || r->left == 0)
        return NULL;
    r->ctx->node = at;
    r->ctx->opCount = 0;
    r->ctx->opLimit = r->left < XPATH_OPS_ONE ? r->left : XPATH_OPS_ONE;
    result = xmlXPathCompiledEval(x->compiled, r->ctx);
    r->left -= r->ctx->opCount < r->left ? r->ctx->opCount : r->left;
    if ((!result || r->left == 0) && !failed_before) {
        char *why = r->failure;

        r->failure = xasprintf("the XPath '%s' failed: %s", x->text,
                               r->left == 0 ? "the file takes too many steps"
                               : why        ? why
                                            : "no result");
        free(why);
    }
    return result;
}

void xpath_node_text(struct buf *out, const xmlNode *node)
{
    const xmlNode *only = node->children;

    if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
        only = node;
    } else if (!only) {
        return;
    } else if (only->next || (only->type != XML_TEXT_NODE && only->type != XML_CDATA_SECTION_NODE)) {
        xmlChar *text = xmlNodeGetContent(node);

        if (text)
            text_collapse(out, (const char *)text, strlen((const char *)text));
        xmlFree(text);
        return;
    }
    if (only->content)
        text_collapse(out, (const char *)only->content, strlen((const char *)only->content));
}
