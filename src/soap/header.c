#include "soap/reader.h"

/* Whether a header block is for somebody else on the way, and so none of our business (SOAP 1.1 section 4.2.2,
 * SOAP 1.2 part 1 section 2.2). */
static bool is_for_another(const char *ns, const char *attribute, const char *value)
{
    static const char next_1_1[] = "http://schemas.xmlsoap.org/soap/actor/next";
    static const char roles_1_2[] = SOAP_NS_ENVELOPE_1_2 "/role/";
    if (strcmp(ns, SOAP_NS_ENVELOPE_1_1) == 0)
        return strcmp(attribute, "actor") == 0 && *value != '\0' && strcmp(value, next_1_1) != 0;
    if (strcmp(attribute, "role") != 0 || *value == '\0')
        return false;
    if (strncmp(value, roles_1_2, sizeof roles_1_2 - 1) != 0)
        return true;
    value += sizeof roles_1_2 - 1;
    return strcmp(value, "next") != 0 && strcmp(value, "ultimateReceiver") != 0;
}

static bool must_understand(const struct soap_reader *r, const char **attributes)
{
    const char *ns = r->header.version == SOAP_1_1 ? SOAP_NS_ENVELOPE_1_1 : SOAP_NS_ENVELOPE_1_2;
    size_t n = strlen(ns);
    bool must = false, ours = true;
    for (; *attributes != NULL; attributes += 2) {
        if (strncmp(attributes[0], ns, n) != 0 || attributes[0][n] != '\f')
            continue;
        const char *name = attributes[0] + n + 1, *value = attributes[1];
        if (strcmp(name, "mustUnderstand") == 0)
            must = strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
        else if (is_for_another(ns, name, value))
            ours = false;
    }
    return must && ours;
}

/* Sets where the block's text goes. False: not a block that we know. */
static bool know_block(struct soap_reader *r, const struct soap_name *name)
{
    static const char *const passed_over[] = { "To", "Action", "From", "FaultTo" };
    if (!span_equal(name->ns, span_text(SOAP_NS_ADDRESSING)))
        return false;
    if (strcmp(name->local, "MessageID") == 0) {
        r->block_to = r->header.message_id;
        r->block_room = sizeof r->header.message_id;
    } else if (strcmp(name->local, "RelatesTo") == 0) {
        r->block_to = r->header.relates_to;
        r->block_room = sizeof r->header.relates_to;
    } else if (strcmp(name->local, "ReplyTo") == 0) {
        r->reply_to = true;
    } else {
        for (size_t i = 0; i < sizeof passed_over / sizeof *passed_over; i++)
            if (strcmp(name->local, passed_over[i]) == 0)
                return true;
        return false;
    }
    return true;
}

static void refuse_second(struct soap_reader *r, const char *element)
{
    if (r->block_to != NULL && r->block_to[0] != '\0')
        soap_reader_fail(r, element, ERR_BAD_INPUT, "stands twice in the header");
}

void soap_block_start(struct soap_reader *r, const struct soap_name *name, const char **attributes)
{
    r->place = PLACE_BLOCK;
    r->block_depth = r->depth;
    r->block_to = NULL;
    r->reply_to = false;
    r->text.len = 0;
    if (!know_block(r, name) && must_understand(r, attributes)) {
        r->header.fault = SOAP_FAULT_MUST_UNDERSTAND;
        soap_reader_fail(r, name->local, ERR_UNSUPPORTED, "this header must be understood, and is not");
    }
    refuse_second(r, name->local);
}

void soap_block_inner(struct soap_reader *r, const struct soap_name *name)
{
    if (r->block_to != NULL) {
        soap_reader_fail(r, name->local, ERR_BAD_INPUT, "an element where the header has text");
    } else if (r->reply_to && r->depth == r->block_depth + 1 && soap_name_is(name, SOAP_NS_ADDRESSING, "Address")) {
        r->block_to = r->header.reply_to;
        r->block_room = sizeof r->header.reply_to;
        r->text.len = 0;
        refuse_second(r, name->local);
    }
}

/* URIs are printable ASCII without spaces; they go into logs and databases. */
static bool is_uri_text(const struct buf *text)
{
    for (size_t i = 0; i < text->len; i++)
        if (text->data[i] <= ' ' || text->data[i] > '~')
            return false;
    return text->len != 0;
}

void soap_block_end(struct soap_reader *r, const struct soap_name *name)
{
    if (r->block_to != NULL) {
        if (r->text.len >= r->block_room)
            soap_reader_fail(r, name->local, ERR_TOO_LARGE, "is longer than %zu bytes", r->block_room - 1);
        else if (!is_uri_text(&r->text))
            soap_reader_fail(r, name->local, ERR_BAD_INPUT, "is empty or has spaces or characters beyond ASCII");
        if (r->err != OK)
            return;
        memcpy(r->block_to, r->text.data, r->text.len);
        r->block_to[r->text.len] = '\0';
        r->block_to = NULL;
    }
    if (r->depth == r->block_depth)
        r->place = PLACE_HEADER;
}

struct soap_header soap_reply_header(const struct soap_header *request)
{
    struct soap_header reply = { .version = request->version, .fault = request->fault };
    memcpy(reply.relates_to, request->message_id, sizeof reply.relates_to);
    return reply;
}
