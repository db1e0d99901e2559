#include "soap/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "base/limit.h"
#include "soap/memory.h"

/* Between namespace and name. No XML document can carry a form feed, so that no name can be mistaken. */
#define SEPARATOR '\f'

void soap_reader_fail(struct soap_reader *r, const char *element, enum err err, const char *fmt, ...)
{
    if (r->err != OK)
        return;
    char reason[WHY_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(reason, sizeof reason, fmt, args);
    va_end(args);
    unsigned long line = soap_reader_line(r);
    if (element != NULL)
        r->err = why_set(r->why, err, "line %lu, <%.64s>: %s", line, element, reason);
    else
        r->err = why_set(r->why, err, "line %lu: %s", line, reason);
    XML_StopParser(r->parser, XML_FALSE);
}

static struct soap_name split(const char *full)
{
    const char *cut = strchr(full, SEPARATOR);
    if (cut == NULL)
        return (struct soap_name){ .local = full };
    return (struct soap_name){ .ns = span_of(full, (size_t)(cut - full)), .local = cut + 1 };
}

bool soap_name_is(const struct soap_name *name, const char *ns, const char *local)
{
    return strcmp(name->local, local) == 0 && span_equal(name->ns, span_text(ns));
}

static const char *envelope_ns(const struct soap_reader *r)
{
    return r->header.version == SOAP_1_1 ? SOAP_NS_ENVELOPE_1_1 : SOAP_NS_ENVELOPE_1_2;
}

static void start_envelope(struct soap_reader *r, const struct soap_name *name)
{
    if (soap_name_is(name, SOAP_NS_ENVELOPE_1_1, "Envelope")) {
        r->header.version = SOAP_1_1;
    } else if (soap_name_is(name, SOAP_NS_ENVELOPE_1_2, "Envelope")) {
        r->header.version = SOAP_1_2;
    } else {
        if (strcmp(name->local, "Envelope") == 0)
            r->header.fault = SOAP_FAULT_VERSION_MISMATCH;
        soap_reader_fail(r, name->local, ERR_BAD_INPUT, "is not an envelope of SOAP 1.1 or 1.2");
        return;
    }
    r->place = PLACE_ENVELOPE;
}

static void start_in_envelope(struct soap_reader *r, const struct soap_name *name)
{
    if (soap_name_is(name, envelope_ns(r), "Header") && !r->header_seen && !r->body_seen) {
        r->header_seen = true;
        r->place = PLACE_HEADER;
    } else if (soap_name_is(name, envelope_ns(r), "Body") && !r->body_seen) {
        r->body_seen = true;
        r->place = PLACE_BODY;
    } else {
        soap_reader_fail(r, name->local, ERR_BAD_INPUT, "an envelope is one Header, if any, and then one Body");
    }
}

static void start_in_body(struct soap_reader *r, const struct soap_name *name)
{
    if (r->message_read || r->fault.found) {
        soap_reader_fail(r, name->local, ERR_BAD_INPUT, "a Body holds one message");
    } else if (r->response && soap_name_is(name, envelope_ns(r), "Fault")) {
        r->fault.found = true;
        r->fault_depth = r->depth;
        r->place = PLACE_FAULT;
    } else {
        soap_operation_start(r, name);
    }
}

/* Our messages have no attributes; what schema instances say about types is passed over, but not "nil". */
static void check_attributes(struct soap_reader *r, const struct soap_name *name, const char **attributes)
{
    for (; *attributes != NULL; attributes += 2) {
        struct soap_name attribute = split(*attributes);
        if (!span_equal(attribute.ns, span_text(SOAP_NS_SCHEMA_INSTANCE)) || strcmp(attribute.local, "nil") == 0)
            soap_reader_fail(r, name->local, ERR_BAD_INPUT, "has an attribute \"%.64s\", which is not in the schema", attribute.local);
    }
}

static void start_inside(struct soap_reader *r, const struct soap_name *name, const char **attributes)
{
    switch (r->place) {
    case PLACE_OUTSIDE: start_envelope(r, name); break;
    case PLACE_ENVELOPE: start_in_envelope(r, name); break;
    case PLACE_HEADER: soap_block_start(r, name, attributes); break;
    case PLACE_BLOCK: soap_block_inner(r, name); break;
    case PLACE_BODY:
        start_in_body(r, name);
        if (r->place == PLACE_RECORD)
            check_attributes(r, name, attributes);
        break;
    case PLACE_RECORD:
        soap_field_start(r, name);
        check_attributes(r, name, attributes);
        break;
    case PLACE_FIELD: soap_reader_fail(r, r->field->element, ERR_BAD_INPUT, "holds an element <%.64s> instead of text", name->local); break;
    case PLACE_FAULT: r->text.len = 0; break;
    }
}

static void on_start(void *data, const char *full, const char **attributes)
{
    struct soap_reader *r = data;
    if (r->err != OK)
        return;
    struct soap_name name = split(full);
    if (++r->depth > LIMIT_XML_DEPTH)
        soap_reader_fail(r, name.local, ERR_TOO_LARGE, "elements are nested deeper than %d", LIMIT_XML_DEPTH);
    else
        start_inside(r, &name, attributes);
}

static void end_envelope(struct soap_reader *r, const struct soap_name *name)
{
    if (!r->body_seen)
        soap_reader_fail(r, name->local, ERR_BAD_INPUT, "has no Body");
    r->place = PLACE_OUTSIDE;
}

static void end_body(struct soap_reader *r, const struct soap_name *name)
{
    if (!r->message_read && !r->fault.found)
        soap_reader_fail(r, name->local, ERR_BAD_INPUT, "is empty");
    r->place = PLACE_ENVELOPE;
}

static void end_fault_element(struct soap_reader *r, const struct soap_name *name)
{
    if (r->depth == r->fault_depth)
        r->place = PLACE_BODY;
    else
        soap_fault_part_end(r, name);
}

static void on_end(void *data, const char *full)
{
    struct soap_reader *r = data;
    if (r->err != OK)
        return;
    struct soap_name name = split(full);
    switch (r->place) {
    case PLACE_OUTSIDE: break;
    case PLACE_ENVELOPE: end_envelope(r, &name); break;
    case PLACE_HEADER: r->place = PLACE_ENVELOPE; break;
    case PLACE_BLOCK: soap_block_end(r, &name); break;
    case PLACE_BODY: end_body(r, &name); break;
    case PLACE_RECORD: soap_record_end(r, &name); break;
    case PLACE_FIELD: soap_field_end(r, &name); break;
    case PLACE_FAULT: end_fault_element(r, &name); break;
    }
    r->depth--;
}

static bool is_white(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\n' && text[i] != '\r')
            return false;
    return true;
}

void soap_text(struct soap_reader *r, const char *text, size_t n)
{
    if (r->err != OK)
        return;
    bool keeps = r->place == PLACE_FIELD || r->place == PLACE_FAULT || (r->place == PLACE_BLOCK && r->block_to != NULL);
    if (keeps) {
        enum err err = buf_put(&r->text, text, n);
        if (err != OK)
            soap_reader_fail(r, r->field != NULL ? r->field->element : NULL, err, "a text is longer than %zu bytes", r->text.max);
    } else if (r->place != PLACE_BLOCK && !is_white(text, n)) {
        soap_reader_fail(r, NULL, ERR_BAD_INPUT, "text between elements");
    }
}

static void on_text(void *data, const char *text, int length) { soap_text(data, text, (size_t)length); }

/* Comments inside a value would let two readers see two values. */
static void on_comment(void *data, const char *text)
{
    struct soap_reader *r = data;
    (void)text;
    if (r->place == PLACE_FIELD)
        soap_reader_fail(r, r->field->element, ERR_BAD_INPUT, "a comment inside a value");
}

static void on_instruction(void *data, const char *target, const char *text)
{
    (void)target, (void)text;
    soap_reader_fail(data, NULL, ERR_BAD_INPUT, "SOAP has no processing instructions");
}

static void on_doctype(void *data, const char *name, const char *system, const char *public, int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    soap_reader_fail(data, NULL, ERR_BAD_INPUT, "SOAP has no DOCTYPE");
}

static void on_declaration(void *data, const char *version, const char *encoding, int standalone)
{
    (void)standalone;
    if (version != NULL && strcmp(version, "1.0") != 0)
        soap_reader_fail(data, NULL, ERR_BAD_INPUT, "XML %.16s is not read here, only 1.0", version);
    else if (encoding != NULL && strcasecmp(encoding, "utf-8") != 0)
        soap_reader_fail(data, NULL, ERR_BAD_INPUT, "the encoding %.32s is not read here, only UTF-8", encoding);
}

enum err soap_reader_init(struct soap_reader *r, size_t max_arena)
{
    static const char separator[] = { SEPARATOR, '\0' };
    r->text.max = LIMIT_XML_TEXT;
    enum err err = arena_new(max_arena, &r->arena);
    if (err != OK)
        return err;
    r->parser = XML_ParserCreate_MM("UTF-8", &soap_wiped_memory, separator);
    if (r->parser == NULL)
        return ERR_NO_MEMORY;
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetCommentHandler(r->parser, on_comment);
    XML_SetProcessingInstructionHandler(r->parser, on_instruction);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    XML_SetXmlDeclHandler(r->parser, on_declaration);
    return OK;
}

void soap_reader_done(struct soap_reader *r)
{
    if (r->parser != NULL)
        XML_ParserFree(r->parser);
    buf_wipe(&r->text);
    arena_free(r->arena);
    r->parser = NULL;
    r->arena = NULL;
    r->body = NULL;
}
