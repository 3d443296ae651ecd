# SPDX-License-Identifier: Apache-2.0
"""Both faces of the premain against a Coordinator that is not ours."""

import json
import os
import re
import socket
import ssl
import stat
import struct
import subprocess
import threading
import uuid

import grpc
import pytest
from credentials import Credentials
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from fake_mesh import FakeCoordinator, parameters
from premain_runner import Premain

SECRET = "top-secret-value"

# a program without sanitizers cannot load a library with them, and they need a large address space
PLAIN = pytest.mark.plain_build


@pytest.fixture(name="server_credentials", scope="module")
def fixture_server_credentials(tmp_path_factory):
    return Credentials(tmp_path_factory.mktemp("coordinator"), "coordinator")


@pytest.fixture(name="coordinator")
def fixture_coordinator(server_credentials):
    coordinator = FakeCoordinator(server_credentials)
    yield coordinator
    coordinator.stop()


def premain_with(face):
    def make(build, tmp_path, coordinator):
        folder = tmp_path / "work"
        folder.mkdir()
        return Premain(build, face, folder, coordinator.address)
    return make


@pytest.fixture(name="premain", params=["exec", pytest.param("preload", marks=PLAIN)])
def fixture_premain(request, build, tmp_path, coordinator):
    return premain_with(request.param)(build, tmp_path, coordinator)


@pytest.fixture(name="executable")
def fixture_executable(build, tmp_path, coordinator):
    return premain_with("exec")(build, tmp_path, coordinator)


@pytest.fixture(name="library")
def fixture_library(build, tmp_path, coordinator):
    return premain_with("preload")(build, tmp_path, coordinator)


def answer(coordinator, **given):
    coordinator.answer = lambda request: parameters(**given)


def refuse(coordinator, code, text):
    coordinator.answer = lambda request: (code, text)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def check_untouched(premain, run, *but):
    """The application did not run and nothing was written, save the UUID."""
    assert run.status == 1
    assert run.stdout == ""
    assert {path.name for path in premain.folder.iterdir()} <= {"uuid", *but}


# what the application gets

def test_x07_files_environment_and_arguments_are_installed(coordinator, premain):
    answer(coordinator, files={"a/b/c": b"\0binary\xff", "/" + str(premain.folder) + "/top": "t"},
           env={"FROM_MANIFEST": "1", "EMPTY": ""}, argv=["app", "", "two words"])
    run = premain.run()
    assert run.status == 42
    assert run.facts("argument") == ["app", "", "two words"]
    assert (premain.folder / "a/b/c").read_bytes() == b"\0binary\xff"
    assert mode(premain.folder / "a/b/c") == 0o600
    assert mode(premain.folder / "a/b") == mode(premain.folder / "a") == 0o700
    assert (premain.folder / "top").read_text() == "t"
    variables = run.facts("variable")
    assert "FROM_MANIFEST=1" in variables and "EMPTY=" in variables
    assert run.log[-2 if premain.face == "exec" else -1] == "done with PreMain"


def test_x07_an_existing_file_is_truncated(coordinator, premain):
    (premain.folder / "file").write_text("much longer than before")
    answer(coordinator, files={"file": "new"})
    assert premain.run().status == 42
    assert (premain.folder / "file").read_text() == "new"


def test_x13_only_chosen_variables_of_the_host_survive(coordinator, premain):
    answer(coordinator, env={"EDG_MARBLE_TYPE": "overridden"})
    run = premain.run(variables={"LD_LIBRARY_PATH": "/x", "EDG_OTHER": "kept", "LD_BIND_NOW": "1",
                                 "LD_LIBRARY_PATH_X": "1"})
    names = {variable.split("=")[0] for variable in run.facts("variable")}
    assert names == {"LD_LIBRARY_PATH", "EDG_OTHER", "EDG_MARBLE_TYPE",
                     "EDG_MARBLE_COORDINATOR_ADDR"}
    assert "EDG_MARBLE_TYPE=overridden" in run.facts("variable")


def test_f06_x07_without_argv_the_executable_gives_the_default(executable):
    assert executable.run().facts("argument") == ["./marble"]


@PLAIN
def test_x12_without_argv_the_preloaded_application_keeps_its_own(library):
    assert library.run().facts("argument") == [str(library.app), "host-argument"]


def test_constructors_of_the_application_see_everything(coordinator, premain):
    answer(coordinator, files={"early": "file"}, env={"EARLY": "variable"})
    assert premain.run().facts("early") == ["file variable"]


def test_the_application_may_be_dumped_as_before(premain):
    assert premain.run().facts("dumpable") == ["1"]


def fields(status):
    return dict(line.split(":\t") for line in status.splitlines())


def test_the_application_has_its_signals_and_one_thread(coordinator, premain):
    answer(coordinator, argv=["cat", "/proc/self/status"])
    # what whoever started us ignores stays ignored
    plain = fields(subprocess.run(["/bin/cat", "/proc/self/status"], capture_output=True, text=True,
                                  check=True).stdout)
    status = fields(premain.run("/bin/cat").stdout)
    assert status["SigIgn"] == plain["SigIgn"]
    assert int(status["SigBlk"], 16) == 0
    assert int(status["SigCgt"], 16) == 0
    assert int(status["Threads"]) == 1


def test_the_application_inherits_no_descriptor(coordinator, premain):
    answer(coordinator, argv=["sh", "-c", "ls /proc/$$/fd; exit 7"])
    run = premain.run("/bin/sh")
    assert run.status == 7
    assert run.stdout.split() == ["0", "1", "2"]


# what the Coordinator gets

def test_x01_x03_x06_the_request_is_as_specified(coordinator, premain):
    premain.run(variables={"EDG_MARBLE_DNS_NAMES": "web.example,*.web.example,192.0.2.7"})
    request, = coordinator.requests
    assert request.marble_type == "web"
    assert request.quote == b""
    assert uuid.UUID(request.uuid).version == 4
    assert request.uuid == (premain.folder / "uuid").read_text()
    cert = request.cert
    assert cert.subject == cert.issuer
    assert cert.subject.rfc4514_string() == "CN=MarbleRun Marble"
    assert isinstance(cert.public_key().curve, ec.SECP256R1)
    assert (cert.not_valid_after - cert.not_valid_before).days == 106751
    usage = cert.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature and usage.key_agreement and not usage.key_cert_sign
    assert not cert.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert set(cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == {
        x509.ExtendedKeyUsageOID.SERVER_AUTH, x509.ExtendedKeyUsageOID.CLIENT_AUTH}
    assert request.csr.subject == x509.Name([])
    for owner in (cert, request.csr):
        names = owner.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["web.example", "*.web.example"]
        assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == [
            "192.0.2.7", "127.0.0.1", "::1"]


def test_x06_x16_x17_the_log_follows_the_specification(coordinator, executable):
    answer(coordinator, argv=["app", 'quoted "word"'])
    log = executable.run().log
    assert log[0].startswith("detected no libOS")
    assert log[1:7] == ["starting PreMain", "fetching env variables", "loading TLS Credentials",
                        "loading UUID", "UUID not found. Generating and storing a new UUID",
                        "generating CSR"]
    assert log[7] == "generating quote"
    assert re.match(r"failed to get quote: .*sgx\.remote_attestation.*"
                    r"Proceeding in simulation mode$", log[8])
    assert "only a Coordinator that runs in simulation mode" in log[9]
    assert log[10:] == ["activating marble of type web", "Not using TTLS",
                        "creating files from manifest", "setting env vars from manifest",
                        "done with PreMain",
                        f'starting {executable.app} with arguments ["app", "quoted \\"word\\""]']


def test_x17_the_log_can_be_json(coordinator, premain):
    variables = {"EDG_LOG_FORMAT": "Json", "EDG_DEBUG_LOGGING": "1"}
    lines = [json.loads(line) for line in premain.run(variables=variables).stderr.splitlines()]
    assert {"starting PreMain", "done with PreMain"} <= {line["msg"] for line in lines}
    assert {line["level"] for line in lines} == {"info", "warn", "debug"}
    refuse(coordinator, grpc.StatusCode.PERMISSION_DENIED, "unknown marble type requested")
    run = premain.run(variables=variables)
    last = json.loads(run.stderr.splitlines()[-1])
    assert (run.status, last["level"]) == (1, "fatal")
    assert "code = PermissionDenied" in last["msg"] and "EDG_MARBLE_TYPE" in last["hint"]


def test_secrets_are_not_logged(coordinator, premain):
    answer(coordinator, files={"f": SECRET}, env={"E": SECRET})
    run = premain.run(variables={"EDG_LOG_FORMAT": "json", "EDG_DEBUG_LOGGING": "1"})
    assert run.status == 42
    assert SECRET not in run.stderr


# with pseudo files as Graphene has them, but made of plain ones

QUOTE = b"what a quoting enclave would say"


@pytest.fixture(name="attestation")
def fixture_attestation(tmp_path):
    """A folder that a mount namespace of the premain's own shows as /dev."""
    folder = tmp_path / "dev" / "attestation"
    (folder / "keys").mkdir(parents=True)
    for name in ("user_report_data", "protected_files_key", "keys/default"):
        (folder / name).write_bytes(b"")
    (folder / "quote").write_bytes(QUOTE)
    prefix = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
              f'mount --bind {folder.parent} /dev && exec "$@"', "sh"]
    if subprocess.run([*prefix, "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no user namespaces with mounts here")
    return folder, prefix


def test_m07_x04_x14_the_quote_is_sent_with_its_header(coordinator, premain, attestation):
    folder, prefix = attestation
    run = premain.run(prefix=prefix)
    assert run.status == 42, run.stderr
    request, = coordinator.requests
    assert request.quote[16:] == QUOTE
    assert (folder / "user_report_data").read_bytes() == request.report_data
    assert run.log[0] == "detected libOS: Gramine"


@pytest.mark.parametrize("kind, warned", [(3, True), (5, False)])
def test_x20_a_quote_without_certificate_chain_is_told(executable, attestation, kind, warned):
    folder, prefix = attestation
    vendor = bytes.fromhex("939a7233f79c4ca9940a0db3957f0607")
    signature = bytes(64 + 64 + 384 + 64) + struct.pack("<HHI", 0, kind, 4) + b"data"
    (folder / "quote").write_bytes(
        struct.pack("<HHIHH", 3, 2, 0, 0, 0) + vendor + bytes(20) + bytes(384)
        + struct.pack("<I", len(signature)) + signature)
    run = executable.run(prefix=prefix)
    assert run.status == 42
    assert any("configure the quote provider library (PCCS) on this host" in line
               for line in run.log) == warned


def test_x08_x09_keys_are_installed(coordinator, premain, attestation):
    folder, prefix = attestation
    answer(coordinator, files={"/dev/attestation/protected_files_key": "0123456789abcdef" * 4,
                               "/dev/attestation/keys/default": bytes(range(16)), "f": "x"})
    run = premain.run(prefix=prefix)
    assert run.status == 42, run.stderr
    assert (folder / "protected_files_key").read_text() == "0123456789abcdef" * 2
    assert (folder / "keys/default").read_bytes() == bytes(range(16))
    assert "taking the first 32 of 64 hex digits as protected_files_key" in run.log


def test_x09_x20_a_key_that_the_runtime_does_not_know_is_told(coordinator, premain, attestation):
    answer(coordinator, files={"/dev/attestation/keys/other": bytes(16), "f": "x"})
    run = premain.run(prefix=attestation[1])
    check_untouched(premain, run)
    assert run.error == "activating Gramine Marble failed: creating files from manifest: " \
                        "cannot open /dev/attestation/keys/other: No such file or directory"
    assert "keys/NAME" in run.hint


# the UUID file

@pytest.mark.parametrize("form", ["{}", "urn:uuid:{}", "{{{}}}"])
def test_x02_a_uuid_is_kept_over_starts(coordinator, executable, form):
    known = "0123abcd-89ab-4def-8123-456789abcdef"
    path = executable.folder / "id"
    path.write_text(form.format(known))
    run = executable.run(variables={"EDG_MARBLE_UUID_FILE": str(path)})
    assert f"found UUID: {known}" in run.log
    assert coordinator.requests[0].uuid == known
    assert path.read_text() == form.format(known)


def test_x01_x02_a_new_uuid_is_stored_where_edg_cwd_says(coordinator, executable, tmp_path):
    executable.run(variables={"EDG_CWD": str(tmp_path)})
    executable.run(variables={"EDG_CWD": str(tmp_path)})
    stored = (tmp_path / "uuid").read_text()
    assert len(stored) == 36 and mode(tmp_path / "uuid") == 0o600
    assert [request.uuid for request in coordinator.requests] == [stored, stored]


def test_x02_a_wrong_uuid_file_is_fatal(coordinator, premain):
    (premain.folder / "uuid").write_text("0123abcd-89ab-4def-8123-456789abcdef\n")
    run = premain.run()
    check_untouched(premain, run)
    assert "failed to unmarshal UUID: invalid UUID length: 37" in run.error
    assert "without a line break" in run.hint
    assert not coordinator.requests


def test_x02_x20_a_uuid_that_cannot_be_stored_is_fatal(coordinator, premain):
    run = premain.run(variables={"EDG_MARBLE_UUID_FILE": "missing/uuid"})
    check_untouched(premain, run)
    assert "failed to store uuid to file: cannot create missing/uuid" in run.error
    assert "sgx.allowed_files" in run.hint
    assert not coordinator.requests


# refusals of the Coordinator

REFUSALS = [
    (grpc.StatusCode.PERMISSION_DENIED, "PermissionDenied",
     "marble verification failed: unknown marble type requested", "EDG_MARBLE_TYPE"),
    (grpc.StatusCode.FAILED_PRECONDITION, "FailedPrecondition",
     "cannot accept marbles in current state", "marblerun manifest set"),
    (grpc.StatusCode.PERMISSION_DENIED, "PermissionDenied",
     "marble verification failed: reached max activations count (1) for marble type \"web\"",
     "MaxActivations"),
    (grpc.StatusCode.UNAUTHENTICATED, "Unauthenticated",
     "invalid quote: OE_MISSING_CERTIFICATE_CHAIN", "on the host of this Marble"),
    (grpc.StatusCode.UNAUTHENTICATED, "Unauthenticated",
     "invalid quote: OE_QUOTE_PROVIDER_LOAD_ERROR", "libsgx-dcap-default-qpl"),
    (grpc.StatusCode.PERMISSION_DENIED, "PermissionDenied",
     "marble verification failed: invalid quote: empty report", "simulation"),
    (grpc.StatusCode.UNKNOWN, "Unknown",
     "template: data:1: can't evaluate field SealKey in type", "symmetric-key"),
]


@pytest.mark.parametrize("code, name, text, hint", REFUSALS)
def test_x18_x20_a_refusal_is_told_with_a_remedy(coordinator, executable, code, name, text, hint):
    refuse(coordinator, code, text)
    run = executable.run()
    check_untouched(executable, run)
    assert run.error == ("activating simulated Marble failed: "
                         f"rpc error: code = {name} desc = {text}")
    assert hint in run.hint


@PLAIN
def test_a_refused_library_does_not_let_the_application_start(coordinator, library):
    refuse(coordinator, grpc.StatusCode.PERMISSION_DENIED, "no\x1b[31m")
    run = library.run()
    check_untouched(library, run)
    assert run.error.endswith("code = PermissionDenied desc = no?[31m")


# answers that must not be acted upon

TTLS = {"tls": {"Incoming": {"*:80": {"clikey": SECRET}},
                "Outgoing": {"a:1": {"cacrt": ""}, "b:2": {}}}}


def test_x16_a_marble_with_ttls_is_refused(coordinator, premain):
    answer(coordinator, files={"f": "x"}, env={"MARBLE_TTLS_CONFIG": json.dumps(TTLS)})
    run = premain.run()
    check_untouched(premain, run)
    assert run.error.endswith("TTLS configured, but Marble runtime doesn't support TTLS")
    at = run.log.index("TTLS config")
    assert run.log[at:] == ["TTLS config", "  Incoming", "    *:80", "  Outgoing", "    a:1",
                            "    b:2"]
    assert SECRET not in run.stderr


@pytest.mark.parametrize("config, text", [
    ("", "unmarshaling TTLS config: "), ("{}", "unmarshaling TTLS config: "),
    ('{"tls":{"Incoming":[]}}', "unmarshaling TTLS config: "),
    ('{"tls":{}}', "TTLS config is empty"),
    ('{"tls":{"Incoming":{},"Outgoing":{}}}', "TTLS config is empty")])
def test_x16_a_wrong_ttls_configuration_is_refused(coordinator, executable, config, text):
    answer(coordinator, files={"f": "x"}, env={"MARBLE_TTLS_CONFIG": config})
    run = executable.run()
    check_untouched(executable, run)
    assert text in run.error


@pytest.mark.parametrize("given, text", [
    ({"env": {"A": b"x\0y"}}, "the value of A holds a zero byte"),
    ({"env": {"A=B": "x"}}, 'the name "A=B"'), ({"env": {"": "x"}}, 'the name ""'),
    ({"files": {"": "x"}}, "an empty path")])
def test_what_cannot_be_installed_is_refused_before_the_first_write(
        coordinator, executable, given, text):
    answer(coordinator, **{**given, "files": {"f": "x", **given.get("files", {})}})
    run = executable.run()
    check_untouched(executable, run)
    assert text in run.error


@pytest.mark.parametrize("message, text", [
    (b"\xff\xff", "code = Internal desc = failed to unmarshal"),
    (b"", "code = Internal desc = the answer has no parameters")])
def test_a_malformed_answer_is_refused(coordinator, premain, message, text):
    coordinator.answer = lambda request: message
    run = premain.run()
    check_untouched(premain, run)
    assert text in run.error


def test_a_file_that_cannot_be_written_stops_the_start(coordinator, premain):
    (premain.folder / "plain").write_text("")
    answer(coordinator, files={"plain/below": "x"})
    run = premain.run()
    check_untouched(premain, run, "plain")
    assert "creating files from manifest: cannot create" in run.error
    assert "sgx.protected_files" in run.hint


def test_x01_x18_a_missing_type_is_told(executable):
    run = executable.run(variables={"EDG_MARBLE_TYPE": ""})
    check_untouched(executable, run)
    assert run.log[-1] == "environment variable not set: EDG_MARBLE_TYPE"
    assert "loader.insecure__use_host_env" in run.hint


# peers that are no Coordinator

def test_nobody_at_the_address(executable):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    run = executable.run(variables={"EDG_MARBLE_COORDINATOR_ADDR": f"localhost:{port}"})
    check_untouched(executable, run)
    assert run.error.startswith(
        "activating simulated Marble failed: rpc error: code = Unavailable desc = connection "
        f"error: localhost:{port}: nobody answers at port {port} (127.0.0.1: ")
    assert "is the Coordinator running" in run.hint


def serve_once(listener, function):
    def serve():
        connection, _ = listener.accept()
        with connection:
            function(connection)
    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_x20_the_client_api_is_recognised(executable, server_credentials):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_credentials.cert_file, server_credentials.key_file)

    def speak_https(connection):
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1000)
            secured.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = serve_once(listener, speak_https)
        address = f"localhost:{listener.getsockname()[1]}"
        run = executable.run(variables={"EDG_MARBLE_COORDINATOR_ADDR": address})
        thread.join()
    check_untouched(executable, run)
    assert "that is the client API (HTTPS); EDG_MARBLE_COORDINATOR_ADDR must name the mesh API, " \
           "by default port 2001" in run.error


def test_an_address_without_port_is_told(executable):
    run = executable.run(variables={"EDG_MARBLE_COORDINATOR_ADDR": "coordinator"})
    check_untouched(executable, run)
    assert '"coordinator" is no address' in run.error


# starting the application (executable)

def not_started(executable, service, **options):
    run = executable.run(service, **options)
    assert run.status == 1 and run.stdout == ""
    return run


def test_x18_x20_a_missing_application_is_told_with_the_fields_to_fix(executable):
    run = not_started(executable, "./missing")
    assert run.error == "cannot start ./missing: no such file or directory"
    assert "loader.argv0_override" in run.hint and "loader.argv" in run.hint
    assert run.log[-1] == 'starting ./missing with arguments ["./marble"]'


def test_x20_an_application_that_is_not_executable_is_told(executable):
    (executable.folder / "app").write_bytes(executable.app.read_bytes())
    run = not_started(executable, "./app")
    assert run.error == "cannot start ./app: permission denied"
    assert "chmod +x" in run.hint


def test_an_application_that_is_no_program_is_told(executable):
    (executable.folder / "app").write_text("echo hello")
    (executable.folder / "app").chmod(0o755)
    assert "exec format error" in not_started(executable, "./app").error


def test_x20_argv_as_one_string_is_recognised(coordinator, executable):
    answer(coordinator, argv=["./app --port 80"])
    assert "a list with one argument each" in not_started(executable, "./missing").hint


def test_the_premain_does_not_start_itself_again(executable, coordinator):
    run = not_started(executable, executable.executable)
    assert "is the premain itself" in run.error
    assert "loader.argv0_override" in run.hint
    assert len(coordinator.requests) == 1


def test_x11_the_application_is_not_searched_in_the_path(executable):
    assert "no such file" in not_started(executable, "true").error


# living inside another program (library)

@PLAIN
def test_only_one_symbol_is_visible(library):
    symbols = subprocess.run(["nm", "-D", "--defined-only", library.library],
                             capture_output=True, text=True, check=True).stdout.split("\n")
    assert [line.split()[-1] for line in symbols if line] == ["__libc_start_main"]


@PLAIN
def test_neither_face_needs_more_than_the_c_library(library):
    for path in (library.library, library.executable):
        dynamic = subprocess.run(["readelf", "-dW", path], capture_output=True, text=True,
                                 check=True).stdout
        assert re.findall(r"NEEDED.*\[(.*)\]", dynamic) == ["libc.so.6"]
        assert "TEXTREL" not in dynamic


@PLAIN
def test_x12_children_do_not_activate_again(coordinator, library):
    run = library.run("/bin/sh", arguments=("-c", "/bin/true; /bin/sh -c /bin/true; exit 3"))
    assert run.status == 3
    assert len(coordinator.requests) == 1


@PLAIN
@pytest.mark.parametrize("command", [
    ["/usr/bin/python3", "-c", "import ssl, sys; ssl.create_default_context(); sys.exit(5)"],
    ["/usr/bin/python3", "-c", "import hashlib, sys; sys.exit(len(hashlib.md5().digest()) - 11)"],
    ["/bin/sh", "-c", "curl -s https://127.0.0.1:1/; exit 5"]])
def test_applications_with_another_openssl_work(library, command):
    run = library.run(command[0], arguments=command[1:])
    assert run.status == 5, run.stderr


@PLAIN
def test_little_address_space_suffices(premain):
    run = premain.run(prefix=["/bin/sh", "-c", 'ulimit -v 65536 && exec "$@"', "sh"])
    assert run.status == 42, run.stderr


@PLAIN
@pytest.mark.parametrize("size", [16, 100, 1000, 8000, 70_000, 1_000_000])
def test_the_secrets_of_files_do_not_stay_in_memory(coordinator, library, size):
    content = os.urandom(16) * (size // 16)
    answer(coordinator, files={"f": content}, argv=["app", "f"])
    run = library.run(library.app.with_name("count_in_memory"))
    assert (library.folder / "f").read_bytes() == content
    assert run.stdout == "0\n", run.stderr
