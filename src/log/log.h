/* One line per event, key=value or JSON, to standard error. Programs log; libraries return `why`.
 *
 *   2026-11-22T15:04:05Z info factory claim number=3012-123456 station=line-1
 *
 * Never a key, a password or a body; values are quoted when they hold anything but printable non-space. */
#ifndef LOG_LOG_H
#define LOG_LOG_H

#include "base/err.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_setup(const char *program, enum log_level least, int json);
enum err log_level_parse(const char *name, enum log_level *ret_level) MUST_CHECK;

/* log_event(LOG_INFO, "claim", "number", number.text, "station", name, NULL): pairs of text, then NULL. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
/* The same with "error" (the row's name) and "why" behind. */
void log_failure(enum log_level level, const char *event, enum err err, const struct why *why, ...) __attribute__((sentinel));

#endif
