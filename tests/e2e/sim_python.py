# SPDX-License-Identifier: Apache-2.0
"""Python as the application under graphene-sim, and what its scripts need to look at files."""

import pytest

from sim_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

# Prints what each expression gives, or the name of the error.
ATTEMPT = """
import errno
def attempt(action):
    try:
        print(action())
    except OSError as problem:
        print(errno.errorcode[problem.errno])
"""

PRELUDE = ATTEMPT + """
import fcntl, mmap, os, socket, stat, sys
def write(path, text, mode="w"):
    with open(path, mode) as file:
        file.write(text)
def read(path):
    with open(path) as file:
        return file.read()
"""


def python(app, script, **options):
    return app.succeed("-c", PRELUDE + script, **options).splitlines()


@pytest.fixture(name="py")
def fixture_py(make_app):
    return make_app().use_python()
