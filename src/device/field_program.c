/* A program from the centre (M-8): fetched part by part into the slot that does not run, judged, tried. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "device/field.h"
#include "field/letter.h"
#include "log/log.h"

static struct program_slot *fetching(struct field *f) { return &f->option->programs.slots[f->fetch_slot]; }

static void fail(struct field *f, enum err err, const struct why *why)
{
    f->fetch_slot = PROGRAM_NONE;
    f->fetch_err = err;
    f->fetch_why = *why;
    log_failure(LOG_WARN, "program", err, why, "number", f->board->values.number, NULL);
}

static enum err ask_part(struct field *f, struct why *why)
{
    const struct program_slot *s = fetching(f);
    const struct program_part_request body = { .version = s->head.version, .offset = s->next };
    return field_call_live(f, SOAP_PROGRAM_PART, NULL, &body, why);
}

static enum err check_hash(struct field *f, struct why *why)
{
    const struct program_slot *s = fetching(f);
    uint8_t sha256[CERT_FINGERPRINT], *all = malloc(s->head.size);
    if (all == NULL)
        return why_set(why, ERR_NO_MEMORY, "no memory to judge a program");
    enum err err = flash_error(program_read(&f->option->programs, f->fetch_slot, 0, all, s->head.size), "program", why);
    cert_fingerprint_der(span_of(all, s->head.size), sha256);
    free(all);
    if (err == OK && memcmp(sha256, s->head.sha256, sizeof sha256) != 0)
        err = why_set(why, ERR_BAD_SIGNATURE, "the program that came is not the one that the centre signed");
    return err;
}

static void restart(void *context)
{
    struct field *f = context;
    f->restart_timer = 0;
    f->options.restart(f->options.context);
}

/* The slot is switched when hash and signature were found good, and tried by the next start. */
static enum err finish(struct field *f, struct why *why)
{
    enum err err = check_hash(f, why);
    enum program_mark mark = err == OK ? PROGRAM_COMPLETE : PROGRAM_BAD;
    enum err marked = flash_error(program_set_mark(&f->option->programs, f->fetch_slot, mark), "program", why);
    if (err != OK || marked != OK)
        return err != OK ? err : marked;
    board_history(f->board, "program", fetching(f)->head.version);
    return f->restart_timer != 0 ? OK : loop_timer(f->loop, 0, restart, f, &f->restart_timer);
}

static enum err next(struct field *f, struct why *why)
{
    return fetching(f)->next == fetching(f)->head.size ? finish(f, why) : ask_part(f, why);
}

static enum err check_order(const struct field *f, const struct fetch_program_request *r, struct program_head *ret_head, struct why *why)
{
    AUTO_CERT center = NULL;
    struct program_head head = { .size = (uint32_t)r->size };
    if (r->size <= 0 || r->size > PROGRAM_MOST)
        return why_set(why, ERR_TOO_LARGE, "a program has 1 to %d bytes here, not %lld", PROGRAM_MOST, (long long)r->size);
    if (strlen(r->version) == 0 || strlen(r->version) >= PROGRAM_VERSION || r->sha256.n != PROGRAM_SHA256)
        return why_set(why, ERR_BAD_INPUT, "the program's version or hash is not one");
    enum err err = letter_center(f->board->trust, r->signers, r->signers_n, clock_wall_s(), &center, why);
    if (err == OK)
        err = letter_check_program(center, r, why);
    if (err != OK)
        return err;
    memcpy(head.version, r->version, strlen(r->version));
    memcpy(head.sha256, r->sha256.at, PROGRAM_SHA256);
    *ret_head = head;
    return OK;
}

enum err program_fetch(struct field *f, const struct fetch_program_request *r, struct why *why)
{
    struct program_head head;
    int slot = PROGRAM_NONE;
    enum err err = check_order(f, r, &head, why);
    if (err == OK)
        err = option_need_programs(f->board->dir, f->option, why);
    if (err == OK)
        err = flash_error(program_begin(&f->option->programs, f->option->loaded.slot, &head, &slot), "program", why);
    if (err != OK)
        return err;
    f->fetch_slot = slot;
    err = next(f, why);
    if (err != OK)
        f->fetch_slot = PROGRAM_NONE;
    return err;
}

static enum err take_part(struct field *f, struct span envelope, struct why *why)
{
    AUTO_PARSED parsed = { 0 };
    uint32_t taken = 0;
    enum err err = soap_read_response(SERVICE_CENTER, SOAP_PROGRAM_PART, envelope, &parsed, why);
    if (err != OK)
        return err;
    const struct program_part_response *r = parsed.body;
    if (r->offset != fetching(f)->next || r->data.n == 0 || r->data.n > LIMIT_PROGRAM_PART)
        return why_set(why, ERR_BAD_INPUT, "a part of %zu bytes at %lld came, the next one was at %u", r->data.n, (long long)r->offset,
                       fetching(f)->next);
    err = flash_error(program_write(&f->option->programs, f->fetch_slot, fetching(f)->next, r->data.at, (uint32_t)r->data.n, &taken),
                      "program", why);
    if (err == OK && taken == 0)
        err = why_set(why, ERR_BAD_INPUT, "the parts are smaller than a sector of %d bytes", PROGRAM_SECTOR);
    if (err == OK)
        field_test_only_die(f, "part");
    return err == OK ? next(f, why) : err;
}

void program_answered(struct field *f, struct span envelope)
{
    struct why why = { "" };
    if (f->fetch_slot == PROGRAM_NONE)
        return;
    enum err err = take_part(f, envelope, &why);
    if (err != OK)
        fail(f, err, &why);
}
