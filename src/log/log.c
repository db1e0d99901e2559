#include "log/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/text.h"

static struct {
    const char *program;
    enum log_level least;
    bool json;
} setup = { "nameplate", LOG_INFO, false };

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error",
};

void log_setup(const char *program, enum log_level least, int json)
{
    setup.program = program;
    setup.least = least;
    setup.json = json != 0;
}

enum err log_level_parse(const char *name, enum log_level *ret_level)
{
    for (unsigned i = 0; i < sizeof level_names / sizeof *level_names; i++)
        if (strcmp(level_names[i], name) == 0) {
            *ret_level = (enum log_level)i;
            return OK;
        }
    return ERR_CONFIG;
}

static enum err put_quoted(struct buf *line, const char *value)
{
    enum err err = buf_put_text(line, "\"");
    for (; err == OK && *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;
        if (c < 0x20 || c == 0x7f)
            err = buf_putf(line, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            err = buf_putf(line, "\\%c", c);
        else
            err = buf_put(line, &c, 1);
    }
    return err != OK ? err : buf_put_text(line, "\"");
}

static enum err put_pair(struct buf *line, const char *key, const char *value)
{
    enum err err = setup.json ? buf_putf(line, ",\"%s\":", key) : buf_putf(line, " %s=", key);
    if (err != OK)
        return err;
    return !setup.json && text_is_word(value) ? buf_put_text(line, value) : put_quoted(line, value);
}

static enum err put_head(struct buf *line, enum log_level level, const char *event)
{
    char second[CLOCK_TEXT_SIZE];
    int64_t now_ms = clock_wall_ms();
    int ms = (int)(now_ms % 1000);
    clock_format(now_ms / 1000, second);
    second[strcspn(second, "Z")] = '\0';
    if (!setup.json)
        return buf_putf(line, "%s.%03dZ %s %s %s", second, ms, level_names[level], setup.program, event);
    return buf_putf(line, "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"program\":\"%s\",\"event\":\"%s\"", second, ms,
                    level_names[level], setup.program, event);
}

static enum err put_pairs(struct buf *line, va_list pairs)
{
    enum err err = OK;
    for (const char *key; err == OK && (key = va_arg(pairs, const char *)) != NULL;) {
        const char *value = va_arg(pairs, const char *);
        err = put_pair(line, key, value == NULL ? "" : value);
    }
    return err;
}

/* One write per line, so that lines of several processes do not mix. A log that cannot be written is lost:
 * what must not be lost is in the audit trail. */
static void finish(struct buf *line)
{
    if (buf_put_text(line, setup.json ? "}\n" : "\n") == OK && write(STDERR_FILENO, line->data, line->len) < 0)
        return;
}

void log_event(enum log_level level, const char *event, ...)
{
    if (level < setup.least)
        return;
    AUTO_BUF line = BUF_INIT;
    va_list pairs;
    va_start(pairs, event);
    if (put_head(&line, level, event) == OK && put_pairs(&line, pairs) == OK)
        finish(&line);
    va_end(pairs);
}

void log_failure(enum log_level level, const char *event, enum err err, const struct why *why, ...)
{
    if (level < setup.least)
        return;
    AUTO_BUF line = BUF_INIT;
    va_list pairs;
    va_start(pairs, why);
    if (put_head(&line, level, event) == OK && put_pairs(&line, pairs) == OK &&
        put_pair(&line, "error", err_row(err)->name) == OK && put_pair(&line, "why", why_text(why, err)) == OK)
        finish(&line);
    va_end(pairs);
}
