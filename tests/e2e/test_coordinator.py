# SPDX-License-Identifier: Apache-2.0
"""The Coordinator outside of an enclave (--simulation): both APIs, secrets, state."""

import concurrent.futures
import hashlib
import json
import os
import re
import signal
import socket
import ssl
import uuid

import grpc
import pytest
import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from real_coordinator import Coordinator, Marble, b64

PACKAGE = {"Debug": True, "SecurityVersion": 1, "ProductID": 1, "SignerID": "00" * 32}


def manifest_of(marbles, **sections):
    return {"Packages": {"package": PACKAGE},
            "Marbles": {name: {"Package": "package", **marble} for name, marble in marbles.items()},
            **sections}


def refused(code, text, call, *arguments, **options):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **options)
    assert caught.value.code() == code
    assert text in caught.value.details()


# client API


def test_c04_c11_p05_status_follows_the_states_in_both_generations(running):
    assert running.get("/status") == {
        "StatusCode": 2, "StatusMessage": "Coordinator is ready to accept a manifest."}
    assert running.set_manifest(manifest_of({"marble": {}})).status_code == 200
    assert running.get("/api/v2/status") == {
        "code": 3,
        "message": "Coordinator is running correctly and ready to accept marbles."}


def test_c02_answers_have_the_exact_envelope_and_headers(running):
    answer = running.request("GET", "/api/v2/status")
    assert answer.text == ('{"status":"success","data":{"code":2,"message":'
                           '"Coordinator is ready to accept a manifest."}}\n')
    assert answer.headers["Content-Type"] == "application/json"
    answer = running.request("POST", "/manifest", data="{")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.text.startswith('{"status":"error","data":null,"message":"unmarshaling manifest: ')
    answer = running.request("POST", "/api/v2/manifest", data="no JSON")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["status"] == "fail"


@pytest.mark.parametrize("method,path", [
    ("GET", "/nowhere"), ("GET", "/"), ("GET", "/status/"), ("GET", "/api/v2"), ("GET", "/api/v3/status"),
    ("POST", "/status"), ("DELETE", "/manifest"), ("PUT", "/api/v2/manifest"), ("OPTIONS", "/quote")])
def test_c03_what_does_not_exist_is_405(running, method, path):
    answer = running.request(method, path)
    assert (answer.status_code, answer.text) == (405, '{"status":"error","data":null}\n')


def test_c01_c05_c11_p01_p02_the_quote_endpoint_shows_the_authority_that_serves_tls(running):
    for data in running.get("/quote"), {k.title(): v for k, v in running.get("/api/v2/quote").items()}:
        assert data["Quote"] is None
        intermediate, root = [x509.load_pem_x509_certificate(("-----BEGIN" + pem).encode())
                              for pem in data["Cert"].split("-----BEGIN")[1:]]
    host, port = running.client.rsplit(":", 1)
    assert x509.load_pem_x509_certificate(
        ssl.get_server_certificate((host, int(port))).encode()) == root
    root.public_key().verify(intermediate.signature, intermediate.tbs_certificate_bytes,
                             ec.ECDSA(hashes.SHA256()))
    assert root.subject.rfc4514_string() == "CN=MarbleRun Coordinator"
    assert intermediate.subject.rfc4514_string() == "CN=MarbleRun Coordinator - Intermediate CA"
    for authority in root, intermediate:
        names = authority.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["localhost"]
        assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
        assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert (authority.not_valid_after - authority.not_valid_before).days == 106751
    mesh_host, mesh_port = running.mesh.rsplit(":", 1)
    marble_root = x509.load_pem_x509_certificate(
        ssl.get_server_certificate((mesh_host, int(mesh_port))).encode())
    assert marble_root.subject == marble_root.issuer == intermediate.subject
    assert marble_root.public_key().public_numbers() == intermediate.public_key().public_numbers()


def test_c12_a_nonce_must_be_url_safe_base64(running):
    assert running.get("/api/v2/quote?nonce=__8=")["quote"] is None
    answer = running.request("GET", "/api/v2/quote?nonce=%2F%2F8=")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("invalid query: bad nonce format: ")


def test_c06_c11_c13_the_manifest_is_given_back_byte_by_byte_with_a_signature(running):
    assert running.get("/manifest") == {
        "ManifestSignatureRootECDSA": None, "ManifestSignature": "", "Manifest": None}
    answer = running.request("GET", "/api/v2/manifest")
    assert (answer.status_code, answer.json()["message"]) == (500, "requested value not set")
    text = b" \n" + json.dumps(manifest_of({"marble": {}})).encode() + b"\t\n"
    assert running.set_manifest(text).json() == {"status": "success", "data": None}
    v1, v2 = running.get("/manifest"), running.get("/api/v2/manifest")
    assert b64(v1["Manifest"]) == b64(v2["manifest"]) == text
    assert v1["ManifestSignature"] == v2["manifestFingerprint"] == hashlib.sha256(text).hexdigest()
    assert v1["ManifestSignatureRootECDSA"] == v2["manifestSignatureRootECDSA"]
    running.root().public_key().verify(
        b64(v2["manifestSignatureRootECDSA"]), text, ec.ECDSA(hashes.SHA256()))


def test_c07_c11_v2_takes_the_manifest_in_base64(running):
    import base64
    text = json.dumps(manifest_of({"marble": {}})).encode()
    answer = running.request("POST", "/api/v2/manifest", json={})
    assert answer.status_code == 500
    assert answer.json()["message"].startswith("unmarshaling manifest: ")
    answer = running.request("POST", "/api/v2/manifest", json={"manifest": "?"})
    assert answer.status_code == 400
    answer = running.request(
        "POST", "/api/v2/manifest",
        data=json.dumps({"MANIFEST": base64.b64encode(text).decode()}) + " trailing")
    assert answer.json() == {"status": "success", "data": {"RecoverySecrets": {}}}
    assert b64(running.get("/manifest")["Manifest"]) == text


def test_c07_a_manifest_is_set_once_and_a_broken_one_changes_nothing(running):
    for broken in b"", b"{", b"[]", b"null", b'{"Packages": 1}', json.dumps({"Packages": {}}):
        assert running.set_manifest(broken).status_code == 400
        assert running.get("/status")["StatusCode"] == 2
    assert running.set_manifest(manifest_of({"marble": {}})).status_code == 200
    answer = running.set_manifest(manifest_of({"marble": {}}))
    assert answer.status_code == 400
    assert answer.json()["message"] == "server is not in expected state"


def test_q03_of_concurrent_manifests_exactly_one_is_set(running):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        manifests = [manifest_of({f"marble{i}": {}}) for i in range(8)]
        answers = list(pool.map(lambda m: running.set_manifest(m).status_code, manifests))
    assert sorted(answers) == [200] + 7 * [400]


def test_c08_c11_u11_the_update_log_begins_with_the_manifest(running):
    assert running.request("GET", "/update").status_code == 500
    running.set_manifest(manifest_of({"marble": {}}))
    line, rest = running.get("/update").split("\n")
    entry = json.loads(line)
    assert (list(entry), entry["update"], rest) == (["time", "update"], "Initial manifest set", "")
    assert running.get("/api/v2/update") == {"updateLog": [line]}


@pytest.mark.parametrize("template,text", [
    ("{{ hex .Secrets.none }}", "secret does not exist"),
    ("{{ pem .MarbleRun.RootCA.Private }}", "tried to parse secret with empty value"),
    ("{{ nofunction .Secrets.key }}", 'function "nofunction" not defined'),
    ("{{ hex .Secrets.key", "unclosed action"),
    ("{{ pem .Secrets.key }}", "invalid secret type for pem encoding")])
def test_t12_the_dry_run_names_marble_and_entry(running, template, text):
    secrets = {"key": {"Type": "symmetric-key", "Size": 128}}
    marbles = {"marble": {"Parameters": {"Files": {"/a/file": template}}}}
    answer = running.set_manifest(manifest_of(marbles, Secrets=secrets))
    message = answer.json()["message"]
    assert answer.status_code == 400
    assert "in Marble marble: file /a/file: " in message and text in message


# activation


def test_a_marble_gets_its_parameters(running):
    parameters = {
        "Argv": ["app", "{{ not a template }}", ""],
        "Env": {"PLAIN": "value", "OBJECT": {"Data": "aGVsbG8=", "Encoding": "Base64"},
                "TAKEN": "{{ base64 .Secrets.key }}", "MARBLE_PREDEFINED_ROOT_CA": "overridden"},
        "Files": {"/binary": {"Data": "00ff", "Encoding": "hex", "NoTemplates": True},
                  "/verbatim": {"Data": "{{ x }}", "NoTemplates": True},
                  "/raw": "{{ raw .Secrets.key }}", "/hex": "{{ hex .Secrets.key }}"}}
    secrets = {"key": {"Type": "symmetric-key", "Size": 256, "Shared": True}}
    running.set_manifest(manifest_of({"marble": {"Parameters": parameters}}, Secrets=secrets))
    given = Marble().activate(running, "marble")
    assert given.argv == ["app", "{{ not a template }}", ""]
    assert given.env["PLAIN"] == b"value" and given.env["OBJECT"] == b"hello"
    assert given.files["/binary"] == b"\x00\xff" and given.files["/verbatim"] == b"{{ x }}"
    assert len(given.files["/raw"]) == 32
    assert given.files["/raw"].hex().encode() == given.files["/hex"]
    assert b64(given.env["TAKEN"]) == given.files["/raw"]
    assert given.env["MARBLE_PREDEFINED_ROOT_CA"].startswith(b"-----BEGIN CERTIFICATE-----")
    assert len(given.env) == 3 + 5 and len(given.files) == 4


def test_the_marble_certificate_chains_to_the_coordinator(running):
    running.set_manifest(manifest_of({"marble": {}}))
    marble = Marble(names=["a.example", "localhost"],
                    subject=[(x509.NameOID.COMMON_NAME, "mine"), (x509.NameOID.ORGANIZATION_NAME, "O"),
                             (x509.NameOID.LOCALITY_NAME, "place")])
    given = marble.activate(running, "marble")
    leaf, intermediate = given.certificates()
    intermediate.public_key().verify(leaf.signature, leaf.tbs_certificate_bytes,
                                     ec.ECDSA(hashes.SHA256()))
    running.root().public_key().verify(intermediate.signature, intermediate.tbs_certificate_bytes,
                                       ec.ECDSA(hashes.SHA256()))
    assert {a.rfc4514_string() for a in leaf.subject} == {f"CN={marble.uuid}", "L=place"}
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "localhost"]
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature and usage.key_agreement and not usage.key_cert_sign
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    kind = leaf.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.9903.2.1"))
    assert kind.value.value == b"marble" and not kind.critical
    key = serialization.load_pem_private_key(given.env["MARBLE_PREDEFINED_PRIVATE_KEY"], None)
    assert key.public_key().public_numbers() == leaf.public_key().public_numbers()
    assert key.public_key().public_numbers() != marble.key.public_key().public_numbers()
    marble_root = x509.load_pem_x509_certificate(given.env["MARBLE_PREDEFINED_ROOT_CA"])
    assert marble_root.subject == marble_root.issuer == leaf.issuer
    assert given.env["MARBLE_PREDEFINED_INTERMEDIATE_CA"] == given.env["MARBLE_PREDEFINED_ROOT_CA"]
    assert x509.load_pem_x509_certificate(
        given.env["MARBLE_PREDEFINED_COORDINATOR_ROOT_CA"]) == running.root()


def test_private_secrets_hang_on_uuid_and_type_and_shared_ones_on_neither(running):
    secrets = {"own": {"Type": "symmetric-key", "Size": 128},
               "shared": {"Type": "symmetric-key", "Size": 128, "Shared": True}}
    env = {"OWN": "{{ hex .Secrets.own }}", "AGAIN": "{{ hex .Secrets.own.Private }}",
           "SHARED": "{{ hex .Secrets.shared }}", "SEAL": "{{ hex .Marblerun.SealKey }}"}
    parameters = {"Parameters": {"Env": env}}
    running.set_manifest(manifest_of(
        {"one": parameters, "two": parameters, "free1": {**parameters, "DisableSecretBinding": True},
         "free2": {**parameters, "DisableSecretBinding": True}}, Secrets=secrets))
    marble, other = Marble(), Marble()
    first, again = marble.activate(running, "one"), marble.activate(running, "one")
    assert first.env["OWN"] == first.env["AGAIN"] == again.env["OWN"]
    assert first.env["SEAL"] == again.env["SEAL"] and len(first.env["SEAL"]) == 64
    assert marble.activate(running, "two").env["OWN"] != first.env["OWN"]
    assert marble.activate(running, "two").env["SEAL"] == first.env["SEAL"]
    foreign = other.activate(running, "one")
    assert foreign.env["OWN"] != first.env["OWN"] and foreign.env["SEAL"] != first.env["SEAL"]
    assert foreign.env["SHARED"] == first.env["SHARED"]
    assert marble.activate(running, "free1").env["OWN"] == marble.activate(running, "free2").env["OWN"]


@pytest.mark.parametrize("form", ["{}", "urn:uuid:{}", "URN:UUID:{}", "{{{}}}", "plain", "upper"])
def test_every_form_of_a_uuid_names_the_same_marble(running, form):
    secrets = {"own": {"Type": "symmetric-key", "Size": 128}}
    running.set_manifest(manifest_of(
        {"marble": {"Parameters": {"Env": {"OWN": "{{ hex .Secrets.own }}"}}}}, Secrets=secrets))
    marble = Marble()
    canonical = marble.activate(running, "marble")
    text = {"plain": marble.uuid.replace("-", ""), "upper": marble.uuid.upper()}.get(
        form, form.format(marble.uuid))
    given = marble.activate(running, "marble", uuid=text.encode())
    assert given.env["OWN"] == canonical.env["OWN"]
    assert given.certificates()[0].subject.rfc4514_string() == f"CN={marble.uuid}"


@pytest.mark.parametrize("text", [
    "", "x", "0" * 31, "0" * 32, str(uuid.UUID(int=0)), str(uuid.UUID(int=1)) + "\n",
    "{" + str(uuid.UUID(int=1)) + "]", "urn:uuid:x" + str(uuid.UUID(int=1))])
def test_what_is_no_uuid_is_an_invalid_argument(running, text):
    running.set_manifest(manifest_of({"marble": {}}))
    refused(grpc.StatusCode.INVALID_ARGUMENT, "invalid UUID: ", Marble().activate, running, "marble",
            uuid=text.encode())


def test_certificate_secrets_are_issued_by_the_marble_root(running):
    secrets = {
        "shared": {"Type": "cert-ecdsa", "Size": 256, "Shared": True, "ValidFor": 7,
                   "Cert": {"Subject": {"CommonName": "shared"}, "DNSNames": ["s.example"]}},
        "own": {"Type": "cert-ecdsa", "Size": 384, "Cert": {"DNSNames": ["one.example"], "IsCA": True}}}
    files = {f"/{name}.{part}": f"{{{{ pem .Secrets.{name}.{part} }}}}"
             for name in secrets for part in ("Cert", "Private", "Public")}
    running.set_manifest(manifest_of({"marble": {"Parameters": {"Files": files}}}, Secrets=secrets))
    marble = Marble()
    first, again = marble.activate(running, "marble"), marble.activate(running, "marble")
    marble_root = x509.load_pem_x509_certificate(first.env["MARBLE_PREDEFINED_ROOT_CA"])
    for name, size in ("shared", 256), ("own", 384):
        cert = x509.load_pem_x509_certificate(first.files[f"/{name}.Cert"])
        key = serialization.load_pem_private_key(first.files[f"/{name}.Private"], None)
        public = serialization.load_pem_public_key(first.files[f"/{name}.Public"])
        assert key.key_size == size
        assert (key.public_key().public_numbers() == cert.public_key().public_numbers()
                == public.public_numbers())
        marble_root.public_key().verify(cert.signature, cert.tbs_certificate_bytes,
                                        ec.ECDSA(hashes.SHA256()))
    shared = x509.load_pem_x509_certificate(first.files["/shared.Cert"])
    own = x509.load_pem_x509_certificate(first.files["/own.Cert"])
    assert shared.subject.rfc4514_string() == "CN=shared"
    assert own.subject.rfc4514_string() == "CN=one.example"
    assert (shared.not_valid_after - shared.not_valid_before).days == 7
    assert (own.not_valid_after - own.not_valid_before).days == 365
    assert own.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert first.files["/shared.Cert"] == again.files["/shared.Cert"]
    assert first.files["/own.Cert"] != again.files["/own.Cert"]


def test_activation_needs_a_manifest_a_known_type_and_a_sound_csr(running):
    marble = Marble()
    refused(grpc.StatusCode.FAILED_PRECONDITION, "cannot accept marbles in current state",
            marble.activate, running, "marble")
    running.set_manifest(manifest_of({"marble": {}}))
    refused(grpc.StatusCode.PERMISSION_DENIED,
            "marble verification failed: unknown marble type requested", marble.activate, running, "other")
    refused(grpc.StatusCode.INTERNAL, "generating marble authentication secrets: parsing CSR: ",
            marble.activate, running, "marble", csr=b"no CSR")
    changed = bytearray(marble.csr)
    changed[-1] ^= 1
    refused(grpc.StatusCode.INTERNAL,
            "generating marble authentication secrets: signature over CSR is invalid",
            marble.activate, running, "marble", csr=bytes(changed))


def test_a_limit_counts_successes_and_comes_before_the_uuid(coordinator):
    coordinator.start()
    coordinator.set_manifest(manifest_of({"marble": {"MaxActivations": 2}, "free": {}}))
    marble = Marble()
    refused(grpc.StatusCode.INVALID_ARGUMENT, "invalid UUID", marble.activate, coordinator, "marble",
            uuid=b"x")
    marble.activate(coordinator, "marble")
    coordinator.stop(signal.SIGKILL)
    coordinator.start()
    marble.activate(coordinator, "marble")
    text = 'marble verification failed: reached max activations count (2) for marble type "marble"'
    refused(grpc.StatusCode.PERMISSION_DENIED, text, marble.activate, coordinator, "marble")
    refused(grpc.StatusCode.PERMISSION_DENIED, text, marble.activate, coordinator, "marble", uuid=b"x")
    coordinator.stop()
    coordinator.start()
    refused(grpc.StatusCode.PERMISSION_DENIED, text, marble.activate, coordinator, "marble")
    marble.activate(coordinator, "free")


def test_a_limit_holds_against_a_crowd(running):
    running.set_manifest(manifest_of({"marble": {"MaxActivations": 10}}))

    def attempt(_):
        try:
            return bool(Marble().activate(running, "marble"))
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.PERMISSION_DENIED
            return False
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(30))) == 10


# state


def test_a_restart_after_kill_keeps_authority_and_secrets(coordinator):
    coordinator.start()
    fresh = coordinator.root()
    coordinator.stop(signal.SIGKILL)
    coordinator.start()
    root = coordinator.root()
    assert root != fresh  # nothing was promised before there is a manifest
    secrets = {"shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
               "own": {"Type": "symmetric-key", "Size": 128},
               "cert": {"Type": "cert-ecdsa", "Size": 256, "Shared": True}}
    env = {"SHARED": "{{ hex .Secrets.shared }}", "OWN": "{{ hex .Secrets.own }}",
           "CERT": "{{ pem .Secrets.cert.Cert }}{{ pem .Secrets.cert.Private }}"}
    manifest = manifest_of({"marble": {"Parameters": {"Env": env}}}, Secrets=secrets)
    assert coordinator.set_manifest(manifest).status_code == 200
    marble = Marble()
    before = marble.activate(coordinator, "marble")
    shown = coordinator.get("/manifest"), coordinator.get("/update")
    coordinator.stop(signal.SIGKILL)
    coordinator.start()
    after = marble.activate(coordinator, "marble")
    assert coordinator.root() == root
    assert (coordinator.get("/manifest"), coordinator.get("/update")) == shown
    for name in env:
        assert before.env[name] == after.env[name]
    assert before.certificates()[1] == after.certificates()[1]
    leaf = after.certificates()[0]
    before.certificates()[1].public_key().verify(leaf.signature, leaf.tbs_certificate_bytes,
                                                 ec.ECDSA(hashes.SHA256()))


def test_p05_r07_a_lost_key_means_recovery_and_a_new_manifest_ends_it(coordinator):
    coordinator.start()
    coordinator.set_manifest(manifest_of({"marble": {}}))
    root = coordinator.root()
    coordinator.stop()
    (coordinator.folder / "state/sealed_key").unlink()
    coordinator.start()
    status = coordinator.get("/status")
    assert status["StatusCode"] == 1 and "recovery mode" in status["StatusMessage"]
    temporary = coordinator.root()
    assert temporary != root
    refused(grpc.StatusCode.FAILED_PRECONDITION, "current state", Marble().activate, coordinator, "marble")
    assert coordinator.set_manifest(manifest_of({"other": {}})).status_code == 200
    assert coordinator.root() == temporary
    coordinator.stop()
    coordinator.start()
    assert coordinator.get("/status")["StatusCode"] == 3
    assert coordinator.root() == temporary
    Marble().activate(coordinator, "other")


def test_a_manifest_that_cannot_be_sealed_is_not_set(coordinator):
    coordinator.start()
    state = coordinator.folder / "state"
    state.rename(coordinator.folder / "away")
    answer = coordinator.set_manifest(manifest_of({"marble": {}}))
    assert answer.status_code == 400
    assert "sealing state" in answer.json()["message"]
    assert coordinator.get("/status")["StatusCode"] == 2
    (coordinator.folder / "away").rename(state)
    assert coordinator.set_manifest(manifest_of({"marble": {}})).status_code == 200


def test_lost_counters_are_not_forgiven(coordinator):
    coordinator.start()
    coordinator.set_manifest(manifest_of({"marble": {"MaxActivations": 1}}))
    coordinator.stop()
    for journal in (coordinator.folder / "state").glob("sealed_counters_*"):
        journal.unlink()
    status, said = coordinator.fail()
    assert status == 1
    assert "activation counters" in said and "sealed_counters_" in said


# operation


def test_o09_it_does_not_start_by_accident_outside_of_an_enclave(build, coordinator):
    coordinator.command = [build / "bin/coordinator"]
    status, said = coordinator.fail()
    assert status == 1
    assert "/dev/attestation" in said and "--simulation" in said
    assert not (coordinator.folder / "state").exists()


def test_o01_p03_p04_flags_win_over_variables_and_names_reach_the_certificate(build, coordinator):
    coordinator.command = [build / "bin/coordinator", "--dns-names", "flag.example,10.1.2.3", "--curve",
                           "P384"]
    coordinator.start(OE_SIMULATION="1", EDG_COORDINATOR_DNS_NAMES="variable.example")
    root = coordinator.root()
    names = root.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["flag.example"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == [
        "127.0.0.1", "::1", "10.1.2.3"]
    assert root.public_key().curve.name == "secp384r1"
    assert isinstance(root.signature_hash_algorithm, hashes.SHA384)
    coordinator.set_manifest(manifest_of({"marble": {}}))
    assert Marble().activate(coordinator, "marble").certificates()[0].public_key().key_size == 384


def test_o02_a_startup_manifest_is_set_or_nothing_runs(coordinator):
    path = coordinator.folder / "manifest.json"
    status, said = coordinator.fail("--startup-manifest", str(path))
    assert status == 1 and "startup manifest" in said and "manifest.json" in said
    path.write_text("{")
    status, said = coordinator.fail("--startup-manifest", str(path))
    assert status == 1 and "unmarshaling manifest" in said
    path.write_text(json.dumps(manifest_of({"marble": {}})))
    coordinator.start(EDG_STARTUP_MANIFEST=str(path))
    assert coordinator.get("/status")["StatusCode"] == 3
    coordinator.stop()
    status, said = coordinator.fail(EDG_STARTUP_MANIFEST=str(path))
    assert status == 1 and "server is not in expected state" in said


@pytest.mark.parametrize("arguments,text", [
    (["--curve", "P521"], "P256 or P384"), (["--loops", "many"], "must be a number"),
    (["--nonsense"], "--help"), (["extra"], "extra"), (["--mesh-addr", "nowhere"], "HOST:PORT"),
    (["--mesh-addr", "127.0.0.1:65536"], "EDG_COORDINATOR_MESH_ADDR"),
    (["--client-addr", "127.0.0.1:http"], "EDG_COORDINATOR_CLIENT_ADDR"),
    (["--client-addr", "::1:4433"], "[IPv6]:PORT"), (["--loops", "+1"], "must be a number"),
    (["--dns-names", "a b"], "EDG_COORDINATOR_DNS_NAMES")])
def test_wrong_configuration_is_named(coordinator, arguments, text):
    status, said = coordinator.fail(*arguments)
    assert status in (1, 2)
    assert text in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_from_its_first_moment_on(coordinator, number):
    for _ in range(15):
        assert coordinator.start().stop(number) == 0


def test_a_port_that_is_taken_is_named_and_so_is_a_folder(build, coordinator, tmp_path):
    coordinator.start()
    other = Coordinator([build / "bin/coordinator", "--simulation"], {}, tmp_path)
    status, said = other.fail("--client-addr", coordinator.client, "--seal-dir", "elsewhere")
    assert status == 1
    assert coordinator.client in said and "in use" in said
    status, said = other.fail()
    assert status == 1
    assert "another Coordinator" in said and "state" in said


def test_o04_the_log_tells_what_happened_without_secrets(running):
    secrets = {"shared": {"Type": "symmetric-key", "Size": 128, "Shared": True}}
    env = {"SHARED": "{{ hex .Secrets.shared }}"}
    running.set_manifest(manifest_of({"marble": {"Parameters": {"Env": env}}}, Secrets=secrets))
    marble = Marble()
    given = marble.activate(running, "marble")
    entry = running.process.wait_for("Successfully activated new Marble")
    assert (entry["MarbleType"], entry["UUID"]) == ("marble", marble.uuid)
    assert {"level", "ts", "caller"} <= set(entry)
    running.stop()
    said = json.dumps(running.process.lines)
    assert given.env["SHARED"].decode() not in said
    first = running.process.lines[0]
    assert first["msg"] == "Starting coordinator" and first["version"]
    assert re.fullmatch("[0-9a-f]{40}|unknown", first["commit"])
    expected = ["Starting coordinator", "Creating the Core object", "Loading state",
                "No sealed state found. Proceeding with new state.", "Generating quote",
                "Failed to get quote. Proceeding in simulation mode.", "Starting the client server",
                "Starting client https server", "Starting the marble server", "Started gRPC server"]
    assert [text for text in running.process.messages() if text in expected] == expected


# hostile peers


def send_and_drain(address, data):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=60) as peer:
        try:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(65536):
                pass
        except OSError:
            pass  # closed on us


def test_garbage_and_torn_connections_do_not_disturb(running):
    running.set_manifest(manifest_of({"marble": {}}))
    for data in (b"", b"\x16\x03\x01", os.urandom(100000), b"GET / HTTP/1.1\r\n\r\n",
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), b"\x16\x03\x01\xff\xff" + bytes(70000)):
        send_and_drain(running.client, data)
        send_and_drain(running.mesh, data)
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    for address in running.client, running.mesh:
        host, port = address.rsplit(":", 1)
        with context.wrap_socket(socket.create_connection((host, int(port)))) as tls:
            try:
                tls.sendall(os.urandom(50000))
                while tls.recv(65536):
                    pass
            except OSError:
                pass
    Marble().activate(running, "marble")
    assert running.get("/status")["StatusCode"] == 3


def test_a_body_of_64_mib_is_refused_and_the_reason_arrives(running):
    answer = running.request("POST", "/manifest", data=bytes(64 << 20))
    assert answer.status_code == 413
    assert "Too Large" in answer.text
    assert running.get("/status")["StatusCode"] == 2


def test_the_mesh_api_demands_a_client_certificate(running):
    context = ssl._create_unverified_context()
    host, port = running.mesh.rsplit(":", 1)
    with pytest.raises(OSError):
        with context.wrap_socket(socket.create_connection((host, int(port)))) as tls:
            tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
            if not tls.recv(1):
                raise OSError("closed")
