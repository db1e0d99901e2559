/* Thresholds of the charge counters: when a counter passes one, the device tells the centre, once (event counter-threshold).
 *
 * They are operation values in the NVRAM, a line for each counter: "threshold.copy=1000", and "threshold.copy=1000 told" when
 * the event is among the letters. The event is put before the line says so; a start that finds it there writes only the line,
 * so that a power cut between the two neither loses nor doubles it. */
#ifndef DEVICE_THRESHOLD_H
#define DEVICE_THRESHOLD_H

#include "device/board.h"

/* at 0: none any more. The one that is set already stays as it is, told or not; one that was passed already is told at once.
 * Errors: NOT_FOUND (no such application here, or it counts nothing), BAD_INPUT, UNSUPPORTED, TOO_LARGE, FLASH_FAILED. */
enum err threshold_set(struct board *b, const char *application, int64_t at, struct why *why) MUST_CHECK;

/* What was passed and not told goes among the letters; *ret_told: something did. To be called before the first letters of a start, and after each
 * count; without room it is told later. Errors: those of option_put. */
enum err threshold_tell(struct board *b, bool *ret_told, struct why *why) MUST_CHECK;

#endif
