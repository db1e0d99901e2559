/* SNMP, the little of it that a gateway needs: the page counter and serial number of a printer (RFC 3805). The only file
 * with net-snmp's library; its calls wait, so they are made in a thread of their own (reader.h). */
#ifndef GATEWAY_PRINTER_H
#define GATEWAY_PRINTER_H

#include "conf/settings.h"

struct printer_login {
    char version[SETTING_TEXT_SIZE];   /* "2c", "3" */
    char community[SETTING_TEXT_SIZE]; /* 2c */
    char user[SETTING_TEXT_SIZE], auth_password[SETTING_TEXT_SIZE], privacy_password[SETTING_TEXT_SIZE]; /* 3 */
};

/* The file must be readable by its owner only. Errors: those of settings_read, file_read_secret, CONFIG. */
enum err printer_login_read(const char *path, struct printer_login *ret_login, struct why *why) MUST_CHECK;

struct printer_reading {
    int64_t pages;   /* prtMarkerLifeCount.1.1 */
    char serial[65]; /* prtGeneralSerialNumber.1; "" when the device does not say */
};

/* Once, before there are threads; nothing is read from the machine's own SNMP settings. */
void printer_start(void);

/* Waits for the device's answer, some seconds at most. Errors: UNREACHABLE, TIMEOUT, UNSUPPORTED (no such counter),
 * NOT_ALLOWED (it refuses the login), CONFIG. */
enum err printer_read(const char *address, const struct printer_login *login, struct printer_reading *ret_reading, struct why *why) MUST_CHECK;

#endif
