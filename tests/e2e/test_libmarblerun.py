# SPDX-License-Identifier: Apache-2.0
"""libmarblerun as others use it: by its header, its pkg-config file and its exported functions, from
an installation. The sample verifies a Coordinator that runs attested under graphene-sim."""

import hashlib
import json
import os
import re
import shutil
import subprocess

import pytest

from attested_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from installation import fixture_tree  # noqa: F401  pylint: disable=unused-import
from sim_app import PATIENCE, SOURCE_ROOT

SAMPLE = SOURCE_ROOT / "samples/client/client.c"
HEADER = SOURCE_ROOT / "include/marblerun/marblerun.h"
MANIFEST = '{"Packages": {"p": {"UniqueID": "%s"}}, "Marbles": {"m": {"Package": "p"}}}' % ("a1" * 32)


def run(*command, **options):
    return subprocess.run([*map(str, command)], check=True, capture_output=True, text=True,
                          timeout=PATIENCE, **options).stdout


@pytest.fixture(name="pkgconfig", scope="module")
def fixture_pkgconfig(tree):
    """Runs pkg-config for the installation, which is not where its prefix says."""
    folder, = tree.glob("lib/**/pkgconfig")
    prefix = re.search("^prefix=(.*)$", (folder / "marblerun.pc").read_text(), re.M)[1]
    root = str(tree).removesuffix(prefix)

    def pkgconfig(*words):
        return run("pkg-config", *words, "marblerun", env={
            **os.environ, "PKG_CONFIG_PATH": str(folder), "PKG_CONFIG_SYSROOT_DIR": root}).split()
    return pkgconfig


@pytest.fixture(name="library", scope="module")
def fixture_library(tree):
    return next(tree.glob("lib/**/libmarblerun.so")).parent


@pytest.fixture(name="sample", scope="module", params=["shared", "static"])
def fixture_sample(request, library, pkgconfig, tmp_path_factory):
    """The sample, and beside the static library functions of the names that are used inside of it."""
    folder = tmp_path_factory.mktemp("sample")
    if "libasan" in run("objdump", "-p", library / "libmarblerun.so"):
        pytest.skip("a library with AddressSanitizer wants a program with it")
    names = ("xmalloc", "buf_put", "error_set", "sha256", "https_request")
    (folder / "own.c").write_text("".join(
        f"void {name}(void);\nvoid {name}(void) {{ __builtin_trap(); }}\n" for name in names))
    libraries = pkgconfig("--libs")
    if request.param == "static":
        libraries = [folder / "own.c", library / "libmarblerun.a",
                     *"-lcurl -ljansson -lp11 -lssl -lcrypto".split()]
    run("cc", "-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-o", folder / "client", SAMPLE,
        *pkgconfig("--cflags"), *libraries)
    return folder / "client"


@pytest.fixture(name="use")
def fixture_use(sample, library, coordinator, machine, tmp_path):
    """Runs the sample against the Coordinator."""
    def use(**changes):
        (tmp_path / "era.json").write_text(json.dumps({**coordinator.era(), **changes}))
        done = subprocess.run(
            [sample, coordinator.client, tmp_path / "era.json", machine.folder / "collateral",
             machine.folder / "root_ca.pem"], capture_output=True, text=True, timeout=PATIENCE,
            check=False, env={"LD_LIBRARY_PATH": str(library)})
        return done.returncode, done.stdout, done.stderr
    return use


def test_l24_the_sample_verifies_a_coordinator(use, coordinator):
    ready = "status 2: Coordinator is ready to accept a manifest.\n"
    assert use() == (0, ready, "")
    assert coordinator.set_manifest(MANIFEST).status_code == 200
    status, text, _ = use()
    assert status == 0
    assert text.endswith(f"manifest {hashlib.sha256(MANIFEST.encode()).hexdigest()}: {MANIFEST}\n")


def test_l24_the_sample_refuses_another_coordinator(use):
    status, text, error = use(UniqueID="00" * 32)
    assert (status, text) == (1, "")
    assert error.startswith("client: verifying Coordinator quote: invalid UniqueID: ")


def test_l24_nothing_but_the_header_s_functions_is_exported(library):
    declared = set(re.findall(r"\b(marblerun_\w+)\(", HEADER.read_text()))
    for file, flags in [("libmarblerun.so", ["-D"]), ("libmarblerun.a", ["-g"])]:
        lines = run("nm", *flags, "--defined-only", library / file).splitlines()
        exported = {line.split()[2].partition("@")[0] for line in lines if len(line.split()) == 3}
        assert exported - {"MARBLERUN_0"} == declared, file


def test_l24_the_shared_library_has_a_versioned_name(library):
    assert "SONAME               libmarblerun.so.0\n" in run("objdump", "-p",
                                                             library / "libmarblerun.so")
    assert (library / "libmarblerun.so.0").is_symlink()


@pytest.mark.parametrize("compiler, flags", [("cc", ["-xc", "-std=c99"]), ("c++", ["-xc++", "-std=c++11"]),
                                             ("clang", ["-xc", "-std=c17"])])
def test_l24_the_header_is_c_and_cpp_without_anything_else(compiler, flags):
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed")
    run(compiler, *flags, "-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", HEADER)


def test_the_sample_is_short():
    """It is what users read first."""
    code = SAMPLE.read_text().partition("*/\n")[2].partition("*/\n")[2]
    assert len(code.splitlines()) <= 40
