/* What `device run` does besides the bench: the field agent, when the device has its identity and knows where to poll;
 * the machine with its jobs; and the control socket for the commands. */
#ifndef DEVICE_RUN_FIELD_H
#define DEVICE_RUN_FIELD_H

#include "device/agent.h"
#include "device/control.h"
#include "device/machine.h"
#include "device/settings.h"

struct run_field {
    const struct device_settings *settings;
    struct agent *agent;
    struct field *field; /* NULL: not in the field (yet) */
    struct machine machine;
    struct control *control;
    uint64_t timer;
    bool no_confirm, told; /* told: why there is no remote service */
    const char *claim;     /* another's number; NULL: its own */
    const char *die_at;    /* a step of a renewal; NULL: none */
};

enum err run_field_start(const struct command_line *line, const struct device_settings *settings, struct agent *agent,
                         struct run_field *ret_run, struct why *why) MUST_CHECK;
void run_field_stop(struct run_field *r);

/* The station wrote an identity or parameters: it may be time to begin. */
void run_field_changed(struct run_field *r);

/* Where a board polls: the setting, else the initial operation value field.url; "" when neither says. */
void field_url_of(const struct board *b, const char *setting, char ret_url[FIELD_URL]);

#endif
