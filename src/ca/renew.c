/* RENEW: an identity for a device in the field, whose key was made in it: renewal before the old one ends, or a
 * replacement board (M-8). What will be signed is committed before it is signed (I5), with what is revoked for it; the
 * same signing request gets the same certificate (I10). */
#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "base/rng.h"
#include "ca/history.h"
#include "ca/record.h"
#include "ca/signer.h"
#include "pki/key_id.h"
#include "store/register_field.h"

struct renewing {
    struct signer *s;
    struct device_number number;
    enum renewal_reason reason;
    struct span replaces; /* fingerprint; empty */
    char requester[LIMIT_NAME + 16], actor[LIMIT_NAME + 16];
    struct register_renewal row; /* its spans are those of the buffers below */
    uint8_t serial[CERT_SERIAL_MAX];
    struct buf spki, tbs, der;
};

static void renewing_done(struct renewing *r)
{
    buf_done(&r->spki);
    buf_done(&r->tbs);
    buf_done(&r->der);
}

static enum err keep_row(void *context, const struct register_renewal *row)
{
    struct renewing *r = context;
    if (row->serial.n > sizeof r->serial)
        return ERR_DAMAGED;
    r->row = *row;
    memcpy(r->serial, row->serial.at, row->serial.n);
    r->row.serial = span_of(r->serial, row->serial.n);
    buf_clear(&r->tbs);
    buf_clear(&r->der);
    enum err err = buf_put_span(&r->tbs, row->tbs);
    return err != OK ? err : buf_put_span(&r->der, row->der);
}

/* --- First step --- */

/* What was on record to be signed and was not, as far as one knows, is given up for the new request. */
static enum err drop_row(void *context, const struct register_renewal *row)
{
    struct renewing *r = context;
    return register_renewal_drop(r->s->db, row->serial, clock_wall_s(), NULL);
}

static enum err clear_way(struct renewing *r, const struct field_history *h, struct why *why)
{
    const char *text = r->number.text;
    enum lifecycle_state to = LIFE_VOIDED;
    enum err err = register_renewal_unsigned(r->s->db, text, drop_row, r, why);
    if (err == OK && h->renewing.id != 0) {
        err = lifecycle_next(LIFE_RENEWING, LIFE_EVENT_VOID, ROLE_CA, &to, why);
        if (err == OK)
            err = history_move(r->s->db, &h->renewing, to, &(struct history_move){ r->actor, "void", text, "superseded" }, why);
    }
    if (err == OK && h->live.id != 0 && r->reason == REPLACEMENT) {
        err = lifecycle_next(h->live.state, LIFE_EVENT_SUPERSEDE, ROLE_CA, &to, why);
        if (err == OK)
            err = history_move(r->s->db, &h->live, to, &(struct history_move){ r->actor, "supersede", text, "superseded" }, why);
    }
    return err;
}

static enum err make_body(struct renewing *r, struct why *why)
{
    struct profile *profile = NULL;
    struct issuer *issuer = NULL;
    const struct authority *ca = &r->s->ca.of[AUTHORITY_IDENTITY];
    struct issue_order order = { .number = r->number };
    char model[LIMIT_MODEL_CODE + 1];
    number_model(&r->number, model);
    enum err err = rng_fill(order.serial, sizeof order.serial);
    order.serial[0] = (uint8_t)(0x40 | (order.serial[0] & 0x3f)); /* as the issuer would */
    if (err == OK)
        err = maker_profile(r->s, model, &profile, why);
    if (err == OK)
        order.not_before = profile_begin(profile, r->row.created_s);
    if (err == OK)
        err = issuer_new(profile, ca->cert, ca->key, &issuer, why);
    if (err == OK)
        err = issuer_prepare_for_key(issuer, &order, buf_span(&r->spki), &r->tbs, why);
    memcpy(r->serial, order.serial, sizeof order.serial);
    r->row.serial = span_of(r->serial, sizeof order.serial);
    r->row.tbs = buf_span(&r->tbs);
    issuer_free(issuer);
    profile_free(profile);
    return err;
}

static enum err take_up(struct renewing *r, struct why *why)
{
    struct field_history history;
    const struct field_identity *before = NULL;
    struct db *db = r->s->db;
    enum err err = history_load(db, r->number.text, r->replaces, &history, NULL, why);
    if (err == OK)
        err = decide_renewal(r->number.text, r->reason, r->replaces, &history, &before, why);
    if (err == OK)
        err = record_check_key(db, buf_span(&r->spki), NULL, why);
    if (err == OK)
        err = clear_way(r, &history, why);
    if (err != OK)
        return err;
    r->row.created_s = clock_wall_s();
    r->row.order_id = before->order_id;
    r->row.replaces = before->id;
    memcpy(r->row.number, r->number.text, sizeof r->number.text);
    snprintf(r->row.requester, sizeof r->row.requester, "%.64s", r->requester);
    err = make_body(r, why);
    if (err == OK)
        err = register_renewal_add(db, &r->row, why);
    return err != OK ? err
                     : register_audit(db, r->row.created_s, r->actor, r->reason == RENEWAL ? "renewal" : "replacement", r->number.text, why,
                                      "generation=%lld from=%s", (long long)before->generation, lifecycle_name(before->state));
}

/* --- Second step --- */

static enum err sign_body(struct renewing *r, struct why *why)
{
    struct profile *profile = NULL;
    struct issuer *issuer = NULL;
    const struct authority *ca = &r->s->ca.of[AUTHORITY_IDENTITY];
    char model[LIMIT_MODEL_CODE + 1];
    number_model(&r->number, model);
    enum err err = maker_profile(r->s, model, &profile, why);
    if (err == OK)
        err = issuer_new(profile, ca->cert, ca->key, &issuer, why);
    if (err == OK)
        err = issuer_sign(issuer, buf_span(&r->tbs), &r->der, why);
    issuer_free(issuer);
    profile_free(profile);
    return err;
}

static enum err record(struct renewing *r, struct why *why)
{
    uint8_t fingerprint[CERT_FINGERPRINT], key[KEY_ID];
    char serial[CERT_SERIAL_TEXT];
    struct field_history history = { .live = { .id = 0 } };
    int64_t now_s = clock_wall_s();
    cert_fingerprint_der(buf_span(&r->der), fingerprint);
    hex_encode(r->row.serial.at, r->row.serial.n, serial);
    enum err err = key_id_of_certificate(buf_span(&r->der), key);
    if (err == OK)
        err = db_begin(r->s->db, why);
    if (err == OK)
        err = register_renewal_issue(r->s->db, r->row.serial, buf_span(&r->der), fingerprint, span_of(key, sizeof key), now_s, why);
    if (err == OK)
        err = history_load(r->s->db, r->number.text, (struct span){ 0 }, &history, NULL, why);
    if (err == OK)
        err = register_audit(r->s->db, now_s, r->actor, "issue", r->number.text, why, "generation=%lld to=%s serial=%s requester=%s",
                             (long long)history.renewing.generation, lifecycle_name(LIFE_RENEWING), serial, r->requester);
    return err != OK ? err : db_commit(r->s->db, why);
}

/* --- All --- */

/* A body waits to be signed. Between the two steps the identity that asked may have been revoked. */
static enum err check_unsigned(const struct renewing *r, struct why *why)
{
    struct field_history history;
    enum err err = history_load(r->s->db, r->number.text, r->replaces, &history, NULL, why);
    if (err == OK && r->reason == RENEWAL && history.live.id != r->row.replaces)
        err = why_set(why, ERR_CONFLICT, "%s: the identity that asked for renewal is not live any more", r->number.text);
    return err;
}

/* What the same signing request led to before. */
static enum err check_known(const struct renewing *r, struct why *why)
{
    if (strcmp(r->row.number, r->number.text) != 0)
        return why_set(why, ERR_CONFLICT, "this signing request came before for %s", r->row.number);
    if (r->row.certificate != 0 && !lifecycle_is_live(r->row.state) && r->row.state != LIFE_RENEWING)
        return why_set(why, ERR_CONFLICT, "%s: what was made for this signing request is %s: make a new key", r->number.text,
                       lifecycle_name(r->row.state));
    return r->row.certificate != 0 ? OK : check_unsigned(r, why);
}

static enum err make(struct renewing *r, const uint8_t csr[REGISTER_DIGEST], struct why *why)
{
    struct db *db = r->s->db;
    enum err err = register_renewal_find(db, csr, keep_row, r, why);
    if (err == OK) {
        err = check_known(r, why);
    } else if (err == ERR_NOT_FOUND) {
        memcpy(r->row.csr, csr, sizeof r->row.csr);
        cert_fingerprint_der(buf_span(&r->spki), r->row.key); /* a SHA-256 like any other */
        err = db_begin(db, why);
        if (err == OK)
            err = take_up(r, why);
        if (err == OK)
            err = db_commit(db, why);
    }
    if (err != OK || r->row.certificate != 0)
        return err;
    err = sign_body(r, why);
    return err != OK ? err : record(r, why);
}

static enum err answer(struct signer *s, int64_t tag, struct span der)
{
    size_t mark;
    enum err err = frame_begin(&s->out, CA_ANSWER_RENEWED, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, tag);
    if (err == OK)
        err = frame_put_bytes(&s->out, der);
    if (err == OK)
        err = frame_put_int(&s->out, 1);
    if (err == OK)
        err = frame_put_bytes(&s->out, cert_der(s->ca.of[AUTHORITY_IDENTITY].cert));
    return err != OK ? err : frame_end(&s->out, mark);
}

enum err renew_identity(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct renewing r = { .s = s };
    char reason[16], requester[LIMIT_NAME - 16];
    uint8_t digest[REGISTER_DIGEST];
    frame_text(fields, sizeof requester, requester);
    struct span number = frame_bytes(fields);
    frame_text(fields, sizeof reason, reason);
    r.replaces = frame_bytes(fields);
    struct span csr = frame_bytes(fields);
    enum err err = frame_finish(fields, why);
    snprintf(r.requester, sizeof r.requester, "%s:%s", role_name(ROLE_CENTER), requester);
    snprintf(r.actor, sizeof r.actor, "%s", r.requester);
    if (err == OK)
        err = number_parse(number, &r.number, why);
    if (err == OK)
        err = decide_renewal_reason(reason, &r.reason, why);
    if (err == OK)
        err = csr_read(csr, &r.spki, why);
    cert_fingerprint_der(csr, digest);
    if (err == OK)
        err = make(&r, digest, why);
    if (err == OK)
        err = answer(s, tag, buf_span(&r.der));
    renewing_done(&r);
    return err;
}
