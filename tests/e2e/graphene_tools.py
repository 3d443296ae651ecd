# SPDX-License-Identifier: Apache-2.0
"""Runs the tools for Graphene manifests, under their own or under an older name."""
import os
import subprocess
from pathlib import Path

SOURCE_ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MARBLERUN_BUILD", SOURCE_ROOT / "build")).resolve()
LIBDIR = BUILD / "lib/graphene-sim"


def run(tool, *args, name=None, status=0, **options):
    """Standard output of a tool that must exit with this status; if that is not 0, its messages."""
    result = subprocess.run([name or tool, *args], executable=BUILD / "bin" / tool,
                            capture_output=True, text=True, timeout=60, check=False, **options)
    assert result.returncode == status, result.stderr
    return result.stdout if status == 0 else result.stderr


def needed(program):
    """The libraries that a program names, as text."""
    return subprocess.run(["readelf", "-dW", program], capture_output=True, text=True, check=True,
                          timeout=60).stdout
