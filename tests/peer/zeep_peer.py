"""What the foreign SOAP clients share: zeep over mutual TLS with one root, enrolment, message ids, typed faults."""
import pathlib
import subprocess

import requests
from lxml import etree
from zeep import Client
from zeep.exceptions import Fault
from zeep.transports import Transport

ADDRESSING = "http://www.w3.org/2005/08/addressing"
FAULT = "urn:nameplate:fault:1"


def message_id(text):
    element = etree.Element(f"{{{ADDRESSING}}}MessageID")
    element.text = text
    return [element]


class Peer:
    """A service, called in one SOAP version; `identity` is (certificate with chain, key), both PEM files."""

    def __init__(self, url, name, root, identity=None):
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(root)
        self.session.cert = identity
        self.name = name
        self.client = Client(f"{url}/soap/{name}?wsdl", transport=Transport(session=self.session, timeout=30, operation_timeout=30))

    def call(self, operation, message=None, soap="1.1", **fields):
        service = self.client.bind(self.name, f"{self.name}-soap{soap.replace('.', '')}")
        headers = message_id(message) if message else None
        return getattr(service, operation)(**fields, _soapheaders=headers)

    def fault(self, operation, **fields):
        """The typed fault that this call must end in."""
        try:
            answer = self.call(operation, **fields)
        except Fault as fault:
            detail = fault.detail.find(f"{{{FAULT}}}fault")
            typed = self.client.get_element(f"{{{FAULT}}}fault").parse(detail, self.client.wsdl.types)
            assert typed.reason == fault.message, (typed, fault.message)
            return typed
        raise AssertionError(f"{operation} should have been refused, but: {answer}")


def pem(der):
    return subprocess.run(["openssl", "x509", "-inform", "DER"], input=der, capture_output=True, check=True).stdout


def enrol(peer, token, folder):
    """Makes a key, has it certified, and returns (certificate with chain, key)."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
    csr = subprocess.run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=zeep", "-outform", "DER"], capture_output=True, check=True).stdout
    answer = peer.call("EnrolmentRequest", token=token, csr=csr)
    cert.write_bytes(pem(answer.certificate) + b"".join(pem(issuer.der) for issuer in answer.issuer))
    return answer, (str(cert), str(key))


def der_elements(data):
    """The elements of a DER SEQUENCE, each whole."""
    def header(at):
        n, size = data[at + 1], 2
        if n & 0x80:
            size = 2 + (n & 0x7F)
            n = int.from_bytes(data[at + 2:at + size], "big")
        return size, n

    size, n = header(0)
    assert data[0] == 0x30 and size + n == len(data), "not one SEQUENCE"
    at, elements = size, []
    while at < len(data):
        head, length = header(at)
        elements.append(data[at:at + head + length])
        at += head + length
    return elements


def check_pack(pack, number, root, folder):
    """The pack (model/pack.h) holds an identity of this number that openssl accepts, and the key that fits it."""
    folder = pathlib.Path(folder)
    _, inner_number, inner_root, issuers, certificate, key = der_elements(pack)
    assert inner_number[2:].decode() == number, inner_number
    (folder / "leaf.pem").write_bytes(pem(certificate))
    (folder / "issuers.pem").write_bytes(b"".join(pem(issuer) for issuer in der_elements(issuers)))
    assert pem(inner_root) in pathlib.Path(root).read_bytes(), "another root"
    told = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", root, "-untrusted", folder / "issuers.pem", folder / "leaf.pem"],
                          capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    subject = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "multiline"], input=pem(certificate),
                             capture_output=True, check=True).stdout.decode()
    assert number in subject, subject
    public = subprocess.run(["openssl", "pkey", "-inform", "DER", "-pubout"], input=key, capture_output=True, check=True).stdout
    own = subprocess.run(["openssl", "x509", "-noout", "-pubkey"], input=pem(certificate), capture_output=True, check=True).stdout
    assert public == own, "the key is not the certificate's"
