#include "pki/verify.h"

#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/limit.h"
#include "pki/shape.h"
#include "pki/trust.h"

enum {
    AUTH_LEVEL = 2, /* of OpenSSL: 112 bits of security; no SHA-1, no RSA below 2048 */
    EXPLAINED_TIMES = 64 + 2 * CLOCK_TEXT_SIZE
};

/* The rule behind OpenSSL's verdict, for those verdicts that one meets. */
static const struct {
    int code;
    const char *clause;
} clauses[] = {
    { X509_V_ERR_CERT_HAS_EXPIRED, "RFC 5280 4.1.2.5" },
    { X509_V_ERR_CERT_NOT_YET_VALID, "RFC 5280 4.1.2.5" },
    { X509_V_ERR_CERT_SIGNATURE_FAILURE, "RFC 5280 6.1.3 (a)(1)" },
    { X509_V_ERR_CERT_REVOKED, "RFC 5280 6.1.3 (a)(3)" },
    { X509_V_ERR_UNABLE_TO_GET_CRL, "RFC 5280 6.3" },
    { X509_V_ERR_CRL_HAS_EXPIRED, "RFC 5280 5.1.2.5" },
    { X509_V_ERR_CRL_SIGNATURE_FAILURE, "RFC 5280 6.3.3 (g)" },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "RFC 5280 6.1" },
    { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "RFC 5280 6.1" },
    { X509_V_ERR_INVALID_CA, "RFC 5280 4.2.1.9" },
    { X509_V_ERR_PATH_LENGTH_EXCEEDED, "RFC 5280 4.2.1.9" },
    { X509_V_ERR_KEYUSAGE_NO_CERTSIGN, "RFC 5280 4.2.1.3" },
    { X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, "RFC 5280 4.2" },
    { X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER, "RFC 5280 4.2.1.1" },
    { X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER, "RFC 5280 4.2.1.2" },
};

static const char *clause_of(int code)
{
    for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++)
        if (clauses[i].code == code)
            return clauses[i].clause;
    return "RFC 5280 6.1";
}

/* Which CRL verdicts count; lives beside the store context while one certificate is judged. */
struct crl_rule {
    bool leaf_required, chain_required;
};
static int rule_index = -1;

static bool crl_needed(const struct crl_rule *rule, int depth)
{
    return rule->chain_required || (depth == 0 && rule->leaf_required);
}

/* Without a demand for CRLs, a missing one is no reason to refuse, nor is a stale one: what it revokes stays
 * revoked, and the line does not stop when the CA is out of reach (P-2). Nor is one from a moment that our clock has yet to
 * reach (I13). */
static int judge(int ok, X509_STORE_CTX *ctx)
{
    const struct crl_rule *rule = X509_STORE_CTX_get_ex_data(ctx, rule_index);
    int code = X509_STORE_CTX_get_error(ctx);
    bool lenient = code == X509_V_ERR_UNABLE_TO_GET_CRL || code == X509_V_ERR_CRL_HAS_EXPIRED || code == X509_V_ERR_CRL_NOT_YET_VALID;
    if (ok != 0 || !lenient || crl_needed(rule, X509_STORE_CTX_get_error_depth(ctx)))
        return ok;
    X509_STORE_CTX_set_error(ctx, X509_V_OK);
    return 1;
}

static CRYPTO_ONCE rule_once = CRYPTO_ONCE_STATIC_INIT;
static void make_rule_index(void) { rule_index = X509_STORE_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL); }

static enum err set_up(X509_STORE_CTX *ctx, const struct trust *trust, X509 *leaf, STACK_OF(X509) *untrusted, int64_t now_s,
                       struct crl_rule *rule, struct why *why)
{
    if (CRYPTO_THREAD_run_once(&rule_once, make_rule_index) != 1 || rule_index < 0 ||
        X509_STORE_CTX_init(ctx, trust->store, leaf, untrusted) != 1 || X509_STORE_CTX_set_ex_data(ctx, rule_index, rule) != 1)
        return openssl_fail(why, ERR_NO_MEMORY, "no memory to judge a certificate");
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    unsigned long flags = X509_V_FLAG_X509_STRICT;
    if (trust->crls != 0 || rule->leaf_required || rule->chain_required)
        flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
    X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
    X509_VERIFY_PARAM_set_depth(param, LIMIT_CHAIN);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL);
    if (X509_VERIFY_PARAM_set_flags(param, flags) != 1)
        return openssl_fail(why, ERR_BUG, "OpenSSL does not take its flags");
    X509_STORE_CTX_set_verify_cb(ctx, judge);
    return OK;
}

/* The usual reason is a wrong clock: whoever reads this shall see at once whose. */
static void explain_times(X509_STORE_CTX *ctx, bool chosen, char ret_text[EXPLAINED_TIMES])
{
    int code = X509_STORE_CTX_get_error(ctx);
    const X509 *x509 = X509_STORE_CTX_get_current_cert(ctx);
    bool early = code == X509_V_ERR_CERT_NOT_YET_VALID;
    char bound[CLOCK_TEXT_SIZE], now[CLOCK_TEXT_SIZE];
    int64_t bound_s;
    ret_text[0] = '\0';
    if ((!early && code != X509_V_ERR_CERT_HAS_EXPIRED) || x509 == NULL ||
        openssl_time(early ? X509_get0_notBefore(x509) : X509_get0_notAfter(x509), &bound_s) != OK)
        return;
    clock_format(bound_s, bound);
    clock_format(X509_VERIFY_PARAM_get_time(X509_STORE_CTX_get0_param(ctx)), now);
    now[sizeof "2026-11-22T15:04" - 1] = '\0'; /* no seconds: who asks again and again shall not read a new sentence each time */
    snprintf(ret_text, EXPLAINED_TIMES, ": it is valid %s %s, and %s %sZ", early ? "from" : "until", bound,
             chosen ? "is judged for" : "the clock here says", now);
}

static enum err explain(X509_STORE_CTX *ctx, bool chosen, struct why *why)
{
    int code = X509_STORE_CTX_get_error(ctx), depth = X509_STORE_CTX_get_error_depth(ctx);
    X509 *x509 = X509_STORE_CTX_get_current_cert(ctx);
    char name[128] = "", times[EXPLAINED_TIMES];
    if (depth != 0 && x509 != NULL)
        X509_NAME_get_text_by_NID(X509_get_subject_name(x509), NID_commonName, name, sizeof name);
    ERR_clear_error();
    if (code == X509_V_ERR_OUT_OF_MEM)
        return why_set(why, ERR_NO_MEMORY, "no memory to judge a certificate");
    explain_times(ctx, chosen, times);
    return why_set(why, ERR_BAD_CERTIFICATE, "%s%s%s%s: %s%s (%s)", depth == 0 ? "the certificate" : "its issuer",
                   name[0] == '\0' ? "" : " \"", name, name[0] == '\0' ? "" : "\"", X509_verify_cert_error_string(code), times,
                   clause_of(code));
}

struct chain_request {
    enum verify_profile profile;
    int64_t now_s;
    bool chosen;
    struct crl_rule crl;
    STACK_OF(X509) *untrusted; /* may be NULL */
};

static enum err judge_chain(const struct trust *trust, const struct cert *leaf, const struct chain_request *request,
                            struct why *why)
{
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    struct crl_rule rule = request->crl;
    enum err err = ctx == NULL ? ERR_NO_MEMORY : set_up(ctx, trust, cert_x509(leaf), request->untrusted, request->now_s, &rule, why);
    if (err == OK && X509_verify_cert(ctx) != 1)
        err = explain(ctx, request->chosen, why);
    if (err == OK && request->profile != VERIFY_GENERIC) {
        STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
        int issuer = sk_X509_num(chain) > 1 ? 1 : 0;
        err = shape_check(leaf, sk_X509_value(chain, issuer), request->profile, why);
        for (int i = 2; err == OK && i < sk_X509_num(chain); i++)
            err = shape_check_ca(leaf, sk_X509_value(chain, i), why);
    }
    X509_STORE_CTX_free(ctx);
    return err;
}

/* The certificates that may help to build the chain: ours first, then the peer's; nothing of it is trusted. */
static enum err judge_with(const struct trust *trust, const struct cert *leaf, struct chain_request *request,
                           STACK_OF(X509) *sent, struct why *why)
{
    if (sk_X509_num(sent) > 2 * LIMIT_CHAIN)
        return why_set(why, ERR_BAD_CERTIFICATE, "the peer sent %d certificates", sk_X509_num(sent));
    request->untrusted = sk_X509_dup(trust->intermediates); /* shallow */
    enum err err = request->untrusted == NULL ? ERR_NO_MEMORY : OK;
    for (int i = 0; err == OK && i < sk_X509_num(sent); i++)
        if (sk_X509_push(request->untrusted, sk_X509_value(sent, i)) <= 0)
            err = ERR_NO_MEMORY;
    if (err == OK)
        err = judge_chain(trust, leaf, request, why);
    sk_X509_free(request->untrusted);
    return err;
}

static enum err parse_sent(const struct span *der, size_t n, STACK_OF(X509) *to, struct why *why)
{
    for (size_t i = 0; i < n; i++) {
        struct cert *cert;
        enum err err = cert_from_der(der[i], &cert, why);
        if (err != OK)
            return why_prefix(why, err, "certificate %zu of the chain", i + 1);
        X509_up_ref(cert_x509(cert));
        if (sk_X509_push(to, cert_x509(cert)) <= 0) {
            X509_free(cert_x509(cert));
            err = ERR_NO_MEMORY;
        }
        cert_free(cert);
        if (err != OK)
            return err;
    }
    return OK;
}

enum err verify_certificate(const struct trust *trust, const struct cert *leaf, const struct verify_request *request,
                            struct why *why)
{
    struct chain_request chain = {
        .profile = request->profile,
        .now_s = request->now_s,
        .chosen = request->chosen,
        .crl = { .leaf_required = request->crl_leaf_required, .chain_required = request->crl_required },
    };
    STACK_OF(X509) *sent = sk_X509_new_null();
    enum err err = sent == NULL ? ERR_NO_MEMORY : parse_sent(request->untrusted, request->untrusted_n, sent, why);
    if (err == OK)
        err = judge_with(trust, leaf, &chain, sent, why);
    sk_X509_pop_free(sent, X509_free);
    return err;
}

static enum verify_profile profile_of(enum role role)
{
    if (role == ROLE_DEVICE || role == ROLE_GATEWAY)
        return VERIFY_DEVICE;
    return role == ROLE_BOOTSTRAP ? VERIFY_BOOTSTRAP : VERIFY_INFRA;
}

enum err verify_peer_chain(const struct trust *trust, const struct cert *leaf, STACK_OF(X509) *sent, int64_t now_s,
                           unsigned allowed, struct peer *ret_peer, struct why *why)
{
    struct peer peer;
    enum err err = cert_peer(leaf, &peer, why);
    if (err != OK)
        return err;
    struct chain_request chain = { .profile = profile_of(peer.role), .now_s = now_s };
    err = judge_with(trust, leaf, &chain, sent, why);
    if (err != OK)
        return err;
    if ((ROLE_BIT(peer.role) & allowed) == 0)
        return why_set(why, ERR_NOT_ALLOWED, "%s %s has no business here", role_name(peer.role), peer.name);
    *ret_peer = peer;
    return OK;
}

enum err verify_peer(const struct trust *trust, const struct cert *leaf, const struct span *untrusted, size_t untrusted_n,
                     int64_t now_s, unsigned allowed, struct peer *ret_peer, struct why *why)
{
    STACK_OF(X509) *sent = sk_X509_new_null();
    enum err err = sent == NULL ? ERR_NO_MEMORY : parse_sent(untrusted, untrusted_n, sent, why);
    if (err == OK)
        err = verify_peer_chain(trust, leaf, sent, now_s, allowed, ret_peer, why);
    sk_X509_pop_free(sent, X509_free);
    return err;
}
