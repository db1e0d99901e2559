/* The device number: model code and serial number, written "3012-123456" (glossary).
 *
 * Both parts are digits and capital letters; leading zeros count. The text form is canonical: two numbers
 * are the same exactly when their texts are. What scanners say is turned into one by scan/, never here. */
#ifndef MODEL_NUMBER_H
#define MODEL_NUMBER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/limit.h"
#include "base/span.h"

struct device_number {
    char text[LIMIT_NUMBER_TEXT + 1]; /* "3012-123456" */
};

/* Reads the canonical form and nothing else: no space, no lower case, no second hyphen.
 * Errors: BAD_NUMBER, `why` saying which character. */
enum err number_parse(struct span text, struct device_number *ret_number, struct why *why) MUST_CHECK;

/* Puts a number together from its parts. Errors: BAD_NUMBER. */
enum err number_make(const char *model, const char *serial, struct device_number *ret_number, struct why *why) MUST_CHECK;

/* Whether the text is a model code / a serial number: 1 to LIMIT_... digits and capital letters. */
bool number_is_model(struct span text);
bool number_is_serial(struct span text);

/* The parts: the model code is copied, the serial number is a view into `n`. */
void number_model(const struct device_number *n, char ret_model[LIMIT_MODEL_CODE + 1]);
const char *number_serial(const struct device_number *n);

/* The number `step` serials further in the same model; the width stays ("000099" -> "000100").
 * Errors: BAD_NUMBER when the serial is not all digits, TOO_LARGE when it would need another digit. */
enum err number_add(const struct device_number *n, uint64_t step, struct device_number *ret_number, struct why *why) MUST_CHECK;

static inline bool number_equal(const struct device_number *a, const struct device_number *b)
{
    return strcmp(a->text, b->text) == 0;
}

#endif
