# SPDX-License-Identifier: Apache-2.0
"""Recovery of a Coordinator (spec client-api.md clause 7) whose key is lost, outside of an enclave.
Tests are named after their rows in the feature table."""

import base64
import json
import random
import threading

import pytest
from cryptography.hazmat.primitives import serialization

import sealed_state
from client_users import Client, Users, manifest_of
from real_coordinator import Coordinator, Marble
from recovery import (OAEP, SUCCESS, Owner, hand_in, join_shamir, join_xor, keys_of, missing,
                      open_all, opens, recover, refused)

SECRETS = {"shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
           "given": {"Type": "plain", "UserDefined": True}}
ROLE = {"secrets": {"ResourceType": "Secrets", "ResourceNames": [*SECRETS],
                    "Actions": ["ReadSecret"]},
        "writer": {"ResourceType": "Secrets", "ResourceNames": ["given"], "Actions": ["WriteSecret"]}}
MARBLES = {"limited": {"Package": "package", "MaxActivations": 2}}
# how many keys, and how many of them are needed
SCHEMES = [(1, 0), (2, 0), (3, 3), (3, 2), (5, 3), (5, 4)]


@pytest.fixture(name="owners", scope="session")
def fixture_owners():
    return [Owner() for _ in range(6)]


@pytest.fixture(name="users")
def fixture_users(tmp_path):
    return Users(tmp_path)


@pytest.fixture(name="coordinator")
def fixture_coordinator(build, tmp_path):
    coordinator = Coordinator([build / "bin/coordinator", "--simulation"], {}, tmp_path).start()
    yield coordinator
    assert coordinator.stop() == 0


def manifest_with(users, owners, threshold=0, **sections):
    config = {"Config": {"RecoveryThreshold": threshold}} if threshold else {}
    return manifest_of(users.section(admin=["owner", "secrets", "writer"]), ROLE, Secrets=SECRETS,
                       Marbles=MARBLES, RecoveryKeys=keys_of(owners), **{**config, **sections})


def deploy(coordinator, users, owners, threshold=0, **sections):
    """Sets the manifest; the secrets of the owners."""
    answer = coordinator.request("POST", "/api/v2/manifest", json={"manifest": base64.b64encode(
        manifest_with(users, owners, threshold, **sections).encode()).decode()})
    assert answer.status_code == 200, answer.text
    return open_all(owners, answer.json()["data"]["RecoverySecrets"])


def lose_key(coordinator):
    """What another machine, or an update of the enclave, does."""
    coordinator.stop()
    (coordinator.folder / "state/sealed_key").unlink()
    coordinator.start()
    assert coordinator.get("/status")["StatusCode"] == 1


def what_is_known(coordinator, users):
    secrets = Client(coordinator, users, "admin", "v2").read("shared", "given")
    return coordinator.root(), coordinator.get("/manifest"), coordinator.get("/update"), secrets


@pytest.mark.parametrize("count,threshold", SCHEMES)
def test_r01_r02_r03_the_owners_bring_everything_back(coordinator, users, owners, count, threshold):
    owners = owners[:count]
    secrets = deploy(coordinator, users, owners, threshold)
    admin = Client(coordinator, users, "admin", "v2")
    assert admin.write({"given": {"Key": "Z2l2ZW4="}}).status_code == 200
    Marble().activate(coordinator, "limited")
    known = what_is_known(coordinator, users)
    lose_key(coordinator)
    assert coordinator.root() != known[0]
    order = random.sample(range(count), threshold or count)
    for done, i in enumerate(order[:-1], 1):
        assert hand_in(coordinator, owners[i], secrets[i]) == missing(count - done)
        assert coordinator.get("/status")["StatusCode"] == 1
    assert hand_in(coordinator, owners[order[-1]], secrets[order[-1]]) == SUCCESS
    assert coordinator.get("/status")["StatusCode"] == 3
    assert what_is_known(coordinator, users) == known
    coordinator.stop()
    coordinator.start()
    assert what_is_known(coordinator, users) == known
    Marble().activate(coordinator, "limited")
    assert sealed_state.counters(coordinator.folder / "state") == {b"limited": 2}


@pytest.mark.parametrize("count,threshold", SCHEMES)
def test_p10_what_is_handed_out_is_what_the_spec_says(coordinator, users, owners, count, threshold):
    secrets = deploy(coordinator, users, owners[:count], threshold)
    key = (coordinator.folder / "state/sealed_key").read_bytes()
    data = (coordinator.folder / "state/sealed_data").read_bytes()
    known = json.loads(sealed_state.split(data)[0])
    assert len(key) == 32
    if count == 1:
        assert (secrets, known) == ([key], None)
    elif threshold in (0, count):
        assert join_xor(secrets) == key and {len(secret) for secret in secrets} == {32}
    else:
        assert join_shamir(secrets[:threshold]) == join_shamir(secrets[-threshold:]) == key
        assert {len(secret) for secret in secrets} == {33}
    if count > 1:
        assert known == {sealed_state.hashlib.sha256(secret).hexdigest(): True
                         for secret in secrets}
        assert not opens(data, secrets[:(threshold or count) - 1])
    assert opens(data, secrets[:threshold or count])


def test_f17_without_recovery_keys_there_is_no_recovery(coordinator, users):
    assert deploy(coordinator, users, []) == []
    key = (coordinator.folder / "state/sealed_key").read_bytes()
    lose_key(coordinator)
    refused(recover(coordinator, key, b"signature"),
            "recovery keys in manifest do not match the keys used for recovery: expected 0, got 1")
    assert coordinator.get("/status")["StatusCode"] == 1


def test_set_manifest_answers_in_both_generations(coordinator, users, owners):
    assert coordinator.set_manifest("{").status_code == 400
    answer = coordinator.set_manifest(manifest_with(users, owners[:2]))
    assert list(answer.json()["data"]) == ["RecoverySecrets"]
    assert len(open_all(owners[:2], answer.json()["data"]["RecoverySecrets"])) == 2


@pytest.mark.parametrize("key,text", [
    ("no PEM", "given PEM data is not a public key"),
    ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "not a public key"),
])
def test_keys_that_are_none_are_refused(coordinator, users, owners, key, text):
    manifest = json.loads(manifest_with(users, owners[:1]))
    manifest["RecoveryKeys"]["bad"] = key
    answer = coordinator.set_manifest(manifest)
    assert answer.status_code == 400
    message = answer.json()["message"]
    assert message.startswith("generating recovery encryption key: ") and text in message
    assert message.endswith(" (recovery key bad)")
    assert coordinator.get("/status")["StatusCode"] == 2


@pytest.mark.parametrize("threshold", [0, 2])
def test_wrong_and_repeated_secrets_are_refused(coordinator, users, owners, threshold):
    owners = owners[:3]
    secrets = deploy(coordinator, users, owners, threshold)
    lose_key(coordinator)
    invalid = "uploaded an invalid or already used secret"
    refused(recover(coordinator, bytes(len(secrets[0])), b""), invalid)
    assert hand_in(coordinator, owners[0], secrets[0]) == missing(2)
    refused(recover(coordinator, secrets[0], owners[0].sign(secrets[0])), invalid)
    refused(recover(coordinator, bytes(16), b""), invalid)
    needed = [1, 2] if not threshold else [2]
    for i in needed:
        last = hand_in(coordinator, owners[i], secrets[i])
    assert last == SUCCESS
    late = recover(coordinator, secrets[1], owners[1].sign(secrets[1]))
    assert (late.status_code, late.json()["message"]) == (500, "server is not in expected state")


@pytest.mark.parametrize("count,threshold", [(1, 0), (3, 0), (3, 2)])
def test_r04_every_secret_needs_the_signature_of_another_owner(coordinator, users, owners, count,
                                                               threshold):
    owners, stranger = owners[:count], owners[-1]
    secrets = deploy(coordinator, users, owners, threshold)
    lose_key(coordinator)
    needed = threshold or count
    wrong = [[stranger.sign(secret) for secret in secrets], [b""] * count,
             [owners[0].sign(b"something else")] * count]
    if count > 1:
        wrong.append([owners[0].sign(secret) for secret in secrets])  # one owner signs for all
    for signatures in wrong:
        for i in range(needed - 1):
            assert recover(coordinator, secrets[i], signatures[i]).status_code == 200
        last = recover(coordinator, secrets[needed - 1], signatures[needed - 1])
        text = last.json()["message"]
        assert last.status_code == 500
        if threshold:
            assert text == ("setting recovery key: no matching recovery public key found for "
                            "recovery key")
        else:
            assert text.startswith("setting recovery key: no matching recovery key found for "
                                   "recovery public key \"owner-")
        assert coordinator.get("/status")["StatusCode"] == 1
    # all start over, and may sign in any order
    for i in range(needed - 1):
        assert hand_in(coordinator, owners[i], secrets[i])["remaining"]
    assert hand_in(coordinator, owners[needed - 1], secrets[needed - 1]) == SUCCESS


def test_a_wrong_secret_alone_is_kept_and_does_nothing(coordinator, users, owners):
    secret, = deploy(coordinator, users, owners[:1])
    lose_key(coordinator)
    for _ in range(20):
        assert hand_in(coordinator, owners[0], random.randbytes(32)) == missing(1)
    refused(recover(coordinator, random.randbytes(33), b""), "invalid secret length")
    refused(recover(coordinator, random.randbytes(16), b""),
            "recovery secrets must match in length: expected 32, got 16")
    assert hand_in(coordinator, owners[0], secret) == SUCCESS


def test_r06_lost_recovery_data_are_made_anew(coordinator, users, owners):
    owners = owners[:3]
    secrets = deploy(coordinator, users, owners)
    coordinator.stop()
    path = coordinator.folder / "state/sealed_data"
    data = path.read_bytes()
    recovery, header, sealed = sealed_state.split(data)
    path.write_bytes(bytes(4) + header + sealed)
    lose_key(coordinator)
    assert hand_in(coordinator, owners[0], random.randbytes(32)) == missing(1)
    for i in (2, 0):
        assert hand_in(coordinator, owners[i], secrets[i]) == missing(1)
    assert hand_in(coordinator, owners[1], secrets[1]) == SUCCESS
    assert sealed_state.split(path.read_bytes())[0] == recovery


def test_recovery_data_of_others_are_not_taken(coordinator, users, owners):
    secrets = deploy(coordinator, users, owners[:3])
    coordinator.stop()
    path = coordinator.folder / "state/sealed_data"
    _, header, sealed = sealed_state.split(path.read_bytes())
    path.write_bytes(b"\4\0\0\0null" + header + sealed)
    lose_key(coordinator)
    for i in range(3):
        assert hand_in(coordinator, owners[i], secrets[i]) == missing(1)
    assert coordinator.get("/status")["StatusCode"] == 1


def test_r05_secrets_travel_under_an_ephemeral_key(coordinator, users, owners):
    owners = owners[:3]
    secrets = deploy(coordinator, users, owners, 2)
    answer = coordinator.request("GET", "/api/v2/recover/public-key")
    assert (answer.status_code, answer.json()["message"]) == (500, "server is not in expected state")
    lose_key(coordinator)
    answer = recover(coordinator, bytes(512), b"")
    assert (answer.status_code, answer.json()["message"]) == (
        400, "failed to decrypt recovery secret: ephemeral secret key not set")
    shown = coordinator.get("/api/v2/recover/public-key")
    assert shown["algorithm"] == "RSA"
    key = serialization.load_der_public_key(base64.b64decode(shown["ephemeralPublicKey"]))
    assert key.key_size == 4096
    assert coordinator.get("/api/v2/recover/public-key") == shown
    for i in range(2):
        sent = recover(coordinator, key.encrypt(secrets[i], OAEP), owners[i].sign(secrets[i]))
        assert sent.json()["data"] == (SUCCESS if i else missing(2))
    answer = recover(coordinator, key.encrypt(secrets[2], OAEP), b"")
    assert answer.status_code == 400  # the key is gone
    assert answer.json()["status"] == "fail"


def test_r05_who_asks_for_the_ephemeral_key_holds_up_nobody(coordinator, users, owners):
    deploy(coordinator, users, owners[:1])
    coordinator.command = [*coordinator.command, "--loops", "1"]
    lose_key(coordinator)
    keys, answered = [], 0
    askers = [threading.Thread(target=lambda: keys.append(
        coordinator.get("/api/v2/recover/public-key"))) for _ in range(2)]
    for asker in askers:
        asker.start()
    while not keys:
        assert coordinator.get("/status")["StatusCode"] == 1
        answered += 1
    for asker in askers:
        asker.join()
    assert keys[0] == keys[1]
    assert answered > 4  # on a loop that makes the key, the second would have waited for it


def test_r08_secrets_of_16_bytes_are_plain_text(coordinator, users, owners):
    """Older Coordinators had such keys. There is no state here that one opens."""
    deploy(coordinator, users, owners[:1])
    lose_key(coordinator)
    assert hand_in(coordinator, owners[0], random.randbytes(16)) == missing(1)
    refused(recover(coordinator, random.randbytes(32), b""),
            "recovery secrets must match in length: expected 16, got 32")


def test_an_ephemeral_key_opens_nothing_else(coordinator, users, owners):
    deploy(coordinator, users, owners[:2])
    lose_key(coordinator)
    coordinator.get("/api/v2/recover/public-key")
    answer = recover(coordinator, random.randbytes(512), b"")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("failed to decrypt recovery secret: decryption error")
    long_body = coordinator.request("POST", "/api/v2/recover", data=json.dumps(
        {"recoverySecret": "A" * 20480}))
    assert (long_body.status_code, long_body.json()["status"]) == (400, "fail")


def test_r07_a_new_manifest_abandons_the_old_state(coordinator, users, owners):
    secrets = deploy(coordinator, users, owners[:2])
    lose_key(coordinator)
    assert hand_in(coordinator, owners[0], secrets[0]) == missing(1)
    temporary = coordinator.root()
    new = deploy(coordinator, users, owners[2:4])
    assert coordinator.root() == temporary
    late = recover(coordinator, secrets[1], owners[1].sign(secrets[1]))
    assert (late.status_code, late.json()["message"]) == (500, "server is not in expected state")
    lose_key(coordinator)
    refused(recover(coordinator, secrets[0], b""), "uploaded an invalid or already used secret")
    for i in range(2):
        last = hand_in(coordinator, owners[2 + i], new[i])
    assert last == SUCCESS
    assert coordinator.root() == temporary
    journals = list((coordinator.folder / "state").glob("sealed_counters_*"))
    assert len(journals) == 1


def test_u09_an_update_changes_the_keys(coordinator, users, owners):
    old = deploy(coordinator, users, owners[:2])
    Marble().activate(coordinator, "limited")
    admin = Client(coordinator, users, "admin", "v2")
    same = admin.update(manifest_with(users, owners[:2], 2))  # 0 and all of them are equivalent
    assert "recoverySecrets" not in same.json()["data"]
    answer = admin.update(manifest_with(users, owners[2:5], 2))
    assert answer.status_code == 200, answer.text
    new = open_all(owners[2:5], answer.json()["data"]["recoverySecrets"])
    known = what_is_known(coordinator, users)
    lose_key(coordinator)
    refused(recover(coordinator, old[0], owners[0].sign(old[0])),
            "uploaded an invalid or already used secret")
    assert hand_in(coordinator, owners[4], new[2]) == missing(2)
    assert hand_in(coordinator, owners[2], new[0]) == SUCCESS
    assert what_is_known(coordinator, users) == known
    assert sealed_state.counters(coordinator.folder / "state") == {b"limited": 1}


def test_u09_the_last_acknowledgment_gets_the_secrets(coordinator, users, owners):
    def manifest(keys):
        both = users.section(admin=["owner"], other=["owner"])
        return manifest_of(both, Secrets=SECRETS, RecoveryKeys=keys_of(keys))
    coordinator.set_manifest(manifest(owners[:1]))
    new = manifest(owners[1:3])
    answer = Client(coordinator, users, "admin", "v2").update(new).json()["data"]
    assert answer["missingAcknowledgments"] == 1 and "recoverySecrets" not in answer
    answer = Client(coordinator, users, "other", "v2").acknowledge(new).json()["data"]
    secrets = open_all(owners[1:3], answer["recoverySecrets"])
    lose_key(coordinator)
    assert hand_in(coordinator, owners[1], secrets[0]) == missing(1)
    assert hand_in(coordinator, owners[2], secrets[1]) == SUCCESS


def test_an_update_to_keys_that_are_none_is_not_applied(coordinator, users, owners):
    deploy(coordinator, users, owners[:1])
    manifest = json.loads(manifest_with(users, owners[:1]))
    manifest["RecoveryKeys"] = {"bad": "no PEM"}
    answer = Client(coordinator, users, "admin", "v2").update(json.dumps(manifest))
    assert answer.status_code == 500
    assert "generating recovery encryption key: given PEM data" in answer.json()["message"]
    assert coordinator.request("GET", "/update-manifest").status_code == 404


def test_a_state_without_its_counters_is_not_recovered(coordinator, users, owners):
    secret, = deploy(coordinator, users, owners[:1])
    lose_key(coordinator)
    journal, = (coordinator.folder / "state").glob("sealed_counters_*")
    journal.rename(coordinator.folder / "journal")
    answer = recover(coordinator, secret, owners[0].sign(secret))
    assert answer.status_code == 500 and "activation counters" in answer.json()["message"]
    assert coordinator.get("/status")["StatusCode"] == 1
    (coordinator.folder / "journal").rename(journal)
    assert hand_in(coordinator, owners[0], secret) == SUCCESS
