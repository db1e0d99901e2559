#include "pki/issuer.h"

#include <openssl/x509v3.h>
#include <stdlib.h>

#include "model/der.h"
#include "pki/issuer_parts.h"
#include "pki/profile_parts.h"
#include "pki/ski.h"

static const uint8_t p256_spki_head[] = { 0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                          0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00 };

static enum err put_i2d(struct buf *to, int n, uint8_t *der)
{
    enum err err = n <= 0 ? ERR_NO_MEMORY : buf_put(to, der, (size_t)n);
    OPENSSL_free(der);
    return err;
}

static enum err put_extension(const struct profile *p, enum profile_setting setting, struct buf *to)
{
    uint8_t *der = NULL;
    X509_EXTENSION *extension = profile_extension(p, setting);
    int n = extension == NULL ? -1 : i2d_X509_EXTENSION(extension, &der);
    X509_EXTENSION_free(extension);
    return put_i2d(to, n, der);
}

static enum err put_authority_key(const struct cert *ca, struct buf *to, struct why *why)
{
    static const uint8_t oid[] = { 0x06, 0x03, 0x55, 0x1d, 0x23 };
    const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(cert_x509(ca));
    struct back back;
    if (ski == NULL)
        return why_set(why, ERR_BAD_CERTIFICATE, "the CA's certificate has no subjectKeyIdentifier (RFC 5280 4.2.1.2)");
    back_start(&back);
    back_put(&back, ASN1_STRING_get0_data(ski), (size_t)ASN1_STRING_length(ski));
    back_wrap(&back, 0x80, back_end(&back)); /* keyIdentifier [0] */
    back_wrap(&back, DER_SEQUENCE, back_end(&back));
    back_wrap(&back, DER_OCTETS, back_end(&back));
    back_put(&back, oid, sizeof oid);
    back_wrap(&back, DER_SEQUENCE, back_end(&back));
    return back.overflowed ? ERR_TOO_LARGE : buf_put_span(to, back_span(&back));
}

static enum err put_subject_head(const struct profile *p, struct buf *to)
{
    static const struct {
        enum profile_setting setting;
        int nid;
    } parts[] = { { SET_COUNTRY, NID_countryName }, { SET_ORGANIZATION, NID_organizationName }, { SET_UNIT, NID_organizationalUnitName } };
    X509_NAME *name = X509_NAME_new();
    uint8_t *der = NULL;
    bool done = name != NULL;
    for (size_t i = 0; done && i < sizeof parts / sizeof parts[0]; i++) {
        const char *text = p->text[parts[i].setting];
        done = text == NULL || X509_NAME_add_entry_by_NID(name, parts[i].nid, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
    }
    int n = done ? i2d_X509_NAME(name, &der) : -1;
    X509_NAME_free(name);
    struct span rest = span_of(der, n < 0 ? 0 : (size_t)n), rdns = { 0 };
    enum err err = n < 0 ? ERR_NO_MEMORY : der_take(&rest, DER_SEQUENCE, &rdns);
    if (err == OK)
        err = buf_put_span(to, rdns);
    OPENSSL_free(der);
    return err;
}

static enum err put_issuer_name(const struct cert *ca, struct buf *to)
{
    uint8_t *der = NULL;
    int n = i2d_X509_NAME(X509_get_subject_name(cert_x509(ca)), &der);
    return put_i2d(to, n, der);
}

static enum err put_module_type(const struct profile *p, struct buf *to)
{
    uint8_t *der = NULL;
    ASN1_OBJECT *object = OBJ_txt2obj(p->text[SET_HARDWARE_TYPE], 1);
    int n = object == NULL ? -1 : i2d_ASN1_OBJECT(object, &der);
    ASN1_OBJECT_free(object);
    return put_i2d(to, n, der);
}

static enum err encode_fixed(struct issuer *i, const struct profile *p, const struct cert *ca, struct why *why)
{
    enum err err = buf_put_span(&i->algorithm_issuer, signer_algorithm(i->signer));
    if (err == OK)
        err = put_issuer_name(ca, &i->algorithm_issuer);
    if (err == OK)
        err = put_subject_head(p, &i->subject_head);
    if (err == OK)
        err = put_extension(p, SET_KEY_USAGE, &i->fixed_extensions);
    if (err == OK)
        err = put_extension(p, SET_EXT_KEY_USAGE, &i->fixed_extensions);
    if (err == OK)
        err = put_authority_key(ca, &i->fixed_extensions, why);
    if (err == OK)
        err = put_module_type(p, &i->module_type);
    return err;
}

static enum err set_up(struct issuer *i, const struct profile *p, const struct cert *ca, const struct key *ca_key, struct why *why)
{
    i->key_type = p->key;
    i->serial_bytes = p->serial_bytes;
    i->validity_s = p->validity_s;
    i->common_name = p->text[SET_COMMON_NAME] != NULL && strcmp(p->text[SET_COMMON_NAME], "number") == 0;
    i->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    i->hash = EVP_MD_CTX_new();
    if (i->sha256 == NULL || i->hash == NULL)
        return openssl_fail(why, ERR_NO_MEMORY, "no memory for an issuer");
    enum err err = signer_new(ca_key, &i->signer, why);
    if (err == OK && p->key == KEY_P256)
        err = keymaker_new(&i->keymaker, why);
    return err == OK ? encode_fixed(i, p, ca, why) : err;
}

enum err issuer_new(const struct profile *profile, const struct cert *ca, const struct key *ca_key, struct issuer **ret_issuer,
                    struct why *why)
{
    enum err err = profile_lint(profile, why);
    if (err != OK)
        return err;
    if (profile->use != USE_DEVICE)
        return why_set(why, ERR_BAD_PROFILE, "[%s] is no profile for device identities", profile->name);
    if (!cert_matches_key(ca, ca_key))
        return why_set(why, ERR_BAD_KEY, "the key is not that of the CA's certificate");
    struct issuer *issuer = calloc(1, sizeof *issuer);
    if (issuer == NULL)
        return why_set(why, ERR_NO_MEMORY, "no memory for an issuer");
    issuer->time_of = -1;
    err = set_up(issuer, profile, ca, ca_key, why);
    if (err == OK)
        *ret_issuer = issuer;
    else
        issuer_free(issuer);
    return err;
}

void issuer_free(struct issuer *issuer)
{
    if (issuer == NULL)
        return;
    signer_free(issuer->signer);
    keymaker_free(issuer->keymaker);
    EVP_MD_CTX_free(issuer->hash);
    EVP_MD_free(issuer->sha256);
    buf_done(&issuer->algorithm_issuer);
    buf_done(&issuer->subject_head);
    buf_done(&issuer->fixed_extensions);
    buf_done(&issuer->module_type);
    buf_done(&issuer->validity);
    free(issuer);
}

/* Key types other than P-256 go the general way. */
static enum err prepare_other(struct issuer *i, const struct issue_order *order, struct buf *key_to, struct buf *tbs_to,
                              struct why *why)
{
    AUTO_KEY key = NULL;
    AUTO_SECRET pkcs8 = SECRET_INIT;
    AUTO_BUF spki = BUF_INIT;
    struct span head, point;
    enum err err = key_generate(i->key_type, &key, why);
    if (err == OK)
        err = key_to_pkcs8(key, &pkcs8, why);
    if (err == OK)
        err = key_spki(key, &spki);
    if (err == OK)
        err = spki_split(buf_span(&spki), &head, &point);
    if (err == OK)
        err = buf_reserve(key_to, pkcs8.len);
    if (err == OK)
        err = issuer_put_body(i, order, head, point, tbs_to, why);
    return err == OK ? buf_put_span(key_to, secret_span(&pkcs8)) : err;
}

enum err issuer_prepare(struct issuer *issuer, const struct issue_order *order, struct buf *key_to, struct buf *tbs_to,
                        struct why *why)
{
    uint8_t point[KEYMAKER_POINT];
    size_t before = key_to->len;
    if (issuer->keymaker == NULL)
        return prepare_other(issuer, order, key_to, tbs_to, why);
    enum err err = keymaker_make(issuer->keymaker, key_to, point, why);
    if (err != OK)
        return err;
    err = issuer_put_body(issuer, order, span_of(p256_spki_head, sizeof p256_spki_head), span_of(point, sizeof point), tbs_to, why);
    if (err != OK) {
        secret_wipe(key_to->data + before, key_to->len - before);
        key_to->len = before;
    }
    return err;
}

enum err issuer_prepare_for_key(struct issuer *issuer, const struct issue_order *order, struct span spki, struct buf *tbs_to,
                                struct why *why)
{
    const uint8_t *at = spki.at;
    enum key_type type;
    struct span head, point;
    AUTO_EVP_PKEY evp = spki.n == 0 || spki.n > SPKI_MAX ? NULL : d2i_PUBKEY(NULL, &at, (long)spki.n);
    if (evp == NULL || key_type_of(evp, &type) != OK || spki_split(spki, &head, &point) != OK)
        return openssl_fail(why, ERR_BAD_KEY, "the public key cannot be understood");
    if (type != issuer->key_type)
        return why_set(why, ERR_BAD_KEY, "the profile wants a %s key, not a %s key", key_type_name(issuer->key_type),
                       key_type_name(type));
    return issuer_put_body(issuer, order, head, point, tbs_to, why);
}

/* Only bodies of this issuer are signed: version 3, a serial number, then our algorithm and name. */
static bool is_own_body(const struct issuer *i, struct span tbs)
{
    struct span body, serial, own = buf_span(&i->algorithm_issuer);
    if (der_take(&tbs, DER_SEQUENCE, &body) != OK || tbs.n != 0 || body.n < ISSUER_VERSION ||
        memcmp(body.at, issuer_version, ISSUER_VERSION) != 0)
        return false;
    body = span_of(body.at + ISSUER_VERSION, body.n - ISSUER_VERSION);
    return der_take(&body, DER_INTEGER, &serial) == OK && body.n > own.n && memcmp(body.at, own.at, own.n) == 0;
}

enum err issuer_put_signed(struct span tbs, struct span algorithm, struct span signature, struct buf *cert_to)
{
    size_t bits = signature.n + 1, n = tbs.n + algorithm.n + der_header_size(bits) + bits;
    enum err err = buf_reserve(cert_to, der_header_size(n) + n);
    if (err == OK)
        err = der_put_header(cert_to, DER_SEQUENCE, n);
    if (err == OK)
        err = buf_put_span(cert_to, tbs);
    if (err == OK)
        err = buf_put_span(cert_to, algorithm);
    if (err == OK)
        err = der_put_header(cert_to, DER_BIT_STRING, bits);
    if (err == OK)
        err = buf_put(cert_to, "", 1); /* no unused bits */
    return err == OK ? buf_put_span(cert_to, signature) : err;
}

enum err issuer_sign(struct issuer *issuer, struct span tbs, struct buf *cert_to, struct why *why)
{
    uint8_t room[SIGNATURE_MAX];
    struct buf signature = { .data = room, .cap = sizeof room, .max = sizeof room - 1 }; /* never grows */
    struct span algorithm = signer_algorithm(issuer->signer);
    if (!is_own_body(issuer, tbs))
        return why_set(why, ERR_BUG, "only bodies that this issuer prepared are signed");
    enum err err = signer_sign(issuer->signer, tbs, &signature, why);
    if (err != OK)
        return err;
    return issuer_put_signed(tbs, algorithm, buf_span(&signature), cert_to);
}
