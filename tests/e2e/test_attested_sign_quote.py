# SPDX-License-Identifier: Apache-2.0
"""/sign-quote of a Coordinator that can verify quotes (row C14 of the feature table)."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from attested import AttestedMarble, eventually
from attested_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from openapi import validate
from quote_formats import strip_header
from real_coordinator import b64

MANIFEST = json.dumps({"Packages": {"package": {"UniqueID": "a1" * 32}},
                       "Marbles": {"marble": {"Package": "package"}},
                       "Config": {"FeatureGates": ["SignQuoteEndpoint"]}})


def sign(coordinator, quote):
    answer = coordinator.request("POST", "/api/v2/sign-quote",
                                 json={"sgxQuote": base64.b64encode(quote).decode()})
    validate("POST", "/api/v2/sign-quote", answer)
    return answer


def signed_as(coordinator, quote, status):
    """With the collateral that was put there last."""
    assert sign(coordinator, quote).json()["data"]["tcbStatus"] == status


@pytest.mark.parametrize("status", ["UpToDate", "OutOfDate"])
def test_c14_the_root_signs_a_quote_and_its_status(coordinator, machine, status):
    """The quote of an enclave that no package of the manifest describes, and with any TCB status."""
    assert coordinator.set_manifest(MANIFEST).status_code == 200
    if status != "UpToDate":
        coordinator.use_collateral("--tcb-status", status)
    report = AttestedMarble(machine, mrenclave="b2" * 32, mrsigner="51" * 32).machine.quote(
        hashlib.sha256(b"anything").digest())
    eventually(lambda: signed_as(coordinator, report, status))
    for quote in report, strip_header(report):
        answer = sign(coordinator, quote)
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        assert list(data) == ["tcbStatus", "verificationSignature"]
        assert data["tcbStatus"] == status
        coordinator.root().public_key().verify(
            b64(data["verificationSignature"]), base64.b64encode(quote) + status.encode(),
            ec.ECDSA(hashes.SHA256()))


def test_c14_what_does_not_verify_is_not_signed(coordinator, machine):
    assert coordinator.set_manifest(MANIFEST).status_code == 200
    quote = bytearray(AttestedMarble(machine, mrenclave="b2" * 32, mrsigner="51" * 32).machine.quote(
        hashlib.sha256(b"anything").digest()))
    quote[16 + 48 + 64] ^= 1  # in MRENCLAVE
    for broken in bytes(quote), b"", b"no quote", bytes(quote[:200]):
        answer = sign(coordinator, broken)
        assert answer.status_code == 400
        assert answer.json()["status"] == "fail"
        assert answer.json()["message"] == "quote verification failed"
        assert answer.json()["data"]["sgxQuote"].startswith("quote verification failed: ")
