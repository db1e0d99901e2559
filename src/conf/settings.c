#include "conf/settings.h"

#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

struct reading {
    const char *path;
    const struct setting_row *rows;
    size_t n;
    void *out;
    bool seen[128];
    enum err err;
    struct why *why;
};

static bool parse_bool(const char *text, bool *ret_value)
{
    static const char *const yes[] = { "yes", "true", "on" }, *const no[] = { "no", "false", "off" };
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *ret_value = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

static enum err put_int(const struct setting_row *row, const char *text, int64_t *ret_value, struct why *why)
{
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < row->least || value > row->most)
        return why_set(why, ERR_CONFIG, "[%s] %s = %s: a whole number from %" PRId64 " to %" PRId64 " is needed", row->section,
                       row->name, text, row->least, row->most);
    *ret_value = value;
    return OK;
}

/* A relative path is meant from the folder of the file that names it. */
static enum err put_path(const char *file, const char *text, char *ret_path, struct why *why)
{
    const char *slash = strrchr(file, '/');
    int n = text[0] == '/' || text[0] == '\0' || slash == NULL
                ? snprintf(ret_path, SETTING_TEXT_SIZE, "%s", text)
                : snprintf(ret_path, SETTING_TEXT_SIZE, "%.*s/%s", (int)(slash - file), file, text);
    return n < SETTING_TEXT_SIZE ? OK : why_set(why, ERR_CONFIG, "the path %s is too long", text);
}

static enum err put_value(const struct reading *r, const struct setting_row *row, const char *text)
{
    char *field = (char *)r->out + row->offset;
    switch (row->type) {
    case SETTING_INT: return put_int(row, text, (int64_t *)(void *)field, r->why);
    case SETTING_PATH: return put_path(r->path, text, field, r->why);
    case SETTING_BOOL:
        return parse_bool(text, (bool *)field)
                   ? OK
                   : why_set(r->why, ERR_CONFIG, "[%s] %s = %s: yes or no is needed", row->section, row->name, text);
    case SETTING_TEXT:
        return snprintf(field, SETTING_TEXT_SIZE, "%s", text) < SETTING_TEXT_SIZE
                   ? OK
                   : why_set(r->why, ERR_CONFIG, "[%s] %s is too long", row->section, row->name);
    default: return ERR_BUG;
    }
}

/* inih's callback: 1 goes on, 0 marks this line as the first wrong one. */
static int on_pair(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    if (r->err != OK)
        return 1;
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->rows[i].section, section) != 0 || strcmp(r->rows[i].name, name) != 0)
            continue;
        r->err = r->seen[i] ? why_set(r->why, ERR_CONFIG, "[%s] %s is given twice", section, name) : put_value(r, &r->rows[i], value);
        r->seen[i] = true;
        return r->err == OK;
    }
    r->err = why_set(r->why, ERR_CONFIG, "there is no setting %s in [%s]", name, section);
    return 0;
}

static enum err put_defaults(struct reading *r)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->seen[i])
            continue;
        if (r->rows[i].fallback == NULL)
            return why_set(r->why, ERR_CONFIG, "%s: [%s] %s must be given: %s", r->path, r->rows[i].section, r->rows[i].name,
                           r->rows[i].help);
        enum err err = put_value(r, &r->rows[i], r->rows[i].fallback);
        if (err != OK)
            return err;
    }
    return OK;
}

enum err settings_read(const char *path, const struct setting_row *rows, size_t n, void *out, struct why *why)
{
    struct reading r = { .path = path, .rows = rows, .n = n, .out = out, .err = OK, .why = why };
    if (n > sizeof r.seen)
        return ERR_BUG;
    int line = ini_parse(path, on_pair, &r);
    if (line < 0)
        return why_errno(why, errno, "cannot read %s", path);
    if (r.err != OK)
        return why_prefix(why, r.err, "%s: line %d", path, line);
    if (line > 0)
        return why_set(why, ERR_CONFIG, "%s: line %d is neither a [section] nor a name = value", path, line);
    return put_defaults(&r);
}

enum err settings_default(const struct setting_row *rows, size_t n, void *out, struct why *why)
{
    const struct reading r = { .path = "", .rows = rows, .n = n, .out = out, .why = why };
    enum err err = OK;
    for (size_t i = 0; err == OK && i < n; i++)
        if (rows[i].fallback != NULL || rows[i].type == SETTING_TEXT)
            err = put_value(&r, &rows[i], rows[i].fallback == NULL ? "" : rows[i].fallback);
    return err;
}

static void print_value(FILE *to, const struct setting_row *row, const void *in)
{
    const char *field = (const char *)in + row->offset;
    switch (row->type) {
    case SETTING_INT: fprintf(to, "%" PRId64, *(const int64_t *)(const void *)field); break;
    case SETTING_BOOL: fputs(*(const bool *)field ? "yes" : "no", to); break;
    case SETTING_TEXT:
    case SETTING_PATH:
    default: fputs(field, to); break;
    }
}

void settings_print(FILE *to, const struct setting_row *rows, size_t n, const void *in)
{
    const char *section = "";
    for (size_t i = 0; i < n; i++) {
        const struct setting_row *row = &rows[i];
        if (strcmp(section, row->section) != 0)
            fprintf(to, "%s[%s]\n", i == 0 ? "" : "\n", row->section);
        section = row->section;
        fprintf(to, "; %s", row->help);
        if (row->type == SETTING_INT)
            fprintf(to, " (%s%s%" PRId64 " to %" PRId64 ")", row->unit, *row->unit == '\0' ? "" : ", ", row->least, row->most);
        fprintf(to, "\n%s%s = ", in == NULL && row->fallback == NULL ? ";" : "", row->name);
        if (in != NULL)
            print_value(to, row, in);
        else if (row->fallback != NULL)
            fputs(row->fallback, to);
        fputc('\n', to);
    }
}

enum err settings_create(const char *path, mode_t mode, const struct setting_row *rows, size_t n, const void *in, struct why *why)
{
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    if (to == NULL)
        return why_set(why, ERR_NO_MEMORY, "no memory for the configuration");
    settings_print(to, rows, n, in);
    enum err err = fclose(to) == 0 ? file_create(path, span_of(text, length), mode, why) : ERR_NO_MEMORY;
    free(text);
    return err;
}
