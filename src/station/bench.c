#include "station/bench.h"

#include <stdarg.h>
#include <stdio.h>

#include "station/bench_part.h"

const struct bench_patience bench_patience_default = {
    .device_ms = 10000,
    .device_retry_ms = 1000,
    .device_patience_ms = 60000,
    .write_ms = 20000,
    .factory_ms = 60000,
    .factory_retry_ms = 2000,
    .factory_patience_ms = 600000,
    .keyed_ms = 60000,
    .packs_most = 3,
    .sends_most = 4,
};

static const struct bench_state_row state_rows[] = {
#define STATE(code, name, step, text) [BENCH_##code] = { name, step, text },
#include "station/bench.tbl"
#undef STATE
};
_Static_assert(sizeof state_rows / sizeof *state_rows == BENCH_STATE_COUNT, "a row per state");

static const char *const event_names[] = {
#define EVENT(code, name) [BENCH_EVENT_##code] = name,
#include "station/bench.tbl"
#undef EVENT
};

static const char *const effect_names[] = {
#define EFFECT(code, name) [BENCH_DO_##code] = name,
#include "station/bench.tbl"
#undef EFFECT
};

/* What may happen when, and who deals with it. An empty cell is refused. */
typedef void bench_fn(struct bench_turn *t);
#define NEW_SESSION [BENCH_EVENT_SCAN] = bench_on_scan, [BENCH_EVENT_KEY] = bench_on_key, [BENCH_EVENT_MISREAD] = bench_on_misread
#define BUSY_WITH_ONE                                                                                        \
    [BENCH_EVENT_SCAN] = bench_on_scan_while_busy, [BENCH_EVENT_KEY] = bench_on_scan_while_busy, \
    [BENCH_EVENT_MISREAD] = bench_on_misread
static bench_fn *const rows[BENCH_STATE_COUNT][BENCH_EVENT_COUNT] = {
    [BENCH_IDLE] = { NEW_SESSION, [BENCH_EVENT_RESULT] = bench_on_result_unasked },
    [BENCH_KEYED] = { [BENCH_EVENT_SCAN] = bench_on_scan, [BENCH_EVENT_KEY] = bench_on_key_again, [BENCH_EVENT_MISREAD] = bench_on_misread,
                      [BENCH_EVENT_RESULT] = bench_on_result_unasked, [BENCH_EVENT_TIMER] = bench_on_key_timer },
    [BENCH_ASKING] = { BUSY_WITH_ONE, [BENCH_EVENT_STATUS] = bench_on_status, [BENCH_EVENT_FAULT] = bench_on_ask_fault,
                       [BENCH_EVENT_TIMER] = bench_on_ask_fault, [BENCH_EVENT_RESULT] = bench_on_result_unasked },
    [BENCH_ASK_WAIT] = { BUSY_WITH_ONE, [BENCH_EVENT_TIMER] = bench_ask_device, [BENCH_EVENT_RESULT] = bench_on_result_unasked },
    [BENCH_FETCHING] = { BUSY_WITH_ONE, [BENCH_EVENT_PACK] = bench_on_pack, [BENCH_EVENT_FAULT] = bench_on_fetch_fault,
                         [BENCH_EVENT_TIMER] = bench_on_fetch_fault, [BENCH_EVENT_RESULT] = bench_on_result_unasked },
    [BENCH_FETCH_WAIT] = { BUSY_WITH_ONE, [BENCH_EVENT_TIMER] = bench_fetch, [BENCH_EVENT_RESULT] = bench_on_result_unasked },
    [BENCH_SENDING] = { BUSY_WITH_ONE, [BENCH_EVENT_RECEIVED] = bench_on_received, [BENCH_EVENT_RESULT] = bench_on_result,
                        [BENCH_EVENT_FAULT] = bench_on_send_fault, [BENCH_EVENT_TIMER] = bench_on_send_fault },
    [BENCH_WRITING] = { BUSY_WITH_ONE, [BENCH_EVENT_RESULT] = bench_on_result, [BENCH_EVENT_TIMER] = bench_on_write_timer },
    [BENCH_CHECKING] = { BUSY_WITH_ONE, [BENCH_EVENT_STATUS] = bench_on_check_status, [BENCH_EVENT_RESULT] = bench_on_result,
                         [BENCH_EVENT_FAULT] = bench_on_check_fault, [BENCH_EVENT_TIMER] = bench_on_check_fault },
    [BENCH_CHECK_WAIT] = { BUSY_WITH_ONE, [BENCH_EVENT_RESULT] = bench_on_result, [BENCH_EVENT_TIMER] = bench_check_device },
    [BENCH_RESULT_ASKED] = { BUSY_WITH_ONE, [BENCH_EVENT_RECEIVED] = bench_on_result_promised, [BENCH_EVENT_RESULT] = bench_on_result,
                             [BENCH_EVENT_FAULT] = bench_on_check_fault, [BENCH_EVENT_TIMER] = bench_on_check_fault },
    [BENCH_REPORTING] = { BUSY_WITH_ONE, [BENCH_EVENT_REPORTED] = bench_on_reported, [BENCH_EVENT_RESULT] = bench_on_result_again,
                          [BENCH_EVENT_FAULT] = bench_on_report_fault, [BENCH_EVENT_TIMER] = bench_on_report_fault },
    [BENCH_REPORT_WAIT] = { BUSY_WITH_ONE, [BENCH_EVENT_RESULT] = bench_on_result_again, [BENCH_EVENT_TIMER] = bench_report },
    [BENCH_INITIALISING] = { BUSY_WITH_ONE, [BENCH_EVENT_INITIALISED] = bench_on_initialised, [BENCH_EVENT_RESULT] = bench_on_result_late,
                             [BENCH_EVENT_FAULT] = bench_on_init_fault, [BENCH_EVENT_TIMER] = bench_on_init_fault },
    [BENCH_INIT_WAIT] = { BUSY_WITH_ONE, [BENCH_EVENT_TIMER] = bench_initialise, [BENCH_EVENT_RESULT] = bench_on_result_late },
    [BENCH_PASSED] = { NEW_SESSION, [BENCH_EVENT_RESULT] = bench_on_result_late },
    [BENCH_FAILED] = { NEW_SESSION, [BENCH_EVENT_RESULT] = bench_on_result_unasked },
};

const struct bench_state_row *bench_state_row(enum bench_state state)
{
    return &state_rows[(unsigned)state < BENCH_STATE_COUNT ? state : BENCH_FAILED];
}

const char *bench_event_name(enum bench_event_kind kind) { return (unsigned)kind < BENCH_EVENT_COUNT ? event_names[kind] : "unknown"; }
const char *bench_effect_name(enum bench_effect effect) { return (unsigned)effect < BENCH_EFFECT_COUNT ? effect_names[effect] : "unknown"; }

void bench_init(const struct bench_patience *patience, struct bench *ret_bench)
{
    *ret_bench = (struct bench){ .patience = *patience, .state = BENCH_IDLE };
}

bool bench_is_free(const struct bench *b)
{
    return b->state == BENCH_IDLE || b->state == BENCH_KEYED || b->state == BENCH_PASSED || b->state == BENCH_FAILED;
}

/* Answers to requests; those of an older request than the last are ignored. */
static bool has_ticket(enum bench_event_kind kind)
{
    return kind == BENCH_EVENT_STATUS || kind == BENCH_EVENT_PACK || kind == BENCH_EVENT_RECEIVED || kind == BENCH_EVENT_REPORTED ||
           kind == BENCH_EVENT_INITIALISED || kind == BENCH_EVENT_FAULT;
}

enum err bench_step(struct bench *b, const struct bench_event *event, int64_t now_ms, struct bench_effects *ret_effects, struct why *why)
{
    *ret_effects = (struct bench_effects){ .n = 0 };
    if ((unsigned)event->kind >= BENCH_EVENT_COUNT || (unsigned)b->state >= BENCH_STATE_COUNT)
        return why_set(why, ERR_BUG, "no such event or state");
    if (has_ticket(event->kind) && event->ticket != b->ticket)
        return OK;
    if (event->kind == BENCH_EVENT_TIMER && (b->deadline_ms == 0 || now_ms < b->deadline_ms))
        return OK;
    bench_fn *fn = rows[b->state][event->kind];
    if (fn == NULL)
        return why_set(why, ERR_BAD_TRANSITION, "%s cannot be while %s", event_names[event->kind], state_rows[b->state].name);
    fn(&(struct bench_turn){ .b = b, .event = event, .now_ms = now_ms, .effects = ret_effects });
    return OK;
}

void bench_do(struct bench_turn *t, enum bench_effect effect)
{
    if (t->effects->n < BENCH_EFFECTS_MAX)
        t->effects->list[t->effects->n++] = effect;
}

void bench_enter(struct bench_turn *t, enum bench_state state, int64_t timeout_ms)
{
    t->b->state = state;
    t->b->deadline_ms = timeout_ms == 0 ? 0 : t->now_ms + timeout_ms;
}

void bench_request(struct bench_turn *t, enum bench_state state, enum bench_effect effect, int64_t timeout_ms)
{
    t->b->ticket++;
    bench_enter(t, state, timeout_ms);
    bench_do(t, effect);
}

/* The end of a session, whichever: no answer of an open request counts any more, and no pack stays. */
static void end_session(struct bench_turn *t, enum bench_state state)
{
    struct bench *b = t->b;
    b->ticket++;
    b->exchange = 0;
    b->has_pack = false;
    bench_enter(t, state, 0);
    bench_do(t, BENCH_DO_FORGET_PACK);
}

void bench_fail(struct bench_turn *t, enum err err, const char *advice, const char *fmt, ...)
{
    struct bench *b = t->b;
    va_list args;
    va_start(args, fmt);
    vsnprintf(b->why.text, sizeof b->why.text, fmt, args);
    va_end(args);
    b->err = err;
    b->advice = advice;
    if (b->exchange != 0) {
        b->refused = b->exchange;
        b->refusal = err;
        b->note = b->why;
        bench_do(t, BENCH_DO_REFUSE_DEVICE);
    }
    end_session(t, BENCH_FAILED);
    bench_do(t, BENCH_DO_TELL_FAIL);
}

void bench_pass(struct bench_turn *t, bool already)
{
    t->b->already = already;
    end_session(t, BENCH_PASSED);
    bench_do(t, BENCH_DO_TELL_PASS);
}

bool bench_is_passing_error(enum err err)
{
    return err == ERR_UNREACHABLE || err == ERR_TIMEOUT || err == ERR_PEER_GONE || err == ERR_BUSY || err == ERR_NO_MEMORY ||
           err == ERR_NO_PACK;
}
