# SPDX-License-Identifier: Apache-2.0
"""Whom an attested Coordinator refuses, with which status and which reason. Attackers have quotes of
real machines, but of the wrong one, the wrong enclave, or the wrong time."""

import datetime
import hashlib

import grpc
import pytest

from attested import AttestedMarble, eventually
from attested_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from quote_formats import platform_of

UNIQUE, SIGNER, OTHER = "a1" * 32, "51" * 32, "0f" * 32
ENCLAVE = {"mrenclave": UNIQUE, "mrsigner": SIGNER, "prod-id": 7, "svn": 3}
SIGNED = {"SignerID": SIGNER, "ProductID": 7, "SecurityVersion": 3}
PACKAGES = {
    "signed": SIGNED,
    "pinned": {"UniqueID": UNIQUE.upper()},
    "debugged": {**SIGNED, "Debug": True},
    "tolerant": {**SIGNED, "AcceptedTCBStatuses": ["OutOfDate", "ConfigurationNeeded", "Revoked"]},
    "advised": {**SIGNED, "AcceptedAdvisories": ["INTEL-SA-00001", "intel-sa-00002"]},
}
PERMISSION_DENIED = grpc.StatusCode.PERMISSION_DENIED
INVALID_QUOTE = "marble verification failed: invalid quote: "


def deploy(coordinator, packages, **others):
    """One Marble type for each package, and others."""
    marbles = {**{name: {"Package": name} for name in packages}, **others}
    answer = coordinator.set_manifest({"Packages": packages, "Marbles": marbles})
    assert answer.status_code == 200, answer.text


@pytest.fixture(name="mesh")
def fixture_mesh(coordinator):
    """A Coordinator with one Marble type for each package, and `once`."""
    deploy(coordinator, PACKAGES, once={"Package": "signed", "MaxActivations": 1})
    return coordinator


def good(machine):
    return AttestedMarble(machine, **ENCLAVE)


def check_accepted(mesh, marble, marble_type):
    """With the collateral that was put there last."""
    eventually(lambda: marble.attest(mesh, marble_type))


def check_refused(mesh, marble, marble_type, *reasons):
    """With the collateral that was put there last, for all of these reasons."""
    def check():
        told = refusal(mesh, marble, marble_type)
        assert told.startswith(INVALID_QUOTE)
        assert all(reason in told for reason in reasons), told
    eventually(check)


def check_serving(mesh, machine):
    check_accepted(mesh, good(machine), "signed")
    assert mesh.get("/status")["StatusCode"] == 3


def refusal(mesh, marble, marble_type, code=PERMISSION_DENIED, **replaced):
    """What the Marble is told; the Coordinator's log has it, too."""
    with pytest.raises(grpc.RpcError) as caught:
        marble.attest(mesh, marble_type, **replaced)
    assert caught.value.code() == code
    reason = caught.value.details()
    assert mesh.process.wait_for("Marble Activation failed")["error"] == reason
    return reason


# another enclave

@pytest.mark.parametrize("marble_type, claims, expected, got", [
    ("pinned", {"mrenclave": OTHER}, f'UniqueID: "{UNIQUE.upper()}"', f'UniqueID: "{OTHER}"'),
    ("signed", {"mrsigner": OTHER}, f'SignerID: "{SIGNER}"', f'SignerID: "{OTHER}"'),
    ("signed", {"svn": 2}, "SecurityVersion: 3", "SecurityVersion: 2"),
    ("signed", {"prod-id": 8}, "ProductID: 7", "ProductID: 8"),
    ("signed", {"debug": True}, "Debug: false", "Debug: true"),
    ("debugged", {}, "Debug: true", "Debug: false"),
], ids=["UniqueID", "SignerID", "SecurityVersion", "ProductID", "debug", "not debug"])
def test_m08_another_enclave_than_the_packages_is_refused(mesh, machine, marble_type, claims, expected,
                                                      got):
    reason = refusal(mesh, AttestedMarble(machine, **{**ENCLAVE, **claims}), marble_type)
    first, second, third = reason.split("\n")
    assert first == INVALID_QUOTE + "PackageProperties not compliant:"
    assert second.startswith("expected: {") and expected in second and got not in second
    assert third.startswith("got: {") and got in third
    check_serving(mesh, machine)


@pytest.mark.parametrize("marble_type, claims", [
    ("pinned", {"mrsigner": OTHER, "svn": 0, "prod-id": 0}), ("signed", {"mrenclave": OTHER}),
    ("signed", {"svn": 4}), ("debugged", {"debug": True})])
def test_m08_what_a_package_leaves_open_may_differ(mesh, machine, marble_type, claims):
    assert AttestedMarble(machine, **{**ENCLAVE, **claims}).attest(mesh, marble_type).env


# another Marble's quote

def test_m06_a_quote_over_another_certificate_is_refused(mesh, machine):
    marble = good(machine)
    certificate = hashlib.sha256(marble.der()).hexdigest()
    reason = refusal(mesh, marble, "signed", quote=marble.machine.quote(b"\x17" * 32))
    assert reason == f"{INVALID_QUOTE}hash(cert) != report.Data: {certificate} != " + \
        "17" * 32 + "00" * 32
    check_serving(mesh, machine)


def test_m06_a_replayed_quote_is_refused_to_any_other_client(mesh, machine):
    victim, thief = good(machine), good(machine)
    quote = victim.quote()
    assert victim.activate(mesh, "signed", quote).env
    assert "hash(cert) != report.Data" in refusal(mesh, thief, "signed", quote=quote)
    assert victim.activate(mesh, "signed", quote).env
    check_serving(mesh, machine)


# no quote at all

def test_m07_a_quote_must_be_there_whole_and_unchanged(mesh, machine):
    marble = good(machine)
    quote = marble.quote()
    assert "empty report" in refusal(mesh, marble, "signed", quote=b"")
    for wrong in quote[16:], quote[:-1], quote[:100], quote + b"\0", b"garbage":
        assert refusal(mesh, marble, "signed", quote=wrong).startswith(INVALID_QUOTE)
    changed = bytearray(quote)
    changed[16 + 48 + 64] ^= 1  # MRENCLAVE
    assert "the quote is not signed by its attestation key" in refusal(
        mesh, marble, "signed", quote=bytes(changed))
    check_serving(mesh, machine)


# not in the manifest

def test_m05_an_unknown_type_is_refused(mesh, machine):
    assert refusal(mesh, good(machine), "unheard-of") == \
        "marble verification failed: unknown marble type requested"
    check_serving(mesh, machine)


def test_m05_m16_an_exhausted_type_is_refused_and_refusals_do_not_count(mesh, machine):
    wrong = AttestedMarble(machine, **{**ENCLAVE, "svn": 0})
    assert "not compliant" in refusal(mesh, wrong, "once")
    assert good(machine).attest(mesh, "once").env
    assert refusal(mesh, good(machine), "once") == "marble verification failed: " \
        'reached max activations count (1) for marble type "once"'
    assert "not compliant" in refusal(mesh, wrong, "once")
    check_serving(mesh, machine)


def test_m05_without_manifest_nobody_is_activated(coordinator, machine):
    assert refusal(coordinator, good(machine), "signed", grpc.StatusCode.FAILED_PRECONDITION) == \
        "cannot accept marbles in current state"


# another machine

def test_a_quote_of_an_untrusted_root_is_refused(mesh, machine, new_machine):
    reason = refusal(mesh, good(new_machine()), "signed")
    assert reason.startswith(INVALID_QUOTE) and "root" in reason
    check_serving(mesh, machine)


def test_m09_m10_an_outdated_machine_is_accepted_only_where_the_package_says_so(mesh, machine):
    marble = good(machine)
    mesh.use_collateral("--tcb-status", "OutOfDate", "--advisory", "INTEL-SA-00615")
    check_refused(mesh, marble, "signed", "TCB level invalid: OutOfDate")
    assert marble.attest(mesh, "tolerant").env
    assert mesh.process.wait_for("TCB level invalid, but accepted by configuration")[
        "tcbStatus"] == "OutOfDate"
    # a list takes the place of the default
    mesh.use_collateral("--tcb-status", "SWHardeningNeeded")
    check_refused(mesh, marble, "tolerant", "TCB level invalid: SWHardeningNeeded")
    assert marble.attest(mesh, "signed").env
    # being up to date needs no permission
    mesh.use_collateral()
    check_accepted(mesh, marble, "tolerant")
    check_serving(mesh, machine)


@pytest.mark.parametrize("option, culprit", [
    ("--tcb-status", "of the platform"), ("--qe-tcb-status", "of the Quoting Enclave")])
def test_m09_a_revoked_tcb_is_never_accepted(mesh, machine, option, culprit):
    mesh.use_collateral(option, "Revoked")
    for marble_type in "signed", "tolerant":
        check_refused(mesh, good(machine), marble_type, f"TCB level invalid: Revoked ({culprit})")
    mesh.use_collateral()
    check_serving(mesh, machine)


def test_m11_advisories_must_be_on_the_list(mesh, machine):
    marble = good(machine)
    mesh.use_collateral("--tcb-status", "SWHardeningNeeded", "--advisory", "INTEL-SA-00002")
    check_accepted(mesh, marble, "advised")
    mesh.use_collateral("--tcb-status", "SWHardeningNeeded", "--advisory", "INTEL-SA-00002",
                        "--advisory", "INTEL-SA-00615")
    check_refused(mesh, marble, "advised", "TCB status SWHardeningNeeded "
                  "contains advisories not accepted by configuration: [INTEL-SA-00615]")
    # a machine that needs hardening for reasons that nobody tells
    mesh.use_collateral("--tcb-status", "SWHardeningNeeded")
    check_refused(mesh, marble, "advised", "accepted advisory list not empty but report did not "
                  "contain a valid advisory list")
    check_serving(mesh, machine)


def test_a_package_may_name_its_machines(coordinator, machine, new_machine):
    here, elsewhere = platform_of(machine.folder), platform_of(new_machine().folder)
    ids = here.ppid.hex(), here.instance_id.hex()
    deploy(coordinator, {
        "ppid": {**SIGNED, "AcceptedPlatforms": [elsewhere.ppid.hex(), ids[0].upper()]},
        "instance": {**SIGNED, "AcceptedPlatforms": [ids[1]]},
        "elsewhere": {**SIGNED, "AcceptedPlatforms": [elsewhere.ppid.hex(),
                                                      elsewhere.instance_id.hex()]}})
    for accepted in "ppid", "instance":
        assert good(machine).attest(coordinator, accepted).env
    assert refusal(coordinator, good(machine), "elsewhere") == \
        f"{INVALID_QUOTE}the platform with PPID {ids[0]} and platform instance ID {ids[1]} is none of " \
        "those accepted: add it to them if you know this machine"


def test_a_package_may_demand_new_collateral(coordinator, machine):
    deploy(coordinator, {"new": {**SIGNED, "MinimumTCBEvaluationDataNumber": 17}, "any": SIGNED})
    marble = good(machine)
    assert marble.attest(coordinator, "new").env
    reason = "the collateral has TCB evaluation data number 16, at least 17 is demanded: " \
        "get newer collateral, as with 'marblerun collateral fetch'"
    # the smaller number of both documents counts
    for file in "tcb_info.json", "qe_identity.json":
        coordinator.use_collateral("--evaluation-number", "16", files=[file])
        check_refused(coordinator, marble, "new", reason)
        assert marble.attest(coordinator, "any").env
        coordinator.use_collateral("--evaluation-number", "18")
        check_accepted(coordinator, marble, "new")


def test_what_a_package_demands_of_machines_is_checked_when_it_is_set(coordinator):
    def set_package(**demand):
        return coordinator.set_manifest({"Packages": {"p": {**SIGNED, **demand}},
                                         "Marbles": {"m": {"Package": "p"}}})
    for wrong, reason in (["0011"], '"0011" is no PPID or platform instance ID'), ([], "accepts no platform"):
        answer = set_package(AcceptedPlatforms=wrong)
        assert answer.status_code == 400
        message = answer.json()["message"]
        assert reason in message and message.endswith("(Manifest.Packages.p.AcceptedPlatforms)")
    answer = set_package(MinimumTCBEvaluationDataNumber="17")
    assert answer.status_code == 400 and "Packages.p.MinimumTCBEvaluationDataNumber" in answer.text


@pytest.mark.parametrize("file, name", [
    ("tcb_info.json", "TCB info"), ("qe_identity.json", "QE identity"),
    ("pck.crl", "CRL"), ("root_ca.crl", "CRL")])
def test_expired_collateral_is_refused_by_name(mesh, machine, file, name):
    before = datetime.datetime.utcnow() - datetime.timedelta(days=400)
    mesh.use_collateral("--issued-at", before.strftime("%Y-%m-%dT%H:%M:%SZ"), "--valid-for", "10",
                        files=[file])
    check_refused(mesh, good(machine), "tolerant", name, "expired")
    mesh.use_collateral()
    check_serving(mesh, machine)


def test_a_revoked_pck_certificate_is_refused(mesh, machine):
    mesh.use_collateral("--revoke-pck")
    check_refused(mesh, good(machine), "tolerant",
                  'the certificate "Intel SGX PCK Certificate" is revoked')
    mesh.use_collateral()
    check_serving(mesh, machine)


def test_missing_collateral_is_named(mesh, machine):
    (mesh.folder / "collateral/tcb_info.json").unlink()
    check_refused(mesh, good(machine), "signed", "tcb_info.json")
    mesh.use_collateral()
    check_serving(mesh, machine)
