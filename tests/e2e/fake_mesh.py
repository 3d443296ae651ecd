# SPDX-License-Identifier: Apache-2.0
"""A Coordinator as the premain sees it, made of parts that are not ours: grpcio serves the call,
pyOpenSSL the TLS in front of it (grpcio cannot demand a client certificate without verifying it)."""

import concurrent.futures
import hashlib
import select
import socket
import struct
import threading

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from OpenSSL import SSL, crypto


def encode(number, payload):
    """One length-delimited protobuf field."""
    length, size = b"", len(payload)
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + payload


def decode(message):
    """The length-delimited fields of a message, as a dict of lists."""
    fields, at = {}, 0
    while at < len(message):
        number, kind, at = message[at] >> 3, message[at] & 7, at + 1
        assert kind == 2
        size = shift = 0
        while True:
            size |= (message[at] & 127) << shift
            shift, at = shift + 7, at + 1
            if not message[at - 1] & 128:
                break
        fields.setdefault(number, []).append(message[at:at + size])
        at += size
    return fields


def parameters(files=(), env=(), argv=()):
    """An ActivationResp; files and env are dicts or pairs, their values text or bytes."""
    def as_bytes(text):
        return text if isinstance(text, bytes) else text.encode()

    def entries(number, pairs):
        pairs = pairs.items() if isinstance(pairs, dict) else pairs
        return b"".join(encode(number, encode(1, as_bytes(k)) + encode(2, as_bytes(v)))
                        for k, v in pairs)
    return encode(1, entries(1, files) + entries(2, env)
                  + b"".join(encode(3, as_bytes(argument)) for argument in argv))


class Request:
    """An ActivationReq together with the certificate of its connection, checked as a whole."""

    def __init__(self, message, cert_der):
        fields = decode(message)
        self.quote = fields.get(1, [b""])[0]
        self.marble_type = fields[3][0].decode()
        self.uuid = fields[4][0].decode()
        self.cert_der = cert_der
        self.cert = x509.load_der_x509_certificate(cert_der)
        self.csr = x509.load_der_x509_csr(fields[2][0])
        assert self.csr.is_signature_valid
        assert self.public_key(self.csr) == self.public_key(self.cert)
        if self.quote:
            version, kind, size = struct.unpack_from("<IIQ", self.quote)
            assert (version, kind, size) == (1, 2, len(self.quote) - 16)

    @staticmethod
    def public_key(owner):
        return owner.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    @property
    def report_data(self):
        """What a quote of this connection must be bound to."""
        return hashlib.sha256(self.cert_der).digest() + bytes(32)


class FakeCoordinator:
    """Answers with `answer(request)`: an ActivationResp in bytes, or a pair of status and text."""

    def __init__(self, credentials, host="localhost"):
        self.answer = lambda request: parameters()
        self.requests = []
        self.certificates = {}  # by the port from which the front calls the back
        self.context = SSL.Context(SSL.TLS_SERVER_METHOD)
        self.context.use_certificate(
            crypto.load_certificate(crypto.FILETYPE_PEM, credentials.cert))
        self.context.use_privatekey(crypto.load_privatekey(crypto.FILETYPE_PEM, credentials.key))
        self.context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
                                lambda *_: True)
        self.context.set_alpn_select_callback(lambda _, offers: b"h2" if b"h2" in offers else b"")
        self.back = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        self.back.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(
            "rpc.Marble", {"Activate": grpc.unary_unary_rpc_method_handler(self.activate)}),))
        self.back_port = self.back.add_insecure_port("127.0.0.1:0")
        self.back.start()
        self.listener = socket.create_server(("127.0.0.1" if host == "localhost" else host, 0))
        self.address = f"{host}:{self.listener.getsockname()[1]}"
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()
        self.back.stop(None).wait()

    def activate(self, message, context):
        port = int(context.peer().rsplit(":", 1)[1])
        request = Request(message, self.certificates[port])
        self.requests.append(request)
        answer = self.answer(request)
        if isinstance(answer, tuple):
            context.abort(*answer)
        return answer

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.serve, args=(client,))
            self.threads.append(thread)
            thread.start()

    def serve(self, client):
        front = SSL.Connection(self.context, client)
        front.set_accept_state()
        try:
            front.do_handshake()
        except SSL.Error:
            client.close()
            return
        with socket.create_connection(("127.0.0.1", self.back_port)) as back:
            self.certificates[back.getsockname()[1]] = crypto.dump_certificate(
                crypto.FILETYPE_ASN1, front.get_peer_certificate())
            try:
                self.pump(front, client, back)
            except SSL.Error:
                pass  # the end of the connection
        client.close()

    @staticmethod
    def pump(front, client, back):
        while True:
            ready = [client] if front.pending() else select.select([client, back], [], [])[0]
            if client in ready:
                back.sendall(front.recv(16384))
            if back in ready:
                data = back.recv(16384)
                if not data:
                    return
                front.sendall(data)
