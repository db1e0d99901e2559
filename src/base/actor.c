#include "base/actor.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void actor_name(char ret_actor[LIMIT_NAME + 1])
{
    const struct passwd *user = getpwuid(getuid());
    const char *sudo = getenv("SUDO_USER");
    snprintf(ret_actor, LIMIT_NAME + 1, "operator:%.48s", sudo != NULL ? sudo : user != NULL ? user->pw_name : "unknown");
}
