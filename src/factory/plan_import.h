/* Taking a plan over: by hand, by the API, or from the MES (F-1). */
#ifndef FACTORY_PLAN_IMPORT_H
#define FACTORY_PLAN_IMPORT_H

#include "factory/factory.h"

struct plan_result {
    size_t rows, known; /* in the file; in force already */
    int64_t devices;    /* newly planned */
};
/* All or nothing, in one transaction; `plan` keeps the rows and mistakes for the caller to show (plan_done).
 * Errors: BAD_INPUT with plan->errors. */
enum err plan_import(struct db *db, const char *actor, struct span csv, bool dry_run, struct plan *plan,
                     struct plan_result *ret_result, struct why *why) MUST_CHECK;

#endif
