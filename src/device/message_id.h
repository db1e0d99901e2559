/* A fresh MessageID (WS-Addressing): "urn:uuid:..." of random bytes. */
#ifndef DEVICE_MESSAGE_ID_H
#define DEVICE_MESSAGE_ID_H

#include "base/err.h"
#include "base/limit.h"

enum err message_id_new(char ret_id[LIMIT_MESSAGE_ID + 1]) MUST_CHECK;

#endif
