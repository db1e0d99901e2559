#include "soap/reader.h"

/* Structs take more room than the shortest text of theirs; a growing list leaves its smaller copies behind. */
static size_t arena_ceiling(size_t bytes) { return 12 * bytes + 4096; }

static enum err read_whole(struct soap_reader *r, struct span xml, struct soap_parsed *ret_parsed, struct why *why)
{
    if (xml.n > r->max_bytes)
        return why_set(why, ERR_TOO_LARGE, "the message is larger than %zu bytes", r->max_bytes);
    enum err err = soap_reader_init(r, arena_ceiling(xml.n));
    if (err == OK)
        err = soap_reader_push(r, xml, true, why);
    ret_parsed->header = r->header;
    if (err != OK)
        return err;
    ret_parsed->message = r->message;
    ret_parsed->body = r->body;
    ret_parsed->arena = r->arena;
    r->arena = NULL;
    return OK;
}

enum err soap_read_request(enum soap_service service, struct span xml, struct soap_parsed *ret_parsed, struct why *why)
{
    *ret_parsed = (struct soap_parsed){ 0 };
    struct soap_reader r = { .service = service, .max_bytes = LIMIT_BATCH_BODY };
    enum err err = read_whole(&r, xml, ret_parsed, why);
    soap_reader_done(&r);
    return err;
}

enum err soap_read_response(enum soap_service service, enum soap_message message, struct span xml,
                            struct soap_parsed *ret_parsed, struct why *why)
{
    *ret_parsed = (struct soap_parsed){ 0 };
    struct soap_reader r = {
        .service = service, .message = message, .fixed = true, .response = true, .max_bytes = SIZE_MAX / 16
    };
    enum err err = read_whole(&r, xml, ret_parsed, why);
    soap_reader_done(&r);
    return err;
}

void soap_parsed_done(struct soap_parsed *p)
{
    if (p == NULL)
        return;
    arena_free(p->arena);
    *p = (struct soap_parsed){ .header = p->header };
}
