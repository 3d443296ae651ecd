# SPDX-License-Identifier: Apache-2.0
"""graphene-sim: how an application is started, and when it is not."""

import hashlib
import subprocess

import pytest

from sim_app import PATIENCE, SIM
from sim_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

SIMULATION = "graphene-sim: SIMULATION without SGX"
UNCONFIGURED = "argv handling wasn't configured in the manifest, but cmdline arguments were specified."


def launch(*args):
    return subprocess.run([SIM, *args], capture_output=True, text=True, check=False,
                          timeout=PATIENCE)


# Command line


def test_help_and_version_need_no_application():
    assert launch("--help").stdout.startswith("Usage: graphene-sim [OPTION]... APP [ARGUMENT]...\n")
    assert launch("--version").stdout.startswith("graphene-sim ")


@pytest.mark.parametrize("args, message", [
    ((), "no APP given"), (("--nonsense", "app"), "--nonsense"),
    (("--log-level", "loud", "app"), "no such log level: loud"),
])
def test_wrong_usage_is_refused(args, message):
    done = launch(*args)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_options_behind_app_are_the_applications(app):
    app.sign()
    assert app.succeed("args", "--help", "--platform") == "--help\n--platform\n"


# Running at all


def test_an_application_runs_and_its_status_is_the_launchers(make_app, user, era):
    app = make_app(era, user).sign()
    done = app.run("exit", 42)
    assert (done.returncode, done.stdout) == (42, "")
    assert done.stderr == (f"{SIMULATION}: the host can read and change everything; insecure on "
                           "SGX, too: " + ("sgx.debug, " if era == "graphene" else "") +
                           "loader.insecure__use_cmdline_argv\n")


def test_a_secure_manifest_is_told_no_insecurity(app):
    app.settings.update({"loader.insecure__use_cmdline_argv": False, "sgx.debug": False,
                         "loader.argv0_override": "probe"})
    done = app.sign().run()
    assert (done.returncode, done.stdout) == (0, "probe\n")
    assert done.stderr == f"{SIMULATION}: the host can read and change everything\n"


def test_log_level_none_is_silent(app):
    app.settings["loader.log_level"] = "none"
    assert app.sign().run("exit", 0).stderr == ""


def test_standard_streams_are_the_launchers(make_app):
    app = make_app().use_shell().sign()
    done = app.run("-c", "read line; echo got $line; echo problem >&2; cat /dev/stdin >/dev/stdout",
                   input="one\ntwo\n")
    assert done.stdout == "got one\ntwo\n"
    assert done.stderr.endswith("\nproblem\n")


# What is checked before


def test_without_signed_manifest_there_is_no_application(app):
    message = app.refuse(status=2)
    assert "Invalid application path specified (app.manifest.sgx does not exist)." in message
    app.write("app.manifest", app.manifest())
    message = app.refuse(status=2)
    assert "graphene-sign --manifest app.manifest --output app.manifest.sgx" in message


def test_without_signature_there_is_no_application(app):
    app.sign()
    (app.folder / "app.sig").unlink()
    assert "app.sig" in app.refuse()


def test_a_changed_manifest_fails_the_measurement(app):
    app.sign()
    signed = app.folder / "app.manifest.sgx"
    signed.write_text(signed.read_text() + "# harmless\n")
    message = app.refuse()
    assert "EINIT: invalid measurement" in message
    assert (app.folder / "app.sig").read_bytes()[960:992].hex() in message


@pytest.mark.parametrize("offset, reason", [(20, "signature"), (600, "signature"), (200, "signature"),
                                            (1026, "signature"), (0, "")])
def test_a_changed_signature_is_refused(app, offset, reason):
    app.sign()
    sig = app.folder / "app.sig"
    data = bytearray(sig.read_bytes())
    data[offset] ^= 1
    sig.write_bytes(data)
    message = app.refuse()
    assert "load_enclave() failed: EINIT" in message
    assert reason in message


def test_another_libpal_gives_another_measurement(app):
    app.sign()
    assert "invalid measurement" in app.refuse(options=("--libpal", "/lib64/ld-linux-x86-64.so.2"))


def test_a_changed_trusted_file_is_named_with_both_hashes(make_app, era):
    app = make_app(era)
    app.write("data", "as signed")
    app.trusted.append("file:data")
    app.sign()
    assert app.run("exit", 0).returncode == 0
    app.write("data", "as changed")
    message = app.refuse("exit", 0)
    assert "'data'" in message
    for content in (b"as signed", b"as changed"):
        assert hashlib.sha256(content).hexdigest() in message


def test_a_missing_trusted_file_stops_graphene_and_not_gramine(make_app, era):
    app = make_app(era).use_shell()
    app.write("data", "")
    app.trusted.append("file:data")
    app.sign()
    (app.folder / "data").unlink()
    if era == "graphene":
        assert "trusted file 'data' does not exist" in app.refuse("-c", "true")
    else:
        assert app.succeed("-c", "cat data 2>/dev/null || echo gone") == "gone\n"


def test_epid_is_refused(app):
    app.settings.update({"sgx.remote_attestation": True,
                         "sgx.ra_client_spid": "00112233445566778899aabbccddeeff"})
    assert "EPID" in app.sign().refuse()


def test_a_mount_of_nothing_is_refused(app):
    app.mounts.append(("/data", "file:missing", "chroot"))
    assert "Looking up mountpoint /data failed: file:missing" in app.sign().refuse()


# The first program


def test_an_entry_point_that_is_not_there_is_told(app):
    app.entrypoint = "missing"
    assert "cannot start /missing" in app.sign().refuse()


def test_an_unlisted_entry_point_is_refused(app):
    app.trusted.remove("file:probe")
    message = app.sign().refuse()
    assert "cannot start /probe: Permission denied" in message
    assert "trusted or allowed" in message


def test_without_its_interpreter_a_program_cannot_start(app):
    app.env = {}
    app.mounts = []
    assert "ELF interpreter is in no folder of LD_LIBRARY_PATH" in app.sign().refuse()


def test_an_untrusted_interpreter_is_refused(app):
    app.trusted = ["file:probe"]
    assert "trusted or allowed" in app.sign().refuse()


def test_the_interpreter_is_looked_up_by_name(app):
    """The mount is neither /lib64 nor named after glibc; only LD_LIBRARY_PATH leads to it."""
    app.mounts = [("/some/where", app.mounts[0][1], "chroot")]
    app.env["LD_LIBRARY_PATH"] = "/nowhere:/some/where"
    assert app.sign().succeed("args", "x") == "x\n"


def test_a_relative_entry_point_starts_at_start_dir(app):
    (app.folder / "sub").mkdir()
    (app.folder / "probe").rename(app.folder / "sub/probe")
    app.trusted[-1] = "file:sub/probe"
    app.settings["fs.start_dir"] = "/sub"
    assert app.sign().succeed("args", "x") == "x\n"
    app.settings["fs.start_dir"] = "/missing"
    assert "fs.start_dir /missing" in app.sign().refuse()


def test_a_script_can_be_the_entry_point(make_app):
    app = make_app("gramine").use_system()
    app.write("script", "#!/bin/sh -e\necho script $0 $1\npwd\n", 0o755)
    app.trusted.append("file:script")
    app.entrypoint = "script"
    assert app.sign().succeed("x") == "script /script x\n/\n"


def test_a_program_without_x_bit_is_refused(app):
    (app.folder / "probe").chmod(0o644)
    assert "Permission denied" in app.sign().refuse()


# Arguments and environment


ARGV = [
    # era, settings, arguments, expected argv or message
    ("graphene", {"cmdline": True}, ("a b", "c"), ["app", "a b", "c"]),
    ("graphene", {"cmdline": True, "override": "own"}, ("x",), ["own", "x"]),
    ("graphene", {"cmdline": True, "file": ["f0", "f1"]}, ("x",), ["app", "x"]),
    ("graphene", {"file": ["f0", "", "a b"]}, (), ["f0", "", "a b"]),
    ("graphene", {"file": ["f0"], "override": "own"}, ("gone",), ["f0"]),
    ("graphene", {"override": "own"}, (), ["own"]),
    ("graphene", {"override": "own"}, ("x",), UNCONFIGURED),
    ("graphene", {}, (), UNCONFIGURED),
    ("gramine", {"cmdline": True}, ("x", ""), ["/probe", "x", ""]),
    ("gramine", {"argv": ["own", "two words"]}, ("gone",), ["own", "two words"]),
    ("gramine", {"file": ["f0", "f1"]}, ("gone",), ["f0", "f1"]),
    ("gramine", {}, (), ["/probe"]),
    ("gramine", {}, ("x",), UNCONFIGURED),
]


@pytest.mark.parametrize("era, settings, args, expected", ARGV)
def test_argv_is_what_the_manifest_says(make_app, era, settings, args, expected):
    app = make_app(era)
    app.settings["loader.insecure__use_cmdline_argv"] = settings.get("cmdline", False)
    if "override" in settings:
        app.settings["loader.argv0_override"] = settings["override"]
    if "file" in settings:
        app.write("args", "".join(a + "\0" for a in settings["file"]))
        app.allowed.append("file:args")
        app.settings["loader.argv_src_file"] = "file:args"
    manifest = app.manifest()
    if "argv" in settings:
        manifest += "loader.argv = [" + ", ".join(f'"{a}"' for a in settings["argv"]) + "]\n"
    app.manifest = lambda: manifest
    app.sign()
    if isinstance(expected, str):
        assert expected in app.refuse(*args)
        return
    done = app.run(*args)
    assert done.stdout.splitlines() == expected
    assert ("Discarding cmdline arguments (gone)" in done.stderr) == ("gone" in args)


def test_an_unlisted_argument_file_is_refused(app):
    app.settings["loader.insecure__use_cmdline_argv"] = False
    app.settings["loader.argv_src_file"] = "file:args"
    app.write("args", "a\0")
    assert "neither trusted nor allowed" in app.sign().refuse()


def test_variables_of_the_host_stay_outside(app):
    app.env["OWN"] = "$HOME"
    names = app.sign().succeed("env", env={"SECRET": "x", "LD_PRELOAD": ""})
    assert names == "LD_LIBRARY_PATH=/lib\nOWN=$HOME\n"


def test_host_variables_come_in_when_asked_for(make_app, era):
    app = make_app(era)
    app.settings["loader.insecure__use_host_env"] = True
    app.env["OTHER"] = "manifest"
    done = app.sign().run("env", env={"SECRET": "x", "OTHER": "host"})
    lines = done.stdout.splitlines()
    assert "SECRET=x" in lines and "OTHER=manifest" in lines and "OTHER=host" not in lines
    assert "loader.insecure__use_host_env" in done.stderr


def test_an_environment_file_is_the_base(app):
    app.write("env", b"A=1\0LD_LIBRARY_PATH=/wrong\0")
    app.trusted.append("file:env")
    app.settings["loader.env_src_file"] = "file:env"
    assert app.sign().succeed("env") == "A=1\nLD_LIBRARY_PATH=/lib\n"


def test_a_preloaded_library_runs_before_main(make_app, tmp_path):
    source = tmp_path / "pre.c"
    source.write_text('#include <stdio.h>\n'
                      '__attribute__((constructor)) static void hello(void) { puts("before"); }\n')
    app = make_app()
    subprocess.run(["cc", "-shared", "-fPIC", "-o", app.folder / "pre.so", source], check=True)
    app.env["LD_PRELOAD"] = "/pre.so"
    app.trusted.append("file:pre.so")
    assert app.sign().succeed("args", "main") == "before\nmain\n"
    app.trusted.remove("file:pre.so")
    done = app.sign().run("args", "main")
    assert done.stdout == "main\n"
    assert "object '/pre.so' from LD_PRELOAD cannot be preloaded" in done.stderr


def test_python_runs(make_app, era):
    app = make_app(era).use_python()
    assert app.sign().succeed("-c", "import json, ssl; print(json.dumps([1]))") == "[1]\n"
