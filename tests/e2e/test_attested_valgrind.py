# SPDX-License-Identifier: Apache-2.0
"""The attested path under Valgrind, which runs inside of the enclaves, too: neither Coordinator nor
premain nor `marblerun` make a memory error or lose memory on the way from start to SIGTERM."""

import json
import os
import re
import shutil
import socket
from pathlib import Path

import grpc
import pytest

import graphene_tools
from attested import (INSIDE, Application, AttestedCoordinator, AttestedMarble, sign_coordinator,
                      sign_hello)
from attested_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from cli import Cli

VALGRIND = Path("/usr/libexec/valgrind")
TOOL = VALGRIND / "memcheck-amd64-linux"
SYMBOLS = Path("/usr/lib/debug/.build-id")  # of the dynamic loader, without which Valgrind cannot
# "Possibly lost" is what is in use with a header in front, as the environment of the application.
OPTIONS = ["--vgdb=no", "--leak-check=full", "--show-leak-kinds=definite,indirect",
           "--errors-for-leak-kinds=definite,indirect", "--num-callers=30", "--error-exitcode=99"]
IN_ENCLAVE = ["valgrind", *OPTIONS, "--log-file=/log/%p"]
ENCLAVE = {"mrenclave": "a1" * 32, "mrsigner": "51" * 32}
FOLDERS = {"valgrind": VALGRIND, "debug": Path("/usr/lib/debug")}

pytestmark = pytest.mark.skipif(not TOOL.exists() or not SYMBOLS.exists(),
                                reason="needs the packages valgrind and libc6-dbg")


def replaced(text, *pairs):
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


def with_room(text, entrypoint, size):
    """The template's text with Valgrind as the entry point, its files, and room for its tables."""
    return replaced(
        text, (f'libos.entrypoint = "{entrypoint}"', f'libos.entrypoint = "{TOOL}"'),
        (f'sgx.enclave_size = "{size}"', 'sgx.enclave_size = "4G"'),
        ('loader.env.LD_LIBRARY_PATH = "/lib"',
         'loader.env.LD_LIBRARY_PATH = "/lib"\n'
         f'loader.env.VALGRIND_LIB = "{VALGRIND}"\nloader.env.VALGRIND_LAUNCHER = "{TOOL}"'))


def coordinator_under_valgrind(text):
    mounts = "".join(f'  {{ path = "{path}", uri = "file:{path}" }},\n' for path in FOLDERS.values())
    allowed = "".join(f'  "file:{path}/",\n' for path in FOLDERS.values())
    return replaced(
        with_room(text, "/coordinator", "256M"),
        ('loader.argv = ["coordinator"]', f"loader.argv = {json.dumps(IN_ENCLAVE + ['/coordinator'])}"),
        ("fs.mounts = [\n", "fs.mounts = [\n" + mounts
         + '  { path = "/log", uri = "file:log" },\n  { path = "/tmp", type = "tmpfs" },\n'),
        ("sgx.allowed_files = [\n", 'sgx.allowed_files = [\n  "file:log/",\n' + allowed))


def hello_under_valgrind(text, entrypoint):
    lines = ['sgx.allowed_files.log = "file:log/"', 'fs.mount.tmp.type = "tmpfs"',
             'fs.mount.tmp.path = "/tmp"', 'fs.mount.tmp.uri = "file:dummy"']
    for name, path in FOLDERS.items():
        lines += [f'fs.mount.{name}.type = "chroot"', f'fs.mount.{name}.path = "{path}"',
                  f'fs.mount.{name}.uri = "file:{path}"', f'sgx.allowed_files.{name} = "file:{path}/"']
    return with_room(text, entrypoint, "64M") + "\n".join(lines) + "\n"


def preload_under_valgrind(text):
    return hello_under_valgrind(text, "file:hello")


def executable_under_valgrind(text):
    """Valgrind looks the premain up in PATH, by the name of the application it is to start."""
    lines = ['fs.mount.premain.type = "chroot"', 'fs.mount.premain.path = "/premain"',
             'fs.mount.premain.uri = "file:premain"', 'loader.env.PATH = "/premain"',
             'sgx.trusted_files.renamed = "file:premain/hello"',
             'sgx.trusted_files.missing = "file:premain/missing"']
    text = replaced(text, ('loader.argv0_override = "hello"',
                           "loader.insecure__use_cmdline_argv = 1"))
    return hello_under_valgrind(text, "file:premain-graphene") + "\n".join(lines) + "\n"


@pytest.fixture(name="marbles")
def fixture_marbles(tmp_path, key, probe, machine):
    """Both variants."""
    applications = {}
    for variant, change in (("executable", executable_under_valgrind),
                            ("preload", preload_under_valgrind)):
        folder = tmp_path / f"signed-{variant}"
        (folder / "premain").mkdir(parents=True)
        (folder / "log").mkdir()
        for name in "hello", "missing":
            shutil.copy(INSIDE / "bin/premain-graphene", folder / "premain" / name)
        signed = sign_hello(folder, key, variant, probe, change, [*IN_ENCLAVE, "/hello"])
        applications[variant] = Application(signed, machine, tmp_path / variant)
    return applications


@pytest.fixture(name="valgrind_coordinator")
def fixture_valgrind_coordinator(tmp_path, key, machine):
    signed_folder, folder = tmp_path / "signed-coordinator", tmp_path / "coordinator"
    signed_folder.mkdir()
    folder.mkdir()
    (folder / "log").mkdir()
    signed = sign_coordinator(signed_folder, key, machine, coordinator_under_valgrind)
    coordinator = AttestedCoordinator(signed, machine, folder)
    yield coordinator
    coordinator.stop()


def check_log(folder):
    """The process since the last check was watched to its end, and nothing was found."""
    log, = (folder / "log").iterdir()
    text = log.read_text()
    log.unlink()
    assert "ERROR SUMMARY: 0 errors" in text, text
    assert "definitely lost: 0 bytes" in text or "no leaks are possible" in text, text


def manifest(marbles):
    secrets = {"key": {"Type": "symmetric-key", "Size": 128},
               "cert": {"Type": "cert-ecdsa", "Size": 256}}
    files = {"/data/key": "{{ raw .Secrets.key }}", "/data/cert": "{{ pem .Secrets.cert.Cert }}"}
    parameters = {"Argv": ["hello", "exit", "0"], "Env": {"K": "{{ hex .Secrets.key }}"}, "Files": files}
    package = {"SignerID": marbles["preload"].signed.signer_id, "ProductID": 1, "SecurityVersion": 1}
    return json.dumps({
        "Packages": {"hello": package, "peer": {"UniqueID": ENCLAVE["mrenclave"]}}, "Secrets": secrets,
        "Marbles": {"web": {"Package": "hello", "MaxActivations": 10, "Parameters": parameters},
                    "peer": {"Package": "peer", "MaxActivations": 2}}})


def owner_works(coordinator, marbles, folder):
    """All that an owner does, and what goes wrong for one who expects another Coordinator."""
    (folder / "log").mkdir(parents=True)
    script = folder / "marblerun"
    script.write_text(f'#!/bin/sh\nexec valgrind {" ".join(OPTIONS)} --log-file={folder}/log/%p '
                      f'{graphene_tools.BUILD}/bin/marblerun "$@"\n')
    script.chmod(0o755)
    cli = Cli(script, folder)
    cli.write("manifest.json", manifest(marbles))
    cli.write("wrong.json", json.dumps(coordinator.era() | {"UniqueID": "00" * 32}))
    cli.write("era.json", json.dumps(coordinator.era()))
    flags = coordinator.machine.flags()
    wrong = cli.run("manifest", "set", "manifest.json", coordinator.client, "--era-config",
                    "wrong.json", *flags)
    assert wrong.returncode == 1 and "invalid UniqueID" in wrong.stderr
    check_log(folder)
    for command in (["manifest", "set", "manifest.json"], ["manifest", "get"],
                    ["certificate", "chain"], ["status"]):
        done = cli.run(*command, coordinator.client, "--era-config", "era.json", *flags)
        assert done.returncode == 0, done.stderr
        check_log(folder)


def strangers_come(coordinator, machine):
    marble = AttestedMarble(machine, **ENCLAVE)
    assert marble.attest(coordinator, "peer").env
    for wrong in {"quote": b""}, {"quote": bytes(5000)}, {"csr": b"?"}, {"uuid": b"?"}, {"type": b"?"}:
        with pytest.raises(grpc.RpcError):
            marble.attest(coordinator, "peer", **wrong)
    for address in coordinator.client, coordinator.mesh:
        for data in b"GET /\r\n\r\n", os.urandom(1000):
            host, port = address.rsplit(":", 1)
            with socket.create_connection((host, int(port)), timeout=60) as peer:
                peer.sendall(data)
    assert coordinator.request("POST", "/manifest", data="{").status_code == 400
    assert coordinator.request("GET", "/nowhere").status_code == 405


def activate(coordinator, marbles):
    """Successes, and failures of which there is a report, because the process ends by itself."""
    executable, preload = marbles["executable"], marbles["preload"]
    assert preload.run(coordinator, "web").status == 0
    check_log(preload.folder)
    refused = preload.run(coordinator, "unheard-of")
    assert refused.status == 1 and "unknown marble type" in refused.error
    check_log(preload.folder)
    assert executable.run(coordinator, "web", *IN_ENCLAVE[1:], "hello").status == 0
    # Valgrind ends where the application begins: nothing may stand in its log before that
    log, = (executable.folder / "log").iterdir()
    assert [line for line in log.read_text().splitlines()[5:] if re.search(r"==\d+== \S", line)] == []
    log.unlink()
    run = executable.run(coordinator, "web", *IN_ENCLAVE[1:], "missing")
    assert run.status == 1 and "cannot start missing" in run.error, run.stderr
    check_log(executable.folder)


def stop(coordinator):
    assert coordinator.stop() == 0
    check_log(coordinator.folder)


def test_neither_owner_nor_coordinator_err_or_leak(valgrind_coordinator, marbles, tmp_path):
    coordinator = valgrind_coordinator.start()
    owner_works(coordinator, marbles, tmp_path / "owner")
    stop(coordinator)


def test_neither_marbles_nor_coordinator_err_or_leak(valgrind_coordinator, marbles, machine):
    coordinator = valgrind_coordinator.start()
    assert coordinator.set_manifest(manifest(marbles)).status_code == 200
    activate(coordinator, marbles)
    strangers_come(coordinator, machine)
    stop(coordinator)
    coordinator.start()
    assert AttestedMarble(machine, **ENCLAVE).attest(coordinator, "peer").env
    with pytest.raises(grpc.RpcError, match="reached max activations"):
        AttestedMarble(machine, **ENCLAVE).attest(coordinator, "peer")
    stop(coordinator)
