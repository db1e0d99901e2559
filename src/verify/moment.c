#include "verify/moment.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"

enum { DATE_AND_TIME = sizeof "2026-11-22T15:04:05" - 1 };

static int two_digits(const char *text)
{
    return isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[1]) ? (text[0] - '0') * 10 + text[1] - '0' : -1;
}

/* "Z", "z" or "+hh:mm" (RFC 3339 5.6): seconds to take away. */
static enum err parse_offset(const char *text, int64_t *ret_s)
{
    if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
        *ret_s = 0;
        return OK;
    }
    if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
        return ERR_BAD_INPUT;
    int hours = two_digits(text + 1), minutes = two_digits(text + 4);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return ERR_BAD_INPUT;
    *ret_s = (text[0] == '+' ? 60 : -60) * (hours * 60 + minutes);
    return OK;
}

enum err moment_parse(const char *text, int64_t *ret_wall_s)
{
    char utc[DATE_AND_TIME + 2];
    int64_t local, offset;
    size_t n = strlen(text);
    if (n <= DATE_AND_TIME)
        return clock_parse(text, ret_wall_s);
    memcpy(utc, text, DATE_AND_TIME);
    utc[10] = (char)toupper((unsigned char)utc[10]);
    memcpy(utc + DATE_AND_TIME, "Z", 2);
    const char *rest = text + DATE_AND_TIME;
    if (*rest == '.') {
        size_t digits = strspn(rest + 1, "0123456789");
        if (digits == 0)
            return ERR_BAD_INPUT;
        rest += 1 + digits;
    }
    if (clock_parse(utc, &local) != OK || parse_offset(rest, &offset) != OK)
        return ERR_BAD_INPUT;
    *ret_wall_s = local - offset;
    return OK;
}
