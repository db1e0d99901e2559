/* Identity packs: whatever is accepted is encoded back to the same bytes. */
#include <stdlib.h>

#include "model/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pack pack;
    AUTO_WIPED_BUF again = BUF_INIT;
    if (pack_decode(span_of(data, size), &pack, NULL) != OK)
        return 0;
    if (pack_encode(&pack, &again) != OK || !span_equal(buf_span(&again), span_of(data, size)))
        abort();
    return 0;
}
