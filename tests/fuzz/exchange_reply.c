/* What the devices and gateways below make of a reply. Any bytes as an ExchangeResponse, whose answers are read as answers to
 * each call that a device makes, and its calls as calls; and, since no fuzzer sees through base64, the same bytes as the
 * envelope of an answer, carried in an ExchangeResponse of ours: it must come out as it went in. An answer that could be read
 * goes out again and comes back the same. */
#include <stdlib.h>

#include "soap/soap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Escaping makes a message longer, so that one just below its ceiling may not come back. */
enum { ROOM = LIMIT_MESSAGE / 8, INSIDE = LIMIT_EXCHANGE / 2 };

static void check_again(enum soap_service service, const struct soap_parsed *parsed)
{
    AUTO_BUF once = BUF_INIT, twice = BUF_INIT;
    AUTO_PARSED again = { .body = NULL };
    if (soap_write_response(service, parsed->message, &parsed->header, parsed->body, &once) != OK ||
        soap_read_response(service, parsed->message, buf_span(&once), &again, NULL) != OK ||
        soap_write_response(service, again.message, &again.header, again.body, &twice) != OK ||
        !span_equal(buf_span(&once), buf_span(&twice)))
        abort();
}

static void read_answer(enum soap_service service, struct span envelope)
{
    for (unsigned m = 0; m < SOAP_MESSAGE_COUNT; m++) {
        AUTO_PARSED parsed = { .body = NULL };
        struct why why = { "" };
        if ((soap_message_row((enum soap_message)m)->services & 1u << service) == 0)
            continue;
        if (soap_read_response(service, (enum soap_message)m, envelope, &parsed, &why) == OK && envelope.n < ROOM)
            check_again(service, &parsed);
    }
}

/* As device and gateway do: answers to what went up, calls that come down. */
static void read_letters(const struct exchange_response *reply)
{
    for (size_t i = 0; i < reply->answers_n; i++)
        read_answer(SERVICE_CENTER, reply->answers[i].envelope);
    for (size_t i = 0; i < reply->calls_n; i++) {
        AUTO_PARSED call = { .body = NULL };
        struct why why = { "" };
        (void)!soap_read_request(SERVICE_REMOTE, reply->calls[i].envelope, &call, &why);
    }
}

static void carry(struct span envelope)
{
    AUTO_BUF xml = BUF_INIT;
    AUTO_PARSED parsed = { .body = NULL };
    const struct soap_header header = { .version = SOAP_1_2 };
    struct field_answer answer = { .id = "urn:uuid:1", .number = { "3012-000001" }, .kind = "response", .envelope = envelope };
    const struct exchange_response reply = { .answers = &answer, .answers_n = 1 };
    if (soap_write_response(SERVICE_FIELD, SOAP_EXCHANGE, &header, &reply, &xml) != OK ||
        soap_read_response(SERVICE_FIELD, SOAP_EXCHANGE, buf_span(&xml), &parsed, NULL) != OK)
        abort();
    const struct exchange_response *came = parsed.body;
    if (came->answers_n != 1 || !span_equal(came->answers[0].envelope, envelope))
        abort();
    read_letters(came);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_PARSED parsed = { .body = NULL };
    struct why why = { "" };
    struct span bytes = span_of(data, size);
    if (soap_read_response(SERVICE_FIELD, SOAP_EXCHANGE, bytes, &parsed, &why) == OK) {
        if (size < ROOM)
            check_again(SERVICE_FIELD, &parsed);
        read_letters(parsed.body);
    }
    if (size > 0 && size < INSIDE)
        carry(bytes);
    read_answer(SERVICE_REMOTE, bytes); /* a device's answer, as the centre reads it */
    return 0;
}
