/* Models, stations, one number, and the deletion of a discontinued model's packs (F-2, F-18). */
#include <stdio.h>

#include "api/session.h"
#include "base/clock.h"
#include "base/hex.h"
#include "factory/admin.h"
#include "factory/office.h"

static enum err add_model(void *context, const struct stock_model *m)
{
    json_t *row =
        json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:b,s:b}", "code", m->code, "name", m->name, "voltage", m->voltage,
                  "power", m->power, "current", m->current, "profile", m->profile, "pattern", m->pattern, "line", m->line,
                  "digits", (json_int_t)m->digits, "identity", m->identity, "discontinued", m->discontinued);
    return row == NULL || json_array_append_new(context, row) != 0 ? ERR_NO_MEMORY : OK;
}

enum err api_model_list(struct api_call *call, struct why *why)
{
    json_t *rows = json_array();
    call->answer = json_pack("{s:o}", "rows", rows);
    return stock_model_each(admin_factory(call)->db, add_model, rows, why);
}

/* What the body does not say stays as it is in `m`. */
static enum err read_model(struct api_call *call, struct stock_model *m, struct why *why)
{
    const struct {
        const char *name;
        size_t size;
        char *to;
    } texts[] = {
        { "name", sizeof m->name, m->name },          { "voltage", sizeof m->voltage, m->voltage },
        { "power", sizeof m->power, m->power },       { "current", sizeof m->current, m->current },
        { "profile", sizeof m->profile, m->profile }, { "pattern", sizeof m->pattern, m->pattern },
        { "line", sizeof m->line, m->line },
    };
    char text[LIMIT_NAME + 1];
    enum err err = OK;
    for (size_t i = 0; err == OK && i < sizeof texts / sizeof *texts; i++) {
        err = api_text(call, texts[i].name, texts[i].to, texts[i].size, text, why);
        if (err == OK)
            memcpy(texts[i].to, text, strlen(text) + 1);
    }
    json_t *digits = json_object_get(call->json, "digits"), *identity = json_object_get(call->json, "identity");
    if (digits != NULL)
        m->digits = json_integer_value(digits);
    if (identity != NULL)
        m->identity = json_is_true(identity);
    if (err == OK && (m->digits < 1 || m->digits > LIMIT_SERIAL))
        return why_set(why, ERR_BAD_INPUT, "serial numbers have 1 to %d digits", LIMIT_SERIAL);
    return err;
}

enum err api_model_put(struct api_call *call, struct why *why)
{
    struct stock_model m = { .digits = 6, .identity = true }, old;
    struct db *db = admin_factory(call)->db;
    char code[LIMIT_MODEL_CODE + 1];
    enum err err = api_text(call, "code", NULL, sizeof code, code, why);
    if (err == OK && !number_is_model(span_text(code)))
        err =
            why_set(why, ERR_BAD_INPUT, "\"%s\" is not a model code: 1 to %d digits or capital letters", code, LIMIT_MODEL_CODE);
    if (err == OK)
        err = db_begin(db, why);
    if (err != OK)
        return err;
    bool known = stock_model_get(db, code, &old, NULL) == OK;
    if (known)
        m = old;
    memcpy(m.code, code, sizeof m.code);
    err = read_model(call, &m, why);
    if (err == OK && known && old.identity != m.identity)
        err = why_set(why, ERR_CONFLICT, "model %s is there already; whether it gets an identity cannot be changed", m.code);
    if (err == OK)
        err = stock_model_put(db, &m, why);
    if (err == OK)
        call->answer = json_pack("{s:s}", "code", m.code);
    return api_commit(call, err, "model", m.code, m.identity ? "identity=yes" : "identity=no", why);
}

static enum err add_station(void *context, const struct stock_station *s)
{
    return json_array_append_new(context, json_pack("{s:s,s:s}", "name", s->name, "line", s->line)) != 0 ? ERR_NO_MEMORY : OK;
}

enum err api_station_list(struct api_call *call, struct why *why)
{
    json_t *rows = json_array();
    call->answer = json_pack("{s:o}", "rows", rows);
    return stock_station_each(admin_factory(call)->db, add_station, rows, why);
}

enum err api_station_put(struct api_call *call, struct why *why)
{
    struct stock_station s;
    struct db *db = admin_factory(call)->db;
    enum err err = api_text(call, "name", NULL, sizeof s.name, s.name, why);
    if (err == OK)
        err = api_text(call, "line", NULL, sizeof s.line, s.line, why);
    if (err != OK)
        return err;
    if (s.name[0] == '\0' || s.line[0] == '\0')
        return why_set(why, ERR_BAD_INPUT, "a station has a name and a line");
    err = db_begin(db, why);
    if (err == OK)
        err = stock_station_put(db, &s, why);
    call->answer = json_pack("{s:s,s:s}", "name", s.name, "line", s.line);
    return api_commit(call, err, "station", s.name, s.line, why);
}

enum err api_station_remove(struct api_call *call, struct why *why)
{
    struct db *db = admin_factory(call)->db;
    enum err err = db_begin(db, why);
    if (err == OK)
        err = stock_station_remove(db, call->rest, why);
    call->answer = json_pack("{s:s}", "removed", call->rest);
    return api_commit(call, err, "station-removed", call->rest, "", why);
}

/* What it fetched and nobody proved was looked into: it may fetch again. */
enum err api_station_release(struct api_call *call, struct why *why)
{
    struct db *db = admin_factory(call)->db;
    struct stock_station station;
    int64_t n = 0;
    char detail[32] = "";
    enum err err = db_begin(db, why);
    if (err == OK)
        err = stock_station_get(db, call->rest, &station, why);
    if (err == OK)
        err = stock_handed_release(db, call->rest, &n, why);
    snprintf(detail, sizeof detail, "packs=%lld", (long long)n);
    call->answer = json_pack("{s:s,s:I}", "released", call->rest, "packs", (json_int_t)n);
    return api_commit(call, err, "station-released", call->rest, detail, why);
}

/* --- Forget (F-18): left-over packs are revoked at the CA first, and erased when it has confirmed that --- */

static enum err mark_voided(void *context, const struct identity *row)
{
    struct api_call *call = context;
    struct stock_outcome o = {
        .number = row->number, .generation = row->generation, .outcome = "voided", .reason = "model discontinued"
    };
    memcpy(o.fingerprint, row->fingerprint, sizeof o.fingerprint);
    enum err err = stock_outcome_add(admin_factory(call)->db, &o, NULL);
    if (err == ERR_CONFLICT)
        return OK; /* told before */
    json_t *n = json_object_get(call->answer, "voided");
    json_integer_set(n, json_integer_value(n) + 1);
    return err;
}

static enum err count_claimed(void *context, const struct identity *row)
{
    (void)row;
    struct api_call *call = context;
    json_t *n = json_object_get(call->answer, "claimed");
    return json_integer_set(n, json_integer_value(n) + 1) == 0 ? OK : ERR_BUG;
}

enum err admin_second_person(struct api_call *call, char ret_name[LIMIT_NAME + 1], struct why *why)
{
    char name[LIMIT_NAME + 1], password[PASSWORD_SIZE];
    struct person op;
    ret_name[0] = '\0';
    if (!admin_factory(call)->settings.two_persons)
        return OK;
    enum err err = api_text(call, "confirm_user", NULL, sizeof name, name, why);
    if (err == OK)
        err = api_text(call, "confirm_password", NULL, sizeof password, password, why);
    if (err != OK)
        return why_set(why, ERR_NOT_ALLOWED, "a second administrator must confirm this: --confirm-user, --confirm-password-file");
    if (strcmp(name, call->op.name) == 0)
        return why_set(why, ERR_NOT_ALLOWED, "the second administrator must be another person");
    err = session_check(call->service, name, password, &op, why);
    secret_wipe(password, sizeof password);
    if (err == OK && strcmp(op.role, admin_table.roles[OPERATOR_ADMIN]) != 0)
        err = why_set(why, ERR_NOT_ALLOWED, "%s is not an administrator", name);
    if (err == OK)
        memcpy(ret_name, name, sizeof name);
    return err;
}

enum err api_forget(struct api_call *call, struct why *why)
{
    struct db *db = admin_factory(call)->db;
    struct stock_model model;
    char second[LIMIT_NAME + 1], detail[LIMIT_NAME + 64];
    enum err err = admin_second_person(call, second, why);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = stock_model_get(db, call->rest, &model, why);
    if (err != OK) {
        db_rollback(db);
        return err;
    }
    call->answer = json_pack("{s:s,s:i,s:i}", "model", model.code, "voided", 0, "claimed", 0);
    model.discontinued = true;
    err = stock_model_put(db, &model, why);
    if (err == OK)
        err = stock_identity_in_state(db, LIFE_STORED, model.code, mark_voided, call, why);
    if (err == OK)
        err = stock_identity_in_state(db, LIFE_CLAIMED, model.code, count_claimed, call, why);
    snprintf(detail, sizeof detail, "voided=%lld confirmed-by=%s",
             (long long)json_integer_value(json_object_get(call->answer, "voided")), second);
    err = api_commit(call, err, "forget", model.code, detail, why);
    office_wake(admin_factory(call)->office);
    return err;
}

enum err api_number_show(struct api_call *call, struct why *why)
{
    struct identity i;
    char fingerprint[2 * IDENTITY_FINGERPRINT + 1] = "", day[CLOCK_DAY_SIZE];
    enum err err = stock_identity_newest(admin_factory(call)->db, call->rest, &i, why);
    if (err != OK)
        return why_prefix(why, err, "%.41s", call->rest);
    clock_format_day(i.day, day);
    if (i.has_fingerprint)
        hex_encode(i.fingerprint, IDENTITY_FINGERPRINT, fingerprint);
    call->answer = json_pack("{s:s,s:I,s:s,s:s,s:s,s:s,s:s,s:s}", "number", i.number.text, "generation", (json_int_t)i.generation,
                             "state", lifecycle_name(i.state), "date", day, "station", i.station, "board", i.board, "fingerprint",
                             fingerprint, "reason", i.reason);
    return OK;
}
