#include "ca/record.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "pki/key_id.h"
#include "store/register_field.h"

static void name(const struct record *r, struct register_certificate *c)
{
    snprintf(c->kind, sizeof c->kind, "%s", r->kind);
    snprintf(c->subject, sizeof c->subject, "%s", r->subject);
    snprintf(c->issuer, sizeof c->issuer, "%s", r->issuer);
    snprintf(c->requester, sizeof c->requester, "%s", r->requester);
}

enum err record_body(void *context, struct span serial, struct span tbs, struct why *why)
{
    const struct record_body *body = context;
    struct register_certificate c = { .serial = serial, .tbs = tbs, .created_s = clock_wall_s() };
    name(body->record, &c);
    enum err err = db_begin(body->db, why);
    if (err == OK)
        err = register_body_add(body->db, &c, why);
    return err != OK ? err : db_commit(body->db, why);
}

enum err record_certificate(struct db *db, const struct record *r, int64_t *ret_id, struct why *why)
{
    uint8_t fingerprint[CERT_FINGERPRINT], serial[CERT_SERIAL_MAX], key[KEY_ID];
    char hex[CERT_SERIAL_TEXT];
    int64_t now_s = clock_wall_s();
    cert_fingerprint(r->cert, fingerprint);
    cert_serial(r->cert, hex);
    struct register_certificate c = { .state = r->state, .fingerprint = span_of(fingerprint, sizeof fingerprint),
                                      .der = cert_der(r->cert), .created_s = now_s, .serial = span_of(serial, strlen(hex) / 2),
                                      .key = span_of(key, sizeof key) };
    name(r, &c);
    enum err err = hex_decode(hex, strlen(hex) / 2, serial);
    if (err == OK)
        err = key_id_of_certificate(cert_der(r->cert), key);
    if (err == OK)
        err = register_certificate_add(db, &c, ret_id, why);
    return err != OK ? err
                     : register_audit(db, now_s, r->actor, "issue", r->subject, why, "kind=%s serial=%s issuer=%s", r->kind, hex,
                                      r->issuer);
}

struct key_use {
    const char *own;
    bool found;
};

static enum err find_use(void *context, const struct register_certificate *c)
{
    struct key_use *use = context;
    bool again = use->own != NULL && strcmp(c->kind, "infrastructure") == 0 && strcmp(c->subject, use->own) == 0;
    use->found = use->found || !again || !lifecycle_is_live(c->state);
    return OK;
}

enum err record_check_key(struct db *db, struct span spki, const char *own, struct why *why)
{
    struct key_use use = { .own = own };
    uint8_t id[KEY_ID], hash[REGISTER_DIGEST];
    bool asked = false;
    enum err err = key_id_of_spki(spki, id);
    if (err != OK)
        return why_set(why, err, "the signing request's key cannot be understood");
    err = register_certificate_of_key(db, span_of(id, sizeof id), find_use, &use, why);
    cert_fingerprint_der(spki, hash); /* a SHA-256 like any other */
    if (err == OK)
        err = register_renewal_has_key(db, hash, &asked, why);
    if (err == OK && (asked || use.found))
        err = why_set(why, ERR_CONFLICT, "the key of this signing request is in a certificate already: make a new one");
    return err;
}
