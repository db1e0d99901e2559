/* What a profile may not say: each rule names the setting and the clause that forbids it. */
#include <openssl/x509v3.h>

#include "pki/name.h"
#include "pki/profile_parts.h"

static enum err refuse(const struct profile *p, enum profile_setting setting, const char *reason, struct why *why)
{
    const char *text = p->text[setting];
    return why_set(why, ERR_BAD_PROFILE, "[%s] %s%s%.80s: %s", p->name, profile_setting_name(setting),
                   text == NULL ? " (absent)" : " = ", text == NULL ? "" : text, reason);
}

static bool is_ca(const struct profile *p) { return p->use == USE_ROOT || p->use == USE_ISSUING; }

static enum err lint_stray(const struct profile *p, struct why *why)
{
    if (p->stray == NULL)
        return OK;
    if (strstr(p->stray, "critical") != NULL)
        return why_set(why, ERR_BAD_PROFILE,
                       "[%s] %s: a critical extension that nobody knows makes the certificate useless (RFC 5280 4.2)", p->name,
                       p->stray);
    return why_set(why, ERR_BAD_PROFILE, "[%s] %s: a profile has no such setting", p->name, p->stray);
}

static enum err lint_basic_constraints(const struct profile *p, struct why *why)
{
    if (!is_ca(p)) {
        if (p->text[SET_BASIC_CONSTRAINTS] == NULL)
            return OK;
        return refuse(p, SET_BASIC_CONSTRAINTS, "only CAs have it; CA:TRUE on a leaf would let it issue (RFC 5280 4.2.1.9)", why);
    }
    X509_EXTENSION *extension = profile_extension(p, SET_BASIC_CONSTRAINTS);
    BASIC_CONSTRAINTS *bc = extension == NULL ? NULL : X509V3_EXT_d2i(extension);
    bool good = bc != NULL && bc->ca != 0 && X509_EXTENSION_get_critical(extension) == 1;
    bool short_path = bc != NULL && bc->pathlen != NULL && ASN1_INTEGER_get(bc->pathlen) == 0;
    BASIC_CONSTRAINTS_free(bc);
    X509_EXTENSION_free(extension);
    if (!good)
        return refuse(p, SET_BASIC_CONSTRAINTS, "a CA's certificate has critical,CA:TRUE (RFC 5280 4.2.1.9)", why);
    if ((p->use == USE_ISSUING) != short_path)
        return refuse(p, SET_BASIC_CONSTRAINTS,
                      p->use == USE_ROOT ? "pathlen:0 would forbid the CAs below (RFC 5280 4.2.1.9)"
                                         : "a CA that issues to leaves has pathlen:0 (RFC 5280 4.2.1.9)",
                      why);
    return OK;
}

enum { DIGITAL_SIGNATURE = 0x80, CERT_AND_CRL_SIGN = 0x06 }; /* bits as they lie in the first byte of KeyUsage */

static enum err lint_key_usage(const struct profile *p, struct why *why)
{
    X509_EXTENSION *extension = profile_extension(p, SET_KEY_USAGE);
    ASN1_BIT_STRING *bits = extension == NULL ? NULL : X509V3_EXT_d2i(extension);
    bool critical = extension != NULL && X509_EXTENSION_get_critical(extension) == 1;
    int said = bits != NULL && ASN1_STRING_length(bits) == 1 ? ASN1_STRING_get0_data(bits)[0] : -1;
    ASN1_BIT_STRING_free(bits);
    X509_EXTENSION_free(extension);
    if (!critical)
        return refuse(p, SET_KEY_USAGE, "must be there and critical (RFC 5280 4.2.1.3)", why);
    if (is_ca(p) && said != CERT_AND_CRL_SIGN)
        return refuse(p, SET_KEY_USAGE, "a CA has exactly keyCertSign,cRLSign (RFC 5280 4.2.1.3)", why);
    if (!is_ca(p) && (said & CERT_AND_CRL_SIGN) != 0 && said > 0)
        return refuse(p, SET_KEY_USAGE, "keyCertSign and cRLSign are for CAs alone (RFC 5280 4.2.1.3)", why);
    if (!is_ca(p) && said != DIGITAL_SIGNATURE)
        return refuse(p, SET_KEY_USAGE, "must be exactly critical,digitalSignature (IEEE 802.1AR 8.10.5)", why);
    return OK;
}

static enum err lint_purposes(const struct profile *p, struct why *why)
{
    X509_EXTENSION *extension = profile_extension(p, SET_EXT_KEY_USAGE);
    EXTENDED_KEY_USAGE *usage = extension == NULL ? NULL : X509V3_EXT_d2i(extension);
    bool critical = extension != NULL && X509_EXTENSION_get_critical(extension) == 1, any = false, server = false, client = false;
    int n = usage == NULL ? 0 : sk_ASN1_OBJECT_num(usage);
    for (int i = 0; i < n; i++) {
        int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, i));
        any = any || nid == NID_anyExtendedKeyUsage;
        server = server || nid == NID_server_auth;
        client = client || nid == NID_client_auth;
    }
    sk_ASN1_OBJECT_pop_free(usage, ASN1_OBJECT_free);
    X509_EXTENSION_free(extension);
    if (any)
        return refuse(p, SET_EXT_KEY_USAGE, "anyExtendedKeyUsage undoes the restriction (RFC 5280 4.2.1.12)", why);
    if (is_ca(p))
        return p->text[SET_EXT_KEY_USAGE] == NULL ? OK : refuse(p, SET_EXT_KEY_USAGE, "our CAs have none (RFC 5280 4.2.1.12)", why);
    if (critical)
        return refuse(p, SET_EXT_KEY_USAGE, "must not be critical (doc/protocol/certificates.md)", why);
    if (p->use == USE_DEVICE && !(client && (n == 1 || (n == 2 && server))))
        return refuse(p, SET_EXT_KEY_USAGE, "a device identity has exactly clientAuth, a gateway's serverAuth too (RFC 5280 4.2.1.12)", why);
    if (p->use != USE_DEVICE && !(n == 2 && client && server))
        return refuse(p, SET_EXT_KEY_USAGE, "must be exactly serverAuth,clientAuth (RFC 5280 4.2.1.12)", why);
    return OK;
}

static enum err lint_key_identifiers(const struct profile *p, struct why *why)
{
    const char *subject = p->text[SET_SUBJECT_KEY], *authority = p->text[SET_AUTHORITY_KEY];
    if (subject == NULL || strcmp(subject, "hash") != 0)
        return refuse(p, SET_SUBJECT_KEY, "must be hash (RFC 5280 4.2.1.2)", why);
    if (authority == NULL || strcmp(authority, "keyid") != 0)
        return refuse(p, SET_AUTHORITY_KEY, "must be keyid (RFC 5280 4.2.1.1)", why);
    return OK;
}

enum { SUBJECT_TEXT_MAX = 64 }; /* ub-organization-name (RFC 5280 appendix A.1) */

static enum err lint_subject_text(const struct profile *p, struct why *why)
{
    static const enum profile_setting texts[] = { SET_COUNTRY, SET_ORGANIZATION, SET_UNIT };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *text = p->text[texts[i]];
        if (text == NULL)
            continue;
        if (text[0] == '\0' || strlen(text) > SUBJECT_TEXT_MAX || !name_is_clean(span_text(text)))
            return refuse(p, texts[i], "must be 1 to 64 bytes of text without control characters (RFC 5280 A.1)", why);
    }
    const char *country = p->text[SET_COUNTRY];
    if (country != NULL && (strlen(country) != 2 || strspn(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2))
        return refuse(p, SET_COUNTRY, "must be two capital letters (RFC 5280 A.1)", why);
    return OK;
}

static enum err lint_number(const struct profile *p, struct why *why)
{
    const char *serial = p->text[SET_SERIAL_NUMBER], *cn = p->text[SET_COMMON_NAME];
    if (p->use != USE_DEVICE) {
        if (serial != NULL)
            return refuse(p, SET_SERIAL_NUMBER, "only a device identity has a device number (IEEE 802.1AR 8.6)", why);
        return cn == NULL ? OK : refuse(p, SET_COMMON_NAME, "is given with each certificate", why);
    }
    if (serial == NULL || strcmp(serial, "number") != 0)
        return refuse(p, SET_SERIAL_NUMBER, "the subject of a device identity has serialNumber = number (IEEE 802.1AR 8.6)", why);
    if (cn != NULL && strcmp(cn, "number") != 0 && strcmp(cn, "none") != 0)
        return refuse(p, SET_COMMON_NAME, "must be number or none", why);
    return OK;
}

enum { HARDWARE_TYPE_MAX = 32 }; /* content bytes; keeps the alternative name's lengths in one byte each */

static enum err lint_hardware_type(const struct profile *p, struct why *why)
{
    const char *text = p->text[SET_HARDWARE_TYPE];
    if (p->use != USE_DEVICE)
        return text == NULL ? OK : refuse(p, SET_HARDWARE_TYPE, "only a device identity has it (RFC 4108 5)", why);
    ASN1_OBJECT *object = text == NULL ? NULL : OBJ_txt2obj(text, 1);
    size_t n = object == NULL ? 0 : OBJ_length(object);
    ASN1_OBJECT_free(object);
    if (n == 0 || n > HARDWARE_TYPE_MAX)
        return refuse(p, SET_HARDWARE_TYPE, "must be an object identifier like 1.3.6.1.4.1.32473.1 (RFC 4108 5)", why);
    return OK;
}

enum err profile_lint(const struct profile *profile, struct why *why)
{
    static enum err (*const rules[])(const struct profile *, struct why *) = {
        lint_stray,           lint_basic_constraints, lint_key_usage, lint_purposes,
        lint_key_identifiers, lint_subject_text,      lint_number,    lint_hardware_type,
    };
    enum err err = OK;
    for (size_t i = 0; err == OK && i < sizeof rules / sizeof rules[0]; i++)
        err = rules[i](profile, why);
    if (err != OK)
        (void)openssl_fail(NULL, err, "what OpenSSL thought of it"); /* its queue is emptied; the sentence stands */
    return err;
}
