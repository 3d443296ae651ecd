# SPDX-License-Identifier: Apache-2.0
"""The commands of users against a real Coordinator: updates and secrets. Tests are named after their
rows in the feature table."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization

from client_users import PACKAGE, Users, encode, log_of, manifest_of
from credentials import Credentials
from real_coordinator import Coordinator, b64

WARNING = "Warning: skipping quote verification\n"
SECRETS = {"key": {"Type": "symmetric-key", "Size": 24, "UserDefined": True},
           "a name": {"Type": "plain", "UserDefined": True},
           "cert": {"Type": "cert-ecdsa", "Size": 256, "UserDefined": True, "ValidFor": 7}}
ROLE = {"secrets": {"ResourceType": "Secrets", "ResourceNames": [*SECRETS],
                    "Actions": ["ReadSecret", "WriteSecret"]}}


@pytest.fixture(name="coordinator")
def fixture_coordinator(build, tmp_path):
    coordinator = Coordinator([build / "bin/coordinator", "--simulation"], {}, tmp_path).start()
    yield coordinator
    assert coordinator.stop() == 0


@pytest.fixture(name="users")
def fixture_users(tmp_path):
    return Users(tmp_path)


@pytest.fixture(name="sections")
def fixture_sections(users):
    return users.section(alice=["owner", "packager", "secrets"], bob=["owner"], carol=["owner"])


@pytest.fixture(name="manifest", autouse=True)
def fixture_manifest(cli, coordinator, sections):
    """Is set, by the command line, whose cache knows the Coordinator then."""
    manifest = manifest_of(sections, ROLE, Secrets=SECRETS)
    cli.write("manifest.json", manifest)
    cli.succeed("manifest", "set", "manifest.json", coordinator.client, "--insecure")
    return manifest


def be(users, name):
    return "--cert", users[name].cert_file, "-k", users[name].key_file


def test_l03_a_package_update_is_applied_and_logged(cli, coordinator, users):
    cli.write("update.yaml", "Packages:\n  package:\n    SecurityVersion: 7\n")
    assert cli.succeed("manifest", "update", "apply", "update.yaml", coordinator.client,
                       *be(users, "alice")) == "Update manifest set successfully\n"
    log = cli.succeed("manifest", "log", coordinator.client)
    head, first, second = log.removesuffix("\n").split("\n")[-3:]
    assert (head, json.loads(first)["update"]) == ("Update log:", "Initial manifest set")
    assert json.loads(second)["new version"] == 7
    shown = cli.succeed("manifest", "get", coordinator.client, "--insecure", "-u")
    assert '"SecurityVersion": 7' in shown


def test_l03_the_command_of_old_scripts_updates_packages(cli, coordinator, users):
    cli.write("update.json", '{"Packages": {"package": {"SecurityVersion": 7}}}')
    assert cli.succeed("manifest", "update", "update.json", coordinator.client,
                       *be(users, "alice")) == "Manifest successfully updated\n"
    assert log_of(coordinator)[-1]["new version"] == 7


def test_l04_owners_agree_on_a_manifest(cli, coordinator, users, sections):
    new = manifest_of(sections, ROLE, Secrets=SECRETS, Marbles={"other": {"Package": "package"}})
    cli.write("new.json", new)
    update = ("manifest", "update")
    assert cli.succeed(*update, "apply", "new.json", coordinator.client, *be(users, "alice")) == (
        "Update manifest submitted successfully.\n"
        "Changes are pending and have not been applied yet.\n"
        "2 users still need to acknowledge the update manifest.\n"
        "The following users may acknowledge the update: bob, carol\n")
    assert cli.succeed(*update, "get", coordinator.client) == new
    assert cli.succeed(*update, "get", coordinator.client, "-o", "pending.json") == ""
    assert (cli.folder / "pending.json").read_text() == new
    assert cli.succeed(*update, "get", coordinator.client, "--missing") == (
        "The following users have not yet acknowledged the update: [bob carol]\n")
    assert cli.succeed(*update, "acknowledge", "pending.json", coordinator.client,
                       *be(users, "bob")) == (
        "Acknowledgement successful: 1 user still needs to acknowledge the update manifest.\n"
        "The following users have not yet accepted: carol\n")
    assert cli.succeed(*update, "acknowledge", "new.json", coordinator.client, *be(users, "carol")) == (
        "Acknowledgement successful: All users have acknowledged the update manifest. Update "
        "successfully applied\n")
    assert b64(coordinator.get("/manifest")["Manifest"]) == new.encode()
    url = f"https://{coordinator.client}/api/v2/update-manifest"
    assert cli.fail(*update, "get", coordinator.client) == (
        f"getting pending update manifest: GET {url}: 404 Not Found: error: no update in progress")


def test_l02_updates_before_the_present_manifest_are_not_merged(cli, coordinator, users):
    alone = users.section(alice=["owner", "packager"])
    roles = {"packager": {"ResourceType": "Packages", "ResourceNames": ["package", "gone"],
                          "Actions": ["UpdateSecurityVersion"]}}
    first = manifest_of(alone, roles, Packages={"package": PACKAGE, "gone": PACKAGE})
    coordinator.stop()
    for file in (coordinator.folder / "state").iterdir():
        file.unlink()
    coordinator.start()
    cli.write("first.json", first)
    cli.succeed("manifest", "set", "first.json", coordinator.client, "--insecure")
    cli.write("update.json", '{"Packages": {"package": {"SecurityVersion": 9}, "gone": {"SecurityVersion": 9}}}')
    cli.write("second.json", manifest_of(alone))
    cli.write("third.json", '{"Packages": {"package": {"SecurityVersion": 3}}}')
    for name in "update", "second", "third":
        cli.succeed("manifest", "update", "apply", f"{name}.json", coordinator.client,
                    *be(users, "alice"))
    shown = cli.succeed("manifest", "get", coordinator.client, "--insecure", "-u")
    assert '"SecurityVersion": 3' in shown and "gone" not in shown


def test_l04_an_owner_cancels(cli, coordinator, users, sections):
    cli.write("new.json", manifest_of(sections, ROLE, Secrets=SECRETS))
    cli.succeed("manifest", "update", "apply", "new.json", coordinator.client, *be(users, "alice"))
    assert cli.succeed("manifest", "update", "cancel", coordinator.client,
                       *be(users, "bob")) == "Cancellation successful\n"
    assert log_of(coordinator)[-1]["user"] == "bob"
    assert "no update in progress" in cli.fail("manifest", "update", "cancel", coordinator.client,
                                               *be(users, "bob"))


def test_l07_secrets_are_set_and_shown(cli, coordinator, users):
    cli.write("secrets.json", json.dumps({"key": {"Key": encode(b"\0\1\2")},
                                          "a name": {"Key": encode("text")}}))
    assert cli.succeed("secret", "set", "secrets.json", coordinator.client,
                       *be(users, "alice")) == "Secret successfully set\n"
    shown = cli.succeed("secret", "get", "key", "a name", coordinator.client, *be(users, "alice"))
    assert shown == ("a name:\n\tType:         plain\n\tUserDefined:  true\n\tData:         dGV4dA==\n"
                     "key:\n\tType:         symmetric-key\n\tUserDefined:  true\n"
                     "\tSize:         24\n\tKey:          AAEC\n")
    assert cli.succeed("secret", "get", "key", coordinator.client, *be(users, "alice"), "-o",
                       "out.json") == "Saved secrets to: out.json\n"
    out = cli.folder / "out.json"
    assert json.loads(out.read_text())["key"]["Private"] == "AAEC"
    assert out.stat().st_mode & 0o777 == 0o600


def test_l07_json_is_printed_on_demand(cli, coordinator, users, sections):
    def ask(*words):
        return json.loads(cli.succeed(*words, coordinator.client, *be(users, "alice"), "-o", "json"))
    cli.write("secrets.json", json.dumps({"key": {"Key": "AAEC"}, "a name": {"Key": ""}}))
    assert ask("secret", "set", "secrets.json") == {"secrets": ["key", "a name"]}
    raw = coordinator.request("GET", "/secrets?s=key&s=cert&s=a%20name",
                              cert=users.cert("alice")).json()["data"]
    assert ask("secret", "get", "key", "cert", "a name") == raw
    cli.write("new.json", manifest_of(sections, ROLE, Secrets=SECRETS,
                                      Marbles={"other": {"Package": "package"}}))
    update = "manifest", "update"
    assert ask(*update, "apply", "new.json") == {
        "missingAcknowledgments": 2, "missingUsers": ["bob", "carol"], "message": ""}
    pending = json.loads(cli.succeed(*update, "get", coordinator.client, "-o", "json"))
    assert pending["manifest"] == (cli.folder / "new.json").read_text()
    assert sorted(pending["missingUsers"]) == ["bob", "carol"]
    assert ask(*update, "cancel") == {"cancelled": True}


def test_l07_a_certificate_comes_from_pem(cli, coordinator, users, tmp_path):
    made = Credentials(tmp_path, "made")
    cli.write("both.pem", made.cert + made.key)
    cli.succeed("secret", "set", "both.pem", coordinator.client, "--from-pem", "cert",
                *be(users, "alice"))
    shown = cli.succeed("secret", "get", "cert", coordinator.client, *be(users, "alice"))
    rows = dict(line.strip().split(":", 1) for line in shown.splitlines()[1:])
    assert b64(rows["Certificate"]) == made.der
    private = serialization.load_der_private_key(b64(rows["Private Key"]), None)
    assert private.private_numbers() == serialization.load_pem_private_key(
        made.key, None).private_numbers()
    assert rows["Valid For"].strip() == "7"
    cli.write("wrong.pem", made.cert.replace(b"CERTIFICATE", b"PUBLIC KEY"))
    assert cli.fail("secret", "set", "wrong.pem", coordinator.client, "--from-pem", "cert",
                    *be(users, "alice")) == (
        "wrong.pem: unrecognized PEM type for secret: PUBLIC KEY")
    cli.write("none.pem", "no PEM")
    assert cli.fail("secret", "set", "none.pem", coordinator.client, "--from-pem", "cert",
                    *be(users, "alice")) == (
        "none.pem: found no certificate or private key in PEM data")


def test_l07_who_may_not_is_told(cli, coordinator, users):
    url = f"https://{coordinator.client}/api/v2/secrets"
    assert cli.fail("secret", "get", "key", coordinator.client, *be(users, "bob")) == (
        f"getting secret: GET {url}?s=key: 500 Internal Server Error: error: user bob is not allowed "
        "to read one or more secrets of: [key]")
    assert cli.fail("secret", "get", "key", coordinator.client, *be(users, "mallory")) == (
        f"getting secret: GET {url}?s=key: authorizing user: unauthorized user: client certificate did "
        "not match any MarbleRun users")


@pytest.mark.parametrize("flags,text", [
    ((), "--cert and --key"), (("--cert", "x"), "missing [key]"), (("--key", "x"), "missing [cert]"),
    (("-c", "nowhere.pem", "-k", "nowhere.key"), "nowhere.pem")])
def test_l07_credentials_are_needed(cli, coordinator, flags, text):
    assert text in cli.fail("secret", "get", "key", coordinator.client, *flags)


def test_l07_credentials_must_fit(cli, coordinator, users):
    said = cli.fail("secret", "get", "key", coordinator.client, "-c", users["alice"].cert_file, "-k",
                    users["bob"].key_file)
    assert "belong together" in said
    cli.write("broken.json", "{")
    assert "broken.json" in cli.fail("secret", "set", "broken.json", coordinator.client,
                                     *be(users, "alice"))
    assert "requires at least 2 arg(s), only received 1" in cli.fail("secret", "get", coordinator.client)


@pytest.fixture(name="old")
def fixture_old(new_coordinator):
    """A Coordinator that knows the first generation of the API only."""
    old = new_coordinator(None)
    old.generations = {"v1"}
    return old


def test_l15_the_first_generation_is_spoken_too(cli, users, old):
    answers = {"/update": None, "/update-cancel": "Update successfully cancelled",
               "/update-manifest": "1 user still needs to acknowledge the update manifest",
               "/secrets": None}
    for path, data in answers.items():
        old.failures[path] = 200, json.dumps({"status": "success", "data": data}).encode()
    cli.write("new.json", "{}")
    host, user = f"localhost:{old.port}", (*be(users, "alice"), "--insecure")
    assert cli.succeed("manifest", "update", "apply", "new.json", host, *user) == (
        "Update manifest set successfully\n")
    assert cli.succeed("manifest", "update", "acknowledge", "new.json", host, *user) == (
        "Acknowledgement successful: 1 user still needs to acknowledge the update manifest\n")
    assert cli.succeed("manifest", "update", "cancel", host, *user) == "Cancellation successful\n"
    assert cli.succeed("secret", "set", "new.json", host, *user) == "Secret successfully set\n"
    sent = [(path, body) for method, path, body in old.requests if method == "POST" and "v2" not in path]
    assert sent == [("/update", b"{}"), ("/update-manifest", b"{}"), ("/update-cancel", b""),
                    ("/secrets", b"{}")]
