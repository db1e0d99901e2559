#include "model/role.h"

#include <string.h>

static const char *const names[ROLE_COUNT] = {
#define X(code, name, what) [ROLE_##code] = name,
#include "model/role.tbl"
#undef X
};

const char *role_name(enum role role) { return (unsigned)role < ROLE_COUNT ? names[role] : "unknown"; }

enum err role_parse(const char *name, enum role *ret_role)
{
    for (unsigned i = 0; i < ROLE_COUNT; i++)
        if (strcmp(names[i], name) == 0) {
            *ret_role = (enum role)i;
            return OK;
        }
    return ERR_NOT_FOUND;
}
