# SPDX-License-Identifier: Apache-2.0
"""Signatures of certificates and CRLs have one encoding for each pair of numbers, and both numbers
are in their range: by both verifiers."""

import pytest
from cryptography import x509

from quote_certificates import ORDER
from quote_issuer import ISSUERS, der, in_order, integer, sign_der
from quote_machine import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from quote_machine import DOCUMENTS

CHAIN = ["pck", "platform_ca", "root_ca"]
CRLS = {"root_ca.crl": "root_ca", "pck.crl": "platform_ca"}
PARTS = ["pck", "platform_ca", "tcb_signing", *CRLS]


def sign(machine, part, form):
    """The part again with a signature of this form."""
    if part in CRLS:
        path = machine.collateral / part
        content = x509.load_der_x509_crl(path.read_bytes()).tbs_certlist_bytes
        path.write_bytes(sign_der(content, machine.key(CRLS[part]), form=form))
        return
    content = machine.cert(part).tbs_certificate_bytes
    cert = sign_der(content, machine.key(ISSUERS[part]), form=form)
    if part == "tcb_signing":
        for file in DOCUMENTS:
            machine.set_signers(file, cert, machine.cert("root_ca"))
    else:
        machine.set_chain(*[cert if role == part else machine.cert(role) for role in CHAIN])


def padded(number):
    return der(2, b"\0" + number.to_bytes(number.bit_length() // 8 + 1, "big"))


UNSIGNED = ' is not signed by the key of "'
MALFORMED = {False: "not an X.509 certificate", True: "neither PEM, DER nor hex of a CRL"}
WRONG = [
    ("r is 0", lambda r, s: in_order(0, s)), ("s is 0", lambda r, s: in_order(r, 0)),
    ("r is the order", lambda r, s: in_order(ORDER, s)),
    ("s is the order", lambda r, s: in_order(r, ORDER)),
    ("r and the order", lambda r, s: in_order(r + ORDER, s)),
    ("s and the order", lambda r, s: in_order(r, s + ORDER)),
    ("r is negative", lambda r, s: b"\0" + der(0x30, der(2, b"\xff" + bytes(31)), integer(s))),
    ("s without its zero in front", lambda r, s: b"\0" + der(
        0x30, integer(r), der(2, max(s, ORDER - s).to_bytes(32, "big")))),
    ("large r", lambda r, s: in_order(r + 2**264, s)),
    ("exchanged", lambda r, s: in_order(s, r)),
    ("r padded", lambda r, s: b"\0" + der(0x30, padded(r), integer(s))),
    ("s padded", lambda r, s: b"\0" + der(0x30, integer(r), padded(s))),
    ("r of no bytes", lambda r, s: b"\0" + der(0x30, der(2), integer(s))),
    ("r as bytes", lambda r, s: b"\0" + der(0x30, der(4, integer(r)[2:]), integer(s))),
    ("s missing", lambda r, s: b"\0" + der(0x30, integer(r))),
    ("a third number", lambda r, s: b"\0" + der(0x30, integer(r), integer(s), integer(s))),
    ("something behind", lambda r, s: in_order(r, s) + b"\0"),
    ("long form of the length", lambda r, s: b"\0\x30\x81" + in_order(r, s)[2:]),
    ("a SET", lambda r, s: b"\0" + der(0x31, integer(r), integer(s))),
    ("raw", lambda r, s: b"\0" + r.to_bytes(32, "big") + s.to_bytes(32, "big")),
    ("nothing", lambda r, s: b"\0"),
]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("kind,form", WRONG, ids=[row[0] for row in WRONG])
def test_signature_that_is_none(enclave, part, kind, form):
    sign(enclave, part, form)
    enclave.assert_refused(UNSIGNED.strip() if part in CRLS else UNSIGNED)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("form", [
    lambda r, s: b"\1" + in_order(r, s)[1:-1] + b"\0", lambda r, s: b"",
], ids=["unused bits", "no bits"])
def test_bit_string_of_a_signature(enclave, part, form):
    sign(enclave, part, form)
    enclave.assert_refused(MALFORMED[part in CRLS])


@pytest.mark.parametrize("part", PARTS)
def test_both_forms_of_a_signature(enclave, part):
    """Neither of s and n - s is preferred."""
    for form in (in_order, lambda r, s: in_order(r, ORDER - s)):
        sign(enclave, part, form)
        enclave.assert_accepted()
