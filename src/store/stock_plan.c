#include <stdlib.h>

#include "store/stock_schema.h"

static void read_model(const struct db_row *row, struct stock_model *m)
{
    *m = (struct stock_model){ .digits = db_row_int(row, 8),
                               .identity = db_row_int(row, 9) != 0,
                               .discontinued = db_row_int(row, 10) != 0 };
    db_row_copy(row, 0, sizeof m->code, m->code);
    db_row_copy(row, 1, sizeof m->name, m->name);
    db_row_copy(row, 2, sizeof m->voltage, m->voltage);
    db_row_copy(row, 3, sizeof m->power, m->power);
    db_row_copy(row, 4, sizeof m->current, m->current);
    db_row_copy(row, 5, sizeof m->profile, m->profile);
    db_row_copy(row, 6, sizeof m->pattern, m->pattern);
    db_row_copy(row, 7, sizeof m->line, m->line);
}

static enum err take_model(void *context, const struct db_row *row)
{
    read_model(row, context);
    return OK;
}

enum err stock_model_put(struct db *db, const struct stock_model *m, struct why *why)
{
    return db_run(db, ASK_MODEL_PUT,
                  DB_ARGS(db_text(m->code), db_text(m->name), db_text(m->voltage), db_text(m->power), db_text(m->current),
                          db_text(m->profile), db_text(m->pattern), db_text(m->line), db_int(m->digits), db_int(m->identity),
                          db_int(m->discontinued)),
                  why);
}

enum err stock_model_get(struct db *db, const char *code, struct stock_model *ret_model, struct why *why)
{
    return stock_one(db, ASK_MODEL_GET, DB_ARGS(db_text(code)), take_model, ret_model, why);
}

struct model_call {
    stock_model_fn *fn;
    void *context;
};

static enum err pass_model(void *context, const struct db_row *row)
{
    struct model_call *call = context;
    struct stock_model model;
    read_model(row, &model);
    return call->fn(call->context, &model);
}

enum err stock_model_each(struct db *db, stock_model_fn *fn, void *context, struct why *why)
{
    struct model_call call = { fn, context };
    return db_query(db, ASK_MODEL_EACH, DB_NO_ARGS, pass_model, &call, why);
}

void stock_known_done(struct stock_known *known)
{
    free(known->models);
    free(known->ranges);
    *known = (struct stock_known){ 0 };
}

/* Room for one more element; NULL when out of memory. */
static void *grow(void *array, size_t n, size_t *cap, size_t size)
{
    if (n < *cap)
        return array;
    size_t more = *cap == 0 ? 64 : 2 * *cap;
    void *grown = realloc(array, more * size);
    if (grown != NULL)
        *cap = more;
    return grown;
}

static enum err know_model(void *context, const struct stock_model *m)
{
    struct stock_known *k = context;
    struct plan_model *grown = grow(k->models, k->known.models_n, &k->models_cap, sizeof *grown);
    if (grown == NULL)
        return ERR_NO_MEMORY;
    k->known.models = k->models = grown;
    struct plan_model *to = &grown[k->known.models_n++];
    *to = (struct plan_model){ .digits = (int)m->digits, .discontinued = m->discontinued, .no_identity = !m->identity };
    memcpy(to->code, m->code, sizeof to->code);
    return OK;
}

static enum err know_range(void *context, const struct db_row *row)
{
    struct stock_known *k = context;
    struct plan_range *grown = grow(k->ranges, k->known.ranges_n, &k->ranges_cap, sizeof *grown);
    if (grown == NULL)
        return ERR_NO_MEMORY;
    k->known.ranges = k->ranges = grown;
    struct plan_range *to = &grown[k->known.ranges_n++];
    *to = (struct plan_range){ .day = (int32_t)db_row_int(row, 0), .quantity = (uint32_t)db_row_int(row, 2) };
    db_row_copy(row, 1, sizeof to->model, to->model);
    db_row_copy(row, 3, sizeof to->first_serial, to->first_serial);
    return OK;
}

enum err stock_plan_known(struct db *db, struct stock_known *ret_known, struct why *why)
{
    *ret_known = (struct stock_known){ 0 };
    enum err err = stock_model_each(db, know_model, ret_known, why);
    if (err == OK)
        err = db_query(db, ASK_PLAN_EACH, DB_NO_ARGS, know_range, ret_known, why);
    if (err != OK)
        stock_known_done(ret_known);
    return err;
}

static enum err add_numbers(struct db *db, const struct plan_row *row, int64_t now_s, struct why *why)
{
    struct device_number first, number;
    enum err err = number_make(row->model, row->first_serial, &first, why);
    for (uint32_t i = 0; err == OK && i < row->quantity; i++) {
        err = number_add(&first, i, &number, why);
        if (err == OK)
            err = db_run(db, ASK_IDENTITY_ADD,
                         DB_ARGS(db_text(number.text), db_int(1), db_text(row->model), db_int(row->day),
                                 db_text(lifecycle_name(LIFE_PLANNED)), db_text(""), db_int(0), db_int(now_s)),
                         why);
    }
    return err;
}

enum err stock_plan_add(struct db *db, const struct plan_row *row, int64_t now_s, struct why *why)
{
    struct stock_model model;
    enum err err = stock_model_get(db, row->model, &model, why);
    if (err == OK)
        err = db_run(
            db, ASK_PLAN_ADD,
            DB_ARGS(db_int(row->day), db_text(row->model), db_int(row->quantity), db_text(row->first_serial), db_int(now_s)),
            why);
    return err != OK || !model.identity ? err : add_numbers(db, row, now_s, why);
}

enum err stock_plan_remove(struct db *db, int32_t day, const char *model, int64_t *ret_quantity, struct why *why)
{
    int64_t quantity = 0, asked = 0;
    enum err err = db_first_int(db, ASK_PLAN_QUANTITY, DB_ARGS(db_int(day), db_text(model)), &quantity, why);
    if (err == OK && quantity == 0)
        return why_set(why, ERR_NOT_FOUND, "model %s is not planned for that day", model);
    if (err == OK)
        err = db_first_int(db, ASK_PLAN_ASKED, DB_ARGS(db_int(day), db_text(model)), &asked, why);
    if (err == OK && asked > 0)
        return why_set(why, ERR_CONFLICT, "%lld identities of it were asked for already", (long long)asked);
    if (err == OK)
        err = db_run(db, ASK_PLAN_REMOVE_NUMBERS, DB_ARGS(db_int(day), db_text(model)), why);
    if (err == OK)
        err = db_run(db, ASK_PLAN_REMOVE, DB_ARGS(db_int(day), db_text(model)), why);
    if (err == OK)
        *ret_quantity = quantity;
    return err;
}

struct count_call {
    stock_count_fn *fn;
    void *context;
};

static enum err pass_count(void *context, const struct db_row *row)
{
    struct count_call *call = context;
    struct stock_count c = {
        .day = (int32_t)db_row_int(row, 0),
        .identity = db_row_int(row, 4) != 0,
        .quantity = db_row_int(row, 5),
        .planned = db_row_int(row, 6),
        .requested = db_row_int(row, 7),
        .on_hand = db_row_int(row, 8),
        .claimed = db_row_int(row, 9),
        .written = db_row_int(row, 10),
        .written_today = db_row_int(row, 11),
        .failed = db_row_int(row, 12),
        .voided = db_row_int(row, 13),
    };
    db_row_copy(row, 1, sizeof c.model, c.model);
    db_row_copy(row, 2, sizeof c.name, c.name);
    db_row_copy(row, 3, sizeof c.first_serial, c.first_serial);
    return call->fn(call->context, &c);
}

enum err stock_count_each(struct db *db, int32_t from, int32_t to, int64_t midnight_s, stock_count_fn *fn, void *context,
                          struct why *why)
{
    struct count_call call = { fn, context };
    return db_query(db, ASK_COUNT_EACH, DB_ARGS(db_int(from), db_int(to), db_int(midnight_s)), pass_count, &call, why);
}
