/* What the workers do for each item of a slice: the key and what will be signed; the signature. And the
 * pack, put together when it is given out, so that slices that wait are small. */
#include "ca/slice.h"

static enum err make_body(struct item *item, size_t worker, int64_t now_s)
{
    struct issue_order order = { .number = item->number, .not_before = profile_begin(item->maker->profile, now_s) };
    memcpy(order.serial, item->serial, sizeof order.serial);
    return issuer_prepare(item->maker->issuers[worker], &order, &item->key, &item->tbs, &item->why);
}

void slice_prepare_item(void *context, size_t worker, size_t i)
{
    struct slice *slice = context;
    struct item *item = &slice->items[i];
    if (slice->state == SLICE_NEW && !item->dropped)
        item->err = make_body(item, worker, slice->now_s);
}

enum err slice_pack_item(const struct slice *slice, size_t i, struct buf *to)
{
    const struct authorities *ca = &slice->signer->ca;
    const struct item *item = &slice->items[i];
    struct pack pack = { .number = item->number,
                         .root = cert_der(ca->of[AUTHORITY_ROOT].cert),
                         .intermediates_n = 1,
                         .certificate = buf_span(&item->cert),
                         .private_key = buf_span(&item->key) };
    pack.intermediates[0] = cert_der(ca->of[AUTHORITY_IDENTITY].cert);
    return pack_encode(&pack, to);
}

void slice_sign_item(void *context, size_t worker, size_t i)
{
    struct slice *slice = context;
    struct item *item = &slice->items[i];
    if (item->dropped)
        return;
    if (slice->state != SLICE_ISSUED)
        item->err = issuer_sign(item->maker->issuers[worker], buf_span(&item->tbs), &item->cert, &item->why);
    if (item->err == OK)
        item->err = key_id_of_certificate(buf_span(&item->cert), item->key_id);
    if (item->err == OK)
        cert_fingerprint_der(buf_span(&item->cert), item->fingerprint);
}

enum err slice_judge(const struct slice *slice, struct why *why)
{
    for (size_t i = 0; i < slice->n; i++)
        if (slice->items[i].err != OK) {
            if (why != NULL)
                *why = slice->items[i].why;
            return why_prefix(why, slice->items[i].err, "%s", slice->items[i].number.text);
        }
    return OK;
}
