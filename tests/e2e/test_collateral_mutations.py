# SPDX-License-Identifier: Apache-2.0
"""Every field of TCB info, QE identity and CRLs is made wrong in turn, and signed again by the
simulated platform: each is refused for that field."""

import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from quote_machine import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from quote_machine import DAY, NOW

# Documents, signed again.

def put(*path):
    """Sets the member at the path to its last element."""
    *names, last, value = path

    def change(document):
        place = document
        for name in names:
            place = place[name]
        assert last in place if isinstance(place, dict) else last < len(place)
        place[last] = value
    return change


def drop(*path):
    *names, last = path

    def change(document):
        place = document
        for name in names:
            place = place[name]
        del place[last]
    return change


def twice(document):
    text = json.dumps(document, separators=(",", ":"))
    return text.replace('"version"', '"version":3,"version"', 1).encode()


TOMORROW, YESTERDAY = "2025-06-16T12:00:00Z", "2025-06-14T12:00:00Z"
COMPONENTS = ("tcbLevels", 0, "tcb", "sgxtcbcomponents")
TCB_INFO = [
    ("id", put("id", "TDY"), '"id"'),
    ("version", put("version", 4), '"version" is 4'),
    ("issueDate", put("issueDate", TOMORROW), "TCB info is not valid before 2025-06-16"),
    ("nextUpdate", put("nextUpdate", YESTERDAY), "TCB info expired at 2025-06-14"),
    ("form of a date", put("nextUpdate", "2025-07-15 12:00:00"), '"nextUpdate"'),
    ("fmspc", put("fmspc", "53494D000001"), "is for FMSPC 53494d000001"),
    ("length of fmspc", put("fmspc", "53494D0000"), '"fmspc"'),
    ("pceId", put("pceId", "0001"), "for another PCEID"),
    ("tcbType", put("tcbType", 1), '"tcbType"'),
    ("tcbEvaluationDataNumber", put("tcbEvaluationDataNumber", "17"), '"tcbEvaluationDataNumber"'),
    ("tcbLevels", put("tcbLevels", []), '"tcbLevels"'),
    ("15 components", drop(*COMPONENTS, 15), '"sgxtcbcomponents" has 15 elements'),
    ("component", put(*COMPONENTS, 0, "svn", 256), '"svn"'),
    ("negative component", put(*COMPONENTS, 0, "svn", -1), '"svn"'),
    ("fraction", put(*COMPONENTS, 0, "svn", 1.0), '"svn"'),
    ("pcesvn", put("tcbLevels", 0, "tcb", "pcesvn", 65536), '"pcesvn"'),
    ("tcbDate", put("tcbLevels", 0, "tcbDate", ""), '"tcbDate"'),
    ("tcbStatus", put("tcbLevels", 0, "tcbStatus", "Fine"), 'unknown value "Fine"'),
    ("status of this machine", put("tcbLevels", 0, "tcbStatus", "Revoked"),
     "Revoked (of the platform)"),
    ("status only of VMs", put("tcbLevels", 0, "tcbStatus", "TDRelaunchAdvised"), "unknown value"),
    ("advisoryIDs", put("tcbLevels", 1, {"tcb": {}}), '"tcbLevels"[1]'),
    ("all levels above", lambda d: d.update(tcbLevels=[
        {**d["tcbLevels"][0], "tcb": {**d["tcbLevels"][0]["tcb"], "pcesvn": 14}}]),
     "TCB not supported: the platform"),
    ("a level twice", lambda d: d["tcbLevels"].append(d["tcbLevels"][0]), "the same level twice"),
    ("a name twice", twice, "duplicate"),
]


@pytest.mark.parametrize("field,change,reason", TCB_INFO, ids=[row[0] for row in TCB_INFO])
def test_tcb_info(machine, field, change, reason):
    machine.change_document("tcb_info", change)
    machine.assert_refused(reason)


TDX_TCB_INFO = [
    ("tdxModule", drop("tdxModule"), '"tdxModule"'),
    ("mrsigner of the first", put("tdxModule", "mrsigner", "00"), '"tdxModule": "mrsigner"'),
    ("id", put("tdxModuleIdentities", 0, "id", "TDX_02"), "no TDX module of version 1"),
    ("form of id", put("tdxModuleIdentities", 0, "id", "TDX_1"), "is no TDX module"),
    ("mrsigner", put("tdxModuleIdentities", 0, "mrsigner", "01" + "00" * 47), "MRSIGNERSEAM"),
    ("attributes", put("tdxModuleIdentities", 0, "attributes", "01" + "00" * 7),
     "SEAMATTRIBUTES"),
    ("attributesMask", lambda d: d["tdxModuleIdentities"][0].update(
        attributes="01" + "00" * 7, attributesMask="00" * 8), "outside of its mask"),
    ("isvsvn", lambda d: d["tdxModuleIdentities"][0].update(
        tcbLevels=[{**d["tdxModuleIdentities"][0]["tcbLevels"][0], "tcb": {"isvsvn": 6}}]),
     "SVN 5 of the TDX module"),
    ("status", put("tdxModuleIdentities", 0, "tcbLevels", 0, "tcbStatus", "Revoked"),
     "Revoked (of the TDX module)"),
    ("module twice", lambda d: d["tdxModuleIdentities"].append(d["tdxModuleIdentities"][0]),
     "the same module is there twice"),
    ("15 components", drop("tcbLevels", 0, "tcb", "tdxtcbcomponents", 15),
     '"tdxtcbcomponents" has 15 elements'),
    ("component", put("tcbLevels", 0, "tcb", "tdxtcbcomponents", 2, "svn", 256), '"svn"'),
]


@pytest.mark.parametrize("field,change,reason", TDX_TCB_INFO, ids=[row[0] for row in TDX_TCB_INFO])
def test_tcb_info_of_tdx(vm, field, change, reason):
    vm.change_document("tcb_info", change)
    vm.assert_refused(reason)


QE_IDENTITY = [
    ("id", put("id", "QVE"), '"id" is "QVE"'),
    ("version", put("version", 1), '"version" is 1'),
    ("issueDate", put("issueDate", TOMORROW), "QE identity is not valid before 2025-06-16"),
    ("nextUpdate", put("nextUpdate", YESTERDAY), "QE identity expired at 2025-06-14"),
    ("tcbEvaluationDataNumber", drop("tcbEvaluationDataNumber"), '"tcbEvaluationDataNumber"'),
    ("miscselect", put("miscselect", "01000000"), "MISCSELECT differs"),
    ("miscselectMask", put("miscselectMask", "FFFFFF"), '"miscselectMask"'),
    ("attributes", put("attributes", "13" + "00" * 15), "ATTRIBUTES differs"),
    ("attributesMask", put("attributesMask", "FF" * 16), "ATTRIBUTES differs"),
    ("a bit outside of the mask", put("attributes", "15" + "00" * 15), "outside of its mask"),
    ("mrsigner", put("mrsigner", "AA" * 32), "MRSIGNER differs"),
    ("isvprodid", put("isvprodid", 3), "ISVPRODID differs"),
    ("isvsvn", lambda d: d.update(tcbLevels=[{**d["tcbLevels"][0], "tcb": {"isvsvn": 9}}]),
     "the Quoting Enclave's ISVSVN 8 is below every level"),
    ("tcbStatus", put("tcbLevels", 0, "tcbStatus", "SWHardeningNeeded"),
     "does not exist for an enclave"),
    ("status of this enclave", put("tcbLevels", 0, "tcbStatus", "Revoked"),
     "Revoked (of the Quoting Enclave)"),
]


@pytest.mark.parametrize("field,change,reason", QE_IDENTITY, ids=[row[0] for row in QE_IDENTITY])
def test_qe_identity(machine, field, change, reason):
    machine.change_document("qe_identity", change)
    machine.assert_refused(reason)


@pytest.mark.parametrize("file,what", [("tcb_info.json", "TCB info"),
                                       ("qe_identity.json", "QE identity")])
def test_signature_of_a_document(machine, file, what):
    path = machine.collateral / file
    path.write_bytes(path.read_bytes().replace(b'"version"', b' "version"', 1))
    machine.assert_refused(f"{what}: its signature is not by the key")


# CRLs, signed again.

def issue_crl(machine, file, issuer, key=None, revoked=(), start=NOW - DAY, end=NOW + DAY,
              without=None, delta=False, name=None):
    cert = machine.cert(issuer)
    identifier = cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (x509.CertificateRevocationListBuilder().issuer_name(name or cert.subject)
               .last_update(start).next_update(end))
    if without != "number":
        builder = builder.add_extension(x509.CRLNumber(1), False)
    if without != "identifier":
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False)
    if delta:
        builder = builder.add_extension(x509.DeltaCRLIndicator(1), True)
    for certificate in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder(machine.cert(certificate).serial_number, start).build())
    crl = builder.sign(machine.key(key or issuer), hashes.SHA256())
    (machine.collateral / file).write_bytes(crl.public_bytes(serialization.Encoding.DER))


CRL_FIELDS = [
    ("issuer", lambda m, other: {"name": m.cert(other).subject}, "it was not issued by"),
    ("signature", lambda m, other: {"key": other}, "it is not signed by the key of"),
    ("thisUpdate", lambda m, other: {"start": NOW + DAY / 2}, "CRL is not valid before"),
    ("nextUpdate", lambda m, other: {"end": NOW - DAY / 2}, "CRL expired at"),
    ("no number", lambda m, other: {"without": "number"}, "CRL number or authority key"),
    ("no key identifier", lambda m, other: {"without": "identifier"}, "CRL number or authority"),
    ("delta", lambda m, other: {"delta": True}, "a delta CRL"),
]


@pytest.mark.parametrize("file,issuer,other", [("root_ca.crl", "root_ca", "platform_ca"),
                                               ("pck.crl", "platform_ca", "root_ca")])
@pytest.mark.parametrize("field,change,reason", CRL_FIELDS, ids=[row[0] for row in CRL_FIELDS])
def test_crl(machine, file, issuer, other, field, change, reason):
    issue_crl(machine, file, issuer, **change(machine, other))
    machine.assert_refused(reason)


@pytest.mark.parametrize("file,issuer,revoked,who", [
    ("pck.crl", "platform_ca", "pck", "Intel SGX PCK Certificate"),
    ("root_ca.crl", "root_ca", "platform_ca", "Intel SGX PCK Platform CA"),
    ("root_ca.crl", "root_ca", "tcb_signing", "Intel SGX TCB Signing"),
])
def test_a_revoked_certificate(machine, file, issuer, revoked, who):
    issue_crl(machine, file, issuer, revoked=[revoked])
    machine.assert_refused(f'the certificate "{who}" is revoked')


def test_crls_issued_again_are_as_good(machine):
    issue_crl(machine, "root_ca.crl", "root_ca")
    issue_crl(machine, "pck.crl", "platform_ca")
    machine.assert_accepted()


@pytest.mark.parametrize("file", ["tcb_info.json", "tcb_info_issuer_chain.pem", "qe_identity.json",
                                  "qe_identity_issuer_chain.pem", "pck.crl", "root_ca.crl"])
def test_a_missing_file_is_named(machine, file):
    (machine.collateral / file).unlink()
    verdict = machine.verdict()
    assert file in verdict and "FMSPC 53494d000000" in verdict
