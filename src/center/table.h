/* Customers, sites, devices and agreements as one CSV file (M-7): the first field of a line says what it is.
 *
 *   customer,ID,NAME,ADDRESS,TELEPHONE,EMAIL
 *   site,ID,CUSTOMER,NAME,ADDRESS
 *   device,NUMBER,KIND,CUSTOMER,SITE,GATEWAY,ADDRESS,TELEPHONE,INTERVAL
 *   agreement,NUMBER,STATE,FROM,UNTIL
 *
 * Fields at the end may be left out; a line whose first field begins with '#' is a remark. The order of lines does not
 * matter. Reading knows the file alone; table_apply compares it with the database. */
#ifndef CENTER_TABLE_H
#define CENTER_TABLE_H

#include "model/csv.h"
#include "store/center.h"

enum table_kind { TABLE_CUSTOMER, TABLE_SITE, TABLE_DEVICE, TABLE_AGREEMENT, TABLE_KIND_COUNT };
enum { TABLE_COLUMNS = 9 };

struct table_row {
    enum table_kind kind;
    size_t line, columns[TABLE_COLUMNS]; /* where each field began, for messages */
    struct center_customer customer;
    struct center_site site;
    struct center_device device; /* TABLE_AGREEMENT: its number and agreement */
};

struct table {
    struct table_row *rows;
    size_t rows_n, rows_cap;
    struct csv_mistakes mistakes;
};
#define AUTO_TABLE __attribute__((cleanup(table_done))) struct table
void table_done(struct table *table); /* frees; NULL is fine */

/* `ret_table` is valid on BAD_INPUT too and then says the mistakes; its owner calls table_done in any case.
 * Errors: BAD_INPUT, TOO_LARGE (LIMIT_TABLE_ROWS, LIMIT_TABLE_BYTES), NO_MEMORY. */
enum err table_parse(struct span csv, struct table *ret_table, struct why *why) MUST_CHECK;

/* Inside a transaction, which the caller rolls back on error. What stands there already, unchanged, is passed over.
 * Errors: BAD_INPUT with the mistakes in the table (unknown customers, rings of gateways, agreements that overlap). */
enum err table_apply(struct table *table, struct db *db, int64_t now_s, struct why *why) MUST_CHECK;

/* Everything, in lines that table_parse takes: scrapped devices are left out, of agreements the ones in force or to come. */
enum err table_write(struct db *db, int64_t now_s, struct buf *to, struct why *why) MUST_CHECK;

#endif
