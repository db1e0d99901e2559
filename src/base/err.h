/* What went wrong, in one number and one sentence.
 *
 * Every function that can fail returns `enum err` (0 is success) and must be checked. Which value was
 * wrong, and where, goes into a caller's `struct why`; libraries never log. Outputs are named ret_...,
 * come last, and are written only on success. The rows are in err.tbl. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum err {
    OK = 0,
#define X(code, action, fault, http, text) ERR_##code,
#include "base/err.tbl"
#undef X
    ERR_COUNT
};

enum err_action { ERR_ACTION_NONE, ERR_ACTION_RETRY, ERR_ACTION_REFUSE, ERR_ACTION_OPERATOR, ERR_ACTION_BUG };
enum err_fault { ERR_FAULT_NONE, ERR_FAULT_SENDER, ERR_FAULT_RECEIVER };

struct err_row {
    const char *name; /* "OVER_ORDER" */
    enum err_action action;
    enum err_fault fault; /* SOAP 1.2 fault code; SOAP 1.1 calls them Client and Server */
    int http_status;
    const char *text; /* sentence without subject and full stop */
};

/* The row of an error; that of ERR_BUG for a value outside the enum. Never NULL. */
const struct err_row *err_row(enum err err);

/* The row with this name ("OVER_ORDER"), as it came over the wire; ERR_BUG when unknown. */
enum err err_from_name(const char *name);

/* The error that an errno value means: ENOSPC and EDQUOT NO_SPACE, ENOMEM NO_MEMORY, ENOENT NOT_FOUND,
 * EEXIST EXISTS, EACCES and EPERM NOT_ALLOWED, else IO. */
enum err err_from_errno(int errnum);

enum { WHY_MAX = 384 };

/* The reason behind an error: which value, where, what to do; one line of text, never a secret. */
struct why {
    char text[WHY_MAX];
};

/* Writes the reason (cut at WHY_MAX, control characters replaced by '?') and returns `err`, so that a
 * failure is one statement: `return why_set(why, ERR_BAD_INPUT, "line %zu: ...", n)`. `why` may be NULL. */
enum err why_set(struct why *why, enum err err, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Puts "context: " in front of the reason and returns `err`; an empty reason becomes the row's sentence. */
enum err why_prefix(struct why *why, enum err err, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As why_set, with ": " and strerror(errnum) behind and the error from err_from_errno(errnum). */
enum err why_errno(struct why *why, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The reason, or the row's sentence when the reason is empty. Never NULL. */
const char *why_text(const struct why *why, enum err err);

#endif
