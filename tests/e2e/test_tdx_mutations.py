# SPDX-License-Identifier: Apache-2.0
"""What is particular to confidential VMs: the fields of their reports, their module, and what old
and new modules come to, each rule by both verifiers."""

import itertools

import pytest

from document_changes import drop, put
from quote_machine import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

SVN, SVN_2 = 48, 54 + 584  # of the module in a report of version 4, and of the one that runs now
MODULE = ("tdxModuleIdentities", 0)
VM_FIELDS = [
    ("version of the TDX module", 1, 2, "no TDX module of version 2"),
    ("SVN of the TDX module", 0, 1, "SVN 1 of the TDX module (version 1) is below every level"),
    ("microcode", 2, 0, "TCB not supported: the platform"),
    ("MRSIGNERSEAM", 64, 1, "MRSIGNERSEAM differs"),
    ("last byte of MRSIGNERSEAM", 111, 1, "MRSIGNERSEAM differs"),
    ("SEAMATTRIBUTES", 112, 1, "SEAMATTRIBUTES differs"),
    ("last byte of SEAMATTRIBUTES", 119, 0x80, "SEAMATTRIBUTES differs"),
]


@pytest.mark.parametrize("field,at,value,reason", VM_FIELDS, ids=[row[0] for row in VM_FIELDS])
def test_signed_fields_of_a_vm(vm, field, at, value, reason):
    vm.quote[48 + at] = value
    vm.sign_quote()
    vm.assert_refused(reason)


def test_what_a_vm_is_does_not_matter_to_its_status(vm):
    for at in (16, 63, 121, 128, 136, 184, 232, 280, 328, 376, 424, 472, 519, 520, 583):
        vm.quote[48 + at] ^= 2
    vm.sign_quote()
    vm.assert_accepted()


@pytest.mark.parametrize("field,at,reason", [
    ("type of the body", 48, "body of type"), ("size of the body", 50, "body of type 3 with"),
])
def test_body_of_version_5(new_vm, field, at, reason):
    new_vm.quote[at] ^= 8
    new_vm.sign_quote()
    new_vm.assert_refused(reason)


def test_a_body_goes_with_its_tee(new_vm):
    new_vm.quote[48] = 1
    new_vm.sign_quote()
    new_vm.assert_refused("body of type 1, which does not go with its TEE type")


@pytest.mark.parametrize("at", [54, 54 + 520, 54 + 584, 54 + 600, 54 + 647])
def test_all_of_a_new_report_is_signed(new_vm, at):
    new_vm.quote[at] ^= 1
    new_vm.assert_refused("the quote is not signed by its attestation key")


# Levels


@pytest.mark.parametrize("at", [2, 15])
def test_every_component_must_be_reached(vm, at):
    path = ("tcbLevels", 0, "tcb", "tdxtcbcomponents", at, "svn")
    vm.change_document("tcb_info", put(*path, 15))
    vm.assert_accepted("ConfigurationNeeded")


@pytest.mark.parametrize("at", [0, 1])
def test_components_of_the_module_count_without_module_identity_alone(vm, at):
    path = ("tcbLevels", 0, "tcb", "tdxtcbcomponents", at, "svn")
    vm.change_document("tcb_info", put(*path, 6))
    vm.assert_accepted()
    vm.quote[SVN + 1] = 0
    vm.sign_quote()
    vm.assert_accepted("ConfigurationNeeded")


def test_a_module_of_version_0_is_the_first(vm):
    vm.quote[SVN + 1] = 0
    vm.sign_quote()
    vm.change_document("tcb_info", drop("tdxModuleIdentities"))
    vm.assert_accepted()
    vm.change_document("tcb_info", put("tdxModule", "mrsigner", "01" + "00" * 47))
    vm.assert_refused("MRSIGNERSEAM differs")


def test_wanted_attributes_of_a_module_are_all_zero(vm):
    """Whatever the document says."""
    vm.change_document("tcb_info", put(*MODULE, "attributes", "01" + "00" * 7))
    vm.assert_refused("SEAMATTRIBUTES differs")
    vm.quote[48 + 112] = 1
    vm.sign_quote()
    vm.assert_refused("SEAMATTRIBUTES differs")
    vm.change_document("tcb_info", lambda d: d["tdxModuleIdentities"][0].update(
        attributes="00" * 8, attributesMask="00" * 8))
    vm.assert_refused("SEAMATTRIBUTES differs")


def test_levels_of_a_module_in_any_order(vm):
    vm.change_document("tcb_info", lambda d: d["tdxModuleIdentities"][0]["tcbLevels"].reverse())
    vm.assert_accepted()


def test_the_module_with_the_vms_version_counts(vm):
    def add(document):
        modules = document["tdxModuleIdentities"]
        modules.insert(0, {**modules[0], "id": "TDX_0A", "mrsigner": "01" * 48})
    vm.change_document("tcb_info", add)
    vm.assert_accepted()
    vm.quote[SVN + 1] = 10
    vm.sign_quote()
    vm.assert_refused("MRSIGNERSEAM differs")


@pytest.mark.parametrize("status,module,qe,expected", [
    ("UpToDate", "OutOfDate", "UpToDate", "OutOfDate"),
    ("SWHardeningNeeded", "OutOfDate", "UpToDate", "OutOfDate"),
    ("ConfigurationNeeded", "OutOfDate", "UpToDate", "OutOfDateConfigurationNeeded"),
    ("ConfigurationAndSWHardeningNeeded", "UpToDate", "OutOfDate", "OutOfDateConfigurationNeeded"),
    ("OutOfDate", "OutOfDate", "OutOfDate", "OutOfDate"),
    ("OutOfDateConfigurationNeeded", "OutOfDate", "UpToDate", "OutOfDateConfigurationNeeded"),
    ("UpToDate", "UpToDate", "OutOfDate", "OutOfDate"),
    ("UpToDate", "Revoked", "UpToDate", "Revoked (of the TDX module)"),
    ("UpToDate", "OutOfDate", "Revoked", "Revoked (of the Quoting Enclave)"),
    ("Revoked", "UpToDate", "UpToDate", "Revoked (of the platform)"),
])
def test_statuses_converge(vm, status, module, qe, expected):
    set_statuses(vm, status, module, qe)
    if "Revoked" in expected:
        vm.assert_refused(expected)
    else:
        vm.assert_accepted(expected)


def set_statuses(vm, status, module, qe):
    def change(document):
        document["tcbLevels"][0]["tcbStatus"] = status
        document["tdxModuleIdentities"][0]["tcbLevels"][0]["tcbStatus"] = module
    vm.change_document("tcb_info", change)
    vm.change_document("qe_identity", put("tcbLevels", 0, "tcbStatus", qe))


def test_advisories_of_the_module_come_between(vm):
    def advise(document):
        document["tcbLevels"][0]["advisoryIDs"] = ["A", "B"]
        document["tdxModuleIdentities"][0]["tcbLevels"][0]["advisoryIDs"] = ["B", "C"]
    vm.change_document("tcb_info", advise)
    vm.change_document("qe_identity", lambda d: d["tcbLevels"][0].update(advisoryIDs=["D", "A"]))
    vm.assert_accepted(advisories=["A", "B", "C", "D"])


# What a VM is advised that was started on an old module, while a newer one runs by now: SVN 3 of
# version 1 is old, 5 is the newest; the newest microcode is 14.

NEWEST = (5, 1, 14)
RELAUNCH, OLD = "TDRelaunchAdvised", "OutOfDate"


def start_on_old_module(new_vm, now, old=3):
    new_vm.quote[54] = old
    new_vm.quote[SVN_2:SVN_2 + 3] = bytes(now)
    new_vm.sign_quote()


@pytest.mark.parametrize("now,expected", [
    (NEWEST, RELAUNCH), ((6, 1, 15), RELAUNCH), ((4, 1, 14), OLD), ((5, 1, 13), OLD),
    ((5, 2, 14), OLD), ((5, 0, 14), RELAUNCH), ((4, 0, 14), OLD)])
def test_a_vm_is_advised_to_start_again_if_that_helps(new_vm, now, expected):
    start_on_old_module(new_vm, now)
    new_vm.assert_accepted(expected, ["INTEL-SA-01036"])


def test_a_vm_on_the_newest_module_needs_nothing(new_vm):
    start_on_old_module(new_vm, NEWEST, old=5)
    new_vm.assert_accepted()


def test_older_reports_say_nothing_of_the_module_that_runs_now(vm):
    vm.quote[SVN] = 3
    vm.sign_quote()
    vm.assert_accepted(OLD)
    nothing = 16 * [{"svn": 0}]
    vm.change_document("tcb_info", put("tcbLevels", 0, "tcb", "tdxtcbcomponents", nothing))
    vm.assert_accepted(OLD)  # not even where zeros would do


@pytest.mark.parametrize("status,expected", [
    ("UpToDate", RELAUNCH), ("SWHardeningNeeded", RELAUNCH),
    ("ConfigurationNeeded", RELAUNCH + "ConfigurationNeeded"),
    ("ConfigurationAndSWHardeningNeeded", RELAUNCH + "ConfigurationNeeded"),
    ("OutOfDate", "OutOfDate"), ("OutOfDateConfigurationNeeded", "OutOfDateConfigurationNeeded"),
])
def test_advice_by_status_of_the_platform(new_vm, status, expected):
    start_on_old_module(new_vm, NEWEST)
    new_vm.change_document("tcb_info", put("tcbLevels", 0, "tcbStatus", status))
    new_vm.assert_accepted(expected)


@pytest.mark.parametrize("qe,expected", [("UpToDate", RELAUNCH), ("OutOfDate", "OutOfDate"),
                                         ("Revoked", None)])
def test_advice_by_status_of_the_quoting_enclave(new_vm, qe, expected):
    start_on_old_module(new_vm, NEWEST)
    new_vm.change_document("qe_identity", put("tcbLevels", 0, "tcbStatus", qe))
    if expected:
        new_vm.assert_accepted(expected)
    else:
        new_vm.assert_refused("Revoked (of the Quoting Enclave)")


@pytest.mark.parametrize("module,expected", [("OutOfDate", RELAUNCH), ("UpToDate", "UpToDate"),
                                             ("Revoked", None)])
def test_advice_by_status_of_the_old_module(new_vm, module, expected):
    start_on_old_module(new_vm, NEWEST)
    new_vm.change_document("tcb_info", put(*MODULE, "tcbLevels", 1, "tcbStatus", module))
    if expected:
        new_vm.assert_accepted(expected)
    else:
        new_vm.assert_refused("Revoked (of the TDX module)")


def in_two_levels(sgx, tdx):
    """The VM reaches the first level by its platform alone, and the second by all of it."""
    def change(document):
        first, second = document["tcbLevels"][:2]
        first["tcb"]["tdxtcbcomponents"][3]["svn"] = 1
        first["tcbStatus"], second["tcbStatus"] = sgx, tdx
    return change


def test_both_statuses_of_the_platform_count(new_vm):
    start_on_old_module(new_vm, NEWEST)
    good = ("UpToDate", "SWHardeningNeeded", "ConfigurationNeeded")
    for sgx, tdx in itertools.product((*good, "OutOfDate", "Revoked"), repeat=2):
        new_vm.change_document("tcb_info", in_two_levels(sgx, tdx))
        configuration = "ConfigurationNeeded" if "ConfigurationNeeded" in (sgx, tdx) else ""
        if tdx == "Revoked":
            new_vm.assert_refused("Revoked (of the platform)")
        elif sgx in good and tdx in good:
            new_vm.assert_accepted(RELAUNCH + configuration)
        else:
            new_vm.assert_accepted(
                "OutOfDateConfigurationNeeded" if tdx == "ConfigurationNeeded" else "OutOfDate")


def test_a_module_of_version_0_is_never_advised(new_vm):
    start_on_old_module(new_vm, NEWEST, old=5)
    new_vm.quote[55] = 0
    new_vm.sign_quote()
    new_vm.assert_accepted()
