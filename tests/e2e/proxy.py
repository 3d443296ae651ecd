# SPDX-License-Identifier: Apache-2.0
"""A proxy for HTTPS that opens ways (CONNECT), and its fixture."""

import base64
import contextlib
import select
import socket
import threading

import pytest


class Proxy:
    """Opens ways for those with the credentials, if any are given; `answer` is said instead."""

    def __init__(self, credentials=None, answer=None):
        self.credentials, self.answer = credentials, answer
        self.asked = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=[connection], daemon=True).start()

    def serve(self, client):
        with client:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                more = client.recv(1)
                if not more:
                    return
                head += more
            first, *headers = head.decode().split("\r\n")
            self.asked.append(first)
            if self.answer is not None:
                client.sendall(self.answer)
                return
            if self.credentials:
                wanted = base64.b64encode(self.credentials.encode()).decode()
                if f"Proxy-Authorization: Basic {wanted}" not in headers:
                    client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                    return
            host, port = first.split()[1].rsplit(":", 1)
            with socket.create_connection((host, int(port))) as server:
                client.sendall(b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")
                # either may break off
                with contextlib.suppress(OSError):
                    self.relay(client, server)

    @staticmethod
    def relay(client, server):
        pairs = {client: server, server: client}
        while True:
            for source in select.select(list(pairs), [], [])[0]:
                data = source.recv(65536)
                if not data:
                    return
                pairs[source].sendall(data)

    def stop(self):
        # close alone does not wake who waits for connections
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


@pytest.fixture(name="new_proxy")
def fixture_new_proxy():
    made = []

    def make(**given):
        made.append(Proxy(**given))
        return made[-1]
    yield make
    for proxy in made:
        proxy.stop()
