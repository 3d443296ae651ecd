# SPDX-License-Identifier: Apache-2.0
"""`graphene-platform vm`: what a command sees of the kernel of a confidential VM, and how it is run."""

import json
import os
import shutil
import signal
import subprocess

import pytest

from sim_app import BUILD, NOBODY, PATIENCE
from sim_fixtures import (  # pylint: disable=unused-import
    fixture_fuse_for_users, fixture_user)
from simulated_vm import MRTD, REPORTS, RTMRS, make_vm

NOTICE = "graphene-platform: SIMULATION of a confidential VM: it protects nothing"
WRITE = "printf '%064d' 7 >$r/inblob\n"
REPORT_DATA = b"%064d" % 7


@pytest.fixture(name="machine", scope="session")
def fixture_machine(new_machine):
    return new_machine()


@pytest.fixture(name="vm")
def fixture_vm(machine, user):
    vm = make_vm(machine, user)
    yield vm
    shutil.rmtree(vm.folder)


@pytest.fixture(name="our_vm")
def fixture_our_vm(machine):
    vm = make_vm(machine)
    yield vm
    shutil.rmtree(vm.folder)


def quote_of(vm, *options):
    vm.shell(WRITE + "cat $r/outblob >quote", options=options)
    return (vm.folder / "quote").read_bytes()


# What is in the folder


def test_a_report_has_the_attributes_of_linux(vm):
    listing = vm.shell("cd $r; stat -c '%n %a %s %U' *; cat provider generation; id -un")
    *attributes, provider, generation, user = listing.splitlines()
    assert attributes == [f"{line} {user}" for line in (
        "generation 444 4096", "inblob 200 0", "outblob 444 0", "provider 444 4096")]
    assert (provider, generation) == ("tdx_guest", "0")


def test_folders_are_made_and_removed_and_nothing_else(vm):
    told = vm.shell(f"""cd {REPORTS}
        mkdir other; ls; rmdir r; ls
        for refused in 'mkdir other' 'mkdir ../x' 'rmdir ../report' 'mkdir other/x' 'rm other/inblob' \\
            'touch other/new' 'chmod 666 other/outblob' 'mv other new' 'rmdir r'; do
            $refused 2>/dev/null && echo "$refused works"
        done
        ls . other""")
    assert told.split() == ["other", "r", "other", ".:", "other", "other:", "generation", "inblob",
                            "outblob", "provider"]


def test_report_data_has_64_bytes_and_each_write_counts(vm):
    told = vm.shell("""cd $r
        fail() { sh -c "$1" 2>&1 >/dev/null | sed 's/.*: //'; }
        fail 'cat outblob'
        printf short >inblob
        fail 'cat outblob'
        fail 'head -c 65 /dev/zero >inblob'
        cat generation
        printf '%064d' 1 >inblob
        cat outblob >/dev/null
        cat generation
        fail 'cat inblob'
        fail 'echo >generation'""")
    assert told.splitlines() == ["Invalid argument", "Invalid argument", "File too large", "1", "2",
                                 "Permission denied", "Permission denied"]


def test_an_open_attribute_of_a_removed_report_is_gone(vm):
    assert vm.shell("exec 3<$r/outblob; rmdir $r; cat <&3 2>&1 || true").endswith(
        "No such file or directory\n")


def test_quotes_are_of_the_vm_and_verify(vm, cli):
    quote_of(vm)
    shown = json.loads(cli.succeed("quote", "show", vm.folder / "quote", "-o", "json"))["vm"]
    assert (shown["mrTd"], shown["reportData"], shown["debug"]) == (MRTD, REPORT_DATA.hex(), False)
    assert [shown[f"rtmr{i}"] for i in range(4)] == RTMRS
    verified = json.loads(cli.succeed(
        "quote", "verify", vm.folder / "quote", "--collateral", vm.platform / "collateral",
        "--trust-root", vm.platform / "root_ca.pem", "-o", "json"))
    assert verified["valid"] is True


@pytest.mark.parametrize("options, version, size", [
    ([], 4, 0), (["--quote-version", "5"], 5, 0), (["--padding", "4096"], 4, 4096)])
def test_options_of_quotes_count(our_vm, options, version, size):
    quote = quote_of(our_vm, *options)
    assert int.from_bytes(quote[:2], "little") == version
    assert len(quote) - len(quote.rstrip(b"\0")) == size + 1  # the chain ends with one


def test_a_quote_is_made_once_for_each_report_data(our_vm):
    assert our_vm.shell(WRITE + "cat $r/outblob >a; cat $r/outblob >b; cmp a b\n" + WRITE +
                        "cat $r/outblob >c; cmp -s a c || echo another") == "another\n"


@pytest.mark.parametrize("fault, message", [
    ("busy", "Device or resource busy"), ("refused", "Input/output error"),
    ("timeout", "Connection timed out")])
def test_a_host_that_fails_has_the_errors_of_linux(our_vm, fault, message):
    told = our_vm.shell(WRITE + "cat $r/outblob 2>&1 || true; cat $r/generation",
                        options=["--fault", fault])
    assert told == f"cat: {REPORTS}/r/outblob: {message}\n1\n"


def test_other_faults_and_other_vms(our_vm):
    script = WRITE + "wc -c <$r/outblob; cat $r/generation"
    assert our_vm.shell(script, options=["--fault", "empty"]) == "0\n1\n"
    assert our_vm.shell(script, options=["--fault", "race"]).endswith("\n2\n")
    assert our_vm.shell("cat $r/provider", options=["--provider", "sev_guest"]) == "sev_guest\n"


def test_other_users_of_the_vm_may_look_but_not_ask(our_vm):
    if os.geteuid():
        pytest.skip("only root can become another user")
    told = our_vm.shell(f"""setpriv --reuid={NOBODY} --clear-groups sh -c '
        cat {REPORTS}/r/provider; mkdir {REPORTS}/x 2>&1; echo x 2>&1 >{REPORTS}/r/inblob' || true""",
                        stderr=subprocess.STDOUT)
    assert told.count("Permission denied") == 2 and "tdx_guest\n" in told


# How the command is run


def test_it_is_told_that_it_is_a_simulation(vm):
    done = vm.run("true")
    assert done.stderr == (f"{NOTICE}, and its quotes verify with --trust-root "
                           f"{vm.platform}/root_ca.pem alone\n")


def test_all_else_is_the_hosts(vm):
    told = vm.succeed("sh", "-c", f"id -u; pwd; ls /sys/kernel; ls -A {REPORTS}").split()
    assert told[:2] == [str(vm.user or os.geteuid()), str(vm.folder)]
    assert set(told[2:]) == {*os.listdir("/sys/kernel"), "config"}


def test_nothing_of_it_is_seen_outside(vm):
    before = os.path.exists(REPORTS) and os.listdir(REPORTS)
    with vm.start("sh", "-c", f"mkdir {REPORTS}/r; echo made; read line",
                  stdin=subprocess.PIPE) as process:
        assert process.stdout.readline() == "made\n"
        mounts = open("/proc/self/mounts", encoding="utf-8").read()
        assert (os.path.exists(REPORTS) and os.listdir(REPORTS)) == before
        assert "graphene-platform" not in mounts
        process.communicate("\n", timeout=PATIENCE)


@pytest.mark.parametrize("command, status", [
    (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -KILL $$"], 137), (["./nosuch"], 127),
    (["/etc/passwd"], 126), (["sh", "-c", 'test "$*" = "-x --fault"', "sh", "-x", "--fault"], 0)])
def test_the_status_is_the_commands(vm, command, status):
    done = vm.run(*command)
    assert done.returncode == status
    assert (f"cannot start {command[0]}: " in done.stderr) == (status in (126, 127))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_are_passed_on(vm, number):
    script = ("import signal\n"
              f"signal.signal({int(number)}, lambda number, frame: exit(number))\n"
              "print('ready', flush=True)\nsignal.pause()")
    with vm.start("python3", "-c", script) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.wait(PATIENCE) == number


def test_the_command_does_not_outlive_its_kernel(vm):
    with vm.start("sh", "-c", "echo ready; read line", stdin=subprocess.PIPE) as process:
        assert process.stdout.readline() == "ready\n"
        process.kill()
        assert process.stdout.read() == ""  # nobody has the other end
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("arguments, message", [
    ([], "the folder of the platform is missing"),
    (["F"], "the command is missing"),
    (["F", "--"], "the command is missing"),
    (["F", "--mrtd", "00", "--", "true"], '"00" is not 48 bytes in hex'),
    (["F", "--quote-version", "3", "--", "true"], "VMs have quotes of version 4 or 5"),
    (["F", "--fault", "none", "--", "true"], '"none" is no fault: there are busy'),
    (["F", "--provider", "", "--", "true"], "--provider needs a name"),
    (["F", "--padding", "65537", "--", "true"], '"65537" is no number up to 65536'),
    (["F", "--svn", "1", "--", "true"], "unrecognized option '--svn'"),
])
def test_wrong_usage_exits_with_2(arguments, message):
    done = subprocess.run([BUILD / "bin/graphene-platform", "vm", *arguments], capture_output=True,
                          text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_without_platform_nothing_is_started(tmp_path):
    done = subprocess.run([BUILD / "bin/graphene-platform", "vm", tmp_path, "--", "echo", "started"],
                          capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"no platform in {tmp_path}" in done.stderr
