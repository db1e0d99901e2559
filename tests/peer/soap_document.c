/* Writes the examples of doc/protocol/soap.md: each message as our writer makes it, indented, and read back by our
 * reader before it is shown. With a file as argument: says whether its last part, from the line "## Messages" on,
 * is exactly this. */
#include <stdio.h>

#include "base/file.h"
#include "base/hex.h"
#include "soap/fields.h"

static const struct {
    const char *element, *text;
} examples[] = {
    { "order", "2026-11-A" },
    { "outcome", "OK" },
    { "state", "written" },
    { "error", "NOT_FOUND" },
    { "reason", "flash block 3 did not verify" },
    { "model", "3012" },
    { "name", "TYPE-1" },
    { "pattern", "[0-9]{6}" },
    { "value", "60" },
    { "request", "urn:uuid:0b1f4c9e-6d3a-4c52-9d0e-6a1f5b7c8d90" },
    { "token", "7KQ2-M9XD-4HTB" },
    { "role", "factory" },
    { "version", "0.1.0" },
    { "line", "A" },
    { "boardId", "B-000417" },
    { "text", "]C13012-123456" },
    { "deviceNumber", "3012-123456" },
    { "result", "OK" },
};

static const char *example_text(const char *element)
{
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        if (strcmp(examples[i].element, element) == 0)
            return examples[i].text;
    return element;
}

static void fill(const struct soap_record *record, uint8_t *object, struct arena *arena);

static void fill_field(const struct soap_field *field, uint8_t *object, struct arena *arena)
{
    static const struct device_number number = { "3012-123456" };
    static const int64_t count = 1;
    static const bool yes = true;
    static const size_t one = 1;
    uint8_t *member = object + field->offset;
    const char *text = example_text(field->element);
    struct span bytes = span_of(field->element, strlen(field->element)); /* base64 of what it is called */
    uint8_t *item;
    switch (field->kind) {
    case SOAP_TEXT: memcpy(member, &text, sizeof text); break;
    case SOAP_NUMBER: memcpy(member, &number, sizeof number); break;
    case SOAP_BYTES: memcpy(member, &bytes, sizeof bytes); break;
    case SOAP_INT: memcpy(member, &count, sizeof count); break;
    case SOAP_FLAG: memcpy(member, &yes, sizeof yes); break;
    case SOAP_LIST_OF:
        item = arena_take(arena, field->record()->size);
        fill(field->record(), item, arena);
        memcpy(member, &item, sizeof item);
        memcpy(object + field->n_offset, &one, sizeof one);
        break;
    }
}

static void fill(const struct soap_record *record, uint8_t *object, struct arena *arena)
{
    for (size_t i = 0; i < record->fields_n; i++)
        fill_field(&record->fields[i], object, arena);
}

/* A line for each element; a closing tag stays beside its text. */
static enum err put_indented(const char *xml, struct buf *to)
{
    int depth = 0;
    enum err err = OK;
    for (const char *at = xml; err == OK && *at != '\0' && *at != '\n'; at++) {
        bool tag = at[0] == '<', closing = tag && at[1] == '/';
        depth -= closing;
        if (tag && (at == xml || at[-1] == '>'))
            err = buf_putf(to, "%s%*s", at == xml ? "" : "\n", depth * 2, "");
        depth += tag && !closing;
        if (at[0] == '/' && at[1] == '>')
            depth--;
        if (err == OK)
            err = buf_put(to, at, 1);
    }
    return err == OK ? buf_put_text(to, "\n") : err;
}

static enum err check_readable(enum soap_service service, enum soap_message message, bool response, const struct buf *xml)
{
    AUTO_PARSED parsed = { .body = NULL };
    if (response)
        return soap_read_response(service, message, buf_span(xml), &parsed, NULL);
    return soap_read_request(service, buf_span(xml), &parsed, NULL);
}

/* The declaration on the first line is left out: it is the same everywhere. */
static const char *behind_declaration(struct buf *xml)
{
    const char *text = buf_text(xml), *end = text == NULL ? NULL : strchr(text, '\n');
    return end == NULL ? "" : end + 1;
}

static enum err put_example(enum soap_service service, enum soap_message message, bool response, struct arena *arena, struct buf *to)
{
    static const char id[] = "urn:uuid:5f2d0a3e-8d0b-4f43-8f2a-0d6a3b1c9e77";
    struct soap_header header = { .version = SOAP_1_1 };
    snprintf(response ? header.relates_to : header.message_id, sizeof header.message_id, "%s", id);
    if (!response && message == SOAP_PACK_TRANSMISSION)
        snprintf(header.reply_to, sizeof header.reply_to, "https://192.0.2.1:8443/soap/station");
    const struct soap_record *record = soap_record_of(message, response);
    uint8_t *body = arena_take(arena, record->size + 1);
    if (body == NULL)
        return ERR_NO_MEMORY;
    fill(record, body, arena);
    AUTO_BUF xml = BUF_INIT, shown = BUF_INIT;
    enum err err = response ? soap_write_response(service, message, &header, body, &xml)
                            : soap_write_request(service, message, &header, body, &xml);
    if (err == OK)
        err = put_indented(behind_declaration(&xml), &shown);
    if (err == OK)
        err = check_readable(service, message, response, &shown);
    if (err == OK)
        err = buf_put_text(to, "```xml\n");
    if (err == OK)
        err = buf_put_span(to, buf_span(&shown));
    return err == OK ? buf_put_text(to, "```\n\n") : err;
}

static enum err put_permissions(enum soap_message message, struct buf *to)
{
    const struct soap_message_row *row = soap_message_row(message);
    enum err err = buf_putf(to, "At most %zu KiB. From: ", row->max_body / 1024);
    const char *comma = "";
    for (unsigned r = 0; err == OK && r < ROLE_COUNT; r++)
        if ((row->roles & ROLE_BIT(r)) != 0) {
            err = buf_putf(to, "%s%s", comma, role_name((enum role)r));
            comma = ", ";
        }
    return err == OK ? buf_put_text(to, ".\n\n") : err;
}

static enum err put_message(enum soap_service service, enum soap_message message, struct buf *to)
{
    struct arena *arena;
    enum err err = arena_new(65536, &arena);
    if (err != OK)
        return err;
    err = buf_putf(to, "#### %s\n\n", soap_message_row(message)->operation);
    if (err == OK)
        err = put_permissions(message, to);
    if (err == OK)
        err = put_example(service, message, false, arena, to);
    if (err == OK)
        err = put_example(service, message, true, arena, to);
    arena_free(arena);
    return err;
}

static enum err put_fault(enum soap_version version, struct buf *to)
{
    struct soap_header header = { .version = version, .relates_to = "urn:uuid:5f2d0a3e-8d0b-4f43-8f2a-0d6a3b1c9e77" };
    AUTO_BUF xml = BUF_INIT;
    enum err err = soap_write_fault(&header, ERR_NO_ORDER, "3012-123456 is in no production order of factory-1", &xml);
    if (err == OK)
        err = buf_putf(to, "In SOAP %s:\n\n```xml\n", version == SOAP_1_1 ? "1.1" : "1.2");
    if (err == OK)
        err = put_indented(behind_declaration(&xml), to);
    return err == OK ? buf_put_text(to, "```\n\n") : err;
}

static enum err put_service(enum soap_service service, struct buf *to)
{
    const struct soap_service_row *row = soap_service_row(service);
    enum err err = buf_putf(to, "### %s: `%s`, namespace `%s`\n\n", row->name, row->path, row->ns);
    for (unsigned m = 0; err == OK && m < SOAP_MESSAGE_COUNT; m++)
        if ((soap_message_row((enum soap_message)m)->services & 1u << service) != 0)
            err = put_message(service, (enum soap_message)m, to);
    return err;
}

static enum err put_document(struct buf *to)
{
    enum err err = buf_put_text(to, "## Messages\n\n");
    for (unsigned s = 0; err == OK && s < SERVICE_COUNT; s++)
        err = put_service((enum soap_service)s, to);
    if (err == OK)
        err = buf_put_text(to, "### A fault\n\n");
    if (err == OK)
        err = put_fault(SOAP_1_1, to);
    return err == OK ? put_fault(SOAP_1_2, to) : err;
}

static int check_file(const char *path, const struct buf *want)
{
    AUTO_BUF file = BUF_INIT;
    struct why why = { { 0 } };
    if (file_read(path, 1 << 20, &file, &why) != OK)
        return fprintf(stderr, "%s\n", why.text), 1;
    const char *text = buf_text(&file), *part = text == NULL ? NULL : strstr(text, "## Messages\n");
    if (part == NULL || !span_equal(span_text(part), buf_span(want))) {
        fprintf(stderr, "%s: the part from \"## Messages\" on is not what soap_document writes\n", path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    AUTO_BUF text = BUF_INIT;
    enum err err = put_document(&text);
    if (err != OK) {
        fprintf(stderr, "%s\n", err_row(err)->text);
        return 1;
    }
    text.len--; /* one line feed at the end is enough */
    if (argc > 1)
        return check_file(argv[1], &text);
    return fwrite(text.data, 1, text.len, stdout) == text.len ? 0 : 1;
}
