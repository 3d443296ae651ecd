# SPDX-License-Identifier: Apache-2.0
"""A Coordinator that is killed, or whose disk fails, at each of its writes, syncs, renames, removals
and truncations in turn, while users write secrets and update packages, manifests and with them the
data key, and Marbles are counted: what was acknowledged is there after a restart, what was not is
there as a whole or not at all, and counters never go back."""

import pathlib
import shutil
import signal
import tempfile

import pytest

from client_users import Users
from crash_load import World
from recovery import Owner

CALLS = 45     # more than any change of the load makes
TURNS = 3      # begin with another change each; so there are 540 kills
FAILURES = 30  # calls that fail, of each kind

# the injector has to be the first library, as the runtime of a sanitizer has
pytestmark = pytest.mark.plain_build


@pytest.fixture(name="owners", scope="session")
def fixture_owners():
    return [Owner() for _ in range(2)]


@pytest.fixture(name="new_world")
def fixture_new_world(build, owners):
    """In memory, where a sync costs nothing: no power is cut here, processes die."""
    folder = pathlib.Path(tempfile.mkdtemp(dir="/dev/shm", prefix="test_state_crash."))
    worlds = []

    def make(**options):
        own = folder / str(len(worlds))
        own.mkdir()
        worlds.append(World(build, own, Users(own), owners, **options))
        return worlds[-1]
    yield make
    for world in worlds:
        world.coordinator.stop(signal.SIGKILL)
    shutil.rmtree(folder)


@pytest.mark.parametrize("witness", [False, True])
@pytest.mark.parametrize("kind", ["kill", "torn"])
@pytest.mark.parametrize("turn", range(TURNS))
def test_p08_a_kill_at_any_call_loses_nothing(new_world, turn, kind, witness):
    world = new_world(witness=witness)
    for at in range(1, CALLS + 1):
        world.start(kind, at)
        world.check()
        world.armed.touch()
        assert world.load(turn), f"call {at} did not come"
        assert world.coordinator.stop() == -signal.SIGKILL
        world.armed.unlink()
    world.start()
    world.check()
    changes = world.secret.count, world.version.count, world.manifest.count
    assert sum(changes) > CALLS and changes[turn] and world.activations


@pytest.mark.parametrize("kind", ["ENOSPC", "EIO", "short"])
def test_p08_a_call_that_fails_changes_nothing(new_world, kind):
    world = new_world()
    for at in range(1, FAILURES + 1):
        world.start(kind, at)
        world.armed.touch()
        assert not world.load(at)
        world.check()  # what is in force now
        assert world.coordinator.stop(signal.SIGKILL) == -signal.SIGKILL
        world.armed.unlink()
        world.start()
        world.check()  # and what will be
        world.coordinator.stop()
    # removals matter little, and of a write that comes short the rest is written
    assert FAILURES / 4 < world.refusals < FAILURES
