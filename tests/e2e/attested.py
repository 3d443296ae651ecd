# SPDX-License-Identifier: Apache-2.0
"""The attested path with nothing left out: the Coordinator and Marbles under graphene-sim, with the
manifests of packaging/ and samples/, on a simulated machine."""

import hashlib
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import grpc
from _pytest.outcomes import Failed

import graphene_tools
from fake_client_api import Platform
from premain_runner import Run
from real_coordinator import Coordinator, Marble, Process
from sim_app import BUILD, PATIENCE, SIGN, SIM, SOURCE_ROOT

# What runs inside of enclaves. A build with sanitizers is too large for them: then another one's.
INSIDE = Path(os.environ.get("MARBLERUN_ENCLAVE_BUILD", BUILD)).resolve()
TEMPLATES = {
    "coordinator": SOURCE_ROOT / "packaging/gramine/coordinator.manifest.template",
    "executable": SOURCE_ROOT / "samples/hello/executable/hello.manifest.template",
    "preload": SOURCE_ROOT / "samples/hello/preload/hello.manifest.template",
    "gramine": SOURCE_ROOT / "samples/hello/gramine/hello.manifest.template",
}
PREMAIN = {"executable": INSIDE / "bin/premain-graphene",
           "preload": INSIDE / "lib/marblerun/premain-graphene.so",
           "gramine": INSIDE / "bin/premain-graphene"}
ARGUMENT_FILE = ["hello", "from", "the argument file"]


@dataclass
class Signed:
    """A folder with a signed application, and who that is."""

    folder: Path
    name: str

    @property
    def sigstruct(self):
        return (self.folder / f"{self.name}.sig").read_bytes()

    @property
    def unique_id(self):
        return self.sigstruct[960:992].hex()

    @property
    def signer_id(self):
        return hashlib.sha256(self.sigstruct[128:512]).hexdigest()

    def write_manifest(self, text, key):
        manifest = self.folder / f"{self.name}.manifest"
        manifest.write_text(text)
        subprocess.run([SIGN, "--quiet", "--manifest", manifest, "--output",
                        manifest.with_suffix(".manifest.sgx"), "--key", key],
                       cwd=self.folder, check=True, timeout=PATIENCE)
        return self

    def copy_to(self, folder):
        """The same application in a folder of its own, which may exist."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Signed(folder, self.name)


def as_it_is(template):
    return template


def render(template, change, folder, **variables):
    """A manifest of the generation that the template is written for; `change` is applied to that.
    Trusted files are looked for in the folder."""
    old = template in ("executable", "preload")
    name = "graphene-manifest" if old else "gramine-manifest"
    defines = [f"-D{key}={value}" for key, value in variables.items()]
    return graphene_tools.run("graphene-manifest", *defines, "-", name=name,
                              input=change(TEMPLATES[template].read_text()), cwd=folder)


def sign_coordinator(folder, key, machine, change=as_it_is, **variables):
    manifest = render("coordinator", change, folder, coordinator=INSIDE / "bin/coordinator",
                      trust_root=machine.folder / "root_ca.pem", **variables)
    return Signed(folder, "coordinator").write_manifest(manifest, key)


def sign_hello(folder, key, variant, program, change=as_it_is, arguments=ARGUMENT_FILE):
    """samples/hello with another program; `arguments` are those of the preload variant's file."""
    shutil.copy(program, folder / "hello")
    shutil.copy(PREMAIN[variant], folder)
    if variant == "preload":
        content = graphene_tools.run("graphene-argv-serializer", *arguments)
        (folder / "hello.argv").write_text(content)
    return Signed(folder, "hello").write_manifest(render(variant, change, folder), key)


class AttestedCoordinator(Coordinator):
    """Under graphene-sim in `folder`, with the collateral of its machine."""

    def __init__(self, signed, machine, folder):
        signed.copy_to(folder)
        (folder / "state").mkdir()
        shutil.copytree(machine.folder / "collateral", folder / "collateral")
        super().__init__([SIM, "--platform", machine.folder, signed.name], environment(), folder)
        self.signed, self.machine = signed, machine

    def era(self):
        """What an owner has to know of it."""
        return {"UniqueID": self.signed.unique_id, "SignerID": self.signed.signer_id,
                "ProductID": 3, "SecurityVersion": 1}

    def use_collateral(self, *options, files=None):
        """Other collateral of the same machine; `files` are taken of it, by default all."""
        copy = self.folder / "other-collateral"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.machine.folder, copy)
        subprocess.run([BUILD / "bin/graphene-platform", "init", copy, "--refresh", *options],
                       check=True, capture_output=True, timeout=PATIENCE)
        for file in files or [path.name for path in (copy / "collateral").glob("*.*")]:
            (copy / "collateral" / file).replace(self.folder / "collateral" / file)


def eventually(check):
    """What the check gives, once nothing in it fails: a Coordinator looks at its collateral once a second."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return check()
        except (AssertionError, grpc.RpcError, Failed):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def environment(**variables):
    """Of a launcher: nothing of ours but what sanitizers are told."""
    inherited = {name: os.environ[name] for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")
                 if name in os.environ}
    return {"PATH": os.environ["PATH"], **inherited, **variables}


class Application:
    """A Marble's application in a folder of its own."""

    def __init__(self, signed, machine, folder):
        self.signed = signed.copy_to(folder)
        self.folder, self.machine = folder, machine

    def command(self, *arguments):
        return [SIM, "--platform", self.machine.folder, self.signed.name, *arguments]

    @staticmethod
    def environment(coordinator, marble_type, variables):
        address = coordinator if isinstance(coordinator, str) else coordinator.mesh
        return environment(EDG_MARBLE_COORDINATOR_ADDR=address, EDG_MARBLE_TYPE=marble_type,
                           **variables)

    def run(self, coordinator, marble_type, *arguments, **variables):
        """`coordinator` may be an address."""
        done = subprocess.run(self.command(*arguments), cwd=self.folder, capture_output=True,
                              env=self.environment(coordinator, marble_type, variables),
                              text=True, errors="surrogateescape", check=False, timeout=PATIENCE)
        return Run(done)

    def start(self, coordinator, marble_type, stdout=None, **variables):
        return Process(self.command(), cwd=self.folder, stdout=stdout,
                       env=self.environment(coordinator, marble_type, variables))


class AttestedMarble(Marble):
    """A Marble by grpcio whose quote comes from a machine with an enclave of any identity."""

    def __init__(self, machine, **enclave):
        super().__init__()
        self.machine = object.__new__(Platform)  # the same machine for another enclave
        self.machine.__dict__ = {**machine.__dict__, "enclave": enclave}

    def quote(self):
        return self.machine.quote(hashlib.sha256(self.der()).digest())

    def attest(self, coordinator, marble_type, **replaced):
        return self.activate(coordinator, marble_type, **{"quote": self.quote(), **replaced})


def world(run):
    """What the probe's command `world` told: arguments, variables, files with mode and content."""
    told = {"argument": [], "variable": {}, "file": {}}
    for record in run.stdout.split("\0")[:-1]:
        kind, _, text = record.partition(" ")
        if kind == "argument":
            told[kind].append(text)
        elif kind == "variable":
            name, _, value = text.partition("=")
            told[kind][name] = value
        else:
            mode, content, path = text.split(" ", 2)
            told[kind][path] = (int(mode, 8), bytes.fromhex(content))
    return told["argument"], told["variable"], told["file"]
