/* Any bytes as the answer to each message of each service. */
#include "soap/soap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (unsigned s = 0; s < SERVICE_COUNT; s++)
        for (unsigned m = 0; m < SOAP_MESSAGE_COUNT; m++) {
            AUTO_PARSED parsed = { .body = NULL };
            struct why why = { { 0 } };
            if ((soap_message_row((enum soap_message)m)->services & 1u << s) == 0)
                continue;
            (void)!soap_read_response((enum soap_service)s, (enum soap_message)m, span_of(data, size), &parsed, &why);
        }
    return 0;
}
