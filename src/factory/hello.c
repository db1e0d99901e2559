/* StationHello: a station learns its line, the models made there and the initial values for S1709. */
#include <stdio.h>
#include <stdlib.h>

#include "factory/service.h"

enum { MODELS_MAX = 256, PARAMETERS_MAX = 32 };

struct hello {
    const char *line;
    struct stock_model models[MODELS_MAX];
    struct line_model answer[MODELS_MAX];
    size_t n;
};

static enum err take_model(void *context, const struct stock_model *model)
{
    struct hello *h = context;
    if (model->discontinued || h->n == MODELS_MAX || (model->line[0] != '\0' && strcmp(model->line, h->line) != 0))
        return OK;
    h->models[h->n] = *model;
    const struct stock_model *m = &h->models[h->n];
    h->answer[h->n] = (struct line_model){ .model = m->code, .name = m->name, .pattern = m->pattern, .identity = m->identity };
    h->n++;
    return OK;
}

/* "NAME=VALUE; NAME=VALUE" cut up in place. */
static size_t split_parameters(char *text, struct parameter *ret_parameters)
{
    size_t n = 0;
    char *rest = NULL;
    for (char *pair = strtok_r(text, ";", &rest); pair != NULL && n < PARAMETERS_MAX; pair = strtok_r(NULL, ";", &rest)) {
        pair += strspn(pair, " \t");
        char *equals = strchr(pair, '=');
        if (equals == NULL)
            continue;
        *equals = '\0';
        ret_parameters[n++] = (struct parameter){ .name = pair, .value = equals + 1 };
    }
    return n;
}

enum err service_hello(struct service_call *call, struct why *why)
{
    struct hello *h = calloc(1, sizeof *h);
    if (h == NULL)
        return ERR_NO_MEMORY;
    struct parameter parameters[PARAMETERS_MAX];
    char text[SETTING_TEXT_SIZE];
    h->line = call->station.line;
    memcpy(text, call->factory->settings.parameters, sizeof text);
    enum err err = stock_model_each(call->factory->db, take_model, h, why);
    if (err == OK)
        service_answer(call, &(struct station_hello_response){ .line = h->line,
                                                               .models = h->answer,
                                                               .models_n = h->n,
                                                               .parameters = parameters,
                                                               .parameters_n = split_parameters(text, parameters) });
    free(h);
    return err;
}
