# SPDX-License-Identifier: Apache-2.0
"""graphene-sim: what a process sees of itself and its limits, how it ends, what becomes of signals."""

import os
import pty
import signal
from pathlib import Path

import pytest

from sim_app import PATIENCE, children_of, is_alive, stop, wait_until
from sim_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import


# What a process sees


def test_uname_tells_of_the_library_os(app):
    assert app.sign().succeed("uname").split("\n") == [
        "Linux", "localhost", "3.10.0", "1", "x86_64", "(none)", ""]
    assert app.run("uname-nowhere").stdout == "EFAULT\n"


def test_a_process_is_nobody_special(make_app, user):
    app = make_app(user=user).sign()
    assert app.succeed("id") == "uid 0 0 gid 0 0 groups 0 umask 022 pgrp 1 sid 0 ppid 1\n"


def test_the_manifest_chooses_user_and_group(make_app, user):
    app = make_app("gramine", user)
    app.settings.update({"loader.uid": 1234, "loader.gid": 567})
    assert app.sign().succeed("id").startswith("uid 1234 1234 gid 567 567 groups 0 ")
    app.use_shell()
    assert app.sign().succeed("-c", "stat -c '%u %g' /probe /dev/attestation/report") == "1234 567\n" * 2


def test_no_privileges_are_left(make_app, user):
    app = make_app(user=user).use_shell()
    status = app.sign().succeed("-c", "cat /proc/self/status")
    assert status.count("0000000000000000") >= 5
    for line in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert f"{line}:\t0000000000000000\n" in status
    assert "NoNewPrivs:\t1\n" in status


def test_what_leads_out_is_refused(make_app, user):
    app = make_app(user=user).sign()
    assert app.succeed("forbidden") == (
        "unshare ENOSYS\nsetns ENOSYS\nclone3 ENOSYS\nkeyctl ENOSYS\nnewuser EPERM\n"
        "tiocsti ENOTTY\nmount EPERM\nchroot EPERM\nptrace EPERM\n")


def test_no_descriptor_of_the_launcher_is_inherited(app):
    app.sign()
    with open("/etc/hostname", "rb") as leak:
        os.set_inheritable(leak.fileno(), True)
        assert app.succeed("fds", close_fds=False) == "0\n1\n2\n"


def test_closed_standard_streams_do_no_harm(app):
    app.sign()
    done = app.run("fds", preexec_fn=lambda: os.close(0))
    assert (done.returncode, done.stdout) == (0, "0\n1\n2\n")


# Limits


def test_limits_are_those_of_the_manifest(make_app):
    app = make_app("gramine")
    app.settings.update({"sys.stack.size": "2M", "sys.fds.limit": 333, "sgx.enclave_size": "256M"})
    assert app.sign().succeed("limits").split() == [str(256 << 20), str(2 << 20), "333", "0"]
    for key in "sys.stack.size", "sys.fds.limit":
        del app.settings[key]
    assert app.sign().succeed("limits").split() == [str(256 << 20), str(256 << 10), "900", "0"]


def test_memory_ends_with_the_enclave(app):
    app.sign()
    assert app.succeed("memory", 64) == "got it\n"
    done = app.run("memory", 128)
    assert (done.returncode, done.stdout) == (1, "ENOMEM\n")


def test_the_stack_ends_where_the_manifest_says(app):
    app.sign()
    assert app.succeed("stack", 40) == "40\n"
    assert app.run("stack", 100).returncode == 128 + signal.SIGSEGV
    app.settings["sys.stack.size"] = "4M"
    assert app.sign().succeed("stack", 100) == "100\n"


@pytest.mark.parametrize("thread_num, threads", [(8, 5), (4, 1), (1, 1)])
def test_threads_end_with_what_the_runtime_leaves(make_app, era, thread_num, threads):
    app = make_app(era)
    app.settings["sgx.thread_num" if era == "graphene" else "sgx.max_threads"] = thread_num
    app.sign()
    done = app.run("threads", threads + 1)
    assert done.stdout == f"{threads} EAGAIN\n"
    assert f"sgx.thread_num (sgx.max_threads) = {thread_num} leaves {threads} to a process" in done.stderr
    done = app.run("threads", threads)
    assert done.stdout == f"{threads} enough\n"
    assert "No more threads" not in done.stderr


def test_a_joined_thread_makes_room_for_the_next(app):
    app.settings["sgx.thread_num"] = 5
    assert app.sign().succeed("repeat-threads", 500) == ""


def test_subprocesses_can_be_forbidden(make_app):
    app = make_app("gramine")
    assert app.sign().succeed("fork") == "child 7\n"
    app.settings["sys.disallow_subprocesses"] = True
    app.sign()
    assert app.run("fork").stdout == "EAGAIN\n"
    assert app.succeed("threads", 3) == "3 enough\n"


# The end


@pytest.mark.parametrize("code", [0, 1, 127, 300])
def test_the_exit_status_is_the_applications(app, code):
    assert app.sign().run("exit", code).returncode == code & 255


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_death_by_a_signal_shows_as_in_a_shell(app, number):
    assert app.sign().run("die", int(number)).returncode == 128 + number


def test_what_the_application_leaves_behind_ends_with_it(app):
    process = app.sign().start("leave")
    try:
        assert process.stdout.readline() == "ready\n"
        inside = children_of(process.pid)
        assert len(inside) == 3  # PID 1, the application, its child
        process.communicate("", timeout=PATIENCE)
        assert process.returncode == 0
        assert not any(map(is_alive, inside))
    finally:
        stop(process)


# Signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1,
                                    signal.SIGUSR2, signal.SIGCONT])
def test_signals_are_passed_on(app, number):
    process = app.sign().start("signals")
    try:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == number.name.removeprefix("SIG") + "\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "TERM\n"
        assert process.wait(PATIENCE) == 33
    finally:
        stop(process)


def test_a_signal_ends_the_launcher_while_it_hashes(app):
    data = app.write("data", "short")
    app.trusted.append("file:data")
    app.sign()
    # a hole that takes minutes to hash
    os.truncate(data, 256 << 30)
    process = app.start("exit", 0)
    try:
        wait_until(lambda: children_of(process.pid), "the sandbox")
        inside = children_of(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == -signal.SIGTERM
        wait_until(lambda: not any(map(is_alive, inside)), "the end of the sandbox")
    finally:
        stop(process)


def test_an_application_can_die_of_a_signal_to_the_launcher(make_app, user):
    app = make_app(user=user)
    process = app.sign().start("leave")
    try:
        assert process.stdout.readline() == "ready\n"
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(PATIENCE) == 128 + signal.SIGTERM
    finally:
        stop(process)


def test_stop_and_continue_reach_the_application(app):
    process = app.sign().start("leave")

    def state(pid):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]

    try:
        assert process.stdout.readline() == "ready\n"
        application = children_of(process.pid)[1]
        process.send_signal(signal.SIGTSTP)
        wait_until(lambda: state(process.pid) == "T" and state(application) == "T", "stopped")
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: state(process.pid) == "S" and state(application) == "S", "continued")
        process.communicate("", timeout=PATIENCE)
        assert process.returncode == 0
    finally:
        stop(process)


@pytest.mark.parametrize("victim", ["launcher", "PID 1"])
def test_nothing_survives_a_kill(make_app, user, victim):
    app = make_app(user=user)
    process = app.sign().start("leave")
    try:
        assert process.stdout.readline() == "ready\n"
        inside = children_of(process.pid)
        os.kill(process.pid if victim == "launcher" else inside[0], signal.SIGKILL)
        status = process.wait(PATIENCE)
        assert status == (-signal.SIGKILL if victim == "launcher" else 128 + signal.SIGKILL)
        wait_until(lambda: not any(map(is_alive, inside)), "the sandbox is gone")
    finally:
        stop(process)


def test_mounts_are_not_seen_on_the_host(app):
    process = app.sign().start("leave")
    try:
        assert process.stdout.readline() == "ready\n"
        assert "graphene-sim" not in Path("/proc/self/mounts").read_text()
        assert "graphene-sim" not in Path(f"/proc/{process.pid}/mounts").read_text()
    finally:
        stop(process)


def read_line(terminal):
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(terminal, 1)
    return line.decode().strip()


def test_a_terminal_reaches_the_application_once(app):
    """Ctrl-C goes to the whole foreground group; the launcher must not pass it on as well."""
    app.sign()
    launcher, terminal = pty.fork()
    if not launcher:
        os.chdir(app.folder)
        os.execve(app.command()[0], app.command("signals"), app.environment())
    try:
        while read_line(terminal) != "ready":
            pass
        os.write(terminal, b"\x03")
        assert read_line(terminal).endswith("INT")
        os.kill(launcher, signal.SIGTERM)
        assert read_line(terminal) == "TERM"
        assert os.waitstatus_to_exitcode(os.waitpid(launcher, 0)[1]) == 33
    finally:
        os.close(terminal)
