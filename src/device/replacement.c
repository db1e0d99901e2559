#include "device/replacement.h"

#include <string.h>

#include "base/rng.h"
#include "device/field.h"

static enum err check_board(const struct board *b, struct why *why)
{
    if (b->root == NULL)
        return why_set(why, ERR_CONFIG, "the firmware has no root certificate: make the device with --root FILE");
    if (b->boot.state == BOOT_INDIVIDUAL)
        return why_set(why, ERR_EXISTS, "this board has an identity already, of %s", b->values.number);
    if (b->boot.state != BOOT_BOOTSTRAP)
        return why_set(why, ERR_BAD_TRANSITION, "the board is blank: a station must write its bootstrap certificate first");
    if (!b->option.there)
        return why_set(why, ERR_UNSUPPORTED, "the board has no remote functions: nameplate device remote adds them");
    return *b->values.board != '\0' ? OK : why_set(why, ERR_CONFIG, "the board has no id of its own");
}

enum err replacement_begin(struct board *b, const struct device_number *number, struct why *why)
{
    enum err err = check_board(b, why);
    if (err == OK)
        err = board_set_number(b, number, why);
    if (err == OK && option_next(&b->option, ITEM_REPLACEMENT, 0) == QUEUE_SLOTS)
        err = renewal_make_key(b, ITEM_REPLACEMENT, why);
    return err;
}

enum err replacement_tls(const struct board *b, struct tls_context **ret_tls, struct why *why)
{
    const struct credential *c = &b->bootstrap;
    const struct tls_options options = {
        .key = c->key, .chain = (const struct cert *const *)c->chain, .chain_n = c->chain_n, .trust = b->trust,
        .peers = ROLE_BIT(ROLE_GATEWAY) | ROLE_BIT(ROLE_CENTER), .clock_behind = true,
    };
    return tls_context_new(&options, ret_tls, why);
}

enum err replacement_request(const struct board *b, struct buf *to, struct why *why)
{
    AUTO_ITEM item = { 0 };
    AUTO_KEY key = NULL;
    AUTO_BUF csr = BUF_INIT;
    struct soap_header header = { .version = SOAP_1_2 };
    struct replacement_request body = { .board = b->values.board };
    enum err err = renewal_load_key(b, ITEM_REPLACEMENT, &item, &key, &csr, why);
    if (err == OK)
        err = number_parse(span_text(b->values.number), &body.number, why);
    if (err == OK)
        err = rng_uuid_urn(header.message_id);
    body.csr = buf_span(&csr);
    return err == OK ? soap_write_request(SERVICE_FIELD, SOAP_REPLACEMENT, &header, &body, to) : err;
}

static enum err install(struct board *b, const struct replacement_response *r, struct why *why)
{
    AUTO_ITEM item = { 0 };
    AUTO_KEY key = NULL;
    AUTO_BUF csr = BUF_INIT;
    enum err err = renewal_load_key(b, ITEM_REPLACEMENT, &item, &key, &csr, why);
    return err == OK ? renewal_install(b, key, r->certificate, r->issuers, r->issuers_n, why) : err;
}

enum err replacement_answered(struct board *b, struct span reply, int64_t *ret_after_s, struct why *why)
{
    AUTO_PARSED parsed = { 0 };
    enum err err = soap_read_response(SERVICE_FIELD, SOAP_REPLACEMENT, reply, &parsed, why);
    if (err != OK)
        return err;
    const struct replacement_response *r = parsed.body;
    if (strcmp(r->state, "approved") != 0) {
        *ret_after_s = r->after < 1 ? 1 : r->after > 3600 ? 3600 : r->after;
        return OK;
    }
    err = install(b, r, why);
    if (err == OK)
        *ret_after_s = 0;
    return err;
}
