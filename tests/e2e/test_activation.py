# SPDX-License-Identifier: Apache-2.0
"""What Marbles of a Coordinator outside of an enclave are given, and whom it refuses. Tests are named after
their rows in the feature table."""

import concurrent.futures
import signal
import uuid

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from plain_manifest import manifest_of, refused
from real_coordinator import Marble, b64


def test_m01_m02_m25_f04_f05_f06_t02_t03_a_marble_gets_its_parameters(running):
    parameters = {
        "Argv": ["app", "{{ not a template }}", ""],
        "Env": {"PLAIN": "value", "OBJECT": {"Data": "aGVsbG8=", "Encoding": "Base64"},
                "TAKEN": "{{ base64 .Secrets.key }}", "MARBLE_PREDEFINED_ROOT_CA": "overridden"},
        "Files": {"/binary": {"Data": "00ff", "Encoding": "hex", "NoTemplates": True},
                  "/verbatim": {"Data": "{{ x }}", "NoTemplates": True},
                  "/raw": "{{ raw .Secrets.key }}", "/hex": "{{ hex .Secrets.key }}"}}
    secrets = {"key": {"Type": "symmetric-key", "Size": 256, "Shared": True}}
    running.set_manifest(manifest_of({"marble": {"Parameters": parameters}}, Secrets=secrets))
    given = Marble().activate(running, "marble")
    assert given.argv == ["app", "{{ not a template }}", ""]
    assert given.env["PLAIN"] == b"value" and given.env["OBJECT"] == b"hello"
    assert given.files["/binary"] == b"\x00\xff" and given.files["/verbatim"] == b"{{ x }}"
    assert len(given.files["/raw"]) == 32
    assert given.files["/raw"].hex().encode() == given.files["/hex"]
    assert b64(given.env["TAKEN"]) == given.files["/raw"]
    assert given.env["MARBLE_PREDEFINED_ROOT_CA"].startswith(b"-----BEGIN CERTIFICATE-----")
    assert len(given.env) == 3 + 5 and len(given.files) == 4


def test_m17_m18_m19_m20_m21_m22_the_marble_certificate_chains_to_the_coordinator(running):
    running.set_manifest(manifest_of({"marble": {}}))
    marble = Marble(names=["a.example", "localhost"],
                    subject=[(x509.NameOID.COMMON_NAME, "mine"), (x509.NameOID.ORGANIZATION_NAME, "O"),
                             (x509.NameOID.LOCALITY_NAME, "place")])
    given = marble.activate(running, "marble")
    leaf, intermediate = given.certificates()
    intermediate.public_key().verify(leaf.signature, leaf.tbs_certificate_bytes,
                                     ec.ECDSA(hashes.SHA256()))
    running.root().public_key().verify(intermediate.signature, intermediate.tbs_certificate_bytes,
                                       ec.ECDSA(hashes.SHA256()))
    assert {a.rfc4514_string() for a in leaf.subject} == {f"CN={marble.uuid}", "L=place"}
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "localhost"]
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature and usage.key_agreement and not usage.key_cert_sign
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    kind = leaf.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.3.9903.2.1"))
    assert kind.value.value == b"marble" and not kind.critical
    key = serialization.load_pem_private_key(given.env["MARBLE_PREDEFINED_PRIVATE_KEY"], None)
    assert key.public_key().public_numbers() == leaf.public_key().public_numbers()
    assert key.public_key().public_numbers() != marble.key.public_key().public_numbers()
    marble_root = x509.load_pem_x509_certificate(given.env["MARBLE_PREDEFINED_ROOT_CA"])
    assert marble_root.subject == marble_root.issuer == leaf.issuer
    assert given.env["MARBLE_PREDEFINED_INTERMEDIATE_CA"] == given.env["MARBLE_PREDEFINED_ROOT_CA"]
    assert x509.load_pem_x509_certificate(
        given.env["MARBLE_PREDEFINED_COORDINATOR_ROOT_CA"]) == running.root()


def test_s01_s02_s03_t07_f19_f23_private_secrets_hang_on_uuid_and_type_and_shared_ones_on_neither(running):
    secrets = {"own": {"Type": "symmetric-key", "Size": 128},
               "shared": {"Type": "symmetric-key", "Size": 128, "Shared": True}}
    env = {"OWN": "{{ hex .Secrets.own }}", "AGAIN": "{{ hex .Secrets.own.Private }}",
           "SHARED": "{{ hex .Secrets.shared }}", "SEAL": "{{ hex .Marblerun.SealKey }}"}
    parameters = {"Parameters": {"Env": env}}
    running.set_manifest(manifest_of(
        {"one": parameters, "two": parameters, "free1": {**parameters, "DisableSecretBinding": True},
         "free2": {**parameters, "DisableSecretBinding": True}}, Secrets=secrets))
    marble, other = Marble(), Marble()
    first, again = marble.activate(running, "one"), marble.activate(running, "one")
    assert first.env["OWN"] == first.env["AGAIN"] == again.env["OWN"]
    assert first.env["SEAL"] == again.env["SEAL"] and len(first.env["SEAL"]) == 64
    assert marble.activate(running, "two").env["OWN"] != first.env["OWN"]
    assert marble.activate(running, "two").env["SEAL"] == first.env["SEAL"]
    foreign = other.activate(running, "one")
    assert foreign.env["OWN"] != first.env["OWN"] and foreign.env["SEAL"] != first.env["SEAL"]
    assert foreign.env["SHARED"] == first.env["SHARED"]
    assert marble.activate(running, "free1").env["OWN"] == marble.activate(running, "free2").env["OWN"]


@pytest.mark.parametrize("form", ["{}", "urn:uuid:{}", "URN:UUID:{}", "{{{}}}", "plain", "upper"])
def test_m15_every_form_of_a_uuid_names_the_same_marble(running, form):
    secrets = {"own": {"Type": "symmetric-key", "Size": 128}}
    running.set_manifest(manifest_of(
        {"marble": {"Parameters": {"Env": {"OWN": "{{ hex .Secrets.own }}"}}}}, Secrets=secrets))
    marble = Marble()
    canonical = marble.activate(running, "marble")
    text = {"plain": marble.uuid.replace("-", ""), "upper": marble.uuid.upper()}.get(
        form, form.format(marble.uuid))
    given = marble.activate(running, "marble", uuid=text.encode())
    assert given.env["OWN"] == canonical.env["OWN"]
    assert given.certificates()[0].subject.rfc4514_string() == f"CN={marble.uuid}"


@pytest.mark.parametrize("text", [
    "", "x", "0" * 31, "0" * 32, str(uuid.UUID(int=0)), str(uuid.UUID(int=1)) + "\n",
    "{" + str(uuid.UUID(int=1)) + "]", "urn:uuid:x" + str(uuid.UUID(int=1))])
def test_m15_what_is_no_uuid_is_an_invalid_argument(running, text):
    running.set_manifest(manifest_of({"marble": {}}))
    refused(grpc.StatusCode.INVALID_ARGUMENT, "invalid UUID: ", Marble().activate, running, "marble",
            uuid=text.encode())


def test_s05_s08_certificate_secrets_are_issued_by_the_marble_root(running):
    secrets = {
        "shared": {"Type": "cert-ecdsa", "Size": 256, "Shared": True, "ValidFor": 7,
                   "Cert": {"Subject": {"CommonName": "shared"}, "DNSNames": ["s.example"]}},
        "own": {"Type": "cert-ecdsa", "Size": 384, "Cert": {"DNSNames": ["one.example"], "IsCA": True}}}
    files = {f"/{name}.{part}": f"{{{{ pem .Secrets.{name}.{part} }}}}"
             for name in secrets for part in ("Cert", "Private", "Public")}
    running.set_manifest(manifest_of({"marble": {"Parameters": {"Files": files}}}, Secrets=secrets))
    marble = Marble()
    first, again = marble.activate(running, "marble"), marble.activate(running, "marble")
    marble_root = x509.load_pem_x509_certificate(first.env["MARBLE_PREDEFINED_ROOT_CA"])
    for name, size in ("shared", 256), ("own", 384):
        cert = x509.load_pem_x509_certificate(first.files[f"/{name}.Cert"])
        key = serialization.load_pem_private_key(first.files[f"/{name}.Private"], None)
        public = serialization.load_pem_public_key(first.files[f"/{name}.Public"])
        assert key.key_size == size
        assert (key.public_key().public_numbers() == cert.public_key().public_numbers()
                == public.public_numbers())
        marble_root.public_key().verify(cert.signature, cert.tbs_certificate_bytes,
                                        ec.ECDSA(hashes.SHA256()))
    shared = x509.load_pem_x509_certificate(first.files["/shared.Cert"])
    own = x509.load_pem_x509_certificate(first.files["/own.Cert"])
    assert shared.subject.rfc4514_string() == "CN=shared"
    assert own.subject.rfc4514_string() == "CN=one.example"
    assert (shared.not_valid_after - shared.not_valid_before).days == 7
    assert (own.not_valid_after - own.not_valid_before).days == 365
    assert own.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert first.files["/shared.Cert"] == again.files["/shared.Cert"]
    assert first.files["/own.Cert"] != again.files["/own.Cert"]


def test_m05_activation_needs_a_manifest_a_known_type_and_a_sound_csr(running):
    marble = Marble()
    refused(grpc.StatusCode.FAILED_PRECONDITION, "cannot accept marbles in current state",
            marble.activate, running, "marble")
    running.set_manifest(manifest_of({"marble": {}}))
    refused(grpc.StatusCode.PERMISSION_DENIED,
            "marble verification failed: unknown marble type requested", marble.activate, running, "other")
    refused(grpc.StatusCode.INTERNAL, "generating marble authentication secrets: parsing CSR: ",
            marble.activate, running, "marble", csr=b"no CSR")
    changed = bytearray(marble.csr)
    changed[-1] ^= 1
    refused(grpc.StatusCode.INTERNAL,
            "generating marble authentication secrets: signature over CSR is invalid",
            marble.activate, running, "marble", csr=bytes(changed))


def test_m05_m16_a_limit_counts_successes_and_comes_before_the_uuid(coordinator):
    coordinator.start()
    coordinator.set_manifest(manifest_of({"marble": {"MaxActivations": 2}, "free": {}}))
    marble = Marble()
    refused(grpc.StatusCode.INVALID_ARGUMENT, "invalid UUID", marble.activate, coordinator, "marble",
            uuid=b"x")
    marble.activate(coordinator, "marble")
    coordinator.stop(signal.SIGKILL)
    coordinator.start()
    marble.activate(coordinator, "marble")
    text = 'marble verification failed: reached max activations count (2) for marble type "marble"'
    refused(grpc.StatusCode.PERMISSION_DENIED, text, marble.activate, coordinator, "marble")
    refused(grpc.StatusCode.PERMISSION_DENIED, text, marble.activate, coordinator, "marble", uuid=b"x")
    coordinator.stop()
    coordinator.start()
    refused(grpc.StatusCode.PERMISSION_DENIED, text, marble.activate, coordinator, "marble")
    marble.activate(coordinator, "free")


def test_m16_q03_a_limit_holds_against_a_crowd(running):
    running.set_manifest(manifest_of({"marble": {"MaxActivations": 10}}))

    def attempt(_):
        try:
            return bool(Marble().activate(running, "marble"))
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.PERMISSION_DENIED
            return False
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(30))) == 10


def test_m13_a_simulated_coordinator_looks_at_no_quote(running):
    packages = {"package": {"UniqueID": "a1" * 32}}
    running.set_manifest({**manifest_of({"marble": {"MaxActivations": 2}}), "Packages": packages})
    for quote in b"", b"no quote":
        assert Marble().activate(running, "marble", quote=quote).env
    refused(grpc.StatusCode.PERMISSION_DENIED, "reached max activations", Marble().activate, running,
            "marble", quote=b"no quote")
