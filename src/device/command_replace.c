/* A service part takes a device's place (replacement.h). */
#include <stdio.h>
#include <unistd.h>

#include "device/commands.h"
#include "device/field.h"
#include "device/replacement.h"
#include "device/run_field.h"
#include "device/settings.h"

struct replacing {
    struct board board;
    struct device_number number;
    char url[FIELD_URL + 32];
    struct tls_context *tls;
};

static enum err prepare(const struct command_line *line, struct replacing *r, const char *setting, struct why *why)
{
    const char *url = command_flag(line, "url");
    char base[FIELD_URL];
    field_url_of(&r->board, url != NULL ? url : setting, base);
    if (*base == '\0')
        return why_set(why, ERR_CONFIG, "where is the centre? --url, [field] url or the operation value field.url must say it");
    snprintf(r->url, sizeof r->url, "%s%s", base, soap_service_row(SERVICE_FIELD)->path);
    enum err err = replacement_begin(&r->board, &r->number, why);
    return err == OK ? replacement_tls(&r->board, &r->tls, why) : err;
}

static enum err ask(struct replacing *r, int64_t *ret_after_s, struct why *why)
{
    AUTO_BUF body = BUF_INIT;
    struct http_result result;
    enum err err = replacement_request(&r->board, &body, why);
    if (err != OK)
        return err;
    const struct http_call call = {
        .url = r->url, .method = "POST", .content_type = soap_content_type(SOAP_1_2), .body = buf_span(&body), .tls = r->tls,
    };
    http_call_wait(&call, &result);
    err = result.err != OK ? why_set(why, result.err, "%s", why_text(&result.why, result.err))
                           : replacement_answered(&r->board, buf_span(&result.body), ret_after_s, why);
    http_result_done(&result);
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
