#include "center/answer.h"

#include "base/hex.h"

const struct operation answer_operations[] = {
    { "counters", SOAP_CHARGE_COUNTER }, { "information", SOAP_DEVICE_INFORMATION }, { "interval", SOAP_POLLING_INTERVAL },
    { "restart", SOAP_RESTART },         { "renew", SOAP_RENEW_IDENTITY },           { "program", SOAP_FETCH_PROGRAM },
    { "threshold", SOAP_COUNTER_THRESHOLD },
};
const size_t answer_operations_n = sizeof answer_operations / sizeof *answer_operations;

const struct operation *answer_operation(const char *word)
{
    for (size_t i = 0; i < answer_operations_n; i++)
        if (strcmp(answer_operations[i].word, word) == 0)
            return &answer_operations[i];
    return NULL;
}

static json_t *hex_of(struct span bytes)
{
    char text[2 * 64 + 1];
    hex_encode(bytes.at, bytes.n > 64 ? 64 : bytes.n, text);
    return json_string(text);
}

/* One function for each response of the remote service, from the rows of soap/messages_field.h. Lists are of records with
 * name and value, and become an object. */
#define JSON_TEXT(value) json_string(value)
#define JSON_NUMBER(value) json_string((value).text)
#define JSON_BYTES(value) hex_of(value)
#define JSON_INT(value) json_integer(value)
#define JSON_FLAG(value) json_boolean(value)
#define VALUE_counter_value(record) json_integer((record).value)
#define VALUE_parameter(record) json_string((record).value)
#define PUT(kind, member, element, occurs) json_object_set_new(to, element, JSON_##kind(r->member));
#define PUT_LIST(record, member, element)                                                                                        \
    json_t *member = json_object();                                                                                              \
    for (size_t i = 0; i < r->member##_n; i++)                                                                                   \
        json_object_set_new(member, r->member[i].name, VALUE_##record(r->member[i]));                                            \
    json_object_set_new(to, #member, member);
#define RESPONSE(stem)                                                                                                           \
    static void put_##stem(const void *body, json_t *to)                                                                         \
    {                                                                                                                            \
        const struct stem##_response *r = body;                                                                                  \
        FIELDS_##stem##_response(PUT, PUT_LIST)                                                                                  \
    }
RESPONSE(charge_counter)
RESPONSE(device_information)
RESPONSE(polling_interval)
RESPONSE(restart)
RESPONSE(renew_identity)
RESPONSE(fetch_program)
RESPONSE(counter_hand_over)
RESPONSE(counter_threshold)

static const struct {
    enum soap_message message;
    void (*put)(const void *body, json_t *to);
} responses[] = {
    { SOAP_CHARGE_COUNTER, put_charge_counter },       { SOAP_DEVICE_INFORMATION, put_device_information },
    { SOAP_POLLING_INTERVAL, put_polling_interval },   { SOAP_RESTART, put_restart },
    { SOAP_RENEW_IDENTITY, put_renew_identity },       { SOAP_FETCH_PROGRAM, put_fetch_program },
    { SOAP_COUNTER_HAND_OVER, put_counter_hand_over }, { SOAP_COUNTER_THRESHOLD, put_counter_threshold },
};

json_t *answer_as_json(const char *operation, struct span envelope)
{
    json_t *to = json_object();
    struct why why = { "" };
    for (size_t i = 0; to != NULL && i < sizeof responses / sizeof *responses; i++) {
        if (strcmp(soap_message_row(responses[i].message)->operation, operation) != 0)
            continue;
        AUTO_PARSED parsed = { .arena = NULL };
        enum err err = soap_read_response(SERVICE_REMOTE, responses[i].message, envelope, &parsed, &why);
        if (err == OK) {
            responses[i].put(parsed.body, to);
        } else {
            json_object_set_new(to, "error", json_string(err_row(err)->name));
            json_object_set_new(to, "reason", json_string(why_text(&why, err)));
        }
    }
    return to;
}
