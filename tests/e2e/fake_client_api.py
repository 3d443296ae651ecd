# SPDX-License-Identifier: Apache-2.0
"""A Coordinator's client API for tests of the command line: a PKI of its own, quotes of a simulated
platform, both generations of the API, and a log of everything that it was asked."""

import base64
import datetime
import hashlib
import http.server
import ipaddress
import json
import ssl
import subprocess
import threading
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

STATUS = {2: "Coordinator is ready to accept a manifest.",
          3: "Coordinator is running correctly and ready to accept marbles."}
LOG_LINE = ('{"time":"2021-09-30T12:00:00.000+0000","update":"SecurityVersion increased",'
            '"user":"u","package":"backend","new version":5}')
DAY = datetime.timedelta(days=1)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


def issue(name, key, issuer_name, issuer_key, names=("localhost", "127.0.0.1"), expired=False):
    now = datetime.datetime.utcnow()
    start, end = (now - 2 * DAY, now - DAY) if expired else (now - DAY, now + 365 * DAY)
    alt_names = [x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n)
                 for n in names]
    common_name = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, n)])
                   for n in (name, issuer_name)]
    return (x509.CertificateBuilder()
            .subject_name(common_name[0]).issuer_name(common_name[1])
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(start).not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName(alt_names), False)
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(x509.KeyUsage(True, False, False, False, False, True, False, False,
                                         False), True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH,
                                                  ExtendedKeyUsageOID.CLIENT_AUTH]), False)
            .sign(issuer_key, hashes.SHA256()))


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, method):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        coordinator = self.server.coordinator
        coordinator.requests.append((method, self.path, body))
        status, text = coordinator.respond(method, self.path, body)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
        coordinator.answered()

    def do_GET(self):
        self.answer("GET")

    def do_POST(self):
        self.answer("POST")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def finish_request(self, request, client_address):
        """The handshake belongs to the thread of the connection, and may fail."""
        try:
            tls = self.coordinator.tls.wrap_socket(request, server_side=True)
        except (ssl.SSLError, OSError):
            return
        with tls:
            super().finish_request(tls, client_address)

    def handle_error(self, request, client_address):
        pass


class Coordinator:
    """Attributes may be changed at any time between requests."""

    def __init__(self, folder, make_quote, *, names=("localhost", "127.0.0.1"), expired=False):
        self.folder = folder
        self.make_quote = make_quote  # report data -> quote with header; None: simulation mode
        self.generations = {"v1", "v2"}
        self.manifest = None
        self.recovery_secrets = {}
        self.log = LOG_LINE + "\n"
        self.failures = {}  # path without /api/v2 -> status and body
        self.requests = []
        self.ignores_nonce = False
        self.later_tls = None  # takes the place of tls after the first answer
        self.root_key = ec.generate_private_key(ec.SECP256R1())
        self.intermediate_key = ec.generate_private_key(ec.SECP256R1())
        self.root = issue("MarbleRun Coordinator", self.root_key, "MarbleRun Coordinator",
                          self.root_key, names, expired)
        self.intermediate = issue("MarbleRun Coordinator - Intermediate CA",
                                  self.intermediate_key, "MarbleRun Coordinator", self.root_key)
        self.shown_root = self.root
        self.tls = self.context([self.root], self.root_key)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.coordinator = self
        self.port = self.server.server_address[1]
        self.address = f"localhost:{self.port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def context(self, chain, key):
        """A TLS server that shows these certificates."""
        path = self.folder / f"tls-{len(list(self.folder.iterdir()))}.pem"
        path.write_bytes(b"".join(pem(c) for c in chain) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def marble_tls(self):
        """A Marble, which has a certificate of the same authority for the same name."""
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = issue("marble", key, "MarbleRun Coordinator - Intermediate CA",
                     self.intermediate_key)
        return self.context([leaf, self.intermediate], key)

    def answered(self):
        if self.later_tls:
            self.tls = self.later_tls

    def chain(self):
        return pem(self.intermediate) + pem(self.shown_root)

    def fingerprint(self):
        return hashlib.sha256(self.manifest).hexdigest() if self.manifest is not None else ""

    def posts(self):
        return [r for r in self.requests if r[0] != "GET"]

    def respond(self, method, target, body):
        path, _, query = target.partition("?")
        is_v2 = path.startswith("/api/v2/")
        name = path.removeprefix("/api/v2")
        if ("v2" if is_v2 else "v1") not in self.generations:
            return self.envelope(405, "error", None)
        if name in self.failures:
            return self.failures[name]
        handler = getattr(self, f"{method.lower()}_{name.strip('/').replace('-', '_')}", None)
        return handler(is_v2, query, body) if handler else self.envelope(405, "error", None)

    @staticmethod
    def envelope(code, status, data, message=None):
        document = {"status": status, "data": data} | ({"message": message} if message else {})
        return code, json.dumps(document).encode() + b"\n"

    def success(self, data):
        return self.envelope(200, "success", data)

    def get_quote(self, is_v2, query, _):
        nonce = base64.urlsafe_b64decode(urllib.parse.parse_qs(query).get("nonce", [""])[0])
        if self.ignores_nonce:
            nonce = b""
        quote = None
        if self.make_quote:
            data = hashlib.sha256(der(self.shown_root) + nonce).digest()
            quote = base64.b64encode(self.make_quote(data)).decode()
        names = ("cert", "quote") if is_v2 else ("Cert", "Quote")
        return self.success(dict(zip(names, (self.chain().decode(), quote))))

    def get_status(self, is_v2, *_):
        code = 3 if self.manifest is not None else 2
        names = ("code", "message") if is_v2 else ("StatusCode", "StatusMessage")
        return self.success(dict(zip(names, (code, STATUS[code]))))

    def get_manifest(self, is_v2, *_):
        if self.manifest is None:
            if is_v2:
                return self.envelope(500, "error", None, "requested value not set")
            return self.success({"ManifestSignatureRootECDSA": None, "ManifestSignature": "",
                                 "Manifest": None})
        names = (("manifestFingerprint", "manifest") if is_v2
                 else ("ManifestSignature", "Manifest"))
        return self.success(dict(zip(names, (self.fingerprint(),
                                             base64.b64encode(self.manifest).decode()))))

    def post_manifest(self, is_v2, _, body):
        if self.manifest is not None:
            return self.envelope(500 if is_v2 else 400, "error", None,
                                 "server is not in expected state")
        self.manifest = base64.b64decode(json.loads(body)["manifest"]) if is_v2 else body
        if not is_v2 and not self.recovery_secrets:
            return self.success(None)
        return self.success({"RecoverySecrets": self.recovery_secrets})

    def get_update(self, is_v2, *_):
        return self.success({"updateLog": self.log.splitlines()} if is_v2 else self.log)


class Platform:
    """A simulated machine, and the enclave that the Coordinator runs in there."""

    def __init__(self, program, folder, *options):
        self.program = program
        self.folder = folder
        self.enclave = {"mrenclave": "e1" * 32, "mrsigner": "51" * 32, "prod-id": 3, "svn": 5}
        subprocess.run([program, "init", folder, *options], check=True, capture_output=True)

    def quote(self, report_data):
        options = [f"--{name}={value}" if value is not True else f"--{name}"
                   for name, value in self.enclave.items()]
        return subprocess.run([self.program, "quote", self.folder, "--open-enclave",
                               "--report-data", report_data.hex(), *options], check=True,
                              capture_output=True).stdout

    def flags(self):
        return ["--collateral", self.folder / "collateral",
                "--trust-root", self.folder / "root_ca.pem"]
