#include "device/resource.h"

size_t resource_grant(struct claim *claims, size_t n)
{
    unsigned taken = 0;
    size_t granted = 0;
    for (size_t i = 0; i < n; i++)
        if (claims[i].holds)
            taken |= claims[i].needs;
    for (size_t i = 0; i < n; i++) {
        if (!claims[i].waits)
            continue;
        if ((claims[i].needs & taken) == 0) {
            claims[i].waits = false;
            claims[i].holds = true;
            granted++;
        }
        taken |= claims[i].needs;
    }
    return granted;
}
