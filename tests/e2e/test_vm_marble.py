# SPDX-License-Identifier: Apache-2.0
"""The premain in a confidential VM: an ordinary program that becomes a Marble of an attested
Coordinator, by what the kernel says of the VM."""

import json
import os
import shutil

import pytest

from attested_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from premain_runner import Premain
from sim_app import BUILD, NOBODY
from sim_fixtures import (  # pylint: disable=unused-import
    fixture_fuse_for_users, fixture_user)
from simulated_vm import MRTD, OTHER, REPORTS, RTMRS, make_vm

PLAIN = pytest.mark.plain_build  # a program without sanitizers cannot load a library with them
NAMED = {"MRTD": MRTD, **{f"RTMR{i}": value for i, value in enumerate(RTMRS)}}
LIST_REPORTS = ["ls", "-A", REPORTS]
MANIFEST = {
    "Packages": {"vm": NAMED, "kernel": {**NAMED, "RTMR2": OTHER}, "debugged": {**NAMED, "Debug": True}},
    "Marbles": {
        "web": {"Package": "vm", "Parameters": {
            "Argv": ["web", "first argument"], "Env": {"GREETING": "hello", "EARLY": "variable"},
            "Files": {"early": "{{ hex .Secrets.shared }}\n", "deep/er/file": "content"}}},
        "list": {"Package": "vm", "Parameters": {"Argv": LIST_REPORTS}},
        "kernel": {"Package": "kernel"}, "debugged": {"Package": "debugged"},
        "keys": {"Package": "vm", "Parameters": {"Files": {
            "/dev/attestation/keys/default": "{{ raw .Secrets.shared }}", "early": "x"}}}},
    "Secrets": {"shared": {"Type": "symmetric-key", "Size": 128, "Shared": True}}}


@pytest.fixture(name="mesh")
def fixture_mesh(coordinator):
    answer = coordinator.set_manifest(MANIFEST)
    assert answer.status_code == 200, answer.text
    return coordinator


@pytest.fixture(name="new_vm")
def fixture_new_vm(machine):
    made = []

    def make(user=None):
        made.append(make_vm(machine, user))
        return made[-1]
    yield make
    for vm in made:
        shutil.rmtree(vm.folder)


@pytest.fixture(name="vm")
def fixture_vm(new_vm):
    return new_vm()


def activate(vm, mesh, marble_type="web", face="exec", options=(), service=None, **variables):
    """Starts an application through the premain in the VM."""
    premain = Premain(BUILD, face, vm.folder, mesh.mesh)
    return premain.run(service=service, prefix=vm.command(options=options),
                       variables={"EDG_MARBLE_TYPE": marble_type, **variables})


def assert_refused(run, reason):
    assert (run.status, run.stdout) == (1, "")
    assert reason in run.error, run.stderr


@pytest.mark.parametrize("face", ["exec", pytest.param("preload", marks=PLAIN)])
def test_an_application_in_a_vm_is_a_marble(new_vm, mesh, user, face):
    vm = new_vm(user)
    run = activate(vm, mesh, face=face)
    assert run.status == 42, run.stderr
    assert run.log[0] == "detected no libOS: running in a confidential VM"
    assert "failed to get quote" not in run.stderr
    assert run.facts("argument") == ["web", "first argument"]
    assert "GREETING=hello" in run.facts("variable")
    assert any(fact.startswith("MARBLE_PREDEFINED_PRIVATE_KEY=") for fact in run.facts("variable"))
    assert not any(fact.startswith("HOST_SECRET") for fact in run.facts("variable"))
    assert len((vm.folder / "early").read_text().strip()) == 32
    assert (vm.folder / "deep/er/file").read_text() == "content"


@pytest.mark.parametrize("options", [["--quote-version", "5"], ["--padding", "3000"],
                                     ["--quote-version", "5", "--padding", "1"]])
def test_what_kernels_add_makes_no_difference(vm, mesh, options):
    assert activate(vm, mesh, options=options).status == 42


def test_the_application_finds_no_report_left(vm, mesh):
    run = activate(vm, mesh, "list", service="/bin/ls")
    assert (run.status, run.stdout) == (0, ""), run.stderr


def test_another_kernel_is_refused_with_the_registers(vm, mesh):
    run = activate(vm, mesh, "kernel")
    assert_refused(run, f'RTMR2: "{RTMRS[2]}"')
    assert "activating VM Marble failed" in run.error and OTHER in run.error
    assert "compare MRTD and RTMR0 to RTMR3" in run.hint
    assert not (vm.folder / "early").exists()


def test_a_debug_vm_is_another_one(vm, mesh):
    assert_refused(activate(vm, mesh, options=["--debug"]), "got: {Debug: true, MRTD:")
    assert_refused(activate(vm, mesh, "debugged"), "got: {Debug: false, MRTD:")


@pytest.mark.parametrize("options, reason", [
    (["--provider", "sev_guest"],
     "this confidential VM has reports of sev_guest, which are not supported"),
    (["--fault", "busy"], "(the host still owes the answer to an earlier request: on the host, the quote"),
    (["--fault", "refused"], "(the host refuses to make a quote: on the host, the quote generation"),
    (["--fault", "timeout"], "(the host does not answer: on the host, the quote generation service must"),
    (["--fault", "empty"], "outblob is empty (the host failed to make a quote"),
    (["--fault", "race"], "another process writes to /sys/kernel/config/tsm/report/marblerun-")])
def test_without_quote_the_log_says_why_and_the_coordinator_refuses(vm, mesh, options, reason):
    run = activate(vm, mesh, options=options)
    (line,) = [line for line in run.log if line.startswith("failed to get quote: ")]
    assert reason in line and line.endswith(". Proceeding in simulation mode")
    assert_refused(run, "invalid quote")
    assert vm.shell(f"ls -A {REPORTS}", options=options) == "r\n"


def test_whoever_is_not_root_in_the_vm_is_told(vm, mesh):
    if os.geteuid():
        pytest.skip("only root can become another user")
    os.chown(vm.folder, NOBODY, NOBODY)
    premain = Premain(BUILD, "exec", vm.folder, mesh.mesh)
    run = premain.run(prefix=[*vm.command(), "setpriv", f"--reuid={NOBODY}", "--clear-groups"])
    assert "Permission denied (only root may ask the kernel for a report" in run.stderr
    assert_refused(run, "invalid quote")


def test_keys_of_files_that_nothing_protects_are_refused(vm, mesh):
    run = activate(vm, mesh, "keys")
    assert_refused(run, "/dev/attestation/keys/default: a confidential VM has no protected files")
    assert "encrypted disk" in run.hint
    assert not (vm.folder / "early").exists()


def test_the_vm_can_demand_its_coordinator(vm, mesh):
    era = {**mesh.era(), "Collateral": str(vm.platform / "collateral"),
           "TrustRoot": str(vm.platform / "root_ca.pem")}
    file = vm.folder / "era.json"
    file.write_text(json.dumps(era))
    run = activate(vm, mesh, EDG_MARBLE_COORDINATOR_ERA=str(file))
    assert run.status == 42, run.stderr
    assert "verified the Coordinator's quote (SIMULATED)" in run.log
    file.write_text(json.dumps({**era, "UniqueID": "0f" * 32}))
    assert_refused(activate(vm, mesh, EDG_MARBLE_COORDINATOR_ERA=str(file)), "is refused")


def test_elsewhere_it_is_no_vm(vm, mesh):
    premain = Premain(BUILD, "exec", vm.folder, mesh.mesh)
    run = premain.run()
    assert run.log[0].startswith("detected no libOS: running outside of an enclave")
    assert_refused(run, "invalid quote")
