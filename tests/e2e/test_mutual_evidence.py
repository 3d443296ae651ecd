# SPDX-License-Identifier: Apache-2.0
"""What Marbles make of mesh certificates that have one extension of RA-TLS, the other, both, or
something wrong in them."""

import hashlib

import pytest

from ra_tls import (EVIDENCE_OID, QUOTE_OID, bare, byte_string, certificate_with, claims_of,
                    evidence_of, hash_entry, head, key_claims, key_hash, new_key, show)
from verifying import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from verifying import assert_activated, assert_refused, flipped

REPORT_DATA = 368  # where it stands in a quote


@pytest.fixture(name="mesh_key", scope="module")
def fixture_mesh_key():
    return new_key()


@pytest.fixture(name="older", scope="module")
def fixture_older(machine, mesh_key):
    """The value of the older extension."""
    return bare(machine.quote(key_hash(mesh_key)))


@pytest.fixture(name="attest")
def fixture_attest(machine):
    """Makes evidence with a quote over the claims."""
    return lambda claims: evidence_of(bare(machine.quote(hashlib.sha256(claims).digest())), claims)


GOOD_CLAIMS = {
    "sha256": key_claims,
    "sha384": lambda key: key_claims(key, "sha384"),
    "sha512": lambda key: key_claims(key, "sha512"),
    "nonce": lambda key: claims_of(("pubkey-hash", hash_entry(key)), ("nonce", bytes(32))),
}


@pytest.mark.parametrize("make_claims", GOOD_CLAIMS.values(), ids=GOOD_CLAIMS)
def test_the_standard_extension_alone_will_do(mesh_key, attest, start_mesh, activate, make_claims):
    certificate = certificate_with(mesh_key, {EVIDENCE_OID: attest(make_claims(mesh_key))})
    mesh = start_mesh(show(certificate, mesh_key))
    assert_activated(activate(mesh.address), mesh)


def test_the_older_extension_alone_will_do(mesh_key, older, start_mesh, activate):
    mesh = start_mesh(show(certificate_with(mesh_key, {QUOTE_OID: older}), mesh_key))
    assert_activated(activate(mesh.address), mesh)


def test_what_the_older_extension_says_does_not_count_beside_the_standard_one(
        mesh_key, attest, start_mesh, activate):
    extensions = {QUOTE_OID: b"no quote", EVIDENCE_OID: attest(key_claims(mesh_key))}
    mesh = start_mesh(show(certificate_with(mesh_key, extensions), mesh_key))
    assert_activated(activate(mesh.address), mesh)


NOT_CBOR = "(2.23.133.5.4.9): it is not CBOR of the form 60000([quote, claims])"
NO_MAP = "its claims are no map of CBOR from texts to byte strings"
NO_HASH = "its pubkey-hash is no SHA-256, SHA-384 or SHA-512 in CBOR"
STOLEN = "its claims are about another key: somebody stands in between"

# of good evidence, in place of it
BAD_EVIDENCE = {
    "empty": (lambda good: b"", NOT_CBOR),
    "noise": (lambda good: b"\xff" * 100, NOT_CBOR),
    "cut": (lambda good: good[:-1], NOT_CBOR),
    "longer": (lambda good: good + b"\0", NOT_CBOR),
    "another tag": (lambda good: head(6, 60001) + good[3:], NOT_CBOR),
    "no tag": (lambda good: good[3:], NOT_CBOR),
    "long form of the tag": (lambda good: b"\xda\0\0" + good[1:], NOT_CBOR),
    "no length": (lambda good: good[:3] + b"\x9f" + good[4:] + b"\xff", NOT_CBOR),
    "three items": (lambda good: good[:3] + b"\x83" + good[4:] + b"\0", NOT_CBOR),
    "a changed quote": (lambda good: flipped(good, 3 + 1 + 3 + REPORT_DATA),
                        "the quote is not signed by its attestation key"),
    "changed claims": (lambda good: flipped(good, -1), STOLEN),
}


@pytest.mark.parametrize("change, reason", BAD_EVIDENCE.values(), ids=BAD_EVIDENCE)
def test_bad_evidence_is_refused_whatever_stands_beside_it(
        mesh_key, older, attest, start_mesh, activate, change, reason):
    extensions = {QUOTE_OID: older, EVIDENCE_OID: change(attest(key_claims(mesh_key)))}
    mesh = start_mesh(show(certificate_with(mesh_key, extensions), mesh_key))
    assert_refused(activate(mesh.address), mesh, reason)


ENTRY = "pubkey-hash"
BAD_CLAIMS = {
    "none": (lambda key: claims_of(), "its claims have no pubkey-hash"),
    "other": (lambda key: claims_of(("nonce", hash_entry(key))), "its claims have no pubkey-hash"),
    "two": (lambda key: claims_of((ENTRY, hash_entry(key)), (ENTRY, hash_entry(key))),
            "its claims have more than one pubkey-hash"),
    "another key": (lambda key: key_claims(new_key()), STOLEN),
    "no map": (lambda key: byte_string(b""), NO_MAP),
    "another hash": (lambda key: claims_of((ENTRY, head(4, 2) + head(0, 2) + byte_string(bytes(15)))),
                     NO_HASH),
    "the hash alone": (lambda key: claims_of((ENTRY, key_hash(key))), NO_HASH),
    "a hash with more": (lambda key: claims_of((ENTRY, hash_entry(key) + b"\0")), NO_HASH),
    "huge map": (lambda key: b"\xbb" + b"\xff" * 8 + key_claims(key)[1:], NO_MAP),
}


@pytest.mark.parametrize("make_claims, reason", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
def test_claims_that_do_not_name_the_key_are_refused(
        mesh_key, older, attest, start_mesh, activate, make_claims, reason):
    extensions = {QUOTE_OID: older, EVIDENCE_OID: attest(make_claims(mesh_key))}
    mesh = start_mesh(show(certificate_with(mesh_key, extensions), mesh_key))
    assert_refused(activate(mesh.address), mesh, reason)


def test_the_quote_over_the_key_does_not_vouch_for_claims(mesh_key, older, start_mesh, activate):
    extensions = {EVIDENCE_OID: evidence_of(older, key_claims(mesh_key))}
    mesh = start_mesh(show(certificate_with(mesh_key, extensions), mesh_key))
    assert_refused(activate(mesh.address), mesh, "its quote is not over the key")


def test_the_quote_over_claims_does_not_vouch_for_the_key(
        mesh_key, machine, start_mesh, activate):
    over_claims = bare(machine.quote(hashlib.sha256(key_claims(mesh_key)).digest()))
    mesh = start_mesh(show(certificate_with(mesh_key, {QUOTE_OID: over_claims}), mesh_key))
    assert_refused(activate(mesh.address), mesh, "its quote is not over the key")


@pytest.mark.parametrize("stolen", [QUOTE_OID, EVIDENCE_OID], ids=["older", "standard"])
def test_what_another_has_shown_does_not_help_an_impostor(
        mesh_key, older, attest, start_mesh, activate, stolen):
    value = {QUOTE_OID: older, EVIDENCE_OID: attest(key_claims(mesh_key))}[stolen]
    key = new_key()
    mesh = start_mesh(show(certificate_with(key, {stolen: value}), key))
    assert_refused(activate(mesh.address), mesh, "somebody stands in between")


def test_another_enclave_is_refused_with_either_extension(
        mesh_key, older, attest, start_mesh, activate):
    for extensions in ({QUOTE_OID: older}, {EVIDENCE_OID: attest(key_claims(mesh_key))}):
        mesh = start_mesh(show(certificate_with(mesh_key, extensions), mesh_key))
        assert_refused(activate(mesh.address, UniqueID="0f" * 32), mesh,
                       "the era config expects MRENCLAVE")
