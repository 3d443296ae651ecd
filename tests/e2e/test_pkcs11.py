# SPDX-License-Identifier: Apache-2.0
"""Users whose key is on a PKCS#11 token: SoftHSM's, against a real Coordinator."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from client_users import manifest_of
from credentials import Credentials
from real_coordinator import PATIENCE, Coordinator
from recovery import Owner, keys_of

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
SECRETS = {"note": {"Type": "plain", "UserDefined": True}}
ROLE = {"notes": {"ResourceType": "Secrets", "ResourceNames": ["note"],
                  "Actions": ["ReadSecret", "WriteSecret"]}}

pytestmark = pytest.mark.skipif(
    not (Path(MODULE).exists() and shutil.which("pkcs11-tool")),
    reason="softhsm2 or opensc is not installed")


class Token:
    """A SoftHSM token in a folder of its own, with the PIN 1234."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "tokens").mkdir(parents=True)
        (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder}/tokens\n")
        self.environment = {"SOFTHSM2_CONF": str(folder / "softhsm2.conf")}
        self.run("softhsm2-util", "--init-token", "--free", "--label", "users", "--pin", "1234",
                 "--so-pin", "5678")

    def run(self, *command):
        return subprocess.run([*map(str, command)], check=True, capture_output=True, text=True,
                              env={**os.environ, **self.environment}, timeout=PATIENCE).stdout

    def tool(self, *words):
        return self.run("pkcs11-tool", "--module", MODULE, "--token-label", "users", "--login",
                        "--pin", "1234", *words)

    def put(self, label, object_id, key, certificate):
        """A key and, unless it is None, a certificate, both with this label and id."""
        private = self.folder / "key.pem"
        private.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        self.run("softhsm2-util", "--import", private, "--token", "users", "--label", label, "--id",
                 object_id.encode().hex(), "--pin", "1234")
        private.unlink()
        if certificate:
            public = self.folder / "certificate.der"
            public.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
            self.tool("--write-object", public, "--type", "cert", "--label", label, "--id",
                      object_id.encode().hex())

    def serial(self):
        lines = self.run("softhsm2-util", "--show-slots").splitlines()
        return next(line.split()[-1] for line in lines if "Serial number:" in line)


def certificate_of(key, like):
    """A self-signed certificate, with the fields of another one."""
    return (x509.CertificateBuilder().subject_name(like.subject).issuer_name(like.subject)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(like.not_valid_before).not_valid_after(like.not_valid_after)
            .sign(key, hashes.SHA256()))


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(name="token", scope="module")
def fixture_token(tmp_path_factory):
    """With a user for each kind of key, and one whose certificate is somebody else's."""
    folder = tmp_path_factory.mktemp("token")
    token = Token(folder / "hsm")
    like = x509.load_pem_x509_certificate(Credentials(folder, "like").cert)
    token.users = {}
    for number, (name, key) in enumerate({
            "ecdsa": ec.generate_private_key(ec.SECP256R1()),
            "p384": ec.generate_private_key(ec.SECP384R1()),
            "rsa": rsa.generate_private_key(65537, 2048)}.items()):
        token.users[name] = certificate_of(key, like)
        token.put(name, f"id-{number}", key, token.users[name])
    token.put("lost", "id-3", ec.generate_private_key(ec.SECP256R1()), token.users["ecdsa"])
    token.put("bare", "id-4", ec.generate_private_key(ec.SECP256R1()), None)
    token.owner = Owner()
    token.put("owner", "id-5", token.owner.key, None)
    return token


@pytest.fixture(name="coordinator")
def fixture_coordinator(build, tmp_path):
    coordinator = Coordinator([build / "bin/coordinator", "--simulation"], {}, tmp_path).start()
    yield coordinator
    assert coordinator.stop() == 0


@pytest.fixture(name="notes")
def fixture_notes(cli, coordinator, token):
    """`marblerun secret set` for the users on the token: what is left to say is who one is."""
    cli.environment |= token.environment
    users = {name: {"Certificate": pem(certificate), "Roles": ["notes"]}
             for name, certificate in token.users.items()}
    cli.write("manifest.json", manifest_of(users, ROLE, Secrets=SECRETS))
    cli.succeed("manifest", "set", "manifest.json", coordinator.client, "--insecure")
    cli.write("note.json", '{"note": {"Key": "aGk="}}')
    cli.write("token.json", json.dumps({"Path": MODULE, "TokenLabel": "users", "Pin": "1234"}))
    return "secret", "set", "note.json", coordinator.client, "--pkcs11-config", "token.json"


def by_label(key, certificate=None):
    return "--pkcs11-key-label", key, "--pkcs11-cert-label", certificate or key


@pytest.mark.parametrize("name", ["ecdsa", "p384", "rsa"])
def test_l16_users_are_known_by_a_key_that_stays_on_its_token(cli, notes, coordinator, name):
    assert cli.succeed(*notes, *by_label(name)) == "Secret successfully set\n"
    assert f'"user":"{name}"' in coordinator.get("/update")


def test_l16_ids_are_raw_bytes_and_tokens_have_serials(cli, notes, token):
    ids = "--pkcs11-key-id", "id-0", "--pkcs11-cert-id", "id-0"
    cli.succeed(*notes, *ids)
    cli.succeed(*notes, *ids, *by_label("ecdsa"))
    cli.write("token.json", json.dumps({"path": MODULE, "tokenserial": token.serial(),
                                        "pin": "1234"}))
    cli.succeed(*notes, *ids)


@pytest.mark.parametrize("flags, message", [
    (("--pkcs11-key-id", "id-9", "--pkcs11-cert-id", "id-0"),
     'no key pair found for id "id-9" and label ""'),
    (("--pkcs11-key-id", "id-0", *by_label("rsa")),
     'no key pair found for id "id-0" and label "rsa"'),
    (by_label("bare"), 'no certificate found for id "" and label "bare"'),
    (by_label("lost"), "the certificate on the token is not that of the key")])
def test_l16_what_is_not_on_the_token_is_named(cli, notes, flags, message):
    assert cli.fail(*notes, *flags) == f"PKCS#11: {message}"


@pytest.mark.parametrize("config, message", [
    ("{", "the configuration is no JSON: line 1"),
    ("{}", "the configuration has no Path"),
    ({"Path": MODULE}, "the configuration must have one of TokenSerial, TokenLabel and SlotNumber"),
    ({"Path": MODULE, "TokenLabel": "users", "TokenSerial": "1", "Pin": "1234"},
     "the configuration must have one of"),
    ({"Path": "/nowhere.so", "TokenLabel": "users"}, "/nowhere.so: "),
    ({"Path": MODULE, "TokenLabel": "others"}, f"{MODULE} has no such token among its "),
    ({"Path": MODULE, "TokenLabel": "users"}, "the token asks for a PIN"),
    ({"Path": MODULE, "TokenLabel": "users", "Pin": "4321"}, "cannot log in to the token: ")])
def test_l16_configurations_that_lead_nowhere_are_refused(cli, notes, config, message):
    cli.write("token.json", config if isinstance(config, str) else json.dumps(config))
    said = cli.fail(*notes, *by_label("ecdsa"))
    assert said.startswith(f"PKCS#11: {message}")
    assert "4321" not in said


@pytest.mark.parametrize("flags, message", [
    (("--cert", "x", "--key", "y", *by_label("ecdsa")), "[pkcs11-config cert]"),
    (("--pkcs11-key-label", "ecdsa"), "[pkcs11-cert-id pkcs11-cert-label] is required"),
    (("--pkcs11-cert-label", "ecdsa"), "[pkcs11-key-id pkcs11-key-label] is required")])
def test_l16_flags_of_both_kinds_do_not_mix(cli, notes, flags, message):
    assert message in cli.fail(*notes, *flags)


# recovery keys

BY_TOKEN = "--pkcs11-config", "token.json", "--pkcs11-key-label", "owner"


@pytest.fixture(name="waiting")
def fixture_waiting(cli, coordinator, token):
    """A Coordinator that waits for the secret in the file `share`; its root certificate of before."""
    cli.environment |= token.environment
    cli.write("token.json", json.dumps({"Path": MODULE, "TokenLabel": "users", "Pin": "1234"}))
    cli.write("manifest.json", manifest_of({}, RecoveryKeys=keys_of([token.owner])))
    cli.succeed("manifest", "set", "manifest.json", coordinator.client, "--insecure", "-r", "r.json")
    share = json.loads((cli.folder / "r.json").read_text())["RecoverySecrets"]["owner-0"]
    cli.write("share", base64.b64decode(share))
    root = coordinator.root()
    coordinator.stop()
    (coordinator.folder / "state/sealed_key").unlink()
    coordinator.start()
    assert coordinator.root() != root
    return root


@pytest.mark.parametrize("name", [BY_TOKEN[2:], ("--pkcs11-key-id", "id-5")])
def test_l08_the_recovery_key_stays_on_its_token(cli, coordinator, waiting, name):
    assert cli.succeed("recover", "share", coordinator.client, "--insecure", *BY_TOKEN[:2], *name) == (
        "Warning: skipping quote verification\nRecovery successful.\n")
    assert coordinator.root() == waiting


def test_l09_a_token_opens_encrypts_anew_and_signs(cli, coordinator, waiting, token):
    command = "recover-with-signature"
    cli.succeed(command, "public-key", coordinator.client, "--insecure", "-o", "coordinator.pem")
    cli.succeed(command, "encrypt-secret", "share", "--coordinator-pub-key", "coordinator.pem", "-o",
                "sealed", *BY_TOKEN)
    cli.succeed(command, "sign-secret", "share", "-o", "signature", *BY_TOKEN)
    secret = token.owner.open((cli.folder / "share").read_bytes())
    assert (cli.folder / "signature").read_bytes() == token.owner.sign(secret)
    assert cli.succeed(command, "sealed", coordinator.client, "--insecure", "-s", "signature") == (
        "Warning: skipping quote verification\nRecovery successful.\n")
    assert coordinator.root() == waiting


@pytest.mark.parametrize("flags, message", [
    ((), "at least one of the flags in the group [key pkcs11-config] is required"),
    (("--key", "x", *BY_TOKEN), "if any flags in the group [key pkcs11-config] are set none of"),
    (BY_TOKEN[:2], "PKCS#11: neither an id nor a label of the key is given"),
    ((*BY_TOKEN[:3], "nobody"), 'PKCS#11: no key pair found for id "" and label "nobody"'),
    ((*BY_TOKEN[:3], "ecdsa"), "PKCS#11: the key is no RSA key"),
    ((*BY_TOKEN[:3], "rsa"), "share is to be the recovery secret in bytes")])
def test_l08_keys_that_do_not_fit_are_refused(cli, token, flags, message):
    cli.environment |= token.environment
    cli.write("token.json", json.dumps({"Path": MODULE, "TokenLabel": "users", "Pin": "1234"}))
    cli.write("share", bytes(256))
    for command in ("recover", "share", "localhost:1"), (
            "recover-with-signature", "sign-secret", "share", "-o", "signature"):
        assert cli.fail(*command, *flags).startswith(message)
    assert not (cli.folder / "signature").exists()
