# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of the client API: a Coordinator without enclave, and users of it."""

import pytest

from client_users import Client, Users
from real_coordinator import Coordinator


@pytest.fixture(name="coordinator")
def fixture_coordinator(build, tmp_path):
    """Not started yet; must end cleanly after the test."""
    coordinator = Coordinator([build / "bin/coordinator", "--simulation"], {}, tmp_path)
    yield coordinator
    assert coordinator.stop() == 0


@pytest.fixture(name="running")
def fixture_running(coordinator):
    return coordinator.start()


@pytest.fixture(name="users")
def fixture_users(tmp_path):
    return Users(tmp_path)


@pytest.fixture(name="generation", params=["v1", "v2"])
def fixture_generation(request):
    return request.param


@pytest.fixture(name="log_in")
def fixture_log_in(coordinator, users, generation):
    return lambda name: Client(coordinator, users, name, generation)
