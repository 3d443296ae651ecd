# SPDX-License-Identifier: Apache-2.0
"""Every field of quote and PCK certificate is made wrong in turn, and signed again wherever the
simulated platform holds the key: each is refused for that field."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtensionOID, NameOID

from quote_machine import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from quote_machine import DAY, NOW, SGX_EXTENSION
from quote_verifier import Quote

# Quotes. Offsets from the start of the part.

UNSIGNED = "the quote is not signed by its attestation key"
QE_UNSIGNED = "the report of the Quoting Enclave is not signed by the PCK key"
HEADER = [
    ("version", 0, "is no quote"),
    ("key type", 2, "is no quote"),
    ("TEE type", 5, "TEE type"),
    ("vendor ID", 12, "vendor ID differs"),
    ("user data", 28, UNSIGNED),
]
SGX_REPORT = [
    ("CPUSVN", 0), ("MISCSELECT", 16), ("reserved 1", 20), ("extended product ID", 32),
    ("flags", 48), ("XFRM", 56), ("MRENCLAVE", 64), ("reserved 2", 96), ("MRSIGNER", 128),
    ("reserved 3", 160), ("CONFIGID", 192), ("ISVPRODID", 256), ("ISVSVN", 258),
    ("CONFIGSVN", 260), ("reserved 4", 262), ("family ID", 304), ("REPORTDATA", 320),
    ("last byte", 383),
]
TD_REPORT = [
    ("TEE TCB SVN", 3), ("MRSEAM", 16), ("MRSIGNERSEAM", 64), ("SEAMATTRIBUTES", 112),
    ("TDATTRIBUTES", 120), ("XFAM", 128), ("MRTD", 136), ("MRCONFIGID", 184), ("MROWNER", 232),
    ("MROWNERCONFIG", 280), ("RTMR0", 328), ("RTMR1", 376), ("RTMR2", 424), ("RTMR3", 472),
    ("REPORTDATA", 520), ("last byte", 583),
]


@pytest.mark.parametrize("field,at,reason", HEADER, ids=[row[0] for row in HEADER])
def test_header(machine, field, at, reason):
    machine.quote[at] ^= 0x40
    machine.assert_refused(reason)


def test_report_of_the_attested(machine):
    for field, at in TD_REPORT if machine.is_tdx else SGX_REPORT:
        machine.quote[48 + at] ^= 1
        reason = UNSIGNED
        assert reason in machine.verdict(), field
        machine.quote[48 + at] ^= 1
    assert machine.verdict() == ""


def test_report_of_the_quoting_enclave(machine):
    start = machine.quote.find(Quote.parse(bytes(machine.quote)).qe_report_part)
    for field, at in SGX_REPORT:
        machine.quote[start + at] ^= 1
        reason = "reserved fields" if field.startswith("reserved") else QE_UNSIGNED
        assert reason in machine.verdict(), field
        machine.quote[start + at] ^= 1
    assert machine.verdict() == ""


def parts(machine):
    """Where the other parts of the signature data start, and what refuses a change of each."""
    quote = Quote.parse(bytes(machine.quote))
    find = machine.quote.find
    return {
        "signature": (find(quote.signature), UNSIGNED),
        "attestation key": (find(quote.attestation_key), "the attestation key is not the one"),
        "signature of the QE report": (find(quote.qe_report_signature), QE_UNSIGNED),
        "authentication data": (find(quote.auth_data), "the attestation key is not the one"),
        "type of certification data": (find(quote.chain) - 6, "certification data of type 7"),
        "length of certification data": (find(quote.chain) - 4, "lengths do not add up"),
        "length of authentication data": (find(quote.auth_data) - 2, "malformed"),
        "length of signature data": (len(quote.signed_part), "lengths do not add up"),
    }


def test_signature_data(machine):
    for part, (at, reason) in parts(machine).items():
        machine.quote[at] ^= 2
        assert reason in machine.verdict(), part
        machine.quote[at] ^= 2
    assert machine.verdict() == ""


@pytest.mark.parametrize("tail", [b"\0", b"\0" * 70, b"x"])
def test_nothing_follows_a_quote(machine, tail):
    machine.quote += tail
    machine.assert_refused("lengths do not add up")


VM_FIELDS = [
    ("version of the TDX module", 1, 2, "no TDX module of version 2"),
    ("SVN of the TDX module", 0, 1, "SVN 1 of the TDX module (version 1) is below every level"),
    ("microcode", 2, 0, "TCB not supported: the platform"),
    ("MRSIGNERSEAM", 64, 1, "MRSIGNERSEAM differs"),
    ("SEAMATTRIBUTES", 112, 1, "SEAMATTRIBUTES differs"),
    ("TDATTRIBUTES: debug", 120, 1, "it is for debugging"),
]


@pytest.mark.parametrize("field,at,value,reason", VM_FIELDS, ids=[row[0] for row in VM_FIELDS])
def test_signed_fields_of_a_vm(vm, field, at, value, reason):
    vm.quote[48 + at] = value
    vm.sign_quote()
    if field == "TDATTRIBUTES: debug":
        assert reason in vm.verdict()
    else:
        vm.assert_refused(reason)


# The PCK certificate, issued again with the same key.

def sgx_extension(machine, old, new):
    value = machine.cert("pck").extensions.get_extension_for_oid(SGX_EXTENSION).value.value
    assert value.count(old) == 1 and len(old) == len(new), value.hex()
    return value.replace(old, new)


def oid(*numbers):
    return bytes.fromhex("2a864886f84d010d01") + bytes(numbers)


def entry(number, value):
    """The start of an entry of the SGX extension, with what it holds."""
    name = oid(*number)
    return b"\x06" + bytes([len(name)]) + name + value


def issue_pck(machine, subject="Intel SGX PCK Certificate", issuer=None, key="platform_ca",
              start=None, end=None, without=None, extension=None, is_ca=False):
    old = machine.cert("pck")
    name = x509.Name([x509.NameAttribute(a.oid, subject) if a.oid == NameOID.COMMON_NAME else a
                      for a in old.subject])
    # the method of this name knows no serial numbers of 160 bits, which Intel's have
    builder = (x509.CertificateBuilder(serial_number=old.serial_number).subject_name(name)
               .issuer_name(issuer or old.issuer).public_key(old.public_key())
               .not_valid_before(start or old.not_valid_before)
               .not_valid_after(end or old.not_valid_after))
    for found in old.extensions:
        value = found.value
        if found.oid == SGX_EXTENSION and extension:
            value = x509.UnrecognizedExtension(SGX_EXTENSION, extension)
        if found.oid == ExtensionOID.BASIC_CONSTRAINTS and is_ca:
            value = x509.BasicConstraints(ca=True, path_length=None)
        if found.oid != without:
            builder = builder.add_extension(value, found.critical)
    machine.replace_pck(builder.sign(machine.key(key), hashes.SHA256()))


def issuer_of(machine):
    return machine.cert("root_ca").subject


PCK_FIELDS = [
    ("subject", lambda m: {"subject": "Intel SGX PCK Certificatf"}, "has a subject that is not"),
    ("issuer", lambda m: {"issuer": issuer_of(m)}, "does not name"),
    ("signature", lambda m: {"key": "root_ca"}, "is not signed by the key of"),
    ("not before", lambda m: {"start": NOW + DAY}, "is not valid before"),
    ("not after", lambda m: {"start": NOW - 2 * DAY, "end": NOW - DAY}, "expired at"),
    ("basic constraints", lambda m: {"is_ca": True}, "has wrong basic constraints"),
    ("no key usage", lambda m: {"without": ExtensionOID.KEY_USAGE}, "lacks the extension"),
    ("no basic constraints", lambda m: {"without": ExtensionOID.BASIC_CONSTRAINTS},
     "lacks the extension"),
    ("no key identifier", lambda m: {"without": ExtensionOID.SUBJECT_KEY_IDENTIFIER},
     "lacks the extension"),
    ("no issuer's key identifier", lambda m: {"without": ExtensionOID.AUTHORITY_KEY_IDENTIFIER},
     "lacks the extension"),
    ("no distribution points", lambda m: {"without": ExtensionOID.CRL_DISTRIBUTION_POINTS},
     "lacks the extension"),
    ("no SGX extension", lambda m: {"without": SGX_EXTENSION}, "SGX extension: missing"),
    ("PPID", lambda m: {"extension": sgx_extension(
        m, entry([1], b"\x04\x10"), entry([1], b"\x05\x10"))}, "entry 1 is malformed"),
    ("component", lambda m: {"extension": sgx_extension(
        m, entry([2, 3], b"\x02\x01\x03"), entry([2, 3], b"\x02\x01\x04"))},
     "CPUSVN differs from the component SVNs"),
    ("PCESVN", lambda m: {"extension": sgx_extension(
        m, entry([2, 17], b"\x02\x01\x0d"), entry([2, 17], b"\x02\x01\x01"))},
     "TCB not supported: the platform"),
    ("CPUSVN", lambda m: {"extension": sgx_extension(
        m, bytes.fromhex("0e0e0303ffff01"), bytes.fromhex("0e0e0303ffff02"))},
     "CPUSVN differs from the component SVNs"),
    ("PCEID", lambda m: {"extension": sgx_extension(
        m, entry([3], b"\x04\x02\0\0"), entry([3], b"\x04\x02\0\1"))}, "PCEID"),
    ("FMSPC", lambda m: {"extension": sgx_extension(
        m, entry([4], b"\x04\x06SIM"), entry([4], b"\x04\x06SIN"))},
     "for FMSPC 53494d000000, the platform has 53494e000000"),
    ("SGX type", lambda m: {"extension": sgx_extension(
        m, entry([5], b"\x0a\x01\x01"), entry([5], b"\x0a\x01\x03"))}, "entry 5 is malformed"),
    ("instance ID", lambda m: {"extension": sgx_extension(
        m, entry([6], b"\x04\x10"), entry([6], b"\x05\x10"))}, "entry 6 is malformed"),
    ("configuration", lambda m: {"extension": sgx_extension(
        m, entry([7, 2], b"\x01\x01\x00"), entry([7, 2], b"\x01\x01\x01"))},
     "the platform configuration is malformed"),
]


@pytest.mark.parametrize("field,change,reason", PCK_FIELDS, ids=[row[0] for row in PCK_FIELDS])
def test_pck_certificate(machine, field, change, reason):
    issue_pck(machine, **change(machine))
    machine.assert_refused(reason)


def test_a_pck_certificate_issued_again_is_as_good(machine):
    issue_pck(machine)
    assert machine.verdict() == ""
