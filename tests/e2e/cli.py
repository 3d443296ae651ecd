# SPDX-License-Identifier: Apache-2.0
"""Runs `marblerun` as a user does, in a folder and a home of its own."""

import subprocess

import sanitizers


class Cli:
    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.cache = folder / "home/.config/marblerun/coordinator-cert.pem"
        self.environment = {"HOME": str(folder / "home"), "PATH": "/usr/bin:/bin",
                            **sanitizers.OPTIONS}

    def run(self, *arguments, **options):
        return subprocess.run([self.program, *map(str, arguments)], cwd=self.folder,
                              env=self.environment, encoding="utf-8", errors="replace",
                              check=False, timeout=60,
                              **({"capture_output": True} | options))

    def succeed(self, *arguments, stderr=""):
        """What the command prints. Nothing but `stderr` may be on standard error."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        assert done.stderr == stderr
        return done.stdout

    def fail(self, *arguments, stdout="", stderr=""):
        """The error text of a command that must fail with status 1, after `stderr`."""
        done = self.run(*arguments)
        assert done.returncode == 1, done.stdout
        assert done.stdout == stdout
        assert done.stderr.startswith(stderr + "Error: "), done.stderr
        assert done.stderr.endswith("\n")
        return done.stderr[len(stderr + "Error: "):-1]

    def write(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path
