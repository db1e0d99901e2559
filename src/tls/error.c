#include <openssl/err.h>
#include <string.h>

#include "tls/ssl.h"

/* "sslv3 alert bad certificate" and the like are OpenSSL's historical names. */
static const char *plain(const char *reason)
{
    static const char *const prefixes[] = { "sslv3 ", "tlsv1 ", "tlsv13 " };
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(reason, prefixes[i], strlen(prefixes[i])) == 0)
            return reason + strlen(prefixes[i]);
    return reason;
}

enum err ssl_fail(struct why *why, enum err err, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    ERR_clear_error();
    if (reason == NULL)
        return why_set(why, err, "%s", what);
    if (strstr(reason, "alert ") != NULL)
        return why_set(why, err, "%s: the peer says: %s", what, strstr(plain(reason), "alert ") + strlen("alert "));
    return why_set(why, err, "%s: %s", what, plain(reason));
}
