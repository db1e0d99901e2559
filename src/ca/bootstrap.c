/* Bootstrap packs: one certificate and key for all boards of a model, kept sealed and given out again (M-8, F-22). */
#include <stdio.h>

#include "base/clock.h"
#include "base/hex.h"
#include "ca/decide.h"
#include "ca/record.h"
#include "ca/signer.h"

static enum err open_sealed(void *context, const struct register_certificate *c)
{
    struct secret *pack = ((void **)context)[0];
    struct signer *s = ((void **)context)[1];
    if (!lifecycle_is_live(c->state) || c->sealed.n == 0)
        return ERR_NOT_FOUND;
    return unseal(s->kek, c->sealed, span_text(c->subject), pack, NULL);
}

static enum err issue_certificate(struct signer *s, const char *model, const struct record *r, struct key **ret_key,
                                  struct cert **ret_cert, struct why *why)
{
    AUTO_KEY key = NULL;
    AUTO_BUF spki = BUF_INIT;
    struct profile *profile = NULL;
    struct record_body body = { s->db, r };
    char name[64], urn[64];
    snprintf(name, sizeof name, "%s bootstrap", model);
    snprintf(urn, sizeof urn, "urn:nameplate:bootstrap:%s", model);
    struct cert_order order = { .common_name = name, .urn = urn, .not_after = -1,
                                .on_body = record_body, .context = &body };
    const struct authority *ca = &s->ca.of[AUTHORITY_BOOTSTRAP];
    enum err err = profile_load(buf_span(&s->profiles), "bootstrap", &profile, why);
    if (err == OK)
        err = key_generate(profile_key_type(profile), &key, why);
    if (err == OK)
        err = key_spki(key, &spki);
    if (err == OK)
        order.not_before = profile_begin(profile, clock_wall_s());
    order.profile = profile;
    order.spki = buf_span(&spki);
    if (err == OK)
        err = cert_issue(&order, ca->cert, ca->key, ret_cert, why);
    profile_free(profile);
    if (err == OK) {
        *ret_key = key;
        key = NULL;
    }
    return err;
}

static enum err encode(const struct signer *s, const char *subject, const struct key *key, const struct cert *cert, struct buf *to,
                       struct why *why)
{
    AUTO_SECRET pkcs8 = SECRET_INIT;
    struct pack pack = { .root = cert_der(s->ca.of[AUTHORITY_ROOT].cert), .intermediates_n = 1, .certificate = cert_der(cert) };
    pack.intermediates[0] = cert_der(s->ca.of[AUTHORITY_BOOTSTRAP].cert);
    enum err err = number_parse(span_text(subject), &pack.number, why);
    if (err == OK)
        err = key_to_pkcs8(key, &pkcs8, why);
    pack.private_key = secret_span(&pkcs8);
    return err != OK ? err : pack_encode(&pack, to);
}

static enum err record(struct signer *s, const struct record *r, struct span pack, struct why *why)
{
    AUTO_BUF sealed = BUF_INIT;
    int64_t id = 0;
    enum err err = seal(s->kek, pack, span_text(r->subject), &sealed, why);
    if (err == OK)
        err = db_begin(s->db, why);
    if (err == OK)
        err = record_certificate(s->db, r, &id, why);
    if (err == OK)
        err = register_sealed_put(s->db, id, buf_span(&sealed), why);
    return err != OK ? err : db_commit(s->db, why);
}

static enum err make_new(struct signer *s, const char *subject, const char *model, const char *requester, struct secret *ret_pack,
                         struct why *why)
{
    AUTO_KEY key = NULL;
    AUTO_CERT cert = NULL;
    AUTO_WIPED_BUF pack = BUF_INIT;
    char actor[LIMIT_NAME + 16];
    snprintf(actor, sizeof actor, "factory:%s", requester);
    struct record r = { .kind = "bootstrap", .subject = subject, .issuer = authority_name(AUTHORITY_BOOTSTRAP),
                        .requester = requester, .actor = actor, .state = LIFE_STORED };
    enum err err = issue_certificate(s, model, &r, &key, &cert, why);
    if (err == OK)
        err = buf_reserve(&pack, LIMIT_PACK);
    if (err == OK)
        err = encode(s, subject, key, cert, &pack, why);
    r.cert = cert;
    if (err == OK)
        err = record(s, &r, buf_span(&pack), why);
    return err != OK ? err : secret_copy(pack.data, pack.len, ret_pack);
}

struct order_search {
    const char *model;
    bool found;
};

static enum err search_model(void *context, const struct register_order *order, const struct register_account *account)
{
    struct order_search *search = context;
    (void)account;
    search->found |= strcmp(order->model, search->model) == 0;
    return OK;
}

/* A factory server gets bootstrap packs only of models that it has, or had, an order for. */
static enum err check_model(struct signer *s, const char *requester, const char *model, struct why *why)
{
    struct order_search search = { .model = model };
    if (!number_is_model(span_text(model)))
        return why_set(why, ERR_BAD_INPUT, "\"%.20s\" is not a model code", model);
    enum err err = register_order_list(s->db, requester, NULL, search_model, &search, why);
    if (err == OK && !search.found)
        err = why_set(why, ERR_NO_ORDER, "%s has no production order for model %s: add one at the CA by `nameplate ca order add`",
                      requester, model);
    return err;
}

static enum err answer(struct signer *s, int64_t tag, struct span pack)
{
    size_t mark;
    enum err err = frame_begin(&s->out, CA_ANSWER_PACK, &mark);
    if (err == OK)
        err = frame_put_int(&s->out, tag);
    if (err == OK)
        err = frame_put_bytes(&s->out, pack);
    return err != OK ? err : frame_end(&s->out, mark);
}

enum err bootstrap_give(struct signer *s, int64_t tag, struct frame_reader *fields, struct why *why)
{
    char requester[LIMIT_NAME + 1], model[LIMIT_MODEL_CODE + 1], subject[LIMIT_NUMBER_TEXT + 1];
    AUTO_SECRET pack = SECRET_INIT;
    void *context[] = { &pack, s };
    frame_text(fields, sizeof requester, requester);
    frame_text(fields, sizeof model, model);
    snprintf(subject, sizeof subject, "%s-" DECIDE_BOOTSTRAP_SERIAL, model);
    enum err err = frame_finish(fields, why);
    if (err == OK)
        err = check_model(s, requester, model, why);
    if (err != OK)
        return err;
    err = register_certificate_find(s->db, "bootstrap", subject, open_sealed, context, why);
    if (err == ERR_NOT_FOUND)
        err = make_new(s, subject, model, requester, &pack, why);
    return err != OK ? err : answer(s, tag, secret_span(&pack));
}
