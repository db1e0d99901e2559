#include "pki/name.h"

#include <openssl/asn1.h>

#include "base/limit.h"
#include "model/der.h"

const uint8_t name_module_oid[NAME_MODULE_OID] = { 0x2b, 6, 1, 5, 5, 7, 8, 4 };

/* Bytes of the UTF-8 character at the front; 0 when it is none, or a control character. */
static size_t clean_char(struct span text)
{
    unsigned char c = text.at[0];
    if (c < 0x80)
        return c < 0x20 || c == 0x7f ? 0 : 1;
    unsigned long value;
    int n = UTF8_getc(text.at, text.n > 4 ? 4 : (int)text.n, &value);
    return n <= 0 || value < 0xa0 ? 0 : (size_t)n; /* 0x80..0x9f: C1 controls */
}

bool name_is_clean(struct span text)
{
    while (text.n != 0) {
        size_t n = clean_char(text);
        if (n == 0)
            return false;
        text = span_of(text.at + n, text.n - n);
    }
    return true;
}

enum err name_attribute(const X509_NAME *name, int nid, struct span *ret_text, struct why *why)
{
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    if (at < 0) {
        *ret_text = (struct span){ 0 };
        return OK;
    }
    if (X509_NAME_get_index_by_NID(name, nid, at) >= 0)
        return why_set(why, ERR_BAD_CERTIFICATE, "the subject has more than one %s", OBJ_nid2ln(nid));
    const ASN1_STRING *value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    int type = ASN1_STRING_type(value);
    struct span text = span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    if (type != V_ASN1_PRINTABLESTRING && type != V_ASN1_UTF8STRING)
        return why_set(why, ERR_BAD_CERTIFICATE, "the subject's %s is neither PrintableString nor UTF8String (RFC 5280 4.1.2.4)",
                       OBJ_nid2ln(nid));
    if (type != V_ASN1_PRINTABLESTRING && (nid == NID_serialNumber || nid == NID_countryName))
        return why_set(why, ERR_BAD_CERTIFICATE, "the subject's %s is no PrintableString (RFC 5280 A.1)", OBJ_nid2ln(nid));
    if (text.n == 0 || !name_is_clean(text))
        return why_set(why, ERR_BAD_CERTIFICATE, "the subject's %s is empty or has a NUL, control or broken character",
                       OBJ_nid2ln(nid));
    *ret_text = text;
    return OK;
}

/* HardwareModuleName ::= SEQUENCE { hwType OBJECT IDENTIFIER, hwSerialNum OCTET STRING } (RFC 4108 5). */
static enum err read_module(const ASN1_TYPE *value, struct name_alt *alt)
{
    if (value->type != V_ASN1_SEQUENCE)
        return ERR_BAD_INPUT;
    struct span in = span_of(ASN1_STRING_get0_data(value->value.sequence), (size_t)ASN1_STRING_length(value->value.sequence));
    struct span body;
    enum err err = der_take(&in, DER_SEQUENCE, &body);
    if (err == OK)
        err = der_take(&body, DER_OID, &alt->module_type);
    if (err == OK)
        err = der_take(&body, DER_OCTETS, &alt->module_serial);
    return err == OK && in.n == 0 && body.n == 0 ? OK : ERR_BAD_INPUT;
}

static enum err read_other(const OTHERNAME *other, struct name_alt *alt, struct why *why)
{
    struct span type = span_of(OBJ_get0_data(other->type_id), OBJ_length(other->type_id));
    if (!span_equal(type, span_of(name_module_oid, sizeof name_module_oid))) {
        alt->others++;
        return OK;
    }
    alt->modules++;
    if (read_module(other->value, alt) != OK)
        return why_set(why, ERR_BAD_CERTIFICATE, "the hardwareModuleName is malformed (RFC 4108 5)");
    return OK;
}

static enum err read_one(const GENERAL_NAME *name, struct name_alt *alt, struct why *why)
{
    int type;
    const void *value = GENERAL_NAME_get0_value(name, &type);
    if (type == GEN_OTHERNAME)
        return read_other(value, alt, why);
    if (type == GEN_DNS || type == GEN_IPADD) {
        alt->hosts++;
        return OK;
    }
    struct span text = { 0 };
    if (type == GEN_URI)
        text = span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    if (text.n >= strlen(URN_PREFIX) && memcmp(text.at, URN_PREFIX, strlen(URN_PREFIX)) == 0) {
        alt->urns++;
        alt->urn = text;
    } else {
        alt->others++;
    }
    return OK;
}

enum err name_alt_read(const X509 *x509, struct name_alt *ret_alt, struct why *why)
{
    struct name_alt alt = { 0 };
    int critical = -1;
    alt.names = X509_get_ext_d2i(x509, NID_subject_alt_name, &critical, NULL);
    if (alt.names == NULL && critical != -1)
        return openssl_fail(why, ERR_BAD_CERTIFICATE, "the subjectAltName is malformed or there twice (RFC 5280 4.2.1.6)");
    for (int i = 0; i < sk_GENERAL_NAME_num(alt.names); i++) {
        enum err err = read_one(sk_GENERAL_NAME_value(alt.names, i), &alt, why);
        if (err != OK) {
            name_alt_done(&alt);
            return err;
        }
    }
    *ret_alt = alt;
    return OK;
}

void name_alt_done(struct name_alt *alt)
{
    GENERAL_NAMES_free(alt->names);
    *alt = (struct name_alt){ 0 };
}

static bool is_name_char(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
}

/* Splits "KIND:NAME" behind the prefix; both parts are letters, digits, hyphen, dot, underscore. */
static enum err split_urn(struct span urn, char ret_kind[LIMIT_NAME + 1], char ret_name[LIMIT_NAME + 1])
{
    if (urn.n < strlen(URN_PREFIX) || memcmp(urn.at, URN_PREFIX, strlen(URN_PREFIX)) != 0)
        return ERR_BAD_INPUT;
    struct span rest = span_of(urn.at + strlen(URN_PREFIX), urn.n - strlen(URN_PREFIX));
    const uint8_t *colon = rest.n == 0 ? NULL : memchr(rest.at, ':', rest.n);
    if (colon == NULL)
        return ERR_BAD_INPUT;
    size_t kind_n = (size_t)(colon - rest.at), name_n = rest.n - kind_n - 1;
    if (kind_n == 0 || kind_n > LIMIT_NAME || name_n == 0 || name_n > LIMIT_NAME)
        return ERR_BAD_INPUT;
    for (size_t i = 0; i < rest.n; i++)
        if (i != kind_n && !is_name_char(rest.at[i]))
            return ERR_BAD_INPUT;
    memcpy(ret_kind, rest.at, kind_n);
    memcpy(ret_name, colon + 1, name_n);
    ret_kind[kind_n] = ret_name[name_n] = '\0';
    return OK;
}

enum err name_urn_parse(struct span urn, enum role *ret_role, char ret_name[LIMIT_NAME + 1])
{
    char kind[LIMIT_NAME + 1], name[LIMIT_NAME + 1];
    enum role role;
    if (split_urn(urn, kind, name) != OK || role_parse(kind, &role) != OK)
        return ERR_BAD_INPUT;
    if (role == ROLE_ANONYMOUS || role == ROLE_DEVICE || role == ROLE_GATEWAY) /* none is ever said by a URN */
        return ERR_BAD_INPUT;
    *ret_role = role;
    memcpy(ret_name, name, sizeof name);
    return OK;
}

enum err name_issuer_kind(const X509 *ca, char ret_kind[LIMIT_NAME + 1], struct why *why)
{
    AUTO_NAME_ALT alt = { 0 };
    char kind[LIMIT_NAME + 1], name[LIMIT_NAME + 1] = "";
    enum err err = name_alt_read(ca, &alt, why);
    if (err != OK)
        return err;
    if (alt.urns > 1 || (alt.urns == 1 && (split_urn(alt.urn, kind, name) != OK || strcmp(kind, "issuer") != 0)))
        return why_set(why, ERR_BAD_CERTIFICATE, "the issuing certificate does not say clearly what it issues");
    memcpy(ret_kind, name, strlen(name) + 1);
    return OK;
}
