/* Between the files of this room: one reader per way to write a number. Each gets printable ASCII (GS apart). */
#ifndef SCAN_PART_H
#define SCAN_PART_H

#include "scan/scan.h"

enum { SCAN_GS = 0x1d };

/* GTIN and serial of an article instance, as GS1 has it. */
struct scan_instance {
    char gtin[SCAN_GTIN + 1];
    char serial[LIMIT_SERIAL + 1];
};

/* "01" GTIN "21" serial and further elements, GS between them. */
enum err scan_read_elements(struct span text, struct scan_instance *ret_instance, struct why *why) MUST_CHECK;
/* "(01)...(21)...": the human form. */
enum err scan_read_bracketed(struct span text, struct scan_instance *ret_instance, struct why *why) MUST_CHECK;
/* "https://id.example/01/GTIN/21/SERIAL" (GS1 Digital Link 1.4, uncompressed). */
enum err scan_read_link(struct span text, struct scan_instance *ret_instance, struct why *why) MUST_CHECK;

/* Fills from one element's value. Errors: BAD_INPUT (length, digits, check digit; serial too long, empty). */
enum err scan_put_gtin(struct span digits, struct scan_instance *to, struct why *why) MUST_CHECK;
enum err scan_put_serial(struct span serial, struct scan_instance *to, struct why *why) MUST_CHECK;

/* Both there? Errors: BAD_INPUT, saying which is missing. */
enum err scan_check_instance(const struct scan_instance *instance, struct why *why) MUST_CHECK;

/* Patterns (pattern.c). */
enum err scan_pattern_check(const char *model, const char *pattern, struct why *why) MUST_CHECK;
bool scan_pattern_takes_serial(const char *pattern, const char *serial); /* true when it names no serial shape */
bool scan_pattern_has_gtin(const char *pattern, const char gtin[SCAN_GTIN + 1]);
/* The serial of a label of this model's shape; false when the text is none. */
bool scan_pattern_label(const char *pattern, struct span text, char ret_serial[LIMIT_SERIAL + 1]);

#endif
