#!/usr/bin/python3
"""Devices and a gateway, played by a foreign SOAP client, against the real centre.

    field_story.py SCENARIO CENTER-URL BUILD DIR

DIR has ca/, center/ and nodes/NUMBER/; the commands of `nameplate center` are those of its operators. M-1 to M-6, M-8."""
import hashlib
import json
import os
import ssl
import subprocess
import sys
import threading
import time

from zeep.exceptions import Fault

from field_node import Node, envelope, letter, only, say
from zeep_peer import FAULT

scenario, url, build, folder = sys.argv[1:]
ROOT, NODES = f"{folder}/ca/root.crt", f"{folder}/nodes"
ONE, TWO, THREE, GATEWAY = "3012-000001", "3012-000002", "3012-000003", "3100-000001"


def nameplate(*args):
    done = subprocess.run([f"{build}/nameplate", *args], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, (args, done.stderr)
    return done.stdout


def center(*args):
    return nameplate("center", *args, "--dir", "center")


def node(number, **more):
    return Node(url, ROOT, NODES, number, **more)


def licensed(number, *flags):
    center("device", "add", number, *flags)
    center("agreement", "add", number)


def incidents(number):
    return json.loads(center("incidents", number, "--json"))


def kinds(number):
    rows = incidents(number)
    rows = rows if isinstance(rows, list) else next(v for v in rows.values() if isinstance(v, list))
    return {row["kind"] for row in rows}


def call(number, operation, *flags):
    """Adds a call; its id."""
    center("call", number, operation, *flags)
    return only_open(number)


def only_open(number):
    import sqlite3
    with sqlite3.connect(f"{folder}/center/center.db") as db:
        return db.execute("SELECT id FROM call WHERE number = ? ORDER BY seq DESC LIMIT 1", (number,)).fetchone()[0]


def rows(sql, *args):
    import sqlite3
    with sqlite3.connect(f"{folder}/center/center.db") as db:
        return db.execute(sql, args).fetchall()


def typed(peer, fault):
    detail = fault.detail.find(f"{{{FAULT}}}fault")
    return peer.client.get_element(f"{{{FAULT}}}fault").parse(detail, peer.client.wsdl.types)


def refused(node):
    try:
        node.exchange()
    except Fault as fault:
        return typed(node.peer, fault)
    raise AssertionError("the exchange should have been refused")


def calls_both_ways():
    """M-2, M-3, M-4, M-5"""
    licensed(ONE, "--interval", "7")
    device = node(ONE)
    session = only(device.admitted().session)
    assert (session.state, session.interval, len(session.token)) == ("admitted", 7, 32), session
    identifier = call(ONE, "counters")
    down = only(device.exchange().call)
    assert down.id == identifier and b"ChargeCounterRequest" in down.envelope and down.signature and len(down.signer) >= 2
    assert rows("SELECT state FROM call WHERE id = ?", identifier) == [("waiting",)]  # no receipt yet
    # It cannot answer at once: a delay notification, then the connection may close; the response comes on a later one.
    delayed = device.exchange(answers=[device.answer(down, None, None, kind="delay", after=30)])
    assert not delayed.call, "the call was receipted, and comes again"
    assert only(delayed.receipt).what == "delay"
    assert rows("SELECT state FROM call WHERE id = ?", identifier) == [("delayed",)]
    answer = device.answer(down, "ChargeCounterRequestResponse", device.reading())
    assert only(device.exchange(answers=[answer]).receipt).accepted
    assert only(device.exchange(answers=[answer]).receipt).accepted  # I10
    assert rows("SELECT state FROM call WHERE id = ?", identifier) == [("answered",)]
    assert rows("SELECT sequence, billable, verdict FROM reading WHERE number = ?", ONE) == [(1, 1, "follows")]
    # The other way: an event, a reading on the device's own schedule; each is answered once, however often it comes.
    event = device.call("EventReport", [("kind", "supply-low"), ("detail", "toner 8 %")])
    report = device.call("CounterReport", device.reading())
    reply = device.exchange(calls=[event, report])
    assert [(r.id, r.accepted) for r in reply.receipt] == [(event["id"], True), (report["id"], True)], reply.receipt
    assert [a.id for a in reply.answer] == [event["id"], report["id"]] and b"EventReportResponse" in reply.answer[0].envelope
    device.receipts = []  # lost: the answers come again, and the calls have no second effect
    again = device.exchange(calls=[event, report])
    assert [a.envelope for a in again.answer] == [a.envelope for a in reply.answer] and len(again.receipt) == 2
    assert not device.exchange().answer
    assert rows("SELECT kind, detail FROM event WHERE number = ?", ONE) == [("supply-low", "toner 8 %")]
    assert rows("SELECT sequence FROM reading WHERE number = ? ORDER BY id", ONE) == [(1,), (2,)]
    assert kinds(ONE) == set()


def readings_in_any_order():
    """Letters of two kinds in one exchange: the readings in them count in the order of their sequence. M-5"""
    licensed(ONE)
    device = node(ONE)
    device.admitted()
    call(ONE, "counters")
    down = only(device.exchange().call)
    first, second = device.reading(), device.reading()
    device.exchange(calls=[device.call("CounterReport", second)], answers=[device.answer(down, "ChargeCounterRequestResponse", first)])
    assert rows("SELECT sequence, billable FROM reading WHERE number = ? ORDER BY id", ONE) == [(1, 1), (2, 1)]


def waiting_is_prompt():
    """M-3: with `wait` a call is there at once; without one the reply comes when the time is over."""
    licensed(ONE)
    device = node(ONE)
    device.admitted()
    began = time.monotonic()
    assert not device.exchange(wait=2).call
    assert 1.5 < time.monotonic() - began < 10
    timer = threading.Timer(1.0, center, ["call", ONE, "information"])
    timer.start()
    began = time.monotonic()
    assert b"DeviceInformationRequest" in only(device.exchange(wait=30).call).envelope
    assert time.monotonic() - began < 15
    timer.join()


def nobody_speaks_for_another():
    """M-6: the number comes from the certificate, never from the message."""
    licensed(ONE)
    licensed(TWO)
    one, two = node(ONE), node(TWO)
    one.admitted()
    two.admitted()
    for answer in (two.exchange(presences=[one.presence()]), ):
        assert (only(answer.session).state, only(answer.session).error) == ("refused", "NUMBER_MISMATCH"), answer
    report = two.call("CounterReport", one.reading(), number=ONE)
    receipt = only(two.exchange(calls=[report]).receipt)
    assert (receipt.accepted, receipt.error) == (False, "NUMBER_MISMATCH"), receipt
    # Its own letter, with the other's number in the envelope.
    inside = only(two.exchange(calls=[two.call("CounterReport", one.reading())]).answer)
    assert b"NUMBER_MISMATCH" in inside.envelope
    forged = two.call("EventReport", [("kind", "fault")])
    forged["envelope"] = forged["envelope"].replace(b"fault", b"start")
    receipt = only(two.exchange(calls=[forged]).receipt)
    assert (receipt.accepted, receipt.error) == (False, "BAD_SIGNATURE"), receipt
    # What only a gateway may send (soap/messages.h).
    agentless = two.call("AgentlessReport", [("deviceNumber", ONE), ("source", "snmp://192.0.2.7"), ("counter", [("name", "copy"), ("value", "1")])])
    receipt = only(two.exchange(calls=[agentless]).receipt)
    assert (receipt.accepted, receipt.error) == (False, "NOT_ALLOWED") and "AgentlessReport" in receipt.reason, receipt
    assert rows("SELECT count(*) FROM reading") == [(0,)] and rows("SELECT count(*) FROM event") == [(0,)]
    assert "other-number" in kinds(ONE) and {"bad-signature", "wrong-role"} <= kinds(TWO), (kinds(ONE), kinds(TWO))
    assert only(one.exchange().session).state == "admitted"


def without_an_agreement():
    """M-6, effect 1"""
    device = node(ONE)
    session = only(device.admitted().session)
    assert (session.state, session.error) == ("refused", "NO_AGREEMENT") and session.reason and not session.token, session
    receipt = only(device.exchange(calls=[device.call("EventReport", [("kind", "start")])]).receipt)
    assert (receipt.accepted, receipt.error) == (False, "NO_AGREEMENT"), receipt
    assert ONE in center("unlicensed") and "no-agreement" in kinds(ONE)
    center("agreement", "add", ONE)
    assert only(device.exchange().session).state == "admitted"
    assert ONE not in center("unlicensed")
    center("agreement", "suspend", ONE)
    assert only(device.exchange().session).error == "NO_AGREEMENT"


def a_copied_memory_is_found():
    """M-6: of two devices with one memory the second is found out at its first poll; so is an older memory."""
    for number, kind in ((ONE, "forked"), (TWO, "restored")):
        licensed(number)
        device, copy = node(number), node(number)
        device.admitted()
        copy.token, copy.letters = device.token, device.letters
        if kind == "restored":  # the nonce lies beside the token: what was put back shows both
            copy.nonce = device.nonce
        assert only(device.exchange().session).state == "admitted"
        if kind == "restored":
            assert only(device.exchange().session).state == "admitted"
        session = only(copy.exchange().session)
        assert (session.state, session.error) == ("refused", "QUARANTINED"), session
        receipt = only(device.exchange(calls=[device.call("EventReport", [("kind", "start")])]).receipt)
        assert (receipt.accepted, receipt.error) == (False, "QUARANTINED"), receipt
        assert kind in kinds(number), kinds(number)
        center("quarantine", "release", number, "--reason", "the copy was destroyed")
        assert only(device.exchange().session).state == "admitted"


def a_reply_that_was_lost():
    """M-3, I10: the same presence again gets the same token, as often as it takes."""
    licensed(ONE)
    device = node(ONE)
    device.admitted()
    token, nonce = device.token, device.nonce
    first = only(device.exchange().session).token
    for _ in range(3):
        device.token, device.nonce = token, nonce
        assert only(device.exchange().session).token == first
    assert only(device.exchange().session).state == "admitted" and kinds(ONE) == set()


def a_counter_that_goes_back():
    """M-5: into quarantine with the evidence, and never billed."""
    licensed(ONE)
    device = node(ONE)
    device.admitted()
    device.exchange(calls=[device.call("CounterReport", device.reading())])
    device.counters["copy"] = 99
    answer = only(device.exchange(calls=[device.call("CounterReport", device.reading())]).answer)
    assert b"COUNTER_CHAIN" in answer.envelope
    assert rows("SELECT sequence, billable, verdict FROM reading ORDER BY id") == [(1, 1, "follows"), (2, 0, "counter-back")]
    session = only(device.exchange().session)
    assert (session.state, session.error) == ("refused", "QUARANTINED")
    assert "counter-back" in kinds(ONE) and "lower" in center("incidents", ONE)


def a_presence_that_comes_late():
    """M-3, M-6: it lay in a gateway's queue while its device went on somewhere else; that is counted, and accuses nobody. The same
    bytes out of an older memory do, as somebody is there to answer."""
    licensed(GATEWAY, "--kind", "gateway")
    licensed(ONE, "--gateway", GATEWAY)
    gateway, one = node(GATEWAY), node(ONE)
    gateway.admitted()
    one.admitted()
    queued, kept = one.presence(signed=True), node(ONE).remember(one)
    for _ in range(3):  # it has moved: this is its own line to the centre
        assert only(one.exchange().session).state == "admitted"
    for _ in range(2):
        late = only(gateway.exchange(presences=[queued]).session)
        assert (late.state, late.token, late.nonce) == ("challenged", None, queued["nonce"]) and late.signature, late
    assert kinds(ONE) == set() and only(one.exchange().session).state == "admitted"
    assert json.loads(center("device", "show", ONE, "--json"))["late"] == 2 and "2 presences came late" in center("device", "show", ONE)
    kept.challenge = late.challenge
    found = only(gateway.exchange(presences=[kept.presence(signed=True)]).session)
    assert (found.state, found.error) == ("refused", "QUARANTINED") and kinds(ONE) == {"restored"}, found
    # What comes late does not begin the new chain either.
    center("quarantine", "release", ONE, "--reason", "the old memory was destroyed")
    late = only(gateway.exchange(presences=[queued]).session)
    assert late.state == "challenged" and late.challenge != kept.challenge, late
    assert only(one.exchange().session).state == "admitted" and only(one.exchange().session).state == "admitted"
    # Nor does who is behind a gateway and is there now have to wait.
    assert only(gateway.exchange(presences=[one.presence(signed=True)]).session).state == "admitted"


def a_copy_that_shows_no_presence():
    """M-6: the flash with its key sends letters alone. They are refused, or their place is taken when the device comes again."""
    licensed(GATEWAY, "--kind", "gateway")
    for number in (ONE, TWO):
        licensed(number, "--gateway", GATEWAY)
    gateway, one, two = node(GATEWAY), node(ONE), node(TWO)
    gateway.admitted()
    for device in (one, two):
        device.admitted()
        assert only(device.exchange(calls=[device.call("EventReport", [("kind", "start")])]).receipt).accepted
    # Copied while the device stood still. It does not know under which presence it may speak now.
    copy = node(TWO).remember(two)
    early = only(copy.exchange(presences=[], calls=[copy.call("EventReport", [("kind", "fault")])]).receipt)
    assert (early.accepted, early.error) == (False, "BUSY"), early
    # It knows by another way: its letter takes the place of one that the device did not make.
    copy.letters = two.letters
    stolen = copy.call("EventReport", [("kind", "fault")], place=(two.shown, two.letters + 1, ""))
    assert only(gateway.exchange(presences=[], calls=[stolen]).receipt).accepted
    session = only(two.exchange().session)
    assert (session.state, session.error) == ("refused", "QUARANTINED") and kinds(TWO) == {"forked"}, session
    assert "did not make" in center("incidents", TWO)
    # Copied, and then the device went on: its first letter tells.
    for by in ("own", "gateway"):
        copy = node(ONE).remember(one)
        copy.token = one.shown
        assert only(one.exchange().session).state == "admitted" and only(one.exchange().session).state == "admitted"
        through = copy if by == "own" else gateway
        letter = copy.call("CounterReport", copy.reading())
        receipt = only(through.exchange(presences=[], calls=[letter]).receipt)
        assert (receipt.accepted, receipt.error) == (False, "QUARANTINED") and "forked" in kinds(ONE), receipt
        center("quarantine", "release", ONE, "--reason", "the copy was destroyed")
        assert only(one.exchange().session).state == "admitted"
        assert only(one.exchange(calls=[one.call("EventReport", [("kind", "start")])]).receipt).accepted
    assert rows("SELECT count(*) FROM reading") == [(0,)]


def revoked():
    """M-8: a revocation counts within 10 s, on open connections too, and for one that waits."""
    licensed(ONE)
    licensed(TWO)
    waiting, polling, ended = node(ONE), node(TWO), []
    waiting.admitted()
    polling.admitted()

    def wait():
        try:
            ended.append(waiting.exchange(wait=50))
        except Exception as error:
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    time.sleep(0.5)
    for number in (ONE, TWO):
        nameplate("ca", "revoke", number, "--dir", "ca")
    began = time.monotonic()
    thread.join(timeout=15)
    assert not thread.is_alive() and time.monotonic() - began < 12 and isinstance(ended[0], Exception), ended
    while not is_refused(polling):  # the connection stays open
        assert time.monotonic() - began < 12
        time.sleep(0.2)
    assert node_or_none(TWO) is None  # and no new one is let in
    assert {"bad-certificate", "revoked"} & kinds(TWO), kinds(TWO)


def is_refused(device):
    try:
        device.exchange()
    except (Fault, OSError) as error:
        say("refused:", type(error).__name__)
        return True
    return False


def node_or_none(number):
    try:
        return node(number)
    except Exception:
        return None


def not_known_yet():
    """An identity that the CA has not told of: come again; no device is admitted by it."""
    device = node(THREE)
    fault = refused(device)
    assert fault.error == "BUSY" and fault.action == "retry", fault


def through_a_gateway():
    """M-1: for numbers that are bound to it, and with letters that it cannot make."""
    licensed(GATEWAY, "--kind", "gateway")
    licensed(ONE, "--gateway", GATEWAY)
    licensed(TWO)
    gateway, one, two = node(GATEWAY), node(ONE), node(TWO)
    gateway.admitted()
    reply = gateway.exchange(presences=[gateway.presence(), one.presence(signed=True), two.presence(signed=True)])
    sessions = {s.deviceNumber: s for s in reply.session}
    assert sessions[ONE].state == "admitted" and sessions[ONE].signature and len(sessions[ONE].signer) >= 2, sessions[ONE]
    assert (sessions[TWO].state, sessions[TWO].error) == ("refused", "NOT_BOUND"), sessions[TWO]
    gateway_token = sessions[GATEWAY]
    gateway.token = gateway_token.token
    one.token, one.nonce = sessions[ONE].token, "next"
    unsigned = only(gateway.exchange(presences=[one.presence()]).session)
    assert (unsigned.state, unsigned.error) == ("refused", "BAD_SIGNATURE"), unsigned
    report = one.call("CounterReport", one.reading())
    early = gateway.exchange(presences=[], calls=[report])
    assert (only(early.receipt).accepted, only(early.receipt).error) == (False, "BUSY") and not early.answer  # its presence did not come yet
    reply = gateway.exchange(presences=[one.presence(signed=True)], calls=[report])
    assert only(reply.receipt).accepted and only(reply.answer).deviceNumber == ONE
    claimed = gateway.call("CounterReport", one.reading(), number=ONE, place=one.place())  # in the device's name, with the gateway's key
    assert only(gateway.exchange(presences=[], calls=[claimed]).receipt).error == "BAD_SIGNATURE"
    call(ONE, "counters")
    down = only(gateway.exchange(presences=[], wait=5).call)
    assert down.deviceNumber == ONE
    one.sequence -= 1  # the claimed one was never made
    assert only(gateway.exchange(presences=[], answers=[one.answer(down, "ChargeCounterRequestResponse", one.reading())]).receipt).accepted
    assert rows("SELECT sequence, via, billable FROM reading WHERE number = ? ORDER BY id", ONE) == [(1, GATEWAY, 1), (2, GATEWAY, 1)]
    assert "not-bound" in kinds(TWO) and "bad-signature" in kinds(ONE)
    # A device without an agent, read by its gateway.
    licensed("3020-000001", "--kind", "agentless", "--gateway", GATEWAY, "--address", "192.0.2.9")
    for value, word in ((500, b"accepted"), (400, b"COUNTER_CHAIN")):
        agentless = gateway.call("AgentlessReport", [("deviceNumber", "3020-000001"), ("source", "snmp://192.0.2.9"),
                                                     ("counter", [("name", "print"), ("value", value)])], maker="gateway")
        assert word in only(gateway.exchange(presences=[], calls=[agentless]).answer).envelope
    assert rows("SELECT billable FROM reading WHERE number = '3020-000001' ORDER BY id") == [(1,), (0,)]


def scrapped():
    """M-8: what the centre scraps is revoked at the CA, and refused from then on."""
    licensed(ONE)
    device = node(ONE)
    device.admitted()
    center("device", "scrap", ONE, "--reason", "fell off the lorry")
    for _ in range(75):
        if "revoked" in nameplate("ca", "show", ONE, "--dir", "ca"):
            break
        time.sleep(0.2)
    else:
        raise AssertionError(nameplate("ca", "show", ONE, "--dir", "ca"))
    time.sleep(3)  # the lists come every two seconds
    try:
        refused = only(device.exchange().session)
        assert refused.state == "refused", refused
    except (Fault, OSError) as error:
        say("refused:", type(error).__name__)


def renewed():
    """M-8: a new key, asked for with the old one; the CA signs, the confirmation ends the old one."""
    licensed(ONE)
    device = node(ONE)
    device.admitted()
    time.sleep(3)  # the CA has told that it is in the field
    key = device.folder / "new.key"
    csr = request_of(ONE, key)
    request = device.call("RenewalRequest", [("csr", csr)])
    reply = device.exchange(calls=[request])
    assert only(reply.receipt).accepted and only(reply.answer).kind == "delay", reply
    answer = later(device)
    document = etree.fromstring(answer.envelope)
    parts = [base64.b64decode(e.text) for e in document.iter("{urn:nameplate:center:1}certificate", "{urn:nameplate:center:1}der")]
    assert len(parts) >= 2, answer.envelope
    (device.folder / "new.pem").write_bytes(b"".join(pem(p) for p in parts))
    fresh = node(ONE, identity=(str(device.folder / "new.pem"), str(key)))
    fresh.remember(device).receipts = device.receipts
    unconfirmed(fresh, only(fresh.admitted().session))
    confirmation = fresh.call("RenewalConfirmation", [("fingerprint", fresh.fingerprint)])
    assert only(fresh.exchange(calls=[confirmation]).answer).kind == "delay"
    assert b"accepted" in later(fresh).envelope
    time.sleep(5)
    try:
        device.exchange()
        raise AssertionError("the old identity still counts")
    except (Fault, OSError) as error:
        say("the old one:", type(error).__name__)
    assert only(fresh.exchange().session).state == "admitted"
    assert only(fresh.exchange(calls=[fresh.call("EventReport", [("kind", "fault")])]).receipt).accepted
    assert rows("SELECT state FROM call WHERE operation = 'DeviceInformationRequest'") == [("taken",)]  # it went down then
    assert rows("SELECT kind FROM event") == [("fault",)] and rows("SELECT count(*) FROM reading") == [(0,)]


def unconfirmed(fresh, session):
    """Beside the one before it an identity may say that it is there, and nothing else."""
    assert (session.state, session.error, session.token) == ("refused", "UNCONFIRMED", fresh.token), session
    identifier = call(ONE, "information")
    calls = [fresh.call("EventReport", [("kind", "start")]), fresh.call("CounterReport", fresh.reading()),
             fresh.call("ProgramPartRequest", [("version", "1"), ("offset", "0")]), fresh.call("RenewalRequest", [("csr", b"x")])]
    reply = fresh.exchange(calls=calls, answers=[{"id": identifier, "deviceNumber": ONE, "kind": "delay", "after": 5}])
    assert len(reply.receipt) == 5 and not reply.call, reply
    for receipt in reply.receipt:
        assert (receipt.accepted, receipt.error) == (False, "UNCONFIRMED"), receipt
    assert rows("SELECT count(*) FROM event") == [(0,)] and rows("SELECT state FROM call WHERE id = ?", identifier) == [("waiting",)]


def two_workers():
    """Devices come to one worker, operators to the other, which is also the one that asks the CA."""
    licensed(ONE)
    device = node(ONE)
    device.admitted()
    device.exchange()
    timer = threading.Timer(1.0, center, ["call", ONE, "information"])
    timer.start()
    began = time.monotonic()
    assert b"DeviceInformationRequest" in only(device.exchange(wait=30).call).envelope
    assert time.monotonic() - began < 15  # told by the other worker, not found when the time was over
    timer.join()
    report = device.call("CounterReport", device.reading())
    assert only(device.exchange(calls=[report]).receipt).accepted
    time.sleep(3)  # the CA has told that it is in the field
    request = device.call("RenewalRequest", [("csr", request_of(ONE, device.folder / "new.key"))])
    assert only(device.exchange(calls=[request]).answer).kind == "delay"
    began = time.monotonic()
    assert b"certificate" in later(device).envelope
    assert time.monotonic() - began < 15
    assert len(json.loads(center("counters", ONE, "--json"))) > 0 and kinds(ONE) == set()


def expired():
    """M-8: an identity that is over may ask to be renewed, and nothing else; without an agreement not that."""
    device = node(ONE)
    time.sleep(max(0, end_of(device) - time.time()) + 0.5)
    licensed(ONE)
    session = only(device.admitted().session)
    assert (session.state, session.error, session.token) == ("refused", "EXPIRED", device.token), session
    calls = [device.call("EventReport", [("kind", "start")]), device.call("CounterReport", device.reading()),
             device.call("RenewalConfirmation", [("fingerprint", device.fingerprint)])]
    for receipt in device.exchange(calls=calls).receipt:
        assert (receipt.accepted, receipt.error) == (False, "UNKNOWN_IDENTITY") and "expired" in receipt.reason, receipt
    assert "expired" not in kinds(ONE) and rows("SELECT count(*) FROM event") == [(0,)]
    center("agreement", "suspend", ONE)
    request = device.call("RenewalRequest", [("csr", request_of(ONE, device.folder / "new.key"))])
    reply = device.exchange(calls=[request])
    assert (only(reply.session).error, only(reply.receipt).error) == ("NO_AGREEMENT", "NO_AGREEMENT"), reply
    assert rows("SELECT count(*) FROM identity WHERE number = ?", ONE) == [(1,)]
    center("agreement", "resume", ONE)
    assert only(device.exchange(calls=[request]).receipt).accepted
    assert b"RenewalRequestResponse" in later(device).envelope


def end_of(device):
    text = subprocess.run(["openssl", "x509", "-in", device.identity[0], "-noout", "-enddate"], capture_output=True, text=True, check=True).stdout
    return ssl.cert_time_to_seconds(text.split("=")[1].strip())


def request_of(number, key):
    subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key], check=True)
    return subprocess.run(["openssl", "req", "-new", "-key", key, "-subj", f"/CN={number}/serialNumber={number}", "-outform", "DER"],
                          capture_output=True, check=True).stdout


def replaced():
    """M-8: a board that has only its bootstrap certificate gets the number when an operator approved; the old identity ends, the
    counters go on."""
    licensed(ONE)
    old = node(ONE)
    old.admitted()
    old.exchange(calls=[old.call("CounterReport", old.reading())])
    board = Node(url, ROOT, NODES, "board")
    csr = request_of(ONE, board.folder / "new.key")
    ask = {"deviceNumber": ONE, "boardId": "B-77", "csr": csr}
    assert board.peer.call("ReplacementRequest", **ask).state == "waiting"
    assert typed_refusal(board.peer, "Exchange", wait=0).error == "NOT_ALLOWED"  # it may ask for nothing else
    assert typed_refusal(board.peer, "ReplacementRequest", **(ask | {"deviceNumber": GATEWAY})).error == "NUMBER_MISMATCH"
    assert "B-77" in center("tickets")
    other = ask | {"csr": request_of(ONE, board.folder / "other.key")}  # all boards have this bootstrap certificate
    assert typed_refusal(board.peer, "ReplacementRequest", **other).error == "CONFLICT"
    spki = subprocess.run(["openssl", "pkey", "-in", board.folder / "new.key", "-pubout", "-outform", "DER"], capture_output=True, check=True).stdout
    center("device", "approve", ONE, "--fingerprint", hashlib.sha256(spki).hexdigest())
    assert board.peer.call("ReplacementRequest", **other).state == "waiting"  # and hides nothing from the first
    assert "second-board" in kinds(ONE)
    for _ in range(100):
        reply = board.peer.call("ReplacementRequest", **ask)
        if reply.state == "approved":
            break
        time.sleep(0.2)
    (board.folder / "new.pem").write_bytes(pem(reply.certificate) + b"".join(pem(i.der) for i in reply.issuer))
    fresh = node(ONE, identity=(str(board.folder / "new.pem"), str(board.folder / "new.key")))
    reply = fresh.admitted()
    assert only(reply.session).state == "admitted"
    down = [c for c in reply.call if b"CounterHandOver" in c.envelope]
    assert b">100<" in only(down).envelope  # the last counter of the old board
    fresh.sequence = 1
    fresh.exchange(answers=[fresh.answer(down[0], "CounterHandOverResponse", [("accepted", "true")])])
    fresh.exchange(calls=[fresh.call("CounterReport", fresh.reading())])
    assert rows("SELECT sequence, billable FROM reading ORDER BY id") == [(1, 1), (2, 1)]
    time.sleep(6)
    try:
        old.exchange()
        raise AssertionError("the old board still counts")
    except (Fault, OSError) as error:
        say("the old board:", type(error).__name__)
    assert only(fresh.exchange().session).state == "admitted"
    assert "replacement-issued" in center("audit", "list")


def other_roles():
    """M-6: the certificates of a factory server, of a board and of others' making are no identities: refused, and on record."""
    licensed(ONE)
    try:
        node("factory")
        raise AssertionError("a factory server was let in")
    except OSError as error:
        say("the factory server:", type(error).__name__)
    board = Node(url, ROOT, NODES, "board")
    presence = {"deviceNumber": ONE, "token": "", "nonce": "n", "fingerprint": board.fingerprint}
    assert typed_refusal(board.peer, "Exchange", presence=[presence]).error == "NOT_ALLOWED"
    for name in ("mine", "theirs"):  # made by nobody of ours, for a number of ours
        pair = f"{folder}/{name}.pem", f"{folder}/{name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3", "-subj",
                        f"/CN={ONE}/serialNumber={ONE}", "-out", pair[0], "-keyout", pair[1]], capture_output=True, check=True)
        try:
            node(ONE, identity=pair)
            raise AssertionError("a certificate of nobody's was let in")
        except OSError as error:
            say("nobody's certificate:", type(error).__name__)
    for _ in range(50):
        noted = rows("SELECT kind, by, sum(times) FROM incident GROUP BY kind, by ORDER BY by")
        if sum(times for _, _, times in noted) == 4:
            break
        time.sleep(0.1)
    assert noted == [("unknown-certificate", "", 2), ("wrong-role", "3012", 1), ("wrong-role", "line", 1)], noted
    assert "a certificate that is none of ours" in center("incidents")
    assert rows("SELECT count(*) FROM chain") == [(0,)]


def typed_refusal(peer, operation, **fields):
    try:
        peer.call(operation, **fields)
    except Fault as fault:
        return typed(peer, fault)
    raise AssertionError(f"{operation} should have been refused")


def killed():
    """I9: what was answered is durable; a kill -9 between answer and receipt loses and doubles nothing."""
    licensed(ONE)
    device = node(ONE)
    device.admitted()
    say("token", device.token, device.nonce)
    event = device.call("EventReport", [("kind", "fault"), ("detail", "1")])
    assert only(device.exchange(calls=[event, device.call("CounterReport", device.reading())]).session).state == "admitted"
    call(ONE, "counters")
    os.kill(int(open(f"{folder}/center.pid").read()), 9)
    for _ in range(200):
        if os.path.exists(f"{folder}/again"):
            break
        time.sleep(0.1)
    fresh = Node(open(f"{folder}/again").read().strip(), ROOT, NODES, ONE)
    fresh.remember(device)
    reply = fresh.exchange(calls=[event])
    assert only(reply.session).state == "admitted" and only(reply.receipt).accepted and len(reply.answer) == 2, reply
    assert b"ChargeCounterRequest" in only(reply.call).envelope
    fresh.exchange(answers=[fresh.answer(reply.call[0], "ChargeCounterRequestResponse", fresh.reading())])
    assert rows("SELECT sequence, billable FROM reading ORDER BY id") == [(1, 1), (2, 1)]
    assert rows("SELECT count(*) FROM event") == [(1,)] and kinds(ONE) == set()


def later(device):
    for _ in range(20):
        answers = [a for a in device.exchange(wait=5).answer if a.kind == "response"]
        if answers:
            return only(answers)
    raise AssertionError("no response")


if __name__ == "__main__":
    import base64

    from lxml import etree

    from zeep_peer import pem
    os.environ.pop("REQUESTS_CA_BUNDLE", None)
    globals()[scenario]()
    say("ok")
