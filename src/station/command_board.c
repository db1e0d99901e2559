/* The board step (S1701 to S1705, F-22): bootstrap certificates on boards, service parts included. Each board is
 * reported to the factory server, written or not; nothing stays here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/rng.h"
#include "log/log.h"
#include "station/commands.h"
#include "station/identity.h"
#include "station/link.h"
#include "station/settings.h"

struct boards {
    struct station_settings settings;
    struct identity identity;
    struct link factory, device;
    const char *model;
    struct soap_parsed pack; /* BootstrapPackResponse; wiped at the end */
    unsigned failed;
};

static enum err open_links(struct boards *b, const char *device, struct why *why)
{
    char base[SETTING_TEXT_SIZE + 16];
    b->factory.service = SERVICE_FACTORY;
    b->device.service = SERVICE_DEVICE;
    snprintf(base, sizeof base, "https://%s", device != NULL ? device : b->settings.device);
    snprintf(b->device.local, sizeof b->device.local, "%.63s", b->settings.interface[0] != '\0' ? b->settings.interface : b->settings.address);
    enum err err = identity_load(b->settings.identity, &b->identity, why);
    if (err == OK)
        err = link_set_url(&b->factory, b->settings.factory, why);
    if (err == OK)
        err = link_set_url(&b->device, base, why);
    if (err == OK)
        err = identity_context(&b->identity, false, ROLE_BIT(ROLE_FACTORY), false, &b->factory.tls, why);
    /* A blank board has nothing to show but a certificate that it made for this start; one that was written
     * before shows its bootstrap certificate. */
    return err == OK ? identity_context(&b->identity, false, ROLE_BIT(ROLE_ANONYMOUS) | ROLE_BIT(ROLE_BOOTSTRAP), true, &b->device.tls, why) : err;
}

static enum err write_board(const struct boards *b, const char *board, struct why *why)
{
    const struct bootstrap_pack_response *pack = b->pack.body;
    const struct bootstrap_write_request request = { .board = board, .pack = pack->pack };
    AUTO_PARSED answer = { .arena = NULL };
    enum err err = link_ask(&b->device, SOAP_BOOTSTRAP_WRITE, &request, &answer, why);
    if (err != OK)
        return err;
    const struct bootstrap_write_response *r = answer.body;
    return strcmp(r->outcome, "OK") == 0 ? OK : why_set(why, ERR_FLASH_FAILED, "%.200s", r->reason);
}

static enum err report_board(const struct boards *b, const char *board, enum err written, const struct why *reason, struct why *why)
{
    const struct board_report_request request = {
        .board = board,
        .model = b->model,
        .outcome = written == OK ? "OK" : "NG",
        .reason = written == OK ? "" : why_text(reason, written),
    };
    AUTO_PARSED answer = { .arena = NULL };
    return link_ask(&b->factory, SOAP_BOARD_REPORT, &request, &answer, why);
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

static void do_board(struct boards *b, const char *board)
{
    struct why why = { "" }, report_why = { "" };
    enum err err = is_board_id(board) ? write_board(b, board, &why)
                                      : why_set(&why, ERR_BAD_INPUT, "a board id has 1 to %d printable characters", LIMIT_NAME);
    if (err != ERR_BAD_INPUT) {
        enum err report_err = report_board(b, board, err, &why, &report_why);
        if (err == OK && report_err != OK) {
            err = report_err;
            why_set(&why, err, "written, but not reported: %.300s", why_text(&report_why, report_err));
        }
    }
    if (err == OK)
        printf("PASS %s %s\n", board, b->model);
    else
        printf("FAIL %s %s %s\n", board, err_row(err)->name, why_text(&why, err));
    fflush(stdout);
    b->failed += err != OK;
}

static enum err fetch_pack(struct boards *b, struct why *why)
{
    const struct bootstrap_pack_request request = { .model = b->model };
    return link_ask(&b->factory, SOAP_BOOTSTRAP_PACK, &request, &b->pack, why);
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

/* Board ids as a scanner types them, one per line. */
static void read_boards(struct boards *b)
{
    char *line = NULL;
    size_t cap = 0;
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
    b->model = command_flag(line, "model");
    if (err == OK && b->model == NULL)
        err = why_set(why, ERR_USAGE, "--model is missing");
    if (err == OK)
        err = open_links(b, command_flag(line, "device"), why);
    if (err == OK)
        err = fetch_pack(b, why);
    if (err != OK)
        return err;
    if (command_switch(line, "generate"))
        return generate(b);
    for (size_t i = 0; i < line->args_n; i++)
        do_board(b, line->args[i]);
    if (line->args_n == 0)
        read_boards(b);
    return OK;
}

int command_board(const struct command_line *line)
{
    struct boards b = { .model = NULL };
    struct why why = { "" };
    log_setup("station", LOG_WARN, 0);
    enum err err = run_boards(line, &b, &why);
    soap_parsed_done(&b.pack);
    tls_context_free(b.factory.tls);
    tls_context_free(b.device.tls);
    identity_done(&b.identity);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    return b.failed == 0 ? 0 : 1;
}
