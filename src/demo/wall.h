/* Walls around the field's sites: a network namespace for each, joined to this machine by one cable. From inside the
 * centre can be reached; from outside nothing inside can, since gateways listen on the site's own loopback. */
#ifndef DEMO_WALL_H
#define DEMO_WALL_H

#include <stdbool.h>
#include <stddef.h>

enum { WALL_NAME = 40, WALL_ADDRESS = 16, WALLS = 3 };

struct walls {
    char names[WALLS][WALL_NAME]; /* of the namespaces, as `ip netns` shows them; "" when there are none */
    char address[WALL_ADDRESS];   /* this machine's, as the sites see it; 127.0.0.1 without walls */
};

/* Needs root and ip(8). False: this machine does not allow it, nothing was left behind, `address` is the loopback's. */
bool walls_make(const char *const sites[WALLS], struct walls *ret_walls);
void walls_remove(struct walls *walls); /* fine without any, and a second time */

#endif
