/* What foreign clients are compared with: our codec as a filter.
 *
 *   soap_codec wsdl SERVICE              writes the WSDL
 *   soap_codec request SERVICE           reads a request envelope, prints its header and fields, one to a line
 *   soap_codec response SERVICE OPERATION  the same for an answer
 *   soap_codec fault 1.1|1.2 ERROR REASON  writes a fault
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/hex.h"
#include "soap/fields.h"

static void print_record(const struct soap_record *record, const uint8_t *object, const char *path);

static void print_text(const uint8_t *member)
{
    const char *text;
    memcpy(&text, member, sizeof text);
    puts(text);
}

static void print_bytes(const uint8_t *member)
{
    struct span bytes;
    memcpy(&bytes, member, sizeof bytes);
    for (size_t i = 0; i < bytes.n; i++)
        printf("%02x", bytes.at[i]);
    putchar('\n');
}

static void print_int(const uint8_t *member)
{
    int64_t value;
    memcpy(&value, member, sizeof value);
    printf("%" PRId64 "\n", value);
}

static void print_list(const struct soap_field *field, const uint8_t *object, const char *path)
{
    const uint8_t *items;
    size_t n;
    memcpy(&items, object + field->offset, sizeof items);
    memcpy(&n, object + field->n_offset, sizeof n);
    for (size_t i = 0; i < n; i++) {
        char inner[160];
        snprintf(inner, sizeof inner, "%s%s[%zu].", path, field->element, i);
        print_record(field->record(), items + i * field->record()->size, inner);
    }
}

static void print_record(const struct soap_record *record, const uint8_t *object, const char *path)
{
    for (size_t i = 0; i < record->fields_n; i++) {
        const struct soap_field *field = &record->fields[i];
        const uint8_t *member = object + field->offset;
        if (field->kind != SOAP_LIST_OF)
            printf("%s%s=", path, field->element);
        switch (field->kind) {
        case SOAP_TEXT: print_text(member); break;
        case SOAP_NUMBER: puts((const char *)member); break;
        case SOAP_BYTES: print_bytes(member); break;
        case SOAP_INT: print_int(member); break;
        case SOAP_FLAG: puts(*member ? "true" : "false"); break;
        case SOAP_LIST_OF: print_list(field, object, path); break;
        }
    }
}

static int print_parsed(enum err err, const struct soap_parsed *parsed, bool response, const struct why *why)
{
    printf("version=%s\nmessage_id=%s\nrelates_to=%s\nreply_to=%s\n", parsed->header.version == SOAP_1_1 ? "1.1" : "1.2",
           parsed->header.message_id, parsed->header.relates_to, parsed->header.reply_to);
    if (err != OK) {
        printf("error=%s\nreason=%s\n", err_row(err)->name, why_text(why, err));
        return 1;
    }
    printf("operation=%s\n", soap_message_row(parsed->message)->operation);
    print_record(soap_record_of(parsed->message, response), parsed->body, "");
    return 0;
}

static enum err read_input(struct buf *to)
{
    char piece[4096];
    size_t n;
    enum err err = OK;
    while (err == OK && (n = fread(piece, 1, sizeof piece, stdin)) != 0)
        err = buf_put(to, piece, n);
    return err;
}

static int read_request(enum soap_service service)
{
    AUTO_BUF xml = BUF_INIT;
    AUTO_PARSED parsed = { .body = NULL };
    struct why why = { 0 };
    enum err err = read_input(&xml);
    if (err == OK)
        err = soap_read_request(service, buf_span(&xml), &parsed, &why);
    return print_parsed(err, &parsed, false, &why);
}

static int read_response(enum soap_service service, const char *operation)
{
    AUTO_BUF xml = BUF_INIT;
    AUTO_PARSED parsed = { .body = NULL };
    struct why why = { 0 };
    enum soap_message message = SOAP_MESSAGE_COUNT;
    enum err err = soap_find_operation(service, span_text(operation), &message);
    if (err == OK)
        err = read_input(&xml);
    if (err == OK)
        err = soap_read_response(service, message, buf_span(&xml), &parsed, &why);
    return print_parsed(err, &parsed, true, &why);
}

static int write_out(enum err err, struct buf *text)
{
    if (err == OK)
        fwrite(text->data, 1, text->len, stdout);
    return err == OK ? 0 : 1;
}

static int write_wsdl(enum soap_service service)
{
    AUTO_BUF text = BUF_INIT;
    return write_out(soap_write_wsdl(service, "https://127.0.0.1:8440/soap?a=1&b=2", &text), &text);
}

static int write_fault(const char *version, const char *error, const char *reason)
{
    AUTO_BUF text = BUF_INIT;
    struct soap_header header = { .version = strcmp(version, "1.1") == 0 ? SOAP_1_1 : SOAP_1_2 };
    return write_out(soap_write_fault(&header, err_from_name(error), reason, &text), &text);
}

static int find_service(const char *name, enum soap_service *ret_service)
{
    for (unsigned s = 0; s < SERVICE_COUNT; s++)
        if (strcmp(soap_service_row((enum soap_service)s)->name, name) == 0) {
            *ret_service = (enum soap_service)s;
            return 0;
        }
    return -1;
}

int main(int argc, char **argv)
{
    enum soap_service service;
    if (argc == 5 && strcmp(argv[1], "fault") == 0)
        return write_fault(argv[2], argv[3], argv[4]);
    if (argc < 3 || find_service(argv[2], &service) != 0)
        return 2;
    if (strcmp(argv[1], "wsdl") == 0)
        return write_wsdl(service);
    if (strcmp(argv[1], "request") == 0)
        return read_request(service);
    return argc == 4 && strcmp(argv[1], "response") == 0 ? read_response(service, argv[3]) : 2;
}
