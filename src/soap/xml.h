/* Writing XML text. Internal to soap/. */
#ifndef SOAP_XML_H
#define SOAP_XML_H

#include "base/buf.h"

/* Appends text for element content or a quoted attribute. Errors: BAD_INPUT for bytes that are not UTF-8 and for
 * characters that XML 1.0 cannot carry (section 2.2), those of buf_reserve. */
enum err xml_put_text(struct buf *to, struct span text) MUST_CHECK;

/* The same with a '?' in the place of each byte that cannot be carried. */
enum err xml_put_any_text(struct buf *to, const char *text) MUST_CHECK;

/* <name>text</name> */
enum err xml_put_element(struct buf *to, const char *name, struct span text) MUST_CHECK;

/* <name> and </name> */
enum err xml_put_start(struct buf *to, const char *name) MUST_CHECK;
enum err xml_put_end(struct buf *to, const char *name) MUST_CHECK;

#endif
