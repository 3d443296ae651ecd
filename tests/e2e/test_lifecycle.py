# SPDX-License-Identifier: Apache-2.0
"""Row Q02 of the feature table: all that happens to a deployment in its life, one thing after the other."""

import grpc
import pytest

from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from client_users import Client, encode, log_of, manifest_of
from plain_manifest import refused
from real_coordinator import Marble
from recovery import SUCCESS, Owner, hand_in, keys_of

SECRETS = {"shared": {"Type": "symmetric-key", "Size": 256, "Shared": True},
           "own": {"Type": "symmetric-key", "Size": 128},
           "given": {"Type": "plain", "UserDefined": True}}
MARBLES = {"server": {"Package": "package", "Parameters": {
    "Argv": ["serve"], "Files": {"/own": "{{ raw .Secrets.own }}", "/given": "{{ raw .Secrets.given }}"},
    "Env": {"SHARED": "{{ hex .Secrets.shared }}"}}}, "once": {"Package": "package", "MaxActivations": 1}}
ROLES = {"secrets": {"ResourceType": "Secrets", "ResourceNames": ["given"],
                     "Actions": ["ReadSecret", "WriteSecret"]}}


def given_to(marble, coordinator):
    given = marble.activate(coordinator, "server")
    return given.files, given.env["SHARED"]


def test_q02_a_deployment_is_set_up_restarted_recovered_and_updated(coordinator, users):
    owner, server = Owner(), Marble()
    manifest = manifest_of(users.section(alice=["owner", "packager", "secrets"]), ROLES, Secrets=SECRETS,
                           Marbles=MARBLES, RecoveryKeys=keys_of([owner]))
    answer = coordinator.start().set_manifest(manifest)
    recovery = owner.open(answer.json()["data"]["RecoverySecrets"]["owner-0"])
    alice = Client(coordinator, users, "alice", "v2")
    refused(grpc.StatusCode.INTERNAL, "empty value", server.activate, coordinator, "server")
    assert alice.write({"given": {"Key": encode("first")}}).status_code == 200
    first, root = given_to(server, coordinator), coordinator.root()
    assert first[0]["/given"] == b"first"
    assert Marble().activate(coordinator, "once").env

    coordinator.stop()
    coordinator.start()
    assert given_to(server, coordinator) == first and coordinator.root() == root
    exhausted = (grpc.StatusCode.PERMISSION_DENIED, "reached max activations", Marble().activate,
                 coordinator, "once")
    refused(*exhausted)

    coordinator.stop()
    (coordinator.folder / "state/sealed_key").unlink()
    coordinator.start()
    assert coordinator.get("/status")["StatusCode"] == 1 and coordinator.root() != root
    refused(grpc.StatusCode.FAILED_PRECONDITION, "current state", server.activate, coordinator, "server")
    assert hand_in(coordinator, owner, recovery) == SUCCESS
    assert given_to(server, coordinator) == first and coordinator.root() == root
    refused(*exhausted)

    before = server.activate(coordinator, "server").certificates()
    assert alice.update('{"Packages": {"package": {"SecurityVersion": 2}}}').status_code == 200
    after = server.activate(coordinator, "server").certificates()
    assert before[1].public_key().public_numbers() != after[1].public_key().public_numbers()
    assert given_to(server, coordinator) == first and coordinator.root() == root
    changed = manifest.replace('"serve"', '"serve-v2"')
    assert alice.update(changed).status_code == 200
    assert server.activate(coordinator, "server").argv == ["serve-v2"]
    assert given_to(server, coordinator) == first and coordinator.root() == root
    refused(*exhausted)
    assert [line["update"] for line in log_of(coordinator)] == [
        "Initial manifest set", "Secret set", "SecurityVersion increased",
        "Complete Manifest update initiated by user. No further acknowledgements required",
        "Complete Manifest updated"]


@pytest.mark.parametrize("form", ["v1", "v2"])
def test_q02_nobody_else_recovers_it(coordinator, users, form):
    owner, stranger = Owner(), Owner()
    manifest = manifest_of(users.section(alice=["owner"]), RecoveryKeys=keys_of([owner]))
    answer = coordinator.start().set_manifest(manifest)
    recovery = owner.open(answer.json()["data"]["RecoverySecrets"]["owner-0"])
    coordinator.stop()
    (coordinator.folder / "state/sealed_key").unlink()
    coordinator.start()
    if form == "v1":
        assert coordinator.request("POST", "/recover", data=recovery).status_code == 410
    else:
        answer = coordinator.request("POST", "/api/v2/recover", json={
            "recoverySecret": encode(recovery), "recoverySecretSignature": encode(stranger.sign(recovery))})
        assert answer.status_code == 500
    assert coordinator.get("/status")["StatusCode"] == 1
