#include "demo/field.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { COLLECT_MS = 60000 };

static struct field the_field; /* one demo in a process */

static void on_line(void *context, struct child *child, const char *line) { (void)context, (void)child, (void)line; }

static void on_gone(void *context, struct child *child, int status)
{
    struct field *f = context;
    struct why why;
    (void)status;
    if (!child->ending && child != &f->intruder)
        demo_fail(f->d, why_set(&why, ERR_CONFLICT, "it ended by itself"), &why, child->name);
}

static void name_node(struct field *f, size_t i)
{
    struct demo *d = f->d;
    struct node *n = &f->nodes[i];
    const struct line *l = &d->lines[node_rows[i].line];
    char name[CHILD_NAME];
    n->unit = node_rows[i].unit < l->units_n ? &l->units[node_rows[i].unit] : NULL;
    if (n->unit == NULL)
        return;
    snprintf(n->dir, sizeof n->dir, "%s/%s", l->devices_dir, n->unit->number.text);
    snprintf(name, sizeof name, "field-%zu", i + 1);
    child_init(&n->agent, name, on_line, on_gone, f, "device", "run", "--dir", n->dir, "--listen", "127.0.0.1:0", NULL);
    snprintf(name, sizeof name, "gateway-%zu", i + 1);
    child_init(&n->gateway, name, on_line, on_gone, f, "gateway", "run", "--dir", n->dir, NULL);
    d->children[d->children_n++] = &n->agent;
    d->children[d->children_n++] = &n->gateway;
}

void field_name_children(struct demo *d)
{
    struct field *f = &the_field;
    f->d = d;
    snprintf(f->dir, sizeof f->dir, "%s/center", d->dir);
    for (size_t i = 0; i < FIELD_NODES; i++)
        name_node(f, i);
    child_init(&f->intruder, "intruder", on_line, on_gone, f, NULL);
    child_init(&f->center, "center", on_line, on_gone, f, "center", "serve", "--dir", f->dir, NULL);
    d->children[d->children_n++] = &f->intruder;
    d->children[d->children_n++] = &f->center;
}

/* --- The centre --- */

static enum err make_center(struct field *f, struct why *why)
{
    char token[80], url[FIELD_URL], path[CHILD_DIR];
    snprintf(url, sizeof url, "https://127.0.0.1:%u", f->d->ca_port);
    enum err err = file_join(f->dir, "nameplate.conf", sizeof path, path);
    if (err != OK || file_exists(path))
        return err == OK ? conf_set(f->dir, "ca", "url", url, why) : err;
    err = demo_make_token(f->d, "center", "center-1", "localhost,127.0.0.1", token, why);
    return err != OK ? err
                     : child_run(NULL, why, "center", "init", "--dir", f->dir, "--ca", url, "--fingerprint", f->d->fingerprint, "--token", token,
                                 "--admin", "admin", "--password-file", f->d->password, NULL);
}

static enum err start_center(struct field *f, struct why *why)
{
    unsigned port = 0, admin_port = 0;
    enum err err = make_center(f, why);
    if (err == OK)
        err = port_free(f->walls.address, &port, why);
    if (err == OK)
        err = port_free("127.0.0.1", &admin_port, why);
    if (err == OK)
        err = conf_set(f->dir, "listen", "address", f->walls.address, why);
    if (err == OK)
        err = demo_set_port(f->dir, "listen", port, why);
    if (err == OK)
        err = demo_set_port(f->dir, "admin", admin_port, why);
    snprintf(f->center_url, sizeof f->center_url, "https://%s:%u", f->walls.address, port);
    if (err == OK)
        err = child_start(&f->center, why);
    if (err == OK)
        err = demo_wait_ready(f->d, &f->center, why);
    return err != OK ? err : child_run(NULL, why, "center", "login", "--dir", f->dir, "--user", "admin", "--password-file", f->d->password, NULL);
}

enum err field_ask(struct field *f, const char *what, const char *number, json_t **ret_json, struct why *why)
{
    AUTO_BUF out = BUF_INIT;
    json_error_t error;
    enum err err = child_run(&out, why, "center", what, "--json", "--dir", f->dir, number, NULL);
    if (err != OK)
        return err;
    *ret_json = json_loadb((const char *)out.data, out.len, 0, &error);
    return *ret_json != NULL ? OK : why_set(why, ERR_BAD_INPUT, "center %s --json: %s", what, error.text);
}

/* --- Counters --- */

static enum err count_pages(const struct node *n, size_t i, struct why *why)
{
    char pages[16];
    snprintf(pages, sizeof pages, "%zu", 100 + 7 * i);
    return child_run(NULL, why, "device", "count", "print", pages, "--dir", n->dir, NULL);
}

static enum err count_calls_open(struct field *f, size_t *ret_n, struct why *why)
{
    json_t *status = NULL;
    enum err err = field_ask(f, "status", NULL, &status, why);
    if (err == OK)
        *ret_n = (size_t)json_integer_value(json_object_get(status, "open_calls"));
    json_decref(status);
    return err;
}

/* All are called at once; each answers when it next asks what there is to do. */
static enum err collect(struct field *f, struct why *why)
{
    enum err err = OK;
    size_t open = 1;
    for (size_t i = 0; err == OK && i < FIELD_NODES; i++)
        if (f->nodes[i].unit != NULL && node_rows[i].agreement)
            err = child_run(NULL, why, "center", "call", f->nodes[i].unit->number.text, "counters", "--dir", f->dir, NULL);
    for (int64_t until = clock_mono_ms() + COLLECT_MS; err == OK && open > 0;) {
        err = child_turn(f->d->children, f->d->children_n, 200, why);
        if (err == OK)
            err = count_calls_open(f, &open, why);
        if (err == OK && open > 0 && clock_mono_ms() > until)
            err = why_set(why, ERR_TIMEOUT, "%zu devices did not answer (nameplate center calls --dir %s)", open, f->dir);
    }
    return err;
}

/* Whose last reading the centre would bill, and how many counters they have together, by its own list. */
static enum err count(struct field *f, struct field_totals *totals, struct why *why)
{
    json_t *answer = NULL, *row, *seen = json_object();
    size_t i;
    enum err err = field_ask(f, "counters", NULL, &answer, why);
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        const char *number = json_string_value(json_object_get(row, "number"));
        if (!json_is_true(json_object_get(row, "billable")) || json_object_get(seen, number) != NULL)
            continue; /* newest first: the older ones of a device do not count again */
        json_object_set_new(seen, number, json_true());
        totals->counters += json_object_size(json_object_get(row, "counters"));
    }
    totals->devices = json_object_size(seen);
    json_decref(seen);
    json_decref(answer);
    return err;
}

static void end_lines(struct demo *d)
{
    for (unsigned i = 0; i < DEMO_LINES; i++) {
        struct child *const children[] = { &d->lines[i].station, &d->lines[i].board, &d->lines[i].swarm };
        child_end_all(children, sizeof children / sizeof *children);
    }
}

/* Each site behind a wall of its own, where the machine allows it. */
static void build_walls(struct field *f)
{
    static const char *const sites[WALLS] = { "A", "B", "C" };
    if (!walls_make(sites, &f->walls)) {
        progress_say(f->d, "no network namespaces here: the sites share this machine's loopback");
        return;
    }
    for (size_t i = 0; i < FIELD_NODES; i++)
        f->nodes[i].agent.netns = f->nodes[i].gateway.netns = f->walls.names[node_rows[i].site[0] - 'A'];
    progress_say(f->d, "each site has a network of its own: the centre can be reached from inside, nothing inside from outside");
}

static enum err run(struct field *f, struct field_totals *ret_totals, struct why *why)
{
    struct demo *d = f->d;
    struct field_totals totals = { 0 };
    enum err err = start_center(f, why);
    if (err == OK)
        err = sites_open(f, why);
    for (size_t i = 0; err == OK && i < FIELD_NODES; i++)
        err = f->nodes[i].unit == NULL ? OK : count_pages(&f->nodes[i], i, why);
    if (err == OK)
        err = sites_start(f, why);
    if (err == OK)
        err = collect(f, why);
    if (err == OK)
        progress_say(d, "the centre has the counters of site A, of site B through two gateways, of site C through a device");
    if (err == OK)
        err = fraud_try_all(f, &totals.refused, why);
    if (err == OK)
        err = count(f, &totals, why);
    if (err == OK)
        *ret_totals = totals;
    return err;
}

enum err field_run(struct demo *d, struct field_totals *ret_totals, struct why *why)
{
    struct field *f = &the_field;
    end_lines(d);
    progress_say(d, "the devices go to work: sites A, B and C, with a centre that knows each by its certificate");
    build_walls(f);
    enum err err = run(f, ret_totals, why);
    walls_remove(&f->walls);
    return err;
}
