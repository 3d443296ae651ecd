# SPDX-License-Identifier: Apache-2.0
"""Every field of PCK certificate, PCK CA and TCB signing certificate is made wrong in turn and
signed again by who has to: each is refused for that field, by both verifiers. Serial number, subject key
identifier and distribution points have no wrong value but that of a revoked certificate."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtensionOID, NameOID

from quote_certificates import PRIME, sgx_extension_of
from quote_formats import tlvs
from quote_issuer import (
    ECDSA_SHA256, ECDSA_SHA384, ISSUERS, der, issue, named, patch, rebuild, sign_der)
from quote_machine import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from quote_machine import DAY, DOCUMENTS, NOW, SGX_EXTENSION, pem

ROLES = ["pck", "platform_ca", "tcb_signing"]
NAMES = {"pck": "Intel SGX PCK Certificate", "platform_ca": "Intel SGX PCK Platform CA",
         "tcb_signing": "Intel SGX TCB Signing", "root_ca": "Intel SGX Root CA"}
CHAIN = ["pck", "platform_ca", "root_ca"]


def install(machine, role, cert):
    if role == "tcb_signing":
        for file in DOCUMENTS:
            machine.set_signers(file, cert, machine.cert("root_ca"))
    else:
        machine.set_chain(*[cert if name == role else machine.cert(name) for name in CHAIN])


def usage(**given):
    off = dict.fromkeys(["digital_signature", "content_commitment", "key_encipherment",
                         "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
                         "encipher_only", "decipher_only"], False)
    return {ExtensionOID.KEY_USAGE: x509.KeyUsage(**{**off, **given})}


def constraints(is_ca, length=None):
    return {ExtensionOID.BASIC_CONSTRAINTS: x509.BasicConstraints(is_ca, length)}


def issued(**given):
    return lambda machine, role: issue(machine, role, **given)


def replaced(old, new):
    return lambda machine, role: patch(machine, machine.cert(role), role, bytes.fromhex(old),
                                       bytes.fromhex(new))


def changed_name(change):
    """Another subject, changed by a function of its list of attributes."""
    def make(machine, role):
        return issue(machine, role, subject=x509.Name(change(list(machine.cert(role).subject))))
    return make


def bad_serial(machine, role):
    """Its highest bit set, which makes it negative."""
    cert = issue(machine, role, serial=0x1234)
    return patch(machine, cert, role, b"\x02\x02\x12\x34", b"\x02\x02\x92\x34")


def bad_signature(machine, role):
    data = bytearray(machine.cert(role).public_bytes(serialization.Encoding.DER))
    data[-1] ^= 1
    return bytes(data)


def algorithm_outside(machine, role):
    return sign_der(machine.cert(role).tbs_certificate_bytes, machine.key(ISSUERS[role]),
                    ECDSA_SHA384)


def algorithm_inside(machine, role):
    return patch(machine, machine.cert(role), role, ECDSA_SHA256, ECDSA_SHA384)


def twice(oid):
    """With an extension more, whose OID becomes one that is there."""
    def make(machine, role):
        cert = issue(machine, role, extra=[("2.5.29.99", False, b"\5\0")])
        return patch(machine, cert, role, bytes.fromhex("0603551d63"), bytes.fromhex(oid))
    return make


def rebuilt(number, change):
    """With a field of what is signed made anew: 4 are the dates, 7 the extensions."""
    return lambda machine, role: sign_der(
        rebuild(machine.cert(role).tbs_certificate_bytes, number, change),
        machine.key(ISSUERS[role]))


def raw_constraints(text):
    oid = ExtensionOID.BASIC_CONSTRAINTS
    return {oid: x509.UnrecognizedExtension(oid, bytes.fromhex(text))}


def something_behind(machine, role):
    return machine.cert(role).public_bytes(serialization.Encoding.DER) + b"\0"


def something_behind_the_signature(machine, role):
    ((_, content),) = tlvs(machine.cert(role).public_bytes(serialization.Encoding.DER))
    return der(0x30, content, der(5))


SUBJECT = "has a subject that is not one of"
SHA256 = "signed by ecdsa-with-SHA256"
COMMON = [
    ("version", replaced("a003020102", "a003020101"), "not an X.509 certificate of version 3"),
    ("negative serial number", bad_serial, "not an X.509 certificate"),
    ("algorithm SHA-384", issued(digest=hashes.SHA384()), SHA256),
    ("algorithm of the signed part", algorithm_inside, SHA256),
    ("algorithm beside the signature", algorithm_outside, SHA256),
    ("issuer", lambda m, role: issue(m, role, issuer=m.cert("pck").subject),
     'does not name "{issuer}" as its issuer'),
    ("not before", issued(start=NOW + DAY), "{name} is not valid before 2025-06-16"),
    ("not after", issued(start=NOW - 2 * DAY, end=NOW - DAY), "{name} expired at 2025-06-14"),
    ("a third date", rebuilt(4, lambda tag, content: der(tag, content, content[:15])),
     "not an X.509 certificate"),
    ("common name", lambda m, role: issue(m, role, subject=named(
        m.cert(role).subject, NAMES[role] + " 2")), SUBJECT),
    ("organization", changed_name(lambda parts: [
        x509.NameAttribute(a.oid, "Intel Corporatiom") if a.oid == NameOID.ORGANIZATION_NAME
        else a for a in parts]), SUBJECT),
    ("no country", changed_name(lambda parts: parts[:-1]), SUBJECT),
    ("order of the name", changed_name(lambda parts: parts[::-1]), SUBJECT),
    ("key on P-384", issued(public_key=ec.generate_private_key(ec.SECP384R1()).public_key()),
     '"{name}": has a key that is not on P-256'),
    ("key of RSA", issued(public_key=rsa.generate_private_key(65537, 2048).public_key()),
     '"{name}": has a key that is not on P-256'),
    ("curve of the key", replaced("06082a8648ce3d030107", "06082a8648ce3d030106"),
     '"{name}": has a key that is not on P-256'),
    ("no key usage", issued(without=ExtensionOID.KEY_USAGE), 'lacks the extension "key usage"'),
    ("key usage", issued(values=usage(key_agreement=True)), '"{name}": has the wrong key usage'),
    ("no basic constraints", issued(without=ExtensionOID.BASIC_CONSTRAINTS),
     'lacks the extension "basic constraints"'),
    ("no key identifier", issued(without=ExtensionOID.SUBJECT_KEY_IDENTIFIER),
     'lacks the extension "subject key identifier"'),
    ("issuer's key identifier", issued(values={ExtensionOID.AUTHORITY_KEY_IDENTIFIER:
                                               x509.AuthorityKeyIdentifier(b"x" * 20, None, None)}),
     '"{name}" does not name the key of "{issuer}" (authority key identifier)'),
    ("no issuer's key identifier", issued(without=ExtensionOID.AUTHORITY_KEY_IDENTIFIER),
     'lacks the extension "authority key identifier"'),
    ("no distribution points", issued(without=ExtensionOID.CRL_DISTRIBUTION_POINTS),
     'lacks the extension "CRL distribution points"'),
    ("unknown critical extension", issued(extra=[("1.2.3.4", True, b"\5\0")]),
     '"{name}": has a critical extension that is not understood'),
    ("an extension twice", twice("0603551d1f"), '"{name}": has an extension twice'),
    ("signature", bad_signature, '"{name}" is not signed by the key of "{issuer}"'),
    ("signer", issued(key="attestation"), '"{name}" is not signed by the key of "{issuer}"'),
    ("a field behind the extensions", rebuilt(7, lambda tag, content: der(tag, content) * 2),
     '"{name}": has fields behind its extensions'),
    ("something behind the signature", something_behind_the_signature,
     "not an X.509 certificate"),
    ("something behind it", something_behind, "not an X.509 certificate"),
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("field,change,reason", COMMON, ids=[row[0] for row in COMMON])
def test_field_of_a_certificate(enclave, role, field, change, reason):
    install(enclave, role, change(enclave, role))
    enclave.assert_refused(reason.format(name=NAMES[role], issuer=NAMES[ISSUERS[role]]))


def other_key():
    return ec.generate_private_key(ec.SECP256R1()).public_key()


def critical_sgx_extension(machine, role):
    value = sgx_extension_of(machine.cert(role))
    return issue(machine, role, without=SGX_EXTENSION,
                 extra=[(SGX_EXTENSION.dotted_string, True, value)])


OWN = [
    ("pck", "another key", issued(public_key=other_key()),
     "the report of the Quoting Enclave is not signed by the PCK key"),
    ("platform_ca", "another key", issued(public_key=other_key()),
     '"Intel SGX PCK Certificate" is not signed by the key of "Intel SGX PCK Platform CA"'),
    ("tcb_signing", "another key", issued(public_key=other_key()),
     "TCB info: its signature is not by the key"),
    ("pck", "a CA", issued(values=constraints(True)), "it must not be a CA"),
    ("platform_ca", "no CA", issued(values=constraints(False)), "it must be a CA"),
    ("tcb_signing", "a CA", issued(values=constraints(True)), "it must not be a CA"),
    ("pck", "path length", issued(values=raw_constraints("3003020100")), "it must not be a CA"),
    ("pck", "path length of no CA", issued(values=raw_constraints("3006010100020100")),
     "it must not be a CA"),
    ("tcb_signing", "path length", issued(values=raw_constraints("3006010100020100")),
     "it must not be a CA"),
    ("platform_ca", "path length", issued(values=constraints(True, 1)),
     "without further CAs below it"),
    ("platform_ca", "signs no CRLs", issued(values=usage(key_cert_sign=True)),
     "has the wrong key usage"),
    ("platform_ca", "signs no certificates", issued(values=usage(crl_sign=True)),
     "has the wrong key usage"),
    ("platform_ca", "name of the other CA", lambda m, role: issue(m, role, subject=named(
        m.cert(role).subject, "Intel SGX PCK Processor CA")),
     'does not name "Intel SGX PCK Processor CA" as its issuer'),
    ("pck", "no SGX extension", issued(without=SGX_EXTENSION), "SGX extension: missing"),
    ("pck", "critical SGX extension", critical_sgx_extension,
     "has a critical extension that is not understood"),
]


@pytest.mark.parametrize("role,field,change,reason", OWN, ids=[f"{r[0]}-{r[1]}" for r in OWN])
def test_what_only_one_certificate_has(enclave, role, field, change, reason):
    install(enclave, role, change(enclave, role))
    enclave.assert_refused(reason)


@pytest.mark.parametrize("role", ROLES + ["root_ca"])
def test_what_is_issued_again_is_as_good(enclave, role):
    install(enclave, role, issue(enclave, role, serial=0xABCDEF, extra=[("1.2.3.4", False, b"x")]))
    enclave.assert_accepted()


def test_a_path_length_may_be_left_out(enclave):
    install(enclave, "platform_ca", issue(enclave, "platform_ca", values=constraints(True)))
    enclave.assert_accepted()


@pytest.mark.parametrize("file", DOCUMENTS)
@pytest.mark.parametrize("field,change,reason", COMMON, ids=[row[0] for row in COMMON])
def test_each_document_needs_a_good_signer(enclave, file, field, change, reason):
    enclave.set_signers(file, change(enclave, "tcb_signing"), enclave.cert("root_ca"))
    enclave.assert_refused(reason.format(name=NAMES["tcb_signing"], issuer=NAMES["root_ca"]))


# The root in a chain: any edition of the trusted one.

def edition(**given):
    return lambda machine: issue(machine, "root_ca", **given)


EDITIONS = [
    ("older", edition(start=NOW - 900 * DAY, end=NOW - DAY)),
    ("path length 0", edition(values=constraints(True, 0))),
    ("no path length", edition(values=constraints(True))),
    ("not signed by itself", edition(key="platform_ca")),
]
def mirrored(machine):
    """The other point with the same X."""
    x, y = (getattr(machine.cert("root_ca").public_key().public_numbers(), n) for n in "xy")
    return ec.EllipticCurvePublicNumbers(x, PRIME - y, ec.SECP256R1()).public_key()


BAD_ROOTS = [
    ("half of the key", lambda m: issue(m, "root_ca", public_key=mirrored(m)),
     "its root is not the simulated one"),
    ("another key", edition(public_key=other_key()), "its root is not the simulated one"),
    ("another issuer", lambda m: issue(m, "root_ca", issuer=m.cert("pck").subject),
     "its root was not issued by itself"),
    ("no CA", edition(values=constraints(False)), "it must be a CA"),
    ("no key usage", edition(without=ExtensionOID.KEY_USAGE), "lacks the extension"),
    ("SHA-384", edition(digest=hashes.SHA384()), SHA256),
]


def put_root(machine, place, root):
    if place == "quote":
        install(machine, "root_ca", root)
    else:
        machine.set_signers(place, machine.cert("tcb_signing"), root)


@pytest.mark.parametrize("place", ["quote", *DOCUMENTS])
@pytest.mark.parametrize("kind,make", EDITIONS, ids=[row[0] for row in EDITIONS])
def test_any_edition_of_the_root_will_do(enclave, place, kind, make):
    put_root(enclave, place, make(enclave))
    enclave.assert_accepted()


@pytest.mark.parametrize("place", ["quote", *DOCUMENTS])
@pytest.mark.parametrize("kind,make,reason", BAD_ROOTS, ids=[row[0] for row in BAD_ROOTS])
def test_another_root_will_not(enclave, place, kind, make, reason):
    put_root(enclave, place, make(enclave))
    enclave.assert_refused(reason)


# Chains

WRONG_PARTS = "it is not made of one PCK certificate, one PCK CA and one root"
PCK_CHAINS = [
    ("without root", "pck platform_ca", WRONG_PARTS),
    ("without CA", "pck root_ca", WRONG_PARTS),
    ("without leaf", "platform_ca root_ca", WRONG_PARTS),
    ("leaf twice", "pck pck root_ca", WRONG_PARTS),
    ("two leaves and no root", "pck platform_ca pck", WRONG_PARTS),
    ("two roots", "pck root_ca root_ca", WRONG_PARTS),
    ("TCB signer as CA", "pck tcb_signing root_ca", WRONG_PARTS),
    ("TCB signer as leaf", "tcb_signing platform_ca root_ca", WRONG_PARTS),
    ("a fourth, the root", "pck platform_ca root_ca root_ca", "more than 3 certificates"),
    ("a fourth, the leaf", "pck platform_ca root_ca pck", "more than 3 certificates"),
    ("nothing", "", "no certificate in it"),
]
WRONG_SIGNERS = "it is not made of one TCB signing certificate and one root"
SIGNER_CHAINS = [
    ("without root", "tcb_signing", WRONG_SIGNERS),
    ("without signer", "root_ca", WRONG_SIGNERS),
    ("signer twice", "tcb_signing tcb_signing", WRONG_SIGNERS),
    ("two roots", "tcb_signing root_ca root_ca", WRONG_SIGNERS),
    ("PCK CA as signer", "platform_ca root_ca", WRONG_SIGNERS),
    ("PCK as signer", "pck root_ca", WRONG_SIGNERS),
    ("PCK CA below", "tcb_signing platform_ca root_ca", WRONG_SIGNERS),
    ("four", "tcb_signing root_ca platform_ca pck", "more than 3 certificates"),
    ("nothing", "", "no certificate in it"),
]


@pytest.mark.parametrize("kind,roles,reason", PCK_CHAINS, ids=[row[0] for row in PCK_CHAINS])
def test_chain_of_other_certificates(machine, kind, roles, reason):
    machine.set_chain(*map(machine.cert, roles.split()))
    machine.assert_refused(reason)


@pytest.mark.parametrize("file", DOCUMENTS)
@pytest.mark.parametrize("kind,roles,reason", SIGNER_CHAINS, ids=[row[0] for row in SIGNER_CHAINS])
def test_issuer_chain_of_other_certificates(enclave, file, kind, roles, reason):
    enclave.set_signers(file, *map(enclave.cert, roles.split()))
    enclave.assert_refused(reason)


@pytest.mark.parametrize("roles", ["root_ca platform_ca pck", "pck root_ca platform_ca",
                                   "platform_ca pck root_ca"])
def test_order_in_a_chain_does_not_matter(enclave, roles):
    enclave.set_chain(*map(enclave.cert, roles.split()))
    for file in DOCUMENTS:
        enclave.set_signers(file, enclave.cert("root_ca"), enclave.cert("tcb_signing"))
    enclave.assert_accepted()


FOREIGN = "text outside of the PEM blocks"
TEXTS = [
    ("a line feed and NUL", lambda c: b"".join(c) + b"\0", None),
    ("no NUL", b"".join, None),
    ("no line feed at the end", lambda c: b"".join(c).rstrip(), None),
    ("no line feed between", lambda c: b"".join(block.rstrip() for block in c), None),
    ("carriage returns", lambda c: b"".join(c).replace(b"\n", b"\r\n"), None),
    ("blank lines", b"\n \n".join, None),
    ("two NULs", lambda c: b"".join(c) + b"\0\0", FOREIGN),
    ("NUL between", b"\0".join, FOREIGN),
    ("text in front", lambda c: b"x" + b"".join(c), FOREIGN),
    ("text between", b"x\n".join, FOREIGN),
    ("text behind", lambda c: b"".join(c) + b"x", FOREIGN),
    ("another block", lambda c: b"".join(c).replace(b"CERTIFICATE", b"CERTIFICATF"),
     "PEM block"),
    ("no end", lambda c: b"".join(c)[:-20], "without its end"),
    ("no base64", lambda c: b"".join(c).replace(b"\nMII", b"\nM*I", 1), "is not base64"),
]


@pytest.mark.parametrize("kind,join,reason", TEXTS, ids=[row[0] for row in TEXTS])
def test_text_around_the_certificates(enclave, kind, join, reason):
    enclave.set_certification(join([pem(enclave.cert(role)) for role in CHAIN]))
    if reason:
        enclave.assert_refused(reason)
    else:
        enclave.assert_accepted()


@pytest.mark.parametrize("width", [60, 64, 76])
def test_lines_of_any_width(enclave, width):
    blocks = []
    for role in CHAIN:
        first, *lines, last = pem(enclave.cert(role)).decode().split("\n")[:-1]
        text = "".join(lines)
        blocks += [first, *(text[at:at + width] for at in range(0, len(text), width)), last]
    enclave.set_certification("\n".join(blocks).encode())
    enclave.assert_accepted()
