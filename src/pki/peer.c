/* Who a certificate says its holder is. */
#include <openssl/x509v3.h>

#include "pki/name.h"

/* The number of an 802.1AR subject: the one serialNumber, the CN if there is one, and the hardware module's
 * serial number must all be the same. */
static enum err read_number(X509 *x509, const struct name_alt *alt, struct device_number *ret_number, struct why *why)
{
    struct span serial, cn;
    struct device_number number;
    const X509_NAME *subject = X509_get_subject_name(x509);
    enum err err = name_attribute(subject, NID_serialNumber, &serial, why);
    if (err == OK)
        err = name_attribute(subject, NID_commonName, &cn, why);
    if (err != OK)
        return err;
    if (serial.n == 0)
        return why_set(why, ERR_BAD_CERTIFICATE, "the subject has no serialNumber (IEEE 802.1AR 8.6)");
    err = number_parse(serial, &number, why);
    if (err != OK)
        return why_prefix(why, ERR_BAD_CERTIFICATE, "the subject's serialNumber");
    if (cn.n != 0 && !span_equal(cn, serial))
        return why_set(why, ERR_BAD_CERTIFICATE, "the subject's commonName is not its serialNumber %s", number.text);
    if (alt->modules != 1)
        return why_set(why, ERR_BAD_CERTIFICATE, "there are %zu hardwareModuleNames instead of one (IEEE 802.1AR 8.10.4)",
                       alt->modules);
    if (!span_equal(alt->module_serial, serial))
        return why_set(why, ERR_BAD_CERTIFICATE, "the hardwareModuleName's serial number is not the subject's %s", number.text);
    *ret_number = number;
    return OK;
}

enum err cert_device_number(const struct cert *cert, struct device_number *ret_number, struct why *why)
{
    AUTO_NAME_ALT alt = { 0 };
    enum err err = name_alt_read(cert_x509(cert), &alt, why);
    if (err == OK && alt.urns != 0)
        err = why_set(why, ERR_BAD_CERTIFICATE, "a certificate with a " URN_PREFIX " name is no device identity");
    return err != OK ? err : read_number(cert_x509(cert), &alt, ret_number, why);
}

static enum err read_role(X509 *x509, const struct name_alt *alt, struct peer *peer, struct why *why)
{
    if (alt->urns != 1 || alt->modules != 0)
        return why_set(why, ERR_BAD_CERTIFICATE, "the certificate says more than one thing about its holder");
    if (X509_NAME_get_index_by_NID(X509_get_subject_name(x509), NID_serialNumber, -1) >= 0)
        return why_set(why, ERR_BAD_CERTIFICATE, "the certificate names a role and a device number");
    if (name_urn_parse(alt->urn, &peer->role, peer->name) != OK)
        return why_set(why, ERR_BAD_CERTIFICATE, "\"%.*s\" is no role", alt->urn.n < 80 ? (int)alt->urn.n : 80,
                       (const char *)alt->urn.at);
    if (peer->role == ROLE_BOOTSTRAP && !number_is_model(span_text(peer->name)))
        return why_set(why, ERR_BAD_CERTIFICATE, "the bootstrap certificate's name \"%s\" is no model code", peer->name);
    return OK;
}

/* A gateway's identity differs from a device's in one thing: it may serve. Whether it has no further purpose is for
 * shape.c to say. */
static enum role role_of_identity(X509 *x509)
{
    bool serves = false;
    EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
    for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++)
        serves = serves || OBJ_obj2nid(sk_ASN1_OBJECT_value(usage, i)) == NID_server_auth;
    sk_ASN1_OBJECT_pop_free(usage, ASN1_OBJECT_free);
    return serves ? ROLE_GATEWAY : ROLE_DEVICE;
}

enum err cert_peer(const struct cert *cert, struct peer *ret_peer, struct why *why)
{
    AUTO_NAME_ALT alt = { 0 };
    struct peer peer = { .role = ROLE_ANONYMOUS };
    struct device_number number;
    X509 *x509 = cert_x509(cert);
    enum err err = name_alt_read(x509, &alt, why);
    if (err == OK && alt.urns != 0) {
        err = read_role(x509, &alt, &peer, why);
    } else if (err == OK) {
        err = read_number(x509, &alt, &number, why);
        peer.role = role_of_identity(x509);
        if (err == OK)
            memcpy(peer.name, number.text, sizeof number.text);
    }
    if (err != OK)
        return err;
    cert_fingerprint(cert, peer.fingerprint);
    *ret_peer = peer;
    return OK;
}
