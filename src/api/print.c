/* What the commands print of a service's answers. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/client.h"

const char *api_member(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text == NULL ? "" : text;
}

long long api_number(const json_t *row, const char *name)
{
    return (long long)json_integer_value(json_object_get(row, name));
}

static void print_value(const char *name, const json_t *value, bool first)
{
    const char *gap = first ? "" : "  ";
    if (json_is_boolean(value))
        printf("%s%s", gap, name);
    else if (json_is_integer(value))
        printf("%s%lld", gap, (long long)json_integer_value(value));
    else
        printf("%s%s", gap, json_is_string(value) ? json_string_value(value) : "");
    if (json_is_boolean(value))
        fputs(json_is_true(value) ? "=yes" : "=no", stdout);
}

/* C0, DEL, and C1 as UTF-8. */
static bool is_control(const char *at)
{
    unsigned char c = (unsigned char)at[0], next = (unsigned char)at[c != '\0'];
    return c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next <= 0x9f);
}

static void make_text_plain(json_t *string)
{
    char *text = strdup(json_string_value(string));
    if (text == NULL)
        return;
    bool changed = false;
    for (char *at = text; *at != '\0'; at++)
        if (is_control(at)) {
            changed = true;
            if ((unsigned char)*at == 0xc2)
                memmove(at, at + 1, strlen(at));
            *at = '?';
        }
    if (changed)
        (void)json_string_set(string, text);
    free(text);
}

void api_make_plain(json_t *answer)
{
    const char *name;
    json_t *value;
    size_t i;
    if (json_is_string(answer))
        make_text_plain(answer);
    json_object_foreach(answer, name, value)
        api_make_plain(value);
    json_array_foreach(answer, i, value)
        api_make_plain(value);
}

int api_list(const struct api_program *program, const struct command_line *line, const char *path, const char *const *columns,
             size_t n)
{
    json_t *answer, *row;
    size_t i;
    int status = api_run(program, line, "GET", path, NULL, &answer);
    if (status != 0)
        return status;
    api_make_plain(answer);
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        for (size_t c = 0; c < n; c++)
            print_value(columns[c], json_object_get(row, columns[c]), c == 0);
        putchar('\n');
    }
    json_decref(answer);
    return 0;
}

void api_print_mistakes(const char *file, const json_t *answer)
{
    size_t i;
    json_t *m;
    json_array_foreach(json_object_get(answer, "mistakes"), i, m)
        fprintf(stderr, "%s:%lld:%lld: %s\n", file, api_number(m, "line"), api_number(m, "column"), api_member(m, "reason"));
    if (json_is_true(json_object_get(answer, "more")))
        fprintf(stderr, "%s: and more\n", file);
}

void api_print_json(const json_t *answer)
{
    json_dumpf(answer, stdout, JSON_INDENT(2));
    putchar('\n');
}
