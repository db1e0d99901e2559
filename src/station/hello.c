/* StationHello: line, models and parameters. Nothing is scanned before the first answer. */
#include "log/log.h"
#include "station/station.h"

enum { HELLO_RETRY_MS = 1000, HELLO_TIMEOUT_MS = 10000 };

static void ask(void *context);

static void again(struct station *st, enum err err, const struct why *why)
{
    log_failure(LOG_WARN, "factory-server", err, why, NULL);
    if (!st->ready)
        screen_waiting(&st->screen, why_text(why, err));
    if (loop_timer(st->loop, HELLO_RETRY_MS, ask, st, &st->hello_timer) != OK)
        loop_stop(st->loop);
}

/* A model whose pattern is no good is left without one: its plain labels still read. */
static void add_model(struct scan_rules *rules, const struct line_model *m)
{
    struct why why = { "" };
    enum err err = scan_rules_add(rules, m->model, m->pattern, &why);
    if (err == ERR_BAD_INPUT) {
        log_failure(LOG_WARN, "label-pattern", err, &why, "model", m->model, NULL);
        err = scan_rules_add(rules, m->model, "", &why);
    }
    if (err != OK)
        log_failure(LOG_WARN, "model", err, &why, "model", m->model, NULL);
}

/* The answer goes away; what is needed of it stays in an arena. The former values stay when memory is short. */
static enum err keep_parameters(struct station *st, const struct station_hello_response *r)
{
    struct arena *arena = NULL;
    enum err err = arena_new(LIMIT_MESSAGE, &arena);
    if (err != OK)
        return err;
    struct parameter *copy = arena_take(arena, (r->parameters_n + 1) * sizeof *copy);
    for (size_t i = 0; copy != NULL && i < r->parameters_n; i++) {
        copy[i].name = arena_text(arena, span_text(r->parameters[i].name));
        copy[i].value = arena_text(arena, span_text(r->parameters[i].value));
        if (copy[i].name == NULL || copy[i].value == NULL)
            copy = NULL;
    }
    if (copy == NULL) {
        arena_free(arena);
        return ERR_NO_MEMORY;
    }
    arena_free(st->hello);
    st->hello = arena;
    st->parameters = copy;
    st->parameters_n = r->parameters_n;
    return OK;
}

static void on_hello(void *context, uint32_t ticket, const struct link_answer *answer)
{
    struct station *st = context;
    (void)ticket;
    const struct station_hello_response *r = answer->body;
    enum err err = answer->err == OK ? keep_parameters(st, r) : answer->err;
    if (err != OK) {
        again(st, err, &answer->why);
        return;
    }
    scan_rules_done(&st->rules);
    for (size_t i = 0; i < r->models_n; i++)
        add_model(&st->rules, &r->models[i]);
    st->ready = true;
    screen_ready(&st->screen, r->line);
    station_ask_keyed(st);
    sources_pump(&st->sources);
}

static void ask(void *context)
{
    struct station *st = context;
    struct why why = { "" };
    const struct station_hello_request body = { .version = "1" };
    st->hello_timer = 0;
    enum err err = link_send(&st->factory, SOAP_STATION_HELLO, &body, HELLO_TIMEOUT_MS, 0, on_hello, st, &why);
    if (err != OK)
        again(st, err, &why);
}

void station_hello(struct station *st) { ask(st); }
