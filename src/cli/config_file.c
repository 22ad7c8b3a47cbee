/* The configuration file: its lines, sections, keys and values. The format is described in shop.conf(5). */
#include "cli/config_internal.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <ini.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/text.h"

#define CONFIG_SIZE_MAX (1024 * 1024)
#define SITES_MAX 1000

struct reader {
    const char *text, *end;
    int line;       /* of what was handed to the parser last */
    bool continued; /* that line began with white space: more of the same value */
    char *base;     /* directory of the file */
    struct config_draft *draft;
    enum { IN_NOTHING, IN_SHOP, IN_SITE, IN_STATUS, IN_PAYMENT } in;
    size_t site;        /* IN_STATUS, IN_PAYMENT: whose words */
    uint64_t shop_seen; /* as site_given.seen */
    struct error *err;
    int status; /* the first error; later lines are passed over */
};

static int fail(struct reader *r, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int fail(struct reader *r, const char *field, const char *format, ...)
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
static void word_section(struct reader *r, bool payment, const char *name)
{
    const struct shop_config *c = r->draft->config;
    for (size_t i = 0; i < c->n_sites; i++)
        if (strcmp(c->sites[i].name, name) == 0) {
            r->site = i;
            r->in = payment ? IN_PAYMENT : IN_STATUS;
            return;
        }
    fail(r, NULL, "there is no site '%s' above this line", name);
    error_advise(r->err, "write [site %s] first, then [%s %s]", name, payment ? "payment" : "status", name);
}

/* "[shop]", "[site NAME]", "[status NAME]" or "[payment NAME]"; header points behind the bracket. */
static void section(struct reader *r, const char *header, const char *end)
{
    const char *close = memchr(header, ']', (size_t)(end - header));
    r->in = IN_NOTHING;
    if (!close) {
        fail(r, NULL, "a section header without ']'");
        return;
    }
    auto_buf name = BUF_INIT;
    text_collapse(&name, header, (size_t)(close - header));
    const char *s = buf_str(&name);
    if (strcmp(s, "shop") == 0) {
        r->in = IN_SHOP;
    } else if (strncmp(s, "site ", 5) == 0) {
        s += 5;
        if (!io_name_ok(s) || s[0] == '.' || !text_utf8_valid(s, strlen(s))) {
            fail(r, NULL, "'%s' cannot be a directory's name", s);
            return;
        }
        for (size_t i = 0; i < r->draft->config->n_sites; i++)
            if (strcmp(r->draft->config->sites[i].name, s) == 0) {
                fail(r, NULL, "site '%s' stands here a second time", s);
                return;
            }
        if (r->draft->config->n_sites >= SITES_MAX) {
            fail(r, NULL, "more than %d sites", SITES_MAX);
            return;
        }
        config_site_add(r->draft, xstrdup(s));
        r->in = IN_SITE;
    } else if (strncmp(s, "status ", 7) == 0) {
        word_section(r, false, s + 7);
    } else if (strncmp(s, "payment ", 8) == 0) {
        word_section(r, true, s + 8);
    } else if (strcmp(s, "site") == 0) {
        fail(r, NULL, "a site without a name");
        error_advise(r->err, "write [site NAME] with the name of the row in table site");
    } else {
        fail(r, NULL, "no section '%s' is known", s);
        error_advise(r->err, "sections are [shop], [site NAME], [status NAME] and [payment NAME]");
    }
}

/* inih's line source. Sections are handled here: the parser tells only of those that have keys and cuts long
 * names. An error ends the text. */
static char *next_line(char *out, int size, void *arg)
{
    struct reader *r = arg;
    if (r->text >= r->end || r->status)
        return NULL;
    const char *nl = memchr(r->text, '\n', (size_t)(r->end - r->text));
    const char *stop = nl ? nl + 1 : r->end;
    size_t len = (size_t)(stop - r->text);
    r->line++;
    if (len >= (size_t)size) {
        fail(r, NULL, "a line of %zu bytes; at most %d are read", len, size - 1);
        error_advise(r->err, "continue lists on further lines that begin with a space");
        return NULL;
    }
    r->continued = len && isblank((unsigned char)r->text[0]);
    const char *first = r->text;
    while (first < stop && isspace((unsigned char)*first))
        first++;
    if (first < stop && *first == '[' && r->continued)
        fail(r, NULL, "a section header that does not begin its line");
    else if (first < stop && *first == '[')
        section(r, first + 1, stop);
    if (r->status)
        return NULL;
    memcpy(out, r->text, len);
    out[len] = '\0';
    r->text = stop;
    return out;
}

/* -- values ---------------------------------------------------------------------------------------------- */

/* Digits and one of the suffixes; units[i] is what suffix i multiplies by. */
static int value_number(struct reader *r, const char *key, const char *value, const char *suffixes,
                        const uint64_t *units, uint64_t low, uint64_t high, uint64_t *out)
{
    uint64_t n = 0;
    const char *p = value;
    bool ok = isdigit((unsigned char)*p);
    for (; isdigit((unsigned char)*p); p++)
        ok = ok && !__builtin_mul_overflow(n, 10, &n) && !__builtin_add_overflow(n, (uint64_t)(*p - '0'), &n);
    if (ok && *p) {
        const char *suffix = strchr(suffixes, *p);
        ok = suffix && p[1] == '\0' && !__builtin_mul_overflow(n, units[suffix - suffixes], &n);
    }
    if (!ok || n < low || n > high) {
        fail(r, key, "'%s' is not a number from %llu to %llu", value, (unsigned long long)low,
             (unsigned long long)high);
        if (*suffixes)
            error_advise(r->err, "a letter of %s may follow the number", suffixes);
        return -EINVAL;
    }
    *out = n;
    return 0;
}

static int value_count(struct reader *r, const char *key, const char *value, unsigned *out)
{
    uint64_t n;
    int ret = value_number(r, key, value, "", NULL, 1, 1000000, &n);

    if (ret == 0)
        *out = (unsigned)n;
    return ret;
}

static int value_bytes(struct reader *r, const char *key, const char *value, uint64_t *out)
{
    static const uint64_t units[] = {1 << 10, 1 << 20, 1 << 30, 1 << 10, 1 << 20, 1 << 30};
    return value_number(r, key, value, "KMGkmg", units, 1024, UINT64_C(1) << 40, out);
}

static int value_seconds(struct reader *r, const char *key, const char *value, uint64_t low, uint64_t high,
                         unsigned *out)
{
    static const uint64_t units[] = {1, 60, 3600, 86400};
    uint64_t n;
    int ret = value_number(r, key, value, "smhd", units, low, high, &n);
    if (ret == 0)
        *out = (unsigned)n;
    return ret;
}

static int value_id(struct reader *r, const char *key, const char *value, bool group, unsigned *out)
{
    if (isdigit((unsigned char)value[0])) {
        uint64_t n;
        int ret = value_number(r, key, value, "", NULL, 0, UINT32_MAX - 1, &n);
        if (ret == 0)
            *out = (unsigned)n;
        return ret;
    }
    struct passwd *pw = group ? NULL : getpwnam(value);
    struct group *gr = group ? getgrnam(value) : NULL;
    if (!pw && !gr)
        return fail(r, key, "no %s '%s' on this system", group ? "group" : "user", value);
    *out = pw ? pw->pw_uid : gr->gr_gid;
    return 0;
}

static int value_mode(struct reader *r, const char *key, const char *value, mode_t *out)
{
    size_t n = strlen(value);
    if (n < 3 || n > 5 || strspn(value, "01234567") != n || strtoul(value, NULL, 8) > 07777) {
        fail(r, key, "'%s' is not a mode in octal digits", value);
        error_advise(r->err, "for example 03770: group may write, only owners delete");
        return -EINVAL;
    }
    *out = (mode_t)strtoul(value, NULL, 8);
    return 0;
}

/* One of two words; *out: the second. */
static int value_choice(struct reader *r, const char *key, const char *value, const char *no, const char *yes,
                        bool *out)
{
    *out = strcmp(value, yes) == 0;
    if (*out || strcmp(value, no) == 0)
        return 0;
    return fail(r, key, "'%s' is neither '%s' nor '%s'", value, no, yes);
}

static int value_path(struct reader *r, const char *key, const char *value, char **out)
{
    if (!*value)
        return fail(r, key, "a path is missing");
    free(*out);
    *out = config_path_join(r->base, value);
    return 0;
}

/* Names of shipped mappings or paths, separated by blanks or commas; kind is the shipped directory's name. */
static int value_mappings(struct reader *r, const char *key, const char *value, const char *kind,
                          char ***list)
{
    auto_free char *copy = xstrdup(value);
    char *save = NULL;
    if (!*list)
        *list = xcalloc(1, sizeof **list);
    for (char *word = strtok_r(copy, ", \t", &save); word; word = strtok_r(NULL, ", \t", &save)) {
        bool shipped = !strchr(word, '/') && !text_ends_with_nocase(word, ".xml");
        auto_free char *path = shipped ? config_shipped_path(kind, word) : config_path_join(r->base, word);
        if (access(path, F_OK) != 0 && shipped) {
            fail(r, key, "no shipped %s mapping is named '%s'", kind, word);
            auto_buf names = BUF_INIT;
            char **known = config_shipped_names(kind);
            for (size_t i = 0; known && known[i]; i++)
                buf_addf(&names, "%s%s", i ? ", " : "", known[i]);
            config_list_free(known);
            error_advise(r->err, "shipped are: %s; a file of your own is given with its '.xml'",
                         buf_str(&names));
            return -EINVAL;
        }
        if (access(path, F_OK) != 0)
            return fail(r, key, "no mapping '%s': %s", path, strerror(errno));
        if (config_list_has(*list, path))
            return fail(r, key, "mapping '%s' stands here a second time", word);
        config_list_add(list, steal_pointer(path));
    }
    return 0;
}

/* -- keys ------------------------------------------------------------------------------------------------ */

enum key {
    /* of [shop] */
    CONF_DATABASE,
    CONF_STATE,
    CONF_PICTURES,
    /* of [site NAME] */
    CONF_EXPORTS,
    CONF_ORDERS,
    CONF_ORDER_STATUS,
    CONF_USER,
    CONF_GROUP,
    CONF_MODE,
    CONF_INCOMING_MODE,
    CONF_MAX_UPLOAD,
    CONF_MAX_FILES,
    CONF_MAX_ORDERS,
    CONF_MAX_LINES,
    CONF_LINGER,
    CONF_PENDING,
    CONF_UNKNOWN_CODE,
    CONF_CUSTOMER_UPDATE,
    CONF_INVOICES,
    CONF_COUNT,
};

static const char *const key_names[CONF_COUNT] = {
    "database", "state",   "pictures",      "exports",         "orders",    "order-status", "user",
    "group",    "mode",    "incoming-mode", "max-upload",      "max-files", "max-orders",   "max-lines",
    "linger",   "pending", "unknown-code",  "customer-update", "invoices",
};

static int shop_key(struct reader *r, enum key key, const char *value)
{
    struct shop_config *c = r->draft->config;
    c->line_of[key] = r->line;
    char **out = key == CONF_DATABASE ? &c->database : key == CONF_STATE ? &c->state_dir : &c->picture_dir;
    return value_path(r, key_names[key], value, out);
}

static int value_invoices(struct reader *r, const char *name, const char *value, struct order_policy *policy)
{
    bool take = false;
    int ret = value_choice(r, name, value, "ignore", "take", &take);
    if (ret == 0)
        policy->invoices = take ? INVOICES_TAKE : INVOICES_IGNORE;
    return ret;
}

static int site_key(struct reader *r, enum key key, const char *value)
{
    struct site_config *site = &r->draft->config->sites[r->draft->config->n_sites - 1];
    struct site_given *given = &r->draft->given[r->draft->config->n_sites - 1];
    const char *name = key_names[key];
    uint64_t n = 0;
    int ret;
    switch (key) {
    case CONF_EXPORTS:
        given->exports = true;
        return value_mappings(r, name, value, "export", &site->exports);
    case CONF_ORDERS:
        given->orders = true;
        return value_mappings(r, name, value, "order", &site->order_mappings);
    case CONF_ORDER_STATUS:
        return value_choice(r, name, value, "yes", "no", &site->no_order_status);
    case CONF_USER:
        ret = value_id(r, name, value, false, &site->uid);
        struct passwd *pw = ret == 0 ? getpwuid(site->uid) : NULL;
        given->primary_gid = pw ? pw->pw_gid : 0;
        return ret;
    case CONF_GROUP:
        given->group = true;
        return value_id(r, name, value, true, &site->gid);
    case CONF_MODE:
        given->top_mode = true;
        return value_mode(r, name, value, &site->mode);
    case CONF_INCOMING_MODE:
        given->mode = true;
        return value_mode(r, name, value, &site->incoming_mode);
    case CONF_MAX_UPLOAD:
        ret = value_bytes(r, name, value, &n);
        if (ret == 0)
            site->limits.bytes = (size_t)n;
        return ret;
    case CONF_MAX_FILES:
        return value_count(r, name, value, &site->max_files);
    case CONF_MAX_ORDERS:
        return value_count(r, name, value, &site->limits.orders);
    case CONF_MAX_LINES:
        return value_count(r, name, value, &site->limits.lines);
    case CONF_LINGER:
        return value_seconds(r, name, value, 5, 3600, &site->linger_s);
    case CONF_PENDING:
        return value_seconds(r, name, value, 60, 365 * 86400, &site->pending_s);
    case CONF_UNKNOWN_CODE:
        return value_choice(r, name, value, "keep", "refuse", &site->policy.refuse_unknown_code);
    case CONF_CUSTOMER_UPDATE:
        return value_choice(r, name, value, "fill", "overwrite", &site->policy.overwrite_customer);
    case CONF_INVOICES:
        return value_invoices(r, name, value, &site->policy);
    default:
        abort();
    }
}

static int shop_word(struct reader *r, const char *word, const char *value)
{
    struct site_config *site = &r->draft->config->sites[r->site];
    if (r->continued)
        return fail(r, word, "a value on several lines");
    bool payment = r->in == IN_PAYMENT;
    int ret = payment ? order_policy_add_payment(&site->policy, word, value)
                      : order_policy_add_word(&site->policy, word, value);
    if (ret == -EEXIST)
        return fail(r, word, "given a second time in this section");
    if (ret < 0) {
        fail(r, word, "'%s' is not what a %s word can mean", value, payment ? "payment" : "status");
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
    struct reader *r = arg;
    (void)ignored;
    if (r->status)
        return 0;
    if (r->in == IN_NOTHING) {
        fail(r, name, "a key before any section");
        error_advise(r->err, "begin with [shop]");
        return 0;
    }
    if (r->in == IN_STATUS || r->in == IN_PAYMENT)
        return shop_word(r, name, value) == 0;
    int low = r->in == IN_SHOP ? CONF_DATABASE : CONF_EXPORTS;
    int high = r->in == IN_SHOP ? CONF_PICTURES : CONF_COUNT - 1;
    int key = low;
    while (key <= high && strcmp(key_names[key], name) != 0)
        key++;
    if (key > high) {
        auto_buf known = BUF_INIT;
        for (int i = low; i <= high; i++)
            buf_addf(&known, "%s%s", i > low ? ", " : "", key_names[i]);
        fail(r, NULL, "no key '%s' is known in [%s]", name, r->in == IN_SHOP ? "shop" : "site NAME");
        error_advise(r->err, "keys here are: %s", buf_str(&known));
        return 0;
    }
    uint64_t *seen = r->in == IN_SHOP ? &r->shop_seen : &r->draft->given[r->draft->config->n_sites - 1].seen;
    bool list = key == CONF_EXPORTS || key == CONF_ORDERS;
    if ((*seen >> key & 1) && !r->continued)
        return fail(r, name, "given a second time in this section") == 0;
    if (r->continued && (*seen >> key & 1) && !list)
        return fail(r, name, "a value on several lines") == 0;
    *seen |= UINT64_C(1) << key;
    int ret = r->in == IN_SHOP ? shop_key(r, key, value) : site_key(r, key, value);
    return ret == 0;
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

static int read_ini(struct reader *r, int fd)
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
        fail(r, NULL, "neither a section, a 'key = value' nor a comment");
        return r->status;
    }
    if (!c->database) {
        r->line = 0;
        fail(r, NULL, "no database is named");
        error_advise(r->err, "write 'database = shop.db' below [shop]");
        return r->status;
    }
    return 0;
}

int config_read_file(struct config_draft *draft, int fd, struct error *err)
{
    struct reader r = {.draft = draft, .err = err};
    int ret = read_ini(&r, fd);
    free(r.base);
    return ret;
}
