#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t read_clock_us(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_wall_s(void) { return read_clock_us(CLOCK_REALTIME) / 1000000; }
int64_t clock_wall_ms(void) { return read_clock_us(CLOCK_REALTIME) / 1000; }
int64_t clock_mono_ms(void) { return read_clock_us(CLOCK_MONOTONIC) / 1000; }
int64_t clock_thread_ms(void) { return read_clock_us(CLOCK_THREAD_CPUTIME_ID) / 1000; }
int64_t clock_mono_us(void) { return read_clock_us(CLOCK_MONOTONIC); }

void clock_format(int64_t wall_s, char ret_text[CLOCK_TEXT_SIZE])
{
    time_t t = (time_t)wall_s;
    struct tm tm = { 0 };
    gmtime_r(&t, &tm);
    if (strftime(ret_text, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        ret_text[0] = '\0';
}

/* Reads exactly n digits; -1 when there are none such. */
static int digits(const char *text, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

static enum err parse_date(const char *text, struct tm *tm)
{
    if (strnlen(text, 10) < 10 || text[4] != '-' || text[7] != '-')
        return ERR_BAD_INPUT;
    int year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return ERR_BAD_INPUT;
    *tm = (struct tm){ .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };
    return OK;
}

static enum err parse_time(const char *text, struct tm *tm)
{
    if (strlen(text) != 10 || text[0] != 'T' || text[3] != ':' || text[6] != ':' || text[9] != 'Z')
        return ERR_BAD_INPUT;
    tm->tm_hour = digits(text + 1, 2);
    tm->tm_min = digits(text + 4, 2);
    tm->tm_sec = digits(text + 7, 2);
    int sane = tm->tm_hour >= 0 && tm->tm_hour < 24 && tm->tm_min >= 0 && tm->tm_min < 60 && tm->tm_sec >= 0 &&
               tm->tm_sec < 60;
    return sane ? OK : ERR_BAD_INPUT;
}

enum err clock_parse(const char *text, int64_t *ret_wall_s)
{
    struct tm tm;
    enum err err = parse_date(text, &tm);
    if (err == OK && text[10] != '\0')
        err = parse_time(text + 10, &tm);
    if (err == OK)
        *ret_wall_s = (int64_t)timegm(&tm);
    return err;
}

int32_t clock_local_day(int64_t wall_s)
{
    time_t t = (time_t)wall_s;
    struct tm tm = { 0 };
    localtime_r(&t, &tm);
    return (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

int32_t clock_local_minute(int64_t wall_s)
{
    time_t t = (time_t)wall_s;
    struct tm tm = { 0 };
    localtime_r(&t, &tm);
    return tm.tm_hour * 60 + tm.tm_min;
}

enum err clock_parse_day(const char *text, int32_t *ret_day)
{
    struct tm tm;
    if (strlen(text) != 10 || parse_date(text, &tm) != OK)
        return ERR_BAD_INPUT;
    *ret_day = (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
    return OK;
}

void clock_format_day(int32_t day, char ret_text[CLOCK_DAY_SIZE])
{
    unsigned d = (unsigned)day % 100000000u;
    snprintf(ret_text, CLOCK_DAY_SIZE, "%04u-%02u-%02u", d / 10000, d / 100 % 100, d % 100);
}

int32_t clock_day_add(int32_t day, int n)
{
    struct tm tm = { .tm_year = day / 10000 - 1900, .tm_mon = day / 100 % 100 - 1, .tm_mday = day % 100 + n };
    (void)timegm(&tm);
    return (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}
