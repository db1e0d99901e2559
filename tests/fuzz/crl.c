/* Revocation lists and files of certificates, PEM and DER. */
#include "pki/verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_TRUST trust = NULL;
    if (trust_new(&trust) != OK)
        return 0;
    (void)!trust_add_crls(trust, span_of(data, size), NULL);
    (void)!trust_add_roots(trust, span_of(data, size), NULL);
    (void)!trust_add_intermediates(trust, span_of(data, size), NULL);
    return 0;
}
