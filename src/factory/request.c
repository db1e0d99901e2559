#include "factory/request.h"

#include "base/clock.h"
#include "base/rng.h"

/* One request with up to `most` numbers; *ret_n 0 leaves none behind. */
static enum err make_one(struct db *db, const char *actor, int32_t from, int32_t to, int64_t most, int64_t *ret_n,
                         struct why *why)
{
    struct stock_request request = { .made_s = clock_wall_s(), .state = STOCK_REQUEST_OPEN };
    enum err err = rng_uuid_urn(request.id);
    if (err == OK)
        err = stock_request_add(db, &request, why);
    if (err == OK)
        err = stock_request_take(db, request.id, from, to, most, ret_n, why);
    if (err == OK && *ret_n == 0)
        return stock_request_drop(db, request.id, why);
    return err != OK
               ? err
               : factory_note(db, actor, "request", request.id, why, "numbers=%lld from=%d to=%d", (long long)*ret_n, from, to);
}

enum err request_make(struct db *db, const char *actor, bool single, int32_t from, int32_t to, int64_t *ret_n, struct why *why)
{
    int64_t total = 0, n = 0;
    enum err err = db_begin(db, why);
    do {
        if (err == OK)
            err = make_one(db, actor, from, to, single ? 1 : LIMIT_BATCH_NUMBERS, &n, why);
        total += err == OK ? n : 0;
    } while (err == OK && n > 0 && total < LIMIT_BATCH_NUMBERS);
    if (err == OK)
        err = db_commit(db, why);
    db_rollback(db);
    if (err == OK)
        *ret_n = total;
    return err;
}
