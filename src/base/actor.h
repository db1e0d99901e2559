/* Who gives a command, for the audit trail: "operator:meier". */
#ifndef BASE_ACTOR_H
#define BASE_ACTOR_H

#include "base/limit.h"

void actor_name(char ret_actor[LIMIT_NAME + 1]);

#endif
