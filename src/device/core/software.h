/* The device's software, in three layers (D-5): applications over services over the operating system, as one table.
 * The loader starts it in the table's order (D-4); the agent's dispatcher lets an application ask the services that its
 * row names, and nothing below them.
 *
 * S(code, name, layer, needs): `needs` are rows above it, in its own layer or the next one down. */
#ifndef DEVICE_CORE_SOFTWARE_H
#define DEVICE_CORE_SOFTWARE_H

#include <stdbool.h>
#include <stdint.h>

#define SOFTWARE_BIT(code) (1u << (unsigned)SOFTWARE_##code)

#define SOFTWARE(S) \
    S(OS, "operating system", OS, 0) \
    S(MEMORY, "memory", SERVICE, SOFTWARE_BIT(OS)) \
    S(RESOURCES, "resource manager", SERVICE, SOFTWARE_BIT(OS)) \
    S(SYSTEM, "system control", SERVICE, SOFTWARE_BIT(OS) | SOFTWARE_BIT(MEMORY) | SOFTWARE_BIT(RESOURCES)) \
    S(ENGINE, "engine", SERVICE, SOFTWARE_BIT(OS) | SOFTWARE_BIT(RESOURCES)) \
    S(IMAGE_MEMORY, "image memory", SERVICE, SOFTWARE_BIT(OS) | SOFTWARE_BIT(MEMORY)) \
    S(NETWORK, "network control", SERVICE, SOFTWARE_BIT(OS) | SOFTWARE_BIT(RESOURCES)) \
    S(FAX_LINE, "fax control", SERVICE, SOFTWARE_BIT(OS) | SOFTWARE_BIT(RESOURCES)) \
    S(REMOTE, "remote service", SERVICE, SOFTWARE_BIT(SYSTEM) | SOFTWARE_BIT(NETWORK)) \
    S(SUPPORT, "customer support", SERVICE, SOFTWARE_BIT(SYSTEM) | SOFTWARE_BIT(FAX_LINE)) \
    S(USERS, "user control", SERVICE, SOFTWARE_BIT(SYSTEM) | SOFTWARE_BIT(MEMORY)) \
    S(DELIVERY, "delivery", SERVICE, SOFTWARE_BIT(NETWORK) | SOFTWARE_BIT(IMAGE_MEMORY)) \
    S(PANEL, "operation panel", SERVICE, SOFTWARE_BIT(OS) | SOFTWARE_BIT(SYSTEM)) \
    S(COPY, "copy", APPLICATION, SOFTWARE_BIT(PANEL) | SOFTWARE_BIT(RESOURCES) | SOFTWARE_BIT(ENGINE) | SOFTWARE_BIT(IMAGE_MEMORY) | SOFTWARE_BIT(SYSTEM)) \
    S(FAX, "fax", APPLICATION, SOFTWARE_BIT(PANEL) | SOFTWARE_BIT(RESOURCES) | SOFTWARE_BIT(FAX_LINE) | SOFTWARE_BIT(ENGINE) | SOFTWARE_BIT(SYSTEM)) \
    S(PRINT, "print", APPLICATION, SOFTWARE_BIT(NETWORK) | SOFTWARE_BIT(RESOURCES) | SOFTWARE_BIT(ENGINE) | SOFTWARE_BIT(IMAGE_MEMORY) | SOFTWARE_BIT(SYSTEM)) \
    S(SCAN, "scan", APPLICATION, SOFTWARE_BIT(PANEL) | SOFTWARE_BIT(RESOURCES) | SOFTWARE_BIT(ENGINE) | SOFTWARE_BIT(DELIVERY) | SOFTWARE_BIT(SYSTEM)) \
    S(NET_FILE, "net file", APPLICATION, SOFTWARE_BIT(NETWORK) | SOFTWARE_BIT(IMAGE_MEMORY) | SOFTWARE_BIT(USERS)) \
    S(WEB, "web", APPLICATION, SOFTWARE_BIT(NETWORK) | SOFTWARE_BIT(USERS) | SOFTWARE_BIT(SYSTEM)) \
    S(WATER, "water", APPLICATION, SOFTWARE_BIT(SYSTEM)) \
    S(GAS, "gas", APPLICATION, SOFTWARE_BIT(SYSTEM)) \
    S(ELECTRICITY, "electricity", APPLICATION, SOFTWARE_BIT(SYSTEM))

enum software_layer { LAYER_OS, LAYER_SERVICE, LAYER_APPLICATION };

enum software {
#define S(code, name, layer, needs) SOFTWARE_##code,
    SOFTWARE(S)
#undef S
    SOFTWARE_COUNT
};

struct software_row {
    const char *name;
    enum software_layer layer;
    uint32_t needs; /* SOFTWARE_BITs */
};

extern const struct software_row software_rows[SOFTWARE_COUNT];

/* An application with this name; SOFTWARE_COUNT when there is none. */
enum software software_application(const char *name);

/* Whether `caller` may ask `service`: its row names it, and the service is not below the layer under the caller. */
bool software_may_call(enum software caller, enum software service);

#endif
