#include "factory/reissue.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/rng.h"
#include "factory/admin.h"
#include "factory/office.h"
#include "factory/request.h"

enum err reissue_held(const struct decide_policy *policy, struct db *db, const struct identity *failed, bool *ret_held, struct why *why)
{
    struct identity newest;
    int64_t now = clock_wall_s(), n = 0;
    enum err err = stock_identity_newest(db, failed->number.text, &newest, why);
    if (err == OK)
        err = stock_reissues(db, failed->number.text, now - 60 * clock_local_minute(now), &n, why);
    if (err == OK)
        *ret_held = newest.generation == failed->generation && decide_held(policy, n);
    return err;
}

/* Under a request of its own. */
static enum err ask_for(struct db *db, const char *actor, struct identity *next, struct why *why)
{
    struct stock_request request = { .made_s = clock_wall_s(), .state = STOCK_REQUEST_OPEN };
    enum err err = rng_uuid_urn(request.id);
    if (err == OK)
        err = stock_request_add(db, &request, why);
    memcpy(next->request, request.id, sizeof next->request);
    if (err == OK)
        err = lifecycle_next(LIFE_PLANNED, LIFE_EVENT_REQUEST, ROLE_FACTORY, &next->state, why);
    if (err == OK)
        err = stock_identity_save(db, next, LIFE_PLANNED, false, why);
    return err != OK ? err
                     : factory_note(db, actor, "request", next->number.text, why, "generation=%lld request=%s",
                                    (long long)next->generation, request.id);
}

enum err reissue_order(const struct decide_policy *policy, struct db *db, const char *actor, const struct identity *old,
                       struct why *why)
{
    struct identity next = { .number = old->number,
                             .generation = old->generation + 1,
                             .day = old->day,
                             .state = LIFE_PLANNED,
                             .created_s = clock_wall_s() };
    memcpy(next.model, old->model, sizeof next.model);
    enum err err = stock_identity_add(db, &next, why);
    return err != OK || policy->direct ? err : ask_for(db, actor, &next, why);
}

/* --- An operator approves what waits --- */

static enum err find_waiting(struct db *db, const char *number, struct identity *ret_row, struct why *why)
{
    struct stock_model model;
    enum err err = stock_identity_newest(db, number, ret_row, why);
    if (err != OK)
        return why_prefix(why, err, "%.41s", number);
    if (ret_row->state != LIFE_VOIDED)
        return why_set(why, ERR_CONFLICT, "%s does not wait for a re-issue: it is %s", ret_row->number.text,
                       lifecycle_name(ret_row->state));
    err = stock_model_get(db, ret_row->model, &model, why);
    if (err == OK && model.discontinued)
        err = why_set(why, ERR_CONFLICT, "model %s is discontinued", model.code);
    return err;
}

enum err api_reissue(struct api_call *call, struct why *why)
{
    struct factory *f = admin_factory(call);
    struct identity old;
    char second[LIMIT_NAME + 1], detail[LIMIT_NAME + 64];
    enum err err = admin_second_person(call, second, why);
    if (err == OK)
        err = db_begin(f->db, why);
    if (err == OK)
        err = find_waiting(f->db, call->rest, &old, why);
    if (err == OK)
        err = reissue_order(&f->policy, f->db, call->actor, &old, why);
    if (err != OK) {
        db_rollback(f->db);
        return err;
    }
    call->answer = json_pack("{s:s,s:I}", "number", old.number.text, "generation", (json_int_t)old.generation + 1);
    snprintf(detail, sizeof detail, "generation=%lld confirmed-by=%s", (long long)old.generation + 1, second);
    err = api_commit(call, err, "reissue", old.number.text, detail, why);
    office_wake(f->office);
    return err;
}
