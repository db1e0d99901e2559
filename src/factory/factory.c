#include "factory/factory.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"

struct span factory_binding(const struct device_number *number, const uint8_t fingerprint[CERT_FINGERPRINT],
                            uint8_t ret_bytes[SEAL_BINDING])
{
    size_t n = strlen(number->text) + 1;
    memcpy(ret_bytes, number->text, n);
    memcpy(ret_bytes + n, fingerprint, CERT_FINGERPRINT);
    return span_of(ret_bytes, n + CERT_FINGERPRINT);
}

enum err factory_note(struct db *db, const char *actor, const char *event, const char *subject, struct why *why, const char *fmt,
                      ...)
{
    char detail[1024]; /* three values of TEXT_QUOTED, whole: half of one would be open */
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(detail, sizeof detail, fmt, args) < 0)
        detail[0] = '\0';
    va_end(args);
    return stock_audit(db, &(struct audit_entry){ clock_wall_s(), actor, event, subject, detail }, why);
}

