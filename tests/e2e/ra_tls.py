# SPDX-License-Identifier: Apache-2.0
"""Certificates with quotes as Gramine's ra-tls has them, written from the formats: the bare quote in
one extension, evidence in CBOR in the other. It shares no code with the C sources."""

import datetime
import hashlib
import socket
import ssl
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

QUOTE_OID = x509.ObjectIdentifier("1.2.840.113741.1337.6")
EVIDENCE_OID = x509.ObjectIdentifier("2.23.133.5.4.9")
HASHES = {"sha256": 1, "sha384": 7, "sha512": 8}  # IANA's numbers
QUOTE_TAG = 60000
UINT, BYTES, TEXT, ARRAY, MAP, TAG = 0, 2, 3, 4, 5, 6


def head(kind, value):
    """The first bytes of an item of CBOR, in the shortest form."""
    if value < 24:
        return bytes([kind << 5 | value])
    form = next(form for form in range(4) if value < 1 << (8 << form))
    return bytes([kind << 5 | 24 + form]) + value.to_bytes(1 << form, "big")


def byte_string(content):
    return head(BYTES, len(content)) + content


def text_string(content):
    return head(TEXT, len(content)) + content.encode()


def decode(data):
    """One item of CBOR that fills `data`; a tag becomes a pair of its number and the item."""
    value, rest = decode_some(data)
    assert not rest
    return value


def decode_some(data):
    kind, form = data[0] >> 5, data[0] & 31
    assert form < 28, "no length"
    size = 1 << form - 24 if form > 23 else 0
    value = int.from_bytes(data[1:1 + size], "big") if size else form
    assert data[:1 + size] == head(kind, value), "not in the shortest form"
    rest = data[1 + size:]
    if kind == UINT:
        return value, rest
    if kind in (BYTES, TEXT):
        assert len(rest) >= value
        content = rest[:value]
        return content if kind == BYTES else content.decode(), rest[value:]
    items = []
    for _ in range({ARRAY: value, MAP: 2 * value, TAG: 1}[kind]):
        item, rest = decode_some(rest)
        items.append(item)
    if kind == MAP:
        return dict(zip(items[::2], items[1::2])), rest
    return (items if kind == ARRAY else (value, items[0])), rest


def spki(owner):
    """SubjectPublicKeyInfo of a private key or a certificate."""
    return owner.public_key().public_bytes(serialization.Encoding.DER,
                                           serialization.PublicFormat.SubjectPublicKeyInfo)


def key_hash(owner):
    return hashlib.sha256(spki(owner)).digest()


def hash_entry(owner, algorithm="sha256"):
    digest = hashlib.new(algorithm, spki(owner)).digest()
    return head(ARRAY, 2) + head(UINT, HASHES[algorithm]) + byte_string(digest)


def claims_of(*pairs):
    """A map of texts to byte strings, in this order."""
    return head(MAP, len(pairs)) + b"".join(text_string(name) + byte_string(value)
                                            for name, value in pairs)


def key_claims(owner, algorithm="sha256"):
    return claims_of(("pubkey-hash", hash_entry(owner, algorithm)))


def evidence_of(quote, claims, tag=QUOTE_TAG):
    return head(TAG, tag) + head(ARRAY, 2) + byte_string(quote) + byte_string(claims)


def extension(certificate, oid):
    return certificate.extensions.get_extension_for_oid(oid)


def quote_in(certificate):
    return extension(certificate, QUOTE_OID).value.value


def evidence_in(certificate):
    """Quote and claims, the claims as they are signed."""
    tag, (quote, claims) = decode(extension(certificate, EVIDENCE_OID).value.value)
    assert tag == QUOTE_TAG
    return quote, claims


def mesh_certificate(address):
    host, _, port = address.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection((host, int(port)), timeout=20) as plain:
        with context.wrap_socket(plain) as connection:
            return x509.load_der_x509_certificate(connection.getpeercert(True))


def bare(report):
    """A quote without the Open Enclave header."""
    return report[16:]


@dataclass
class Shown:
    """What a server shows: certificate and key, as PEM."""

    cert: bytes
    key: bytes


def show(certificate, key):
    return Shown(certificate.public_bytes(serialization.Encoding.PEM),
                 key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                   serialization.NoEncryption()))


def certificate_with(key, extensions):
    """A self-signed certificate with these extensions, by OID."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "MarbleRun Coordinator")])
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
               .public_key(key.public_key()).serial_number(1)
               .not_valid_before(now - datetime.timedelta(days=1))
               .not_valid_after(now + datetime.timedelta(days=1)))
    for oid, value in extensions.items():
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), False)
    return builder.sign(key, hashes.SHA256())


def new_key():
    return ec.generate_private_key(ec.SECP384R1())
