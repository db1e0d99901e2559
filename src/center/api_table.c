/* Import and export of customers, sites, devices and agreements (M-7). */
#include <stdio.h>

#include "center/api.h"
#include "center/table.h"

static enum err count_kinds(struct api_call *call, const struct table *t, bool dry)
{
    json_int_t n[TABLE_KIND_COUNT] = { 0 };
    for (size_t i = 0; i < t->rows_n; i++)
        n[t->rows[i].kind]++;
    call->answer = json_pack("{s:I,s:I,s:I,s:I,s:b}", "customers", n[TABLE_CUSTOMER], "sites", n[TABLE_SITE], "devices",
                             n[TABLE_DEVICE], "agreements", n[TABLE_AGREEMENT], "dry_run", dry);
    return call->answer == NULL ? ERR_NO_MEMORY : OK;
}

/* All or nothing: one mistake, and nothing of the file is taken. */
enum err api_table_import(struct api_call *call, struct why *why)
{
    struct db *db = call->service->people.db;
    AUTO_TABLE table = { .rows_n = 0 };
    char text[4], detail[64];
    api_query(call, "dry_run", sizeof text, text);
    bool dry = text[0] != '\0';
    enum err err = table_parse(call->body, &table, why);
    if (err == OK)
        err = db_begin(db, why);
    if (err == OK)
        err = table_apply(&table, db, clock_wall_s(), why);
    if (err == OK)
        err = count_kinds(call, &table, dry);
    else if (table.mistakes.n > 0)
        call->answer = api_mistakes(&table.mistakes);
    if (dry) {
        db_rollback(db);
        return err;
    }
    snprintf(detail, sizeof detail, "rows=%zu", table.rows_n);
    return console_commit(call, err, "import", "", detail, why);
}

enum err api_table_export(struct api_call *call, struct why *why)
{
    AUTO_BUF csv = BUF_INIT;
    enum err err = table_write(call->service->people.db, clock_wall_s(), &csv, why);
    const char *text = err == OK ? buf_text(&csv) : NULL;
    if (err != OK)
        return err;
    call->answer = text == NULL ? NULL : json_pack("{s:s}", "csv", text);
    return call->answer == NULL ? ERR_NO_MEMORY : OK;
}
