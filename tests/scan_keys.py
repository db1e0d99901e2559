#!/usr/bin/python3
"""Looks for private keys in every file under the given folders (I14): PKCS #8 and SEC 1 in DER, PEM, base64, hex.

usage: scan_keys.py [--except NAME]... FOLDER...     (NAME: file names that may hold a key, e.g. key.pem)
Prints each find; exit status 1 when there is one. --self-test plants one of each kind and must find them all."""
import base64, os, re, subprocess, sys, tempfile

# What every private key of the kinds that we make begins with: version 0 or 1, then the algorithm's OID.
OIDS = {"EC": bytes.fromhex("06072a8648ce3d0201"), "RSA": bytes.fromhex("06092a864886f70d010101"), "Ed25519": bytes.fromhex("06032b6570")}
DER = re.compile(rb"\x30(?:[\x20-\x7f]|\x81.|\x82..)\x02\x01[\x00\x01]\x30(?:[\x05-\x7f])(?:" + b"|".join(map(re.escape, OIDS.values())) + rb")", re.S)
# SEC 1 ECPrivateKey inside of it: version 1, an octet string of 32 or 48 bytes, then a tagged part.
SEC1 = re.compile(rb"\x30[\x20-\x7f]\x02\x01\x01\x04(?:\x20.{32}|\x30.{48})[\xa0\xa1]", re.S)
PEM = re.compile(rb"-----BEGIN (?:EC |RSA )?PRIVATE KEY-----")
BASE64 = re.compile(rb"[A-Za-z0-9+/\r\n]{80,}={0,2}")
HEX = re.compile(rb"(?:[0-9a-fA-F]{2}){40,}")


def find_der(data):
    return DER.search(data) or SEC1.search(data)


def decoded(data):
    for match in BASE64.finditer(data):
        text = re.sub(rb"[\r\n=]", b"", match.group())
        for shift in range(4):  # the key may begin anywhere in a run of digits
            piece = text[shift:]
            yield base64.b64decode(piece[:len(piece) // 4 * 4])
    for match in HEX.finditer(data):
        for shift in range(2):
            piece = match.group()[shift:]
            yield bytes.fromhex(piece[:len(piece) // 2 * 2].decode())


def find(data):
    if PEM.search(data):
        return "PEM"
    if find_der(data):
        return "DER"
    if any(find_der(piece) for piece in decoded(data)):
        return "base64 or hex"
    return None


def scan(folders, excepted):
    finds = 0
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                if name in excepted or not os.path.isfile(path):
                    continue
                kind = find(open(path, "rb").read())
                if kind:
                    finds += 1
                    print(f"{path}: a private key ({kind})")
    return finds


def self_test():
    key = subprocess.run("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -outform DER", shell=True, check=True,
                         capture_output=True).stdout
    pem = subprocess.run("openssl genpkey -algorithm ed25519", shell=True, check=True, capture_output=True).stdout
    noise = os.urandom(200)
    samples = {"der": noise + key + noise, "pem": b"x" + pem, "base64": b'<pack>' + base64.b64encode(noise + key) + b"</pack>",
               "base64-shifted": b"A" + base64.b64encode(key), "hex": b"key=" + key.hex().encode(), "clean": noise * 50}
    with tempfile.TemporaryDirectory() as folder:
        for name, content in samples.items():
            open(os.path.join(folder, name), "wb").write(content)
        found = scan([folder], [])
    print("self-test:", found, "of", len(samples) - 1)
    return 0 if found == len(samples) - 1 else 1


def main():
    args, excepted, folders = sys.argv[1:], [], []
    if args == ["--self-test"]:
        return self_test()
    while args:
        arg = args.pop(0)
        excepted.append(args.pop(0)) if arg == "--except" else folders.append(arg)
    return 1 if scan(folders, excepted) else 0


sys.exit(main())
