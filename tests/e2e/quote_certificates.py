# SPDX-License-Identifier: Apache-2.0
"""Certificates, CRLs and raw signatures, judged by their rules for quote_verifier.py.

It shares no code with the C sources. Everything raises Refused with the reason.
"""

import base64
import re

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import ExtensionOID, NameOID
from quote_formats import SGX_EXTENSION, Refused, oid, require, tlvs

ROOT, PCK, TCB_SIGNING = "Intel SGX Root CA", "Intel SGX PCK Certificate", "Intel SGX TCB Signing"
PCK_CAS = ("Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA")
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2"
STANDARD_EXTENSIONS = [
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.BASIC_CONSTRAINTS,
]


# Signatures


def verify_raw(public_key, signature, data, what):
    require(len(signature) == 64, f"{what}: a raw signature has 64 bytes")
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    require(0 < r < ORDER and 0 < s < ORDER, f"signature of {what}: range")
    try:
        public_key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused(f"signature of {what}") from None


def point(raw):
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + raw)
    except ValueError:
        raise Refused("attestation key is not on the curve") from None


def raw_key(cert):
    form = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return cert.public_key().public_bytes(*form)


def check_algorithm(signed, inner, number, what):
    """ecdsa-with-SHA256, beside the signature and as element `number` of what is signed."""
    ((_, content),) = tlvs(inner)
    ((tag, name),) = tlvs(list(tlvs(content))[number][1])
    require(signed.signature_algorithm_oid.dotted_string == ECDSA_WITH_SHA256 and tag == 6 and
            oid(name) == ECDSA_WITH_SHA256, f"{what}: ecdsa-with-SHA256")


# Certificates


def common_name(name):
    return name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def full_name(name):
    """The DER of Intel's names, which differ in the common name alone."""
    parts = [(NameOID.COMMON_NAME, name), (NameOID.ORGANIZATION_NAME, "Intel Corporation"),
             (NameOID.LOCALITY_NAME, "Santa Clara"), (NameOID.STATE_OR_PROVINCE_NAME, "CA"),
             (NameOID.COUNTRY_NAME, "US")]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts]).public_bytes()


def check_form(cert, is_ca):
    """What a certificate must have whoever issued it."""
    name = common_name(cert.subject)
    require(cert.version == x509.Version.v3, f"{name}: version")
    require(cert.serial_number >= 0, f"{name}: serial number")
    check_algorithm(cert, cert.tbs_certificate_bytes, 2, name)
    key = cert.public_key()
    require(isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1),
            f"{name}: key on P-256")
    require(set(STANDARD_EXTENSIONS) <= {e.oid for e in cert.extensions}, f"{name}: extensions")
    understood = {ExtensionOID.KEY_USAGE, ExtensionOID.BASIC_CONSTRAINTS}
    require({e.oid for e in cert.extensions if e.critical} <= understood,
            f"{name}: critical extensions")
    get = cert.extensions.get_extension_for_class
    constraints, usage = get(x509.BasicConstraints).value, get(x509.KeyUsage).value
    require(constraints.ca == is_ca, f"{name}: basic constraints")
    require(name == ROOT or constraints.path_length in (None, 0), f"{name}: path length")
    if is_ca:
        require(usage.key_cert_sign and usage.crl_sign, f"{name}: key usage of a CA")
    else:
        require(usage.digital_signature, f"{name}: key usage of a leaf")


def check_issued(cert, issuer, now, is_ca):
    name = common_name(cert.subject)
    check_form(cert, is_ca)
    require(cert.issuer.public_bytes() == issuer.subject.public_bytes(), f"{name}: issuer")
    try:
        issuer.public_key().verify(cert.signature, cert.tbs_certificate_bytes,
                                   ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused(f"{name}: signature") from None
    require(cert.not_valid_before <= now <= cert.not_valid_after, f"{name}: validity")


def check_key_identifier(issued, issuer, name):
    """Of a certificate or a CRL."""
    get = issued.extensions.get_extension_for_class
    own = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    require(get(x509.AuthorityKeyIdentifier).value.key_identifier == own,
            f"{name}: authority key identifier")


def split_chain(pem):
    pem = pem.removesuffix(b"\0")
    end = b"-----END CERTIFICATE-----"
    blocks = pem.split(end)
    require(not blocks[-1].strip(), "nothing behind the chain")
    begin = b"-----BEGIN CERTIFICATE-----"
    require(all(block.strip().startswith(begin) for block in blocks[:-1]), "nothing in between")
    bodies = [base64.b64decode(b"".join(block.strip()[len(begin):].split()), validate=True)
              for block in blocks[:-1]]
    try:
        return [x509.load_der_x509_certificate(der) for der in bodies]
    except ValueError as error:
        raise Refused(f"certificate: {error}") from None


def by_name(certificates, *names):
    """The certificates of these names, which must be all that there are."""
    found = {c.subject.public_bytes(): c for c in certificates}
    wanted = [full_name(name) for name in names]
    require(len(certificates) == len(names) and set(found) == set(wanted), "roles in the chain")
    return [found[name] for name in wanted]


def check_root(cert, trusted):
    """Editions of the root differ; its name and key are what is trusted."""
    check_form(cert, True)
    require(cert.issuer == cert.subject == trusted.subject and raw_key(cert) == raw_key(trusted),
            "root of the chain is the trusted one")


def sgx_extension_of(cert):
    return cert.extensions.get_extension_for_oid(x509.ObjectIdentifier(SGX_EXTENSION)).value.value


# CRLs


def read_crl(data):
    """In DER, PEM or hex."""
    text = data.removesuffix(b"\0").strip()
    if text.startswith(b"-----BEGIN"):
        require(text.count(b"-----BEGIN") == 1 and text.endswith(b"-----END X509 CRL-----"),
                "one CRL alone")
        return x509.load_pem_x509_crl(text + b"\n")
    is_hex = re.fullmatch(rb"([0-9A-Fa-f]{2})+", text)
    return x509.load_der_x509_crl(bytes.fromhex(text.decode()) if is_hex else data)


def check_crl(crl, issuer, now):
    name = f"CRL of {common_name(crl.issuer)}"
    require(crl.issuer.public_bytes() == issuer.subject.public_bytes(), f"{name}: issuer")
    check_algorithm(crl, crl.tbs_certlist_bytes, 1, name)
    require(crl.is_signature_valid(issuer.public_key()), f"{name}: signature")
    require(crl.last_update <= now <= crl.next_update, f"{name}: validity")
    found = {e.oid for e in crl.extensions}
    require({ExtensionOID.CRL_NUMBER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER} <= found,
            f"{name}: extensions")
    check_key_identifier(crl, issuer, name)
    entries = [e for entry in crl for e in entry.extensions]
    require(not any(e.critical for e in [*crl.extensions, *entries]), f"{name}: critical")
    require(not {ExtensionOID.DELTA_CRL_INDICATOR, ExtensionOID.ISSUING_DISTRIBUTION_POINT} & found,
            f"{name}: delta or indirect")


def check_not_revoked(crl, cert):
    require(crl.get_revoked_certificate_by_serial_number(cert.serial_number) is None,
            f"{common_name(cert.subject)} is revoked")
