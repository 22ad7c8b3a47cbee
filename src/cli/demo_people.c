/* The demo's customers, persons and companies with tax ids whose check digits hold, and gift certificates. */
#include "cli/demo.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define SEED UINT64_C(0x70656F706C65)
#define COUNT(a) (sizeof(a) / sizeof *(a))

struct person {
    const char *first, *last, *latin; /* latin: for the e-mail address */
};

static const struct person ukrainians[] = {
    {"Олена", "Коваленко", "kovalenko"},
    {"Андрій", "Шевчук", "shevchuk"},
    {"Мар'яна", "Дем'яненко", "demianenko"},
    {"Тарас", "Григор'єв", "hryhoriev"},
    {"Юлія", "Бондар", "bondar"},
    {"Богдан", "Лисенко", "lysenko"},
    {"Соломія", "Ткачук-Яременко", "tkachuk"},
    {"Ігор", "Мороз", "moroz"},
    {"Наталія", "Їжакевич", "yizhakevych"},
};
static const struct person czechs[] = {
    {"Jiří", "Dvořák", "dvorak"},     {"Tereza", "Nováková", "novakova"}, {"Zdeněk", "Šťastný", "stastny"},
    {"Kateřina", "Říhová", "rihova"}, {"Ondřej", "Žižka", "zizka"},
};
static const struct person english[] = {
    {"Sinéad", "O'Brien", "obrien"},
    {"Thomas", "Miller", "miller"},
    {"Grace", "St. John-Smythe", "stjohn"},
};

struct place {
    const char *street, *city, *region, *zip;
};
static const struct place ukraine[] = {
    {"вул. Хрещатик, %d, кв. 5", "Київ", "", "010%02d"},
    {"вул. Дерев'янка, %d", "Харків", "Харківська обл.", "611%02d"},
    {"просп. Свободи, %d; під'їзд 2", "Львів", "Львівська обл.", "790%02d"},
    {"вул. Соборна, %d", "Кам'янець-Подільський", "Хмельницька обл.", "323%02d"},
};
static const struct place czechia[] = {
    {"Na Příkopě %d", "Praha 1", "Praha", "110 %02d"},
    {"Údolní %d/4", "Brno", "Jihomoravský kraj", "602 %02d"},
};
static const struct place elsewhere[] = {
    {"%d Harbour Road, Flat \"B\"", "Dublin", "Leinster", "D02 X2%02d"},
};

/* EDRPOU, 8 digits: weights 1..7, or 3..9 when the remainder is 10; shifted by 2 where the number lies
 * between 30 and 60 million. */
static void edrpou(unsigned number, char out[static 9])
{
    char digits[16];
    snprintf(digits, sizeof digits, "%07u", number % 10000000);
    static const int low[] = {1, 2, 3, 4, 5, 6, 7}, middle[] = {7, 1, 2, 3, 4, 5, 6};
    const int *weights = number >= 3000000 && number < 6000000 ? middle : low;
    int sum = 0, again = 0;
    for (int i = 0; i < 7; i++) {
        sum += (digits[i] - '0') * weights[i];
        again += (digits[i] - '0') * (weights[i] + 2);
    }
    int check = sum % 11 < 10 ? sum % 11 : again % 11 % 10;
    memcpy(out, digits, 7);
    out[7] = (char)('0' + check);
    out[8] = '\0';
}

/* IČO, 8 digits: weights 8 to 2, the last digit is (11 - sum mod 11) mod 10. */
static void ico(unsigned number, char out[static 9])
{
    char digits[16];
    snprintf(digits, sizeof digits, "%07u", number % 10000000);
    int sum = 0;
    for (int i = 0; i < 7; i++)
        sum += (digits[i] - '0') * (8 - i);
    memcpy(out, digits, 7);
    out[7] = (char)('0' + (11 - sum % 11) % 10);
    out[8] = '\0';
}

static const char *const insert_customer =
    "INSERT INTO customer (id, code, kind, name, first_name, last_name, company, tax_id, vat_id, email, "
    "phone,"
    " street, city, region, zip, country, discount_percent_e2, discount_card, price_list_id, bonus_e4, note, "
    "created)"
    " VALUES (:id, :code, :kind, :name, :first, :last, :company, :tax, :vat, :email, :phone, :street, :city,"
    " :region, :zip, :country, :discount, :card, :list, :bonus, :note, :created)";

/* One of printf's numbers inside a text of the tables above. */
static char *with_number(const char *text, int number)
{
    auto_buf out = BUF_INIT;
    for (const char *p = text; *p; p++) {
        if (p[0] == '%' && p[1] == 'd') {
            buf_addf(&out, "%d", number);
            p++;
        } else if (strncmp(p, "%02d", 4) == 0) {
            buf_addf(&out, "%02d", number % 100);
            p += 3;
        } else {
            buf_add_char(&out, *p);
        }
    }
    return buf_detach(&out, NULL);
}

static void bind_address(struct stmt *st, const struct place *place, const char *country,
                         struct demo_rng *rng)
{
    char *street = with_number(place->street, 1 + (int)demo_below(rng, 180));
    char *zip = with_number(place->zip, (int)demo_below(rng, 100));
    stmt_bind_text(st, "street", street);
    stmt_bind_text(st, "city", place->city);
    stmt_bind_text(st, "region", *place->region ? place->region : NULL);
    stmt_bind_text(st, "zip", zip);
    stmt_bind_text(st, "country", country);
    free(street);
    free(zip);
}

static void bind_company(struct stmt *st, const struct person *who, int country, struct demo_rng *rng)
{
    char tax[16] = "", vat[24];
    unsigned number = 1000000 + demo_below(rng, 8000000);
    char *name;
    if (country == 0) {
        edrpou(number, tax);
        snprintf(vat, sizeof vat, "%.7s26%03u", tax, demo_below(rng, 1000));
        name = xasprintf("ТОВ «%s & партнери»", who->last);
    } else if (country == 1) {
        ico(number, tax);
        snprintf(vat, sizeof vat, "CZ%s", tax);
        name = xasprintf("%s a syn, s.r.o.", who->last);
    } else {
        snprintf(vat, sizeof vat, "IE%07uT", number);
        name = xasprintf("%s & Sons; \"Imports\" Ltd.", who->last);
    }
    stmt_bind_text(st, "kind", "company");
    stmt_bind_text(st, "name", name);
    stmt_bind_text(st, "company", name);
    stmt_bind_text(st, "tax", *tax ? tax : NULL);
    stmt_bind_text(st, "vat", vat);
    free(name);
}

static int add_customer(struct db *db, int64_t id, struct error *err)
{
    struct demo_rng rng = {SEED ^ (uint64_t)id * UINT64_C(0xD1342543DE82EF95)};
    unsigned roll = demo_below(&rng, 100);
    int country = roll < 70 ? 0 : roll < 92 ? 1 : 2;
    const struct person *who = country == 0   ? &ukrainians[demo_below(&rng, COUNT(ukrainians))]
                               : country == 1 ? &czechs[demo_below(&rng, COUNT(czechs))]
                                              : &english[demo_below(&rng, COUNT(english))];
    const struct place *place = country == 0   ? &ukraine[demo_below(&rng, COUNT(ukraine))]
                                : country == 1 ? &czechia[demo_below(&rng, COUNT(czechia))]
                                               : &elsewhere[demo_below(&rng, COUNT(elsewhere))];
    static const char *const codes[] = {"UA", "CZ", "IE"};
    bool company = demo_chance(&rng, 30);
    struct stmt *st;
    int ret = db_cached(db, &st, insert_customer, err);
    if (ret < 0)
        return ret;
    char code[32], email[64], phone[40], card[32], created[32];
    snprintf(code, sizeof code, "C%06d", (int)id);
    snprintf(email, sizeof email, "%s%d@%s", who->latin, (int)id, company ? "firm.example" : "mail.example");
    if (country == 0)
        snprintf(phone, sizeof phone, "+380 (67) %03d-%02d-%02d", (int)(id / 10000 % 1000),
                 (int)(id / 100 % 100), (int)(id % 100));
    else
        snprintf(phone, sizeof phone, country == 1 ? "+420 601 %03d %03d" : "00353 1 %03d %03d",
                 (int)(id / 1000 % 1000), (int)(id % 1000));
    snprintf(card, sizeof card, "2900%08d", (int)id);
    snprintf(created, sizeof created, "2024-%02d-%02d %02d:%02d:00", (int)(id % 12) + 1, (int)(id % 28) + 1,
             (int)(id % 24), (int)(id * 7 % 60));
    stmt_bind_int(st, "id", id);
    stmt_bind_text(st, "code", demo_chance(&rng, 80) ? code : NULL);
    stmt_bind_text(st, "first", who->first);
    stmt_bind_text(st, "last", who->last);
    if (company) {
        bind_company(st, who, country, &rng);
    } else {
        char *name = xasprintf("%s %s", who->first, who->last);
        stmt_bind_text(st, "kind", "person");
        stmt_bind_text(st, "name", name);
        stmt_bind_text(st, "company", NULL);
        stmt_bind_text(st, "tax", NULL);
        stmt_bind_text(st, "vat", NULL);
        free(name);
    }
    stmt_bind_text(st, "email", demo_chance(&rng, 90) ? email : NULL);
    stmt_bind_text(st, "phone", demo_chance(&rng, 85) ? phone : NULL);
    bind_address(st, place, codes[country], &rng);
    bool has_card = demo_chance(&rng, 20);
    stmt_bind_int(st, "discount", has_card ? 300 : company ? 500 : 0);
    stmt_bind_text(st, "card", has_card ? card : NULL);
    if (company)
        stmt_bind_int(st, "list", 2);
    else
        stmt_bind_null(st, "list");
    stmt_bind_int(st, "bonus", demo_chance(&rng, 25) ? (int64_t)demo_below(&rng, 50000) * 100 : 0);
    stmt_bind_text(st, "note", demo_chance(&rng, 5) ? "Телефонувати після 10:00;\nдомофон \"27\"" : NULL);
    stmt_bind_text(st, "created", created);
    ret = stmt_run(st, err);
    if (ret < 0 || !demo_chance(&rng, 50))
        return ret;

    ret = db_cached(
        db, &st, "INSERT INTO customer_site (site_id, external_id, customer_id) VALUES (1, :external, :id)",
        err);
    if (ret < 0)
        return ret;
    char external[24];
    snprintf(external, sizeof external, "%d", 1000 + (int)id);
    stmt_bind_text(st, "external", external);
    stmt_bind_int(st, "id", id);
    return stmt_run(st, err);
}

static int add_certificate(struct db *db, int number, int64_t customers, struct error *err)
{
    struct stmt *st;
    int ret =
        db_cached(db, &st,
                  "INSERT INTO certificate (code, kind, amount_e4, used_e4, currency, valid_from, valid_to,"
                  " customer_id) VALUES (:code, :kind, :amount, :used, :currency, :from, :to, :customer)",
                  err);
    if (ret < 0)
        return ret;
    char code[24];
    bool percent = number % 4 == 3;
    int64_t amount =
        percent ? (int64_t)(5 + number % 3 * 5) * 10000 : (int64_t)(number % 5 + 1) * 250 * 10000;
    snprintf(code, sizeof code, "GIFT-%04d-%04d", number + 1, (number * 7919 + 1234) % 10000);
    stmt_bind_text(st, "code", code);
    stmt_bind_text(st, "kind", percent ? "percent" : "amount");
    stmt_bind_int(st, "amount", amount);
    stmt_bind_int(st, "used", !percent && number % 3 == 0 ? amount / 2 : 0);
    stmt_bind_text(st, "currency", percent ? NULL : "UAH");
    stmt_bind_text(st, "from", "2024-01-01 00:00:00");
    stmt_bind_text(st, "to", number % 5 == 4 ? "2024-12-31 23:59:59" : "2034-12-31 23:59:59");
    if (number % 2 && customers)
        stmt_bind_int(st, "customer", number % customers + 1);
    else
        stmt_bind_null(st, "customer");
    return stmt_run(st, err);
}

int demo_fill_customers(struct db *db, int64_t products, int64_t *count, struct error *err)
{
    int64_t n = products / 5 < 60 ? 60 : products / 5 > 20000 ? 20000 : products / 5;
    int ret = 0;
    for (int64_t id = 1; ret == 0 && id <= n; id++)
        ret = add_customer(db, id, err);
    for (int i = 0; ret == 0 && i < 24; i++)
        ret = add_certificate(db, i, n, err);
    *count = n;
    return ret;
}
