/* The crime that all of this is about (P-1): a customer with two devices lets the one without an agreement answer for
 * the other, to be billed for the smaller counter. Five ways; the centre's own list of incidents says what became of
 * each. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "demo/field.h"

enum { FOUND_MS = 30000, FILE_MOST = 64 * 1024 * 1024 };

static const char *const memories[] = { "flash.bin", "nvram.bin", "option.bin", "device.key", "nameplate.conf" };

static enum err copy_file(const char *from_dir, const char *to_dir, const char *name, struct why *why)
{
    char from[CHILD_DIR], to[CHILD_DIR];
    AUTO_BUF bytes = BUF_INIT;
    enum err err = file_join(from_dir, name, sizeof from, from);
    if (err == OK)
        err = file_join(to_dir, name, sizeof to, to);
    if (err != OK || !file_exists(from))
        return err;
    bytes.max = FILE_MOST;
    err = file_read(from, FILE_MOST, &bytes, why);
    if (err == OK)
        err = file_replace(to, buf_span(&bytes), 0600, why);
    buf_wipe(&bytes);
    return err;
}

static enum err copy_memory(const char *from_dir, const char *to_dir, struct why *why)
{
    enum err err = file_make_dir(to_dir, why);
    for (size_t i = 0; err == OK && i < sizeof memories / sizeof *memories; i++)
        err = copy_file(from_dir, to_dir, memories[i], why);
    return err;
}

/* What was stolen does not stay in the demo's folder: it holds keys. */
static void forget_memory(const char *dir)
{
    char path[CHILD_DIR];
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
        if (file_join(dir, memories[i], sizeof path, path) == OK)
            unlink(path);
    rmdir(dir);
}

/* --- What the centre says --- */

static json_int_t times_of(const json_t *answer, json_int_t id)
{
    const json_t *row;
    size_t i;
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        if (json_integer_value(json_object_get(row, "id")) == id)
            return json_integer_value(json_object_get(row, "times"));
    }
    return 0;
}

/* An incident that was not there before, or not so often; NULL: there is none. It belongs to `now`. */
static const json_t *fresh(const json_t *before, const json_t *now)
{
    const json_t *row;
    size_t i;
    json_array_foreach(json_object_get(now, "rows"), i, row)
    {
        json_int_t id = json_integer_value(json_object_get(row, "id"));
        if (times_of(now, id) > times_of(before, id))
            return row;
    }
    return NULL;
}

static enum err look(struct field *f, bool tell, bool *ret_found, struct why *why)
{
    json_t *answer = NULL;
    enum err err = field_ask(f, "incidents", NULL, &answer, why);
    if (err != OK)
        return err;
    const json_t *row = fresh(f->incidents, answer);
    *ret_found = row != NULL;
    if (row != NULL && tell)
        progress_say(f->d, "refused: %s", json_string_value(json_object_get(row, "text")));
    json_decref(f->incidents);
    f->incidents = answer;
    return OK;
}

static enum err wait_for_incident(struct field *f, bool *ret_found, struct why *why)
{
    enum err err = OK;
    *ret_found = false;
    for (int64_t until = clock_mono_ms() + FOUND_MS; err == OK && !*ret_found && clock_mono_ms() < until;) {
        err = child_turn(f->d->children, f->d->children_n, 100, why);
        if (err == OK)
            err = look(f, true, ret_found, why);
    }
    return err;
}

static enum err release(struct field *f, const struct node *n, struct why *why)
{
    return child_run(NULL, why, "center", "quarantine", "release", n->unit->number.text, "--reason", "the demo's own crime", "--dir", f->dir, NULL);
}

/* --- The five ways --- */

/* The intruder is a device program on some memory, told to lie. */
static enum err intrude(struct field *f, const char *dir, const char *claim, struct why *why)
{
    child_init(&f->intruder, "intruder", f->center.on_line, f->center.on_exit, f, "device", "run", "--dir", dir, "--listen", "127.0.0.1:0", NULL);
    if (claim != NULL) {
        child_add_arg(&f->intruder, "--test-only-claim");
        child_add_arg(&f->intruder, claim);
    }
    return child_start(&f->intruder, why);
}

static void end_intruder(struct field *f)
{
    struct child *intruder = &f->intruder;
    child_end_all(&intruder, 1);
}

static enum err own_certificate(struct field *f, bool *ret_found, struct why *why)
{
    enum err err = sites_start_agent(f, &f->nodes[NODE_CHEAT], why);
    if (err == OK)
        err = wait_for_incident(f, ret_found, why);
    return err == OK ? sites_stop_agent(f, &f->nodes[NODE_CHEAT], why) : err;
}

static enum err others_number(struct field *f, bool *ret_found, struct why *why)
{
    enum err err = intrude(f, f->nodes[NODE_CHEAT].dir, f->nodes[NODE_HONEST].unit->number.text, why);
    if (err == OK)
        err = wait_for_incident(f, ret_found, why);
    end_intruder(f);
    return err;
}

/* A gateway speaks up for a device that is not behind it. Its own agent rests meanwhile. */
static enum err lying_gateway(struct field *f, bool *ret_found, struct why *why)
{
    struct node *liar = &f->nodes[NODE_LIAR];
    enum err err = sites_stop_agent(f, liar, why);
    if (err == OK)
        err = child_run(NULL, why, "device", "remote", "--dir", liar->dir, "--url", f->center_url, NULL);
    if (err == OK)
        err = intrude(f, liar->dir, f->nodes[NODE_HONEST].unit->number.text, why);
    if (err == OK)
        err = wait_for_incident(f, ret_found, why);
    end_intruder(f);
    if (err == OK)
        err = child_run(NULL, why, "device", "remote", "--dir", liar->dir, "--url", liar->url, NULL);
    return err == OK ? sites_start_agent(f, liar, why) : err;
}

static enum err copied_flash(struct field *f, bool *ret_found, struct why *why)
{
    struct node *honest = &f->nodes[NODE_HONEST];
    char copy[CHILD_DIR];
    snprintf(copy, sizeof copy, "%s/copied-flash", f->d->dir);
    enum err err = sites_stop_agent(f, honest, why);
    if (err == OK)
        err = copy_memory(honest->dir, copy, why);
    if (err == OK)
        err = sites_start_agent(f, honest, why);
    if (err == OK) /* it speaks once more, so that the copy is behind */
        err = child_run(NULL, why, "center", "call", honest->unit->number.text, "counters", "--wait", "60", "--dir", f->dir, NULL);
    if (err == OK)
        err = intrude(f, copy, NULL, why);
    if (err == OK)
        err = wait_for_incident(f, ret_found, why);
    end_intruder(f);
    forget_memory(copy);
    return err == OK ? release(f, honest, why) : err;
}

/* The memory of before the last job comes back, as if its pages had never been. */
static enum err restored_memory(struct field *f, bool *ret_found, struct why *why)
{
    struct node *n = &f->nodes[NODE_RESTORED];
    char before[CHILD_DIR], after[CHILD_DIR];
    snprintf(before, sizeof before, "%s/older-memory", f->d->dir);
    snprintf(after, sizeof after, "%s/newer-memory", f->d->dir);
    enum err err = sites_stop_agent(f, n, why);
    if (err == OK)
        err = copy_memory(n->dir, before, why);
    if (err == OK)
        err = child_run(NULL, why, "device", "count", "print", "500", "--dir", n->dir, NULL);
    if (err == OK)
        err = sites_start_agent(f, n, why);
    if (err == OK)
        err = child_run(NULL, why, "center", "call", n->unit->number.text, "counters", "--wait", "60", "--dir", f->dir, NULL);
    if (err == OK)
        err = sites_stop_agent(f, n, why);
    if (err == OK)
        err = copy_memory(n->dir, after, why);
    if (err == OK)
        err = copy_memory(before, n->dir, why);
    if (err == OK)
        err = sites_start_agent(f, n, why);
    if (err == OK)
        err = wait_for_incident(f, ret_found, why);
    if (err == OK)
        err = sites_stop_agent(f, n, why);
    if (err == OK)
        err = copy_memory(after, n->dir, why);
    forget_memory(before);
    forget_memory(after);
    return err == OK ? release(f, n, why) : err;
}

static const struct {
    const char *title;
    enum err (*attempt)(struct field *f, bool *ret_found, struct why *why);
    int node; /* that it needs */
} ways[] = {
    { "the device without an agreement comes under its own certificate", own_certificate, NODE_CHEAT },
    { "it says the other's number", others_number, NODE_CHEAT },
    { "a gateway speaks for a device that is not behind it", lying_gateway, NODE_LIAR },
    { "the other's flash is copied into it", copied_flash, NODE_HONEST },
    { "the memory of last week is put back", restored_memory, NODE_RESTORED },
};

enum err fraud_try_all(struct field *f, size_t *ret_refused, struct why *why)
{
    size_t refused = 0;
    bool found = false;
    enum err err = look(f, false, &found, why);
    for (size_t i = 0; err == OK && i < sizeof ways / sizeof *ways; i++) {
        if (f->nodes[ways[i].node].unit == NULL)
            continue;
        progress_say(f->d, "attempt %zu: %s", i + 1, ways[i].title);
        err = ways[i].attempt(f, &found, why);
        if (err == OK && !found)
            err = why_set(why, ERR_CONFLICT, "attempt %zu was not found out: %s", i + 1, ways[i].title);
        refused += found;
    }
    json_decref(f->incidents);
    f->incidents = NULL;
    if (err == OK)
        *ret_refused = refused;
    return err;
}
