/* The keys of shop.conf and what their values may be; shop.conf(5) describes them. */
#include "cli/config_internal.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/decimal.h"
#include "base/mem.h"
#include "base/text.h"

/* -- values ---------------------------------------------------------------------------------------------- */

/* Digits and one of the suffixes; units[i] is what suffix i multiplies by. */
static int value_number(struct config_reader *r, const char *key, const char *value, const char *suffixes,
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
        config_fail(r, key, "'%s' is not a number from %llu to %llu", value, (unsigned long long)low,
             (unsigned long long)high);
        if (*suffixes)
            error_advise(r->err, "a letter of %s may follow the number", suffixes);
        return -EINVAL;
    }
    *out = n;
    return 0;
}

static int value_count(struct config_reader *r, const char *key, const char *value, unsigned *out)
{
    uint64_t n;
    int ret = value_number(r, key, value, "", NULL, 1, 1000000, &n);

    if (ret == 0)
        *out = (unsigned)n;
    return ret;
}

static int value_bytes(struct config_reader *r, const char *key, const char *value, uint64_t *out)
{
    static const uint64_t units[] = {1 << 10, 1 << 20, 1 << 30, 1 << 10, 1 << 20, 1 << 30};
    return value_number(r, key, value, "KMGkmg", units, 1024, UINT64_C(1) << 40, out);
}

static int value_seconds(struct config_reader *r, const char *key, const char *value, uint64_t low, uint64_t high,
                         unsigned *out)
{
    static const uint64_t units[] = {1, 60, 3600, 86400};
    uint64_t n;
    int ret = value_number(r, key, value, "smhd", units, low, high, &n);
    if (ret == 0)
        *out = (unsigned)n;
    return ret;
}

static int value_id(struct config_reader *r, const char *key, const char *value, bool group, unsigned *out)
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
        return config_fail(r, key, "no %s '%s' on this system", group ? "group" : "user", value);
    *out = pw ? pw->pw_uid : gr->gr_gid;
    return 0;
}

static int value_mode(struct config_reader *r, const char *key, const char *value, mode_t *out)
{
    size_t n = strlen(value);
    if (n < 3 || n > 5 || strspn(value, "01234567") != n || strtoul(value, NULL, 8) > 07777) {
        config_fail(r, key, "'%s' is not a mode in octal digits", value);
        error_advise(r->err, "for example 03770: group may write, only owners delete");
        return -EINVAL;
    }
    *out = (mode_t)strtoul(value, NULL, 8);
    return 0;
}

/* One of two words; *out: the second. */
static int value_choice(struct config_reader *r, const char *key, const char *value, const char *no, const char *yes,
                        bool *out)
{
    *out = strcmp(value, yes) == 0;
    if (*out || strcmp(value, no) == 0)
        return 0;
    return config_fail(r, key, "'%s' is neither '%s' nor '%s'", value, no, yes);
}

static int value_path(struct config_reader *r, const char *key, const char *value, char **out)
{
    if (!*value)
        return config_fail(r, key, "a path is missing");
    free(*out);
    *out = config_path_join(r->base, value);
    return 0;
}

/* Names of shipped mappings or paths, separated by blanks or commas; kind is the shipped directory's name. */
static int value_mappings(struct config_reader *r, const char *key, const char *value, const char *kind,
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
            config_fail(r, key, "no shipped %s mapping is named '%s'", kind, word);
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
            return config_fail(r, key, "no mapping '%s': %s", path, strerror(errno));
        if (config_list_has(*list, path))
            return config_fail(r, key, "mapping '%s' stands here a second time", word);
        config_list_add(list, steal_pointer(path));
    }
    return 0;
}

/* A quantity, as a whole number of thousandths in text. */
static int value_quantity(struct config_reader *r, const char *key, const char *value, char **out)
{
    int64_t n;
    if (decimal_parse(value, strlen(value), DECIMAL_POINT, QUANTITY_SCALE, &n) < 0 || n < 0)
        return config_fail(r, key, "'%s' is not a quantity, like 2 or 0.5", value);
    *out = xasprintf("%lld", (long long)n);
    return 0;
}

/* What is said of the site's row; whether a code exists is seen when the row is written. */
static int value_setting(struct config_reader *r, enum site_setting setting, const char *value, char **out)
{
    const char *key = site_setting_keys[setting];
    bool yes;
    switch (setting) {
    case SITE_STOCK_BUFFER:
        return value_quantity(r, key, value, out);
    case SITE_VAT_INCLUDED:
        if (value_choice(r, key, value, "no", "yes", &yes) < 0)
            return -EINVAL;
        *out = xstrdup(yes ? "1" : "0");
        return 0;
    case SITE_LANGUAGE:
    case SITE_CURRENCY:
    case SITE_PRICE_LIST:
        if (!*value)
            return config_fail(r, key, "a code is missing");
        break;
    case SITE_URL:
        if (*value && !text_ends_with_nocase(value, "/"))
            return config_fail(r, key, "'%s' does not end in '/'", value);
        break;
    default:
        break;
    }
    *out = xstrdup(value);
    return 0;
}

static int value_warehouses(struct config_reader *r, const char *key, const char *value, struct site_config *site)
{
    auto_free char *copy = xstrdup(value);
    char *save = NULL;
    if (!site->warehouses_line)
        site->warehouses_line = r->line;
    for (char *word = strtok_r(copy, ", \t", &save); word; word = strtok_r(NULL, ", \t", &save)) {
        for (size_t i = 0; i < site->n_warehouses; i++)
            if (strcmp(site->warehouses[i].text, word) == 0)
                return config_fail(r, key, "warehouse '%s' stands here a second time", word);
        site->warehouses =
            xreallocarray(site->warehouses, site->n_warehouses + 1, sizeof *site->warehouses);
        site->warehouses[site->n_warehouses++] = (struct config_word){xstrdup(word), r->line};
    }
    return 0;
}

static int value_directory(struct config_reader *r, const char *key, const char *value, struct site_config *site)
{
    if (!config_directory_ok(value)) {
        config_fail(r, key, "'%s' cannot be a directory's name", value);
        error_advise(r->err, "one name without '/' that does not begin with '.'");
        return -EINVAL;
    }
    site->path = xstrdup(value);
    site->path_line = r->line;
    return 0;
}

/* -- keys ------------------------------------------------------------------------------------------------ */

enum key {
    /* of [shop] */
    CONF_DATABASE,
    CONF_STATE,
    CONF_PICTURES,
    /* of [site NAME] */
    CONF_PATH,
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
    CONF_WAREHOUSES,
    CONF_SETTING, /* and what follows: enum site_setting */
    CONF_COUNT = CONF_SETTING + SITE_SETTINGS,
};

static const char *const key_names[CONF_SETTING] = {
    "database",     "state",     "pictures",     "path",            "exports",       "orders",
    "order-status", "user",      "group",        "mode",            "incoming-mode", "max-upload",
    "max-files",    "max-orders", "max-lines", "linger",          "pending",       "unknown-code",
    "customer-update", "invoices", "warehouses",
};

const char *const site_setting_keys[SITE_SETTINGS] = {
    [SITE_TITLE] = "title",
    [SITE_COMPANY] = "company",
    [SITE_URL] = "url",
    [SITE_PRODUCT_URL] = "product-url",
    [SITE_IMAGE_URL] = "image-url",
    [SITE_EMAIL] = "email",
    [SITE_PHONE] = "phone",
    [SITE_LANGUAGE] = "language",
    [SITE_FALLBACK_LANGUAGE] = "fallback-language",
    [SITE_CURRENCY] = "currency",
    [SITE_PRICE_LIST] = "price-list",
    [SITE_STOCK_BUFFER] = "stock-buffer",
    [SITE_VAT_INCLUDED] = "vat-included",
    [SITE_ORDER_WAREHOUSE] = "order-warehouse",
    [SITE_DEFAULT_CLIENT] = "default-client",
    [SITE_DEFAULT_OBJECT] = "default-object",
    [SITE_DEFAULT_USER] = "default-user",
    [SITE_DEFAULT_EXECUTOR] = "default-executor",
};

static const char *key_name(int key)
{
    return key < CONF_SETTING ? key_names[key] : site_setting_keys[key - CONF_SETTING];
}

static int shop_key(struct config_reader *r, enum key key, const char *value)
{
    struct shop_config *c = r->draft->config;
    c->line_of[key] = r->line;
    char **out = key == CONF_DATABASE ? &c->database : key == CONF_STATE ? &c->state_dir : &c->picture_dir;
    return value_path(r, key_names[key], value, out);
}

static int value_invoices(struct config_reader *r, const char *name, const char *value, struct order_policy *policy)
{
    bool take = false;
    int ret = value_choice(r, name, value, "ignore", "take", &take);
    if (ret == 0)
        policy->invoices = take ? INVOICES_TAKE : INVOICES_IGNORE;
    return ret;
}

static int site_key(struct config_reader *r, enum key key, const char *value)
{
    struct site_config *site = &r->draft->config->sites[r->draft->config->n_sites - 1];
    struct site_given *given = &r->draft->given[r->draft->config->n_sites - 1];
    const char *name = key_name(key);
    uint64_t n = 0;
    int ret;
    if (key >= CONF_SETTING) {
        struct config_word *word = &site->row[key - CONF_SETTING];
        word->line = r->line;
        return value_setting(r, (enum site_setting)(key - CONF_SETTING), value, &word->text);
    }
    switch (key) {
    case CONF_PATH:
        return value_directory(r, name, value, site);
    case CONF_WAREHOUSES:
        return value_warehouses(r, name, value, site);
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

/* "price_list" is as good as "price-list". */
static bool key_is(const char *key, const char *name)
{
    while (*key && (*key == *name || (*key == '-' && *name == '_')))
        key++, name++;
    return *key == *name;
}

int config_key(struct config_reader *r, const char *name, const char *value)
{
    int low = r->in == IN_SHOP ? CONF_DATABASE : CONF_PATH;
    int high = r->in == IN_SHOP ? CONF_PICTURES : CONF_COUNT - 1;
    int key = low;
    while (key <= high && !key_is(key_name(key), name))
        key++;
    if (key > high) {
        auto_buf known = BUF_INIT;
        for (int i = low; i <= high; i++)
            buf_addf(&known, "%s%s", i > low ? ", " : "", key_name(i));
        config_fail(r, NULL, "no key '%s' is known in [%s]", name, r->in == IN_SHOP ? "shop" : "site NAME");
        error_advise(r->err, "keys here are: %s", buf_str(&known));
        return -EINVAL;
    }
    uint64_t *seen = r->in == IN_SHOP ? &r->shop_seen : &r->draft->given[r->draft->config->n_sites - 1].seen;
    bool list = key == CONF_EXPORTS || key == CONF_ORDERS || key == CONF_WAREHOUSES;
    if ((*seen >> key & 1) && !r->continued)
        return config_fail(r, name, "given a second time in this section");
    if (r->continued && (*seen >> key & 1) && !list)
        return config_fail(r, name, "a value on several lines");
    *seen |= UINT64_C(1) << key;
    return r->in == IN_SHOP ? shop_key(r, key, value) : site_key(r, key, value);
}
