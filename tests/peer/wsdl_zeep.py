#!/usr/bin/python3
"""zeep loads the WSDL of every service, builds a request of every operation in both SOAP versions, and our reader
must say what zeep put in; what we answer with (a typed fault) zeep must understand. Argument: soap_codec."""
import subprocess
import sys

from lxml import etree
from zeep import Client, wsa
from zeep.exceptions import Fault
from zeep.transports import Transport

CODEC = sys.argv[1]
SERVICES = ["ca", "factory", "station", "device"]
VALUES = {
    "deviceNumber": ("3012-000123", "3012-000123"),
    "bytes": (b"\x00\xffkey", "00ff6b6579"),
    "long": (-42, "-42"),
    "flag": (True, "true"),
    "text": ("<ü & \"x\">", "<ü & \"x\">"),
}


def codec(*arguments, text=b"", status=0):
    run = subprocess.run([CODEC, *arguments], input=text, capture_output=True, timeout=60)
    assert run.returncode == status, (arguments, run.stdout, run.stderr)
    return run.stdout


class OneDocument(Transport):
    """Gives the WSDL for any address: no network."""

    def __init__(self, wsdl):
        super().__init__()
        self.wsdl = wsdl

    def load(self, url):
        return self.wsdl


def sample(element, path, expected):
    """A value for a schema element, and the lines that our reader should print for it."""
    kind = element.type
    if kind.name not in VALUES:
        items = []
        for i in range(2):
            items.append({name: sample(inner, f"{path}{element.name}[{i}].", expected) for name, inner in kind.elements})
        return items
    value, printed = VALUES[kind.name]
    expected.append(f"{path}{element.name}={printed}")
    return value


def requests_of(service):
    wsdl = codec("wsdl", service)
    subprocess.run(["xmllint", "--noout", "-"], input=wsdl, check=True, timeout=60)
    client = Client("https://nowhere.invalid/soap?wsdl", transport=OneDocument(wsdl))
    ports = next(iter(client.wsdl.services.values())).ports
    assert sorted(ports) == [f"{service}-soap11", f"{service}-soap12"], ports
    for version in ("1.1", "1.2"):
        port = f"{service}-soap{version.replace('.', '')}"
        bound = client.bind(service, port)
        for name, operation in sorted(bound._binding._operations.items()):
            yield client, bound, version, name, operation


def check_request(service, client, bound, version, name, operation):
    lines = []
    arguments = {key: sample(element, "", lines) for key, element in operation.input.body.type.elements}
    envelope = client.create_message(bound, name, **arguments)
    envelope, _ = wsa.WsAddressingPlugin().egress(envelope, {}, operation, {"address": "https://nowhere.invalid/soap"})
    told = codec("request", service, text=etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")).decode().splitlines()
    message_id = envelope.find(".//{http://www.w3.org/2005/08/addressing}MessageID").text
    want = [f"version={version}", f"message_id={message_id}", "relates_to=", "reply_to=", f"operation={name}"] + lines
    assert told == want, (service, name, version, told, want)


def check_fault(client, bound, version, operation):
    class Answer:
        status_code = 500
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        encoding = "utf-8"
        content = codec("fault", version, "NO_ORDER", "3012-000123 is in no production order")

    try:
        bound._binding.process_reply(client, operation, Answer())
    except Fault as fault:
        assert fault.message == "3012-000123 is in no production order", fault.message
        detail = fault.detail.find("{urn:nameplate:fault:1}fault")
        typed = client.get_element("{urn:nameplate:fault:1}fault").parse(detail, client.wsdl.types)
        assert (typed.error, typed.action) == ("NO_ORDER", "refuse"), typed
        return
    raise AssertionError("no fault")


def main():
    count = 0
    for service in SERVICES:
        for client, bound, version, name, operation in requests_of(service):
            check_request(service, client, bound, version, name, operation)
            check_fault(client, bound, version, operation)
            if version == "1.1":
                print(f"{service}: {operation}")
            count += 1
    print(f"{count} requests built by zeep and read by us")
    assert count >= 2 * 20


main()
