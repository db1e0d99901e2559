/* Which readings are believed (M-5): each must follow the one before, wherever that one still is. */
#include "center/decide.h"

bool decide_letters_missing(const struct center_letters *known, int64_t serial)
{
    for (int64_t i = serial - 1; i > 0 && i > serial - LIMIT_LETTERS_KNOWN; i--)
        if (i > known->top || known->marks[i % LIMIT_LETTERS_KNOWN] == 0)
            return true;
    return false;
}

/* One that came before: the same again, or another under its number. One that was never here adds nothing to those that were. */
static enum reading_verdict judge(const struct reading_facts *f, const struct reading *now)
{
    const enum reading_verdict v = reading_judge(f->last, now);
    if (f->last == NULL || now->sequence >= f->last->sequence)
        return v;
    if (f->earlier == NULL)
        return READING_BEFORE_FIRST;
    return reading_same(f->earlier, now) ? READING_SAME : v;
}

/* Those before it are a letter that did not come yet; but not for ever, when its device comes and does not bring them. */
static bool may_wait(const struct reading_facts *f, const struct center_gap *gap, int64_t now_s)
{
    bool long_ago = now_s - gap->since_s >= LIMIT_READING_WAIT_S;
    return f->letters_missing && !(long_ago && f->position - gap->position >= LIMIT_READING_WAIT_PRESENCES);
}

struct reading_outcome decide_reading(const struct reading_facts *f, const struct reading *now, int64_t now_s)
{
    struct reading_outcome o = { .verdict = judge(f, now), .gap = f->gap };
    if (o.verdict == READING_SEQUENCE_SKIPS) {
        if (o.gap.since_s == 0 || o.gap.sequence != f->last->sequence + 1)
            o.gap = (struct center_gap){ now_s, f->position, f->last->sequence + 1 };
        o.wait = may_wait(f, &o.gap, now_s);
    }
    o.billable = o.verdict == READING_FOLLOWS;
    o.keep = !o.wait && o.verdict != READING_SAME;
    o.quarantine = o.keep && !o.billable && o.verdict != READING_BEFORE_FIRST;
    return o;
}
