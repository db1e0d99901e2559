/* The station and its operator. The station keeps nothing: killed, it begins as if nothing had been. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

static void feed(struct sim *s, struct bench_event *event);

static void restart(struct sim *s)
{
    uint32_t ticket = s->bench.ticket + 1000; /* answers to the former life are not for this one */
    bench_init(&bench_patience_default, &s->bench);
    s->bench.ticket = ticket;
}

void bench_begin(struct sim *s)
{
    s->bench = (struct bench){ .ticket = 0 };
    restart(s);
    s->on_bench = 0;
    sim_later(s, 100, &(struct message){ .kind = TICK_OPERATOR });
}

static void ask(struct sim *s, enum message_kind kind)
{
    struct message m = { .kind = kind, .board = s->on_bench, .ticket = s->bench.ticket, .good = s->bench.result.good };
    bool about_result = kind == MSG_REPORT;
    const uint8_t *fingerprint = about_result ? s->bench.result.fingerprint : s->bench.fingerprint;
    m.known = kind == MSG_PACK && s->bench.status.individual;
    memcpy(m.fingerprint, m.known ? s->bench.status.fingerprint : fingerprint, sizeof m.fingerprint);
    memcpy(m.nonce, about_result ? s->bench.result.proof : s->bench.nonce, sizeof m.nonce);
    snprintf(m.board_id, sizeof m.board_id, "%.15s", s->bench.status.board);
    sim_send(s, &m);
}

static void answer_device(struct sim *s, uint64_t exchange, enum err err)
{
    const struct message m = { .kind = MSG_RESULT_TAKEN, .board = s->on_bench, .exchange = exchange, .err = err };
    sim_send(s, &m);
}

/* I9: PASS is shown only for what is recorded and in the flash for good. */
static void on_pass(struct sim *s)
{
    uint8_t found[32];
    const struct identity *row = &s->rows[s->rows_n - 1];
    if (s->swapped)
        return; /* whose PASS it is, the operator who pulled the cable knows */
    s->passed[s->on_bench] = true;
    if (row->state != LIFE_WRITTEN && row->state != LIFE_ERASED)
        sim_break(s, "I9: PASS, and the factory server has it as %s", lifecycle_name(row->state));
    if (!device_durable_identity(&s->devices[s->on_bench], found) || memcmp(found, row->fingerprint, 32) != 0)
        sim_break(s, "I9: PASS, and the flash on the bench has another identity or none");
}

static void run_effect(struct sim *s, enum bench_effect effect)
{
    switch (effect) {
    case BENCH_DO_ASK_STATUS: ask(s, MSG_STATUS); break;
    case BENCH_DO_REQUEST_PACK: ask(s, MSG_PACK); break;
    case BENCH_DO_SEND_PACK: ask(s, MSG_SEND); break;
    case BENCH_DO_ASK_RESULT: ask(s, MSG_ASK_RESULT); break;
    case BENCH_DO_FORWARD_RESULT: ask(s, MSG_REPORT); break;
    case BENCH_DO_INITIALISE: ask(s, MSG_INITIALISE); break;
    case BENCH_DO_ANSWER_DEVICE: answer_device(s, s->bench.answered, OK); break;
    case BENCH_DO_REFUSE_DEVICE: answer_device(s, s->bench.refused, s->bench.refusal); break;
    case BENCH_DO_TELL_PASS: on_pass(s); break;
    case BENCH_DO_FORWARD_RECEPTION:
    case BENCH_DO_FORGET_PACK:
    case BENCH_DO_NOTE:
    case BENCH_DO_TELL_FAIL:
    case BENCH_EFFECT_COUNT: break;
    }
}

static void feed(struct sim *s, struct bench_event *event)
{
    struct bench_effects effects;
    if (sim_chance(s, 1)) {
        restart(s); /* killed before it handled this */
        return;
    }
    /* An event that this state refuses changes nothing: late answers are stale by their ticket. */
    if (bench_step(&s->bench, event, s->now_ms, &effects, NULL) != OK)
        return;
    for (size_t i = 0; i < effects.n; i++)
        run_effect(s, effects.list[i]);
    if (s->bench.deadline_ms != 0)
        sim_later(s, s->bench.deadline_ms - s->now_ms, &(struct message){ .kind = TICK_STATION });
}

/* Scans what is on the bench when the station is free, now and then exchanges the board for its twin. */
static void operate(struct sim *s)
{
    sim_later(s, 500 + (int64_t)(sim_random(s) % 2000), &(struct message){ .kind = TICK_OPERATOR });
    if (!bench_is_free(&s->bench)) {
        if (sim_chance(s, 3)) { /* pulled off in the middle */
            s->on_bench = !s->on_bench;
            s->swapped = true;
        }
        return;
    }
    if (s->bench.state == BENCH_FAILED ? sim_random(s) % 2 == 0 : sim_chance(s, 20))
        s->on_bench = !s->on_bench;
    s->swapped = false;
    struct bench_event scan = { .kind = BENCH_EVENT_SCAN, .number = s->number };
    feed(s, &scan);
}

static void take_result(struct sim *s, const struct message *m)
{
    struct bench_event e = { .kind = BENCH_EVENT_RESULT };
    if (m->board != s->on_bench)
        return; /* its cable is out */
    e.result = (struct bench_result){ .number = s->number, .good = m->good, .has_fingerprint = true, .proof_n = 16 };
    e.result.exchange = m->exchange;
    memcpy(e.result.fingerprint, m->fingerprint, 32);
    memcpy(e.result.proof, m->nonce, 16);
    e.result.peer.role = m->good ? ROLE_DEVICE : ROLE_BOOTSTRAP;
    snprintf(e.result.peer.name, sizeof e.result.peer.name, "%s", m->good ? s->number.text : "3012");
    memcpy(e.result.peer.fingerprint, m->fingerprint, 32);
    feed(s, &e);
}

void bench_take(struct sim *s, const struct message *m)
{
    static const enum bench_event_kind kinds[] = {
        [MSG_STATUS_IS] = BENCH_EVENT_STATUS, [MSG_PACK_IS] = BENCH_EVENT_PACK, [MSG_RECEIVED] = BENCH_EVENT_RECEIVED,
        [MSG_REPORTED] = BENCH_EVENT_REPORTED, [MSG_INITIALISED] = BENCH_EVENT_INITIALISED, [MSG_FAULT] = BENCH_EVENT_FAULT,
        [TICK_STATION] = BENCH_EVENT_TIMER,
    };
    if (m->kind == TICK_OPERATOR) {
        operate(s);
        return;
    }
    if (m->kind == MSG_RESULT) {
        take_result(s, m);
        return;
    }
    struct bench_event e = { .kind = kinds[m->kind], .ticket = m->ticket, .number = s->number, .certificate_number = s->number,
                             .status = m->status, .again = m->again, .known = m->known, .err = m->err };
    memcpy(e.fingerprint, m->fingerprint, 32);
    memcpy(e.nonce, m->nonce, 16);
    feed(s, &e);
}
