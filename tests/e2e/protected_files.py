# SPDX-License-Identifier: Apache-2.0
"""Protected files of Graphene and Gramine, written and read by their specification alone."""

import os
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

NODE = 4096
START = 3072
FORMATS = {"graphene-old": (b"GRAPH_PF", 1), "graphene": (b"GRAPH_PF", 1),
           "gramine-1": (b"GRAFS_PF", 1), "gramine-2": (b"GRAFS_PF", 2)}


def seal(key, plain):
    sealed = AESGCM(key).encrypt(bytes(12), plain, None)
    return sealed[:-16], sealed[-16:]


def unseal(key, sealed, tag):
    return AESGCM(key).decrypt(bytes(12), sealed + tag, None)


def metadata_key(wrap_key, nonce, by_tag):
    block = struct.pack("<I64s32sI", 1, b"SGX-PROTECTED-FS-METADATA-KEY", nonce, 128)
    if by_tag:
        return AESGCM(wrap_key).encrypt(bytes(12), b"", block)
    mac = CMAC(AES(wrap_key))
    mac.update(block)
    return mac.finalize()


def data_position(data):
    return data + 2 + data // 96


def mht_position(mht):
    return 1 + 97 * mht


def metadata_node(wrap_key, path, size, root, start, kind):
    nonce = os.urandom(32)
    plain = struct.pack("<772sQ32s3072s", path.encode(), size, root, start)
    sealed, tag = seal(metadata_key(wrap_key, nonce, kind == "graphene-old"), plain)
    magic, major = FORMATS[kind]
    flags = b"\0" if major == 2 else b""
    return (magic + bytes([major, 0]) + nonce + tag + flags + sealed).ljust(NODE, b"\0")


def encrypt(wrap_key, path, content, kind):
    """The bytes of the host's file."""
    pieces = [content[at:at + NODE].ljust(NODE, b"\0") for at in range(START, len(content), NODE)]
    nodes = {}
    tables = [[bytes(32)] * 128 for _ in range((len(pieces) + 95) // 96)]
    for i, piece in enumerate(pieces):
        key = os.urandom(16)
        nodes[data_position(i)], tag = seal(key, piece)
        tables[i // 96][i % 96] = key + tag
    root = bytes(32)
    for mht in reversed(range(len(tables))):
        key = os.urandom(16)
        nodes[mht_position(mht)], tag = seal(key, b"".join(tables[mht]))
        if mht:
            tables[(mht - 1) // 32][96 + (mht - 1) % 32] = key + tag
        else:
            root = key + tag
    nodes[0] = metadata_node(wrap_key, path, len(content), root, content[:START], kind)
    return b"".join(nodes[i] for i in range(len(nodes)))


def write_holes(file, wrap_key, path, pieces, offsets, kind):
    """Writes a file with so many data nodes that takes next to no room on the host: each of them is
    a hole, whose zeros decrypt to the bytes that are returned. Keys are there for those alone that
    are near the offsets."""
    key = os.urandom(16)
    plain, _ = seal(key, bytes(NODE))  # decrypts what it encrypts
    zeros, tag = seal(key, plain)
    assert not zeros.strip(b"\0")
    last = (pieces - 1) // 96
    tables = {0}
    for mht in {(offset - START) // NODE // 96 + near for offset in offsets for near in (-1, 0, 1)}:
        mht = min(mht, last)
        while mht:
            tables.add(mht)
            mht = (mht - 1) // 32
    entries = {}
    for mht in sorted(tables, reverse=True):
        used = min(96, pieces - 96 * mht)
        below = [entries.get(32 * mht + 1 + i, bytes(32)) for i in range(32)]
        own = os.urandom(16)
        node, own_tag = seal(own, (key + tag) * used + bytes(32) * (96 - used) + b"".join(below))
        file.seek(mht_position(mht) * NODE)
        file.write(node)
        entries[mht] = own + own_tag
    file.seek(0)
    file.write(metadata_node(wrap_key, path, START + pieces * NODE, entries[0], bytes(START), kind))
    file.truncate((data_position(pieces - 1) + 1) * NODE)
    return plain


def decrypt(wrap_key, file, kind=None):
    """Path and content; fails when anything is not what it must be."""
    magic, major = file[:8], file[8]
    if kind:
        assert (magic, major) == FORMATS[kind]
    assert len(file) % NODE == 0 and (magic, major) in FORMATS.values()
    nonce, tag = file[10:42], file[42:58]
    assert major == 1 or file[58] == 0
    at = 57 + major
    key = metadata_key(wrap_key, nonce, kind == "graphene-old")
    plain = unseal(key, file[at:at + 3884], tag)
    assert not file[at + 3884:NODE].strip(b"\0")
    path, size, root, start = struct.unpack("<772sQ32s3072s", plain)
    tables = {}

    def node(position, entry):
        return unseal(entry[:16], file[position * NODE:(position + 1) * NODE], entry[16:])

    def table(mht):
        if mht not in tables:
            entry = root
            if mht:
                slot = 32 * (96 + (mht - 1) % 32)
                entry = table((mht - 1) // 32)[slot:slot + 32]
            tables[mht] = node(mht_position(mht), entry)
        return tables[mht]

    content = [start]
    for data in range(max(0, (size - START + NODE - 1) // NODE)):
        slot = 32 * (data % 96)
        content.append(node(data_position(data), table(data // 96)[slot:slot + 32]))
    content = b"".join(content)
    assert not content[size:].strip(b"\0")
    return os.fsdecode(path.rstrip(b"\0")), content[:size]
