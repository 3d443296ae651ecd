# SPDX-License-Identifier: Apache-2.0
"""The Coordinator on machines where something is missing, full or broken: it says what, and goes on."""

import contextlib
import json
import socket

import grpc
import pytest
from client_fixtures import fixture_coordinator  # noqa: F401
from plain_manifest import manifest_of
from real_coordinator import Coordinator, Marble


def connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)))


@pytest.mark.parametrize("api", ["client", "mesh"])
def test_an_api_whose_connections_are_used_up_leaves_the_other_alone(build, tmp_path, api):
    """There are fewer descriptors than peers want connections."""
    coordinator = Coordinator(["prlimit", "--nofile=64:64", build / "bin/coordinator", "--simulation",
                               "--loops", "1"], {}, tmp_path)
    coordinator.start()
    coordinator.set_manifest(manifest_of({"marble": {"MaxActivations": 3}}))
    with contextlib.ExitStack() as connections:
        for _ in range(100):
            connections.enter_context(connect(getattr(coordinator, api)))
        if api == "client":
            Marble().activate(coordinator, "marble")
        else:
            assert coordinator.get("/status")["StatusCode"] == 3
    assert coordinator.get("/status")["StatusCode"] == 3
    Marble().activate(coordinator, "marble")
    assert coordinator.stop() == 0
    own = [line for line in coordinator.process.lines if "TLS handshake error" not in line["msg"]]
    assert len(own) < 30, "more than a line per connection"
    assert all(line["level"] for line in coordinator.process.lines), "a line that is no JSON"


def test_a_startup_manifest_says_that_one_is_set_already(coordinator):
    path = coordinator.folder / "manifest.json"
    path.write_text(json.dumps(manifest_of({"marble": {}})))
    coordinator.start(EDG_STARTUP_MANIFEST=str(path))
    coordinator.stop()
    status, said = coordinator.fail(EDG_STARTUP_MANIFEST=str(path))
    assert status == 1
    assert "a manifest is set already" in said and "EDG_STARTUP_MANIFEST" in said


def test_the_log_does_not_grow_with_what_peers_send(coordinator):
    coordinator.start().set_manifest(manifest_of({"marble": {}}))
    with pytest.raises(grpc.RpcError, match="unknown marble type"):
        Marble().activate(coordinator, "x" * 1000000)
    assert coordinator.stop() == 0
    assert "Marble Activation failed" in coordinator.process.messages()
    assert max(len(json.dumps(line)) for line in coordinator.process.lines) < 10000
