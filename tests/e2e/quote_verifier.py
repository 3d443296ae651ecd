# SPDX-License-Identifier: Apache-2.0
"""A second opinion on quotes and collateral, written from the formats on python3-cryptography.

It takes every step of a verification by itself (clause 4 of the specification, A to H) and shares
no code with the C sources. Everything raises Refused with the reason. What is `simulated` is held
against the form of what graphene-platform issues; genuine data vary more.
"""

import hashlib
import struct
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from quote_certificates import (
    PCK, PCK_CAS, ROOT, TCB_SIGNING, by_name, check_crl, check_issued, check_key_identifier,
    check_not_revoked, check_root, common_name, point, read_crl, sgx_extension_of, split_chain,
    verify_raw)
from quote_documents import (
    check_dates, check_qe_identity, check_tcb_info, components_of, digits, module_svn, qe_svn,
    signed_value, svns)
from quote_formats import Platform, Quote, Refused, require

# Levels and their status


def reached(own, level):
    return all(have >= needed for have, needed in zip(own, level))


def platform_level(tcb_info, platform, td=None):
    own = platform.components + [platform.pce_svn]
    for level in tcb_info["tcbLevels"]:
        if not reached(own, svns(level)):
            continue
        first = 2 if td and td.tcb_svn[1] else 0
        if td is None or reached(td.tcb_svn[first:],
                                 components_of(level["tcb"], "tdx")[first:]):
            return level
    raise Refused("TCB level not supported")


def qe_level(identity, report, name):
    def masked(value, what):
        mask = digits(identity, what + "Mask", len(value))
        return bytes(a & b for a, b in zip(value, mask))

    require(identity["id"] == name, "identity is the one of this kind of Quoting Enclave")
    attributes = struct.pack("<QQ", report.flags, report.xfrm)
    require(masked(report.misc_select, "miscselect") == digits(identity, "miscselect", 4),
            "MISCSELECT of the QE")
    require(masked(attributes, "attributes") == digits(identity, "attributes", 16),
            "ATTRIBUTES of the QE")
    require(report.mr_signer == digits(identity, "mrsigner", 32), "MRSIGNER of the QE")
    require(report.prod_id == identity["isvprodid"], "ISVPRODID of the QE")
    for level in identity["tcbLevels"]:
        if report.svn >= qe_svn(level):
            return level
    raise Refused("QE level not supported")


def tdx_module(tcb_info, version):
    if version == 0:
        return tcb_info["tdxModule"]
    for module in tcb_info.get("tdxModuleIdentities", []):
        if module["id"] == f"TDX_{version:02X}":
            return module
    return None


def module_level(tcb_info, td):
    module = tdx_module(tcb_info, td.tcb_svn[1])
    require(module, "TDX module unknown")
    require(td.mr_signer_seam == digits(module, "mrsigner", 48), "MRSIGNERSEAM")
    require(td.seam_attributes == digits(module, "attributes", 8) == bytes(8),
            "SEAMATTRIBUTES")
    if td.tcb_svn[1] == 0:
        return {"tcbStatus": "UpToDate"}
    for level in module["tcbLevels"]:
        if td.tcb_svn[0] >= module_svn(level):
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
    if now is None:
        return None
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


def verify_signer(pem, root, root_crl, now):
    signer, signer_root = by_name(split_chain(pem), TCB_SIGNING, ROOT)
    check_root(signer_root, root)
    check_issued(signer, root, now, False)
    check_key_identifier(signer, root, "signer")
    check_not_revoked(root_crl, signer)
    return signer


def verify_documents(collateral, root, root_crl, now, simulated):
    documents = []
    for file, name, check in (("tcb_info", "tcbInfo", check_tcb_info),
                              ("qe_identity", "enclaveIdentity", check_qe_identity)):
        signer = verify_signer((collateral / f"{file}_issuer_chain.pem").read_bytes(), root,
                               root_crl, now)
        document = signed_value((collateral / f"{file}.json").read_bytes(), name, signer, simulated)
        levels = list(document["tcbLevels"])
        check(document)
        require(not simulated or levels == document["tcbLevels"], "levels are sorted")
        check_dates(document, now)
        documents.append(document)
    return *documents, signer


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
    except (ValueError, LookupError, TypeError, x509.ExtensionNotFound, x509.DuplicateExtension,
            x509.InvalidVersion, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm) as error:
        raise Refused(f"malformed: {error!r}") from error


def chain_of(quote, pck, collateral, simulated):
    """The PCK chain in the quote, or with `pck` and the CA beside the collateral if it lacks them."""
    if quote.cert_type == 5:
        require(not simulated or quote.chain.endswith(b"\n\0"), "chain ends with LF and NUL")
        return split_chain(quote.chain)
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


def verify_pck_chain(chain, root, now, simulated):
    """(PCK certificate, its CA)"""
    names = {common_name(c.subject) for c in chain} & set(PCK_CAS)
    (ca_name,) = names or {""}
    leaf, ca, quoted_root = by_name(chain, PCK, ca_name, ROOT)
    check_root(quoted_root, root)
    require(not simulated or (quoted_root == root and chain[0] == leaf), "order of the chain")
    check_issued(root, root, now, True)
    check_issued(ca, root, now, True)
    check_key_identifier(ca, root, "ca")
    check_issued(leaf, ca, now, False)
    check_key_identifier(leaf, ca, "leaf")
    return leaf, ca


def verify_crls(collateral, root, leaf, ca, now, simulated):
    root_crl, pck_crl = (read_crl((collateral / name).read_bytes())
                         for name in ("root_ca.crl", "pck.crl"))
    check_crl(root_crl, root, now)
    check_crl(pck_crl, ca, now)
    require(not simulated or
            split_chain((collateral / "pck_crl_issuer_chain.pem").read_bytes()) == [ca, root],
            "issuer chain of the PCK CRL")
    check_not_revoked(root_crl, ca)
    check_not_revoked(pck_crl, leaf)
    return root_crl


def verify_signatures(quote, leaf):
    verify_raw(leaf.public_key(), quote.qe_report_signature, quote.qe_report_part, "QE report")
    bound = hashlib.sha256(quote.attestation_key + quote.auth_data).digest()
    require(quote.qe_report.report_data == bound + bytes(32), "binding of the attestation key")
    verify_raw(point(quote.attestation_key), quote.signature, quote.signed_part, "quote")


def verify_parts(quote, collateral, trusted_root, now, simulated, pck):
    quote = Quote.parse(quote)
    root = x509.load_pem_x509_certificate(trusted_root.read_bytes())
    leaf, ca = verify_pck_chain(chain_of(quote, pck, collateral, simulated), root, now, simulated)
    platform = Platform.parse(sgx_extension_of(leaf), common_name(ca.subject) == PCK_CAS[0])
    require(not simulated or platform.order == sorted(platform.order), "order of SGX's entries")
    if quote.cert_type < 4:
        check_name(quote, platform)
    root_crl = verify_crls(collateral, root, leaf, ca, now, simulated)
    tcb_info, qe_identity, signer = verify_documents(collateral, root, root_crl, now, simulated)
    require(tcb_info.get("id", "SGX") == ("TDX" if quote.is_tdx else "SGX"), "technology")
    require(digits(tcb_info, "fmspc", 6) == platform.fmspc, "FMSPC")
    require(digits(tcb_info, "pceId", 2) == platform.pce_id, "PCEID")
    verify_signatures(quote, leaf)
    status, advisories = status_of(quote, tcb_info, qe_identity, platform)
    certificates = {"root": root, "platform_ca": ca, "pck": leaf, "tcb_signing": signer}
    return Result(quote, platform, status, advisories, tcb_info, qe_identity, certificates)
