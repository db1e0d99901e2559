/* What scanners say -> device number (requirements F-8, F-9).
 *
 * Understood: the canonical number in plain Code 128 ("3012-123456"); the same behind an AIM symbology
 * identifier (ISO/IEC 15424, "]C0"); GS1 element strings with (01) and (21), with FNC1 as GS or in the bracketed
 * human form; GS1 Digital Link URIs; and, per model, labels of any other shape by a pattern. Everything else
 * is refused with a sentence for the operator; what could mean two devices is refused too. Nothing is
 * guessed: no letter is raised, no zero dropped, nothing searched for inside other text.
 *
 * The pattern of a model is a list of words (separated by one space), each of
 *   ######             the shape of its serial numbers; all scans of the model must have it (several: one of them)
 *   label:3012(######) a label of that very shape, the serial number in the parentheses
 *   gtin:04012345678901  a GTIN (8, 12, 13 or 14 digits) that means this model
 * where '#' is a digit, '@' a capital letter, '?' either, and anything else itself. */
#ifndef SCAN_SCAN_H
#define SCAN_SCAN_H

#include "model/number.h"

enum { SCAN_PATTERN = 128, SCAN_MODELS_MAX = 512, SCAN_GTIN = 14 };

struct scan_rule {
    char model[LIMIT_MODEL_CODE + 1];
    char pattern[SCAN_PATTERN + 1];
};

/* The models of a line. An all-zero struct is valid and knows none: plain numbers are still read. */
struct scan_rules {
    struct scan_rule *rows; /* owned */
    size_t n;
};

/* Errors: BAD_INPUT (a pattern that cannot be meant, `why` saying which word), EXISTS (model twice),
 * TOO_LARGE, NO_MEMORY. */
enum err scan_rules_add(struct scan_rules *rules, const char *model, const char *pattern, struct why *why) MUST_CHECK;
void scan_rules_done(struct scan_rules *rules); /* frees; NULL is fine */
#define AUTO_SCAN_RULES __attribute__((cleanup(scan_rules_done))) struct scan_rules

/* One scan, as it came from the scanner: at most LIMIT_SCAN bytes, trailing CR, LF and TAB do not count.
 * Errors: BAD_INPUT, BAD_NUMBER, TOO_LARGE, NOT_FOUND (unknown GTIN), CONFLICT (could mean two devices). */
enum err scan_read(const struct scan_rules *rules, struct span raw, struct device_number *ret_number, struct why *why) MUST_CHECK;

#endif
