# SPDX-License-Identifier: Apache-2.0
"""Clients of every kind that use one Coordinator at the same time, and remember what they were told."""

import collections
import json
import random
import threading

import grpc

from client_users import PACKAGE, Client, encode, manifest_of
from real_coordinator import Marble, b64

OWN_PACKAGES = [f"p{i}" for i in range(5)]  # each raised by one client
OWN_SECRETS = [f"s{i}" for i in range(8)]  # each written by one client
LIMIT = 40
WAITING = "update already in progress. Acknowledge the update to apply it, or cancel it to start a new one"
DOWNGRADE = "checking update manifest: update manifest tries to downgrade SecurityVersion of the original " \
    "manifest"
NOTHING = "no update in progress"
ANOTHER = "provided manifest does not match the pending manifest"


class Crowd:
    """One thread for each client, until the time is over or one of them has failed."""

    def __init__(self, coordinator, users, seconds):
        self.coordinator, self.users = coordinator, users
        self.over = threading.Event()
        self.told = collections.defaultdict(list)  # what was acknowledged, by kind; appends are atomic
        self.failures, self.seconds = [], seconds

    def manifest(self, number):
        """Each has another text, and needs both owners to replace it."""
        keepers = {f"keeper{i}": ["keeper"] for i in range(len(OWN_SECRETS) + 2)}
        secrets = {name: {"Type": "plain", "UserDefined": True} for name in [*OWN_SECRETS, "common"]}
        roles = {"updater": {"ResourceType": "Packages", "ResourceNames": [*OWN_PACKAGES, "common"],
                             "Actions": ["UpdateSecurityVersion"]},
                 "keeper": {"ResourceType": "Secrets", "ResourceNames": list(secrets),
                            "Actions": ["ReadSecret", "WriteSecret"]}}
        marbles = {"free": {"Package": "package",
                            "Parameters": {"Argv": [str(number)],
                                           "Files": {"/own": "{{ hex .Secrets.own }}"}}},
                   "limited": {"Package": "package", "MaxActivations": LIMIT}}
        return manifest_of(
            self.users.section(owner0=["owner"], owner1=["owner"], updater=["updater"], **keepers), roles,
            Packages={name: PACKAGE for name in ["package", "common", *OWN_PACKAGES]}, Marbles=marbles,
            Secrets={"own": {"Type": "symmetric-key", "Size": 128},
                     "cert": {"Type": "cert-ecdsa", "Size": 256, "Shared": True}, **secrets})

    def client(self, name):
        return Client(self.coordinator, self.users, name, "v2")

    def accept(self, kind, answer, what, *refusals):
        """Notes a success; any other answer must be one of these refusals."""
        if answer.status_code == 200:
            self.told[kind].append(what(answer.json()["data"]) if callable(what) else what)
            return True
        assert answer.json()["message"] in refusals, answer.text
        return False

    # what clients do, again and again

    def read(self, number):
        seen, reader = [], self.client(f"keeper{number % len(OWN_SECRETS)}")
        while True:
            lines = reader.get("/update").json()["data"]["updateLog"]
            assert lines[:len(seen)] == seen, "the log has been rewritten"
            seen = lines
            assert reader.get("/status").json()["data"]["code"] == 3
            fingerprint = reader.get("/manifest").json()["data"]["manifestFingerprint"]
            assert len(fingerprint) == 64
            assert set(reader.read(*OWN_SECRETS)) == set(OWN_SECRETS)
            assert reader.get("/quote").status_code == 200
            assert reader.get("/update-manifest").status_code in (200, 404)
            yield

    def write(self, number):
        """The last two have no secret of their own, but share one with all."""
        name, step = f"keeper{number}", 0
        keeper = self.client(name)
        while True:
            secret = OWN_SECRETS[number] if number < len(OWN_SECRETS) and step % 2 else "common"
            value = f"{name} {step}"
            if self.accept("write", keeper.write({secret: {"Key": encode(value)}}),
                           (name, secret, value)):
                step += 1
            yield

    def update(self, number):
        package = OWN_PACKAGES[number] if number < len(OWN_PACKAGES) else "common"
        updater, version = self.client("updater"), 1
        while True:
            name = package if version % 3 else "common"
            update = json.dumps({"Packages": {name: {"SecurityVersion": version + 1}}})
            self.accept("raise", updater.update(update), (name, version + 1), WAITING, DOWNGRADE)
            version += 1
            yield

    def own(self, number):
        """Submits a manifest if none waits, else acknowledges or sometimes cancels it."""
        user, dice, step = f"owner{number % 2}", random.Random(number), 0
        owner = self.client(user)
        while True:
            step += 1
            waiting = owner.get("/update-manifest")
            if waiting.status_code == 404:
                self.accept("submit", owner.update(self.manifest(f"{number} {step}")), user, WAITING)
            elif dice.random() < 0.3:
                self.accept("cancel", owner.cancel(), user, NOTHING)
            else:
                self.accept("acknowledge", owner.post("/update-manifest", b64(waiting.json()["data"]["manifest"])),
                            lambda data: (user, data["missingAcknowledgments"]), NOTHING, ANOTHER)
            yield

    def activate(self, number):
        marble, first = Marble(), None
        while True:
            given = self.start(marble, "free")
            if given:
                # of the same Marble it is always the same
                first = first or given.files["/own"]
                assert given.files["/own"] == first
                self.told["activate"].append(number)
            given = self.start(Marble(), "limited")
            if given:
                self.told["limited"].append(number)
            yield

    def start(self, marble, kind):
        """None if it may not, or if an update came in between: the peer looks at the certificate first."""
        try:
            return marble.activate(self.coordinator, kind)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.PERMISSION_DENIED:
                assert kind == "limited" and "max activations" in error.details()
            else:
                assert "certificate verify failed" in error.details(), error
            return None

    # all of them

    def run_client(self, steps):
        try:
            for _ in steps:
                if self.over.is_set():
                    return
        except BaseException as error:  # pylint: disable=broad-except
            self.failures.append(error)
            self.over.set()

    def run(self):
        clients = [self.read(i) for i in range(12)]
        clients += [self.write(i) for i in range(len(OWN_SECRETS) + 2)]
        clients += [self.update(i) for i in range(len(OWN_PACKAGES) + 1)]
        clients += [self.own(i) for i in range(4)]
        clients += [self.activate(i) for i in range(50 - len(clients))]
        threads = [threading.Thread(target=self.run_client, args=(steps,)) for steps in clients]
        for thread in threads:
            thread.start()
        self.over.wait(self.seconds)
        self.over.set()
        for thread in threads:
            thread.join()
        if self.failures:
            raise self.failures[0]
        return len(threads)
