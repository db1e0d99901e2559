/* A batch request: its numbers come in pieces, are all checked before anything is made, and are then reserved
 * in one transaction (F-3, F-4, I10, I11). */
#include <stdio.h>

#include "base/clock.h"
#include "base/rng.h"
#include "ca/reserve.h"

struct batch *batch_find(struct signer *s, int64_t tag)
{
    for (size_t i = 0; i < SIGNER_BATCHES; i++)
        if (s->batches[i].state != BATCH_NONE && s->batches[i].tag == tag)
            return &s->batches[i];
    return NULL;
}

void batch_done(struct signer *s, struct batch *b)
{
    issue_drop_ahead(s); /* slices of the batch */
    sealer_free(b->sealer);
    reserve_done(b);
    buf_done(&b->numbers);
    *b = (struct batch){ .state = BATCH_NONE };
}

enum err batch_open(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct batch *b = NULL;
    for (size_t i = 0; i < SIGNER_BATCHES && b == NULL; i++)
        if (s->batches[i].state == BATCH_NONE)
            b = &s->batches[i];
    if (b == NULL)
        return why_set(why, ERR_BUSY, "%d batch requests are under way already: try again later", SIGNER_BATCHES);
    *b = (struct batch){ .tag = tag };
    frame_text(fields, sizeof b->requester, b->requester);
    frame_text(fields, sizeof b->message_id, b->message_id);
    enum err err = frame_finish(fields, why);
    if (err == OK && (b->requester[0] == '\0' || b->message_id[0] == '\0'))
        err = why_set(why, ERR_BAD_INPUT, "a batch request needs a requester and a message id");
    if (err == OK)
        b->state = BATCH_OPEN;
    return err;
}

static enum err add_number(struct batch *b, struct span text, struct why *why)
{
    struct device_number number;
    enum err err = number_parse(text, &number, why);
    if (err == OK && b->count == LIMIT_BATCH_NUMBERS)
        err = why_set(why, ERR_TOO_LARGE, "more than %d device numbers in one request: ask in several", LIMIT_BATCH_NUMBERS);
    if (err == OK)
        err = buf_put(&b->numbers, number.text, strlen(number.text) + 1);
    if (err == OK)
        b->count++;
    return err;
}

/* No answer: what is wrong with a number is told at CHECK, where the front waits for one. */
enum err batch_numbers(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct batch *b = batch_find(s, tag);
    int64_t n = frame_int(fields);
    for (int64_t i = 0; i < n && !fields->bad && b->refused == OK; i++)
        b->refused = add_number(b, frame_bytes(fields), &b->why);
    if (fields->bad)
        b->refused = why_set(&b->why, ERR_BAD_INPUT, "the numbers cannot be read");
    if (b->refused != OK)
        b->state = BATCH_REFUSED;
    (void)why;
    return OK;
}

enum err batch_close(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct batch *b = batch_find(s, tag);
    (void)fields;
    (void)why;
    if (b != NULL)
        batch_done(s, b);
    return OK;
}

/* What binds a request's sealed data key to the request. */
static enum err put_binding(const struct batch *b, struct buf *to)
{
    return buf_putf(to, "request\n%s\n%s", b->requester, b->message_id);
}

static enum err make_data_key(struct signer *s, struct batch *b, struct register_request *r, struct why *why)
{
    AUTO_SECRET key = SECRET_INIT;
    AUTO_BUF sealed = BUF_INIT, binding = BUF_INIT;
    enum err err = secret_new(SEAL_KEY, &key);
    if (err == OK)
        err = rng_fill(key.data, key.len);
    if (err == OK)
        err = put_binding(b, &binding);
    if (err == OK)
        err = seal(s->kek, secret_span(&key), buf_span(&binding), &sealed, why);
    if (err == OK && sealed.len > sizeof r->data_key)
        err = ERR_BUG;
    if (err != OK)
        return err;
    _Static_assert(SEAL_KEY + SEAL_OVERHEAD <= sizeof r->data_key, "a sealed data key fits its row");
    memcpy(r->data_key, sealed.data, sealed.len);
    r->data_key_n = sealed.len;
    return sealer_new(&key, &b->sealer, why);
}

static enum err open_data_key(struct signer *s, struct batch *b, const struct register_request *r, struct why *why)
{
    AUTO_SECRET key = SECRET_INIT;
    AUTO_BUF binding = BUF_INIT;
    enum err err = put_binding(b, &binding);
    if (err == OK)
        err = unseal(s->kek, span_of(r->data_key, r->data_key_n), buf_span(&binding), &key, why);
    return err != OK ? err : sealer_new(&key, &b->sealer, why);
}

static enum err accept_new(struct signer *s, struct batch *b, struct register_request *r, struct why *why)
{
    char actor[LIMIT_NAME + 16];
    snprintf(actor, sizeof actor, "factory:%s", b->requester);
    issue_begin(s, b);
    enum err err = make_data_key(s, b, r, why);
    if (err == OK)
        err = db_begin(s->db, why);
    if (err == OK)
        err = register_request_add(s->db, r, &r->id, why);
    if (err == OK)
        err = reserve_all(s, b, r, why);
    if (err == OK)
        err = register_audit(s->db, r->accepted_s, actor, "request", b->message_id, why, "numbers=%lld", (long long)b->count);
    return err != OK ? err : db_commit(s->db, why);
}

static enum err accept_again(struct signer *s, struct batch *b, const struct register_request *r,
                             const uint8_t digest[REGISTER_DIGEST], struct why *why)
{
    enum err err = decide_repeat(r, digest, b->count, why);
    b->request = r->id;
    if (err == OK)
        err = open_data_key(s, b, r, why);
    return err != OK ? err : reserve_load(s, b, why);
}

static enum err accept(struct signer *s, struct batch *b, struct why *why)
{
    struct register_request r = { .numbers = b->count, .accepted_s = clock_wall_s() };
    uint8_t digest[REGISTER_DIGEST];
    cert_fingerprint_der(buf_span(&b->numbers), digest); /* a SHA-256 like any other */
    enum err err = reserve_find_places(b);
    if (err == OK)
        err = register_request_find(s->db, b->requester, b->message_id, &r, NULL);
    if (err == OK) {
        err = accept_again(s, b, &r, digest, why);
    } else if (err == ERR_NOT_FOUND) {
        snprintf(r.message_id, sizeof r.message_id, "%s", b->message_id);
        snprintf(r.requester, sizeof r.requester, "%s", b->requester);
        memcpy(r.digest, digest, sizeof digest);
        err = accept_new(s, b, &r, why);
    }
    b->request = r.id;
    b->accepted_s = r.accepted_s;
    return err;
}

static enum err answer_accepted(struct signer *s, const struct batch *b)
{
    size_t mark;
    enum err err = frame_begin(&s->out, CA_ANSWER_ACCEPTED, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, b->tag);
    if (err == OK)
        err = frame_put_int(&s->out, b->count);
    return err != OK ? err : frame_end(&s->out, mark);
}

enum err batch_check(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct batch *b = batch_find(s, tag);
    enum err err = frame_finish(fields, why);
    if (err == OK && b->refused != OK) {
        if (why != NULL)
            *why = b->why;
        err = b->refused;
    }
    if (err == OK && b->count == 0)
        err = why_set(why, ERR_BAD_INPUT, "the request names no device number");
    if (err == OK)
        err = accept(s, b, why);
    if (err != OK) {
        batch_done(s, b);
        return err;
    }
    b->state = BATCH_ACCEPTED;
    return answer_accepted(s, b);
}

static enum err answer_done(struct signer *s, int64_t tag)
{
    size_t mark;
    enum err err = frame_begin(&s->out, CA_ANSWER_DONE, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, tag);
    return err != OK ? err : frame_end(&s->out, mark);
}

/* The factory server has the packs, durably: the keys that waited for that are destroyed (I14, I2). */
enum err batch_confirm(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    char requester[LIMIT_NAME + 1], message_id[LIMIT_MESSAGE_ID + 1], actor[LIMIT_NAME + 16];
    struct register_request r = { 0 };
    int64_t now_s = clock_wall_s();
    frame_text(fields, sizeof requester, requester);
    frame_text(fields, sizeof message_id, message_id);
    snprintf(actor, sizeof actor, "factory:%s", requester);
    enum err err = frame_finish(fields, why);
    if (err == OK)
        err = db_begin(s->db, why);
    if (err == OK)
        err = register_request_find(s->db, requester, message_id, &r, why);
    if (err == OK && r.confirmed_s == 0) {
        err = register_request_confirm(s->db, r.id, now_s, why);
        if (err == OK)
            err = register_audit(s->db, now_s, actor, "confirm", message_id, why, "numbers=%lld", (long long)r.numbers);
    }
    if (err == OK)
        err = db_commit(s->db, why);
    return err != OK ? err : answer_done(s, tag);
}
