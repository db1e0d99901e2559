/* Statement numbers of the gateway's queue, for relay*.c only. */
#ifndef STORE_RELAY_SQL_H
#define STORE_RELAY_SQL_H

#include "store/relay.h"

enum relay_statement {
#define X(name, sql) RELAY_##name,
#include "store/relay.tbl"
#undef X
    RELAY_STATEMENTS
};

/* The text of the first row; without any "". */
enum err relay_text(struct db *db, unsigned statement, const struct db_value *args, size_t args_n, size_t size, char *ret_text,
                    struct why *why) MUST_CHECK;

#endif
