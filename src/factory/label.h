/* The nameplate of one device (F-24) as a drawing: SVG in millimetres, black on white, for any label printer. */
#ifndef FACTORY_LABEL_H
#define FACTORY_LABEL_H

#include "base/buf.h"
#include "model/number.h"

struct label {
    struct device_number number;
    const char *name, *voltage, *power, *current; /* UTF-8, as the model list has them; "" none */
};

/* Appends the whole document; on an error `to` is as it was. The barcode is Code 128 (ISO/IEC 15417) of the number's
 * text with its quiet zones, its narrowest bar at least 0.25 mm; the plate grows when a long number needs that.
 * Errors: BAD_INPUT (no name or no rating), NO_MEMORY. */
enum err label_draw(const struct label *label, struct buf *to, struct why *why) MUST_CHECK;

#endif
