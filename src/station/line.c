/* Events in, effects out: the one place where the bench session is stepped. */
#include <stdio.h>

#include "base/clock.h"
#include "log/log.h"
#include "station/station.h"

static void deadline_passed(void *context);

static void arm_deadline(struct station *st)
{
    const int64_t at_ms = st->bench.deadline_ms;
    loop_cancel(st->loop, st->deadline_timer);
    st->deadline_timer = 0;
    if (at_ms == 0)
        return;
    int64_t delay_ms = at_ms - clock_mono_ms();
    if (loop_timer(st->loop, delay_ms < 1 ? 1 : delay_ms, deadline_passed, st, &st->deadline_timer) != OK)
        loop_stop(st->loop);
}

static void deadline_passed(void *context)
{
    struct station *st = context;
    st->deadline_timer = 0;
    station_feed(st, &(struct bench_event){ .kind = BENCH_EVENT_TIMER });
}

static void answer_device(struct station *st) { door_answer(&st->door, st->bench.answered); }
static void refuse_device(struct station *st) { door_refuse(&st->door, st->bench.refused, st->bench.refusal, &st->bench.note); }
static void forget_pack(struct station *st) { secret_done(&st->pack); }

static void note(struct station *st)
{
    if (st->misread != OK)
        screen_misread(&st->screen, st->misread, &st->bench.note);
    else
        screen_note(&st->screen, st->bench.note.text);
    st->misread = OK;
}

static void tell_pass(struct station *st)
{
    log_event(LOG_INFO, "pass", "number", st->bench.number.text, "already", st->bench.already ? "yes" : "no", NULL);
    screen_pass(&st->screen, &st->bench, clock_mono_ms());
}

static void tell_fail(struct station *st)
{
    log_failure(LOG_WARN, "fail", st->bench.err, &st->bench.why, "number", st->bench.number.text, NULL);
    screen_fail(&st->screen, &st->bench);
}

typedef void effect_fn(struct station *st);
static effect_fn *const effect_fns[BENCH_EFFECT_COUNT] = {
    [BENCH_DO_ASK_STATUS] = station_ask_status,
    [BENCH_DO_REQUEST_PACK] = station_request_pack,
    [BENCH_DO_SEND_PACK] = station_send_pack,
    [BENCH_DO_FORWARD_RECEPTION] = station_forward_reception,
    [BENCH_DO_ASK_RESULT] = station_ask_result,
    [BENCH_DO_FORWARD_RESULT] = station_forward_result,
    [BENCH_DO_ANSWER_DEVICE] = answer_device,
    [BENCH_DO_REFUSE_DEVICE] = refuse_device,
    [BENCH_DO_INITIALISE] = station_initialise,
    [BENCH_DO_FORGET_PACK] = forget_pack,
    [BENCH_DO_NOTE] = note,
    [BENCH_DO_TELL_PASS] = tell_pass,
    [BENCH_DO_TELL_FAIL] = tell_fail,
};

static void step(struct station *st, const struct bench_event *event)
{
    struct why why = { "" };
    struct bench_effects effects;
    enum bench_state before = st->bench.state;
    enum err err = bench_step(&st->bench, event, clock_mono_ms(), &effects, &why);
    if (err != OK)
        log_failure(LOG_WARN, "event", err, &why, "number", st->bench.number.text, NULL);
    if (st->bench.state != before)
        screen_state(&st->screen, &st->bench, clock_mono_ms());
    for (size_t i = 0; i < effects.n; i++)
        effect_fns[effects.list[i]](st);
}

static void pump(void *context)
{
    struct station *st = context;
    st->pump_timer = 0;
    sources_pump(&st->sources);
}

void station_feed(struct station *st, const struct bench_event *event)
{
    if (st->events_n == STATION_EVENTS) { /* each open call can bring one only */
        log_event(LOG_ERROR, "event-lost", "event", bench_event_name(event->kind), NULL);
        return;
    }
    st->events[st->events_n++] = *event;
    if (st->stepping)
        return;
    st->stepping = true;
    while (st->events_n > 0) {
        const struct bench_event next = st->events[0];
        memmove(&st->events[0], &st->events[1], --st->events_n * sizeof st->events[0]);
        step(st, &next);
    }
    st->stepping = false;
    arm_deadline(st);
    if (bench_is_free(&st->bench) && st->pump_timer == 0 && loop_timer(st->loop, 1, pump, st, &st->pump_timer) != OK)
        loop_stop(st->loop);
}

bool station_is_free(const struct station *st) { return st->ready && !st->stopping && !st->stepping && bench_is_free(&st->bench); }

enum err station_fresh_device_client(struct station *st, struct why *why)
{
    struct http_client *fresh = NULL;
    enum err err = http_client_new(st->loop, &fresh, why);
    if (err != OK)
        return err;
    if (st->device.client != NULL)
        http_client_free(st->device.client);
    st->device.client = fresh;
    return OK;
}

void station_take_text(struct station *st, struct span text, bool keyed)
{
    struct bench_event event = { .kind = keyed ? BENCH_EVENT_KEY : BENCH_EVENT_SCAN };
    struct why why = { "" };
    enum err err = scan_read(&st->rules, text, &event.number, &why);
    if (err == OK && bench_is_free(&st->bench))
        err = station_fresh_device_client(st, &why);
    if (err != OK) {
        event.kind = BENCH_EVENT_MISREAD;
        event.err = err;
        event.why = why;
        st->misread = err;
    }
    log_event(LOG_INFO, bench_event_name(event.kind), "number", event.number.text, "why", event.why.text, NULL);
    station_feed(st, &event);
}
