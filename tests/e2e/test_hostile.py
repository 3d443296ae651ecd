# SPDX-License-Identifier: Apache-2.0
"""Mutants of valid manifests, templates and requests: each is refused with a message, and changes neither
the sealed state nor anything that can be asked for. Each test counts its mutants."""

import json
import re
import socket
import ssl

import pytest
import requests

import hostile
from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from client_users import Client, encode
from real_coordinator import PATIENCE, Marble
from recovery import Owner, keys_of

COUNTS = {"manifest": 100, "template": 60, "update": 60, "acknowledge": 20, "secrets": 50,
          "sign-quote": 20, "counter": 20, "recover": 30, "user": 12, "target": 40, "http": 60}
WRITABLE = {"key": {"Key": encode(bytes(16))}, "text": {"Key": encode("text")}}


def test_there_are_enough_mutants():
    assert sum(COUNTS.values()) >= 300


def manifest_for(users):
    """A valid manifest with something of everything."""
    names = ["key", "text", "cert"]
    return {
        "Packages": {"p": {"Debug": True, "SignerID": "51" * 32, "ProductID": 1, "SecurityVersion": 2,
                           "AcceptedTCBStatuses": ["SWHardeningNeeded"], "AcceptedAdvisories": ["A"]},
                     "q": {"UniqueID": "a1" * 32}},
        "Infrastructures": {"i": {"CPUSVN": [0, 1], "QESVN": 2, "PCESVN": 3, "RootCA": "AAEC"}},
        "Marbles": {"m": {"Package": "p", "MaxActivations": 5, "TLS": ["t"], "DisableSecretBinding": True,
                          "Parameters": {"Files": {"/f": "{{ hex .Secrets.key }}",
                                                   "/o": {"Data": "00ff", "Encoding": "hex"}},
                                         "Env": {"E": "{{ string .Secrets.text }}"}, "Argv": ["a"]}},
                    "n": {"Package": "q"}, "free": {"Package": "p"}},
        "Secrets": {"key": {"Type": "symmetric-key", "Size": 128, "Shared": True, "UserDefined": True,
                            "Public": "AAAA", "Private": "AAAA"},
                    "made": {"Type": "symmetric-key", "Size": 128},
                    "text": {"Type": "plain", "UserDefined": True},
                    "cert": {"Type": "cert-ecdsa", "Size": 256, "ValidFor": 7, "UserDefined": True}},
        "TLS": {"t": {"Outgoing": [{"Port": "1", "Addr": "a"}],
                      "Incoming": [{"Port": "2", "Cert": "cert", "DisableClientAuth": True}]}},
        "Users": users.section(alice=["owner", "keeper", "packager"], bob=["owner"]),
        "Roles": {"owner": {"ResourceType": "Manifest", "Actions": ["UpdateManifest"]},
                  "packager": {"ResourceType": "Packages", "ResourceNames": ["p"],
                               "Actions": ["UpdateSecurityVersion"]},
                  "keeper": {"ResourceType": "Secrets", "ResourceNames": names,
                             "Actions": ["ReadSecret", "WriteSecret"]}},
        "Config": {"SealMode": "ProductKey", "FeatureGates": ["SignQuoteEndpoint", "MonotonicCounter"],
                   "UpdateThreshold": 2, "RotateRootSecret": False},
    }


def is_complete(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: *(\d+)", head.lower())
    return length and len(body) >= int(length[1])


class Target:
    """A Coordinator that is sent mutants, and what must not change by them."""

    PATHS = [prefix + path for prefix in ("", "/api/v2")
             for path in ("/status", "/manifest", "/update", "/update-manifest", "/quote",
                          "/secrets?s=key&s=text&s=cert")]

    def __init__(self, coordinator, cert):
        self.coordinator, self.count = coordinator, 0
        self.session = requests.Session()
        self.session.trust_env = False  # no bundle of the environment
        self.session.verify, self.session.cert = False, cert
        self.before = self.snapshot()

    def url(self, path):
        return f"https://{self.coordinator.client}{path}"

    def snapshot(self):
        """The sealed state, byte by byte, and every GET."""
        state = self.coordinator.folder / "state"
        answers = [self.session.get(self.url(path), timeout=PATIENCE) for path in self.PATHS]
        return ({path.name: path.read_bytes() for path in state.iterdir()},
                [(answer.status_code, answer.text) for answer in answers])

    def unchanged(self, mutant):
        self.count += 1
        assert self.snapshot() == self.before, f"{mutant!r} has changed something"

    def refuse(self, path, body, cert=None):
        """A whole request, which must get an error with a message."""
        answer = (self.coordinator.request("POST", path, data=body, cert=cert) if cert else
                  self.session.post(self.url(path), data=body, timeout=PATIENCE))
        assert 400 <= answer.status_code < 600 and answer.status_code != 405, (body, answer.text)
        reply = answer.json()
        assert list(reply) == ["status", "data", "message"], (body, answer.text)
        assert reply["message"], body
        if path.startswith("/api/v2"):
            assert reply["status"] == ("fail" if answer.status_code in (400, 401) else "error")
        else:
            assert (reply["status"], reply["data"]) == ("error", None)
        self.unchanged(body)
        return answer

    def refuse_raw(self, data, is_whole):
        """Bytes instead of a request: an error, or the connection ends."""
        host, port = self.coordinator.client.rsplit(":", 1)
        context = ssl._create_unverified_context()  # pylint: disable=protected-access
        context.set_alpn_protocols(["http/1.1"])
        with context.wrap_socket(socket.create_connection((host, int(port)), PATIENCE)) as peer:
            peer.settimeout(PATIENCE)
            answer = b""
            try:
                peer.sendall(data)
                if not is_whole:
                    socket.socket.shutdown(peer, socket.SHUT_WR)
                while not is_complete(answer) and (received := peer.recv(65536)):
                    answer += received
            except OSError:
                pass  # closed on us
        if answer or is_whole:
            assert answer.startswith(b"HTTP/1."), (data[:200], answer)
            assert 400 <= int(answer.split()[1]) < 600, (data[:200], answer)
            assert answer.split(b"\r\n\r\n", 1)[1], (data[:200], answer)
        self.unchanged(data[:200])
        return answer


@pytest.fixture(name="manifest")
def fixture_manifest(users):
    return manifest_for(users)


@pytest.fixture(name="fresh")
def fixture_fresh(running, users):
    """Without manifest."""
    return Target(running, users.cert("alice"))


@pytest.fixture(name="target")
def fixture_target(running, users, manifest):
    """With a manifest and a secret, and with a user's certificate."""
    answer = running.set_manifest(hostile.dump(manifest))
    assert answer.status_code == 200, answer.text
    assert Client(running, users, "alice", "v2").write(WRITABLE).status_code == 200
    return Target(running, users.cert("alice"))


def as_v2(manifest):
    return hostile.dump({"manifest": encode(manifest)})


def send(target, path, mutant, i):
    """To both generations by turns."""
    if i % 2:
        target.refuse(path, mutant)
    else:
        target.refuse("/api/v2" + path, as_v2(mutant))


def test_c07_f20_mutants_of_a_manifest_are_refused(fresh, manifest):
    for i in range(COUNTS["manifest"]):
        dice = hostile.dice_of(f"manifest {i}")
        send(fresh, "/manifest", hostile.broken_manifest(dice, manifest), i)
    assert fresh.count == COUNTS["manifest"]
    # what the mutants come from is no mutant
    assert fresh.coordinator.set_manifest(hostile.dump(manifest)).status_code == 200


def test_t12_mutants_of_a_template_are_refused(fresh, manifest):
    files = manifest["Marbles"]["m"]["Parameters"]["Files"]
    for i in range(COUNTS["template"]):
        files["/f"] = hostile.broken_template(hostile.dice_of(f"template {i}"))
        send(fresh, "/manifest", hostile.dump(manifest), i)
    assert fresh.count == COUNTS["template"]
    for i, template in enumerate(hostile.TEMPLATES):
        files[f"/good-{i}"] = template
    files["/f"] = ""
    answer = fresh.coordinator.set_manifest(hostile.dump(manifest))
    assert answer.status_code == 200, answer.text


def test_c08_mutants_of_an_update_are_refused(target, manifest, users):
    for i in range(COUNTS["update"]):
        dice = hostile.dice_of(f"update {i}")
        mutant = hostile.broken_update(dice) if i % 3 else hostile.misread_manifest(dice, manifest)
        send(target, "/update", mutant, i)
    assert target.count == COUNTS["update"]
    good = json.dumps({"Packages": {"p": {"SecurityVersion": 3}}})
    assert Client(target.coordinator, users, "alice", "v1").update(good).status_code == 200


def test_u06_mutants_of_an_acknowledgment_are_refused(target, manifest, users):
    manifest["Config"]["RotateRootSecret"] = True
    text = hostile.dump(manifest)
    alice, bob = (Client(target.coordinator, users, name, "v2") for name in ("alice", "bob"))
    assert alice.update(text).json()["data"]["missingAcknowledgments"] == 1
    target = Target(target.coordinator, users.cert("bob"))
    for i in range(COUNTS["acknowledge"]):
        dice = hostile.dice_of(f"acknowledge {i}")
        mutant = dice.choice([hostile.cut, hostile.flip, hostile.drop, hostile.insert])(dice, text)
        send(target, "/update-manifest", mutant, i)
    assert target.count == COUNTS["acknowledge"]
    assert bob.acknowledge(text).json()["data"]["missingAcknowledgments"] == 0


def test_s11_mutants_of_secrets_are_refused(target, users):
    for i in range(COUNTS["secrets"]):
        dice = hostile.dice_of(f"secrets {i}")
        mutant = hostile.broken_secrets(dice, WRITABLE)
        if i % 2:
            target.refuse("/secrets", mutant)
        elif hostile.is_json(mutant):
            target.refuse("/api/v2/secrets", b'{"secrets":' + mutant + b"}")
        else:
            target.refuse("/api/v2/secrets", hostile.no_json(
                dice, hostile.dump({"secrets": WRITABLE}), whole=False))
    assert target.count == COUNTS["secrets"]
    assert Client(target.coordinator, users, "alice", "v2").write(WRITABLE).status_code == 200


def test_c14_mutants_of_a_quote_are_refused(target):
    good = {"sgxQuote": encode(bytes(1000))}
    for i in range(COUNTS["sign-quote"]):
        dice = hostile.dice_of(f"sign-quote {i}")
        mutant = hostile.broken_object(dice, good, {"sgxQuote": hostile.BYTES}) if i % 2 else \
            hostile.dump({"sgxQuote": encode(dice.randbytes(dice.randrange(5000)))})
        assert target.refuse("/api/v2/sign-quote", mutant).status_code == 400
    assert target.count == COUNTS["sign-quote"]


def test_c15_mutants_of_a_count_are_refused(target, tmp_path):
    given = Marble().activate(target.coordinator, "free").env
    cert = tmp_path / "marble.crt", tmp_path / "marble.key"
    for path, name in zip(cert, ("MARBLE_CERTIFICATE_CHAIN", "PRIVATE_KEY")):
        path.write_bytes(given[f"MARBLE_PREDEFINED_{name}"])
    cert = tuple(map(str, cert))
    good = {"name": "counter", "value": 2**64 - 1}
    for i in range(COUNTS["counter"]):
        dice = hostile.dice_of(f"counter {i}")
        body = hostile.broken_object(dice, good, {"name": hostile.TEXT, "value": hostile.NUMBER})
        assert target.refuse("/api/v2/monotonic-counter", body, cert).status_code == 400
    assert target.count == COUNTS["counter"]
    answer = target.coordinator.request("POST", "/api/v2/monotonic-counter", json=good, cert=cert)
    assert answer.json()["data"] == {"value": 0}


def test_r04_mutants_of_a_recovery_are_refused(running, users, manifest):
    owner = Owner()
    manifest["RecoveryKeys"] = keys_of([owner])
    answer = running.set_manifest(hostile.dump(manifest))
    secret = owner.open(answer.json()["data"]["RecoverySecrets"]["owner-0"])
    assert running.stop() == 0
    (running.folder / "state/sealed_key").unlink()
    target = Target(running.start(), users.cert("alice"))
    good = {"recoverySecret": encode(secret), "recoverySecretSignature": encode(owner.sign(secret))}
    for i in range(COUNTS["recover"]):
        dice = hostile.dice_of(f"recover {i}")
        size = dice.choice([0, 1, 15, 17, 31, 34, 512, 5000])
        mutant = hostile.broken_object(dice, good, dict.fromkeys(good, hostile.BYTES)) if i % 2 else \
            hostile.dump({**good, "recoverySecret": encode(dice.randbytes(size))})
        target.refuse("/api/v2/recover", mutant)
    assert target.count == COUNTS["recover"]
    answer = running.request("POST", "/api/v2/recover", json=good)
    assert answer.json()["data"]["remaining"] == 0
    assert running.get("/status")["StatusCode"] == 3


def test_c16_nobody_else_is_a_user(target, users, manifest):
    """Valid requests, but of others."""
    stranger = users.cert("stranger")
    update = json.dumps({"Packages": {"p": {"SecurityVersion": 3}}}).encode()
    full = hostile.dump(manifest)
    for prefix, bodies in ("", (update, full, hostile.dump(WRITABLE))), \
            ("/api/v2", (as_v2(update), as_v2(full), hostile.dump({"secrets": WRITABLE}))):
        requests_of = list(zip(("/update", "/update-manifest", "/secrets"), bodies))
        for path, body in [*requests_of, ("/update-cancel", b"")]:
            assert target.refuse(prefix + path, body, stranger).status_code == 401
    for body in full, update, b"{}", b"null":
        target.refuse("/update-manifest", body, users.cert("bob"))
    assert target.count == COUNTS["user"]


def test_c03_mutants_of_a_path_are_405(target):
    for i in range(COUNTS["target"]):
        method, path = hostile.unknown_target(hostile.dice_of(f"target {i}"))
        answer = target.session.request(method, target.url(path), timeout=PATIENCE)
        assert (answer.status_code, answer.text) == (405, '{"status":"error","data":null}\n'), (method, path)
        target.unchanged((method, path))
    assert target.count == COUNTS["target"]


def test_c02_mutants_of_http_end_in_an_error_or_nothing(target):
    answers = []
    for i in range(COUNTS["http"]):
        answers.append(target.refuse_raw(*hostile.broken_http(hostile.dice_of(f"http {i}"))))
    assert target.count == COUNTS["http"]
    assert sum(bool(answer) for answer in answers) > COUNTS["http"] / 3
    # without a mutation the request only lacks a user
    assert target.refuse_raw(hostile.REQUEST, True).split()[1] == b"401"
