#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const struct err_row rows[ERR_COUNT] = {
    [OK] = { "OK", ERR_ACTION_NONE, ERR_FAULT_NONE, 200, "done" },
#define X(code, what, who, http, sentence) \
    [ERR_##code] = { #code, ERR_ACTION_##what, ERR_FAULT_##who, http, sentence },
#include "base/err.tbl"
#undef X
};

const struct err_row *err_row(enum err err)
{
    return (unsigned)err < ERR_COUNT ? &rows[err] : &rows[ERR_BUG];
}

enum err err_from_name(const char *name)
{
    for (unsigned i = 0; i < ERR_COUNT; i++)
        if (strcmp(rows[i].name, name) == 0)
            return (enum err)i;
    return ERR_BUG;
}

enum err err_from_errno(int errnum)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT: return ERR_NO_SPACE;
    case ENOMEM: return ERR_NO_MEMORY;
    case ENOENT: return ERR_NOT_FOUND;
    case EEXIST: return ERR_EXISTS;
    case EACCES:
    case EPERM: return ERR_NOT_ALLOWED;
    default: return ERR_IO;
    }
}

static void make_one_line(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

static void put_text(struct why *why, const char *fmt, va_list args)
{
    if (vsnprintf(why->text, sizeof why->text, fmt, args) < 0)
        why->text[0] = '\0';
    make_one_line(why->text);
    text_mend(why->text); /* what had no room */
}

enum err why_set(struct why *why, enum err err, const char *fmt, ...)
{
    if (why != NULL) {
        va_list args;
        va_start(args, fmt);
        put_text(why, fmt, args);
        va_end(args);
    }
    return err;
}

enum err why_prefix(struct why *why, enum err err, const char *fmt, ...)
{
    if (why == NULL)
        return err;
    struct why old = *why;
    va_list args;
    va_start(args, fmt);
    put_text(why, fmt, args);
    va_end(args);
    size_t used = strlen(why->text);
    snprintf(why->text + used, sizeof why->text - used, ": %s", why_text(&old, err));
    return err;
}

enum err why_errno(struct why *why, int errnum, const char *fmt, ...)
{
    enum err err = err_from_errno(errnum);
    if (why != NULL) {
        va_list args;
        va_start(args, fmt);
        put_text(why, fmt, args);
        va_end(args);
        size_t used = strlen(why->text);
        snprintf(why->text + used, sizeof why->text - used, ": %s", strerror(errnum));
    }
    return err;
}

const char *why_text(const struct why *why, enum err err)
{
    return why != NULL && why->text[0] != '\0' ? why->text : err_row(err)->text;
}
