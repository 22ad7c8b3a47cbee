#include "order/xmlfeed.h"

#include <errno.h>
#include <libxml/SAX2.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/mem.h"
#include "mapping/document.h"

#define DEPTH_MAX (sizeof((struct xmlfeed *)0)->text / sizeof(size_t) - 1)
#define ATTRIBUTES_MAX 256

#define BETTER_NAMES "let the web shop write data as content, not as names of elements and attributes"
#define SHORTER_VALUES "leave long texts and embedded files out of the order, or shorten them"
#define NAME_MAX_BYTES 1000
#define NAMES_MAX 100000 /* libxml2's table of names stops growing long before: then each costs a search */
#define FEED_CHUNK 65536

/* -- refusing ------------------------------------------------------------------------------------------- */

static int current_line(const struct xmlfeed *f)
{
    return f->ctxt && f->ctxt->input ? f->ctxt->input->line : 0;
}

static void refuse(struct xmlfeed *f, int code, const char *advice, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void refuse(struct xmlfeed *f, int code, const char *advice, const char *format, ...)
{
    auto_buf text = BUF_INIT;
    va_list args;

    if (f->error.message)
        return;
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    f->code = error_set(&f->error, code, "%s", buf_str(&text));
    error_at(&f->error, NULL, current_line(f), NULL);
    if (advice)
        error_advise(&f->error, "%s", advice);
    if (f->ctxt)
        xmlStopParser(f->ctxt);
}

/* -- encodings ------------------------------------------------------------------------------------------ */

static bool encoding_accepted(const char *name)
{
    static const char *const names[] = {"UTF-8", "UTF8",   "UTF-16", "UTF-16LE", "UTF-16BE", "US-ASCII",
                                        "ASCII", "KOI8-R", "KOI8-U", "CP866",    "IBM866"};
    static const char *const families[] = {"ISO-8859-", "windows-125", "CP125"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strncasecmp(families[i], name, strlen(families[i])) == 0)
            return true;
    return false;
}

static bool encoding_is(const char *name, const char *a, const char *b)
{
    return strcasecmp(name, a) == 0 || strcasecmp(name, b) == 0;
}

/* What the first line says; NULL: nothing. */
static const char *declared_encoding(const struct xmlfeed *f)
{
    if (f->ctxt->encoding)
        return (const char *)f->ctxt->encoding;
    return f->ctxt->input ? (const char *)f->ctxt->input->encoding : NULL;
}

static void refuse_encoding(struct xmlfeed *f)
{
    refuse(f, -EINVAL, "save the file as UTF-8", "the encoding '%.40s' is not accepted",
           declared_encoding(f));
}

/* What libxml2 says, in our words where they are better. */
static void on_error(void *arg, xmlErrorPtr e)
{
    xmlParserCtxtPtr ctxt = arg;
    struct xmlfeed *f = ctxt ? ctxt->_private : NULL;
    auto_buf text = BUF_INIT;
    const char *advice = NULL;

    if (!f || f->error.message || e->level != XML_ERR_FATAL)
        return;
    if (declared_encoding(f) && !encoding_accepted(declared_encoding(f))) {
        refuse_encoding(f); /* whatever else it led to */
        return;
    }
    buf_add(&text, e->message ? e->message : "not well-formed",
            e->message ? strcspn(e->message, "\n") : strlen("not well-formed"));
    while (text.len && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == ':'))
        buf_truncate(&text, text.len - 1);
    switch (e->code) {
    case XML_ERR_DOCUMENT_EMPTY:
        buf_clear(&text);
        buf_add_str(&text, "the file does not begin as XML does");
        break;
    case XML_ERR_INVALID_CHAR:
    case XML_ERR_INVALID_ENCODING:
    case XML_I18N_CONV_FAILED:
        buf_clear(&text);
        buf_addf(&text, "a character is not what the file's encoding (%s) allows",
                 declared_encoding(f) ? declared_encoding(f) : "UTF-8");
        advice = "write the encoding the file really has into its first line, or save it as UTF-8";
        break;
    case XML_ERR_UNSUPPORTED_ENCODING:
    case XML_ERR_UNKNOWN_ENCODING:
        advice = "save the file as UTF-8";
        break;
    case XML_ERR_UNDECLARED_ENTITY:
    case XML_WAR_UNDECLARED_ENTITY:
        advice = "write the character itself or its number, as &#160; for &nbsp;";
        break;
    case XML_ERR_DOCUMENT_END:
        buf_clear(&text);
        buf_add_str(&text, "something stands after the end of the document");
        advice = "one file holds one XML document and nothing after its closing tag";
        break;
    default:
        break;
    }
    f->code = error_set(&f->error, -EINVAL, "not well-formed XML: %s", buf_str(&text));
    error_at(&f->error, NULL, e->line > 0 ? e->line : current_line(f), NULL);
    if (advice)
        error_advise(&f->error, "%s", advice);
}

/* Errors of parts of libxml2 that know no parser. Of the conversion to UTF-8 the parser itself learns
 * nothing: it would wait for more bytes for ever. */
static void on_other_error(void *arg, xmlErrorPtr e)
{
    struct xmlfeed *f = arg;

    f->unconvertible |= e->domain == XML_FROM_I18N && e->code == XML_I18N_CONV_FAILED;
}

static void swallow_message(void *arg, const char *format, ...)
{
    (void)arg;
    (void)format;
}

/* -- what the parser calls ------------------------------------------------------------------------------ */

static struct xmlfeed *feed_of(void *ctx)
{
    return ((xmlParserCtxtPtr)ctx)->_private;
}

static void on_start_document(void *ctx)
{
    struct xmlfeed *f = feed_of(ctx);
    const char *encoding = declared_encoding(f);

    if (encoding && !encoding_accepted(encoding)) {
        refuse_encoding(f);
        return;
    }
    if (encoding && f->utf8_mark && !encoding_is(encoding, "UTF-8", "UTF8")) {
        refuse(f, -EINVAL, "write encoding=\"UTF-8\" into the first line",
               "the file begins with the mark of UTF-8, but its first line says '%.40s'", encoding);
        return;
    }
    if (encoding && f->utf16 && strncasecmp(encoding, "UTF-16", 6) != 0) {
        refuse(f, -EINVAL, "write encoding=\"UTF-16\" into the first line, or save the file as UTF-8",
               "the file is UTF-16, but its first line says '%.40s'", encoding);
        return;
    }
    if (f->tree)
        f->sax.startDocument(ctx);
}

static void on_doctype(void *ctx, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
    (void)name;
    (void)public_id;
    (void)system_id;
    refuse(feed_of(ctx), -EINVAL, "remove the <!DOCTYPE ...> line", "DOCTYPE is not accepted");
}

static void on_start_element(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                             int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
                             const xmlChar **attributes)
{
    struct xmlfeed *f = feed_of(ctx);

    if (f->error.message)
        return;
    if (++f->depth > f->limits->depth || f->depth > DEPTH_MAX) {
        refuse(f, -E2BIG, "no order needs that: look for elements that are not closed",
               "elements are nested deeper than %u", f->limits->depth);
        return;
    }
    if (++f->elements > f->limits->elements) {
        refuse(f, -E2BIG, "divide the file", "the file has more than %zu elements", f->limits->elements);
        return;
    }
    if (xmlDictSize(f->ctxt->dict) > NAMES_MAX) {
        refuse(f, -E2BIG, BETTER_NAMES, "the file uses more than %d different names", NAMES_MAX);
        return;
    }
    if (n_attributes > ATTRIBUTES_MAX || n_namespaces > ATTRIBUTES_MAX) {
        refuse(f, -E2BIG, BETTER_NAMES, "an element has more than %d attributes", ATTRIBUTES_MAX);
        return;
    }
    if (strlen((const char *)name) > NAME_MAX_BYTES) {
        refuse(f, -E2BIG, BETTER_NAMES, "the name of an element is longer than %d bytes", NAME_MAX_BYTES);
        return;
    }
    for (int i = 0; i < n_attributes; i++) {
        if ((size_t)(attributes[5 * i + 4] - attributes[5 * i + 3]) > f->limits->text) {
            refuse(f, -E2BIG, SHORTER_VALUES, "the value of the attribute '%.60s' is longer than %zu bytes",
                   (const char *)attributes[5 * i], f->limits->text);
            return;
        }
    }
    f->text[f->depth] = 0;
    f->blank = 0;
    if (f->tree)
        f->sax.startElementNs(ctx, name, prefix, uri, n_namespaces, namespaces, n_attributes, n_defaulted,
                              attributes);
}

static void on_end_element(void *ctx, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct xmlfeed *f = feed_of(ctx);

    if (f->error.message)
        return;
    if (f->depth)
        f->depth--;
    f->blank = 0;
    f->root_closed = f->depth == 0;
    if (f->tree)
        f->sax.endElementNs(ctx, name, prefix, uri);
}

static bool text_fits(struct xmlfeed *f, int len)
{
    if (f->error.message)
        return false;
    f->text[f->depth] += (size_t)len;
    if (f->text[f->depth] <= f->limits->text)
        return true;
    refuse(f, -E2BIG, SHORTER_VALUES, "a value is longer than %zu bytes", f->limits->text);
    return false;
}

/* White space between elements is layout and counts for no limit. In a leaf it stays. */
static bool layout(const struct xmlfeed *f, const xmlChar *text, int len)
{
    for (int i = 0; i < len; i++)
        if (text[i] != ' ' && text[i] != '\n' && text[i] != '\t' && text[i] != '\r')
            return false;
    return f->depth > 0;
}

static void on_text(void *ctx, const xmlChar *text, int len)
{
    struct xmlfeed *f = feed_of(ctx);

    if (layout(f, text, len)) {
        /* What is too long for a value cannot be one, and libxml2 makes no node of more than 10 MB. */
        f->blank += (size_t)len;
        if (f->error.message || f->blank > f->limits->text)
            return;
    } else if (!text_fits(f, len)) {
        return;
    }
    if (f->tree)
        f->sax.characters(ctx, text, len);
}

static void on_cdata(void *ctx, const xmlChar *text, int len)
{
    struct xmlfeed *f = feed_of(ctx);

    if (text_fits(f, len) && f->tree)
        f->sax.cdataBlock(ctx, text, len);
}

static xmlEntityPtr on_entity(void *ctx, const xmlChar *name)
{
    (void)ctx;
    (void)name;
    return NULL; /* the five predefined ones never get here */
}

static bool start_parser(struct xmlfeed *f)
{
    xmlSAXHandler sax = {0};

    xmlSAXVersion(&f->sax, 2);
    sax.initialized = XML_SAX2_MAGIC;
    sax.internalSubset = on_doctype;
    sax.startDocument = on_start_document;
    sax.startElementNs = on_start_element;
    sax.endElementNs = on_end_element;
    sax.characters = on_text;
    sax.ignorableWhitespace = on_text;
    sax.cdataBlock = on_cdata;
    sax.getEntity = on_entity;
    sax.serror = on_error;
    if (f->tree)
        sax.endDocument = f->sax.endDocument;
    f->ctxt = xmlCreatePushParserCtxt(&sax, NULL, (const char *)f->held, (int)f->n_held, NULL);
    f->n_held = 0;
    if (!f->ctxt) {
        f->code = error_set(&f->error, -ENOMEM, "out of memory");
        return false;
    }
    f->ctxt->_private = f;
    xmlCtxtUseOptions(f->ctxt,
                      XML_PARSE_NONET | XML_PARSE_BIG_LINES); /* the second: line numbers beyond 65535 */
    return true;
}

/* -- feeding -------------------------------------------------------------------------------------------- */

void xmlfeed_init(struct xmlfeed *f, const struct order_limits *limits, bool tree)
{
    mapping_init();
    memset(f, 0, sizeof *f);
    f->limits = limits;
    f->tree = tree;
}

void xmlfeed_release(struct xmlfeed *f)
{
    if (f->ctxt) {
        xmlFreeDoc(f->ctxt->myDoc);
        xmlFreeParserCtxt(f->ctxt);
    }
    error_release(&f->error);
    memset(f, 0, sizeof *f);
}

static bool xml_blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* What the first bytes say before the parser is asked: other kinds of file get their own words. */
static bool first_bytes(struct xmlfeed *f, const unsigned char *b, size_t n)
{
    static const char *const save = "the file must be XML text, not packed and not converted";

    if (n >= 2 && b[0] == 0x1f && b[1] == 0x8b)
        refuse(f, -EINVAL, "unpack it before it is put here", "the file is packed with gzip");
    else if (n >= 2 && b[0] == 'P' && b[1] == 'K')
        refuse(f, -EINVAL, "unpack it before it is put here",
               "the file is a ZIP archive or an office document");
    else if (b[0] != '<' && !xml_blank(b[0]) && b[0] != 0xef && b[0] != 0xff && b[0] != 0xfe && b[0] != 0)
        refuse(f, -EINVAL, save, "the file is not XML: it does not begin with '<'");
    else if ((b[0] == 0xef && n >= 2 && b[1] != 0xbb) || (b[0] == 0xef && n >= 3 && b[2] != 0xbf) ||
             (b[0] == 0xff && n >= 2 && b[1] != 0xfe) || (b[0] == 0xfe && n >= 2 && b[1] != 0xff) ||
             (b[0] == 0 && n >= 2 && b[1] != '<'))
        refuse(f, -EINVAL, save, "the file is not XML");
    if (f->error.message)
        error_at(&f->error, NULL, 1, NULL);
    return !f->error.message;
}

static bool push(struct xmlfeed *f, const unsigned char *data, size_t len)
{
    while (len && !f->error.message) {
        size_t n = len < FEED_CHUNK ? len : FEED_CHUNK;
        int rc = xmlParseChunk(f->ctxt, (const char *)data, (int)n, 0);

        if (!f->error.message &&
            (f->unconvertible || rc == XML_ERR_INVALID_ENCODING || rc == XML_I18N_CONV_FAILED ||
             (!f->ctxt->wellFormed && f->ctxt->disableSAX)))
            refuse(f, -EINVAL,
                   "write the encoding the file really has into its first line, or save it as UTF-8",
                   "not well-formed XML: a character is not what the file's encoding (%s) allows",
                   declared_encoding(f) ? declared_encoding(f) : "UTF-8");
        data += n;
        len -= n;
    }
    return !f->error.message;
}

static bool add(struct xmlfeed *f, const unsigned char *data, size_t len)
{
    f->bytes += len;
    if (f->bytes > f->limits->bytes) {
        refuse(f, -E2BIG, "divide the file", "the file is larger than %zu bytes", f->limits->bytes);
        return false;
    }
    if (!f->ctxt) {
        const unsigned char *b = f->held;

        while (len && f->n_held < sizeof f->held) {
            f->held[f->n_held++] = *data++;
            len--;
        }
        if (!first_bytes(f, f->held, f->n_held))
            return false;
        if (f->n_held < sizeof f->held)
            return true;
        f->utf8_mark = b[0] == 0xef;
        f->utf16 = b[0] == 0xff || b[0] == 0xfe || b[0] == 0 || b[1] == 0;
        if (!start_parser(f))
            return false;
        xmlParseChunk(f->ctxt, NULL, 0, 0); /* what it was made with is looked at only now */
    }
    if (f->utf16) { /* libxml2 2.9 takes half a unit alone for a broken file */
        if (f->n_held && len) {
            unsigned char unit[2] = {f->held[0], *data++};

            len--;
            f->n_held = 0;
            if (!push(f, unit, 2))
                return false;
        }
        if (len % 2) {
            f->held[0] = data[len - 1];
            f->n_held = 1;
            len--;
        }
    }
    return push(f, data, len);
}

bool xmlfeed_add(struct xmlfeed *f, const void *data, size_t len)
{
    xmlStructuredErrorFunc structured = xmlStructuredError;
    void *structured_arg = xmlStructuredErrorContext;
    xmlGenericErrorFunc generic = xmlGenericError;
    void *generic_arg = xmlGenericErrorContext;

    if (f->error.message)
        return false;
    if (!len)
        return true;
    xmlSetStructuredErrorFunc(f, on_other_error);
    xmlSetGenericErrorFunc(NULL, swallow_message);
    add(f, data, len);
    xmlSetStructuredErrorFunc(structured_arg, structured);
    xmlSetGenericErrorFunc(generic_arg, generic);
    return !f->error.message;
}

/* Of what stands after the root's closing tag, the part the parser has not taken: white space, the beginning
 * of a comment, or what may not stand there. */
static enum completeness judge_tail(struct xmlfeed *f, struct error *err)
{
    const xmlChar *s = f->ctxt->input->cur;

    while (s < f->ctxt->input->end && xml_blank(*s))
        s++;
    if (s == f->ctxt->input->end && f->n_held == 0)
        return CONTENT_COMPLETE;
    if (s == f->ctxt->input->end || *s == '<') {
        error_set(err, -EINVAL, "the file ends in the middle of what follows the document");
        error_at(err, NULL, current_line(f), NULL);
        return CONTENT_INCOMPLETE;
    }
    refuse(f, -EINVAL, "one file holds one XML document and nothing after its closing tag",
           "not well-formed XML: something stands after the end of the document");
    return CONTENT_BROKEN;
}

enum completeness xmlfeed_finish(struct xmlfeed *f, struct error *err)
{
    enum completeness verdict = CONTENT_INCOMPLETE;

    if (!f->error.message && f->root_closed)
        verdict = judge_tail(f, err);
    if (f->error.message) {
        if (err)
            error_move(err, &f->error);
        else
            error_release(&f->error);
        return CONTENT_BROKEN;
    }
    if (verdict == CONTENT_COMPLETE || f->root_closed)
        return verdict;
    if (f->bytes == 0)
        error_set(err, -EINVAL, "the file is empty");
    else if (f->depth && f->ctxt && f->ctxt->name)
        error_set(err, -EINVAL, "the file ends before the element '%.60s' is closed",
                  (const char *)f->ctxt->name);
    else
        error_set(err, -EINVAL, "the file ends before its first element");
    error_at(err, NULL, current_line(f), NULL);
    error_advise(err, "the upload broke off: upload the whole file again");
    return CONTENT_INCOMPLETE;
}

xmlDocPtr xmlfeed_take_document(struct xmlfeed *f)
{
    xmlDocPtr doc;

    /* The end of the document is told so that the tree is finished; the tail was judged before. */
    xmlParseChunk(f->ctxt, NULL, 0, 1);
    doc = f->ctxt->myDoc;
    f->ctxt->myDoc = NULL;
    return doc;
}
