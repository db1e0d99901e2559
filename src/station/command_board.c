/* The board step (S1701 to S1705, F-22): bootstrap certificates on boards, service parts included. Each board is
 * reported to the factory server, written or not; nothing stays here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/rng.h"
#include "log/log.h"
#include "station/commands.h"
#include "tls/credentials.h"
#include "station/link.h"
#include "station/settings.h"

struct boards {
    struct station_settings settings;
    struct credentials identity;
    struct link factory, device;
    const char *fixed_model;             /* --model; NULL: the scanned numbers say it */
    char model[LIMIT_MODEL_CODE + 1];    /* of `pack`; "" when there is none */
    struct soap_parsed pack;             /* BootstrapPackResponse of one model; wiped at the end */
    bool generated;                      /* ids are made here, for boards that have none */
    unsigned failed;
};

/* One board: what was scanned for it, and its own id when it has one. */
struct board {
    char id[LIMIT_NAME + 1], model[LIMIT_MODEL_CODE + 1];
};

static enum err open_links(struct boards *b, const char *device, struct why *why)
{
    char base[SETTING_TEXT_SIZE + 16];
    b->factory.service = SERVICE_FACTORY;
    b->device.service = SERVICE_DEVICE;
    snprintf(base, sizeof base, "https://%s", device != NULL ? device : b->settings.device);
    const char *local = b->settings.interface[0] != '\0' ? b->settings.interface : b->settings.address;
    snprintf(b->device.local, sizeof b->device.local, "%.63s", local);
    enum err err = http_keep_new(&b->factory.keep);
    if (err == OK)
        err = credentials_load(b->settings.identity, b->settings.passphrase, ROLE_STATION, &b->identity, why);
    if (err == OK)
        err = link_set_url(&b->factory, b->settings.factory, why);
    if (err == OK)
        err = link_set_url(&b->device, base, why);
    if (err == OK)
        err = credentials_context(&b->identity, false, ROLE_BIT(ROLE_FACTORY), false, &b->factory.tls, why);
    /* A blank board has nothing to show but a certificate that it made for this start; one that was written
     * before shows its bootstrap certificate. */
    const unsigned peers = ROLE_BIT(ROLE_ANONYMOUS) | ROLE_BIT(ROLE_BOOTSTRAP);
    return err == OK ? credentials_context(&b->identity, false, peers, true, &b->device.tls, why) : err;
}

/* The model's bootstrap pack; fetched when the model changes. */
static enum err fetch_pack(struct boards *b, const char *model, struct why *why)
{
    const struct bootstrap_pack_request request = { .model = model };
    if (strcmp(b->model, model) == 0)
        return OK;
    soap_parsed_done(&b->pack);
    b->pack = (struct soap_parsed){ .arena = NULL };
    b->model[0] = '\0';
    enum err err = link_ask(&b->factory, SOAP_BOOTSTRAP_PACK, &request, &b->pack, why);
    if (err == OK)
        snprintf(b->model, sizeof b->model, "%s", model);
    return err;
}

/* With --model the text is the board's id; without, it is the number of the device that the board will be. A
 * board that knows its own id keeps it. */
static enum err identify(const struct boards *b, const char *text, struct board *ret_board, struct why *why)
{
    struct board board = { .id = "" };
    struct device_number number;
    AUTO_PARSED answer = { .arena = NULL };
    enum err err = b->fixed_model != NULL ? OK : number_parse(span_text(text), &number, why);
    if (err == OK && b->fixed_model == NULL)
        number_model(&number, board.model);
    else if (err == OK)
        snprintf(board.model, sizeof board.model, "%s", b->fixed_model);
    if (err == OK)
        err = link_ask(&b->device, SOAP_DEVICE_STATUS, &(struct device_status_request){}, &answer, why);
    if (err != OK)
        return err;
    const struct device_status_response *r = answer.body;
    snprintf(board.id, sizeof board.id, "%.*s", LIMIT_NAME, r->board[0] != '\0' ? r->board : text);
    if (b->fixed_model != NULL && !b->generated && strcmp(board.id, text) != 0)
        return why_set(why, ERR_NUMBER_MISMATCH, "the label says board %.64s and the board says %s", text, board.id);
    *ret_board = board;
    return OK;
}

static enum err write_board(const struct boards *b, const struct board *board, struct why *why)
{
    const struct bootstrap_pack_response *pack = b->pack.body;
    const struct bootstrap_write_request request = { .board = board->id, .pack = pack->pack };
    AUTO_PARSED answer = { .arena = NULL };
    enum err err = link_ask(&b->device, SOAP_BOOTSTRAP_WRITE, &request, &answer, why);
    if (err != OK)
        return err;
    const struct bootstrap_write_response *r = answer.body;
    return strcmp(r->outcome, "OK") == 0 ? OK : why_set(why, ERR_FLASH_FAILED, "%.200s", r->reason);
}

static enum err report_board(const struct boards *b, const struct board *board, enum err written, const struct why *reason,
                             struct why *why)
{
    const struct board_report_request request = {
        .board = board->id,
        .model = board->model,
        .outcome = written == OK ? "OK" : "NG",
        .reason = written == OK ? "" : why_text(reason, written),
    };
    AUTO_PARSED answer = { .arena = NULL };
    enum err err = link_ask(&b->factory, SOAP_BOARD_REPORT, &request, &answer, why);
    return err == OK ? OK : why_prefix(why, err, "not reported");
}

static bool is_board_id(const char *text)
{
    size_t n = strlen(text);
    if (n == 0 || n > LIMIT_NAME)
        return false;
    for (; *text != '\0'; text++)
        if (*text <= ' ' || *text > '~')
            return false;
    return true;
}

static enum err prepare_board(struct boards *b, const char *text, struct board *ret_board, struct why *why)
{
    struct board board;
    struct why report_why = { "" };
    if (!is_board_id(text))
        return why_set(why, ERR_BAD_INPUT, "a board id has 1 to %d printable characters", LIMIT_NAME);
    enum err err = identify(b, text, &board, why);
    if (err == OK)
        *ret_board = board;
    if (err == OK)
        err = fetch_pack(b, board.model, why);
    if (err != OK)
        return err;
    err = write_board(b, &board, why);
    enum err reported = report_board(b, &board, err, why, &report_why);
    if (err != OK || reported == OK)
        return err;
    return why_set(why, reported, "%s", report_why.text);
}

/* The next board answers at the same address: each has a connection of its own. Said is what was scanned; where nothing was,
 * the id under which the board is recorded: its own, when it has one. */
static void do_board(struct boards *b, const char *text)
{
    struct why why = { "" };
    struct board board = { .id = "" };
    enum err err = http_keep_new(&b->device.keep);
    if (err == OK)
        err = prepare_board(b, text, &board, &why);
    http_keep_free(b->device.keep);
    b->device.keep = NULL;
    const char *said = b->generated && board.id[0] != '\0' ? board.id : text;
    if (err == OK)
        printf("PASS %s %s\n", said, b->model);
    else
        printf("FAIL %s %s %s\n", said, err_row(err)->name, why_text(&why, err));
    fflush(stdout);
    b->failed += err != OK;
}

static enum err generate(struct boards *b)
{
    uint8_t random[8];
    char hex[2 * sizeof random + 1], board[64];
    enum err err = rng_fill(random, sizeof random);
    if (err != OK)
        return err;
    hex_encode(random, sizeof random, hex);
    snprintf(board, sizeof board, "B-%s", hex);
    do_board(b, board);
    return OK;
}

/* As a scanner types them, one per line. */
static void read_boards(struct boards *b)
{
    char *line = NULL;
    size_t cap = 0;
    printf("ready station-board %s\n", b->settings.device);
    fflush(stdout);
    while (getline(&line, &cap, stdin) >= 0) {
        line[strcspn(line, "\r\n\t")] = '\0';
        if (line[0] != '\0')
            do_board(b, line);
    }
    free(line);
}

static enum err run_boards(const struct command_line *line, struct boards *b, struct why *why)
{
    enum err err = station_settings_load(line, &b->settings, why);
    b->fixed_model = command_flag(line, "model");
    if (err == OK && b->fixed_model == NULL && command_switch(line, "generate"))
        err = why_set(why, ERR_USAGE, "--generate needs --model");
    if (err == OK && b->fixed_model != NULL && !number_is_model(span_text(b->fixed_model)))
        err = why_set(why, ERR_USAGE, "--model %.40s is no model code", b->fixed_model);
    if (err == OK)
        err = open_links(b, command_flag(line, "device"), why);
    if (err != OK)
        return err;
    b->generated = command_switch(line, "generate");
    if (b->generated)
        return generate(b);
    for (size_t i = 0; i < line->args_n; i++)
        do_board(b, line->args[i]);
    if (line->args_n == 0)
        read_boards(b);
    return OK;
}

int command_board(const struct command_line *line)
{
    struct boards b = { .fixed_model = NULL };
    struct why why = { "" };
    log_setup("station", LOG_WARN, 0);
    enum err err = run_boards(line, &b, &why);
    soap_parsed_done(&b.pack);
    http_keep_free(b.factory.keep);
    tls_context_free(b.factory.tls);
    tls_context_free(b.device.tls);
    credentials_done(&b.identity);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    return b.failed == 0 ? 0 : 1;
}
