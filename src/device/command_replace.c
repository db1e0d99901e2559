/* A service part takes a device's place: it has only its bootstrap certificate, makes a key, and asks for the number's
 * new identity until an operator has approved it (doc/protocol/field.md). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/rng.h"
#include "device/commands.h"
#include "device/field.h"
#include "device/run_field.h"
#include "device/settings.h"

struct replacing {
    struct board board;
    struct device_number number;
    char url[FIELD_URL + 32];
    struct tls_context *tls;
};

static enum err check_board(const struct board *b, struct why *why)
{
    if (b->root == NULL)
        return why_set(why, ERR_CONFIG, "the firmware has no root certificate: make the device with --root FILE");
    if (b->boot.state == BOOT_INDIVIDUAL)
        return why_set(why, ERR_EXISTS, "this board has an identity already, of %s", b->values.number);
    if (b->boot.state != BOOT_BOOTSTRAP)
        return why_set(why, ERR_BAD_TRANSITION, "the board is blank: a station must write its bootstrap certificate first");
    if (!b->option.there)
        return why_set(why, ERR_UNSUPPORTED, "the board has no remote functions: nameplate device remote adds them");
    return *b->values.board != '\0' ? OK : why_set(why, ERR_CONFIG, "the board has no id of its own");
}

static enum err prepare(const struct command_line *line, struct replacing *r, const char *setting, struct why *why)
{
    const char *url = command_flag(line, "url");
    char base[FIELD_URL];
    const struct credential *c = &r->board.bootstrap;
    enum err err = check_board(&r->board, why);
    field_url_of(&r->board, url != NULL ? url : setting, base);
    if (err == OK && *base == '\0')
        err = why_set(why, ERR_CONFIG, "where is the centre? --url, [field] url or the operation value field.url must say it");
    snprintf(r->url, sizeof r->url, "%s%s", base, soap_service_row(SERVICE_FIELD)->path);
    if (err == OK)
        err = board_set_number(&r->board, &r->number, why);
    if (err == OK && option_next(&r->board.option, ITEM_REPLACEMENT, 0) == QUEUE_SLOTS)
        err = renewal_make_key(&r->board, ITEM_REPLACEMENT, why);
    const struct tls_options options = {
        .key = c->key, .chain = (const struct cert *const *)c->chain, .chain_n = c->chain_n, .trust = r->board.trust,
        .peers = ROLE_BIT(ROLE_GATEWAY) | ROLE_BIT(ROLE_CENTER), .clock_behind = true,
    };
    return err == OK ? tls_context_new(&options, &r->tls, why) : err;
}

static enum err post(const struct replacing *r, struct span body, struct soap_parsed *ret_reply, struct why *why)
{
    struct http_result result;
    const struct http_call call = {
        .url = r->url, .method = "POST", .content_type = soap_content_type(SOAP_1_2), .body = body, .tls = r->tls,
    };
    http_call_wait(&call, &result);
    enum err err = result.err;
    if (err != OK)
        why_set(why, err, "%s", why_text(&result.why, err));
    else
        err = soap_read_response(SERVICE_FIELD, SOAP_REPLACEMENT, buf_span(&result.body), ret_reply, why);
    http_result_done(&result);
    return err;
}

static enum err write_request(const struct replacing *r, const struct buf *csr, struct buf *to)
{
    struct soap_header header = { .version = SOAP_1_2 };
    const struct replacement_request body = { .number = r->number, .board = r->board.values.board, .csr = buf_span(csr) };
    enum err err = rng_uuid_urn(header.message_id);
    return err == OK ? soap_write_request(SERVICE_FIELD, SOAP_REPLACEMENT, &header, &body, to) : err;
}

/* *ret_after_s 0: the identity is in force. */
static enum err ask(struct replacing *r, int64_t *ret_after_s, struct why *why)
{
    AUTO_ITEM item = { 0 };
    AUTO_KEY key = NULL;
    AUTO_BUF body = BUF_INIT, csr = BUF_INIT;
    AUTO_PARSED reply = { 0 };
    enum err err = renewal_load_key(&r->board, ITEM_REPLACEMENT, &item, &key, &csr, why);
    if (err == OK)
        err = write_request(r, &csr, &body);
    if (err == OK)
        err = post(r, buf_span(&body), &reply, why);
    if (err != OK)
        return err;
    const struct replacement_response *a = reply.body;
    if (strcmp(a->state, "approved") != 0) {
        *ret_after_s = a->after < 1 ? 1 : a->after > 3600 ? 3600 : a->after;
        return OK;
    }
    err = renewal_install(&r->board, key, a->certificate, a->issuers, a->issuers_n, why);
    if (err == OK)
        *ret_after_s = 0;
    return err;
}

/* Whatever passes by itself is waited for, with the key that was made once. */
static enum err ask_until_approved(struct replacing *r, bool once, struct why *why)
{
    enum { AGAIN_S = 5 };
    bool told = false;
    char key[2 * CERT_FINGERPRINT + 1];
    replacement_key(&r->board, key);
    for (;;) {
        int64_t after_s = AGAIN_S;
        enum err err = ask(r, &after_s, why);
        if (err != OK && (once || err_row(err)->action != ERR_ACTION_RETRY))
            return err;
        if (after_s == 0)
            return OK;
        if (once)
            return why_set(why, ERR_BUSY, "%s waits for an operator: nameplate center device approve --fingerprint %s", r->number.text, key);
        if (!told)
            printf("waiting for an operator to approve %s for board %s with the key %s\n", r->number.text, r->board.values.board, key);
        fflush(stdout);
        told = true;
        sleep((unsigned)after_s);
    }
}

static enum err replace(const struct command_line *line, struct replacing *r, struct why *why)
{
    char dir[BOARD_PATH];
    struct device_settings settings;
    enum err err = device_dir(line, sizeof dir, dir, why);
    if (err == OK)
        err = device_settings_load(line, dir, &settings, why);
    if (err == OK)
        err = number_parse(span_text(line->args[0]), &r->number, why);
    if (err == OK)
        err = board_open(dir, BOARD_USE, &r->board, why);
    if (err != OK)
        return err;
    err = prepare(line, r, settings.field_url, why);
    if (err == OK)
        err = ask_until_approved(r, command_switch(line, "once"), why);
    if (err == OK)
        board_history(&r->board, "replaced", r->board.values.board);
    tls_context_free(r->tls);
    board_close(&r->board);
    return err;
}

int command_replace(const struct command_line *line)
{
    struct why why = { "" };
    struct replacing r = { .tls = NULL };
    enum err err = replace(line, &r, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    printf("this board is %s now\nnext: nameplate device run\n", r.number.text);
    return 0;
}
