# SPDX-License-Identifier: Apache-2.0
"""Row Q03 of the feature table: fifty clients use a Coordinator that is built under ThreadSanitizer for a
minute. There is no race, nothing that was acknowledged is lost, and the log explains the final state."""

import collections
import hashlib
import json
import shutil
import signal
import subprocess

import pytest

import sealed_state
from client_users import Users
from crowd import LIMIT, OWN_PACKAGES, OWN_SECRETS, Crowd
from real_coordinator import Coordinator, b64

SECONDS = 60
RAISED, SET = "SecurityVersion increased", "Secret set"
SUBMITTED = "Complete Manifest update initiated by user. Waiting for acknowledgments to apply the update"
ACKNOWLEDGED = "Complete Manifest update acknowledged by user"
CANCELLED, APPLIED = "Complete Manifest update cancelled by user", "Complete Manifest updated"


def without_random_addresses():
    """The shadow memory of TSan does not fit between the addresses of some kernels."""
    command = ["setarch", "-R"]
    works = shutil.which(command[0]) and not subprocess.run(
        [*command, "true"], check=False, capture_output=True).returncode
    return command if works else []


@pytest.fixture(name="coordinator")
def fixture_coordinator(build, tmp_path):
    program = build.with_name(build.name + "-tsan") / "bin/coordinator"
    if not program.exists():
        pytest.skip(f"there is no {program}, which `make test` builds")
    # libcrypto and libevent are not instrumented: only our accesses can be judged
    options = f"log_path={tmp_path}/race:exitcode=66:ignore_noninstrumented_modules=1"
    coordinator = Coordinator([*without_random_addresses(), program, "--simulation", "--loops", "4"],
                              {"TSAN_OPTIONS": options}, tmp_path)
    yield coordinator
    status = coordinator.stop()
    for report in tmp_path.glob("race.*"):
        print(report.read_text(errors="replace"))
    assert status == 0 and not list(tmp_path.glob("race.*"))


def lines_of(log, update):
    return [line for line in log if line["update"] == update]


def check_log(log, told):
    """It has exactly what was acknowledged."""
    count = collections.Counter
    assert count(line["update"] for line in log) == count({
        "Initial manifest set": 1, RAISED: len(told["raise"]), SET: len(told["write"]),
        SUBMITTED: len(told["submit"]), ACKNOWLEDGED: len(told["acknowledge"]),
        CANCELLED: len(told["cancel"]), APPLIED: sum(not missing for _, missing in told["acknowledge"])})
    assert count((line["package"], line["new version"]) for line in lines_of(log, RAISED)) == \
        count(told["raise"])
    assert count((line["user"], line["secret"]) for line in lines_of(log, SET)) == \
        count((user, secret) for user, secret, _ in told["write"])
    for update, kind in (SUBMITTED, "submit"), (CANCELLED, "cancel"):
        assert count(line["user"] for line in lines_of(log, update)) == count(told[kind])
    assert count((line["user"], line["missingAcknowledgments"]) for line in lines_of(log, ACKNOWLEDGED)) == \
        count(told["acknowledge"])
    times = [line["time"] for line in log]
    assert times == sorted(times)


def replay(log):
    """Security versions, the fingerprint of the manifest if it was replaced, that of what is pending."""
    versions, manifest, pending = collections.defaultdict(lambda: 1), None, None
    for line in log:
        if line["update"] == RAISED:
            assert line["new version"] >= versions[line["package"]] and pending is None
            versions[line["package"]] = line["new version"]
        elif line["update"] == SUBMITTED:
            assert pending is None
            pending = line["manifestFingerprint"]
        elif line["update"] == ACKNOWLEDGED:
            assert pending == line["manifestFingerprint"]
        elif line["update"] in (APPLIED, CANCELLED):
            assert pending == line["manifestFingerprint"]
            pending = None
            if line["update"] == APPLIED:
                manifest = line["manifestFingerprint"]
                versions.clear()
    return versions, manifest, pending


def check_state(crowd, log):
    """What is there is what the log ends with."""
    state = sealed_state.read(crowd.coordinator.folder / "state")
    versions, manifest, pending = replay(log)
    sealed = state.get("securityVersions", {})
    for name in [*OWN_PACKAGES, "common"]:
        assert sealed.get(name, 1) == versions[name]
    reader = crowd.client("keeper0")
    data = reader.get("/manifest").json()["data"]
    assert manifest in (None, data["manifestFingerprint"])
    assert hashlib.sha256(b64(data["manifest"])).hexdigest() == data["manifestFingerprint"]
    waiting = reader.get("/update-manifest")
    assert waiting.status_code == (200 if pending else 404)
    if pending:
        assert hashlib.sha256(b64(waiting.json()["data"]["manifest"])).hexdigest() == pending
    values = {name: b64(secret["Private"]).decode()
              for name, secret in reader.read(*OWN_SECRETS, "common").items()}
    last = {}
    for user, secret, value in crowd.told["write"]:
        last[user, secret] = value
    for i, name in enumerate(OWN_SECRETS):
        assert values[name] == last[f"keeper{i}", name]
    writer = [line["user"] for line in lines_of(log, SET) if line["secret"] == "common"][-1]
    assert values["common"] == last[writer, "common"]
    counts = sealed_state.counters(crowd.coordinator.folder / "state")
    assert counts[b"limited"] == len(crowd.told["limited"]) == LIMIT


def log_of(crowd):
    return [json.loads(line) for line in crowd.client("keeper0").get("/update").json()["data"]["updateLog"]]


@pytest.mark.plain_build
def test_q03_fifty_clients_for_a_minute_neither_race_nor_lose_anything(coordinator, tmp_path):
    crowd = Crowd(coordinator.start(), Users(tmp_path), SECONDS)
    answer = coordinator.set_manifest(crowd.manifest(0))
    assert answer.status_code == 200, answer.text
    assert crowd.run() == 50
    # nobody was idle
    for kind in "write", "raise", "submit", "acknowledge", "cancel", "activate", "limited":
        assert len(crowd.told[kind]) >= 3, kind
    log = log_of(crowd)
    check_log(log, crowd.told)
    check_state(crowd, log)
    coordinator.stop(signal.SIGKILL)
    coordinator.start()
    assert log_of(crowd) == log
    check_state(crowd, log)
