# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of graphene-sim; each test module imports those that it uses."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from sim_app import NOBODY, PATIENCE, SIGN, App

SOURCES = Path(__file__).resolve().parent / "programs"


@pytest.fixture(name="key", scope="session")
def fixture_key(tmp_path_factory):
    key = tmp_path_factory.mktemp("key") / "key.pem"
    subprocess.run([SIGN, "--gen-key", key], check=True, timeout=PATIENCE)
    return key


def compile_program(folder, name):
    """One of those of programs/ that need nothing but the compiler."""
    subprocess.run([os.environ.get("CC", "cc"), "-Wall", "-Wextra", "-O1", "-o", folder / name,
                    SOURCES / f"{name}.c"], check=True, timeout=PATIENCE)
    return folder / name


@pytest.fixture(name="probe", scope="session")
def fixture_probe(tmp_path_factory):
    """The program whose command tell what an application sees."""
    return compile_program(tmp_path_factory.mktemp("probe"), "probe")


@pytest.fixture(name="make_app")
def fixture_make_app(key, probe):
    """Makes applications whose program is the probe, in folders that every user can reach."""
    folders = []

    def make(era="graphene", user=None):
        if user and not (os.geteuid() == 0 and shutil.which("setpriv")):
            pytest.skip("only root can become another user")
        folder = Path(tempfile.mkdtemp(prefix="test_sim."))
        folders.append(folder)
        folder.chmod(0o755)
        if user:
            os.chown(folder, user, user)
        app = App(folder, key, era, user)
        app.copy(probe)
        app.trusted.append("file:probe")
        return app

    yield make
    for folder in folders:
        shutil.rmtree(folder)


@pytest.fixture(name="app")
def fixture_app(make_app):
    return make_app()


@pytest.fixture(name="fuse_for_users", scope="session")
def fixture_fuse_for_users():
    """Opens /dev/fuse to ordinary users, as distributions ship it. It stays so: tests of others that run
    at the same time may need it."""
    device = Path("/dev/fuse")
    if os.geteuid() == 0 and device.stat().st_mode & 0o777 != 0o666:
        device.chmod(0o666)


@pytest.fixture(name="user", params=["launched as ourselves", "launched as nobody"])
def fixture_user(request, fuse_for_users):  # pylint: disable=unused-argument
    return NOBODY if request.param == "launched as nobody" else None


@pytest.fixture(name="era", params=["graphene", "gramine"])
def fixture_era(request):
    return request.param
