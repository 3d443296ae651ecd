# SPDX-License-Identifier: Apache-2.0
"""The sealed state of a Coordinator outside of an enclave, where its key lies beside it."""

import base64
import json
import os
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def read(folder):
    """Names to values (bytes; secrets are dicts of bytes and numbers)."""
    data = (folder / "sealed_data").read_bytes()
    start = 4 + struct.unpack_from("<I", data)[0]
    cipher = AESGCM((folder / "sealed_key").read_bytes())
    stored = json.loads(cipher.decrypt(data[start:start + 12], data[start + 12:], None))
    return {name: _decode(value) for name, value in stored.items()}


def write(folder, state):
    """Replaces the state under its key."""
    data = (folder / "sealed_data").read_bytes()
    start = 4 + struct.unpack_from("<I", data)[0]
    nonce = os.urandom(12)
    text = json.dumps({name: _encode(value) for name, value in state.items()}).encode()
    cipher = AESGCM((folder / "sealed_key").read_bytes())
    (folder / "sealed_data").write_bytes(data[:start] + nonce + cipher.encrypt(nonce, text, None))


def _decode(value):
    if isinstance(value, dict):
        return {name: _decode(member) for name, member in value.items()}
    return base64.b64decode(value) if isinstance(value, str) else value


def _encode(value):
    if isinstance(value, dict):
        return {name: _encode(member) for name, member in value.items()}
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
