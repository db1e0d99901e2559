#include "people.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "pki/openssl.h"

#include <openssl/ssl.h>

static int64_t ahead_s; /* of the clock */
int64_t __real_clock_wall_s(void);
int64_t __wrap_clock_wall_s(void);
int64_t __wrap_clock_wall_s(void) { return __real_clock_wall_s() + ahead_s; }

#define ALL (~ROLE_BIT(ROLE_ANONYMOUS))
#define ANYBODY (~0u)

struct side {
    struct tls_session *session;
    enum tls_want want;
    struct why why;
};

static void make_pair(int fds[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
}

static bool waits(enum tls_want want)
{
    return want == TLS_WANT_READ || want == TLS_WANT_WRITE;
}

/* Both sides' handshakes, then one byte from server to client: a TLS 1.3 client learns only then what the
 * server thinks of its certificate. */
static void meet(struct tls_context *server, struct tls_context *client, struct side *s, struct side *c)
{
    int fds[2];
    size_t n;
    char byte;
    make_pair(fds);
    *s = *c = (struct side){ .want = TLS_WANT_READ };
    assert_ok(tls_session_new(server, fds[0], NULL, &s->session));
    assert_ok(tls_session_new(client, fds[1], "factory.example", &c->session));
    for (int i = 0; i < 20 && (waits(s->want) || waits(c->want)); i++) {
        if (waits(c->want))
            c->want = tls_handshake(c->session, &c->why);
        if (waits(s->want))
            s->want = tls_handshake(s->session, &s->why);
    }
    if (s->want == TLS_DONE && c->want == TLS_DONE)
        assert_int_equal(tls_write(s->session, "x", 1, &n, &s->why), TLS_DONE);
    if (c->want == TLS_DONE)
        c->want = tls_read(c->session, &byte, 1, &n, &c->why);
    close(fds[0]);
    close(fds[1]);
}

static void part(struct side *s, struct side *c)
{
    tls_session_free(s->session);
    tls_session_free(c->session);
}

/* F-26: who meets whom, how the judgement falls on both sides, and what the refused one is told. */
static const struct row {
    enum who server, client;
    unsigned server_takes, client_takes;
    const char *server_says, *client_says; /* NULL: content */
} rows[] = {
    { CA, FACTORY, ROLE_BIT(ROLE_FACTORY), ROLE_BIT(ROLE_CA), NULL, NULL },
    { FACTORY, STATION, ROLE_BIT(ROLE_STATION), ROLE_BIT(ROLE_FACTORY), NULL, NULL },
    { STATION, DEVICE, ROLE_BIT(ROLE_DEVICE) | ROLE_BIT(ROLE_BOOTSTRAP), ROLE_BIT(ROLE_STATION), NULL, NULL },
    { BOOTSTRAP, STATION, ROLE_BIT(ROLE_STATION), ROLE_BIT(ROLE_BOOTSTRAP), NULL, NULL },
    { CA, STATION, ROLE_BIT(ROLE_FACTORY), ALL, "station line-1 has no business here", "unsupported certificate" },
    { CA, DEVICE, ROLE_BIT(ROLE_FACTORY), ALL, "device 3012-123456 has no business here", "unsupported certificate" },
    { STATION, BOOTSTRAP, ROLE_BIT(ROLE_DEVICE), ALL, "bootstrap 3012 has no business here", "unsupported certificate" },
    { CA, EXPIRED, ALL, ALL, "expired", "certificate expired" },
    { CA, EARLY, ALL, ALL, "not yet valid", "bad certificate" },
    { CA, STRANGER, ALL, ALL, "", "bad certificate" },
    { CA, BOARD, ALL, ALL, "", "bad certificate" },
    { STRANGER, FACTORY, ALL, ALL, "bad certificate", "" },
    { EXPIRED, FACTORY, ALL, ALL, "certificate expired", "expired" },
    { BOARD, STATION, ALL, ALL, "bad certificate", "" },
    { STATION, FACTORY, ALL, ROLE_BIT(ROLE_CA), "unsupported certificate", "station line-1 has no business here" },
    { BOOTSTRAP, FACTORY, ALL, ROLE_BIT(ROLE_CA), "unsupported certificate", "bootstrap 3012 has no business here" },
    /* M-1, M-6: a gateway serves its LAN and is a client towards the centre; a device's identity is for clients alone */
    { STATION, GATEWAY, ROLE_BIT(ROLE_GATEWAY), ROLE_BIT(ROLE_STATION), NULL, NULL },
    { STATION, GATEWAY, ROLE_BIT(ROLE_DEVICE), ALL, "gateway 3014-000001 has no business here", "unsupported certificate" },
    { GATEWAY, DEVICE, ROLE_BIT(ROLE_DEVICE), ROLE_BIT(ROLE_GATEWAY), NULL, NULL },
    { GATEWAY, DEVICE, ROLE_BIT(ROLE_DEVICE), ROLE_BIT(ROLE_CENTER), "unsupported certificate", "gateway 3014-000001 has no business here" },
    { DEVICE, GATEWAY, ALL, ALL, "unsupported certificate", "device 3012-123456 has no business here" },
    { DEVICE, GATEWAY, ALL, ROLE_BIT(ROLE_DEVICE), "unsupported certificate", "device 3012-123456 has no business here" },
    { DEVICE, FACTORY, ALL, ROLE_BIT(ROLE_CA), "unsupported certificate", "device 3012-123456 has no business here" },
};

static void check_side(size_t row, const char *who, const struct side *side, const char *says)
{
    if ((side->want == TLS_DONE) != (says == NULL))
        fail_msg("row %zu: %s is %s", row, who, side->want == TLS_DONE ? "content" : side->why.text);
    if (says != NULL && strstr(side->why.text, says) == NULL)
        fail_msg("row %zu: %s says \"%s\" instead of \"%s\"", row, who, side->why.text, says);
}

static void each_side_judges_the_other_and_tells_it(void **state)
{
    struct people *p = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tls_context *server = context_for(p, &p->of[rows[i].server], true, rows[i].server_takes);
        struct tls_context *client = context_for(p, &p->of[rows[i].client], false, rows[i].client_takes);
        struct side s, c;
        meet(server, client, &s, &c);
        check_side(i, "the server", &s, rows[i].server_says);
        check_side(i, "the client", &c, rows[i].client_says);
        part(&s, &c);
        tls_context_free(server);
        tls_context_free(client);
    }
}

static void the_peer_is_who_its_certificate_says(void **state)
{
    struct people *p = *state;
    struct tls_context *server = context_for(p, &p->of[STATION], true, ALL);
    struct tls_context *client = context_for(p, &p->of[DEVICE], false, ROLE_BIT(ROLE_STATION));
    struct side s, c;
    uint8_t fingerprint[CERT_FINGERPRINT];
    meet(server, client, &s, &c);
    assert_int_equal(tls_peer(s.session)->role, ROLE_DEVICE);
    assert_string_equal(tls_peer(s.session)->name, "3012-123456");
    cert_fingerprint(p->of[DEVICE].cert, fingerprint);
    assert_memory_equal(tls_peer(s.session)->fingerprint, fingerprint, sizeof fingerprint);
    assert_true(span_equal(cert_der(tls_peer_cert(s.session)), cert_der(p->of[DEVICE].cert)));
    assert_int_equal(tls_peer(c.session)->role, ROLE_STATION);
    part(&s, &c);
    tls_context_free(server);
    tls_context_free(client);
}

static void without_a_certificate_only_anonymous_servers_serve(void **state)
{
    struct people *p = *state;
    struct tls_context *strict = context_for(p, &p->of[CA], true, ALL);
    struct tls_context *open = context_for(p, &p->of[CA], true, ANYBODY);
    struct tls_context *client = context_for(p, NULL, false, ROLE_BIT(ROLE_CA));
    struct side s, c;
    meet(strict, client, &s, &c);
    assert_int_equal(s.want, TLS_FAILED);
    assert_non_null(strstr(s.why.text, "did not return a certificate"));
    assert_non_null(strstr(c.why.text, "certificate required"));
    part(&s, &c);
    meet(open, client, &s, &c);
    assert_int_equal(s.want, TLS_DONE);
    assert_int_equal(tls_peer(s.session)->role, ROLE_ANONYMOUS);
    assert_null(tls_peer_cert(s.session));
    part(&s, &c);
    tls_context_free(strict);
    tls_context_free(open);
    tls_context_free(client);
}

/* The fingerprint given to an enrolling client: the root's, nobody's, the server's own. */
static void a_pinned_root_is_all_that_an_enrolling_client_needs(void **state)
{
    struct people *p = *state;
    const struct {
        const struct cert *pinned;
        unsigned server_takes;
        bool works;
    } pins[] = {
        { p->root.cert, ANYBODY, true },
        { p->other_root.cert, ANYBODY, false },
        { p->of[CA].cert, ANYBODY, false },
        { p->issuing[2].cert, ANYBODY, false },
    };
    for (size_t i = 0; i < sizeof pins / sizeof *pins; i++) {
        uint8_t fingerprint[CERT_FINGERPRINT];
        cert_fingerprint(pins[i].pinned, fingerprint);
        struct tls_options options = { .pinned_root = fingerprint, .peers = ROLE_BIT(ROLE_CA) };
        struct tls_context *client, *server = context_for(p, &p->of[CA], true, pins[i].server_takes);
        assert_ok(tls_context_new(&options, &client, NULL));
        struct side s, c;
        meet(server, client, &s, &c);
        if ((c.want == TLS_DONE) != pins[i].works)
            fail_msg("pin %zu: %s", i, c.why.text);
        part(&s, &c);
        tls_context_free(server);
        tls_context_free(client);
    }
}

static void the_board_step_takes_a_self_signed_certificate_and_no_other(void **state)
{
    struct people *p = *state;
    struct tls_options options = { .any_self_signed = true,
                                   .key = p->of[STATION].key,
                                   .chain_n = 2,
                                   .chain = (const struct cert *const[]){ p->of[STATION].cert, p->of[STATION].issuer } };
    struct tls_context *client, *board = context_for(p, &p->of[BOARD], true, ROLE_BIT(ROLE_STATION));
    struct tls_context *other = context_for(p, &p->of[FACTORY], true, ALL);
    assert_ok(tls_context_new(&options, &client, NULL));
    struct side s, c;
    meet(board, client, &s, &c);
    assert_int_equal(s.want, TLS_DONE);
    assert_int_equal(c.want, TLS_DONE);
    assert_int_equal(tls_peer(c.session)->role, ROLE_ANONYMOUS);
    part(&s, &c);
    meet(other, client, &s, &c);
    assert_int_equal(c.want, TLS_FAILED);
    part(&s, &c);
    tls_context_free(client);
    tls_context_free(board);
    tls_context_free(other);
}

/* A foreign client: OpenSSL by itself, as `person`, with what a test sets. */
static SSL_CTX *foreign(const struct person *person, int version)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(ctx, 0);
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
    assert_int_equal(SSL_CTX_use_certificate(ctx, cert_x509(person->cert)), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key_evp(person->key)), 1);
    assert_int_equal(SSL_CTX_add1_chain_cert(ctx, cert_x509(person->issuer)), 1);
    return ctx;
}

/* Whether they came together; *io_resume is offered and replaced by the new session. */
static bool meet_foreign(struct tls_context *server, SSL_CTX *ctx, SSL_SESSION **io_resume, bool *ret_reused, struct side *s)
{
    int fds[2];
    size_t n;
    char byte;
    make_pair(fds);
    SSL *ssl = SSL_new(ctx);
    SSL_set_fd(ssl, fds[1]);
    if (io_resume != NULL && *io_resume != NULL)
        SSL_set_session(ssl, *io_resume);
    *s = (struct side){ .want = TLS_WANT_READ };
    assert_ok(tls_session_new(server, fds[0], NULL, &s->session));
    int done = 0;
    for (int i = 0; i < 20 && (done != 1 || waits(s->want)); i++) {
        if (done != 1)
            done = SSL_connect(ssl);
        if (waits(s->want))
            s->want = tls_handshake(s->session, &s->why);
    }
    bool met = s->want == TLS_DONE && tls_write(s->session, "x", 1, &n, NULL) == TLS_DONE && SSL_read(ssl, &byte, 1) == 1;
    *ret_reused = SSL_session_reused(ssl) == 1;
    if (io_resume != NULL) {
        SSL_SESSION_free(*io_resume);
        *io_resume = SSL_get1_session(ssl);
    }
    SSL_shutdown(ssl);
    SSL_free(ssl);
    close(fds[0]);
    close(fds[1]);
    return met;
}

static const struct version_row {
    int version;
    const char *ciphers; /* NULL: all */
    bool taken;
} versions[] = {
    { TLS1_VERSION, NULL, false },
    { TLS1_1_VERSION, NULL, false },
    { TLS1_2_VERSION, NULL, true },
    { TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256", false }, /* CBC */
    { TLS1_2_VERSION, "ECDHE-ECDSA-AES256-GCM-SHA384", true },
    { TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305", true },
    { TLS1_2_VERSION, "AES128-GCM-SHA256", false }, /* no forward secrecy */
    { TLS1_3_VERSION, NULL, true },
};

static void only_modern_tls_is_spoken(void **state)
{
    struct people *p = *state;
    struct tls_context *server = context_for(p, &p->of[CA], true, ALL);
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        SSL_CTX *ctx = foreign(&p->of[FACTORY], versions[i].version);
        struct side s;
        bool reused;
        if (versions[i].ciphers != NULL)
            assert_int_equal(SSL_CTX_set_cipher_list(ctx, versions[i].ciphers), 1);
        if (meet_foreign(server, ctx, NULL, &reused, &s) != versions[i].taken)
            fail_msg("row %zu: %s", i, s.why.text);
        tls_session_free(s.session);
        SSL_CTX_free(ctx);
    }
    tls_context_free(server);
}

static void a_resumed_session_keeps_its_peer(void **state)
{
    struct people *p = *state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct tls_context *server = context_for(p, &p->of[CA], true, ALL);
        SSL_CTX *ctx = foreign(&p->of[FACTORY], version);
        SSL_SESSION *session = NULL;
        struct side s;
        for (int i = 0; i < 3; i++) {
            bool reused;
            assert_true(meet_foreign(server, ctx, &session, &reused, &s));
            assert_int_equal(reused, i > 0);
            assert_string_equal(tls_peer(s.session)->name, "factory-1");
            assert_int_equal(tls_peer(s.session)->role, ROLE_FACTORY);
            tls_session_free(s.session);
        }
        SSL_SESSION_free(session);
        SSL_CTX_free(ctx);
        tls_context_free(server);
    }
}

/* M-8: after its expiry an identity may still ask to be renewed, where the listener allows it; nobody else's counts longer. */
static void an_expired_identity_is_let_in_within_the_grace_time_only(void **state)
{
    struct people *p = *state;
    struct person device = person_device(p, "3012-000007", clock_wall_s() - 3600);
    const struct {
        const struct person *who;
        int64_t grace_s;
        bool in;
    } cases[] = { { &device, 0, false }, { &device, 1800, false }, { &device, 7200, true }, { &p->of[EXPIRED], 10 * 86400, false } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tls_context *server = context_for(p, &p->of[CA], true, ALL);
        struct tls_context *client = context_for(p, cases[i].who, false, ALL);
        struct side s, c;
        tls_context_set_grace(server, cases[i].grace_s);
        meet(server, client, &s, &c);
        assert_int_equal(s.want == TLS_DONE, cases[i].in);
        assert_int_equal(tls_claimed(s.session) == NULL, cases[i].in);
        part(&s, &c);
        tls_context_free(server);
        tls_context_free(client);
    }
    person_done(&device);
}

/* I13: a device whose clock nobody has set takes a certificate that has yet to begin; one that is over it does not. */
static void whose_clock_may_be_behind_takes_what_has_yet_to_begin(void **state)
{
    struct people *p = *state;
    const struct {
        enum who who;
        bool behind, in;
    } cases[] = { { EARLY, false, false }, { EARLY, true, true }, { EXPIRED, true, false }, { STRANGER, true, false } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct cert *chain[] = { p->of[CA].cert, p->of[CA].issuer };
        const struct tls_options options = { .server = true, .key = p->of[CA].key, .chain = chain, .chain_n = 2, .trust = p->trust,
                                             .peers = ALL, .clock_behind = cases[i].behind };
        struct tls_context *server, *client = context_for(p, &p->of[cases[i].who], false, ALL);
        struct side s, c;
        assert_ok(tls_context_new(&options, &server, NULL));
        meet(server, client, &s, &c);
        assert_int_equal(s.want == TLS_DONE, cases[i].in);
        part(&s, &c);
        tls_context_free(server);
        tls_context_free(client);
    }
}

static void a_resumed_session_of_a_certificate_that_has_expired_is_refused(void **state)
{
    struct people *p = *state;
    struct person station = person_station(p, "line-9", clock_wall_s() + 4); /* time for the first handshake */
    struct tls_context *server = context_for(p, &p->of[CA], true, ALL);
    SSL_CTX *ctx = foreign(&station, TLS1_3_VERSION);
    SSL_SESSION *session = NULL;
    struct side s;
    bool reused;
    assert_true(meet_foreign(server, ctx, &session, &reused, &s));
    tls_session_free(s.session);
    sleep(6);
    assert_false(meet_foreign(server, ctx, &session, &reused, &s));
    assert_true(reused);
    assert_non_null(strstr(s.why.text, "expired"));
    tls_session_free(s.session);
    SSL_SESSION_free(session);
    SSL_CTX_free(ctx);
    tls_context_free(server);
    person_done(&station);
}

static void a_server_that_keeps_no_sessions_resumes_none(void **state)
{
    struct people *p = *state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct tls_context *server = context_for(p, &p->of[CA], true, ALL);
        SSL_CTX *ctx = foreign(&p->of[DEVICE], version);
        SSL_SESSION *session = NULL;
        struct side s;
        tls_context_keep_sessions(server, 0);
        for (int i = 0; i < 2; i++) {
            bool reused;
            assert_true(meet_foreign(server, ctx, &session, &reused, &s));
            assert_false(reused);
            assert_false(SSL_SESSION_is_resumable(session)); /* nor was the client given anything to try with */
            tls_session_free(s.session);
        }
        SSL_SESSION_free(session);
        SSL_CTX_free(ctx);
        tls_context_free(server);
    }
}

static struct trust *trust_that_revokes(const struct people *p, const struct cert *revoked)
{
    struct trust *trust;
    AUTO_BUF crl = BUF_INIT;
    int64_t now = clock_wall_s();
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert_x509(revoked));
    const struct crl_entry entry = { .serial = ASN1_STRING_get0_data(serial), .serial_n = (size_t)ASN1_STRING_length(serial),
                                     .revoked_at = now - 1, .reason = 5 };
    assert_ok(crl_issue(p->issuing[0].cert, p->issuing[0].key, 7, now - 60, now + 3600, &entry, 1, &crl, NULL));
    assert_ok(trust_new(&trust));
    assert_ok(trust_add_roots(trust, cert_der(p->root.cert), NULL));
    assert_ok(trust_add_intermediates(trust, cert_der(p->issuing[0].cert), NULL));
    assert_ok(trust_add_crls(trust, buf_span(&crl), NULL));
    return trust;
}

/* M-8: a new list makes a new context, so that a session from before it opens nothing, in either version. */
static void a_session_from_before_the_revocation_opens_nothing_after_it(void **state)
{
    struct people *p = *state, after = *p;
    after.trust = trust_that_revokes(p, p->of[DEVICE].cert);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct tls_context *server = context_for(p, &p->of[CA], true, ALL), *reloaded = context_for(&after, &p->of[CA], true, ALL);
        SSL_CTX *ctx = foreign(&p->of[DEVICE], version);
        SSL_SESSION *session = NULL;
        struct side s;
        bool reused;
        for (int i = 0; i < 2; i++) {
            assert_true(meet_foreign(server, ctx, &session, &reused, &s));
            assert_int_equal(reused, i > 0);
            tls_session_free(s.session);
        }
        assert_false(meet_foreign(reloaded, ctx, &session, &reused, &s));
        assert_non_null(strstr(s.why.text, "revoked"));
        tls_session_free(s.session);
        SSL_SESSION_free(session);
        SSL_CTX_free(ctx);
        tls_context_free(server);
        tls_context_free(reloaded);
    }
    trust_free(after.trust);
}

/* I8: who is connected already is judged by the new lists and the new roles before its next request. */
static void an_open_connection_is_judged_again_when_the_rules_change(void **state)
{
    struct people *p = *state, after = *p;
    after.trust = trust_that_revokes(p, p->of[DEVICE].cert);
    const struct {
        enum who client;
        const struct people *world;
        unsigned peers;
        enum err err;
    } cases[] = {
        { DEVICE, p, ALL, OK },           { DEVICE, &after, ALL, ERR_BAD_CERTIFICATE },
        { FACTORY, &after, ALL, OK },     { STATION, p, ROLE_BIT(ROLE_DEVICE), ERR_NOT_ALLOWED },
        { WHO_COUNT, p, ANYBODY, OK },    { WHO_COUNT, p, ALL, ERR_NOT_ALLOWED },
    };
    struct tls_context *server = context_for(p, &p->of[CA], true, ANYBODY);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tls_context *client = context_for(p, cases[i].client == WHO_COUNT ? NULL : &p->of[cases[i].client], false, ALL);
        struct tls_context *changed = context_for(cases[i].world, &p->of[CA], true, cases[i].peers);
        struct side s, c;
        struct why why = { "" };
        meet(server, client, &s, &c);
        assert_int_equal(s.want, TLS_DONE);
        assert_ok(tls_session_recheck(s.session, server, &why));
        assert_err(tls_session_recheck(s.session, changed, &why), cases[i].err);
        part(&s, &c);
        tls_context_free(client);
        tls_context_free(changed);
    }
    tls_context_free(server);
    trust_free(after.trust);
}

/* A connection that stays open is no way around the end of a certificate. */
static void a_certificate_that_ends_while_its_connection_is_open_is_refused(void **state)
{
    enum { HOUR = 3600 };
    struct people *p = *state;
    const int64_t end_s = clock_wall_s() + HOUR;
    struct person owners[] = { person_station(p, "line-9", end_s), person_device(p, "3012-99", end_s), person_device(p, "3012-98", end_s) };
    static const struct {
        int64_t grace_s;
        enum err after;
    } cases[] = { { 0, ERR_BAD_CERTIFICATE }, { 0, ERR_BAD_CERTIFICATE }, { 86400, OK } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tls_context *server = context_for(p, &p->of[CA], true, ALL), *client = context_for(p, &owners[i], false, ALL);
        struct side s, c;
        struct why why = { "" };
        tls_context_set_grace(server, cases[i].grace_s);
        meet(server, client, &s, &c);
        assert_int_equal(s.want, TLS_DONE);
        assert_ok(tls_session_recheck(s.session, server, &why));
        ahead_s = 2 * HOUR;
        assert_err(tls_session_recheck(s.session, server, &why), cases[i].after);
        ahead_s = 0;
        part(&s, &c);
        tls_context_free(client);
        tls_context_free(server);
        person_done(&owners[i]);
    }
}

/* The root is sent to those who may come to enrol, and to nobody else. */
static void only_enrolment_servers_send_the_root(void **state)
{
    struct people *p = *state;
    const struct {
        unsigned takes;
        int sent;
    } servers[] = { { ALL, 2 }, { ANYBODY, 3 } };
    for (size_t i = 0; i < 2; i++) {
        struct tls_context *server = context_for(p, &p->of[CA], true, servers[i].takes);
        SSL_CTX *ctx = foreign(&p->of[FACTORY], TLS1_3_VERSION);
        SSL_SESSION *session = NULL;
        struct side s;
        bool reused;
        assert_true(meet_foreign(server, ctx, &session, &reused, &s));
        int fds[2];
        make_pair(fds);
        SSL *ssl = SSL_new(ctx);
        tls_session_free(s.session);
        SSL_set_fd(ssl, fds[1]);
        assert_ok(tls_session_new(server, fds[0], NULL, &s.session));
        s.want = TLS_WANT_READ;
        for (int k = 0; k < 10 && SSL_connect(ssl) != 1; k++)
            s.want = tls_handshake(s.session, NULL);
        assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(ssl)), servers[i].sent);
        SSL_free(ssl);
        tls_session_free(s.session);
        SSL_SESSION_free(session);
        SSL_CTX_free(ctx);
        tls_context_free(server);
        close(fds[0]);
        close(fds[1]);
    }
}

static void a_context_that_trusts_nobody_or_shows_a_strange_key_is_not_made(void **state)
{
    struct people *p = *state;
    const struct cert *chain[] = { p->of[CA].cert };
    struct tls_context *context;
    struct tls_options nobody = { .peers = ALL };
    struct tls_options bare = { .server = true, .trust = p->trust, .peers = ALL };
    struct tls_options mixed = { .trust = p->trust, .peers = ALL, .key = p->of[FACTORY].key, .chain = chain, .chain_n = 1 };
    assert_err(tls_context_new(&nobody, &context, NULL), ERR_BUG);
    assert_err(tls_context_new(&bare, &context, NULL), ERR_CONFIG);
    assert_err(tls_context_new(&mixed, &context, NULL), ERR_BAD_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_side_judges_the_other_and_tells_it),
        cmocka_unit_test(the_peer_is_who_its_certificate_says),
        cmocka_unit_test(without_a_certificate_only_anonymous_servers_serve),
        cmocka_unit_test(a_pinned_root_is_all_that_an_enrolling_client_needs),
        cmocka_unit_test(the_board_step_takes_a_self_signed_certificate_and_no_other),
        cmocka_unit_test(only_modern_tls_is_spoken),
        cmocka_unit_test(a_resumed_session_keeps_its_peer),
        cmocka_unit_test(an_expired_identity_is_let_in_within_the_grace_time_only),
        cmocka_unit_test(whose_clock_may_be_behind_takes_what_has_yet_to_begin),
        cmocka_unit_test(a_resumed_session_of_a_certificate_that_has_expired_is_refused),
        cmocka_unit_test(a_server_that_keeps_no_sessions_resumes_none),
        cmocka_unit_test(a_session_from_before_the_revocation_opens_nothing_after_it),
        cmocka_unit_test(an_open_connection_is_judged_again_when_the_rules_change),
        cmocka_unit_test(a_certificate_that_ends_while_its_connection_is_open_is_refused),
        cmocka_unit_test(only_enrolment_servers_send_the_root),
        cmocka_unit_test(a_context_that_trusts_nobody_or_shows_a_strange_key_is_not_made),
    };
    return cmocka_run_group_tests_name("session", tests, people_setup, people_teardown);
}
