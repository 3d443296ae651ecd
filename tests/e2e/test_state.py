# SPDX-License-Identifier: Apache-2.0
"""The sealed state of a Coordinator outside of an enclave: formats, seal modes, damage, full disks,
the witness, --check-state. Tests are named after their rows in the feature table."""

import json
import os
import pathlib
import re
import shutil
import subprocess

import grpc
import pytest
from cryptography import x509

import sealed_state
from client_users import Client, Users, encode, manifest_of
from real_coordinator import Coordinator, Marble
from recovery import Owner, keys_of

STORED = pathlib.Path(__file__).resolve().parent / "stored"
SECRETS = {"shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
           "given": {"Type": "plain", "UserDefined": True}}
ROLE = {"secrets": {"ResourceType": "Secrets", "ResourceNames": [*SECRETS],
                    "Actions": ["ReadSecret"]},
        "writer": {"ResourceType": "Secrets", "ResourceNames": ["given"], "Actions": ["WriteSecret"]}}


@pytest.fixture(name="users")
def fixture_users(tmp_path):
    return Users(tmp_path)


@pytest.fixture(name="coordinator")
def fixture_coordinator(build, tmp_path):
    coordinator = Coordinator([build / "bin/coordinator", "--simulation"], {}, tmp_path)
    yield coordinator
    assert coordinator.stop() == 0


@pytest.fixture(name="state")
def fixture_state(coordinator):
    return coordinator.folder / "state"


@pytest.fixture(name="manifest")
def fixture_manifest(users):
    def make(**sections):
        marbles = {"limited": {"Package": "package", "MaxActivations": 3}}
        return manifest_of(users.section(admin=["owner", "secrets", "writer"]), ROLE,
                           Secrets=SECRETS, Marbles=marbles, **sections)
    return make


@pytest.fixture(name="admin")
def fixture_admin(coordinator, users, manifest):
    """A user of a deployment that runs."""
    assert coordinator.start().set_manifest(manifest()).status_code == 200
    return Client(coordinator, users, "admin", "v2")


def write(admin, text):
    return admin.write({"given": {"Key": encode(text)}})


def given(admin):
    return admin.read("given")["given"]["Private"]


def restart(coordinator, **environment):
    coordinator.stop()
    coordinator.start(**environment)


def refuse(call, *arguments):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments)
    return caught.value.details()


# formats


def test_p06_a_state_of_format_1_goes_on_in_format_2(coordinator, state):
    """The files are those that the version before wrote."""
    known = json.loads((STORED / "format-1.json").read_text())
    shutil.copytree(STORED / "format-1", state)
    coordinator.start()
    assert coordinator.root() == x509.load_pem_x509_certificate(known["root"].encode())
    assert coordinator.get("/manifest")["ManifestSignature"] == known["manifest"]
    _, header, _ = sealed_state.split((state / "sealed_data").read_bytes())
    assert sealed_state.HEADER.unpack(header) == (sealed_state.MAGIC, 2, 1)
    assert sealed_state.counters(state) == {b"limited": 2}
    assert Marble().activate(coordinator, "limited").env["SHARED"].decode() == known["shared"]
    assert "reached max activations count (3)" in refuse(Marble().activate, coordinator, "limited")
    restart(coordinator)
    assert coordinator.root() == x509.load_pem_x509_certificate(known["root"].encode())
    assert sealed_state.counters(state) == {b"limited": 3}


def test_files_have_the_names_and_modes_of_the_spec(coordinator, state, admin):
    assert write(admin, "x").status_code == 200
    assert os.stat(state).st_mode & 0o777 == 0o700
    names = {path.name: os.stat(path).st_mode & 0o777 for path in state.iterdir()}
    journal = f"sealed_counters_{sealed_state.read(state)['deploymentID'].hex()}"
    assert names == {"sealed_data": 0o600, "sealed_key": 0o600, journal: 0o600, "lock": 0o600}
    warning, = [line for line in coordinator.process.lines if line["level"] == "warn"
                and "simulation" in line["msg"]]
    assert "the key of the sealed state lies beside it" in warning["error"]


def test_another_coordinator_does_not_start_on_the_same_folder(coordinator, admin):
    status, said = coordinator.fail()
    assert status == 1 and "another Coordinator uses the seal directory" in said
    assert write(admin, "x").status_code == 200


# seal modes


def test_p09_f14_nothing_is_written_when_sealing_is_disabled(coordinator, state, users, manifest):
    coordinator.start().set_manifest(manifest(Config={"SealMode": "Disabled"}))
    admin = Client(coordinator, users, "admin", "v2")
    assert write(admin, "x").status_code == 200
    for _ in range(3):
        Marble().activate(coordinator, "limited")
    assert "reached max activations" in refuse(Marble().activate, coordinator, "limited")
    assert [path.name for path in state.iterdir()] == ["lock"]
    restart(coordinator)
    assert coordinator.get("/status")["StatusCode"] == 2


def test_p09_updates_switch_sealing_off_and_on(coordinator, state, admin, manifest):
    Marble().activate(coordinator, "limited")
    assert admin.update(manifest(Config={"SealMode": "Disabled"})).status_code == 200
    assert [path.name for path in state.iterdir()] == ["lock"]
    Marble().activate(coordinator, "limited")
    assert write(admin, "kept").status_code == 200
    assert admin.update(manifest(Config={"SealMode": "UniqueKey"})).status_code == 200
    root = coordinator.root()
    restart(coordinator)
    assert (coordinator.root(), given(admin)) == (root, encode("kept"))
    assert sealed_state.counters(state) == {b"limited": 2}
    Marble().activate(coordinator, "limited")
    assert "reached max activations" in refuse(Marble().activate, coordinator, "limited")


# damage


def test_p07_no_flipped_byte_is_accepted(coordinator, state, admin):
    """Recovery mode or a refusal to start; which bits are looked at is up to the unit tests."""
    assert write(admin, "before").status_code == 200
    Marble().activate(coordinator, "limited")
    assert write(admin, "now").status_code == 200
    coordinator.stop()
    outcomes = set()
    for path in sorted(state.glob("sealed_*")):
        content = path.read_bytes()
        for place in sorted({0, 3, 4, 7, 8, 11, 12, 15, 16, 20, 31, 32, 40, len(content) // 2,
                             len(content) - 1} & set(range(len(content)))):
            path.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1:])
            process = subprocess.run([*coordinator.command, "--client-addr", "nowhere:x"],
                                     cwd=coordinator.folder, env=coordinator.environment,
                                     capture_output=True, text=True, timeout=60, check=False)
            assert process.returncode == 1
            last = json.loads(process.stderr.splitlines()[-1])["error"]
            recovery = "Failed to decrypt sealed state" in process.stderr
            refused = re.search("restore the seal directory as a whole|later one", last)
            assert recovery or refused, (path, place, process.stderr)
            outcomes.add("recovery" if recovery else "refusal")
            path.write_bytes(content)
    assert outcomes == {"recovery", "refusal"}
    coordinator.start()
    assert given(admin) == encode("now")


# disks


def test_p08_a_full_disk_is_an_error_and_the_old_state_stays(build, tmp_path, users, manifest):
    """A file system of its own, of which no room is left."""
    disk = tmp_path / "state"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", disk], check=False,
                      capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    coordinator = Coordinator([build / "bin/coordinator", "--simulation"], {}, tmp_path)
    try:
        coordinator.start().set_manifest(manifest())
        admin = Client(coordinator, users, "admin", "v2")
        assert write(admin, "old").status_code == 200
        Marble().activate(coordinator, "limited")
        with open(disk / "filler", "wb", buffering=0) as filler, pytest.raises(OSError):
            while True:
                filler.write(bytes(4096))
        refused = write(admin, "new" * 20000)
        assert refused.status_code == 500
        assert "sealing state: " in refused.json()["message"]
        assert "No space left on device" in refused.json()["message"]
        assert given(admin) == encode("old")
        (disk / "filler").unlink()
        assert write(admin, "newer").status_code == 200
        restart(coordinator)
        assert given(admin) == encode("newer")
        subprocess.run(["mount", "--bind", disk, disk], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", disk], check=True)
        refused = write(admin, "on a read-only disk")
        assert "Read-only file system" in refused.json()["message"]
        assert given(admin) == encode("newer")
        coordinator.stop()
        status, said = coordinator.fail()
        assert status == 1 and "Read-only file system" in said
    finally:
        coordinator.stop()
        while disk.is_mount():
            subprocess.run(["umount", disk], check=True)


DISK_ERRORS = [("ENOSPC", "No space left on device"), ("EIO", "Input/output error")]


@pytest.fixture(name="fail_at")
def fixture_fail_at(build, coordinator, state):
    """Restarts the Coordinator so that one call on its files, counted from now, will fail."""
    armed = state.with_name("state.armed")

    def restart_to_fail(kind, call):
        armed.unlink(missing_ok=True)
        restart(coordinator, LD_PRELOAD=str(build / "tests/e2e/programs/fault_injector.so"),
                FAULT_FOLDER=str(state), FAULT_KIND=kind, FAULT_AT=str(call))
        armed.touch()
    return restart_to_fail


@pytest.mark.plain_build
@pytest.mark.parametrize("kind, text", DISK_ERRORS)
def test_p08_what_the_disk_says_reaches_the_user(state, admin, fail_at, kind, text):
    """And what was in force before stays."""
    assert write(admin, "old").status_code == 200
    for call, what in enumerate(["cannot write {}.tmp", "cannot write {}.tmp", "cannot keep {}",
                                 "cannot replace {}", "cannot sync the folder of {}"], 1):
        fail_at(kind, call)
        refused = write(admin, "new")
        assert refused.status_code == 500
        assert refused.json()["message"] == \
            f"sealing state: {what.format(state / 'sealed_data')}: {text}"
        assert given(admin) == encode("old")
        assert write(admin, "old").status_code == 200


@pytest.mark.plain_build
def test_p08_a_write_that_comes_short_is_finished(coordinator, admin, fail_at):
    fail_at("short", 1)
    assert write(admin, "all of it" * 100).status_code == 200
    restart(coordinator)
    assert given(admin) == encode("all of it" * 100)


@pytest.mark.plain_build
@pytest.mark.usefixtures("admin")
@pytest.mark.parametrize("kind, text", DISK_ERRORS)
def test_p08_what_the_disk_says_reaches_the_marble(coordinator, fail_at, kind, text):
    fail_at(kind, 1)
    assert text in refuse(Marble().activate, coordinator, "limited")
    for _ in range(3):  # none of which the refused one took
        Marble().activate(coordinator, "limited")
    assert "reached max activations" in refuse(Marble().activate, coordinator, "limited")


# witness


@pytest.fixture(name="witness")
def fixture_witness(coordinator):
    folder = coordinator.folder / "other-storage"
    folder.mkdir()
    coordinator.environment["EDG_COORDINATOR_WITNESS"] = str(folder / "witness")
    return folder / "witness"


def copy_state(coordinator, name):
    """What somebody keeps to put back later."""
    shutil.copytree(coordinator.folder / "state", coordinator.folder / name)


def put_back(coordinator, name):
    shutil.rmtree(coordinator.folder / "state")
    shutil.copytree(coordinator.folder / name, coordinator.folder / "state")


@pytest.mark.usefixtures("witness")
def test_an_older_state_is_refused_by_its_witness(coordinator, admin):
    assert write(admin, "old").status_code == 200
    copy_state(coordinator, "old")
    assert write(admin, "new").status_code == 200
    coordinator.stop()
    copy_state(coordinator, "new")
    put_back(coordinator, "old")
    status, said = coordinator.fail()
    assert status == 1 and "has seen a later state than this one" in said
    put_back(coordinator, "new")
    coordinator.start()
    assert given(admin) == encode("new")


@pytest.mark.usefixtures("witness")
def test_older_counters_are_refused_by_the_witness(coordinator, state, admin):
    assert write(admin, "x").status_code == 200
    Marble().activate(coordinator, "limited")
    journal, = state.glob("sealed_counters_*")
    old = journal.read_bytes()
    Marble().activate(coordinator, "limited")
    coordinator.stop()
    new = journal.read_bytes()
    assert new.startswith(old)  # an end that is cut off is no damage
    journal.write_bytes(old)
    status, said = coordinator.fail()
    assert status == 1 and "has seen later counters than these" in said
    journal.write_bytes(new)
    coordinator.start()


@pytest.mark.usefixtures("admin")
def test_the_witness_is_asked_from_its_first_use_on(coordinator, witness):
    restart(coordinator)
    assert witness.read_text().startswith("marblerun-witness 1 ")
    coordinator.stop()
    line = witness.read_text()
    del coordinator.environment["EDG_COORDINATOR_WITNESS"]
    status, said = coordinator.fail()
    assert status == 1 and "has a witness" in said and "EDG_COORDINATOR_WITNESS" in said
    coordinator.environment["EDG_COORDINATOR_WITNESS"] = str(witness)
    witness.unlink()
    status, said = coordinator.fail()
    assert status == 1 and "is missing" in said
    witness.write_text("")  # the operator's word
    coordinator.start()
    assert witness.read_text().split()[:3] == line.split()[:3]


def test_a_new_deployment_takes_over_the_witness(coordinator, state, witness, admin, manifest):
    copy_state(coordinator, "first")
    coordinator.stop()
    (state / "sealed_key").unlink()
    coordinator.start()
    assert coordinator.set_manifest(manifest()).status_code == 200
    restart(coordinator)
    assert coordinator.get("/status")["StatusCode"] == 3
    coordinator.stop()
    put_back(coordinator, "first")
    status, said = coordinator.fail()
    assert status == 1 and "knows another deployment" in said
    assert admin and witness.exists()
    shutil.rmtree(state)


def test_a_change_that_the_witness_does_not_hear_of_is_undone(coordinator, witness, admin):
    assert write(admin, "old").status_code == 200
    witness.parent.rename(coordinator.folder / "away")
    refused = write(admin, "new")
    assert refused.status_code == 500 and "witness" in refused.json()["message"]
    assert "witness" in refuse(Marble().activate, coordinator, "limited")
    assert given(admin) == encode("old")
    (coordinator.folder / "away").rename(witness.parent)
    restart(coordinator)
    assert given(admin) == encode("old")


# --check-state


def check(coordinator, state):
    done = subprocess.run([*coordinator.command, "--check-state", state], capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.returncode, {line[:12].strip(): line[12:] for line in done.stdout.splitlines()}


def test_check_state_says_what_is_there(coordinator, state, admin):
    assert write(admin, "x").status_code == 200
    Marble().activate(coordinator, "limited")
    before = {path: path.read_bytes() for path in state.iterdir()}
    status, said = check(coordinator, state)  # while it runs
    assert status == 0
    assert said == {
        "sealed_data": f"format 2, {len(before[state / 'sealed_data'])} bytes, save number 2",
        "recovery": "one part was handed out, or none",
        "sealed_key": "in plain text, as outside of enclaves: it protects nothing, 32 bytes",
        "opens here": "yes",
        "deployment": sealed_state.read(state)["deploymentID"].hex(),
        "manifest": coordinator.get("/manifest")["ManifestSignature"],
        "witness": "none so far",
        "counters": "good, 1 records"}
    assert {path: path.read_bytes() for path in state.iterdir()} == before


def test_check_state_says_why_it_does_not_open(coordinator, state, manifest):
    owners = [Owner() for _ in range(3)]
    coordinator.start().set_manifest(manifest(RecoveryKeys=keys_of(owners),
                                              Config={"RecoveryThreshold": 2}))
    (state / "sealed_key").write_bytes(bytes(32))
    status, said = check(coordinator, state)
    assert status == 1
    assert said["recovery"] == "3 parts were handed out"
    assert said["opens here"].startswith("no: sealed data does not open")
    (state / "sealed_key").write_bytes(b"\x0d\0\0\0_sgx_mrsigner" + bytes(60))
    status, said = check(coordinator, state)
    assert status == 1 and "(ProductKey)" in said["sealed_key"]
    assert said["opens here"] == "no: the data key was not sealed for a Coordinator like this one"
    (state / "sealed_data").write_bytes(b"\xff\xff\xff\xff")
    assert check(coordinator, state)[1]["sealed_data"].startswith("sealed state is corrupted")
    status, said = check(coordinator, state.parent / "nowhere")
    assert status == 1 and "cannot read" in said["sealed_data"]


def test_check_state_knows_format_1(coordinator, tmp_path):
    shutil.copytree(STORED / "format-1", tmp_path / "old")
    status, said = check(coordinator, tmp_path / "old")
    assert status == 0 and said["sealed_data"] == "format 1, 3636 bytes"
    assert said["counters"] == "good, 2 records"
