/* Flags of the commands that each program with a service for people has; for the tables in its main.c. */
#ifndef API_FLAGS_H
#define API_FLAGS_H

#include "conf/command.h"

#define API_FLAG_CONFIG { "config", "FILE", NULL, "its settings, when they are not DIR/nameplate.conf" }
#define API_FLAG_END { NULL, NULL, NULL, NULL }
#define API_FLAGS_LOGIN(area)                                                                                                    \
    { "user", "NAME", NULL, "operator; without it the session of " area " login counts" },                                       \
    { "password-file", "FILE", NULL, "file whose first line is the operator's password" }

#define API_FLAGS_INIT(role, whom, port, people, admin_port)                                                                     \
    { "ca", "URL", NULL, "address of the CA, https://HOST:PORT" },                                                               \
    { "fingerprint", "F", NULL, "SHA-256 of the root certificate, as ca init printed it" },                                      \
    { "token", "T", NULL, "one-time token from ca token add --role " role },                                                     \
    { "admin", "NAME", NULL, "first administrator" },                                                                            \
    { "password-file", "FILE", NULL, "file whose first line is the administrator's password" },                                  \
    { "address", "A", "127.0.0.1", "address for " whom },                                                                        \
    { "port", "P", port, "port for " whom },                                                                                     \
    { "admin-port", "P", admin_port, "port for " people },                                                                       \
    { "store-url", "URL", NULL, "PostgreSQL for the database instead of a file in the folder: postgresql://USER@HOST/DATABASE" }
#define API_FLAG_ENROL(role) { "token", "T", NULL, "one-time token from ca token add --role " role ", for the same name" }
#define API_FLAG_CHECK                                                                                                           \
    { "check-config", NULL, NULL, "print the settings, look at identity, keys and database without changing them, and end" }

#endif
