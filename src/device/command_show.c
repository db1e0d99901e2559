#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hex.h"
#include "device/board.h"
#include "device/commands.h"
#include "device/field.h"
#include "device/settings.h"

static json_t *area_json(const char *name, const struct area *area)
{
    struct slot slot = { 0 };
    enum flash_err err = area_find(area, &slot);
    return json_pack("{s:s, s:s, s:i, s:i, s:b}", "area", name, "state",
                     err == FLASH_OK      ? "written"
                     : err == FLASH_EMPTY ? "empty"
                                          : "unreadable",
                     "generation", (int)slot.generation, "bytes", (int)slot.length, "sealed",
                     slot.kind == KIND_SEALED && err == FLASH_OK);
}

static json_t *areas_json(const struct board *b)
{
    json_t *areas = json_array();
#define A(name, chip, magic, first, second, bytes, what) json_array_append_new(areas, area_json(what, &b->memory.name));
    MEMORY_AREAS(A)
#undef A
    return areas;
}

/* The charge counters of the log behind those of the record. */
static json_t *counters_json(const struct board *b)
{
    const struct nvram *values = &b->values;
    static const char *const names[] = {
#define X(name, what) [NVRAM_##name] = what,
        NVRAM_COUNTERS(X)
#undef X
    };
    json_t *counters = json_object();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        json_object_set_new(counters, names[i], json_integer((json_int_t)values->counters[i]));
    for (int i = 0; i < CHARGE_COUNT; i++)
        json_object_set_new(counters, charge_counter_name((enum charge_counter)i), json_integer((json_int_t)b->ledger.now.values[i]));
    json_object_set_new(counters, "epoch", json_integer((json_int_t)b->ledger.now.values[LEDGER_EPOCH]));
    json_object_set_new(counters, "readings", json_integer((json_int_t)b->ledger.now.values[LEDGER_READINGS]));
    return counters;
}

/* What the certificate in the flash says; never the key. */
static void set_identity(json_t *to, const struct board *b)
{
    char fingerprint[2 * CERT_FINGERPRINT + 1], serial[CERT_SERIAL_TEXT], until[CLOCK_TEXT_SIZE];
    int64_t not_before, not_after;
    if (b->identity.key == NULL)
        return;
    hex_encode(b->identity.fingerprint, CERT_FINGERPRINT, fingerprint);
    cert_serial(b->identity.chain[0], serial);
    cert_times(b->identity.chain[0], &not_before, &not_after);
    clock_format(not_before, until);
    json_object_set_new(to, "generation", json_integer(b->boot.identity.generation));
    json_object_set_new(to, "serial", json_string(serial));
    json_object_set_new(to, "fingerprint", json_string(fingerprint));
    json_object_set_new(to, "time", json_string(until));
}

static json_t *board_json(const struct board *b, bool everything)
{
    char key[2 * CERT_FINGERPRINT + 1];
    json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "number", b->values.number, "state", board_state_name(b->boot.state), "board",
                          b->values.board, "actor", "device");
    set_identity(o, b);
    if (!everything)
        return o;
    json_object_set_new(o, "bootstrap_model", json_string(b->values.bootstrap_model));
    json_object_set_new(o, "operation", json_string(b->values.operation));
    json_object_set_new(o, "application", json_string(b->values.application));
    json_object_set_new(o, "counters", counters_json(b));
    json_object_set_new(o, "areas", areas_json(b));
    json_object_set_new(o, "remote", json_string(b->option.there ? "remote functions" : "none"));
    replacement_key(b, key);
    if (key[0] != '\0') /* what an operator of the centre compares */
        json_object_set_new(o, "replacement_key", json_string(key));
    json_object_set_new(o, "program", json_string(option_version(&b->option)));
    json_object_set_new(o, "slot", json_string(option_slot(&b->option)));
    return o;
}

static void print_text(const json_t *o)
{
    const char *key;
    json_t *value, *row;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)o, key, value)
        if (json_is_string(value) && *json_string_value(value) != '\0' && strchr(json_string_value(value), '\n') == NULL)
            printf("%-16s %s\n", key, json_string_value(value));
        else if (json_is_integer(value))
            printf("%-16s %lld\n", key, (long long)json_integer_value(value));
        json_array_foreach(json_object_get(o, "areas"), i, row) printf(
            "area %-22s %-8s generation %lld, %lld bytes%s\n", json_string_value(json_object_get(row, "area")),
            json_string_value(json_object_get(row, "state")), (long long)json_integer_value(json_object_get(row, "generation")),
            (long long)json_integer_value(json_object_get(row, "bytes")),
            json_is_true(json_object_get(row, "sealed")) ? ", sealed" : "");
        json_object_foreach(json_object_get(o, "counters"), key, value)
            printf("counter %-19s %lld\n", key, (long long)json_integer_value(value));
        printf("%s%s", json_string_value(json_object_get(o, "operation")), json_string_value(json_object_get(o, "application")));
}

static enum err look(const struct command_line *line, bool everything, json_t **ret_json, struct why *why)
{
    struct board b;
    char dir[BOARD_PATH];
    enum err err = device_dir(line, sizeof dir, dir, why);
    if (err == OK)
        err = board_open(dir, BOARD_LOOK, &b, why);
    if (err != OK)
        return err;
    *ret_json = board_json(&b, everything);
    board_close(&b);
    return OK;
}

static void print_json(const json_t *o)
{
    char *text = json_dumps(o, JSON_PRESERVE_ORDER);
    if (text != NULL)
        puts(text);
    free(text);
}

int command_show(const struct command_line *line)
{
    struct why why = { "" };
    json_t *o = NULL;
    enum err err = look(line, true, &o, &why);
    if (err != OK)
        return command_fail(line, err, &why, "nameplate device new --help");
    if (command_switch(line, "json"))
        print_json(o);
    else
        print_text(o);
    json_decref(o);
    return 0;
}

int command_export(const struct command_line *line)
{
    struct why why = { "" };
    json_t *o = NULL;
    enum err err = look(line, false, &o, &why);
    if (err != OK)
        return command_fail(line, err, &why, NULL);
    print_json(o);
    json_decref(o);
    return 0;
}
