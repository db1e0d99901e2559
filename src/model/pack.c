#include "model/pack.h"

#include "model/der.h"

static const uint8_t version[] = { DER_INTEGER, 1, 1 };

static size_t intermediates_size(const struct pack *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->intermediates_n; i++)
        n += p->intermediates[i].n;
    return n;
}

enum err pack_encode(const struct pack *p, struct buf *to)
{
    size_t number = strlen(p->number.text), chain = intermediates_size(p);
    size_t n = sizeof version + der_header_size(number) + number + p->root.n + der_header_size(chain) + chain +
               p->certificate.n + p->private_key.n;
    enum err err = buf_reserve(to, der_header_size(n) + n);
    if (err == OK)
        err = der_put_header(to, DER_SEQUENCE, n);
    if (err == OK)
        err = buf_put(to, version, sizeof version);
    if (err == OK)
        err = der_put_header(to, DER_UTF8, number);
    if (err == OK)
        err = buf_put(to, p->number.text, number);
    if (err == OK)
        err = buf_put_span(to, p->root);
    if (err == OK)
        err = der_put_header(to, DER_SEQUENCE, chain);
    for (size_t i = 0; err == OK && i < p->intermediates_n; i++)
        err = buf_put_span(to, p->intermediates[i]);
    if (err == OK)
        err = buf_put_span(to, p->certificate);
    if (err == OK)
        err = buf_put_span(to, p->private_key);
    return err;
}

static enum err take_intermediates(struct span *in, struct pack *p)
{
    struct span chain;
    enum err err = der_take(in, DER_SEQUENCE, &chain);
    while (err == OK && chain.n != 0) {
        if (p->intermediates_n == LIMIT_CHAIN)
            return ERR_TOO_LARGE;
        err = der_take_whole(&chain, DER_SEQUENCE, &p->intermediates[p->intermediates_n++]);
    }
    return err;
}

static enum err take_fields(struct span *in, struct pack *p, struct why *why)
{
    struct span number;
    if (in->n < sizeof version || memcmp(in->at, version, sizeof version) != 0)
        return why_set(why, ERR_BAD_INPUT, "the pack is not of version 1");
    *in = span_of(in->at + sizeof version, in->n - sizeof version);
    if (der_take(in, DER_UTF8, &number) != OK)
        return why_set(why, ERR_BAD_INPUT, "the pack has no device number");
    enum err err = number_parse(number, &p->number, why);
    if (err != OK)
        return err;
    if (der_take_whole(in, DER_SEQUENCE, &p->root) != OK)
        return why_set(why, ERR_BAD_INPUT, "the pack has no root certificate");
    if (take_intermediates(in, p) != OK)
        return why_set(why, ERR_BAD_INPUT, "the pack's issuing certificates are malformed or too many");
    if (der_take_whole(in, DER_SEQUENCE, &p->certificate) != OK)
        return why_set(why, ERR_BAD_INPUT, "the pack has no device certificate");
    if (der_take_whole(in, DER_SEQUENCE, &p->private_key) != OK)
        return why_set(why, ERR_BAD_INPUT, "the pack has no private key");
    return OK;
}

enum err pack_decode(struct span in, struct pack *ret_pack, struct why *why)
{
    struct pack p = { 0 };
    struct span body;
    if (in.n > LIMIT_PACK)
        return why_set(why, ERR_TOO_LARGE, "the pack has %zu bytes, more than %d", in.n, LIMIT_PACK);
    if (der_take(&in, DER_SEQUENCE, &body) != OK)
        return why_set(why, ERR_BAD_INPUT, "the pack is not a DER sequence, or cut short");
    if (in.n != 0)
        return why_set(why, ERR_BAD_INPUT, "%zu bytes follow the pack", in.n);
    enum err err = take_fields(&body, &p, why);
    if (err != OK)
        return err;
    if (body.n != 0)
        return why_set(why, ERR_BAD_INPUT, "the pack has fields behind its private key");
    *ret_pack = p;
    return OK;
}
