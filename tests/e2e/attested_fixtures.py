# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of the attested path. Signing takes place once, starting for each test."""

import pytest

from attested import INSIDE, Application, AttestedCoordinator, sign_coordinator, sign_hello
from graphene_tools import needed
from sim_fixtures import fixture_key, fixture_probe  # noqa: F401  pylint: disable=unused-import


@pytest.fixture(name="machine", scope="session")
def fixture_machine(new_machine):
    if "libasan" in needed(INSIDE / "bin/coordinator"):
        pytest.skip("AddressSanitizer does not fit into an enclave: name another build for what runs "
                    "inside with MARBLERUN_ENCLAVE_BUILD")
    return new_machine()


@pytest.fixture(name="signed_coordinator", scope="session")
def fixture_signed_coordinator(tmp_path_factory, key, machine):
    return sign_coordinator(tmp_path_factory.mktemp("coordinator"), key, machine)


@pytest.fixture(name="coordinator")
def fixture_coordinator(tmp_path, signed_coordinator, machine):
    """Serves, and must still end cleanly after the test."""
    folder = tmp_path / "coordinator"
    folder.mkdir()
    coordinator = AttestedCoordinator(signed_coordinator, machine, folder).start()
    yield coordinator
    assert coordinator.stop() == 0


@pytest.fixture(name="variant", params=["executable", "preload"])
def fixture_variant(request):
    return request.param


@pytest.fixture(name="signed_hello", scope="session")
def fixture_signed_hello(tmp_path_factory, key, probe):
    """Both variants of samples/hello, with the probe as their program."""
    return {variant: sign_hello(tmp_path_factory.mktemp(variant), key, variant, probe)
            for variant in ("executable", "preload")}


@pytest.fixture(name="new_application")
def fixture_new_application(tmp_path, signed_hello, machine):
    """Makes applications with the probe as their program."""
    def make(variant, name="application"):
        return Application(signed_hello[variant], machine, tmp_path / name)
    return make


@pytest.fixture(name="application")
def fixture_application(new_application, variant):
    return new_application(variant)
