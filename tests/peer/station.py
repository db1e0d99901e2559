#!/usr/bin/python3
"""A station as somebody else would write it: plain Python over the documented SOAP messages.

usage: station.py FOLDER URL hello
       station.py FOLDER URL pack NUMBER [BOARD]            asks, prints generation and fingerprint
       station.py FOLDER URL write NUMBER OK|NG|FORGED|CLAIMED-ONLY [BOARD]

FOLDER holds key.pem, cert.pem, chain.pem, root.pem of a station (or only root.pem); the key's passphrase is in
FOLDER/../secret/server-passphrase. A fault is printed as
"fault NAME: reason" with exit status 1. FORGED says OK with a proof made by another key."""
import base64, hashlib, http.client, os, re, ssl, subprocess, sys, tempfile, urllib.parse, uuid

NS = "urn:nameplate:factory:1"


class Fault(Exception):
    pass


def passphrase(folder):
    return open(os.path.join(folder, "..", "secret", "server-passphrase")).read().strip()


def call(folder, url, operation, fields):
    where = urllib.parse.urlparse(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(os.path.join(folder, "root.pem"))
    if os.path.exists(os.path.join(folder, "cert.pem")):
        with tempfile.NamedTemporaryFile("w") as chain:
            chain.write(open(os.path.join(folder, "cert.pem")).read() + open(os.path.join(folder, "chain.pem")).read())
            chain.flush()
            context.load_cert_chain(chain.name, os.path.join(folder, "key.pem"), password=lambda: passphrase(folder))
    body = "".join(f"<{name}>{value}</{name}>" for name, value in fields)
    xml = (f'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>'
           f'<a:MessageID xmlns:a="http://www.w3.org/2005/08/addressing">urn:uuid:{uuid.uuid4()}</a:MessageID></s:Header>'
           f'<s:Body><{operation} xmlns="{NS}">{body}</{operation}></s:Body></s:Envelope>')
    connection = http.client.HTTPSConnection(where.hostname, where.port, context=context, timeout=30)
    connection.request("POST", "/soap/factory", xml, {"Content-Type": "text/xml; charset=utf-8"})
    answer = connection.getresponse().read().decode()
    error = re.search(r"<(?:\w+:)?error>(\w+)<", answer)
    if error:
        reason = re.search(r"<(?:\w+:)?reason>([^<]*)<", answer)
        raise Fault(f"fault {error.group(1)}: {reason.group(1) if reason else ''}")
    return answer


def field(answer, name):
    found = re.search(rf"<(?:\w+:)?{name}>([^<]*)<", answer)
    return found.group(1) if found else ""


def elements(der):
    """The elements of a DER run: (whole, content)."""
    at = 0
    while at < len(der):
        n, head = der[at + 1], 2
        if n & 0x80:
            head, n = 2 + (n & 0x7F), int.from_bytes(der[at + 2:at + 2 + (n & 0x7F)], "big")
        yield der[at:at + head + n], der[at + head:at + head + n]
        at += head + n


def read_pack(pack):
    """certificate and private key (DER) of an identity pack (doc/protocol/pack.md)"""
    inside = list(elements(next(elements(pack))[1]))
    return inside[4][0], inside[5][0]


def sign(key, message):
    with tempfile.NamedTemporaryFile() as file:
        file.write(key)
        file.flush()
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", file.name, "-keyform", "DER"], input=message, check=True,
                              capture_output=True).stdout


def other_key():
    return subprocess.run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -outform DER", shell=True, check=True,
                          capture_output=True).stdout


def ask(folder, url, number, board):
    answer = call(folder, url, "PackRequest", [("deviceNumber", number), ("boardId", board)])
    certificate, key = read_pack(base64.b64decode(field(answer, "pack")))
    return int(field(answer, "generation")), base64.b64decode(field(answer, "nonce")), certificate, key


def write(folder, url, number, how, board):
    generation, nonce, certificate, key = ask(folder, url, number, board)
    fingerprint = hashlib.sha256(certificate).digest()
    print("claimed", generation, fingerprint.hex())
    shown = base64.b64encode(fingerprint).decode()
    call(folder, url, "ReceptionReport", [("deviceNumber", number), ("fingerprint", shown)])
    if how == "CLAIMED-ONLY":
        return
    fields = [("deviceNumber", number), ("fingerprint", shown), ("outcome", "NG" if how == "NG" else "OK")]
    if how != "NG":
        message = b"nameplate proof 1\0" + nonce + number.encode() + b"\0" + fingerprint
        fields.append(("proof", base64.b64encode(sign(other_key() if how == "FORGED" else key, message)).decode()))
    else:
        fields.append(("reason", "flash did not take it"))
    for _ in range(2):  # said twice, counted once
        answer = call(folder, url, "WriteResultReport", fields)
    print("result", field(answer, "state"), "again" if field(answer, "again") == "true" else "")


def main():
    folder, url, verb = sys.argv[1:4]
    try:
        if verb == "hello":
            answer = call(folder, url, "StationHello", [])
            print("line", field(answer, "line"))
        elif verb == "pack":
            generation, _, certificate, _ = ask(folder, url, sys.argv[4], sys.argv[5] if len(sys.argv) > 5 else "B-" + sys.argv[4])
            print("claimed", generation, hashlib.sha256(certificate).hexdigest())
        else:
            write(folder, url, sys.argv[4], sys.argv[5], sys.argv[6] if len(sys.argv) > 6 else "B-" + sys.argv[4])
    except Fault as fault:
        print(fault)
        return 1
    return 0


sys.exit(main())
