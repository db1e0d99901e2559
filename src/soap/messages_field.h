/* The messages of the field half, as rows of messages.h (doc/protocol/field.md; M-2 to M-8).
 *
 * Exchange is what travels between two neighbours: node to gateway, gateway to gateway, gateway or device to centre.
 * The calls inside it are whole SOAP envelopes of the services `remote` (the device answers) and `center` (the
 * centre answers), signed by who sent them, so that what lies between can carry them and not change them. */
#ifndef SOAP_MESSAGES_FIELD_H
#define SOAP_MESSAGES_FIELD_H

/* --- Records --- */

/* A device is there. The token is the one that the last session handed out, so that of two devices with the same
 * memory one is found out (doc/protocol/field.md, sessions). */
#define FIELDS_field_presence(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(TEXT, token, "token", MAYBE)            /* absent the first time */ \
    F(TEXT, nonce, "nonce", ONE)              /* the device's own, the same when it repeats itself */ \
    F(BYTES, fingerprint, "fingerprint", ONE) /* of the certificate whose key signs */ \
    F(TEXT, version, "version", MAYBE)        /* of its program */ \
    F(INT, letters, "letters", MAYBE)         /* serial of the last letter that it made; absent: none yet */ \
    F(TEXT, challenge, "challenge", MAYBE)    /* that the centre asked it with: only who is there now knows it */ \
    F(BYTES, signature, "signature", MAYBE)   /* field/letter.h; absent on a TLS connection of its own */

/* What a presence is answered with. */
#define FIELDS_field_session(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(TEXT, nonce, "nonce", ONE)              /* of the presence */ \
    F(TEXT, state, "state", ONE)              /* admitted, refused, challenged */ \
    F(TEXT, error, "error", MAYBE)            /* with refused: name of an error row: NO_AGREEMENT, QUARANTINED ... */ \
    F(TEXT, reason, "reason", MAYBE) \
    F(TEXT, token, "token", MAYBE)            /* for the next presence */ \
    F(INT, interval, "interval", ONE)         /* seconds until it is due */ \
    F(TEXT, challenge, "challenge", MAYBE)    /* with challenged: to be shown by the same presence at once */ \
    F(INT, readings, "readings", MAYBE)       /* sequence of the last reading that is believed; absent: none, or not said */ \
    F(BYTES, signature, "signature", MAYBE) \
    L(certificate, signers, "signer")         /* the centre's certificate, then its issuers */

/* Where a letter of a device stands in its life; a letter of the centre has none of it. */
#define FIELDS_letter_place(F, L) \
    F(TEXT, token, "token", MAYBE)            /* of the presence under which it was sent */ \
    F(INT, serial, "serial", MAYBE)           /* of the letters that it made, one after the other; absent: counts only now */ \
    F(TEXT, maker, "maker", MAYBE)            /* gateway: the program beside the agent made it, which counts its own */

/* A call, down (to a device) or up (to the centre). */
#define FIELDS_field_call(F, L) \
    F(TEXT, id, "id", ONE)                    /* MessageID of the envelope */ \
    F(NUMBER, number, "deviceNumber", ONE)    /* the device that is called, or that calls */ \
    F(INT, limit, "limit", ONE)               /* seconds that it may take, from when it was accepted */ \
    F(BYTES, envelope, "envelope", ONE) \
    FIELDS_letter_place(F, L) \
    F(BYTES, signature, "signature", MAYBE) \
    L(certificate, signers, "signer")         /* with a call of the centre */

#define FIELDS_field_answer(F, L) \
    F(TEXT, id, "id", ONE)                    /* of the call */ \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(TEXT, kind, "kind", ONE)                /* response (or fault), delay */ \
    F(INT, after, "after", MAYBE)             /* with delay: seconds until it is worth asking */ \
    F(BYTES, envelope, "envelope", MAYBE)     /* with response */ \
    FIELDS_letter_place(F, L) \
    F(BYTES, signature, "signature", MAYBE) \
    L(certificate, signers, "signer")

/* A call or an answer was taken (it is durable here, the sender may forget it) or refused for good. */
#define FIELDS_field_receipt(F, L) \
    F(TEXT, id, "id", ONE) \
    F(TEXT, what, "what", ONE)                /* call, answer, delay */ \
    F(FLAG, accepted, "accepted", ONE) \
    F(TEXT, error, "error", MAYBE) \
    F(TEXT, reason, "reason", MAYBE)

#define FIELDS_counter_value(F, L) \
    F(TEXT, name, "name", ONE)                /* copy, print, fax, scan, water, gas, electricity ... */ \
    F(INT, value, "value", ONE)

#define FIELDS_known_identity(F, L) \
    F(INT, cursor, "cursor", ONE) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(INT, generation, "generation", ONE) \
    F(TEXT, state, "state", ONE)              /* of the lifecycle */ \
    F(BYTES, certificate, "certificate", ONE)

/* --- Neighbours: /soap/field --- */

#define FIELDS_exchange_request(F, L) \
    L(field_presence, presences, "presence") \
    L(field_call, calls, "call") \
    L(field_answer, answers, "answer") \
    L(field_receipt, receipts, "receipt") \
    F(INT, wait, "wait", MAYBE)               /* seconds that the asker can wait for something to do */
#define FIELDS_exchange_response(F, L) \
    L(field_session, sessions, "session") \
    L(field_call, calls, "call") \
    L(field_answer, answers, "answer") \
    L(field_receipt, receipts, "receipt") \
    F(FLAG, more, "more", ONE)                /* there is more than fits: ask again at once */

/* A replacement board asks for the number of the device that it was built into. */
#define FIELDS_replacement_request(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(TEXT, board, "boardId", ONE) \
    F(BYTES, csr, "csr", ONE)
#define FIELDS_replacement_response(F, L) \
    F(TEXT, state, "state", ONE)              /* waiting (for an operator), approved */ \
    F(INT, after, "after", MAYBE)             /* with waiting: seconds until it is worth asking */ \
    F(BYTES, certificate, "certificate", MAYBE) \
    L(certificate, issuers, "issuer")

/* --- The device's remote service: /soap/remote --- */

#define FIELDS_charge_counter_request(F, L)
#define FIELDS_charge_counter_response(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(INT, epoch, "epoch", ONE)               /* starts of the device in its life */ \
    F(INT, boots, "boots", ONE)               /* of them since the reading before this one */ \
    F(INT, sequence, "sequence", ONE)         /* readings in its life, this one counted */ \
    L(counter_value, counters, "counter")

#define FIELDS_device_information_request(F, L)
#define FIELDS_device_information_response(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(TEXT, version, "version", ONE) \
    F(TEXT, board, "boardId", MAYBE) \
    F(INT, epoch, "epoch", ONE) \
    L(parameter, values, "value")

#define FIELDS_polling_interval_request(F, L) F(INT, interval, "interval", ONE) /* seconds */
#define FIELDS_polling_interval_response(F, L) F(FLAG, accepted, "accepted", ONE)

#define FIELDS_restart_request(F, L)
#define FIELDS_restart_response(F, L) F(INT, epoch, "epoch", ONE) /* after it */

#define FIELDS_renew_identity_request(F, L)
#define FIELDS_renew_identity_response(F, L) F(BYTES, fingerprint, "fingerprint", ONE) /* of the new one, in force */

#define FIELDS_fetch_program_request(F, L) \
    F(TEXT, version, "version", ONE) \
    F(INT, size, "size", ONE) \
    F(BYTES, sha256, "sha256", ONE) \
    F(BYTES, signature, "signature", ONE)     /* field/letter.h, by the centre */ \
    L(certificate, signers, "signer")
#define FIELDS_fetch_program_response(F, L) \
    F(TEXT, version, "version", ONE)          /* that runs now */ \
    F(TEXT, slot, "slot", ONE)                /* A, B */

/* The counters of the board that was replaced go on in the new one. */
#define FIELDS_counter_hand_over_request(F, L) \
    F(INT, epoch, "epoch", ONE) \
    F(INT, sequence, "sequence", ONE) \
    L(counter_value, counters, "counter")
#define FIELDS_counter_hand_over_response(F, L) F(FLAG, accepted, "accepted", ONE)

/* When this counter passes this value the device reports it, once (event counter-threshold). */
#define FIELDS_counter_threshold_request(F, L) \
    F(TEXT, application, "application", ONE)  /* copy, print, fax, scan, water, gas, electricity */ \
    F(INT, at, "at", ONE)                     /* 0: at none any more */
#define FIELDS_counter_threshold_response(F, L) \
    F(TEXT, application, "application", ONE) \
    F(INT, at, "at", ONE) \
    F(INT, value, "value", ONE)               /* of the counter, now */

/* --- The centre's service for calls from below: /soap/center --- */

#define FIELDS_event_report_request(F, L) \
    F(TEXT, kind, "kind", ONE)                /* supply-low, fault, counter-threshold, start */ \
    F(TEXT, detail, "detail", MAYBE)
#define FIELDS_event_report_response(F, L) F(FLAG, accepted, "accepted", ONE)

/* A reading that the device sends on its own schedule. */
#define FIELDS_counter_report_request(F, L) FIELDS_charge_counter_response(F, L)
#define FIELDS_counter_report_response(F, L) F(FLAG, accepted, "accepted", ONE)

/* A gateway read a device that has no agent (SNMP). */
#define FIELDS_agentless_report_request(F, L) \
    F(NUMBER, number, "deviceNumber", ONE)    /* as the centre registered it, bound to this gateway */ \
    F(TEXT, source, "source", ONE)            /* snmp://ADDRESS */ \
    F(TEXT, serial, "serial", MAYBE)          /* that the device itself says */ \
    L(counter_value, counters, "counter")
#define FIELDS_agentless_report_response(F, L) F(FLAG, accepted, "accepted", ONE)

/* Renewal: a new key was made in the device; the call is signed with the old one. */
#define FIELDS_renewal_request(F, L) F(BYTES, csr, "csr", ONE)
#define FIELDS_renewal_response(F, L) \
    F(BYTES, certificate, "certificate", ONE) \
    L(certificate, issuers, "issuer")

/* The new identity is in the flash and in force: this call is signed with it. The old one is revoked. */
#define FIELDS_renewal_confirmation_request(F, L) F(BYTES, fingerprint, "fingerprint", ONE)
#define FIELDS_renewal_confirmation_response(F, L) F(FLAG, accepted, "accepted", ONE)

#define FIELDS_program_part_request(F, L) \
    F(TEXT, version, "version", ONE) \
    F(INT, offset, "offset", ONE)
#define FIELDS_program_part_response(F, L) \
    F(INT, offset, "offset", ONE) \
    F(BYTES, data, "data", ONE)               /* at most LIMIT_PROGRAM_PART; empty at the end */

/* --- CA, for the centre: /soap/ca --- */

/* Every identity that changed since `cursor`, oldest first. */
#define FIELDS_identity_list_request(F, L) F(INT, cursor, "cursor", ONE)
#define FIELDS_identity_list_response(F, L) \
    L(known_identity, identities, "identity") \
    F(FLAG, more, "more", ONE)

#define FIELDS_identity_issue_request(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(TEXT, reason, "reason", ONE)            /* renewal, replacement */ \
    F(BYTES, replaces, "replaces", MAYBE)     /* renewal: fingerprint of the identity that asked */ \
    F(BYTES, csr, "csr", ONE)
#define FIELDS_identity_issue_response(F, L) \
    F(BYTES, certificate, "certificate", ONE) \
    L(certificate, issuers, "issuer")

/* confirmed: the device has it, its predecessor is revoked; revoked: scrapped, lost, cloned. */
#define FIELDS_identity_outcome_request(F, L) \
    F(NUMBER, number, "deviceNumber", ONE) \
    F(BYTES, fingerprint, "fingerprint", ONE) \
    F(TEXT, outcome, "outcome", ONE)          /* admitted, confirmed, revoked */ \
    F(TEXT, reason, "reason", MAYBE)
#define FIELDS_identity_outcome_response(F, L) F(TEXT, state, "state", ONE)

#define SOAP_FIELD_RECORDS(R) \
    R(field_presence) R(field_session) R(field_call) R(field_answer) R(field_receipt) R(counter_value) R(known_identity)

#define SOAP_NODES (ROLE_BIT(ROLE_DEVICE) | ROLE_BIT(ROLE_GATEWAY))

#define SOAP_FIELD_MESSAGES(M) \
    M(EXCHANGE, exchange, "Exchange", SERVICE_BIT(FIELD), SOAP_NODES, LIMIT_EXCHANGE) \
    M(REPLACEMENT, replacement, "ReplacementRequest", SERVICE_BIT(FIELD), ROLE_BIT(ROLE_BOOTSTRAP) | ROLE_BIT(ROLE_GATEWAY), LIMIT_MESSAGE) \
    M(CHARGE_COUNTER, charge_counter, "ChargeCounterRequest", SERVICE_BIT(REMOTE), ROLE_BIT(ROLE_CENTER), LIMIT_MESSAGE) \
    M(DEVICE_INFORMATION, device_information, "DeviceInformationRequest", SERVICE_BIT(REMOTE), ROLE_BIT(ROLE_CENTER), LIMIT_MESSAGE) \
    M(POLLING_INTERVAL, polling_interval, "PollingIntervalRequest", SERVICE_BIT(REMOTE), ROLE_BIT(ROLE_CENTER), LIMIT_MESSAGE) \
    M(RESTART, restart, "RestartRequest", SERVICE_BIT(REMOTE), ROLE_BIT(ROLE_CENTER), LIMIT_MESSAGE) \
    M(RENEW_IDENTITY, renew_identity, "RenewIdentityRequest", SERVICE_BIT(REMOTE), ROLE_BIT(ROLE_CENTER), LIMIT_MESSAGE) \
    M(FETCH_PROGRAM, fetch_program, "FetchProgramRequest", SERVICE_BIT(REMOTE), ROLE_BIT(ROLE_CENTER), LIMIT_MESSAGE) \
    M(COUNTER_HAND_OVER, counter_hand_over, "CounterHandOver", SERVICE_BIT(REMOTE), ROLE_BIT(ROLE_CENTER), LIMIT_MESSAGE) \
    M(COUNTER_THRESHOLD, counter_threshold, "CounterThresholdRequest", SERVICE_BIT(REMOTE), ROLE_BIT(ROLE_CENTER), LIMIT_MESSAGE) \
    M(EVENT_REPORT, event_report, "EventReport", SERVICE_BIT(CENTER), SOAP_NODES, LIMIT_MESSAGE) \
    M(COUNTER_REPORT, counter_report, "CounterReport", SERVICE_BIT(CENTER), SOAP_NODES, LIMIT_MESSAGE) \
    M(AGENTLESS_REPORT, agentless_report, "AgentlessReport", SERVICE_BIT(CENTER), ROLE_BIT(ROLE_GATEWAY), LIMIT_MESSAGE) \
    M(RENEWAL, renewal, "RenewalRequest", SERVICE_BIT(CENTER), SOAP_NODES, LIMIT_MESSAGE) \
    M(RENEWAL_CONFIRMATION, renewal_confirmation, "RenewalConfirmation", SERVICE_BIT(CENTER), SOAP_NODES, LIMIT_MESSAGE) \
    M(PROGRAM_PART, program_part, "ProgramPartRequest", SERVICE_BIT(CENTER), SOAP_NODES, LIMIT_MESSAGE) \
    M(IDENTITY_LIST, identity_list, "IdentityListRequest", SERVICE_BIT(CA), ROLE_BIT(ROLE_CENTER), LIMIT_MESSAGE) \
    M(IDENTITY_ISSUE, identity_issue, "IdentityIssueRequest", SERVICE_BIT(CA), ROLE_BIT(ROLE_CENTER), LIMIT_MESSAGE) \
    M(IDENTITY_OUTCOME, identity_outcome, "IdentityOutcome", SERVICE_BIT(CA), ROLE_BIT(ROLE_CENTER), LIMIT_MESSAGE)

#endif
