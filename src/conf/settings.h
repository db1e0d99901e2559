/* Settings of a daemon: an INI file (inih) read by rows that say type, range, default, unit and help.
 *
 * The rows are the whole truth: what is not in them is refused with file and line, `--check-config` prints
 * what is in force, and the sample file and the manual page are printed from them. */
#ifndef CONF_SETTINGS_H
#define CONF_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/err.h"

enum setting_type { SETTING_TEXT, SETTING_PATH, SETTING_INT, SETTING_BOOL };

enum { SETTING_TEXT_SIZE = 512 };

struct setting_row {
    const char *section, *name; /* [listen] address */
    enum setting_type type;
    const char *fallback; /* as it would stand in the file; NULL: must be given */
    int64_t least, most;  /* INT only */
    const char *unit;     /* "s", "days", "" */
    size_t offset;        /* of a char[SETTING_TEXT_SIZE] (TEXT, PATH), int64_t (INT) or bool (BOOL) */
    const char *help;     /* one sentence */
};

/* Reads `path` into the struct at `out`. PATHs that are relative are taken from the file's own folder.
 * Errors: NOT_FOUND, CONFIG with file and line. */
enum err settings_read(const char *path, const struct setting_row *rows, size_t n, void *out, struct why *why) MUST_CHECK;

/* The defaults, for a program that writes its first file: relative paths stay relative, what must be given is empty. */
enum err settings_default(const struct setting_row *rows, size_t n, void *out, struct why *why) MUST_CHECK;

/* Each row with its help as a comment and its value (`in` NULL: its default): a file that settings_read takes. */
void settings_print(FILE *to, const struct setting_row *rows, size_t n, const void *in);

/* The same as a new file. Errors: EXISTS and the others of file_create. */
enum err settings_create(const char *path, mode_t mode, const struct setting_row *rows, size_t n, const void *in,
                         struct why *why) MUST_CHECK;

#endif
