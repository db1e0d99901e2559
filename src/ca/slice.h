/* A slice: what of a batch is made, signed, recorded and handed out at a time. */
#ifndef CA_SLICE_H
#define CA_SLICE_H

#include "ca/signer.h"
#include "pki/key_id.h"

struct item {
    struct device_number number;
    int64_t position, generation, order_id;
    char order[LIMIT_NAME + 1];
    struct maker *maker;
    uint8_t serial[ISSUER_SERIAL], fingerprint[CERT_FINGERPRINT], key_id[KEY_ID];
    struct buf tbs, cert;
    struct buf key; /* wiped after each slice */
    bool dropped;         /* let go before it was made: never signed, or not recorded, and left out of the answer */
    enum err err;
    struct why why;
};

enum slice_state {
    SLICE_NEW,       /* nothing is recorded but the reservations */
    SLICE_ON_RECORD, /* what will be signed is on record, with the sealed keys */
    SLICE_ISSUED,    /* so are the certificates */
};

struct slice {
    struct signer *signer;
    struct batch *batch;
    enum slice_state state;
    int64_t id;       /* in the register, unless SLICE_NEW */
    int64_t position; /* of its first item in the batch */
    size_t n;
    int64_t now_s;
    struct buf bodies, sealed, plain; /* plain: keys, wiped */
    struct item items[LIMIT_ISSUE_BATCH];
};

/* The first slice of a batch that is not accepted yet: numbers only, what they are reserved as is not known. */
enum err slice_load_new(struct slice *slice, struct signer *s, struct batch *b, struct why *why) MUST_CHECK;
/* The slice of the batch that begins at `position`, as far as it is recorded. Errors: DAMAGED, those of the register. */
enum err slice_load(struct slice *slice, struct signer *s, struct batch *b, int64_t position, struct why *why) MUST_CHECK;

/* For the pool: keys and bodies; signatures. A slice that is issued keeps its certificates. */
void slice_prepare_item(void *slice, size_t worker, size_t i);
void slice_sign_item(void *slice, size_t worker, size_t i);
/* OK when all items came through the last step; else the first that did not speaks for all. */
enum err slice_judge(const struct slice *slice, struct why *why) MUST_CHECK;

/* Appends the identity pack of an item that is signed. Errors: NO_MEMORY. */
enum err slice_pack_item(const struct slice *slice, size_t i, struct buf *to) MUST_CHECK;

/* Inside one transaction: items take what their numbers are reserved as by now (those that were let go are dropped), and
 * a step is recorded. The state changes with slice_settle, after the commit. */
void slice_take_places(struct slice *slice);
enum err slice_put_on_record(struct slice *slice, struct why *why) MUST_CHECK;
enum err slice_issue(struct slice *slice, struct why *why) MUST_CHECK;
void slice_settle(struct slice *slice);

int64_t slice_count(const struct slice *slice, size_t from, size_t to); /* items that are not dropped */
void slice_clear(struct slice *slice); /* empties, wipes; keeps the memory */
void slice_free(struct slice *slice);

#endif
