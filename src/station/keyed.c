/* Numbers that were keyed in at the factory server (F-9): fetched while the bench is free, and worked on as scans are.
 * One that was begun with is said in the next question, so that neither side loses it or tells it twice. */
#include <stdio.h>

#include "log/log.h"
#include "station/station.h"

enum { EVERY_MS = 1000, AGAIN_MS = 10000, TIMEOUT_MS = 10000 };

static void ask(void *context);

static void ask_in(struct station *st, int64_t delay_ms)
{
    if (loop_timer(st->loop, delay_ms, ask, st, &st->keyed_timer) != OK)
        loop_stop(st->loop);
}

static void begin(struct station *st, const struct keyed_number_response *r)
{
    char note[2 * LIMIT_NAME + 64];
    snprintf(st->keyed_taken, sizeof st->keyed_taken, "%.*s", LIMIT_NUMBER_TEXT, r->number);
    snprintf(note, sizeof note, "%s was keyed in at the factory server by %.*s", st->keyed_taken, LIMIT_NAME, r->by);
    log_event(LOG_INFO, "keyed", "number", st->keyed_taken, "operator", r->by, NULL);
    screen_note(&st->screen, note);
    station_take_text(st, span_text(st->keyed_taken), false);
}

static void on_answer(void *context, uint32_t ticket, const struct link_answer *answer)
{
    struct station *st = context;
    (void)ticket;
    const struct keyed_number_response *r = answer->body;
    if (answer->err != OK) {
        log_failure(LOG_DEBUG, "keyed", answer->err, &answer->why, NULL);
        ask_in(st, AGAIN_MS);
        return;
    }
    st->keyed_taken[0] = '\0';
    if (r->number[0] != '\0' && station_is_free(st))
        begin(st, r);
    ask_in(st, st->keyed_taken[0] != '\0' ? 0 : EVERY_MS);
}

static void ask(void *context)
{
    struct station *st = context;
    struct why why = { "" };
    const struct keyed_number_request body = { .taken = st->keyed_taken };
    st->keyed_timer = 0;
    if (!station_is_free(st) && st->keyed_taken[0] == '\0') {
        ask_in(st, EVERY_MS);
        return;
    }
    if (link_send(&st->factory, SOAP_KEYED_NUMBER, &body, TIMEOUT_MS, 0, on_answer, st, &why) != OK)
        ask_in(st, AGAIN_MS);
}

void station_ask_keyed(struct station *st)
{
    if (st->settings.keyed_at_factory && !st->keyed_asking) {
        st->keyed_asking = true;
        ask_in(st, 0);
    }
}
