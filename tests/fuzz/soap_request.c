/* Any bytes as a request to each service, and as an exchange whose calls are read in their turn; what is read must go out
 * again and come back the same. */
#include <stdlib.h>

#include "soap/soap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(enum soap_service service, const struct soap_parsed *parsed)
{
    AUTO_BUF once = BUF_INIT, twice = BUF_INIT;
    AUTO_PARSED again = { .body = NULL };
    if (soap_write_request(service, parsed->message, &parsed->header, parsed->body, &once) != OK ||
        soap_read_request(service, buf_span(&once), &again, NULL) != OK ||
        soap_write_request(service, again.message, &again.header, again.body, &twice) != OK ||
        !span_equal(buf_span(&once), buf_span(&twice)))
        abort();
}

/* Escaping makes a message longer, so that one just below its ceiling may not come back. */
enum { ROOM = LIMIT_MESSAGE / 8 };

static void read_as(enum soap_service service, struct span bytes)
{
    AUTO_PARSED parsed = { .body = NULL };
    struct why why = { { 0 } };
    if (soap_read_request(service, bytes, &parsed, &why) != OK)
        return;
    if (bytes.n < ROOM)
        check_again(service, &parsed);
    if (parsed.message != SOAP_EXCHANGE)
        return;
    const struct exchange_request *exchange = parsed.body;
    for (size_t i = 0; i < exchange->calls_n; i++)
        read_as(SERVICE_CENTER, exchange->calls[i].envelope);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (unsigned s = 0; s < SERVICE_COUNT; s++)
        read_as((enum soap_service)s, span_of(data, size));
    return 0;
}
