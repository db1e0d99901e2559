#ifndef CENTER_REPLACEMENT_H
#define CENTER_REPLACEMENT_H

#include "center/service.h"

service_step replacement_take;

#endif
