#include "device/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "device/field.h"
#include "device/threshold.h"
#include "log/log.h"

enum {
    STARTS_MOST = 4, /* that wait; a device that starts again and again leaves gaps, which the epochs show */
    ROOM_LEAST = 4,  /* slots that stay free for readings and for calls that come down */
};

/* As the centre takes it. */
static bool is_name(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    return n > 0 && n <= LIMIT_NAME && text[n] == '\0';
}

static bool is_line(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    return text_is_utf8(text);
}

enum err event_put(struct board *b, const char *kind, const char *detail, struct why *why)
{
    const struct event_report_request body = { .kind = kind, .detail = detail };
    if (!b->option.there)
        return why_set(why, ERR_UNSUPPORTED, "the device has no remote functions: nameplate device remote adds them");
    if (!is_name(kind) || !is_line(detail))
        return why_set(why, ERR_BAD_INPUT, "an event has a kind, a short name as supply-low, and a detail of one line in UTF-8");
    return field_put_call(b, SOAP_EVENT_REPORT, &body, 0, why);
}

bool event_has_room(const struct board *b) { return queue_free(&b->option.queue) >= ROOM_LEAST; }

static bool is_event(const struct item *item, const char *kind, const char *detail)
{
    AUTO_PARSED parsed = { 0 };
    if (soap_read_request(SERVICE_CENTER, buf_span(&item->bytes), &parsed, NULL) != OK || parsed.message != SOAP_EVENT_REPORT)
        return false;
    const struct event_report_request *r = parsed.body;
    return strcmp(r->kind, kind) == 0 && strncmp(r->detail, detail, strlen(detail)) == 0;
}

unsigned event_waiting(const struct board *b, const char *kind, const char *detail)
{
    unsigned n = 0;
    const struct option *o = &b->option;
    for (uint32_t i = option_next(o, ITEM_CALL_UP, 0); i < QUEUE_SLOTS; i = option_next(o, ITEM_CALL_UP, o->queue.entries[i].serial)) {
        AUTO_ITEM item = { 0 };
        struct why ignored;
        if (option_get(o, i, &item, &ignored) == OK && is_event(&item, kind, detail))
            n++;
    }
    return n;
}

/* Under a hand-over that is still to come the epoch is not the number's yet. */
static enum err raise_start(struct field *f, struct why *why)
{
    char detail[40];
    struct board *b = f->board;
    if (f->start_told || f->session != SESSION_ADMITTED || option_next(f->option, ITEM_REPLACEMENT, 0) < QUEUE_SLOTS)
        return OK;
    if (!event_has_room(b) || event_waiting(b, EVENT_START, "") >= STARTS_MOST)
        return OK;
    snprintf(detail, sizeof detail, "epoch %" PRIu64, b->ledger.now.values[LEDGER_EPOCH]);
    enum err err = event_put(b, EVENT_START, detail, why);
    f->start_told = err == OK;
    return err;
}

/* --- How the trial of a program ended --- */

static void describe_trial(const struct field *f, const struct program_slot *s, size_t size, char *ret_detail)
{
    const int n = program_attempts(s);
    const char *starts = n == 1 ? "start" : "starts", *now = option_version(f->option);
    if (s->marks[PROGRAM_CONFIRMED])
        snprintf(ret_detail, size, "%s confirmed itself after %d %s", s->head.version, n, starts);
    else if (n == 0)
        snprintf(ret_detail, size, "%s came damaged, and was not started: %s runs", s->head.version, now);
    else
        snprintf(ret_detail, size, "%s did not confirm itself in %d %s: %s runs again", s->head.version, n, starts, now);
}

/* Among the letters first, then marked: a start between the two finds it there. */
static enum err tell_trial(struct field *f, int slot, struct why *why)
{
    char detail[3 * PROGRAM_VERSION];
    struct board *b = f->board;
    const struct program_slot *s = &f->option->programs.slots[slot];
    bool over = s->there && (s->marks[PROGRAM_CONFIRMED] || s->marks[PROGRAM_BAD]);
    if (!over || s->marks[PROGRAM_TOLD] || !event_has_room(b))
        return OK;
    describe_trial(f, s, sizeof detail, detail);
    enum err err = event_waiting(b, EVENT_PROGRAM, detail) > 0 ? OK : event_put(b, EVENT_PROGRAM, detail, why);
    return err == OK ? flash_error(program_set_mark(&f->option->programs, slot, PROGRAM_TOLD), "programs", why) : err;
}

static enum err raise_trials(struct field *f, struct why *why)
{
    enum err err = OK;
    for (int i = 0; err == OK && i < PROGRAM_SLOTS && f->option->program_file.fd >= 0 && f->session == SESSION_ADMITTED; i++)
        err = tell_trial(f, i, why);
    return err;
}

void event_raise(struct field *f)
{
    bool told = false;
    struct why why = { "" };
    enum err err = raise_start(f, &why);
    if (err == OK)
        err = raise_trials(f, &why);
    if (err == OK)
        err = threshold_tell(f->board, &told, &why);
    if (err != OK)
        log_failure(LOG_WARN, "event", err, &why, "number", f->board->values.number, NULL);
}
