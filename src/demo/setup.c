/* From nothing to a factory with its packs on hand: what a person would type, in the order of the README. What a
 * former run in the folder did is not done again. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/hex.h"
#include "base/rng.h"
#include "demo/demo.h"
#include "demo/field.h"

enum { READY_MS = 30000, STOCK_MS = 120000 };

enum err demo_wait_ready(struct demo *d, struct child *c, struct why *why)
{
    enum err err = OK;
    for (int64_t until = clock_mono_ms() + READY_MS; err == OK && !c->ready && c->pid > 0 && clock_mono_ms() < until;)
        err = child_turn(d->children, d->children_n, 20, why);
    if (err == OK && !c->ready)
        err = why_set(why, ERR_TIMEOUT, "%s did not get ready (its log: %s/%s.log)", c->name, child_places.log, c->name);
    return err;
}

static bool is_there(const char *dir, const char *name)
{
    char path[CHILD_DIR + 64];
    return file_join(dir, name, sizeof path, path) == OK && file_exists(path);
}

/* The first word behind `label` in a program's output. */
static enum err word_behind(struct buf *out, const char *label, size_t size, char *ret_word, struct why *why)
{
    const char *text = buf_text(out), *at = text == NULL ? NULL : strstr(text, label);
    if (at == NULL)
        return why_set(why, ERR_BAD_INPUT, "a command did not say \"%s\"", label);
    at += strlen(label);
    at += strspn(at, " :\n");
    snprintf(ret_word, size, "%.*s", (int)strcspn(at, " \n"), at);
    return OK;
}

enum err demo_set_port(const char *dir, const char *section, unsigned port, struct why *why)
{
    char text[16];
    snprintf(text, sizeof text, "%u", port);
    return conf_set(dir, section, "port", text, why);
}

/* --- CA --- */

static enum err make_ca(struct demo *d, struct why *why)
{
    AUTO_BUF out = BUF_INIT;
    char path[CHILD_DIR];
    enum err err = OK;
    snprintf(path, sizeof path, "%s/root.fingerprint", d->dir);
    if (!is_there(d->ca_dir, "nameplate.conf")) {
        err = child_run(&out, why, "ca", "init", "--dir", d->ca_dir, "--name", "Demo", NULL);
        if (err == OK)
            err = word_behind(&out, "root fingerprint (SHA-256)", sizeof d->fingerprint, d->fingerprint, why);
        if (err == OK)
            err = file_replace(path, span_text(d->fingerprint), 0644, why);
        return err;
    }
    err = file_read(path, sizeof d->fingerprint - 1, &out, why);
    if (err == OK && buf_text(&out) != NULL)
        snprintf(d->fingerprint, sizeof d->fingerprint, "%s", buf_text(&out));
    return err;
}

static enum err add_orders(struct demo *d, struct why *why)
{
    AUTO_BUF listed = BUF_INIT;
    enum err err = child_run(&listed, why, "ca", "order", "list", "--dir", d->ca_dir, NULL);
    for (size_t i = 0; i < DEMO_MODELS && err == OK; i++) {
        char id[32], quantity[32];
        if (!demo_models[i].identity)
            continue;
        snprintf(id, sizeof id, "PO-%s", demo_models[i].code);
        snprintf(quantity, sizeof quantity, "%zu", demo_models[i].quantity(d));
        if (buf_text(&listed) != NULL && strstr(buf_text(&listed), id) != NULL)
            continue;
        err = child_run(NULL, why, "ca", "order", "add", id, "--dir", d->ca_dir, "--factory", "factory-1", "--model", demo_models[i].code,
                        "--quantity", quantity, "--first-serial", "000001", demo_models[i].profile == NULL ? NULL : "--profile",
                        demo_models[i].profile, NULL);
    }
    return err;
}

static enum err start_ca(struct demo *d, struct why *why)
{
    enum err err = make_ca(d, why);
    if (err == OK)
        err = port_free("127.0.0.1", &d->ca_port, why);
    if (err == OK)
        err = demo_set_port(d->ca_dir, "listen", d->ca_port, why);
    if (err == OK)
        err = add_orders(d, why);
    if (err == OK)
        err = child_start(&d->ca, why);
    return err == OK ? demo_wait_ready(d, &d->ca, why) : err;
}

enum err demo_make_token(const struct demo *d, const char *role, const char *name, const char *hosts, char ret_token[80], struct why *why)
{
    AUTO_BUF out = BUF_INIT;
    enum err err = child_run(&out, why, "ca", "token", "add", "--dir", d->ca_dir, "--role", role, "--name", name, "--hosts", hosts, NULL);
    return err == OK ? word_behind(&out, "", 80, ret_token, why) : err; /* it stands alone on the first line */
}

/* --- Factory server --- */

static enum err write_password(struct demo *d, struct why *why)
{
    uint8_t bytes[12];
    char text[2 * sizeof bytes + 2];
    if (file_exists(d->password))
        return OK;
    enum err err = rng_fill(bytes, sizeof bytes);
    if (err != OK)
        return err;
    hex_encode(bytes, sizeof bytes, text);
    return file_create(d->password, span_text(text), 0600, why);
}

static enum err make_factory(struct demo *d, struct why *why)
{
    char token[80], url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%u", d->ca_port);
    if (is_there(d->factory_dir, "nameplate.conf"))
        return conf_set(d->factory_dir, "ca", "url", url, why);
    enum err err = demo_make_token(d, "factory", "factory-1", "localhost,127.0.0.1", token, why);
    if (err == OK)
        err = write_password(d, why);
    return err != OK ? err
                     : child_run(NULL, why, "factory", "init", "--dir", d->factory_dir, "--ca", url, "--fingerprint", d->fingerprint, "--token",
                                 token, "--admin", "admin", "--password-file", d->password, NULL);
}

static enum err start_factory(struct demo *d, struct why *why)
{
    enum err err = make_factory(d, why);
    if (err == OK)
        err = port_free("127.0.0.1", &d->factory_port, why);
    if (err == OK)
        err = port_free("127.0.0.1", &d->admin_port, why);
    if (err == OK)
        err = demo_set_port(d->factory_dir, "listen", d->factory_port, why);
    if (err == OK)
        err = demo_set_port(d->factory_dir, "admin", d->admin_port, why);
    if (err == OK)
        err = conf_set(d->factory_dir, "ca", "retry_most", "1", why); /* so that nobody waits for it here */
    if (err == OK)
        err = child_start(&d->factory, why);
    return err == OK ? demo_wait_ready(d, &d->factory, why) : err;
}

static enum err add_models(struct demo *d, struct why *why)
{
    enum err err = OK;
    for (size_t i = 0; i < DEMO_MODELS && err == OK; i++) {
        const struct demo_model *m = &demo_models[i];
        const char *more = m->identity ? m->line == NULL ? NULL : "--line" : "--no-identity";
        err = child_run(NULL, why, "factory", "model", "add", m->code, "--dir", d->factory_dir, "--name", m->name, "--voltage", "100-240 V",
                        "--power", m->power, "--current", m->current, "--profile", m->profile == NULL ? "idevid" : m->profile, more, m->line, NULL);
    }
    return err;
}

static enum err plan_and_request(struct demo *d, struct why *why)
{
    char day[CLOCK_DAY_SIZE];
    clock_format_day(d->day, day);
    enum err err = child_run(NULL, why, "factory", "login", "--dir", d->factory_dir, "--user", "admin", "--password-file", d->password, NULL);
    if (err == OK)
        err = add_models(d, why);
    if (err == OK)
        err = child_run(NULL, why, "factory", "plan", "import", d->plan, "--dir", d->factory_dir, NULL);
    return err == OK ? child_run(NULL, why, "factory", "request", "--date", day, "--dir", d->factory_dir, NULL) : err;
}

/* --- Stations --- */

static enum err make_station(struct demo *d, struct line *l, struct why *why)
{
    char token[80], url[64], device[CHILD_ADDRESS + 8];
    snprintf(url, sizeof url, "https://127.0.0.1:%u", d->factory_port);
    enum err err = OK;
    if (!is_there(l->dir, "nameplate.conf")) {
        err = demo_make_token(d, "station", l->name, l->station_address, token, why);
        if (err == OK)
            err = child_run(NULL, why, "station", "init", "--dir", l->dir, "--factory", url, "--fingerprint", d->fingerprint, "--token", token, NULL);
        if (err == OK)
            err = child_run(NULL, why, "factory", "station", "add", l->name, "--line", l->name, "--dir", d->factory_dir, NULL);
    }
    if (err == OK)
        err = conf_set(l->dir, "factory", "url", url, why);
    if (err == OK)
        err = conf_set(l->dir, "bench", "address", l->station_address, why);
    if (err == OK)
        err = conf_set(l->dir, "patience", "write", "2", why); /* before a silent device is asked: these are quick */
    snprintf(device, sizeof device, "%s:%u", l->device_address, l->device_port);
    return err == OK ? conf_set(l->dir, "bench", "device", device, why) : err;
}

enum err line_begin(struct line *l, struct why *why)
{
    char listen[CHILD_ADDRESS + 8], root[CHILD_DIR + 16];
    enum err err = port_free(l->device_address, &l->device_port, why);
    if (err == OK)
        err = port_free(l->station_address, &l->station_port, why);
    if (err == OK)
        err = make_station(l->demo, l, why);
    if (err == OK)
        err = demo_set_port(l->dir, "bench", l->station_port, why);
    if (err == OK)
        err = file_make_dir(l->devices_dir, why);
    snprintf(listen, sizeof listen, "%s:%u", l->device_address, l->device_port);
    snprintf(root, sizeof root, "%s/root.crt", l->demo->ca_dir);
    child_add_arg(&l->swarm, "--listen");
    child_add_arg(&l->swarm, listen);
    child_add_arg(&l->swarm, "--root");
    child_add_arg(&l->swarm, root);
    if (err == OK)
        err = child_start(&l->swarm, why);
    return err == OK ? child_start(&l->station, why) : err;
}

/* --- All --- */

static void on_line(void *context, struct child *child, const char *line)
{
    (void)context;
    (void)line, (void)child;
}

/* The CA that was switched off, or a server that was killed: it begins again. */
static void on_gone(void *context, struct child *child, int status)
{
    struct demo *d = context;
    struct why why;
    enum err err = OK;
    if (child == &d->ca && d->ca_phase == CA_GOING_OFF) {
        d->ca_phase = CA_OFF;
        for (unsigned i = 0; i < DEMO_LINES; i++)
            d->written_while_off += d->lines[i].written;
        progress_say(d, "the CA is switched off; the lines go on from stock");
    } else if (!child->ending && (status == SIGKILL || (child == &d->ca && d->signer_killed))) {
        d->signer_killed = d->signer_killed && child != &d->ca;
        err = child_start(child, &why);
    } else if (!child->ending) {
        err = why_set(&why, ERR_CONFLICT, "it ended by itself");
    }
    if (err != OK)
        demo_fail(d, err, &why, child->name);
}

static void name_children(struct demo *d)
{
    child_init(&d->ca, "ca", on_line, on_gone, d, "ca", "serve", "--dir", d->ca_dir, NULL);
    child_init(&d->factory, "factory", on_line, on_gone, d, "factory", "serve", "--dir", d->factory_dir, NULL);
    for (unsigned i = 0; i < DEMO_LINES; i++) {
        struct line *l = &d->lines[i];
        line_init(l);
        d->children[d->children_n++] = &l->station;
        d->children[d->children_n++] = &l->board;
        d->children[d->children_n++] = &l->swarm;
    }
    field_name_children(d);
    d->children[d->children_n++] = &d->factory;
    d->children[d->children_n++] = &d->ca;
}

enum err demo_setup(struct demo *d, struct why *why)
{
    name_children(d);
    progress_say(d, "a CA, a factory server and three stations are made in %s", d->dir);
    enum err err = start_ca(d, why);
    if (err == OK)
        err = start_factory(d, why);
    if (err == OK)
        err = plan_and_request(d, why);
    if (err == OK)
        err = facts_read_factory(d, why);
    if (err == OK)
        progress_say(d, "the plan is in: %zu devices of three models with identity, %zu of a model without", d->devices, demo_models[1].quantity(d));
    return err;
}
