# SPDX-License-Identifier: Apache-2.0
"""A simulated platform that can be made wrong part by part, and signs again whatever it holds the key
of; for the tests that see each field refused."""

import datetime
import json
import shutil
import struct
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from quote_verifier import Quote, Refused, verify
from sim_app import BUILD

SHA256 = ec.ECDSA(hashes.SHA256())
DAY = datetime.timedelta(days=1)
SGX_EXTENSION = x509.ObjectIdentifier("1.2.840.113741.1.13.1")
NOW = datetime.datetime(2025, 6, 15, 12)
MRTD = "ab" * 48


def raw_signature(key, data):
    r, s = decode_dss_signature(key.sign(data, SHA256))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class Machine:
    """A platform in a folder of its own, to be made wrong, with a quote of SGX or of TDX."""

    def __init__(self, folder, is_tdx):
        self.folder, self.is_tdx = folder, is_tdx
        self.collateral = folder / "collateral" / ("tdx" if is_tdx else "")
        options = ["--tdx", "--mrtd", MRTD] if is_tdx else ["--mrenclave", "11" * 32]
        self.quote = bytearray(subprocess.run(
            [BUILD / "bin/graphene-platform", "quote", folder, "--report-data", "01", *options],
            capture_output=True, check=True, timeout=60).stdout)

    def key(self, name):
        return serialization.load_pem_private_key(
            (self.folder / f"private/{name}_key.pem").read_bytes(), None)

    def cert(self, name):
        return x509.load_pem_x509_certificate((self.folder / f"{name}.pem").read_bytes())

    def sign_quote(self):
        """Signs header and report again, as the Quoting Enclave would."""
        signed = len(Quote.parse(bytes(self.quote)).signed_part)
        key = self.key("td_attestation" if self.is_tdx else "attestation")
        self.quote[signed + 4:signed + 68] = raw_signature(key, bytes(self.quote[:signed]))

    def sign_document(self, file, name, body):
        """`body` is the document or its exact bytes."""
        if not isinstance(body, bytes):
            body = json.dumps(body, separators=(",", ":")).encode()
        signature = raw_signature(self.key("tcb_signing"), body).hex().encode()
        (self.collateral / file).write_bytes(
            b'{"%s":%s,"signature":"%s"}' % (name.encode(), body, signature))

    def change_document(self, file, name, change):
        document = json.loads((self.collateral / file).read_text())[name]
        changed = change(document)
        self.sign_document(file, name, document if changed is None else changed)

    def replace_pck(self, cert):
        """The same PCK key in another certificate: its signature of the QE report holds."""
        old = (self.folder / "pck.pem").read_bytes()
        new = cert.public_bytes(serialization.Encoding.PEM)
        quote = Quote.parse(bytes(self.quote))
        chain = quote.chain.replace(old, new)
        assert chain != quote.chain
        grown = len(chain) - len(quote.chain)
        start = len(quote.signed_part)
        head = self.quote[:len(self.quote) - len(quote.chain)]
        at = len(head) - 4
        lengths = [start, at] + ([start + 4 + 128 + 2] if self.is_tdx else [])
        for place in lengths:
            (value,) = struct.unpack("<I", head[place:place + 4])
            head[place:place + 4] = struct.pack("<I", value + grown)
        self.quote = head + bytearray(chain)

    def verdict(self):
        file = self.folder / "quote.bin"
        file.write_bytes(self.quote)
        done = subprocess.run(
            [BUILD / "bin/marblerun", "quote", "verify", file, "--collateral",
             self.folder / "collateral", "--trust-root", self.folder / "root_ca.pem",
             "--output", "json", "--at", NOW.strftime("%Y-%m-%dT%H:%M:%SZ")],
            capture_output=True, check=False, timeout=60)
        assert done.returncode in (0, 1), done
        return "" if done.returncode == 0 else done.stderr.decode()

    def assert_refused(self, reason):
        verdict = self.verdict()
        assert reason in verdict, verdict or "verifies"
        try:
            result = verify(bytes(self.quote), self.collateral, self.folder / "root_ca.pem", NOW,
                            simulated=False)
        except Refused:
            return
        assert result.status == "Revoked"


@pytest.fixture(scope="session", name="made")
def fixture_made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mutations") / "platform"
    subprocess.run([BUILD / "bin/graphene-platform", "init", folder, "--issued-at",
                    "2025-06-15T00:00:00Z"], check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture(name="machine", params=["SGX", "TDX"])
def fixture_machine(made, tmp_path, request):
    folder = tmp_path / "platform"
    shutil.copytree(made, folder)
    machine = Machine(folder, request.param == "TDX")
    assert machine.verdict() == ""
    return machine


@pytest.fixture(name="vm")
def fixture_vm(made, tmp_path):
    folder = tmp_path / "platform"
    shutil.copytree(made, folder)
    return Machine(folder, True)
