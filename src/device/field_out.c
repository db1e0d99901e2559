/* Letters on their way out: the presence, calls, answers and receipts of one exchange, each signed (M-2, M-4). */
#include "device/field.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/rng.h"
#include "field/letter.h"

enum { UP_LIMIT_S = 7 * 24 * 3600, LETTERS = 2 * QUEUE_SLOTS + FIELD_LIVE };

/* One exchange while it is written. */
struct outgoing {
    struct device_number number;
    struct field_presence presence;
    char token[LEDGER_TOKEN + 1], nonce[2 * LEDGER_NONCE + 1];
    struct buf presence_signature;
    struct field_call calls[LETTERS];
    struct field_answer answers[LETTERS];
    struct field_receipt receipts[FIELD_RECEIPTS];
    struct item items[LETTERS]; /* what the letters point into */
    struct buf signatures[2 * LETTERS];
    size_t calls_n, answers_n, receipts_n, items_n, signatures_n;
};

static void outgoing_free(struct outgoing *o)
{
    buf_done(&o->presence_signature);
    for (size_t i = 0; i < o->items_n; i++)
        item_done(&o->items[i]);
    for (size_t i = 0; i < o->signatures_n; i++)
        buf_done(&o->signatures[i]);
    free(o);
}

static enum err write_request(enum soap_message message, const char *id, const void *body, struct buf *to, struct why *why)
{
    struct soap_header header = { .version = SOAP_1_2 };
    snprintf(header.message_id, sizeof header.message_id, "%s", id);
    enum err err = soap_write_request(SERVICE_CENTER, message, &header, body, to);
    return err == OK ? OK : why_set(why, err, "no memory for a call");
}

enum err field_put_call(struct board *b, enum soap_message message, const void *body, int64_t sequence, struct why *why)
{
    AUTO_ITEM item = {
        .kind = ITEM_CALL_UP, .limit_s = UP_LIMIT_S, .epoch = (int64_t)b->ledger.now.values[LEDGER_EPOCH], .sequence = sequence,
    };
    enum err err = rng_uuid_urn(item.id);
    if (err == OK)
        err = write_request(message, item.id, body, &item.bytes, why);
    return err == OK ? letter_put(b, &item, why) : err;
}

enum err field_call(struct field *f, enum soap_message message, const void *body, int64_t sequence, struct why *why)
{
    enum err err = field_put_call(f->board, message, body, sequence, why);
    if (err == OK)
        field_kick(f);
    return err;
}

enum err field_call_live(struct field *f, enum soap_message message, const char *id, const void *body, struct why *why)
{
    int i = 0;
    while (i < FIELD_LIVE && f->live[i].used)
        i++;
    if (i == FIELD_LIVE)
        return why_set(why, ERR_BUSY, "%d calls wait for their answers already", FIELD_LIVE);
    struct live_call *c = &f->live[i];
    *c = (struct live_call){ .message = message };
    enum err err = OK;
    if (id == NULL)
        err = rng_uuid_urn(c->id);
    else
        snprintf(c->id, sizeof c->id, "%s", id);
    if (err == OK)
        err = write_request(message, c->id, body, &c->envelope, why);
    c->used = err == OK;
    if (err != OK)
        buf_done(&c->envelope);
    return err;
}

bool field_is_calling(const struct field *f, enum soap_message message)
{
    for (int i = 0; i < FIELD_LIVE; i++)
        if (f->live[i].used && f->live[i].message == message)
            return true;
    return false;
}

/* --- One exchange --- */

static enum err add_presence(struct field *f, struct outgoing *o, struct why *why)
{
    const struct ledger_state *now = &f->board->ledger.now;
    hex_encode(now->nonce, LEDGER_NONCE, o->nonce);
    o->presence = (struct field_presence){
        .number = o->number,
        .token = o->token,
        .nonce = o->nonce,
        .fingerprint = span_of(f->board->identity.fingerprint, CERT_FINGERPRINT),
        .version = option_version(f->option),
        .letters = (int64_t)now->values[LEDGER_LETTERS],
        .challenge = f->challenge,
    };
    f->answers_challenge = f->challenge[0] != '\0';
    enum err err = letter_sign_presence(f->board->identity.key, &o->presence, &o->presence_signature, why);
    o->presence.signature = buf_span(&o->presence_signature);
    return err;
}

/* serial 0: its matter is durable elsewhere, and it counts only under this presence. */
static enum err add_call(struct field *f, struct outgoing *o, const struct item *item, struct span envelope, struct why *why)
{
    struct field_call *c = &o->calls[o->calls_n];
    struct buf *signature = &o->signatures[o->signatures_n++];
    *c = (struct field_call){ .id = item->id, .number = o->number, .limit = item->limit_s, .envelope = envelope, .token = o->token,
                              .serial = item->serial };
    enum err err = letter_sign_call(f->board->identity.key, c, signature, why);
    c->signature = buf_span(signature);
    if (err == OK)
        o->calls_n++;
    return err;
}

static enum err add_answer(struct field *f, struct outgoing *o, struct field_answer answer, struct why *why)
{
    struct field_answer *a = &o->answers[o->answers_n];
    struct buf *signature = &o->signatures[o->signatures_n++];
    *a = answer;
    a->token = o->token;
    enum err err = letter_sign_answer(f->board->identity.key, a, signature, why);
    a->signature = buf_span(signature);
    if (err == OK)
        o->answers_n++;
    return err;
}

/* The sequence number of the oldest reading that has not arrived yet; INT64_MAX when there is none. */
static int64_t oldest_reading(const struct field *f)
{
    static const enum item_kind kinds[] = { ITEM_CALL_UP, ITEM_ANSWER, ITEM_READING };
    int64_t oldest = INT64_MAX;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (uint32_t i = kept_next(f, kinds[k], 0); i < QUEUE_SLOTS; i = kept_next(f, kinds[k], f->option->queue.entries[i].serial)) {
            AUTO_ITEM item = { 0 };
            struct why ignored;
            if (option_get(f->option, i, &item, &ignored) == OK && item.sequence != 0 && item.sequence < oldest)
                oldest = item.sequence;
        }
    return oldest;
}

/* The letters of one kind, oldest first: their order is kept on each hop. Of the readings only the oldest goes: the
 * next one follows when it has arrived, whether they travel as answers or as calls. */
static enum err add_items(struct field *f, struct outgoing *o, enum item_kind kind, struct why *why)
{
    enum err err = OK;
    const int64_t reading = oldest_reading(f);
    for (uint32_t i = kept_next(f, kind, 0); err == OK && i < QUEUE_SLOTS;
         i = kept_next(f, kind, f->option->queue.entries[i].serial)) {
        struct item *item = &o->items[o->items_n];
        err = option_get(f->option, i, item, why);
        if (err != OK)
            break;
        o->items_n++;
        if (item->sequence != 0 && item->sequence != reading)
            continue;
        err = kind == ITEM_CALL_UP
                  ? add_call(f, o, item, buf_span(&item->bytes), why)
                  : add_answer(f, o,
                               (struct field_answer){
                                   .id = item->id, .number = o->number, .kind = "response", .envelope = buf_span(&item->bytes),
                                   .serial = item->serial },
                               why);
    }
    return err;
}

static enum err add_live(struct field *f, struct outgoing *o, struct why *why)
{
    enum err err = OK;
    for (int i = 0; err == OK && i < FIELD_LIVE; i++) {
        struct live_call *c = &f->live[i];
        if (!c->used || c->taken || !session_allows(f->session, c->message))
            continue;
        struct item *item = &o->items[o->items_n++];
        *item = (struct item){ .kind = ITEM_CALL_UP, .limit_s = FIELD_LIVE_S };
        memcpy(item->id, c->id, sizeof item->id);
        c->sent = true;
        err = add_call(f, o, item, buf_span(&c->envelope), why);
    }
    return err;
}

static enum err add_delays(struct field *f, struct outgoing *o, struct why *why)
{
    enum err err = OK;
    for (int i = 0; err == OK && i < QUEUE_SLOTS; i++) {
        struct delayed_call *d = &f->delayed[i];
        if (!d->used || d->told)
            continue;
        d->sent = true;
        err = add_answer(f, o, (struct field_answer){ .id = d->id, .number = o->number, .kind = "delay", .after = d->after_s }, why);
    }
    return err;
}

static void add_receipts(struct field *f, struct outgoing *o)
{
    for (size_t i = 0; i < f->notes_n; i++) {
        const struct field_note *n = &f->notes[i];
        f->notes[i].sent = true;
        o->receipts[o->receipts_n++] =
            (struct field_receipt){ .id = n->id, .what = n->what, .accepted = n->accepted, .error = n->error, .reason = n->reason };
    }
}

static enum err fill(struct field *f, struct outgoing *o, struct why *why)
{
    const char *claim = f->options.test_only_claim;
    enum err err = number_parse(span_text(claim != NULL ? claim : f->board->values.number), &o->number, why);
    memcpy(o->token, f->board->ledger.now.token, LEDGER_TOKEN);
    if (err == OK)
        err = add_presence(f, o, why);
    add_receipts(f, o);
    if (err == OK && f->greeted && f->session != SESSION_REFUSED)
        err = add_live(f, o, why);
    if (err != OK || !f->greeted || f->session != SESSION_ADMITTED)
        return err;
    err = add_items(f, o, ITEM_CALL_UP, why);
    if (err == OK)
        err = add_items(f, o, ITEM_ANSWER, why);
    return err == OK ? add_delays(f, o, why) : err;
}

enum err field_write_exchange(struct field *f, struct buf *to, struct why *why)
{
    struct soap_header header = { .version = SOAP_1_2 };
    struct outgoing *o = calloc(1, sizeof *o);
    if (o == NULL)
        return why_set(why, ERR_NO_MEMORY, "no memory for an exchange");
    enum err err = fill(f, o, why);
    f->letters_sent = o->calls_n + o->answers_n + o->receipts_n != 0 || !f->greeted;
    const struct exchange_request body = {
        .presences = &o->presence, .presences_n = 1,
        .calls = o->calls, .calls_n = o->calls_n,
        .answers = o->answers, .answers_n = o->answers_n,
        .receipts = o->receipts, .receipts_n = o->receipts_n,
        .wait = poll_wait(&f->poll, f->options.wait_s, f->letters_sent),
    };
    f->waiting = body.wait > 0;
    if (err == OK)
        err = rng_uuid_urn(header.message_id);
    if (err == OK)
        err = soap_write_request(SERVICE_FIELD, SOAP_EXCHANGE, &header, &body, to);
    if (err == OK && f->greeted && f->session == SESSION_ADMITTED)
        f->sent_serial = f->option->queue.last_serial;
    outgoing_free(o);
    return err;
}

static bool fresh_items(const struct field *f)
{
    return kept_next(f, ITEM_CALL_UP, f->sent_serial) < QUEUE_SLOTS || kept_next(f, ITEM_ANSWER, f->sent_serial) < QUEUE_SLOTS;
}

bool field_has_fresh(const struct field *f)
{
    if (f->challenge[0] != '\0' && !f->answers_challenge)
        return true;
    for (size_t i = 0; i < f->notes_n; i++)
        if (!f->notes[i].sent)
            return true;
    for (int i = 0; i < FIELD_LIVE; i++)
        if (f->live[i].used && !f->live[i].sent && session_allows(f->session, f->live[i].message))
            return true;
    if (f->session != SESSION_ADMITTED)
        return false;
    for (int i = 0; i < QUEUE_SLOTS; i++)
        if (f->delayed[i].used && !f->delayed[i].told && !f->delayed[i].sent)
            return true;
    return fresh_items(f);
}
