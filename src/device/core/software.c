#include "software.h"

const struct software_row software_rows[SOFTWARE_COUNT] = {
#define S(code, name, layer, needs) [SOFTWARE_##code] = { name, LAYER_##layer, needs },
    SOFTWARE(S)
#undef S
};

static bool same_text(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b)
        a++, b++;
    return *a == *b;
}

enum software software_application(const char *name)
{
    for (int i = 0; i < SOFTWARE_COUNT; i++)
        if (software_rows[i].layer == LAYER_APPLICATION && same_text(software_rows[i].name, name))
            return (enum software)i;
    return SOFTWARE_COUNT;
}

bool software_may_call(enum software caller, enum software service)
{
    if (caller >= SOFTWARE_COUNT || service >= SOFTWARE_COUNT)
        return false;
    return (software_rows[caller].needs & 1u << service) != 0 && software_rows[service].layer + 1 >= software_rows[caller].layer;
}
