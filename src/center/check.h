/* What an operator may enter: pure checks of texts, the same for the console and for imported tables. */
#ifndef CENTER_CHECK_H
#define CENTER_CHECK_H

#include <stdbool.h>

#include "base/err.h"
#include "store/center.h"

/* Each: OK or BAD_INPUT with a sentence that names the value. An empty text passes all but check_id. */
enum err check_id(const char *text, struct why *why) MUST_CHECK;        /* letters, digits, '.', '_', '-' */
enum err check_telephone(const char *text, struct why *why) MUST_CHECK; /* +81 3 1234-5678 */
enum err check_address(const char *text, struct why *why) MUST_CHECK;   /* IP address, host name, or URL of one */
enum err check_email(const char *text, struct why *why) MUST_CHECK;
enum err check_text(const char *text, struct why *why) MUST_CHECK; /* no control characters */
/* Also a name of a file: what check_id takes, and no leading dot. */
enum err check_version(const char *text, struct why *why) MUST_CHECK;

/* Whole records, their keys included; references are for the database to check. */
enum err check_customer(const struct center_customer *c, struct why *why) MUST_CHECK;
enum err check_site(const struct center_site *s, struct why *why) MUST_CHECK;
enum err check_device(const struct center_device *d, struct why *why) MUST_CHECK;

/* Against the database. Who speaks for a device is a gateway: NOT_FOUND, CONFLICT. A filter's words; NULL passes: NOT_FOUND. */
enum err check_gateway(struct db *db, const char *number, struct why *why) MUST_CHECK;
enum err check_known(struct db *db, const char *customer, const char *site, struct why *why) MUST_CHECK;

#endif
