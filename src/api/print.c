/* What the commands print of a service's answers. */
#include <stdio.h>

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

int api_list(const struct api_program *program, const struct command_line *line, const char *path, const char *const *columns,
             size_t n)
{
    json_t *answer, *row;
    size_t i;
    int status = api_run(program, line, "GET", path, NULL, &answer);
    if (status != 0)
        return status;
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
