/* `nameplate ca fsck`: everything that can be checked about a register without changing it. Each check has its
 * own function and its own line of output; the first fault of each is told. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ca/commands.h"
#include "ca/decide.h"
#include "pki/key_id.h"
#include "pki/verify.h"

struct check {
    struct db *db;
    const struct ca_settings *settings;
    struct trust *trust;
    int64_t certificates;
    struct why *why;
};

static enum err check_database(struct check *c, struct why *why) { return db_check(c->db, why); }

static enum err check_audit(struct check *c, struct why *why)
{
    int64_t n;
    uint8_t head[32];
    return register_audit_verify(c->db, &n, head, why);
}

/* The signature is checked by building the chain to the root at the moment the certificate was made, without
 * regard to revocation. */
static enum err check_signature(const struct check *k, const struct register_certificate *c, const struct cert *cert)
{
    int64_t from, to;
    cert_times(cert, &from, &to);
    const struct verify_request request = { .profile = strcmp(c->kind, "device") == 0 ? VERIFY_DEVICE : VERIFY_GENERIC, .now_s = from + 1 };
    return verify_certificate(k->trust, cert, &request, k->why);
}

static enum err check_number(const struct check *k, const struct register_certificate *c, const struct cert *cert)
{
    struct device_number number;
    if (strcmp(c->kind, "device") != 0)
        return OK;
    enum err err = cert_device_number(cert, &number, k->why);
    if (err == OK && strcmp(number.text, c->subject) != 0)
        err = why_set(k->why, ERR_DAMAGED, "the certificate says %s", number.text);
    return err;
}

static enum err check_row(void *context, const struct register_certificate *c)
{
    struct check *k = context;
    AUTO_CERT cert = NULL;
    uint8_t fingerprint[CERT_FINGERPRINT], key[KEY_ID];
    k->certificates++;
    if (c->der.n == 0)
        return OK; /* on its way */
    enum err err = cert_from_der(c->der, &cert, k->why);
    if (err == OK) {
        cert_fingerprint(cert, fingerprint);
        if (!span_equal(c->fingerprint, span_of(fingerprint, sizeof fingerprint)))
            err = why_set(k->why, ERR_DAMAGED, "the certificate does not have the fingerprint on record");
        else if (key_id_of_certificate(c->der, key) != OK || !span_equal(c->key, span_of(key, sizeof key)))
            err = why_set(k->why, ERR_DAMAGED, "the certificate does not have the key on record");
    }
    if (err == OK)
        err = check_number(k, c, cert);
    if (err == OK)
        err = check_signature(k, c, cert);
    if (err != OK)
        why_prefix(k->why, err, "%s %s generation %" PRId64, c->kind, c->subject, c->generation);
    return err == OK ? OK : ERR_DAMAGED;
}

static enum err load_trust(struct check *c, struct why *why)
{
    struct authorities ca = { 0 };
    enum err err = authorities_load(c->settings, false, false, &ca, why);
    if (err == OK)
        err = trust_new(&c->trust);
    if (err == OK)
        err = trust_add_roots(c->trust, cert_der(ca.of[AUTHORITY_ROOT].cert), why);
    for (int i = AUTHORITY_IDENTITY; err == OK && i < AUTHORITY_COUNT; i++)
        err = trust_add_intermediates(c->trust, cert_der(ca.of[i].cert), why);
    authorities_done(&ca);
    return err;
}

static enum err check_certificates(struct check *c, struct why *why)
{
    const struct register_filter everything = { 0 };
    c->why = why;
    enum err err = load_trust(c, why);
    return err != OK ? err : register_certificate_list(c->db, &everything, check_row, c, why);
}

/* One live identity per number (I1): the database enforces it by an index, which an editor may have dropped. */
static enum err check_live(struct check *c, struct why *why)
{
    char number[LIMIT_NAME + 1] = "";
    enum err err = register_doubled(c->db, sizeof number, number, why);
    if (err == OK && number[0] != '\0')
        err = why_set(why, ERR_DAMAGED, "%s has more than one live identity", number);
    return err;
}

/* I2: a key is in one certificate. */
static enum err check_keys(struct check *c, struct why *why)
{
    char subjects[2 * LIMIT_NAME + 8] = "";
    enum err err = register_key_doubled(c->db, sizeof subjects, subjects, why);
    if (err == OK && subjects[0] != '\0')
        err = why_set(why, ERR_DAMAGED, "certificates of %s have the same key", subjects);
    return err;
}

static enum err check_account(void *context, const struct register_order *o, const struct register_account *a)
{
    struct check *k = context;
    if (a->issued != a->written + a->on_hand + a->voided + a->superseded)
        return why_set(k->why, ERR_DAMAGED, "order %s: issued %" PRId64 " is not written %" PRId64 " + on hand %" PRId64
                       " + voided %" PRId64 " + superseded %" PRId64, o->name, a->issued, a->written, a->on_hand, a->voided,
                       a->superseded);
    int64_t used = decide_used(a);
    if (used > o->quantity)
        return why_set(k->why, ERR_DAMAGED, "order %s: %" PRId64 " identities for %" PRId64 " devices", o->name, used, o->quantity);
    return OK;
}

static enum err check_accounts(struct check *c, struct why *why)
{
    c->why = why;
    return register_order_list(c->db, NULL, NULL, check_account, c, why);
}

/* --- Bodies without a certificate: of a signer that was killed between recording and signing. No fault: those of a batch
 * are signed when the request is repeated; of the others no certificate was given out --- */

struct unsigned_bodies {
    int64_t n;
    char example[160];
};

static void note_body(struct unsigned_bodies *u, const char *kind, struct span subject, const char *requester)
{
    if (u->n++ == 0)
        snprintf(u->example, sizeof u->example, "%s %.*s for %s", kind, (int)subject.n, (const char *)subject.at, requester);
}

static enum err count_single(void *context, const struct register_certificate *c)
{
    if (c->der.n == 0)
        note_body(context, c->kind, span_text(c->subject), c->requester);
    return OK;
}

static enum err count_slice(void *context, const struct register_slice *slice)
{
    struct register_body body;
    struct span rest = slice->bodies;
    while (register_body_next(&rest, &body))
        note_body(context, "device", body.number, slice->message_id);
    return rest.n == 0 ? OK : ERR_DAMAGED;
}

static enum err report_bodies(struct db *db, struct why *why)
{
    struct unsigned_bodies u = { 0 };
    enum err err = register_body_list(db, NULL, count_single, &u, why);
    if (err == OK)
        err = register_slice_unsigned(db, count_slice, &u, why);
    if (err != OK)
        return err;
    if (u.n == 0)
        printf("%-30s none\n", "bodies without a certificate");
    else
        printf("%-30s %" PRId64 ", the first: %s\n", "bodies without a certificate", u.n, u.example);
    return OK;
}

static const struct {
    const char *name;
    enum err (*run)(struct check *c, struct why *why);
} checks[] = {
    { "database", check_database },
    { "certificates", check_certificates },
    { "one live identity per number", check_live },
    { "one certificate per key", check_keys },
    { "accounts", check_accounts },
    { "audit trail", check_audit },
};

int command_fsck(const struct command_line *line)
{
    struct why why = { 0 };
    struct ca_settings s;
    struct check c = { .settings = &s };
    enum err err = command_open(line, DB_READ_ONLY, &s, &c.db, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    int bad = 0;
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        struct why reason = { 0 };
        err = checks[i].run(&c, &reason);
        bad += err != OK;
        printf("%-30s %s\n", checks[i].name, err == OK ? "good" : why_text(&reason, err));
    }
    struct why reason = { 0 };
    err = report_bodies(c.db, &reason);
    if (err != OK)
        printf("%-30s %s\n", "bodies without a certificate", why_text(&reason, err));
    bad += err != OK;
    trust_free(c.trust);
    db_close(c.db);
    printf("fsck: %" PRId64 " certificates, %d checks failed\n", c.certificates, bad);
    return bad == 0 ? 0 : 1;
}
