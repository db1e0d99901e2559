/* Replacement boards: a ticket waits until an operator decided it. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/hex.h"
#include "center/api.h"
#include "pki/issuer.h"

enum { KEY_HEX = 2 * CERT_FINGERPRINT, KEY_LEAST = 16 /* digits that must be said: as many as nobody finds another key for */ };

/* "" when the request cannot be read: then nobody can say which key it is. */
static void key_of(const struct center_ticket *t, char ret_hex[KEY_HEX + 1])
{
    uint8_t fingerprint[CERT_FINGERPRINT];
    ret_hex[0] = '\0';
    if (csr_key_fingerprint(t->csr, fingerprint, NULL) == OK)
        hex_encode(fingerprint, sizeof fingerprint, ret_hex);
}

static enum err add_ticket(void *context, const struct center_ticket *t)
{
    char asked[CLOCK_TEXT_SIZE], decided[CLOCK_TEXT_SIZE], key[KEY_HEX + 1];
    key_of(t, key);
    return api_push(context, json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "id", (json_int_t)t->id, "number", t->number.text,
                                       "board", t->board, "fingerprint", key, "model", t->model, "state", t->state, "actor", t->actor, "asked",
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
    char key[KEY_HEX + 1];
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
    key_of(t, p->key);
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

/* Any board can say any id: it is the key that gets the number, and its fingerprint was read at the board itself. */
static enum err check_key(const char *said, const struct pick *p, struct why *why)
{
    size_t n = strlen(said);
    if (p->key[0] == '\0')
        return why_set(why, ERR_BAD_KEY, "the request of board %s cannot be read: refuse it", p->picked);
    if (n == 0)
        return why_set(why, ERR_BAD_INPUT, "which key? --fingerprint says what the board itself shows (nameplate device show)");
    if (n < KEY_LEAST || n > KEY_HEX || strspn(said, "0123456789abcdefABCDEF") != n)
        return why_set(why, ERR_BAD_INPUT, "a fingerprint has %d hexadecimal digits, of which the first %d will do", KEY_HEX, KEY_LEAST);
    if (strncasecmp(said, p->key, n) != 0)
        return why_set(why, ERR_CONFLICT, "the key of board %s is %s: this is another board, or another key", p->picked, p->key);
    return OK;
}

/* Approved: the CA revokes the old identity and issues one to the board. Only the number's own waiting ticket. */
enum err api_ticket_decide(struct api_call *call, struct why *why)
{
    struct db *db = call->service->people.db;
    char board[sizeof((struct center_ticket *)0)->board], key[KEY_HEX + 1], detail[160 + KEY_HEX];
    bool refuse = json_is_true(json_object_get(call->json, "refuse"));
    const char *state = refuse ? "refused" : "approved";
    struct pick pick = { .number = call->rest, .board = board };
    struct center_device d;
    enum err err = api_text(call, "board", "", sizeof board, board, why);
    if (err == OK)
        err = api_text(call, "fingerprint", "", sizeof key, key, why);
    if (err == OK)
        err = find_ticket(call, &pick, why);
    if (err == OK && !refuse)
        err = check_key(key, &pick, why);
    if (err == OK && !refuse)
        err = center_device_find(db, call->rest, &d, why);
    if (err == OK && !refuse && d.standing == CENTER_SCRAPPED)
        err = why_set(why, ERR_CONFLICT, "%s is scrapped", d.number.text);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = center_ticket_decide(db, pick.id, state, call->op.name, clock_wall_s(), why);
    call->answer = json_pack("{s:s,s:s,s:s,s:s}", "number", call->rest, "board", pick.picked, "fingerprint", pick.key, "state", state);
    snprintf(detail, sizeof detail, "board=%s key=%s %s", pick.picked, pick.key, state);
    return console_commit(call, err, "replacement", call->rest, detail, why);
}
