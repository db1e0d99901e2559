#!/usr/bin/env python3
"""A small HTTP proxy that knows only CONNECT: connect_proxy.py [USER:PASSWORD]. Prints its port, then one line for each
request: what was asked, and the answer's status."""
import base64
import select
import socket
import sys
import threading

LOGIN = sys.argv[1] if len(sys.argv) > 1 else None


def relay(a, b):
    ends = {a: b, b: a}
    while True:
        for end in select.select([a, b], [], [])[0]:
            data = end.recv(65536)
            if not data:
                return
            ends[end].sendall(data)


def serve(client):
    with client:
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(4096)
            if not piece or len(head) > 8192:
                return
            head += piece
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:] if line)}
        wanted = LOGIN and "Basic " + base64.b64encode(LOGIN.encode()).decode()
        status = 405 if method != "CONNECT" else 407 if wanted and headers.get("proxy-authorization") != wanted else 200
        sys.stdout.write(f"{method} {target} {status}\n")  # one write, so that two threads' lines stay whole
        sys.stdout.flush()
        if status != 200:
            client.sendall(b"HTTP/1.1 %d no\r\nContent-Length: 0\r\n\r\n" % status)
            return
        host, _, port = target.rpartition(":")
        with socket.create_connection((host, int(port))) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            relay(client, server)


def guarded(client):
    try:
        serve(client)
    except OSError:
        pass


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        threading.Thread(target=guarded, args=(listener.accept()[0],), daemon=True).start()


main()
