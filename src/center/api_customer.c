/* Customers and their sites (M-7). */
#include "center/api.h"
#include "center/check.h"

static enum err add_customer(void *context, const struct center_customer *c)
{
    return api_push(context, json_pack("{s:s,s:s,s:s,s:s,s:s}", "id", c->id, "name", c->name, "address", c->address, "telephone",
                                       c->telephone, "email", c->email));
}

enum err api_customer_list(struct api_call *call, struct why *why)
{
    json_t *rows = json_array();
    call->answer = json_pack("{s:o}", "rows", rows);
    return center_customer_list(call->service->people.db, add_customer, rows, why);
}

struct find_customer {
    struct center_customer *to;
    bool found;
};

static enum err take_customer(void *context, const struct center_customer *c)
{
    struct find_customer *f = context;
    if (strcmp(c->id, f->to->id) == 0) {
        *f->to = *c;
        f->found = true;
    }
    return OK;
}

static enum err read_customer(struct api_call *call, struct center_customer *c, struct why *why)
{
    enum err err = api_text(call, "name", c->name[0] == '\0' ? c->id : c->name, sizeof c->name, c->name, why);
    if (err == OK)
        err = api_text(call, "address", c->address, sizeof c->address, c->address, why);
    if (err == OK)
        err = api_text(call, "telephone", c->telephone, sizeof c->telephone, c->telephone, why);
    if (err == OK)
        err = api_text(call, "email", c->email, sizeof c->email, c->email, why);
    return err != OK ? err : check_customer(c, why);
}

/* New or changed: what the body does not say stays as it is. */
enum err api_customer_put(struct api_call *call, struct why *why)
{
    struct db *db = call->service->people.db;
    struct center_customer c = { .id = "" };
    struct find_customer find = { &c, false };
    enum err err = api_text(call, "id", NULL, sizeof c.id, c.id, why);
    if (err == OK)
        err = check_id(c.id, why);
    if (err == OK)
        err = center_customer_list(db, take_customer, &find, why);
    if (err == OK)
        err = read_customer(call, &c, why);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = center_customer_put(db, &c, why);
    call->answer = json_pack("{s:s,s:s}", "id", c.id, "name", c.name);
    return api_commit(call, err, "customer", c.id, c.name, why);
}

static enum err add_site(void *context, const struct center_site *s)
{
    return api_push(context,
                    json_pack("{s:s,s:s,s:s,s:s}", "id", s->id, "customer", s->customer, "name", s->name, "address", s->address));
}

enum err api_site_list(struct api_call *call, struct why *why)
{
    char customer[LIMIT_NAME + 1];
    json_t *rows = json_array();
    call->answer = json_pack("{s:o}", "rows", rows);
    const char *of = console_query(call, "customer", sizeof customer, customer);
    enum err err = check_known(call->service->people.db, of, NULL, why);
    return err != OK ? err : center_site_list(call->service->people.db, of, add_site, rows, why);
}

struct find_site {
    struct center_site *to;
    bool found;
};

static enum err take_site(void *context, const struct center_site *s)
{
    struct find_site *f = context;
    if (strcmp(s->id, f->to->id) == 0) {
        *f->to = *s;
        f->found = true;
    }
    return OK;
}

static enum err read_site(struct api_call *call, struct center_site *s, bool known, struct why *why)
{
    enum err err = api_text(call, "customer", known ? s->customer : "", sizeof s->customer, s->customer, why);
    if (err == OK && s->customer[0] == '\0')
        err = why_set(why, ERR_BAD_INPUT, "whose site it is has to be said: --customer");
    if (err == OK)
        err = api_text(call, "name", s->name[0] == '\0' ? s->id : s->name, sizeof s->name, s->name, why);
    if (err == OK)
        err = api_text(call, "address", s->address, sizeof s->address, s->address, why);
    return err != OK ? err : check_site(s, why);
}

enum err api_site_put(struct api_call *call, struct why *why)
{
    struct db *db = call->service->people.db;
    struct center_site s = { .id = "" };
    struct find_site find = { &s, false };
    enum err err = api_text(call, "id", NULL, sizeof s.id, s.id, why);
    if (err == OK)
        err = check_id(s.id, why);
    if (err == OK)
        err = center_site_list(db, NULL, take_site, &find, why);
    if (err == OK)
        err = read_site(call, &s, find.found, why);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = center_site_put(db, &s, why);
    call->answer = json_pack("{s:s,s:s}", "id", s.id, "customer", s.customer);
    return api_commit(call, err, "site", s.id, s.customer, why);
}
