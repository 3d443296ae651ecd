# SPDX-License-Identifier: Apache-2.0
"""A Coordinator outside of an enclave, from its start to its manifest, through both generations of the
client API. Tests are named after their rows in the feature table."""

import base64
import concurrent.futures
import hashlib
import json
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from plain_manifest import manifest_of
from real_coordinator import b64


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


def test_c01_c05_c11_m04_p01_p02_the_quote_endpoint_shows_the_authority_that_serves_tls(running):
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
