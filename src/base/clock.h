/* The two clocks. Only programs read them; whatever decides takes `now` as an argument. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

int64_t clock_wall_s(void);  /* seconds since 1970-01-01T00:00:00Z; may jump */
int64_t clock_wall_ms(void); /* the same in milliseconds, for what people read */
int64_t clock_mono_ms(void); /* milliseconds since some start; never goes back */
int64_t clock_thread_ms(void); /* processor time of this thread */
int64_t clock_mono_us(void);

enum { CLOCK_TEXT_SIZE = sizeof "2026-11-22T15:04:05Z" };

/* "2026-11-22T15:04:05Z" (RFC 3339, UTC). */
void clock_format(int64_t wall_s, char ret_text[CLOCK_TEXT_SIZE]);

/* The reverse; also takes a bare date ("2026-11-22", midnight UTC). Errors: BAD_INPUT. */
enum err clock_parse(const char *text, int64_t *ret_wall_s) MUST_CHECK;

/* The day of a moment in the local time zone, as 20261122; the plan is kept by local days. */
int32_t clock_local_day(int64_t wall_s);

/* Minutes since local midnight, 0..1439. */
int32_t clock_local_minute(int64_t wall_s);

/* "2026-11-22" <-> 20261122. Only real days of the calendar. Errors: BAD_INPUT. */
enum err clock_parse_day(const char *text, int32_t *ret_day) MUST_CHECK;
enum { CLOCK_DAY_SIZE = sizeof "2026-11-22" };
void clock_format_day(int32_t day, char ret_text[CLOCK_DAY_SIZE]);

/* The day n days later (or earlier, n < 0). */
int32_t clock_day_add(int32_t day, int n);

#endif
