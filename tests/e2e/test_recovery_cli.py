# SPDX-License-Identifier: Apache-2.0
"""Recovery with nothing left out: Coordinators in enclaves of two simulated machines, a state that
moves from one to the other, and owners with `marblerun`, who attest whom they give their secrets to.
Tests are named after their rows in the feature table."""

import base64
import hashlib
import json
import random
import shutil
import subprocess

import grpc
import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from attested import AttestedCoordinator, AttestedMarble, sign_coordinator
from attested_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from attested_owner import AttestedOwner
from client_users import Users, encode, manifest_of
from recovery import OAEP, SUCCESS, Owner, keys_of, missing, opens
from sim_app import SOURCE_ROOT

ENCLAVE = {"mrenclave": "a1" * 32, "mrsigner": "51" * 32, "prod-id": 7, "svn": 3}
SECRETS = {"shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
           "given": {"Type": "plain", "UserDefined": True}}
ROLES = {"secrets": {"ResourceType": "Secrets", "ResourceNames": [*SECRETS],
                     "Actions": ["ReadSecret"]},
         "writer": {"ResourceType": "Secrets", "ResourceNames": ["given"], "Actions": ["WriteSecret"]}}
MARBLES = {"limited": {"Package": "package", "MaxActivations": 2,
                       "Parameters": {"Env": {"SHARED": "{{ hex .Secrets.shared }}"}}}}
RECOVERY_MODE = "1: Coordinator is in recovery mode."
PKCS1 = PrivateFormat.TraditionalOpenSSL
DONE = SUCCESS["message"] + "\n"
WITH_SIGNATURE = "recover-with-signature"


@pytest.fixture(name="owners", scope="session")
def fixture_owners():
    return [Owner() for _ in range(5)]


@pytest.fixture(name="users")
def fixture_users(tmp_path):
    return Users(tmp_path)


@pytest.fixture(name="other_machine", scope="session")
def fixture_other_machine(machine, new_machine):  # pylint: disable=unused-argument
    return new_machine()


@pytest.fixture(name="signed_for_other", scope="session")
def fixture_signed_for_other(tmp_path_factory, key, other_machine):
    return sign_coordinator(tmp_path_factory.mktemp("other"), key, other_machine)


class Site(AttestedOwner):
    """A Coordinator on its machine, and those who use it. All sites of a test share one `marblerun`,
    and with it the cache of the root certificate that was verified at last."""

    def __init__(self, cli, coordinator, users):
        super().__init__(cli, coordinator, f"{coordinator.folder.name}.json")
        self.users, self.state = users, coordinator.folder / "state"

    def set_manifest(self, owners, threshold=0, **config):
        """Leaves the secret of each owner in the file share-I, and the private key in key-I."""
        config |= {"RecoveryThreshold": threshold} if threshold else {}
        manifest = {"Packages": {"package": {"UniqueID": ENCLAVE["mrenclave"]}}, "Marbles": MARBLES,
                    "Secrets": SECRETS, "Roles": ROLES, "RecoveryKeys": keys_of(owners),
                    "Users": self.users.section(admin=["secrets", "writer"]), "Config": config}
        self.cli.write("manifest.json", json.dumps(manifest))
        self.succeed("manifest", "set", "manifest.json", flags=["-r", "recovery.json"])
        handed_out = json.loads((self.cli.folder / "recovery.json").read_text())["RecoverySecrets"]
        for i, owner in enumerate(owners):
            self.cli.write(f"share-{i}", base64.b64decode(handed_out[f"owner-{i}"]))
            self.cli.write(f"key-{i}", owner.private())

    def as_user(self, *words):
        """Of whom the cache has the certificate."""
        return self.cli.succeed("secret", *words, self.coordinator.client, "--cert",
                                self.users["admin"].cert_file, "--key", self.users["admin"].key_file)

    def fill(self, text):
        self.cli.write("given.json", json.dumps({"given": {"Key": encode(text)}}))
        assert self.as_user("set", "given.json") == "Secret successfully set\n"

    def known(self):
        """What the owners have, and must have again. Fails unless the root is that of the cache."""
        self.succeed("certificate", "root", flags=["-o", "root.pem"])
        return ((self.cli.folder / "root.pem").read_bytes(), self.as_user("get", "shared", "given"),
                self.cli.succeed("manifest", "log", self.coordinator.client),
                self.succeed("manifest", "verify", "manifest.json"))

    def status(self):
        return self.cli.succeed("status", self.coordinator.client, "--insecure")

    def is_waiting(self):
        return self.status().startswith(RECOVERY_MODE)

    def recover(self, i):
        return self.succeed("recover", f"share-{i}", flags=["--key", f"key-{i}"])

    def restart(self):
        self.coordinator.stop()
        self.coordinator.start()

    def check_state(self):
        """What --check-state says inside of the enclave, and its exit status."""
        done = subprocess.run(self.coordinator.command, cwd=self.coordinator.folder, timeout=60,
                              env={**self.coordinator.environment,
                                   "EDG_COORDINATOR_CHECK_STATE": "/state"},
                              capture_output=True, text=True, check=False)
        return done.returncode, {line[:12].strip(): line[12:] for line in done.stdout.splitlines()}

    def open_and_end(self):
        """What a start says that cannot go on after the state was looked at."""
        status, said = self.coordinator.fail(EDG_COORDINATOR_CLIENT_ADDR="nowhere:x")
        assert status == 1, said
        return said


@pytest.fixture(name="new_site")
def fixture_new_site(cli, tmp_path, users):
    """Makes sites whose Coordinators do not run yet, and must end cleanly."""
    made = []

    def make(signed, machine, name):
        folder = tmp_path / name
        folder.mkdir()
        made.append(AttestedCoordinator(signed, machine, folder))
        return Site(cli, made[-1], users)
    yield make
    for coordinator in made:
        assert coordinator.stop() == 0


@pytest.fixture(name="home")
def fixture_home(new_site, signed_coordinator, machine):
    site = new_site(signed_coordinator, machine, "home")
    site.coordinator.start()
    return site


@pytest.fixture(name="away")
def fixture_away(new_site, signed_for_other, other_machine):
    """On another machine, by the same signer."""
    return new_site(signed_for_other, other_machine, "away")


def move(home, away):
    """The state, as somebody copies it."""
    home.coordinator.stop()
    shutil.copytree(home.state, away.state, dirs_exist_ok=True)
    away.coordinator.start()
    assert away.is_waiting()


def activate(site):
    return AttestedMarble(site.coordinator.machine, **ENCLAVE).attest(site.coordinator, "limited")


def more(count):
    return missing(count)["message"] + "\n"


@pytest.mark.parametrize("count, threshold", [(1, 0), (3, 3), (5, 3)])
def test_r01_r02_r03_l08_a_state_moves_to_another_machine(home, away, owners, count, threshold):
    home.set_manifest(owners[:count], threshold)
    home.fill("kept")
    shared = activate(home).env["SHARED"]
    known = home.known()
    move(home, away)
    assert "root certificate of Coordinator changed" in away.fail("certificate", "root")
    order = random.sample(range(count), threshold or count)
    for done, i in enumerate(order[:-1], 1):
        assert away.recover(i) == more(count - done)
        assert away.is_waiting()
    assert away.recover(order[-1]) == DONE
    assert away.known() == known
    away.restart()
    assert away.status().startswith("3: ")
    assert away.known() == known
    assert activate(away).env["SHARED"] == shared
    with pytest.raises(grpc.RpcError, match="reached max activations"):
        activate(away)


def test_r03_two_of_three_get_nothing(home, away, owners):
    home.set_manifest(owners, 3)
    home.fill("secret")
    data = (home.state / "sealed_data").read_bytes()
    move(home, away)
    shares = [owners[i].open((home.cli.folder / f"share-{i}").read_bytes()) for i in range(5)]
    assert not opens(data, shares[:2]) and opens(data, shares[:3])
    assert (away.recover(0), away.recover(1)) == (more(4), more(3))
    refused = "uploaded an invalid or already used secret"
    invented = bytes(a ^ b for a, b in zip(shares[0], shares[1]))
    for guess in invented, shares[0][:-1] + b"\x09", random.randbytes(32), random.randbytes(16):
        away.cli.write("guess", guess if len(guess) < 33 else
                       owners[0].key.public_key().encrypt(guess, OAEP))
        assert away.fail("recover", "guess", flags=["--key", "key-0"]).endswith(refused)
    assert away.fail("recover", "share-1", flags=["--key", "key-1"]).endswith(refused)
    assert away.is_waiting()
    away.restart()  # nothing of it stays
    assert away.is_waiting()
    assert away.recover(4) == more(4)
    assert (away.recover(3), away.recover(2)) == (more(3), DONE)
    assert "given:" in away.as_user("get", "given")


def test_r04_wrong_keys_and_signatures_are_refused(home, away, owners):
    home.set_manifest(owners[:2])
    root = home.coordinator.root()
    move(home, away)
    said = away.cli.fail("recover", "share-0", away.coordinator.client, *away.flags, "-k", "key-1")
    assert said == ("share-0 is to be the recovery secret in bytes (decode the base64 that manifest "
                    "set printed): decryption error: it was encrypted for another key")
    said = away.cli.fail("recover", "recovery.json", away.coordinator.client, *away.flags, "-k", "key-1")
    assert said.startswith("recovery.json is to be the recovery secret in bytes")
    away.cli.write("plain-0", owners[0].open((away.cli.folder / "share-0").read_bytes()))
    # in plain text anybody can hand it in, but not with a signature of its owner
    assert away.succeed("recover", "plain-0", flags=["-k", "key-1"]) == more(1)
    said = away.fail("recover", "share-1", flags=["-k", "key-1"])
    assert said.endswith('no matching recovery key found for recovery public key "owner-0"')
    assert away.is_waiting()
    assert (away.recover(1), away.recover(0)) == (more(1), DONE)  # both start over
    assert away.coordinator.root() == root
    for command in (("recover", "share-0", "-k", "key-0"),
                    (WITH_SIGNATURE, "share-0", "-s", "key-0")):
        said = away.fail(*command[:2], flags=command[2:])
        assert "server is not in expected state" in said or "ephemeral secret key not set" in said


def test_r05_l09_secrets_are_encrypted_for_the_coordinator(home, away, owners):
    home.set_manifest(owners[:3], 2)
    known = home.known()
    move(home, away)
    pem = away.succeed(WITH_SIGNATURE, "public-key")
    assert pem.startswith("-----BEGIN PUBLIC KEY-----\n")
    away.succeed(WITH_SIGNATURE, "public-key", flags=["-o", "coordinator.pem"])
    assert (away.cli.folder / "coordinator.pem").read_text() == pem
    said = away.fail(WITH_SIGNATURE, "public-key", flags=["-o", "coordinator.pem"])
    assert said == "cannot create coordinator.pem: File exists"
    for i in (2, 0):
        away.cli.succeed(WITH_SIGNATURE, "encrypt-secret", f"share-{i}", "--coordinator-pub-key",
                         "coordinator.pem", "-k", f"key-{i}", "-o", f"sealed-{i}")
        away.cli.succeed(WITH_SIGNATURE, "sign-secret", f"share-{i}", "-k", f"key-{i}", "-o",
                         f"signature-{i}")
        said = away.succeed(WITH_SIGNATURE, f"sealed-{i}", flags=["-s", f"signature-{i}"])
        assert said == (DONE if i == 0 else more(2))
    assert away.known() == known
    assert "server is not in expected state" in away.fail(WITH_SIGNATURE, "public-key")


def test_l09_the_offline_steps_say_what_they_need(cli, owners):
    cli.write("key", owners[0].private())
    cli.write("public", owners[1].public())
    cli.write("sealed", owners[0].key.public_key().encrypt(bytes(range(32)), OAEP))
    cli.write("plain", bytes(range(32)))
    sign, encrypt = (WITH_SIGNATURE, "sign-secret"), (WITH_SIGNATURE, "encrypt-secret")
    there = "--coordinator-pub-key", "public"
    assert cli.fail(*sign, "sealed", "-k", "key").startswith('the flag "--output" is required')
    assert cli.fail(*encrypt, "plain", "-o", "x").startswith('the flag "--coordinator-pub-key" is')
    assert cli.fail(*encrypt, "plain", *there).startswith('the flag "--output" is required')
    assert cli.fail(*encrypt, "sealed", *there, "-o", "x") == (
        'recovery key appears to be encrypted, but no "--key" or "--pkcs11-config" flag was set to '
        "load a private key for decryption")
    assert cli.fail(*encrypt, "plain", "--coordinator-pub-key", "key", "-o", "x") == (
        '"key": given PEM data is not a public key')
    assert cli.fail(*sign, "plain", "-k", "plain", "-o", "x") == (
        '"plain" did not contain a valid PEM block')
    cli.write("ec", "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n")
    assert cli.fail(*sign, "plain", "-k", "ec", "-o", "x") == (
        '"ec" is no private RSA key without password: EC PRIVATE KEY')
    assert cli.fail(WITH_SIGNATURE, "plain", "localhost:1").startswith('the flag "--signature" is')
    for name, flags in ("plain", ()), ("sealed", ("-k", "key")):
        cli.succeed(*encrypt, name, *there, *flags, "-o", f"{name}.out")
        assert owners[1].open((cli.folder / f"{name}.out").read_bytes()) == bytes(range(32))
        cli.succeed(*sign, name, "-k", "key", "-o", f"{name}.sig")
        assert (cli.folder / f"{name}.sig").read_bytes() == owners[0].sign(bytes(range(32)))
        assert cli.fail(*sign, name, "-k", "key", "-o", f"{name}.sig").endswith("File exists")
    assert not (cli.folder / "x").exists()


def test_l08_keys_of_both_pem_forms_are_read(home, away, owners, cli):
    home.set_manifest(owners[:1])
    move(home, away)
    cli.write("key-0", owners[0].private(PKCS1))
    assert json.loads(away.succeed("recover", "share-0", flags=["-k", "key-0", "-o", "json"])) == SUCCESS


def readme_command(words):
    """The line of the README's section that begins with these words."""
    section = (SOURCE_ROOT / "README.md").read_text().partition("## State and recovery")[2]
    line, = [line.strip() for line in section.partition("\n## ")[0].splitlines()
             if line.startswith("    " + words)]
    return line


def test_the_commands_of_the_readme_recover_a_coordinator(home, owners, cli, users):
    def run(words, **replaced):
        line = readme_command(words).replace("HOST:4433", home.coordinator.client)
        for old, new in replaced.items():
            line = line.replace(old, new)
        done = subprocess.run(["sh", "-ec", line], cwd=cli.folder, capture_output=True, text=True,
                              env={**cli.environment, "PATH": f"{cli.program.parent}:/usr/bin:/bin",
                                   "MARBLERUN_COLLATERAL": f"{home.coordinator.machine.folder}/collateral",
                                   "MARBLERUN_TRUST_ROOT": f"{home.coordinator.machine.folder}/root_ca.pem"},
                              timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout
    home.era_file = "coordinator-era.json"
    home.expect(home.coordinator.era())
    for name in "alice", "bob":
        run("openssl genrsa", alice=name)
        run("openssl rsa", alice=name)
    keys = {name: (cli.folder / f"{name}.pub").read_text() for name in ("alice", "bob")}
    cli.write("manifest.json", manifest_of(users.section(admin=["owner"]), RecoveryKeys={
        **keys, "carol": owners[0].public()}, Config={"RecoveryThreshold": 2}))
    run("marblerun manifest set")
    root = home.coordinator.root()
    for name in "alice", "bob":
        run("jq", alice=name)
    home.coordinator.stop()
    (home.state / "sealed_key").unlink()
    home.coordinator.start()
    assert run("marblerun status").startswith(RECOVERY_MODE)
    assert run("marblerun recover ") == more(2)
    run("marblerun recover-with-signature public-key")
    run("marblerun recover-with-signature encrypt-secret")
    run("marblerun recover-with-signature sign-secret")
    assert run("marblerun recover-with-signature bob") == DONE
    assert home.coordinator.root() == root


def test_r07_a_new_manifest_abandons_the_old_state(home, away, owners):
    home.set_manifest(owners[:2])
    home.fill("of the past")
    known = home.known()
    move(home, away)
    old = (away.cli.folder / "share-0").read_bytes()
    assert away.recover(1) == more(1)
    away.set_manifest(owners[2:3])
    assert away.status().startswith("3: ")
    new = away.known()
    assert new[0] != known[0] and new[1] != known[1]
    away.cli.write("old", old)
    away.cli.write("old-key", owners[0].private())
    assert away.fail("recover", "old", flags=["-k", "old-key"]).endswith("server is not in expected state")
    away.restart()
    assert away.known() == new
    away.coordinator.stop()
    (away.state / "sealed_key").unlink()
    away.coordinator.start()
    assert away.recover(0) == DONE
    assert away.known() == new


def raise_version(template):
    return template.replace("sgx.isvsvn = 1", "sgx.isvsvn = 2")


def add_variable(template):
    return template + '\nloader.env.NEW_IN_THIS_VERSION = "yes"\n'


@pytest.mark.parametrize("mode, change, opens_without", [
    ("ProductKey", add_variable, True), ("UniqueKey", add_variable, False),
    ("ProductKey", raise_version, False)])  # another SVN is another key to Gramine
def test_p09_f14_an_update_of_the_enclave(home, new_site, owners, key, machine, tmp_path, mode, change,
                                          opens_without):
    home.set_manifest(owners[:1], SealMode=mode)
    home.fill("kept")
    known = home.known()
    home.restart()
    assert home.known() == known
    home.coordinator.stop()
    status, said = home.check_state()
    assert (status, said["opens here"]) == (0, "yes") and f"({mode})" in said["sealed_key"]
    (tmp_path / "signed").mkdir()
    updated = new_site(sign_coordinator(tmp_path / "signed", key, machine, change), machine, "updated")
    era = updated.coordinator.era()
    assert era["UniqueID"] != home.coordinator.era()["UniqueID"]
    updated.expect({**era, "SecurityVersion": 2 if change is raise_version else 1})
    shutil.copytree(home.state, updated.state, dirs_exist_ok=True)
    status, said = updated.check_state()
    assert (status == 0) == opens_without and said["opens here"].startswith(
        "yes" if opens_without else "no: ")
    updated.coordinator.start()
    assert updated.is_waiting() != opens_without
    if not opens_without:
        assert updated.recover(0) == DONE
    assert updated.known() == known
    updated.restart()
    assert updated.known() == known


def test_p07_no_flipped_byte_is_accepted(home, owners):
    """A sample; simulation and unit tests try more. What is not refused waits for its recovery, which
    does not accept it either."""
    home.set_manifest(owners[:1])
    home.fill("before")
    known = home.known()
    home.coordinator.stop()
    outcomes = set()
    for path in sorted(home.state.glob("sealed_*")):
        content = path.read_bytes()
        for place in 0, len(content) // 3, len(content) - 1:
            path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1:])
            said = home.open_and_end()
            recovery = "Failed to decrypt sealed state" in said
            assert recovery or "restore the seal directory as a whole" in said, (path, place, said)
            outcomes.add((path.name.split("_")[1], recovery))
            path.write_bytes(content)
    assert outcomes >= {("data", True), ("key", True), ("counters", False)}
    data = (home.state / "sealed_data").read_bytes()
    (home.state / "sealed_data").write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    home.coordinator.start()
    assert home.recover(0) == more(1)
    assert home.is_waiting()
    home.coordinator.stop()
    (home.state / "sealed_data").write_bytes(data)
    home.coordinator.start()
    assert home.known() == known


def test_a_witness_tells_an_older_state_also_to_those_who_recover_it(
        new_site, owners, key, machine, tmp_path):
    (tmp_path / "signed/witness").mkdir(parents=True)
    signed = sign_coordinator(tmp_path / "signed", key, machine, witness="witness")
    site = new_site(signed, machine, "site")
    site.coordinator.start()
    site.set_manifest(owners[:1])
    site.fill("old")
    old = (site.state / "sealed_data").read_bytes(), (site.state / "sealed_key").read_bytes()
    site.fill("new")
    known = site.known()
    site.coordinator.stop()
    new = (site.state / "sealed_data").read_bytes(), (site.state / "sealed_key").read_bytes()
    put = [(site.state / name).write_bytes for name in ("sealed_data", "sealed_key")]
    for write, content in zip(put, old):
        write(content)
    assert "has seen a later state than this one" in site.open_and_end()
    put[1](bytes(100))
    site.coordinator.start()
    said = site.fail("recover", "share-0", flags=["-k", "key-0"])
    assert "has seen a later state than this one" in said and site.is_waiting()
    site.coordinator.stop()
    for write, content in zip(put, new):
        write(content)
    site.coordinator.start()
    assert site.known() == known
    fingerprint = hashlib.sha256((site.cli.folder / "manifest.json").read_bytes()).hexdigest()
    site.coordinator.stop()
    assert site.check_state()[1]["manifest"] == fingerprint
