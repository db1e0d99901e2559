/* Every SOAP message, once (those of the field half in messages_field.h): which service answers it, who may send it, how large it may be, and its
 * fields. The structs below, the reading and writing, the permissions, the WSDLs and the generated tests all
 * come from these rows (doc/protocol/soap.md; requirement F-5, figures 21 to 23 of the source).
 *
 * Style: document/literal wrapped. The request element is named as the operation, the answer is
 * <Operation>Response. Fields are child elements in this order.
 *
 * FIELDS_x(F, L) lists a record's fields: F(kind, member, element, occurs) and L(record, member, element).
 *   kind    TEXT    const char *, never NULL after reading ("" when absent)
 *           NUMBER  struct device_number
 *           BYTES   struct span; base64 on the wire
 *           INT     int64_t
 *           FLAG    bool; true/false on the wire
 *   occurs  ONE, MAYBE (may be absent: "", empty, 0, false), LONG (ONE, up to LIMIT_LISTS as text instead of
 *           LIMIT_XML_TEXT)
 * L is a list of records: `member` points at an array of struct record, `member_n` says how many. */
#ifndef SOAP_MESSAGES_H
#define SOAP_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"
#include "model/number.h"
#include "model/role.h"
#include "soap/messages_field.h"

/* --- Records inside messages --- */

#define FIELDS_wanted_number(F, L) F(NUMBER, number, "deviceNumber", ONE)

#define FIELDS_issued_pack(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(TEXT, order, "order", ONE) \
    F(BYTES, pack, "pack", ONE)

#define FIELDS_outcome(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(BYTES, fingerprint, "fingerprint", ONE) \
    F(TEXT, outcome, "outcome", ONE)          /* written, failed, voided */ \
    F(TEXT, reason, "reason", MAYBE)

#define FIELDS_outcome_taken(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(TEXT, state, "state", ONE)              /* of the lifecycle, at the CA now */ \
    F(TEXT, error, "error", MAYBE)            /* name of an error row when it was refused */ \
    F(TEXT, reason, "reason", MAYBE)

#define FIELDS_account(F, L) \
    F(TEXT, order, "order", ONE) \
    F(TEXT, model, "model", ONE) \
    F(INT, quantity, "quantity", ONE) \
    F(INT, issued, "issued", ONE) \
    F(INT, written, "written", ONE) \
    F(INT, on_hand, "onHand", ONE) \
    F(INT, voided, "voided", ONE) \
    F(INT, superseded, "superseded", ONE)     /* and revoked after writing */

#define FIELDS_certificate(F, L) F(BYTES, der, "der", ONE)

#define FIELDS_revocation_list(F, L) F(BYTES, der, "der", LONG)

#define FIELDS_line_model(F, L) \
    F(TEXT, model, "model", ONE) \
    F(TEXT, name, "name", ONE) \
    F(TEXT, pattern, "pattern", MAYBE)        /* of the serial numbers on this model's labels (scan/) */ \
    F(FLAG, identity, "identity", ONE)

#define FIELDS_parameter(F, L) \
    F(TEXT, name, "name", ONE) \
    F(TEXT, value, "value", ONE)

/* --- CA: /soap/ca --- */

#define FIELDS_certificate_transmission_request(F, L) L(wanted_number, numbers, "certificate")
#define FIELDS_certificate_transmission_response(F, L) L(issued_pack, packs, "certificate")

#define FIELDS_receipt_confirmation_request(F, L) F(TEXT, request, "request", ONE) /* its MessageID */
#define FIELDS_receipt_confirmation_response(F, L) F(FLAG, accepted, "accepted", ONE)

#define FIELDS_outcome_report_request(F, L) L(outcome, outcomes, "outcome")
#define FIELDS_outcome_report_response(F, L) L(outcome_taken, taken, "outcome")

#define FIELDS_account_request(F, L) F(TEXT, order, "order", MAYBE)
#define FIELDS_account_response(F, L) L(account, accounts, "account")

#define FIELDS_bootstrap_request(F, L) F(TEXT, model, "model", ONE)
#define FIELDS_bootstrap_response(F, L) F(BYTES, pack, "pack", ONE)

#define FIELDS_enrolment_request(F, L) \
    F(TEXT, token, "token", ONE) \
    F(BYTES, csr, "csr", ONE)                 /* PKCS #10 */ \
    F(TEXT, role, "role", MAYBE)              /* what the token must be for; it is not spent otherwise */
#define FIELDS_enrolment_response(F, L) \
    F(TEXT, role, "role", ONE) \
    F(TEXT, name, "name", ONE) \
    F(BYTES, certificate, "certificate", ONE) \
    F(BYTES, root, "root", ONE) \
    L(certificate, issuers, "issuer")

/* The answer has no list when none has changed since: `known` is the SHA-256 over the lists that came last, one behind
 * the other. */
#define FIELDS_revocation_list_request(F, L) F(BYTES, known, "known", MAYBE)
#define FIELDS_revocation_list_response(F, L) L(revocation_list, lists, "crl")

/* Each keeps the head of the other's audit trail, so that what is cut off its end shows (doc/protocol/audit.md). */
#define FIELDS_witness_request(F, L) \
    F(INT, entries, "entries", MAYBE)         /* of the factory's trail */ \
    F(BYTES, head, "head", MAYBE)             /* its last hash; absent: nothing is to be kept */ \
    F(INT, asked, "askedEntry", MAYBE)        /* of the CA's trail */
#define FIELDS_witness_response(F, L) \
    F(INT, entries, "entries", ONE)           /* of the CA's trail */ \
    F(BYTES, head, "head", ONE) \
    F(BYTES, asked, "askedHead", MAYBE)       /* absent: the CA's trail has no such entry */ \
    F(INT, kept_entries, "keptEntries", MAYBE) /* what the CA had kept of the factory's trail before */ \
    F(BYTES, kept_head, "keptHead", MAYBE)

/* --- Factory server: /soap/factory --- */

#define FIELDS_station_hello_request(F, L) F(TEXT, version, "version", MAYBE)
#define FIELDS_station_hello_response(F, L) \
    F(TEXT, line, "line", ONE) \
    L(line_model, models, "model") \
    L(parameter, parameters, "parameter")     /* initial values for S1709 */

/* F-9: numbers keyed in at the factory server; a station asks while it waits for a scan. */
#define FIELDS_keyed_number_request(F, L) F(TEXT, taken, "taken", MAYBE) /* the number that it has begun with: not again */
#define FIELDS_keyed_number_response(F, L) \
    F(TEXT, number, "deviceNumber", MAYBE)    /* absent: none waits */ \
    F(TEXT, by, "keyedBy", MAYBE)             /* the operator */

#define FIELDS_pack_request(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(TEXT, board, "boardId", MAYBE) \
    F(BYTES, fingerprint, "fingerprint", MAYBE) /* of the identity that the device has already */
#define FIELDS_pack_response(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(INT, generation, "generation", ONE) \
    F(BYTES, nonce, "nonce", ONE)             /* for the proof */ \
    F(BYTES, pack, "pack", MAYBE)             /* absent: the device has it already, its proof is all that lacks */

#define FIELDS_reception_report_request(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(BYTES, fingerprint, "fingerprint", ONE)
#define FIELDS_reception_report_response(F, L) F(FLAG, accepted, "accepted", ONE)

#define FIELDS_write_result_report_request(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(BYTES, fingerprint, "fingerprint", ONE) \
    F(TEXT, outcome, "outcome", ONE)          /* OK, NG */ \
    F(BYTES, proof, "proof", MAYBE)           /* with OK: pki/proof.h */ \
    F(TEXT, reason, "reason", MAYBE)          /* with NG */
#define FIELDS_write_result_report_response(F, L) \
    F(FLAG, accepted, "accepted", ONE) \
    F(TEXT, state, "state", ONE) \
    F(FLAG, again, "again", ONE)              /* with NG: a new pack is on its way, try again */

#define FIELDS_bootstrap_pack_request(F, L) F(TEXT, model, "model", ONE)
#define FIELDS_bootstrap_pack_response(F, L) F(BYTES, pack, "pack", ONE)

#define FIELDS_board_report_request(F, L) \
    F(TEXT, board, "boardId", ONE) \
    F(TEXT, model, "model", ONE) \
    F(TEXT, outcome, "outcome", ONE) \
    F(TEXT, reason, "reason", MAYBE)
#define FIELDS_board_report_response(F, L) F(FLAG, accepted, "accepted", ONE)

/* --- Station, on the bench link: /soap/station --- */

#define FIELDS_write_result_request(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(TEXT, outcome, "outcome", ONE)          /* OK, NG */ \
    F(BYTES, fingerprint, "fingerprint", MAYBE) \
    F(BYTES, proof, "proof", MAYBE) \
    F(TEXT, reason, "reason", MAYBE)
#define FIELDS_write_result_response(F, L) F(FLAG, accepted, "accepted", ONE)

#define FIELDS_scan_report_request(F, L) F(TEXT, text, "text", ONE)
#define FIELDS_scan_report_response(F, L) F(FLAG, accepted, "accepted", ONE)

/* --- Device, on the bench link: /soap/device --- */

#define FIELDS_device_status_request(F, L)
#define FIELDS_device_status_response(F, L) \
    F(TEXT, state, "state", ONE)              /* blank, bootstrap, individual */ \
    F(TEXT, number, "deviceNumber", MAYBE)    /* of the NVRAM; absent on a bare board */ \
    F(TEXT, board, "boardId", MAYBE) \
    F(BYTES, fingerprint, "fingerprint", MAYBE) /* of the individual certificate */ \
    F(TEXT, version, "version", MAYBE)

#define FIELDS_pack_transmission_request(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(TEXT, board, "boardId", MAYBE)          /* as DeviceStatus said; absent for a board without one */ \
    F(BYTES, nonce, "nonce", ONE) \
    F(BYTES, pack, "pack", ONE)
#define FIELDS_pack_transmission_response(F, L) F(TEXT, result, "result", ONE) /* OK: received, not yet written */

#define FIELDS_result_request(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(BYTES, nonce, "nonce", ONE)
#define FIELDS_result_response(F, L) F(TEXT, result, "result", ONE) /* OK: WriteResult comes, or comes again */

#define FIELDS_parameter_initialisation_request(F, L) L(parameter, parameters, "parameter")
#define FIELDS_parameter_initialisation_response(F, L) F(FLAG, accepted, "accepted", ONE)

#define FIELDS_bootstrap_write_request(F, L) \
    F(TEXT, board, "boardId", ONE) \
    F(BYTES, pack, "pack", ONE)
#define FIELDS_bootstrap_write_response(F, L) \
    F(TEXT, outcome, "outcome", ONE)          /* OK, NG */ \
    F(TEXT, reason, "reason", MAYBE)

/* Records, in an order in which each comes before the ones that use it. R(record) */
#define SOAP_RECORDS(R) \
    R(wanted_number) R(issued_pack) R(outcome) R(outcome_taken) R(account) R(certificate) R(revocation_list) R(line_model) R(parameter) \
    SOAP_FIELD_RECORDS(R)

/* M(code, request and answer record stem, operation, services, who may send it, body ceiling in bytes) */
#define SOAP_MESSAGES(M) \
    M(CERTIFICATE_TRANSMISSION, certificate_transmission, "CertificateTransmissionRequest", SERVICE_BIT(CA), ROLE_BIT(ROLE_FACTORY), LIMIT_BATCH_BODY) \
    M(RECEIPT_CONFIRMATION, receipt_confirmation, "ReceiptConfirmation", SERVICE_BIT(CA), ROLE_BIT(ROLE_FACTORY), LIMIT_MESSAGE) \
    M(OUTCOME_REPORT, outcome_report, "OutcomeReport", SERVICE_BIT(CA), ROLE_BIT(ROLE_FACTORY), 16 * LIMIT_MESSAGE) \
    M(ACCOUNT, account, "AccountRequest", SERVICE_BIT(CA), ROLE_BIT(ROLE_FACTORY), LIMIT_MESSAGE) \
    M(BOOTSTRAP, bootstrap, "BootstrapRequest", SERVICE_BIT(CA), ROLE_BIT(ROLE_FACTORY), LIMIT_MESSAGE) \
    M(ENROLMENT, enrolment, "EnrolmentRequest", SERVICE_BIT(CA) | SERVICE_BIT(FACTORY), ROLE_BIT(ROLE_ANONYMOUS) | ROLE_BIT(ROLE_FACTORY), LIMIT_MESSAGE) \
    M(REVOCATION_LIST, revocation_list, "RevocationListRequest", SERVICE_BIT(CA), ROLE_BIT(ROLE_FACTORY) | ROLE_BIT(ROLE_CENTER), LIMIT_MESSAGE) \
    M(WITNESS, witness, "WitnessRequest", SERVICE_BIT(CA), ROLE_BIT(ROLE_FACTORY), LIMIT_MESSAGE) \
    M(STATION_HELLO, station_hello, "StationHello", SERVICE_BIT(FACTORY), ROLE_BIT(ROLE_STATION), LIMIT_MESSAGE) \
    M(KEYED_NUMBER, keyed_number, "KeyedNumberRequest", SERVICE_BIT(FACTORY), ROLE_BIT(ROLE_STATION), LIMIT_MESSAGE) \
    M(PACK, pack, "PackRequest", SERVICE_BIT(FACTORY), ROLE_BIT(ROLE_STATION), LIMIT_MESSAGE) \
    M(RECEPTION_REPORT, reception_report, "ReceptionReport", SERVICE_BIT(FACTORY), ROLE_BIT(ROLE_STATION), LIMIT_MESSAGE) \
    M(WRITE_RESULT_REPORT, write_result_report, "WriteResultReport", SERVICE_BIT(FACTORY), ROLE_BIT(ROLE_STATION), LIMIT_MESSAGE) \
    M(BOOTSTRAP_PACK, bootstrap_pack, "BootstrapPackRequest", SERVICE_BIT(FACTORY), ROLE_BIT(ROLE_STATION), LIMIT_MESSAGE) \
    M(BOARD_REPORT, board_report, "BoardReport", SERVICE_BIT(FACTORY), ROLE_BIT(ROLE_STATION), LIMIT_MESSAGE) \
    M(WRITE_RESULT, write_result, "WriteResult", SERVICE_BIT(STATION), SOAP_NODES | ROLE_BIT(ROLE_BOOTSTRAP), LIMIT_MESSAGE) \
    M(SCAN_REPORT, scan_report, "ScanReport", SERVICE_BIT(STATION), SOAP_NODES | ROLE_BIT(ROLE_BOOTSTRAP), LIMIT_MESSAGE) \
    M(DEVICE_STATUS, device_status, "DeviceStatusRequest", SERVICE_BIT(DEVICE), ROLE_BIT(ROLE_STATION), LIMIT_MESSAGE) \
    M(PACK_TRANSMISSION, pack_transmission, "PackTransmission", SERVICE_BIT(DEVICE), ROLE_BIT(ROLE_STATION), LIMIT_MESSAGE) \
    M(RESULT, result, "ResultRequest", SERVICE_BIT(DEVICE), ROLE_BIT(ROLE_STATION), LIMIT_MESSAGE) \
    M(PARAMETER_INITIALISATION, parameter_initialisation, "ParameterInitialisation", SERVICE_BIT(DEVICE), ROLE_BIT(ROLE_STATION), LIMIT_MESSAGE) \
    M(BOOTSTRAP_WRITE, bootstrap_write, "BootstrapWrite", SERVICE_BIT(DEVICE), ROLE_BIT(ROLE_STATION), LIMIT_MESSAGE) \
    SOAP_FIELD_MESSAGES(M)

/* S(code, name, path of the endpoint, target namespace) */
#define SOAP_SERVICES(S) \
    S(CA, "ca", "/soap/ca", "urn:nameplate:ca:1") \
    S(FACTORY, "factory", "/soap/factory", "urn:nameplate:factory:1") \
    S(STATION, "station", "/soap/station", "urn:nameplate:station:1") \
    S(DEVICE, "device", "/soap/device", "urn:nameplate:device:1") \
    S(FIELD, "field", "/soap/field", "urn:nameplate:field:1") \
    S(REMOTE, "remote", "/soap/remote", "urn:nameplate:remote:1") \
    S(CENTER, "center", "/soap/center", "urn:nameplate:center:1")

enum soap_service {
#define S(code, name, path, ns) SERVICE_##code,
    SOAP_SERVICES(S)
#undef S
    SERVICE_COUNT
};
#define SERVICE_BIT(code) (1u << (unsigned)SERVICE_##code)

enum soap_message {
#define M(code, stem, operation, services, roles, most) SOAP_##code,
    SOAP_MESSAGES(M)
#undef M
    SOAP_MESSAGE_COUNT
};

/* --- The structs: struct outcome, struct pack_request, struct pack_response ... --- */

#define SOAP_C_TEXT const char *
#define SOAP_C_NUMBER struct device_number
#define SOAP_C_BYTES struct span
#define SOAP_C_INT int64_t
#define SOAP_C_FLAG bool
#define SOAP_MEMBER(kind, member, element, occurs) SOAP_C_##kind member;
#define SOAP_LIST(record, member, element) struct record *member; size_t member##_n;

#define R(record) struct record { FIELDS_##record(SOAP_MEMBER, SOAP_LIST) };
SOAP_RECORDS(R)
#undef R
#define M(code, stem, operation, services, roles, most) \
    struct stem##_request { FIELDS_##stem##_request(SOAP_MEMBER, SOAP_LIST) }; \
    struct stem##_response { FIELDS_##stem##_response(SOAP_MEMBER, SOAP_LIST) };
SOAP_MESSAGES(M)
#undef M

#endif
