#include <inttypes.h>
#include <stdio.h>

#include "base/hex.h"
#include "base/limit.h"
#include "soap/envelope.h"
#include "soap/fields.h"
#include "soap/xml.h"

/* --- Fields: what stands at `member` as an element --- */

static enum err put_text(const struct soap_field *field, const uint8_t *member, struct buf *to)
{
    const char *text;
    memcpy(&text, member, sizeof text);
    struct span value = text == NULL ? span_of(NULL, 0) : span_text(text);
    if (value.n > field->most)
        return ERR_TOO_LARGE;
    return value.n == 0 && !field->must ? OK : xml_put_element(to, field->element, value);
}

static enum err put_number(const struct soap_field *field, const uint8_t *member, struct buf *to)
{
    struct device_number number;
    memcpy(&number, member, sizeof number);
    if (number.text[0] == '\0')
        return field->must ? ERR_BAD_NUMBER : OK;
    return xml_put_element(to, field->element, span_text(number.text));
}

static enum err put_bytes(const struct soap_field *field, const uint8_t *member, struct buf *to)
{
    struct span bytes;
    memcpy(&bytes, member, sizeof bytes);
    if (bytes.n == 0 && !field->must)
        return OK;
    if (bytes.n > field->most / 4 * 3)
        return ERR_TOO_LARGE;
    enum err err = xml_put_start(to, field->element);
    if (err == OK)
        err = base64_encode(bytes.at, bytes.n, to);
    return err == OK ? xml_put_end(to, field->element) : err;
}

static enum err put_int(const struct soap_field *field, const uint8_t *member, struct buf *to)
{
    int64_t value;
    char text[24];
    memcpy(&value, member, sizeof value);
    if (value == 0 && !field->must)
        return OK;
    snprintf(text, sizeof text, "%" PRId64, value);
    return xml_put_element(to, field->element, span_text(text));
}

static enum err put_flag(const struct soap_field *field, const uint8_t *member, struct buf *to)
{
    bool value;
    memcpy(&value, member, sizeof value);
    return !value && !field->must ? OK : xml_put_element(to, field->element, span_text(value ? "true" : "false"));
}

/* --- Records --- */

static enum err put_record(const struct soap_record *record, const uint8_t *object, struct buf *to);

static enum err put_item(const struct soap_field *field, const uint8_t *object, struct buf *to)
{
    enum err err = xml_put_start(to, field->element);
    if (err == OK)
        err = put_record(field->record(), object, to);
    return err == OK ? xml_put_end(to, field->element) : err;
}

static enum err put_list(const struct soap_field *field, const uint8_t *object, struct buf *to)
{
    const uint8_t *items;
    size_t n;
    memcpy(&items, object + field->offset, sizeof items);
    memcpy(&n, object + field->n_offset, sizeof n);
    size_t size = field->record()->size;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < n; i++)
        err = put_item(field, items + i * size, to);
    return err;
}

static enum err put_field(const struct soap_field *field, const uint8_t *object, struct buf *to)
{
    const uint8_t *member = object + field->offset;
    switch (field->kind) {
    case SOAP_TEXT: return put_text(field, member, to);
    case SOAP_NUMBER: return put_number(field, member, to);
    case SOAP_BYTES: return put_bytes(field, member, to);
    case SOAP_INT: return put_int(field, member, to);
    case SOAP_FLAG: return put_flag(field, member, to);
    case SOAP_LIST_OF: return put_list(field, object, to);
    }
    return ERR_BUG;
}

static enum err put_record(const struct soap_record *record, const uint8_t *object, struct buf *to)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < record->fields_n; i++)
        err = put_field(&record->fields[i], object, to);
    return err;
}

/* --- Messages --- */

/* A failed write leaves nothing behind; what is cut off may be part of a key. */
static enum err keep_or_cut(struct buf *to, size_t before, enum err err)
{
    if (err != OK && to->len > before) {
        explicit_bzero(to->data + before, to->len - before);
        to->len = before;
    }
    return err;
}

static enum err put_open(enum soap_service service, enum soap_message message, bool response, const struct soap_header *header,
                         struct buf *to)
{
    char action[SOAP_ACTION_SIZE];
    soap_action(service, message, response, action);
    enum err err = soap_put_envelope(header, action, to);
    if (err != OK)
        return err;
    return buf_putf(to, "<%s%s xmlns=\"%s\">", soap_message_row(message)->operation, response ? "Response" : "",
                    soap_service_row(service)->ns);
}

static enum err put_close(enum soap_message message, bool response, struct buf *to)
{
    enum err err = buf_putf(to, "</%s%s>", soap_message_row(message)->operation, response ? "Response" : "");
    return err == OK ? soap_put_envelope_end(to) : err;
}

static enum err put_message(enum soap_service service, enum soap_message message, bool response, const struct soap_header *header,
                            const void *body, struct buf *to)
{
    size_t before = to->len;
    enum err err = put_open(service, message, response, header, to);
    if (err == OK)
        err = put_record(soap_record_of(message, response), body, to);
    if (err == OK)
        err = put_close(message, response, to);
    return keep_or_cut(to, before, err);
}

enum err soap_write_request(enum soap_service service, enum soap_message message, const struct soap_header *header,
                            const void *body, struct buf *to)
{
    return put_message(service, message, false, header, body, to);
}

enum err soap_write_response(enum soap_service service, enum soap_message message, const struct soap_header *header,
                             const void *body, struct buf *to)
{
    return put_message(service, message, true, header, body, to);
}

enum err soap_write_open(enum soap_service service, enum soap_message message, bool response, const struct soap_header *header,
                         struct buf *to)
{
    size_t before = to->len;
    if (!soap_record_streams(soap_record_of(message, response)))
        return ERR_UNSUPPORTED;
    return keep_or_cut(to, before, put_open(service, message, response, header, to));
}

enum err soap_write_item(enum soap_service service, enum soap_message message, bool response, const void *record, struct buf *to)
{
    (void)service;
    size_t before = to->len;
    const struct soap_record *shape = soap_record_of(message, response);
    if (!soap_record_streams(shape))
        return ERR_UNSUPPORTED;
    return keep_or_cut(to, before, put_item(&shape->fields[0], record, to));
}

enum err soap_write_close(enum soap_service service, enum soap_message message, bool response, const struct soap_header *header,
                          struct buf *to)
{
    (void)service, (void)header;
    size_t before = to->len;
    return keep_or_cut(to, before, put_close(message, response, to));
}
