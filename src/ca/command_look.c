/* `nameplate ca list`, `show`, `export`: the register as it stands, on a running or a left-behind folder. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "ca/commands.h"

static void hex_of(struct span bytes, char ret_text[2 * 32 + 1])
{
    hex_encode(bytes.at, bytes.n <= 32 ? bytes.n : 32, ret_text);
}

static enum err print_line(void *context, const struct register_certificate *c)
{
    char time[CLOCK_TEXT_SIZE], serial[65] = "-";
    (void)context;
    clock_format(c->created_s, time);
    if (c->serial.n != 0)
        hex_of(c->serial, serial);
    printf("%-24s %3" PRId64 " %-14s %-11s %-20s %-32s %s\n", c->subject, c->generation, c->kind, lifecycle_name(c->state),
           c->order[0] == '\0' ? "-" : c->order, serial, time);
    return OK;
}

static int walk(const struct command_line *line, const struct register_filter *filter, register_certificate_fn *fn, void *context)
{
    struct why why = { 0 };
    struct ca_settings s;
    struct db *db = NULL;
    enum err err = command_open(line, DB_READ_ONLY, &s, &db, &why);
    if (err == OK)
        err = register_certificate_list(db, filter, fn, context, &why);
    db_close(db);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}

int command_list(const struct command_line *line)
{
    const struct register_filter filter = { .state = command_flag(line, "state"), .order = command_flag(line, "order") };
    enum lifecycle_state state;
    if (filter.state != NULL && lifecycle_parse(filter.state, &state) != OK) {
        struct why why = { 0 };
        return command_fail(line, why_set(&why, ERR_USAGE, "there is no state \"%s\"", filter.state), &why, NULL);
    }
    printf("%-24s %3s %-14s %-11s %-20s %-32s %s\n", "NUMBER", "GEN", "KIND", "STATE", "ORDER", "SERIAL", "TIME");
    return walk(line, &filter, print_line, NULL);
}

static enum err print_all(void *context, const struct register_certificate *c)
{
    char time[CLOCK_TEXT_SIZE], text[65] = "-";
    ++*(int *)context;
    clock_format(c->created_s, time);
    printf("%s generation %" PRId64 "\n  kind         %s\n  state        %s\n  order        %s\n  requester    %s\n  issuer       %s\n"
           "  requested    %s\n",
           c->subject, c->generation, c->kind, lifecycle_name(c->state), c->order[0] == '\0' ? "-" : c->order, c->requester, c->issuer,
           time);
    if (c->serial.n != 0)
        hex_of(c->serial, text);
    printf("  serial       %s\n", text);
    if (c->fingerprint.n != 0)
        hex_of(c->fingerprint, text);
    printf("  fingerprint  %s\n", c->fingerprint.n != 0 ? text : "-");
    if (c->revoked_s != 0) {
        clock_format(c->revoked_s, time);
        printf("  revoked      %s (%s)\n", time, c->reason);
    }
    return OK;
}

int command_show(const struct command_line *line)
{
    const struct register_filter filter = { .subject = line->args[0] };
    int n = 0, status = walk(line, &filter, print_all, &n);
    struct why why = { 0 };
    if (status == 0 && n == 0)
        return command_fail(line, why_set(&why, ERR_NOT_FOUND, "the register knows nothing of %s", filter.subject), &why,
                            "nameplate ca list");
    return status;
}

/* --- Export --- */

static bool add_pem(json_t *object, struct span der)
{
    AUTO_CERT cert = NULL;
    AUTO_BUF pem = BUF_INIT;
    if (der.n == 0)
        return json_object_set_new(object, "certificate", json_null()) == 0;
    return cert_from_der(der, &cert, NULL) == OK && cert_to_pem(cert, &pem) == OK &&
           json_object_set_new(object, "certificate", json_stringn((const char *)pem.data, pem.len)) == 0;
}

/* Null for what is empty. */
static json_t *text_or_null(const char *text) { return text[0] == '\0' ? json_null() : json_string(text); }

static json_t *object_of(const struct register_certificate *c)
{
    char serial[65] = "", fingerprint[65] = "", time[CLOCK_TEXT_SIZE], revoked[CLOCK_TEXT_SIZE] = "", actor[LIMIT_NAME + 16];
    bool device = strcmp(c->kind, "device") == 0;
    if (c->serial.n != 0)
        hex_of(c->serial, serial);
    if (c->fingerprint.n != 0)
        hex_of(c->fingerprint, fingerprint);
    clock_format(c->created_s, time);
    if (c->revoked_s != 0)
        clock_format(c->revoked_s, revoked);
    bool in_field = strchr(c->requester, ':') != NULL; /* center:NAME: made for a device in the field */
    snprintf(actor, sizeof actor, "%s%s", in_field ? "" : device || strcmp(c->kind, "bootstrap") == 0 ? "factory:" : "", c->requester);
    return json_pack("{s:o, s:s, s:I, s:o, s:o, s:s, s:o, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "number",
                     device ? json_string(c->subject) : json_null(), "subject", c->subject, "generation", (json_int_t)c->generation,
                     "serial", text_or_null(serial), "fingerprint", text_or_null(fingerprint), "state", lifecycle_name(c->state),
                     "order", text_or_null(c->order), "requester", c->requester, "kind", c->kind, "issuer", c->issuer, "time", time,
                     "actor", actor, "revoked", text_or_null(revoked), "reason", text_or_null(c->reason));
}

static enum err export_one(void *context, const struct register_certificate *c)
{
    bool with_pem = *(const bool *)context;
    json_t *object = object_of(c);
    char *text = NULL;
    if (object != NULL && (!with_pem || add_pem(object, c->der)))
        text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (text == NULL)
        return ERR_NO_MEMORY;
    int put = puts(text);
    free(text);
    return put < 0 ? ERR_IO : OK;
}

int command_export(const struct command_line *line)
{
    const struct register_filter everything = { 0 };
    bool with_pem = command_switch(line, "certificates");
    return walk(line, &everything, export_one, &with_pem);
}
