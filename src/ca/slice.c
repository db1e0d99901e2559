/* Making the packs of a slice, between the two durable steps: what will be signed and the sealed keys are on record
 * before it is signed (I5), the certificates before the packs go out (I9). A slice that a crash left half done is taken
 * up where it was, so that the same request gives the same bytes (I10). */
#include "ca/slice.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/rng.h"
#include "ca/reserve.h"
#include "model/der.h"

static void clear_item(struct item *item)
{
    secret_wipe(item->key.data, item->key.len);
    struct item empty = { .tbs = item->tbs, .cert = item->cert, .key = item->key };
    *item = empty;
    buf_clear(&item->tbs);
    buf_clear(&item->cert);
    buf_clear(&item->key);
}

void slice_clear(struct slice *slice)
{
    for (size_t i = 0; i < slice->n; i++)
        clear_item(&slice->items[i]);
    secret_wipe(slice->plain.data, slice->plain.len);
    buf_clear(&slice->plain);
    buf_clear(&slice->bodies);
    buf_clear(&slice->sealed);
    slice->n = 0;
    slice->batch = NULL;
}

void slice_free(struct slice *slice)
{
    for (size_t i = 0; i < LIMIT_ISSUE_BATCH; i++) {
        struct item *item = &slice->items[i];
        buf_done(&item->tbs);
        buf_done(&item->cert);
        buf_wipe(&item->key);
    }
    buf_done(&slice->bodies);
    buf_done(&slice->sealed);
    buf_wipe(&slice->plain);
}

int64_t slice_count(const struct slice *slice, size_t from, size_t to)
{
    int64_t n = 0;
    for (size_t i = from; i < to; i++)
        n += !slice->items[i].dropped;
    return n;
}

/* --- Loading --- */

/* How many numbers are made together. The last ones in ever smaller slices: what comes behind the signature (sending,
 * sealing, storing) has nothing beside it at the end. */
static int64_t size_next(const struct slice *slice)
{
    enum { LEAST = 128 };
    int64_t left = slice->batch->count - slice->position;
    if (left > LIMIT_ISSUE_BATCH)
        return LIMIT_ISSUE_BATCH;
    return left / 2 > LEAST ? left / 2 : left > LEAST ? LEAST : left;
}

/* The next item, for the number at its place in the batch. */
static enum err add_item(struct slice *slice, struct item **ret_item)
{
    const struct batch *b = slice->batch;
    int64_t position = slice->position + (int64_t)slice->n;
    if (slice->n == LIMIT_ISSUE_BATCH || position >= b->count)
        return ERR_DAMAGED;
    struct item *item = &slice->items[slice->n++];
    item->position = position;
    *ret_item = item;
    return number_parse(span_text((const char *)b->numbers.data + b->places[position].at), &item->number, NULL);
}

/* With their serial numbers, drawn at once: a system call for each would be felt. */
static enum err add_new(struct slice *slice)
{
    uint8_t serials[LIMIT_ISSUE_BATCH][ISSUER_SERIAL];
    struct item *item = NULL;
    size_t n = (size_t)size_next(slice);
    enum err err = rng_fill(serials, n * sizeof serials[0]);
    for (size_t i = 0; err == OK && i < n; i++) {
        err = add_item(slice, &item);
        if (err != OK)
            return err;
        memcpy(item->serial, serials[i], sizeof item->serial);
        item->serial[0] = (uint8_t)(0x40 | (item->serial[0] & 0x3f)); /* as the issuer would */
    }
    return err;
}

static enum err take_body(struct item *item, const struct register_body *body)
{
    if (body->serial.n != sizeof item->serial)
        return ERR_DAMAGED;
    memcpy(item->serial, body->serial.at, sizeof item->serial);
    return buf_put_span(&item->tbs, body->tbs);
}

/* Numbers that were let go before the slice was recorded have no body. */
static enum err add_recorded(struct slice *slice, int64_t numbers)
{
    struct span rest = buf_span(&slice->bodies);
    struct register_body body = { 0 };
    bool more = register_body_next(&rest, &body);
    enum err err = OK;
    while (err == OK && (int64_t)slice->n < numbers) {
        struct item *item;
        err = add_item(slice, &item);
        if (err != OK || !more || !span_equal(body.number, span_text(item->number.text))) {
            item->dropped = true;
            continue;
        }
        err = take_body(item, &body);
        more = register_body_next(&rest, &body);
    }
    return err == OK && (more || rest.n != 0) ? ERR_DAMAGED : err;
}

static enum err take_certificate(void *context, const struct register_certificate *c)
{
    struct slice *slice = context;
    struct item *item;
    if (c->position != slice->position + (int64_t)slice->n || (c->serial.n != 0 && c->serial.n != sizeof item->serial))
        return ERR_DAMAGED;
    enum err err = add_item(slice, &item);
    if (err != OK || strcmp(item->number.text, c->subject) != 0)
        return ERR_DAMAGED;
    item->dropped = c->der.n == 0;
    item->generation = c->generation;
    snprintf(item->order, sizeof item->order, "%s", c->order);
    if (c->serial.n != 0)
        memcpy(item->serial, c->serial.at, sizeof item->serial);
    err = buf_put_span(&item->tbs, c->serial); /* only that there is one: it says whether there is a key */
    return err != OK ? err : buf_put_span(&item->cert, c->der);
}

/* What binds the sealed keys of a slice to it: number and serial number of the first. */
static size_t bind_keys(const struct item *first, uint8_t to[LIMIT_NUMBER_TEXT + ISSUER_SERIAL])
{
    size_t n = strlen(first->number.text);
    memcpy(to, first->number.text, n);
    memcpy(to + n, first->serial, ISSUER_SERIAL);
    return n + ISSUER_SERIAL;
}

/* The first item that has a body, and so a key; NULL without any. */
static const struct item *first_keyed(const struct slice *slice)
{
    for (size_t i = 0; i < slice->n; i++)
        if (slice->items[i].tbs.len != 0)
            return &slice->items[i];
    return NULL;
}

static enum err open_keys(struct slice *slice, struct why *why)
{
    AUTO_SECRET keys = SECRET_INIT;
    uint8_t binding[LIMIT_NUMBER_TEXT + ISSUER_SERIAL];
    const struct item *first = first_keyed(slice);
    if (first == NULL)
        return OK;
    size_t n = bind_keys(first, binding);
    enum err err = unseal(slice->batch->sealer, buf_span(&slice->sealed), span_of(binding, n), &keys, why);
    struct span rest = secret_span(&keys), key;
    for (size_t i = 0; err == OK && i < slice->n; i++) {
        if (slice->items[i].tbs.len == 0)
            continue;
        err = der_take_whole(&rest, DER_SEQUENCE, &key) == OK ? OK : ERR_DAMAGED;
        if (err == OK)
            err = buf_put_span(&slice->items[i].key, key);
    }
    return err == OK && rest.n != 0 ? ERR_DAMAGED : err;
}

struct recorded {
    struct slice *slice;
    int64_t numbers;
};

static enum err take_slice(void *context, const struct register_slice *r)
{
    struct recorded *to = context;
    to->numbers = r->numbers;
    to->slice->id = r->id;
    to->slice->state = r->issued_s == 0 ? SLICE_ON_RECORD : SLICE_ISSUED;
    enum err err = buf_put_span(&to->slice->bodies, r->bodies);
    return err != OK ? err : buf_put_span(&to->slice->sealed, r->keys);
}

static enum err load_recorded(struct slice *slice, int64_t numbers, struct why *why)
{
    struct signer *s = slice->signer;
    enum err err = slice->state == SLICE_ON_RECORD
                       ? add_recorded(slice, numbers)
                       : register_request_rows(s->db, slice->batch->request, slice->position, numbers, take_certificate, slice, why);
    if (err == OK)
        err = open_keys(slice, why);
    return err == ERR_DAMAGED ? why_set(why, err, "slice %lld of the register is damaged", (long long)slice->id) : err;
}

static enum err find_makers(struct slice *slice, struct why *why)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < slice->n; i++)
        err = maker_get(slice->signer, &slice->items[i].number, &slice->items[i].maker, why);
    return err;
}

static void begin(struct slice *slice, struct signer *s, struct batch *b, int64_t position)
{
    slice->signer = s;
    slice->batch = b;
    slice->state = SLICE_NEW;
    slice->position = position;
    slice->now_s = clock_wall_s();
}

enum err slice_load_new(struct slice *slice, struct signer *s, struct batch *b, struct why *why)
{
    begin(slice, s, b, 0);
    enum err err = add_new(slice);
    return err != OK ? err : find_makers(slice, why);
}

enum err slice_load(struct slice *slice, struct signer *s, struct batch *b, int64_t position, struct why *why)
{
    struct recorded recorded = { .slice = slice };
    begin(slice, s, b, position);
    enum err err = register_slice_find(s->db, b->request, position, take_slice, &recorded, why);
    if (err == ERR_NOT_FOUND)
        err = add_new(slice);
    else if (err == OK)
        err = load_recorded(slice, recorded.numbers, why);
    return err != OK ? err : find_makers(slice, why);
}

/* --- The two steps --- */

void slice_take_places(struct slice *slice)
{
    for (size_t i = 0; slice->state != SLICE_ISSUED && i < slice->n; i++) {
        struct item *item = &slice->items[i];
        const struct place *place = &slice->batch->places[item->position];
        item->generation = place->generation;
        item->order_id = place->order_id;
        item->dropped |= place->generation == 0;
        snprintf(item->order, sizeof item->order, "%s", reserve_order_name(slice->batch, place->order_id));
    }
}

static enum err put_bodies(struct slice *slice)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < slice->n; i++) {
        const struct item *item = &slice->items[i];
        const struct register_body body = { .number = span_text(item->number.text),
                                            .serial = span_of(item->serial, sizeof item->serial), .tbs = buf_span(&item->tbs) };
        if (item->dropped)
            continue;
        err = register_body_put(&slice->bodies, &body);
        if (err == OK)
            err = buf_put_span(&slice->plain, buf_span(&item->key));
    }
    return err;
}

/* One sealed thing for all keys of the slice, under the request's data key. */
static enum err seal_keys(struct slice *slice, struct why *why)
{
    uint8_t binding[LIMIT_NUMBER_TEXT + ISSUER_SERIAL];
    const struct item *first = first_keyed(slice);
    if (first == NULL)
        return OK;
    size_t n = bind_keys(first, binding);
    enum err err = seal(slice->batch->sealer, buf_span(&slice->plain), span_of(binding, n), &slice->sealed, why);
    secret_wipe(slice->plain.data, slice->plain.len);
    buf_clear(&slice->plain);
    return err;
}

enum err slice_put_on_record(struct slice *slice, struct why *why)
{
    for (size_t i = 0; i < slice->n; i++)
        if (slice->items[i].dropped)
            buf_clear(&slice->items[i].tbs); /* made in vain: it will not be signed */
    enum err err = put_bodies(slice);
    if (err == OK)
        err = seal_keys(slice, why);
    const struct register_slice row = { .request = slice->batch->request, .position = slice->position,
                                        .numbers = (int64_t)slice->n, .bodies = buf_span(&slice->bodies),
                                        .keys = buf_span(&slice->sealed) };
    return err != OK ? err : register_slice_add(slice->signer->db, &row, &slice->id, why);
}

static enum err issue_item(const struct slice *slice, const struct item *item, struct why *why)
{
    const struct batch *b = slice->batch;
    struct register_certificate c = { .generation = item->generation, .order_id = item->order_id, .request = b->request,
                                      .position = item->position, .slice = slice->id, .created_s = b->accepted_s,
                                      .serial = span_of(item->serial, sizeof item->serial),
                                      .fingerprint = span_of(item->fingerprint, sizeof item->fingerprint),
                                      .der = buf_span(&item->cert), .key = span_of(item->key_id, sizeof item->key_id) };
    memcpy(c.subject, item->number.text, strlen(item->number.text) + 1);
    memcpy(c.requester, b->requester, sizeof b->requester);
    return register_issue(slice->signer->db, &c, slice->now_s, why);
}

static enum err tell(const struct slice *slice, const struct register_made *made, struct why *why)
{
    char hex[2 * REGISTER_DIGEST + 1];
    const struct batch *b = slice->batch;
    hex_encode(made->digest, REGISTER_DIGEST, hex);
    return register_audit(slice->signer->db, slice->now_s, "ca", "issue", b->message_id, why,
                          "slice=%lld certificates=%lld first=%s last=%s requester=%s digest=%s", (long long)slice->id,
                          (long long)made->certificates, slice->items[0].number.text, slice->items[slice->n - 1].number.text,
                          b->requester, hex);
}

static void count_in(struct register_made *made, const char *number)
{
    made->certificates++;
    if (made->first == NULL || strcmp(number, made->first) < 0)
        made->first = number;
    if (made->last == NULL || strcmp(number, made->last) > 0)
        made->last = number;
}

static enum err issue_items(const struct slice *slice, struct register_made *made, struct why *why)
{
    AUTO_BUF told = BUF_INIT;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < slice->n; i++) {
        const struct item *item = &slice->items[i];
        if (item->dropped)
            continue;
        count_in(made, item->number.text);
        err = issue_item(slice, item, why);
        if (err == OK)
            err = register_digest_put(&told, span_of(item->fingerprint, sizeof item->fingerprint), item->order);
    }
    return err != OK ? err : register_digest(buf_span(&told), made->digest);
}

enum err slice_issue(struct slice *slice, struct why *why)
{
    const struct register_slice row = { .id = slice->id, .request = slice->batch->request, .position = slice->position,
                                        .numbers = (int64_t)slice->n };
    struct register_made made = { 0 };
    enum err err = issue_items(slice, &made, why);
    if (err == OK)
        err = tell(slice, &made, why);
    return err != OK ? err : register_slice_done(slice->signer->db, &row, &made, slice->now_s, why);
}

void slice_settle(struct slice *slice)
{
    if (slice->state == SLICE_NEW) {
        slice->state = SLICE_ON_RECORD;
        return;
    }
    slice->state = SLICE_ISSUED;
    slice->batch->waiting -= slice_count(slice, 0, slice->n);
    for (size_t i = 0; i < slice->n; i++)
        slice->batch->places[slice->items[i].position].generation = 0;
}
