#include "center/table.h"

#include <stddef.h>
#include <stdlib.h>

#include "base/clock.h"
#include "center/check.h"

typedef enum err column_fn(const char *text, struct table_row *row, struct why *why);

struct column {
    const char *name;
    bool needed;
    size_t offset, size;                                  /* where the text goes; size 0: nowhere */
    enum err (*check)(const char *text, struct why *why); /* NULL: none */
    column_fn *read;                                      /* instead; NULL: the text is copied */
};

static enum err read_number(const char *text, struct table_row *row, struct why *why)
{
    return number_parse(span_text(text), &row->device.number, why);
}

static enum err read_gateway(const char *text, struct table_row *row, struct why *why)
{
    return text[0] == '\0' ? OK : number_parse(span_text(text), &row->device.gateway, why);
}

static enum err read_kind(const char *text, struct table_row *row, struct why *why)
{
    return text[0] == '\0' || center_kind_parse(text, &row->device.kind) == OK
               ? OK
               : why_set(why, ERR_BAD_INPUT, "\"%s\" is not a kind: device, gateway or agentless is needed", text);
}

static enum err read_interval(const char *text, struct table_row *row, struct why *why)
{
    char *end;
    long long n = strtoll(text, &end, 10);
    if (*end != '\0' || n < 0 || n > LIMIT_POLL_MOST_S || text[0] == ' ')
        return why_set(why, ERR_BAD_INPUT, "\"%s\" is not a number of seconds up to %d", text, LIMIT_POLL_MOST_S);
    row->device.interval_s = n;
    return OK;
}

static enum err read_state(const char *text, struct table_row *row, struct why *why)
{
    enum agreement_state *state = &row->device.agreement.state;
    return agreement_state_parse(text, state) == OK && *state != AGREEMENT_NONE
               ? OK
               : why_set(why, ERR_BAD_INPUT, "\"%s\" is not a state: active, suspended or ended is needed", text);
}

static enum err read_moment(const char *text, int64_t *ret_s, struct why *why)
{
    return text[0] == '\0' || clock_parse(text, ret_s) == OK
               ? OK
               : why_set(why, ERR_BAD_INPUT, "\"%s\" is not a day or moment: write it as 2026-03-19 or 2026-03-19T12:00:00Z",
                         text);
}

static enum err read_from(const char *text, struct table_row *row, struct why *why)
{
    return read_moment(text, &row->device.agreement.from_s, why);
}

static enum err read_until(const char *text, struct table_row *row, struct why *why)
{
    struct agreement *a = &row->device.agreement;
    enum err err = read_moment(text, &a->until_s, why);
    if (err == OK && a->until_s != 0 && a->until_s <= a->from_s)
        err = why_set(why, ERR_BAD_INPUT, "the agreement would end before it begins");
    return err;
}

#define PLACE(member) offsetof(struct table_row, member), sizeof(((struct table_row *)0)->member)
static const struct column customer_columns[] = {
    { "id", true, PLACE(customer.id), check_id, NULL },
    { "name", false, PLACE(customer.name), check_text, NULL },
    { "address", false, PLACE(customer.address), check_text, NULL },
    { "telephone", false, PLACE(customer.telephone), check_telephone, NULL },
    { "email", false, PLACE(customer.email), check_email, NULL },
};
static const struct column site_columns[] = {
    { "id", true, PLACE(site.id), check_id, NULL },
    { "customer", true, PLACE(site.customer), check_id, NULL },
    { "name", false, PLACE(site.name), check_text, NULL },
    { "address", false, PLACE(site.address), check_text, NULL },
};
static const struct column device_columns[] = {
    { "number", true, 0, 0, NULL, read_number },
    { "kind", false, 0, 0, NULL, read_kind },
    { "customer", false, PLACE(device.customer), NULL, NULL },
    { "site", false, PLACE(device.site), NULL, NULL },
    { "gateway", false, 0, 0, NULL, read_gateway },
    { "address", false, PLACE(device.address), check_address, NULL },
    { "telephone", false, PLACE(device.telephone), check_telephone, NULL },
    { "interval", false, 0, 0, NULL, read_interval },
};
static const struct column agreement_columns[] = {
    { "number", true, 0, 0, NULL, read_number },
    { "state", true, 0, 0, NULL, read_state },
    { "from", true, 0, 0, NULL, read_from },
    { "until", false, 0, 0, NULL, read_until },
};

static const struct {
    const char *word;
    const struct column *columns;
    size_t n;
} kinds[TABLE_KIND_COUNT] = {
    [TABLE_CUSTOMER] = { "customer", customer_columns, sizeof customer_columns / sizeof *customer_columns },
    [TABLE_SITE] = { "site", site_columns, sizeof site_columns / sizeof *site_columns },
    [TABLE_DEVICE] = { "device", device_columns, sizeof device_columns / sizeof *device_columns },
    [TABLE_AGREEMENT] = { "agreement", agreement_columns, sizeof agreement_columns / sizeof *agreement_columns },
};

void table_done(struct table *table)
{
    if (table == NULL)
        return;
    free(table->rows);
    csv_mistakes_done(&table->mistakes);
    *table = (struct table){ 0 };
}

static enum err read_column(const struct column *c, const char *text, struct table_row *row, struct why *why)
{
    if (c->needed && text[0] == '\0')
        return why_set(why, ERR_BAD_INPUT, "%s is missing", c->name);
    if (c->read != NULL)
        return c->read(text, row, why);
    if (strlen(text) >= c->size)
        return why_set(why, ERR_BAD_INPUT, "%s is longer than %zu bytes", c->name, c->size - 1);
    enum err err = c->check == NULL ? OK : c->check(text, why);
    if (err == OK)
        memcpy((char *)row + c->offset, text, strlen(text) + 1);
    return err;
}

static enum err read_columns(struct table *table, const struct csv_line *l, struct table_row *row)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < kinds[row->kind].n; i++) {
        struct why why = { "" };
        size_t at = i + 1 < l->n ? l->fields[i + 1].column : l->fields[l->n - 1].column;
        row->columns[i] = at;
        if (read_column(&kinds[row->kind].columns[i], i + 1 < l->n ? l->fields[i + 1].text : "", row, &why) != OK)
            err = csv_note(&table->mistakes, l->line, at, "%s", why.text);
    }
    return err;
}

static enum err add_row(struct table *table, const struct table_row *row, struct why *why)
{
    if (table->rows_n == LIMIT_TABLE_ROWS)
        return why_set(why, ERR_TOO_LARGE, "the table has more than %d rows", LIMIT_TABLE_ROWS);
    if (table->rows_n == table->rows_cap) {
        size_t cap = table->rows_cap == 0 ? 64 : 2 * table->rows_cap;
        struct table_row *grown = realloc(table->rows, cap * sizeof *grown);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        table->rows = grown;
        table->rows_cap = cap;
    }
    table->rows[table->rows_n++] = *row;
    return OK;
}

static enum err read_row(struct table *table, const struct csv_line *l, struct why *why)
{
    struct table_row row = { .line = l->line };
    unsigned kind = 0;
    if (l->fields[0].text[0] == '#')
        return OK;
    while (kind < TABLE_KIND_COUNT && strcmp(kinds[kind].word, l->fields[0].text) != 0)
        kind++;
    if (kind == TABLE_KIND_COUNT)
        return csv_note(&table->mistakes, l->line, l->fields[0].column, "\"%s\" is none of customer, site, device, agreement",
                        l->fields[0].text);
    row.kind = (enum table_kind)kind;
    for (size_t i = kinds[kind].n + 1; i < l->n; i++)
        if (l->fields[i].text[0] != '\0')
            return csv_note(&table->mistakes, l->line, l->fields[i].column, "a %s has no more than %zu fields behind its kind",
                            kinds[kind].word, kinds[kind].n);
    enum err err = read_columns(table, l, &row);
    return err != OK ? err : add_row(table, &row, why);
}

enum err table_parse(struct span csv, struct table *ret_table, struct why *why)
{
    static const char *const names[TABLE_COLUMNS + 1] = { "what", "key", "...", "...", "...", "...", "...", "...", "...", "..." };
    static const struct csv_shape shape = { names, TABLE_COLUMNS + 1, 1, CENTER_TEXT - 1 };
    struct csv_reader reader;
    struct csv_line line;
    bool more = true;
    enum err err = OK;
    *ret_table = (struct table){ 0 };
    if (csv.n > LIMIT_TABLE_BYTES)
        return why_set(why, ERR_TOO_LARGE, "the table is larger than %d bytes", LIMIT_TABLE_BYTES);
    csv_start(&reader, &shape, csv, &ret_table->mistakes);
    while (err == OK && more) {
        err = csv_next(&reader, &line, &more);
        if (err == OK && more)
            err = read_row(ret_table, &line, why);
    }
    if (err == OK && ret_table->rows_n == 0 && ret_table->mistakes.n == 0)
        return why_set(why, ERR_BAD_INPUT, "the table has no rows");
    return err != OK ? err : csv_verdict(&ret_table->mistakes, why);
}
