# SPDX-License-Identifier: Apache-2.0
"""Graphene applications as attested Marbles: what they get, what stays over restarts, and what the
premain says when there is nothing to get."""

import json
import re
import signal
import socket
import stat
import subprocess

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from attested import ARGUMENT_FILE, Application, AttestedMarble, sign_coordinator, sign_hello, world
from attested_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from sim_app import SIGN

WORLD = ["hello", "world", "/data", "/dev/attestation/protected_files_key"]
SECRETS = {"shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
           "own": {"Type": "symmetric-key", "Size": 128}}
GIVEN = {
    "Argv": WORLD,
    "Env": {"PLAIN": "from the manifest", "EMPTY": "", "OWN": "{{ hex .Secrets.own }}",
            "SHARED": "{{ hex .Secrets.shared }}", "EDG_MARBLE_DNS_NAMES": "of the manifest"},
    "Files": {"/data/plain": "plain text", "/data/in/a/folder": "{{ hex .Secrets.own }}",
              "/data/binary": {"Data": "AP8KAA==", "Encoding": "base64", "NoTemplates": True},
              "/dev/attestation/protected_files_key": "{{ hex .Marblerun.SealKey }}",
              "/data/seal": "{{ hex .Marblerun.SealKey }}"}}
PREDEFINED = {f"MARBLE_PREDEFINED_{name}" for name in (
    "ROOT_CA", "INTERMEDIATE_CA", "COORDINATOR_ROOT_CA", "MARBLE_CERTIFICATE_CHAIN", "PRIVATE_KEY")}
HOST = {"HOST_SECRET": "leak", "PLAIN": "of the host", "EDG_OTHER": "kept", "LD_BIND_NOW": "1",
        "EDG_MARBLE_DNS_NAMES": "localhost,web.example"}


def manifest(signed, **marbles):
    """Each Marble is given as its Parameters, or as what stands beside these."""
    packages = {"hello": {"SignerID": signed.signer_id, "ProductID": 1, "SecurityVersion": 1},
                "other": {"SignerID": "00" * 32, "ProductID": 1, "SecurityVersion": 1}}
    return {"Packages": packages, "Secrets": SECRETS,
            "Marbles": {name: {"Package": "hello", **marble} for name, marble in marbles.items()}}


def parameters(*argv, **given):
    return {"Parameters": {"Argv": list(argv), **given}}


def deploy(coordinator, application, **marbles):
    answer = coordinator.set_manifest(manifest(application.signed, **marbles))
    assert answer.status_code == 200, answer.text


# what the application gets

def test_the_sample_in_gramines_syntax_becomes_a_marble(coordinator, key, probe, machine, tmp_path):
    (tmp_path / "signed").mkdir()
    signed = sign_hello(tmp_path / "signed", key, "gramine", probe)
    application = Application(signed, machine, tmp_path / "application")
    deploy(coordinator, application, web={"Parameters": GIVEN})
    run = application.run(coordinator, "web", HOST_SECRET="leak")
    assert run.status == 0, run.stderr
    arguments, variables, files = world(run)
    assert arguments == WORLD
    assert variables["PLAIN"] == "from the manifest" and "HOST_SECRET" not in variables
    assert files["/data/plain"][1] == b"plain text"


def test_x07_x10_x12_both_variants_see_exactly_what_the_manifest_gives(coordinator, application):
    deploy(coordinator, application, web={"Parameters": GIVEN})
    run = application.run(coordinator, "web", **HOST)
    assert run.status == 0, run.stderr
    arguments, variables, files = world(run)
    assert arguments == WORLD
    assert set(variables) == PREDEFINED | set(GIVEN["Env"]) | {
        "LD_LIBRARY_PATH", "EDG_OTHER", "EDG_MARBLE_TYPE", "EDG_MARBLE_COORDINATOR_ADDR"}
    assert variables["PLAIN"] == "from the manifest" and variables["EMPTY"] == ""
    assert variables["EDG_MARBLE_DNS_NAMES"] == "of the manifest"
    assert (variables["LD_LIBRARY_PATH"], variables["EDG_OTHER"]) == ("/lib", "kept")
    assert re.fullmatch("[0-9a-f]{32}", variables["OWN"])
    seal_key = files["/data/seal"][1]
    assert files == {"/data/plain": (0o600, b"plain text"), "/data/binary": (0o600, b"\0\xff\n\0"),
                     "/data/in/a/folder": (0o600, variables["OWN"].encode()),
                     "/data/seal": (0o600, seal_key),
                     "/dev/attestation/protected_files_key": (0o666, seal_key[:32])}
    assert re.fullmatch(b"[0-9a-f]{64}", seal_key)
    leaf = x509.load_pem_x509_certificate(
        variables["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"].encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "web.example"]
    assert variables["MARBLE_PREDEFINED_COORDINATOR_ROOT_CA"].encode() == \
        coordinator.root().public_bytes(Encoding.PEM)
    assert {path.name for path in application.folder.iterdir()} == \
        {path.name for path in application.signed.folder.iterdir()}
    assert not (application.folder / "data").exists()


def test_f06_x10_x12_without_argv_each_variant_has_its_own_default(coordinator, application, variant):
    deploy(coordinator, application, web={})
    run = application.run(coordinator, "web")
    assert run.status == 0, run.stderr
    assert run.stdout.splitlines() == (["./marble"] if variant == "executable" else ARGUMENT_FILE)


def test_x10_x11_status_and_signals_of_the_application_pass_through(coordinator, application):
    deploy(coordinator, application, leaves=parameters("hello", "exit", "7"),
           dies=parameters("hello", "die", str(int(signal.SIGABRT))),
           waits=parameters("hello", "signals"))
    assert application.run(coordinator, "leaves").status == 7
    assert application.run(coordinator, "dies").status == 128 + signal.SIGABRT
    waiting = application.start(coordinator, "waits", stdout=subprocess.PIPE)
    with waiting.process.stdout as output:
        assert output.readline() == "ready\n"
        waiting.process.send_signal(signal.SIGUSR1)
        assert output.readline() == "USR1\n"
        assert waiting.end(signal.SIGTERM) == 33


def test_64_mib_and_four_threads_suffice(coordinator, application):
    text = (application.folder / "hello.manifest").read_text()
    assert 'sgx.enclave_size = "64M"' in text and "sgx.thread_num = 4" in text
    deploy(coordinator, application, limits=parameters("hello", "limits"),
           threads=parameters("hello", "threads", "100"))
    assert application.run(coordinator, "limits").stdout.split()[0] == str(64 << 20)
    run = application.run(coordinator, "threads")
    assert run.status == 0 and 1 <= int(run.stdout.split()[0]) <= 4, run.stderr


# what stays

def test_s02_x02_a_second_start_keeps_uuid_and_derived_secrets(coordinator, application, new_application,
                                                       variant):
    deploy(coordinator, application, web={"Parameters": GIVEN})
    first = application.run(coordinator, "web")
    uuid = (application.folder / "uuid").read_text()
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid)
    assert stat.S_IMODE((application.folder / "uuid").stat().st_mode) == 0o600
    second = application.run(coordinator, "web")
    assert f"found UUID: {uuid}" in second.log
    assert (application.folder / "uuid").read_text() == uuid
    other = new_application(variant, "other").run(coordinator, "web")
    own, again, foreign = (world(run)[1] for run in (first, second, other))
    assert own["OWN"] == again["OWN"] != foreign["OWN"]
    assert own["SHARED"] == again["SHARED"] == foreign["SHARED"]
    assert world(first)[2] == world(second)[2] != world(other)[2]
    chains = [x509.load_pem_x509_certificate(v["MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"].encode())
              for v in (own, again, foreign)]
    names = [chain.subject.rfc4514_string() for chain in chains]
    assert names[:2] == [f"CN={uuid}"] * 2 != [names[2]] * 2
    assert own["MARBLE_PREDEFINED_PRIVATE_KEY"] != again["MARBLE_PREDEFINED_PRIVATE_KEY"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_restarted_coordinator_goes_on(coordinator, new_application, number):
    application = new_application("executable")
    deploy(coordinator, application, web={"Parameters": GIVEN, "MaxActivations": 2})
    shown = coordinator.root(), coordinator.get("/manifest"), coordinator.get("/update")
    before = world(application.run(coordinator, "web"))
    assert coordinator.stop(number) == (0 if number == signal.SIGTERM else -number)
    sealed = b"".join(path.read_bytes() for path in (coordinator.folder / "state").iterdir())
    assert before[1]["SHARED"].encode() not in sealed
    assert bytes.fromhex(before[1]["SHARED"]) not in sealed

    coordinator.start()
    assert (coordinator.root(), coordinator.get("/manifest"), coordinator.get("/update")) == shown
    after = world(application.run(coordinator, "web"))
    assert after[2] == before[2]
    for name in set(before[1]) - {"MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN",
                                  "MARBLE_PREDEFINED_PRIVATE_KEY", "EDG_MARBLE_COORDINATOR_ADDR"}:
        assert after[1][name] == before[1][name], name
    exhausted = application.run(coordinator, "web")
    assert (exhausted.status, exhausted.stdout) == (1, "")
    assert 'reached max activations count (2) for marble type "web"' in exhausted.error
    assert "MaxActivations allows no further start" in exhausted.hint


def test_the_state_of_one_signer_is_closed_to_another(coordinator, new_application, machine,
                                                      tmp_path_factory):
    """The seal key hangs on the signer: another one's Coordinator waits for recovery."""
    deploy(coordinator, new_application("executable"), web={})
    root = coordinator.root()
    coordinator.stop()
    folder = tmp_path_factory.mktemp("thief")
    subprocess.run([SIGN, "--gen-key", folder / "key.pem"], check=True)
    sign_coordinator(folder, folder / "key.pem", machine).copy_to(coordinator.folder)
    coordinator.start()
    assert coordinator.get("/status")["StatusCode"] == 1
    assert coordinator.root() != root


# what the launcher refuses before anything is activated

def test_a_changed_trusted_file_stops_the_launch(coordinator, application, variant):
    deploy(coordinator, application, web=parameters("hello", "exit", "0"))
    premain = "premain-graphene" + (".so" if variant == "preload" else "")
    for name in "hello", premain:
        content = (application.folder / name).read_bytes()
        (application.folder / name).write_bytes(content + b"changed")
        run = application.run(coordinator, "web")
        assert (run.status, run.stdout, run.log) == (1, "", [])
        assert f"'{name}'" in run.stderr
        (application.folder / name).write_bytes(content)
    assert not (application.folder / "uuid").exists()
    assert application.run(coordinator, "web").status == 0


def test_what_is_on_no_list_cannot_be_given_to_the_application(coordinator, application):
    (application.folder / "unlisted").write_text("of the host")
    deploy(coordinator, application, overwrites=parameters("hello", Files={"unlisted": "secret"}),
           creates=parameters("hello", Files={"/new": "secret"}),
           reads=parameters("hello", "world", "unlisted"))
    for marble_type, path in ("overwrites", "unlisted"), ("creates", "/new"):
        run = application.run(coordinator, marble_type)
        assert (run.status, run.stdout) == (1, "")
        assert path in run.error and "ermission denied" in run.error
        assert "sgx.protected_files" in run.hint
    assert application.run(coordinator, "reads").status != 0
    assert (application.folder / "unlisted").read_text() == "of the host"
    assert not (application.folder / "new").exists()


# what the premain says

def refusal(application, coordinator, marble_type):
    run = application.run(coordinator, marble_type)
    assert (run.status, run.stdout) == (1, "")
    assert run.error.startswith("activating Graphene Marble failed: ")
    return run


def test_without_coordinator_the_address_is_named(application):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = "127.0.0.1:%d" % closed.getsockname()[1]
    run = refusal(application, address, "web")
    assert "code = Unavailable" in run.error and address in run.error + run.hint
    assert "does EDG_MARBLE_COORDINATOR_ADDR name its mesh API" in run.hint


def test_x20_a_refused_quote_and_an_unknown_type_are_explained(coordinator, application):
    deploy(coordinator, application, foreign={"Package": "other"}, web=parameters("hello"))
    run = refusal(application, coordinator, "foreign")
    assert "code = PermissionDenied" in run.error and "not compliant" in run.error
    assert f'SignerID: "{application.signed.signer_id}"' in run.error
    assert "compare UniqueID, SignerID, ProductID and SecurityVersion" in run.hint
    run = refusal(application, coordinator, "unheard-of")
    assert "code = PermissionDenied desc = marble verification failed: unknown marble type" in run.error
    assert "EDG_MARBLE_TYPE must be one of the names in the Marbles" in run.hint
    assert application.run(coordinator, "web").status == 0


def test_a_coordinator_without_manifest_is_explained(coordinator, application):
    run = refusal(application, coordinator, "web")
    assert "code = FailedPrecondition" in run.error
    assert "marblerun manifest set" in run.hint


@pytest.mark.parametrize("name, reason, remedy", [
    ("helo", "cannot start helo: no such file or directory", "loader.argv0_override"),
    ("unlisted", "cannot start unlisted: permission denied", "must be a trusted (or allowed) file"),
    ("premain-graphene", "premain-graphene is the premain itself", "loader.argv0_override")])
def test_a_wrong_argv0_names_the_line_to_mend(coordinator, key, probe, machine, tmp_path, name,
                                              reason, remedy):
    folder = tmp_path / "signed"
    folder.mkdir()
    signed = sign_hello(folder, key, "executable", probe, lambda text: text.replace(
        'argv0_override = "hello"', f'argv0_override = "{name}"'))
    application = Application(signed, machine, tmp_path / "application")
    application.folder.joinpath("unlisted").write_bytes(probe.read_bytes())
    application.folder.joinpath("unlisted").chmod(0o755)
    deploy(coordinator, application, web=parameters("hello", "exit", "0"))
    run = application.run(coordinator, "web")
    assert (run.status, run.stdout, run.error) == (1, "", reason)
    assert remedy in run.hint


def test_without_remote_attestation_the_refusal_says_what_to_enable(coordinator, key, probe, machine,
                                                                    tmp_path, variant):
    folder = tmp_path / "signed"
    folder.mkdir()
    signed = sign_hello(folder, key, variant, probe, lambda text: text.replace(
        "sgx.remote_attestation = 1", "sgx.remote_attestation = 0"))
    application = Application(signed, machine, tmp_path / "application")
    deploy(coordinator, application, web=parameters("hello", "exit", "0"))
    run = refusal(application, coordinator, "web")
    assert "invalid quote: empty report" in run.error
    assert "enable sgx.remote_attestation" in run.hint
    assert any("Proceeding in simulation mode" in line for line in run.log)


def test_the_log_of_the_coordinator_names_marble_and_reason_and_no_secret(coordinator, application,
                                                                         machine):
    deploy(coordinator, application, web={"Parameters": GIVEN})
    _, variables, _ = world(application.run(coordinator, "web"))
    entry = coordinator.process.wait_for("Successfully activated new Marble")
    assert entry["UUID"] == (application.folder / "uuid").read_text()
    with pytest.raises(grpc.RpcError):
        AttestedMarble(machine).attest(coordinator, "web")
    entry = coordinator.process.wait_for("Marble Activation failed")
    assert "not compliant" in entry["error"] and entry["marbleType"] == "web"
    coordinator.stop()
    said = json.dumps(coordinator.process.lines)
    for name in "OWN", "SHARED", "MARBLE_PREDEFINED_PRIVATE_KEY":
        assert variables[name] not in said
