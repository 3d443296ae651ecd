# SPDX-License-Identifier: Apache-2.0
"""Commands in a simulated confidential VM (`graphene-platform vm`), as ourselves or as another user."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
import sanitizers
from sim_app import BUILD, PATIENCE

REPORTS = "/sys/kernel/config/tsm/report"
MRTD, OTHER = "d0" * 48, "0f" * 48
RTMRS = [f"a{i}" * 48 for i in range(4)]
MEASURED = ["--mrtd", MRTD, *(text for i, value in enumerate(RTMRS) for text in (f"--rtmr{i}", value))]


class Vm:
    """A machine that a user may use, and how commands are run in a VM on it."""

    def __init__(self, folder, user=None):
        self.folder, self.user = folder, user
        self.platform = folder / "platform"

    def command(self, *command, options=()):
        user = []
        if self.user:
            user = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        return [*user, str(BUILD / "bin/graphene-platform"), "vm", str(self.platform), *MEASURED,
                *options, "--", *map(str, command)]

    def start(self, *command, options=(), **popen):
        popen = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                 "text": True, "cwd": self.folder, **popen}
        return subprocess.Popen(self.command(*command, options=options),
                                env={"PATH": os.environ["PATH"], **sanitizers.OPTIONS}, **popen)

    def run(self, *command, options=(), **popen):
        with self.start(*command, options=options, **popen) as process:
            stdout, stderr = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    def succeed(self, *command, options=(), **popen):
        done = self.run(*command, options=options, **popen)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def shell(self, script, **more):
        """What a script wrote that may use the report `$r`."""
        return self.succeed("sh", "-ec", f"r={REPORTS}/r\nmkdir $r\n{script}", **more)


def make_vm(machine, user=None):
    """In a folder that every user can reach; the caller removes it."""
    if user and not (os.geteuid() == 0 and shutil.which("setpriv")):
        pytest.skip("only root can become another user")
    folder = Path(tempfile.mkdtemp(prefix="test_vm."))
    vm = Vm(folder, user)
    shutil.copytree(machine.folder, vm.platform)
    folder.chmod(0o755)
    if user:
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, user, user)
    return vm
