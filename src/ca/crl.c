#include "ca/crl.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "ca/decide.h"
#include "ca/signer.h"

enum { DAY_S = 86400 };

/* --- What is revoked --- */

struct revoked {
    struct crl_entry *entries;
    uint8_t (*serials)[CERT_SERIAL_MAX];
    size_t n, room;
};

static enum err grow(struct revoked *r)
{
    size_t room = r->room == 0 ? 64 : 2 * r->room;
    struct crl_entry *entries = reallocarray(r->entries, room, sizeof *entries);
    if (entries == NULL)
        return ERR_NO_MEMORY;
    r->entries = entries;
    uint8_t(*serials)[CERT_SERIAL_MAX] = reallocarray(r->serials, room, sizeof *serials);
    if (serials == NULL)
        return ERR_NO_MEMORY;
    r->serials = serials;
    r->room = room;
    return OK;
}

static enum err add_revoked(void *context, const struct register_certificate *c)
{
    struct revoked *r = context;
    int reason = 0;
    enum err err = r->n == r->room ? grow(r) : OK;
    if (err != OK || c->serial.n > CERT_SERIAL_MAX)
        return err != OK ? err : ERR_DAMAGED;
    if (decide_reason_code(c->reason, &reason) != OK)
        reason = 0;
    memcpy(r->serials[r->n], c->serial.at, c->serial.n);
    r->entries[r->n] = (struct crl_entry){ .serial_n = c->serial.n, .revoked_at = c->revoked_s, .reason = reason };
    r->n++;
    return OK;
}

static enum err load_revoked(struct db *db, const char *issuer, struct revoked *r, struct why *why)
{
    enum err err = register_revoked_list(db, issuer, add_revoked, r, why);
    for (size_t i = 0; i < r->n; i++)
        r->entries[i].serial = r->serials[i]; /* only now do they stay where they are */
    return err;
}

static void revoked_done(struct revoked *r)
{
    free(r->entries);
    free(r->serials);
}

/* --- The newest on record --- */

struct newest {
    int64_t number, this_s, next_s, revoked;
    struct buf der;
};

static enum err take_newest(void *context, const struct register_crl *crl)
{
    struct newest *n = context;
    n->number = crl->number;
    n->this_s = crl->this_s;
    n->next_s = crl->next_s;
    n->revoked = crl->revoked;
    return buf_put_span(&n->der, crl->der);
}

static bool still_good(const struct newest *n, const struct revoked *r, int64_t now_s)
{
    return n->number != 0 && n->revoked == (int64_t)r->n && now_s >= n->this_s && now_s - n->this_s < (n->next_s - n->this_s) / 2;
}

static enum err make_new(struct db *db, const struct authority *a, const char *issuer, int64_t number, int64_t days,
                         const struct revoked *r, struct buf *der_to, struct why *why)
{
    AUTO_BUF der = BUF_INIT;
    int64_t now_s = clock_wall_s();
    struct register_crl crl = { .number = number, .this_s = now_s - LIMIT_BACKDATE_S, .next_s = now_s + days * DAY_S, .revoked = (int64_t)r->n };
    snprintf(crl.issuer, sizeof crl.issuer, "%s", issuer);
    enum err err = crl_issue(a->cert, a->key, (uint64_t)number, crl.this_s, crl.next_s, r->entries, r->n, &der, why);
    crl.der = buf_span(&der);
    if (err == OK)
        err = register_crl_add(db, &crl, why);
    if (err == OK)
        err = register_audit(db, now_s, "ca", "crl", issuer, why, "number=%lld revoked=%zu", (long long)number, r->n);
    return err != OK ? err : buf_put_span(der_to, buf_span(&der));
}

static enum err make_or_take(struct db *db, const struct authority *a, const char *issuer, int64_t days, bool force,
                             struct buf *der_to, struct why *why)
{
    struct newest newest = { 0 };
    struct revoked revoked = { 0 };
    enum err err = register_crl_newest(db, issuer, take_newest, &newest, why);
    if (err == OK)
        err = load_revoked(db, issuer, &revoked, why);
    if (err == OK && (a->key == NULL || (!force && still_good(&newest, &revoked, clock_wall_s()))))
        err = newest.der.len != 0 ? buf_put_span(der_to, buf_span(&newest.der))
                                  : why_set(why, ERR_NOT_FOUND, "there is no CRL of the %s CA yet: run `nameplate ca crl`", issuer);
    else if (err == OK)
        err = make_new(db, a, issuer, newest.number + 1, days, &revoked, der_to, why);
    buf_done(&newest.der);
    revoked_done(&revoked);
    return err;
}

enum err crl_current(struct db *db, const struct authorities *ca, enum authority_name name, int64_t days, bool force,
                     struct buf *der_to, struct why *why)
{
    size_t before = der_to->len;
    enum err err = db_begin(db, why); /* so that two processes never take the same number */
    if (err == OK)
        err = make_or_take(db, &ca->of[name], authority_name(name), days, force, der_to, why);
    if (err == OK)
        err = db_commit(db, why);
    else
        db_rollback(db);
    if (err != OK)
        der_to->len = before;
    return err;
}

/* --- LISTS: the lists of all authorities --- */

struct lists {
    struct buf ders, rows; /* one behind the other; as fields of the answer */
    int64_t n;
};

/* One that cannot be had (an offline root's) is left out. */
static enum err gather(struct signer *s, struct lists *lists, struct why *why)
{
    enum err err = OK;
    for (int i = 0; err == OK && i < AUTHORITY_COUNT; i++) {
        AUTO_BUF der = BUF_INIT;
        err = crl_current(s->db, &s->ca, (enum authority_name)i, s->settings->crl_days, false, &der, why);
        if (err == ERR_NOT_FOUND) {
            err = OK;
            continue;
        }
        lists->n++;
        if (err == OK)
            err = frame_put_bytes(&lists->rows, buf_span(&der));
        if (err == OK)
            err = buf_put_span(&lists->ders, buf_span(&der));
    }
    if (err == OK && lists->rows.len > LIMIT_LISTS_DER)
        err = why_set(why, ERR_TOO_LARGE, "the revocation lists have grown to %zu bytes, more than the %d that factory servers read",
                      lists->rows.len, LIMIT_LISTS_DER);
    return err;
}

static enum err answer(struct signer *s, int64_t tag, const struct lists *lists, struct span known)
{
    uint8_t digest[CERT_FINGERPRINT];
    size_t mark;
    cert_fingerprint_der(buf_span(&lists->ders), digest); /* a SHA-256 like any other */
    bool same = span_equal(known, span_of(digest, sizeof digest));
    enum err err = frame_begin(&s->out, CA_ANSWER_LISTS, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, tag);
    if (err == OK)
        err = frame_put_int(&s->out, same ? 0 : lists->n);
    if (err == OK && !same)
        err = buf_put_span(&s->out, buf_span(&lists->rows));
    return err != OK ? err : frame_end(&s->out, mark);
}

enum err crl_give(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    struct lists lists = { .n = 0 };
    struct span known = frame_bytes(fields);
    enum err err = frame_finish(fields, why);
    if (err == OK)
        err = gather(s, &lists, why);
    if (err == OK)
        err = answer(s, tag, &lists, known);
    buf_done(&lists.ders);
    buf_done(&lists.rows);
    return err;
}
