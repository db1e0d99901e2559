#include "device/parameters.h"

#include <stdio.h>
#include <string.h>

static enum err check_text(const char *what, const char *text, const char *forbidden, struct why *why)
{
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < ' ' || strchr(forbidden, *p) != NULL)
            return why_set(why, ERR_BAD_INPUT, "the %s of a parameter has a character that it may not have", what);
    return OK;
}

/* Cuts the line "name=..." out of the text, if there is one. */
static void remove_line(char *text, const char *name)
{
    size_t n = strlen(name);
    for (char *line = text; *line != '\0';) {
        char *end = strchr(line, '\n');
        char *next = end == NULL ? line + strlen(line) : end + 1;
        if (strncmp(line, name, n) == 0 && line[n] == '=') {
            memmove(line, next, strlen(next) + 1);
            return;
        }
        line = next;
    }
}

/* The unused end is zeros, so that equal values are equal records. */
static enum err set_line(char *text, size_t size, const char *name, const char *value, struct why *why)
{
    remove_line(text, name);
    size_t used = strlen(text), more = strlen(name) + strlen(value) + 2;
    if (used + more >= size)
        return why_set(why, ERR_TOO_LARGE, "there is no room for the parameter %s in the NVRAM", name);
    snprintf(text + used, size - used, "%s=%s\n", name, value);
    memset(text + used + more, 0, size - used - more);
    return OK;
}

enum err parameters_set(struct nvram *values, const char *name, const char *value, struct why *why)
{
    static const char prefix[] = "application.";
    enum { PREFIX = sizeof prefix - 1 };
    bool application = strncmp(name, prefix, PREFIX) == 0;
    const char *key = application ? name + PREFIX : name;
    enum err err = *key == '\0' ? why_set(why, ERR_BAD_INPUT, "a parameter has no name") : check_text("name", key, "= ", why);
    if (err == OK)
        err = check_text("value", value, "", why);
    if (err != OK)
        return err;
    return application ? set_line(values->application, sizeof values->application, key, value, why)
                       : set_line(values->operation, sizeof values->operation, key, value, why);
}

void parameters_get(const char *text, const char *name, size_t size, char *ret_value)
{
    size_t n = strlen(name);
    ret_value[0] = '\0';
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, name, n) == 0 && line[n] == '=')
            snprintf(ret_value, size, "%.*s", (int)strcspn(line + n + 1, "\n"), line + n + 1);
}
