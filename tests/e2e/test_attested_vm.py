# SPDX-License-Identifier: Apache-2.0
"""Confidential VMs (TDX) as Marbles: a package names them by MRTD and by their registers."""

import hashlib
import subprocess

import grpc
import pytest

from attested import AttestedMarble
from attested_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from sim_app import BUILD

MRTD, OTHER = "d0" * 48, "0f" * 48
RTMRS = [f"a{i}" * 48 for i in range(4)]
NAMED = {"MRTD": MRTD, **{f"RTMR{i}": value for i, value in enumerate(RTMRS)}}
SIGNED = {"SignerID": "51" * 32, "ProductID": 7, "SecurityVersion": 3}
PACKAGES = {"firmware": {"MRTD": MRTD.upper()}, "whole": NAMED, "other": {"MRTD": OTHER},
            "kernel": {**NAMED, "RTMR2": OTHER}, "enclave": SIGNED,
            "debugged": {"MRTD": MRTD, "Debug": True}, "any": {"Debug": True},
            "tolerant": {"MRTD": MRTD, "AcceptedTCBStatuses": ["TDRelaunchAdvised"]}}
OLD_MODULE = ["--tee-tcb-svn", "03010e00000000000000000000000000"]


class Vm(AttestedMarble):
    """A Marble whose quote is that of a VM."""

    def __init__(self, machine, *options):
        super().__init__(machine)
        self.folder, self.options = machine.folder, options

    def quote(self):
        registers = [text for i, value in enumerate(RTMRS) for text in (f"--rtmr{i}", value)]
        return subprocess.run(
            [BUILD / "bin/graphene-platform", "quote", self.folder, "--tdx", "--mrtd", MRTD,
             *registers, "--open-enclave", "--report-data", hashlib.sha256(self.der()).hexdigest(),
             *self.options], capture_output=True, check=True, timeout=60).stdout


@pytest.fixture(name="mesh")
def fixture_mesh(coordinator):
    answer = coordinator.set_manifest({
        "Packages": PACKAGES, "Marbles": {name: {"Package": name} for name in PACKAGES}})
    assert answer.status_code == 200, answer.text
    return coordinator


def refusal(mesh, marble, marble_type):
    with pytest.raises(grpc.RpcError) as caught:
        marble.attest(mesh, marble_type)
    assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED
    return caught.value.details()


@pytest.mark.parametrize("marble_type, options", [
    ("firmware", []), ("whole", []), ("whole", ["--quote-version", "5"]),
    ("debugged", ["--debug"]), ("tolerant", ["--quote-version", "5", *OLD_MODULE])])
def test_a_vm_that_a_package_names_is_a_marble(mesh, machine, marble_type, options):
    assert Vm(machine, *options).attest(mesh, marble_type).env


@pytest.mark.parametrize("marble_type, options, reason", [
    ("other", [], f'expected: {{Debug: false, MRTD: "{OTHER}"'),
    ("kernel", [], f'RTMR2: "{RTMRS[2]}"'),
    ("enclave", [], "PackageProperties not compliant"),
    ("any", ["--debug"], "PackageProperties not compliant"),
    ("firmware", ["--debug"], "got: {Debug: true, MRTD:"),
    ("debugged", [], "got: {Debug: false, MRTD:"),
    ("firmware", OLD_MODULE, "TCB level invalid: OutOfDate"),
    ("firmware", ["--quote-version", "5", *OLD_MODULE], "TCB level invalid: TDRelaunchAdvised"),
    ("firmware", ["--tee-tcb-svn", "05020e00000000000000000000000000"], "no TDX module of version"),
])
def test_other_vms_are_refused(mesh, machine, marble_type, options, reason):
    assert reason in refusal(mesh, Vm(machine, *options), marble_type)


def test_an_enclave_is_no_vm(mesh, machine):
    enclave = AttestedMarble(machine, **{"mrenclave": "a1" * 32, "mrsigner": "51" * 32,
                                         "prod-id": 7, "svn": 3})
    assert "PackageProperties not compliant" in refusal(mesh, enclave, "firmware")
    assert enclave.attest(mesh, "enclave").env
