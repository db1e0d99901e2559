/* Memory for Expat that is overwritten before it is freed: its buffers hold private keys in transit. */
#ifndef SOAP_MEMORY_H
#define SOAP_MEMORY_H

#include <expat.h>

extern const XML_Memory_Handling_Suite soap_wiped_memory;

#endif
