/* The CA as far as the field needs it: it tells the centre of the identities, and takes what became of them. And the
 * certificates of all, made once with the tests' fixture. */
#include <stdio.h>
#include <stdlib.h>

#include "../../unit/pki/fixture.h"
#include "base/clock.h"
#include "base/rng.h"
#include "field/letter.h"
#include "model/pack.h"
#include "issued.h"

static struct fixture *pki;
static struct authority center_identity, ca_identity, bootstrap; /* bootstrap: of all boards of the model */
static struct http_server *server;
static struct loop *loop;

static struct profile *profiles[2], *aged[2]; /* of a device, of a gateway; with an end */

enum { AGED_DAYS = 2, AGED_LEFT_S = 100 };

static void must(enum err err, const struct why *why)
{
    if (err == OK)
        return;
    fprintf(stderr, "the simulation cannot be set up: %s\n", why_text(why, err));
    exit(2);
}

/* --- Certificates --- */

/* The same profiles, of certificates that end. */
static void load_aged(const char *name, struct profile **ret_profile)
{
    static const char forever[] = "days = forever", some[] = "days = 2      ";
    struct why why = { "" };
    AUTO_BUF text = BUF_INIT;
    must(buf_put_span(&text, profile_builtin_text()), &why);
    for (size_t at = 0; at + sizeof forever <= text.len; at++)
        if (memcmp(text.data + at, forever, sizeof forever - 1) == 0)
            memcpy(text.data + at, some, sizeof some - 1);
    must(profile_load(buf_span(&text), name, ret_profile, &why), &why);
}

static void load_profiles(void)
{
    static const char *const names[2] = { "idevid", "gateway" };
    struct why why = { "" };
    for (int i = 0; i < 2; i++) {
        must(profile_load(span_of(NULL, 0), names[i], &profiles[i], &why), &why);
        load_aged(names[i], &aged[i]);
    }
}

static bool is_gateway(const char *number)
{
    return strcmp(number, places[AT_GATEWAY_1].number) == 0 || strcmp(number, places[AT_GATEWAY_2].number) == 0;
}

/* spki: over this key; NULL: over a new one, whose PKCS #8 goes to key_to. */
static struct cert *issue(const struct profile *profile, const char *number, int64_t not_before, const struct span *spki, struct buf *key_to)
{
    struct issuer *issuer = NULL;
    struct cert *cert = NULL;
    struct why why = { "" };
    AUTO_BUF tbs = BUF_INIT, der = BUF_INIT;
    struct issue_order order = { .not_before = not_before };
    must(rng_fill(order.serial, sizeof order.serial), &why);
    must(number_parse(span_text(number), &order.number, &why), &why);
    must(issuer_new(profile, pki->identity.cert, pki->identity.key, &issuer, &why), &why);
    must(spki == NULL ? issuer_prepare(issuer, &order, key_to, &tbs, &why) : issuer_prepare_for_key(issuer, &order, *spki, &tbs, &why), &why);
    must(issuer_sign(issuer, buf_span(&tbs), &der, &why), &why);
    must(cert_from_der(buf_span(&der), &cert, &why), &why);
    issuer_free(issuer);
    return cert;
}

/* It begins so early that no clock here is before it: a server whose clock is behind by more than LIMIT_BACKDATE_S refuses what
 * the real CA made a moment ago, and says so (doc/operating.md). */
static struct cert *make_another(const char *number, struct span spki)
{
    return issue(profiles[is_gateway(number)], number, clock_wall_s() - AGED_DAYS * 86400, &spki, NULL);
}

void ca_setup(void)
{
    pki = fixture_new();
    center_identity = fixture_issue("infrastructure", "center-1", "urn:nameplate:center:center-1", &pki->infrastructure);
    load_profiles();
    bootstrap = fixture_issue("bootstrap", "4001 bootstrap", "urn:nameplate:bootstrap:4001", &pki->bootstrap);
    ca_identity = fixture_issue("infrastructure", "ca-1", "urn:nameplate:ca:ca-1", &pki->infrastructure);
}

void ca_clean(void)
{
    issued_clean();
    for (int i = 0; i < 2; i++) {
        profile_free(profiles[i]);
        profile_free(aged[i]);
    }
    authority_done(&center_identity);
    authority_done(&ca_identity);
    authority_done(&bootstrap);
    fixture_free(pki);
}

/* A new device with its identity in its flash, as it leaves the line. */
void ca_give(struct machine *m, bool ends)
{
    AUTO_WIPED_BUF bytes = BUF_INIT, pkcs8 = BUF_INIT;
    struct board board;
    struct why why = { "" };
    const struct board_order order = { .number = m->number, .model = "4001", .board = m->process.name, .root = cert_der(pki->root.cert) };
    const struct profile *profile = (ends ? aged : profiles)[is_gateway(m->number)];
    const int64_t begin_s = ends ? clock_wall_s() + AGED_LEFT_S - AGED_DAYS * 86400 : NOW;
    struct cert *cert = issue(profile, m->number, begin_s, NULL, &pkcs8);
    struct pack pack = { .root = cert_der(pki->root.cert), .intermediates = { cert_der(pki->identity.cert) }, .intermediates_n = 1,
                         .certificate = cert_der(cert), .private_key = buf_span(&pkcs8) };
    must(number_parse(span_text(m->number), &pack.number, &why), &why);
    must(pack_encode(&pack, &bytes), &why);
    must(board_create(m->dir, &order, &why), &why);
    must(option_create(m->dir, &why), &why);
    must(board_open(m->dir, BOARD_USE, &board, &why), &why);
    must(board_install_identity(&board, buf_span(&bytes), &why), &why);
    board_close(&board);
    issued_add(&pack.number, cert);
    cert_free(cert);
}

void ca_give_part(const char *dir, const char *name)
{
    AUTO_WIPED_BUF bytes = BUF_INIT;
    AUTO_SECRET pkcs8 = SECRET_INIT;
    struct board board;
    struct why why = { "" };
    const struct board_order order = { .number = "", .model = "4001", .board = name, .root = cert_der(pki->root.cert) };
    struct pack pack = { .root = cert_der(pki->root.cert), .intermediates = { cert_der(pki->bootstrap.cert) }, .intermediates_n = 1,
                         .certificate = cert_der(bootstrap.cert) };
    must(key_to_pkcs8(bootstrap.key, &pkcs8, &why), &why);
    pack.private_key = secret_span(&pkcs8);
    must(number_parse(span_text("4001-000000"), &pack.number, &why), &why);
    must(pack_encode(&pack, &bytes), &why);
    must(board_create(dir, &order, &why), &why);
    must(option_create(dir, &why), &why);
    must(board_open(dir, BOARD_USE, &board, &why), &why);
    must(board_install_bootstrap(&board, buf_span(&bytes), &why), &why);
    if (sim.programs)
        must(option_need_programs(dir, &board.option, &why), &why);
    board_close(&board);
}

/* --- The centre's credentials, in the place of src/tls/credentials.c --- */

enum err credentials_load(const char *folder, const char *passphrase_file, enum role role, struct credentials *ret, struct why *why)
{
    (void)folder, (void)passphrase_file, (void)role;
    struct credentials c = { .chain_n = 2, .trust = trust_ref(pki->trust), .self = { .role = ROLE_CENTER, .name = "center-1" } };
    AUTO_SECRET pkcs8 = SECRET_INIT;
    c.chain[0] = cert_ref(center_identity.cert);
    c.chain[1] = cert_ref(pki->infrastructure.cert);
    enum err err = key_to_pkcs8(center_identity.key, &pkcs8, why);
    if (err == OK)
        err = key_from_pkcs8(secret_span(&pkcs8), &c.key, why);
    *ret = c;
    return err;
}

void credentials_done(struct credentials *c)
{
    key_free(c->key);
    trust_free(c->trust);
    for (size_t i = 0; i < c->chain_n; i++)
        cert_free(c->chain[i]);
    *c = (struct credentials){ 0 };
}

enum err credentials_context(const struct credentials *c, bool is_server, unsigned peers, bool any_self_signed,
                             struct tls_context **ret_context, struct why *why)
{
    const struct tls_options options = { .server = is_server, .key = c->key, .chain = (const struct cert *const *)c->chain,
                                         .chain_n = c->chain_n, .trust = c->trust, .peers = peers, .any_self_signed = any_self_signed };
    return tls_context_new(&options, ret_context, why);
}

void ca_sign_program(struct fetch_program_request *r, struct certificate signers[2], struct buf *signature)
{
    signers[0].der = cert_der(center_identity.cert);
    signers[1].der = cert_der(pki->infrastructure.cert);
    r->signers = signers;
    r->signers_n = 2;
    must(letter_sign_program(center_identity.key, r, signature, NULL), NULL);
    r->signature = buf_span(signature);
}

/* --- What it answers --- */

static void answer(struct http_exchange *x, const struct soap_parsed *request, const void *body)
{
    AUTO_BUF xml = BUF_INIT;
    const struct soap_header header = soap_reply_header(&request->header);
    must(soap_write_response(SERVICE_CA, request->message, &header, body, &xml), NULL);
    http_reply(x, 200, NULL, buf_span(&xml), NULL);
}

static size_t begin(void *context, struct http_exchange *x)
{
    (void)context, (void)x;
    return LIMIT_EXCHANGE;
}

static void complete(void *context, struct http_exchange *x, struct span body)
{
    (void)context;
    AUTO_PARSED request = { 0 };
    struct why why = { "" };
    const struct revocation_list_response none = { .lists_n = 0 };
    must(soap_read_request(SERVICE_CA, body, &request, &why), &why);
    switch ((int)request.message) {
    case SOAP_IDENTITY_LIST: issued_list(x, &request); break;
    case SOAP_IDENTITY_ISSUE: issued_issue(x, &request); break;
    case SOAP_IDENTITY_OUTCOME: issued_settle(x, &request); break;
    case SOAP_REVOCATION_LIST: answer(x, &request, &none); break;
    default: http_reply(x, 404, NULL, span_of(NULL, 0), NULL); break;
    }
}

static const struct http_handler handler = { .begin = begin, .complete = complete };

void ca_begin(void)
{
    struct tls_context *tls = NULL;
    struct why why = { "" };
    const struct cert *chain[] = { ca_identity.cert, pki->infrastructure.cert };
    struct process *before = world_enter(&sim.ca_node);
    const struct tls_options options = { .server = true, .key = ca_identity.key, .chain = chain, .chain_n = 2, .trust = pki->trust,
                                         .peers = ROLE_BIT(ROLE_CENTER) };
    sim.ca_node = (struct process){ .name = "ca", .up = true, .steps_left = -1 };
    issued_begin(make_another, cert_der(pki->identity.cert));
    must(loop_new(&loop, &why), &why);
    must(tls_context_new(&options, &tls, &why), &why);
    const struct http_server_options listen = { .port = CA_PORT, .tls = tls, .handler = &handler };
    must(http_server_new(loop, &listen, &server, &why), &why);
    tls_context_free(tls);
    world_leave(before);
}

void ca_end(void)
{
    issued_end();
    http_server_free(server);
    loop_free(loop);
}
