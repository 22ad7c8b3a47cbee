/* Private to order_*.c: a compiled order mapping, as the compiler (order_compile*.c) leaves it to the reader.
 */
#ifndef SHOPFS_MAPPING_ORDER_LANG_H
#define SHOPFS_MAPPING_ORDER_LANG_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/decimal.h"
#include "mapping/order.h"
#include "mapping/order_map.h"
#include "mapping/order_words.h"
#include "mapping/order_xpath.h"
#include "mapping/place.h"

/* Words of the file to words of ours. */
enum word_match { WORD_TEXT, WORD_STARTS, WORD_CONTAINS };

struct word_map {
    char *name;
    char *fallback; /* for what no entry fits; NULL: the word itself passes */
    struct word {
        enum word_match match;
        char *text; /* case folded */
        char *is;
        int line;
    } * words;
    size_t n_words;
    int line;
};

enum vat_meaning { VAT_DEFAULT, VAT_INCLUDED, VAT_EXCLUDED, VAT_FLAG };

struct part {
    struct xpath path; /* empty: text */
    char *text;
    const struct word_map *map;
};

/* One place a value may come from. */
enum source_kind { SOURCE_FROM, SOURCE_CONSTANT, SOURCE_JOIN, SOURCE_SUM, SOURCE_DERIVE };

struct source {
    enum source_kind kind;
    struct xpath path;  /* FROM; DERIVE: of the net amount */
    struct xpath gross; /* DERIVE */
    struct part *parts; /* JOIN, SUM */
    size_t n_parts;
    char *text;      /* CONSTANT */
    char *separator; /* FROM: all nodes joined by it; NULL: the first that is not empty. JOIN */
    const struct word_map *map;
    enum decimal_style numbers;
    bool month_first;
    int64_t multiply_e6; /* 1000000 */
    struct xpath per;
    enum vat_meaning vat;
    int line; /* in the mapping */
};

enum field_type {
    FIELD_TEXT,
    FIELD_STATUS,
    FIELD_PAYMENT,
    FIELD_KIND,
    FIELD_CURRENCY,
    FIELD_FLAG,
    FIELD_DATE,
    FIELD_AMOUNT,   /* scale 4 */
    FIELD_QUANTITY, /* scale 3 */
    FIELD_PERCENT,  /* scale 2 */
    FIELD_RATE,     /* scale 6 */
};

struct field {
    enum field_type type;
    size_t offset;    /* of a FIELD_TEXT's char * in its struct; else unused */
    const char *name; /* as in the language: "external-id" */
    struct source *sources;
    size_t n_sources;
    char *fallback;
    bool required;
    int line;
};

/* The fields of one of the structs, in the order of their specification; those the mapping does not have are
 * empty (n_sources == 0 and no fallback). */
struct field_spec {
    const char *name;
    enum field_type type;
    size_t offset;
};

enum order_field {
    ORDER_NUMBER,
    ORDER_EXTERNAL_ID,
    ORDER_OF_ORDER, /* of an invoice */
    ORDER_ORDERED,
    ORDER_DUE_ON,
    ORDER_STATUS,
    ORDER_PAYMENT_STATUS,
    ORDER_PAID,
    ORDER_PAID_ON,
    ORDER_CANCELLED,
    ORDER_CURRENCY,
    ORDER_RATE,
    ORDER_VAT_INCLUDED,
    ORDER_TOTAL,
    ORDER_CUSTOMER_ID,
    ORDER_PAYMENT_METHOD,
    ORDER_DELIVERY_METHOD,
    ORDER_DELIVER_ON,
    ORDER_NOTE,
    ORDER_INTERNAL_NOTE,
    ORDER_CERTIFICATE,
    ORDER_CERTIFICATE_AMOUNT,
    ORDER_BONUS_USED,
    ORDER_FIELDS,
};

enum line_field {
    L_KIND,
    L_CODE,
    L_BARCODE,
    L_EXTERNAL_ID,
    L_SHOP_ID,
    L_NAME,
    L_VARIANT,
    L_UNIT,
    L_NOTE,
    L_QUANTITY,
    L_VAT_INCLUDED,
    L_VAT_PERCENT,
    L_PRICE, /* of an extra line: amount */
    L_DISCOUNT_PERCENT,
    L_TOTAL,
    LINE_FIELDS,
};

struct address_map {
    struct xpath base; /* empty: the order */
    struct field fields[ORDER_ADDRESS_FIELDS];
};

struct pairs {
    struct xpath path, name, value;
};

/* What is known of content no field takes. */
struct leftovers {
    struct pairs *pairs;
    size_t n_pairs;
    struct xpath *ignored;
    size_t n_ignored;
};

struct line_map {
    bool extra; /* made from a header amount: path is empty, fields are relative to the order */
    struct xpath path;
    enum order_line_kind kind;
    bool required; /* no such line: the order is refused */
    bool keep_zero;
    char *title;
    struct field fields[LINE_FIELDS];
    struct leftovers leftovers;
};

struct detect {
    char *root;
    struct xpath test;
};

/* One <orders>: where documents of a kind are and how each is read. */
struct section {
    enum order_kind kind;
    struct xpath path;
    struct xpath group; /* rows with the same value are one order; empty: each node is one */
    bool by_external_id;
    struct field fields[ORDER_FIELDS];
    struct address_map *billing, *delivery;
    size_t n_billing, n_delivery;
    struct line_map *lines;
    size_t n_lines;
    struct leftovers leftovers;
};

/* Documents that are not read, told by their name when a file holds nothing else. */
struct other_documents {
    char *name;
    struct xpath path;
};

/* Something that the mapping can do without. */
struct remark {
    struct place place;
    char *text;
};

struct order_map {
    atomic_uint references;
    pthread_mutex_t
        *lock; /* held while an expression runs: libxml2 keeps looked-up functions in compiled ones */
    char *file, *name, *title, *evidence;
    char *base; /* name of the mapping this one is another name of; NULL: it stands alone */
    bool ignore_namespaces;
    bool vat_included; /* what an amount means where nothing says */
    int64_t *vat_rates_e2;
    size_t n_vat_rates;
    struct xpath_prefixes prefixes;
    struct detect *detects;
    size_t n_detects;
    struct word_map *maps;
    size_t n_maps;
    struct section *sections;
    size_t n_sections;
    struct other_documents *others;
    size_t n_others;
    struct remark *remarks;
    size_t n_remarks, cap_remarks;
};

/* order_compile.c: fills map, which has its file's name, from the document's root. base (may be NULL) is the
 * document that root says it is based on, base_file its name. On error the map is half filled and still the
 * caller's. */
int order_compile(struct order_map *map, const xmlNode *root, const xmlNode *base, const char *base_file,
                  struct error *err);

extern const struct field_spec order_field_specs[ORDER_FIELDS];
extern const struct field_spec order_line_specs[LINE_FIELDS];

/* Flags as files write them, in the languages of our formats; -1: neither yes nor no. */
int order_flag_word(const char *word);

/* order_words.c: appends what map makes of word ("" and the word itself are possible results). */
void order_word_map(const struct word_map *map, const char *word, struct buf *out);

/* order_group.c: makes each run of rows with the same key one node, the first; the others become its last
 * children. set: in document order, shortened to the first ones. */
void order_group_rows(const struct section *section, struct xpath_runner *run, xmlNodeSetPtr set);

/* order_leftover.c */
void order_namespaces_drop(xmlDocPtr doc);
/* Marks what a field took (element: its text and that of all below; attribute; text). */
void order_mark(xmlNodePtr node);
bool order_marked(const xmlNode *node);
/* After the fields are read: ignored parts below `at` (an order or a line of the order `top`) count as taken,
 * pairs that no field took are kept under their names. */
void order_leftovers_settle(struct xpath_runner *run, const struct leftovers *left, xmlNodePtr at,
                            xmlNodePtr top, struct order *out);
/* Last: keeps whatever is not marked. */
void order_leftovers_collect(xmlNodePtr top, struct order *out);

#endif
