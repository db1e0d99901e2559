#include "ca/permit.h"

#include <stddef.h>

#define IN(state) (1u << BATCH_##state)
#define ANY ((1u << BATCH_STATES) - 1)

static const struct permit_row rows[CA_REQUEST_END] = {
#define ROW(code, text, where, most) [CA_REQUEST_##code] = { CA_REQUEST_##code, text, where, most }
    ROW(OPEN, "open", IN(NONE), 6000),
    ROW(NUMBERS, "numbers", IN(OPEN) | IN(REFUSED), 0),
    ROW(CHECK, "check", IN(OPEN) | IN(REFUSED), 6000),
    ROW(NEXT, "next", IN(ACCEPTED), 0),
    ROW(CLOSE, "close", ANY, 0),
    ROW(CONFIRM, "confirm", ANY, 6000),
    ROW(OUTCOMES, "outcomes", ANY, 60000),
    ROW(ACCOUNTS, "accounts", ANY, 6000),
    ROW(BOOTSTRAP, "bootstrap", ANY, 600),
    ROW(ENROL, "enrol", ANY, 120),
    ROW(LISTS, "lists", ANY, 600),
    ROW(WITNESS, "witness", ANY, 60),
    ROW(IDENTITIES, "identities", ANY, 600),
    ROW(RENEW, "renew", ANY, 1200),
    ROW(SETTLE, "settle", ANY, 6000),
#undef ROW
};

const struct permit_row *permit_row(unsigned kind)
{
    return kind < CA_REQUEST_END && rows[kind].name != NULL ? &rows[kind] : NULL;
}

enum err permit_check(struct permit_meter *meter, unsigned kind, enum batch_state state, int64_t now_ms, struct why *why)
{
    const struct permit_row *row = permit_row(kind);
    if (row == NULL)
        return why_set(why, ERR_UNSUPPORTED, "the signer knows no request %u", kind);
    if ((row->states & (1u << state)) == 0)
        return why_set(why, ERR_NOT_ALLOWED, "\"%s\" is not possible now", row->name);
    if (now_ms - meter->window_start_ms >= PERMIT_WINDOW_MS || now_ms < meter->window_start_ms)
        *meter = (struct permit_meter){ .window_start_ms = now_ms };
    meter->count[kind]++;
    if (row->per_minute != 0 && meter->count[kind] > row->per_minute)
        return why_set(why, ERR_BUSY, "\"%s\" came more than %lld times in a minute", row->name, (long long)row->per_minute);
    return OK;
}
