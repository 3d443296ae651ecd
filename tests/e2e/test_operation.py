# SPDX-License-Identifier: Apache-2.0
"""What the operator of a Coordinator sees: its log, metrics, events. Tests are named after their rows in
the feature table."""

import contextlib
import re
import socket
import ssl

import pytest
import requests

from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from client_users import encode, manifest_of
from real_coordinator import PATIENCE, Marble, Process, b64


# log


def talk(address, data):
    """Sends it without TLS. Our port, and all that comes back until the Coordinator closes."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as peer:
        port, answer = peer.getsockname()[1], b""
        peer.sendall(data)
        if not data:
            peer.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):  # what nobody reads makes a reset
            while received := peer.recv(65536):
                answer += received
        return port, answer


def refuse_certificate(address):
    """A client that does not know the CA, and that hears all the server says before it goes."""
    host, port = address.rsplit(":", 1)
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = ssl.create_default_context().wrap_bio(received, sent, server_hostname="localhost")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as peer:
        with pytest.raises(ssl.SSLCertVerificationError):
            while True:
                with contextlib.suppress(ssl.SSLWantReadError):
                    tls.do_handshake()
                peer.sendall(sent.read())
                received.write(peer.recv(65536))
        peer.sendall(sent.read())
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(65536):
            pass
        return peer.getsockname()[1]


FAILED = "http: TLS handshake error from 127.0.0.1:"


@pytest.mark.parametrize("wanted,level", [
    (None, "error"), ("debug", "debug"), ("INFO", "info"), ("warn", "warn"), ("error", "error"),
    ("nonsense", "error")])
def test_o03_handshakes_that_fail_are_logged_at_a_level_of_choice(coordinator, wanted, level):
    variables = {"EDG_HTTP_ERROR_LOG_LEVEL": wanted} if wanted else {}
    coordinator.start(EDG_DEBUG_LOGGING="1", **variables)
    port, _ = talk(coordinator.client, b"")
    entry = coordinator.process.wait_for(f"{FAILED}{port}: EOF")
    assert entry["level"] == level


def test_o03_handshakes_below_the_level_of_the_log_are_not_logged(coordinator):
    coordinator.start(EDG_HTTP_ERROR_LOG_LEVEL="debug")
    talk(coordinator.client, b"")
    coordinator.stop()
    assert not any(FAILED in message for message in coordinator.process.messages())


def test_c01_o03_why_a_handshake_failed_is_told(coordinator):
    coordinator.start()
    port, answer = talk(coordinator.client, b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n")
    assert answer == (b"HTTP/1.0 400 Bad Request\r\n\r\n"
                      b"Client sent an HTTP request to an HTTPS server.\n")
    coordinator.process.wait_for(f"{FAILED}{port}: client sent an HTTP request to an HTTPS server")
    port = refuse_certificate(coordinator.client)
    coordinator.process.wait_for(f"{FAILED}{port}: tlsv1 alert unknown ca")
    talk(coordinator.client, b"\x16\x03\x01" + bytes(1000))
    assert re.fullmatch(r"\d+: [a-z ]+", coordinator.process.wait_for_start(FAILED))


def test_o03_the_log_of_dev_mode_is_for_people(coordinator):
    process = Process(coordinator.command, cwd=coordinator.folder,
                      env={**coordinator.environment, "EDG_COORDINATOR_DEV_MODE": "1"})
    coordinator.process = process
    line = process.wait_until(lambda text: "Started gRPC server" in text, "Started gRPC server")["msg"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\tinfo\tStarted gRPC server\t"
                        r'\{"grpcAddr":"127\.0\.0\.1:\d+"\}', line)


# metrics


class Metrics:
    def __init__(self, coordinator):
        address = coordinator.process.wait_for("Starting prometheus /metrics endpoint")["address"]
        self.url = f"http://{address}"

    def get(self, path):
        return requests.get(self.url + path, timeout=PATIENCE)

    def read(self):
        """Values by name with labels, once the page follows the format."""
        answer = self.get("/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        values, kinds = {}, {}
        for line in answer.text.splitlines():
            if line.startswith("# TYPE "):
                name, kind = line.split()[2:]
                assert name not in kinds
                kinds[name] = kind
            elif not line.startswith("# HELP "):
                match = re.fullmatch(r'(\w+)((?:\{(?:\w+="(?:[^"\\\n]|\\.)*",?)+\})?) (\S+)', line)
                assert match, line
                family = re.sub(r"_(bucket|sum|count)$", "", match[1])
                assert family in kinds or match[1] in kinds
                assert match[1] + match[2] not in values
                values[match[1] + match[2]] = float(match[3])
        return values


@pytest.fixture(name="metrics")
def fixture_metrics(coordinator):
    coordinator.environment["EDG_COORDINATOR_PROMETHEUS_ADDR"] = "127.0.0.1:0"
    coordinator.process = Process(coordinator.command, cwd=coordinator.folder,
                                  env=coordinator.environment)
    metrics = Metrics(coordinator)
    coordinator.client = coordinator.process.wait_for("Starting client https server")["address"]
    coordinator.mesh = coordinator.process.wait_for("Started gRPC server")["grpcAddr"]
    return metrics


def test_o05_metrics_tell_state_version_and_activations(coordinator, metrics):
    values = metrics.read()
    assert values["coordinator_state"] == 2
    version = [name for name in values if name.startswith("coordinator_version_info{")]
    assert len(version) == 1 and values[version[0]] == 0
    assert 'version="' in version[0] and 'commit="' in version[0]
    coordinator.set_manifest(manifest_of({}))
    marble = Marble()
    marble.activate(coordinator, "marble")
    with pytest.raises(Exception, match="unknown marble type"):
        marble.activate(coordinator, 'no"such\\type\n')
    values = metrics.read()
    assert values["coordinator_state"] == 3
    labels = f'{{type="marble",uuid="{marble.uuid}"}}'
    assert values["coordinator_marble_activations_total" + labels] == 1
    assert values["coordinator_marble_activations_success_total" + labels] == 1
    odd = f'{{type="no\\"such\\\\type\\n",uuid="{marble.uuid}"}}'
    assert values["coordinator_marble_activations_total" + odd] == 1
    assert "coordinator_marble_activations_success_total" + odd not in values


def test_o06_metrics_count_requests_and_calls(coordinator, metrics):
    coordinator.get("/api/v2/status")
    coordinator.request("DELETE", "/api/v2/status")
    coordinator.request("GET", "/unknown")
    with pytest.raises(Exception):
        Marble().activate(coordinator, "marble")
    values = metrics.read()
    name = "server_client_api_http_request"
    assert values[name + '_total{code="200",method="get",path="/api/v2/status"}'] == 1
    assert values[name + '_total{code="405",method="delete",path="/api/v2/status"}'] == 1
    histogram = name + '_duration_histogram_seconds_bucket{method="get",path="/api/v2/status",le="%s"}'
    counts = [values[histogram % limit] for limit in
              ("0.005", "0.025", "0.1", "0.5", "1", "2.5", "5", "+Inf")]
    assert counts == sorted(counts) and counts[-1] == 1
    for size in "request", "response":
        series = f'server_client_api_http_{size}_size_histogram_bytes_bucket{{path="/api/v2/status",le="%s"}}'
        assert [values[series % limit] for limit in (1000, 2000, 5000, 10000, "+Inf")] == [2] * 5
    assert values['server_client_api_http_in_flight_requests{path="/api/v2/status"}'] == 0
    assert not any("unknown" in name for name in values)
    call = 'grpc_method="Activate",grpc_service="rpc.Marble",grpc_type="unary"}'
    assert values["grpc_server_started_total{" + call] == 1
    assert values["grpc_server_msg_received_total{" + call] == 1
    assert values['grpc_server_handled_total{grpc_code="FailedPrecondition",' + call] == 1
    assert values["promhttp_metric_handler_requests_in_flight"] == 1
    assert metrics.read()['promhttp_metric_handler_requests_total{code="200"}'] == 1


def test_o07_m26_events_tell_each_activation_with_its_quote(coordinator, metrics):
    assert metrics.get("/events").json() is None
    coordinator.set_manifest(manifest_of({}, Marbles={
        "marble": {"Package": "package"}, "limited": {"Package": "package", "MaxActivations": 3}}))
    marble = Marble()
    marble.activate(coordinator, "marble", quote=b"a quote that simulation does not look at")
    marble.activate(coordinator, "limited", quote=b"another")
    first, second = metrics.get("/events").json()
    assert list(first) == ["time", "activation"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", first["time"])
    assert first["activation"] == {
        "marbleType": "marble", "uuid": marble.uuid,
        "quote": encode("a quote that simulation does not look at")}
    assert (second["activation"]["marbleType"], b64(second["activation"]["quote"])) == (
        "limited", b"another")
    assert metrics.get("/").status_code == 404


def test_c01_a_connection_that_is_kept_is_answered_at_once(coordinator):
    """Without waiting for the peer to confirm the first part of an answer, which takes it 40 ms."""
    coordinator.start()
    times = []
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(20):
            answer = session.get(f"https://{coordinator.client}/status", verify=False, timeout=PATIENCE)
            times.append(answer.elapsed.total_seconds())
    assert min(times[1:]) < 0.03
