# SPDX-License-Identifier: Apache-2.0
"""Applications for graphene-sim: written, signed and run in folders of their own."""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import sanitizers

SOURCE_ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MARBLERUN_BUILD", SOURCE_ROOT / "build")).resolve()
SIM = BUILD / "bin/graphene-sim"
SIGN = BUILD / "bin/graphene-sign"
RUNTIME = BUILD / "lib/graphene-sim/runtime/glibc"
NOBODY = 65534
PATIENCE = 60  # seconds until a test gives up; nothing takes as long


def quoted(value):
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def scalar(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else quoted(value)


class App:
    """One application in one folder.

    The manifest trusts the glibc of the runtime (mounted on /lib) and what `trusted` names. With
    `system`, the host's programs and libraries are there, too, allowed and on the search paths.
    Mounts are tuples of path, URI, type and, for Gramine, perhaps ", " and more of the entry.
    """

    def __init__(self, folder, key, era="graphene", user=None):
        self.folder = folder
        self.key = key
        self.era = era
        self.user = user
        self.entrypoint = "probe"
        self.mounts = [("/lib", f"file:{RUNTIME}", "chroot")]
        self.trusted = [f"file:{RUNTIME}/"]
        self.allowed = []
        self.env = {"LD_LIBRARY_PATH": "/lib"}
        self.settings = {"sgx.enclave_size": "128M", "loader.insecure__use_cmdline_argv": True,
                         "sgx.thread_num" if era == "graphene" else "sgx.max_threads": 8}

    def use_system(self):
        self.mounts += [("/bin", "file:/usr/bin", "chroot"),
                        ("/usr/lib", "file:/usr/lib", "chroot")]
        self.allowed += ["file:/usr/bin", "file:/usr/lib"]
        self.env.update(LD_LIBRARY_PATH="/lib:/usr/lib/x86_64-linux-gnu", PATH="/bin")
        self.settings["sgx.enclave_size"] = "1G"
        return self

    def use_shell(self):
        self.entrypoint = "/bin/sh"
        return self.use_system()

    def use_python(self):
        self.entrypoint = "/bin/python3"
        return self.use_system()

    def write(self, name, content, mode=0o644):
        path = self.folder / name
        if path.parent != self.folder and not path.parent.exists():
            path.parent.mkdir()
            if self.user:
                os.chown(path.parent, self.user, self.user)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        if self.user:
            os.chown(path, self.user, self.user)
        return path

    def copy(self, program, name=None):
        path = self.folder / (name or Path(program).name)
        shutil.copyfile(program, path)
        path.chmod(0o755)
        return path

    def graphene_manifest(self):
        old_entry = self.entrypoint if self.entrypoint.startswith("/") else f"file:{self.entrypoint}"
        lines = [f"libos.entrypoint = {quoted(old_entry)}"]
        for i, (path, uri, kind) in enumerate(self.mounts):
            lines += [f"fs.mount.m{i}.type = {quoted(kind)}", f"fs.mount.m{i}.path = {quoted(path)}",
                      f"fs.mount.m{i}.uri = {quoted(uri)}"]
        for name, uris in (("trusted", self.trusted), ("allowed", self.allowed)):
            lines += [f"sgx.{name}_files.f{i} = {quoted(uri)}" for i, uri in enumerate(uris)]
        return lines

    def gramine_manifest(self):
        entry = self.entrypoint if self.entrypoint.startswith("/") else "/" + self.entrypoint
        mounts = [f"{{ path = {quoted(path)}, uri = {quoted(uri)}, type = {quoted(kind)}{''.join(more)} }}"
                  for path, uri, kind, *more in self.mounts]
        lists = [f"sgx.{name}_files = [{', '.join(map(quoted, uris))}]"
                 for name, uris in (("trusted", self.trusted), ("allowed", self.allowed))]
        return [f"libos.entrypoint = {quoted(entry)}", f"fs.mounts = [{', '.join(mounts)}]", *lists]

    def manifest(self):
        lines = self.graphene_manifest() if self.era == "graphene" else self.gramine_manifest()
        lines += [f"{key} = {scalar(value)}" for key, value in self.settings.items()]
        lines += [f"loader.env.{name} = {quoted(value)}" for name, value in self.env.items()]
        return "\n".join(lines) + "\n"

    def sign(self):
        """Signs the manifest as it is now; the one of before is forgotten."""
        self.write("app.manifest", self.manifest())
        tool = [SIGN, "--quiet", "--manifest", "app.manifest", "--output", "app.manifest.sgx",
                "--key", self.key]
        done = subprocess.run(tool, cwd=self.folder, capture_output=True, text=True, check=False,
                              timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return self

    def command(self, *args, options=()):
        user = []
        if self.user:
            user = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", f"--groups={self.user},4"]
        return [*user, str(SIM), *options, "app", *map(str, args)]

    def environment(self, **variables):
        return {"HOME": str(self.folder), "PATH": os.environ["PATH"], **sanitizers.OPTIONS,
                **variables}

    def run(self, *args, options=(), env=None, timeout=PATIENCE, **popen):
        """The finished launcher, with what it and the application wrote as text."""
        return subprocess.run(self.command(*args, options=options), cwd=self.folder,
                              env=self.environment(**(env or {})), capture_output=True, text=True,
                              check=False, timeout=timeout, errors="surrogateescape", **popen)

    def succeed(self, *args, **options):
        """What the application wrote to stdout."""
        done = self.run(*args, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refuse(self, *args, status=1, **options):
        """What the launcher said instead of starting the application."""
        done = self.run(*args, **options)
        assert done.returncode == status, done.stderr
        assert done.stdout == ""
        return done.stderr

    def start(self, *args, options=(), **popen):
        popen = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                 "text": True, **popen}
        return subprocess.Popen(self.command(*args, options=options), cwd=self.folder,
                                env=self.environment(), **popen)


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.01)


def children_of(pid):
    """All processes below this one, as the host numbers them."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(c) for c in children] + [g for c in children for g in children_of(c)]


def is_alive(pid):
    """False for zombies, too, which only wait for somebody to look at them."""
    try:
        return re.search(r"^State:\s+[^ZX]", Path(f"/proc/{pid}/status").read_text(), re.M) is not None
    except OSError:
        return False


def stop(process):
    """For the end of tests that failed in between."""
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
