# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml against the replies of a real Coordinator: each reply is as the document says,
and each reply that the document has occurs."""

import pytest

from client_users import Client, Users, encode, manifest_of
from openapi import DOCUMENT, validate
from real_coordinator import Coordinator, Marble
from recovery import Owner, keys_of, open_all

# Simulation has no quotes: test_attested_sign_quote.py validates the signature of one.
ELSEWHERE = {("POST", "/api/v2/sign-quote", "200"), ("GET", "/api/v2/quote", "500")}
SECRETS = {"given": {"Type": "plain", "UserDefined": True},
           "cert": {"Type": "cert-ecdsa", "Size": 256, "Shared": True}}
ROLE = {"secrets": {"ResourceType": "Secrets", "ResourceNames": ["given", "cert"],
                    "Actions": ["ReadSecret"]},
        "given": {"ResourceType": "Secrets", "ResourceNames": ["given"], "Actions": ["WriteSecret"]}}


def documented():
    return {(method.upper(), path, status) for path, methods in DOCUMENT["paths"].items()
            for method, operation in methods.items() for status in operation["responses"]}


class Checked:
    """Asks, and compares the answer with the document."""

    def __init__(self, coordinator):
        self.coordinator, self.seen = coordinator, set()

    def request(self, method, target, **options):
        answer = self.coordinator.request(method, target, **options)
        self.seen.add(validate(method, target, answer))
        return answer

    def get(self, path):
        return self.request("GET", path).json()["data"]

    def stop(self):
        return self.coordinator.stop()


@pytest.fixture(name="coordinator")
def fixture_coordinator(build, tmp_path):
    coordinator = Coordinator([build / "bin/coordinator", "--simulation"], {}, tmp_path).start()
    yield coordinator
    assert coordinator.stop() == 0


def forget_state(coordinator):
    coordinator.stop()
    for file in (coordinator.folder / "state").iterdir():
        file.unlink()
    coordinator.start()


def ask_everything_without_manifest(checked):
    for path, methods in DOCUMENT["paths"].items():
        for method in methods:
            checked.request(method.upper(), path, data="{" if method == "post" else None)


def ask_as(checked, users, generation, manifest):
    """What users and strangers do, good and bad; ends without an update that waits."""
    alice, bob, eve = (Client(checked, users, name, generation) for name in ("alice", "bob", "eve"))
    stranger = Client(checked, users, None, generation)
    for client in alice, bob, eve, stranger:
        client.write({"given": {"Key": "AAAA"}})
        client.request("POST", "/secrets", data="{")
        client.request("POST", "/update", data="{")
        client.request("POST", "/update-manifest", data="{")
        client.get("/secrets?s=given&s=cert")
        client.get("/secrets")
        client.cancel()
        client.acknowledge(manifest)
        client.update('{"Packages": {"package": {"SecurityVersion": 2}}}')
    for path in "/status", "/quote", "/manifest", "/update", "/update-manifest":
        stranger.get(path)
    assert alice.update(manifest).status_code == 200
    stranger.get("/update-manifest")
    eve.cancel()
    eve.acknowledge(manifest)
    assert alice.acknowledge(manifest).status_code == 200
    assert bob.cancel().status_code == 200


def ask_as_marble(checked, folder):
    marble = Marble()
    given = marble.activate(checked.coordinator, "marble")
    chain = folder / "marble.pem"
    chain.write_bytes(given.env["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"]
                      + given.env["MARBLE_PREDEFINED_PRIVATE_KEY"])
    for body in '{"name": "a", "value": 18446744073709551615}', "{":
        checked.request("POST", "/api/v2/monotonic-counter", data=body, cert=str(chain))
    checked.request("POST", "/api/v2/monotonic-counter", data="{}")
    checked.request("POST", "/api/v2/sign-quote", json={"sgxQuote": "AAAA"})


def ask_for_recovery(checked):
    """Of a Coordinator with a manifest of one recovery key, which it loses."""
    owner = Owner()
    manifest = manifest_of({}, RecoveryKeys=keys_of([owner]))
    answer = checked.request("POST", "/api/v2/manifest", json={"manifest": encode(manifest)})
    secret, = open_all([owner], answer.json()["data"]["RecoverySecrets"])
    checked.coordinator.stop()
    (checked.coordinator.folder / "state/sealed_key").unlink()
    checked.coordinator.start()
    checked.request("GET", "/api/v2/recover/public-key")
    for given in bytes(32), secret:
        checked.request("POST", "/api/v2/recover", json={
            "recoverySecret": encode(given),
            "recoverySecretSignature": encode(owner.sign(secret))})
    assert checked.coordinator.get("/status")["StatusCode"] == 3


def test_c11_replies_are_those_of_the_openapi_document(coordinator, tmp_path):
    checked, users = Checked(coordinator), Users(tmp_path)
    ask_for_recovery(checked)
    forget_state(coordinator)
    ask_everything_without_manifest(checked)
    checked.request("GET", "/api/v2/quote?nonce=!")
    checked.request("POST", "/api/v2/manifest", json={"manifest": encode("{")})
    checked.request("POST", "/api/v2/recover", json={"recoverySecret": encode(bytes(16))})
    section = users.section(alice=["owner", "packager", "secrets", "given"], bob=["owner"],
                            eve=["packager"])
    sections = {"Secrets": SECRETS,
                "Config": {"FeatureGates": ["SignQuoteEndpoint", "MonotonicCounter"]}}
    manifest = manifest_of(section, ROLE, **sections)
    checked.request("POST", "/api/v2/manifest", json={"manifest": encode(manifest)})
    for generation in "v1", "v2":
        ask_as(checked, users, generation, manifest)
    ask_as_marble(checked, tmp_path)
    for name in "alice", "bob":  # applied at the second
        Client(checked, users, name, "v2").post(
            "/update" if name == "alice" else "/update-manifest", manifest)
    # a manifest in the first generation, on a new state
    forget_state(coordinator)
    assert checked.request("POST", "/manifest", data=manifest).status_code == 200
    assert documented() - checked.seen == ELSEWHERE
    assert checked.seen <= documented()


def test_c03_what_the_document_does_not_have_is_405(coordinator):
    for path, methods in DOCUMENT["paths"].items():
        for method in {"get", "post", "put", "delete", "patch"} - set(methods):
            assert coordinator.request(method.upper(), path).status_code == 405, (method, path)
    only_v2 = {path for path in DOCUMENT["paths"] if path.startswith("/api/v2")
               and path.removeprefix("/api/v2") not in DOCUMENT["paths"]}
    assert len(only_v2) == 3
    for path in only_v2:
        for method in "GET", "POST":
            assert coordinator.request(method, path.removeprefix("/api/v2")).status_code == 405
