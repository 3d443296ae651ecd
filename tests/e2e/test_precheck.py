# SPDX-License-Identifier: Apache-2.0
"""`marblerun precheck` on hosts that have everything, or lack one thing: the files of a host stand
in a folder, its quoting service and its PCCS are real peers. The same in confidential VMs."""

import json
import os
import shutil
import socket
import ssl
import struct
import tempfile
import threading
from pathlib import Path

import pytest
from credentials import Credentials
from sim_app import BUILD
from simulated_vm import REPORTS, make_vm

INTEL_DEVICES = ("dev/sgx_enclave", "dev/sgx_provision")


class Service(threading.Thread):
    """A quoting service that gives every request the same answer."""

    def __init__(self, path, answer):
        super().__init__()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.answer, self.requests = answer, []
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                (size,) = struct.unpack("<I", connection.recv(4, socket.MSG_WAITALL))
                self.requests.append(connection.recv(size, socket.MSG_WAITALL))
                connection.sendall(self.answer)

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.join()


def response(code):
    inner = b"" if code is None else b"\x08" + bytes([code])
    message = b"\x7a" + bytes([len(inner)]) + inner
    return struct.pack("<I", len(message)) + message


class Pccs(threading.Thread):
    """Answers HTTPS on a free port, in one piece or byte by byte."""

    def __init__(self, folder):
        super().__init__()
        own = Credentials(folder, "pccs")
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(own.cert_file, own.key_file)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.answer, self.pause, self.ended = b"200 OK\r\nContent-Length: 2\r\n\r\n00", 0, threading.Event()
        self.asked = []
        self.start()

    def give(self, connection):
        self.asked.append(connection.recv(4096).split(b"\r\n")[0].decode())
        answer = b"HTTP/1.1 " + self.answer
        if not self.pause:
            connection.sendall(answer)
            return
        for at in range(len(answer)):
            connection.sendall(answer[at:at + 1])
            if self.ended.wait(self.pause):
                return

    def run(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            try:
                with plain, self.context.wrap_socket(plain, server_side=True) as connection:
                    self.give(connection)
            except OSError:
                pass

    def end(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.ended.set()
        self.join()


class Host:
    """A host that has everything, until a test takes it away."""

    def __init__(self, folder, pccs_folder):
        self.folder = folder
        self.write("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu sgx hypervisor sgx_lc\n")
        for device in INTEL_DEVICES:
            self.write(device, "")
        self.write("usr/lib/x86_64-linux-gnu/libdcap_quoteprov.so.1", "")
        self.pccs = Pccs(pccs_folder)
        self.configure("false")
        (folder / "var/run/aesmd").mkdir(parents=True)
        self.service = None

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def configure(self, secure):
        self.write("etc/sgx_default_qcnl.conf", "{\n  // the PCCS\n"
                   f'  "pccs_url": "https://127.0.0.1:{self.pccs.port}/sgx/certification/v4/",\n'
                   f'  "use_secure_cert": {secure}\n}}\n')

    def serve(self, answer=response(0)):
        self.service = Service(self.folder / "var/run/aesmd/aesm.socket", answer)

    def end(self):
        self.pccs.end()
        if self.service:
            self.service.end()


@pytest.fixture(name="host")
def fixture_host(tmp_path, cli):
    # the path of a socket has a hundred characters at most
    with tempfile.TemporaryDirectory(prefix="host.") as folder:
        host = Host(Path(folder), tmp_path)
        cli.environment["MARBLERUN_HOST_ROOT"] = folder
        yield host
        host.end()


def failures(cli):
    """The statements that do not hold, with detail and repair."""
    done = cli.run("precheck", "--output", "json")
    document = json.loads(done.stdout)
    assert document["ready"] == (done.returncode == 0)
    return {check["statement"]: check for check in document["checks"] if not check["passed"]}


def test_a_host_with_everything_is_ready(host, cli):
    host.serve()
    assert not failures(cli)
    done = cli.run("precheck")
    assert done.returncode == 0
    assert [line[0] for line in done.stdout.splitlines()] == ["✓"] * 7
    assert host.pccs.asked == ["GET /sgx/certification/v4/qe/identity HTTP/1.1"] * 2
    (first, *_) = host.service.requests
    assert bytes.fromhex("8c4f5775d796503e96137f77c68a829a0056ac8ded70140b") in first


LACKING = [
    ("proc/cpuinfo", "flags\t: fpu\n", "no flag sgx", "in the firmware"),
    ("proc/cpuinfo", "flags\t: fpu hypervisor\n", "in a virtual machine", "Azure DCsv3"),
    ("proc/cpuinfo", "flags\t: sgx\n", "flag sgx without sgx_lc", "Launch Control"),
    ("dev/sgx_enclave", None, "neither /dev/sgx_enclave nor", "Linux 5.11"),
    ("usr/lib/x86_64-linux-gnu/libdcap_quoteprov.so.1", None, "libdcap_quoteprov.so.1",
     "apt-get install libsgx-dcap-default-qpl"),
    ("etc/sgx_default_qcnl.conf", None, "No such file", "libsgx-dcap-default-qpl"),
    ("etc/sgx_default_qcnl.conf", "# nothing\n", "it has no pccs_url", "set pccs_url"),
]


@pytest.mark.parametrize("file, content, detail, repair", LACKING)
def test_what_is_missing_is_named_with_its_repair(host, cli, file, content, detail, repair):
    host.serve()
    if content is None:
        (host.folder / file).unlink()
    else:
        host.write(file, content)
    found = [check for check in failures(cli).values() if check["passed"] is False]
    assert len(found) == 1
    assert detail in found[0]["detail"] and repair in found[0]["repair"]


def test_the_old_driver_is_told_apart(host, cli):
    host.serve()
    (host.folder / "dev/sgx_enclave").unlink()
    host.write("dev/isgx", "")
    assert "modprobe -r isgx" in failures(cli)["the kernel has the SGX driver"]["repair"]


def test_devices_of_others_are_repaired_by_a_group(host, cli):
    if os.geteuid() == 0:
        pytest.skip("the superuser may open everything")
    host.serve()
    (host.folder / "dev/sgx_enclave").chmod(0)
    assert "usermod -aG sgx" in failures(cli)["this user may start enclaves"]["repair"]


def test_a_host_without_service_is_told_how_to_install_it(host, cli):
    found = failures(cli)
    assert "systemctl enable --now aesmd" in found["the quoting service (aesmd) runs"]["repair"]
    assert found["the quoting service makes DCAP quotes"]["passed"] is None


@pytest.mark.parametrize("code, name, repair", [
    (30, "service unavailable", "libsgx-aesm-ecdsa-plugin"),
    (31, "unrecognized platform", "register it"),
    (44, "no platform certificate", "check pccs_url"),
    (None, "unexpected error", "journalctl -u aesmd"),
    (99, "error without a name", "journalctl -u aesmd"),
])
def test_errors_of_the_service_are_explained(host, cli, code, name, repair):
    host.serve(response(code))
    check = failures(cli)["the quoting service makes DCAP quotes"]
    assert check["detail"] == f"AESM error {1 if code is None else code} ({name})"
    assert repair in check["repair"]


@pytest.mark.parametrize("answer", [b"", b"\xff\xff\xff\xff", b"\x02\0\0\0\x7a\xff", b"\1\0\0\0\x0d"])
def test_a_service_that_makes_no_sense(host, cli, answer):
    host.serve(answer)
    assert "restart aesmd" in failures(cli)["the quoting service makes DCAP quotes"]["repair"]


def test_a_pccs_that_is_down(host, cli):
    host.serve()
    host.write("etc/sgx_default_qcnl.conf", "PCCS_URL=https://127.0.0.1:1/sgx/certification/v3/\n")
    check = failures(cli)["the PCCS answers"]
    assert check["detail"].startswith("https://127.0.0.1:1/sgx/certification/v3/: ")
    assert "systemctl start pccs" in check["repair"]


def test_a_pccs_of_an_unknown_authority(host, cli):
    host.serve()
    host.configure("true")
    assert "update-ca-certificates" in failures(cli)["the PCCS answers"]["repair"]


@pytest.mark.parametrize("answer, detail, repair", [
    (b"404 Not Found", "something answers that is no PCCS, or one without collateral (HTTP status 404)",
     "is its address right? If not, set pccs_url in /etc/sgx_default_qcnl.conf"),
    (b"302 Found", "something answers that is no PCCS, or one without collateral (HTTP status 302)",
     "is its address right?"),
    (b"500 Oh", "it cannot answer at the moment (HTTP status 500)", "journalctl -u pccs"),
    (b"503 Oh", "it cannot answer at the moment (HTTP status 503)", "journalctl -u pccs"),
])
def test_an_answer_that_no_working_pccs_gives_is_told(host, cli, answer, detail, repair):
    host.serve()
    host.pccs.answer = answer + b"\r\nContent-Length: 0\r\n\r\n"
    check = failures(cli)["the PCCS answers"]
    assert check["detail"] == f"https://127.0.0.1:{host.pccs.port}/sgx/certification/v4/: {detail}"
    assert repair in check["repair"]


@pytest.mark.parametrize("answer", [b"429 Slowly", b"461 Unknown platform", b"462 No certificates"])
def test_a_pccs_that_has_no_answer_is_one(host, cli, answer):
    host.serve()
    host.pccs.answer = answer + b"\r\nContent-Length: 0\r\n\r\n"
    assert not failures(cli)


def test_a_pccs_that_answers_without_end_is_not_waited_for(host, cli):
    host.serve()
    host.pccs.answer, host.pccs.pause = b"200 OK\r\nX: " + b"x" * 60000, 0.2
    check = failures(cli)["the PCCS answers"]
    assert "it takes too long" in check["detail"]
    assert "systemctl start pccs" in check["repair"]


# confidential VMs

DRIVER, CONFIGFS = "the kernel has the driver of TDX guests", "configfs is mounted"
ROOT, QUOTES = "this user may ask the kernel for reports", "the VM gets quotes"
NOT_READY = "Error: this VM is not ready for TDX: repair what is marked"


@pytest.fixture(name="vm_host")
def fixture_vm_host(host):
    """A VM whose kernel has driver and configfs, but no reports."""
    host.write("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor tdx_guest\n")
    host.write("proc/mounts", "proc /proc proc rw 0 0\nnone /sys/kernel/config configfs rw 0 0\n")
    host.write("dev/tdx_guest", "")
    return host


def test_a_vm_is_checked_for_what_a_vm_needs(vm_host, cli):
    done = cli.run("precheck", "--output", "json")
    assert done.returncode == 1 and NOT_READY in done.stderr
    checks = {check["statement"]: check for check in json.loads(done.stdout)["checks"]}
    assert list(checks) == ["this is a confidential VM", DRIVER, CONFIGFS, ROOT, QUOTES,
                            "the PCCS answers"]
    assert checks["this is a confidential VM"]["detail"] == "flag tdx_guest"
    assert checks[DRIVER]["detail"] == "/dev/tdx_guest" and checks[DRIVER]["passed"]
    assert checks[CONFIGFS]["detail"] == f"{REPORTS} is not there"
    assert "boot Linux 6.7 or later" in checks[CONFIGFS]["repair"]
    assert checks[ROOT]["passed"] == (os.geteuid() == 0)
    assert checks[QUOTES]["passed"] is None and checks["the PCCS answers"]["passed"] is None
    assert not vm_host.pccs.asked


def test_a_vm_without_driver_or_configfs_is_told_the_commands(vm_host, cli):
    (vm_host.folder / "dev/tdx_guest").unlink()
    vm_host.write("proc/mounts", "configfs /sys/kernel/config tmpfs rw 0 0\n")
    found = failures(cli)
    assert found[DRIVER]["repair"] == "sudo modprobe tdx_guest, on Linux 6.7 or later (uname -r)"
    assert found[CONFIGFS]["detail"] == "/proc/mounts has no configfs"
    assert found[CONFIGFS]["repair"] == "sudo mount -t configfs none /sys/kernel/config"


def test_reports_make_a_vm_as_well(host, cli):
    (host.folder / REPORTS[1:]).mkdir(parents=True)
    found = failures(cli)
    assert DRIVER not in found and CONFIGFS not in found
    # nobody issues reports in this folder, in which nothing stays
    assert ROOT not in found
    assert f"{REPORTS}/marblerun-" in found[QUOTES]["detail"]
    assert "systemctl status qgsd" in found[QUOTES]["repair"]
    assert not list((host.folder / REPORTS[1:]).iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_user_who_may_not_ask_for_reports_is_told(host, cli):
    folder = host.folder / REPORTS[1:]
    folder.mkdir(parents=True)
    folder.chmod(0o555)
    assert "sudo marblerun precheck" in failures(cli)[ROOT]["repair"]


@pytest.fixture(name="vm")
def fixture_vm(new_machine):
    vm = make_vm(new_machine())
    yield vm
    shutil.rmtree(vm.folder)


def test_a_vm_that_gets_quotes_is_ready(vm):
    lines = vm.succeed(BUILD / "bin/marblerun", "precheck").splitlines()
    assert [line[0] for line in lines] == ["✓"] * 5 + ["-"]
    assert lines[4] == f"✓ {QUOTES} (the host's service made one)"


@pytest.mark.parametrize("options, reason", [
    (("--provider", "sev_guest"), "this confidential VM has reports of sev_guest"),
    (("--fault", "refused"), "the host refuses to make a quote"),
])
def test_a_vm_whose_host_gives_no_quotes_is_told(vm, options, reason):
    done = vm.run(BUILD / "bin/marblerun", "precheck", options=options)
    assert done.returncode == 1 and NOT_READY in done.stderr
    assert f"✗ {QUOTES} (" in done.stdout and reason in done.stdout


# errors of AESM

@pytest.mark.parametrize("text", ["30", "aesm_service returned error: 30",
                                  "AESM service returned error 30; this may indicate that"])
def test_an_error_is_explained_by_its_number(cli, text):
    assert cli.succeed("precheck", text).startswith(
        "AESM error 30: service unavailable\nto repair: the service runs, but cannot make ECDSA "
        "quotes: install")


def test_other_errors_are_not_explained(cli):
    assert "is no error of AESM" in cli.fail("precheck", "something else")
