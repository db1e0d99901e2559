#include "model/counter.h"

#include <string.h>

static const struct {
    const char *name, *text;
} verdicts[READING_VERDICT_COUNT] = {
    [READING_FOLLOWS] = { "follows", "the reading follows the one before" },
    [READING_SAME] = { "same", "the reading came again, unchanged" },
    [READING_COUNTER_BACK] = { "counter-back", "a counter is lower than in the reading before, or missing" },
    [READING_SEQUENCE_REPEATS] = { "sequence-repeats", "the reading has a sequence number that was used before: an older memory was "
                                                       "restored, or the memory was copied" },
    [READING_SEQUENCE_SKIPS] = { "sequence-skips", "readings were made that never came here: the memory was exchanged or used elsewhere" },
    [READING_EPOCH_BACK] = { "epoch-back", "the device counts fewer starts than before: an older memory was restored" },
    [READING_EPOCH_SKIPS] = { "epoch-skips", "the device counts starts that it cannot account for" },
    [READING_BEFORE_FIRST] = { "before-first", "the reading was made before the first one that is known here" },
};

const char *reading_verdict_name(enum reading_verdict verdict) { return verdicts[verdict].name; }
const char *reading_verdict_text(enum reading_verdict verdict) { return verdicts[verdict].text; }

static const struct counter *find(const struct reading *r, const char *name)
{
    for (size_t i = 0; i < r->counters_n; i++)
        if (strcmp(r->counters[i].name, name) == 0)
            return &r->counters[i];
    return NULL;
}

static bool any_back(const struct reading *last, const struct reading *now)
{
    for (size_t i = 0; i < last->counters_n; i++) {
        const struct counter *c = find(now, last->counters[i].name);
        if (c == NULL || c->value < last->counters[i].value)
            return true;
    }
    return false;
}

bool reading_same(const struct reading *one, const struct reading *other)
{
    return one->epoch == other->epoch && one->boots == other->boots && one->sequence == other->sequence &&
           one->counters_n == other->counters_n && !any_back(one, other) && !any_back(other, one);
}

/* Of those between, each may have had starts before it, and counted. */
static enum reading_verdict judge_ahead(const struct reading *last, const struct reading *now)
{
    if (now->boots < 0 || now->epoch - last->epoch < now->boots)
        return READING_EPOCH_SKIPS;
    return any_back(last, now) ? READING_COUNTER_BACK : READING_SEQUENCE_SKIPS;
}

enum reading_verdict reading_judge(const struct reading *last, const struct reading *now)
{
    if (last == NULL)
        return READING_FOLLOWS;
    if (reading_same(last, now))
        return READING_SAME;
    if (now->epoch < last->epoch)
        return READING_EPOCH_BACK;
    if (now->sequence <= last->sequence)
        return READING_SEQUENCE_REPEATS;
    if (now->sequence != last->sequence + 1)
        return judge_ahead(last, now);
    if (now->boots < 0 || now->epoch - last->epoch != now->boots)
        return READING_EPOCH_SKIPS;
    return any_back(last, now) ? READING_COUNTER_BACK : READING_FOLLOWS;
}
