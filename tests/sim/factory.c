/* The factory server, with the CA behind it: every answer follows what was saved. */
#include <string.h>

#include "sim.h"

static void issue(struct sim *s)
{
    struct identity *row = &s->rows[s->rows_n];
    struct certificate *cert = &s->certificates[s->rows_n];
    if (s->rows_n == GENERATIONS)
        return;
    *row = (struct identity){ .number = s->number, .generation = (int64_t)s->rows_n + 1, .model = "3012", .day = 20260319,
                              .state = LIFE_STORED, .has_pack = true, .has_fingerprint = true };
    for (size_t i = 0; i < sizeof row->fingerprint; i++)
        row->fingerprint[i] = (uint8_t)sim_random(s);
    memcpy(cert->fingerprint, row->fingerprint, sizeof cert->fingerprint);
    cert->live = true;
    s->rows_n++;
}

void factory_begin(struct sim *s)
{
    s->policy = (struct decide_policy){ .days_late = 7, .claims_per_station = 3, .lease_s = 15, .retention_s = 0 };
    issue(s);
    sim_later(s, 500, &(struct message){ .kind = TICK_FACTORY });
}

static struct identity *newest(struct sim *s) { return &s->rows[s->rows_n - 1]; }

static void answer(struct sim *s, const struct message *request, struct message reply)
{
    reply.ticket = request->ticket;
    reply.board = request->board;
    sim_send(s, &reply);
}

static void answer_fault(struct sim *s, const struct message *request, enum err err)
{
    answer(s, request, (struct message){ .kind = MSG_FAULT, .err = err });
}

/* F-16: revoked first, then a new one. */
static void tick(struct sim *s)
{
    struct identity *row = newest(s), after;
    if (decide_expire(row, s->now_ms / 1000, &after))
        *row = after;
    if (row->state == LIFE_FAILED && lifecycle_next(row->state, LIFE_EVENT_VOID, ROLE_FACTORY, &row->state, NULL) == OK) {
        s->certificates[s->rows_n - 1].live = false;
        row->has_pack = false;
        issue(s);
    }
    sim_later(s, 500, &(struct message){ .kind = TICK_FACTORY });
}

/* A station that lies, or a late NG: what is handed out and not yet proven is given up, and made again. */
static void lie(struct sim *s)
{
    struct identity *row = newest(s);
    struct result_effect effect;
    const struct result_facts facts = { .station = "line-1", .good = false, .reason = "a lie", .row = row };
    if (s->rows_n + 4 < GENERATIONS && decide_result(&s->policy, &facts, s->now_ms / 1000, &effect, NULL) == OK)
        *row = effect.row;
}

static void take_claim(struct sim *s, const struct message *m)
{
    uint8_t nonce[IDENTITY_NONCE];
    struct identity row;
    enum claim_way way;
    const struct claim_facts facts = {
        .station = "line-1",
        .line = "1",
        .board = s->mutation == MUTATE_NO_BINDING ? "" : m->board_id,
        .fingerprint = m->known ? m->fingerprint : NULL,
        .today = 20260319,
        .model_known = true,
        .model_identity = true,
        .model_line = "",
        .row = newest(s),
    };
    for (size_t i = 0; i < sizeof nonce; i++)
        nonce[i] = (uint8_t)sim_random(s);
    enum err err = decide_claim(&s->policy, &facts, s->now_ms / 1000, nonce, &way, &row, NULL);
    if (err != OK) {
        answer_fault(s, m, err);
        return;
    }
    if (sim_chance(s, 4))
        return; /* killed before it saved */
    if (newest(s)->has_nonce && memcmp(newest(s)->nonce, row.nonce, sizeof row.nonce) != 0)
        sim_break(s, "I10: the same claim got another nonce");
    *newest(s) = row;
    if (sim_chance(s, 4))
        return; /* killed after it saved */
    struct message reply = { .kind = MSG_PACK_IS, .known = way == CLAIM_PROVE };
    memcpy(reply.fingerprint, row.fingerprint, sizeof reply.fingerprint);
    memcpy(reply.nonce, row.nonce, sizeof reply.nonce);
    answer(s, m, reply);
}

static struct identity *find_row(struct sim *s, const uint8_t fingerprint[32])
{
    for (size_t i = 0; i < s->rows_n; i++)
        if (memcmp(s->rows[i].fingerprint, fingerprint, 32) == 0)
            return &s->rows[i];
    return NULL;
}

static void take_report(struct sim *s, const struct message *m)
{
    struct identity *row = find_row(s, m->fingerprint);
    struct result_effect effect;
    const struct result_facts facts = {
        .station = "line-1",
        .good = m->good,
        .proof_holds = row != NULL && memcmp(row->nonce, m->nonce, sizeof m->nonce) == 0,
        .reason = "flash",
        .row = row,
    };
    enum err err = decide_result(&s->policy, &facts, s->now_ms / 1000, &effect, NULL);
    if (err != OK) {
        answer_fault(s, m, err);
        return;
    }
    const struct message reply = { .kind = MSG_REPORTED, .again = effect.again };
    if (s->mutation == MUTATE_ANSWER_FIRST)
        answer(s, m, reply);
    if (sim_chance(s, 4))
        return;
    *row = effect.row;
    if (effect.erase)
        row->has_pack = false;
    if (s->mutation != MUTATE_ANSWER_FIRST && !sim_chance(s, 4))
        answer(s, m, reply);
}

void factory_take(struct sim *s, const struct message *m)
{
    if (m->kind == TICK_FACTORY && sim_chance(s, 1))
        lie(s);
    if (m->kind == TICK_FACTORY)
        tick(s);
    else if (m->kind == MSG_PACK)
        take_claim(s, m);
    else
        take_report(s, m);
}
