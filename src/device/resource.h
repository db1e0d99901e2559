/* Who gets the hardware (D-5): the resource manager's decision, without doing anything. Jobs are served in the order in
 * which they came; one that needs other hardware than those before it does not wait for them. */
#ifndef DEVICE_RESOURCE_H
#define DEVICE_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>

enum resource { RESOURCE_SCANNER = 1 << 0, RESOURCE_PLOTTER = 1 << 1, RESOURCE_LINE = 1 << 2 };

struct claim {
    unsigned needs; /* RESOURCEs; all at once, so that no two jobs wait for each other */
    bool waits, holds;
};

/* Gives what is free: claims[i].holds becomes true for those that may start now. Claims are in the order in which they
 * came; what an earlier one waits for is not given to a later one. How many may start. */
size_t resource_grant(struct claim *claims, size_t n);

#endif
