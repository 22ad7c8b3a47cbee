#include "mapping/value_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* "name(arguments)": arguments NULL without parentheses. */
static int split(const char *text, char **name, char **arguments)
{
    size_t len = strlen(text), at = strcspn(text, "(");

    *arguments = NULL;
    if (at < len) {
        if (text[len - 1] != ')')
            return -EINVAL;
        *arguments = xstrndup(text + at + 1, len - at - 2);
    }
    *name = xstrndup(text, at);
    return 0;
}

static int parse_decimal(struct value_format *f, const char *arguments)
{
    char *end;
    long places;

    f->kind = FORMAT_DECIMAL;
    if (!arguments) {
        f->places = FORMAT_PLACES_MAX;
        f->trim = true;
        return 0;
    }
    places = strtol(arguments, &end, 10);
    if (end == arguments || places < 0 || places > FORMAT_PLACES_MAX)
        return -EINVAL;
    f->places = (int)places;
    f->trim = strcmp(end, ",trim") == 0 || strcmp(end, ", trim") == 0;
    return *end == '\0' || f->trim ? 0 : -EINVAL;
}

static int parse_boolean(struct value_format *f, const char *arguments)
{
    const char *comma;

    f->kind = FORMAT_BOOLEAN;
    if (!arguments) {
        f->yes = xstrdup("1");
        f->no = xstrdup("0");
        return 0;
    }
    comma = strchr(arguments, ',');
    if (!comma)
        return -EINVAL;
    f->yes = xstrndup(arguments, (size_t)(comma - arguments));
    f->no = xstrdup(comma + 1);
    return 0;
}

int value_format_parse(struct value_format *f, const char *text, struct error *err)
{
    char *name = NULL, *arguments = NULL;
    int rc = split(text, &name, &arguments);

    if (rc == 0) {
        if (strcmp(name, "decimal") == 0) {
            rc = parse_decimal(f, arguments);
        } else if (strcmp(name, "boolean") == 0) {
            rc = parse_boolean(f, arguments);
        } else if (strcmp(name, "date") == 0 || (strcmp(name, "datetime") == 0 && !arguments)) {
            f->kind = FORMAT_DATE;
            f->pattern = xstrdup(arguments ? arguments : name[4] ? "%Y-%m-%d %H:%M:%S" : "%Y-%m-%d");
            rc = *f->pattern && strlen(f->pattern) < 100 ? 0 : -EINVAL;
        } else if (strcmp(name, "integer") == 0 && !arguments) {
            f->kind = FORMAT_INTEGER;
        } else if (strcmp(name, "text") == 0 && !arguments) {
            f->kind = FORMAT_TEXT;
        } else {
            rc = -EINVAL;
        }
    }
    free(name);
    free(arguments);
    if (rc) {
        error_set(err, rc, "'%s' is not a format", text);
        error_advise(err,
                     "formats are decimal(2), decimal(2,trim), integer, date, date(%%Y-%%m-%%d), datetime, "
                     "boolean(yes,no) and text");
    }
    return rc;
}

void value_format_settle(struct value_format *f)
{
    size_t n = f->escape_chars ? strlen(f->escape_chars) : 0;
    bool one = n && strlen(f->escape_with) == 1; /* an escape of one character is itself escaped */

    f->plain = !f->strip_html && !f->newlines && !f->limit && !f->url && !f->escape_chars;
    f->only_escapes =
        n && n + one <= TEXT_SET_MAX && !f->strip_html && !f->newlines && !f->limit && !f->url;
    if (f->only_escapes) {
        char set[TEXT_SET_MAX];

        memcpy(set, f->escape_chars, n);
        if (one)
            set[n++] = *f->escape_with;
        text_set_init(&f->escape_set, set, n);
    }
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool value_format_equal(const struct value_format *a, const struct value_format *b)
{
    return a->kind == b->kind && a->places == b->places && a->trim == b->trim &&
           a->decimal_sign == b->decimal_sign && same(a->pattern, b->pattern) && a->local == b->local &&
           same(a->yes, b->yes) && same(a->no, b->no) && a->strip_html == b->strip_html &&
           same(a->newlines, b->newlines) && a->limit == b->limit && a->url == b->url &&
           same(a->escape_chars, b->escape_chars) && same(a->escape_with, b->escape_with);
}

void value_format_release(struct value_format *f)
{
    free(f->pattern);
    free(f->yes);
    free(f->no);
    free(f->newlines);
    free(f->escape_chars);
    free(f->escape_with);
}
