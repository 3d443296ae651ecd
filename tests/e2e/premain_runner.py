# SPDX-License-Identifier: Apache-2.0
"""Starts applications through either face of the premain."""

import os
import re
import subprocess

import sanitizers

LINE = re.compile(r"\[PreMain\] \d{4}/\d\d/\d\d \d\d:\d\d:\d\d (.*)")


class Run:
    """What came of one start."""

    def __init__(self, done):
        self.status = done.returncode
        self.stdout = done.stdout
        self.stderr = done.stderr
        matches = map(LINE.fullmatch, done.stderr.splitlines())
        self.log = [match.group(1) for match in matches if match]

    def facts(self, kind):
        """What show_start told of one kind."""
        return [line.split(" ", 1)[1] for line in self.stdout.splitlines()
                if line.startswith(kind + " ")]

    @property
    def error(self):
        """Behind "Error: ", up to the hint."""
        return self.stderr.partition("\nError: ")[2].partition("\nHint: ")[0].rstrip("\n")

    @property
    def hint(self):
        return self.stderr.partition("\nHint: ")[2].rstrip("\n")


class Premain:
    """One face, a Coordinator and a working directory."""

    def __init__(self, build, face, folder, address):
        self.face = face
        self.folder = folder
        self.app = build / "tests/e2e/programs/show_start"
        self.executable = build / "bin/premain-graphene"
        self.library = build / "lib/marblerun/premain-graphene.so"
        self.variables = {"EDG_MARBLE_TYPE": "web", "EDG_MARBLE_COORDINATOR_ADDR": address,
                          "PATH": os.environ["PATH"], "HOST_SECRET": "leak",
                          **sanitizers.OPTIONS}

    def start(self, service=None, arguments=("host-argument",), variables=(), prefix=(), **options):
        """`prefix` is a command that starts the premain in its turn."""
        service = str(service or self.app)
        environment = {**self.variables, **dict(variables)}
        command, name = [service, *arguments], service
        if self.face == "exec":
            name = self.executable
        else:
            environment["LD_PRELOAD"] = str(self.library)
        if prefix:
            if self.face == "exec":
                command = ["bash", "-c", 'exec -a "$0" "$@"', service, name, *arguments]
            command = [*prefix, "env", *(f"{k}={v}" for k, v in environment.items()), *command]
            name, environment = prefix[0], {"PATH": os.environ["PATH"]}
        return subprocess.Popen(command, executable=name, cwd=self.folder, env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                **options)

    def run(self, *arguments, **options):
        with self.start(*arguments, **options) as process:
            stdout, stderr = process.communicate(timeout=60)
        return Run(subprocess.CompletedProcess(
            process.args, process.returncode, stdout, stderr))
