/* Initial values in the NVRAM (D-2, S1709): lines NAME=VALUE, in one text for the operation and one for the
 * applications. */
#ifndef DEVICE_PARAMETERS_H
#define DEVICE_PARAMETERS_H

#include "base/err.h"
#include "device/core/nvram.h"

/* Sets one: "application.NAME" goes to the application values, all others to the operation values; a value that
 * is there already is replaced. Errors: BAD_INPUT (empty or odd characters), TOO_LARGE. */
enum err parameters_set(struct nvram *values, const char *name, const char *value, struct why *why) MUST_CHECK;

/* The value of a line in one of the two texts, cut at `size`; "" when it is not there. */
void parameters_get(const char *text, const char *name, size_t size, char *ret_value);

#endif
