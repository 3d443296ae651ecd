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
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from quote_certificates import (
    PCK_CAS, check_crl, check_issued, check_not_revoked, check_root, common_name, read_crl,
    split_chain)
from quote_documents import signed_value
from quote_verifier import Refused, verify, verify_pck_chain, verify_signer
from sim_app import BUILD, SOURCE_ROOT

VECTORS = Path(os.environ.get("MARBLERUN_VECTORS", SOURCE_ROOT.parent / "shared/vectors")) / "dcap"
ROOT = VECTORS / "anchors/intel_sgx_root_ca.pem"
FORM = "%Y-%m-%dT%H:%M:%SZ"


def names(kind):
    return sorted(path.parent.name for path in VECTORS.glob("*/expected.json")
                  if json.loads(path.read_text())["kind"] == kind)


def expected_of(name):
    return json.loads((VECTORS / name / "expected.json").read_text())


def collateral_of(name):
    """A vector's own, or for one that has none any of the same technology."""
    if (VECTORS / name / "tcb_info.json").exists():
        return VECTORS / name
    return VECTORS / ("tdx-v4-b0c06f000000-phala-2025" if "tdx" in name
                      else "sgx-v3-00606a000000-oasis-2022-uptodate")


def ours(name, when, root):
    """(status, advisories) or (None, reason)."""
    command = [BUILD / "bin/marblerun", "quote", "verify", VECTORS / name / "quote.bin",
               "--collateral", collateral_of(name), "--at", when.strftime(FORM), "--output", "json"]
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
        result = verify((VECTORS / name / "quote.bin").read_bytes(), collateral_of(name), root,
                        when, simulated=False, pck=pck.read_bytes() if pck.exists() else None)
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


@pytest.mark.parametrize("name", [*names("must-reject"), *names("needs-pck-lookup"),
                                  *names("policy")])
def test_both_refuse_what_must_be_refused(name):
    date = expected_of(collateral_of(name).name).get("verification_date", "2022-11-02T21:00:00Z")
    assert_agree(name, datetime.datetime.strptime(date, FORM), None)


@pytest.mark.parametrize("name", names("valid-under-test-root"))
def test_a_root_for_tests_vouches_for_its_own_alone(name):
    """The quote names its platform alone; the certificate stands beside the collateral."""
    when = datetime.datetime.strptime(expected_of(name)["verification_date"], FORM)
    status = expected_of(name)["expected"]["with_test_root"]
    assert_agree(name, when, status, VECTORS / name / "test_root_ca.pem")
    assert_agree(name, when, None)


# What is no quote: the second verifier's part. Tests in C hold the first against the same verdicts.


def is_good(check):
    try:
        check()
    except (Refused, ValueError, LookupError, TypeError, x509.ExtensionNotFound):
        return False
    return True


def cases(name):
    folder = VECTORS / name
    if not folder.exists():
        return []
    expected = json.loads((folder / "expected.json").read_text())["cases"]
    assert sorted(expected) == sorted(path.name for path in folder.iterdir() if path.is_dir())
    return sorted((case, verdict["result"] == "accept") for case, verdict in expected.items())


def load(folder):
    """(trusted root, certificates of the chain)"""
    root = x509.load_pem_x509_certificate((folder / "trusted_root.pem").read_bytes())
    return root, split_chain((folder / "chain.pem").read_bytes())


INTEL_TESTS = datetime.datetime(2023, 11, 14)


@pytest.mark.parametrize("name,expected", cases("pki-chains-intel"))
def test_chains_of_intels_test_pki(name, expected):
    folder = VECTORS / "pki-chains-intel" / name

    def check():
        root, chain = load(folder)
        leaf, ca = verify_pck_chain(chain, root, INTEL_TESTS, simulated=False)
        for file, issuer, certificate in (("root_ca.crl.pem", root, ca), ("pck.crl.pem", ca, leaf)):
            crl = read_crl((folder / file).read_bytes())
            check_crl(crl, issuer, INTEL_TESTS)
            check_not_revoked(crl, certificate)
    assert is_good(check) == expected


@pytest.mark.parametrize("name,expected", cases("pki-crls-intel"))
def test_crls_of_intels_test_pki(name, expected):
    folder = VECTORS / "pki-crls-intel" / name

    def check():
        root, chain = load(folder)
        check_issued(root, root, INTEL_TESTS, True)
        issuers = [c for c in chain if common_name(c.subject) in PCK_CAS]
        (issuer,) = issuers or [root]
        quoted, = [c for c in chain if c not in issuers]
        check_root(quoted, root)
        check_issued(issuer, root, INTEL_TESTS, True)
        check_crl(read_crl((folder / "crl.pem").read_bytes()), issuer, INTEL_TESTS)
    assert is_good(check) == expected


@pytest.mark.parametrize("file,expected", [("good", True), ("bad", False)])
def test_signers_of_tcb_info(file, expected):
    folder = VECTORS / "bad-tcbinfo-signing-chain-oasis"
    if not folder.exists():
        pytest.skip("no test vectors")
    root = x509.load_pem_x509_certificate(ROOT.read_bytes())
    no_crl = x509.CertificateRevocationListBuilder().issuer_name(root.subject).last_update(
        INTEL_TESTS).next_update(INTEL_TESTS).sign(ec.generate_private_key(ec.SECP256R1()),
                                                   hashes.SHA256())

    def check():
        when = datetime.datetime(2023, 1, 3)
        signer = verify_signer((folder / f"tcb_info_issuer_chain_{file}.pem").read_bytes(), root,
                               no_crl, when)
        signed_value((folder / "tcb_info.json").read_bytes(), "tcbInfo", signer, False)
    assert is_good(check) == expected
