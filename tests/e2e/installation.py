# SPDX-License-Identifier: Apache-2.0
"""The tree that `make install` makes, moved to another place, as packages do."""

import json
import subprocess
from pathlib import Path

import pytest
import sim_app


@pytest.fixture(name="tree", scope="module")
def fixture_tree(build, tmp_path_factory):
    """The prefix below a DESTDIR."""
    destination = tmp_path_factory.mktemp("destination")
    subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--quiet",
                    "--destdir", destination], check=True, timeout=sim_app.PATIENCE)
    options = json.loads(subprocess.run(["meson", "introspect", "--buildoptions", build], check=True,
                                        capture_output=True, timeout=sim_app.PATIENCE).stdout)
    prefix, = (option["value"] for option in options if option["name"] == "prefix")
    return destination / Path(prefix).relative_to("/")
