/* Shared by plan.c and plan_check.c. */
#ifndef MODEL_PLAN_INTERNAL_H
#define MODEL_PLAN_INTERNAL_H

#include "model/plan.h"

/* Notes a mistake; beyond PLAN_ERRORS_MAX only that there were more. Errors: NO_MEMORY. */
enum err plan_note(struct plan *plan, size_t line, size_t column, const char *fmt, ...) MUST_CHECK PRINTF_LIKE(4, 5);

/* BAD_INPUT with the first mistake in `why` when there is one. */
enum err plan_verdict(const struct plan *plan, struct why *why) MUST_CHECK;

#endif
