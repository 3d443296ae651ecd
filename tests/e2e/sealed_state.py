# SPDX-License-Identifier: Apache-2.0
"""The sealed state of a Coordinator outside of an enclave, where its key lies beside it: taken apart
and put together by other code than the Coordinator's, from the description in its headers."""

import base64
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = b"marblerun-c:"
HEADER = struct.Struct("<12sIQ")


def read(folder):
    """Names to values (bytes; secrets are dicts of bytes and numbers)."""
    return open_with((folder / "sealed_data").read_bytes(), (folder / "sealed_key").read_bytes())


def open_with(data, key):
    """The state in a data file under a key. Raises InvalidTag when it is not that key."""
    recovery, header, sealed = split(data)
    plain = AESGCM(key).decrypt(sealed[:12], sealed[12:], header)
    assert plain[:32] == hashlib.sha256(recovery).digest()
    return {name: _decode(value, of_numbers=name == "securityVersions")
            for name, value in json.loads(plain[32:]).items()}


def split(data):
    """Recovery data, header and sealed part of a data file."""
    start = 4 + struct.unpack_from("<I", data)[0]
    end = start + HEADER.size
    magic, version, _ = HEADER.unpack(data[start:end])
    assert (magic, version) == (MAGIC, 2)
    return data[4:start], data[start:end], data[end:]


def write(folder, state):
    """Replaces the state under its key."""
    recovery, header, _ = split((folder / "sealed_data").read_bytes())
    nonce = os.urandom(12)
    text = json.dumps({name: _encode(value) for name, value in state.items()}).encode()
    sealed = AESGCM((folder / "sealed_key").read_bytes()).encrypt(
        nonce, hashlib.sha256(recovery).digest() + text, header)
    (folder / "sealed_data").write_bytes(
        struct.pack("<I", len(recovery)) + recovery + header + nonce + sealed)


def counters(folder):
    """Names (bytes) to counts, of the journal that belongs to the state; what a crash cut short at
    its end does not count."""
    state = read(folder)
    deployment, key = state["deploymentID"], state["counterKey"]
    journal = (folder / f"sealed_counters_{deployment.hex()}").read_bytes()
    magic, number = struct.unpack_from("<IQ", journal)
    assert magic == 0xffffffff
    place, counts = 16, {}
    while place + 8 <= len(journal):
        size = struct.unpack_from("<I", journal, place)[0]
        sealed = journal[place + 8:place + 8 + size]
        if len(sealed) < size:
            break
        bound = b"activation counters" + deployment + struct.pack("<Q", number)
        entries = AESGCM(key).decrypt(sealed[:12], sealed[12:], bound)
        while entries:
            length = struct.unpack_from("<I", entries)[0]
            counts[entries[4:4 + length]] = struct.unpack_from("<Q", entries, 4 + length)[0]
            entries = entries[12 + length:]
        place, number = place + 8 + size, number + 1
    return counts


def _decode(value, of_numbers=False):
    if isinstance(value, dict):
        return {name: int(member) if of_numbers else _decode(member)
                for name, member in value.items()}
    return base64.b64decode(value) if isinstance(value, str) else value


def _encode(value):
    if isinstance(value, dict):
        return {name: _encode(member) for name, member in value.items()}
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
