# SPDX-License-Identifier: Apache-2.0
"""Row Q03 of the feature table: what many do at the same time loses nothing."""

import concurrent.futures
import json
import signal

import grpc
import pytest

from client_users import PACKAGE, Client, Users, encode, log_of, manifest_of
from real_coordinator import Coordinator, Marble, b64

PACKAGES = [f"p{i}" for i in range(4)]
SECRETS = [f"s{i}" for i in range(4)]
ROLES = {"updater": {"ResourceType": "Packages", "ResourceNames": PACKAGES,
                     "Actions": ["UpdateSecurityVersion"]},
         "keeper": {"ResourceType": "Secrets", "ResourceNames": SECRETS,
                    "Actions": ["ReadSecret", "WriteSecret"]}}
MARBLES = {"free": {"Package": "package", "Parameters": {"Files": {"/own": "{{ hex .Secrets.own }}"}}},
           "limited": {"Package": "package", "MaxActivations": 10}}
STEPS = range(2, 7)


@pytest.fixture(name="coordinator")
def fixture_coordinator(build, tmp_path):
    coordinator = Coordinator([build / "bin/coordinator", "--simulation", "--loops", "2"], {},
                              tmp_path).start()
    yield coordinator
    assert coordinator.stop() == 0


@pytest.fixture(name="clients")
def fixture_clients(coordinator, tmp_path):
    """Two users, with a manifest for them."""
    users = Users(tmp_path)
    secrets = {name: {"Type": "plain", "UserDefined": True} for name in SECRETS}
    answer = coordinator.set_manifest(manifest_of(
        users.section(updater=["updater"], keeper=["keeper"]), ROLES,
        Packages={"package": PACKAGE, **{name: PACKAGE for name in PACKAGES}},
        Secrets={"own": {"Type": "symmetric-key", "Size": 128}, **secrets}, Marbles=MARBLES))
    assert answer.status_code == 200, answer.text
    return [Client(coordinator, users, name, "v2") for name in ("updater", "keeper")]


def climb(updater, package):
    return [updater.update(json.dumps({"Packages": {package: {"SecurityVersion": step}}})).status_code
            for step in STEPS]


def write(keeper, secret):
    return [keeper.write({secret: {"Key": encode(f"{secret} {step}")}}).status_code for step in STEPS]


def start(coordinator, marble_type):
    """What a Marble is given, None if it may not start. The peer looks for the certificate of the
    Coordinator first and insists on it then, so each update that comes between is another attempt."""
    for _ in range(len(STEPS) * len(PACKAGES) + 1):
        try:
            return Marble().activate(coordinator, marble_type)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.PERMISSION_DENIED:
                return None
            assert "certificate verify failed" in error.details()
    raise AssertionError("more certificates than updates")


def activate(coordinator):
    """The secret of a Marble that may start, and whether one with a limit starts."""
    return start(coordinator, "free").files["/own"], start(coordinator, "limited") is not None


def check(coordinator, updater, keeper):
    lines = log_of(coordinator)[1:]
    assert len(lines) == len(STEPS) * (len(PACKAGES) + len(SECRETS))
    for name in PACKAGES:
        assert [line["new version"] for line in lines if line.get("package") == name] == list(STEPS)
    for name in SECRETS:
        assert sum(line.get("secret") == name for line in lines) == len(STEPS)
    values = {name: b64(secret["Private"]).decode() for name, secret in keeper.read(*SECRETS).items()}
    assert values == {name: f"{name} {STEPS[-1]}" for name in SECRETS}
    for name in PACKAGES:
        updater.refused(updater.update(json.dumps({"Packages": {name: {"SecurityVersion": STEPS[-2]}}})),
                        "checking update manifest: update manifest tries to downgrade SecurityVersion of "
                        "the original manifest")
    assert not activate(coordinator)[1]


def test_q03_updates_secrets_and_activations_at_once_lose_nothing(coordinator, clients):
    updater, keeper = clients
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        updates = [pool.submit(climb, updater, name) for name in PACKAGES]
        writes = [pool.submit(write, keeper, name) for name in SECRETS]
        starts = [pool.submit(activate, coordinator) for _ in range(20)]
        assert [each.result() for each in updates + writes] == [[200] * len(STEPS)] * 8
        given = [each.result() for each in starts]
    assert len({own for own, _ in given}) == len(given)
    assert sum(started for _, started in given) == MARBLES["limited"]["MaxActivations"]
    check(coordinator, updater, keeper)
    coordinator.stop(signal.SIGKILL)
    coordinator.start()
    check(coordinator, updater, keeper)
