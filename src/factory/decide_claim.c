#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "factory/decide.h"

static enum err check_plan(const struct decide_policy *policy, const struct claim_facts *f, struct why *why)
{
    char day[CLOCK_DAY_SIZE];
    if (f->model_known && !f->model_identity)
        return why_set(why, ERR_NO_IDENTITY_MODEL, "devices of this model get no identity");
    if (!f->model_known || f->row == NULL)
        return why_set(why, ERR_NOT_PLANNED, "this number is not in the production plan");
    clock_format_day(f->row->day, day);
    if (f->model_discontinued)
        return why_set(why, ERR_NOT_PLANNED, "%s: model %s is discontinued", f->row->number.text, f->row->model);
    if (f->row->day > f->today)
        return why_set(why, ERR_NOT_PLANNED, "%s is planned for %s, not for today", f->row->number.text, day);
    if (f->row->day < clock_day_add(f->today, -(int)policy->days_late))
        return why_set(why, ERR_NOT_PLANNED, "%s was planned for %s, too long ago", f->row->number.text, day);
    return OK;
}

static enum err check_line(const struct claim_facts *f, struct why *why)
{
    if (f->model_line[0] != '\0' && strcmp(f->model_line, f->line) != 0)
        return why_set(why, ERR_WRONG_LINE, "%s is made on line %s, not on line %s", f->row->number.text,
                       f->model_line, f->line);
    return OK;
}

/* The pack once handed out belongs to one board: a second board with the same number is a wrong nameplate or a
 * copy. The same board may ask as often as it likes (I10). */
static enum err check_binding(const struct claim_facts *f, int64_t now_s, struct why *why)
{
    const struct identity *row = f->row;
    if (row->state == LIFE_CLAIMED && row->lease_until_s > now_s && strcmp(row->station, f->station) != 0)
        return why_set(why, ERR_CLAIMED, "%s is being written at station %s", row->number.text, row->station);
    if (row->has_nonce && strcmp(row->board, f->board) != 0)
        return why_set(why, ERR_CONFLICT, "%s was handed out for board %s already, not for board %s", row->number.text,
                       row->board[0] == '\0' ? "(unknown)" : row->board, f->board[0] == '\0' ? "(unknown)" : f->board);
    return OK;
}

/* What the state alone says; OK when a pack may be handed out. */
static enum err check_state(const struct decide_policy *policy, const struct identity *row, struct why *why)
{
    switch (row->state) {
    case LIFE_STORED:
    case LIFE_CLAIMED: return OK;
    case LIFE_PLANNED:
    case LIFE_REQUESTED:
        if (policy->direct)
            return OK;
        return why_set(why, ERR_NO_PACK, "the pack of %s has not come from the CA yet", row->number.text);
    case LIFE_FAILED: return why_set(why, ERR_NO_PACK, "a new pack for %s is on its way after a failed write", row->number.text);
    case LIFE_VOIDED:
        return why_set(why, ERR_NO_PACK, "%s failed too often: its next pack waits for an operator (factory reissue)", row->number.text);
    case LIFE_WRITTEN:
    case LIFE_ERASED:
    case LIFE_FIELD:
        return why_set(why, ERR_ALREADY_WRITTEN, "%s has its identity already: it is in board %s", row->number.text,
                       row->board[0] == '\0' ? "(unknown)" : row->board);
    case LIFE_RENEWING: /* only at the CA */
    case LIFE_SUPERSEDED:
    case LIFE_REVOKED: return why_set(why, ERR_CONFLICT, "the identity of %s was revoked", row->number.text);
    case LIFE_COUNT: break;
    }
    return ERR_BUG;
}

/* Whether the device says that it has the identity that is on record as written. What it says is proven then. */
static bool has_it(const struct claim_facts *f)
{
    const struct identity *row = f->row;
    bool written = row->state == LIFE_WRITTEN || row->state == LIFE_ERASED;
    return written && row->has_nonce && row->has_fingerprint && f->fingerprint != NULL &&
           memcmp(row->fingerprint, f->fingerprint, IDENTITY_FINGERPRINT) == 0;
}

/* Number and identity agree; the board must too, or the memory was copied. */
static enum err decide_known(const struct claim_facts *f, int64_t now_s, enum claim_way *ret_way, struct identity *ret_row,
                             struct why *why)
{
    enum err err = check_binding(f, now_s, why);
    if (err != OK)
        return err;
    *ret_way = CLAIM_PROVE;
    *ret_row = *f->row;
    return OK;
}

static enum err check_allowance(const struct decide_policy *policy, const struct claim_facts *f, struct why *why)
{
    if (f->outstanding >= policy->claims_per_station)
        return why_set(why, ERR_TOO_MANY_CLAIMS, "station %s has %lld packs outstanding: finish or fail those first", f->station,
                       (long long)f->outstanding);
    if (policy->unproven_most > 0 && f->unproven >= policy->unproven_most)
        return why_set(why, ERR_TOO_MANY_CLAIMS,
                       "station %s fetched %lld packs that no device proved: an administrator looks into it, and releases it "
                       "(factory station release)",
                       f->station, (long long)f->unproven);
    return OK;
}

static void bind(const struct decide_policy *policy, const struct claim_facts *f, int64_t now_s, const uint8_t *nonce,
                 struct identity *row)
{
    if (!row->has_nonce) {
        memcpy(row->nonce, nonce, IDENTITY_NONCE);
        row->has_nonce = true;
    }
    snprintf(row->board, sizeof row->board, "%s", f->board);
    snprintf(row->station, sizeof row->station, "%s", f->station);
    row->lease_until_s = now_s + policy->lease_s;
}

enum err decide_claim(const struct decide_policy *policy, const struct claim_facts *facts, int64_t now_s,
                      const uint8_t nonce[IDENTITY_NONCE], enum claim_way *ret_way, struct identity *ret_row, struct why *why)
{
    enum err err = check_plan(policy, facts, why);
    if (err == OK)
        err = check_line(facts, why);
    if (err == OK && has_it(facts))
        return decide_known(facts, now_s, ret_way, ret_row, why);
    if (err == OK)
        err = check_state(policy, facts->row, why);
    if (err == OK)
        err = check_binding(facts, now_s, why);
    if (err == OK)
        err = check_allowance(policy, facts, why);
    if (err != OK)
        return err;
    struct identity row = *facts->row;
    *ret_way = row.has_pack ? CLAIM_HAND_OUT : CLAIM_ASK_CA;
    if (row.state == LIFE_STORED || row.state == LIFE_CLAIMED)
        err = lifecycle_next(row.state, LIFE_EVENT_CLAIM, ROLE_STATION, &row.state, why);
    if (err != OK)
        return err;
    bind(policy, facts, now_s, nonce, &row);
    *ret_row = row;
    return OK;
}

enum err decide_key(const struct decide_policy *policy, const struct claim_facts *facts, struct why *why)
{
    enum err err = check_plan(policy, facts, why);
    if (err == OK)
        err = check_line(facts, why);
    return err != OK ? err : check_state(policy, facts->row, why);
}
