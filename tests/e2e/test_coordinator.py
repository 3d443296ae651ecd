# SPDX-License-Identifier: Apache-2.0
"""The Coordinator as a process outside of an enclave: its state, its configuration, hostile peers."""

import json
import os
import re
import signal
import socket
import ssl
import subprocess

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from plain_manifest import manifest_of, refused
from real_coordinator import Coordinator, Marble


# state


def test_p06_p13_a_restart_after_kill_keeps_authority_and_secrets(coordinator):
    coordinator.start()
    fresh = coordinator.root()
    coordinator.stop(signal.SIGKILL)
    coordinator.start()
    root = coordinator.root()
    assert root != fresh  # nothing was promised before there is a manifest
    secrets = {"shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
               "own": {"Type": "symmetric-key", "Size": 128},
               "cert": {"Type": "cert-ecdsa", "Size": 256, "Shared": True}}
    env = {"SHARED": "{{ hex .Secrets.shared }}", "OWN": "{{ hex .Secrets.own }}",
           "CERT": "{{ pem .Secrets.cert.Cert }}{{ pem .Secrets.cert.Private }}"}
    manifest = manifest_of({"marble": {"Parameters": {"Env": env}}}, Secrets=secrets)
    assert coordinator.set_manifest(manifest).status_code == 200
    marble = Marble()
    before = marble.activate(coordinator, "marble")
    shown = coordinator.get("/manifest"), coordinator.get("/update")
    coordinator.stop(signal.SIGKILL)
    coordinator.start()
    after = marble.activate(coordinator, "marble")
    assert coordinator.root() == root
    assert (coordinator.get("/manifest"), coordinator.get("/update")) == shown
    for name in env:
        assert before.env[name] == after.env[name]
    assert before.certificates()[1] == after.certificates()[1]
    leaf = after.certificates()[0]
    before.certificates()[1].public_key().verify(leaf.signature, leaf.tbs_certificate_bytes,
                                                 ec.ECDSA(hashes.SHA256()))


def test_p05_r07_a_lost_key_means_recovery_and_a_new_manifest_ends_it(coordinator):
    coordinator.start()
    coordinator.set_manifest(manifest_of({"marble": {}}))
    root = coordinator.root()
    coordinator.stop()
    (coordinator.folder / "state/sealed_key").unlink()
    coordinator.start()
    status = coordinator.get("/status")
    assert status["StatusCode"] == 1 and "recovery mode" in status["StatusMessage"]
    temporary = coordinator.root()
    assert temporary != root
    refused(grpc.StatusCode.FAILED_PRECONDITION, "current state", Marble().activate, coordinator, "marble")
    assert coordinator.set_manifest(manifest_of({"other": {}})).status_code == 200
    assert coordinator.root() == temporary
    coordinator.stop()
    coordinator.start()
    assert coordinator.get("/status")["StatusCode"] == 3
    assert coordinator.root() == temporary
    Marble().activate(coordinator, "other")


def test_a_manifest_that_cannot_be_sealed_is_not_set(coordinator):
    coordinator.start()
    state = coordinator.folder / "state"
    state.rename(coordinator.folder / "away")
    answer = coordinator.set_manifest(manifest_of({"marble": {}}))
    assert answer.status_code == 400
    assert "sealing state" in answer.json()["message"]
    assert coordinator.get("/status")["StatusCode"] == 2
    (coordinator.folder / "away").rename(state)
    assert coordinator.set_manifest(manifest_of({"marble": {}})).status_code == 200


def test_lost_counters_are_not_forgiven(coordinator):
    coordinator.start()
    coordinator.set_manifest(manifest_of({"marble": {"MaxActivations": 1}}))
    coordinator.stop()
    for journal in (coordinator.folder / "state").glob("sealed_counters_*"):
        journal.unlink()
    status, said = coordinator.fail()
    assert status == 1
    assert "activation counters" in said and "sealed_counters_" in said


# operation


def test_m14_o09_it_does_not_start_by_accident_outside_of_an_enclave(build, coordinator):
    coordinator.command = [build / "bin/coordinator"]
    status, said = coordinator.fail()
    assert status == 1
    assert "/dev/attestation" in said and "--simulation" in said
    assert not (coordinator.folder / "state").exists()


def test_o01_p03_p04_flags_win_over_variables_and_names_reach_the_certificate(build, coordinator):
    coordinator.command = [build / "bin/coordinator", "--dns-names", "flag.example,10.1.2.3", "--curve",
                           "P384"]
    coordinator.start(OE_SIMULATION="1", EDG_COORDINATOR_DNS_NAMES="variable.example")
    root = coordinator.root()
    names = root.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["flag.example"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == [
        "127.0.0.1", "::1", "10.1.2.3"]
    assert root.public_key().curve.name == "secp384r1"
    assert isinstance(root.signature_hash_algorithm, hashes.SHA384)
    coordinator.set_manifest(manifest_of({"marble": {}}))
    assert Marble().activate(coordinator, "marble").certificates()[0].public_key().key_size == 384


def test_m01_o01_the_apis_have_ports_of_their_own(coordinator):
    """In a network without other Coordinators."""
    network = ["unshare", "--user", "--map-root-user", "--net"]
    if subprocess.run([*network, "true"], check=False, capture_output=True).returncode:
        pytest.skip("no network namespaces here")
    coordinator.command = [*network, *coordinator.command]
    coordinator.start(EDG_COORDINATOR_CLIENT_ADDR="", EDG_COORDINATOR_MESH_ADDR="")
    assert coordinator.client.endswith(":4433") and coordinator.mesh.endswith(":2001")


def test_o02_a_startup_manifest_is_set_or_nothing_runs(coordinator):
    path = coordinator.folder / "manifest.json"
    status, said = coordinator.fail("--startup-manifest", str(path))
    assert status == 1 and "startup manifest" in said and "manifest.json" in said
    path.write_text("{")
    status, said = coordinator.fail("--startup-manifest", str(path))
    assert status == 1 and "unmarshaling manifest" in said
    path.write_text(json.dumps(manifest_of({"marble": {}})))
    coordinator.start(EDG_STARTUP_MANIFEST=str(path))
    assert coordinator.get("/status")["StatusCode"] == 3
    coordinator.stop()
    status, said = coordinator.fail(EDG_STARTUP_MANIFEST=str(path))
    assert status == 1 and "server is not in expected state" in said


@pytest.mark.parametrize("arguments,text", [
    (["--curve", "P521"], "P256 or P384"), (["--loops", "many"], "must be a number"),
    (["--nonsense"], "--help"), (["extra"], "extra"), (["--mesh-addr", "nowhere"], "HOST:PORT"),
    (["--mesh-addr", "127.0.0.1:65536"], "EDG_COORDINATOR_MESH_ADDR"),
    (["--client-addr", "127.0.0.1:http"], "EDG_COORDINATOR_CLIENT_ADDR"),
    (["--client-addr", "::1:4433"], "[IPv6]:PORT"), (["--loops", "+1"], "must be a number"),
    (["--dns-names", "a b"], "EDG_COORDINATOR_DNS_NAMES")])
def test_wrong_configuration_is_named(coordinator, arguments, text):
    status, said = coordinator.fail(*arguments)
    assert status in (1, 2)
    assert text in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_from_its_first_moment_on(coordinator, number):
    for _ in range(15):
        assert coordinator.start().stop(number) == 0


def test_a_port_that_is_taken_is_named_and_so_is_a_folder(build, coordinator, tmp_path):
    coordinator.start()
    other = Coordinator([build / "bin/coordinator", "--simulation"], {}, tmp_path)
    status, said = other.fail("--client-addr", coordinator.client, "--seal-dir", "elsewhere")
    assert status == 1
    assert coordinator.client in said and "in use" in said
    status, said = other.fail()
    assert status == 1
    assert "another Coordinator" in said and "state" in said


def test_o04_the_log_tells_what_happened_without_secrets(running):
    secrets = {"shared": {"Type": "symmetric-key", "Size": 128, "Shared": True}}
    env = {"SHARED": "{{ hex .Secrets.shared }}"}
    running.set_manifest(manifest_of({"marble": {"Parameters": {"Env": env}}}, Secrets=secrets))
    marble = Marble()
    given = marble.activate(running, "marble")
    entry = running.process.wait_for("Successfully activated new Marble")
    assert (entry["MarbleType"], entry["UUID"]) == ("marble", marble.uuid)
    assert {"level", "ts", "caller"} <= set(entry)
    running.stop()
    said = json.dumps(running.process.lines)
    assert given.env["SHARED"].decode() not in said
    first = running.process.lines[0]
    assert first["msg"] == "Starting coordinator" and first["version"]
    assert re.fullmatch("[0-9a-f]{40}|unknown", first["commit"])
    expected = ["Starting coordinator", "Creating the Core object", "Loading state",
                "No sealed state found. Proceeding with new state.", "Generating quote",
                "Failed to get quote. Proceeding in simulation mode.", "Starting the client server",
                "Starting client https server", "Starting the marble server", "Started gRPC server"]
    assert [text for text in running.process.messages() if text in expected] == expected


# hostile peers


def send_and_drain(address, data):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=60) as peer:
        try:
            peer.sendall(data)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(65536):
                pass
        except OSError:
            pass  # closed on us


def test_garbage_and_torn_connections_do_not_disturb(running):
    running.set_manifest(manifest_of({"marble": {}}))
    for data in (b"", b"\x16\x03\x01", os.urandom(100000), b"GET / HTTP/1.1\r\n\r\n",
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), b"\x16\x03\x01\xff\xff" + bytes(70000)):
        send_and_drain(running.client, data)
        send_and_drain(running.mesh, data)
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    for address in running.client, running.mesh:
        host, port = address.rsplit(":", 1)
        with context.wrap_socket(socket.create_connection((host, int(port)))) as tls:
            try:
                tls.sendall(os.urandom(50000))
                while tls.recv(65536):
                    pass
            except OSError:
                pass
    Marble().activate(running, "marble")
    assert running.get("/status")["StatusCode"] == 3


def test_c02_a_body_of_64_mib_is_refused_and_the_reason_arrives(running):
    answer = running.request("POST", "/manifest", data=bytes(64 << 20))
    assert answer.status_code == 413
    assert "Too Large" in answer.text
    assert running.get("/status")["StatusCode"] == 2


def test_m03_the_mesh_api_demands_a_client_certificate(running):
    context = ssl._create_unverified_context()
    host, port = running.mesh.rsplit(":", 1)
    with pytest.raises(OSError):
        with context.wrap_socket(socket.create_connection((host, int(port)))) as tls:
            tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
            if not tls.recv(1):
                raise OSError("closed")
