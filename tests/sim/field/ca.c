/* The CA as far as the field needs it: it tells the centre of the identities, and takes what became of them. And the
 * certificates of all, made once with the tests' fixture. */
#include <stdio.h>
#include <stdlib.h>

#include "../../unit/pki/fixture.h"
#include "base/hex.h"
#include "field.h"
#include "model/pack.h"

static struct fixture *pki;
static struct authority center_identity, ca_identity;
static struct http_server *server;
static struct loop *loop;

static struct {
    struct device_number number;
    struct cert *cert;
    char state[16];
    int64_t cursor;
} identities[PLACES];
static size_t identities_n;
static int64_t cursor;

static void must(enum err err, const struct why *why)
{
    if (err == OK)
        return;
    fprintf(stderr, "the simulation cannot be set up: %s\n", why_text(why, err));
    exit(2);
}

void ca_setup(void)
{
    pki = fixture_new();
    center_identity = fixture_issue("infrastructure", "center-1", "urn:nameplate:center:center-1", &pki->infrastructure);
    ca_identity = fixture_issue("infrastructure", "ca-1", "urn:nameplate:ca:ca-1", &pki->infrastructure);
}

void ca_clean(void)
{
    for (size_t i = 0; i < identities_n; i++)
        cert_free(identities[i].cert);
    authority_done(&center_identity);
    authority_done(&ca_identity);
    fixture_free(pki);
}

/* A new device with its identity in its flash, as it leaves the line. */
void ca_give(struct machine *m, bool gateway)
{
    AUTO_WIPED_BUF bytes = BUF_INIT;
    AUTO_SECRET pkcs8 = SECRET_INIT;
    struct key *key;
    struct board board;
    struct why why = { "" };
    const struct board_order order = { .number = m->number, .model = "4001", .board = m->process.name, .root = cert_der(pki->root.cert) };
    struct cert *cert = fixture_identity(&pki->identity, gateway ? "gateway" : "idevid", m->number, NOW, &key);
    must(key_to_pkcs8(key, &pkcs8, &why), &why);
    struct pack pack = { .root = cert_der(pki->root.cert), .intermediates = { cert_der(pki->identity.cert) }, .intermediates_n = 1,
                         .certificate = cert_der(cert), .private_key = secret_span(&pkcs8) };
    must(number_parse(span_text(m->number), &pack.number, &why), &why);
    must(pack_encode(&pack, &bytes), &why);
    must(board_create(m->dir, &order, &why), &why);
    must(option_create(m->dir, &why), &why);
    must(board_open(m->dir, BOARD_USE, &board, &why), &why);
    must(board_install_identity(&board, buf_span(&bytes), &why), &why);
    board_close(&board);
    key_free(key);
    identities[identities_n].number = pack.number;
    identities[identities_n++].cert = cert;
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

/* --- What it answers --- */

static void answer(struct http_exchange *x, const struct soap_parsed *request, const void *body)
{
    AUTO_BUF xml = BUF_INIT;
    const struct soap_header header = soap_reply_header(&request->header);
    must(soap_write_response(SERVICE_CA, request->message, &header, body, &xml), NULL);
    http_reply(x, 200, NULL, buf_span(&xml), NULL);
}

static void tell_identities(struct http_exchange *x, const struct soap_parsed *request)
{
    const struct identity_list_request *r = request->body;
    struct known_identity list[PLACES];
    struct identity_list_response body = { .identities = list };
    for (int64_t at = r->cursor + 1; at <= cursor; at++) /* in the order in which they changed */
        for (size_t i = 0; i < identities_n; i++)
            if (identities[i].cursor == at)
                list[body.identities_n++] = (struct known_identity){ .cursor = at, .number = identities[i].number, .generation = 1,
                                                                     .state = identities[i].state,
                                                                     .certificate = cert_der(identities[i].cert) };
    answer(x, request, &body);
}

static void take_outcome(struct http_exchange *x, const struct soap_parsed *request)
{
    const struct identity_outcome_request *r = request->body;
    const struct identity_outcome_response body = { .state = "field" };
    for (size_t i = 0; i < identities_n; i++)
        if (number_equal(&identities[i].number, &r->number) && strcmp(identities[i].state, "field") != 0) {
            snprintf(identities[i].state, sizeof identities[i].state, "field");
            identities[i].cursor = ++cursor;
        }
    answer(x, request, &body);
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
    case SOAP_IDENTITY_LIST: tell_identities(x, &request); break;
    case SOAP_IDENTITY_OUTCOME: take_outcome(x, &request); break;
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
    for (size_t i = 0; i < identities_n; i++) {
        snprintf(identities[i].state, sizeof identities[i].state, "erased");
        identities[i].cursor = (int64_t)i + 1;
    }
    cursor = (int64_t)identities_n;
    must(loop_new(&loop, &why), &why);
    must(tls_context_new(&options, &tls, &why), &why);
    const struct http_server_options listen = { .port = CA_PORT, .tls = tls, .handler = &handler };
    must(http_server_new(loop, &listen, &server, &why), &why);
    tls_context_free(tls);
    world_leave(before);
}

void ca_end(void)
{
    http_server_free(server);
    loop_free(loop);
}
