# SPDX-License-Identifier: Apache-2.0
"""MRENCLAVE and SIGSTRUCT computed a second time, from the tables of the specification, to compare
with what the tools in C compute. Run as a program it prints MRENCLAVE:
sgx_peer.py MANIFEST LIBPAL ENCLAVE_SIZE THREADS BASE_IS_ZERO"""
import hashlib
import struct
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

PAGE = 4096


def up(size):
    return -(-size // PAGE) * PAGE


class Enclave:
    def __init__(self, size):
        self.hash = hashlib.sha256(struct.pack("<8sIQ44x", b"ECREATE", 4, size))

    def add(self, offset, flags, content):
        """Adds pages with this content, measured; `content` is a whole number of pages."""
        for at in range(0, len(content), PAGE):
            self.hash.update(struct.pack("<8sQQ40x", b"EADD", offset + at, flags))
            for chunk in range(at, at + PAGE, 256):
                self.hash.update(struct.pack("<8sQ48x", b"EEXTEND", offset + chunk))
                self.hash.update(content[chunk:chunk + 256])

    def add_unmeasured(self, start, end, flags):
        for offset in range(start, end, PAGE):
            self.hash.update(struct.pack("<8sQQ40x", b"EADD", offset, flags))


def load_segments(elf):
    entry, table = struct.unpack_from("<QQ", elf, 24)
    (count,) = struct.unpack_from("<H", elf, 56)
    segments = []
    for i in range(count):
        kind, flags, offset, vaddr, _, filesz, memsz, _ = struct.unpack_from(
            "<IIQQQQQQ", elf, table + 56 * i)
        if kind == 1:
            secinfo = 0x200 | (flags >> 2 & 1) | (flags & 2) | (flags & 1) << 2
            segments.append((vaddr, memsz, elf[offset:offset + filesz], secinfo))
    return entry, segments


def tls_page(fields):
    page = bytearray(PAGE)
    for offset, value in fields.items():
        struct.pack_into("<Q", page, offset, value)
    return bytes(page)


def mrenclave(manifest, libpal, size, threads, base_is_zero, with_heap=True):
    base, heap = (0, 0x10000) if base_is_zero else (size, 0)
    entry, segments = load_segments(libpal)
    first = min(s[0] // PAGE * PAGE for s in segments)
    last = max(up(s[0] + s[1]) for s in segments)
    at_manifest = size - up(len(manifest) + 1)
    ssa = at_manifest - threads * 32768
    tcs = ssa - threads * PAGE
    tls = tcs - threads * PAGE
    stacks = [tls - (t + 1) * 262144 for t in range(threads)]
    sig_stacks = [stacks[-1] - (t + 1) * 65536 for t in range(threads)]
    pal = sig_stacks[-1] - (last - first)

    enclave = Enclave(size)
    enclave.add(at_manifest, 0x201, manifest.ljust(up(len(manifest) + 1), b"\0"))
    enclave.add(ssa, 0x203, bytes(threads * 32768))
    for t in range(threads):
        enclave.add(tcs + t * PAGE, 0x100, struct.pack(
            "<QQQIIQQQQII4024x", 0, 0, ssa + t * 32768, 0, 2, pal - first + entry, 0, 0,
            tls + t * PAGE, 0xfff, 0xfff))
    for t in range(threads):
        my_ssa = base + ssa + t * 32768
        enclave.add(tls + t * PAGE, 0x203, tls_page({
            0: base + tls + t * PAGE, 8: 0x0000badbadbadbad, 272: size, 280: tcs + t * PAGE,
            288: base + stacks[t] + 262144, 304: base + sig_stacks[t],
            312: base + sig_stacks[t] + 65536, 328: my_ssa, 336: my_ssa + 16384 - 184,
            416: len(manifest) + 1, 424: base + heap, 432: base + pal}))
    for stack in stacks:
        enclave.add(stack, 0x203, bytes(262144))
    for stack in sig_stacks:
        enclave.add(stack, 0x203, bytes(65536))
    for vaddr, memsz, content, flags in segments:
        start = vaddr // PAGE * PAGE
        pages = (bytes(vaddr - start) + content).ljust(up(vaddr + memsz) - start, b"\0")
        enclave.add(pal - first + start, flags, pages)
    if with_heap:
        enclave.add_unmeasured(heap, pal, 0x207)
    return enclave.hash.hexdigest()


def check_sigstruct(sig):
    """Checks form and signature as the CPU does; returns the fields that tests look at."""
    assert len(sig) == 1808
    assert sig[:16].hex() == "06000000e10000000000010000000000"
    assert sig[24:40].hex() == "01010000600000006000000001000000"
    assert not any(sig[16:20]) and not any(sig[40:128]) and not any(sig[908:928])
    assert not any(sig[992:1024]) and not any(sig[1028:1040])
    assert struct.unpack_from("<I", sig, 512) == (3,)
    n, s, q1, q2 = (int.from_bytes(sig[at:at + 384], "little") for at in (128, 516, 1040, 1424))
    assert n.bit_length() == 3072 and s < n
    rsa.RSAPublicNumbers(3, n).public_key().verify(
        s.to_bytes(384, "big"), sig[:128] + sig[900:1028], padding.PKCS1v15(), hashes.SHA256())
    assert q1 == s * s // n
    assert q2 == (s * s % n) * s // n
    misc, misc_mask = struct.unpack_from("<II", sig, 900)
    flags, xfrm, flags_mask, xfrm_mask = struct.unpack_from("<QQQQ", sig, 928)
    prod_id, svn = struct.unpack_from("<HH", sig, 1024)
    return dict(
        date=sig[20:24].hex(), misc=misc, misc_mask=misc_mask, flags=flags, xfrm=xfrm,
        flags_mask=flags_mask, xfrm_mask=xfrm_mask, prod_id=prod_id, svn=svn,
        mrenclave=sig[960:992].hex(), mrsigner=hashlib.sha256(sig[128:512]).hexdigest())


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as text, open(sys.argv[2], "rb") as loader:
        print(mrenclave(text.read(), loader.read(), int(sys.argv[3], 0), int(sys.argv[4]),
                        sys.argv[5] == "1"))
