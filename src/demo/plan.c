/* Three models over three lines: gateways (3014), devices (3012), devices with gateway function (3015). 3013 is made
 * as well and gets no identity (F-2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "demo/demo.h"

static const struct {
    const char *title, *model;
    enum unit_fault fault; /* that its second device suffers */
} line_rows[DEMO_LINES] = {
    { "gateways", "3014", FAULT_WRONG_NAMEPLATE },
    { "devices", "3012", FAULT_WRITE_FAILS },
    { "devices with gateway function", "3015", FAULT_POWER_CUT },
};

static size_t line_share(const struct demo *d, unsigned index)
{
    return d->devices / DEMO_LINES + (index < d->devices % DEMO_LINES);
}

static size_t quantity_3014(const struct demo *d) { return line_share(d, 0); }
static size_t quantity_3012(const struct demo *d) { return line_share(d, 1); }
static size_t quantity_3015(const struct demo *d) { return line_share(d, 2); }
static size_t quantity_3013(const struct demo *d)
{
    (void)d;
    return 5;
}

const struct demo_model demo_models[DEMO_MODELS] = {
    { "3012", "TYPE-1", true, NULL, NULL, "1.5 kW", "12 A", quantity_3012 },
    { "3013", "FEEDER-1", false, NULL, NULL, "40 W", "0.4 A", quantity_3013 },
    { "3014", "GATEWAY-1", true, "gateway", "line-1", "12 W", "0.1 A", quantity_3014 },
    { "3015", "TYPE-2", true, "gateway", "line-3", "1.6 kW", "13 A", quantity_3015 },
};

/* What an earlier run in this folder planned: "devices 60 20261122". */
static enum err read_recorded(const char *path, size_t *ret_devices, int32_t *ret_day)
{
    AUTO_BUF text = BUF_INIT;
    unsigned long devices = 0;
    long day = 0;
    if (file_read(path, 256, &text, NULL) != OK || buf_text(&text) == NULL || sscanf(buf_text(&text), "devices %lu %ld", &devices, &day) != 2)
        return ERR_NOT_FOUND;
    *ret_devices = devices;
    *ret_day = (int32_t)day;
    return OK;
}

static enum err write_plan(const struct demo *d, struct why *why)
{
    AUTO_BUF csv = BUF_INIT;
    char day[CLOCK_DAY_SIZE];
    clock_format_day(d->day, day);
    enum err err = buf_put_text(&csv, "date,model,quantity,first_serial\n");
    for (size_t i = 0; i < DEMO_MODELS && err == OK; i++)
        err = buf_putf(&csv, "%s,%s,%zu,000001\n", day, demo_models[i].code, demo_models[i].quantity(d));
    return err == OK ? file_replace(d->plan, buf_span(&csv), 0644, why) : why_set(why, err, "%s", "the plan is too large");
}

static bool is_set_up(const char *dir)
{
    char path[CHILD_DIR];
    return file_join(dir, "nameplate.conf", sizeof path, path) == OK && file_exists(path);
}

/* `devices` 0: as recorded, else 60. A folder keeps the plan of its first run. */
static enum err choose(struct demo *d, size_t devices, struct why *why)
{
    char path[CHILD_DIR], text[64];
    size_t recorded;
    snprintf(path, sizeof path, "%s/demo.txt", d->dir);
    if (read_recorded(path, &recorded, &d->day) == OK) {
        if (devices != 0 && devices != recorded)
            return why_set(why, ERR_CONFLICT, "%s holds a demo of %zu devices: leave --devices out, or take another --dir", d->dir, recorded);
        d->devices = recorded;
        return OK;
    }
    if (is_set_up(d->ca_dir) || is_set_up(d->factory_dir))
        return why_set(why, ERR_CONFLICT, "%s holds a CA or a factory server that is no demo's: take another --dir", d->dir);
    d->devices = devices == 0 ? 60 : devices;
    d->day = clock_local_day(clock_wall_s());
    enum err err = write_plan(d, why);
    snprintf(text, sizeof text, "devices %zu %ld\n", d->devices, (long)d->day);
    return err == OK ? file_replace(path, span_text(text), 0644, why) : err;
}

static enum err fill_line(struct demo *d, struct line *l, struct why *why)
{
    l->model = line_rows[l->index].model;
    l->title = line_rows[l->index].title;
    for (size_t i = 0; i < l->units_n; i++) {
        char serial[LIMIT_SERIAL + 1];
        snprintf(serial, sizeof serial, "%06zu", i + 1);
        enum err err = number_make(l->model, serial, &l->units[i].number, why);
        if (err != OK)
            return err;
    }
    l->units[1].fault = line_rows[l->index].fault;
    l->demo = d;
    return OK;
}

enum err demo_plan(struct demo *d, size_t devices, struct why *why)
{
    enum err err = choose(d, devices, why);
    if (err != OK)
        return err;
    d->units = calloc(d->devices, sizeof *d->units);
    if (d->units == NULL)
        return ERR_NO_MEMORY;
    size_t used = 0;
    for (unsigned i = 0; i < DEMO_LINES && err == OK; i++) {
        struct line *l = &d->lines[i];
        l->index = i;
        l->units = d->units + used;
        l->units_n = line_share(d, i);
        err = fill_line(d, l, why);
        used += l->units_n;
    }
    return err;
}
