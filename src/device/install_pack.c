/* From a pack's bytes to an identity in force (F-14): sealed or plain into the flash, read back, judged, committed. */
#include "device/board.h"

#include <string.h>

#include "base/clock.h"
#include "device/core/install.h"

/* What an area is sealed for: a sealed bootstrap pack copied over the identity does not open. */
static struct span seal_context(const struct area *area, const struct board *b)
{
    return span_text(area == &b->memory.identity ? "nameplate identity" : "nameplate bootstrap");
}

/* The pack that lies in a slot, opened when it is sealed. */
static enum err read_pack(const struct board *b, const struct area *area, const struct slot *slot, struct secret *ret_pack,
                          struct why *why)
{
    AUTO_SECRET stored = SECRET_INIT;
    enum err err = secret_new(slot->length, &stored);
    if (err == OK)
        err = flash_error(area_read(area, slot, 0, stored.data, slot->length), "pack", why);
    if (err != OK)
        return err;
    if (slot->kind == KIND_SEALED)
        return unseal(b->sealer, secret_span(&stored), seal_context(area, b), ret_pack, why);
    *ret_pack = stored;
    stored = (struct secret)SECRET_INIT;
    return OK;
}

static enum err load(const struct board *b, const struct area *area, const struct slot *slot,
                     const struct credential_rules *rules, struct credential *ret_credential, struct why *why)
{
    AUTO_SECRET pack = SECRET_INIT;
    enum err err = read_pack(b, area, slot, &pack, why);
    return err == OK ? credential_from_pack(secret_span(&pack), rules, ret_credential, why) : err;
}

static struct credential_rules rules_for(const struct board *b, enum credential_use use, const char *number, const char *model,
                                         int64_t now_s)
{
    return (struct credential_rules){
        .use = use, .root = b->root, .trust = b->trust, .number = number, .model = model, .now_s = now_s,
    };
}

/* At time 0, that is their own first moment: what was in force when it was written still boots when it has
 * expired; whether it is still good is for the peer to say. */
enum err board_load_credentials(struct board *b, struct why *why)
{
    const struct credential_rules board = rules_for(b, CREDENTIAL_BOOTSTRAP, "", "", 0);
    const struct credential_rules identity = rules_for(b, CREDENTIAL_IDENTITY, "", "", 0);
    enum err err = OK;
    if (b->boot.bootstrap.length != 0)
        err = load(b, &b->memory.bootstrap, &b->boot.bootstrap, &board, &b->bootstrap, why);
    if (err == OK && b->boot.state == BOOT_INDIVIDUAL)
        err = load(b, &b->memory.identity, &b->boot.identity, &identity, &b->identity, why);
    return err;
}

struct judging {
    const struct board *board;
    const struct credential_rules *rules;
    struct credential found; /* what was judged good; empty otherwise */
    struct why *why;
    enum err err; /* why the pack was refused */
};

/* install_verify_fn: judges what lies in the flash, not what came over the wire. */
static enum flash_err judge_slot(void *context, const struct area *area, const struct slot *slot)
{
    struct judging *j = context;
    j->err = load(j->board, area, slot, j->rules, &j->found, j->why);
    return j->err == OK ? FLASH_OK : FLASH_REFUSED;
}

/* The record is committed: what the flash holds is in force, with the key as it was read back and judged. */
static void come_into_force(struct board *b, const struct area *area, const struct slot *slot, struct credential *found)
{
    bool identity = area == &b->memory.identity;
    struct credential *place = identity ? &b->identity : &b->bootstrap;
    *(identity ? &b->boot.identity : &b->boot.bootstrap) = *slot;
    if (identity || b->boot.state == BOOT_BLANK)
        b->boot.state = identity ? BOOT_INDIVIDUAL : BOOT_BOOTSTRAP;
    credential_done(place);
    *place = *found;
    *found = (struct credential){ 0 };
}

static enum err write_record(struct board *b, const struct area *area, struct span bytes, uint16_t kind,
                             const struct credential_rules *rules, struct why *why)
{
    struct judging j = { .board = b, .rules = rules, .why = why };
    struct slot slot;
    enum flash_err wrote = install_record(area, bytes.at, (uint32_t)bytes.n, kind, judge_slot, &j, &slot);
    enum err err = wrote == FLASH_REFUSED ? j.err : flash_error(wrote, "pack", why);
    if (err == OK)
        come_into_force(b, area, &slot, &j.found);
    credential_done(&j.found);
    return err;
}

/* What is in force after a write that failed is what a start would find. */
static enum err boot_again(struct board *b, enum err err)
{
    struct why boot_why = { "" };
    if (!b->faults.off)
        (void)!board_boot(b, &boot_why); /* its own failure is not the one to tell */
    return err;
}

static enum err install(struct board *b, const struct area *area, struct span pack, const struct credential_rules *rules,
                        struct why *why)
{
    AUTO_BUF sealed = BUF_INIT;
    if (b->root == NULL)
        return why_set(why, ERR_BAD_CERTIFICATE, "the firmware has no root certificate");
    if (pack.n > LIMIT_PACK)
        return why_set(why, ERR_TOO_LARGE, "the pack has %zu bytes, more than %d", pack.n, LIMIT_PACK);
    enum err err = OK;
    if (b->store_sealed)
        err = seal(b->sealer, pack, seal_context(area, b), &sealed, why);
    if (err == OK)
        err = write_record(b, area, b->store_sealed ? buf_span(&sealed) : pack, b->store_sealed ? KIND_SEALED : KIND_PLAIN, rules,
                           why);
    return err == OK ? OK : boot_again(b, err);
}

/* A count that is lost is not worth failing a good write for. */
static void count(struct board *b, enum nvram_counter counter)
{
    struct nvram values = b->values;
    struct why ignored;
    values.counters[counter]++;
    bool counted = !b->faults.off && board_save_values(b, &values, &ignored) == OK;
    (void)counted;
}

enum err board_install_identity(struct board *b, struct span pack, struct why *why)
{
    if (*b->values.number == '\0')
        return why_set(why, ERR_NUMBER_MISMATCH, "the board has no device number yet");
    const struct credential_rules rules = rules_for(b, CREDENTIAL_IDENTITY, b->values.number, "", clock_wall_s());
    b->faults.fail_write = b->faults.fail_identity;
    b->faults.fail_identity = false;
    enum err err = install(b, &b->memory.identity, pack, &rules, why);
    board_history(b, err == OK ? "write" : "write-failed", err == OK ? "" : why_text(why, err));
    count(b, err == OK ? NVRAM_WRITES : NVRAM_FAILURES);
    return err;
}

static enum err save_bootstrap_information(struct board *b, struct why *why)
{
    struct nvram values = b->values;
    struct peer peer;
    enum err err = cert_peer(b->bootstrap.chain[0], &peer, why);
    if (err != OK)
        return err;
    size_t n = strnlen(peer.name, sizeof values.bootstrap_model - 1);
    memset(values.bootstrap_model, 0, sizeof values.bootstrap_model);
    memcpy(values.bootstrap_model, peer.name, n);
    memcpy(values.bootstrap_fingerprint, b->bootstrap.fingerprint, sizeof values.bootstrap_fingerprint);
    return board_save_values(b, &values, why);
}

/* The model that a numbered board is of; "" for a bare one. */
static void own_model(const struct board *b, char ret_model[LIMIT_MODEL_CODE + 1])
{
    struct device_number number;
    ret_model[0] = '\0';
    if (number_parse(span_text(b->values.number), &number, NULL) == OK)
        number_model(&number, ret_model);
}

enum err board_install_bootstrap(struct board *b, struct span pack, struct why *why)
{
    char model[LIMIT_MODEL_CODE + 1];
    own_model(b, model);
    const struct credential_rules rules = rules_for(b, CREDENTIAL_BOOTSTRAP, "", model, clock_wall_s());
    enum err err = install(b, &b->memory.bootstrap, pack, &rules, why);
    if (err == OK)
        err = save_bootstrap_information(b, why);
    board_history(b, err == OK ? "bootstrap" : "bootstrap-failed", err == OK ? "" : why_text(why, err));
    return err;
}

enum err board_drop_stale(struct board *b, struct why *why)
{
    if (b->boot.state != BOOT_INDIVIDUAL)
        return OK;
    return flash_error(area_drop_stale(&b->memory.identity, &b->boot.identity), "former identity", why);
}
