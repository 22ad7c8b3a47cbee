#include "mapping/document.h"

#include <errno.h>
#include <fcntl.h>
#include <libxml/parser.h>
#include <libxml/relaxng.h>
#include <libxml/xmlerror.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/io.h"
#include "base/mem.h"
#include "mapping/grammar.h"

#define DOCUMENT_LIMIT (1024 * 1024)

static pthread_once_t init_once = PTHREAD_ONCE_INIT;

static xmlParserInputPtr refuse_entity(const char *url, const char *id, xmlParserCtxtPtr ctxt)
{
    (void)url;
    (void)id;
    (void)ctxt;
    return NULL;
}

static void init(void)
{
    xmlInitParser();
    xmlSetExternalEntityLoader(refuse_entity);
}

void mapping_init(void)
{
    pthread_once(&init_once, init);
}

/* The first complaint of libxml2; later ones are consequences. */
struct complaint {
    char *message;
    int line, column;
    const xmlNode *node; /* of the document, where the grammar complains of one */
    bool doctype;
};

static void collect(void *arg, xmlErrorPtr e)
{
    struct complaint *c = arg;

    if (c->message || !e->message || e->level == XML_ERR_WARNING)
        return;
    c->message = xstrndup(e->message, strcspn(e->message, "\n"));
    c->line = e->line;
    c->column = e->domain == XML_FROM_PARSER ? e->int2 : 0;
    c->node = e->domain == XML_FROM_RELAXNGV ? e->node : NULL;
}

static void refuse_doctype(void *ctx, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
    xmlParserCtxtPtr ctxt = ctx;
    struct complaint *c = ctxt->_private;

    (void)name;
    (void)public_id;
    (void)system_id;
    c->doctype = true;
    c->line = ctxt->input ? ctxt->input->line : 0;
    xmlStopParser(ctxt);
}

static int parse(xmlDocPtr *out, const struct buf *bytes, const char *path, struct error *err)
{
    struct complaint complaint = {0};
    xmlParserCtxtPtr ctxt = xmlNewParserCtxt();
    xmlDocPtr doc;
    int rc = 0;

    if (!ctxt)
        return error_set(err, -ENOMEM, "out of memory");
    ctxt->_private = &complaint;
    ctxt->sax->internalSubset = refuse_doctype;
    xmlSetStructuredErrorFunc(&complaint, collect);
    doc = xmlCtxtReadMemory(ctxt, buf_str(bytes), (int)bytes->len, NULL, NULL, XML_PARSE_NONET);
    xmlSetStructuredErrorFunc(NULL, NULL);
    if (complaint.doctype) {
        rc = error_set(err, -EINVAL, "a document type declaration (DOCTYPE) is not allowed in a mapping");
        error_at(err, path, complaint.line, NULL);
        error_advise(err, "remove the <!DOCTYPE ...> line; mappings use no entities of their own");
    } else if (!doc || !ctxt->wellFormed) {
        rc = error_set(err, -EINVAL, "not well-formed XML: %s",
                       complaint.message ? complaint.message : "no document");
        error_at(err, path, complaint.line, NULL);
        error_column(err, complaint.column);
        if (complaint.message && strstr(complaint.message, "Unescaped '<'"))
            error_advise(err, "inside an attribute '<' is written &lt;");
    }
    free(complaint.message);
    xmlFreeParserCtxt(ctxt);
    if (rc) {
        xmlFreeDoc(doc);
        return rc;
    }
    *out = doc;
    return 0;
}

struct peek {
    const char *const *names;
    char **values;
    size_t n;
};

/* As xmlSAX2's startElementNs: five pointers for each attribute, the fourth and fifth its value. */
static void peek_at_element(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                            int spaces, const xmlChar **namespaces, int count, int defaulted,
                            const xmlChar **attributes)
{
    struct peek *peek = ((xmlParserCtxtPtr)ctx)->_private;

    (void)name, (void)prefix, (void)uri, (void)spaces, (void)namespaces, (void)defaulted;
    for (int a = 0; a < count; a++, attributes += 5)
        for (size_t i = 0; i < peek->n && !attributes[1]; i++)
            if (strcmp((const char *)attributes[0], peek->names[i]) == 0 && !peek->values[i])
                peek->values[i] =
                    xstrndup((const char *)attributes[3], (size_t)(attributes[4] - attributes[3]));
    xmlStopParser(ctx);
}

void mapping_document_peek(const char *path, const char *const names[], char *values[], size_t n)
{
    struct peek peek = {names, values, n};
    struct complaint ignored = {0};
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    auto_buf bytes = BUF_INIT;
    xmlParserCtxtPtr ctxt = xmlNewParserCtxt();

    memset(values, 0, n * sizeof *values);
    if (ctxt && fd >= 0 && io_read_fd(fd, DOCUMENT_LIMIT, &bytes) == 0) {
        ctxt->_private = &peek;
        ctxt->sax->internalSubset = NULL;
        ctxt->sax->startElementNs = peek_at_element;
        xmlSetStructuredErrorFunc(&ignored, collect);
        xmlFreeDoc(xmlCtxtReadMemory(ctxt, buf_str(&bytes), (int)bytes.len, NULL, NULL, XML_PARSE_NONET));
        xmlSetStructuredErrorFunc(NULL, NULL);
    }
    free(ignored.message);
    xmlFreeParserCtxt(ctxt);
}

/* A grammar is compiled once, which takes longer than all that is done with it for one document. */
static pthread_mutex_t grammars_lock = PTHREAD_MUTEX_INITIALIZER; /* also while one validates */
static xmlRelaxNGPtr grammars[MAPPING_GRAMMAR_ORDER + 1];

static xmlRelaxNGPtr compile_grammar(const char *text, size_t len, struct complaint *complaint)
{
    xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewMemParserCtxt(text, (int)len);
    xmlRelaxNGPtr grammar = NULL;

    if (parser) {
        xmlRelaxNGSetParserStructuredErrors(parser, collect, complaint);
        grammar = xmlRelaxNGParse(parser);
        xmlRelaxNGFreeParserCtxt(parser);
    }
    return grammar;
}

static int explain(xmlDocPtr doc, const char *path, const char *text, size_t len, const struct complaint *complaint,
                   struct error *err)
{
    int rc = grammar_explain(text, len, doc, path, err);

    if (rc == 0) {
        rc = error_set(err, -EINVAL, "what stands here does not go together or is not complete: %s",
                       complaint->message ? complaint->message : "it does not fit the grammar");
        error_at(err, path, complaint->line, NULL);
        if (complaint->node && complaint->node->type == XML_ELEMENT_NODE)
            error_place(err, path, place_of_node(complaint->node), NULL);
    }
    return rc;
}

static int validate(xmlDocPtr doc, const char *path, enum mapping_grammar which, struct error *err)
{
    const char *text = which == MAPPING_GRAMMAR_EXPORT ? mapping_grammar_export : mapping_grammar_order;
    size_t len = which == MAPPING_GRAMMAR_EXPORT ? mapping_grammar_export_size : mapping_grammar_order_size;
    struct complaint complaint = {0};
    xmlRelaxNGValidCtxtPtr valid = NULL;
    int rc = 0;

    pthread_mutex_lock(&grammars_lock);
    if (!grammars[which])
        grammars[which] = compile_grammar(text, len, &complaint);
    if (grammars[which])
        valid = xmlRelaxNGNewValidCtxt(grammars[which]);
    if (!valid) {
        rc = error_set(err, -EIO, "the built-in grammar cannot be read: %s",
                       complaint.message ? complaint.message : "out of memory");
    } else {
        xmlRelaxNGSetValidStructuredErrors(valid, collect, &complaint);
        if (xmlRelaxNGValidateDoc(valid, doc) != 0)
            rc = explain(doc, path, text, len, &complaint, err);
    }
    xmlRelaxNGFreeValidCtxt(valid);
    pthread_mutex_unlock(&grammars_lock);
    free(complaint.message);
    return rc;
}

int mapping_document_load(struct mapping_document *out, const char *path, enum mapping_grammar grammar,
                          struct error *err)
{
    auto_buf bytes = BUF_INIT;
    auto_close int fd = -1;
    xmlDocPtr doc = NULL;
    int rc;

    mapping_init();
    fd = open(path, O_RDONLY | O_CLOEXEC);
    rc = fd < 0 ? -errno : io_read_fd(fd, DOCUMENT_LIMIT, &bytes);
    if (rc == -EFBIG)
        error_set(err, rc, "the mapping is larger than 1 MiB");
    else if (rc < 0)
        error_set(err, rc, "cannot read the mapping: %s", strerror(-rc));
    if (rc < 0) {
        error_at(err, path, 0, NULL);
        return rc;
    }
    rc = parse(&doc, &bytes, path, err);
    if (rc == 0) {
        digest_sha256(buf_str(&bytes), bytes.len, out->digest);
        places_note(doc, &bytes);
        rc = validate(doc, path, grammar, err);
    }
    if (rc < 0) {
        places_release(doc);
        xmlFreeDoc(doc);
        return rc;
    }
    out->path = xstrdup(path);
    out->doc = doc;
    return 0;
}

void mapping_document_release(struct mapping_document *doc)
{
    places_release(doc->doc);
    xmlFreeDoc(doc->doc);
    free(doc->path);
    doc->doc = NULL;
    doc->path = NULL;
}

char *mapping_attr(const xmlNode *node, const char *name)
{
    xmlChar *value = xmlGetNoNsProp((xmlNodePtr)node, BAD_CAST name);
    char *copy = NULL;

    if (value)
        copy = xstrdup((const char *)value);
    xmlFree(value);
    return copy;
}

void error_place(struct error *err, const char *file, struct place place, const char *field)
{
    error_at(err, file, place.line, field);
    error_column(err, place.column);
}

int mapping_line(const xmlNode *node)
{
    return (int)xmlGetLineNo((xmlNodePtr)node);
}
