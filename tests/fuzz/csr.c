/* Signing requests: whatever is accepted gives a public key of a known type. */
#include <stdlib.h>

#include "pki/issuer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_BUF spki = BUF_INIT;
    enum err err = csr_read(span_of(data, size), &spki, NULL);
    if ((err == OK) != (spki.len != 0))
        abort();
    return 0;
}
