/* Operators' passwords and sessions (F-20). */
#ifndef API_SESSION_H
#define API_SESSION_H

#include "api/service.h"

enum { PASSWORD_MIN = 8, PASSWORD_SIZE = 256, PASSWORD_HASH = 128, TOKEN_TEXT = 65 };
/* yescrypt by crypt(5). Errors: BAD_INPUT (too short), NO_MEMORY. */
enum err password_hash(const char *password, char ret_hash[PASSWORD_HASH], struct why *why) MUST_CHECK;
bool password_right(const char *password, const char *hash);

/* Checks name and password with lock-out, saves the counters. Errors: NOT_AUTHENTICATED, the same for an unknown name, a wrong
 * password and a locked account; BUSY when too many ask (login.h). */
enum err session_check(const struct api_service *service, const char *name, const char *password, struct person *ret_op,
                       struct why *why) MUST_CHECK;
/* The operator of "Bearer TOKEN". Errors: NOT_AUTHENTICATED. */
enum err session_find(const struct api_service *service, const char *authorization, struct person *ret_op,
                      struct why *why) MUST_CHECK;

/* The first operator of a new database, before there is a service; audited. The password is the first line of the file.
 * Errors: those of file_read and password_hash. */
enum err session_first_operator(const struct people *people,
                                enum err (*audit)(struct db *db, const struct audit_entry *entry, struct why *why),
                                const char *name, const char *role, const char *password_file, struct why *why) MUST_CHECK;

#endif
