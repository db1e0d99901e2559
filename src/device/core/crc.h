/* CRC-32 (IEEE 802.3, reflected, polynomial 0xEDB88320): finds torn and rotten records. Who made a record is
 * for the certificate's signature, never for this. Bytes come in any cut: start with 0 and pass the result on. */
#ifndef DEVICE_CORE_CRC_H
#define DEVICE_CORE_CRC_H

#include <stdint.h>

uint32_t crc32_add(uint32_t crc, const uint8_t *data, uint32_t n);

#endif
