/* Making packs, a slice of a batch at a time, in two durable steps: what will be signed and the sealed key are
 * committed, then it is signed and the certificates are committed, then the packs go out (F-4, I5, I9). A slice
 * that a crash left half done is taken up where it was, so that the same request gives the same bytes (I10). */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/rng.h"
#include "ca/signer.h"

enum { FRAME_BYTES = 2 * 1024 * 1024 }; /* a PACKS frame is closed beyond that */

struct item {
    int64_t id, generation;
    struct device_number number;
    char order[LIMIT_NAME + 1];
    struct maker *maker;
    uint8_t serial[ISSUER_SERIAL];
    uint8_t fingerprint[CERT_FINGERPRINT];
    struct buf sealed, tbs, cert;
    struct buf key, pack;     /* wiped after each slice */
    bool prepared, is_signed; /* in this slice, and to be recorded */
    bool dropped;             /* revoked before it was made: never signed, and left out of the answer */
    enum err err;
    struct why why;
};

struct slice {
    struct signer *signer;
    struct batch *batch;
    int64_t position; /* of its first item in the batch */
    size_t n;
    int64_t now_s;
    struct item items[LIMIT_ISSUE_BATCH];
};

/* While one slice is recorded, the next is prepared by the pool. What was prepared and never recorded is nothing:
 * it may be dropped at any moment. */
struct desk {
    struct slice slices[2];
    struct slice *ahead; /* the one being prepared; NULL: none */
};

enum err issue_new_desk(struct signer *s)
{
    s->desk = calloc(1, sizeof *s->desk);
    return s->desk == NULL ? ERR_NO_MEMORY : OK;
}

static void free_item(struct item *item)
{
    buf_done(&item->sealed);
    buf_done(&item->tbs);
    buf_done(&item->cert);
    buf_wipe(&item->key);
    buf_wipe(&item->pack);
}

void issue_free_desk(struct signer *s)
{
    for (size_t i = 0; s->desk != NULL && i < 2; i++)
        for (size_t k = 0; k < LIMIT_ISSUE_BATCH; k++)
            free_item(&s->desk->slices[i].items[k]);
    free(s->desk);
}

/* Empties an item but keeps its memory; what was secret in it is overwritten. */
static void clear_item(struct item *item)
{
    secret_wipe(item->key.data, item->key.len);
    secret_wipe(item->pack.data, item->pack.len);
    struct item empty = { .sealed = item->sealed, .tbs = item->tbs, .cert = item->cert, .key = item->key, .pack = item->pack };
    *item = empty;
    buf_clear(&item->sealed);
    buf_clear(&item->tbs);
    buf_clear(&item->cert);
    buf_clear(&item->key);
    buf_clear(&item->pack);
}

static enum err load_item(void *context, const struct register_certificate *c)
{
    struct slice *slice = context;
    struct item *item = &slice->items[slice->n];
    if (slice->n == LIMIT_ISSUE_BATCH || (c->serial.n != 0 && c->serial.n != sizeof item->serial))
        return ERR_DAMAGED;
    clear_item(item);
    item->id = c->id;
    item->dropped = c->state != LIFE_REQUESTED && c->der.n == 0;
    item->generation = c->generation;
    snprintf(item->order, sizeof item->order, "%s", c->order);
    if (c->serial.n != 0)
        memcpy(item->serial, c->serial.at, c->serial.n);
    enum err err = number_parse(span_text(c->subject), &item->number, NULL);
    if (err == OK)
        err = buf_put_span(&item->sealed, c->sealed);
    if (err == OK)
        err = buf_put_span(&item->tbs, c->tbs);
    if (err == OK)
        err = buf_put_span(&item->cert, c->der);
    slice->n++;
    return err;
}

/* What binds a sealed key to its certificate: device number and serial number. */
static size_t bind_key(const struct item *item, uint8_t to[LIMIT_NUMBER_TEXT + ISSUER_SERIAL])
{
    size_t n = strlen(item->number.text);
    memcpy(to, item->number.text, n);
    memcpy(to + n, item->serial, ISSUER_SERIAL);
    return n + ISSUER_SERIAL;
}

/* --- What the workers do --- */

static enum err open_key(struct item *item, struct sealer *sealer)
{
    AUTO_SECRET key = SECRET_INIT;
    uint8_t binding[LIMIT_NUMBER_TEXT + ISSUER_SERIAL];
    size_t n = bind_key(item, binding);
    enum err err = unseal(sealer, buf_span(&item->sealed), span_of(binding, n), &key, &item->why);
    return err != OK ? err : buf_put_span(&item->key, secret_span(&key));
}

static enum err make_body(struct item *item, size_t worker, struct sealer *sealer, int64_t now_s)
{
    uint8_t binding[LIMIT_NUMBER_TEXT + ISSUER_SERIAL];
    struct issue_order order = { .number = item->number, .not_before = now_s };
    enum err err = rng_fill(item->serial, sizeof item->serial);
    if (err != OK)
        return err;
    item->serial[0] = (uint8_t)(0x40 | (item->serial[0] & 0x3f)); /* as the issuer would */
    memcpy(order.serial, item->serial, sizeof order.serial);
    err = issuer_prepare(item->maker->issuers[worker], &order, &item->key, &item->tbs, &item->why);
    size_t n = bind_key(item, binding);
    if (err == OK)
        err = seal(sealer, buf_span(&item->key), span_of(binding, n), &item->sealed, &item->why);
    item->prepared = err == OK;
    return err;
}

static void prepare_item(void *context, size_t worker, size_t i)
{
    struct slice *slice = context;
    struct item *item = &slice->items[i];
    struct sealer *sealer = slice->batch->sealers[worker];
    if (item->dropped)
        return;
    if (item->tbs.len != 0 || item->cert.len != 0)
        item->err = open_key(item, sealer);
    else
        item->err = make_body(item, worker, sealer, slice->now_s);
}

static enum err put_pack(const struct signer *s, struct item *item)
{
    struct pack pack = { .number = item->number,
                         .root = cert_der(s->ca.of[AUTHORITY_ROOT].cert),
                         .intermediates_n = 1,
                         .certificate = buf_span(&item->cert),
                         .private_key = buf_span(&item->key) };
    pack.intermediates[0] = cert_der(s->ca.of[AUTHORITY_IDENTITY].cert);
    return pack_encode(&pack, &item->pack);
}

static void sign_item(void *context, size_t worker, size_t i)
{
    struct slice *slice = context;
    struct item *item = &slice->items[i];
    if (item->dropped)
        return;
    if (item->cert.len == 0) {
        item->err = issuer_sign(item->maker->issuers[worker], buf_span(&item->tbs), &item->cert, &item->why);
        item->is_signed = item->err == OK;
    }
    if (item->err == OK) {
        cert_fingerprint_der(buf_span(&item->cert), item->fingerprint);
        item->err = put_pack(slice->signer, item);
    }
}

/* The first item that failed in the last step speaks for all. */
static enum err judge_step(const struct slice *slice, struct why *why)
{
    for (size_t i = 0; i < slice->n; i++)
        if (slice->items[i].err != OK) {
            if (why != NULL)
                *why = slice->items[i].why;
            return why_prefix(why, slice->items[i].err, "%s", slice->items[i].number.text);
        }
    return OK;
}

/* --- The two commits --- */

static enum err record_prepared(struct slice *slice, struct why *why)
{
    struct signer *s = slice->signer;
    enum err err = db_begin(s->db, why);
    for (size_t i = 0; err == OK && i < slice->n; i++) {
        const struct item *item = &slice->items[i];
        if (item->prepared)
            err = register_prepared(s->db, item->id, span_of(item->serial, sizeof item->serial), buf_span(&item->tbs),
                                    buf_span(&item->sealed), why);
    }
    return err != OK ? err : db_commit(s->db, why);
}

static enum err record_signature(struct slice *slice, const struct item *item, struct why *why)
{
    char serial[2 * ISSUER_SERIAL + 1];
    struct db *db = slice->signer->db;
    hex_encode(item->serial, sizeof item->serial, serial);
    enum err err = register_signed(db, item->id, span_of(item->serial, sizeof item->serial), buf_span(&item->cert),
                                   item->fingerprint, slice->now_s, why);
    return err != OK ? err
                     : register_audit(db, slice->now_s, "ca", "issue", item->number.text, why,
                                      "generation=%lld serial=%s order=%s requester=%s", (long long)item->generation, serial,
                                      item->order, slice->batch->requester);
}

static enum err record_signed(struct slice *slice, struct why *why)
{
    struct signer *s = slice->signer;
    enum err err = db_begin(s->db, why);
    for (size_t i = 0; err == OK && i < slice->n; i++)
        if (slice->items[i].is_signed)
            err = record_signature(slice, &slice->items[i], why);
    return err != OK ? err : db_commit(s->db, why);
}

/* --- The answer --- */

static int64_t count_packs(const struct slice *slice, size_t from, size_t to)
{
    int64_t n = 0;
    for (size_t i = from; i < to; i++)
        n += !slice->items[i].dropped;
    return n;
}

static enum err put_frame(const struct slice *slice, size_t from, size_t to, enum ca_packs what)
{
    size_t mark;
    struct signer *s = slice->signer;
    enum err err = frame_begin(&s->out, CA_ANSWER_PACKS, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, slice->batch->tag);
    if (err == OK)
        err = frame_put_int(&s->out, what);
    if (err == OK)
        err = frame_put_int(&s->out, count_packs(slice, from, to));
    for (size_t i = from; err == OK && i < to; i++) {
        if (slice->items[i].dropped)
            continue;
        err = frame_put_text(&s->out, slice->items[i].number.text);
        if (err == OK)
            err = frame_put_text(&s->out, slice->items[i].order);
        if (err == OK)
            err = frame_put_bytes(&s->out, buf_span(&slice->items[i].pack));
    }
    return err != OK ? err : frame_end(&s->out, mark);
}

static enum err answer_packs(const struct slice *slice, enum ca_packs last)
{
    enum err err = OK;
    size_t from = 0, bytes = 0;
    for (size_t i = 0; err == OK && i < slice->n; i++) {
        bytes += slice->items[i].pack.len + 256;
        if (bytes < FRAME_BYTES && i + 1 < slice->n)
            continue;
        err = put_frame(slice, from, i + 1, i + 1 < slice->n ? CA_PACKS_MORE : last);
        from = i + 1;
        bytes = 0;
    }
    return err;
}

/* --- One slice after the other --- */

static void clear_slice(struct slice *slice)
{
    for (size_t i = 0; i < slice->n; i++)
        clear_item(&slice->items[i]);
    slice->n = 0;
}

static enum err load_slice(struct slice *slice, struct signer *s, struct batch *b, int64_t position, struct why *why)
{
    slice->signer = s;
    slice->batch = b;
    slice->position = position;
    slice->now_s = clock_wall_s();
    enum err err = register_request_rows(s->db, b->request, position, LIMIT_ISSUE_BATCH, load_item, slice, why);
    for (size_t i = 0; err == OK && i < slice->n; i++)
        err = maker_get(s, &slice->items[i].number, &slice->items[i].maker, why);
    return err;
}

void issue_drop_ahead(struct signer *s)
{
    if (s->desk == NULL || s->desk->ahead == NULL)
        return;
    pool_wait(s->pool);
    clear_slice(s->desk->ahead);
    s->desk->ahead = NULL;
}

/* The next slice is made ready by the pool while the caller goes on. Whatever is wrong with it is met, and told,
 * when it is its turn. */
static void begin_ahead(struct slice *now)
{
    struct signer *s = now->signer;
    struct desk *desk = s->desk;
    struct slice *next = now == &desk->slices[0] ? &desk->slices[1] : &desk->slices[0];
    int64_t position = now->position + (int64_t)now->n;
    if (position >= now->batch->count)
        return;
    if (load_slice(next, s, now->batch, position, NULL) != OK) {
        clear_slice(next);
        return;
    }
    desk->ahead = next;
    pool_start(s->pool, next->n, prepare_item, next);
}

/* The slice at the batch's position, prepared. */
static enum err take_slice(struct signer *s, struct batch *b, struct slice **ret_slice, struct why *why)
{
    struct slice *slice = s->desk->ahead;
    if (slice != NULL && (slice->batch != b || slice->position != b->position)) {
        issue_drop_ahead(s);
        slice = NULL;
    }
    enum err err = OK;
    if (slice == NULL) {
        slice = &s->desk->slices[0];
        err = load_slice(slice, s, b, b->position, why);
        if (err == OK)
            pool_start(s->pool, slice->n, prepare_item, slice);
    }
    s->desk->ahead = NULL;
    *ret_slice = slice;
    pool_wait(s->pool);
    if (err == OK && slice->n == 0)
        err = why_set(why, ERR_NOT_FOUND, "all packs of the request were given out");
    return err != OK ? err : judge_step(slice, why);
}

static enum err make_slice(struct slice *slice, struct why *why)
{
    struct signer *s = slice->signer;
    enum err err = record_prepared(slice, why);
    if (err != OK)
        return err;
    pool_run(s->pool, slice->n, sign_item, slice);
    err = judge_step(slice, why);
    if (err != OK)
        return err;
    begin_ahead(slice);
    return record_signed(slice, why);
}

enum err issue_next(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct batch *b = batch_find(s, tag);
    struct slice *slice = NULL;
    enum err err = frame_finish(fields, why);
    if (err != OK)
        return err;
    err = take_slice(s, b, &slice, why);
    if (err == OK)
        err = make_slice(slice, why);
    if (err == OK)
        err = answer_packs(slice, b->position + (int64_t)slice->n == b->count ? CA_PACKS_ALL : CA_PACKS_ASK_AGAIN);
    if (err == OK)
        b->position += (int64_t)slice->n;
    else
        issue_drop_ahead(s);
    clear_slice(slice);
    return err;
}
