/* Replacement boards: a ticket waits until an operator decided it. */
#include <stdio.h>

#include "center/api.h"

static enum err add_ticket(void *context, const struct center_ticket *t)
{
    char asked[CLOCK_TEXT_SIZE], decided[CLOCK_TEXT_SIZE];
    return api_push(context, json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id", (json_int_t)t->id, "number", t->number.text,
                                       "board", t->board, "model", t->model, "state", t->state, "actor", t->actor, "asked",
                                       console_time(t->asked_s, asked), "decided", console_time(t->decided_s, decided)));
}

enum err api_ticket_list(struct api_call *call, struct why *why)
{
    char open[4];
    json_t *rows = json_array();
    call->answer = json_pack("{s:o}", "rows", rows);
    api_query(call, "open", sizeof open, open);
    return center_ticket_list(call->service->people.db, open[0] != '\0', add_ticket, rows, why);
}

struct pick {
    const char *number, *board; /* board "": the only one */
    int64_t id;
    size_t n;
    char picked[sizeof((struct center_ticket *)0)->board];
};

static enum err pick_ticket(void *context, const struct center_ticket *t)
{
    struct pick *p = context;
    if (strcmp(t->number.text, p->number) != 0 || strcmp(t->state, "waiting") != 0 ||
        (p->board[0] != '\0' && strcmp(t->board, p->board) != 0))
        return OK;
    p->id = t->id;
    p->n++;
    snprintf(p->picked, sizeof p->picked, "%s", t->board);
    return OK;
}

static enum err find_ticket(struct api_call *call, struct pick *p, struct why *why)
{
    enum err err = center_ticket_list(call->service->people.db, true, pick_ticket, p, why);
    if (err == OK && p->n == 0)
        return why_set(why, ERR_NOT_FOUND, "no board waits for the number %s%s%s", p->number,
                       p->board[0] == '\0' ? "" : " with id ", p->board);
    if (err == OK && p->n > 1)
        return why_set(why, ERR_CONFLICT, "%zu boards ask for the number %s: say which by --board (center tickets)", p->n,
                       p->number);
    return err;
}

/* Approved: the CA revokes the old identity and issues one to the board. Only the number's own waiting ticket. */
enum err api_ticket_decide(struct api_call *call, struct why *why)
{
    struct db *db = call->service->people.db;
    char board[sizeof((struct center_ticket *)0)->board], detail[160];
    bool refuse = json_is_true(json_object_get(call->json, "refuse"));
    const char *state = refuse ? "refused" : "approved";
    struct pick pick = { .number = call->rest, .board = board };
    struct center_device d;
    enum err err = api_text(call, "board", "", sizeof board, board, why);
    if (err == OK)
        err = find_ticket(call, &pick, why);
    if (err == OK && !refuse)
        err = center_device_find(db, call->rest, &d, why);
    if (err == OK && !refuse && d.standing == CENTER_SCRAPPED)
        err = why_set(why, ERR_CONFLICT, "%s is scrapped", d.number.text);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = center_ticket_decide(db, pick.id, state, call->op.name, clock_wall_s(), why);
    call->answer = json_pack("{s:s,s:s,s:s}", "number", call->rest, "board", pick.picked, "state", state);
    snprintf(detail, sizeof detail, "board=%s %s", pick.picked, state);
    return console_commit(call, err, "replacement", call->rest, detail, why);
}
