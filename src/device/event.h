/* What the device reports without being asked (EventReport): among its letters until the centre has it, once each.
 *
 * supply-low and fault are for commands and services to report; start, counter-threshold and program the device reports by itself. */
#ifndef DEVICE_EVENT_H
#define DEVICE_EVENT_H

#include "device/board.h"

struct field;

#define EVENT_START "start"
#define EVENT_THRESHOLD "counter-threshold"
#define EVENT_PROGRAM "program"

/* Durable when OK; the next exchange takes it along. Errors: UNSUPPORTED without remote functions, those of option_put. */
enum err event_put(struct board *b, const char *kind, const char *detail, struct why *why) MUST_CHECK;

/* How many events of a kind wait to be sent, whose detail begins so. */
unsigned event_waiting(const struct board *b, const char *kind, const char *detail);

/* Whether there is room for one, beside readings and calls that come down. */
bool event_has_room(const struct board *b);

/* After an exchange: the start of this agent, once, how the trial of a program ended, and thresholds that were passed while there was no room. What cannot be
 * put now is put later. */
void event_raise(struct field *f);

#endif
