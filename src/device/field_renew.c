/* Another identity under the same number (doc/protocol/field.md): the key is made here and lies sealed in the remote
 * functions' memory until the new certificate is confirmed. At every moment the flash holds a whole identity: the old
 * one, then the new one with the old one beside it, which goes when the centre has confirmed the new one. */
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/rng.h"
#include "device/field.h"
#include "log/log.h"
#include "model/pack.h"
#include "pki/issuer.h"

enum { AGAIN_MS = 3600 * 1000 };

static struct span seal_context(void) { return span_text("nameplate renewal"); }

/* --- The key --- */

/* Length of the key (4, big-endian), PKCS #8, PKCS #10: a repeated request is the same to the last byte. */
static enum err pack_key(const struct key *key, const char *number, struct buf *to, struct why *why)
{
    AUTO_SECRET der = SECRET_INIT;
    enum err err = buf_reserve(to, 4 + LIMIT_PRIVATE_KEY + LIMIT_CERTIFICATE);
    if (err == OK)
        err = key_to_pkcs8(key, &der, why);
    const uint8_t length[4] = { 0, 0, (uint8_t)(der.len >> 8), (uint8_t)der.len };
    if (err == OK)
        err = buf_put(to, length, sizeof length);
    if (err == OK)
        err = buf_put_span(to, secret_span(&der));
    return err == OK ? csr_make(key, number, to, why) : err;
}

enum err renewal_make_key(struct board *b, enum item_kind kind, struct why *why)
{
    AUTO_KEY key = NULL;
    AUTO_WIPED_BUF plain = BUF_INIT;
    AUTO_ITEM item = { .kind = kind };
    enum err err = key_generate(KEY_P256, &key, why);
    if (err == OK)
        err = pack_key(key, b->values.number, &plain, why);
    if (err == OK)
        err = seal(b->sealer, buf_span(&plain), seal_context(), &item.bytes, why);
    if (err == OK)
        err = rng_uuid_urn(item.id);
    return err == OK ? option_put(&b->option, &item, NULL, why) : err;
}

static enum err unpack_key(struct span plain, struct key **ret_key, struct buf *csr_to, struct why *why)
{
    size_t n = plain.n < 4 ? 0 : (size_t)plain.at[2] << 8 | plain.at[3];
    if (n == 0 || n > plain.n - 4)
        return why_set(why, ERR_DAMAGED, "the key that was made is damaged");
    enum err err = buf_put(csr_to, plain.at + 4 + n, plain.n - 4 - n);
    return err == OK ? key_from_pkcs8(span_of(plain.at + 4, n), ret_key, why) : err;
}

enum err renewal_load_key(const struct board *b, enum item_kind kind, struct item *ret_item, struct key **ret_key, struct buf *csr_to,
                          struct why *why)
{
    AUTO_SECRET plain = SECRET_INIT;
    uint32_t slot = option_next(&b->option, kind, 0);
    if (slot == QUEUE_SLOTS)
        return why_set(why, ERR_NOT_FOUND, "no key was made");
    enum err err = option_get(&b->option, slot, ret_item, why);
    if (err == OK)
        err = unseal(b->sealer, buf_span(&ret_item->bytes), seal_context(), &plain, why);
    return err == OK ? unpack_key(secret_span(&plain), ret_key, csr_to, why) : err;
}

void replacement_key(const struct board *b, char ret_hex[2 * CERT_FINGERPRINT + 1])
{
    AUTO_ITEM item = { 0 };
    AUTO_KEY key = NULL;
    AUTO_BUF csr = BUF_INIT, spki = BUF_INIT;
    uint8_t fingerprint[CERT_FINGERPRINT];
    ret_hex[0] = '\0';
    if (!b->option.there || renewal_load_key(b, ITEM_REPLACEMENT, &item, &key, &csr, NULL) != OK || key_spki(key, &spki) != OK)
        return;
    cert_fingerprint_der(buf_span(&spki), fingerprint);
    hex_encode(fingerprint, sizeof fingerprint, ret_hex);
}

/* The pack that the certificate makes with our own key, installed as one from the line is. */
enum err renewal_install(struct board *b, const struct key *key, struct span certificate, const struct certificate *issuers,
                         size_t issuers_n, struct why *why)
{
    AUTO_SECRET der = SECRET_INIT;
    AUTO_WIPED_BUF bytes = BUF_INIT;
    struct pack pack = { .root = cert_der(b->root), .certificate = certificate, .intermediates_n = issuers_n };
    if (issuers_n > LIMIT_CHAIN)
        return why_set(why, ERR_BAD_INPUT, "the certificate's chain has more than %d issuers", LIMIT_CHAIN);
    for (size_t i = 0; i < issuers_n; i++)
        pack.intermediates[i] = issuers[i].der;
    enum err err = number_parse(span_text(b->values.number), &pack.number, why);
    if (err == OK)
        err = key_to_pkcs8(key, &der, why);
    pack.private_key = secret_span(&der);
    if (err == OK)
        err = buf_reserve(&bytes, LIMIT_PACK);
    if (err == OK)
        err = pack_encode(&pack, &bytes);
    return err == OK ? board_install_identity(b, buf_span(&bytes), why) : err;
}

/* --- The sequence --- */

void field_test_only_die(const struct field *f, const char *step)
{
    if (f->options.test_only_die_at != NULL && strcmp(f->options.test_only_die_at, step) == 0)
        (void)!raise(SIGKILL);
}

static void end(struct field *f, enum err err, const struct why *why)
{
    struct why ignored = { "" };
    uint32_t slot = option_next(f->option, ITEM_RENEWAL, 0);
    if (slot < QUEUE_SLOTS && option_drop(f->option, slot, &ignored) != OK)
        log_event(LOG_ERROR, "renewal", "number", f->board->values.number, "why", ignored.text, NULL);
    f->renewing = false;
    f->renew_err = err;
    if (err == OK)
        return;
    f->renew_why = *why;
    f->renew_after_ms = clock_mono_ms() + AGAIN_MS;
    board_history(f->board, "renewal-refused", why_text(why, err));
    log_failure(LOG_WARN, "renewal", err, why, "number", f->board->values.number, NULL);
}

static enum err request(struct field *f, const struct item *item, const struct buf *csr, struct why *why)
{
    const struct renewal_request body = { .csr = buf_span(csr) };
    const char *id = f->renew_after_ms == 0 ? item->id : NULL; /* one that was answered by a fault gets no other answer */
    return field_call_live(f, SOAP_RENEWAL, id, &body, why);
}

static enum err confirm(struct field *f, struct why *why)
{
    const struct renewal_confirmation_request body = { .fingerprint = span_of(f->board->identity.fingerprint, CERT_FINGERPRINT) };
    return field_call_live(f, SOAP_RENEWAL_CONFIRMATION, NULL, &body, why);
}

/* One that expired before it was confirmed is renewed like any other: with another key. */
static enum err begin_anew(struct field *f, struct why *why)
{
    enum err err = option_drop(f->option, option_next(f->option, ITEM_RENEWAL, 0), why);
    return err == OK ? renewal_begin(f, why) : err;
}

/* The key in force says how far it came. */
static enum err next_step(struct field *f, struct why *why)
{
    AUTO_ITEM item = { 0 };
    AUTO_KEY key = NULL;
    AUTO_BUF csr = BUF_INIT;
    enum err err = renewal_load_key(f->board, ITEM_RENEWAL, &item, &key, &csr, why);
    if (err != OK)
        return err;
    if (!cert_matches_key(f->board->identity.chain[0], key))
        return request(f, &item, &csr, why); /* before the first exchange too: its reply may bring the answer */
    if (!f->greeted)
        return OK;
    return f->session == SESSION_RENEW ? begin_anew(f, why) : confirm(f, why);
}

bool renewal_is_unconfirmed(const struct field *f)
{
    AUTO_ITEM item = { 0 };
    AUTO_KEY key = NULL;
    AUTO_BUF csr = BUF_INIT;
    struct why ignored;
    return option_next(f->option, ITEM_RENEWAL, 0) < QUEUE_SLOTS &&
           renewal_load_key(f->board, ITEM_RENEWAL, &item, &key, &csr, &ignored) == OK &&
           cert_matches_key(f->board->identity.chain[0], key);
}

/* Whatever the moment of a power cut. An identity that the centre takes for unconfirmed is confirmed, also when nothing here
 * remembers why. */
void renewal_go_on(struct field *f)
{
    struct why why = { "" };
    bool begun = option_next(f->option, ITEM_RENEWAL, 0) < QUEUE_SLOTS;
    if (begun)
        f->renewing = true;
    if ((!begun && f->session != SESSION_CONFIRM) || field_is_calling(f, SOAP_RENEWAL) ||
        field_is_calling(f, SOAP_RENEWAL_CONFIRMATION) || clock_mono_ms() < f->renew_after_ms)
        return;
    enum err err = begun ? next_step(f, &why) : confirm(f, &why);
    if (err != OK)
        end(f, err, &why);
}

enum err renewal_begin(struct field *f, struct why *why)
{
    enum err err = option_next(f->option, ITEM_RENEWAL, 0) < QUEUE_SLOTS ? OK : renewal_make_key(f->board, ITEM_RENEWAL, why);
    if (err != OK)
        return err;
    board_history(f->board, "renewal", "");
    field_test_only_die(f, "key");
    f->renewing = true;
    f->renew_after_ms = 0;
    renewal_go_on(f);
    return OK;
}

static enum err install_answer(struct field *f, struct span envelope, struct why *why)
{
    AUTO_PARSED parsed = { 0 };
    AUTO_ITEM item = { 0 };
    AUTO_KEY key = NULL;
    AUTO_BUF csr = BUF_INIT;
    enum err err = soap_read_response(SERVICE_CENTER, SOAP_RENEWAL, envelope, &parsed, why);
    if (err == OK)
        err = renewal_load_key(f->board, ITEM_RENEWAL, &item, &key, &csr, why);
    if (err != OK)
        return err;
    const struct renewal_response *r = parsed.body;
    field_test_only_die(f, "answer");
    err = renewal_install(f->board, key, r->certificate, r->issuers, r->issuers_n, why);
    if (err == OK)
        field_test_only_die(f, "installed");
    if (err == OK)
        err = field_use_identity(f, why);
    if (err == OK)
        f->session = SESSION_CONFIRM; /* as the next session will say */
    return err;
}

/* What may pass by itself is tried again in a while, with the same key. */
static void ended_badly(struct field *f, enum err err, const struct why *why)
{
    enum { SOON_MS = 10000 };
    bool late = err == ERR_EXPIRED || err == ERR_UNCONFIRMED; /* the letter came after another presence: it goes again under that */
    bool between = err == ERR_NO_AGREEMENT && renewal_is_unconfirmed(f); /* the new identity is in force: it is all that we have */
    if (err_row(err)->action != ERR_ACTION_RETRY && err != ERR_UNKNOWN_IDENTITY && !late && !between) {
        end(f, err, why);
        return;
    }
    f->renew_after_ms = clock_mono_ms() + SOON_MS;
    log_failure(LOG_WARN, "renewal-again", err, why, "number", f->board->values.number, NULL);
}

void renewal_answered(struct field *f, struct span envelope)
{
    struct why why = { "" };
    enum err err = install_answer(f, envelope, &why);
    if (err == OK)
        err = confirm(f, &why);
    if (err != OK)
        ended_badly(f, err, &why);
}

void confirmation_answered(struct field *f, struct span envelope)
{
    AUTO_PARSED parsed = { 0 };
    struct why why = { "" };
    enum err err = soap_read_response(SERVICE_CENTER, SOAP_RENEWAL_CONFIRMATION, envelope, &parsed, &why);
    if (err == OK) {
        field_test_only_die(f, "confirmed");
        err = board_drop_stale(f->board, &why);
    }
    if (err != OK) {
        ended_badly(f, err, &why);
        return;
    }
    field_test_only_die(f, "dropped");
    end(f, OK, &why);
    board_history(f->board, "renewed", "");
    log_event(LOG_INFO, "renewed", "number", f->board->values.number, NULL);
}
