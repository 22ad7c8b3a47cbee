/* INI text, as Torgsoft's shops write their .sal files. Not by the library that reads our configuration: that
 * one cuts lines at 200 bytes and takes a ';' in a customer's remark for a comment. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "order/front.h"

#define INI_ENCODING "WINDOWS-1251" /* what the .sal files are in that are not UTF-8 */

static void trim(char **s, size_t *len)
{
    while (*len && strchr(" \t\r", (*s)[*len - 1]))
        (*len)--;
    while (*len && strchr(" \t", **s)) {
        (*s)++;
        (*len)--;
    }
}

static xmlNodePtr add_section(struct front_tree *t, xmlNodePtr root, const char *name, int line)
{
    xmlNodePtr node;

    if (xmlValidateNCName(BAD_CAST name, 0) == 0)
        return front_add(t, root, name, NULL, line);
    node = front_add(t, root, "section", NULL, line);
    if (node)
        xmlNewProp(node, BAD_CAST "name", BAD_CAST name);
    return node;
}

static int bad_line(struct error *err, int line)
{
    int rc = error_set(err, -EINVAL, "the line is neither [section] nor key=value");

    error_at(err, NULL, line, NULL);
    return rc;
}

/* One line, NUL behind it. */
static int take_line(struct front_tree *t, xmlNodePtr root, xmlNodePtr *section, char *s, size_t len,
                     int line)
{
    char *sign, *value;
    size_t name_len, value_len;

    trim(&s, &len);
    s[len] = '\0';
    if (len == 0 || *s == ';' || *s == '#')
        return 0;
    if (*s == '[' && s[len - 1] == ']') {
        s[len - 1] = '\0';
        *section = add_section(t, root, s + 1, line);
        return *section ? 0 : -E2BIG;
    }
    sign = strchr(s, '=');
    if (!sign || sign == s || !*section)
        return bad_line(t->err, line);
    value = sign + 1;
    value_len = len - (size_t)(value - s);
    name_len = (size_t)(sign - s);
    trim(&s, &name_len);
    trim(&value, &value_len);
    s[name_len] = '\0';
    value[value_len] = '\0';
    return front_add(t, *section, s, value, line) ? 0 : -E2BIG;
}

int front_ini(xmlDocPtr *out, const char *data, size_t len, const struct order_limits *limits,
              struct error *err)
{
    struct front_tree tree = {0};
    auto_buf text = BUF_INIT;
    xmlNodePtr root, section = NULL;
    int line = 1;
    int rc = front_utf8(&text, data, len, INI_ENCODING, err);

    if (rc < 0)
        return rc;
    root = front_tree_init(&tree, "ini", limits, err);
    rc = root ? 0 : -ENOMEM;
    for (char *s = text.data, *end = s + text.len, *next; rc == 0 && s < end; s = next, line++) {
        char *eol = memchr(s, '\n', (size_t)(end - s));

        next = eol ? eol + 1 : end;
        rc = take_line(&tree, root, &section, s, (size_t)((eol ? eol : end) - s), line);
    }
    if (rc < 0) {
        xmlFreeDoc(tree.doc);
        return rc;
    }
    *out = tree.doc;
    return 0;
}
