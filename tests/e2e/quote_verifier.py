# SPDX-License-Identifier: Apache-2.0
"""A second opinion on quotes and collateral, written from the formats on python3-cryptography.

It shares no code with the C sources. Everything raises Refused with the reason. What is `simulated`
is held against the form of what graphene-platform issues; genuine data vary more.
"""

import base64
import datetime
import hashlib
import json
import re
import struct
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import ExtensionOID, NameOID
from quote_formats import SGX_EXTENSION, Platform, Quote, Refused, require

STANDARD_EXTENSIONS = [
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.CRL_DISTRIBUTION_POINTS,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.BASIC_CONSTRAINTS,
]


def verify_raw(public_key, signature, data, what):
    require(len(signature) == 64, f"{what}: a raw signature has 64 bytes")
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        public_key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        raise Refused(f"signature of {what}") from None


def point(raw):
    try:
        return _point(raw)
    except ValueError:
        raise Refused("attestation key is not on the curve") from None


def _point(raw):
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + raw)


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
    require(set(STANDARD_EXTENSIONS) <= {e.oid for e in cert.extensions}, f"{name}: extensions")
    get = cert.extensions.get_extension_for_class
    require(get(x509.BasicConstraints).value.ca == is_ca, f"{name}: basic constraints")
    usage = get(x509.KeyUsage).value
    require((usage.key_cert_sign and usage.crl_sign) == is_ca, f"{name}: key usage of a CA")
    require(is_ca or usage.digital_signature, f"{name}: key usage of a leaf")
    issuer_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    require(get(x509.AuthorityKeyIdentifier).value.key_identifier == issuer_id,
            f"{name}: authority key identifier")


def check_crl(crl, issuer, now):
    name = common_name(crl.issuer)
    require(crl.issuer.public_bytes() == issuer.subject.public_bytes(), f"CRL of {name}: issuer")
    require(crl.is_signature_valid(issuer.public_key()), f"CRL of {name}: signature")
    require(crl.last_update <= now <= crl.next_update, f"CRL of {name}: validity")
    require({e.oid for e in crl.extensions} ==
            {ExtensionOID.CRL_NUMBER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER},
            f"CRL of {name}: extensions")


def check_not_revoked(crl, cert):
    require(crl.get_revoked_certificate_by_serial_number(cert.serial_number) is None,
            f"{common_name(cert.subject)} is revoked")


def split_chain(pem):
    end = b"-----END CERTIFICATE-----"
    blocks = pem.split(end)
    require(not blocks[-1].strip(), "nothing behind the chain")
    begin = b"-----BEGIN CERTIFICATE-----"
    require(all(block.strip().startswith(begin) for block in blocks[:-1]), "nothing in between")
    bodies = [base64.b64decode(block.strip()[len(begin):]) for block in blocks[:-1]]
    try:
        return [x509.load_der_x509_certificate(der) for der in bodies]
    except ValueError as error:
        raise Refused(f"certificate: {error}") from None


def by_name(certificates, *names):
    """The certificates of these names, which must be all that there are."""
    found = {common_name(c.subject): c for c in certificates}
    require(len(certificates) == len(names) and set(found) == set(names), "roles in the chain")
    return [found[name] for name in names]


def check_root(cert, trusted):
    """Editions of the root differ; its name and key are what is trusted."""
    form = (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    require(cert.issuer == cert.subject == trusted.subject and
            cert.public_key().public_bytes(*form) == trusted.public_key().public_bytes(*form),
            "root of the chain is the trusted one")


# Signed documents


def unique(pairs):
    require(len({name for name, _ in pairs}) == len(pairs), "no name is there twice")
    return dict(pairs)


def signed_value(text, name, signer, simulated):
    """The document under `name`, its signature checked over the bytes as they stand."""
    start = b'{"' + name.encode() + b'":'
    text = text.rstrip(b"\0\n ")
    body, separator, tail = text[len(start):].rpartition(b',"signature":"')
    require(text.startswith(start) and separator, f"{name}: form of the document")
    require(len(tail) == 130 and tail.endswith(b'"}'), f"{name}: form of the signature")
    signature = tail[:128].decode()
    require(not simulated or signature == signature.lower(), f"{name}: lower-case signature")
    verify_raw(signer.public_key(), bytes.fromhex(signature), body, name)
    document = json.loads(body, object_pairs_hook=unique)
    require(not simulated or json.dumps(document, separators=(",", ":")).encode() == body,
            f"{name}: compact")
    return document


STATUSES = {"UpToDate", "SWHardeningNeeded", "ConfigurationNeeded", "OutOfDate", "Revoked",
            "ConfigurationAndSWHardeningNeeded", "OutOfDateConfigurationNeeded"}


def date(text):
    require(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text), "form of a date")
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ")


def number(value, limit):
    require(type(value) is int and 0 <= value <= limit, "a number in its range")
    return value


def check_form(document, statuses=STATUSES):
    """What every document and every level of it have."""
    number(document["tcbEvaluationDataNumber"], 2**32 - 1)
    require(number(document.get("tcbType", 0), 1) == 0, "tcbType")
    versions = (2,) if "mrsigner" in document else (3,) if "id" in document else (2,)
    require(number(document["version"], 9) in versions, "version")
    require(document["tcbLevels"], "levels")
    for level in document["tcbLevels"]:
        date(level["tcbDate"])
        require(level["tcbStatus"] in statuses, "status")


def check_dates(document, now):
    require(date(document["issueDate"]) <= now <= date(document["nextUpdate"]),
            "date of a document")


def components_of(tcb, kind):
    if f"{kind}tcbcomp01svn" in tcb:  # version 2
        return [number(tcb[f"{kind}tcbcomp{i:02}svn"], 255) for i in range(1, 17)]
    components = [number(c["svn"], 255) for c in tcb[f"{kind}tcbcomponents"]]
    require(len(components) == 16, "16 components")
    return components


def svns(level):
    return components_of(level["tcb"], "sgx") + [number(level["tcb"]["pcesvn"], 65535)]


def reached(own, level):
    return all(have >= needed for have, needed in zip(own, level))


def platform_level(tcb_info, platform, td=None):
    levels = tcb_info["tcbLevels"]
    require([svns(level) for level in levels] ==
            sorted((svns(level) for level in levels), reverse=True), "levels are sorted")
    own = platform.components + [platform.pce_svn]
    for level in levels:
        if not reached(own, svns(level)):
            continue
        first = 2 if td and td.tcb_svn[1] else 0
        if td is None or reached(td.tcb_svn[first:],
                                 components_of(level["tcb"], "tdx")[first:]):
            return level
    raise Refused("TCB level not supported")


def qe_level(identity, report, name):
    def masked(value, mask):
        return bytes(a & b for a, b in zip(value, bytes.fromhex(mask)))

    require(identity["id"] == name and identity["version"] == 2, "QE identity version 2")
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


def tdx_module(tcb_info, version):
    if version == 0:
        return tcb_info["tdxModule"]
    for module in tcb_info.get("tdxModuleIdentities", []):
        if module["id"] == f"TDX_{version:02X}":
            return module
    raise Refused("TDX module unknown")


def module_level(tcb_info, td):
    module = tdx_module(tcb_info, td.tcb_svn[1])
    require(td.mr_signer_seam == bytes.fromhex(module["mrsigner"]), "MRSIGNERSEAM")
    require(td.seam_attributes == bytes.fromhex(module["attributes"]) == bytes(8),
            "SEAMATTRIBUTES")
    if td.tcb_svn[1] == 0:
        return {"tcbStatus": "UpToDate"}
    for level in module["tcbLevels"]:
        if td.tcb_svn[0] >= level["tcb"]["isvsvn"]:
            return level
    raise Refused("TDX module level not supported")


def converge(platform, qe):
    if "Revoked" in (platform, qe):
        return "Revoked"
    if qe == "UpToDate":
        return platform
    return "OutOfDateConfigurationNeeded" if "Configuration" in platform else "OutOfDate"


def relaunch(tcb_info, td, sgx, tdx, module, qe):
    """What a VM of TDX 1.5 is advised if only its module is old, and a newer one runs already."""
    if td.tcb_svn_2 is None or module != "OutOfDate" or qe != "UpToDate":
        return None
    if any("OutOfDate" in status or status == "Revoked" for status in (sgx, tdx)):
        return None
    now = tdx_module(tcb_info, td.tcb_svn_2[1])
    newest = components_of(tcb_info["tcbLevels"][0]["tcb"], "tdx")
    wanted = now["tcbLevels"][0]["tcb"]["isvsvn"] if td.tcb_svn_2[1] else newest[0]
    if td.tcb_svn_2[0] < wanted or td.tcb_svn_2[2] < newest[2]:
        return None
    configuration = "ConfigurationNeeded" if "Configuration" in sgx + tdx else ""
    return "TDRelaunchAdvised" + configuration


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


def verify_documents(collateral, root, root_crl, now, simulated):
    documents = {}
    for file, name in (("tcb_info", "tcbInfo"), ("qe_identity", "enclaveIdentity")):
        signer, signer_root = by_name(
            split_chain((collateral / f"{file}_issuer_chain.pem").read_bytes()),
            "Intel SGX TCB Signing", "Intel SGX Root CA")
        check_root(signer_root, root)
        check_issued(signer, root, now, False)
        check_not_revoked(root_crl, signer)
        documents[name] = signed_value((collateral / f"{file}.json").read_bytes(), name, signer,
                                       simulated)
        check_form(documents[name])
        check_dates(documents[name], now)
    return documents["tcbInfo"], documents["enclaveIdentity"], signer


def status_of(quote, tcb_info, qe_identity, platform):
    """Status and advisories of all together."""
    td = quote.report if quote.is_tdx else None
    by_qe = qe_level(qe_identity, quote.qe_report, "TD_QE" if td else "QE")
    levels = [platform_level(tcb_info, platform, td)]
    if td:
        levels.append(module_level(tcb_info, td))
    levels.append(by_qe)
    advisories = list(dict.fromkeys(
        advisory for level in levels for advisory in level.get("advisoryIDs", [])))
    status = levels[0]["tcbStatus"]
    if td:
        sgx = platform_level(tcb_info, platform)["tcbStatus"]
        module = levels[1]["tcbStatus"]
        advice = relaunch(tcb_info, td, sgx, status, module, by_qe["tcbStatus"])
        status = advice or converge(status, module)
        if advice:
            return advice, advisories
    return converge(status, by_qe["tcbStatus"]), advisories


def verify(quote, collateral, trusted_root, now, simulated=True, pck=None):
    """Verifies `quote` with the files in the folder `collateral` at the time `now` (naive UTC).
    `pck` is the PEM of the PCK certificate for quotes that name their platform alone."""
    try:
        return verify_parts(quote, collateral, trusted_root, now, simulated, pck)
    except (ValueError, KeyError, TypeError, x509.ExtensionNotFound) as error:
        raise Refused(f"malformed: {error!r}") from error


def chain_of(quote, pck, collateral, simulated):
    """The PCK chain in the quote, or with `pck` and the CA beside the collateral if it lacks them."""
    if quote.cert_type == 5:
        require(not simulated or quote.chain.endswith(b"\n\0"), "chain ends with LF and NUL")
        return split_chain(quote.chain.removesuffix(b"\0"))
    leaf = quote.chain if quote.cert_type == 4 else pck
    require(leaf, "PCK certificate")
    return split_chain(leaf + (collateral / "pck_crl_issuer_chain.pem").read_bytes())


def check_name(quote, platform):
    """What the quote says of its platform in place of the certificate."""
    size, name = {1: 16, 2: 256, 3: 384}[quote.cert_type], quote.chain
    if quote.cert_type == 1 and len(name) == 34:  # early ones end before the PCEID
        name += b"\0\0"
    require(len(name) == size + 20, "size of the name")
    require(quote.cert_type != 1 or name[:16] == platform.ppid, "PPID")
    pce_svn, pce_id = struct.unpack("<H2s", name[-4:])
    require((pce_svn, pce_id) == (platform.pce_svn, platform.pce_id), "PCE of the name")


def verify_parts(quote, collateral, trusted_root, now, simulated, pck):
    quote = Quote.parse(quote)
    root = x509.load_pem_x509_certificate(trusted_root.read_bytes())
    chain = chain_of(quote, pck, collateral, simulated)
    ca_names = {"Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA"}
    (ca_name,) = {common_name(c.subject) for c in chain} & ca_names or {""}
    leaf, intermediate, quoted_root = by_name(
        chain, "Intel SGX PCK Certificate", ca_name, "Intel SGX Root CA")
    check_root(quoted_root, root)
    require(not simulated or (quoted_root == root and chain[0] == leaf), "order of the chain")
    check_issued(root, root, now, True)
    check_issued(intermediate, root, now, True)
    check_issued(leaf, intermediate, now, False)

    root_crl = x509.load_der_x509_crl((collateral / "root_ca.crl").read_bytes())
    pck_crl = x509.load_der_x509_crl((collateral / "pck.crl").read_bytes())
    check_crl(root_crl, root, now)
    check_crl(pck_crl, intermediate, now)
    require(not simulated or
            split_chain((collateral / "pck_crl_issuer_chain.pem").read_bytes()) ==
            [intermediate, root], "issuer chain of the PCK CRL")
    check_not_revoked(root_crl, intermediate)
    check_not_revoked(pck_crl, leaf)
    tcb_info, qe_identity, signer = verify_documents(collateral, root, root_crl, now, simulated)

    extension = x509.ObjectIdentifier(SGX_EXTENSION)
    platform = Platform.parse(leaf.extensions.get_extension_for_oid(extension).value.value,
                              ca_name == "Intel SGX PCK Platform CA")
    if quote.cert_type < 4:
        check_name(quote, platform)
    require(tcb_info.get("id", "SGX") == ("TDX" if quote.is_tdx else "SGX"), "technology")
    require(bytes.fromhex(tcb_info["fmspc"]) == platform.fmspc, "FMSPC")
    require(bytes.fromhex(tcb_info["pceId"]) == platform.pce_id, "PCEID")

    verify_raw(leaf.public_key(), quote.qe_report_signature, quote.qe_report_part, "QE report")
    bound = hashlib.sha256(quote.attestation_key + quote.auth_data).digest()
    require(quote.qe_report.report_data == bound + bytes(32), "binding of the attestation key")
    verify_raw(point(quote.attestation_key), quote.signature, quote.signed_part, "quote")

    status, advisories = status_of(quote, tcb_info, qe_identity, platform)
    certificates = {"root": root, "platform_ca": intermediate, "pck": leaf, "tcb_signing": signer}
    return Result(quote, platform, status, advisories, tcb_info, qe_identity, certificates)
