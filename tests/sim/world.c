#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"

/* xorshift64* */
uint64_t sim_random(struct sim *s)
{
    s->random ^= s->random >> 12;
    s->random ^= s->random << 25;
    s->random ^= s->random >> 27;
    return s->random * 0x2545f4914f6cdd1dULL >> 16;
}

bool sim_chance(struct sim *s, unsigned percent) { return s->now_ms < FAULTS_END_MS && sim_random(s) % 100 < percent; }

void sim_break(struct sim *s, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (s->broken[0] == '\0')
        vsnprintf(s->broken, sizeof s->broken, fmt, args);
    va_end(args);
}

void sim_later(struct sim *s, int64_t delay_ms, const struct message *m)
{
    if (s->queue_n == QUEUE) {
        sim_break(s, "the simulation's queue is full");
        return;
    }
    struct message *to = &s->queue[s->queue_n++];
    *to = *m;
    to->at_ms = s->now_ms + delay_ms;
    to->order = s->order++;
}

static int64_t network_delay_ms(struct sim *s)
{
    return sim_chance(s, 10) ? (int64_t)(sim_random(s) % 9000) : 1 + (int64_t)(sim_random(s) % 30);
}

void sim_send(struct sim *s, const struct message *m)
{
    if (sim_chance(s, 12))
        return;
    sim_later(s, network_delay_ms(s), m);
    while (sim_chance(s, 12))
        sim_later(s, network_delay_ms(s), m);
}

static bool take_next(struct sim *s, struct message *ret_message)
{
    size_t best = 0;
    if (s->queue_n == 0)
        return false;
    for (size_t i = 1; i < s->queue_n; i++) {
        const struct message *a = &s->queue[i], *b = &s->queue[best];
        if (a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order))
            best = i;
    }
    *ret_message = s->queue[best];
    s->queue[best] = s->queue[--s->queue_n];
    return true;
}

static void deliver(struct sim *s, const struct message *m)
{
    switch (m->kind) {
    case MSG_PACK:
    case MSG_REPORT:
    case TICK_FACTORY: factory_take(s, m); break;
    case MSG_STATUS:
    case MSG_SEND:
    case MSG_ASK_RESULT:
    case MSG_RESULT_TAKEN:
    case MSG_INITIALISE:
    case TICK_WRITE:
    case TICK_REPORT:
    case TICK_POWER_ON: device_take(s, m); break;
    case MSG_STATUS_IS:
    case MSG_PACK_IS:
    case MSG_RECEIVED:
    case MSG_RESULT:
    case MSG_REPORTED:
    case MSG_INITIALISED:
    case MSG_FAULT:
    case TICK_STATION:
    case TICK_OPERATOR: bench_take(s, m); break;
    }
}

static void check_certificates(struct sim *s)
{
    unsigned live = 0, voided = 0;
    for (size_t i = 0; i < s->rows_n; i++)
        live += s->certificates[i].live;
    if (live > 1)
        sim_break(s, "I1: %u live identities for %s", live, s->number.text);
    for (size_t i = 0; i < s->rows_n; i++)
        voided += s->rows[i].state == LIFE_VOIDED;
    if (live + voided != s->rows_n)
        sim_break(s, "I11: %zu made for one ordered, %u live, %u voided", s->rows_n, live, voided);
}

static void check_flash(struct sim *s)
{
    uint8_t a[32], b[32];
    bool both = device_durable_identity(&s->devices[0], a) && device_durable_identity(&s->devices[1], b);
    if (both && memcmp(a, b, sizeof a) == 0)
        sim_break(s, "I2: the same key is in two flash memories");
}

/* I4, I9: a row says written only when a flash has exactly that identity, and would still have it after a cut. */
static void check_written(struct sim *s)
{
    uint8_t found[32];
    for (size_t i = 0; i < s->rows_n; i++) {
        bool there = false;
        if (s->rows[i].state != LIFE_WRITTEN && s->rows[i].state != LIFE_ERASED)
            continue;
        for (unsigned k = 0; k < BOARDS; k++)
            there = there || (device_durable_identity(&s->devices[k], found) && memcmp(found, s->rows[i].fingerprint, 32) == 0);
        if (!there)
            sim_break(s, "I4: generation %zu is recorded as written and erased, and no flash has it", i + 1);
    }
}

void sim_check(struct sim *s)
{
    check_certificates(s);
    check_flash(s);
    check_written(s);
}

/* I12: when the faults are over, the board that has the number's pack gets through. */
static void check_end(struct sim *s)
{
    if (!s->passed[0] && !s->passed[1])
        sim_break(s, "I12: no device passed; the bench is %s (%s)", bench_state_row(s->bench.state)->name, s->bench.why.text);
    if (s->passed[0] && s->passed[1])
        sim_break(s, "I2: two boards passed with the number %s", s->number.text);
}

bool sim_run(struct sim *s, uint64_t seed, enum mutation mutation)
{
    struct message m;
    s->seed = seed;
    s->random = seed * 0x9e3779b97f4a7c15ULL + 1;
    s->mutation = mutation;
    s->now_ms = 1000;
    s->queue_n = s->rows_n = 0;
    s->order = 0;
    s->packs_handed = 0;
    s->broken[0] = '\0';
    s->passed[0] = s->passed[1] = s->swapped = false;
    if (number_parse(span_text("3012-123456"), &s->number, NULL) != OK)
        return false;
    factory_begin(s);
    device_begin(s, 0);
    device_begin(s, 1);
    bench_begin(s);
    while (s->broken[0] == '\0' && take_next(s, &m) && m.at_ms < RUN_END_MS) {
        s->now_ms = m.at_ms;
        deliver(s, &m);
        sim_check(s);
        if (s->now_ms > FAULTS_END_MS && (s->passed[0] || s->passed[1]) && bench_is_free(&s->bench))
            break;
    }
    check_end(s);
    return s->broken[0] == '\0';
}
