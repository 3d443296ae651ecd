# SPDX-License-Identifier: Apache-2.0
"""Every field of a quote is made wrong in turn, and signed again wherever the simulated platform
holds the key: each is refused for that field, by both verifiers. Where the signature is all that a change
breaks, as in header and report of the attested, it is the reason, and no field can be named."""

import struct

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from quote_certificates import ORDER, PRIME
from quote_machine import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from quote_machine import ENCLAVE, VM, raw_signature
from quote_verifier import Quote

# Offsets from the start of the part.

UNSIGNED = "the quote is not signed by its attestation key"
QE_UNSIGNED = "the report of the Quoting Enclave is not signed by the PCK key"
NOT_BOUND = "the attestation key is not the one"
LENGTHS = "lengths do not add up"
HEADER = [
    ("version", 0, "is no quote"),
    ("type of key", 2, "attestation key type 66; type 2"),
    ("TEE type", 4, "TEE type"),
    ("TEE type, second byte", 5, "TEE type"),
    ("SVN of the Quoting Enclave", 8, UNSIGNED),
    ("SVN of the PCE", 10, UNSIGNED),
    ("vendor ID", 12, "vendor ID differs"),
    ("last byte of the vendor ID", 27, "vendor ID differs"),
    ("user data", 28, UNSIGNED),
    ("last byte of the user data", 47, UNSIGNED),
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
RESERVED = {20: 12, 96: 32, 160: 32, 262: 42}


@pytest.mark.parametrize("field,at,reason", HEADER, ids=[row[0] for row in HEADER])
def test_header(machine, field, at, reason):
    machine.quote[at] ^= 0x40
    machine.assert_refused(reason)


@pytest.mark.parametrize("version", [0, 1, 2, 6, 0x103])
def test_another_version(enclave, version):
    enclave.quote[0:2] = version.to_bytes(2, "little")
    enclave.sign_quote()
    enclave.assert_refused("Open Enclave report header" if version == 1 else "is no quote")


@pytest.mark.parametrize("options", [ENCLAVE, VM], ids=["SGX", "TDX"])
@pytest.mark.parametrize("key_type", [1, 3, 0x102])
def test_another_type_of_key(machine_of, options, key_type):
    machine = machine_of(options)
    machine.quote[2:4] = key_type.to_bytes(2, "little")
    machine.sign_quote()
    machine.assert_refused(f"attestation key type {key_type}")


def test_report_of_the_attested(machine):
    for _, at in TD_REPORT if machine.is_tdx else SGX_REPORT:
        machine.quote[48 + at] ^= 1
        machine.assert_refused(UNSIGNED)
        machine.quote[48 + at] ^= 1
    machine.assert_accepted()


@pytest.mark.parametrize("start", RESERVED)
def test_reserved_fields_that_were_signed(enclave, start):
    for at in (start, start + RESERVED[start] - 1):
        enclave.quote[48 + at] = 1
        enclave.sign_quote()
        enclave.assert_refused("the report in the quote has reserved fields")
        enclave.quote[48 + at] = 0


def test_what_the_attested_is_does_not_matter_to_its_status(enclave):
    for at in (0, 15, 16, 32, 56, 64, 128, 192, 256, 258, 260, 304, 320, 383):
        enclave.quote[48 + at] ^= 1
    enclave.sign_quote()
    enclave.assert_accepted()


def test_report_of_the_quoting_enclave(machine):
    start = machine.part("qe_report_part")
    for field, at in SGX_REPORT:
        machine.quote[start + at] ^= 1
        machine.assert_refused("reserved fields" if field.startswith("reserved") else QE_UNSIGNED)
        machine.quote[start + at] ^= 1
    machine.assert_accepted()


# The same signed: what is wrong in a report that is the Quoting Enclave's own.
QE_REPORT = [
    ("MISCSELECT", 16, 1, "MISCSELECT differs"),
    ("last byte of MISCSELECT", 19, 0x80, "MISCSELECT differs"),
    ("debug", 48, 2, "ATTRIBUTES differs"),
    ("not initialized", 48, 1, "ATTRIBUTES differs"),
    ("no provisioning key", 48, 0x10, "ATTRIBUTES differs"),
    ("last byte of the flags", 55, 0x80, "ATTRIBUTES differs"),
    ("MRSIGNER", 128, 1, "MRSIGNER differs"),
    ("last byte of MRSIGNER", 159, 1, "MRSIGNER differs"),
    ("ISVPRODID", 256, 4, "ISVPRODID differs"),
    ("ISVSVN", 258, 8, "ISVSVN 0 is below every level"),
    ("reserved 1", 20, 1, "Quoting Enclave has reserved fields"),
    ("end of reserved 4", 303, 1, "Quoting Enclave has reserved fields"),
]
QE_REPORT_FREE = [("CPUSVN", 0, 0xFF), ("extended product ID", 32, 1), ("64 bit", 48, 4),
                  ("XFRM", 56, 1), ("MRENCLAVE", 64, 1), ("CONFIGID", 192, 1),
                  ("CONFIGSVN", 260, 1), ("family ID", 304, 1), ("higher ISVSVN", 259, 1)]


@pytest.mark.parametrize("field,at,value,reason", QE_REPORT, ids=[row[0] for row in QE_REPORT])
def test_signed_field_of_the_quoting_enclave(enclave, field, at, value, reason):
    enclave.sign_qe_report((at, value))
    enclave.assert_refused(reason)


def test_what_may_vary_between_quoting_enclaves(machine):
    machine.sign_qe_report(*[(at, value) for _, at, value in QE_REPORT_FREE])
    machine.assert_accepted()


@pytest.mark.parametrize("at", [0, 31, 32, 63])
def test_every_byte_of_the_binding_counts(machine, at):
    machine.sign_qe_report((320 + at, 1))
    machine.assert_refused(NOT_BOUND)


# Signature data


def parts(machine):
    """Where the other parts of the signature data start, and what refuses a change of each."""
    quote = Quote.parse(bytes(machine.quote))
    at = machine.part
    return {
        "signature": (at("signature"), UNSIGNED),
        "attestation key": (at("attestation_key"), NOT_BOUND),
        "signature of the QE report": (at("qe_report_signature"), QE_UNSIGNED),
        "authentication data": (at("auth_data"), NOT_BOUND),
        "type of certification data": (at("chain") - 6, "certification data of type 7"),
        "length of certification data": (at("chain") - 4, LENGTHS),
        "length of authentication data": (at("auth_data") - 2, "malformed"),
        "length of signature data": (len(quote.signed_part), LENGTHS),
    }


def test_signature_data(machine):
    for at, reason in parts(machine).values():
        machine.quote[at] ^= 2
        machine.assert_refused(reason)
        machine.quote[at] ^= 2
    machine.assert_accepted()


def test_what_stands_around_the_certification(vm):
    at = vm.part("qe_report_part") - 6
    vm.quote[at] = 5
    vm.assert_refused("certification data of type 5 around the report")
    vm.quote[at] = 6
    for value in (-1, 1):
        (size,) = struct.unpack_from("<I", vm.quote, at + 2)
        struct.pack_into("<I", vm.quote, at + 2, size + value)
        vm.assert_refused(LENGTHS)
        struct.pack_into("<I", vm.quote, at + 2, size)
    vm.assert_accepted()


@pytest.mark.parametrize("tail", [b"\0", b"\0" * 70, b"x"])
def test_nothing_follows_a_quote(machine, tail):
    machine.quote += tail
    machine.assert_refused(LENGTHS)


@pytest.mark.parametrize("tail", [b"\0", b"x"])
def test_nothing_follows_in_the_signature_data(machine, tail):
    machine.splice(len(machine.quote), 0, tail)
    machine.assert_refused(LENGTHS)


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_authentication_data_of_any_length(machine, size):
    machine.set_auth_data(b"a" * size)
    machine.assert_refused(NOT_BOUND)
    machine.sign_qe_report()
    machine.assert_accepted()


def test_certification_data_end_at_64_kib(enclave):
    chain = Quote.parse(bytes(enclave.quote)).chain.rstrip(b"\0")
    enclave.set_certification(chain + b"\n" * (65536 - len(chain)))
    enclave.assert_accepted()
    enclave.splice(len(enclave.quote), 0, b"\n")
    struct.pack_into("<I", enclave.quote, len(enclave.quote) - 65537 - 4, 65537)
    enclave.assert_refused("certification data over 65536 bytes")


def test_quotes_end_at_128_kib(machine):
    """Certification and authentication data at their largest are longer together."""
    machine.set_auth_data(b"a" * 65000)
    machine.sign_qe_report()
    chain = Quote.parse(bytes(machine.quote)).chain.rstrip(b"\0")
    longest = chain + b"\n" * (131072 - len(machine.quote) + 1)
    machine.set_certification(longest)
    assert len(machine.quote) == 131072
    machine.assert_accepted()
    machine.set_certification(longest + b"\n")
    machine.assert_refused("longer than 131072 bytes")


def set_half(machine, part, half, value):
    at = machine.part(part) + 32 * half
    machine.quote[at:at + 32] = value.to_bytes(32, "big")


@pytest.mark.parametrize("part,reason", [("signature", UNSIGNED),
                                         ("qe_report_signature", QE_UNSIGNED)])
def test_signatures_that_cannot_be(enclave, part, reason):
    genuine = getattr(Quote.parse(bytes(enclave.quote)), part)
    for half in (0, 1):
        number = int.from_bytes(genuine[32 * half:32 * half + 32], "big")
        for value in (0, ORDER, number + ORDER, 2**256 - 1):
            if value < 2**256:
                set_half(enclave, part, half, value)
                enclave.assert_refused(reason)
        set_half(enclave, part, half, number)
    enclave.assert_accepted()


@pytest.mark.parametrize("part", ["signature", "qe_report_signature"])
def test_both_forms_of_a_signature(machine, part):
    s = int.from_bytes(getattr(Quote.parse(bytes(machine.quote)), part)[32:], "big")
    set_half(machine, part, 1, ORDER - s)
    machine.assert_accepted()


def on_the_curve(x, y):
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


@pytest.mark.parametrize("key", [bytes(64), on_the_curve(1, 1), on_the_curve(PRIME, 1),
                                 on_the_curve(0, PRIME - 1), b"\xff" * 64],
                         ids=["zero", "off", "x is the prime", "y off", "ones"])
def test_attestation_keys_that_are_none(enclave, key):
    at = enclave.part("attestation_key")
    enclave.quote[at:at + 64] = key
    enclave.assert_refused(NOT_BOUND)
    enclave.sign_qe_report()
    enclave.assert_refused("attestation key: not a point on P-256")


def test_an_own_key_signs_nothing(machine):
    """Header and report signed by a key that stands in the quote, but that nobody reports."""
    key = ec.generate_private_key(ec.SECP256R1())
    numbers = key.public_key().public_numbers()
    at = machine.part("attestation_key")
    machine.quote[at:at + 64] = on_the_curve(numbers.x, numbers.y)
    machine.quote[at - 64:at] = raw_signature(key, bytes(machine.quote[:machine.signed]))
    machine.assert_refused(NOT_BOUND)
    machine.sign_qe_report()
    machine.assert_accepted()


# Debugging is a matter of policy, which the other verifier has not.


@pytest.mark.parametrize("options,at", [(ENCLAVE, 48), (VM, 120)], ids=["SGX", "TDX"])
def test_what_can_be_debugged_is_refused(machine_of, options, at):
    machine = machine_of(options)
    machine.quote[48 + at] |= 2 if options == ENCLAVE else 1
    machine.sign_quote()
    assert "it is for debugging" in machine.verdict()
