# SPDX-License-Identifier: Apache-2.0
"""Whether `marblerun` trusts the right Coordinators, and sends nothing to any other."""

import base64
import hashlib
import json
import os
import stat
import urllib.parse

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fake_client_api import Platform, der, issue, pem
from quote_formats import platform_of

MANIFEST = '{"Packages": {}}'
ERA = {"SignerID": "51" * 32, "ProductID": 3, "SecurityVersion": 4}
UPLOADING = ("Successfully verified Coordinator, now uploading manifest\n"
             f"Manifest signature: {hashlib.sha256(MANIFEST.encode()).hexdigest()}\n")
SIMULATED = ("Warning: SIMULATED: the quote was verified with the simulated root {} and proves "
             "nothing about hardware\n")


class World:
    """A Coordinator on a simulated machine, and a user who knows what to expect of it."""

    def __init__(self, cli, machine, coordinator):
        self.cli = cli
        self.machine = machine
        self.coordinator = coordinator
        self.simulated = SIMULATED.format(machine.folder / "root_ca.pem")
        cli.write("manifest.json", MANIFEST)
        self.expect(ERA)

    def expect(self, era):
        self.cli.write("era.json", json.dumps(era))

    def set_manifest(self, *flags):
        return self.cli.run("manifest", "set", "manifest.json", self.coordinator.address,
                            "--era-config", "era.json", *self.machine.flags(), *flags)

    def refusal(self, *flags, stdout=""):
        """Why the Coordinator was refused; it must not have seen anything but GETs of its quote."""
        done = self.set_manifest(*flags)
        assert (done.returncode, done.stdout) == (1, stdout)
        error = done.stderr.removeprefix(self.simulated)
        assert error.startswith("Error: "), error
        assert not self.coordinator.posts()
        assert all(r[1].partition("?")[0].endswith("/quote") for r in self.coordinator.requests)
        assert self.coordinator.manifest is None
        assert not self.cli.cache.exists()
        return error.removeprefix("Error: ").rstrip("\n")


@pytest.fixture(name="machine", scope="session")
def fixture_machine(new_machine):
    return new_machine()


@pytest.fixture(name="world")
def fixture_world(cli, machine, new_coordinator):
    own = object.__new__(Platform)  # an enclave of its own on the machine of all
    own.__dict__ = {**machine.__dict__, "enclave": dict(machine.enclave)}
    return World(cli, own, new_coordinator(own.quote))


def test_l11_a_good_coordinator_gets_the_manifest(world):
    done = world.set_manifest()
    assert done.returncode == 0
    assert done.stderr == world.simulated
    assert world.coordinator.manifest == MANIFEST.encode()
    assert [r[:2] for r in world.coordinator.requests] == [
        ("GET", "/api/v2/quote"), ("POST", "/api/v2/manifest")]


@pytest.mark.parametrize("change, error", [
    ({"UniqueID": "00" * 32}, "invalid UniqueID: the era config expects MRENCLAVE " + "00" * 32
     + ", the Coordinator has " + "e1" * 32),
    ({"SignerID": "00" * 32}, "invalid SignerID: the era config expects MRSIGNER " + "00" * 32
     + ", the Coordinator has " + "51" * 32),
    ({"ProductID": 4}, "invalid ProductID: the era config expects 4, the Coordinator has 3"),
    ({"SecurityVersion": 6}, "invalid SecurityVersion: the era config expects at least 6, "
                             "the Coordinator has 5"),
    ({"ProductID": 0}, "missing ProductID in config: it is required without UniqueID"),
    ({"SecurityVersion": 0}, "missing SecurityVersion in config: it is required without UniqueID"),
])
def test_l11_another_enclave_than_the_configured_one_is_refused(world, change, error):
    world.expect(ERA | change)
    assert world.refusal() == "verifying Coordinator quote: " + error


def test_l11_a_debug_enclave_is_refused_unless_allowed(world):
    world.machine.enclave["debug"] = True
    assert world.refusal().startswith("verifying Coordinator quote: debug enclave not allowed: ")
    world.expect(ERA | {"Debug": True})
    assert world.set_manifest().returncode == 0


def test_the_configuration_may_demand_the_machine_and_new_collateral(world):
    platform = platform_of(world.machine.folder)
    world.expect(ERA | {"AcceptedPlatforms": ["0f" * 16, platform.instance_id.hex()],
                        "MinimumTCBEvaluationDataNumber": 17})
    assert world.set_manifest().returncode == 0


@pytest.mark.parametrize("change, error", [
    ({"AcceptedPlatforms": ["0f" * 16]}, "the platform with PPID {ppid} and platform instance ID "
     "{instance_id} is none of those accepted: add it to them if you know this machine"),
    ({"MinimumTCBEvaluationDataNumber": 18}, "the collateral has TCB evaluation data number 17, at least "
     "18 is demanded: get newer collateral, as with 'marblerun collateral fetch'"),
], ids=["machine", "collateral"])
def test_another_machine_and_old_collateral_are_refused(world, change, error):
    platform = platform_of(world.machine.folder)
    world.expect(ERA | change)
    assert world.refusal() == "verifying Coordinator quote: " + error.format(
        ppid=platform.ppid.hex(), instance_id=platform.instance_id.hex())


def test_l11_a_configuration_without_identity_is_warned_of(world):
    world.expect({"ProductID": 3, "SecurityVersion": 1})
    done = world.set_manifest()
    assert done.returncode == 0
    assert done.stdout.startswith(
        "Warning: Configuration contains neither UniqueID nor SignerID!\nSuccessfully verified")


def test_the_root_of_another_than_the_attested_one_is_refused(world):
    quote = world.machine.quote(hashlib.sha256(der(world.coordinator.root)).digest())
    world.coordinator.make_quote = lambda _: quote
    key = ec.generate_private_key(ec.SECP256R1())
    world.coordinator.shown_root = issue("MarbleRun Coordinator", key, "MarbleRun Coordinator", key)
    assert world.refusal() == (
        "verifying Coordinator quote: report data does not match the certificate's hash: somebody "
        "may stand between you and the Coordinator")


@pytest.mark.parametrize("at", [0, 31, 32, 63])
def test_every_byte_of_the_report_data_counts(world, at):
    def quote(report_data):
        data = bytearray(report_data.ljust(64, b"\0"))
        data[at] ^= 1
        return world.machine.quote(bytes(data))
    world.coordinator.make_quote = quote
    assert "report data does not match the certificate's hash" in world.refusal()


def test_an_intermediate_that_the_root_did_not_issue_is_refused(world):
    key = ec.generate_private_key(ec.SECP256R1())
    world.coordinator.intermediate = issue("MarbleRun Coordinator - Intermediate CA", key,
                                           "MarbleRun Coordinator", key)
    assert world.refusal() == ("verifying Coordinator quote: the intermediate certificate is not "
                               "issued by the Coordinator's root certificate")


def test_whoever_shows_a_genuine_quote_without_its_key_gets_nothing(world):
    key = ec.generate_private_key(ec.SECP256R1())
    other = issue("MarbleRun Coordinator", key, "MarbleRun Coordinator", key)
    world.coordinator.tls = world.coordinator.context([other], key)
    assert world.refusal(stdout=UPLOADING).startswith(
        f"setting manifest: setting manifest: POST https://{world.coordinator.address}"
        "/api/v2/manifest: the server does not prove to be the verified Coordinator: ")


def test_a_marble_cannot_take_the_place_of_its_coordinator(world):
    """Its certificate is of the same authority and for the same name, but not the root."""
    world.coordinator.later_tls = world.coordinator.marble_tls()
    error = world.refusal(stdout=UPLOADING)
    assert "the server does not prove to be the verified Coordinator: " in error
    assert "public key" in error


def test_the_root_must_be_valid_and_of_the_right_name(world, new_coordinator):
    world.coordinator = new_coordinator(world.machine.quote, expired=True)
    assert "certificate has expired" in world.refusal(stdout=UPLOADING)
    world.coordinator = new_coordinator(world.machine.quote, names=["example.org"])
    assert "EDG_COORDINATOR_DNS_NAMES" in world.refusal(stdout=UPLOADING)
    world.coordinator = new_coordinator(world.machine.quote, names=["127.0.0.1"])
    world.coordinator.address = f"127.0.0.1:{world.coordinator.port}"
    assert world.set_manifest().returncode == 0


def test_a_simulated_root_is_trusted_only_if_named(world):
    done = world.cli.run("manifest", "set", "manifest.json", world.coordinator.address,
                         "--era-config", "era.json", *world.machine.flags()[:2])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: verifying Coordinator quote: ")
    assert "--trust-root" in done.stderr
    assert not world.coordinator.posts()


def test_another_simulated_root_does_not_help(world, new_machine):
    other = new_machine()
    error = world.refusal("--trust-root", other.folder / "root_ca.pem")
    assert error.startswith("verifying Coordinator quote: ")


def test_collateral_and_root_may_come_from_the_environment(world):
    world.cli.environment |= {"MARBLERUN_COLLATERAL": str(world.machine.folder / "collateral"),
                              "MARBLERUN_TRUST_ROOT": str(world.machine.folder / "root_ca.pem")}
    done = world.cli.run("manifest", "set", "manifest.json", world.coordinator.address,
                         "--era-config", "era.json")
    assert (done.returncode, done.stderr) == (0, world.simulated)


def test_without_collateral_nothing_is_verified(world):
    world.cli.environment["QCNL_CONF_PATH"] = "/nowhere"
    error = world.cli.fail("manifest", "set", "manifest.json", world.coordinator.address,
                           "--era-config", "era.json")
    assert error.startswith("verifying Coordinator quote: no collateral to verify quotes with: "
                            "name a folder or a service (PCCS) with --collateral: ")


def test_a_damaged_quote_is_refused(world):
    def damaged(data):
        quote = bytearray(world.machine.quote(data))
        quote[16 + 48 + 100] ^= 1  # somewhere in the signed report
        return bytes(quote)
    world.coordinator.make_quote = damaged
    assert world.refusal().startswith("verifying Coordinator quote: ")
    world.coordinator.make_quote = lambda data: b"no quote at all"
    assert world.refusal().startswith("verifying Coordinator quote: ")


def test_answers_that_are_no_quote_are_refused(world):
    certificate = pem(world.coordinator.root).decode()
    no_members = ("getting the Coordinator's quote: the answer does not have the members of a "
                  "Coordinator's client API")
    for data, error in [
            ({}, no_members), ({"cert": certificate * 2, "quote": "?"}, no_members),
            ({"cert": "", "quote": ""},
             "could not parse Coordinator intermediate certificate from PEM data"),
            ({"cert": certificate, "quote": ""},
             "could not parse Coordinator root certificate from PEM data")]:
        world.coordinator.failures["/quote"] = world.coordinator.success(data)
        assert world.refusal() == error


def test_l13_a_coordinator_in_simulation_mode_is_refused(world):
    world.coordinator.make_quote = None
    assert world.refusal() == (
        "verifying Coordinator quote: the Coordinator has no quote: it runs in simulation mode, "
        "which proves nothing; for tests skip verification with --insecure")


def test_l13_insecure_skips_the_quote_but_not_tls(world):
    world.coordinator.make_quote = None
    done = world.cli.run("manifest", "set", "manifest.json", world.coordinator.address, "-i")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("Warning: skipping quote verification\n" + UPLOADING
                           + "Manifest successfully set\n")
    world.coordinator.manifest = None
    world.coordinator.requests.clear()
    world.coordinator.later_tls = world.coordinator.marble_tls()
    done = world.cli.run("manifest", "set", "manifest.json", world.coordinator.address, "-i")
    assert "the server does not prove to be" in done.stderr
    assert not world.coordinator.posts()


def test_the_configuration_is_searched_in_the_working_folder(world):
    (world.cli.folder / "era.json").rename(world.cli.folder / "era-config.json")
    done = world.cli.run("manifest", "set", "manifest.json", world.coordinator.address,
                         *world.machine.flags())
    assert done.returncode == 0
    assert done.stdout == ("Reusing existing config file\n" + UPLOADING
                           + "Manifest successfully set\n")


def test_without_configuration_nobody_is_asked_for_anything(world):
    error = world.cli.fail("manifest", "set", "manifest.json", world.coordinator.address,
                           *world.machine.flags())
    assert error.startswith("no era config file: write one that says which Coordinator you accept")
    assert "package-info" in error and "graphene-sigstruct-view" in error
    assert not world.coordinator.requests


@pytest.mark.parametrize("content, error", [
    (None, "reading era config file: cannot read era.json: No such file or directory"),
    ("{", "reading era config file: era.json: line 1, column 1: "),
    ('{"UniqueID": "5"}', "reading era config file: era.json: UniqueID is no text of 64 hex"),
    ('{"InsecureSkipVerify": true}', "reading era config file: era.json: InsecureSkipVerify is not "
                                     "taken from a file: use the flag --insecure")])
def test_a_wrong_configuration_is_refused_before_anything_is_sent(world, content, error):
    if content is None:
        (world.cli.folder / "era.json").unlink()
    else:
        world.cli.write("era.json", content)
    assert world.refusal().startswith(error)
    assert not world.coordinator.requests


def test_a_misspelt_member_of_the_configuration_is_warned_of(world):
    world.expect(ERA | {"UniqeID": "00" * 32})
    done = world.set_manifest()
    assert done.returncode == 0
    assert 'Warning: era config: unknown member "UniqeID" is ignored\n' in done.stderr


ACCEPTED = "TCB level accepted by configuration: "
INVALID = "Warning: TCB level invalid, but accepted by configuration: "


@pytest.mark.parametrize("status, advisories, flags, printed, error", [
    ("SWHardeningNeeded", ["INTEL-SA-00615"], [],
     ACCEPTED + "SWHardeningNeeded\nTCB Advisories: [INTEL-SA-00615]\n", None),
    ("SWHardeningNeeded", ["INTEL-SA-00615"], ["--accepted-tcb-statuses", "UpToDate"], "",
     "invalid TCB status: SWHardeningNeeded: update the Coordinator's machine"),
    ("SWHardeningNeeded", ["INTEL-SA-00615", "INTEL-SA-00001"],
     ["--accepted-advisories=INTEL-SA-00001"], "",
     "invalid TCB status: SWHardeningNeeded: advisories not accepted by configuration: "
     "[INTEL-SA-00615]"),
    ("SWHardeningNeeded", ["INTEL-SA-00615", "INTEL-SA-00001"],
     ["--accepted-advisories=intel-sa-00001,INTEL-SA-00615"],
     ACCEPTED + "SWHardeningNeeded\nTCB Advisories: [INTEL-SA-00615 INTEL-SA-00001]\n", None),
    ("OutOfDate", [], [], "", "invalid TCB status: OutOfDate: "),
    ("OutOfDate", [], ["--accepted-tcb-statuses=OutOfDate"],
     INVALID + "OutOfDate\nTCB Advisories: []\n", None),
    ("UpToDate", [], ["--accepted-tcb-statuses=OutOfDate"], "", None),
])
def test_l11_the_state_of_the_machine_must_be_accepted(
        world, new_machine, status, advisories, flags, printed, error):
    world.machine = new_machine("--tcb-status", status,
                                *[f"--advisory={a}" for a in advisories])
    world.simulated = SIMULATED.format(world.machine.folder / "root_ca.pem")
    world.coordinator.make_quote = world.machine.quote
    if error:
        assert world.refusal(*flags).startswith("verifying Coordinator quote: " + error)
        return
    done = world.set_manifest(*flags)
    assert done.returncode == 0, done.stderr
    assert done.stdout == printed + UPLOADING + "Manifest successfully set\n"


def test_l12_a_nonce_makes_the_quote_fresh(world):
    nonce = "\u00fe\u00ff?>~ one"
    done = world.set_manifest("--nonce", nonce)
    assert done.returncode == 0, done.stderr
    query = urllib.parse.urlparse(world.coordinator.requests[0][1]).query
    assert query.startswith("nonce=") and "+" not in query and "/" not in query
    text = urllib.parse.parse_qs(query)["nonce"][0]
    assert base64.urlsafe_b64decode(text).decode() == nonce


def test_l12_a_quote_without_the_nonce_is_refused(world):
    world.coordinator.ignores_nonce = True
    assert world.refusal("--nonce", "x").startswith(
        "verifying Coordinator quote: report data does not match the certificate's hash")


def test_l12_l15_old_coordinators_know_no_nonce(world):
    world.coordinator.generations = {"v1"}
    assert world.refusal("--nonce", "x") == (
        "getting the Coordinator's quote: using custom nonce requires /api/v2, but the Coordinator "
        "does not support /api/v2")


def test_l12_the_verified_quote_is_saved(world):
    saved = []
    world.coordinator.make_quote = lambda data: saved.append(world.machine.quote(data)) or saved[-1]
    world.cli.write("quote.bin", "old")
    assert world.set_manifest("--save-sgx-quote", "quote.bin").returncode == 0
    file = world.cli.folder / "quote.bin"
    assert file.read_bytes() == saved[0]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_quote_that_is_refused_is_not_saved(world):
    world.expect(ERA | {"UniqueID": "00" * 32})
    world.refusal("--save-sgx-quote", "quote.bin")
    assert not (world.cli.folder / "quote.bin").exists()


def test_where_there_is_no_quote_none_can_be_saved(world):
    world.coordinator.make_quote = None
    error = world.cli.fail("certificate", "root", world.coordinator.address, "-i",
                           "--save-sgx-quote", "quote.bin",
                           stdout="Warning: skipping quote verification\n")
    assert error == ("saving SGX quote: the Coordinator has none, because it runs in simulation "
                     "mode")
    assert sorted(os.listdir(world.cli.folder)) == ["era.json", "manifest.json"]
