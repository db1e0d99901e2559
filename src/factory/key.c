/* A number is keyed in at the factory server, and its line's station fetches it as if it had scanned it (F-9). */
#include <stdio.h>

#include "base/clock.h"
#include "factory/admin.h"
#include "factory/handout.h"
#include "log/log.h"

struct wanted_line {
    const char *line;
    bool found;
};

static enum err match_line(void *context, const struct stock_station *station)
{
    struct wanted_line *wanted = context;
    wanted->found = wanted->found || strcmp(station->line, wanted->line) == 0;
    return OK;
}

static enum err check_line(struct db *db, const char *line, struct why *why)
{
    struct wanted_line wanted = { .line = line };
    enum err err = stock_station_each(db, match_line, &wanted, why);
    if (err == OK && !wanted.found)
        err = why_set(why, ERR_NOT_FOUND, "no station stands at line %s", line);
    return err;
}

/* Typed twice, as at a station; and checked as the scan would be. */
static enum err read_number(struct api_call *call, struct keyed_number *ret_number, struct why *why)
{
    char again[LIMIT_NUMBER_TEXT + 1], text[LIMIT_NUMBER_TEXT + 1];
    enum err err = api_text(call, "number", NULL, sizeof text, text, why);
    if (err == OK)
        err = api_text(call, "again", NULL, sizeof again, again, why);
    if (err == OK)
        err = api_text(call, "line", NULL, sizeof ret_number->line, ret_number->line, why);
    if (err == OK && strcmp(text, again) != 0)
        err = why_set(why, ERR_CONFLICT, "%s was keyed in first and %s then", text, again);
    return err != OK ? err : number_parse(span_text(text), &ret_number->number, why);
}

static enum err check(struct factory *f, const struct keyed_number *n, struct why *why)
{
    struct stock_model model;
    struct identity row;
    struct claim_facts facts = { .line = n->line };
    enum err err = check_line(f->db, n->line, why);
    if (err == OK)
        err = handout_read_facts(f->db, &n->number, &model, &row, &facts, why);
    return err != OK ? err : decide_key(&f->policy, &facts, why);
}

enum err api_key(struct api_call *call, struct why *why)
{
    struct factory *f = admin_factory(call);
    struct keyed_number n = { .until_s = clock_wall_s() + f->settings.keyed_s };
    char detail[LIMIT_NAME + 16];
    enum err err = read_number(call, &n, why);
    if (err == OK)
        err = check(f, &n, why);
    if (err != OK)
        return err;
    snprintf(n.by, sizeof n.by, "%s", call->op.name);
    snprintf(detail, sizeof detail, "line=%s", n.line);
    err = keyed_add(&f->keyed, &n, clock_wall_s(), why);
    if (err != OK)
        return err;
    err = db_begin(f->db, why);
    call->answer = json_pack("{s:s,s:s,s:I}", "number", n.number.text, "line", n.line, "until", (json_int_t)n.until_s);
    err = api_commit(call, err, "key", n.number.text, detail, why);
    if (err != OK)
        keyed_withdraw(&f->keyed, &n.number);
    return err;
}

/* What a station began with is in the trail, with the operator whose word it took. */
static enum err note_taken(struct service_call *call, const char *number, struct why *why)
{
    struct db *db = call->factory->db;
    struct keyed_number n;
    if (!keyed_take(&call->factory->keyed, call->station.name, number, &n))
        return OK;
    log_event(LOG_INFO, "keyed", "number", n.number.text, "station", call->station.name, "operator", n.by, NULL);
    enum err err = db_begin(db, why);
    if (err == OK)
        err = factory_note(db, call->actor, "keyed", n.number.text, why, "line=%s keyed-by=operator:%s", n.line, n.by);
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    return err;
}

enum err service_keyed(struct service_call *call, struct why *why)
{
    const struct keyed_number_request *asked = call->request->body;
    enum err err = asked->taken[0] == '\0' ? OK : note_taken(call, asked->taken, why);
    if (err != OK)
        return err;
    const struct keyed_number *n =
        keyed_next(&call->factory->keyed, call->station.line, call->station.name, clock_wall_s());
    service_answer(call, &(struct keyed_number_response){ .number = n == NULL ? "" : n->number.text, .by = n == NULL ? "" : n->by });
    return OK;
}
