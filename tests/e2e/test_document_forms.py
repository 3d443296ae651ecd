# SPDX-License-Identifier: Apache-2.0
"""The form of TCB info and QE identity: what stands around the signed bytes, what may vary in them,
and what their levels come to, by both verifiers."""

import json
import random

import pytest

from document_changes import drop, put
from quote_certificates import ORDER
from quote_documents import STATUSES
from quote_machine import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from quote_machine import DOCUMENTS
from quote_verifier import converge

COMPONENTS = ("tcbLevels", 0, "tcb", "sgxtcbcomponents")


def change_text(machine, file, change):
    path = machine.collateral / f"{file}.json"
    path.write_bytes(change(path.read_bytes()))


def sealed(text, new):
    """The end of the document from its signature on."""
    at = text.rindex(b'"signature"')
    return text[:at] + new(text[at:])


FORMS = [
    ("another document first", lambda t, n: b'{"%s":{},' % n + t[1:]),
    ("another signature first", lambda t, n: b'{"signature":"%s",' % (b"0" * 128) + t[1:]),
    ("the same twice", lambda t, n: b"{" + t[1:t.rindex(b',"signature"')] + b"," + t[1:]),
    ("a member more", lambda t, n: b'{"more":1,' + t[1:]),
    ("no signature", lambda t, n: t[:t.rindex(b',"signature"')] + b"}"),
    ("escape in the name", lambda t, n: t.replace(n, b"\\u00%02x" % n[0] + n[1:], 1)),
    ("case of the name", lambda t, n: t.replace(n, n.upper(), 1)),
    ("a list", lambda t, n: b"[" + t[1:-1] + b"]"),
    ("a short signature", lambda t, n: t[:-3] + b'"}'),
    ("a long signature", lambda t, n: t[:-2] + b'00"}'),
    ("a signature of other letters", lambda t, n: sealed(t, lambda s: s[:20] + b"g" + s[21:])),
    ("escape in the signature", lambda t, n: sealed(t, lambda s: s[:20] + b"\\u0030" + s[21:])),
    ("a letter behind", lambda t, n: t + b"x"),
    ("a second document behind", lambda t, n: t + t),
    ("two NULs behind", lambda t, n: t + b"\0\0"),
    ("NUL and white space behind", lambda t, n: t + b"\0\n"),
    ("something in front", lambda t, n: b"\xef\xbb\xbf" + t),
    ("cut off", lambda t, n: t[:-1]),
    ("empty", lambda t, n: b""),
]


@pytest.mark.parametrize("file", DOCUMENTS)
@pytest.mark.parametrize("kind,change", FORMS, ids=[row[0] for row in FORMS])
def test_form_around_a_document(enclave, file, kind, change):
    name = DOCUMENTS[file].encode()
    change_text(enclave, file, lambda text: change(text, name))
    enclave.assert_refused(f'it is not {{"{DOCUMENTS[file]}":{{...}}')


def white_space(text):
    at = text.rindex(b',"signature":')
    start = text.index(b":") + 1
    return b" {\n%s\t%s\r\n , %s %s } \n" % (text[1:start], text[start:at], text[at + 1:at + 13],
                                            text[at + 13:-1])


def other_order(text):
    at = text.rindex(b',"signature"')
    return b"{" + text[at + 1:-1] + b"," + text[1:at] + b"}"


@pytest.mark.parametrize("file", DOCUMENTS)
@pytest.mark.parametrize("change", [
    lambda t: t + b"\0", lambda t: t + b" \n\t\r", lambda t: t + b"\n\0", white_space, other_order,
    lambda t: sealed(t, lambda s: s[:13] + s[13:].upper()),
], ids=["NUL", "white space behind", "both", "white space between", "other order", "upper case"])
def test_forms_that_change_nothing(enclave, file, change):
    change_text(enclave, file, change)
    enclave.assert_accepted()


@pytest.mark.parametrize("file,what", [("tcb_info", "TCB info"), ("qe_identity", "QE identity")])
def test_signatures_of_documents_that_cannot_be(enclave, file, what):
    def with_number(half, number):
        start = 13 + 64 * half
        return lambda t: sealed(t, lambda s: s[:start] + b"%064x" % number + s[start + 64:])
    genuine = (enclave.collateral / f"{file}.json").read_bytes()
    for half in (0, 1):
        for number in (0, ORDER, 2**256 - 1):
            change_text(enclave, file, with_number(half, number))
            enclave.assert_refused(f"{what}: its signature is not by the key")
            (enclave.collateral / f"{file}.json").write_bytes(genuine)
    s = int(genuine[-66:-2], 16)
    change_text(enclave, file, with_number(1, ORDER - s))  # the other form of it
    enclave.assert_accepted()


RIGHT = [
    ("unknown members", lambda d: d.update(more={"a": [1, None, True, 1.5e300, "\u00e9\""]})),
    ("unknown members further in", lambda d: d["tcbLevels"][0]["tcb"].update(more=0)),
    ("white space", lambda d: json.dumps(d, indent=3).encode()),
    ("another order of members", lambda d: dict(reversed(d.items()))),
    ("no advisories", lambda d: d["tcbLevels"][0].update(advisoryIDs=[])),
    ("from now on", lambda d: d.update(issueDate="2025-06-15T12:00:00Z")),
    ("until now", lambda d: d.update(nextUpdate="2025-06-15T12:00:00Z")),
    ("large number", lambda d: d.update(tcbEvaluationDataNumber=2**32 - 1)),
    ("eight levels of brackets", lambda d: d.update(more=[[[[[[]]]]]])),
]


@pytest.mark.parametrize("file", DOCUMENTS)
@pytest.mark.parametrize("kind,change", RIGHT, ids=[row[0] for row in RIGHT])
def test_what_may_vary_in_documents(machine, file, kind, change):
    machine.change_document(file, change)
    machine.assert_accepted()


TCB_INFO_RIGHT = [
    ("names and kinds of components", put(*COMPONENTS, 0, {
        "svn": 14, "category": "BIOS", "type": "Early Microcode Update"})),
    ("lower case", lambda d: d.update(fmspc=d["fmspc"].lower())),
]


@pytest.mark.parametrize("kind,change", TCB_INFO_RIGHT, ids=[row[0] for row in TCB_INFO_RIGHT])
def test_what_may_vary_in_tcb_info(machine, kind, change):
    machine.change_document("tcb_info", change)
    machine.assert_accepted()


def test_components_of_tdx_do_not_matter_to_sgx(enclave):
    """They are a member that is not known there, whatever is in it."""
    enclave.change_document("tcb_info", lambda d: [
        level["tcb"].update(tdxtcbcomponents=[]) for level in d["tcbLevels"]] and None)
    enclave.assert_accepted()


def old_form(document):
    """Version 2: a member per component, and no id."""
    for level in document["tcbLevels"]:
        tcb = level["tcb"]
        for at, component in enumerate(tcb.pop("sgxtcbcomponents")):
            tcb[f"sgxtcbcomp{at + 1:02}svn"] = component["svn"]
        level.pop("advisoryIDs", None)
    del document["id"]
    document["version"] = 2


OLD_WRONG = [
    ("component", put("tcbLevels", 0, "tcb", "sgxtcbcomp07svn", 256), '"sgxtcbcomp07svn"'),
    ("no component 16", drop("tcbLevels", 0, "tcb", "sgxtcbcomp16svn"), '"sgxtcbcomp16svn"'),
    ("pcesvn", put("tcbLevels", 0, "tcb", "pcesvn", -1), '"pcesvn"'),
    ("version 3", lambda d: d.update(version=3, id="SGX"), '"sgxtcbcomponents"'),
    ("tdxModule", lambda d: d.update(tdxModule={}), "it is for SGX, but has a TDX module"),
]


@pytest.mark.parametrize("kind,change,reason", OLD_WRONG, ids=[row[0] for row in OLD_WRONG])
def test_version_2_of_the_tcb_info(enclave, kind, change, reason):
    enclave.change_document("tcb_info", old_form)
    enclave.assert_accepted()
    enclave.change_document("tcb_info", change)
    enclave.assert_refused(reason)


def test_version_2_knows_no_tdx(vm):
    def change(document):
        del document["tdxModule"], document["tdxModuleIdentities"]
        old_form(document)
    vm.change_document("tcb_info", change)
    vm.assert_refused("TCB info in")


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_levels_are_the_same_levels(machine, seed):
    def shuffle(document):
        random.Random(seed).shuffle(document["tcbLevels"])
    for file in DOCUMENTS:
        machine.change_document(file, shuffle)
    machine.assert_accepted()


@pytest.mark.parametrize("path,value", [
    (("sgxtcbcomponents", 0, "svn"), 15), (("sgxtcbcomponents", 6, "svn"), 2),
    (("sgxtcbcomponents", 15, "svn"), 1), (("pcesvn",), 14)])
def test_every_svn_of_a_level_must_be_reached(machine, path, value):
    machine.change_document("tcb_info", put("tcbLevels", 0, "tcb", *path, value))
    machine.assert_accepted("ConfigurationNeeded")


@pytest.mark.parametrize("qe", ["UpToDate", "OutOfDate", "Revoked"])
def test_statuses_converge(enclave, qe):
    enclave.change_document("qe_identity", put("tcbLevels", 0, "tcbStatus", qe))
    for status in STATUSES:
        enclave.change_document("tcb_info", put("tcbLevels", 0, "tcbStatus", status))
        if "Revoked" in (status, qe):
            who = "Quoting Enclave" if qe == "Revoked" else "platform"
            enclave.assert_refused(f"Revoked (of the {who})")
        else:
            enclave.assert_accepted(converge(status, qe))


def test_advisories_are_those_of_the_levels_that_count(enclave):
    def advise(first, other):
        def change(document):
            document["tcbLevels"][0]["advisoryIDs"] = first
            document["tcbLevels"][1]["advisoryIDs"] = other
        return change
    enclave.change_document("tcb_info", advise(["C", "A", "C"], ["X"]))
    enclave.change_document("qe_identity", advise(["B", "A", "D"], ["Y"]))
    enclave.assert_accepted(advisories=["C", "A", "B", "D"])
