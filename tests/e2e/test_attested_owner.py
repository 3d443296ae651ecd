# SPDX-License-Identifier: Apache-2.0
"""The owner's side of the attested path: what `marblerun` makes of a Coordinator under graphene-sim,
and what becomes of a Coordinator that strangers talk to."""

import datetime
import hashlib
import json
import os
import socket
import ssl

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from attested import AttestedMarble
from attested_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from attested_owner import AttestedOwner
from credentials import Credentials
from openapi import validate
from quote_formats import strip_header
from quote_verifier import verify
from real_coordinator import b64

ENCLAVE = {"mrenclave": "a1" * 32, "mrsigner": "51" * 32, "prod-id": 7, "svn": 3}
MANIFEST = json.dumps({"Packages": {"package": {"UniqueID": ENCLAVE["mrenclave"]}},
                       "Marbles": {"marble": {"Package": "package"}}})
SIGNATURE = hashlib.sha256(MANIFEST.encode()).hexdigest()


class Owner(AttestedOwner):
    """With a manifest."""

    def __init__(self, cli, coordinator):
        super().__init__(cli, coordinator)
        cli.write("manifest.json", MANIFEST)

    def certificates(self, name):
        text = (self.cli.folder / name).read_text()
        return [x509.load_pem_x509_certificate(("-----BEGIN" + pem).encode())
                for pem in text.split("-----BEGIN")[1:]]


@pytest.fixture(name="owner")
def fixture_owner(cli, coordinator):
    return Owner(cli, coordinator)


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def check_quote(quote, coordinator, nonce=b""):
    """A peer's opinion of the quote in its header: whose it is and what it is about."""
    machine = coordinator.machine.folder
    result = verify(strip_header(quote), machine / "collateral", machine / "root_ca.pem", now())
    report = result.quote.report
    assert report.mr_enclave.hex() == coordinator.signed.unique_id
    assert report.mr_signer.hex() == coordinator.signed.signer_id
    assert (report.prod_id, report.svn) == (3, 1)
    root = coordinator.root().public_bytes(Encoding.DER)
    assert report.report_data == hashlib.sha256(root + nonce).digest() + bytes(32)


def check_serving(coordinator, machine):
    assert AttestedMarble(machine, **ENCLAVE).attest(coordinator, "marble").env
    assert coordinator.get("/status")["StatusCode"] == 3


# the right Coordinator

def test_c05_c11_c12_the_quote_of_the_coordinator_verifies_with_a_peer(coordinator):
    first = coordinator.get("/quote")["Quote"]
    check_quote(b64(first), coordinator)
    for path in "/quote", "/api/v2/quote", "/api/v2/quote?nonce=":
        answer = coordinator.request("GET", path)
        validate("GET", path, answer)
        data = {name.title(): value for name, value in answer.json()["data"].items()}
        assert data["Quote"] == first
    fresh = coordinator.get("/api/v2/quote?nonce=bm9uY2U=")["quote"]
    check_quote(b64(fresh), coordinator, b"nonce")
    assert fresh != first


def test_another_coordinator_than_the_configured_one_is_sent_nothing(owner, coordinator):
    era = coordinator.era()
    for change, reason in (
            ({"UniqueID": "00" * 32}, "invalid UniqueID"), ({"SignerID": "00" * 32}, "invalid SignerID"),
            ({"ProductID": 4}, "invalid ProductID"), ({"SecurityVersion": 2}, "invalid SecurityVersion")):
        owner.expect(era | change)
        done = owner.cli.run("manifest", "set", "manifest.json", coordinator.client, *owner.flags)
        assert (done.returncode, done.stdout) == (1, "")
        assert f"Error: verifying Coordinator quote: {reason}: " in done.stderr
        assert coordinator.get("/status")["StatusCode"] == 2
        assert not owner.cli.cache.exists()
    owner.expect(era)
    assert "Manifest successfully set" in owner.succeed("manifest", "set", "manifest.json")
    assert coordinator.get("/status")["StatusCode"] == 3


def test_a_manifest_is_set_read_back_and_verified(owner, coordinator, machine):
    assert owner.succeed("manifest", "set", "manifest.json") == (
        "Successfully verified Coordinator, now uploading manifest\n"
        f"Manifest signature: {SIGNATURE}\nManifest successfully set\n")
    assert owner.succeed("manifest", "get").endswith(MANIFEST + "\n")
    assert owner.cli.succeed("manifest", "signature", "manifest.json") == SIGNATURE + "\n"
    for expected in "manifest.json", SIGNATURE:
        assert owner.succeed("manifest", "verify", expected) == "OK\n"
    # the cache of `verify` takes the place of attestation
    assert owner.cli.succeed("status", coordinator.client) == \
        "3: Coordinator is running correctly and ready to accept marbles.\n"
    check_serving(coordinator, machine)


def test_certificates_are_those_that_the_coordinator_uses(owner, coordinator):
    for kind in "root", "intermediate", "chain":
        owner.succeed("certificate", kind, flags=["-o", f"{kind}.pem"])
    root, = owner.certificates("root.pem")
    intermediate, = owner.certificates("intermediate.pem")
    assert owner.certificates("chain.pem") == [intermediate, root]
    assert root == coordinator.root()
    host, port = coordinator.mesh.rsplit(":", 1)
    mesh = x509.load_pem_x509_certificate(ssl.get_server_certificate((host, int(port))).encode())
    assert mesh.public_key().public_numbers() == intermediate.public_key().public_numbers()


def test_a_nonce_makes_the_saved_quote_fresh(owner, coordinator):
    owner.succeed("manifest", "set", "manifest.json",
                  flags=["--nonce", "just now", "--save-sgx-quote", "quote"])
    check_quote((owner.cli.folder / "quote").read_bytes(), coordinator, b"just now")


def test_package_info_tells_what_the_era_config_needs(owner, coordinator):
    told = owner.cli.succeed("package-info", coordinator.folder / "coordinator.sig")
    values = dict(line.split(":", 1) for line in told.splitlines() if "(" in line)
    assert {name.split()[0]: value.strip() for name, value in values.items()} == {
        **coordinator.era(), "ProductID": "3", "SecurityVersion": "1"}


# strangers

def mesh_tls(coordinator, credentials=None):
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2"])
    if credentials:
        context.load_cert_chain(credentials.cert_file, credentials.key_file)
    host, port = coordinator.mesh.rsplit(":", 1)
    return context.wrap_socket(socket.create_connection((host, int(port)), timeout=60))


def exchange(connection, data, half_close=True):
    """Everything that comes back until the other side ends it."""
    answer = b""
    try:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        while chunk := connection.recv(65536):
            answer += chunk
    except OSError:
        pass  # ended on us
    return answer


def frame(kind, flags, stream, payload):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def literal(name, value):
    """A header field as HPACK writes it without any table."""
    return b"\0" + b"".join(bytes([len(text)]) + text for text in (name, value))


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"")
HEADERS = frame(1, 4, 1, b"".join(literal(*pair) for pair in (
    (b":method", b"POST"), (b":scheme", b"https"), (b":path", b"/rpc.Marble/Activate"),
    (b":authority", b"localhost"), (b"content-type", b"application/grpc"), (b"te", b"trailers"))))
MESSAGE = frame(0, 1, 1, bytes([0, 0, 0, 1, 0]) + b"\x1a\x06marble")

GRPC_STATUS = bytes.fromhex("9acac8b21234da8f")  # the name as HPACK compresses it


@pytest.fixture(name="mesh")
def fixture_mesh(coordinator):
    assert coordinator.set_manifest(MANIFEST).status_code == 200
    return coordinator


def test_garbage_at_either_port_disturbs_nobody(mesh, machine):
    for data in (b"", b"\0", b"\x16\x03\x01", os.urandom(100000), b"GET / HTTP/1.1\r\n\r\n",
                 PREFACE, b"\x16\x03\x01\xff\xff" + bytes(70000)):
        for address in mesh.client, mesh.mesh:
            host, port = address.rsplit(":", 1)
            with socket.create_connection((host, int(port)), timeout=60) as peer:
                assert b"HTTP/1.1 200" not in exchange(peer, data)
    check_serving(mesh, machine)


def test_http2_may_end_anywhere(mesh, machine, tmp_path):
    stranger = Credentials(tmp_path, "stranger")
    whole = PREFACE + HEADERS + MESSAGE
    for length in (1, 10, 24, 30, 33, 40, len(PREFACE + HEADERS) - 1, len(PREFACE + HEADERS),
                   len(PREFACE + HEADERS) + 9, len(whole) - 1):
        with mesh_tls(mesh, stranger) as connection:
            connection.sendall(whole[:length])
    with mesh_tls(mesh, stranger) as connection:  # and inside of TLS there may be anything
        exchange(connection, os.urandom(50000), half_close=False)
    # a message that is shorter than it says is answered
    goodbye = frame(7, 0, 0, bytes(8))
    with mesh_tls(mesh, stranger) as connection:
        answer = exchange(connection, whole + goodbye, half_close=False)
    assert GRPC_STATUS + b"\x0213" in answer  # INTERNAL
    check_serving(mesh, machine)


def test_the_mesh_demands_a_client_certificate(mesh, machine):
    with pytest.raises(ssl.SSLError, match="(?i)certificate.required"):
        with mesh_tls(mesh) as connection:
            connection.recv(1)
    check_serving(mesh, machine)


def test_64_mib_are_refused_at_both_apis(mesh, machine):
    answer = mesh.request("POST", "/manifest", data=bytes(64 << 20))
    assert answer.status_code == 413 and "Too Large" in answer.text
    with pytest.raises(grpc.RpcError) as caught:
        AttestedMarble(machine, **ENCLAVE).activate(mesh, "marble", bytes(64 << 20))
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "message is longer than the 4194304 bytes" in caught.value.details()
    check_serving(mesh, machine)


def test_a_wrong_manifest_is_refused_with_its_reason(coordinator):
    answer = coordinator.set_manifest('{"Packages": {"package": {}}, "Marbles": {}}')
    assert answer.status_code == 400 and answer.json()["status"] == "error"
    assert answer.json()["message"]
    assert coordinator.set_manifest(MANIFEST).status_code == 200
