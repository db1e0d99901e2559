#include "ca/record.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "pki/issuer.h"

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
    uint8_t fingerprint[CERT_FINGERPRINT], serial[CERT_SERIAL_MAX];
    char hex[CERT_SERIAL_TEXT];
    int64_t now_s = clock_wall_s();
    cert_fingerprint(r->cert, fingerprint);
    cert_serial(r->cert, hex);
    struct register_certificate c = { .state = r->state, .fingerprint = span_of(fingerprint, sizeof fingerprint),
                                      .der = cert_der(r->cert), .created_s = now_s, .serial = span_of(serial, strlen(hex) / 2) };
    name(r, &c);
    enum err err = hex_decode(hex, strlen(hex) / 2, serial);
    if (err == OK)
        err = register_certificate_add(db, &c, ret_id, why);
    return err != OK ? err
                     : register_audit(db, now_s, r->actor, "issue", r->subject, why, "kind=%s serial=%s issuer=%s", r->kind, hex,
                                      r->issuer);
}

struct key_check {
    struct span spki;
    const char *subject;
    bool found;
};

static enum err compare_key(void *context, const struct register_certificate *c)
{
    struct key_check *k = context;
    AUTO_CERT cert = NULL;
    bool own = k->subject != NULL && strcmp(c->kind, "infrastructure") == 0 && strcmp(c->subject, k->subject) == 0;
    enum err err = own ? OK : cert_from_der(c->der, &cert, NULL);
    k->found = k->found || (cert != NULL && cert_has_spki(cert, k->spki));
    return err;
}

enum err record_check_key(struct db *db, struct span spki, const char *subject, struct why *why)
{
    struct key_check check = { .spki = spki, .subject = subject };
    uint8_t id[ISSUER_KEY_ID];
    enum err err = issuer_key_id(spki, id);
    if (err != OK)
        return why_set(why, err, "the signing request's key cannot be understood");
    err = register_certificate_of_key(db, span_of(id, sizeof id), compare_key, &check, why);
    if (err == OK && check.found)
        err = why_set(why, ERR_CONFLICT, "the key of this signing request is in a certificate already: make a new one");
    return err;
}
