# SPDX-License-Identifier: Apache-2.0
"""Marbles that verify the Coordinator before they send it anything."""

import datetime
import hashlib
import json
import shutil
import socket
import ssl
import threading

import pytest

import ra_tls
from attested import Application, sign_hello
from attested_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from quote_formats import platform_of
from quote_verifier import Quote, verify
from ra_tls import (QUOTE_OID, certificate_with, key_hash, mesh_certificate, new_key, quote_in,
                    show)
from real_coordinator import Coordinator
from sim_app import BUILD

OTHER = "0f" * 32
LINES = """
loader.env.EDG_MARBLE_COORDINATOR_ERA = "era.json"
sgx.trusted_files.era = "file:era.json"
sgx.trusted_files.trust_root = "file:trust_root.pem"
sgx.allowed_files.collateral = "file:collateral"
"""


@pytest.fixture(name="new_verifying")
def fixture_new_verifying(tmp_path, key, probe, machine):
    """Makes applications that accept the Coordinator of this era."""
    def make(era):
        folder = tmp_path / "verifying"
        folder.mkdir()
        (folder / "era.json").write_text(json.dumps(era))
        shutil.copy(machine.folder / "root_ca.pem", folder / "trust_root.pem")
        shutil.copytree(machine.folder / "collateral", folder / "collateral")
        signed = sign_hello(folder, key, "executable", probe, lambda text: text + LINES)
        return Application(signed, machine, tmp_path / "application")
    return make


def era_of(coordinator, **changed):
    return {**coordinator.era(), "Collateral": "collateral", "TrustRoot": "trust_root.pem",
            **changed}


def deploy(coordinator, application):
    package = {"SignerID": application.signed.signer_id, "ProductID": 1, "SecurityVersion": 1}
    answer = coordinator.set_manifest({
        "Packages": {"hello": package},
        "Marbles": {"web": {"Package": "hello", "Parameters": {"Argv": ["hello", "world"]}}}})
    assert answer.status_code == 200, answer.text


def test_the_mesh_certificate_carries_two_quotes(coordinator, machine):
    certificate = mesh_certificate(coordinator.mesh)
    quote, claims = ra_tls.evidence_in(certificate)
    assert ra_tls.decode(claims).keys() == {"pubkey-hash"}
    assert ra_tls.decode(ra_tls.decode(claims)["pubkey-hash"]) == [1, key_hash(certificate)]
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    bound = {quote: hashlib.sha256(claims).digest(),
             quote_in(certificate): key_hash(certificate)}
    assert len(bound) == 2
    for value, digest in bound.items():
        result = verify(value, machine.folder / "collateral", machine.folder / "root_ca.pem", now)
        assert result.quote.report.report_data == digest + bytes(32)
        assert result.quote.report.mr_enclave.hex() == coordinator.signed.unique_id


def test_gramine_finds_both_extensions(coordinator):
    """It looks for these bytes: the OID, and an octet string whose length takes two bytes."""
    der = mesh_certificate(coordinator.mesh).public_bytes(
        ra_tls.serialization.Encoding.DER)
    for oid in ("0606678105050409", "06092a864886f84d8a3906"):
        assert der.count(bytes.fromhex(oid)) == 1
        assert der.count(bytes.fromhex(oid + "0482")) == 1


def test_a_marble_starts_at_the_coordinator_that_it_expects(coordinator, new_verifying):
    application = new_verifying(era_of(coordinator))
    deploy(coordinator, application)
    run = application.run(coordinator, "web")
    assert run.status == 0, run.stderr
    assert "verified the Coordinator's quote (SIMULATED)" in run.stderr


def test_the_signer_is_enough_with_product_and_version(coordinator, new_verifying):
    era = era_of(coordinator)
    del era["UniqueID"]
    application = new_verifying(era)
    deploy(coordinator, application)
    run = application.run(coordinator, "web")
    assert run.status == 0, run.stderr


WRONG = [
    ({"UniqueID": OTHER}, f"the era config expects MRENCLAVE {OTHER}"),
    ({"SignerID": OTHER}, f"the era config expects MRSIGNER {OTHER}"),
    ({"ProductID": 4}, "invalid ProductID: the era config expects 4, the Coordinator has 3"),
    ({"SecurityVersion": 2}, "invalid SecurityVersion: the era config expects at least 2"),
    ({"TrustRoot": ""}, "its root is not Intel's"),
    ({"AcceptedPlatforms": [OTHER[:32]]}, "is none of those accepted: add it to them if you know"),
    ({"MinimumTCBEvaluationDataNumber": 18}, "number 17, at least 18 is demanded: get newer"),
]


@pytest.mark.parametrize("changed, reason", WRONG, ids=[list(row[0])[0] for row in WRONG])
def test_another_coordinator_gets_nothing(coordinator, new_verifying, changed, reason):
    application = new_verifying(era_of(coordinator, **changed))
    deploy(coordinator, application)
    run = application.run(coordinator, "web")
    assert run.status == 1
    assert f"the Coordinator at {coordinator.mesh} is refused: " in run.stderr
    assert reason in run.stderr
    assert "Hint: EDG_MARBLE_COORDINATOR_ERA must name the enclave" in run.stderr


def give_collateral_of(coordinator, application):
    for path in (coordinator.folder / "collateral").glob("*.*"):
        shutil.copy(path, application.folder / "collateral" / path.name)


REMEDY = ": update the Coordinator's machine, or accept this with AcceptedTCBStatuses or " \
    "AcceptedAdvisories in the era config"
HARDENING = [
    ({}, None),
    ({"AcceptedAdvisories": ["intel-sa-00615", "INTEL-SA-00001"]}, None),
    ({"AcceptedAdvisories": ["INTEL-SA-00001"]}, "TCB status SWHardeningNeeded contains advisories not "
     "accepted by configuration: [INTEL-SA-00615]" + REMEDY),
    ({"AcceptedTCBStatuses": ["OutOfDate"]}, "TCB level invalid: SWHardeningNeeded" + REMEDY),
]


@pytest.mark.parametrize("changed, reason", HARDENING,
                         ids=["any", "listed", "unlisted", "other status"])
def test_the_machine_of_the_coordinator_is_judged_by_the_era(coordinator, new_verifying, changed, reason):
    application = new_verifying(era_of(coordinator, **changed))
    coordinator.use_collateral("--tcb-status", "SWHardeningNeeded", "--advisory", "INTEL-SA-00615")
    give_collateral_of(coordinator, application)
    deploy(coordinator, application)
    run = application.run(coordinator, "web")
    if reason:
        assert run.status == 1
        assert f"the Coordinator at {coordinator.mesh} is refused: " in run.stderr
        assert reason in run.stderr
    else:
        assert run.status == 0, run.stderr


def test_a_marble_may_know_the_machine_of_its_coordinator(coordinator, new_verifying, machine):
    application = new_verifying(era_of(
        coordinator, AcceptedPlatforms=[OTHER[:32], platform_of(machine.folder).ppid.hex()],
        MinimumTCBEvaluationDataNumber=17, AcceptedTCBStatuses=["OutOfDate"], Nonce=""))
    deploy(coordinator, application)
    run = application.run(coordinator, "web")
    assert run.status == 0, run.stderr


BAD_ERAS = [
    ({"UniqueID": None, "SignerID": None}, "it names no enclave"),
    ({"Collateral": None}, "Collateral is needed"),
    ({"Collateral": "nowhere"}, "there is no folder nowhere with collateral"),
    ({"AcceptedTCBStatuses": ["Revoked"]}, '"Revoked", which is no TCB status'),
    ({"AcceptedPlatforms": []}, "AcceptedPlatforms accepts no platform"),
    ({"AcceptedAdvisories": []}, "AcceptedAdvisories accepts no advisory: leave it out to accept all"),
    ({"AcceptedTCBStatuses": []}, "AcceptedTCBStatuses accepts no status: leave it out"),
    ({"UniqeID": OTHER}, 'unknown member "UniqeID"'),
    ({"": 1}, 'unknown member ""'),
    ({"uniqueID": OTHER}, "UniqueID is given twice, in spellings that differ in case"),
    ({"Nonce": "AA=="}, "Nonce: a Marble cannot demand one"),
]


@pytest.mark.parametrize("changed, reason", BAD_ERAS, ids=[list(row[0])[-1] for row in BAD_ERAS])
def test_an_era_that_checks_nothing_is_refused(coordinator, new_verifying, changed, reason):
    application = new_verifying(era_of(coordinator, **changed))
    deploy(coordinator, application)
    run = application.run(coordinator, "web")
    assert run.status == 1
    assert "EDG_MARBLE_COORDINATOR_ERA: era.json: " in run.stderr and reason in run.stderr
    assert "Hint: this is the Marble's own file" in run.stderr


def test_a_coordinator_in_simulation_is_refused(coordinator, new_verifying, tmp_path):
    application = new_verifying(era_of(coordinator))
    (tmp_path / "simulation").mkdir()
    simulation = Coordinator([BUILD / "bin/coordinator", "--simulation"], {},
                             tmp_path / "simulation").start()
    try:
        run = application.run(simulation, "web",
                              EDG_MARBLE_COORDINATOR_CLIENT_ADDR=simulation.client)
    finally:
        simulation.stop()
    assert run.status == 1
    assert "its certificate carries no quote, and its client API gives none: " in run.stderr
    assert "this Coordinator runs in simulation mode" in run.stderr


class Impostor:
    """Shows extensions of another in a certificate of its own; takes one connection."""

    def __init__(self, folder, extensions):
        key = new_key()
        shown = show(certificate_with(key, extensions), key)
        (folder / "cert.pem").write_bytes(shown.cert)
        (folder / "key.pem").write_bytes(shown.key)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        self.context.set_alpn_protocols(["h2"])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.received = None
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        plain, _ = self.listener.accept()
        with plain:
            try:
                with self.context.wrap_socket(plain, server_side=True) as connection:
                    self.received = connection.recv(1)
            except (ssl.SSLError, OSError):
                self.received = b""

    def end(self):
        self.thread.join()
        self.listener.close()
        return self.received


def test_the_quote_of_another_does_not_help_an_impostor(coordinator, new_verifying, tmp_path):
    application = new_verifying(era_of(coordinator))
    (tmp_path / "impostor").mkdir()
    quote = quote_in(mesh_certificate(coordinator.mesh))
    impostor = Impostor(tmp_path / "impostor", {QUOTE_OID: quote})
    run = application.run(impostor.address, "web")
    assert impostor.end() == b""
    assert run.status == 1
    assert "its quote is not over the key of its certificate" in run.stderr


def test_the_client_api_of_another_does_not_help_an_impostor(
        coordinator, new_verifying, tmp_path):
    application = new_verifying(era_of(coordinator))
    (tmp_path / "impostor").mkdir()
    impostor = Impostor(tmp_path / "impostor", {})
    run = application.run(impostor.address, "web",
                          EDG_MARBLE_COORDINATOR_CLIENT_ADDR=coordinator.client)
    assert impostor.end() == b""
    assert run.status == 1
    assert f"the quote of its client API at {coordinator.client}: " in run.stderr
    assert "it does not vouch for the key of the mesh API: somebody stands in between" in run.stderr


def test_a_changed_quote_is_refused(coordinator, new_verifying, tmp_path):
    application = new_verifying(era_of(coordinator))
    quote = bytearray(quote_in(mesh_certificate(coordinator.mesh)))
    quote[len(Quote.parse(bytes(quote)).signed_part) - 64] ^= 1  # of the report data
    (tmp_path / "impostor").mkdir()
    impostor = Impostor(tmp_path / "impostor", {QUOTE_OID: bytes(quote)})
    run = application.run(impostor.address, "web")
    impostor.end()
    assert run.status == 1
    assert "the quote is not signed by its attestation key" in run.stderr


def test_expired_collateral_is_said(coordinator, new_verifying):
    application = new_verifying(era_of(coordinator))
    coordinator.use_collateral("--issued-at", "2025-01-01T00:00:00Z")
    give_collateral_of(coordinator, application)
    run = application.run(coordinator, "web")
    assert run.status == 1
    assert f"the Coordinator at {coordinator.mesh} is refused: " in run.stderr
    assert "expired at 202" in run.stderr
