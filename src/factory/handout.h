/* Handing a pack out: what claims from stock and direct mode share. */
#ifndef FACTORY_HANDOUT_H
#define FACTORY_HANDOUT_H

#include "factory/service.h"

struct handout {
    struct device_number number;
    char board[LIMIT_NAME + 1];
    bool has_identity; /* the device says that it has one already */
    uint8_t fingerprint[CERT_FINGERPRINT];
    bool pack_in_hand; /* direct mode: it has just come from the CA */
};

/* What is recorded of a number and its model, into the facts; `ret_facts` keeps what it says else. */
enum err handout_read_facts(struct db *db, const struct device_number *number, struct stock_model *ret_model,
                            struct identity *ret_row, struct claim_facts *ret_facts, struct why *why) MUST_CHECK;

/* Reads the facts, decides, and saves the claim with its audit entry when there is a pack to hand out; inside a
 * transaction, so that no other claim comes between. Errors: those of decide_claim. */
enum err handout_claim(struct service_call *call, const struct handout *handout, enum claim_way *ret_way,
                       struct identity *ret_row, struct why *why) MUST_CHECK;

/* What the CA revoked meanwhile is neither handed out nor taken as written. Errors: BAD_CERTIFICATE, those of
 * stock_certificate_read. */
enum err handout_check_revoked(const struct factory *factory, const struct identity *row, struct why *why) MUST_CHECK;

/* Unseals the stored pack and answers with it; after the commit (I9). */
enum err handout_send(struct service_call *call, const struct identity *row, struct why *why) MUST_CHECK;

/* Direct mode (F-21): asks the CA for the one number, then hands it out. */
enum err service_direct(struct service_call *call, const struct handout *handout, const struct identity *row,
                        struct why *why) MUST_CHECK;

#endif
