# SPDX-License-Identifier: Apache-2.0
"""Our gRPC against Google's: its client calls our server, our client calls its server."""

import concurrent.futures
import os
import subprocess

import grpc
import pytest
from credentials import Credentials

LARGEST = 4 << 20


@pytest.fixture(name="server", scope="module")
def fixture_server(tmp_path_factory):
    return Credentials(tmp_path_factory.mktemp("server"), "server")


@pytest.fixture(name="client", scope="module")
def fixture_client(tmp_path_factory):
    return Credentials(tmp_path_factory.mktemp("client"), "client")


class OurServer:
    def __init__(self, build, server):
        self.process = subprocess.Popen(
            [build / "tests/e2e/programs/grpc_test_server", server.cert_file, server.key_file],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=20) == 0
        self.process.stdout.close()


@pytest.fixture(name="ours")
def fixture_ours(build, server):
    ours = OurServer(build, server)
    yield ours
    ours.stop()


def channel_to(port, server, client):
    credentials = grpc.ssl_channel_credentials(
        root_certificates=server.cert,
        private_key=client.key if client else None,
        certificate_chain=client.cert if client else None)
    unbounded = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
    return grpc.secure_channel(f"localhost:{port}", credentials, unbounded)


@pytest.fixture(name="channel")
def fixture_channel(ours, server, client):
    with channel_to(ours.port, server, client) as channel:
        yield channel


def call(channel, method, request, timeout=20, **options):
    return channel.unary_unary(f"/test.Test/{method}")(request, timeout=timeout, **options)


def refusal(function, *arguments, **options):
    with pytest.raises(grpc.RpcError) as caught:
        function(*arguments, **options)
    return caught.value


@pytest.mark.parametrize("size", [0, 1, 70_000, LARGEST])
def test_messages_come_back(channel, size):
    message = os.urandom(size)
    assert call(channel, "Echo", message) == message


def test_a_message_over_the_bound_is_refused(channel):
    error = refusal(call, channel, "Echo", bytes(LARGEST + 1))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert call(channel, "Echo", b"next") == b"next"


def test_a_refusal_keeps_code_and_text(channel):
    text = "50 % café\nsecond line"
    error = refusal(call, channel, "Refuse", text.encode())
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION
    assert error.details() == text


def test_an_unknown_method_is_unimplemented(channel):
    assert refusal(call, channel, "Nothing", b"").code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_compressed_message_is_unimplemented(channel):
    error = refusal(call, channel, "Echo", bytes(1000), compression=grpc.Compression.Gzip)
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED


def test_the_server_sees_the_client_certificate(channel, client):
    assert call(channel, "Peer", b"") == client.der


def test_a_client_without_certificate_is_refused(ours, server):
    with channel_to(ours.port, server, None) as channel:
        assert refusal(call, channel, "Echo", b"x").code() == grpc.StatusCode.UNAVAILABLE


def test_a_deadline_ends_the_call_on_both_sides(ours, channel):
    error = refusal(call, channel, "Never", b"", timeout=0.2)
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert ours.process.stdout.readline() == "gone\n"
    assert call(channel, "Echo", b"next") == b"next"


def test_a_cancelled_call_is_gone(ours, channel):
    future = channel.unary_unary("/test.Test/Never").future(b"")
    assert call(channel, "Echo", b"x") == b"x"
    future.cancel()
    assert ours.process.stdout.readline() == "gone\n"


def test_calls_run_concurrently(channel):
    echo = channel.unary_unary("/test.Test/Echo")
    messages = [os.urandom(100 * i) for i in range(100)]
    futures = [echo.future(message, timeout=20) for message in messages]
    assert [future.result() for future in futures] == messages


def test_connections_run_concurrently(ours, server, client):
    def one(number):
        with channel_to(ours.port, server, client) as channel:
            return call(channel, "Echo", str(number).encode())
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(16))) == [str(i).encode() for i in range(16)]


def handle(method, function):
    return grpc.method_handlers_generic_handler(
        "test.Test", {method: grpc.unary_unary_rpc_method_handler(function)})


@pytest.fixture(name="theirs")
def fixture_theirs(server, client):
    """Google's server, which verifies our client's certificate."""
    theirs = grpc.server(concurrent.futures.ThreadPoolExecutor(2), options=[
        ("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)])
    theirs.add_generic_rpc_handlers((
        handle("Echo", lambda request, _: request),
        handle("Longer", lambda request, _: request + b"x"),
        handle("Refuse", lambda request, context: context.abort(
            grpc.StatusCode.PERMISSION_DENIED, request.decode())),
        handle("Peer", lambda request, context: context.auth_context()["x509_pem_cert"][0])))
    credentials = grpc.ssl_server_credentials([(server.key, server.cert)], client.cert, True)
    port = theirs.add_secure_port("127.0.0.1:0", credentials)
    theirs.start()
    yield f"localhost:{port}"
    theirs.stop(None).wait()


@pytest.fixture(name="our_call")
def fixture_our_call(build, client):
    def run(address, method, request=b"", path=None):
        return subprocess.run(
            [build / "tests/e2e/programs/grpc_test_call", address, path or f"/test.Test/{method}",
             client.cert_file, client.key_file],
            input=request, capture_output=True, check=False, timeout=60)
    return run


@pytest.mark.parametrize("size", [0, 1, 70_000, LARGEST])
def test_our_client_gets_messages_back(theirs, our_call, size):
    message = os.urandom(size)
    done = our_call(theirs, "Echo", message)
    assert done.stdout == b"OK \n" + message
    assert done.returncode == 0


def test_our_client_does_not_take_more_than_it_may(theirs, our_call):
    done = our_call(theirs, "Longer", bytes(LARGEST))
    assert done.stdout.startswith(b"ResourceExhausted message is longer than the 4194304 bytes")


def test_our_client_hears_a_refusal(theirs, our_call):
    assert our_call(theirs, "Refuse", "50 % café".encode()).stdout == \
        "PermissionDenied 50 % café\n".encode()
    assert our_call(theirs, "Nothing").stdout.startswith(b"Unimplemented ")


def test_our_client_proves_its_certificate(theirs, our_call, client):
    assert our_call(theirs, "Peer").stdout == b"OK \n" + client.cert


def test_our_client_finds_a_server_by_ip(theirs, our_call):
    address = theirs.replace("localhost", "127.0.0.1")
    assert our_call(address, "Echo", b"x").stdout == b"OK \nx"
