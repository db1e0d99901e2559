/* Certificate profiles: sections of an openssl.cnf file that say what a certificate looks like.
 * Built in: "idevid" (IEEE 802.1AR device identity), "gateway" (the same, of a gateway), "bootstrap", "infrastructure", "root", "issuing". */
#ifndef PKI_PROFILE_H
#define PKI_PROFILE_H

#include "pki/key.h"

struct profile;

/* The profile `name` from the file's text, or the built-in of that name when `config` is empty.
 * Errors: NOT_FOUND, BAD_PROFILE (syntax, with line). */
enum err profile_load(struct span config, const char *name, struct profile **ret_profile, struct why *why) MUST_CHECK;
void profile_free(struct profile *profile); /* NULL is fine */

bool profile_is_device(const struct profile *profile); /* makes device identities */
enum key_type profile_key_type(const struct profile *profile);

/* When a certificate begins that is made now: LIMIT_BACKDATE_S earlier, or a tenth of its validity when that is less, so that
 * a clock that is a little behind does not refuse what was made a moment ago (I13). */
int64_t profile_begin(const struct profile *profile, int64_t made_s);

/* The pre-signature lint: refuses a profile whose certificates would break RFC 5280, IEEE 802.1AR or the
 * profile's own rules. Errors: BAD_PROFILE, `why` naming the setting and the clause. */
enum err profile_lint(const struct profile *profile, struct why *why) MUST_CHECK;

/* Loads and lints every section that is a profile (one with a `use`, or named as a model code), and those that a CA cannot
 * be without: `usual` (a device's), "bootstrap", "infrastructure". Errors: those of both. */
enum err profiles_lint(struct span config, const char *usual, struct why *why) MUST_CHECK;

/* The text of the built-in profiles, as written by `ca init` into DIR/profiles.cnf. */
struct span profile_builtin_text(void);

#endif
