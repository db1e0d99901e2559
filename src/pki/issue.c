/* Certificates that are not made by the thousand: CAs, servers, stations, boards. */
#include <arpa/inet.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>
#include <time.h>

#include "base/rng.h"
#include "pki/issuer.h"
#include "pki/issuer_parts.h"
#include "pki/name.h"
#include "pki/profile_parts.h"
#include "pki/shape.h"
#include "pki/signer.h"
#include "pki/ski.h"

static const enum verify_profile shapes[USE_COUNT] = {
    [USE_BOOTSTRAP] = VERIFY_BOOTSTRAP,
    [USE_INFRASTRUCTURE] = VERIFY_INFRA,
};

static bool has_shape(const struct profile *p) { return p->use == USE_BOOTSTRAP || p->use == USE_INFRASTRUCTURE; }

void ski_of_point(struct span public_key, uint8_t ret_ski[SKI_BYTES])
{
    uint8_t hash[SHA256_DIGEST_LENGTH];
    SHA256(public_key.at, public_key.n, hash);
    memcpy(ret_ski, hash, SKI_BYTES);
}

/* What the holder's name may be: a role for a leaf, what it issues for an issuing CA, nothing for a root. */
static enum err check_urn(const struct cert_order *order, struct why *why)
{
    static const char *const kinds[] = { URN_ISSUER "identity", URN_ISSUER "bootstrap", URN_ISSUER "infrastructure" };
    const char *urn = order->urn == NULL ? "" : order->urn;
    char name[LIMIT_NAME + 1];
    enum role role;
    switch (order->profile->use) {
    case USE_ROOT: return urn[0] == '\0' ? OK : why_set(why, ERR_BAD_PROFILE, "a root has no URN, not %s", urn);
    case USE_ISSUING:
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
            if (strcmp(urn, kinds[i]) == 0)
                return OK;
        return why_set(why, ERR_BAD_PROFILE, "the URN of an issuing CA is " URN_ISSUER "{identity,bootstrap,infrastructure}, not \"%s\"",
                       urn);
    case USE_BOOTSTRAP:
        if (name_urn_parse(span_text(urn), &role, name) == OK && role == ROLE_BOOTSTRAP && number_is_model(span_text(name)))
            return OK;
        return why_set(why, ERR_BAD_PROFILE, "the URN of a bootstrap certificate is " URN_PREFIX "bootstrap:MODEL, not \"%s\"", urn);
    case USE_INFRASTRUCTURE:
        if (name_urn_parse(span_text(urn), &role, name) == OK && role != ROLE_BOOTSTRAP)
            return OK;
        return why_set(why, ERR_BAD_PROFILE, "the URN of an infrastructure certificate is " URN_PREFIX "ROLE:NAME, not \"%s\"", urn);
    case USE_DEVICE:
    case USE_COUNT: break;
    }
    return why_set(why, ERR_BAD_PROFILE, "[%s] device identities are made by the issuer alone", order->profile->name);
}

static bool set_times(X509 *x509, int64_t not_before, int64_t not_after)
{
    bool done = ASN1_TIME_set(X509_getm_notBefore(x509), (time_t)not_before) != NULL;
    if (not_after == INT64_MAX)
        return done && ASN1_TIME_set_string_X509(X509_getm_notAfter(x509), "99991231235959Z") == 1;
    return done && ASN1_TIME_set(X509_getm_notAfter(x509), (time_t)not_after) != NULL;
}

static bool set_serial(X509 *x509, size_t bytes)
{
    uint8_t serial[ISSUER_SERIAL];
    if (rng_fill(serial, bytes) != OK)
        return false;
    issuer_make_serial(serial);
    BIGNUM *bn = BN_bin2bn(serial, (int)bytes, NULL);
    bool done = bn != NULL && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x509)) != NULL;
    BN_free(bn);
    return done;
}

static bool add_text(X509_NAME *name, int nid, const char *text)
{
    return text == NULL ||
           X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
}

static bool set_subject(X509 *x509, const struct cert_order *order)
{
    X509_NAME *name = X509_get_subject_name(x509);
    char *const *text = order->profile->text;
    return add_text(name, NID_countryName, text[SET_COUNTRY]) && add_text(name, NID_organizationName, text[SET_ORGANIZATION]) &&
           add_text(name, NID_organizationalUnitName, text[SET_UNIT]) && add_text(name, NID_commonName, order->common_name);
}

static bool add_configured(X509 *x509, const struct profile *p, enum profile_setting setting)
{
    if (p->text[setting] == NULL)
        return true;
    X509_EXTENSION *extension = profile_extension(p, setting);
    bool done = extension != NULL && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return done;
}

/* `issuer` may be `x509` itself, once it has its subject key identifier. */
static bool add_key_identifiers(X509 *x509, const X509 *issuer)
{
    uint8_t ski[SKI_BYTES];
    const ASN1_BIT_STRING *point = X509_get0_pubkey_bitstr(x509);
    ski_of_point(span_of(ASN1_STRING_get0_data(point), (size_t)ASN1_STRING_length(point)), ski);
    ASN1_OCTET_STRING *own = ASN1_OCTET_STRING_new();
    AUTHORITY_KEYID *aki = AUTHORITY_KEYID_new();
    bool done = own != NULL && aki != NULL && ASN1_OCTET_STRING_set(own, ski, sizeof ski) == 1;
    const ASN1_OCTET_STRING *theirs = issuer == x509 || !done ? own : X509_get0_subject_key_id((X509 *)(uintptr_t)issuer);
    done = done && theirs != NULL && (aki->keyid = ASN1_OCTET_STRING_dup(theirs)) != NULL &&
           X509_add1_ext_i2d(x509, NID_subject_key_identifier, own, 0, 0) == 1 &&
           X509_add1_ext_i2d(x509, NID_authority_key_identifier, aki, 0, 0) == 1;
    ASN1_OCTET_STRING_free(own);
    AUTHORITY_KEYID_free(aki);
    return done;
}

static bool push_name(GENERAL_NAMES *names, int type, const void *value, size_t n)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *text = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    if (name != NULL && text != NULL && ASN1_STRING_set(text, value, (int)n) == 1) {
        GENERAL_NAME_set0_value(name, type, text);
        if (sk_GENERAL_NAME_push(names, name) > 0)
            return true;
        text = NULL;
    }
    ASN1_STRING_free(text);
    GENERAL_NAME_free(name);
    return false;
}

static bool push_host(GENERAL_NAMES *names, const char *host)
{
    uint8_t address[16];
    if (inet_pton(AF_INET, host, address) == 1)
        return push_name(names, GEN_IPADD, address, 4);
    if (inet_pton(AF_INET6, host, address) == 1)
        return push_name(names, GEN_IPADD, address, 16);
    return push_name(names, GEN_DNS, host, strlen(host));
}

static bool add_alternative_names(X509 *x509, const struct cert_order *order)
{
    if (order->urn == NULL)
        return true;
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    bool done = names != NULL && push_name(names, GEN_URI, order->urn, strlen(order->urn));
    for (const char *const *host = order->dns_or_ip; done && host != NULL && *host != NULL; host++)
        done = push_host(names, *host);
    done = done && X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0) == 1;
    GENERAL_NAMES_free(names);
    return done;
}

static enum err set_key(X509 *x509, const struct cert_order *order, struct why *why)
{
    const uint8_t *at = order->spki.at;
    enum key_type type;
    AUTO_EVP_PKEY evp = order->spki.n == 0 ? NULL : d2i_PUBKEY(NULL, &at, (long)order->spki.n);
    if (evp == NULL || at != order->spki.at + order->spki.n || key_type_of(evp, &type) != OK)
        return openssl_fail(why, ERR_BAD_KEY, "the public key is of no type that is used here");
    return X509_set_pubkey(x509, evp) == 1 ? OK : openssl_fail(why, ERR_NO_MEMORY, "no memory for a certificate");
}

static enum err fill(X509 *x509, const struct cert_order *order, const struct cert *ca, struct why *why)
{
    const struct profile *p = order->profile;
    int64_t end = order->not_after < 0 ? profile_end(p, order->not_before) : order->not_after;
    if (end <= order->not_before)
        return why_set(why, ERR_BAD_PROFILE, "[%s] the validity would end before it begins (RFC 5280 4.1.2.5)", p->name);
    enum err err = set_key(x509, order, why);
    if (err != OK)
        return err;
    if (X509_set_version(x509, X509_VERSION_3) != 1 || !set_serial(x509, p->serial_bytes) ||
        !set_times(x509, order->not_before, end) || !set_subject(x509, order) ||
        X509_set_issuer_name(x509, X509_get_subject_name(ca == NULL ? x509 : cert_x509(ca))) != 1 ||
        !add_configured(x509, p, SET_BASIC_CONSTRAINTS) || !add_configured(x509, p, SET_KEY_USAGE) ||
        !add_configured(x509, p, SET_EXT_KEY_USAGE) || !add_key_identifiers(x509, ca == NULL ? x509 : cert_x509(ca)) ||
        !add_alternative_names(x509, order))
        return openssl_fail(why, ERR_BAD_PROFILE, "a certificate for \"%s\" by profile [%s] cannot be put together",
                            order->common_name, p->name);
    return OK;
}

static enum err check_signer(const struct cert_order *order, const struct cert *ca, struct why *why)
{
    if (ca == NULL && order->profile->use != USE_ROOT)
        return why_set(why, ERR_BAD_PROFILE, "[%s] only a root signs itself", order->profile->name);
    if (ca != NULL && order->profile->use == USE_ROOT)
        return why_set(why, ERR_BAD_PROFILE, "[%s] a root is issued by nobody else", order->profile->name);
    if (order->common_name == NULL || order->common_name[0] == '\0' || !name_is_clean(span_text(order->common_name)))
        return why_set(why, ERR_BAD_PROFILE, "[%s] the common name is missing or has a control character", order->profile->name);
    return OK;
}

/* Makes the body say how it will be signed, as X509_sign would, and appends it. */
static enum err put_body(X509 *x509, const struct signer *signer, struct buf *tbs_to, struct why *why)
{
    struct span algorithm = signer_algorithm(signer);
    const uint8_t *at = algorithm.at;
    X509_ALGOR *own = (X509_ALGOR *)(uintptr_t)X509_get0_tbs_sigalg(x509);
    X509_ALGOR *theirs = d2i_X509_ALGOR(NULL, &at, (long)algorithm.n);
    unsigned char *der = NULL;
    bool done = theirs != NULL && X509_ALGOR_copy(own, theirs) == 1;
    int n = done ? i2d_re_X509_tbs(x509, &der) : -1;
    enum err err = n <= 0 ? openssl_fail(why, ERR_NO_MEMORY, "no memory for a certificate") : buf_put(tbs_to, der, (size_t)n);
    OPENSSL_free(der);
    X509_ALGOR_free(theirs);
    return err;
}

static enum err tell_body(const struct cert_order *order, const X509 *x509, struct span tbs, struct why *why)
{
    uint8_t serial[CERT_SERIAL_MAX];
    BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
    size_t n = bn == NULL ? 0 : (size_t)BN_num_bytes(bn);
    if (n != 0 && n <= sizeof serial)
        BN_bn2bin(bn, serial);
    BN_free(bn);
    if (n == 0 || n > sizeof serial)
        return openssl_fail(why, ERR_NO_MEMORY, "no memory for a serial number");
    return order->on_body == NULL ? OK : order->on_body(order->context, span_of(serial, n), tbs, why);
}

static enum err sign(const struct cert_order *order, X509 *x509, struct signer *signer, struct cert **ret_cert, struct why *why)
{
    AUTO_BUF tbs = BUF_INIT, signature = BUF_INIT, der = BUF_INIT;
    enum err err = put_body(x509, signer, &tbs, why);
    if (err == OK)
        err = tell_body(order, x509, buf_span(&tbs), why);
    if (err == OK)
        err = signer_sign(signer, buf_span(&tbs), &signature, why);
    if (err == OK)
        err = issuer_put_signed(buf_span(&tbs), signer_algorithm(signer), buf_span(&signature), &der);
    return err != OK ? err : cert_from_der(buf_span(&der), ret_cert, why);
}

static enum err check_order(const struct cert_order *order, const struct cert *ca, struct why *why)
{
    enum err err = profile_lint(order->profile, why);
    if (err == OK)
        err = check_signer(order, ca, why);
    return err != OK ? err : check_urn(order, why);
}

enum err cert_issue(const struct cert_order *order, const struct cert *ca, const struct key *ca_key, struct cert **ret_cert,
                    struct why *why)
{
    struct cert *cert;
    struct signer *signer;
    enum err err = check_order(order, ca, why);
    if (err != OK)
        return err;
    AUTO_X509 x509 = X509_new();
    if (x509 == NULL)
        return openssl_fail(why, ERR_NO_MEMORY, "no memory for a certificate");
    err = fill(x509, order, ca, why);
    if (err != OK)
        return err;
    if (EVP_PKEY_eq(X509_get0_pubkey(ca == NULL ? x509 : cert_x509(ca)), key_evp(ca_key)) != 1)
        return openssl_fail(why, ERR_BAD_KEY, "the key is not that of the CA's certificate");
    err = signer_new(ca_key, &signer, why);
    if (err != OK)
        return err;
    err = sign(order, x509, signer, &cert, why);
    signer_free(signer);
    if (err == OK && has_shape(order->profile)) {
        err = shape_check(cert, cert_x509(ca), shapes[order->profile->use], why);
        if (err != OK)
            cert_free(cert);
    }
    if (err == OK)
        *ret_cert = cert;
    return err;
}
