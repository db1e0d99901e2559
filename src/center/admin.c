/* The operators' listener of the running centre. */
#include <stdio.h>

#include "api/listener.h"
#include "center/center.h"
#include "center/errand.h"

static void on_changed(void *context, const char *number)
{
    errand_due(context, ERRAND_TICKET);
    errand_due(context, ERRAND_REVOKE);
    center_wake(context, number);
}

enum err center_open_admin(struct center *center, struct tls_context *tls, struct why *why)
{
    center->console = (struct console){ .db = center->db,
                                        .settings = &center->settings,
                                        .credentials = &center->credentials,
                                        .changed = on_changed,
                                        .context = center };
    console_init(&center->console);
    return listener_open_people(center->loop, &center->settings.common, tls, &center->console.service, &center->admin, why);
}

/* Where the commands find it, also when the port was any free one. */
enum err center_announce_admin(const struct center *center, struct why *why)
{
    char address[LISTENER_ADDRESS];
    enum err err = listener_publish_people(&center->settings.common, center->admin, address, why);
    if (err == OK)
        printf("ready center-admin %s\n", address);
    return err;
}
