# SPDX-License-Identifier: Apache-2.0
"""Secrets of every type, templates and the PKI, computed anew by python3-cryptography."""

import concurrent.futures
import datetime
import subprocess

import fake_mesh
import grpc
import pytest
import sealed_state
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from plain_manifest import manifest_of, set_manifest
from real_coordinator import Coordinator, Marble

DAY = datetime.timedelta(days=1)


def env_of(**env):
    return {"Parameters": {"Env": env}}


def state_of(coordinator):
    return sealed_state.read(coordinator.folder / "state")


def change_state(coordinator, **changes):
    """Stops the Coordinator, changes its sealed state, starts it."""
    assert coordinator.stop() == 0
    folder = coordinator.folder / "state"
    state = sealed_state.read(folder)
    state.update(changes)
    sealed_state.write(folder, {name: value for name, value in state.items() if value is not None})
    return coordinator.start()


def public_der(key):
    return key.public_bytes(serialization.Encoding.DER,
                            serialization.PublicFormat.SubjectPublicKeyInfo)


# derivation (S01 to S04, T07): a vector for each formula


def derive(root_secret, salt, info, size):
    return HKDF(hashes.SHA256(), size, salt, info).derive(root_secret)


def test_s02_s03_s04_private_keys_are_derived_by_the_formula(running):
    secrets = {"key": {"Type": "symmetric-key", "Size": 136},
               "größe-2": {"Type": "symmetric-key", "Size": 8 * 255 * 32}}
    env = {"KEY": "{{ hex .Secrets.key }}", "LONG": '{{ hex (index .Secrets "größe-2") }}'}
    set_manifest(running, {"bound": env_of(**env), "free": {**env_of(**env), "DisableSecretBinding": True}},
                 Secrets=secrets)
    root_secret = state_of(running)["rootSecret"]
    assert len(root_secret) == 32
    marble = Marble()
    for kind, info in ("bound", b"bound"), ("free", b""):
        given = marble.activate(running, kind)
        key = derive(root_secret, marble.uuid.encode() + b"key", info, 17)
        assert given.env["KEY"].decode() == key.hex()
        long = derive(root_secret, (marble.uuid + "größe-2").encode(), info, 255 * 32)
        assert given.env["LONG"].decode() == long.hex()


def test_t07_the_seal_key_depends_on_the_uuid_alone(running):
    set_manifest(running, {"a": env_of(KEY="{{ hex .Marblerun.SealKey }}"),
                           "b": env_of(KEY="{{ hex .MarbleRun.SealKey.Private }}")})
    marble = Marble()
    expected = derive(state_of(running)["rootSecret"], bytes.fromhex(marble.uuid.replace("-", "")), b"", 32)
    for kind in "a", "b":
        assert marble.activate(running, kind).env["KEY"].decode() == expected.hex()


def test_s01_shared_keys_are_stored_and_the_same_for_all(running):
    secrets = {"key": {"Type": "symmetric-key", "Size": 128, "Shared": True}}
    set_manifest(running, {"a": env_of(KEY="{{ hex .Secrets.key }}"), "b": env_of(KEY="{{ hex .Secrets.key }}")},
                 Secrets=secrets)
    stored = state_of(running)["secret:key"]
    assert stored["Private"] == stored["Public"] and len(stored["Private"]) == 16
    for kind in "a", "b":
        assert Marble().activate(running, kind).env["KEY"].decode() == stored["Private"].hex()


@pytest.mark.parametrize("size", [0, 7, 12, 8 * 255 * 32 + 8])
def test_a_key_of_an_impossible_size_is_refused(running, size):
    answer = running.set_manifest(
        manifest_of({"a": {}}, Secrets={"k": {"Type": "symmetric-key", "Size": size}}))
    assert answer.status_code == 400
    assert answer.json()["message"] == (
        "generating placeholder secrets from manifest: invalid secret size: k")


# certificates (S05 to S08)


CERT_ENV = {"CERT": "{{ pem .Secrets.cert.Cert }}", "KEY": "{{ pem .Secrets.cert.Private }}",
            "PUBLIC": "{{ pem .Secrets.cert.Public }}"}


def certificate_of(given):
    """The certificate of CERT_ENV, after checking that its keys and its issuer are right."""
    cert = x509.load_pem_x509_certificate(given.env["CERT"])
    key = serialization.load_pem_private_key(given.env["KEY"], None)
    public = serialization.load_pem_public_key(given.env["PUBLIC"])
    assert public_der(key.public_key()) == public_der(public) == public_der(cert.public_key())
    root = x509.load_pem_x509_certificate(given.env["MARBLE_PREDEFINED_ROOT_CA"])
    root.public_key().verify(cert.signature, cert.tbs_certificate_bytes,
                             ec.ECDSA(cert.signature_hash_algorithm))
    assert cert.issuer == root.subject
    return cert, key


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("kind,size", [
    ("cert-rsa", 2048), ("cert-rsa", 1024), ("cert-ecdsa", 224), ("cert-ecdsa", 256),
    ("cert-ecdsa", 384), ("cert-ecdsa", 521), ("cert-ed25519", 0)])
def test_s05_certificates_of_every_type(running, kind, size, shared):
    secrets = {"cert": {"Type": kind, "Size": size, "Shared": shared}}
    set_manifest(running, {"a": env_of(**CERT_ENV)}, Secrets=secrets)
    cert, key = certificate_of(Marble().activate(running, "a"))
    again, _ = certificate_of(Marble().activate(running, "a"))
    assert (cert == again) == shared
    if kind == "cert-ed25519":
        assert isinstance(key, ed25519.Ed25519PrivateKey)
    else:
        assert key.key_size == size
        assert isinstance(key, rsa.RSAPrivateKey if kind == "cert-rsa" else ec.EllipticCurvePrivateKey)
    if kind == "cert-rsa":
        assert key.public_key().public_numbers().e == 65537
        signature = key.sign(b"x", padding.PKCS1v15(), hashes.SHA256())
        cert.public_key().verify(signature, b"x", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("secret,text", [
    ({"Type": "cert-ecdsa", "Size": 255}, "invalid secret size for cert-ecdsa secret s: unsupported size 255: "
     "does not map to a supported curve"),
    ({"Type": "cert-ed25519", "Size": 256}, "invalid secret size for cert-ed25519 secret s: none is "
     "expected, got: 256"),
    ({"Type": "cert-rsa", "Size": 512}, "invalid secret size for cert-rsa secret s: "),
    ({"Type": "plain"}, "secret s is invalid: unsupported secret of type plain")])
@pytest.mark.parametrize("shared", [False, True])
def test_s05_what_cannot_be_generated_is_refused(running, secret, text, shared):
    answer = running.set_manifest(manifest_of({"a": {}}, Secrets={"s": {**secret, "Shared": shared}}))
    prefix = "generating secrets" if shared else "generating placeholder secrets"
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(f"{prefix} from manifest: {text}")


def test_s06_a_certificate_without_template_has_the_defaults(running):
    secrets = {"cert": {"Type": "cert-ecdsa", "Size": 256}}
    before = datetime.datetime.utcnow() - datetime.timedelta(seconds=1)
    set_manifest(running, {"a": env_of(DAYS="{{ .Secrets.cert.ValidFor }}", **CERT_ENV)}, Secrets=secrets)
    given = Marble().activate(running, "a")
    cert, _ = certificate_of(given)
    assert cert.subject.rfc4514_string() == "CN=MarbleRun Generated Certificate"
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    usage = cert.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature and usage.key_cert_sign and not usage.key_agreement
    extended = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(extended) == [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    constraints = cert.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical and not constraints.value.ca
    assert before <= cert.not_valid_before <= datetime.datetime.utcnow()
    assert cert.not_valid_after - cert.not_valid_before == 365 * DAY
    assert given.env["DAYS"] == b"365"


def test_s06_s07_every_member_of_a_template_is_honoured(running):
    template = {
        "Subject": {"CommonName": "name", "SerialNumber": "7", "Country": ["DE"], "Organization": ["O"],
                    "OrganizationalUnit": ["U", "V"], "Locality": ["L"], "Province": ["P"],
                    "StreetAddress": ["S"], "PostalCode": ["1"]},
        "dnsnames": ["a.example", "*.b.example"], "IPAddresses": ["10.0.0.1", "fe80::1"],
        "EmailAddresses": ["me@example.org"],
        "URIs": [{"Scheme": "https", "Host": "example.org", "Path": "/x"}],
        "KeyUsage": 1 | 4 | 32 | 64, "ExtKeyUsage": [1, 3, 8], "UnknownExtKeyUsage": [[1, 2, 3, 4]],
        "NotAfter": "2031-02-03T04:05:06+01:00", "IsCA": True, "MaxPathLen": 3,
        "ExtraExtensions": [{"Id": [1, 2, 3, 5], "Critical": True, "Value": "BQA="}],
        "PermittedDNSDomainsCritical": True, "PermittedDNSDomains": [".example"],
        "ExcludedIPRanges": [{"IP": "10.1.0.0", "Mask": "//8AAA=="}],
        "OCSPServer": ["http://ocsp"], "IssuingCertificateURL": ["http://issuer"],
        "CRLDistributionPoints": ["http://crl"], "PolicyIdentifiers": [[1, 2, 840]], "SubjectKeyId": "AQID"}
    secrets = {"cert": {"Type": "cert-ecdsa", "Size": 384, "Cert": template}}
    set_manifest(running, {"a": env_of(**CERT_ENV)}, Secrets=secrets)
    cert, _ = certificate_of(Marble().activate(running, "a"))
    subject = {a.rfc4514_attribute_name or a.oid.dotted_string: a.value for a in cert.subject}
    assert cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "name"
    assert subject["C"] == "DE" and subject["O"] == "O" and subject["L"] == "L"
    units = cert.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    assert {unit.value for unit in units} == {"U", "V"}
    find = cert.extensions.get_extension_for_class
    names = find(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "*.b.example"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["10.0.0.1", "fe80::1"]
    assert names.get_values_for_type(x509.RFC822Name) == ["me@example.org"]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["https://example.org/x"]
    usage = find(x509.KeyUsage).value
    assert usage.digital_signature and usage.key_encipherment and usage.key_cert_sign and usage.crl_sign
    assert not usage.content_commitment and not usage.data_encipherment and not usage.key_agreement
    assert [oid.dotted_string for oid in find(x509.ExtendedKeyUsage).value] == [
        "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.8", "1.2.3.4"]
    assert cert.not_valid_after == datetime.datetime(2031, 2, 3, 3, 5, 6)
    constraints = find(x509.BasicConstraints).value
    assert constraints.ca and constraints.path_length == 3
    extra = cert.extensions.get_extension_for_oid(x509.ObjectIdentifier("1.2.3.5"))
    assert extra.critical and extra.value.value == b"\x05\x00"
    allowed = find(x509.NameConstraints)
    assert allowed.critical
    assert [name.value for name in allowed.value.permitted_subtrees] == [".example"]
    assert [str(name.value) for name in allowed.value.excluded_subtrees] == ["10.1.0.0/16"]
    access = {d.access_method: d.access_location.value for d in find(x509.AuthorityInformationAccess).value}
    assert access == {x509.AuthorityInformationAccessOID.OCSP: "http://ocsp",
                      x509.AuthorityInformationAccessOID.CA_ISSUERS: "http://issuer"}
    assert find(x509.CRLDistributionPoints).value[0].full_name[0].value == "http://crl"
    assert find(x509.CertificatePolicies).value[0].policy_identifier.dotted_string == "1.2.840"
    assert find(x509.SubjectKeyIdentifier).value.digest == b"\x01\x02\x03"


def test_s07_a_certificate_that_is_a_ca_issues_others(running, tmp_path):
    template = {"Subject": {"CommonName": "ca"}, "IsCA": True, "DNSNames": ["ca.example"]}
    secrets = {"cert": {"Type": "cert-rsa", "Size": 2048, "Cert": template, "Shared": True}}
    set_manifest(running, {"a": env_of(**CERT_ENV)}, Secrets=secrets)
    given = Marble().activate(running, "a")
    ca, ca_key = certificate_of(given)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.utcnow()
    leaf = (x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")]))
            .issuer_name(ca.subject).public_key(key.public_key()).serial_number(1)
            .not_valid_before(now - DAY).not_valid_after(now + DAY).sign(ca_key, hashes.SHA256()))
    verify(tmp_path, leaf, [ca], given.env["MARBLE_PREDEFINED_ROOT_CA"])


def test_s08_certificates_end_when_the_manifest_says(running):
    secrets = {"cert": {"Type": "cert-ecdsa", "Size": 256, "ValidFor": 7}}
    set_manifest(running, {"a": env_of(**CERT_ENV)}, Secrets=secrets)
    cert, _ = certificate_of(Marble().activate(running, "a"))
    assert cert.not_valid_after - cert.not_valid_before == 7 * DAY


# user-defined and plain secrets (S09, S10)


def test_s09_user_defined_secrets_wait_for_their_value(coordinator):
    secrets = {"key": {"Type": "symmetric-key", "Size": 24, "UserDefined": True},
               "text": {"Type": "plain", "UserDefined": True},
               "cert": {"Type": "cert-rsa", "Size": 2048, "UserDefined": True}}
    set_manifest(coordinator.start(), {
        "key": env_of(KEY="{{ hex .Secrets.key }}"), "text": env_of(TEXT="{{ string .Secrets.text }}"),
        "cert": env_of(CERT="{{ pem .Secrets.cert.Cert }}"), "none": {}}, Secrets=secrets)
    for kind in secrets:
        with pytest.raises(grpc.RpcError) as caught:
            Marble().activate(coordinator, kind)
        assert caught.value.code() == grpc.StatusCode.INTERNAL
        assert "tried to parse secret with empty value" in caught.value.details()
    Marble().activate(coordinator, "none")
    value = {"Cert": b"", "Private": b"abc", "Public": b"abc", "ValidFor": 0}
    change_state(coordinator, **{"secret:key": value, "secret:text": value})
    assert Marble().activate(coordinator, "key").env["KEY"] == b"616263"
    assert Marble().activate(coordinator, "text").env["TEXT"] == b"abc"


def test_s10_a_manifest_can_bring_the_first_value(running):
    secrets = {"text": {"Type": "plain", "UserDefined": True, "Public": "aGk=", "Private": "aGk="}}
    set_manifest(running, {"a": {"Parameters": {"Env": {"T": "{{ string .Secrets.text }}"},
                                                "Files": {"/f": "{{ raw .Secrets.text }}"}}}}, Secrets=secrets)
    given = Marble().activate(running, "a")
    assert (given.env["T"], given.files["/f"]) == (b"hi", b"hi")


# previous values (T10, S13)


def test_t10_s13_previous_secrets_are_those_before_the_rotation(coordinator):
    secrets = {"own": {"Type": "symmetric-key", "Size": 128},
               "shared": {"Type": "symmetric-key", "Size": 128, "Shared": True},
               "cert": {"Type": "cert-ed25519"}}
    env = {"OWN": "{{ hex .Secrets.own }} {{ hex .Previous.Secrets.own }}",
           "SHARED": "{{ hex .Secrets.shared }} {{ hex .Previous.Secrets.shared }}",
           "CERT": "{{ eq (hex .Secrets.cert.Cert) (hex .Previous.Secrets.cert.Cert) }}"}
    set_manifest(coordinator.start(), {"a": env_of(**env)}, Secrets=secrets)
    marble = Marble()
    given = marble.activate(coordinator, "a")
    for name in "OWN", "SHARED":
        now, before = given.env[name].split()
        assert now == before
    assert given.env["CERT"] == b"true"
    state = state_of(coordinator)
    assert state["previousRootSecret"] == state["rootSecret"]
    older = dict(state["secret:shared"], Private=b"\1" * 16, Public=b"\1" * 16)
    change_state(coordinator, previousRootSecret=bytes(32), **{"previousSecret:shared": older})
    given = marble.activate(coordinator, "a")
    salt = marble.uuid.encode() + b"own"
    assert given.env["OWN"].decode().split() == [
        derive(state["rootSecret"], salt, b"a", 16).hex(), derive(bytes(32), salt, b"a", 16).hex()]
    assert given.env["SHARED"].decode().split() == [state["secret:shared"]["Private"].hex(), "01" * 16]


def test_a_state_of_an_older_version_loads(coordinator):
    secrets = {"cert": {"Type": "cert-ecdsa", "Size": 256, "Shared": True},
               "own": {"Type": "symmetric-key", "Size": 128}}
    env = {**CERT_ENV, "OWN": "{{ hex .Previous.Secrets.own }}"}
    set_manifest(coordinator.start(), {"a": env_of(**env)}, Secrets=secrets)
    marble = Marble()
    given = marble.activate(coordinator, "a")
    stored = state_of(coordinator)["secret:cert"]
    del stored["ValidFor"]
    change_state(coordinator, previousRootSecret=None, **{"secret:cert": stored})
    again = marble.activate(coordinator, "a")
    assert again.env["CERT"] == given.env["CERT"] and again.env["OWN"] == given.env["OWN"]


# templates (T09, T14)


def test_t01_t09_t14_templates_choose_and_repeat(running):
    secrets = {"a": {"Type": "symmetric-key", "Size": 16, "Shared": True}, "b": {"Type": "cert-ed25519"}}
    files = {"/list": '{{ range $name, $secret := .Secrets }}{{ if eq $secret.Type "symmetric-key" }}'
                      '{{ $name }}={{ hex $secret }}\n{{ else }}{{ $name }}: {{ $secret.Size }} '
                      '{{ len $secret.Cert }}{{ end }}{{ end }}'}
    answer = running.set_manifest(manifest_of({"m": {"Parameters": {"Files": files}}}, Secrets=secrets))
    assert answer.status_code == 400
    assert "len of type manifest.Certificate" in answer.json()["message"]
    files["/list"] = files["/list"].replace("{{ len $secret.Cert }}", "{{- /* nothing */ -}}")
    set_manifest(running, {"m": {"Parameters": {"Files": files}}}, Secrets=secrets)
    value = state_of(running)["secret:a"]["Private"].hex()
    assert Marble().activate(running, "m").files["/list"].decode() == f"a={value}\nb: 0"


# PKI (P01 to P04)


def verify(folder, leaf, chain, anchor):
    """Verifies with openssl(1), which has to trust the anchor alone. (Not by -x509_strict: by default
    certificate secrets may sign certificates without being a CA, as the original has it.)"""
    pem = serialization.Encoding.PEM
    (folder / "leaf.pem").write_bytes(leaf.public_bytes(pem))
    (folder / "chain.pem").write_bytes(b"".join(cert.public_bytes(pem) for cert in chain))
    (folder / "anchor.pem").write_bytes(anchor if isinstance(anchor, bytes) else anchor.public_bytes(pem))
    result = subprocess.run(
        ["openssl", "verify", "-no-CApath", "-CAfile", folder / "anchor.pem",
         *(["-untrusted", folder / "chain.pem"] if chain else []), folder / "leaf.pem"],
        capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("curve,key_size,digest", [("P256", 256, "sha256"), ("P384", 384, "sha384")])
def test_p01_p02_p03_p04_chains_verify_whatever_is_trusted(coordinator, tmp_path, curve, key_size, digest):
    secrets = {"cert": {"Type": "cert-ed25519", "Cert": {"DNSNames": ["x"]}}}
    running = coordinator.start(EDG_COORDINATOR_CURVE=curve,
                                EDG_COORDINATOR_DNS_NAMES="coordinator.example,10.1.2.3,fe80::7")
    set_manifest(running, {"a": env_of(**CERT_ENV)}, Secrets=secrets)
    given = Marble(names=["marble.example"]).activate(running, "a")
    leaf, intermediate = given.certificates()
    root = running.root()
    marble_root = x509.load_pem_x509_certificate(given.env["MARBLE_PREDEFINED_ROOT_CA"])
    for cert in root, intermediate, marble_root:
        names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["coordinator.example"]
        assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == [
            "127.0.0.1", "::1", "10.1.2.3", "fe80::7"]
        usage = cert.extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.digital_signature and usage.key_cert_sign and not usage.crl_sign
        assert cert.public_key().key_size == key_size
        assert cert.signature_hash_algorithm.name == digest
        assert cert.not_valid_after.year > 2300
    assert leaf.public_key().key_size == key_size and leaf.signature_hash_algorithm.name == digest
    identifier = [cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
                  for cert in (intermediate, marble_root)]
    assert identifier[0] == identifier[1]
    secret, _ = certificate_of(given)
    for cert in leaf, secret:
        assert cert.extensions.get_extension_for_class(
            x509.AuthorityKeyIdentifier).value.key_identifier == identifier[0]
        verify(tmp_path, cert, [intermediate], root)
        verify(tmp_path, cert, [], marble_root)
    verify(tmp_path, intermediate, [], root)


# RSA keys and other requests


def test_slow_keys_stall_nobody(build, tmp_path):
    """Several keys are made one after the other, while the only event loop goes on."""
    secrets = {f"shared{i}": {"Type": "cert-rsa", "Size": 2048, "Shared": True} for i in range(4)}
    secrets.update(slow={"Type": "cert-rsa", "Size": 2048}, fast={"Type": "cert-ed25519"})
    marbles = {"slow": env_of(C="{{ hex .Secrets.slow.Cert }}"),
               "fast": env_of(C="{{ hex .Secrets.fast.Cert }}")}
    coordinator = Coordinator([build / "bin/coordinator", "--simulation", "--loops", "1"], {}, tmp_path)
    running = coordinator.start()
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        setting = pool.submit(running.set_manifest, manifest_of(marbles, Secrets=secrets))
        answers = 0
        while not setting.done():
            assert running.get("/status")["StatusCode"] in (2, 3)
            answers += 1
        assert setting.result().status_code == 200 and answers > 3
        slow = [pool.submit(Marble().activate, running, "slow") for _ in range(4)]
        answers = 0
        while not all(one.done() for one in slow):
            Marble().activate(running, "fast")
            running.get("/status")
            answers += 1
        assert answers > 3
        for one in slow:
            cert = x509.load_der_x509_certificate(bytes.fromhex(one.result().env["C"].decode()))
            assert cert.public_key().key_size == 2048
    assert coordinator.stop() == 0


def test_marbles_with_rsa_keys_are_counted(running):
    secrets = {"key": {"Type": "cert-rsa", "Size": 1024}}
    set_manifest(running, {"m": {"MaxActivations": 3, **env_of(C="{{ hex .Secrets.key.Cert }}")}},
                 Secrets=secrets)

    def activate(_):
        try:
            return Marble().activate(running, "m").env["C"]
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.PERMISSION_DENIED
            return None
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        given = [cert for cert in pool.map(activate, range(8)) if cert]
    assert len(given) == len(set(given)) == 3


def test_a_marble_that_does_not_wait_for_its_key_disturbs_nobody(running):
    secrets = {"key": {"Type": "cert-rsa", "Size": 3072}}
    set_manifest(running, {"m": env_of(C="{{ hex .Secrets.key.Cert }}"), "n": {}}, Secrets=secrets)
    with pytest.raises(grpc.RpcError):
        with_timeout(Marble(), running, "m", 0.02)
    Marble().activate(running, "n")


def with_timeout(marble, coordinator, kind, seconds):
    fields = [b"", marble.csr, kind.encode(), marble.uuid.encode()]
    request = b"".join(fake_mesh.encode(i + 1, value) for i, value in enumerate(fields) if value)
    with grpc.secure_channel(coordinator.mesh, marble.credentials(coordinator.mesh)) as channel:
        grpc.channel_ready_future(channel).result(60)
        return channel.unary_unary("/rpc.Marble/Activate")(request, timeout=seconds)
