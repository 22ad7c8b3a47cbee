#include "mapping/order_take.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define REMARKS_MAX 50
#define SHOWN_MAX 60 /* characters of a value in a message */

void order_remark(struct reader *r, int line, const char *format, ...)
{
    struct order *o = r->out;
    auto_buf text = BUF_INIT;
    va_list args;

    if (o->n_warnings >= REMARKS_MAX)
        return;
    if (line)
        buf_addf(&text, "in line %d of the file: ", line); /* "line 2:" is a line of the order */
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    o->warnings = xreallocarray(o->warnings, o->n_warnings + 1, sizeof *o->warnings);
    o->warnings[o->n_warnings++] = buf_detach(&text, NULL);
}

void order_refuse(struct reader *r, const xmlNode *node, const char *field, const char *message,
                  const char *advice)
{
    struct error *e = &r->out->error;
    xmlChar *path;

    if (e->message)
        return;
    error_set(e, -EINVAL, "%s", message);
    error_at(e, NULL, order_node_line(node), field);
    path = node ? xmlGetNodePath((xmlNodePtr)node) : NULL;
    error_path(e, (const char *)path);
    xmlFree(path);
    if (advice)
        error_advise(e, "%s", advice);
}

int order_node_line(const xmlNode *node)
{
    if (node && node->type == XML_ATTRIBUTE_NODE)
        node = node->parent;
    return node ? (int)xmlGetLineNo((xmlNodePtr)node) : 0;
}

void field_refuse_missing(struct reader *r, const struct field *f, const xmlNode *at)
{
    auto_buf message = BUF_INIT;
    auto_buf advice = BUF_INIT;

    for (size_t i = 0; i < f->n_sources; i++) {
        const struct source *s = &f->sources[i];
        const char *path = s->path.text ? s->path.text : s->n_parts ? s->parts[0].path.text : NULL;

        if (path)
            buf_addf(&advice, "%s%s", advice.len ? ", " : "the mapping looks for it in: ", path);
    }
    buf_addf(&message, "the field '%s' is required and the file has no value for it", f->name);
    order_refuse(r, at, f->name, buf_str(&message), advice.len ? buf_str(&advice) : NULL);
}

/* The paths of a source, as its author wrote them. */
static void describe_source(const struct source *s, struct buf *out)
{
    switch (s->kind) {
    case SOURCE_FROM:
        buf_add_str(out, s->path.text);
        break;
    case SOURCE_CONSTANT:
        buf_add_str(out, "constant");
        break;
    case SOURCE_DERIVE:
        buf_addf(out, "derived from %s and %s", s->path.text, s->gross.text);
        break;
    case SOURCE_JOIN:
    case SOURCE_SUM:
        for (size_t i = 0; i < s->n_parts; i++)
            buf_addf(out, "%s%s%s%s", i ? " + " : "", s->parts[i].text ? "'" : "",
                     s->parts[i].text ? s->parts[i].text : s->parts[i].path.text,
                     s->parts[i].text ? "'" : "");
        break;
    }
    if (s->per.text)
        buf_addf(out, " per %s", s->per.text);
}

void field_tell(struct reader *r, const struct field *f, const struct source *s, const struct found *v,
                const char *value)
{
    auto_buf source = BUF_INIT;

    if (!r->trace || !r->trace->value)
        return;
    if (s)
        describe_source(s, &source);
    r->trace->value(r->trace->arg, &(struct order_value){
                                       .order = r->index,
                                       .place = r->place ? r->place : "",
                                       .field = f->name,
                                       .source = s ? buf_str(&source) : "default",
                                       .mapping_line = s ? s->line : f->line,
                                       .file_line = s ? order_node_line(v->node) : 0,
                                       .raw = s ? buf_str(&v->raw) : value,
                                       .value = value,
                                   });
}

bool field_present(const struct field *f)
{
    return f->line != 0;
}

char *order_text(struct reader *r, const struct field *f, xmlNodePtr at, char **raw)
{
    struct found v = {0};
    const struct source *from = NULL;
    char *text = NULL;

    if (!field_present(f))
        return NULL;
    for (size_t i = 0; i < f->n_sources && v.text.len == 0; i++) {
        from = &f->sources[i];
        found_take(r, from, at, &v);
    }
    if (v.text.len) {
        field_tell(r, f, from, &v, buf_str(&v.text));
        if (raw)
            *raw = buf_detach(&v.raw, NULL);
        text = buf_detach(&v.text, NULL);
    } else if (f->fallback && *f->fallback) {
        text = xstrdup(f->fallback);
        field_tell(r, f, NULL, &v, text);
    } else if (f->required) {
        field_refuse_missing(r, f, at);
    }
    found_release(&v);
    return text;
}

int field_shown(const char *text)
{
    return (int)text_utf8_prefix(text, strlen(text), SHOWN_MAX);
}

char *order_date(struct reader *r, const struct field *f, xmlNodePtr at)
{
    struct found v = {0};
    char date[CLOCK_SQL_LEN + 1];
    char *result = NULL;
    bool refused = false;

    if (!field_present(f))
        return NULL;
    for (size_t i = 0; i < f->n_sources && !result; i++) {
        found_take(r, &f->sources[i], at, &v);
        if (v.text.len == 0)
            continue;
        switch (clock_parse_date(buf_str(&v.text), f->sources[i].month_first, date)) {
        case 0:
            result = xstrdup(date);
            field_tell(r, f, &f->sources[i], &v, date);
            break;
        case 1:
            break;
        default:
            refused = true;
            order_remark(r, order_node_line(v.node), "%s: '%.*s' is not a date that exists; left out",
                         f->name, field_shown(buf_str(&v.raw)), buf_str(&v.raw));
        }
    }
    if (!result && !refused && f->fallback && clock_parse_date(f->fallback, false, date) == 0)
        result = xstrdup(date);
    if (!result && f->required)
        field_refuse_missing(r, f, v.node ? v.node : at);
    found_release(&v);
    return result;
}

int order_flag(struct reader *r, const struct field *f, xmlNodePtr at)
{
    struct found v = {0};
    int flag = -1;

    if (!field_present(f))
        return -1;
    for (size_t i = 0; i < f->n_sources && flag < 0; i++) {
        found_take(r, &f->sources[i], at, &v);
        if (v.text.len == 0)
            continue;
        flag = order_flag_word(buf_str(&v.text));
        if (flag < 0)
            order_remark(r, order_node_line(v.node), "%s: '%.*s' is neither yes nor no; left out", f->name,
                         field_shown(buf_str(&v.raw)), buf_str(&v.raw));
        else
            field_tell(r, f, &f->sources[i], &v, flag ? "yes" : "no");
    }
    if (flag < 0 && f->fallback) {
        flag = order_flag_word(f->fallback);
        field_tell(r, f, NULL, &v, flag == 1 ? "yes" : "no");
    }
    if (flag < 0 && f->required)
        field_refuse_missing(r, f, at);
    found_release(&v);
    return flag;
}
