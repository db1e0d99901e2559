/* A batch in any cut: the first byte says how large the pieces are; the items must be those of one whole piece. */
#include <stdlib.h>

#include "soap/soap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err take(void *context, const void *record)
{
    const struct issued_pack *pack = record;
    uint64_t *sum = context;
    for (size_t i = 0; i < pack->pack.n; i++)
        *sum = *sum * 31 + pack->pack.at[i];
    *sum = *sum * 31 + strlen(pack->order) + strlen(pack->number.text) + 1;
    return OK;
}

static enum err run(struct span in, size_t step, uint64_t *sum)
{
    struct soap_stream *stream;
    const struct soap_stream_events events = { .on_item = take, .context = sum };
    struct why why = { { 0 } };
    if (soap_stream_new(SERVICE_CA, SOAP_CERTIFICATE_TRANSMISSION, true, &events, &stream) != OK)
        abort();
    enum err err = OK;
    do {
        size_t n = in.n < step ? in.n : step;
        err = soap_stream_push(stream, span_of(in.at, n), n == in.n, &why);
        in = span_of(in.at + n, in.n - n);
    } while (err == OK && in.n != 0);
    soap_stream_free(stream);
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct span in = span_of(data + 1, size - 1);
    uint64_t whole = 0, cut = 0;
    enum err err = run(in, in.n, &whole);
    if (run(in, (size_t)data[0] + 1, &cut) != err || whole != cut)
        abort();
    return 0;
}
