# SPDX-License-Identifier: Apache-2.0
"""Fixtures of tests in which a premain verifies Coordinators that are not ours, on a machine of its
own. The premain runs outside of an enclave: what it accepts does not depend on where it runs."""

import json
import os

import pytest

from fake_mesh import FakeCoordinator, parameters
from premain_runner import Premain

ACTIVATED = 42  # exit status of the application


@pytest.fixture(name="machine", scope="session")
def fixture_machine(new_machine):
    return new_machine()


@pytest.fixture(name="start_mesh")
def fixture_start_mesh():
    """Starts mesh APIs that activate everybody, with the certificate and key that they show."""
    started = []

    def start(shown, **options):
        started.append(FakeCoordinator(shown, **options))
        started[-1].answer = lambda request: parameters(argv=["app", "activated"])
        return started[-1]
    yield start
    for mesh in started:
        mesh.stop()


@pytest.fixture(name="activate")
def fixture_activate(build, tmp_path, machine):
    """Starts an application whose premain accepts the machine's enclave as Coordinator."""
    def run(address, client_api=None, **changed):
        enclave = machine.enclave
        era = {"UniqueID": enclave["mrenclave"], "SignerID": enclave["mrsigner"],
               "ProductID": enclave["prod-id"], "SecurityVersion": enclave["svn"],
               "Collateral": str(machine.folder / "collateral"),
               "TrustRoot": str(machine.folder / "root_ca.pem"), **changed}
        folder = tmp_path / "verifying"
        folder.mkdir(exist_ok=True)
        (folder / "era.json").write_text(json.dumps(era))
        premain = Premain(build, "exec", folder, address)
        premain.variables["EDG_MARBLE_COORDINATOR_ERA"] = "era.json"
        if client_api:
            premain.variables["EDG_MARBLE_COORDINATOR_CLIENT_ADDR"] = client_api
        return premain.run()
    return run


def assert_activated(run, mesh):
    assert run.status == ACTIVATED, run.stderr
    assert run.facts("argument") == ["app", "activated"]
    assert "verified the Coordinator's quote (SIMULATED)" in run.log
    assert len(mesh.requests) == 1


def assert_refused(run, mesh, *reasons):
    """Before anything was sent."""
    assert run.status == 1, run.stderr
    assert f"the Coordinator at {mesh.address} is refused: " in run.error
    for reason in reasons:
        assert reason in run.error
    assert mesh.requests == []


def flipped(data, at):
    at %= len(data)
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]


def nowhere():
    """An address of loopback that is nobody else's."""
    return ".".join(["127", *(str(1 + byte % 254) for byte in os.urandom(3))])
