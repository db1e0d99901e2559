/* The outside of what we write: envelope and header. Internal to soap/. */
#ifndef SOAP_ENVELOPE_H
#define SOAP_ENVELOPE_H

#include "soap/soap.h"

/* Up to and with <Body>. `action` is the WS-Addressing Action; it goes out when the header says anything. */
enum err soap_put_envelope(const struct soap_header *header, const char *action, struct buf *to) MUST_CHECK;
enum err soap_put_envelope_end(struct buf *to) MUST_CHECK;

/* "urn:nameplate:ca:1/PackRequest" or with "Response" behind it: Action and SOAPAction. */
enum { SOAP_ACTION_SIZE = 160 };
void soap_action(enum soap_service service, enum soap_message message, bool response, char ret_action[SOAP_ACTION_SIZE]);

#endif
