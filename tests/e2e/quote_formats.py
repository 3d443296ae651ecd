# SPDX-License-Identifier: Apache-2.0
"""Quotes and the SGX extension of PCK certificates, read from their formats for quote_verifier.py.

It shares no code with the C sources. Everything raises Refused with the reason.
"""

import struct
from dataclasses import dataclass

from cryptography import x509

QUOTE_MAX, CERTIFICATION_MAX = 128 * 1024, 64 * 1024
INTEL_VENDOR = bytes.fromhex("939A7233F79C4CA9940A0DB3957F0607")
SGX_EXTENSION = "1.2.840.113741.1.13.1"

class Refused(Exception):
    pass


def require(condition, reason):
    if not condition:
        raise Refused(reason)


# Quotes


@dataclass
class Report:
    cpu_svn: bytes
    misc_select: bytes
    flags: int
    xfrm: int
    mr_enclave: bytes
    mr_signer: bytes
    prod_id: int
    svn: int
    report_data: bytes

    @classmethod
    def parse(cls, data):
        require(len(data) == 384, "report body has 384 bytes")
        for start, end in ((20, 32), (96, 128), (160, 192), (262, 304)):
            require(not any(data[start:end]), "reserved bytes of a report are zero")
        flags, xfrm = struct.unpack("<QQ", data[48:64])
        prod_id, svn = struct.unpack("<HH", data[256:260])
        return cls(data[0:16], data[16:20], flags, xfrm, data[64:96], data[128:160], prod_id,
                   svn, data[320:384])


@dataclass
class TdReport:
    tcb_svn: bytes
    mr_signer_seam: bytes
    seam_attributes: bytes
    attributes: bytes
    mr_td: bytes
    rtmr: list
    report_data: bytes
    tcb_svn_2: bytes  # None before 1.5

    @classmethod
    def parse(cls, data):
        require(len(data) in (584, 648), "TD report has 584 or 648 bytes")
        return cls(data[:16], data[64:112], data[112:120], data[120:128], data[136:184],
                   [data[at:at + 48] for at in range(328, 520, 48)], data[520:584],
                   data[584:600] if len(data) == 648 else None)


@dataclass
class Quote:
    version: int
    qe_svn: int
    pce_svn: int
    user_data: bytes
    report: object
    signed_part: bytes
    signature: bytes
    attestation_key: bytes
    qe_report_part: bytes
    qe_report: Report
    qe_report_signature: bytes
    auth_data: bytes
    cert_type: int
    chain: bytes  # or what stands in its place

    @property
    def is_tdx(self):
        return isinstance(self.report, TdReport)

    @classmethod
    def parse(cls, data):
        require(48 <= len(data) <= QUOTE_MAX, "length of a quote")
        version, key_type, tee_type, qe_svn, pce_svn = struct.unpack("<HHIHH", data[:12])
        require(version in (3, 4, 5) and key_type == 2, "version 3 to 5, ECDSA P-256")
        require(tee_type in ((0,) if version == 3 else (0, 0x81)), "TEE is SGX or TDX")
        require(data[12:28] == INTEL_VENDOR, "vendor is Intel")
        start, size = 48, 584 if tee_type else 384
        if version == 5:
            kind, size = struct.unpack("<HI", data[48:54])
            start = 54
            require((kind, size) in (((2, 584), (3, 648)) if tee_type else ((1, 384),)), "body")
        end = start + size
        require(len(data) >= end + 4, "quote is too short")
        report = (TdReport if tee_type else Report).parse(data[start:end])
        (size,) = struct.unpack("<I", data[end:end + 4])
        rest = data[end + 4:]
        require(len(rest) == size and size >= 134, "signature data fill the quote")
        signature, key, rest = rest[:64], rest[64:128], rest[128:]
        if version > 3:
            outer, size = struct.unpack("<HI", rest[:6])
            rest = rest[6:]
            require(outer == 6 and len(rest) == size, "QE report certification data")
        require(len(rest) >= 450, "certification is too short")
        (auth_size,) = struct.unpack("<H", rest[448:450])
        at = 450 + auth_size
        require(len(rest) >= at + 6, "certification is too short")
        cert_type, cert_size = struct.unpack("<HI", rest[at:at + 6])
        require(1 <= cert_type <= 5, "certification data of a type that can be verified")
        require(cert_size <= CERTIFICATION_MAX, "certification data are too long")
        require(len(rest) == at + 6 + cert_size, "certification data fill the quote")
        return cls(version, qe_svn, pce_svn, data[28:48], report, data[:end], signature, key,
                   rest[:384], Report.parse(rest[:384]), rest[384:448], rest[450:at],
                   cert_type, rest[at + 6:])


def strip_header(report):
    version, kind, size = struct.unpack("<IIQ", report[:16])
    require((version, kind, size) == (1, 2, len(report) - 16), "Open Enclave report header")
    return report[16:]


# DER, as far as the SGX extension and names need it


def tlvs(der):
    """The elements of a SEQUENCE's content: (tag, content), strictly."""
    while der:
        require(len(der) >= 2, "DER: header")
        tag, size, at = der[0], der[1], 2
        if size >= 0x80:
            count = size - 0x80
            at = 2 + count
            size = int.from_bytes(der[2:at], "big")
            require(1 <= count <= 2 and size >= (0x80 if count == 1 else 0x100), "DER: length")
        require(len(der) >= at + size, "DER: content")
        yield tag, der[at:at + size]
        der = der[at + size:]


def oid(content):
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    return ".".join(map(str, [numbers[0] // 40, numbers[0] % 40] + numbers[1:]))


def entries(der, prefix):
    """SEQUENCE OF SEQUENCE { OID, value } as {number behind the prefix: (tag, content)}."""
    found = {}
    for tag, pair in tlvs(der):
        require(tag == 0x30, "SGX extension: SEQUENCE")
        (oid_tag, name), value = tlvs(pair)
        require(oid_tag == 6 and oid(name).startswith(prefix + "."), "SGX extension: OID")
        number = int(oid(name)[len(prefix) + 1:])
        require(number not in found, "SGX extension: duplicate")
        found[number] = value
    return found


def integer(tag, content, limit):
    require(tag == 2 and content, "INTEGER")
    require(len(content) == 1 or content[0] or content[1] & 0x80, "shortest integer")
    value = int.from_bytes(content, "big", signed=True)
    require(0 <= value <= limit, "range of an integer")
    return value


def parse_tcb(der):
    """(components, PCESVN)"""
    tcb = entries(der, SGX_EXTENSION + ".2")
    require(sorted(tcb) == list(range(1, 19)), "SGX extension: 18 TCB entries")
    components = [integer(*tcb[n], 255) for n in range(1, 17)]
    require(tcb[18] == (4, bytes(components)), "CPUSVN is the components")
    return components, integer(*tcb[17], 65535)


def parse_configuration(der):
    configuration = entries(der, SGX_EXTENSION + ".7")
    require(set(configuration) <= {1, 2, 3}, "SGX extension: configuration")
    require(all(tag == 1 and value in (b"\xff", b"\x00") for tag, value in configuration.values()),
            "BOOLEAN")
    return [value == b"\xff" for _, value in configuration.values()]


@dataclass
class Platform:
    ppid: bytes
    components: list
    pce_svn: int
    fmspc: bytes
    pce_id: bytes
    type: int
    order: list  # (list, number) of the entries as they stand
    instance_id: bytes
    configuration: list

    @classmethod
    def parse(cls, der, is_multi_package=True):
        ((tag, content),) = tlvs(der)
        require(tag == 0x30, "SGX extension: SEQUENCE")
        top = entries(content, SGX_EXTENSION)
        count = 7 if is_multi_package else 5
        known = set(range(1, count + 1))
        require(known <= set(top) and not set(top) & ({6, 7} - known), "SGX extension: entries")
        require([top[n][0] for n in sorted(known)] == [4, 0x30, 4, 4, 0x0A, 4, 0x30][:count],
                "SGX extension: types")
        sizes = [len(top[n][1]) for n in (1, 3, 4, 5)]
        require(sizes == [16, 2, 6, 1], "SGX extension: sizes")
        require(top[5][1][0] <= 2, "SGX extension: type")
        components, pce_svn = parse_tcb(top[2][1])
        order = [(0, n) for n in top] + [(2, n) for n in entries(top[2][1], SGX_EXTENSION + ".2")]
        head = (top[1][1], components, pce_svn, top[4][1], top[3][1], top[5][1][0], order)
        if not is_multi_package:
            return cls(*head, b"", [])
        require(len(top[6][1]) == 16, "SGX extension: instance ID")
        return cls(*head, top[6][1], parse_configuration(top[7][1]))


def platform_of(folder):
    """What the PCK certificate of a simulated platform says."""
    certificate = x509.load_pem_x509_certificate((folder / "pck.pem").read_bytes())
    extension = certificate.extensions.get_extension_for_oid(x509.ObjectIdentifier(SGX_EXTENSION))
    return Platform.parse(extension.value.value)
