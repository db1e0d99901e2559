/* A pack as the identity store keeps it: the key sealed, the certificate beside it, the chain above once for all
 * (F-6). What is read out is byte for byte what the CA sent: the pack's encoding has one form only. */
#ifndef FACTORY_STORED_PACK_H
#define FACTORY_STORED_PACK_H

#include "factory/factory.h"
#include "model/pack.h"

/* The chain of the pack that was stored last, so that it is not looked for each time. */
struct stored_chain {
    struct buf bytes;
    int64_t id;
};
void stored_chain_done(struct stored_chain *chain);

/* The row of the pack's chain, made when it is new; inside a transaction, and forgotten when that is rolled back. */
enum err stored_chain_find(struct stored_chain *chain, struct db *db, const struct pack *pack, struct why *why) MUST_CHECK;

/* Unseals and puts together. Errors: NOT_FOUND (none, or erased), DAMAGED. */
enum err stored_pack_open(struct db *db, struct sealer *sealer, const struct identity *row, struct secret *ret_pack,
                          struct why *why) MUST_CHECK;

#endif
