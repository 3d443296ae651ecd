# SPDX-License-Identifier: Apache-2.0
"""Users, roles and updates of packages and manifests. Tests are named after their rows in the
feature table."""

import hashlib
import json
import signal
import socket
import ssl

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from client_users import PACKAGE, Client, log_of, manifest_of
from real_coordinator import Coordinator, Marble, b64

UNAUTHORIZED = "unauthorized user: client certificate did not match any MarbleRun users"
IN_PROGRESS = ("update already in progress. Acknowledge the update to apply it, or cancel it to start "
               "a new one")
SECRETS = {
    "key": {"Type": "symmetric-key", "Size": 128, "Shared": True},
    "own": {"Type": "symmetric-key", "Size": 128},
    "cert": {"Type": "cert-ecdsa", "Size": 256, "Shared": True, "ValidFor": 30,
             "Cert": {"Subject": {"CommonName": "shared"}, "DNSNames": ["s.example"]}},
    "given": {"Type": "plain", "UserDefined": True},
}
FILES = {"/key": "{{ hex .Secrets.key }}", "/own": "{{ hex .Secrets.own }}",
         "/cert": "{{ pem .Secrets.cert.Cert }}", "/given": "{{ raw .Secrets.given }}",
         "/previous-key": "{{ hex .Previous.Secrets.key }}",
         "/previous-own": "{{ hex .Previous.Secrets.own }}",
         "/previous-cert": "{{ pem .Previous.Secrets.cert.Cert }}"}
MARBLES = {"marble": {"Package": "package", "Parameters": {"Files": FILES}}}
WRITER = {"writer": {"ResourceType": "Secrets", "ResourceNames": ["given"],
                     "Actions": ["WriteSecret"]}}


@pytest.fixture(name="coordinator")
def fixture_coordinator(build, tmp_path):
    coordinator = Coordinator([build / "bin/coordinator", "--simulation", "--dns-names",
                               "mesh.example,10.1.2.3"], {}, tmp_path).start()
    yield coordinator
    assert coordinator.stop() == 0


def set_manifest(coordinator, users, *sections, **more):
    manifest = manifest_of(users, *sections, **more)
    answer = coordinator.set_manifest(manifest)
    assert answer.status_code == 200, answer.text
    return manifest


def raise_to(version, **packages):
    return json.dumps({"Packages": packages or {"package": {"SecurityVersion": version}}})


def fingerprint(manifest):
    return hashlib.sha256(manifest.encode()).hexdigest()


def marble_root(coordinator):
    return Marble().activate(coordinator, "marble").certificates()[1]


# users


def test_c16_a_user_is_who_shows_exactly_the_certificate(coordinator, users, log_in, generation):
    set_manifest(coordinator, users.section(alice=["packager"]))
    for stranger in None, "mallory":
        answer = log_in(stranger).update(raise_to(2))
        assert answer.status_code == 401
        assert answer.json() == {"status": "fail" if generation == "v2" else "error", "data": None,
                                 "message": UNAUTHORIZED}
    assert log_in("alice").update(raise_to(2)).status_code == 200


def chain_of(users, folder, *names):
    """Files with the certificates of all, and the key of the first."""
    path = folder / "chain.pem"
    path.write_bytes(b"".join(users[name].cert for name in names))
    return str(path), str(users[names[0]].key_file)


def ask(coordinator, context, session):
    """The status of a request as a user, on a connection that resumes the session if it can."""
    host, port = coordinator.client.rsplit(":", 1)
    with context.wrap_socket(socket.create_connection((host, int(port))), session=session) as tls:
        tls.sendall(b"GET /secrets HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while received := tls.recv(65536):
            answer += received
        return int(answer.split()[1]), tls.session


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_c16_any_certificate_of_those_shown_counts(coordinator, users, tmp_path, version):
    set_manifest(coordinator, users.section(alice=["packager"]))
    context = ssl._create_unverified_context()
    context.maximum_version = version
    context.load_cert_chain(*chain_of(users, tmp_path, "mallory", "alice"))
    session = None
    for _ in range(3):  # a session keeps only the first certificate
        status, session = ask(coordinator, context, session)
        assert status == 400  # known, but asks for nothing


def test_f11_permissions_are_the_union_of_all_roles(coordinator, users, log_in):
    roles = {"other": {"ResourceType": "Packages", "ResourceNames": ["other"],
                       "Actions": ["updatesecurityversion"]},
             "nothing": {"ResourceType": "Packages", "Actions": ["UpdateSecurityVersion"]}}
    packages = {"package": PACKAGE, "other": PACKAGE}
    set_manifest(coordinator, users.section(alice=["packager"], bob=["packager", "other"],
                                            carol=["nothing"]), roles, Packages=packages)
    both = raise_to(0, other={"SecurityVersion": 2}, package={"SecurityVersion": 2})
    alice, bob, carol = (log_in(name) for name in ("alice", "bob", "carol"))
    alice.refused(alice.update(both),
                  "user alice is not allowed to update one or more packages of [other package]")
    carol.refused(carol.update("{}"),
                  "user carol is not allowed to update one or more packages of []")
    assert bob.update(both).status_code == 200


def test_f09_admins_may_update_all_packages(coordinator, users, log_in):
    set_manifest(coordinator, {}, Admins={"root": users["root"].cert.decode()})
    assert log_in("root").update(raise_to(2)).status_code == 200


def test_f10_clients_mean_nothing(coordinator, users, log_in):
    set_manifest(coordinator, users.section(alice=["owner"]), Clients={"mallory": "AAE="})
    assert log_in("alice").update(manifest_of({}, Clients={"owner": "AAE="})).status_code == 200


def test_f13_a_certificate_belongs_to_one_user(coordinator, users):
    section = users.section(alice=["owner"])
    answer = coordinator.set_manifest(manifest_of({**section, "bob": section["alice"]}))
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "checking manifest: manifest contains the same certificate for users alice and bob")


# packages


@pytest.mark.parametrize("update,message", [
    ({}, "no packages defined"),
    ({"package": {"SecurityVersion": 4, "Debug": True}}, "update manifest contains unupdatable values"),
    ({"package": {"SecurityVersion": 4, "ProductID": 0}}, "update manifest contains unupdatable values"),
    ({"package": {}}, "update manifest does not specify a SecurityVersion to update"),
    ({"package": {"SecurityVersion": 0}},
     "update manifest tries to downgrade SecurityVersion of the original manifest")])
def test_u01_only_the_security_version_is_raised(coordinator, users, log_in, update, message):
    set_manifest(coordinator, users.section(alice=["packager"]))
    alice = log_in("alice")
    alice.refused(alice.update(json.dumps({"Packages": update})), "checking update manifest: " + message)
    assert len(log_of(coordinator)) == 1


def test_u01_a_package_of_a_vm_has_nothing_to_raise(coordinator, users, log_in):
    vm = {"MRTD": "d0" * 48}
    set_manifest(coordinator, users.section(alice=["packager"]), Packages={"package": vm})
    alice = log_in("alice")
    alice.refused(alice.update(raise_to(3)),
                  "checking update manifest: update manifest updates a package of a confidential VM, "
                  "which has no SecurityVersion: submit a whole manifest with new values of MRTD and "
                  "RTMR0 to RTMR3 instead")
    for values in vm, {"SecurityVersion": 3, "RTMR1": "0f" * 48}:
        alice.refused(alice.update(json.dumps({"Packages": {"package": values}})),
                      "checking update manifest: update manifest contains unupdatable values")
    assert len(log_of(coordinator)) == 1


def test_u01_a_debug_package_gets_its_first_security_version(coordinator, users, log_in):
    set_manifest(coordinator, users.section(alice=["packager"]), Packages={"package": {"Debug": True}})
    alice = log_in("alice")
    update = {"SecurityVersion": 0, "AcceptedTCBStatuses": ["Revoked"], "AcceptedAdvisories": []}
    assert alice.update(raise_to(0, package=update)).status_code == 200
    assert alice.update(raise_to(3)).status_code == 200
    alice.refused(alice.update(raise_to(2)), "checking update manifest: update manifest tries to "
                                             "downgrade SecurityVersion of the original manifest")


def test_u01_what_is_no_json_is_told(coordinator, users, log_in):
    set_manifest(coordinator, users.section(alice=["packager"]))
    alice = log_in("alice")
    alice.refused(alice.update("{"), "unmarshaling manifest: unexpected end of JSON input")


def test_u03_a_package_needs_a_permission_of_its_own(coordinator, users, log_in):
    set_manifest(coordinator, users.section(alice=["packager"], bob=["owner"]))
    bob, alice = log_in("bob"), log_in("alice")
    bob.refused(bob.update(raise_to(2)),
                "user bob is not allowed to update one or more packages of [package]")
    alice.refused(alice.update(raise_to(0, stranger={"SecurityVersion": 2})),
                  "user alice is not allowed to update one or more packages of [stranger]")


def test_c08_u01_u11_an_update_is_logged_and_survives_a_kill(coordinator, users, log_in, generation):
    set_manifest(coordinator, users.section(alice=["packager"]))
    shown, alice = coordinator.get("/manifest"), log_in("alice")
    answer = alice.update(raise_to(5))
    assert answer.json()["data"] == (
        {"missingAcknowledgments": 0, "missingUsers": None} if generation == "v2" else None)
    assert alice.update(raise_to(5)).status_code == 200
    coordinator.stop(signal.SIGKILL)
    coordinator.start()
    assert coordinator.get("/manifest") == shown  # the manifest itself stays as it was set
    line = {"update": "SecurityVersion increased", "user": "alice", "package": "package",
            "new version": 5}
    assert log_of(coordinator) == [{"update": "Initial manifest set"}, line, line]
    assert list(log_of(coordinator)[1]) == ["update", "user", "package", "new version"]
    alice.refused(alice.update(raise_to(4)), "checking update manifest: update manifest tries to "
                                             "downgrade SecurityVersion of the original manifest")
    assert alice.update(raise_to(2**64 - 1)).status_code == 200
    coordinator.stop()
    coordinator.start()
    assert alice.update(raise_to(2**64 - 1)).status_code == 200
    alice.refused(alice.update(raise_to(6)), "checking update manifest: update manifest tries to "
                                             "downgrade SecurityVersion of the original manifest")


def load(pem):
    return x509.load_pem_x509_certificate(pem)


def names_of(cert):
    return cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def test_u04_a_package_update_renews_what_is_below_the_root(coordinator, users, log_in):
    set_manifest(coordinator, users.section(alice=["packager"], bob=["writer"]), WRITER,
                 Secrets=SECRETS, Marbles=MARBLES)
    assert log_in("bob").write({"given": {"Key": "AAEC"}}).status_code == 200
    marble, root = Marble(), coordinator.root()
    before = marble.activate(coordinator, "marble")
    assert log_in("alice").update(raise_to(2)).status_code == 200
    after = marble.activate(coordinator, "marble")
    assert coordinator.root() == root
    old, new = before.certificates()[1], after.certificates()[1]
    assert old.public_key().public_numbers() != new.public_key().public_numbers()
    assert names_of(new) == names_of(root)
    root.public_key().verify(new.signature, new.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256()))
    old, new = load(before.files["/cert"]), load(after.files["/cert"])
    assert old.public_key().public_numbers() != new.public_key().public_numbers()
    assert (old.subject, names_of(old), old.not_valid_after) == (
        new.subject, names_of(new), new.not_valid_after)
    anchor = load(after.env["MARBLE_PREDEFINED_ROOT_CA"])
    anchor.public_key().verify(new.signature, new.tbs_certificate_bytes, ec.ECDSA(hashes.SHA256()))
    for name in "/key", "/own", "/given":
        assert before.files[name] == after.files[name]


RESTART = "Please restart your Marbles to enforce the update."


def test_o04_the_log_says_that_marbles_must_be_restarted(coordinator, users, log_in):
    section = users.section(alice=["owner", "packager"], bob=["owner"])
    set_manifest(coordinator, section)
    alice, bob, process = log_in("alice"), log_in("bob"), coordinator.process
    assert alice.update(raise_to(2)).status_code == 200
    process.wait_for("An update manifest overriding package settings from the original manifest was set.")
    process.wait_for(RESTART)
    assert alice.update(manifest_of(section)).status_code == 200
    assert RESTART not in process.messages()[process.messages().index(RESTART) + 1:]
    assert bob.acknowledge(manifest_of(section)).status_code == 200
    process.wait_for(RESTART)


# manifests


def test_u05_one_user_replaces_the_manifest(coordinator, users, log_in, generation):
    everybody = users.section(alice=["owner"])
    set_manifest(coordinator, everybody)
    root, old_marble_root = coordinator.root(), marble_root(coordinator)
    # without users nobody could update it once more
    manifest = manifest_of({}, Marbles={"other": {"Package": "package"}})
    answer = log_in("alice").update(manifest)
    assert answer.json()["data"] == (
        {"missingAcknowledgments": 0, "missingUsers": None} if generation == "v2" else None)
    shown = coordinator.get("/manifest")
    assert b64(shown["Manifest"]) == manifest.encode()
    assert shown["ManifestSignature"] == fingerprint(manifest)
    assert coordinator.root() == root
    root.public_key().verify(b64(shown["ManifestSignatureRootECDSA"]), manifest.encode(),
                             ec.ECDSA(hashes.SHA256()))
    given = Marble().activate(coordinator, "other")
    assert (given.certificates()[1].public_key().public_numbers()
            != old_marble_root.public_key().public_numbers())
    assert names_of(given.certificates()[1]) == names_of(root)
    with pytest.raises(grpc.RpcError):
        Marble().activate(coordinator, "marble")
    assert log_in("alice").update(manifest).status_code == 401
    assert log_of(coordinator)[1:] == [
        {"update": "Complete Manifest update initiated by user. No further acknowledgements required",
         "user": "alice", "manifestFingerprint": fingerprint(manifest)},
        {"update": "Complete Manifest updated", "manifestFingerprint": fingerprint(manifest)}]


def test_u05_a_manifest_that_breaks_a_rule_is_not_submitted(coordinator, users, log_in):
    set_manifest(coordinator, users.section(alice=["owner"], bob=["packager"]))
    alice, bob = log_in("alice"), log_in("bob")
    alice.refused(alice.update('{"Marbles": {"m": {}}}'), "invalid manifest: no allowed packages defined")
    bob.refused(bob.update(manifest_of({})),
                "user bob is not allowed to update the complete manifest")
    assert len(log_of(coordinator)) == 1


def test_c17_f12_f16_u06_all_owners_must_acknowledge_the_same_bytes(coordinator, users, log_in, generation):
    section = users.section(alice=["owner"], bob=["owner"], carol=["owner", "packager"],
                            dave=["packager"])
    set_manifest(coordinator, section)
    alice, bob, carol, dave = (log_in(name) for name in ("alice", "bob", "carol", "dave"))
    before = coordinator.get("/manifest")
    manifest = manifest_of(section, Config={"UpdateThreshold": 1})
    answer = alice.update(manifest)
    assert answer.status_code == 200, answer.text
    if generation == "v2":
        assert answer.json()["data"] == {"missingAcknowledgments": 2, "missingUsers": ["bob", "carol"]}
    assert coordinator.get("/manifest") == before
    assert alice.get("/update-manifest").json()["data"] == {
        "manifest": b64_of(manifest), "missingUsers": ["bob", "carol"],
        "message": "2 users still need to acknowledge the update manifest"}
    coordinator.stop(signal.SIGKILL)
    coordinator.start()
    alice.refused(alice.acknowledge(manifest + " "),
                  "provided manifest does not match the pending manifest", 500)
    dave.refused(dave.acknowledge(manifest),
                 "user dave is not allowed to acknowledge manifest updates", 500)
    one_left = "1 user still needs to acknowledge the update manifest"
    two_left = "2 users still need to acknowledge the update manifest"
    rest = ".\nThe following users have not yet accepted: "
    data = alice.acknowledge(manifest).json()["data"]  # a second time, without effect
    assert data == ({"message": two_left + rest + "bob, carol", "missingUsers": ["bob", "carol"],
                     "missingAcknowledgments": 2} if generation == "v2" else two_left)
    data = bob.acknowledge(manifest).json()["data"]
    assert data == ({"message": one_left + rest + "carol", "missingUsers": ["carol"],
                     "missingAcknowledgments": 1} if generation == "v2" else one_left)
    data = carol.acknowledge(manifest).json()["data"]
    applied = "All users have acknowledged the update manifest. Update successfully applied"
    assert data == ({"message": applied, "missingUsers": None,
                     "missingAcknowledgments": 0} if generation == "v2" else applied)
    assert b64(coordinator.get("/manifest")["Manifest"]) == manifest.encode()
    assert bob.acknowledge(manifest).status_code == 404
    assert bob.update(manifest_of(section)).status_code == 200  # one is enough from now on
    assert bob.get("/update-manifest").status_code == 404


def b64_of(text):
    import base64
    return base64.b64encode(text.encode()).decode()


def test_f16_u06_a_threshold_is_enough(coordinator, users, log_in):
    section = users.section(alice=["owner"], bob=["owner"], carol=["owner"])
    set_manifest(coordinator, section, Config={"UpdateThreshold": 2})
    manifest = manifest_of(section)
    assert log_in("alice").update(manifest).status_code == 200
    assert log_in("carol").acknowledge(manifest).status_code == 200
    assert b64(coordinator.get("/manifest")["Manifest"]) == manifest.encode()
    hashed = {"manifestFingerprint": fingerprint(manifest)}
    assert log_of(coordinator)[1:] == [
        {"update": "Complete Manifest update initiated by user. Waiting for acknowledgments to apply "
                   "the update", "user": "alice", "missingAcknowledgments": 1,
         "missingUsers": ["bob", "carol"], **hashed},
        {"update": "Complete Manifest update acknowledged by user", "user": "carol",
         "missingAcknowledgments": 0, "missingUsers": ["bob"], **hashed},
        {"update": "Complete Manifest updated", **hashed}]


def test_u07_an_owner_cancels(coordinator, users, log_in, generation):
    section = users.section(alice=["owner"], bob=["owner"], dave=["packager"])
    set_manifest(coordinator, section)
    alice, bob, dave = (log_in(name) for name in ("alice", "bob", "dave"))
    for answer in bob.cancel(), bob.acknowledge("{}"), bob.get("/update-manifest"):
        assert answer.status_code == 404
        assert answer.json() == {"status": "error", "data": None, "message": "no update in progress"}
    dave.refused(dave.cancel(), "user dave is not allowed to cancel the manifest update", 500)
    manifest = manifest_of(section, Marbles={"other": {"Package": "package"}})
    assert alice.update(manifest).status_code == 200
    text = "Update successfully cancelled"
    assert bob.cancel().json()["data"] == ({"message": text} if generation == "v2" else text)
    assert bob.get("/update-manifest").status_code == 404
    assert log_of(coordinator)[-1] == {"update": "Complete Manifest update cancelled by user",
                                       "user": "bob", "manifestFingerprint": fingerprint(manifest)}
    for stranger in log_in(None), log_in("mallory"):
        assert stranger.cancel().status_code == stranger.acknowledge(manifest).status_code == 401


def test_u08_a_pending_update_blocks_every_other(coordinator, users, log_in):
    section = users.section(alice=["owner", "packager"], bob=["owner"])
    set_manifest(coordinator, section)
    alice = log_in("alice")
    assert alice.update(manifest_of(section)).status_code == 200
    for update in manifest_of(section), raise_to(2), "{":
        alice.refused(alice.update(update), IN_PROGRESS)
    assert alice.cancel().status_code == 200
    assert alice.update(raise_to(2)).status_code == 200


@pytest.mark.parametrize("waits", [False, True])
def test_u10_what_cannot_be_applied_is_not_pending_any_more(coordinator, users, log_in, waits):
    section = users.section(alice=["owner"], **({"bob": ["owner"]} if waits else {}))
    set_manifest(coordinator, section)
    before = coordinator.get("/manifest")
    manifest = manifest_of(section, Secrets={"s": {"Type": "symmetric-key", "Size": 7, "Shared": True}})
    alice = log_in("alice")
    answer = alice.update(manifest)
    if waits:
        assert answer.status_code == 200
        bob = log_in("bob")
        bob.refused(bob.acknowledge(manifest), "generating secrets from manifest: invalid secret size: s",
                    500)
    else:
        alice.refused(answer, "generating secrets from manifest: invalid secret size: s")
    assert coordinator.get("/manifest") == before
    assert alice.get("/update-manifest").status_code == 404
    assert log_of(coordinator)[-1] == {
        "update": "Complete Manifest update cancelled due to error during apply",
        "manifestFingerprint": fingerprint(manifest)}
    assert alice.update(manifest_of(section)).status_code == 200


def activate_all(coordinator, marble):
    given = marble.activate(coordinator, "marble")
    return {name[1:]: value for name, value in given.files.items()}


@pytest.fixture(name="with_secrets")
def fixture_with_secrets(coordinator, users):
    """A manifest with secrets, all of which have a value; a function that makes others of it."""
    section = users.section(alice=["owner"], bob=["writer"])

    def make(**sections):
        return manifest_of(section, WRITER, **{"Secrets": SECRETS, "Marbles": MARBLES, **sections})
    assert coordinator.set_manifest(make()).status_code == 200
    assert Client(coordinator, users, "bob", "v2").write({"given": {"Key": "AAEC"}}).status_code == 200
    return make


def test_s13_t10_an_update_keeps_keys_and_renews_certificates(coordinator, log_in, with_secrets):
    marble = Marble()
    before = activate_all(coordinator, marble)
    for name in "key", "own", "cert":
        assert before["previous-" + name] == before[name]
    assert log_in("alice").update(with_secrets(TLS={})).status_code == 200
    after = activate_all(coordinator, marble)
    for name in "key", "own", "given":
        assert after[name] == before[name]
    assert after["cert"] != before["cert"] == after["previous-cert"]
    assert load(after["cert"]).subject == load(before["cert"]).subject
    coordinator.stop(signal.SIGKILL)
    coordinator.start()
    assert activate_all(coordinator, marble) == after


def test_f18_s13_t10_the_root_secret_is_rotated_if_wanted(coordinator, log_in, with_secrets):
    marble = Marble()
    steps = [activate_all(coordinator, marble)]
    for _ in range(2):
        manifest = with_secrets(Config={"RotateRootSecret": True})
        assert log_in("alice").update(manifest).status_code == 200
        coordinator.stop(signal.SIGKILL)
        coordinator.start()
        steps.append(activate_all(coordinator, marble))
        for name in "key", "own":
            assert steps[-1][name] != steps[-2][name] == steps[-1]["previous-" + name]
        assert steps[-1]["given"] == steps[0]["given"]


def test_s13_a_secret_defined_anew_starts_anew(coordinator, log_in, with_secrets):
    marble = Marble()
    before = activate_all(coordinator, marble)
    changed = {**SECRETS, "key": {**SECRETS["key"], "Size": 256}, "given": {
        "Type": "symmetric-key", "Size": 24, "UserDefined": True}}
    assert log_in("alice").update(with_secrets(Secrets=changed)).status_code == 200
    with pytest.raises(grpc.RpcError) as caught:
        activate_all(coordinator, marble)
    assert "tried to parse secret with empty value" in caught.value.details()
    assert log_in("bob").write({"given": {"Key": "AwQF"}}).status_code == 200
    after = activate_all(coordinator, marble)
    assert after["given"] == b"\3\4\5"
    assert len(after["key"]) == 64
    assert after["previous-key"] == after["key"] != before["key"]


def test_s13_a_secret_that_was_removed_is_gone(coordinator, log_in, with_secrets):
    marble = Marble()
    before = activate_all(coordinator, marble)
    fewer = with_secrets(Secrets={"given": SECRETS["given"]}, Marbles={"marble": {"Package": "package"}})
    assert log_in("alice").update(fewer).status_code == 200
    assert log_in("alice").update(with_secrets()).status_code == 200
    after = activate_all(coordinator, marble)
    assert after["key"] != before["key"]
    assert after["previous-key"] == after["key"]
    assert after["given"] == before["given"]


def test_m16_u05_counts_of_activations_survive_an_update(coordinator, users, log_in):
    section = users.section(alice=["owner"])
    limited = {"marble": {"Package": "package", "MaxActivations": 2}}
    set_manifest(coordinator, section, Marbles=limited)
    Marble().activate(coordinator, "marble")
    assert log_in("alice").update(manifest_of(section, Marbles=limited, TLS={})).status_code == 200
    Marble().activate(coordinator, "marble")
    with pytest.raises(grpc.RpcError) as caught:
        Marble().activate(coordinator, "marble")
    assert "reached max activations count (2)" in caught.value.details()
