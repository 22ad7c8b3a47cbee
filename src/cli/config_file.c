/* The configuration file: its lines and sections. The format is described in shop.conf(5). */
#include "cli/config_internal.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/text.h"

#define CONFIG_SIZE_MAX (1024 * 1024)
#define SITES_MAX 1000

int config_fail(struct config_reader *r, const char *field, const char *format, ...)
{
    auto_buf text = BUF_INIT;
    va_list args;
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    r->status = error_set(r->err, -EINVAL, "%s", buf_str(&text));
    error_at(r->err, r->draft->config->source, r->line, field);
    return r->status;
}

/* "[status NAME]", "[payment NAME]": words of a site above. */
static void word_section(struct config_reader *r, bool payment, const char *name)
{
    const struct shop_config *c = r->draft->config;
    for (size_t i = 0; i < c->n_sites; i++)
        if (strcmp(c->sites[i].name, name) == 0) {
            r->site = i;
            r->in = payment ? IN_PAYMENT : IN_STATUS;
            return;
        }
    config_fail(r, NULL, "there is no site '%s' above this line", name);
    error_advise(r->err, "write [site %s] first, then [%s %s]", name, payment ? "payment" : "status", name);
}

/* "[shop]", "[site NAME]", "[status NAME]" or "[payment NAME]"; header points behind the bracket. */
static void section(struct config_reader *r, const char *header, const char *end)
{
    const char *close = memchr(header, ']', (size_t)(end - header));
    r->in = IN_NOTHING;
    if (!close) {
        config_fail(r, NULL, "a section header without ']'");
        return;
    }
    auto_buf name = BUF_INIT;
    text_collapse(&name, header, (size_t)(close - header));
    const char *s = buf_str(&name);
    if (strcmp(s, "shop") == 0) {
        r->in = IN_SHOP;
    } else if (strncmp(s, "site ", 5) == 0) {
        s += 5;
        if (!config_directory_ok(s)) {
            config_fail(r, NULL, "'%s' cannot be a directory's name", s);
            return;
        }
        for (size_t i = 0; i < r->draft->config->n_sites; i++)
            if (strcmp(r->draft->config->sites[i].name, s) == 0) {
                config_fail(r, NULL, "site '%s' stands here a second time", s);
                return;
            }
        if (r->draft->config->n_sites >= SITES_MAX) {
            config_fail(r, NULL, "more than %d sites", SITES_MAX);
            return;
        }
        config_site_add(r->draft, xstrdup(s))->line = r->line;
        r->in = IN_SITE;
    } else if (strncmp(s, "status ", 7) == 0) {
        word_section(r, false, s + 7);
    } else if (strncmp(s, "payment ", 8) == 0) {
        word_section(r, true, s + 8);
    } else if (strcmp(s, "site") == 0) {
        config_fail(r, NULL, "a site without a name");
        error_advise(r->err, "write [site NAME] with the name of the row in table site");
    } else {
        config_fail(r, NULL, "no section '%s' is known", s);
        error_advise(r->err, "sections are [shop], [site NAME], [status NAME] and [payment NAME]");
    }
}

/* inih's line source. Sections are handled here: the parser tells only of those that have keys and cuts long
 * names. An error ends the text. */
static char *next_line(char *out, int size, void *arg)
{
    struct config_reader *r = arg;
    if (r->text >= r->end || r->status)
        return NULL;
    const char *nl = memchr(r->text, '\n', (size_t)(r->end - r->text));
    const char *stop = nl ? nl + 1 : r->end;
    size_t len = (size_t)(stop - r->text);
    r->line++;
    if (len >= (size_t)size) {
        config_fail(r, NULL, "a line of %zu bytes; at most %d are read", len, size - 1);
        error_advise(r->err, "continue lists on further lines that begin with a space");
        return NULL;
    }
    r->continued = len && isblank((unsigned char)r->text[0]);
    const char *first = r->text;
    while (first < stop && isspace((unsigned char)*first))
        first++;
    if (first < stop && *first == '[' && r->continued)
        config_fail(r, NULL, "a section header that does not begin its line");
    else if (first < stop && *first == '[')
        section(r, first + 1, stop);
    if (r->status)
        return NULL;
    memcpy(out, r->text, len);
    out[len] = '\0';
    r->text = stop;
    return out;
}

bool config_directory_ok(const char *name)
{
    return io_name_ok(name) && name[0] != '.' && text_utf8_valid(name, strlen(name));
}

static int shop_word(struct config_reader *r, const char *word, const char *value)
{
    struct site_config *site = &r->draft->config->sites[r->site];
    if (r->continued)
        return config_fail(r, word, "a value on several lines");
    bool payment = r->in == IN_PAYMENT;
    int ret = payment ? order_policy_add_payment(&site->policy, word, value)
                      : order_policy_add_word(&site->policy, word, value);
    if (ret == -EEXIST)
        return config_fail(r, word, "given a second time in this section");
    if (ret < 0) {
        config_fail(r, word, "'%s' is not what a %s word can mean", value, payment ? "payment" : "status");
        error_advise(r->err, payment
                                 ? "write unpaid, partly, paid or refunded"
                                 : "write new, accepted, paid, packed, shipped, delivered, cancelled or "
                                   "returned, and marked-paid or marked-unpaid where the word tells of the "
                                   "money");
    }
    return ret;
}

/* inih calls this for each "key = value", and again for each line that continues the value. */
static int pair(void *arg, const char *ignored, const char *name, const char *value)
{
    struct config_reader *r = arg;
    (void)ignored;
    if (r->status)
        return 0;
    if (r->in == IN_NOTHING) {
        config_fail(r, name, "a key before any section");
        error_advise(r->err, "begin with [shop]");
        return 0;
    }
    if (r->in == IN_STATUS || r->in == IN_PAYMENT)
        return shop_word(r, name, value) == 0;
    return config_key(r, name, value) == 0;
}

/* -- the file -------------------------------------------------------------------------------------------- */

/* A configuration begins, after comments and empty lines, with a section. */
static bool looks_like_ini(const char *text, size_t len)
{
    if (memchr(text, '\0', len) || !text_utf8_valid(text, len))
        return false;
    const char *end = text + len;
    if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        text += 3;
    while (text < end) {
        if (isspace((unsigned char)*text)) {
            text++;
        } else if (*text == ';' || *text == '#') {
            const char *nl = memchr(text, '\n', (size_t)(end - text));
            text = nl ? nl : end;
        } else {
            const char *nl = memchr(text, '\n', (size_t)(end - text));
            size_t line = (size_t)((nl ? nl : end) - text);
            return *text == '[' || (isalpha((unsigned char)*text) && memchr(text, '=', line));
        }
    }
    return false;
}

static int read_ini(struct config_reader *r, int fd)
{
    auto_buf text = BUF_INIT;
    struct shop_config *c = r->draft->config;
    int ret = io_read_fd(fd, CONFIG_SIZE_MAX, &text);
    if (ret == -EFBIG || (ret == 0 && !looks_like_ini(buf_str(&text), text.len)))
        return error_set(r->err, -EUCLEAN, "'%s' is neither a shop database nor a configuration file",
                         c->source);
    if (ret < 0)
        return error_set(r->err, ret, "cannot read '%s': %s", c->source, strerror(-ret));
    r->text = buf_str(&text);
    r->end = r->text + text.len;
    if (text.len >= 3 && memcmp(r->text, "\xEF\xBB\xBF", 3) == 0)
        r->text += 3;
    r->base = config_path_directory(c->source);
    int bad = ini_parse_stream(next_line, r, pair, r);
    if (r->status)
        return r->status;
    if (bad != 0) {
        r->line = bad > 0 ? bad : 0;
        config_fail(r, NULL, "neither a section, a 'key = value' nor a comment");
        return r->status;
    }
    if (!c->database) {
        r->line = 0;
        config_fail(r, NULL, "no database is named");
        error_advise(r->err, "write 'database = shop.db' below [shop]");
        return r->status;
    }
    return 0;
}

int config_read_file(struct config_draft *draft, int fd, struct error *err)
{
    struct config_reader r = {.draft = draft, .err = err};
    int ret = read_ini(&r, fd);
    free(r.base);
    return ret;
}
