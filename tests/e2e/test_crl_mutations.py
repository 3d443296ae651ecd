# SPDX-License-Identifier: Apache-2.0
"""Both revocation lists are made wrong in turn, part by part, and signed again by the simulated
platform: each is refused for that part, by both verifiers."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from quote_formats import tlvs
from quote_issuer import (
    ECDSA_SHA384, der, issue, named, rebuild, sign_der, without_element)
from quote_machine import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from quote_machine import DAY, NOW

DER, PEM = serialization.Encoding.DER, serialization.Encoding.PEM
LISTS = {"root_ca.crl": "root_ca", "pck.crl": "platform_ca"}
BAD_FORM = "malformed, or a delta CRL, an indirect CRL or one with an unknown critical extension"


def make_crl(machine, issuer, key=None, revoked=(), start=NOW - DAY, end=NOW + DAY, without=None,
             extra=(), entry_extra=(), name=None, digest=None, identifier=None):
    """`revoked` are serial numbers; `extra` are further (OID, critical, bytes), of the list or of
    each of its entries."""
    cert = machine.cert(issuer)
    identifier = identifier or cert.extensions.get_extension_for_class(
        x509.SubjectKeyIdentifier).value.digest
    builder = (x509.CertificateRevocationListBuilder().issuer_name(name or cert.subject)
               .last_update(start).next_update(end))
    if without != "number":
        builder = builder.add_extension(x509.CRLNumber(1), False)
    if without != "identifier":
        builder = builder.add_extension(x509.AuthorityKeyIdentifier(identifier, None, None), False)
    for oid, critical, value in extra:
        builder = builder.add_extension(unknown(oid, value), critical)
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder(serial, NOW - DAY)
        for oid, critical, value in entry_extra:
            entry = entry.add_extension(unknown(oid, value), critical)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(machine.key(key or issuer), digest or hashes.SHA256())


def unknown(oid, value):
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value)


def install(machine, file, crl, encoding=DER):
    data = crl if isinstance(crl, bytes) else crl.public_bytes(encoding)
    (machine.collateral / file).write_bytes(data)


def issued(**given):
    return lambda machine, issuer: make_crl(machine, issuer, **given)


def rebuilt(number, change, **given):
    """With an element of what is signed made anew: 0 is the version, 1 the algorithm, 4 the end."""
    def make(machine, issuer):
        content = make_crl(machine, issuer, **given).tbs_certlist_bytes
        return sign_der(rebuild(content, number, change), machine.key(issuer))
    return make


def algorithm_outside(machine, issuer):
    content = make_crl(machine, issuer).tbs_certlist_bytes
    return sign_der(content, machine.key(issuer), ECDSA_SHA384)


def in_hex(machine, issuer):
    return make_crl(machine, issuer).public_bytes(DER).hex().encode()


def bad_signature(machine, issuer):
    data = bytearray(make_crl(machine, issuer).public_bytes(DER))
    data[-1] ^= 1
    return bytes(data)


DELTA, SCOPE, ISSUER_OF_ENTRY = "2.5.29.27", "2.5.29.28", "2.5.29.29"
FORM = "not a CRL of version 2 with both dates, signed by ecdsa-with-SHA256"
NO_CRL = "neither PEM, DER nor hex of a CRL"
WRONG = [
    ("issuer", lambda m, issuer: make_crl(m, issuer, name=m.cert("pck").subject),
     'it was not issued by "{name}"'),
    ("issuer of the other list", lambda m, issuer: make_crl(m, {
        "root_ca": "platform_ca", "platform_ca": "root_ca"}[issuer]),
     'it was not issued by "{name}"'),
    ("issuer of another kind of CA", lambda m, issuer: make_crl(m, issuer, name=named(
        m.cert(issuer).subject, "Intel SGX PCK Processor CA")), 'it was not issued by "{name}"'),
    ("signer", issued(key="tcb_signing"), 'it is not signed by the key of "{name}"'),
    ("signature", bad_signature, 'it is not signed by the key of "{name}"'),
    ("thisUpdate", issued(start=NOW + DAY / 2), "CRL is not valid before 2025-06-16T00:00:00Z"),
    ("nextUpdate", issued(end=NOW - DAY / 2), "CRL expired at 2025-06-15T00:00:00Z"),
    ("no nextUpdate", lambda m, issuer: sign_der(without_element(
        make_crl(m, issuer).tbs_certlist_bytes, 4), m.key(issuer)), FORM),
    ("version 1", rebuilt(0, lambda tag, content: der(tag, b"\0")), FORM),
    ("no version", lambda m, issuer: sign_der(without_element(
        make_crl(m, issuer).tbs_certlist_bytes, 0), m.key(issuer)), FORM),
    ("algorithm SHA-384", issued(digest=hashes.SHA384()), NO_CRL),
    ("algorithm of the signed part", rebuilt(1, lambda tag, content: der(tag, ECDSA_SHA384)), FORM),
    ("algorithm beside the signature", algorithm_outside, NO_CRL),
    ("no number", issued(without="number"), "CRL number or authority key identifier is missing"),
    ("key identifier", issued(identifier=b"x" * 20),
     "it does not name the key of"),
    ("no key identifier", issued(without="identifier"),
     "CRL number or authority key identifier is missing"),
    ("delta", issued(extra=[(DELTA, True, b"\2\1\1")]), BAD_FORM),
    ("delta, not critical", issued(extra=[(DELTA, False, b"\2\1\1")]), BAD_FORM),
    ("scope", issued(extra=[(SCOPE, True, b"\x30\3\x84\1\xff")]), BAD_FORM),
    ("scope, not critical", issued(extra=[(SCOPE, False, b"\x30\3\x84\1\xff")]), BAD_FORM),
    ("unknown critical extension", issued(extra=[("1.2.3.4", True, b"\5\0")]), BAD_FORM),
    ("critical extension of an entry", issued(
        revoked=[1], entry_extra=[("1.2.3.4", True, b"\5\0")]), BAD_FORM),
    ("issuer of an entry", issued(revoked=[1], entry_extra=[(
        ISSUER_OF_ENTRY, True, der(0x30, der(0x86, b"x:y")))]), BAD_FORM),
    ("entry with a field more", rebuilt(5, lambda tag, content: der(
        tag, der(0x30, der(2, b"\1"), content[5:20], der(0x30, der(0x30, der(6, b"\x2a\3\4"),
                                                                   der(4, b""))), der(5))),
        revoked=[1]), BAD_FORM),
    ("field behind the extensions", rebuilt(5, lambda tag, content: der(tag, content) + der(5)),
     BAD_FORM),
    ("entry without date", rebuilt(5, lambda tag, content: der(tag, der(0x30, der(2, b"\1"))),
                                   revoked=[1]), BAD_FORM),
    ("something behind the signature", lambda m, issuer: der(
        0x30, *[part for _, part in tlvs(make_crl(m, issuer).public_bytes(DER))], der(5)), NO_CRL),
    ("something behind", lambda m, issuer: make_crl(m, issuer).public_bytes(DER) + b"\0", NO_CRL),
    ("something in hex behind", lambda m, issuer: in_hex(m, issuer) + b"00", NO_CRL),
    ("odd hex", lambda m, issuer: in_hex(m, issuer)[:-1], NO_CRL),
    ("two in PEM", lambda m, issuer: 2 * make_crl(m, issuer).public_bytes(PEM), "not one block"),
    ("text before PEM", lambda m, issuer: b"x\n" + make_crl(m, issuer).public_bytes(PEM), NO_CRL),
    ("text behind PEM", lambda m, issuer: make_crl(m, issuer).public_bytes(PEM) + b"x",
     "not one block"),
    ("another block of PEM", lambda m, issuer: make_crl(m, issuer).public_bytes(PEM).replace(
        b"X509 CRL", b"X509 CRM"), "not one block"),
    ("two NULs behind PEM", lambda m, issuer: make_crl(m, issuer).public_bytes(PEM) + b"\0\0",
     "not one block"),
    ("a certificate", lambda m, issuer: m.cert(issuer).public_bytes(DER), FORM),
    ("nothing", lambda m, issuer: b"", NO_CRL),
]


@pytest.mark.parametrize("file", LISTS)
@pytest.mark.parametrize("field,change,reason", WRONG, ids=[row[0] for row in WRONG])
def test_crl(enclave, file, field, change, reason):
    install(enclave, file, change(enclave, LISTS[file]))
    name = {"root_ca": "Intel SGX Root CA", "platform_ca": "Intel SGX PCK Platform CA"}
    enclave.assert_refused(reason.format(name=name[LISTS[file]]))
    which = "root CRL" if file == "root_ca.crl" else "PCK CRL"
    assert which in enclave.verdict()


REASON = ("2.5.29.21", False, b"\x0a\1\1")  # keyCompromise
REVOKED = [
    ("pck.crl", "platform_ca", "pck", "Intel SGX PCK Certificate"),
    ("root_ca.crl", "root_ca", "platform_ca", "Intel SGX PCK Platform CA"),
    ("root_ca.crl", "root_ca", "tcb_signing", "Intel SGX TCB Signing"),
]


@pytest.mark.parametrize("entry_extra", [(), (REASON,)], ids=["bare", "with reason"])
@pytest.mark.parametrize("file,issuer,revoked,who", REVOKED, ids=[row[2] for row in REVOKED])
def test_a_revoked_certificate(machine, file, issuer, revoked, who, entry_extra):
    serial = machine.cert(revoked).serial_number
    install(machine, file, make_crl(machine, issuer, revoked=[serial], entry_extra=entry_extra))
    machine.assert_refused(f'the certificate "{who}" is revoked')


def spread(serial):
    """Many other numbers, of all lengths, on both sides of this one."""
    others = {serial + step for step in range(-150, 151) if step}
    others |= {2**bits - 1 for bits in range(1, 159)} | {serial >> 8, serial % 2**152}
    return sorted(others - {serial}, key=lambda number: number % 1009)


@pytest.mark.parametrize("place", [0, 100, -1])
def test_a_number_among_many(enclave, place):
    serial = enclave.cert("pck").serial_number
    numbers = spread(serial)
    install(enclave, "pck.crl", make_crl(enclave, "platform_ca", revoked=numbers))
    enclave.assert_accepted()
    numbers.insert(place if place >= 0 else len(numbers), serial)
    install(enclave, "pck.crl", make_crl(enclave, "platform_ca", revoked=numbers))
    enclave.assert_refused('"Intel SGX PCK Certificate" is revoked')


@pytest.mark.parametrize("serial", [1, 0x7F, 0x80, 0xFF, 0x0A7CB8, 2**159 - 1, 2**152, 2**159])
def test_numbers_of_every_form(enclave, serial):
    """DER pads some with a zero; whatever pads them, they are the same."""
    enclave.set_chain(issue(enclave, "pck", serial=serial), enclave.cert("platform_ca"),
                      enclave.cert("root_ca"))
    enclave.assert_accepted()
    size = (serial.bit_length() + 7) // 8
    for padding in (0, 1, 3):
        digits = bytes(padding) + serial.to_bytes(size, "big")
        if digits[0] & 0x80:
            continue
        entry = rebuilt(5, lambda tag, content, digits=digits: der(
            tag, der(0x30, der(2, digits), content[5:20])), revoked=[1])
        install(enclave, "pck.crl", entry(enclave, "platform_ca"))
        enclave.assert_refused('"Intel SGX PCK Certificate" is revoked')


RIGHT = [
    ("again", issued()),
    ("entries of others", issued(revoked=[1, 2**159], entry_extra=[REASON])),
    ("further extensions", issued(revoked=[1], extra=[("1.2.3.4", False, b"x")],
                                  entry_extra=[("1.2.3.5", False, b"x")])),
    ("from now on", issued(start=NOW)),
    ("until now", issued(end=NOW)),
    ("no list", issued(revoked=[])),
    ("PEM", lambda m, issuer: make_crl(m, issuer).public_bytes(PEM)),
    ("PEM and NUL", lambda m, issuer: make_crl(m, issuer).public_bytes(PEM) + b"\0"),
    ("hex", lambda m, issuer: in_hex(m, issuer)),
    ("hex and NUL", lambda m, issuer: in_hex(m, issuer) + b"\0"),
    ("upper-case hex", lambda m, issuer: in_hex(m, issuer).upper()),
    ("hex and line feed", lambda m, issuer: in_hex(m, issuer) + b"\n"),
]


@pytest.mark.parametrize("file", LISTS)
@pytest.mark.parametrize("kind,change", RIGHT, ids=[row[0] for row in RIGHT])
def test_what_may_vary_in_crls(machine, file, kind, change):
    install(machine, file, change(machine, LISTS[file]))
    machine.assert_accepted()


def test_each_crl_in_the_others_place(machine):
    root, pck = (machine.collateral / name for name in LISTS)
    lists = root.read_bytes(), pck.read_bytes()
    pck.write_bytes(lists[0])
    machine.assert_refused('PCK CRL: it was not issued by "Intel SGX PCK Platform CA"')
    root.write_bytes(lists[1])
    machine.assert_refused('root CRL: it was not issued by "Intel SGX Root CA"')
