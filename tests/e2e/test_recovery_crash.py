# SPDX-License-Identifier: Apache-2.0
"""A Coordinator that waits for its recovery, and is killed, or whose disk fails, at each of its calls
while it is recovered or gets a new manifest: the old state stays recoverable until one of the two
was done."""

import signal

import pytest
import requests

from client_users import manifest_of
from real_coordinator import Coordinator
from recovery import SUCCESS, Owner, hand_in, keys_of, open_all, recover

CALLS = 16  # more than either makes

pytestmark = pytest.mark.plain_build


class Waiting:
    """A sealed state of two owners whose key is lost, which can be had again and again."""

    def __init__(self, build, folder):
        self.coordinator = Coordinator([build / "bin/coordinator", "--simulation"], {}, folder)
        self.injector = build / "tests/e2e/programs/fault_injector.so"
        self.state, self.armed = folder / "state", folder / "state.armed"
        self.owners = [Owner() for _ in range(2)]
        self.coordinator.start()
        answer = self.coordinator.set_manifest(self.manifest(self.owners))
        self.secrets = open_all(self.owners, answer.json()["data"]["RecoverySecrets"])
        self.root = self.coordinator.root()
        self.coordinator.stop()
        (self.state / "sealed_key").unlink()
        self.files = {path: path.read_bytes() for path in self.state.iterdir()}

    @staticmethod
    def manifest(owners):
        return manifest_of({}, RecoveryKeys=keys_of(owners))

    def start(self, kind=None, call=0):
        fault = {"LD_PRELOAD": str(self.injector), "FAULT_FOLDER": str(self.state),
                 "FAULT_KIND": kind, "FAULT_AT": str(call)} if kind else {}
        self.coordinator.start(**fault)
        return self.coordinator.get("/status")["StatusCode"]

    def reset(self):
        self.coordinator.stop(signal.SIGKILL)
        self.armed.unlink(missing_ok=True)
        for path in self.state.iterdir():
            path.unlink()
        for path, content in self.files.items():
            path.write_bytes(content)

    def recover(self):
        for owner, secret in zip(self.owners, self.secrets):
            last = hand_in(self.coordinator, owner, secret)
        assert last == SUCCESS
        assert self.coordinator.root() == self.root

    def try_to_recover(self):
        hand_in(self.coordinator, self.owners[0], self.secrets[0])
        self.armed.touch()
        return recover(self.coordinator, self.secrets[1], self.owners[1].sign(self.secrets[1]))

    def try_to_set(self):
        self.armed.touch()
        return self.coordinator.set_manifest(self.manifest(self.owners[:1]))


@pytest.fixture(name="waiting")
def fixture_waiting(build, tmp_path):
    waiting = Waiting(build, tmp_path)
    yield waiting
    waiting.coordinator.stop(signal.SIGKILL)


@pytest.mark.parametrize("change", [Waiting.try_to_recover, Waiting.try_to_set])
@pytest.mark.parametrize("kind", ["kill", "torn"])
def test_r01_r07_p08_a_kill_leaves_a_state_that_opens_or_can_be_recovered(waiting, change, kind):
    outcomes = []
    for call in range(1, CALLS + 1):
        waiting.reset()
        assert waiting.start(kind, call) == 1
        try:
            answer = change(waiting)
        except requests.ConnectionError:
            assert waiting.coordinator.stop() == -signal.SIGKILL
        else:  # it makes no more calls, or was killed after the last that matters
            assert answer.status_code == 200
            waiting.coordinator.stop(signal.SIGKILL)
            outcomes.append("done")
        waiting.armed.unlink()
        status = waiting.start()
        if status == 1:
            assert outcomes[-1:] != ["done"]
            waiting.recover()
            outcomes.append("recovered")
        elif change is Waiting.try_to_recover:
            assert waiting.coordinator.root() == waiting.root
    assert "recovered" in outcomes and outcomes[-1] == "done"


@pytest.mark.parametrize("change", [Waiting.try_to_recover, Waiting.try_to_set])
@pytest.mark.parametrize("kind, text", [("ENOSPC", "No space left on device"),
                                        ("EIO", "Input/output error")])
def test_r01_r07_p08_a_disk_that_fails_leaves_the_old_state(waiting, change, kind, text):
    refusals = 0
    for call in range(1, CALLS + 1):
        waiting.reset()
        assert waiting.start(kind, call) == 1
        answer = change(waiting)
        if answer.status_code == 200:
            continue
        refusals += 1
        assert text in answer.json()["message"]
        assert waiting.coordinator.get("/status")["StatusCode"] == 1
        if call % 2:  # else it goes on, and all start over
            waiting.coordinator.stop(signal.SIGKILL)
            waiting.armed.unlink()
            assert waiting.start() == 1
        waiting.recover()
    assert refusals > 4
