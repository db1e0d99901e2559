#!/usr/bin/python3
"""A small MES: gives the production plan as CSV by HTTPS (F-1).

usage: mes.py FOLDER PLAN.csv     makes FOLDER/mes.pem (its own CA) when there is none, prints "ready mes HOST:PORT"."""
import http.server, os, ssl, subprocess, sys

folder, plan = sys.argv[1:3]
os.makedirs(folder, exist_ok=True)
certificate, key = os.path.join(folder, "mes.pem"), os.path.join(folder, "mes.key")
if not os.path.exists(certificate):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                    certificate, "-days", "30", "-subj", "/CN=mes", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        found = self.path == "/plan.csv"
        content = open(plan, "rb").read() if found else b"not here\n"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print("ready mes 127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
