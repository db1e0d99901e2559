#include "gateway/outbox.h"

#include <stdio.h>

#include "model/der.h"

/* Below LIMIT_EXCHANGE, as the sizes are estimates; an envelope is at most LIMIT_ENVELOPE. */
enum { ROOM = LIMIT_EXCHANGE / 4 * 3, ITEM = 600 };

enum err outbox_init(struct outbox *o)
{
    *o = (struct outbox){ 0 };
    return arena_new(4 * (size_t)LIMIT_EXCHANGE, &o->arena);
}

void outbox_done(struct outbox *o)
{
    arena_free(o->arena);
    *o = (struct outbox){ 0 };
}

bool outbox_is_empty(const struct outbox *o)
{
    size_t n = 0;
#define L(record, list) n += o->list##_n;
    OUTBOX_LISTS(L)
#undef L
    return n == 0;
}

/* Room for one more record in a list; NULL when out of memory. */
static void *next_place(struct outbox *o, void *list, size_t n, size_t *room, size_t size, void **ret_list)
{
    if (o->arena == NULL)
        return NULL;
    if (n == *room) {
        size_t more = *room == 0 ? 8 : 2 * *room;
        void *longer = arena_take(o->arena, more * size);
        if (longer == NULL)
            return NULL;
        if (n > 0)
            memcpy(longer, list, n * size);
        *ret_list = longer;
        *room = more;
    }
    return (char *)*ret_list + n * size;
}

#define L(record, list)                                                                                                          \
    static struct record *add_##list(struct outbox *o)                                                                           \
    {                                                                                                                            \
        void *longer = o->list;                                                                                                  \
        struct record *place = next_place(o, o->list, o->list##_n, &o->list##_room, sizeof *place, &longer);                      \
        if (place != NULL) {                                                                                                     \
            o->list = longer;                                                                                                    \
            o->list##_n++;                                                                                                       \
        }                                                                                                                        \
        return place;                                                                                                            \
    }
OUTBOX_LISTS(L)
#undef L

/* Whether a record with so many bytes still goes in. After the first that does not, none does, so that order stays. */
static bool fits(struct outbox *o, size_t n, size_t bytes)
{
    size_t cost = ITEM + bytes / 3 * 4;
    if (o->more || n >= LIMIT_EXCHANGE_ITEMS || o->bytes + cost > ROOM) {
        o->more = true;
        return false;
    }
    o->bytes += cost;
    return true;
}

static const char *text(struct outbox *o, const char *t) { return t == NULL ? NULL : arena_text(o->arena, span_text(t)); }

static struct span bytes(struct outbox *o, struct span s)
{
    void *copy = s.n == 0 ? NULL : arena_take(o->arena, s.n);
    if (copy == NULL)
        return span_of(NULL, 0);
    memcpy(copy, s.at, s.n);
    return span_of(copy, s.n);
}

/* The certificates that lie one after the other in `all`. */
static enum err split_signers(struct outbox *o, struct span all, struct certificate **ret_signers, size_t *ret_n)
{
    struct span rest = bytes(o, all), one;
    struct certificate *signers = arena_take(o->arena, (1 + LIMIT_CHAIN) * sizeof *signers);
    size_t n = 0;
    if (signers == NULL || rest.n != all.n)
        return ERR_NO_MEMORY;
    while (rest.n > 0 && n <= LIMIT_CHAIN) {
        enum err err = der_take_whole(&rest, DER_SEQUENCE, &one);
        if (err != OK)
            return ERR_DAMAGED;
        signers[n++].der = one;
    }
    *ret_signers = signers;
    *ret_n = n;
    return OK;
}

static enum err add_call(struct outbox *o, const struct relay_letter *l)
{
    struct field_call *c = add_calls(o);
    if (c == NULL)
        return ERR_NO_MEMORY;
    *c = (struct field_call){ .id = text(o, l->id),
                              .number = l->number,
                              .limit = l->seconds,
                              .envelope = bytes(o, l->envelope),
                              .token = text(o, l->token),
                              .serial = l->serial,
                              .maker = text(o, l->maker),
                              .signature = bytes(o, l->signature) };
    return split_signers(o, l->signers, &c->signers, &c->signers_n);
}

static enum err add_answer(struct outbox *o, const struct relay_letter *l)
{
    struct field_answer *a = add_answers(o);
    if (a == NULL)
        return ERR_NO_MEMORY;
    *a = (struct field_answer){ .id = text(o, l->id),
                                .number = l->number,
                                .kind = l->kind == RELAY_DELAY ? "delay" : "response",
                                .after = l->kind == RELAY_DELAY ? l->seconds : 0,
                                .envelope = bytes(o, l->envelope),
                                .token = text(o, l->token),
                                .serial = l->serial,
                                .maker = text(o, l->maker),
                                .signature = bytes(o, l->signature) };
    return split_signers(o, l->signers, &a->signers, &a->signers_n);
}

enum err outbox_letter(void *context, const struct relay_letter *l)
{
    struct outbox *o = context;
    size_t n = l->kind == RELAY_CALL ? o->calls_n : o->answers_n;
    if (!fits(o, n, l->envelope.n + l->signature.n + l->signers.n))
        return OK;
    return l->kind == RELAY_CALL ? add_call(o, l) : add_answer(o, l);
}

enum err outbox_presence(void *context, const struct relay_presence *p)
{
    struct outbox *o = context;
    if (!fits(o, o->presences_n, p->signature.n))
        return OK;
    struct field_presence *to = add_presences(o);
    if (to == NULL)
        return ERR_NO_MEMORY;
    *to = (struct field_presence){ .number = p->number,
                                   .token = text(o, p->token),
                                   .nonce = text(o, p->nonce),
                                   .fingerprint = bytes(o, p->fingerprint),
                                   .version = text(o, p->version),
                                   .letters = p->letters,
                                   .challenge = text(o, p->challenge),
                                   .signature = bytes(o, p->signature) };
    return OK;
}

enum err outbox_session(void *context, const struct relay_session *s)
{
    struct outbox *o = context;
    if (!fits(o, o->sessions_n, s->signature.n + s->signers.n))
        return OK;
    struct field_session *to = add_sessions(o);
    if (to == NULL)
        return ERR_NO_MEMORY;
    *to = (struct field_session){ .number = s->number,
                                  .nonce = text(o, s->nonce),
                                  .state = text(o, s->state),
                                  .error = text(o, s->error),
                                  .reason = text(o, s->reason),
                                  .token = text(o, s->token),
                                  .interval = s->interval_s,
                                  .challenge = text(o, s->challenge),
                                  .readings = s->readings,
                                  .signature = bytes(o, s->signature) };
    return split_signers(o, s->signers, &to->signers, &to->signers_n);
}

enum err outbox_receipt(struct outbox *o, enum relay_kind kind, const char *id, enum err err, const char *reason)
{
    struct field_receipt *r = add_receipts(o);
    if (r == NULL)
        return ERR_NO_MEMORY;
    *r = (struct field_receipt){ .id = text(o, id), .what = relay_kind_name(kind), .accepted = err == OK };
    if (err != OK) {
        r->error = err_row(err)->name;
        r->reason = text(o, reason);
    }
    return OK;
}

enum err outbox_refusal(void *context, const struct relay_refusal *r)
{
    struct outbox *o = context;
    struct field_receipt *to = add_receipts(o);
    if (to == NULL)
        return ERR_NO_MEMORY;
    *to = (struct field_receipt){ .id = text(o, r->id),
                                  .what = relay_kind_name(r->kind),
                                  .error = text(o, r->error),
                                  .reason = text(o, r->reason) };
    return OK;
}

enum err outbox_refused_session(struct outbox *o, const struct field_presence *p, enum err err, const char *reason)
{
    struct field_session *to = add_sessions(o);
    if (to == NULL)
        return ERR_NO_MEMORY;
    *to = (struct field_session){ .number = p->number,
                                  .nonce = text(o, p->nonce),
                                  .state = "refused",
                                  .error = err_row(err)->name,
                                  .reason = text(o, reason),
                                  .interval = LIMIT_POLL_WAIT_S };
    return OK;
}

/* --- What came --- */

enum err letter_signers(const struct certificate *signers, size_t n, struct buf *to)
{
    if (n > 1 + LIMIT_CHAIN)
        return ERR_TOO_LARGE;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < n; i++) {
        struct span rest = signers[i].der, one;
        err = der_take_whole(&rest, DER_SEQUENCE, &one);
        if (err == OK)
            err = rest.n != 0 ? ERR_BAD_INPUT : buf_put_span(to, one);
    }
    return err;
}

static enum err check(const char *id, struct span envelope, const struct certificate *signers, size_t signers_n, struct buf *to,
                      struct why *why)
{
    if (*id == '\0' || strlen(id) > LIMIT_MESSAGE_ID)
        return why_set(why, ERR_BAD_INPUT, "an id has 1 to %d characters", LIMIT_MESSAGE_ID);
    if (envelope.n > LIMIT_ENVELOPE)
        return why_set(why, ERR_TOO_LARGE, "the envelope of %s has %zu bytes, more than %d", id, envelope.n, LIMIT_ENVELOPE);
    enum err err = letter_signers(signers, signers_n, to);
    return err == OK ? OK : why_set(why, err, "the signers of %s are no certificates", id);
}

static const char *or_empty(const char *t) { return t == NULL ? "" : t; }

static enum err set_place(const char *token, int64_t serial, const char *maker, struct relay_letter *l, struct why *why)
{
    if (strlen(or_empty(token)) >= sizeof l->token || strlen(or_empty(maker)) >= sizeof l->maker)
        return why_set(why, ERR_BAD_INPUT, "the place of %s is none", l->id);
    snprintf(l->token, sizeof l->token, "%s", or_empty(token));
    snprintf(l->maker, sizeof l->maker, "%s", or_empty(maker));
    l->serial = serial;
    return OK;
}

enum err letter_of_call(const struct field_call *c, struct buf *signers_to, struct relay_letter *ret_letter, struct why *why)
{
    struct relay_letter l = { .kind = RELAY_CALL, .number = c->number, .seconds = c->limit, .envelope = c->envelope, .signature = c->signature };
    enum err err = check(c->id, c->envelope, c->signers, c->signers_n, signers_to, why);
    if (err == OK && (c->limit < 0 || c->limit > LIMIT_POLL_MOST_S))
        err = why_set(why, ERR_BAD_INPUT, "the time limit of %s is out of range", c->id);
    if (err == OK)
        err = set_place(c->token, c->serial, c->maker, &l, why);
    if (err != OK)
        return err;
    snprintf(l.id, sizeof l.id, "%s", c->id);
    l.signers = buf_span(signers_to);
    *ret_letter = l;
    return OK;
}

enum err letter_of_answer(const struct field_answer *a, struct buf *signers_to, struct relay_letter *ret_letter, struct why *why)
{
    bool delay = strcmp(a->kind, "delay") == 0;
    struct relay_letter l = { .kind = delay ? RELAY_DELAY : RELAY_ANSWER, .number = a->number, .seconds = a->after,
                              .envelope = a->envelope, .signature = a->signature };
    enum err err = check(a->id, a->envelope, a->signers, a->signers_n, signers_to, why);
    if (err == OK && !delay && strcmp(a->kind, "response") != 0)
        err = why_set(why, ERR_BAD_INPUT, "an answer is a response or a delay, not \"%s\"", a->kind);
    if (err == OK)
        err = set_place(a->token, a->serial, a->maker, &l, why);
    if (err != OK)
        return err;
    snprintf(l.id, sizeof l.id, "%s", a->id);
    l.signers = buf_span(signers_to);
    *ret_letter = l;
    return OK;
}
