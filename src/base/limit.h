/* Every ceiling of the product, in one place: what a peer may send, how long it may take, how much may wait.
 * A limit that an operator may change is a setting (conf/) whose default and range stand here. */
#ifndef BASE_LIMIT_H
#define BASE_LIMIT_H

enum limits {
    /* Device numbers and names, in bytes without the NUL */
    LIMIT_MODEL_CODE = 16,
    LIMIT_SERIAL = 24,
    LIMIT_NUMBER_TEXT = LIMIT_MODEL_CODE + 1 + LIMIT_SERIAL,
    LIMIT_NAME = 64,       /* peers, operators, orders, lines */
    LIMIT_MESSAGE_ID = 80, /* WS-Addressing MessageID */

    /* Certificates and keys, bytes of DER */
    LIMIT_CERTIFICATE = 4096,
    LIMIT_PRIVATE_KEY = 4096,
    LIMIT_CHAIN = 4, /* intermediates between leaf and root */
    LIMIT_PACK = 16 * 1024,
    LIMIT_PROFILES = 256 * 1024, /* the file of certificate profiles */

    /* SOAP and HTTP */
    LIMIT_XML_DEPTH = 32,
    LIMIT_XML_TEXT = 64 * 1024,         /* one element's text */
    LIMIT_MESSAGE = 64 * 1024,          /* body of a message about one device */
    LIMIT_LISTS = 16 * 1024 * 1024,     /* all revocation lists of a CA, as a message or a file in PEM */
    LIMIT_LISTS_DER = LIMIT_LISTS / 3 * 2, /* the same in DER, so that they always fit: some 200,000 entries */
    LIMIT_BATCH_NUMBERS = 1000000,      /* device numbers in one request */
    LIMIT_BATCH_BODY = 96 * 1024 * 1024, /* body of a batch request */
    LIMIT_HEADER_BYTES = 16 * 1024,
    LIMIT_JSON = 1024 * 1024,
    LIMIT_PLAN_BYTES = 16 * 1024 * 1024,
    LIMIT_PLAN_ROWS = 100000,
    LIMIT_TABLE_BYTES = 16 * 1024 * 1024, /* customers, sites, devices and agreements as one CSV file */
    LIMIT_TABLE_ROWS = 200000,
    LIMIT_SCAN = 512,
    LIMIT_KEYED = 256,        /* numbers keyed in at the factory server that wait for their stations */
    LIMIT_KEYED_PER_LINE = 16,

    /* The field */
    LIMIT_EXCHANGE = 2 * 1024 * 1024, /* body of one exchange between neighbours */
    LIMIT_EXCHANGE_ITEMS = 1000,      /* presences, calls, answers: each, in one exchange */
    LIMIT_ENVELOPE = 40 * 1024,       /* of one call or answer inside it: what base64 fits into LIMIT_XML_TEXT */
    LIMIT_IDENTITY_PAGE = 1000,       /* identities in one answer of the CA to the centre */
    LIMIT_ENDING_DAYS = 60,           /* before the end of a server's certificate its log says so, each day */
    LIMIT_BACKDATE_S = 3600,          /* that a clock may be behind the CA's: what it makes begins so much earlier */
    LIMIT_RENEWAL_S = 90 * 24 * 3600, /* after which a renewal that was never confirmed is void */
    LIMIT_GRACE_DAYS = 3650,          /* that an identity may be renewed after its end; the centre's setting is within it */
    LIMIT_PROGRAM_PART = 24 * 1024,
    LIMIT_PROGRAM = 64 * 1024 * 1024,
    LIMIT_POLL_LEAST_S = 1, LIMIT_POLL_MOST_S = 31 * 24 * 3600, LIMIT_POLL_WAIT_S = 50,
    LIMIT_CALLS_WAITING = 100,        /* calls that wait for one device, either way */
    LIMIT_READINGS_LATELY = 1000,     /* of one device within an hour; the next ones wait in it */
    LIMIT_READING_WAIT_S = 24 * 3600, /* for those before it, that a reading waits at least; and, of its device, as many */
    LIMIT_READING_WAIT_PRESENCES = 16, /* presences: so often it was there, and did not send them */
    LIMIT_EVENTS_LATELY = 200,        /* that one device reports within an hour; the next ones wait in it */
    LIMIT_LETTERS_KNOWN = 512,        /* of one device, by their serials: what comes later than that is refused */
    LIMIT_TICKETS_WAITING = 8,        /* boards that ask for one number, until an operator decides */
    LIMIT_INCIDENTS_OF_SENDER = 50,   /* rows within an hour; what comes beyond is counted in them */
    LIMIT_INCIDENTS_OF_KIND = 2000,
    LIMIT_BOUND_NUMBERS = 100000,     /* numbers that one gateway may speak for */
    LIMIT_THRESHOLD = 2000000000,     /* of a charge counter that a device tells of */
    LIMIT_COUNTERS = 16,              /* of one device */
    LIMIT_RELAY_REFUSED_S = 600,      /* within which a gateway tells the centre once that it refused a number */
    LIMIT_RELAY_LETTERS = 100000,     /* letters that wait in a gateway, each way (default) */
    LIMIT_RELAY_MEGABYTES = 1024,     /* their envelopes together, each way (default) */
    LIMIT_RELAY_KNOWN_S = 7 * 24 * 3600,  /* how long a gateway knows the ids that it passed on */
    LIMIT_RELAY_ROUTE_S = 62 * 24 * 3600, /* how long it remembers where a silent number was */

    /* Connections */
    LIMIT_CONNECTIONS = 4096,
    LIMIT_CONNECTIONS_PER_PEER = 256,
    LIMIT_HANDSHAKE_MS = 10000,
    LIMIT_HANDSHAKES = 200,       /* TLS handshakes under way at one listener, fewer than one peer's connections */
    LIMIT_HANDSHAKE_GRACE_MS = 1000, /* so old, one of them gives way to a newcomer when there are as many */
    LIMIT_HEADER_MS = 10000,
    LIMIT_BODY_IDLE_MS = 15000,
    LIMIT_BODY_MIN_RATE = 1024, /* bytes a second, after the first LIMIT_BODY_IDLE_MS */
    LIMIT_IDLE_MS = 60000,
    LIMIT_HANDLER_MS = 120000,
    LIMIT_DRAIN_MS = 10000,
    LIMIT_LINGER_MS = 2000, /* after our last byte, for the peer to read it */
    LIMIT_CONNECT_MS = 5000,
    LIMIT_CONNECT_FIELD_MS = 45000, /* upwards in the field: a modem may have to dial first */
    LIMIT_CALL_MS = 60000,

    /* Signer */
    LIMIT_IPC_FRAME = LIMIT_LISTS, /* the largest thing that front and signer tell each other */
    LIMIT_ISSUE_BATCH = 1024, /* certificates in one commit */
};

#endif
