"""A CA that leaves numbers out: empty_ca.py FOLDER PORT TIMES. With the key of the CA in FOLDER it answers so many
CertificateTransmissionRequests whole, but without a pack, and ends then; everything else gets status 500."""
import http.server, os, ssl, sys, tempfile

folder, port, times = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
ANSWER = (b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body>'
          b'<CertificateTransmissionRequestResponse xmlns="urn:nameplate:ca:1"/></e:Body></e:Envelope>')


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def read_body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def do_POST(self):
        global times
        asked = b"CertificateTransmissionRequest" in self.read_body()
        self.send_response(200 if asked else 500)
        self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
        self.send_header("Content-Length", str(len(ANSWER) if asked else 0))
        self.send_header("Connection", "close")
        self.end_headers()
        if asked:
            self.wfile.write(ANSWER)
            times -= 1

    def log_message(self, *_):
        pass


def read(*path):
    with open(os.path.join(folder, *path)) as file:
        return file.read()


server = http.server.HTTPServer(("127.0.0.1", port), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
with tempfile.NamedTemporaryFile("w", suffix=".pem") as chain:
    chain.write(read("identity", "cert.pem") + read("identity", "chain.pem"))
    chain.flush()
    context.load_cert_chain(chain.name, os.path.join(folder, "identity", "key.pem"), read("secret", "server-passphrase").strip())
server.socket = context.wrap_socket(server.socket, server_side=True)
print(f"ready ca 127.0.0.1:{server.server_address[1]}", flush=True)
while times > 0:
    server.handle_request()
