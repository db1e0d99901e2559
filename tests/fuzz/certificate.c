/* Certificates: reading one, asking who its holder is, judging its shape against a trust that does not know it.
 * Whatever is accepted is DER that comes back byte for byte, and its holder's name is clean. */
#include <stdlib.h>

#include "pki/shape.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(const struct cert *cert)
{
    char serial[CERT_SERIAL_TEXT];
    int64_t begin, end;
    struct peer peer;
    struct device_number number;
    AUTO_BUF subject = BUF_INIT;
    cert_serial(cert, serial);
    cert_times(cert, &begin, &end);
    (void)!cert_subject(cert, &subject);
    if (cert_peer(cert, &peer, NULL) == OK && peer.role == ROLE_DEVICE &&
        number_parse(span_text(peer.name), &number, NULL) != OK)
        abort();
    for (int profile = VERIFY_DEVICE; profile <= VERIFY_BOOTSTRAP; profile++)
        (void)!shape_check(cert, cert_x509(cert), (enum verify_profile)profile, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_CERT cert = NULL;
    AUTO_TRUST trust = NULL;
    const struct verify_request request = { .profile = VERIFY_DEVICE, .now_s = 1795363200 };
    if (cert_from_der(span_of(data, size), &cert, NULL) != OK || trust_new(&trust) != OK)
        return 0;
    if (!span_equal(cert_der(cert), span_of(data, size)))
        abort();
    ask(cert);
    if (verify_certificate(trust, cert, &request, NULL) == OK) /* nothing is trusted */
        abort();
    return 0;
}
