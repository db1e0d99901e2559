#!/usr/bin/python3
"""A station that keeps its connection: hold.py FOLDER HOST:PORT. For each line of its standard input one StationHello
over the same connection; prints "served" or, when the server does not take it any more, "closed" and ends."""
import http.client, os, ssl, sys, tempfile

folder, where = sys.argv[1:3]
HELLO = ('<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
         '<StationHello xmlns="urn:nameplate:factory:1"/></s:Body></s:Envelope>')


def pem(name):
    return open(os.path.join(folder, name)).read()


context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.load_verify_locations(os.path.join(folder, "root.pem"))
with tempfile.NamedTemporaryFile("w") as chain:
    chain.write(pem("cert.pem") + pem("chain.pem"))
    chain.flush()
    context.load_cert_chain(chain.name, os.path.join(folder, "key.pem"),
                            password=lambda: pem("../secret/server-passphrase").strip())
connection = http.client.HTTPSConnection(where, context=context, timeout=30)
connection.connect()
connection.auto_open = 0  # never a second connection
for _ in sys.stdin:
    try:
        connection.request("POST", "/soap/factory", HELLO, {"Content-Type": "text/xml; charset=utf-8"})
        answer = connection.getresponse()
        answer.read()
        print("served" if answer.status == 200 else answer.status, flush=True)
    except (OSError, http.client.HTTPException):
        print("closed", flush=True)
        break
