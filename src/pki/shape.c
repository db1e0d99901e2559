#include "pki/shape.h"

#include <openssl/x509v3.h>

#include "base/limit.h"
#include "pki/name.h"

enum { SERIAL_LEAST = 8, SERIAL_MOST = 20 }; /* bytes; 64 bits of randomness at least */

static const struct {
    const char *what;
    const char *issuer_kind; /* urn:nameplate:issuer:KIND of the CA that makes them */
    bool serves_always;      /* clientAuth and serverAuth, no less; otherwise clientAuth alone will do */
} kinds[] = {
    [VERIFY_DEVICE] = { "a device identity", "identity", false },
    [VERIFY_INFRA] = { "an infrastructure certificate", "infrastructure", true },
    [VERIFY_BOOTSTRAP] = { "a bootstrap certificate", "bootstrap", true },
};

/* Every extension that our certificates have, all of them exactly once. */
static const struct {
    int nid;
    bool critical;
    const char *clause;
} extensions[] = {
    { NID_key_usage, true, "RFC 5280 4.2.1.3" },
    { NID_ext_key_usage, false, "RFC 5280 4.2.1.12" },
    { NID_authority_key_identifier, false, "RFC 5280 4.2.1.1" },
    { NID_subject_key_identifier, false, "RFC 5280 4.2.1.2" },
    { NID_subject_alt_name, false, "RFC 5280 4.2.1.6" },
};
enum { EXTENSIONS = sizeof extensions / sizeof extensions[0] };

enum { SUBJECT = 200 }; /* of a name, as sentences show it */
#define NO_TYPE "none of P-256, P-384, Ed25519, and RSA 2048 and 3072 with an exponent from 65537 on"

static enum err bad(struct why *why, const char *text) { return why_set(why, ERR_BAD_CERTIFICATE, "%s", text); }

static enum err check_extension(const X509_EXTENSION *extension, struct why *why)
{
    const ASN1_OBJECT *object = X509_EXTENSION_get_object((X509_EXTENSION *)(uintptr_t)extension);
    int nid = OBJ_obj2nid(object);
    char name[64];
    for (size_t i = 0; i < EXTENSIONS; i++) {
        if (extensions[i].nid != nid)
            continue;
        if ((X509_EXTENSION_get_critical(extension) != 0) != extensions[i].critical)
            return why_set(why, ERR_BAD_CERTIFICATE, "the extension %s must%s be critical (%s)", OBJ_nid2sn(nid),
                           extensions[i].critical ? "" : " not", extensions[i].clause);
        return OK;
    }
    OBJ_obj2txt(name, sizeof name, object, 0);
    return why_set(why, ERR_BAD_CERTIFICATE, "the certificate has an extension that its kind does not have: %s", name);
}

static enum err check_extensions(const X509 *x509, struct why *why)
{
    enum err err = OK;
    for (int i = 0; err == OK && i < X509_get_ext_count(x509); i++)
        err = check_extension(X509_get_ext(x509, i), why);
    for (size_t i = 0; err == OK && i < EXTENSIONS; i++) {
        int at = X509_get_ext_by_NID(x509, extensions[i].nid, -1);
        if (at < 0)
            err = why_set(why, ERR_BAD_CERTIFICATE, "the certificate has no %s (%s)", OBJ_nid2ln(extensions[i].nid),
                          extensions[i].clause);
        else if (X509_get_ext_by_NID(x509, extensions[i].nid, at) >= 0)
            err = why_set(why, ERR_BAD_CERTIFICATE, "the certificate has %s twice (RFC 5280 4.2)", OBJ_nid2ln(extensions[i].nid));
    }
    return err;
}

/* Key usage is digitalSignature and no other bit (also none beyond those that OpenSSL knows). */
static enum err check_key_usage(const X509 *x509, struct why *why)
{
    ASN1_BIT_STRING *bits = X509_get_ext_d2i(x509, NID_key_usage, NULL, NULL);
    bool exact = bits != NULL && ASN1_STRING_length(bits) == 1 && ASN1_STRING_get0_data(bits)[0] == 0x80;
    ASN1_BIT_STRING_free(bits);
    return exact ? OK : bad(why, "the key usage is not exactly digitalSignature (RFC 5280 4.2.1.3)");
}

/* clientAuth, and serverAuth where the kind serves: always, or as a gateway among the devices does. */
static enum err check_purposes(const X509 *x509, enum verify_profile profile, struct why *why)
{
    EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
    int n = sk_ASN1_OBJECT_num(usage), clients = 0, servers = 0;
    for (int i = 0; i < n; i++) {
        int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, i));
        clients += nid == NID_client_auth;
        servers += nid == NID_server_auth;
    }
    sk_ASN1_OBJECT_pop_free(usage, ASN1_OBJECT_free);
    bool always = kinds[profile].serves_always;
    if (clients == 1 && n == clients + servers && (servers == 1 || (servers == 0 && !always)))
        return OK;
    return why_set(why, ERR_BAD_CERTIFICATE, "the extended key usage of %s is exactly %s (RFC 5280 4.2.1.12)", kinds[profile].what,
                   always ? "serverAuth and clientAuth" : "clientAuth, and of a gateway serverAuth besides");
}

static enum err check_frame(X509 *x509, struct why *why)
{
    const ASN1_BIT_STRING *issuer_uid, *subject_uid;
    const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
    int n = ASN1_STRING_length(serial);
    enum key_type type;
    X509_get0_uids(x509, &issuer_uid, &subject_uid);
    if (X509_get_version(x509) != X509_VERSION_3)
        return bad(why, "the certificate is not of version 3 (RFC 5280 4.1.2.1)");
    if (issuer_uid != NULL || subject_uid != NULL)
        return bad(why, "the certificate has a unique identifier (RFC 5280 4.1.2.8)");
    if (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER || n < SERIAL_LEAST || n > SERIAL_MOST ||
        (n == SERIAL_MOST && ASN1_STRING_get0_data(serial)[0] >= 0x80))
        return bad(why, "the certificate's serial number is not a positive number of 8 to 20 bytes (RFC 5280 4.1.2.2)");
    if (key_type_of(X509_get0_pubkey(x509), &type) != OK)
        return openssl_fail(why, ERR_BAD_CERTIFICATE, "the key is " NO_TYPE);
    return OK;
}

/* The subject has only attributes that our profiles write, each once and alone in its RDN. */
static enum err check_subject(X509 *x509, struct why *why)
{
    static const int allowed[] = { NID_countryName, NID_organizationName, NID_organizationalUnitName, NID_commonName,
                                   NID_serialNumber };
    const X509_NAME *subject = X509_get_subject_name(x509);
    int known = 0, entries = X509_NAME_entry_count(subject);
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        struct span text;
        enum err err = name_attribute(subject, allowed[i], &text, why);
        if (err != OK)
            return err;
        known += text.n != 0;
    }
    if (known != entries)
        return bad(why, "the subject has an attribute that our certificates do not have");
    for (int i = 0; i < entries; i++)
        if (X509_NAME_ENTRY_set(X509_NAME_get_entry(subject, i)) != i)
            return bad(why, "the subject has a relative name of several parts");
    return OK;
}

static enum err check_names(const struct cert *leaf, enum verify_profile profile, struct why *why)
{
    AUTO_NAME_ALT alt = { 0 };
    struct peer peer;
    enum err err = name_alt_read(cert_x509(leaf), &alt, why);
    if (err == OK)
        err = cert_peer(leaf, &peer, why);
    if (err != OK)
        return err;
    if (alt.others != 0 || (profile != VERIFY_INFRA && alt.hosts != 0))
        return why_set(why, ERR_BAD_CERTIFICATE, "the subjectAltName has a name that %s does not have", kinds[profile].what);
    bool is_device = peer.role == ROLE_DEVICE || peer.role == ROLE_GATEWAY, is_bootstrap = peer.role == ROLE_BOOTSTRAP;
    if (is_device != (profile == VERIFY_DEVICE) || is_bootstrap != (profile == VERIFY_BOOTSTRAP))
        return why_set(why, ERR_BAD_CERTIFICATE, "the holder is %s: this is not %s", role_name(peer.role), kinds[profile].what);
    return OK;
}

static enum err check_issuer(const X509 *x509, const X509 *issuer, enum verify_profile profile, struct why *why)
{
    char kind[LIMIT_NAME + 1];
    if (X509_cmp(x509, issuer) == 0)
        return bad(why, "the certificate is its own issuer");
    enum err err = name_issuer_kind(issuer, kind, why);
    if (err != OK)
        return err;
    if (kind[0] != '\0' && strcmp(kind, kinds[profile].issuer_kind) != 0)
        return why_set(why, ERR_BAD_CERTIFICATE, "%s was issued by the %s CA instead of the %s CA", kinds[profile].what, kind,
                       kinds[profile].issuer_kind);
    return OK;
}

/* What OpenSSL asks of a CA only when it is told a purpose. X509_get_extended_key_usage: all bits when there is none. */
enum err shape_check_ca(const struct cert *leaf, X509 *ca, struct why *why)
{
    const uint32_t both = XKU_SSL_CLIENT | XKU_SSL_SERVER, purposes = X509_get_extended_key_usage(cert_x509(leaf)) & both;
    uint32_t allowed = X509_get_extended_key_usage(ca);
    char subject[SUBJECT];
    X509_NAME_oneline(X509_get_subject_name(ca), subject, sizeof subject);
    if ((allowed & XKU_ANYEKU) == 0 && (purposes & ~allowed) != 0)
        return why_set(why, ERR_BAD_CERTIFICATE, "the extended key usage of the CA %s does not allow what the certificate is for "
                       "(RFC 5280 4.2.1.12)", subject);
    const EVP_PKEY *key = X509_get0_pubkey(ca);
    if (key == NULL || !key_exponent_is_strong(key))
        return openssl_fail(why, ERR_BAD_CERTIFICATE, "the RSA key of the CA %s has an exponent below 65537, or none that can be read", subject);
    return OK;
}

/* The CA that made the leaf has a key of our types, too. */
static enum err check_issuer_key(X509 *issuer, struct why *why)
{
    char subject[SUBJECT];
    enum key_type type;
    X509_NAME_oneline(X509_get_subject_name(issuer), subject, sizeof subject);
    return key_type_of(X509_get0_pubkey(issuer), &type) == OK
               ? OK
               : openssl_fail(why, ERR_BAD_CERTIFICATE, "the key of its issuer %s is " NO_TYPE, subject);
}

enum err shape_check(const struct cert *leaf, X509 *issuer, enum verify_profile profile, struct why *why)
{
    X509 *x509 = cert_x509(leaf);
    enum err err = check_frame(x509, why);
    if (err == OK)
        err = check_subject(x509, why);
    if (err == OK)
        err = check_extensions(x509, why);
    if (err == OK)
        err = check_key_usage(x509, why);
    if (err == OK)
        err = check_purposes(x509, profile, why);
    if (err == OK)
        err = check_names(leaf, profile, why);
    if (err == OK)
        err = check_issuer(x509, issuer, profile, why);
    if (err == OK)
        err = shape_check_ca(leaf, issuer, why);
    if (err == OK)
        err = check_issuer_key(issuer, why);
    return err;
}
