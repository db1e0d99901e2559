#include "factory/keyed.h"

#include <stdio.h>

static void drop(struct keyed *k, size_t at)
{
    memmove(&k->list[at], &k->list[at + 1], (--k->n - at) * sizeof *k->list);
}

static void drop_expired(struct keyed *k, int64_t now_s)
{
    for (size_t i = k->n; i-- > 0;)
        if (k->list[i].until_s <= now_s)
            drop(k, i);
}

enum err keyed_add(struct keyed *k, const struct keyed_number *number, int64_t now_s, struct why *why)
{
    size_t at_line = 0;
    drop_expired(k, now_s);
    for (size_t i = 0; i < k->n; i++) {
        if (number_equal(&k->list[i].number, &number->number))
            return why_set(why, ERR_EXISTS, "%s waits for line %s already", number->number.text, k->list[i].line);
        at_line += strcmp(k->list[i].line, number->line) == 0;
    }
    if (at_line >= LIMIT_KEYED_PER_LINE || k->n == LIMIT_KEYED)
        return why_set(why, ERR_BUSY, "%zu numbers wait for line %s already: let its station work first", at_line, number->line);
    k->list[k->n++] = *number;
    return OK;
}

void keyed_withdraw(struct keyed *k, const struct device_number *number)
{
    for (size_t i = k->n; i-- > 0;)
        if (number_equal(&k->list[i].number, number))
            drop(k, i);
}

const struct keyed_number *keyed_next(struct keyed *k, const char *line, const char *station, int64_t now_s)
{
    drop_expired(k, now_s);
    for (size_t i = 0; i < k->n; i++) {
        struct keyed_number *n = &k->list[i];
        if (strcmp(n->line, line) != 0 || (n->station[0] != '\0' && strcmp(n->station, station) != 0))
            continue;
        snprintf(n->station, sizeof n->station, "%.*s", LIMIT_NAME, station);
        return n;
    }
    return NULL;
}

bool keyed_take(struct keyed *k, const char *station, const char *number, struct keyed_number *ret_number)
{
    for (size_t i = 0; i < k->n; i++) {
        if (strcmp(k->list[i].number.text, number) != 0 || strcmp(k->list[i].station, station) != 0)
            continue;
        *ret_number = k->list[i];
        drop(k, i);
        return true;
    }
    return false;
}
