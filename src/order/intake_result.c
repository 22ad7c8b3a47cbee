#include "order/intake_result.h"

#include "base/clock.h"
#include "order/decide.h"

static void add_time(struct buf *out, int64_t ms)
{
    char text[CLOCK_ISO_LEN + 1];

    clock_format_iso((time_t)(ms / 1000), text);
    buf_add_str(out, text);
}

static void add_file(struct buf *out, const char *name, uint64_t size)
{
    buf_add_str(out, "file: ");
    text_shown(out, name);
    buf_addf(out, ", %llu bytes\nlooked at: ", (unsigned long long)size);
    add_time(out, clock_now_ms());
    buf_add_char(out, '\n');
}

static void add_why(struct buf *out, const struct error *why)
{
    if (why->message)
        text_shown(out, why->message);
    else
        buf_add_str(out, "unknown");
}

void result_incomplete(struct buf *out, const char *name, uint64_t size, const struct error *why,
                       int64_t give_up_ms)
{
    buf_add_str(out, "incomplete: ");
    add_why(out, why);
    buf_add_char(out, '\n');
    add_file(out, name, size);
    if (why->line)
        buf_addf(out, "\n  where: line %d", why->line);
    buf_add_str(out, "\n  to do: send the rest, or the whole file again; what is here waits for it until ");
    add_time(out, give_up_ms);
    buf_add_char(out, '\n');
}

#define NAME_RULE                                                                                        \
    "\n  reason: names of order files end in .xml or .json and begin with no dot, nor does a directory " \
    "above them"

void result_misnamed(struct buf *out, const char *name, uint64_t size, int64_t give_up_ms)
{
    buf_add_str(out, "incomplete: not the name of an order file\n");
    add_file(out, name, size);
    buf_add_str(out, NAME_RULE
                "\n  to do: rename it, or send it again under such a name (CSV and INI are for 'shopctl "
                "import'); it waits for that until ");
    add_time(out, give_up_ms);
    buf_add_char(out, '\n');
}

void result_waiting(struct buf *out, const char *name, uint64_t size, bool unreadable,
                    const struct error *why)
{
    buf_add_str(out, unreadable ? "waiting: the disk cannot give it out now: "
                                : "waiting: the database cannot take it now: ");
    add_why(out, why);
    buf_add_char(out, '\n');
    add_file(out, name, size);
    buf_add_str(out, "\n  to do: nothing; the file is kept and is tried again by itself\n");
}

void result_unreadable(struct buf *out, const char *name, uint64_t size, const struct error *why)
{
    buf_add_str(out, "refused: the disk cannot give it out: ");
    add_why(out, why);
    buf_add_char(out, '\n');
    add_file(out, name, size);
    buf_add_str(out,
                "\n  reason: the file was stored, and cannot be read back; that was tried several times"
                "\n  to do: send it again; look after the disk (the system's log, smartctl). Where it can be "
                "read again: move it back to incoming\n");
}

void result_wrong_name(struct buf *out, const char *name, uint64_t size)
{
    buf_add_str(out, "refused: not the name of an order file\n");
    add_file(out, name, size);
    buf_add_str(out, NAME_RULE "\n  to do: send it again under such a name\n");
}

void result_given_up(struct buf *out)
{
    buf_add_str(out, "\nNothing more came for a long time: the upload was given up ");
    add_time(out, clock_now_ms());
    buf_add_char(out, '\n');
}

void result_checked(struct buf *out)
{
    buf_add_str(out, "\nThis was a check: nothing was imported, reserved or kept.\n");
}
