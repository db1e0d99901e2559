#include "device/board.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "base/clock.h"
#include "base/file.h"
#include "device/core/install.h"
#include "device/decide.h"
#include "device/machine.h"
#include "device/parameters.h"

const char *board_state_name(enum boot_state state)
{
    switch (state) {
    case BOOT_BLANK: return "blank";
    case BOOT_BOOTSTRAP: return "bootstrap";
    case BOOT_INDIVIDUAL: return "individual";
    }
    return "unknown";
}

static enum err open_chips(struct board *b, bool writable, struct why *why)
{
    char flash[BOARD_PATH + 16], nvram[BOARD_PATH + 16];
    snprintf(flash, sizeof flash, "%s/flash.bin", b->dir);
    snprintf(nvram, sizeof nvram, "%s/nvram.bin", b->dir);
    enum err err = filechip_open(flash, FLASH_BYTES, FLASH_SECTOR, writable, &b->faults, &b->flash_file, why);
    if (err == OK)
        err = filechip_open(nvram, NVRAM_BYTES, NVRAM_SECTOR, writable, &b->faults, &b->nvram_file, why);
    if (err == OK && writable && flock(b->flash_file.fd, LOCK_EX | LOCK_NB) != 0)
        err = why_set(why, ERR_BUSY, "%s: the device is running in another process: end its `nameplate device run` first", b->dir);
    if (err != OK)
        return err;
    b->flash = filechip_flash(&b->flash_file);
    b->nvram = filechip_flash(&b->nvram_file);
    return flash_error(memory_init(&b->flash, &b->nvram, &b->memory), "memory", why);
}

static enum err load_device_key(struct board *b, struct why *why)
{
    char source[BOARD_PATH + 32];
    AUTO_SECRET kek = SECRET_INIT;
    snprintf(source, sizeof source, "file:%s/device.key", b->dir);
    enum err err = kek_load(source, &kek, why);
    return err == OK ? sealer_new(&kek, &b->sealer, why) : err;
}

enum err board_read_area(const struct board *b, const struct area *area, const char *what, struct buf *to, struct why *why)
{
    struct slot slot;
    (void)b;
    enum err err = flash_error(area_find(area, &slot), what, why);
    if (err == OK)
        err = buf_reserve(to, slot.length);
    if (err == OK)
        err = flash_error(area_read(area, &slot, 0, to->data + to->len, slot.length), what, why);
    if (err == OK)
        to->len += slot.length;
    return err;
}

static enum err make_trust(struct span der, struct cert **ret_root, struct trust **ret_trust, struct why *why)
{
    AUTO_CERT root = NULL;
    AUTO_TRUST trust = NULL;
    enum err err = cert_from_der(der, &root, why);
    if (err == OK)
        err = trust_new(&trust);
    if (err == OK)
        err = trust_add_roots(trust, der, why);
    if (err != OK)
        return err;
    *ret_root = cert_ref(root);
    *ret_trust = trust_ref(trust);
    return OK;
}

/* All devices of a process have the same root, as a rule: it is read and checked once. */
static enum err load_root(struct board *b, struct why *why)
{
    static struct cert *last_root;
    static struct trust *last_trust;
    AUTO_BUF der = BUF_INIT;
    enum err err = board_read_area(b, &b->memory.programs, "programs", &der, why);
    if (err == ERR_NOT_FOUND)
        return OK;
    if (err == OK && (last_root == NULL || !span_equal(cert_der(last_root), buf_span(&der)))) {
        cert_free(last_root);
        trust_free(last_trust);
        last_root = NULL;
        last_trust = NULL;
        err = make_trust(buf_span(&der), &last_root, &last_trust, why);
    }
    if (err != OK)
        return err;
    b->root = cert_ref(last_root);
    b->trust = trust_ref(last_trust);
    return OK;
}

/* A device from before the list was kept is an office machine. */
static enum err load_applications(struct board *b, struct why *why)
{
    AUTO_BUF fixed = BUF_INIT;
    char list[256] = "";
    enum err err = board_read_area(b, &b->memory.parameters, "fixed parameters", &fixed, why);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (err == OK && buf_text(&fixed) != NULL)
        parameters_get(buf_text(&fixed), "applications", sizeof list, list);
    return machine_parse_applications(*list == '\0' ? BOARD_APPLICATIONS : list, &b->applications, why);
}

enum err board_load(struct board *b, struct why *why)
{
    enum err err = option_load(&b->option, why);
    return err == OK ? flash_error(loader_start(&b->option.loaded, b->applications, NULL, NULL), "programs", why) : err;
}

enum err board_boot(struct board *b, struct why *why)
{
    credential_done(&b->identity);
    credential_done(&b->bootstrap);
    enum flash_err found = nvram_read(&b->memory.nvram, &b->values);
    if (found == FLASH_EMPTY)
        b->values = (struct nvram){ 0 };
    else if (found != FLASH_OK)
        return flash_error(found, "NVRAM", why);
    enum err err = flash_error(memory_boot(&b->memory, &b->boot), "flash", why);
    if (err == OK)
        err = flash_error(ledger_open(&b->memory.ledger, &b->ledger), "NVRAM", why);
    if (err == OK)
        err = load_applications(b, why);
    if (err == OK && b->root == NULL)
        err = load_root(b, why);
    if (err == OK && b->boot.state != BOOT_BLANK && b->root != NULL)
        err = board_load_credentials(b, why);
    return err;
}

static enum err count_start(struct board *b, struct why *why)
{
    char number[LIMIT_NUMBER_TEXT + 1] = "";
    struct device_number said;
    if (b->identity.key != NULL && cert_device_number(b->identity.chain[0], &said, why) == OK)
        snprintf(number, sizeof number, "%s", said.text);
    enum err err = decide_start(b->boot.state, b->values.number, number, why);
    if (err != OK)
        return err;
    struct nvram values = b->values;
    values.counters[NVRAM_BOOTS]++;
    err = board_save_values(b, &values, why);
    if (err == OK && b->boot.state == BOOT_INDIVIDUAL) /* the life of a number, not of a board, has epochs */
        err = flash_error(ledger_set(&b->ledger, LEDGER_EPOCH, b->ledger.now.values[LEDGER_EPOCH] + 1), "NVRAM", why);
    return err;
}

enum err board_open(const char *dir, enum board_mode mode, struct board *ret_board, struct why *why)
{
    *ret_board = (struct board){ .faults = { .cut_after = -1 }, .flash_file = { .fd = -1 }, .nvram_file = { .fd = -1 } };
    ret_board->option.file.fd = ret_board->option.program_file.fd = -1;
    if ((size_t)snprintf(ret_board->dir, sizeof ret_board->dir, "%s", dir) >= sizeof ret_board->dir)
        return why_set(why, ERR_TOO_LARGE, "%s: the path is too long", dir);
    enum err err = open_chips(ret_board, mode == BOARD_USE, why);
    if (err == OK)
        err = load_device_key(ret_board, why);
    if (err == OK)
        err = option_open(dir, mode == BOARD_USE, &ret_board->faults, &ret_board->option, why);
    if (err == OK)
        err = board_boot(ret_board, why);
    if (err == OK && mode == BOARD_USE)
        err = count_start(ret_board, why);
    if (err != OK)
        board_close(ret_board);
    return err;
}

void board_close(struct board *b)
{
    credential_done(&b->identity);
    credential_done(&b->bootstrap);
    sealer_free(b->sealer);
    cert_free(b->root);
    trust_free(b->trust);
    b->sealer = NULL;
    b->root = NULL;
    b->trust = NULL;
    option_close(&b->option);
    filechip_close(&b->flash_file);
    filechip_close(&b->nvram_file);
}

enum err board_save_values(struct board *b, const struct nvram *values, struct why *why)
{
    enum err err = flash_error(nvram_write(&b->memory.nvram, values), "NVRAM", why);
    if (err == OK)
        b->values = *values;
    return err;
}

enum err board_count(struct board *b, enum charge_counter counter, uint64_t more, struct why *why)
{
    return flash_error(ledger_count(&b->ledger, counter, more), "NVRAM", why);
}

enum err board_set_number(struct board *b, const struct device_number *number, struct why *why)
{
    if (strcmp(b->values.number, number->text) == 0)
        return OK;
    if (*b->values.number != '\0')
        return why_set(why, ERR_EXISTS, "the device is %s already", b->values.number);
    struct nvram values = b->values;
    snprintf(values.number, sizeof values.number, "%s", number->text);
    return board_save_values(b, &values, why);
}

static void write_json_text(FILE *f, const char *text)
{
    fputc('"', f);
    for (; *text != '\0'; text++)
        if (*text == '"' || *text == '\\' || (unsigned char)*text < ' ')
            fprintf(f, "\\u%04x", (unsigned char)*text);
        else
            fputc(*text, f);
    fputc('"', f);
}

void board_history(const struct board *b, const char *event, const char *detail)
{
    char path[BOARD_PATH + 16], at[CLOCK_TEXT_SIZE];
    snprintf(path, sizeof path, "%s/history.jsonl", b->dir);
    FILE *f = fopen(path, "ae");
    if (f == NULL)
        return;
    clock_format(clock_wall_s(), at);
    fprintf(f, "{\"time\": \"%s\", \"actor\": \"device\", \"event\": \"%s\", \"number\": \"%s\", \"detail\": ", at, event,
            b->values.number);
    write_json_text(f, detail);
    fputs("}\n", f);
    fclose(f);
}
