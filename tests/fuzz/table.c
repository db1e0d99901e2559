/* The table of customers, sites, devices and agreements: what was read holds no text that the checks refuse. */
#include <stdlib.h>

#include "center/check.h"
#include "center/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool holds(const struct table_row *row)
{
    struct why why;
    switch (row->kind) {
    case TABLE_CUSTOMER: return check_customer(&row->customer, &why) == OK;
    case TABLE_SITE: return check_site(&row->site, &why) == OK;
    case TABLE_DEVICE: return check_telephone(row->device.telephone, &why) == OK && row->device.interval_s >= 0;
    case TABLE_AGREEMENT: return row->device.agreement.state != AGREEMENT_NONE;
    case TABLE_KIND_COUNT: break;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_TABLE table;
    struct why why;
    enum err err = table_parse(span_of(data, size), &table, &why);
    if ((err == OK) != (table.rows_n > 0 && table.mistakes.n == 0))
        abort();
    for (size_t i = 0; err == OK && i < table.rows_n; i++)
        if (!holds(&table.rows[i]))
            abort();
    return 0;
}
