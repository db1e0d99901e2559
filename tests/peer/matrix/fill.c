/* Requests with all their fields, from the rows of soap/messages.h. */
#include <stdio.h>
#include <string.h>

#include "matrix.h"

static const char *filling; /* the device number */

/* Elements whose text has a meaning; everything else is "x". */
static const struct {
    const char *element, *text;
} texts[] = {
    { "model", "3012" }, { "outcome", "NG" }, { "order", "PO-1" }, { "boardId", "B-1" },
};

static const char *text_of(const char *element)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(texts[i].element, element) == 0)
            return texts[i].text;
    return strcmp(element, "deviceNumber") == 0 ? filling : "x";
}

static struct device_number number_of(void)
{
    struct device_number number = { .text = "" };
    if (number_parse(span_text(filling), &number, NULL) != OK)
        memset(&number, 0, sizeof number);
    return number;
}

static const uint8_t octets[32] = { 1, 2, 3 };

#define FILL_TEXT(element) text_of(element)
#define FILL_NUMBER(element) number_of()
#define FILL_BYTES(element) span_of(octets, sizeof octets)
#define FILL_INT(element) 1
#define FILL_FLAG(element) true
#define FIELD(kind, member, element, occurs) body.member = FILL_##kind(element);
#define LIST(record, member, element) \
    static struct record member; \
    member = some_##record(); \
    body.member = &member; \
    body.member##_n = 1;

/* Records of answers only are not used. */
#define R(record) \
    __attribute__((unused)) static struct record some_##record(void) \
    { \
        struct record body; \
        memset(&body, 0, sizeof body); \
        FIELDS_##record(FIELD, LIST) \
        return body; \
    }
SOAP_RECORDS(R)
#undef R

#define M(code, stem, operation, services, roles, most) \
    static enum err write_##stem(enum soap_service service, const struct soap_header *header, struct buf *to) \
    { \
        struct stem##_request body; \
        memset(&body, 0, sizeof body); \
        FIELDS_##stem##_request(FIELD, LIST) \
        return soap_write_request(service, SOAP_##code, header, &body, to); \
    }
SOAP_MESSAGES(M)
#undef M

typedef enum err write_fn(enum soap_service service, const struct soap_header *header, struct buf *to);

enum err fill_request(enum soap_service service, enum soap_message message, const char *number, struct buf *to)
{
    static write_fn *const writers[SOAP_MESSAGE_COUNT] = {
#define M(code, stem, operation, services, roles, most) [SOAP_##code] = write_##stem,
        SOAP_MESSAGES(M)
#undef M
    };
    static unsigned serial;
    struct soap_header header = { .version = SOAP_1_1 };
    snprintf(header.message_id, sizeof header.message_id, "urn:matrix:%u", ++serial);
    filling = number;
    return writers[message](service, &header, to);
}
