#!/usr/bin/python3
"""A foreign SOAP client against the CA: enrols, asks for identities, repeats itself, is refused.

    zeep_ca.py URL ROOT TOKEN FOLDER

The CA knows an order of five devices 3012-000001 and on for the factory of the token. F-3, F-4, F-5."""
import sys

from zeep_peer import Peer, check_pack, enrol

url, root, token, folder = sys.argv[1:]
NUMBERS = ["3012-000001", "3012-000002", "3012-000003"]


def certificates(answer):
    return [(item.deviceNumber, item.order, item.pack) for item in answer]


def wanted(*numbers):
    return [{"deviceNumber": number} for number in numbers]


anonymous = Peer(url, "ca", root)
refused = anonymous.fault("CertificateTransmissionRequest", certificate=wanted(NUMBERS[0]))
assert refused.error in ("NOT_ALLOWED", "NOT_AUTHENTICATED"), refused
answer, identity = enrol(anonymous, token, folder)
assert answer.role == "factory", answer
refused = anonymous.fault("EnrolmentRequest", token=token, csr=b"0")
assert refused.error in ("BAD_TOKEN", "BAD_INPUT", "BAD_KEY"), refused

factory = Peer(url, "ca", root, identity)
first = certificates(factory.call("CertificateTransmissionRequest", message="urn:uuid:zeep-1", certificate=wanted(*NUMBERS)))
assert [number for number, _, _ in first] == NUMBERS, first
for number, _, pack in first:
    check_pack(pack, number, root, folder)
assert len({pack for _, _, pack in first}) == 3
print("3 packs, each with an identity that openssl accepts")

for soap in ("1.1", "1.2"):
    again = factory.call("CertificateTransmissionRequest", message="urn:uuid:zeep-1", soap=soap, certificate=wanted(*NUMBERS))
    assert certificates(again) == first, "another answer to the same request"
print("the same request, the same packs, byte for byte")

for numbers, error in [(("3012-000001",), "LIVE_IDENTITY"), (("9999-000001",), "NO_ORDER"), (("3012-000004", "9999-000001"), "NO_ORDER")]:
    fault = factory.fault("CertificateTransmissionRequest", certificate=wanted(*numbers))
    assert (fault.error, fault.action) == (error, "refuse"), fault
    assert numbers[-1] in fault.reason, fault
fault = factory.fault("CertificateTransmissionRequest", soap="1.2", certificate=wanted("9999-000001"))
assert fault.error == "NO_ORDER", fault
print("typed faults name the number and why")

account = factory.call("AccountRequest")[0]
assert account.issued == 3 and account.onHand == 3 and account.quantity == 5, account
assert factory.call("ReceiptConfirmation", request="urn:uuid:zeep-1") is True
fault = factory.fault("CertificateTransmissionRequest", message="urn:uuid:zeep-1", certificate=wanted(*NUMBERS))
assert (fault.error, fault.action) == ("CONFLICT", "refuse"), fault
print("once confirmed, the keys are gone and the request is refused")
print("ok")
