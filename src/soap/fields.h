/* The field tables of all records and messages, made from messages.h: what the reader, the writer, the WSDL and
 * the tests walk over. */
#ifndef SOAP_FIELDS_H
#define SOAP_FIELDS_H

#include "soap/soap.h"

enum soap_kind { SOAP_TEXT, SOAP_NUMBER, SOAP_BYTES, SOAP_INT, SOAP_FLAG, SOAP_LIST_OF };

struct soap_record;

struct soap_field {
    enum soap_kind kind;
    const char *element;
    bool must;       /* ONE */
    size_t most;     /* bytes of its text */
    size_t offset;   /* of the member, or of the pointer to a list's first record */
    size_t n_offset; /* lists: of the member that counts them */
    const struct soap_record *(*record)(void); /* lists: what they are lists of */
};

enum { SOAP_FIELDS_MAX = 32 }; /* in one record; the reader keeps one bit for each */

struct soap_record {
    const char *name; /* "issued_pack", "pack_request" */
    size_t size;      /* of the struct */
    const struct soap_field *fields;
    size_t fields_n;
};

/* The shape of a message's request or answer. Never NULL for a message inside the enum. */
const struct soap_record *soap_record_of(enum soap_message message, bool response);

/* Whether the record is one list and nothing else, so that it can be read and written item by item. */
bool soap_record_streams(const struct soap_record *record);

/* All records that stand inside messages. */
enum { SOAP_RECORD_COUNT = 0
#define R(record) + 1
    SOAP_RECORDS(R)
#undef R
};
const struct soap_record *soap_inner_record(size_t i);

/* The service's operation with this name. Errors: UNSUPPORTED. */
enum err soap_find_operation(enum soap_service service, struct span name, enum soap_message *ret_message) MUST_CHECK;

/* XML namespaces. */
#define SOAP_NS_ENVELOPE_1_1 "http://schemas.xmlsoap.org/soap/envelope/"
#define SOAP_NS_ENVELOPE_1_2 "http://www.w3.org/2003/05/soap-envelope"
#define SOAP_NS_ADDRESSING "http://www.w3.org/2005/08/addressing"
#define SOAP_NS_FAULT "urn:nameplate:fault:1"
#define SOAP_NS_SCHEMA_INSTANCE "http://www.w3.org/2001/XMLSchema-instance"

#endif
