#include "factory/stored_pack.h"

#include "model/der.h"

enum err stored_chain_put(const struct pack *pack, struct buf *to)
{
    enum err err = buf_put_span(to, pack->root);
    for (size_t i = 0; err == OK && i < pack->intermediates_n; i++)
        err = buf_put_span(to, pack->intermediates[i]);
    return err;
}

bool stored_chain_is(struct span chain, const struct pack *pack)
{
    const struct span *part = &pack->root;
    for (size_t i = 0; i <= pack->intermediates_n; part = &pack->intermediates[i++]) {
        if (chain.n < part->n || memcmp(chain.at, part->at, part->n) != 0)
            return false;
        chain = span_of(chain.at + part->n, chain.n - part->n);
    }
    return chain.n == 0;
}

static enum err take_chain(struct span chain, struct pack *pack)
{
    enum err err = der_take_whole(&chain, DER_SEQUENCE, &pack->root);
    while (err == OK && chain.n != 0) {
        if (pack->intermediates_n == LIMIT_CHAIN)
            return ERR_DAMAGED;
        err = der_take_whole(&chain, DER_SEQUENCE, &pack->intermediates[pack->intermediates_n++]);
    }
    return err == OK ? OK : ERR_DAMAGED;
}

static enum err put_together(struct pack *pack, struct span chain, struct secret *ret_pack, struct why *why)
{
    AUTO_WIPED_BUF whole = BUF_INIT;
    enum err err = take_chain(chain, pack);
    if (err != OK)
        return why_set(why, err, "%s: the chain that is kept for its pack is damaged", pack->number.text);
    err = buf_reserve(&whole, LIMIT_PACK);
    if (err == OK)
        err = pack_encode(pack, &whole);
    return err != OK ? err : secret_copy(whole.data, whole.len, ret_pack);
}

enum err stored_pack_open(struct db *db, struct sealer *sealer, const struct identity *row, struct secret *ret_pack,
                          struct why *why)
{
    uint8_t binding[SEAL_BINDING];
    AUTO_BUF sealed = BUF_INIT, certificate = BUF_INIT, chain = BUF_INIT;
    AUTO_SECRET plain = SECRET_INIT;
    enum err err = stock_pack_read(db, row, &sealed, &certificate, &chain, why);
    if (err == OK)
        err = unseal(sealer, buf_span(&sealed), factory_binding(&row->number, row->fingerprint, binding), &plain, why);
    if (err != OK)
        return err;
    if (chain.len == 0)
        return secret_copy(plain.data, plain.len, ret_pack); /* kept whole, by an earlier version */
    struct pack pack = { .number = row->number, .certificate = buf_span(&certificate), .private_key = secret_span(&plain) };
    return put_together(&pack, buf_span(&chain), ret_pack, why);
}
