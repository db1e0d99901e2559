#include <stdio.h>

#include "soap/envelope.h"
#include "soap/reader.h"
#include "soap/xml.h"

static const char *const action_names[] = {
    [ERR_ACTION_NONE] = "none",         [ERR_ACTION_RETRY] = "retry", [ERR_ACTION_REFUSE] = "refuse",
    [ERR_ACTION_OPERATOR] = "operator", [ERR_ACTION_BUG] = "bug",
};

/* --- Writing --- */

/* SOAP 1.1 section 4.4.1, SOAP 1.2 part 1 section 5.4.6. */
static const char *fault_code(const struct soap_header *header, enum err err)
{
    if (header->fault == SOAP_FAULT_VERSION_MISMATCH)
        return "VersionMismatch";
    if (header->fault == SOAP_FAULT_MUST_UNDERSTAND)
        return "MustUnderstand";
    bool sender = err_row(err)->fault == ERR_FAULT_SENDER;
    if (header->version == SOAP_1_1)
        return sender ? "Client" : "Server";
    return sender ? "Sender" : "Receiver";
}

static enum err put_front(const struct soap_header *header, enum err err, const char *reason, struct buf *to)
{
    bool old = header->version == SOAP_1_1;
    enum err put = buf_putf(to, old ? "<soap:Fault><faultcode>soap:%s</faultcode><faultstring>"
                                    : "<soap:Fault><soap:Code><soap:Value>soap:%s</soap:Value></soap:Code>"
                                      "<soap:Reason><soap:Text xml:lang=\"en\">",
                            fault_code(header, err));
    if (put == OK)
        put = xml_put_any_text(to, reason);
    if (put == OK)
        put = buf_put_text(to, old ? "</faultstring>" : "</soap:Text></soap:Reason>");
    return put;
}

/* Header entries that were not understood have no detail (SOAP 1.1 section 4.4: detail is about the Body). */
static enum err put_detail(const struct soap_header *header, enum err err, const char *reason, struct buf *to)
{
    const char *element = header->version == SOAP_1_1 ? "detail" : "soap:Detail";
    if (header->fault != SOAP_FAULT_OF_ERROR)
        return OK;
    enum err put = buf_putf(to, "<%s><fault xmlns=\"" SOAP_NS_FAULT "\"><error>%s</error><action>%s</action><reason>", element,
                            err_row(err)->name, action_names[err_row(err)->action]);
    if (put == OK)
        put = xml_put_any_text(to, reason);
    return put == OK ? buf_putf(to, "</reason></fault></%s>", element) : put;
}

enum err soap_write_fault(const struct soap_header *header, enum err err, const char *reason, struct buf *to)
{
    size_t before = to->len;
    if (reason == NULL || *reason == '\0')
        reason = err_row(err)->text;
    enum err put = soap_put_envelope(header, SOAP_NS_ADDRESSING "/fault", to);
    if (put == OK)
        put = put_front(header, err, reason, to);
    if (put == OK)
        put = put_detail(header, err, reason, to);
    if (put == OK)
        put = buf_put_text(to, "</soap:Fault>");
    if (put == OK)
        put = soap_put_envelope_end(to);
    if (put != OK)
        to->len = before;
    return put;
}

int soap_fault_status(enum soap_version version, enum err err)
{
    return version == SOAP_1_2 && err_row(err)->fault == ERR_FAULT_SENDER ? 400 : 500;
}

/* --- Reading --- */

static void keep_reason(struct soap_fault_parts *fault, const struct buf *text)
{
    size_t n = text->len < sizeof fault->reason ? text->len : sizeof fault->reason - 1;
    if (n != 0)
        memcpy(fault->reason, text->data, n);
    fault->reason[n] = '\0';
}

static void keep_error(struct soap_fault_parts *fault, struct buf *text)
{
    const char *name = buf_text(text);
    fault->typed = true;
    fault->err = name == NULL ? ERR_NO_MEMORY : err_from_name(name);
    if (fault->err == OK)
        fault->err = ERR_BUG;
}

/* "soap:Server", "soap:Receiver": the prefix is the sender's choice. */
static bool is_receiver(const struct buf *text)
{
    static const char *const codes[] = { "Server", "Receiver" };
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(codes[i]);
        if (text->len >= n && memcmp(text->data + text->len - n, codes[i], n) == 0)
            return true;
    }
    return false;
}

void soap_fault_part_end(struct soap_reader *r, const struct soap_name *name)
{
    struct soap_fault_parts *fault = &r->fault;
    if (soap_name_is(name, SOAP_NS_FAULT, "error"))
        keep_error(fault, &r->text);
    else if (soap_name_is(name, SOAP_NS_FAULT, "reason") || (!fault->typed && (soap_name_is(name, "", "faultstring") ||
                                                                         soap_name_is(name, SOAP_NS_ENVELOPE_1_2, "Text"))))
        keep_reason(fault, &r->text);
    else if (soap_name_is(name, "", "faultcode") || soap_name_is(name, SOAP_NS_ENVELOPE_1_2, "Value"))
        fault->receiver = fault->receiver || is_receiver(&r->text);
    r->text.len = 0;
}

enum err soap_fault_error(const struct soap_fault_parts *fault, struct why *why)
{
    enum err err = fault->typed ? fault->err : fault->receiver ? ERR_BUSY : ERR_BAD_INPUT;
    return why_set(why, err, "%s", fault->reason[0] != '\0' ? fault->reason : err_row(err)->text);
}
