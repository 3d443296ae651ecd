# SPDX-License-Identifier: Apache-2.0
"""`marblerun graphene-prepare` and `gramine-prepare`. Tests are named after their rows in the feature
table. What the manifests say is read by Python's own library or by graphene-sign, not by the code under
test."""

import json
import os
import pty
import re
import stat
import subprocess
import tomllib

import pytest

QUESTION = "Do you want to automatically apply the suggested changes [y/n]? "
GRAPHENE = """\
# The application
libos.entrypoint = "file:app"  # where it starts

  loader.env.LD_LIBRARY_PATH = "/lib"
sgx.enclave_size = "256M"   # small
sgx.thread_num = 8
sgx.trusted_files.app = "file:app"
"""
GRAMINE = """\
libos.entrypoint = "{{ entrypoint }}"
loader.log_level = "error"
sgx.remote_attestation = false
sgx.enclave_size = "2G"
sgx.max_threads = 4
sgx.trusted_files = [ # all of them
  "file:{{ entrypoint }}", "file:/lib/", # libraries
  # data
  { uri = "file:data", sha256 = "00" },
  'file:a,b]#' ]
sgx.debug = true
"""
COMMENT = "\n# MARBLERUN -- auto generated configuration entries \n"
GRAPHENE_NEW = """\
loader.insecure__use_host_env = 1
sgx.allowed_files.marblerun_uuid = "file:uuid"
sgx.remote_attestation = 1
"""


def saying(product, lines, name="app.manifest"):
    """What an accepted run prints."""
    return (f"\nMarbleRun suggests the following changes to your {product} manifest:\n{lines}"
            f"{QUESTION}Applying changes...\nSaving original manifest as {name}.bak...\n"
            f"Saving changes to {name}...\n")


def prepare(cli, *words, text=None, answer="y\n", name="app.manifest"):
    """The manifest after the command, which must succeed, and what it printed."""
    path = cli.write(name, text) if text is not None else cli.folder / name
    done = cli.run(*words, name, input=answer)
    assert (done.returncode, done.stderr) == (0, "")
    return path.read_text(), done.stdout


def test_l17_the_single_form_makes_the_premain_the_entry_point(cli, build):
    changed, printed = prepare(cli, "graphene-prepare", text=GRAPHENE)
    assert changed == (
        GRAPHENE.replace('"file:app"  #', '"premain-libos"  #').replace('"256M"', '"1024M"')
        .replace("= 8", "= 16") + COMMENT + 'loader.argv0_override = "file:app"\n'
        + GRAPHENE_NEW + 'sgx.trusted_files.marblerun_premain = "file:premain-libos"\n')
    assert printed == saying("Graphene", (
        'libos.entrypoint = "premain-libos"\nloader.argv0_override = "file:app"\n'
        'loader.insecure__use_host_env = 1\nsgx.allowed_files.marblerun_uuid = "file:uuid"\n'
        'sgx.enclave_size = "1024M"\nsgx.remote_attestation = 1\nsgx.thread_num = 16\n'
        'sgx.trusted_files.marblerun_premain = "file:premain-libos"\n')) + (
        "Copying MarbleRun premain to premain-libos...\n"
        "Done! You should be good to go for MarbleRun!\n")
    assert (cli.folder / "app.manifest.bak").read_text() == GRAPHENE
    assert stat.S_IMODE((cli.folder / "app.manifest.bak").stat().st_mode) == 0o644
    premain = cli.folder / "premain-libos"
    assert premain.read_bytes() == (build / "bin/premain-graphene").read_bytes()
    assert os.access(premain, os.X_OK)
    assert cli.fail("graphene-prepare", "app.manifest") == (
        "app.manifest: manifest already contains MarbleRun changes")


def test_l17_spawn_takes_the_scheme_off_the_old_entry_point(cli):
    changed, _ = prepare(cli, "graphene-prepare", "SPAWN", text=GRAPHENE)
    document = tomllib.loads(changed)
    assert document["libos"]["entrypoint"] == "file:premain-graphene"
    assert document["loader"]["argv0_override"] == "app"
    assert document["sgx"]["trusted_files"] == {
        "app": "file:app", "marblerun_premain": "file:premain-graphene"}
    assert (cli.folder / "premain-graphene").exists()
    other = GRAPHENE.replace("file:app", "dev:app")
    cli.write("other.manifest", other)
    assert cli.fail("graphene-prepare", "spawn", "other.manifest").startswith(
        "other.manifest: cannot determine entrypoint for argv0 override correctly")
    prepare(cli, "graphene-prepare", "spawn", name="own.manifest",
            text=other + 'loader.argv0_override = "x"\n')


@pytest.mark.parametrize("old, new", [
    ("", "./premain-graphene.so"),
    ('loader.env.LD_PRELOAD = "a.so"\n', "a.so:./premain-graphene.so")])
def test_l17_preload_keeps_the_entry_point(cli, build, old, new):
    changed, _ = prepare(cli, "graphene-prepare", "preload", text=GRAPHENE + old)
    document = tomllib.loads(changed)
    assert document["libos"]["entrypoint"] == "file:app"
    assert document["loader"]["env"]["LD_PRELOAD"] == new
    assert "argv0_override" not in document["loader"]
    assert document["sgx"]["trusted_files"]["marblerun_premain"] == "file:premain-graphene.so"
    assert (cli.folder / "premain-graphene.so").read_bytes() == (
        build / "lib/marblerun/premain-graphene.so").read_bytes()
    for mode in ("preload", "spawn"):
        assert "already contains" in cli.fail("graphene-prepare", mode, "app.manifest")


def test_l17_other_modes_are_unknown(cli):
    cli.write("app.manifest", GRAPHENE)
    assert cli.fail("graphene-prepare", "fork", "app.manifest") == (
        'unknown mode was chosen, aborting: "fork" is neither spawn nor preload')


def test_l18_arrays_get_an_element_and_keep_their_comments(cli):
    changed, printed = prepare(cli, "gramine-prepare", text=GRAMINE)
    files = """\
sgx.trusted_files = [ # all of them
  "file:{{ entrypoint }}",
  "file:/lib/", # libraries
  # data
  { uri = "file:data", sha256 = "00" },
  'file:a,b]#',
  "file:premain-libos",
]
"""
    start, end = GRAMINE.index("sgx.trusted_files"), GRAMINE.index("sgx.debug")
    variables = "".join(f"loader.env.EDG_MARBLE_{name} = {{ passthrough = true }}\n"
                        for name in ("COORDINATOR_ADDR", "DNS_NAMES", "TYPE", "UUID_FILE"))
    assert changed == (
        GRAMINE[:start].replace('"{{ entrypoint }}"', '"premain-libos"')
        .replace("attestation = false", "attestation = true").replace("= 4", "= 16")
        + files + GRAMINE[end:] + COMMENT + 'loader.argv0_override = "{{ entrypoint }}"\n'
        + variables + 'sgx.allowed_files = [\n  "file:uuid",\n]\n')
    assert files in printed
    assert "to your Gramine manifest:\n" in printed
    assert tomllib.loads(changed)["sgx"]["trusted_files"][-1] == "file:premain-libos"
    assert "already contains" in cli.fail("gramine-prepare", "app.manifest")


def test_l18_the_dotted_form_gets_keys(cli):
    changed, _ = prepare(cli, "gramine-prepare", text=(
        'libos.entrypoint = "app"\nsgx.trusted_files.app = "file:app"\n'
        'sgx.allowed_files.log = "file:log"\nloader.insecure__use_host_env = true\n'))
    document = tomllib.loads(changed)
    assert document["sgx"]["trusted_files"] == {
        "app": "file:app", "marblerun_premain-libos": "file:premain-libos"}
    assert document["sgx"]["allowed_files"] == {"log": "file:log", "marblerun_uuid": "file:uuid"}
    assert "env" not in document["loader"]
    assert document["sgx"]["enclave_size"] == "1024M" and document["sgx"]["thread_num"] == 16


@pytest.mark.parametrize("kind, expected", [
    ("true", True), ('"dcap"', "dcap"), ('"epid"', "epid"), ('"none"', "dcap"), ("false", True)])
def test_l18_later_spellings_of_attestation_are_known(cli, kind, expected):
    changed, _ = prepare(cli, "gramine-prepare", text=(
        f'libos.entrypoint = "app"\nsgx.remote_attestation = {kind}\n'))
    assert tomllib.loads(changed)["sgx"]["remote_attestation"] == expected


@pytest.mark.parametrize("entry, message", [
    ("sgx.remote_attestation = 1", "sgx.remote_attestation has to be true or false"),
    ("loader.insecure__use_host_env = 1", "loader.insecure__use_host_env has to be true or false"),
    ('sgx.thread_num = "8"', "sgx.thread_num has to be a number"),
    ("sgx.enclave_size = 1024", 'sgx.enclave_size has to be a size, such as "1024M"'),
    ('sgx.trusted_files = "file:a"', "sgx.trusted_files has to be an array")])
def test_l18_values_of_other_types_are_refused(cli, entry, message):
    cli.write("app.manifest", f'libos.entrypoint = "app"\n{entry}\n')
    assert cli.fail("gramine-prepare", "app.manifest") == f"app.manifest: {message}"


@pytest.mark.parametrize("text, message", [
    ("sgx.debug = true\n", "cannot find libos.entrypoint"),
    ("libos.entrypoint = 5\n", "libos.entrypoint has to be a string"),
    ('[libos]\nentrypoint = "a"\n', "failed to detect position of config entry libos.entrypoint"),
    ('libos.entrypoint = "a"\nx = """\nlibos.entrypoint = "b"\n"""\n',
     "found multiple matches for a single entry: libos.entrypoint"),
    ('libos.entrypoint = "a"\nsgx.trusted_files = []\n',
     "sgx.trusted_files is written in Gramine's syntax: use gramine-prepare"),
    ('libos.entrypoint = "a"\n[other]\nx = 1\n', "the changes cannot be made in this manifest"),
    ('libos.entrypoint = \n', "line 1, column ")])
def test_l19_what_cannot_be_changed_is_refused_and_stays(cli, text, message):
    path = cli.write("app.manifest", text)
    assert cli.fail("graphene-prepare", "app.manifest").startswith(f"app.manifest: {message}")
    assert path.read_text() == text
    assert os.listdir(cli.folder) == ["app.manifest"]


def test_l19_a_missing_file_is_named(cli):
    assert cli.fail("gramine-prepare", "none") == "file does not exist: none"


@pytest.mark.parametrize("answer", ["n\n", "", "yess\n", "\n"])
def test_l19_everything_but_yes_aborts(cli, answer):
    changed, printed = prepare(cli, "graphene-prepare", text=GRAPHENE, answer=answer)
    assert changed == GRAPHENE
    assert printed.endswith("Aborting.\n") and QUESTION in printed
    assert os.listdir(cli.folder) == ["app.manifest"]


def test_l19_yes_is_understood_in_any_case_and_other_files_stay(cli):
    cli.write("premain-libos", "mine")
    path = cli.write("app.manifest", GRAPHENE)
    path.chmod(0o600)
    _, printed = prepare(cli, "graphene-prepare", answer="YES\n")
    assert "Using the MarbleRun premain that is there: premain-libos\n" in printed
    assert (cli.folder / "premain-libos").read_text() == "mine"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_l19_json_shows_the_changes_and_makes_none(cli):
    path = cli.write("app.manifest", GRAPHENE)
    changes = json.loads(cli.succeed("graphene-prepare", "app.manifest", "-o", "json"))["changes"]
    assert changes[0] == {"key": "libos.entrypoint", "value": '"premain-libos"', "replaces": True}
    assert {"key": "sgx.remote_attestation", "value": "1", "replaces": False} in changes
    assert path.read_text() == GRAPHENE


@pytest.mark.parametrize("environment, coloured", [({}, True), ({"NO_COLOR": "1"}, False),
                                                   ({"TERM": "dumb"}, False)])
def test_l19_replaced_entries_are_yellow_and_new_ones_green_on_a_terminal(
        cli, environment, coloured):
    cli.write("app.manifest", GRAPHENE)
    control, terminal = pty.openpty()
    subprocess.run([cli.program, "graphene-prepare", "app.manifest"], cwd=cli.folder, check=True,
                   env={**cli.environment, "TERM": "xterm", **environment}, stdout=terminal,
                   input=b"n\n", timeout=60)
    printed = os.read(control, 1 << 16).decode()
    os.close(control)
    os.close(terminal)
    colours = re.findall(r"^\x1b\[(\d+)m(\S+) = ", printed.replace("\x1b[0m", ""), re.M)
    assert ("33", "sgx.thread_num") in colours if coloured else not colours
    assert ("32", "sgx.remote_attestation") in colours if coloured else "\x1b" not in printed


def test_l19_a_prepared_manifest_is_a_marble(cli, build):
    """What comes out is accepted by the tool that has to read it next."""
    cli.write("app", "#!/bin/sh\n")
    changed, _ = prepare(cli, "graphene-prepare", "spawn", text=GRAPHENE)
    cli.write("app.manifest", changed)
    cli.write("uuid", "")
    subprocess.run([build / "bin/graphene-sign", "--gen-key", "key.pem"], cwd=cli.folder,
                   check=True, timeout=60)
    subprocess.run([build / "bin/graphene-sign", "-m", "app.manifest", "-o", "app.manifest.sgx",
                    "-k", "key.pem", "-q"], cwd=cli.folder, check=True, timeout=60)
