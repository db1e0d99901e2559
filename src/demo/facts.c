/* What the programs' own records say, read with their own commands: nothing here is counted from hopes. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo/demo.h"

typedef void row_fn(struct demo *d, struct unit *unit, json_t *row);

static int compare_unit(const void *key, const void *element)
{
    return strcmp(key, (*(struct unit *const *)element)->number.text);
}
static int compare_units(const void *a, const void *b)
{
    return strcmp((*(struct unit *const *)a)->number.text, (*(struct unit *const *)b)->number.text);
}

static const char *text_of(json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text == NULL ? "" : text;
}

static enum err each_row(struct demo *d, char *lines, struct unit *const *sorted, row_fn *fn, struct why *why)
{
    for (char *rest = lines, *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (*line == '\0')
            continue;
        json_t *row = json_loads(line, 0, NULL);
        if (row == NULL)
            return why_set(why, ERR_BAD_INPUT, "an export has a line that is no JSON: %.80s", line);
        struct unit **found = bsearch(text_of(row, "number"), sorted, d->devices, sizeof(struct unit *), compare_unit);
        if (found != NULL)
            fn(d, *found, row);
        json_decref(row);
    }
    return OK;
}

static enum err read_export(struct demo *d, const char *area, const char *dir, row_fn *fn, struct why *why)
{
    AUTO_BUF out = BUF_INIT;
    out.max = 1024u * 1024 * 1024;
    enum err err = child_run(&out, why, area, "export", "--dir", dir, NULL);
    if (err != OK)
        return err;
    struct unit **sorted = calloc(d->devices, sizeof(struct unit *));
    char *lines = buf_text(&out) == NULL ? NULL : strdup(buf_text(&out));
    if (sorted != NULL && lines != NULL) {
        for (size_t i = 0; i < d->devices; i++)
            sorted[i] = &d->units[i];
        qsort(sorted, d->devices, sizeof(struct unit *), compare_units);
        err = each_row(d, lines, sorted, fn, why);
    } else {
        err = ERR_NO_MEMORY;
    }
    free(lines);
    free(sorted);
    return err;
}

static bool is_written(const char *state)
{
    return strcmp(state, "written") == 0 || strcmp(state, "erased") == 0 || strcmp(state, "field") == 0;
}

static void take_factory_row(struct demo *d, struct unit *unit, json_t *row)
{
    (void)d;
    unit->written = unit->written || is_written(text_of(row, "state"));
}

static void take_ca_row(struct demo *d, struct unit *unit, json_t *row)
{
    (void)d;
    unsigned generation = (unsigned)json_integer_value(json_object_get(row, "generation"));
    if (generation > unit->generation)
        unit->generation = generation;
    if (is_written(text_of(row, "state")))
        snprintf(unit->register_, sizeof unit->register_, "%s", text_of(row, "fingerprint"));
}

enum err facts_read_factory(struct demo *d, struct why *why)
{
    for (size_t i = 0; i < d->devices; i++)
        d->units[i].written = false;
    return read_export(d, "factory", d->factory_dir, take_factory_row, why);
}

enum err facts_read_ca(struct demo *d, struct why *why)
{
    for (size_t i = 0; i < d->devices; i++)
        d->units[i].register_[0] = '\0';
    return read_export(d, "ca", d->ca_dir, take_ca_row, why);
}

/* Wrong nameplates that the station of this line refused, in all runs: one for each number, however often scanned. */
static enum err count_refused(const struct line *l, size_t *ret_refused, struct why *why)
{
    char path[CHILD_DIR + CHILD_NAME + 8], text[CHILD_LINE], number[64], last[64] = "";
    snprintf(path, sizeof path, "%s/%s.log", child_places.log, l->name);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return why_set(why, ERR_NOT_FOUND, "there is no %s", path);
    *ret_refused = 0;
    while (fgets(text, sizeof text, file) != NULL) {
        if (sscanf(text, "FAIL %63s NUMBER_MISMATCH", number) != 1 || strstr(text, " NUMBER_MISMATCH ") == NULL || strcmp(number, last) == 0)
            continue;
        snprintf(last, sizeof last, "%s", number);
        ++*ret_refused;
    }
    fclose(file);
    return OK;
}

enum err facts_total(struct demo *d, struct demo_totals *ret_totals, struct why *why)
{
    struct demo_totals t = { .planned = d->devices };
    enum err err = facts_read_factory(d, why);
    if (err == OK)
        err = facts_read_ca(d, why);
    for (size_t i = 0; i < d->devices; i++) {
        const struct unit *u = &d->units[i];
        t.written += u->written;
        t.proved += u->written && u->flash[0] != '\0' && strcmp(u->flash, u->register_) == 0;
        t.reissued += u->generation > 1 ? u->generation - 1 : 0;
    }
    for (unsigned i = 0; i < DEMO_LINES && err == OK; i++) {
        size_t refused = 0;
        err = count_refused(&d->lines[i], &refused, why);
        t.refused += refused;
    }
    if (err == OK)
        *ret_totals = t;
    return err;
}
