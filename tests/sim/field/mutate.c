/* The product with one guard taken out: a simulation that is worth something notices (README.md). Each stands where the
 * linker puts it, before a function of the product's. */
#include "mutate.h"

#include <string.h>

#include "center/upcall.h"
#include "device/core/ledger.h"
#include "field.h"

static enum mutation chosen;

static const char *const names[MUTATION_COUNT] = {
#define X(code, name, what) [MUTATE_##code] = name,
    MUTATIONS(X)
#undef X
};

bool mutate_choose(const char *name)
{
    for (unsigned i = 0; i < MUTATION_COUNT; i++)
        if (strcmp(names[i], name) == 0) {
            chosen = (enum mutation)i;
            return true;
        }
    return false;
}

bool mutated(enum mutation which) { return chosen == which; }

/* --- Devices --- */

enum flash_err __real_ledger_set_reading(struct ledger *l, uint64_t readings, uint64_t read_epoch);
enum flash_err __wrap_ledger_set_reading(struct ledger *l, uint64_t readings, uint64_t read_epoch);
enum flash_err __real_ledger_set_session(struct ledger *l, const uint8_t token[LEDGER_TOKEN], const uint8_t nonce[LEDGER_NONCE]);
enum flash_err __wrap_ledger_set_session(struct ledger *l, const uint8_t token[LEDGER_TOKEN], const uint8_t nonce[LEDGER_NONCE]);
enum flash_err __real_ledger_count(struct ledger *l, enum charge_counter counter, uint64_t more);
enum flash_err __wrap_ledger_count(struct ledger *l, enum charge_counter counter, uint64_t more);
enum err __real_reading_recover(struct board *b, struct why *why);
enum err __wrap_reading_recover(struct board *b, struct why *why);

enum flash_err __wrap_ledger_set_reading(struct ledger *l, uint64_t readings, uint64_t read_epoch)
{
    if (chosen != MUTATE_FORGET_SEQUENCE)
        return __real_ledger_set_reading(l, readings, read_epoch);
    l->now.values[LEDGER_READINGS] = readings;
    l->now.values[LEDGER_READ_EPOCH] = read_epoch;
    return FLASH_OK;
}

enum flash_err __wrap_ledger_set_session(struct ledger *l, const uint8_t token[LEDGER_TOKEN], const uint8_t nonce[LEDGER_NONCE])
{
    if (chosen != MUTATE_FORGET_TOKEN)
        return __real_ledger_set_session(l, token, nonce);
    memcpy(l->now.token, token, LEDGER_TOKEN);
    memcpy(l->now.nonce, nonce, LEDGER_NONCE);
    return FLASH_OK;
}

enum flash_err __wrap_ledger_count(struct ledger *l, enum charge_counter counter, uint64_t more)
{
    if (chosen != MUTATE_FORGET_COUNT)
        return __real_ledger_count(l, counter, more);
    l->now.values[counter] += more;
    return FLASH_OK;
}

enum err __wrap_reading_recover(struct board *b, struct why *why)
{
    return chosen == MUTATE_NO_RECOVERY ? OK : __real_reading_recover(b, why);
}

enum err __real_kept_put(struct field *f, const struct item *item, struct why *why);
enum err __wrap_kept_put(struct field *f, const struct item *item, struct why *why);

enum err __wrap_kept_put(struct field *f, const struct item *item, struct why *why)
{
    return chosen == MUTATE_FORGET_READINGS ? option_drop(f->option, item->slot, why) : __real_kept_put(f, item, why);
}

/* --- Gateways and the centre --- */

enum err __real_db_commit(struct db *db, struct why *why);
enum err __wrap_db_commit(struct db *db, struct why *why);
enum err __real_center_call_find(struct db *db, const char *id, center_call_fn *fn, void *context, struct why *why);
enum err __wrap_center_call_find(struct db *db, const char *id, center_call_fn *fn, void *context, struct why *why);
enum err __real_center_bound(struct db *db, const char *number, const char *gateway, bool *ret_bound, struct why *why);
enum err __wrap_center_bound(struct db *db, const char *number, const char *gateway, bool *ret_bound, struct why *why);
enum err __real_agreement_check(const struct agreement *a, int64_t now_s, struct why *why);
enum err __wrap_agreement_check(const struct agreement *a, int64_t now_s, struct why *why);
enum err __real_center_device_stand(struct db *db, const char *number, enum center_standing standing, const char *reason, struct why *why);
enum err __wrap_center_device_stand(struct db *db, const char *number, enum center_standing standing, const char *reason, struct why *why);

/* Answers before it saves: now and then what was promised is not on the disk. */
enum err __wrap_db_commit(struct db *db, struct why *why)
{
    const bool center = db == sim.center.db;
    if ((chosen == MUTATE_CENTER_ANSWERS_FIRST && center) || (chosen == MUTATE_GATEWAY_ANSWERS_FIRST && !center))
        if (world_chance(30)) {
            db_rollback(db);
            return OK;
        }
    return __real_db_commit(db, why);
}

enum err __real_upcall_take(struct job *job, const struct field_call *c, struct why *why);
enum err __wrap_upcall_take(struct job *job, const struct field_call *c, struct why *why);

static bool takes_call;

enum err __wrap_upcall_take(struct job *job, const struct field_call *c, struct why *why)
{
    takes_call = true;
    enum err err = __real_upcall_take(job, c, why);
    takes_call = false;
    return err;
}

struct finding {
    center_call_fn *fn;
    void *context;
    bool hidden;
};

static enum err hide_up_calls(void *context, const struct center_call *c)
{
    struct finding *f = context;
    f->hidden = !c->down;
    return f->hidden ? OK : f->fn(f->context, c);
}

enum err __wrap_center_call_find(struct db *db, const char *id, center_call_fn *fn, void *context, struct why *why)
{
    struct finding f = { fn, context, false };
    if (chosen != MUTATE_ACCEPT_DUPLICATES || !takes_call)
        return __real_center_call_find(db, id, fn, context, why);
    enum err err = __real_center_call_find(db, id, hide_up_calls, &f, why);
    return f.hidden ? ERR_NOT_FOUND : err;
}

enum err __wrap_center_bound(struct db *db, const char *number, const char *gateway, bool *ret_bound, struct why *why)
{
    enum err err = __real_center_bound(db, number, gateway, ret_bound, why);
    if (chosen == MUTATE_ANY_GATEWAY && err == OK)
        *ret_bound = true;
    return err;
}

enum err __real_center_bound_lately(struct db *db, const char *number, const char *gateway, int64_t since_s, bool *ret_bound, struct why *why);
enum err __wrap_center_bound_lately(struct db *db, const char *number, const char *gateway, int64_t since_s, bool *ret_bound, struct why *why);

enum err __wrap_center_bound_lately(struct db *db, const char *number, const char *gateway, int64_t since_s, bool *ret_bound, struct why *why)
{
    return __real_center_bound_lately(db, number, gateway, chosen == MUTATE_FORGET_BINDING ? INT64_MAX : since_s, ret_bound, why);
}

enum err __wrap_agreement_check(const struct agreement *a, int64_t now_s, struct why *why)
{
    return chosen == MUTATE_NO_AGREEMENT ? OK : __real_agreement_check(a, now_s, why);
}

enum err __wrap_center_device_stand(struct db *db, const char *number, enum center_standing standing, const char *reason, struct why *why)
{
    const bool hidden = chosen == MUTATE_NO_QUARANTINE && standing == CENTER_QUARANTINED;
    return hidden ? OK : __real_center_device_stand(db, number, standing, reason, why);
}
