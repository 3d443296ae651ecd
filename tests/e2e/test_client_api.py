# SPDX-License-Identifier: Apache-2.0
"""Secrets, counters and the rest of the client API, and what is told about it. Tests are named after
their rows in the feature table."""

import datetime
import json
import os
import signal
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from client_users import Client, encode, log_of, manifest_of
from credentials import Credentials
from real_coordinator import PATIENCE, Marble, b64

SECRETS = {
    "key": {"Type": "symmetric-key", "Size": 24, "UserDefined": True},
    "plain": {"Type": "plain", "UserDefined": True},
    "odd": {"Type": "symmetric-key", "Size": 7, "UserDefined": True},
    "cert": {"Type": "cert-ecdsa", "Size": 256, "UserDefined": True},
    "shared": {"Type": "symmetric-key", "Size": 64, "Shared": True},
    "issued": {"Type": "cert-ecdsa", "Size": 256, "Shared": True},
}
ROLES = {
    "reader": {"ResourceType": "Secrets", "ResourceNames": [*SECRETS], "Actions": ["ReadSecret"]},
    "writer": {"ResourceType": "Secrets", "ResourceNames": ["key", "plain", "cert"],
               "Actions": ["WRITESECRET"]},
    "key-writer": {"ResourceType": "Secrets", "ResourceNames": ["key"],
                   "Actions": ["WriteSecret", "ReadSecret"]},
}
FILES = {"/key": "{{ raw .Secrets.key }}", "/plain": "{{ raw .Secrets.plain }}"}


@pytest.fixture(name="deployment")
def fixture_deployment(running, users):
    """A Coordinator with secrets and users for them."""
    section = users.section(reader=["reader"], writer=["reader", "writer"], keeper=["key-writer"])
    manifest = manifest_of(section, ROLES, Secrets=SECRETS, Marbles={
        "marble": {"Package": "package", "Parameters": {"Files": FILES}}, "free": {"Package": "package"}})
    answer = running.set_manifest(manifest)
    assert answer.status_code == 200, answer.text
    return running


# secrets


def test_s09_s10_c09_secrets_are_read_back_as_they_were_written(deployment, users, log_in, tmp_path):
    writer = log_in("writer")
    made = Credentials(tmp_path, "made")
    empty = {"Type": "symmetric-key", "Size": 24, "Shared": False, "UserDefined": True, "Cert": None,
             "ValidFor": 0, "Private": None, "Public": None}
    assert writer.read("key") == {"key": empty}
    assert list(writer.read("key")["key"]) == [
        "Type", "Size", "Shared", "UserDefined", "Cert", "ValidFor", "Private", "Public"]
    private = serialization.load_pem_private_key(made.key, None)
    private_der = private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                                        serialization.NoEncryption())
    answer = writer.write({"key": {"Key": encode(b"\0\1\2")}, "plain": {"Key": encode("text")},
                           "cert": {"Cert": encode(made.der), "Private": encode(private_der)}})
    assert answer.json() == {"status": "success", "data": None}
    deployment.stop(signal.SIGKILL)
    deployment.start()
    got = log_in("reader").read("key", "plain", "cert", "plain")
    assert list(got) == ["cert", "key", "plain"]
    assert b64(got["key"]["Private"]) == b64(got["key"]["Public"]) == b"\0\1\2"
    assert b64(got["plain"]["Private"]) == b"text"
    assert (b64(got["cert"]["Cert"]), b64(got["cert"]["Private"])) == (made.der, private_der)
    assert b64(got["cert"]["Public"]) == private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    files = Marble().activate(deployment, "marble").files
    assert (files["/key"], files["/plain"]) == (b"\0\1\2", b"text")
    assert log_of(deployment)[1:] == [
        {"update": "Secret set", "user": "writer", "secret": name, "type": SECRETS[name]["Type"]}
        for name in ("cert", "key", "plain")]


def test_s12_generated_secrets_can_be_read(deployment, log_in):
    got = log_in("reader").read("issued", "shared")
    assert len(b64(got["shared"]["Private"])) == 8
    cert = x509.load_der_x509_certificate(b64(got["issued"]["Cert"]))
    assert got["issued"]["ValidFor"] == 365
    public = serialization.load_der_public_key(b64(got["issued"]["Public"]))
    assert public.public_numbers() == cert.public_key().public_numbers()


def test_s12_one_forbidden_name_forbids_all(deployment, log_in):
    keeper = log_in("keeper")
    assert list(keeper.read("key")) == ["key"]
    keeper.refused(keeper.read("shared", "key"), "user keeper is not allowed to read one or more "
                                                 "secrets of: [shared key]")
    keeper.refused(keeper.read("nothing"),
                   "user keeper is not allowed to read one or more secrets of: [nothing]")
    keeper.refused(keeper.read("key%00"),
                   "user keeper is not allowed to read one or more secrets of: [\ufffd]")


@pytest.mark.parametrize("query,message", [
    ("", "invalid query: endpoint requires at least one query parameter"),
    ("?S=key", "invalid query: endpoint requires at least one query parameter"),
    ("?s=key&s=", "malformed query string: empty query parameter"),
    ("?s", "malformed query string: empty query parameter")])
def test_s12_a_query_names_secrets(deployment, log_in, generation, query, message):
    answer = log_in("reader").get("/secrets" + query)
    assert answer.status_code == 400
    assert answer.json() == {"status": "fail" if generation == "v2" else "error", "data": None,
                             "message": message}


@pytest.mark.parametrize("secrets,message", [
    ({}, "parsing new secrets: no new secrets defined"),
    ({"nothing": {"Key": "AAAA"}}, "parsing new secrets: secret manifest specifies a secret which the "
                                   "original manifest does not contain"),
    ({"shared": {"Key": "AAAA"}}, "parsing new secrets: secret shared is not writeable"),
    ({"key": {"Key": "AAA="}}, "parsing new secrets: declared size and actual size don't match: key"),
    ({"odd": {"Key": "AAAA"}}, "parsing new secrets: invalid secret size: odd"),
    ({"key": {"Key": "AAAA", "Private": "AAAA"}}, "parsing new secrets: secret key is set to be of type "
                                                  "symmetric-key but specified values for a certificate"),
    # the type that is named is not that of the secret, as in the original
    ({"plain": {"Private": "AAAA"}}, "parsing new secrets: secret plain is set to be of type "
                                     "symmetric-key but specified values for a certificate"),
    ({"plain": {"Cert": "AAAA"}}, "parsing new secrets: secret plain is set to be of type "
                                  "symmetric-key but specified values for a certificate"),
    ({"cert": {"Key": "AAAA"}}, "parsing new secrets: secret cert is set to be of type cert-ecdsa but "
                                "specified values for a symmetric-key")])
def test_s11_uploads_fit_the_definition(deployment, log_in, secrets, message):
    writer = log_in("writer")
    writer.refused(writer.write(secrets), message)
    assert len(log_of(deployment)) == 1


def test_s11_writing_is_all_or_nothing(deployment, log_in):
    keeper, reader = log_in("keeper"), log_in("reader")
    keeper.refused(keeper.write({"key": {"Key": "AAAA"}, "plain": {"Key": "AAAA"}}),
                   "user keeper is not allowed to update secret: plain")
    assert reader.read("key")["key"]["Private"] is None
    assert keeper.write({"key": {"Key": "AAAA"}}).status_code == 200
    assert keeper.write({"key": {"Key": "AQEB"}}).status_code == 200
    assert reader.read("key")["key"]["Private"] == "AQEB"
    for stranger in log_in(None), log_in("mallory"):
        assert stranger.write({"key": {"Key": "AAAA"}}).status_code == 401
        assert stranger.read("key").status_code == 401


def test_t12_a_value_that_a_template_cannot_take_is_refused(running, users, log_in):
    env = {"ENV": "{{ string .Secrets.plain }}"}
    running.set_manifest(manifest_of(
        users.section(writer=["writer"]), {"writer": {**ROLES["writer"], "ResourceNames": ["plain"]}},
        Secrets={"plain": SECRETS["plain"]},
        Marbles={"marble": {"Package": "package", "Parameters": {"Env": env}}}))
    writer = log_in("writer")
    answer = writer.write({"plain": {"Key": encode("a\0b")}})
    assert answer.status_code == (500 if writer.is_v2 else 400)
    assert answer.json()["message"] == (
        'running manifest template dry run: in Marble marble: env variable ENV: template: data:1:3: '
        'executing "data" at <string .Secrets.plain>: error calling string: secret contains null bytes')
    assert writer.write({"plain": {"Key": encode("ab")}}).status_code == 200


def memory_of(process):
    """All that the process has written to, piece by piece."""
    with open(f"/proc/{process.pid}/maps", encoding="ascii") as maps:
        places = [line.split()[:2] for line in maps]
    with open(f"/proc/{process.pid}/mem", "rb", buffering=0) as memory:
        for place, access in places:
            first, last = (int(address, 16) for address in place.split("-"))
            if access.startswith("rw"):
                memory.seek(first)
                yield memory.read(last - first)


@pytest.mark.plain_build  # AddressSanitizer has terabytes of memory of its own
@pytest.mark.skipif(os.geteuid() != 0, reason="only root reads the memory of others")
def test_s09_what_carried_a_secret_is_wiped(deployment, users, log_in):
    """Bodies of requests and answers hold secrets in base64, which nothing else does."""
    secret = os.urandom(300)
    writer = log_in("writer")
    assert writer.write({"plain": {"Key": encode(secret)}}).status_code == 200
    assert b64(writer.read("plain")["plain"]["Private"]) == secret
    for _ in range(20):  # every loop closes its connections
        deployment.get("/status")
    pieces = list(memory_of(deployment.process.process))
    assert any(secret in piece for piece in pieces)
    for part in range(0, 360, 40):
        text = encode(secret)[part:part + 40].encode()
        assert not any(text in piece for piece in pieces), part


# bodies and paths


@pytest.mark.parametrize("path", ["/manifest", "/update", "/secrets", "/update-manifest"])
@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', '{"manifest": 1, "secrets": 1'])
def test_c11_a_body_of_v2_is_json(deployment, users, path, body):
    answer = Client(deployment, users, "writer", "v2").request("POST", path, data=body)
    assert answer.status_code == 400, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.json()["status"], answer.json()["data"]) == ("fail", None)
    assert answer.json()["message"].startswith("bad request: ")


def test_c11_names_of_members_are_matched_as_go_does(deployment, users):
    writer = Client(deployment, users, "writer", "v2")
    answer = writer.request("POST", "/secrets", data='{"SECRETS": {"key": {"key": "AAAA"}}} and more')
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path,clean", [
    ("//status", "/status"), ("/api//v2/./status", "/api/v2/status"), ("/x/../quote?a=b", "/quote?a=b"),
    ("/../../status", "/status"), ("/./", "/")])
def test_c02_odd_paths_are_redirected_to_the_clean_one(running, path, clean):
    host, port = running.client.rsplit(":", 1)
    for method, status in ("GET", 301), ("POST", 307):
        with ssl._create_unverified_context().wrap_socket(
                socket.create_connection((host, int(port)))) as tls:
            tls.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                        "Content-Length: 0\r\n\r\n".encode())
            answer = b"".join(iter(lambda: tls.recv(65536), b"")).decode()
        assert answer.startswith(f"HTTP/1.1 {status} ")
        assert f"\r\nLocation: {clean}\r\n" in answer


@pytest.mark.parametrize("method,path", [
    ("POST", "/sign-quote"), ("POST", "/monotonic-counter"), ("GET", "/recover/public-key"),
    ("GET", "/api/v2/sign-quote"), ("GET", "/api/v2/monotonic-counter"), ("GET", "/recover"),
    ("POST", "/api/v2/recover/public-key"), ("GET", "/update-cancel"), ("DELETE", "/secrets"),
    ("HEAD", "/status"), ("PATCH", "/api/v2/update"), ("GET", "/api/v2secrets")])
def test_c03_what_does_not_exist_is_405(running, method, path):
    answer = running.request(method, path)
    assert answer.status_code == 405
    assert answer.text == ("" if method == "HEAD" else '{"status":"error","data":null}\n')


def test_c10_there_is_nothing_to_recover(running):
    answer = running.request("POST", "/recover", data=bytes(16))
    assert answer.status_code == 410
    assert answer.json()["message"] == (
        "Recovering the Coordinator using the /recover API endpoint has been disabled. Use the "
        "/api/v2/recover endpoint instead.")
    answer = running.request("POST", "/api/v2/recover", json={"recoverySecret": encode(bytes(16))})
    assert (answer.status_code, answer.json()["message"]) == (500, "server is not in expected state")
    answer = running.request("POST", "/api/v2/recover", json={"recoverySecret": encode(bytes(256))})
    assert (answer.status_code, answer.json()["message"]) == (
        400, "failed to decrypt recovery secret: ephemeral secret key not set")
    assert running.request("GET", "/api/v2/recover/public-key").status_code == 500


def test_c18_the_old_generation_is_logged(running):
    running.get("/api/v2/status")
    running.get("/status")
    entry = running.process.wait_for(
        "Usage of deprecated API endpoint. Consider using /api/v2/status instead")
    assert entry["path"] == "/status"
    running.request("GET", "/update-manifest")
    running.stop()
    assert sum("deprecated" in message for message in running.process.messages()) == 1


# counters


def counting(coordinator, *gates):
    answer = coordinator.set_manifest(manifest_of(
        {}, Config={"FeatureGates": list(gates)}, Marbles={"marble": {"Package": "package"},
                                                         "other": {"Package": "package"}}))
    assert answer.status_code == 200, answer.text


class Counting:
    """A Marble that was activated, and counts."""

    def __init__(self, coordinator, folder, marble_type="marble"):
        self.coordinator, self.marble = coordinator, Marble()
        given = self.marble.activate(coordinator, marble_type)
        self.chain = folder / f"{self.marble.uuid}.pem"
        self.key = folder / f"{self.marble.uuid}.key"
        self.chain.write_bytes(given.env["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"])
        self.key.write_bytes(given.env["MARBLE_PREDEFINED_PRIVATE_KEY"])

    def post(self, **options):
        return self.coordinator.request("POST", "/api/v2/monotonic-counter",
                                        cert=(str(self.chain), str(self.key)), **options)

    def count(self, name, value):
        answer = self.post(json={"name": name, "value": value})
        assert answer.status_code == 200, answer.text
        assert list(answer.json()["data"]) == ["value"]
        return answer.json()["data"]["value"]


def test_c15_f15_a_counter_only_grows_and_survives_a_kill(coordinator, tmp_path):
    counting(coordinator.start(), "monotoniccounter")
    marble = Counting(coordinator, tmp_path)
    assert [marble.count("a", value) for value in (5, 3, 7, 0)] == [0, 5, 5, 7]
    coordinator.stop(signal.SIGKILL)
    coordinator.start()
    assert marble.count("a", 2**64 - 1) == 7
    assert marble.count("a", 1) == 2**64 - 1
    assert marble.count("a\0/ \u00e9:", 1) == 0
    assert marble.count("a\0/ \u00e9:", 2) == 1
    assert marble.count("", 1) == 0


def test_c15_each_instance_has_counters_of_its_own(running, tmp_path):
    counting(running, "MonotonicCounter")
    marbles = [Counting(running, tmp_path), Counting(running, tmp_path),
               Counting(running, tmp_path, "other")]
    for i, marble in enumerate(marbles):
        assert marble.count("a", i + 1) == 0
    assert [marble.count("a", 0) for marble in marbles] == [1, 2, 3]


def test_c15_the_gate_comes_first_then_the_marble_then_the_body(running, users, tmp_path):
    path = "/api/v2/monotonic-counter"
    closed = (403, {"status": "error", "data": None,
                    "message": "MonotonicCounter feature is not enabled in the manifest"})
    for _ in range(2):  # without a manifest, and with one
        answer = running.request("POST", path, data="{")
        assert (answer.status_code, answer.json()) == closed
        running.set_manifest(manifest_of({}))


def test_c15_only_marbles_count(running, users, tmp_path):
    counting(running, "MonotonicCounter")
    path = "/api/v2/monotonic-counter"
    answer = running.request("POST", path, data="{")
    assert (answer.status_code, answer.json()) == (401, {
        "status": "fail", "data": None,
        "message": "unauthorized marble: client certificate did not match any Marble"})
    answer = running.request("POST", path, data="{", cert=users.cert("mallory"))
    assert answer.status_code == 401
    assert "not issued by the present marble root" in answer.json()["message"]
    marble = Counting(running, tmp_path)
    for body in "{", '{"value": -1}', '{"value": 1.5}', '{"name": 1}', '{"value": 18446744073709551616}':
        answer = marble.post(data=body)
        assert (answer.status_code, answer.json()["status"]) == (400, "fail"), body
    answer = marble.post(json={"name": "n" * 5000, "value": 1})
    assert answer.status_code == 400 and "4096" in answer.json()["message"]


def forged(folder, name, issuer, days=1):
    """A certificate with the names of a Marble's, issued by a key of our own."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.utcnow()
    cert = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=2))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.9903.2.1"), b"marble"),
                           False)
            .sign(key, hashes.SHA256()))
    path = folder / "forged.pem"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                       serialization.NoEncryption())
                     + cert.public_bytes(serialization.Encoding.PEM))
    return str(path)


def test_c15_a_forged_marble_does_not_count(running, tmp_path):
    counting(running, "MonotonicCounter")
    issuer = Marble().activate(running, "marble").certificates()[1].subject
    answer = running.request("POST", "/api/v2/monotonic-counter", json={"name": "a", "value": 1},
                             cert=forged(tmp_path, Marble().uuid, issuer))
    assert answer.status_code == 401
    assert "not issued by the present marble root" in answer.json()["message"]


def test_c14_the_gate_of_sign_quote_comes_first(running):
    path = "/api/v2/sign-quote"
    for _ in range(2):
        answer = running.request("POST", path, data="{")
        assert (answer.status_code, answer.json()["message"]) == (
            403, "SignQuoteEndpoint feature is not enabled in the manifest")
        running.set_manifest(manifest_of({}))


def test_c14_f15_a_simulated_coordinator_signs_nothing(running):
    counting(running, "signquoteendpoint")
    answer = running.request("POST", "/api/v2/sign-quote", data="{")
    assert (answer.status_code, answer.json()["data"]) == (400, {"sgxQuote": "failed to parse JSON data"})
    assert answer.json()["message"].startswith("bad request: ")
    answer = running.request("POST", "/api/v2/sign-quote", json={"sgxQuote": "AAAA"})
    assert (answer.status_code, answer.json()["message"]) == (400, "quote verification failed")
    assert "simulation" in answer.json()["data"]["sgxQuote"]


# limits


def talk(address, data):
    host, port = address.rsplit(":", 1)
    context = ssl._create_unverified_context()
    with context.wrap_socket(socket.create_connection((host, int(port)), timeout=PATIENCE)) as tls:
        try:
            tls.sendall(data)
            return b"".join(iter(lambda: tls.recv(65536), b""))
        except (ConnectionError, ssl.SSLError):
            return b""


def test_c02_headers_have_a_limit(running):
    answer = talk(running.client, b"GET /status HTTP/1.1\r\n" + b"X: " + b"x" * 200000 + b"\r\n\r\n")
    assert not answer.startswith(b"HTTP/1.1 200")
    assert running.get("/status")["StatusCode"] == 2


def test_c02_deeply_nested_bodies_are_refused(deployment, users):
    writer = Client(deployment, users, "writer", "v2")
    answer = writer.request("POST", "/secrets", data="[" * 1000000)
    assert answer.status_code == 400
    assert "max depth" in answer.json()["message"]
