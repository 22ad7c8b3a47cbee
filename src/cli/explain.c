#include "cli/explain.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "order/decide.h"

struct explain {
    struct buf *out;    /* the mappings that were asked */
    struct buf *values; /* of each order */
    size_t n_values;
    char *chosen;
};

static void on_asked(void *arg, const struct order_map *map, bool fits)
{
    struct explain *x = arg;

    buf_addf(x->out, "  %-16s %s  ", order_map_name(map), fits ? "yes" : "no ");
    order_map_conditions(map, x->out);
    buf_addf(x->out, "%s\n", fits && x->chosen ? "  (an earlier one reads the file)" : "");
    if (fits && !x->chosen)
        x->chosen = xasprintf("%s (%s, %s)\n  %s", order_map_name(map), order_map_title(map),
                              order_map_evidence(map), order_map_file(map));
}

static void on_value(void *arg, const struct order_value *v)
{
    struct explain *x = arg;
    struct buf *b;
    char *name = xasprintf("%s%s%s", v->place, *v->place ? ", " : "", v->field);

    if (v->order >= x->n_values) {
        x->values = xreallocarray(x->values, v->order + 1, sizeof *x->values);
        memset(&x->values[x->n_values], 0, (v->order + 1 - x->n_values) * sizeof *x->values);
        x->n_values = v->order + 1;
    }
    b = &x->values[v->order];
    buf_addf(b, "  %-26s ", name);
    text_shown(b, v->value);
    if (strcmp(v->raw, v->value) != 0) {
        buf_add_str(b, "   from '");
        text_shown(b, v->raw);
        buf_add_char(b, '\'');
    }
    if (v->file_line)
        buf_addf(b, "   line %d", v->file_line);
    buf_addf(b, "   by %s (mapping line %d)\n", v->source, v->mapping_line);
    free(name);
}

static void add_order(struct buf *out, const struct order *o, size_t index, const struct buf *values)
{
    buf_addf(out, "\n%s %zu", order_kind_name(o->kind), index + 1);
    if (o->line)
        buf_addf(out, ", line %d of the file", o->line);
    buf_add_str(out, ":\n");
    if (values)
        buf_add(out, buf_str(values), values->len);
    for (size_t i = 0; i < o->n_unmapped; i++) {
        buf_addf(out, "  kept, no field: %s = ", o->unmapped[i].path);
        text_shown(out, o->unmapped[i].value);
        buf_add_char(out, '\n');
    }
    for (size_t i = 0; i < o->n_warnings; i++)
        buf_addf(out, "  remark: %s\n", o->warnings[i]);
    if (o->error.message) {
        buf_add_str(out, "  refused: ");
        error_format(&o->error, out);
        if (o->error.path)
            buf_addf(out, " (%s)", o->error.path);
        buf_add_char(out, '\n');
    }
}

void explain_file(struct buf *out, const void *data, size_t len, struct order_map *const *maps, size_t n_maps,
                  const struct order_limits *limits)
{
    struct explain x = {.out = out};
    struct order_trace trace = {.arg = &x, .asked = on_asked, .value = on_value};
    struct order_file file = {0};
    struct error err = ERROR_INIT;
    int rc;

    buf_add_str(out, "mappings asked, and what they look for:\n");
    rc = order_parse_traced(&file, data, len, maps, n_maps, limits, &trace, &err);
    for (size_t i = 0; i < n_maps; i++)
        if (order_map_base(maps[i]) && n_maps > 1)
            buf_addf(out, "  %-16s --   another name of %s\n", order_map_name(maps[i]),
                     order_map_base(maps[i]));
    if (x.chosen)
        buf_addf(out, "read by: %s\n", x.chosen);
    if (rc < 0) {
        buf_add_str(out, "cannot be read: ");
        error_format(&err, out);
        buf_add_char(out, '\n');
    } else if (file.seen) {
        buf_addf(out, "no order; the file holds %s\n", file.seen);
    }
    for (size_t i = 0; rc == 0 && i < file.n_orders; i++)
        add_order(out, &file.orders[i], i, i < x.n_values ? &x.values[i] : NULL);
    for (size_t i = 0; i < x.n_values; i++)
        buf_release(&x.values[i]);
    free(x.values);
    free(x.chosen);
    error_release(&err);
    order_file_release(&file);
}
