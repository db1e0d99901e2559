/* The commands of `nameplate ca`, one function each; the table is in main.c. */
#ifndef CA_COMMANDS_H
#define CA_COMMANDS_H

#include "ca/authority.h"
#include "store/register.h"

int command_init(const struct command_line *line);                     /* init.c */
int command_serve(const struct command_line *line);                    /* serve.c */
int command_order_add(const struct command_line *line);                /* command_order.c */
int command_order_list(const struct command_line *line);
int command_order_import(const struct command_line *line);
int command_account(const struct command_line *line);
int command_token_add(const struct command_line *line);                /* command_token.c */
int command_token_list(const struct command_line *line);
int command_list(const struct command_line *line);                     /* command_look.c */
int command_show(const struct command_line *line);
int command_export(const struct command_line *line);
int command_revoke(const struct command_line *line);                   /* command_revoke.c */
int command_crl(const struct command_line *line);
int command_audit_list(const struct command_line *line);               /* command_audit.c */
int command_audit_verify(const struct command_line *line);
int command_fsck(const struct command_line *line);                     /* fsck.c */

/* The folder's settings and register. Errors: those of ca_settings_load and register_open. */
enum err command_open(const struct command_line *line, enum db_mode mode, struct ca_settings *ret_settings, struct db **ret_db,
                      struct why *why) MUST_CHECK;

#endif
