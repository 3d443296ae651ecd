# SPDX-License-Identifier: Apache-2.0
"""Genuine quotes of SGX and TDX: the verdicts of `marblerun quote verify` are those of a verifier
written from the formats on python3-cryptography, on every day that counts. Skipped where the data
is not there."""

import datetime
import json
import os
import subprocess
from pathlib import Path

import pytest

from quote_verifier import Refused, verify
from sim_app import BUILD, SOURCE_ROOT

VECTORS = Path(os.environ.get("MARBLERUN_VECTORS", SOURCE_ROOT.parent / "shared/vectors")) / "dcap"
ROOT = VECTORS / "anchors/intel_sgx_root_ca.pem"
FORM = "%Y-%m-%dT%H:%M:%SZ"


def names(kind):
    return sorted(path.parent.name for path in VECTORS.glob("*/expected.json")
                  if json.loads(path.read_text())["kind"] == kind)


def expected_of(name):
    return json.loads((VECTORS / name / "expected.json").read_text())


def ours(name, when, root):
    """(status, advisories) or (None, reason)."""
    command = [BUILD / "bin/marblerun", "quote", "verify", VECTORS / name / "quote.bin",
               "--collateral", VECTORS / name, "--at", when.strftime(FORM), "--output", "json"]
    if root != ROOT:
        command += ["--trust-root", root]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    document = json.loads(done.stdout)
    assert document["valid"] == (done.returncode == 0)
    if "result" in document:
        return document["result"]["tcbStatus"], document["result"]["advisories"]
    assert document["valid"] is False and document["reason"]
    return None, document["reason"]


def theirs(name, when, root):
    pck = VECTORS / name / "pck_cert.pem"
    try:
        result = verify((VECTORS / name / "quote.bin").read_bytes(), VECTORS / name, root, when,
                        simulated=False, pck=pck.read_bytes() if pck.exists() else None)
    except Refused as refused:
        return None, str(refused)
    return (None, "Revoked") if result.status == "Revoked" else (result.status, result.advisories)


def assert_agree(name, when, status, root=ROOT):
    our, our_advisories = ours(name, when, root)
    their, their_advisories = theirs(name, when, root)
    assert our == their == status, (name, when, our_advisories, their_advisories)
    if status:
        assert our_advisories == their_advisories


@pytest.mark.parametrize("name", names("valid-signature-chain"))
def test_verdicts_agree_on_every_day_that_counts(name):
    expected = expected_of(name)
    status = expected["expected"]["tcb_status"]
    status = None if status == "TCBNotSupported" else status
    first, last, middle = (datetime.datetime.strptime(expected[day], FORM)
                           for day in ("valid_from", "valid_to", "verification_date"))
    second = datetime.timedelta(seconds=1)
    for when in (first, middle, last):
        assert_agree(name, when, status)
    for when in (first - second, last + second):
        assert_agree(name, when, None)


@pytest.mark.parametrize("name", names("must-reject") + names("needs-pck-lookup"))
def test_both_refuse_what_must_be_refused(name):
    when = datetime.datetime(2022, 11, 2, 21)
    if not (VECTORS / name / "tcb_info.json").exists():
        pytest.skip("has no collateral of its own")
    assert_agree(name, when, None)


@pytest.mark.parametrize("name", names("valid-under-test-root"))
def test_a_root_for_tests_vouches_for_its_own_alone(name):
    """The quote names its platform alone; the certificate stands beside the collateral."""
    when = datetime.datetime.strptime(expected_of(name)["verification_date"], FORM)
    status = expected_of(name)["expected"]["with_test_root"]
    assert_agree(name, when, status, VECTORS / name / "test_root_ca.pem")
    assert_agree(name, when, None)
