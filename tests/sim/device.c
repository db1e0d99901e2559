/* The device: its decisions and its flash are the product's, its chip forgets what was not synced. */
#include <stdio.h>
#include <string.h>

#include "device/core/install.h"
#include "sim.h"

/* An identity in the flash: its fingerprint, and bytes that follow from it, so that a mixture shows. */
static void make_payload(const uint8_t fingerprint[32], uint8_t ret_payload[PAYLOAD])
{
    memcpy(ret_payload, fingerprint, 32);
    for (size_t i = 32; i < PAYLOAD; i++)
        ret_payload[i] = (uint8_t)(fingerprint[i % 32] + i);
}

static bool read_identity(const struct memory *memory, const struct slot *slot, uint8_t ret_fingerprint[32])
{
    uint8_t payload[PAYLOAD], whole[PAYLOAD];
    if (slot->length != PAYLOAD || area_read(&memory->identity, slot, 0, payload, PAYLOAD) != FLASH_OK)
        return false;
    make_payload(payload, whole);
    memcpy(ret_fingerprint, payload, 32);
    return memcmp(payload, whole, PAYLOAD) == 0;
}

static enum flash_err no_sync(void *chip)
{
    (void)chip;
    return FLASH_OK;
}

static void start(struct sim *s, struct device *d)
{
    uint8_t found[32];
    d->on = true;
    d->life++;
    d->reporting = false;
    if (memory_boot(&d->memory, &d->boot) != FLASH_OK)
        sim_break(s, "I3: the boot failed");
    else if (d->boot.state == BOOT_INDIVIDUAL && !read_identity(&d->memory, &d->boot.identity, found))
        sim_break(s, "I3: the boot found a torn identity");
}

void device_begin(struct sim *s, unsigned board)
{
    struct device *d = &s->devices[board];
    d->life = 0;
    snprintf(d->id, sizeof d->id, "board-%u", board);
    chip_init(&d->flash, FLASH_BYTES, FLASH_SECTOR);
    chip_init(&d->nvram, NVRAM_BYTES, NVRAM_SECTOR);
    d->flash.seed = (uint32_t)sim_random(s);
    d->flash.garble = true;
    d->flash.forget = (enum chip_forget)(sim_random(s) % 3);
    d->flash_ops = chip_flash(&d->flash);
    d->nvram_ops = chip_flash(&d->nvram);
    if (s->mutation == MUTATE_NO_SYNC)
        d->flash_ops.sync = no_sync;
    if (memory_init(&d->flash_ops, &d->nvram_ops, &d->memory) != FLASH_OK)
        sim_break(s, "the chip does not fit");
    start(s, d);
}

/* The chip as it would be after a cut that forgets all that was not synced. */
static enum flash_err read_durable(void *context, uint32_t at, uint8_t *to, uint32_t n)
{
    const struct chip *chip = context;
    if (at > chip->size || n > chip->size - at)
        return FLASH_IO;
    memcpy(to, chip->durable + at, n);
    return FLASH_OK;
}

bool device_durable_identity(struct device *d, uint8_t ret_fingerprint[32])
{
    struct flash ops = d->flash_ops;
    struct memory memory;
    struct boot boot;
    ops.read = read_durable;
    return memory_init(&ops, &d->nvram_ops, &memory) == FLASH_OK && memory_boot(&memory, &boot) == FLASH_OK &&
           boot.state == BOOT_INDIVIDUAL && read_identity(&memory, &boot.identity, ret_fingerprint);
}

void device_cut_power(struct sim *s, struct device *d)
{
    d->on = false;
    d->reporting = false;
    d->flash.off = true;
    sim_later(s, 1500, &(struct message){ .kind = TICK_POWER_ON, .board = (unsigned)(d - s->devices), .boot = d->life });
}

/* The CA's time of a certificate: each re-issue is later. */
static int64_t issued(const struct sim *s, const uint8_t fingerprint[32])
{
    for (size_t i = 0; i < s->rows_n; i++)
        if (memcmp(s->rows[i].fingerprint, fingerprint, 32) == 0)
            return (int64_t)i + 1;
    return 0;
}

static struct device_view view_of(struct sim *s, const struct device *d, uint8_t fingerprint[32])
{
    struct device_view v = { .state = BOOT_BOOTSTRAP, .number = s->number.text, .board = d->id, .bootstrap = (const uint8_t *)d->id };
    if (d->boot.state == BOOT_INDIVIDUAL && read_identity(&d->memory, &d->boot.identity, fingerprint)) {
        v.state = BOOT_INDIVIDUAL;
        v.fingerprint = fingerprint;
        v.issued_s = s->mutation == MUTATE_ROLLBACK ? 0 : issued(s, fingerprint);
    }
    return v;
}

static void reply(struct sim *s, const struct message *request, struct message m)
{
    m.board = request->board;
    m.ticket = request->ticket;
    sim_send(s, &m);
}

static void report(struct sim *s, struct device *d)
{
    struct message m = { .kind = MSG_RESULT, .board = (unsigned)(d - s->devices), .good = d->report_good };
    m.exchange = d->exchange = ++s->order;
    memcpy(m.fingerprint, d->pack, 32);
    memcpy(m.nonce, d->nonce, 16);
    d->reporting = true;
    d->attempt++;
    sim_send(s, &m);
    sim_later(s, 3000, &(struct message){ .kind = TICK_REPORT, .board = m.board, .boot = d->life, .exchange = m.exchange });
}

static void begin_report(struct sim *s, struct device *d, bool good)
{
    d->report_good = good;
    d->attempt = 0;
    report(s, d);
}

static enum flash_err judge(void *context, const struct area *area, const struct slot *slot)
{
    uint8_t found[32];
    (void)area;
    return read_identity(context, slot, found) ? FLASH_OK : FLASH_REFUSED;
}

static void write_pack(struct sim *s, struct device *d)
{
    uint8_t payload[PAYLOAD];
    make_payload(d->pack, payload);
    d->flash.budget = sim_chance(s, 15) ? (int64_t)(sim_random(s) % 6000) : -1;
    d->flash.broken_at = sim_chance(s, 10) ? (long)(64 + sim_random(s) % PAYLOAD) : -1;
    enum flash_err err = install_record(&d->memory.identity, payload, PAYLOAD, KIND_PLAIN, judge, &d->memory, NULL);
    d->flash.budget = -1;
    d->flash.broken_at = -1;
    if (d->flash.off) {
        device_cut_power(s, d);
        return;
    }
    if (memory_boot(&d->memory, &d->boot) != FLASH_OK)
        sim_break(s, "I3: the boot failed after a write");
    if (sim_chance(s, 6))
        device_cut_power(s, d);
    else
        begin_report(s, d, err == FLASH_OK || s->mutation == MUTATE_CLAIM_IS_PROOF);
}

static void take_pack(struct sim *s, struct device *d, const struct message *m)
{
    uint8_t fingerprint[32];
    const struct device_view v = view_of(s, d, fingerprint);
    enum pack_step step;
    struct pack_offer offer = { .number = s->number.text, .board = s->mutation == MUTATE_ANY_BOARD ? d->id : m->board_id };
    memcpy(offer.fingerprint, m->fingerprint, sizeof offer.fingerprint);
    offer.issued_s = issued(s, m->fingerprint);
    enum err err = decide_pack(&v, &offer, &step, NULL);
    if (err != OK) {
        reply(s, m, (struct message){ .kind = MSG_FAULT, .err = err });
        return;
    }
    memcpy(d->pack, m->fingerprint, 32);
    memcpy(d->nonce, m->nonce, 16);
    d->reporting = false;
    reply(s, m, (struct message){ .kind = MSG_RECEIVED });
    if (step == PACK_REPORT_AGAIN)
        begin_report(s, d, true);
    else
        sim_later(s, 40, &(struct message){ .kind = TICK_WRITE, .board = m->board, .boot = d->life });
}

static void take_result_request(struct sim *s, struct device *d, const struct message *m)
{
    uint8_t fingerprint[32];
    const struct device_view v = view_of(s, d, fingerprint);
    enum err err = decide_result_request(&v, s->number.text, NULL);
    if (err != OK) {
        reply(s, m, (struct message){ .kind = MSG_FAULT, .err = err });
        return;
    }
    memcpy(d->pack, fingerprint, 32);
    memcpy(d->nonce, m->nonce, 16);
    reply(s, m, (struct message){ .kind = MSG_RECEIVED });
    begin_report(s, d, true);
}

static void take_parameters(struct sim *s, struct device *d, const struct message *m)
{
    uint8_t fingerprint[32];
    const struct device_view v = view_of(s, d, fingerprint);
    enum err err = decide_parameters(&v, NULL);
    reply(s, m, err == OK ? (struct message){ .kind = MSG_INITIALISED } : (struct message){ .kind = MSG_FAULT, .err = err });
}

static void tell_status(struct sim *s, const struct device *d, const struct message *m)
{
    struct message answer = { .kind = MSG_STATUS_IS };
    const struct device_view v = view_of(s, d, answer.status.fingerprint);
    answer.status.individual = v.state == BOOT_INDIVIDUAL;
    snprintf(answer.status.number, sizeof answer.status.number, "%s", s->number.text);
    snprintf(answer.status.board, sizeof answer.status.board, "%s", d->id);
    reply(s, m, answer);
}

/* S13, or that it did not come. */
static void report_answered(struct sim *s, struct device *d, const struct message *m, enum err err)
{
    int64_t delay_ms;
    (void)delay_ms;
    if (!d->reporting || m->exchange != d->exchange)
        return;
    if (decide_report(err, d->attempt, &delay_ms) == REPORT_AGAIN && d->attempt < 8)
        report(s, d);
    else
        d->reporting = false;
}

static void tick_device(struct sim *s, struct device *d, const struct message *m)
{
    if (m->kind == TICK_POWER_ON && !d->on) {
        chip_power_on(&d->flash);
        start(s, d);
    } else if (m->kind == TICK_WRITE && d->on && m->boot == d->life) {
        write_pack(s, d);
    } else if (m->kind == TICK_REPORT && d->on && m->boot == d->life) {
        report_answered(s, d, m, ERR_TIMEOUT);
    }
}

void device_take(struct sim *s, const struct message *m)
{
    struct device *d = &s->devices[m->board];
    if (m->kind == TICK_POWER_ON || m->kind == TICK_WRITE || m->kind == TICK_REPORT) {
        tick_device(s, d, m);
        return;
    }
    if (!d->on || m->board != s->on_bench)
        return;
    if (sim_chance(s, 2)) {
        device_cut_power(s, d);
        return;
    }
    switch ((int)m->kind) {
    case MSG_STATUS: tell_status(s, d, m); break;
    case MSG_SEND: take_pack(s, d, m); break;
    case MSG_ASK_RESULT: take_result_request(s, d, m); break;
    case MSG_RESULT_TAKEN: report_answered(s, d, m, m->err); break;
    case MSG_INITIALISE: take_parameters(s, d, m); break;
    default: break;
    }
}
