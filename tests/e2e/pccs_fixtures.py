# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of services with collateral; each test module imports those that it uses."""

import shutil

import pytest

from pccs import Liar, Served, init


@pytest.fixture(name="machine", scope="module")
def fixture_machine(tmp_path_factory):
    return init(tmp_path_factory.mktemp("machine") / "platform", "--evaluation-number", "17")


@pytest.fixture(name="served", scope="module")
def fixture_served(machine):
    served = Served(machine).start()
    yield served
    served.stop()


@pytest.fixture(name="liar")
def fixture_liar(machine, tmp_path):
    """Answers truly until it is given lies; what it serves may be changed."""
    shutil.copytree(machine / "collateral", tmp_path / "served")
    shutil.copy(machine / "pck.pem", tmp_path)
    liar = Liar(tmp_path, tmp_path / "served").start()
    yield liar
    liar.stop()
