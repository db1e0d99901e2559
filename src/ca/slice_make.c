/* What the workers do for each item of a slice: the key and what will be signed; the signature and the pack. */
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

void slice_sign_item(void *context, size_t worker, size_t i)
{
    struct slice *slice = context;
    struct item *item = &slice->items[i];
    if (item->dropped)
        return;
    if (slice->state != SLICE_ISSUED)
        item->err = issuer_sign(item->maker->issuers[worker], buf_span(&item->tbs), &item->cert, &item->why);
    if (item->err == OK) {
        cert_fingerprint_der(buf_span(&item->cert), item->fingerprint);
        item->err = put_pack(slice->signer, item);
    }
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
