"""A node of the field as a foreign program plays it: zeep over mutual TLS with an individual identity, openssl for the letters'
signatures, SOAP envelopes by hand (doc/protocol/field.md)."""
import base64
import pathlib
import secrets
import subprocess
import sys
import time
import uuid

from zeep_peer import Peer, der_elements, enrol, pem

ENVELOPE = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"


def take_packs(ca, root, token, folder, numbers, written=None):
    """As a factory: enrols, orders these numbers, reports them as written; leaves FOLDER/NUMBER/{cert,key}.pem."""
    folder = pathlib.Path(folder)
    _, identity = enrol(Peer(ca, "ca", root), token, folder / "factory")
    factory = Peer(ca, "ca", root, identity)
    packs = factory.call("CertificateTransmissionRequest", message="urn:uuid:field-1", certificate=[{"deviceNumber": n} for n in numbers])
    outcomes = []
    bootstrap = der_elements(factory.call("BootstrapRequest", model=numbers[0].split("-")[0]))
    board = folder / "board"
    board.mkdir()
    (board / "cert.pem").write_bytes(pem(bootstrap[4]) + b"".join(pem(i) for i in der_elements(bootstrap[3])))
    (board / "key.pem").write_bytes(subprocess.run(["openssl", "pkey", "-inform", "DER"], input=bootstrap[5], capture_output=True, check=True).stdout)
    for item in packs:
        _, _, _, issuers, certificate, key = der_elements(item.pack)
        here = folder / item.deviceNumber
        here.mkdir(parents=True)
        (here / "cert.pem").write_bytes(pem(certificate) + b"".join(pem(i) for i in der_elements(issuers)))
        (here / "key.pem").write_bytes(subprocess.run(["openssl", "pkey", "-inform", "DER"], input=key, capture_output=True, check=True).stdout)
        if written is None or item.deviceNumber in written:
            outcomes.append({"deviceNumber": item.deviceNumber, "fingerprint": fingerprint(certificate), "outcome": "written"})
    factory.call("ReceiptConfirmation", request="urn:uuid:field-1")
    for taken in factory.call("OutcomeReport", outcome=outcomes):
        assert not taken.error, taken


def fingerprint(der):
    import hashlib
    return hashlib.sha256(der).digest()


def letter(kind, *parts):
    message = b"nameplate " + kind.encode() + b" 2\0"
    for part in parts:
        part = part if isinstance(part, bytes) else str(part).encode()
        message += len(part).to_bytes(4, "big") + part
    return message


def envelope(service, element, message, fields, relates=None):
    """A call (relates None) or its answer; fields: (name, value) with bytes in base64, or (name, [inner fields])."""
    def write(items):
        text = ""
        for name, value in items:
            inner = write(value) if isinstance(value, list) else base64.b64encode(value).decode() if isinstance(value, bytes) else value
            text += f"<n:{name}>{inner}</n:{name}>"
        return text

    about = f"<a:RelatesTo>{relates}</a:RelatesTo>" if relates else f"<a:MessageID>{message}</a:MessageID>"
    return (f'<s:Envelope xmlns:s="{ENVELOPE}" xmlns:a="{ADDRESSING}" xmlns:n="urn:nameplate:{service}:1"><s:Header>{about}</s:Header>'
            f"<s:Body><n:{element}>{write(fields)}</n:{element}></s:Body></s:Envelope>").encode()


class Node:
    def __init__(self, center, root, folder, number, identity=None):
        self.number = number
        self.folder = pathlib.Path(folder) / number
        self.identity = identity or (str(self.folder / "cert.pem"), str(self.folder / "key.pem"))
        self.peer = Peer(center, "field", root, self.identity)
        der = subprocess.run(["openssl", "x509", "-in", self.identity[0], "-outform", "DER"], capture_output=True, check=True).stdout
        self.fingerprint = fingerprint(der)
        self.token, self.nonce, self.receipts = "", secrets.token_hex(8), []
        self.shown, self.letters, self.challenge = "", 0, ""
        self.epoch, self.boots, self.sequence, self.counters = 1, 0, 0, {"copy": 100, "print": 7}

    def remember(self, other):
        """What the memory of `other` says now."""
        for name in ("token", "nonce", "letters", "sequence", "epoch"):
            setattr(self, name, getattr(other, name))
        return self

    # --- Letters ---

    def sign(self, message):
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.identity[1]], input=message, capture_output=True, check=True).stdout

    def presence(self, signed=False):
        p = {"deviceNumber": self.number, "token": self.token, "nonce": self.nonce, "fingerprint": self.fingerprint, "version": "1.0",
             "letters": self.letters, "challenge": self.challenge}
        self.shown = self.token
        if signed:
            p["signature"] = self.sign(letter("presence", self.number, self.token, self.nonce, self.fingerprint, "1.0", self.letters,
                                              self.challenge))
        return p

    def place(self, maker=""):
        """The next of its letters, under the presence that goes out with it; a gateway's own program counts its own."""
        self.letters += not maker
        self.own = getattr(self, "own", 0) + bool(maker)
        return ("", self.own, maker) if maker else (self.token, self.letters, "")

    def call(self, operation, fields, limit=600, number=None, message=None, maker="", place=None):
        message, number = message or f"urn:uuid:{uuid.uuid4()}", number or self.number
        xml = envelope("center", operation, message, fields)
        token, serial, maker = place or self.place(maker)
        return {"id": message, "deviceNumber": number, "limit": limit, "envelope": xml, "token": token, "serial": serial, "maker": maker,
                "signature": self.sign(letter("call", message, number, limit, xml, token, serial, maker))}

    def answer(self, call, element, fields, kind="response", after=0):
        xml = envelope("remote", element, None, fields, relates=call.id) if kind == "response" else b""
        token, serial, maker = self.place() if kind == "response" else (self.token, 0, "")
        a = {"id": call.id, "deviceNumber": self.number, "kind": kind, "token": token, "serial": serial,
             "signature": self.sign(letter("answer", call.id, self.number, kind, after, xml, token, serial, maker))}
        return a | ({"envelope": xml} if kind == "response" else {"after": after})

    def reading(self, **changes):
        """The next one, numbered and kept, as the device's NVRAM does."""
        self.sequence += 1
        r = {"epoch": self.epoch, "boots": self.boots, "sequence": self.sequence} | changes
        self.boots = 0
        return [("deviceNumber", self.number)] + list(r.items()) + [("counter", [("name", n), ("value", v)]) for n, v in self.counters.items()]

    # --- Exchanges ---

    def exchange(self, presences=None, calls=(), answers=(), wait=0):
        """Takes the new token, and receipts whatever came with the next exchange."""
        own = presences is None
        reply = self.peer.call("Exchange", soap="1.2", presence=[self.presence()] if own else presences, call=list(calls),
                               answer=list(answers), receipt=self.receipts, wait=wait)
        self.receipts = [{"id": c.id, "what": "call", "accepted": True} for c in reply.call]
        self.receipts += [{"id": a.id, "what": "delay" if a.kind == "delay" else "answer", "accepted": True} for a in reply.answer]
        for session in reply.session:
            if own and session.state == "challenged" and session.nonce == self.nonce and session.challenge != self.challenge:
                self.challenge = session.challenge  # we are here now
                return self.exchange(presences, calls, answers, wait)
            if session.deviceNumber == self.number and session.token:
                assert session.nonce == self.nonce
                self.token, self.nonce, self.challenge = session.token, secrets.token_hex(8), ""
        return reply

    def admitted(self, tries=100):
        """Until the centre has heard of this identity from the CA; the last reply."""
        from zeep.exceptions import Fault
        while True:
            try:
                return self.exchange()
            except Fault as fault:
                tries -= 1
                if tries == 0:
                    raise
                time.sleep(0.2)


def say(*words):
    print(*words, flush=True)


def only(items):
    items = list(items)
    assert len(items) == 1, items
    return items[0]


if __name__ == "__main__":
    take_packs(*sys.argv[1:5], sys.argv[5].split(","), sys.argv[6].split(",") if len(sys.argv) > 6 else None)
