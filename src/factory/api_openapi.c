/* The description of /api/v1, as doc/openapi.json has it. */
#include "factory/admin.h"

const char admin_openapi[] =
#include "openapi.inc"
    ;

enum err api_openapi(struct admin_call *call, struct why *why)
{
    json_error_t error;
    call->answer = json_loads(admin_openapi, 0, &error);
    return call->answer != NULL ? OK : why_set(why, ERR_BUG, "line %d of the description: %s", error.line, error.text);
}
