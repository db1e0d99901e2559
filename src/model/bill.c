#include "model/bill.h"

#include <string.h>

static struct bill_counter *find(struct bill *b, const char *name)
{
    for (size_t i = 0; i < b->counters_n; i++)
        if (strcmp(b->counters[i].name, name) == 0)
            return &b->counters[i];
    return NULL;
}

/* One that was not there in the chain until now began at 0; one that begins with a chain, where it stands. */
static enum err add(struct bill *b, const struct counter *c, bool follows, struct bill_counter **ret_counter)
{
    if (b->counters_n == BILL_COUNTERS)
        return ERR_TOO_LARGE;
    struct bill_counter *to = &b->counters[b->counters_n++];
    memcpy(to->name, c->name, sizeof to->name);
    to->opening = to->closing = follows ? 0 : c->value;
    to->count = 0;
    *ret_counter = to;
    return OK;
}

/* What it was in the reading before, 0 when it was not there. */
static int64_t before(const struct reading *last, const char *name)
{
    for (size_t i = 0; i < last->counters_n; i++)
        if (strcmp(last->counters[i].name, name) == 0)
            return last->counters[i].value;
    return 0;
}

enum err bill_take(struct bill *b, const struct reading *r, int64_t received_s, bool follows, bool within)
{
    bool first = b->opened_s == 0;
    enum err err = OK;
    for (size_t i = 0; err == OK && i < r->counters_n; i++) {
        const struct counter *c = &r->counters[i];
        struct bill_counter *to = find(b, c->name);
        if (to == NULL)
            err = add(b, c, follows, &to);
        if (err != OK)
            return err;
        if (follows)
            to->count += c->value - before(&b->last, c->name);
        to->closing = c->value;
    }
    if (first)
        b->opened_s = received_s;
    b->closed_s = received_s;
    b->readings += follows ? r->sequence - b->last.sequence : within;
    b->breaks += !first && !follows;
    b->last = *r;
    return err;
}
