#include "device/threshold.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "device/core/software.h"
#include "device/event.h"
#include "device/parameters.h"

enum { NAME = 40, LINE = 40 };

struct threshold {
    int64_t at; /* 0: none */
    bool told;
};

static void name_of(enum charge_counter counter, char ret_name[NAME])
{
    snprintf(ret_name, NAME, "threshold.%s", charge_counter_name(counter));
}

static struct threshold read_line(const struct board *b, enum charge_counter counter)
{
    char name[NAME], text[LINE], *end;
    name_of(counter, name);
    parameters_get(b->values.operation, name, sizeof text, text);
    struct threshold t = { .at = strtoll(text, &end, 10) };
    t.told = strcmp(end, " told") == 0;
    return end == text || t.at < 0 ? (struct threshold){ 0 } : t;
}

static enum err write_line(struct board *b, enum charge_counter counter, const struct threshold *t, struct why *why)
{
    char name[NAME], text[LINE] = "";
    struct nvram values = b->values;
    name_of(counter, name);
    if (t->at > 0)
        snprintf(text, sizeof text, "%" PRId64 "%s", t->at, t->told ? " told" : "");
    enum err err = parameters_set(&values, name, text, why);
    return err == OK ? board_save_values(b, &values, why) : err;
}

static enum err find(const struct board *b, const char *application, enum charge_counter *ret_counter, struct why *why)
{
    enum software software = software_application(application);
    for (int i = 0; i < CHARGE_COUNT; i++)
        if (strcmp(charge_counter_name((enum charge_counter)i), application) == 0 && software != SOFTWARE_COUNT &&
            (b->applications & 1u << software) != 0) {
            *ret_counter = (enum charge_counter)i;
            return OK;
        }
    return why_set(why, ERR_NOT_FOUND, "%.40s is not in this device, or counts nothing", application);
}

enum err threshold_set(struct board *b, const char *application, int64_t at, struct why *why)
{
    enum charge_counter counter = CHARGE_COUNT;
    const struct threshold wanted = { .at = at };
    if (!b->option.there)
        return why_set(why, ERR_UNSUPPORTED, "the device has no remote functions: nameplate device remote adds them");
    if (at < 0 || at > LIMIT_THRESHOLD)
        return why_set(why, ERR_BAD_INPUT, "a threshold has 0 (none) to %d units, not %" PRId64, LIMIT_THRESHOLD, at);
    enum err err = find(b, application, &counter, why);
    if (err != OK || read_line(b, counter).at == at)
        return err;
    return write_line(b, counter, &wanted, why);
}

static enum err tell(struct board *b, enum charge_counter counter, struct threshold t, bool *told, struct why *why)
{
    char passed[80], detail[120];
    const char *name = charge_counter_name(counter);
    enum err err = OK;
    snprintf(passed, sizeof passed, "%s passed %" PRId64 ":", name, t.at);
    snprintf(detail, sizeof detail, "%s %" PRIu64, passed, b->ledger.now.values[counter]);
    bool waits = event_waiting(b, EVENT_THRESHOLD, passed) > 0;
    if (!waits && !event_has_room(b))
        return OK;
    if (!waits)
        err = event_put(b, EVENT_THRESHOLD, detail, why);
    if (err != OK)
        return err;
    t.told = *told = true;
    board_history(b, EVENT_THRESHOLD, detail);
    return write_line(b, counter, &t, why);
}

enum err threshold_tell(struct board *b, bool *ret_told, struct why *why)
{
    enum err err = OK;
    bool told = false;
    for (int i = 0; err == OK && b->option.there && i < CHARGE_COUNT; i++) {
        const struct threshold t = read_line(b, (enum charge_counter)i);
        if (t.at > 0 && !t.told && b->ledger.now.values[i] >= (uint64_t)t.at)
            err = tell(b, (enum charge_counter)i, t, &told, why);
    }
    if (err == OK)
        *ret_told = told;
    return err;
}
