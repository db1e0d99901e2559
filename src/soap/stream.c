#include "soap/reader.h"

#include <stdlib.h>

#include "base/limit.h"

struct soap_stream {
    struct soap_reader reader;
    struct soap_stream_events events;
};

enum err soap_stream_new(enum soap_service service, enum soap_message message, bool response,
                         const struct soap_stream_events *events, struct soap_stream **ret_stream)
{
    /* One item at a time lives in the arena: its texts, once as they are and once decoded. */
    const size_t max_item = 4 * (size_t)LIMIT_XML_TEXT;
    if (!soap_record_streams(soap_record_of(message, response)))
        return ERR_UNSUPPORTED;
    struct soap_stream *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NO_MEMORY;
    s->events = *events;
    s->reader = (struct soap_reader){ .service = service,
                                      .message = message,
                                      .fixed = true,
                                      .response = response,
                                      .events = &s->events,
                                      .max_bytes = response ? SIZE_MAX : soap_message_row(message)->max_body };
    enum err err = soap_reader_init(&s->reader, max_item);
    if (err != OK) {
        soap_stream_free(s);
        return err;
    }
    *ret_stream = s;
    return OK;
}

enum err soap_stream_push(struct soap_stream *s, struct span piece, bool last, struct why *why)
{
    return soap_reader_push(&s->reader, piece, last, why);
}

const struct soap_header *soap_stream_header(const struct soap_stream *s) { return &s->reader.header; }

void soap_stream_free(struct soap_stream *s)
{
    if (s == NULL)
        return;
    soap_reader_done(&s->reader);
    free(s);
}
