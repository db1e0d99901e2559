#include "ca/decide.h"

#include <inttypes.h>

int64_t decide_used(const struct register_account *a)
{
    return a->reserved + a->written + a->on_hand + a->superseded - (a->field.made - a->field.voided);
}

/* Whether the serial lies in the order's run: as many digits, and counted from the first. */
static bool in_range(const struct register_order *o, const char *serial)
{
    size_t n = strlen(o->first_serial);
    if (n == 0)
        return true;
    if (strlen(serial) != n || strspn(serial, "0123456789") != n || n > 18)
        return false;
    uint64_t first = 0, this = 0;
    for (size_t i = 0; i < n; i++) {
        first = first * 10 + (uint64_t)(o->first_serial[i] - '0');
        this = this * 10 + (uint64_t)(serial[i] - '0');
    }
    return this >= first && this - first < (uint64_t)o->quantity;
}

static enum err check_order(const struct decide_order *o, const char *serial, int64_t now_s)
{
    if (!in_range(&o->order, serial))
        return ERR_NO_ORDER;
    if (o->order.until_s != 0 && now_s >= o->order.until_s)
        return ERR_ORDER_EXPIRED;
    return o->used >= o->order.quantity ? ERR_OVER_ORDER : OK;
}

static enum err refuse_order(const struct issue_facts *f, enum err err, const struct decide_order *o, struct why *why)
{
    const char *number = f->number->text;
    if (err == ERR_OVER_ORDER)
        return why_set(why, err, "%s: production order %s is used up (%" PRId64 " of %" PRId64 "): add another order at the CA",
                       number, o->order.name, o->used, o->order.quantity);
    if (err == ERR_ORDER_EXPIRED)
        return why_set(why, err, "%s: production order %s has expired: add another order at the CA", number, o->order.name);
    return why_set(why, err, "%s is in no production order of %s: add one at the CA by `nameplate ca order add`", number,
                   f->requester);
}

static enum err find_order(const struct issue_facts *f, size_t *ret_order, struct why *why)
{
    /* Of several refusals the one that came furthest is told: used up before expired before in no order. */
    enum err worst = ERR_NO_ORDER;
    const struct decide_order *about = NULL;
    for (size_t i = 0; i < f->orders_n; i++) {
        enum err err = check_order(&f->orders[i], number_serial(f->number), f->now_s);
        if (err == OK) {
            *ret_order = i;
            return OK;
        }
        if (err == ERR_OVER_ORDER || (err == ERR_ORDER_EXPIRED && worst == ERR_NO_ORDER)) {
            worst = err;
            about = &f->orders[i];
        }
    }
    return refuse_order(f, worst, about, why);
}

/* What became of a number is for those to know who may make it. */
static bool is_covered(const struct issue_facts *f)
{
    for (size_t i = 0; i < f->orders_n; i++)
        if (in_range(&f->orders[i].order, number_serial(f->number)))
            return true;
    return false;
}

enum err decide_issue(const struct issue_facts *f, size_t *ret_order, struct why *why)
{
    const char *number = f->number->text;
    if (strcmp(number_serial(f->number), DECIDE_BOOTSTRAP_SERIAL) == 0)
        return why_set(why, ERR_BAD_NUMBER, "%s: this serial number is kept for bootstrap packs", number);
    if (f->history.live && !is_covered(f))
        return refuse_order(f, ERR_NO_ORDER, NULL, why);
    if (f->history.live && f->history.live_request == f->request)
        return why_set(why, ERR_BAD_INPUT, "%s stands in the request twice", number);
    if (f->history.live)
        return why_set(why, ERR_LIVE_IDENTITY,
                       "%s has a live identity (%s): report it failed or voided, or revoke it at the CA, before asking again", number,
                       f->history.live_state);
    return find_order(f, ret_order, why);
}

enum err decide_repeat(const struct register_request *known, const uint8_t digest[REGISTER_DIGEST], int64_t numbers, struct why *why)
{
    if (known->numbers != numbers || memcmp(known->digest, digest, REGISTER_DIGEST) != 0)
        return why_set(why, ERR_CONFLICT, "request %s came before with other device numbers: use a new message id",
                       known->message_id);
    if (known->confirmed_s != 0)
        return why_set(why, ERR_CONFLICT, "request %s was confirmed, its private keys were destroyed: "
                       "report the packs as voided and ask again under a new message id", known->message_id);
    return OK;
}

enum { STEPS_MAX = 2 };

struct outcome_row {
    const char *name;
    struct {
        enum lifecycle_event event;
        enum role who;
    } steps[STEPS_MAX];
    size_t steps_n;
};

static const struct outcome_row outcomes[] = {
    { .name = "written", .steps = { { LIFE_EVENT_PROVE, ROLE_STATION } }, .steps_n = 1 },
    { .name = "failed", .steps = { { LIFE_EVENT_FAIL, ROLE_STATION }, { LIFE_EVENT_VOID, ROLE_FACTORY } }, .steps_n = 2 },
    { .name = "voided", .steps = { { LIFE_EVENT_VOID, ROLE_FACTORY } }, .steps_n = 1 },
};

enum err decide_outcome(enum lifecycle_state from, const char *outcome, enum lifecycle_state *ret_to, struct why *why)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
        const struct outcome_row *row = &outcomes[i];
        if (strcmp(row->name, outcome) != 0)
            continue;
        enum lifecycle_state state = from;
        enum err err = OK;
        for (size_t k = 0; err == OK && k < row->steps_n; k++)
            err = lifecycle_next(state, row->steps[k].event, row->steps[k].who, &state, why);
        if (err == OK)
            *ret_to = state;
        return err;
    }
    return why_set(why, ERR_BAD_INPUT, "\"%.20s\" is no outcome: written, failed or voided", outcome);
}

/* The names are those of RFC 5280, in the form of OpenSSL's configuration files, with hyphens. */
#define REASONS(X) \
    X("unspecified", 0) X("key-compromise", 1) X("affiliation-changed", 3) X("superseded", 4) \
    X("cessation-of-operation", 5) X("privilege-withdrawn", 9)

enum err decide_reason_code(const char *name, int *ret_code)
{
    static const struct {
        const char *name;
        int code;
    } rows[] = {
#define X(name, code) { name, code },
        REASONS(X)
#undef X
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, name) == 0) {
            *ret_code = rows[i].code;
            return OK;
        }
    return ERR_NOT_FOUND;
}

const char *decide_reason_names(void)
{
#define X(name, code) " " name
    return &REASONS(X)[1];
#undef X
}
