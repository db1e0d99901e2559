/* A pack as the identity store keeps it: the key sealed, the certificate beside it, the chain above once for all
 * (F-6). What is read out is byte for byte what the CA sent: the pack's encoding has one form only. */
#ifndef FACTORY_STORED_PACK_H
#define FACTORY_STORED_PACK_H

#include "factory/factory.h"
#include "model/pack.h"

/* The certificates above the device's, one behind the other: appended; compared with those of a pack. */
enum err stored_chain_put(const struct pack *pack, struct buf *to) MUST_CHECK;
bool stored_chain_is(struct span chain, const struct pack *pack);

/* Unseals and puts together. Errors: NOT_FOUND (none, or erased), DAMAGED. */
enum err stored_pack_open(struct db *db, struct sealer *sealer, const struct identity *row, struct secret *ret_pack,
                          struct why *why) MUST_CHECK;

#endif
