/* What must hold of identities (I1 to I3, I6, I8), whatever was renewed, replaced or cut off. */
#include <stdio.h>
#include <string.h>

#include "pki/cert.h"
#include "issued.h"

static bool is_of(const struct identity *i, enum place at) { return strcmp(i->number.text, places[at].number) == 0; }

static bool counts(const struct identity *i) { return lifecycle_is_live(i->state) || i->state == LIFE_RENEWING; }

struct comparison {
    const struct identity *ours;
    bool same;
};

static enum err compare(void *context, const struct center_identity *i)
{
    struct comparison *c = context;
    if (memcmp(i->fingerprint, c->ours->fingerprint, CERT_FINGERPRINT) == 0)
        c->same = strcmp(i->state, lifecycle_name(c->ours->state)) == 0;
    return OK;
}

static bool is_told(const struct identity *i)
{
    struct comparison c = { .ours = i };
    return center_identity_of(sim.center.db, i->number.text, compare, &c, NULL) == OK && c.same;
}

/* I5, I8: the centre says the same of each as the CA, so that what is dead there is dead here. */
bool identities_settled(char *ret_why, size_t size)
{
    for (size_t i = 0; i < issued_count(); i++) {
        const struct identity *known = issued_at(i);
        snprintf(ret_why, size, "I8: generation %lld of %s is %s, and the centre does not say so", (long long)known->generation,
                 known->number.text, lifecycle_name(known->state));
        if (!is_told(known))
            return false;
    }
    for (int at = 0; at < COPY; at++) {
        const struct machine *m = &sim.machines[at];
        snprintf(ret_why, size, "the renewal of %s is not over", m->process.name);
        if (is_served((enum place)at) && option_next(&m->board.option, ITEM_RENEWAL, 0) < QUEUE_SLOTS)
            return false;
        for (size_t i = 0; i < issued_count(); i++)
            if (is_served((enum place)at) && is_of(issued_at(i), (enum place)at) && issued_at(i)->state == LIFE_RENEWING)
                return false;
    }
    return true;
}

/* I1, I3, I6: the one identity of a number that counts is the one in its device's flash, with its key. */
static void check_device(enum place at)
{
    const struct machine *m = &sim.machines[at];
    const struct identity *found = NULL;
    for (size_t i = 0; i < issued_count(); i++) {
        if (!is_of(issued_at(i), at) || !counts(issued_at(i)))
            continue;
        if (found != NULL)
            world_break("I1: %s has two identities that count, of generations %lld and %lld", m->process.name, (long long)found->generation,
                        (long long)issued_at(i)->generation);
        found = issued_at(i);
    }
    if (found == NULL || !lifecycle_is_live(found->state))
        world_break("I6: %s has no live identity", m->process.name);
    else if (memcmp(found->fingerprint, m->board.identity.fingerprint, CERT_FINGERPRINT) != 0)
        world_break("I6: generation %lld of %s is live, and in no device", (long long)found->generation, m->process.name);
    if (!cert_matches_key(m->board.identity.chain[0], m->board.identity.key))
        world_break("I3: the key in %s is not that of its certificate", m->process.name);
}

void check_identities(void)
{
    for (int at = 0; at < COPY; at++)
        if (is_served((enum place)at))
            check_device((enum place)at);
}
