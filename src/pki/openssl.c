#include "pki/openssl.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum err openssl_fail(struct why *why, enum err err, const char *fmt, ...)
{
    char sentence[WHY_MAX];
    unsigned long code = ERR_peek_last_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(sentence, sizeof sentence, fmt, args) < 0)
        sentence[0] = '\0';
    va_end(args);
    if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
        err = ERR_NO_MEMORY;
    ERR_clear_error();
    return reason == NULL ? why_set(why, err, "%s", sentence) : why_set(why, err, "%s (%s)", sentence, reason);
}

enum err openssl_time(const ASN1_TIME *time, int64_t *ret_s)
{
    struct tm tm = { 0 };
    if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
        return ERR_BAD_CERTIFICATE;
    *ret_s = (int64_t)timegm(&tm);
    return OK;
}
