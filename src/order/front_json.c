/* JSON orders, by jansson. */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/decimal.h"
#include "order/front.h"

/* Jansson keeps some ten times the text in memory before the tree is made. */
#define JSON_BYTES (16u << 20)
#define JSON_VALUES 1000000u

/* -- whole? ---------------------------------------------------------------------------------------------- */

void front_json_scan_init(struct front_json_scan *s, const struct order_limits *limits)
{
    *s = (struct front_json_scan){.limits = limits, .line = 1};
}

static bool broken(struct front_json_scan *s, int code, const char *message)
{
    s->code = error_set(&s->error, code, "%s", message);
    error_at(&s->error, NULL, s->line, NULL);
    return false;
}

static bool scan_text(struct front_json_scan *s, unsigned char c)
{
    if (++s->text > s->limits->text)
        return broken(s, -E2BIG, "a value is longer than the limit");
    if (s->escaped)
        s->escaped = false;
    else if (c == '\\')
        s->escaped = true;
    else if (c == '"')
        s->in_text = false;
    else if (c < 0x20)
        return broken(s, -EINVAL, "not JSON: a text holds a line end or a control character");
    return true;
}

static bool scan_outside(struct front_json_scan *s, unsigned char c)
{
    switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
        return true;
    case '{':
    case '[':
        if (s->closed)
            break;
        s->depth++;
        if (s->depth > s->limits->depth || s->depth >= sizeof s->closing)
            return broken(s, -E2BIG, "values are nested too deeply");
        s->closing[s->depth] = c == '{' ? '}' : ']';
        s->values++;
        break;
    case '}':
    case ']':
        if (s->depth == 0 || s->closing[s->depth] != c)
            return broken(s, -EINVAL, "not JSON: a bracket closes what was not opened");
        s->depth--;
        s->closed = s->depth == 0;
        return true;
    case '"':
        s->in_text = true;
        s->text = 0;
        break;
    case ',':
    case ':':
        s->values++;
        break;
    default:
        if (!strchr("+-.0123456789aeflnrstuE", c) || c == 0)
            return broken(s, -EINVAL, "not JSON: a character stands where none may stand");
    }
    if (s->closed)
        return broken(s, -EINVAL, "not JSON: something stands after the end of the document");
    if (s->depth == 0)
        return broken(s, -EINVAL, "not JSON: it begins with no bracket");
    if (s->values > 2 * JSON_VALUES)
        return broken(s, -E2BIG, "the file has too many values");
    return true;
}

bool front_json_scan_add(struct front_json_scan *s, const void *data, size_t len)
{
    const unsigned char *p = data;

    for (size_t i = 0; i < len && !s->error.message; i++) {
        if (++s->bytes > s->limits->bytes || s->bytes > JSON_BYTES)
            return broken(s, -E2BIG, "the file is larger than the limit for JSON");
        if (s->bytes <= 3 && (size_t)s->mark + 1 == s->bytes &&
            p[i] == (unsigned char)"\xef\xbb\xbf"[s->bytes - 1]) {
            s->mark++;
            continue;
        }
        s->line += p[i] == '\n';
        if (s->in_text ? !scan_text(s, p[i]) : !scan_outside(s, p[i]))
            return false;
    }
    return !s->error.message;
}

enum completeness front_json_scan_finish(struct front_json_scan *s, struct error *err)
{
    if (s->error.message) {
        if (err)
            error_move(err, &s->error);
        else
            error_release(&s->error);
        return CONTENT_BROKEN;
    }
    if (s->closed)
        return CONTENT_COMPLETE;
    error_set(err, -EINVAL, s->bytes ? "the file ends before its last bracket" : "the file is empty");
    error_at(err, NULL, s->line, NULL);
    error_advise(err, "the upload broke off: upload the whole file again");
    return CONTENT_INCOMPLETE;
}

/* -- the tree ------------------------------------------------------------------------------------------- */

/* As a decimal where it is one, so that 14.5 does not become 14.4999999. */
static void real_text(struct buf *out, double value)
{
    int64_t units;

    if (decimal_from_double(value, RATE_SCALE, &units) == 0)
        decimal_format(out, units, RATE_SCALE, -1, '.');
    else
        buf_addf(out, "%.15g", value);
}

static int add_value(struct front_tree *t, xmlNodePtr parent, const char *name, json_t *value)
{
    auto_buf text = BUF_INIT;
    xmlNodePtr node;
    const char *key;
    json_t *member;
    size_t i;
    int rc = 0;

    if (json_is_array(value)) {
        json_array_foreach(value, i, member) if (rc == 0) rc =
            add_value(t, parent, json_is_array(member) ? "item" : name, member);
        return rc;
    }
    if (json_is_string(value))
        buf_add_str(&text, json_string_value(value));
    else if (json_is_integer(value))
        buf_addf(&text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        real_text(&text, json_real_value(value));
    else if (json_is_boolean(value))
        buf_add_str(&text, json_is_true(value) ? "true" : "false");
    node = front_add(t, parent, name, buf_str(&text), 0);
    if (!node)
        return t->err && t->err->message ? -E2BIG : -ENOMEM;
    json_object_foreach(value, key, member) if (rc == 0) rc = add_value(t, node, key, member);
    return rc;
}

int front_json(xmlDocPtr *out, const char *data, size_t len, const struct order_limits *limits,
               struct error *err)
{
    struct front_tree tree = {0};
    json_error_t why;
    json_t *value, *member;
    xmlNodePtr root;
    const char *key;
    int rc = 0;

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        len -= 3;
    }
    value = json_loadb(data, len, JSON_REJECT_DUPLICATES, &why);
    if (!value) {
        rc = error_set(err, -EINVAL, "not JSON: %s", why.text);
        error_at(err, NULL, why.line > 0 ? why.line : 0, NULL);
        error_advise(err, "JSON is UTF-8, texts stand in double quotes, no key stands twice");
        return rc;
    }
    root = front_tree_init(&tree, "json", limits, err);
    if (!root)
        rc = -ENOMEM;
    else if (json_is_array(value))
        rc = add_value(&tree, root, "item", value);
    else
        json_object_foreach(value, key, member) if (rc == 0) rc = add_value(&tree, root, key, member);
    json_decref(value);
    if (rc < 0) {
        xmlFreeDoc(tree.doc);
        return rc;
    }
    *out = tree.doc;
    return 0;
}
