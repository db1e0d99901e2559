/* The operators' listener of the running centre. */
#include <stdio.h>

#include "api/listener.h"
#include "base/file.h"
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
    return http_server_new(center->loop,
                           &(struct http_server_options){ .address = center->settings.common.admin_address,
                                                          .port = (uint16_t)center->settings.common.admin_port,
                                                          .tls = tls,
                                                          .handler = &api_service_handler,
                                                          .context = &center->console.service,
                                                          .refused = listener_log_refused },
                           &center->admin, why);
}

/* Where the commands find it, also when the port was any free one. */
enum err center_announce_admin(const struct center *center, struct why *why)
{
    char path[SETTING_TEXT_SIZE + 32], text[SETTING_TEXT_SIZE + 32];
    snprintf(text, sizeof text, "%s:%u\n", center->settings.common.admin_address, http_server_port(center->admin));
    snprintf(path, sizeof path, "%s.admin", center->settings.common.store);
    enum err err = file_replace(path, span_text(text), 0600, why);
    if (err == OK)
        printf("ready center-admin %s", text);
    return err;
}
