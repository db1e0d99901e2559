#!/usr/bin/python3
"""A foreign SOAP client as a station: enrols through the factory server, gets its pack, and is refused others'.

    zeep_factory.py URL ROOT TOKEN FOLDER NUMBER OTHER UNPLANNED

NUMBER and OTHER are in today's plan for this station's line and on hand, UNPLANNED is in no plan. F-10."""
import sys

from zeep_peer import Peer, check_pack, enrol

url, root, token, folder, number, other, unplanned = sys.argv[1:]

anonymous = Peer(url, "factory", root)
refused = anonymous.fault("PackRequest", deviceNumber=number, boardId="B-1")
assert refused.error in ("NOT_ALLOWED", "NOT_AUTHENTICATED"), refused
answer, identity = enrol(anonymous, token, folder)
assert answer.role == "station", answer

station = Peer(url, "factory", root, identity)
hello = station.call("StationHello", version="zeep")
assert any(model.model == number.split("-")[0] and model.identity for model in hello.model), hello
print(f"line {hello.line}")

pack = station.call("PackRequest", deviceNumber=number, boardId="B-1")
assert pack.deviceNumber == number and len(pack.nonce) == 16, pack
check_pack(pack.pack, number, root, folder)
again = station.call("PackRequest", soap="1.2", deviceNumber=number, boardId="B-1")
assert again.pack == pack.pack, "another pack for the same board"
print("one pack for one number, the same one when asked again")

fault = station.fault("PackRequest", deviceNumber=number, boardId="B-2")
assert fault.error in ("CONFLICT", "CLAIMED") and number in fault.reason, fault
fault = station.fault("PackRequest", deviceNumber=unplanned, boardId="B-3")
assert fault.error in ("NOT_PLANNED", "NO_IDENTITY_MODEL") and fault.action == "refuse", fault
print(f"typed fault: {fault.error}: {fault.reason}")

# What another board's identity cannot show is not believed: no proof, no write.
fault = station.fault("WriteResultReport", deviceNumber=number, fingerprint=b"\0" * 32, outcome="OK", proof=b"forged")
assert fault.action == "refuse", fault
assert station.call("PackRequest", deviceNumber=other, boardId="B-4").deviceNumber == other
print("ok")
