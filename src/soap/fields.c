#include "soap/fields.h"

#include <assert.h>
#include <stddef.h>

#include "base/limit.h"

/* The rows of a record stand in a function of their own, so that `here` can name its struct for offsetof. */
#define ONE .must = true, .most = LIMIT_XML_TEXT
#define MAYBE .must = false, .most = LIMIT_XML_TEXT
#define LONG .must = true, .most = LIMIT_LISTS
#define FIELD_ROW(field_kind, member, name, occurs) \
    { .kind = SOAP_##field_kind, .element = name, occurs, .offset = offsetof(here, member) },
#define LIST_ROW(of, member, name) \
    { .kind = SOAP_LIST_OF, \
      .element = name, \
      .offset = offsetof(here, member), \
      .n_offset = offsetof(here, member##_n), \
      .record = record_##of },
#define RECORD(stem) \
    static const struct soap_record *record_##stem(void) \
    { \
        typedef struct stem here; \
        static const struct soap_field fields[] = { FIELDS_##stem(FIELD_ROW, LIST_ROW){ .element = NULL } }; \
        static const struct soap_record record = { \
            .name = #stem, .size = sizeof(here), .fields = fields, .fields_n = sizeof fields / sizeof *fields - 1 \
        }; \
        static_assert(sizeof fields / sizeof *fields - 1 <= SOAP_FIELDS_MAX, "too many fields"); \
        return &record; \
    }

SOAP_RECORDS(RECORD)
#define M(code, stem, operation, services, roles, most) RECORD(stem##_request) RECORD(stem##_response)
SOAP_MESSAGES(M)
#undef M

typedef const struct soap_record *record_fn(void);

const struct soap_record *soap_record_of(enum soap_message message, bool response)
{
    static record_fn *const records[SOAP_MESSAGE_COUNT][2] = {
#define M(code, stem, operation, services, roles, most) [SOAP_##code] = { record_##stem##_request, record_##stem##_response },
        SOAP_MESSAGES(M)
#undef M
    };
    return records[message][response]();
}

const struct soap_record *soap_inner_record(size_t i)
{
    static record_fn *const records[SOAP_RECORD_COUNT] = {
#define R(stem) record_##stem,
        SOAP_RECORDS(R)
#undef R
    };
    return records[i]();
}

bool soap_record_streams(const struct soap_record *record)
{
    return record->fields_n == 1 && record->fields[0].kind == SOAP_LIST_OF;
}

const struct soap_message_row *soap_message_row(enum soap_message message)
{
    static const struct soap_message_row rows[SOAP_MESSAGE_COUNT] = {
#define M(code, stem, name, where, who, most) \
    [SOAP_##code] = { .operation = name, .services = where, .roles = who, .max_body = most },
        SOAP_MESSAGES(M)
#undef M
    };
    return &rows[message];
}

const struct soap_service_row *soap_service_row(enum soap_service service)
{
    static const struct soap_service_row rows[SERVICE_COUNT] = {
#define S(code, service_name, endpoint, target) [SERVICE_##code] = { .name = service_name, .path = endpoint, .ns = target },
        SOAP_SERVICES(S)
#undef S
    };
    return &rows[service];
}

unsigned soap_service_peers(enum soap_service service)
{
    unsigned peers = 0;
    for (unsigned m = 0; m < SOAP_MESSAGE_COUNT; m++) {
        const struct soap_message_row *row = soap_message_row((enum soap_message)m);
        if ((row->services & 1u << (unsigned)service) != 0)
            peers |= row->roles;
    }
    return peers;
}

enum err soap_find_operation(enum soap_service service, struct span name, enum soap_message *ret_message)
{
    for (unsigned m = 0; m < SOAP_MESSAGE_COUNT; m++) {
        const struct soap_message_row *row = soap_message_row((enum soap_message)m);
        if ((row->services & 1u << service) != 0 && span_equal(span_text(row->operation), name)) {
            *ret_message = (enum soap_message)m;
            return OK;
        }
    }
    return ERR_UNSUPPORTED;
}
