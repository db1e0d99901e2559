#include <stdarg.h>
#include <stdio.h>

#include "base/limit.h"
#include "soap/envelope.h"
#include "soap/fields.h"
#include "soap/xml.h"

/* What is being written; after the first error nothing more is. */
struct wsdl {
    struct buf *to;
    enum err err;
    enum soap_service service;
    const struct soap_service_row *row;
};

static void put(struct wsdl *w, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void put(struct wsdl *w, const char *fmt, ...)
{
    char line[512];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (w->err == OK)
        w->err = n < 0 || (size_t)n >= sizeof line ? ERR_BUG : buf_put(w->to, line, (size_t)n);
}

static bool serves(const struct wsdl *w, unsigned message)
{
    return (soap_message_row((enum soap_message)message)->services & 1u << w->service) != 0;
}

typedef void operation_fn(struct wsdl *w, enum soap_message message);

static void each_operation(struct wsdl *w, operation_fn *fn)
{
    for (unsigned m = 0; m < SOAP_MESSAGE_COUNT; m++)
        if (serves(w, m))
            fn(w, (enum soap_message)m);
}

/* --- Types --- */

static void put_fault_schema(struct wsdl *w)
{
    put(w, "<xs:schema targetNamespace=\"" SOAP_NS_FAULT "\" elementFormDefault=\"qualified\">\n"
           "<xs:simpleType name=\"error\"><xs:restriction base=\"xs:string\">\n");
    for (unsigned e = OK + 1; e < ERR_COUNT; e++)
        put(w, "<xs:enumeration value=\"%s\"/>\n", err_row((enum err)e)->name);
    put(w, "</xs:restriction></xs:simpleType>\n"
           "<xs:simpleType name=\"action\"><xs:restriction base=\"xs:string\">\n"
           "<xs:enumeration value=\"retry\"/>\n<xs:enumeration value=\"refuse\"/>\n"
           "<xs:enumeration value=\"operator\"/>\n<xs:enumeration value=\"bug\"/>\n"
           "</xs:restriction></xs:simpleType>\n");
    put(w, "<xs:element name=\"fault\"><xs:complexType><xs:sequence>\n"
           "<xs:element name=\"error\" type=\"flt:error\"/>\n<xs:element name=\"action\" type=\"flt:action\"/>\n"
           "<xs:element name=\"reason\" type=\"xs:string\"/>\n"
           "</xs:sequence></xs:complexType></xs:element>\n</xs:schema>\n");
}

static void put_simple_types(struct wsdl *w)
{
    put(w, "<xs:simpleType name=\"deviceNumber\"><xs:restriction base=\"xs:string\">"
           "<xs:minLength value=\"3\"/><xs:maxLength value=\"%d\"/><xs:pattern value=\"[0-9A-Z]{1,%d}-[0-9A-Z]{1,%d}\"/>"
           "</xs:restriction></xs:simpleType>\n",
        LIMIT_NUMBER_TEXT, LIMIT_MODEL_CODE, LIMIT_SERIAL);
    put(w, "<xs:simpleType name=\"text\"><xs:restriction base=\"xs:string\"><xs:maxLength value=\"%d\"/>"
           "</xs:restriction></xs:simpleType>\n",
        LIMIT_XML_TEXT);
    put(w, "<xs:simpleType name=\"bytes\"><xs:restriction base=\"xs:base64Binary\"><xs:maxLength value=\"%d\"/>"
           "</xs:restriction></xs:simpleType>\n",
        LIMIT_XML_TEXT / 4 * 3);
    put(w, "<xs:simpleType name=\"longBytes\"><xs:restriction base=\"xs:base64Binary\"><xs:maxLength value=\"%d\"/>"
           "</xs:restriction></xs:simpleType>\n",
        LIMIT_LISTS / 4 * 3);
    put(w, "<xs:simpleType name=\"flag\"><xs:restriction base=\"xs:boolean\"><xs:pattern value=\"true|false\"/>"
           "</xs:restriction></xs:simpleType>\n");
}

static const char *type_of(const struct soap_field *field)
{
    switch (field->kind) {
    case SOAP_TEXT: return "tns:text";
    case SOAP_NUMBER: return "tns:deviceNumber";
    case SOAP_BYTES: return field->most > LIMIT_XML_TEXT ? "tns:longBytes" : "tns:bytes";
    case SOAP_INT: return "xs:long";
    case SOAP_FLAG: return "tns:flag";
    case SOAP_LIST_OF: break;
    }
    return NULL;
}

static void put_fields(struct wsdl *w, const struct soap_record *record)
{
    put(w, "<xs:sequence>\n");
    for (size_t i = 0; i < record->fields_n; i++) {
        const struct soap_field *field = &record->fields[i];
        if (field->kind == SOAP_LIST_OF)
            put(w, "<xs:element name=\"%s\" type=\"tns:%s\" minOccurs=\"0\" maxOccurs=\"unbounded\"/>\n", field->element,
                field->record()->name);
        else
            put(w, "<xs:element name=\"%s\" type=\"%s\" minOccurs=\"%d\" maxOccurs=\"1\"/>\n", field->element, type_of(field), field->must);
    }
    put(w, "</xs:sequence>");
}

static bool uses(const struct soap_record *user, const struct soap_record *record)
{
    for (size_t i = 0; i < user->fields_n; i++) {
        if (user->fields[i].kind != SOAP_LIST_OF)
            continue;
        const struct soap_record *inner = user->fields[i].record();
        if (inner == record || uses(inner, record))
            return true;
    }
    return false;
}

static bool is_used(const struct wsdl *w, const struct soap_record *record)
{
    for (unsigned m = 0; m < SOAP_MESSAGE_COUNT; m++)
        if (serves(w, m) && (uses(soap_record_of((enum soap_message)m, false), record) ||
                             uses(soap_record_of((enum soap_message)m, true), record)))
            return true;
    return false;
}

static void put_records(struct wsdl *w)
{
    for (size_t i = 0; i < SOAP_RECORD_COUNT; i++) {
        const struct soap_record *record = soap_inner_record(i);
        if (!is_used(w, record))
            continue;
        put(w, "<xs:complexType name=\"%s\">\n", record->name);
        put_fields(w, record);
        put(w, "</xs:complexType>\n");
    }
}

static void put_wrappers(struct wsdl *w, enum soap_message message)
{
    for (int response = 0; response < 2; response++) {
        put(w, "<xs:element name=\"%s%s\"><xs:complexType>", soap_message_row(message)->operation, response ? "Response" : "");
        put_fields(w, soap_record_of(message, response != 0));
        put(w, "</xs:complexType></xs:element>\n");
    }
}

static void put_types(struct wsdl *w)
{
    put(w, "<wsdl:types>\n");
    put_fault_schema(w);
    put(w, "<xs:schema targetNamespace=\"%s\" elementFormDefault=\"qualified\">\n", w->row->ns);
    put_simple_types(w);
    put_records(w);
    each_operation(w, put_wrappers);
    put(w, "</xs:schema>\n</wsdl:types>\n");
}

/* --- Messages, port type, bindings, service --- */

static void put_wsdl_message(struct wsdl *w, enum soap_message message)
{
    const char *name = soap_message_row(message)->operation;
    put(w, "<wsdl:message name=\"%s\"><wsdl:part name=\"parameters\" element=\"tns:%s\"/></wsdl:message>\n", name, name);
    put(w, "<wsdl:message name=\"%sResponse\"><wsdl:part name=\"parameters\" element=\"tns:%sResponse\"/></wsdl:message>\n", name, name);
}

static void put_port_operation(struct wsdl *w, enum soap_message message)
{
    const char *name = soap_message_row(message)->operation;
    put(w, "<wsdl:operation name=\"%s\"><wsdl:input message=\"tns:%s\"/><wsdl:output message=\"tns:%sResponse\"/>"
           "<wsdl:fault name=\"fault\" message=\"tns:fault\"/></wsdl:operation>\n",
        name, name, name);
}

static void put_bound_operation(struct wsdl *w, enum soap_message message, const char *soap)
{
    char action[SOAP_ACTION_SIZE];
    soap_action(w->service, message, false, action);
    put(w, "<wsdl:operation name=\"%s\"><%s:operation soapAction=\"%s\" style=\"document\"/>"
           "<wsdl:input><%s:body use=\"literal\"/></wsdl:input><wsdl:output><%s:body use=\"literal\"/></wsdl:output>"
           "<wsdl:fault name=\"fault\"><%s:fault name=\"fault\" use=\"literal\"/></wsdl:fault></wsdl:operation>\n",
        soap_message_row(message)->operation, soap, action, soap, soap, soap);
}

static void put_operation_1_1(struct wsdl *w, enum soap_message message) { put_bound_operation(w, message, "soap11"); }
static void put_operation_1_2(struct wsdl *w, enum soap_message message) { put_bound_operation(w, message, "soap12"); }

static void put_binding(struct wsdl *w, const char *soap, operation_fn *fn)
{
    put(w, "<wsdl:binding name=\"%s-%s\" type=\"tns:%s\">"
           "<%s:binding style=\"document\" transport=\"http://schemas.xmlsoap.org/soap/http\"/>\n",
        w->row->name, soap, w->row->name, soap);
    each_operation(w, fn);
    put(w, "</wsdl:binding>\n");
}

static void put_port(struct wsdl *w, const char *soap, const char *address)
{
    put(w, "<wsdl:port name=\"%s-%s\" binding=\"tns:%s-%s\"><%s:address location=\"", w->row->name, soap, w->row->name, soap, soap);
    if (w->err == OK)
        w->err = xml_put_text(w->to, span_text(address));
    put(w, "\"/></wsdl:port>\n");
}

static void put_definitions(struct wsdl *w)
{
    put(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
           "<wsdl:definitions name=\"%s\" targetNamespace=\"%s\" xmlns:tns=\"%s\" xmlns:flt=\"" SOAP_NS_FAULT "\"",
        w->row->name, w->row->ns, w->row->ns);
    put(w, " xmlns:wsdl=\"http://schemas.xmlsoap.org/wsdl/\" xmlns:xs=\"http://www.w3.org/2001/XMLSchema\""
           " xmlns:soap11=\"http://schemas.xmlsoap.org/wsdl/soap/\" xmlns:soap12=\"http://schemas.xmlsoap.org/wsdl/soap12/\">\n");
}

enum err soap_write_wsdl(enum soap_service service, const char *address, struct buf *to)
{
    struct wsdl w = { .to = to, .service = service, .row = soap_service_row(service) };
    size_t before = to->len;
    put_definitions(&w);
    put_types(&w);
    each_operation(&w, put_wsdl_message);
    put(&w, "<wsdl:message name=\"fault\"><wsdl:part name=\"fault\" element=\"flt:fault\"/></wsdl:message>\n");
    put(&w, "<wsdl:portType name=\"%s\">\n", w.row->name);
    each_operation(&w, put_port_operation);
    put(&w, "</wsdl:portType>\n");
    put_binding(&w, "soap11", put_operation_1_1);
    put_binding(&w, "soap12", put_operation_1_2);
    put(&w, "<wsdl:service name=\"%s\">\n", w.row->name);
    put_port(&w, "soap11", address);
    put_port(&w, "soap12", address);
    put(&w, "</wsdl:service>\n</wsdl:definitions>\n");
    if (w.err != OK)
        to->len = before;
    return w.err;
}
