# SPDX-License-Identifier: Apache-2.0
"""Python programs in graphene-sim with a protected folder, and a look at it from the host."""

import pytest

import protected_files
from sim_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from sim_python import ATTEMPT

KEY = bytes(range(16))

PRELUDE = ATTEMPT + """
import mmap, os, random, stat, sys
def write(path, content, mode="wb"):
    with open(path, mode) as file:
        file.write(content if isinstance(content, bytes) else content.encode())
def read(path):
    with open(path, "rb") as file:
        return file.read()
def set_key(key=bytes(range(16))):
    if GRAMINE:
        write("/dev/attestation/keys/default", key, "r+b", )
    else:
        write("/dev/attestation/protected_files_key", key.hex(), "r+b")
"""


def python(app, script, *args, **options):
    prelude = PRELUDE + f"GRAMINE = {app.era == 'gramine'}\n"
    return app.succeed("-c", prelude + script, *args, **options).splitlines()


@pytest.fixture(name="py")
def fixture_py(make_app, era):
    """Everything below secret/ is protected, by the means of each era."""
    app = make_app(era).use_python()
    (app.folder / "secret").mkdir()
    if era == "graphene":
        app.settings["sgx.protected_files.secret"] = "file:secret"
    else:
        app.mounts.append(("/secret", "file:secret", "encrypted"))
    return app


def on_host(app, name):
    """What the host's file holds, as others decrypt it."""
    path, content = protected_files.decrypt(KEY, (app.folder / name).read_bytes(),
                                            "graphene" if app.era == "graphene" else "gramine-1")
    assert path == name
    return content
