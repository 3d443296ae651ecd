# SPDX-License-Identifier: Apache-2.0
import os
import pathlib

import pytest

SOURCE_ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def build():
    """The build folder: MARBLERUN_BUILD, by default build/ in the sources."""
    return pathlib.Path(os.environ.get("MARBLERUN_BUILD", SOURCE_ROOT / "build")).resolve()
