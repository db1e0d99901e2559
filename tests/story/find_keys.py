#!/usr/bin/env python3
"""find_keys.py DEVICES FOLDER...: takes the private keys out of the devices' flash images below DEVICES (P-256, stored
plain) and looks for each of them in every file of the folders: raw, in hex, in base64; and for any PKCS #8 or SEC 1
structure or PEM block of a private key in their databases. Prints what it finds; exit status 1 when it found one."""
import base64
import pathlib
import re
import sys

SEC1 = bytes.fromhex("020101 0420".replace(" ", ""))  # ECPrivateKey: version 1, OCTET STRING of 32 bytes
PKCS8 = bytes.fromhex("06072a8648ce3d020106082a8648ce3d030107")

keys = {}
for flash in sorted(pathlib.Path(sys.argv[1]).glob("devices-*/*/flash.bin")):
    data = flash.read_bytes()
    for m in re.finditer(re.escape(SEC1), data):
        keys[data[m.end():m.end() + 32]] = flash.parent.name
print(f"{len(keys)} keys lie in flash memories")

needles = {}
for key, name in keys.items():
    needles[key[:12]] = name
    needles[key.hex()[:12].encode()] = name
    needles[key.hex().upper()[:12].encode()] = name
    for skip in range(3):
        text = base64.b64encode(key[skip:skip + 30])
        needles[text[:12]] = name

found = []
files = 0
for folder in sys.argv[2:]:
    for path in sorted(p for p in pathlib.Path(folder).rglob("*") if p.is_file()):
        files += 1
        data = path.read_bytes()
        for i in range(len(data) - 11):
            name = needles.get(data[i:i + 12])
            if name is not None:
                found.append(f"{path}: the key of {name} at {i}")
        own = path.name in ("key.pem",) or path.suffix == ".key"  # of the program itself
        if not own and (re.search(rb"BEGIN ([A-Z]+ )?PRIVATE KEY", data) or (PKCS8 in data and SEC1 + b"" in data and b".db" in path.name.encode()
                        and re.search(re.escape(PKCS8) + rb".{0,12}" + re.escape(SEC1), data, re.S))):
            found.append(f"{path}: a private key structure")
print(f"{files} files searched")
print("\n".join(found[:20]))
sys.exit(1 if found or not keys else 0)
