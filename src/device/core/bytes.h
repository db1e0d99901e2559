/* Numbers in little-endian order, and the few byte loops that <string.h> would do in a hosted program. */
#ifndef DEVICE_CORE_BYTES_H
#define DEVICE_CORE_BYTES_H

#include <stdint.h>

static inline void put_u16(uint8_t *to, uint16_t v)
{
    to[0] = (uint8_t)v;
    to[1] = (uint8_t)(v >> 8);
}

static inline void put_u32(uint8_t *to, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

static inline void put_u64(uint8_t *to, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

static inline uint16_t get_u16(const uint8_t *from) { return (uint16_t)(from[0] | from[1] << 8); }

static inline uint32_t get_u32(const uint8_t *from)
{
    uint32_t v = 0;
    for (int i = 3; i >= 0; i--)
        v = v << 8 | from[i];
    return v;
}

static inline uint64_t get_u64(const uint8_t *from)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | from[i];
    return v;
}

/* Through a volatile pointer, so that the compiler keeps it. */
static inline void bytes_wipe(uint8_t *data, uint32_t n)
{
    volatile uint8_t *p = data;
    while (n-- > 0)
        *p++ = 0;
}

#endif
