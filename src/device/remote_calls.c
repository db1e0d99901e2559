/* What the centre's calls do, one function each (M-2, M-5, M-8). */
#include <stdio.h>
#include <string.h>

#include "device/parameters.h"
#include "device/remote.h"
#include "device/threshold.h"

enum { RESTART_AFTER_S = 5, RENEWAL_AFTER_S = 30, FETCH_AFTER_S = 60, TRIAL_AFTER_S = 10, HAND_OVER_AFTER_S = 30 };

static enum err later(struct remote_reply *reply, int64_t after_s, bool restart)
{
    reply->outcome = REMOTE_LATER;
    reply->after_s = after_s;
    reply->restart = restart;
    return OK;
}

/* A replaced board has no counters before it was told those of the board before: a call that was made earlier waits. */
enum err remote_charge_counter(struct field *f, const struct item *item, const void *request, struct remote_reply *ret_reply,
                               struct why *why)
{
    (void)item, (void)request, (void)why;
    if (option_next(f->option, ITEM_REPLACEMENT, 0) < QUEUE_SLOTS)
        return later(ret_reply, HAND_OVER_AFTER_S, false);
    reading_make(f->board, ret_reply->values, &ret_reply->body.charge_counter);
    ret_reply->sequence = ret_reply->body.charge_counter.sequence;
    return OK;
}

enum err remote_device_information(struct field *f, const struct item *item, const void *request, struct remote_reply *ret_reply,
                                   struct why *why)
{
    const struct board *b = f->board;
    (void)item, (void)request;
    struct device_information_response r = {
        .version = option_version(f->option), .board = b->values.board, .epoch = (int64_t)b->ledger.now.values[LEDGER_EPOCH],
        .values = ret_reply->parameters,
    };
    ret_reply->parameters[r.values_n++] = (struct parameter){ "state", board_state_name(b->boot.state) };
    ret_reply->parameters[r.values_n++] = (struct parameter){ "slot", option_slot(f->option) };
    ret_reply->parameters[r.values_n++] = (struct parameter){ "bootstrap", b->values.bootstrap_model };
    enum err err = number_parse(span_text(b->values.number), &r.number, why);
    ret_reply->body.device_information = r;
    return err;
}

enum err remote_polling_interval(struct field *f, const struct item *item, const void *request, struct remote_reply *ret_reply,
                                 struct why *why)
{
    const struct polling_interval_request *r = request;
    struct nvram values = f->board->values;
    char text[24];
    (void)item;
    snprintf(text, sizeof text, "%lld", (long long)r->interval);
    enum err err = poll_set_interval(&f->poll, r->interval, why);
    if (err == OK)
        err = parameters_set(&values, "field.interval", text, why);
    if (err == OK && memcmp(&values, &f->board->values, sizeof values) != 0)
        err = board_save_values(f->board, &values, why);
    ret_reply->body.polling_interval.accepted = true;
    return err;
}

/* Done when the device has started since the call was taken. */
enum err remote_restart(struct field *f, const struct item *item, const void *request, struct remote_reply *ret_reply, struct why *why)
{
    const int64_t epoch = (int64_t)f->board->ledger.now.values[LEDGER_EPOCH];
    (void)request, (void)why;
    if (epoch > item->epoch) {
        ret_reply->body.restart.epoch = epoch;
        return OK;
    }
    return later(ret_reply, RESTART_AFTER_S, true);
}

/* Done when another identity is in force than when the call was taken, and the centre has confirmed it. */
enum err remote_renew_identity(struct field *f, const struct item *item, const void *request, struct remote_reply *ret_reply,
                               struct why *why)
{
    const struct board *b = f->board;
    (void)request;
    if (f->renew_asked && f->renew_err != OK) {
        enum err err = f->renew_err;
        f->renew_asked = false;
        return why_set(why, err, "%s", why_text(&f->renew_why, err));
    }
    if (!f->renewing && b->boot.identity.generation > item->sequence) {
        f->renew_asked = false;
        ret_reply->body.renew_identity.fingerprint = span_of(b->identity.fingerprint, CERT_FINGERPRINT);
        return OK;
    }
    enum err err = f->renewing ? OK : renewal_begin(f, why);
    f->renew_asked = true;
    ret_reply->outcome = REMOTE_LATER;
    ret_reply->after_s = RENEWAL_AFTER_S;
    return err;
}

static enum err fetch_failed(struct field *f, struct why *why)
{
    enum err err = f->fetch_err;
    f->fetch_err = OK;
    return why_set(why, err, "%s", why_text(&f->fetch_why, err));
}

/* Where this very program lies; PROGRAM_NONE: nowhere. */
static int find_program(const struct option *o, const struct fetch_program_request *r)
{
    for (int i = 0; o->program_file.fd >= 0 && i < PROGRAM_SLOTS; i++) {
        const struct program_slot *s = &o->programs.slots[i];
        if (s->there && strcmp(s->head.version, r->version) == 0 && span_equal(r->sha256, span_of(s->head.sha256, PROGRAM_SHA256)))
            return i;
    }
    return PROGRAM_NONE;
}

/* Done when the program runs and has confirmed itself; failed when it was tried in vain. */
enum err remote_fetch_program(struct field *f, const struct item *item, const void *request, struct remote_reply *ret_reply,
                              struct why *why)
{
    const struct fetch_program_request *r = request;
    const struct loaded *loaded = &f->option->loaded;
    int slot = find_program(f->option, r);
    if (f->fetch_err != OK)
        return fetch_failed(f, why);
    if (loaded->on_trial) /* the other slot has what runs again when this one fails: nothing is fetched into it now */
        return later(ret_reply, TRIAL_AFTER_S, false);
    if (slot != PROGRAM_NONE && slot == loaded->slot) {
        ret_reply->body.fetch_program = (struct fetch_program_response){ option_version(f->option), option_slot(f->option) };
        return OK;
    }
    if (slot != PROGRAM_NONE && f->option->programs.slots[slot].marks[PROGRAM_BAD] && item->epoch < (int64_t)f->board->ledger.now.values[LEDGER_EPOCH])
        return why_set(why, ERR_FLASH_FAILED, "%s was tried and did not confirm itself: %s runs again", r->version,
                       option_version(f->option));
    enum err err = f->fetch_slot != PROGRAM_NONE ? OK : program_fetch(f, r, why);
    return err == OK ? later(ret_reply, FETCH_AFTER_S, false) : err;
}

static enum charge_counter counter_named(const char *name)
{
    int i = 0;
    while (i < CHARGE_COUNT && strcmp(charge_counter_name((enum charge_counter)i), name) != 0)
        i++;
    return (enum charge_counter)i;
}

/* What the replaced board had counted, and what this one counted since it was built in. */
static enum err add_counters(struct ledger_state *state, const struct counter_hand_over_request *r, struct why *why)
{
    for (size_t i = 0; i < r->counters_n; i++) {
        enum charge_counter c = counter_named(r->counters[i].name);
        if (c == CHARGE_COUNT || r->counters[i].value < 0)
            return why_set(why, ERR_BAD_INPUT, "%s %lld is no charge counter", r->counters[i].name, (long long)r->counters[i].value);
        state->values[c] += (uint64_t)r->counters[i].value;
    }
    return OK;
}

static enum err drop_replacement(struct field *f, struct why *why)
{
    uint32_t slot = option_next(f->option, ITEM_REPLACEMENT, 0);
    return slot < QUEUE_SLOTS ? option_drop(f->option, slot, why) : OK;
}

/* The answer's text is the counter's name, which the device found; the request goes when it is answered. */
enum err remote_counter_threshold(struct field *f, const struct item *item, const void *request, struct remote_reply *ret_reply,
                                  struct why *why)
{
    const struct counter_threshold_request *r = request;
    (void)item;
    enum err err = threshold_set(f->board, r->application, r->at, why);
    if (err != OK)
        return err;
    enum charge_counter counter = counter_named(r->application);
    ret_reply->body.counter_threshold = (struct counter_threshold_response){
        .application = charge_counter_name(counter), .at = r->at, .value = (int64_t)f->board->ledger.now.values[counter],
    };
    return OK;
}

/* Once in the life of a board, before its first reading: one snapshot of the log, whole or not at all. */
enum err remote_counter_hand_over(struct field *f, const struct item *item, const void *request, struct remote_reply *ret_reply,
                                  struct why *why)
{
    const struct counter_hand_over_request *r = request;
    struct ledger_state next = f->board->ledger.now;
    (void)item;
    ret_reply->body.counter_hand_over.accepted = true;
    if (next.values[LEDGER_HANDED_OVER] == (uint64_t)r->sequence + 1)
        return drop_replacement(f, why);
    if (next.values[LEDGER_HANDED_OVER] != 0 || next.values[LEDGER_READINGS] != 0)
        return why_set(why, ERR_CONFLICT, "%s has counters of its own: %llu readings were made", f->board->values.number,
                       (unsigned long long)next.values[LEDGER_READINGS]);
    if (r->epoch < 0 || r->sequence < 0 || r->sequence >= UINT32_MAX || r->epoch >= UINT32_MAX)
        return why_set(why, ERR_BAD_INPUT, "epoch or sequence are out of range");
    enum err err = add_counters(&next, r, why);
    next.values[LEDGER_EPOCH] = next.values[LEDGER_READ_EPOCH] = (uint64_t)r->epoch;
    next.values[LEDGER_READINGS] = (uint64_t)r->sequence;
    next.values[LEDGER_HANDED_OVER] = (uint64_t)r->sequence + 1;
    if (err == OK)
        err = flash_error(ledger_replace(&f->board->ledger, &next), "NVRAM", why);
    if (err == OK)
        board_history(f->board, "counters-handed-over", "");
    return err == OK ? drop_replacement(f, why) : err;
}
