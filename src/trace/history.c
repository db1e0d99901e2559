/* DIR/history.jsonl of a device: one JSON object per line. */
#include <jansson.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "trace/events.h"

enum { HISTORY_MOST = 4 * 1024 * 1024 };

static const char *text(const json_t *line, const char *name)
{
    const char *value = json_string_value(json_object_get(line, name));
    return value == NULL ? "" : value;
}

/* A line that was cut by a crash is passed over. */
static enum err take_line(struct events *e, const char *at, size_t n, unsigned source)
{
    json_t *line = json_loadb(at, n, JSON_REJECT_DUPLICATES, NULL);
    int64_t at_s = 0;
    enum err err = OK;
    if (line != NULL && clock_parse(text(line, "time"), &at_s) == OK)
        err = events_add(e, source, at_s, text(line, "actor"), text(line, "event"), text(line, "detail"));
    json_decref(line);
    return err;
}

/* The whole file is one device's; the lines from before it had its number are its own too. */
static bool is_about(const struct buf *file, const struct device_number *number)
{
    char wanted[LIMIT_NUMBER_TEXT + 32];
    int n = snprintf(wanted, sizeof wanted, "\"number\": \"%s\"", number->text);
    return memmem(file->data, file->len, wanted, (size_t)n) != NULL;
}

enum err events_read_history(struct events *e, const char *path, unsigned source, struct why *why)
{
    AUTO_BUF file = BUF_INIT;
    enum err err = file_read(path, HISTORY_MOST, &file, why);
    if (err != OK || file.len == 0 || !is_about(&file, &e->number))
        return err;
    e->sources++;
    for (size_t at = 0; err == OK && at < file.len;) {
        const uint8_t *end = memchr(file.data + at, '\n', file.len - at);
        size_t n = end == NULL ? file.len - at : (size_t)(end - (file.data + at));
        err = take_line(e, (const char *)file.data + at, n, source);
        at += n + 1;
    }
    return err;
}
