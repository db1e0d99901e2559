/* Readings of the charge counters (M-5), and letters: made and numbered once, kept until the centre has them. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "device/field.h"
#include "device/machine.h"

enum { READINGS_MOST = QUEUE_SLOTS / 2 }; /* so that other letters, and calls, have room */

/* What the device's applications count, and whatever was counted otherwise (a replaced board's counters go on). */
static bool belongs(const struct board *b, enum charge_counter counter)
{
    enum software application = software_application(charge_counter_name(counter));
    bool has = application != SOFTWARE_COUNT && (b->applications & 1u << application) != 0;
    return has || b->ledger.now.values[counter] != 0;
}

void reading_make(const struct board *b, struct counter_value ret_values[CHARGE_COUNT], struct charge_counter_response *ret_reading)
{
    const uint64_t *values = b->ledger.now.values;
    size_t n = 0;
    for (int i = 0; i < CHARGE_COUNT; i++)
        if (belongs(b, (enum charge_counter)i))
            ret_values[n++] = (struct counter_value){ .name = charge_counter_name((enum charge_counter)i), .value = (int64_t)values[i] };
    struct charge_counter_response r = {
        .epoch = (int64_t)values[LEDGER_EPOCH],
        .boots = (int64_t)(values[LEDGER_EPOCH] - values[LEDGER_READ_EPOCH]),
        .sequence = (int64_t)values[LEDGER_READINGS] + 1,
        .counters = ret_values,
        .counters_n = n,
    };
    memcpy(r.number.text, b->values.number, strnlen(b->values.number, sizeof r.number.text - 1));
    *ret_reading = r;
}

enum err reading_commit(struct board *b, const struct charge_counter_response *reading, struct why *why)
{
    return flash_error(ledger_set_reading(&b->ledger, (uint64_t)reading->sequence, (uint64_t)reading->epoch), "NVRAM", why);
}

enum err letter_put(struct board *b, struct item *item, struct why *why)
{
    item->serial = (int64_t)b->ledger.now.values[LEDGER_LETTERS] + 1;
    enum err err = option_put(&b->option, item, NULL, why);
    return err == OK ? flash_error(ledger_set(&b->ledger, LEDGER_LETTERS, (uint64_t)item->serial), "NVRAM", why) : err;
}

static enum err recover_kind(struct board *b, enum item_kind kind, struct why *why)
{
    enum err err = OK;
    for (uint32_t i = option_next(&b->option, kind, 0); err == OK && i < QUEUE_SLOTS;
         i = option_next(&b->option, kind, b->option.queue.entries[i].serial)) {
        AUTO_ITEM item = { 0 };
        err = option_get(&b->option, i, &item, why);
        if (err == OK && item.sequence > (int64_t)b->ledger.now.values[LEDGER_READINGS])
            err = flash_error(ledger_set_reading(&b->ledger, (uint64_t)item.sequence, (uint64_t)item.epoch), "NVRAM", why);
        if (err == OK && item.serial > (int64_t)b->ledger.now.values[LEDGER_LETTERS])
            err = flash_error(ledger_set(&b->ledger, LEDGER_LETTERS, (uint64_t)item.serial), "NVRAM", why);
    }
    return err;
}

enum err reading_recover(struct board *b, struct why *why)
{
    static const enum item_kind kinds[] = { ITEM_CALL_UP, ITEM_ANSWER };
    enum err err = OK;
    for (size_t i = 0; err == OK && i < sizeof kinds / sizeof *kinds; i++)
        err = recover_kind(b, kinds[i], why);
    return err;
}

enum err reading_report(struct board *b, struct why *why)
{
    struct counter_value values[CHARGE_COUNT];
    struct charge_counter_response reading;
    if (kept_readings(&b->option) >= READINGS_MOST)
        return why_set(why, ERR_BUSY, "%d readings wait for the centre already: the next one will say it all", READINGS_MOST);
    reading_make(b, values, &reading);
    const struct counter_report_request body = {
        .number = reading.number, .epoch = reading.epoch, .boots = reading.boots, .sequence = reading.sequence,
        .counters = values, .counters_n = reading.counters_n,
    };
    enum err err = field_put_call(b, SOAP_COUNTER_REPORT, &body, reading.sequence, why);
    return err == OK ? reading_commit(b, &reading, why) : err;
}
