/* The production plan as the MES or a planner gives it: rows of date,model,quantity[,first_serial] (F-1).
 *
 * Every mistake is collected with line and column (model/csv.h); a plan with one mistake is refused as a whole.
 * Reading (plan_parse) knows the file alone; plan_check compares it with the models and the plan in force. */
#ifndef MODEL_PLAN_H
#define MODEL_PLAN_H

#include "model/csv.h"
#include "model/number.h"

enum { PLAN_QUANTITY_MAX = LIMIT_BATCH_NUMBERS };

struct plan_row {
    size_t line;       /* of the file, from 1 */
    size_t columns[4]; /* where date, model, quantity, first serial began, for messages */
    int32_t day;       /* 20260319 */
    char model[LIMIT_MODEL_CODE + 1];
    uint32_t quantity;
    char first_serial[LIMIT_SERIAL + 1]; /* "" when the file leaves it open; plan_check fills it in */
    bool wrong;                          /* has a mistake of its own already; what was read of it may be empty */
    bool known;                          /* plan_check: stands in the plan in force already, unchanged */
    bool past;                           /* plan_check: is left out, as its day is over */
};

struct plan {
    struct plan_row *rows;
    size_t rows_n, rows_cap;
    struct csv_mistakes mistakes;
};
#define AUTO_PLAN __attribute__((cleanup(plan_done))) struct plan
void plan_done(struct plan *plan); /* frees; NULL is fine */

/* Reads a file's bytes. `ret_plan` is valid on BAD_INPUT too and then says the mistakes; its owner calls
 * plan_done in any case. Errors: BAD_INPUT, TOO_LARGE (LIMIT_PLAN_ROWS, LIMIT_PLAN_BYTES), NO_MEMORY. */
enum err plan_parse(struct span csv, struct plan *ret_plan, struct why *why) MUST_CHECK;

struct plan_model {
    char code[LIMIT_MODEL_CODE + 1];
    int digits; /* of serial numbers that the factory gives out */
    bool discontinued;
    bool no_identity; /* its devices get none: what is planned for them may be over */
};

/* One row of the plan in force. */
struct plan_range {
    int32_t day;
    char model[LIMIT_MODEL_CODE + 1];
    uint32_t quantity;
    char first_serial[LIMIT_SERIAL + 1];
};

struct plan_known {
    const struct plan_model *models;
    size_t models_n;
    const struct plan_range *ranges;
    size_t ranges_n;
    int32_t oldest;      /* day for which something may still be made; 0: any */
    bool leave_out_past; /* new rows for days before it are left out, instead of being mistakes */
};

/* Compares a plan with what is known, also one that was read with mistakes, so that all of them are told at once. Without
 * any it gives open rows the next free serial of their model, and marks the rows that are in force already. Errors: BAD_INPUT with the mistakes in
 * plan->mistakes (unknown model, serials that overlap or run out, a day and model planned otherwise, a
 * new row for a day that is over), NO_MEMORY. */
enum err plan_check(struct plan *plan, const struct plan_known *known, struct why *why) MUST_CHECK;

/* The last serial of a run of `quantity`. Errors: TOO_LARGE, BAD_NUMBER. */
enum err plan_last_serial(const char *first, uint32_t quantity, char ret_last[LIMIT_SERIAL + 1], struct why *why) MUST_CHECK;

#endif
