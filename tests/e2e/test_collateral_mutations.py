# SPDX-License-Identifier: Apache-2.0
"""Every field of TCB info and QE identity is made wrong in turn, and signed again by the simulated
platform: each is refused for that field, by both verifiers."""

import pytest

from document_changes import drop, put, spelled
from quote_machine import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

TOMORROW, YESTERDAY = "2025-06-16T12:00:00Z", "2025-06-14T12:00:00Z"
COMPONENTS = ("tcbLevels", 0, "tcb", "sgxtcbcomponents")


def for_sgx_but_with(name):
    def change(document):
        document.pop("tdxModule", None)
        document.pop("tdxModuleIdentities", None)
        document.update({"id": "SGX", name: []})
    return change


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
    ("a name twice", spelled('"version"', '"version":3,"version"'), "duplicate"),
    ("a name twice, once with an escape", spelled('"fmspc"', '"fmsp\\u0063":"00","fmspc"'),
     "a name that is not plain"),
    ("escape in a name", spelled('"tcbLevels"', '"tcb\\u004cevels"'), "a name that is not plain"),
    ("minus zero", spelled('{"svn":0}', '{"svn":-0}'), '"svn"'),
    ("a name twice further in", spelled('"pcesvn":13', '"pcesvn":13,"pcesvn":13'), "duplicate"),
    ("no version", drop("version"), '"version"'),
    ("version 2 with id", put("version", 2), '"id" does not exist in version 2'),
    ("no id", drop("id"), '"id" is not a plain string'),
    ("no issueDate", drop("issueDate"), '"issueDate"'),
    ("no nextUpdate", drop("nextUpdate"), '"nextUpdate"'),
    ("no such day", put("nextUpdate", "2025-06-31T00:00:00Z"), '"nextUpdate"'),
    ("another zone", put("nextUpdate", "2025-07-15T00:00:00+00:00"), '"nextUpdate"'),
    ("no fmspc", drop("fmspc"), '"fmspc"'),
    ("no pceId", drop("pceId"), '"pceId"'),
    ("length of pceId", put("pceId", "00"), '"pceId"'),
    ("no tcbType", drop("tcbType"), '"tcbType"'),
    ("no number", drop("tcbEvaluationDataNumber"), '"tcbEvaluationDataNumber"'),
    ("negative number", put("tcbEvaluationDataNumber", -1), '"tcbEvaluationDataNumber"'),
    ("no tcbLevels", drop("tcbLevels"), '"tcbLevels"'),
    ("no tcb", drop("tcbLevels", 1, "tcb"), '"tcbLevels"[1]: "tcb"'),
    ("no components", drop(*COMPONENTS), '"sgxtcbcomponents"'),
    ("17 components", lambda d: d["tcbLevels"][0]["tcb"]["sgxtcbcomponents"].append({"svn": 0}),
     '"sgxtcbcomponents" has 17 elements'),
    ("last component", put(*COMPONENTS, 15, "svn", 256), '"sgxtcbcomponents"[15]: "svn"'),
    ("component of another level", put(*COMPONENTS[:1], 3, *COMPONENTS[2:], 3, "svn", None),
     '"tcbLevels"[3]: "sgxtcbcomponents"[3]: "svn"'),
    ("exponent", spelled('{"svn":14}', '{"svn":1e1}'), '"svn"'),
    ("decimal point", spelled('{"svn":14}', '{"svn":14.0}'), '"svn"'),
    ("number in a string", put(*COMPONENTS, 0, "svn", "14"), '"svn"'),
    ("true for a number", put(*COMPONENTS, 0, "svn", True), '"svn"'),
    ("leading zero", spelled('{"svn":14}', '{"svn":014}'), "it is not valid JSON"),
    ("plus", spelled('{"svn":14}', '{"svn":+14}'), "it is not valid JSON"),
    ("NaN", spelled('{"svn":14}', '{"svn":NaN}'), "it is not valid JSON"),
    ("component as number", put(*COMPONENTS, 0, 14), '"svn"'),
    ("no pcesvn", drop("tcbLevels", 0, "tcb", "pcesvn"), '"pcesvn"'),
    ("no tcbDate", drop("tcbLevels", 0, "tcbDate"), '"tcbDate"'),
    ("no tcbStatus", drop("tcbLevels", 0, "tcbStatus"), '"tcbStatus"'),
    ("case of a status", put("tcbLevels", 0, "tcbStatus", "upToDate"), 'unknown value "upToDate"'),
    ("status of no use here", put("tcbLevels", 5, "tcbStatus", "Fine"), 'unknown value "Fine"'),
    ("advisoryIDs as text", lambda d: d["tcbLevels"][0].update(advisoryIDs="INTEL-SA-1"),
     '"advisoryIDs" is not an array'),
    ("advisoryIDs as object", lambda d: d["tcbLevels"][0].update(advisoryIDs={"a": 1}),
     '"advisoryIDs" is not an array'),
    ("advisoryIDs of numbers", lambda d: d["tcbLevels"][0].update(advisoryIDs=["INTEL-SA-1", 2]),
     '"advisoryIDs" holds more than plain strings'),
    ("tdxModule", for_sgx_but_with("tdxModule"), "it is for SGX, but has a TDX module"),
    ("tdxModuleIdentities", for_sgx_but_with("tdxModuleIdentities"),
     "it is for SGX, but has a TDX module"),
    ("nine levels of brackets", lambda d: d.update(more=[[[[[[[]]]]]]]),
     'it is not {"tcbInfo":{...}'),
    ("too long", lambda d: d.update(more="x" * 262144),
     "is longer than the 262144 bytes that are accepted"),
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
    ("case of id", put("tdxModuleIdentities", 0, "id", "TDX_0a"), "is no TDX module"),
    ("start of id", put("tdxModuleIdentities", 0, "id", "TDY_01"), "is no TDX module"),
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
    ("no components", drop("tcbLevels", 0, "tcb", "tdxtcbcomponents"), '"tdxtcbcomponents"'),
    ("17 components", lambda d: d["tcbLevels"][0]["tcb"]["tdxtcbcomponents"].append({"svn": 0}),
     '"tdxtcbcomponents" has 17 elements'),
    ("modules are no list", put("tdxModuleIdentities", {}), '"tdxModuleIdentities"'),
    ("no levels of a module", put("tdxModuleIdentities", 0, "tcbLevels", []), '"tcbLevels"'),
    ("isvsvn of a module", put("tdxModuleIdentities", 0, "tcbLevels", 0, "tcb", "isvsvn", 256),
     '"isvsvn"'),
    ("a module's level twice", put("tdxModuleIdentities", 0, "tcbLevels", 1, "tcb", "isvsvn", 5),
     "the same level twice"),
    ("attributesMask of the first", put("tdxModule", "attributesMask", "FF" * 7),
     '"tdxModule": "attributesMask"'),
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
    ("no id", drop("id"), '"id" is not a plain string'),
    ("no version", drop("version"), '"version"'),
    ("no issueDate", drop("issueDate"), '"issueDate"'),
    ("no nextUpdate", drop("nextUpdate"), '"nextUpdate"'),
    ("miscselect outside of its mask", lambda d: d.update(
        miscselect="01000000", miscselectMask="FEFFFFFF"), "outside of its mask"),
    ("XFRM outside of the mask", put("attributes", "11" + "00" * 7 + "01" + "00" * 7),
     "outside of its mask"),
    ("length of attributes", put("attributes", "11"), '"attributes"'),
    ("space in attributesMask", put("attributesMask", "FB FFFFFFFFFFFFF0000000000000000"),
     '"attributesMask"'),
    ("length of mrsigner", put("mrsigner", "AA"), '"mrsigner"'),
    ("large isvprodid", put("isvprodid", 65537), '"isvprodid"'),
    ("no levels", put("tcbLevels", []), '"tcbLevels"'),
    ("large isvsvn", put("tcbLevels", 0, "tcb", "isvsvn", 65536), '"isvsvn"'),
    ("a level twice", lambda d: d["tcbLevels"].append(d["tcbLevels"][0]), "the same level twice"),
    ("tcbDate", put("tcbLevels", 0, "tcbDate", "2025-01-01"), '"tcbDate"'),
    ("unknown status", put("tcbLevels", 0, "tcbStatus", "Fine"), 'unknown value "Fine"'),
    ("advisoryIDs", lambda d: d["tcbLevels"][0].update(advisoryIDs=[None]),
     '"advisoryIDs" holds more than plain strings'),
    ("a name twice", spelled('"mrsigner"', '"mrsigner":"00","mrsigner"'), "duplicate"),
    ("escape in a name", spelled('"mrsigner"', '"mrsi\\u0067ner"'), "a name that is not plain"),
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


@pytest.mark.parametrize("file", ["tcb_info.json", "tcb_info_issuer_chain.pem", "qe_identity.json",
                                  "qe_identity_issuer_chain.pem", "pck.crl", "root_ca.crl"])
def test_a_missing_file_is_named(machine, file):
    (machine.collateral / file).unlink()
    verdict = machine.verdict()
    assert file in verdict and "FMSPC 53494d000000" in verdict
