#include "soap/envelope.h"

#include <stdio.h>

#include "soap/fields.h"
#include "soap/xml.h"

void soap_action(enum soap_service service, enum soap_message message, bool response, char ret_action[SOAP_ACTION_SIZE])
{
    snprintf(ret_action, SOAP_ACTION_SIZE, "%s/%s%s", soap_service_row(service)->ns, soap_message_row(message)->operation,
             response ? "Response" : "");
}

static enum err put_block(struct buf *to, const char *name, const char *text)
{
    return *text == '\0' ? OK : xml_put_element(to, name, span_text(text));
}

static enum err put_reply_to(struct buf *to, const char *address)
{
    if (*address == '\0')
        return OK;
    enum err err = xml_put_start(to, "wsa:ReplyTo");
    if (err == OK)
        err = xml_put_element(to, "wsa:Address", span_text(address));
    return err == OK ? xml_put_end(to, "wsa:ReplyTo") : err;
}

static enum err put_header(const struct soap_header *header, const char *action, struct buf *to)
{
    if (header->message_id[0] == '\0' && header->relates_to[0] == '\0' && header->reply_to[0] == '\0')
        return OK;
    enum err err = buf_put_text(to, "<soap:Header xmlns:wsa=\"" SOAP_NS_ADDRESSING "\">");
    if (err == OK)
        err = put_block(to, "wsa:Action", action);
    if (err == OK)
        err = put_block(to, "wsa:MessageID", header->message_id);
    if (err == OK)
        err = put_block(to, "wsa:RelatesTo", header->relates_to);
    if (err == OK)
        err = put_reply_to(to, header->reply_to);
    return err == OK ? buf_put_text(to, "</soap:Header>") : err;
}

enum err soap_put_envelope(const struct soap_header *header, const char *action, struct buf *to)
{
    enum err err = buf_putf(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap:Envelope xmlns:soap=\"%s\">",
                            header->version == SOAP_1_1 ? SOAP_NS_ENVELOPE_1_1 : SOAP_NS_ENVELOPE_1_2);
    if (err == OK)
        err = put_header(header, action, to);
    return err == OK ? buf_put_text(to, "<soap:Body>") : err;
}

enum err soap_put_envelope_end(struct buf *to) { return buf_put_text(to, "</soap:Body></soap:Envelope>\n"); }

const char *soap_content_type(enum soap_version version)
{
    return version == SOAP_1_1 ? "text/xml; charset=utf-8" : "application/soap+xml; charset=utf-8";
}
