# SPDX-License-Identifier: Apache-2.0
"""Certificates and CRLs of a simulated platform issued again, right or wrong as a test asks for."""

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID
from quote_formats import tlvs

ISSUERS = {"pck": "platform_ca", "platform_ca": "root_ca", "tcb_signing": "root_ca",
           "root_ca": "root_ca"}
ECDSA_SHA256, ECDSA_SHA384 = bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex(
    "06082a8648ce3d040303")


def named(name, common_name):
    return x509.Name([x509.NameAttribute(a.oid, common_name) if a.oid == NameOID.COMMON_NAME else a
                      for a in name])


def issue(machine, role, subject=None, issuer=None, key=None, public_key=None, start=None, end=None,
          serial=None, without=None, values=None, extra=(), digest=None):
    """The certificate of the role again. `values` are other values of extensions, by OID; `extra`
    are further (OID, critical, bytes)."""
    old = machine.cert(role)
    # the method of this name knows no serial numbers of 160 bits, which Intel's have
    builder = (x509.CertificateBuilder(serial_number=serial or old.serial_number)
               .subject_name(subject or old.subject).issuer_name(issuer or old.issuer)
               .public_key(public_key or old.public_key())
               .not_valid_before(start or old.not_valid_before)
               .not_valid_after(end or old.not_valid_after))
    for found in old.extensions:
        if found.oid != without:
            builder = builder.add_extension((values or {}).get(found.oid, found.value),
                                            found.critical)
    for oid, critical, value in extra:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value), critical)
    return builder.sign(machine.key(key or ISSUERS[role]), digest or hashes.SHA256())


def der(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    digits = size.to_bytes(2 if size > 0xFF else 1, "big")
    return bytes([tag, 0x80 + len(digits)]) + digits + content


def integer(number):
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def in_order(r, s):
    return b"\0" + der(0x30, integer(r), integer(s))


def sign_der(content, key, algorithm=ECDSA_SHA256, form=in_order):
    """Certificate or CRL around the content, signed again; `form` makes the content of the BIT
    STRING of the two halves of the signature."""
    halves = decode_dss_signature(key.sign(content, ec.ECDSA(hashes.SHA256())))
    return der(0x30, content, der(0x30, algorithm), der(3, form(*halves)))


def patch(machine, cert, role, old, new):
    """The certificate with bytes replaced where they occur first, signed again."""
    content = cert.tbs_certificate_bytes
    assert old in content and len(old) == len(new)
    return sign_der(content.replace(old, new, 1), machine.key(ISSUERS[role]))


def rebuild(content, number, change):
    """The SEQUENCE with its element `number` as `change` makes it of (tag, content)."""
    ((_, inner),) = tlvs(content)
    parts = list(tlvs(inner))
    return der(0x30, *[change(*part) if at == number else der(part[0], part[1])
                       for at, part in enumerate(parts)])


def without_element(content, number):
    return rebuild(content, number, lambda tag, value: b"")
