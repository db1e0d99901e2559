/* Devices that have no agent: which ones, and how each is read by SNMP (Printer-MIB, RFC 3805). */
#ifndef GATEWAY_AGENTLESS_H
#define GATEWAY_AGENTLESS_H

#include "base/span.h"
#include "conf/settings.h"
#include "model/number.h"

enum { AGENTLESS_ADDRESS = 128, AGENTLESS_MOST = 1000 };

struct agentless {
    struct device_number number;
    char address[AGENTLESS_ADDRESS];  /* "10.0.0.7", "udp6:[fd00::7]:161", as net-snmp takes it */
    char login[SETTING_TEXT_SIZE];    /* file with the SNMP login */
    int64_t interval_s;
};

/* CSV with number,address,login,interval; a relative login is taken from `folder`. The list is the caller's (free).
 * Errors: BAD_INPUT with line and column, TOO_LARGE. */
enum err agentless_parse(struct span csv, const char *folder, struct agentless **ret_list, size_t *ret_n, struct why *why) MUST_CHECK;
/* Errors: those, and of file_read. */
enum err agentless_read(const char *path, struct agentless **ret_list, size_t *ret_n, struct why *why) MUST_CHECK;

#endif
