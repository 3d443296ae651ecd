# SPDX-License-Identifier: Apache-2.0
"""A Coordinator under load whose disk fails, or that is killed, at one of its calls; and what must be
there afterwards."""

import base64
import http.client
import json
import ssl
import subprocess
import threading

import grpc

import sealed_state
from client_users import manifest_of
from real_coordinator import Coordinator, Marble
from recovery import keys_of

SECRETS = {"given": {"Type": "plain", "UserDefined": True}}
ROLE = {"secrets": {"ResourceType": "Secrets", "ResourceNames": ["given"],
                    "Actions": ["ReadSecret", "WriteSecret"]}}
OPERATIONS = 20  # a load that nothing ends has to end


class Gone(Exception):
    """The Coordinator was killed."""


class Connection:
    """Keeps one connection to the client API, for the load is to be on the Coordinator's side."""

    def __init__(self, coordinator, cert=None):
        context = ssl._create_unverified_context()  # pylint: disable=protected-access
        if cert:
            context.load_cert_chain(*cert)
        self.connection = http.client.HTTPSConnection(coordinator.client, context=context, timeout=60)

    def request(self, method, path, body=None):
        """Status and what was answered."""
        try:
            self.connection.request(method, "/api/v2" + path, json.dumps(body) if body else None)
            answer = self.connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Gone from error


class Track:
    """One thing that changes: what was acknowledged, how often, and what is under way."""

    def __init__(self, value):
        self.value, self.count, self.pending = value, 0, None

    def begin(self, value):
        self.pending = value

    def end(self, acknowledged):
        if acknowledged:
            self.value, self.count = self.pending, self.count + 1
        self.pending = None

    def settle(self, value, count):
        """After a restart: what is there is what was acknowledged, or with it what was under way."""
        known = [(self.value, self.count)]
        if self.pending is not None:
            known.append((self.pending, self.count + 1))
        assert (value, count) in known
        self.value, self.count, self.pending = value, count, None


class World:
    """A deployment that is used until its Coordinator fails, again and again."""

    def __init__(self, build, folder, users, owners, witness=False):
        self.users, self.owners, self.folder = users, owners, folder
        environment = {"EDG_COORDINATOR_WITNESS": str(folder / "state-witness")} if witness else {}
        self.coordinator = Coordinator([build / "bin/coordinator", "--simulation", "--loops", "1"],
                                       environment, folder)
        self.injector = build / "tests/e2e/programs/fault_injector.so"
        self.armed = folder / "state.armed"
        self.keys, self.turns = 0, None
        self.secret, self.version = Track("none"), Track(1)
        self.manifest = Track(self.next_manifest())
        self.refusals = 0        # of changes and activations, for what the disk did
        self.activations = 0     # that were acknowledged
        self.activating = False  # one more is under way
        self.deploy()

    def next_manifest(self):
        """Each has other recovery keys than the one before, so that its data key is another one."""
        self.keys = (self.keys + 1) % 3
        marbles = {"limited": {"Package": "package", "MaxActivations": 1000000}}
        return manifest_of(self.users.section(admin=["owner", "packager", "secrets"]), ROLE,
                           Secrets=SECRETS, Marbles=marbles,
                           RecoveryKeys=keys_of(self.owners[:self.keys]))

    def deploy(self):
        self.coordinator.start()
        assert self.coordinator.set_manifest(self.manifest.value).status_code == 200
        self.root = self.coordinator.root()
        self.limited = Marble()
        self.coordinator.stop()

    def start(self, kind=None, at=0):
        """With a fault, which counts calls from `arm` on."""
        fault = {"LD_PRELOAD": str(self.injector), "FAULT_FOLDER": str(self.folder / "state"),
                 "FAULT_KIND": kind, "FAULT_AT": str(at)} if kind else {}
        self.coordinator.start(**fault)

    # what users do; each returns whether it was acknowledged

    def write_secret(self, admin):
        value = f"{self.secret.count + 1}-" + "x" * 300
        self.secret.begin(value)
        body = {"secrets": {"given": {"Key": base64.b64encode(value.encode()).decode()}}}
        return self.change(self.secret, admin, "/secrets", body)

    def raise_version(self, admin):
        self.version.begin(self.version.value + 1)
        text = json.dumps({"Packages": {"package": {"SecurityVersion": self.version.pending}}})
        return self.change(self.version, admin, "/update", self.manifest_body(text))

    def update_manifest(self, admin):
        self.manifest.begin(self.next_manifest())
        acknowledged = self.change(self.manifest, admin, "/update",
                                   self.manifest_body(self.manifest.pending))
        if acknowledged:
            self.version.value = 1
        return acknowledged

    @staticmethod
    def manifest_body(text):
        return {"manifest": base64.b64encode(text.encode()).decode()}

    @staticmethod
    def change(track, admin, path, body):
        status, answer = admin.request("POST", path, body)
        assert status == 200 or "sealing state: " in answer["message"], answer
        track.end(status == 200)
        return status == 200

    def activate(self):
        self.activating = True
        try:
            self.limited.activate(self.coordinator, "limited")
        except OSError as error:
            return self.activate_again(error)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAVAILABLE:
                return self.activate_again(error)
            assert "cannot write" in error.details(), error
            self.activating = False
            return False
        self.activations += 1
        self.activating = False
        return True

    def activate_again(self, error):
        """An update changed the certificate between a look at it and the handshake, or it is gone."""
        try:
            self.coordinator.process.process.wait(0.05)
        except subprocess.TimeoutExpired:
            return self.activate()
        raise Gone from error

    # the load

    def change_until(self, ended, first):
        """Changes of the state, one after the other."""
        admin = Connection(self.coordinator, self.users.cert("admin"))
        changes = self.write_secret, self.raise_version, self.update_manifest
        for i in range(first, OPERATIONS):
            self.turns.release()
            if ended.is_set():
                return
            if not changes[i % len(changes)](admin):
                self.refusals += 1
                return

    def count_until(self, ended):
        """Beside them, activations that are counted, as many as changes."""
        while self.turns.acquire(timeout=60) and not ended.is_set():
            if not self.activate():
                self.refusals += 1
                return

    def load(self, first=0):
        """Until a call fails or the Coordinator is gone; whether it is. Begins with that change."""
        ended, gone = threading.Event(), threading.Event()
        self.turns = threading.Semaphore(0)  # of the activations

        def run(function, *arguments):
            try:
                function(ended, *arguments)
            except Gone:
                gone.set()
            ended.set()
            self.turns.release()
        others = threading.Thread(target=run, args=(self.count_until,))
        others.start()
        run(self.change_until, first)
        others.join()
        return gone.is_set()

    # what must be there

    def check(self):
        """Of a Coordinator that runs: everything acknowledged, nothing in halves."""
        admin = Connection(self.coordinator, self.users.cert("admin"))
        log = [json.loads(line)["update"]
               for line in admin.request("GET", "/update")[1]["data"]["updateLog"]]
        secret = admin.request("GET", "/secrets?s=given")[1]["data"]["secrets"]["given"]["Private"]
        value = base64.b64decode(secret).decode() if secret else "none"
        self.secret.settle(value, log.count("Secret set"))
        text = base64.b64decode(admin.request("GET", "/manifest")[1]["data"]["manifest"]).decode()
        before = self.manifest.count
        self.manifest.settle(text, log.count("Complete Manifest updated"))
        if self.manifest.count > before:
            self.version.value = 1
        state = sealed_state.read(self.folder / "state")
        version = state.get("securityVersions", {}).get("package", 1)
        self.version.settle(version, log.count("SecurityVersion increased"))
        assert self.coordinator.root() == self.root
        self.check_counters()

    def check_counters(self):
        counts = sealed_state.counters(self.folder / "state")
        activations = counts.get(b"limited", 0)
        assert self.activations <= activations <= self.activations + self.activating
        self.activations, self.activating = activations, False
