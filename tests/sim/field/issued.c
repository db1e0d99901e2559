#include "issued.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/decide_field.h"
#include "pki/issuer.h"
#include "pki/key_id.h"

static struct identity all[IDENTITIES_MOST];
static size_t first_n, all_n; /* first: made at the factory, in each run */
static int64_t cursor;
static issued_make *make;
static struct certificate issuer;

size_t issued_count(void) { return all_n; }
const struct identity *issued_at(size_t i) { return &all[i]; }

static struct identity *add(const struct device_number *number, struct cert *cert)
{
    if (all_n == IDENTITIES_MOST)
        abort();
    struct identity *i = &all[all_n++];
    *i = (struct identity){ .number = *number, .generation = 1, .cert = cert };
    cert_fingerprint(cert, i->fingerprint);
    return i;
}

void issued_add(const struct device_number *number, struct cert *cert)
{
    (void)add(number, cert_ref(cert));
    first_n = all_n;
}

void issued_begin(issued_make *how, struct span by)
{
    make = how;
    issuer.der = by;
    for (size_t i = 0; i < first_n; i++) {
        all[i].state = LIFE_ERASED;
        all[i].cursor = (int64_t)i + 1;
    }
    cursor = (int64_t)first_n;
}

void issued_end(void)
{
    while (all_n > first_n)
        cert_free(all[--all_n].cert);
}

void issued_clean(void)
{
    issued_end();
    for (size_t i = 0; i < all_n; i++)
        cert_free(all[i].cert);
    first_n = all_n = 0;
}

static void change(struct identity *i, enum lifecycle_state to)
{
    if (i->cursor != 0 && i->state == to)
        return;
    if (!lifecycle_is_live(i->state) && i->state != LIFE_RENEWING)
        world_break("I8: an identity of %s went from %s to %s", i->number.text, lifecycle_name(i->state), lifecycle_name(to));
    i->state = to;
    i->cursor = ++cursor;
    world_trace("ca", "generation %lld of %s is %s", (long long)i->generation, i->number.text, lifecycle_name(to));
}

/* --- Answers --- */

static void reply(struct http_exchange *x, int status, enum err written, const struct buf *xml)
{
    if (written != OK)
        abort();
    http_reply(x, status, NULL, buf_span(xml), NULL);
}

static void answer(struct http_exchange *x, const struct soap_parsed *request, const void *body)
{
    AUTO_BUF xml = BUF_INIT;
    const struct soap_header header = soap_reply_header(&request->header);
    reply(x, 200, soap_write_response(SERVICE_CA, request->message, &header, body, &xml), &xml);
}

static void refuse(struct http_exchange *x, const struct soap_parsed *request, enum err err, const struct why *why)
{
    AUTO_BUF xml = BUF_INIT;
    const struct soap_header header = soap_reply_header(&request->header);
    world_trace("ca", "refuses: %s", why_text(why, err));
    reply(x, 500, soap_write_fault(&header, err, why_text(why, err), &xml), &xml);
}

/* --- What it is asked --- */

void issued_list(struct http_exchange *x, const struct soap_parsed *request)
{
    const struct identity_list_request *r = request->body;
    struct known_identity list[IDENTITIES_MOST];
    struct identity_list_response body = { .identities = list };
    for (int64_t at = r->cursor + 1; at <= cursor; at++) /* in the order in which they changed */
        for (size_t i = 0; i < all_n; i++)
            if (all[i].cursor == at)
                list[body.identities_n++] = (struct known_identity){ .cursor = at, .number = all[i].number, .generation = all[i].generation,
                                                                     .state = lifecycle_name(all[i].state),
                                                                     .certificate = cert_der(all[i].cert) };
    answer(x, request, &body);
}

static void recall(const struct identity *i, int64_t id, struct field_identity *ret)
{
    *ret = (struct field_identity){ .id = id, .generation = i->generation, .state = i->state };
    memcpy(ret->fingerprint, i->fingerprint, sizeof ret->fingerprint);
}

static struct field_history history_of(const struct device_number *number)
{
    struct field_history h = { .live = { .id = 0 } };
    for (size_t i = 0; i < all_n; i++) {
        if (!number_equal(&all[i].number, number))
            continue;
        if (lifecycle_is_live(all[i].state))
            recall(&all[i], (int64_t)i + 1, &h.live);
        else if (all[i].state == LIFE_RENEWING)
            recall(&all[i], (int64_t)i + 1, &h.renewing);
        else if (all[i].state != LIFE_VOIDED)
            recall(&all[i], (int64_t)i + 1, &h.former);
    }
    return h;
}

static struct identity *at_id(int64_t id) { return &all[id - 1]; }

static const struct identity *made_for(const uint8_t csr[CERT_FINGERPRINT])
{
    for (size_t i = first_n; i < all_n; i++)
        if (memcmp(all[i].csr, csr, CERT_FINGERPRINT) == 0)
            return &all[i];
    return NULL;
}

static bool is_for(const struct cert *cert, struct span spki)
{
    uint8_t one[KEY_ID], other[KEY_ID];
    return key_id_of_certificate(cert_der(cert), one) == OK && key_id_of_spki(spki, other) == OK && memcmp(one, other, KEY_ID) == 0;
}

static void issue_new(const struct identity_issue_request *r, const uint8_t csr[CERT_FINGERPRINT], struct span spki,
                      const struct field_history *h, enum renewal_reason reason)
{
    int64_t newest = 0;
    for (size_t i = 0; i < all_n; i++) {
        if (is_for(all[i].cert, spki))
            world_break("I2: %s asks with a key that is in a certificate already", r->number.text);
        if (number_equal(&all[i].number, &r->number) && all[i].generation > newest)
            newest = all[i].generation;
    }
    if (h->renewing.id != 0)
        change(at_id(h->renewing.id), LIFE_VOIDED);
    if (h->live.id != 0 && reason == REPLACEMENT)
        change(at_id(h->live.id), LIFE_SUPERSEDED);
    struct identity *i = add(&r->number, make(r->number.text, spki));
    memcpy(i->csr, csr, sizeof i->csr);
    i->generation = newest + 1;
    i->stands_in = reason == REPLACEMENT;
    i->state = LIFE_RENEWING;
    i->cursor = ++cursor;
    world_trace("ca", "made generation %lld of %s", (long long)i->generation, r->number.text);
}

void issued_issue(struct http_exchange *x, const struct soap_parsed *request)
{
    const struct identity_issue_request *r = request->body;
    AUTO_BUF spki = BUF_INIT;
    struct why why = { "" };
    uint8_t csr[CERT_FINGERPRINT];
    enum renewal_reason reason = RENEWAL;
    const struct field_identity *before = NULL;
    const struct field_history h = history_of(&r->number);
    cert_fingerprint_der(r->csr, csr);
    enum err err = decide_renewal_reason(r->reason, &reason, &why);
    if (err == OK)
        err = csr_read(r->csr, &spki, &why);
    if (err == OK && made_for(csr) == NULL) {
        err = decide_renewal(r->number.text, reason, r->replaces, &h, &before, &why);
        if (err == OK)
            issue_new(r, csr, buf_span(&spki), &h, reason);
    }
    if (err != OK)
        refuse(x, request, err, &why);
    else
        answer(x, request, &(struct identity_issue_response){ .certificate = cert_der(made_for(csr)->cert), .issuers = &issuer, .issuers_n = 1 });
}

void issued_settle(struct http_exchange *x, const struct soap_parsed *request)
{
    const struct identity_outcome_request *r = request->body;
    struct identity *named = NULL;
    struct why why = { "" };
    enum lifecycle_state to = LIFE_PLANNED;
    bool supersedes = false;
    const struct field_history h = history_of(&r->number);
    for (size_t i = 0; i < all_n && named == NULL; i++)
        if (number_equal(&all[i].number, &r->number) && span_equal(r->fingerprint, span_of(all[i].fingerprint, CERT_FINGERPRINT)))
            named = &all[i];
    enum err err = named == NULL ? why_set(&why, ERR_NOT_FOUND, "%s has no identity with this fingerprint", r->number.text)
                                 : decide_settlement(named->state, r->outcome, h.live.id != 0, &to, &supersedes, &why);
    if (err != OK) {
        refuse(x, request, err, &why);
        return;
    }
    if (supersedes)
        change(at_id(h.live.id), LIFE_SUPERSEDED);
    change(named, to);
    answer(x, request, &(struct identity_outcome_response){ .state = lifecycle_name(to) });
}
