# SPDX-License-Identifier: Apache-2.0
"""A second opinion on quotes and collateral, written from the formats on python3-cryptography.

It shares no code with the C sources. Everything raises Refused with the reason.
"""

import datetime
import hashlib
import json
import struct
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import ExtensionOID, NameOID

INTEL_VENDOR = bytes.fromhex("939A7233F79C4CA9940A0DB3957F0607")
SGX_EXTENSION = "1.2.840.113741.1.13.1"
STANDARD_EXTENSIONS = [
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.BASIC_CONSTRAINTS,
]


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
class Quote:
    qe_svn: int
    pce_svn: int
    user_data: bytes
    report: Report
    signed_part: bytes
    signature: bytes
    attestation_key: bytes
    qe_report_part: bytes
    qe_report: Report
    qe_report_signature: bytes
    auth_data: bytes
    chain: bytes

    @classmethod
    def parse(cls, data):
        version, key_type, tee_type, qe_svn, pce_svn = struct.unpack("<HHIHH", data[:12])
        require((version, key_type, tee_type) == (3, 2, 0), "version 3, ECDSA P-256, SGX")
        require(data[12:28] == INTEL_VENDOR, "vendor is Intel")
        (size,) = struct.unpack("<I", data[432:436])
        rest = data[436:]
        require(len(rest) == size, "signature data fills the quote")
        (auth_size,) = struct.unpack("<H", rest[576:578])
        at = 578 + auth_size
        cert_type, cert_size = struct.unpack("<HI", rest[at:at + 6])
        require(cert_type == 5, "certification data is a PEM chain")
        require(len(rest) == at + 6 + cert_size, "certification data fills the signature data")
        return cls(qe_svn, pce_svn, data[28:48], Report.parse(data[48:432]), data[:432],
                   rest[:64], rest[64:128], rest[128:512], Report.parse(rest[128:512]),
                   rest[512:576], rest[578:at], rest[at + 6:])


def strip_header(report):
    version, kind, size = struct.unpack("<IIQ", report[:16])
    require((version, kind, size) == (1, 2, len(report) - 16), "Open Enclave report header")
    return report[16:]


def verify_raw(public_key, signature, data, what):
    require(len(signature) == 64, f"{what}: a raw signature has 64 bytes")
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        public_key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused(f"signature of {what}") from None


def point(raw):
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + raw)


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


@dataclass
class Platform:
    ppid: bytes
    components: list
    pce_svn: int
    fmspc: bytes
    pce_id: bytes
    type: int
    instance_id: bytes
    configuration: list

    @classmethod
    def parse(cls, der):
        ((tag, content),) = tlvs(der)
        require(tag == 0x30, "SGX extension: SEQUENCE")
        top = entries(content, SGX_EXTENSION)
        require(list(top) == [1, 2, 3, 4, 5, 6, 7], "SGX extension: entries 1 to 7 in order")
        require([tag for tag, _ in top.values()] == [4, 0x30, 4, 4, 0x0A, 4, 0x30],
                "SGX extension: types")
        tcb = entries(top[2][1], SGX_EXTENSION + ".2")
        require(list(tcb) == list(range(1, 19)), "SGX extension: 18 TCB entries in order")
        require([tag for tag, _ in tcb.values()] == [2] * 17 + [4], "SGX extension: TCB types")
        numbers = []
        for _, value in list(tcb.values())[:17]:
            require(len(value) == 1 or value[0] or value[1] & 0x80, "shortest integer")
            numbers.append(int.from_bytes(value, "big", signed=True))
        require(all(0 <= n <= 255 for n in numbers[:16]), "SVNs are bytes")
        require(tcb[18][1] == bytes(numbers[:16]), "CPUSVN is the components")
        configuration = entries(top[7][1], SGX_EXTENSION + ".7")
        require(all(value in (b"\xff", b"\x00") for _, value in configuration.values()),
                "BOOLEAN")
        sizes = [len(top[n][1]) for n in (1, 3, 4, 5, 6)]
        require(sizes == [16, 2, 6, 1, 16], "SGX extension: sizes")
        return cls(top[1][1], numbers[:16], numbers[16], top[4][1], top[3][1], top[5][1][0],
                   top[6][1], [value == b"\xff" for _, value in configuration.values()])


# Certificates and CRLs


def common_name(name):
    return name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def check_issued(cert, issuer, now, is_ca):
    name = common_name(cert.subject)
    require(cert.issuer.public_bytes() == issuer.subject.public_bytes(), f"{name}: issuer")
    require(cert.signature_algorithm_oid.dotted_string == "1.2.840.10045.4.3.2",
            f"{name}: ecdsa-with-SHA256")
    try:
        issuer.public_key().verify(cert.signature, cert.tbs_certificate_bytes,
                                   ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused(f"{name}: signature") from None
    require(cert.not_valid_before <= now <= cert.not_valid_after, f"{name}: validity")
    require([e.oid for e in cert.extensions][:5] == STANDARD_EXTENSIONS, f"{name}: extensions")
    get = cert.extensions.get_extension_for_class
    require(get(x509.BasicConstraints).value.ca == is_ca, f"{name}: basic constraints")
    usage = get(x509.KeyUsage).value
    require((usage.key_cert_sign and usage.crl_sign) == is_ca, f"{name}: key usage of a CA")
    require((usage.digital_signature and usage.content_commitment) != is_ca,
            f"{name}: key usage of a leaf")
    issuer_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    require(get(x509.AuthorityKeyIdentifier).value.key_identifier == issuer_id,
            f"{name}: authority key identifier")


def check_crl(crl, issuer, now):
    name = common_name(crl.issuer)
    require(crl.issuer.public_bytes() == issuer.subject.public_bytes(), f"CRL of {name}: issuer")
    require(crl.is_signature_valid(issuer.public_key()), f"CRL of {name}: signature")
    require(crl.last_update <= now <= crl.next_update, f"CRL of {name}: validity")
    require([e.oid for e in crl.extensions] ==
            [ExtensionOID.CRL_NUMBER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER],
            f"CRL of {name}: extensions")


def check_not_revoked(crl, cert):
    require(crl.get_revoked_certificate_by_serial_number(cert.serial_number) is None,
            f"{common_name(cert.subject)} is revoked")


def split_chain(pem):
    end = b"-----END CERTIFICATE-----\n"
    blocks = pem.split(end)
    require(blocks[-1] == b"", "nothing behind the chain")
    return [x509.load_pem_x509_certificate(block + end) for block in blocks[:-1]]


# Signed documents


def signed_value(text, name, signer):
    """The document under `name`, its signature checked over the bytes as they stand."""
    start = b'{"' + name.encode() + b'":'
    body, separator, tail = text[len(start):].rpartition(b',"signature":"')
    require(text.startswith(start) and separator, f"{name}: form of the document")
    require(len(tail) == 130 and tail.endswith(b'"}'), f"{name}: form of the signature")
    signature = tail[:128].decode()
    require(signature == signature.lower(), f"{name}: lower-case signature")
    verify_raw(signer.public_key(), bytes.fromhex(signature), body, name)
    document = json.loads(body)
    require(json.dumps(document, separators=(",", ":")).encode() == body, f"{name}: compact")
    return document


def check_dates(document, now):
    form = "%Y-%m-%dT%H:%M:%SZ"
    issued = datetime.datetime.strptime(document["issueDate"], form)
    following = datetime.datetime.strptime(document["nextUpdate"], form)
    require(issued <= now <= following, "date of a document")


def platform_level(tcb_info, platform):
    def svns(level):
        tcb = level["tcb"]
        components = [c["svn"] for c in tcb["sgxtcbcomponents"]]
        require(len(components) == 16, "16 components")
        return components + [tcb["pcesvn"]]

    levels = tcb_info["tcbLevels"]
    require([svns(level) for level in levels] ==
            sorted((svns(level) for level in levels), reverse=True), "levels are sorted")
    own = platform.components + [platform.pce_svn]
    for level in levels:
        if all(have >= needed for have, needed in zip(own, svns(level))):
            return level
    raise Refused("TCB level not supported")


def qe_level(identity, report):
    def masked(value, mask):
        return bytes(a & b for a, b in zip(value, bytes.fromhex(mask)))

    require(identity["id"] == "QE" and identity["version"] == 2, "QE identity version 2")
    attributes = struct.pack("<QQ", report.flags, report.xfrm)
    require(masked(report.misc_select, identity["miscselectMask"]) ==
            bytes.fromhex(identity["miscselect"]), "MISCSELECT of the QE")
    require(masked(attributes, identity["attributesMask"]) ==
            bytes.fromhex(identity["attributes"]), "ATTRIBUTES of the QE")
    require(report.mr_signer == bytes.fromhex(identity["mrsigner"]), "MRSIGNER of the QE")
    require(report.prod_id == identity["isvprodid"], "ISVPRODID of the QE")
    for level in identity["tcbLevels"]:
        if report.svn >= level["tcb"]["isvsvn"]:
            return level
    raise Refused("QE level not supported")


def converge(platform, qe):
    if "Revoked" in (platform, qe):
        return "Revoked"
    if qe == "UpToDate":
        return platform
    return "OutOfDateConfigurationNeeded" if "Configuration" in platform else "OutOfDate"


# All together


@dataclass
class Result:
    quote: Quote
    platform: Platform
    status: str
    advisories: list
    tcb_info: dict
    qe_identity: dict
    certificates: dict = field(default_factory=dict)


def verify(quote, collateral, trusted_root, now):
    """Verifies `quote` with the files in the folder `collateral` at the time `now` (naive UTC)."""
    quote = Quote.parse(quote)
    root = x509.load_pem_x509_certificate(trusted_root.read_bytes())
    require(quote.chain.endswith(b"\n\0"), "chain ends with LF and NUL")
    leaf, intermediate, quoted_root = split_chain(quote.chain[:-1])
    require(quoted_root == root, "root of the quote is the trusted one")
    names = [common_name(c.subject) for c in (leaf, intermediate, root)]
    require(names == ["Intel SGX PCK Certificate", "Intel SGX PCK Platform CA",
                      "Intel SGX Root CA"], "roles in the chain")
    check_issued(root, root, now, True)
    check_issued(intermediate, root, now, True)
    check_issued(leaf, intermediate, now, False)

    root_crl = x509.load_der_x509_crl((collateral / "root_ca.crl").read_bytes())
    pck_crl = x509.load_der_x509_crl((collateral / "pck.crl").read_bytes())
    check_crl(root_crl, root, now)
    check_crl(pck_crl, intermediate, now)
    require(split_chain((collateral / "pck_crl_issuer_chain.pem").read_bytes()) ==
            [intermediate, root], "issuer chain of the PCK CRL")
    check_not_revoked(root_crl, intermediate)
    check_not_revoked(pck_crl, leaf)

    documents = {}
    for file, name in (("tcb_info", "tcbInfo"), ("qe_identity", "enclaveIdentity")):
        signer, signer_root = split_chain((collateral / f"{file}_issuer_chain.pem").read_bytes())
        require(common_name(signer.subject) == "Intel SGX TCB Signing", "TCB signer")
        require(signer_root == root, "root of the TCB signer")
        check_issued(signer, root, now, False)
        check_not_revoked(root_crl, signer)
        documents[name] = signed_value((collateral / f"{file}.json").read_bytes(), name, signer)
        check_dates(documents[name], now)
    tcb_info, qe_identity = documents["tcbInfo"], documents["enclaveIdentity"]

    platform = Platform.parse(
        leaf.extensions.get_extension_for_oid(x509.ObjectIdentifier(SGX_EXTENSION)).value.value)
    require(bytes.fromhex(tcb_info["fmspc"]) == platform.fmspc, "FMSPC")
    require(bytes.fromhex(tcb_info["pceId"]) == platform.pce_id, "PCEID")

    verify_raw(leaf.public_key(), quote.qe_report_signature, quote.qe_report_part, "QE report")
    bound = hashlib.sha256(quote.attestation_key + quote.auth_data).digest()
    require(quote.qe_report.report_data == bound + bytes(32), "binding of the attestation key")
    verify_raw(point(quote.attestation_key), quote.signature, quote.signed_part, "quote")

    level = platform_level(tcb_info, platform)
    level_of_qe = qe_level(qe_identity, quote.qe_report)
    advisories = level.get("advisoryIDs", []) + level_of_qe.get("advisoryIDs", [])
    certificates = {"root": root, "platform_ca": intermediate, "pck": leaf, "tcb_signing": signer}
    return Result(quote, platform, converge(level["tcbStatus"], level_of_qe["tcbStatus"]),
                  advisories, tcb_info, qe_identity, certificates)
