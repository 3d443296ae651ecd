# SPDX-License-Identifier: Apache-2.0
"""Services with collateral: `graphene-platform serve` as a process, and one that is not ours, which can
be slow, lie and break off."""

import http.server
import ssl
import subprocess
import threading
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from fake_client_api import issue, pem
from sim_app import BUILD, PATIENCE

PLATFORM = BUILD / "bin/graphene-platform"
# endpoint: file, header, file of the header's chain
PARTS = {
    "tcb": ("tcb_info.json", "TCB-Info-Issuer-Chain", "tcb_info_issuer_chain.pem"),
    "qe/identity": ("qe_identity.json", "SGX-Enclave-Identity-Issuer-Chain",
                    "qe_identity_issuer_chain.pem"),
    "pckcrl": ("pck.crl", "SGX-PCK-CRL-Issuer-Chain", "pck_crl_issuer_chain.pem"),
    "rootcacrl": ("root_ca.crl", None, None),
    "pckcert": ("../pck.pem", "SGX-PCK-Certificate-Issuer-Chain", "pck_crl_issuer_chain.pem"),
}


def init(folder, *options):
    subprocess.run([PLATFORM, "init", folder, *options], check=True, capture_output=True)
    return folder


def sign_tcb_info(machine_folder, document, old, new):
    """The TCB info with a text replaced, signed as the authority of the machine does it."""
    body = document[len('{"tcbInfo":'):document.rindex(',"signature"')]
    assert old in body
    body = body.replace(old, new)
    key = serialization.load_pem_private_key(
        (machine_folder / "private/tcb_signing_key.pem").read_bytes(), None)
    r, s = decode_dss_signature(key.sign(body.encode(), ec.ECDSA(hashes.SHA256())))
    return f'{{"tcbInfo":{body},"signature":"{r:064x}{s:064x}"}}'


class Served:
    """`graphene-platform serve` for a machine; can be killed and started again at its address."""

    def __init__(self, machine_folder):
        self.folder, self.address = machine_folder, "127.0.0.1:0"
        self.ca = machine_folder / "pccs.pem"
        self.process = None

    def start(self):
        self.process = subprocess.Popen([PLATFORM, "serve", self.folder, "--listen", self.address],
                                        stdout=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        assert first.startswith("collateral of the SIMULATED platform: https://"), first
        self.address = first.split("/")[2]
        return self

    def url(self, version="v4", technology="sgx"):
        return f"https://{self.address}/{technology}/certification/{version}/"

    def stop(self):
        if self.process:
            self.process.terminate()
            assert self.process.wait(PATIENCE) == 0
            self.process.stdout.close()
            self.process = None


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.owner.answer(self)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def finish_request(self, request, client_address):
        self.owner.connected.set()
        self.owner.may_greet.wait(PATIENCE)
        try:
            tls = self.owner.tls.wrap_socket(request, server_side=True)
        except OSError:
            return
        with tls:
            super().finish_request(tls, client_address)

    def handle_error(self, request, client_address):
        pass


class Liar:
    """A PCCS in Python with the collateral in `collateral`. What it does to a part is in `lies`: a
    function of the handler, which answers in its own way if it returns True."""

    def __init__(self, folder, collateral):
        self.collateral, self.lies, self.asked = collateral, {}, []
        self.may_greet, self.may_answer = threading.Event(), threading.Event()
        self.may_greet.set()
        self.may_answer.set()
        self.connected, self.reached = threading.Event(), threading.Event()
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = issue("pccs", key, "pccs", key)
        self.ca = folder / "liar.pem"
        self.ca.write_bytes(pem(certificate))
        secret = folder / "liar_key.pem"
        secret.write_bytes(key.private_bytes(serialization.Encoding.PEM,
                                             serialization.PrivateFormat.PKCS8,
                                             serialization.NoEncryption()))
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(self.ca, secret)
        self.port, self.server = 0, None

    def start(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.owner = self
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()
        return self

    def stop(self):
        self.may_greet.set()
        self.may_answer.set()
        if self.server:
            self.server.shutdown()
            self.thread.join()
            self.server.server_close()
            self.server = None

    def url(self):
        return f"https://127.0.0.1:{self.port}/sgx/certification/v4/"

    def answer(self, handler):
        endpoint = urllib.parse.urlsplit(handler.path).path.split("/certification/v4/")[-1]
        self.asked.append(endpoint)
        self.reached.set()
        self.may_answer.wait(PATIENCE)
        lie = self.lies.get(endpoint)
        if lie and lie(handler):
            return
        if endpoint not in PARTS:
            handler.send_error(404)
            return
        self.send(handler, endpoint)

    def send(self, handler, endpoint, body=None, chain=None, length=True):
        name, header, chain_name = PARTS[endpoint]
        if body is None:
            body = (self.collateral / name).read_bytes()
        handler.send_response(200)
        if header:
            chain = chain or urllib.parse.quote((self.collateral / chain_name).read_text())
            handler.send_header(header, chain)
        if length:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)
