# SPDX-License-Identifier: Apache-2.0
"""What users find in an installation, and that it works."""

import os
import subprocess
import sysconfig

import pytest
import sim_app
from installation import fixture_tree  # noqa: F401  pylint: disable=unused-import
from sim_fixtures import (  # pylint: disable=unused-import
    fixture_era, fixture_key, fixture_make_app, fixture_probe)

PROGRAMS = {"coordinator", "graphene-argv-serializer", "graphene-manifest", "graphene-pf-crypt",
            "graphene-platform", "graphene-sign", "graphene-sigstruct-view", "graphene-sim",
            "marblerun", "premain-graphene"}
LIBRARIES = {"libmarblerun.a", "libmarblerun.so", "libmarblerun.so.0", "libmarblerun.so.0.1.0",
             "pkgconfig"}


@pytest.fixture(name="installed")
def fixture_installed(tree, monkeypatch):
    """Lets applications be signed and run by what was installed."""
    monkeypatch.setattr(sim_app, "SIM", tree / "bin/graphene-sim")
    monkeypatch.setattr(sim_app, "SIGN", tree / "bin/graphene-sign")
    monkeypatch.setattr(sim_app, "RUNTIME", tree / "lib/graphene-sim/runtime/glibc")
    return tree


def test_programs_and_libraries_are_in_their_places(tree):
    assert {path.name for path in (tree / "bin").iterdir()} == PROGRAMS
    libraries = next(tree.glob("lib/**/libmarblerun.so")).parent
    assert {path.name for path in libraries.iterdir()} >= LIBRARIES
    assert {path.name for path in (tree / "lib").iterdir()} - LIBRARIES - {
        sysconfig.get_config_var("MULTIARCH")} == {"graphene-sim", "marblerun"}
    assert os.listdir(tree / "lib/marblerun") == ["premain-graphene.so"]
    for name in ("libpal-sim.so", "libsysdb.so", "runtime/glibc/ld-linux-x86-64.so.2"):
        assert (tree / "lib/graphene-sim" / name).is_file()


def test_man_pages_and_completions_are_where_they_are_looked_for(tree):
    for name in PROGRAMS - {"graphene-argv-serializer"}:
        assert (tree / f"share/man/man1/{name}.1").read_text().startswith(".\\\"")
    for name in ("bash-completion/completions/marblerun", "zsh/site-functions/_marblerun",
                 "fish/vendor_completions.d/marblerun.fish"):
        assert "__complete" in (tree / "share" / name).read_text()


def test_the_old_names_lead_to_the_programs(tree):
    for alias in (tree / "lib/graphene-sim/bin").iterdir():
        assert alias.resolve(strict=True).parent == tree / "bin", alias


def test_the_tools_find_the_installed_runtime(installed, tmp_path):
    template = tmp_path / "template"
    template.write_text('runtime = "{{ graphene.runtimedir() }}"\nlibos = "{{ graphene.libos }}"\n')
    done = subprocess.run([installed / "bin/graphene-manifest", template], capture_output=True,
                          text=True, check=True, timeout=sim_app.PATIENCE)
    folder = installed / "lib/graphene-sim"
    assert done.stdout == f'runtime = "{folder}/runtime/glibc"\nlibos = "{folder}/libsysdb.so"\n'


@pytest.mark.usefixtures("installed")
def test_an_application_is_signed_and_runs(make_app, era):
    assert make_app(era=era).sign().succeed("arguments", "x").splitlines()[-1] == "x"
