#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/text.h"

#define RECENT_LENGTH 1000 /* bytes of an event that are kept */

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

/* A ring of the last lines; next is the oldest once it is full. */
static struct {
    pthread_mutex_t lock; /* guards what follows */
    char *lines[LOG_RECENT];
    size_t next;
} recent = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void remember(enum log_level level, const struct buf *text)
{
    char date[CLOCK_ISO_LEN + 1];
    auto_buf line = BUF_INIT;

    clock_format_iso((time_t)(clock_now_ms() / 1000), date);
    buf_addf(&line, "%s %s", date, level_word(level));
    add_escaped(&line, buf_str(text), text->len < RECENT_LENGTH ? text->len : RECENT_LENGTH);
    buf_add_str(&line, text->len < RECENT_LENGTH ? "\n" : " ...\n");
    pthread_mutex_lock(&recent.lock);
    free(recent.lines[recent.next]);
    recent.lines[recent.next] = buf_detach(&line, NULL);
    recent.next = (recent.next + 1) % LOG_RECENT;
    pthread_mutex_unlock(&recent.lock);
}

void log_recent(struct buf *out)
{
    pthread_mutex_lock(&recent.lock);
    for (size_t i = 0; i < LOG_RECENT; i++) {
        const char *line = recent.lines[(recent.next + i) % LOG_RECENT];

        if (line)
            buf_add_str(out, line);
    }
    pthread_mutex_unlock(&recent.lock);
}

void log_write(enum log_level level, const char *format, ...)
{
    int saved = errno;
    auto_buf text = BUF_INIT;
    va_list args;

    if (level > settings.level && level > LOG_LEVEL_NOTICE)
        return;
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    if (level <= LOG_LEVEL_NOTICE)
        remember(level, &text);
    if (level <= settings.level)
        emit(level, &text);
    errno = saved;
}

void log_error_object(enum log_level level, const char *context, const struct error *err)
{
    int saved = errno;
    auto_buf text = BUF_INIT;

    if (level > settings.level && level > LOG_LEVEL_NOTICE)
        return;
    error_format(err, &text);
    if (context && text.len)
        log_write(level, "%s: %s", context, buf_str(&text));
    else
        log_write(level, "%s", context ? context : buf_str(&text));
    errno = saved;
}
