/* nameplate center: the centre of the field and the commands of its operators. */
#include "center/commands.h"
#include "pki/provider.h"

#define FLAG_DIR                                                                                                                 \
    {                                                                                                                            \
        "dir", "DIR", "./center", "folder of this centre"                                                                        \
    }
#define FLAG_CONFIG                                                                                                              \
    {                                                                                                                            \
        "config", "FILE", NULL, "its settings, when they are not DIR/nameplate.conf"                                             \
    }
#define FLAG_LOGIN                                                                                                               \
    { "user", "NAME", NULL, "operator; without it the session of center login counts" },                                         \
    {                                                                                                                            \
        "password-file", "FILE", NULL, "file whose first line is the operator's password"                                        \
    }
#define FLAG_END                                                                                                                 \
    {                                                                                                                            \
        NULL, NULL, NULL, NULL                                                                                                   \
    }

static const struct command_flag flags_login[] = { FLAG_DIR, FLAG_CONFIG, FLAG_LOGIN, FLAG_END };
static const struct command_flag flags_serve[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    { "check-config", NULL, NULL, "read the settings, print them and stop" },
    FLAG_END,
};
static const struct command_flag flags_init[] = {
    FLAG_DIR,
    { "ca", "URL", NULL, "address of the CA, https://HOST:PORT" },
    { "fingerprint", "F", NULL, "SHA-256 of the root certificate, as ca init printed it" },
    { "token", "T", NULL, "one-time token from ca token add --role center" },
    { "admin", "NAME", NULL, "first administrator" },
    { "password-file", "FILE", NULL, "file whose first line is the administrator's password" },
    { "address", "A", "127.0.0.1", "address for devices and gateways" },
    { "port", "P", "8450", "port for devices and gateways" },
    { "admin-port", "P", "8452", "port for operators" },
    FLAG_END,
};
static const struct command_flag flags_operator[] = {
    FLAG_DIR,
    FLAG_CONFIG,
    FLAG_LOGIN,
    { "role", "ROLE", NULL, "admin, manager or viewer" },
    { "new-password-file", "FILE", NULL, "file whose first line is the new password" },
    FLAG_END,
};

static const struct command commands[] = {
    { "init", "", 0, 0, "Enrol with the CA and set up the folder.",
      "nameplate center init --ca https://127.0.0.1:8440 --fingerprint F --token T --admin meier --password-file pw",
      command_init, flags_init },
    { "serve", "", 0, 0, "Run the centre, until SIGTERM.", "nameplate center serve --dir ./center", command_serve, flags_serve },
    { "login", "", 0, 0, "Log in; later commands then need no --user.", "nameplate center login --user meier --password-file pw",
      command_login, flags_login },
    { "operator add", "NAME", 1, 1, "Add an operator, or change the role.",
      "nameplate center operator add huber --role manager --new-password-file pw2", command_operator_add, flags_operator },
    { "operator list", "", 0, 0, "Show the operators.", "nameplate center operator list", command_operator_list, flags_login },
    { "operator disable", "NAME", 1, 1, "Let an operator log in no longer.", "nameplate center operator disable huber",
      command_operator_disable, flags_login },
    { "operator password", "NAME", 1, 1, "Set a new password, and end a lock-out.",
      "nameplate center operator password huber --new-password-file pw2", command_operator_password, flags_operator },
    { 0 },
};

int main(int argc, char **argv)
{
    static const struct command_area area = { "center", "The centre: knows each device in the field, and every node can call it.",
                                              commands, provider_start };
    return command_main(&area, argc, argv);
}
