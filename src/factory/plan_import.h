/* Taking a plan over: by hand, by the API, or from the MES (F-1). */
#ifndef FACTORY_PLAN_IMPORT_H
#define FACTORY_PLAN_IMPORT_H

#include "factory/factory.h"

struct plan_result {
    size_t rows, known, past; /* in the file; in force already; left out */
    int64_t devices;    /* newly planned */
};
struct plan_file {
    struct span csv;
    const char *actor;
    int days_late; /* for so many days that are over something may still be made */
    bool leave_out_past; /* new rows for days before them are left out, instead of being mistakes */
    bool dry_run;
};

/* All or nothing, in one transaction; `plan` keeps the rows and mistakes for the caller to show (plan_done).
 * Errors: BAD_INPUT with plan->mistakes. */
enum err plan_import(struct db *db, const struct plan_file *file, struct plan *plan, struct plan_result *ret_result,
                     struct why *why) MUST_CHECK;

#endif
