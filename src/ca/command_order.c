/* `nameplate ca order ...` and `account`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/actor.h"
#include "ca/commands.h"
#include "model/number.h"
#include "pki/profile.h"

static bool is_name(const char *text)
{
    size_t n = strlen(text);
    return n > 0 && n <= 48 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") == n;
}

/* What all ways of adding an order have in common: texts in, a checked order out. */
struct order_text {
    const char *name, *factory, *model, *quantity, *first_serial, *until, *profile;
};

static enum err check_serials(const struct register_order *o, struct why *why)
{
    struct device_number first, last;
    if (o->first_serial[0] == '\0')
        return OK;
    enum err err = number_make(o->model, o->first_serial, &first, why);
    return err != OK ? err : number_add(&first, (uint64_t)o->quantity - 1, &last, why);
}

static enum err read_order(const struct order_text *t, int64_t now_s, struct register_order *ret_order, struct why *why)
{
    struct register_order o = { .created_s = now_s };
    char *end = NULL;
    o.quantity = t->quantity == NULL ? 0 : strtoll(t->quantity, &end, 10);
    if (t->name == NULL || !is_name(t->name))
        return why_set(why, ERR_USAGE, "an order needs a name of up to 48 letters, digits and -_./");
    if (t->factory == NULL || !is_name(t->factory))
        return why_set(why, ERR_USAGE, "order %s needs the name of a factory server (--factory)", t->name);
    if (t->model == NULL || !number_is_model(span_text(t->model)))
        return why_set(why, ERR_USAGE, "order %s needs a model code (--model)", t->name);
    if (end == NULL || *end != '\0' || o.quantity < 1 || o.quantity > 100000000)
        return why_set(why, ERR_USAGE, "order %s needs a quantity from 1 to 100000000 (--quantity)", t->name);
    if (t->until != NULL && t->until[0] != '\0' && clock_parse(t->until, &o.until_s) != OK)
        return why_set(why, ERR_USAGE, "order %s: \"%s\" is not a date like 2027-01-31", t->name, t->until);
    if (o.until_s != 0 && o.until_s <= now_s)
        return why_set(why, ERR_USAGE, "order %s: %s is over already", t->name, t->until);
    snprintf(o.name, sizeof o.name, "%s", t->name);
    snprintf(o.factory, sizeof o.factory, "%s", t->factory);
    snprintf(o.model, sizeof o.model, "%s", t->model);
    snprintf(o.first_serial, sizeof o.first_serial, "%s", t->first_serial == NULL ? "" : t->first_serial);
    snprintf(o.profile, sizeof o.profile, "%s", t->profile == NULL ? "" : t->profile);
    enum err err = check_serials(&o, why);
    if (err == OK)
        *ret_order = o;
    return err;
}

/* The profile that the order names, or the one that its model's devices get without. */
static enum err load_profile(const struct ca_settings *s, const struct register_order *o, struct span text, struct profile **ret,
                             struct why *why)
{
    if (o->profile[0] != '\0')
        return profile_load(text, o->profile, ret, why);
    enum err err = profile_load(text, o->model, ret, why);
    return err == ERR_NOT_FOUND ? profile_load(text, s->profile, ret, why) : err;
}

/* A mistake in the name or in the profile is told now, not when the factory asks. */
static enum err check_profile(const struct ca_settings *s, const struct register_order *o, struct why *why)
{
    AUTO_BUF text = BUF_INIT;
    struct profile *profile = NULL;
    enum err err = file_read(s->profiles, LIMIT_PROFILES, &text, why);
    if (err == OK)
        err = load_profile(s, o, buf_span(&text), &profile, why);
    if (err == OK)
        err = profile_lint(profile, why);
    if (err == OK && !profile_is_device(profile))
        err = why_set(why, ERR_USAGE, "[%s] is no profile of device identities", o->profile[0] != '\0' ? o->profile : o->model);
    profile_free(profile);
    return err;
}

/* Inside the caller's transaction. */
static enum err add_order(struct db *db, const struct ca_settings *s, const struct order_text *t, struct why *why)
{
    struct register_order o;
    char actor[LIMIT_NAME + 1];
    int64_t now_s = clock_wall_s();
    actor_name(actor);
    enum err err = read_order(t, now_s, &o, why);
    if (err == OK)
        err = check_profile(s, &o, why);
    if (err == OK)
        err = register_order_add(db, &o, why);
    return err != OK ? err
                     : register_audit(db, now_s, actor, "order", o.name, why,
                                      "factory=%s model=%s quantity=%" PRId64 " first_serial=%s until=%" PRId64 " profile=%s", o.factory, o.model,
                                      o.quantity, o.first_serial, o.until_s, o.profile);
}

int command_order_add(const struct command_line *line)
{
    struct why why = { 0 };
    struct ca_settings s;
    struct db *db = NULL;
    const struct order_text t = { .name = line->args[0], .factory = command_flag(line, "factory"),
                                  .model = command_flag(line, "model"), .quantity = command_flag(line, "quantity"),
                                  .first_serial = command_flag(line, "first-serial"), .until = command_flag(line, "until"),
                                  .profile = command_flag(line, "profile") };
    enum err err = command_open(line, DB_READ_WRITE, &s, &db, &why);
    if (err == OK)
        err = db_begin(db, &why);
    if (err == OK)
        err = add_order(db, &s, &t, &why);
    if (err == OK)
        err = db_commit(db, &why);
    db_close(db);
    if (err != OK)
        return command_fail(line, err, &why, err == ERR_EXISTS ? "nameplate ca order list" : NULL);
    printf("order %s: %s of model %s for %s\n", t.name, t.quantity, t.model, t.factory);
    return 0;
}

/* --- Import --- */

/* Cuts a line at its commas (or semicolons): up to seven fields, the missing ones NULL. */
static struct order_text cut_line(char *text)
{
    char *fields[7] = { NULL };
    text[strcspn(text, "\r")] = '\0';
    for (size_t i = 0; i < 7 && text != NULL; i++)
        fields[i] = strsep(&text, ",;");
    return (struct order_text){ fields[0], fields[1], fields[2], fields[3], fields[4], fields[5], fields[6] };
}

static enum err import_lines(struct db *db, const struct ca_settings *s, char *text, int *ret_n, struct why *why)
{
    int number = 0, n = 0;
    for (char *line; (line = strsep(&text, "\n")) != NULL;) {
        number++;
        if (line[0] == '\0' || line[0] == '#' || (number == 1 && strncmp(line, "order,", 6) == 0))
            continue;
        const struct order_text t = cut_line(line);
        enum err err = add_order(db, s, &t, why);
        if (err != OK)
            return why_prefix(why, err, "line %d", number);
        n++;
    }
    *ret_n = n;
    return OK;
}

int command_order_import(const struct command_line *line)
{
    struct why why = { 0 };
    struct ca_settings s;
    struct db *db = NULL;
    AUTO_BUF text = BUF_INIT;
    int n = 0;
    enum err err = file_read(line->args[0], LIMIT_PLAN_BYTES, &text, &why);
    if (err == OK && buf_text(&text) == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK)
        err = command_open(line, DB_READ_WRITE, &s, &db, &why);
    if (err == OK)
        err = db_begin(db, &why);
    if (err == OK)
        err = import_lines(db, &s, (char *)text.data, &n, &why);
    if (err == OK)
        err = db_commit(db, &why);
    db_close(db);
    if (err != OK)
        return command_fail(line, err, &why, "nothing was imported");
    printf("%d orders imported\n", n);
    return 0;
}

/* --- Listing --- */

static enum err print_order(void *context, const struct register_order *o, const struct register_account *a)
{
    char until[CLOCK_TEXT_SIZE] = "-";
    (void)context;
    if (o->until_s != 0)
        clock_format(o->until_s, until);
    printf("%-20s %-16s %-8s %10" PRId64 " %-12s %-20s %10" PRId64 " %s\n", o->name, o->factory, o->model, o->quantity,
           o->first_serial[0] == '\0' ? "any" : o->first_serial, until, a->issued,
           o->profile[0] == '\0' ? "-" : o->profile);
    return OK;
}

static enum err print_account(void *context, const struct register_order *o, const struct register_account *a)
{
    if (*(const bool *)context)
        printf("{\"order\":\"%s\",\"model\":\"%s\",\"quantity\":%" PRId64 ",\"issued\":%" PRId64 ",\"written\":%" PRId64
               ",\"on_hand\":%" PRId64 ",\"voided\":%" PRId64 ",\"superseded\":%" PRId64 "}\n",
               o->name, o->model, o->quantity, a->issued, a->written, a->on_hand, a->voided, a->superseded);
    else
        printf("%-20s %-8s %10" PRId64 " %10" PRId64 " = %8" PRId64 " + %8" PRId64 " + %8" PRId64 " + %8" PRId64 "\n", o->name, o->model,
               o->quantity, a->issued, a->written, a->on_hand, a->voided, a->superseded);
    return OK;
}

static int list_orders(const struct command_line *line, register_order_fn *fn, void *context)
{
    struct why why = { 0 };
    struct ca_settings s;
    struct db *db = NULL;
    enum err err = command_open(line, DB_READ_ONLY, &s, &db, &why);
    if (err == OK)
        err = register_order_list(db, NULL, NULL, fn, context, &why);
    db_close(db);
    return err == OK ? 0 : command_fail(line, err, &why, NULL);
}

int command_order_list(const struct command_line *line)
{
    printf("%-20s %-16s %-8s %10s %-12s %-20s %10s %s\n", "ORDER", "FACTORY", "MODEL", "QUANTITY", "FROM SERIAL", "UNTIL", "ISSUED", "PROFILE");
    return list_orders(line, print_order, NULL);
}

int command_account(const struct command_line *line)
{
    bool json = command_switch(line, "json");
    if (!json)
        printf("%-20s %-8s %10s %10s = %8s + %8s + %8s + %8s\n", "ORDER", "MODEL", "QUANTITY", "ISSUED", "WRITTEN", "ON HAND", "VOIDED",
               "SUPERSED");
    return list_orders(line, print_account, &json);
}
