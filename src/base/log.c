#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/text.h"

enum target { TARGET_STDERR, TARGET_JOURNAL, TARGET_SYSLOG };

/* Set before threads start, only read afterwards. */
static struct {
    char *name;
    enum log_level level;
    enum target target;
} settings = {.level = LOG_LEVEL_NOTICE};

/* True if stderr still is the socket systemd made: the variable alone is inherited by every child. */
static bool journal_listens(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &st) == 0 &&
           st.st_dev == device && st.st_ino == inode;
}

void log_init(const char *name, enum log_level level)
{
    char *copy = xstrdup(name);

    free(settings.name);
    settings.name = copy;
    settings.level = level;
    settings.target = journal_listens() ? TARGET_JOURNAL : TARGET_STDERR;
}

void log_to_syslog(void)
{
    if (journal_listens())
        return;
    openlog(settings.name, LOG_PID, LOG_DAEMON);
    settings.target = TARGET_SYSLOG;
}

/* Appends text so that it stays one line and cannot steer a terminal. */
static void add_escaped(struct buf *out, const char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint32_t cp = 0;
        size_t n = text_utf8_decode(text + at, len - at, &cp);

        if (n == 0) {
            buf_addf(out, "\\x%02x", (unsigned char)text[at++]);
            continue;
        }
        if (cp == '\n')
            buf_add_str(out, "\\n");
        else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
            buf_addf(out, "\\x%02x", (unsigned int)cp);
        else if (cp == 0x2028 || cp == 0x2029) /* line and paragraph separator */
            buf_addf(out, "\\u%04x", (unsigned int)cp);
        else
            buf_add(out, text + at, n);
        at += n;
    }
}

static const char *level_word(enum log_level level)
{
    return level == LOG_LEVEL_ERROR ? "error: " : level == LOG_LEVEL_WARNING ? "warning: " : "";
}

static void emit(enum log_level level, const struct buf *text)
{
    auto_buf line = BUF_INIT;

    switch (settings.target) {
    case TARGET_SYSLOG:
        add_escaped(&line, buf_str(text), text->len);
        syslog((int)level, "%s", buf_str(&line));
        return;
    case TARGET_JOURNAL:
        buf_addf(&line, "<%d>", (int)level);
        break;
    case TARGET_STDERR:
        buf_addf(&line, "%s: %s", settings.name ? settings.name : program_invocation_short_name,
                 level_word(level));
        break;
    }
    add_escaped(&line, buf_str(text), text->len);
    buf_add_char(&line, '\n');
    /* One write, so that lines of several threads do not mix. Nobody is left to hear of a failure. */
    (void)io_write_full(STDERR_FILENO, line.data, line.len);
}

void log_write(enum log_level level, const char *format, ...)
{
    int saved = errno;
    auto_buf text = BUF_INIT;
    va_list args;

    if (level > settings.level)
        return;
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    emit(level, &text);
    errno = saved;
}

void log_error_object(enum log_level level, const char *context, const struct error *err)
{
    int saved = errno;
    auto_buf text = BUF_INIT;

    if (level > settings.level)
        return;
    error_format(err, &text);
    if (context && text.len)
        log_write(level, "%s: %s", context, buf_str(&text));
    else
        log_write(level, "%s", context ? context : buf_str(&text));
    errno = saved;
}
