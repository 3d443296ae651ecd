# SPDX-License-Identifier: Apache-2.0
"""The Coordinator as a process, and peers of both its APIs that are not ours: requests and grpcio."""

import base64
import datetime
import json
import queue
import signal
import ssl
import subprocess
import threading
import uuid

import grpc
import requests
import sanitizers
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import fake_mesh

urllib3.disable_warnings()
PATIENCE = 60  # seconds until a process that does not do what it should fails the test


class Process:
    """Runs a Coordinator until stop; its log lines are parsed as they come."""

    def __init__(self, command, **options):
        self.lines, self.waiting = [], queue.Queue()
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"level": "", "msg": line.rstrip("\n")}
            self.lines.append(entry)
            self.waiting.put(entry)
        self.waiting.put(None)

    def wait_until(self, matches, what):
        """The first log entry that matches and was not seen yet."""
        while True:
            entry = self.waiting.get(timeout=PATIENCE)
            assert entry is not None, f"ended without {what!r}: {self.lines}"
            if matches(entry["msg"]):
                return entry

    def wait_for(self, message):
        return self.wait_until(lambda text: text == message, message)

    def wait_for_start(self, words):
        """What follows these words in the first such line that was not seen yet."""
        return self.wait_until(lambda text: text.startswith(words), words)["msg"][len(words):]

    def messages(self):
        return [entry["msg"] for entry in self.lines]

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self.reader.join()
        self.process.stderr.close()
        if status not in (0, -number):
            print("\n".join(str(entry) for entry in self.lines))  # shown when the test fails
        return status


class Coordinator:
    """Both APIs of one Coordinator; `command` starts it, `folder` keeps its state."""

    def __init__(self, command, environment, folder):
        self.command, self.folder = command, folder
        self.environment = {"EDG_COORDINATOR_CLIENT_ADDR": "127.0.0.1:0",
                            "EDG_COORDINATOR_MESH_ADDR": "127.0.0.1:0",
                            "EDG_COORDINATOR_SEAL_DIR": str(folder / "state"),
                            **sanitizers.OPTIONS, **environment}
        self.process = None

    def start(self, **environment):
        """Starts, and waits until both APIs are served."""
        self.process = Process(self.command, cwd=self.folder, env={**self.environment, **environment})
        self.client = self.process.wait_for("Starting client https server")["address"]
        self.mesh = self.process.wait_for("Started gRPC server")["grpcAddr"]
        return self

    def fail(self, *arguments, **environment):
        """Starts, and returns exit status and what was said, since it must not run."""
        result = subprocess.run([*self.command, *arguments], cwd=self.folder, text=True,
                                env={**self.environment, **environment}, capture_output=True,
                                timeout=PATIENCE)
        return result.returncode, result.stderr

    def stop(self, number=signal.SIGTERM):
        return self.process.end(number) if self.process else 0

    def request(self, method, path, **options):
        return requests.request(method, f"https://{self.client}{path}", verify=False,
                                timeout=PATIENCE, **options)

    def get(self, path):
        """The data of a successful GET."""
        answer = self.request("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def set_manifest(self, manifest):
        text = manifest if isinstance(manifest, (bytes, str)) else json.dumps(manifest)
        return self.request("POST", "/manifest", data=text)

    def root(self):
        """The root certificate that its quote endpoint shows."""
        pems = self.get("/quote")["Cert"].split("-----BEGIN")
        return x509.load_pem_x509_certificate(("-----BEGIN" + pems[2]).encode())


class Parameters:
    """What a Marble was given."""

    def __init__(self, message):
        fields = fake_mesh.decode(fake_mesh.decode(message).get(1, [b""])[0])
        self.files = self._map(fields.get(1, []))
        self.env = self._map(fields.get(2, []))
        self.argv = [argument.decode() for argument in fields.get(3, [])]

    @staticmethod
    def _map(entries):
        pairs = {}
        for entry in entries:
            members = fake_mesh.decode(entry)
            pairs[members[1][0].decode()] = members.get(2, [b""])[0]
        return pairs

    def certificates(self):
        chain = self.env["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"].decode()
        return [x509.load_pem_x509_certificate(("-----BEGIN" + pem).encode())
                for pem in chain.split("-----BEGIN")[1:]]


class Marble:
    """A workload with a key of its own, as a premain has it, that calls by grpcio."""

    def __init__(self, names=("localhost",), subject=()):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.uuid = str(uuid.uuid4())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "MarbleRun Marble")])
        sans = x509.SubjectAlternativeName([x509.DNSName(n) for n in names])
        now = datetime.datetime.utcnow()
        self.cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
                     .public_key(self.key.public_key()).serial_number(x509.random_serial_number())
                     .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
                     .add_extension(sans, False).sign(self.key, hashes.SHA256()))
        csr = x509.CertificateSigningRequestBuilder().subject_name(
            x509.Name([x509.NameAttribute(oid, value) for oid, value in subject]))
        self.csr = csr.add_extension(sans, False).sign(self.key, hashes.SHA256()).public_bytes(
            serialization.Encoding.DER)

    def der(self):
        return self.cert.public_bytes(serialization.Encoding.DER)

    def credentials(self, address):
        host, port = address.rsplit(":", 1)
        root = ssl.get_server_certificate((host, int(port))).encode()
        key = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption())
        return grpc.ssl_channel_credentials(
            root, key, self.cert.public_bytes(serialization.Encoding.PEM))

    def activate(self, coordinator, marble_type, quote=b"", **replaced):
        """Raises grpc.RpcError when it is refused."""
        fields = {"quote": quote, "csr": self.csr, "type": marble_type.encode(),
                  "uuid": self.uuid.encode(), **replaced}
        request = b"".join(fake_mesh.encode(i + 1, value)
                           for i, value in enumerate(fields.values()) if value)
        options = [("grpc.max_receive_message_length", 64 << 20)]
        with grpc.secure_channel(coordinator.mesh, self.credentials(coordinator.mesh),
                                 options) as channel:
            call = channel.unary_unary("/rpc.Marble/Activate")
            return Parameters(call(request, timeout=PATIENCE))


def b64(data):
    return base64.b64decode(data)
