#include "store/center_schema.h"

enum err center_customer_put(struct db *db, const struct center_customer *c, struct why *why)
{
    return db_run(db, ASK_CUSTOMER_PUT,
                  DB_ARGS(db_text(c->id), db_text(c->name), db_text(c->address), db_text(c->telephone), db_text(c->email)), why);
}

struct listing {
    center_customer_fn *customer;
    center_site_fn *site;
    void *context;
};

static enum err pass_customer(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct center_customer c;
    db_row_copy(row, 0, sizeof c.id, c.id);
    db_row_copy(row, 1, sizeof c.name, c.name);
    db_row_copy(row, 2, sizeof c.address, c.address);
    db_row_copy(row, 3, sizeof c.telephone, c.telephone);
    db_row_copy(row, 4, sizeof c.email, c.email);
    return l->customer(l->context, &c);
}

enum err center_customer_list(struct db *db, center_customer_fn *fn, void *context, struct why *why)
{
    struct listing l = { .customer = fn, .context = context };
    return db_query(db, ASK_CUSTOMER_EACH, DB_NO_ARGS, pass_customer, &l, why);
}

enum err center_customer_known(struct db *db, const char *id, struct why *why)
{
    return center_there(db, ASK_CUSTOMER_THERE, "customer", id, why);
}

enum err center_site_known(struct db *db, const char *id, struct why *why) { return center_there(db, ASK_SITE_THERE, "site", id, why); }

enum err center_site_put(struct db *db, const struct center_site *s, struct why *why)
{
    enum err err = center_there(db, ASK_CUSTOMER_THERE, "customer", s->customer, why);
    if (err == OK)
        err = db_run(db, ASK_SITE_PUT, DB_ARGS(db_text(s->id), db_text(s->customer), db_text(s->name), db_text(s->address)), why);
    return err != OK ? err : db_run(db, ASK_SITE_DEVICES, DB_ARGS(db_text(s->id), db_text(s->customer)), why);
}

static enum err pass_site(void *context, const struct db_row *row)
{
    struct listing *l = context;
    struct center_site s;
    db_row_copy(row, 0, sizeof s.id, s.id);
    db_row_copy(row, 1, sizeof s.customer, s.customer);
    db_row_copy(row, 2, sizeof s.name, s.name);
    db_row_copy(row, 3, sizeof s.address, s.address);
    return l->site(l->context, &s);
}

enum err center_site_list(struct db *db, const char *customer, center_site_fn *fn, void *context, struct why *why)
{
    struct listing l = { .site = fn, .context = context };
    if (customer == NULL)
        return db_query(db, ASK_SITE_EACH, DB_NO_ARGS, pass_site, &l, why);
    return db_query(db, ASK_SITE_EACH_CUSTOMER, DB_ARGS(db_text(customer)), pass_site, &l, why);
}
