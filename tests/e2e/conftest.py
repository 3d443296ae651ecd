# SPDX-License-Identifier: Apache-2.0
import os
import pathlib

import pytest
from cli import Cli
from fake_client_api import Coordinator, Platform

SOURCE_ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def build():
    """The build folder: MARBLERUN_BUILD, by default build/ in the sources."""
    return pathlib.Path(os.environ.get("MARBLERUN_BUILD", SOURCE_ROOT / "build")).resolve()


@pytest.fixture(name="cli")
def fixture_cli(build, tmp_path):
    """`marblerun` in an empty folder."""
    return Cli(build / "bin/marblerun", tmp_path / "work")


@pytest.fixture(name="new_machine", scope="session")
def fixture_new_machine(build, tmp_path_factory):
    """Makes simulated machines."""
    def make(*options):
        return Platform(build / "bin/graphene-platform",
                        tmp_path_factory.mktemp("machine") / "platform", *options)
    return make


@pytest.fixture(name="new_coordinator")
def fixture_new_coordinator(tmp_path):
    """Makes Coordinators that end with the test."""
    made = []

    def make(make_quote, **options):
        folder = tmp_path / f"coordinator-{len(made)}"
        folder.mkdir()
        made.append(Coordinator(folder, make_quote, **options))
        return made[-1]
    yield make
    for coordinator in made:
        coordinator.close()
