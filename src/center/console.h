/* The centre's side of the console: the operators' JSON service /api/v1 (M-7), one table of routes with roles.
 *
 * The running centre has a struct console, fills it, and gives its `service` to an HTTPS listener with
 * api_service_handler (peers: ROLE_ANONYMOUS, log-in by password). The address that it got is left in STORE.admin
 * (api/client.h), as "127.0.0.1:8452\n". Everything runs in the thread of the loop that owns the database. */
#ifndef CENTER_CONSOLE_H
#define CENTER_CONSOLE_H

#include "api/service.h"
#include "center/settings.h"
#include "store/center.h"
#include "tls/credentials.h"

enum console_role { CONSOLE_VIEWER, CONSOLE_MANAGER, CONSOLE_ADMIN };
enum {
    MAY_VIEW = 1 << CONSOLE_VIEWER | 1 << CONSOLE_MANAGER | 1 << CONSOLE_ADMIN,
    MAY_MANAGE = 1 << CONSOLE_MANAGER | 1 << CONSOLE_ADMIN, /* customers, sites, devices, agreements, calls */
    MAY_ADMINISTER = 1 << CONSOLE_ADMIN,                    /* operators, programs, replacement, scrapping, quarantine */
};

struct console {
    struct db *db;
    const struct center_settings *settings;
    const struct credentials *credentials; /* the centre's own: it signs programs; may change while it runs */
    /* Something was committed that concerns this number: a call to it waits, its agreement or standing is another, it was
     * scrapped (its identities are to be revoked), a ticket of its was decided. May be NULL. */
    void (*changed)(void *context, const char *number);
    void *context;
    struct api_service service; /* made by console_init */
};

/* Fills `service` from the rest. The struct must stay where it is. */
void console_init(struct console *console);

extern const struct api_table console_table;

#endif
