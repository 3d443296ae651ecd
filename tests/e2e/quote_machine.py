# SPDX-License-Identifier: Apache-2.0
"""A simulated platform that can be made wrong part by part, and signs again whatever it holds the
key of; for the tests that see each field refused. Both verifiers are asked each time."""

import base64
import datetime
import functools
import hashlib
import json
import shutil
import struct
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from quote_documents import STATUSES
from quote_issuer import issue
from quote_verifier import Quote, Refused, verify
from sim_app import BUILD

SHA256 = ec.ECDSA(hashes.SHA256())
DAY = datetime.timedelta(days=1)
SGX_EXTENSION = x509.ObjectIdentifier("1.2.840.113741.1.13.1")
NOW = datetime.datetime(2025, 6, 15, 12)
MRTD = "ab" * 48
ENCLAVE, VM = ["--mrenclave", "11" * 32], ["--tdx", "--mrtd", MRTD]
# The verdict is what is looked at, and what to make of it is a matter of policy.
ALL_BUT_REVOKED = ",".join([*(s for s in STATUSES if s != "Revoked"), "TDRelaunchAdvised",
                            "TDRelaunchAdvisedConfigurationNeeded"])
DOCUMENTS = {"tcb_info": "tcbInfo", "qe_identity": "enclaveIdentity"}


def raw_signature(key, data):
    r, s = decode_dss_signature(key.sign(data, SHA256))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def pem(*certs):
    """Of certificates, or of their DER where the library need not be able to read it."""
    blocks = []
    for cert in certs:
        der = cert if isinstance(cert, bytes) else cert.public_bytes(serialization.Encoding.DER)
        blocks += [b"-----BEGIN CERTIFICATE-----\n", base64.encodebytes(der),
                   b"-----END CERTIFICATE-----\n"]
    return b"".join(blocks)


@functools.cache
def make_quote(folder, options):
    return subprocess.run(
        [BUILD / "bin/graphene-platform", "quote", folder, "--report-data", "01", *options],
        capture_output=True, check=True, timeout=60).stdout


class Machine:
    """A platform in a folder of its own, to be made wrong, with a quote of SGX or of TDX."""

    def __init__(self, made, folder, options):
        """`folder` is a copy of the platform `made`, whose quotes are as good for it."""
        self.folder, self.is_tdx = folder, "--tdx" in options
        self.collateral = folder / "collateral" / ("tdx" if self.is_tdx else "")
        self.quote = bytearray(make_quote(made, tuple(options)))
        self.signed = len(Quote.parse(bytes(self.quote)).signed_part)

    def key(self, name):
        return serialization.load_pem_private_key(
            (self.folder / f"private/{name}_key.pem").read_bytes(), None)

    def cert(self, name):
        return x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes())

    def part(self, name):
        """Where a part of the quote starts that Quote knows by this name."""
        found = getattr(Quote.parse(bytes(self.quote)), name)
        assert self.quote.count(found) == 1
        return self.quote.find(found)

    def sign_quote(self):
        """Signs header and report again, as the Quoting Enclave would."""
        key = self.key("td_attestation" if self.is_tdx else "attestation")
        data = bytes(self.quote[:self.signed])
        self.quote[self.signed + 4:self.signed + 68] = raw_signature(key, data)

    def sign_qe_report(self, *changes):
        """Signs the report of the Quoting Enclave with another PCK key, to which the certificate in
        the quote is issued; attestation key and authentication data are bound to it before, and
        then come `changes` (place in the report, bits to turn over)."""
        at, quote = self.part("qe_report_part"), Quote.parse(bytes(self.quote))
        key = ec.generate_private_key(ec.SECP256R1())
        self.set_chain(issue(self, "pck", public_key=key.public_key()), self.cert("platform_ca"),
                       self.cert("root_ca"))
        bound = hashlib.sha256(quote.attestation_key + quote.auth_data).digest()
        self.quote[at + 320:at + 352] = bound
        for place, bits in changes:
            self.quote[at + place] ^= bits
        self.quote[at + 384:at + 448] = raw_signature(key, bytes(self.quote[at:at + 384]))

    def sign_document(self, file, body):
        """`body` is the document or its exact bytes."""
        if not isinstance(body, bytes):
            body = json.dumps(body, separators=(",", ":")).encode()
        signature = raw_signature(self.key("tcb_signing"), body).hex().encode()
        (self.collateral / f"{file}.json").write_bytes(
            b'{"%s":%s,"signature":"%s"}' % (DOCUMENTS[file].encode(), body, signature))

    def change_document(self, file, change):
        document = json.loads((self.collateral / f"{file}.json").read_text())[DOCUMENTS[file]]
        changed = change(document)
        self.sign_document(file, document if changed is None else changed)

    def splice(self, at, size, data):
        """Other bytes in the signature data; the lengths of what they stand in follow."""
        version = self.quote[0]
        self.quote[at:at + size] = data
        for place in [self.signed] + ([self.signed + 4 + 128 + 2] if version > 3 else []):
            (value,) = struct.unpack_from("<I", self.quote, place)
            struct.pack_into("<I", self.quote, place, value + len(data) - size)

    def set_certification(self, data):
        size = len(Quote.parse(bytes(self.quote)).chain)
        at = len(self.quote) - size - 4
        self.splice(at, size + 4, struct.pack("<I", len(data)) + data)

    def set_auth_data(self, data):
        at, size = self.part("qe_report_part") + 448, len(Quote.parse(bytes(self.quote)).auth_data)
        self.splice(at, size + 2, struct.pack("<H", len(data)) + data)

    def set_chain(self, *certs):
        self.set_certification(pem(*certs) + b"\0")

    def set_signers(self, file, *certs):
        """Other certificates behind the document."""
        (self.collateral / f"{file}_issuer_chain.pem").write_bytes(pem(*certs))

    def ours(self):
        """(status, advisories) or (None, reason) of `marblerun quote verify`."""
        file = self.folder / "quote.bin"
        file.write_bytes(self.quote)
        done = subprocess.run(
            [BUILD / "bin/marblerun", "quote", "verify", file, "--collateral",
             self.folder / "collateral", "--trust-root", self.folder / "root_ca.pem",
             "--accepted-tcb-statuses", ALL_BUT_REVOKED, "--output", "json",
             "--at", NOW.strftime("%Y-%m-%dT%H:%M:%SZ")],
            capture_output=True, check=False, timeout=60)
        assert done.returncode in (0, 1), done
        if done.returncode:
            return None, done.stderr.decode()
        result = json.loads(done.stdout)["result"]
        return result["tcbStatus"], result["advisories"]

    def theirs(self):
        """The same of the independent verifier, to which Revoked is a status like others."""
        try:
            result = verify(bytes(self.quote), self.collateral, self.folder / "root_ca.pem", NOW,
                            simulated=False)
        except Refused as refused:
            return None, str(refused)
        return (None, "Revoked") if result.status == "Revoked" else (result.status,
                                                                     result.advisories)

    def verdict(self):
        """Why it is refused, empty if it is not. For what the independent verifier cannot judge."""
        status, reason = self.ours()
        return "" if status else reason

    def assert_refused(self, reason):
        status, why = self.ours()
        assert status is None and reason in why, why
        status, why = self.theirs()
        assert status is None, f"accepted by the other verifier: {status}, {why}"

    def assert_accepted(self, status="UpToDate", advisories=None):
        ours, theirs = self.ours(), self.theirs()
        assert ours == theirs and ours[0] == status, (ours, theirs)
        assert advisories is None or ours[1] == advisories, ours


@pytest.fixture(scope="session", name="made")
def fixture_made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutations") / "platform"
    subprocess.run([BUILD / "bin/graphene-platform", "init", folder, "--issued-at",
                    "2025-06-15T00:00:00Z"], check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture(name="machine_of")
def fixture_machine_of(made, tmp_path):
    """A function of the options of a quote."""
    def make(options):
        return Machine(made, shutil.copytree(made, tmp_path / "platform"), options)
    return make


@pytest.fixture(name="machine", params=["SGX", "TDX"])
def fixture_machine(machine_of, request):
    return machine_of(VM if request.param == "TDX" else ENCLAVE)


@pytest.fixture(name="enclave")
def fixture_enclave(machine_of):
    return machine_of(ENCLAVE)


@pytest.fixture(name="vm")
def fixture_vm(machine_of):
    return machine_of(VM)


@pytest.fixture(name="new_vm")
def fixture_new_vm(machine_of):
    """On TDX 1.5, whose reports say as well which module runs now."""
    return machine_of([*VM, "--quote-version", "5"])
