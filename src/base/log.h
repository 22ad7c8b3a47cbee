/*
 * One line per event. To stderr; with a "<N>" priority prefix when started by systemd (JOURNAL_STREAM set),
 * to syslog when a daemon without it. Control characters in messages are escaped, so a hostile file name
 * cannot forge a line. Any thread.
 */
#ifndef SHOPFS_BASE_LOG_H
#define SHOPFS_BASE_LOG_H

#include <stdbool.h>

struct error;

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

/* Once, before threads start. name: the program's; level: what is more talkative is dropped. */
void log_init(const char *name, enum log_level level);

/* After daemonizing: stderr is gone, go on through syslog unless the journal listens. */
void log_to_syslog(void);

void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends the last LOG_RECENT events of notice and above, whatever level was asked for, the oldest first: one line
 * each, "2026-03-01T10:15:00Z error: text", long ones cut. */
#define LOG_RECENT 500
struct buf;
void log_recent(struct buf *out);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* "context: file:line: field: message; advice" */
void log_error_object(enum log_level level, const char *context, const struct error *err);

#endif
