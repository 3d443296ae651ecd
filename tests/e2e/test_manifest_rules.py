# SPDX-License-Identifier: Apache-2.0
"""How a manifest is read and what it must not say, through the client API. Tests are named after their
rows in the feature table."""

import copy

import pytest

from client_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import
from credentials import Credentials
from plain_manifest import PACKAGE, manifest_of
from real_coordinator import Marble

SIGNED = {"SignerID": "51" * 32, "ProductID": 0, "SecurityVersion": 0}
SECRETS = {"own": {"Type": "symmetric-key", "Size": 8},
           "shared": {"Type": "symmetric-key", "Size": 8, "Shared": True}}


def refused(coordinator, manifest, message):
    """By both generations, and another manifest may still be set."""
    answer = coordinator.set_manifest(manifest)
    assert (answer.status_code, answer.json()["message"]) == (400, message)
    assert coordinator.get("/status")["StatusCode"] == 2


def accepted(coordinator, manifest):
    answer = coordinator.set_manifest(manifest)
    assert answer.status_code == 200, answer.text


def test_f01_names_of_fields_are_matched_as_go_does_and_names_of_entries_exactly(running):
    accepted(running, b"""
        {"PACKAGES": {"p": {"debug": true, "SECURITYVERSION": null, "SignerID": "one"},
                      "p": {"debuG": true, "acceptedtcbstatuses": null}},
         "Marbles": {"m": {"Package": "p", "MaxActivations": 7}, "n": {"Package": "q"}},
         "marbles": {"m": {"package": "p", "maxactivations": 1, "Comment": {"x": [1, 2.5e3]},
                           "Parameters": {"env": {"E": "\\ud800-\xff-\\u00e9", "e": "other"},
                                          "ARGV": null, "Files": null}},
                     "n": {"Package": "p"}},
         "Infrastructures": {"i": {"CPUSVN": [0, 255], "QESVN": 65535, "RootCA": "AAEC"}},
         "Secrets": null, "SecurtyVersion": 1}""")
    given = Marble().activate(running, "m")
    assert given.env["E"].decode() == "\ufffd-\ufffd-\u00e9" and given.env["e"] == b"other"
    with pytest.raises(Exception, match="reached max activations count \\(1\\)"):
        Marble().activate(running, "m")
    Marble().activate(running, "n")
    with pytest.raises(Exception, match="unknown marble type"):
        Marble().activate(running, "M")


def test_f01_a_misspelt_field_is_warned_about_with_the_nearest_name(running):
    accepted(running, {**manifest_of({"m": {"MaxActivation": 1}}),
                       "Packages": {"package": {**PACKAGE, "SecurtyVersion": 2}}})
    for name, place in ("SecurityVersion", "SecurtyVersion"), ("MaxActivations", "MaxActivation"):
        entry = running.process.wait_for(f'Ignoring an unknown key: did you mean "{name}"?')
        assert entry["level"] == "warn" and place in str(entry)


def test_registers_are_checked_and_statuses_warned_about_when_a_manifest_is_set(running):
    def with_package(**members):
        return {**manifest_of({"m": {}}), "Packages": {"package": members}}
    answer = running.set_manifest(with_package(MRTD="d0" * 48, RTMR1="d0" * 47))
    assert answer.status_code == 400
    assert answer.json()["message"] == (f'unmarshaling manifest: "{"d0" * 47}" is no value of 96 hex '
                                        "digits (Manifest.Packages.package.RTMR1)")
    accepted(running, with_package(MRTD="D0" * 48, AcceptedTCBStatuses=["Up-To-Date"]))
    words = '"Up-To-Date" is no TCB status that can be accepted: there are UpToDate, SWHardeningNeeded, '
    entry = running.process.wait_until(lambda text: text.startswith(words), words)
    assert entry["level"] == "warn"
    assert entry["key"] == "Manifest.Packages.package.AcceptedTCBStatuses"


@pytest.mark.parametrize("text,message", [
    (b"", "unexpected end of JSON input"),
    (b"[]", "json: cannot unmarshal array into Go value of type Manifest"),
    (b'{"Packages": {"p": {"Debug": 1}}}',
     "json: cannot unmarshal number into Go struct field Manifest.Packages.p.Debug of type bool"),
    (b'{"Packages": {"p": {"SecurityVersion": -1}}}',
     "json: cannot unmarshal number -1 into Go struct field Manifest.Packages.p.SecurityVersion of type uint"),
    (b'{"Packages": {"p": {"ProductID": 1.5}}}',
     "json: cannot unmarshal number 1.5 into Go struct field Manifest.Packages.p.ProductID of type uint"),
    (b'{"TLS": {"t": {"Outgoing": [{"Port": 1}]}}}',
     "json: cannot unmarshal number into Go struct field Manifest.TLS.t.Outgoing.Port of type string"),
    (b'{"Packages": {}} {}', "invalid character '{' after top-level value"),
    (b'{"Packages": {},}', "invalid character '}' looking for beginning of object key string"),
    (b'{"Packages": {}, "Marbles": {"m": {"Parameters": {"Files": {"/f": {"Data": "0", "Encoding": "hex"}}}}}}',
     None), (b'{"Marbles": {"m": {"Parameters": {"Env": {"E": 1}}}}}', None),
    (b'{"Marbles": {"m": {"Parameters": {"Env": {"E": null}}}}}', None),
    (b'{"Infrastructures": {"i": {"CPUSVN": [256]}}}', None)])
def test_f01_what_has_another_type_is_refused_with_its_place(running, text, message):
    answer = running.set_manifest(text)
    assert answer.status_code == 400
    told = answer.json()["message"]
    assert told.startswith("unmarshaling manifest: ")
    if message:
        # the type is told as Go does, the position is an addition
        assert message in told
    assert running.get("/status")["StatusCode"] == 2


def changed(**sections):
    """A valid manifest, with other sections."""
    return {**copy.deepcopy(manifest_of({"m": {}}, Secrets=SECRETS)), **sections}


def package(**members):
    return changed(Packages={"package": members})


BOTH = "manifest specifies both UniqueID *and* SignerID/ProductID/SecurityVersion in package package"


@pytest.mark.parametrize("manifest,message", [
    (changed(Packages={}), "no allowed packages defined"),
    (changed(Marbles=None), "no allowed marbles defined"),
    (changed(Marbles={"m": {"Package": "Package"}}), "manifest does not contain marble package Package"),
    (changed(Marbles={"m": {}}), "manifest does not contain marble package ")])
def test_f02_f20_packages_and_marbles_belong_together(running, manifest, message):
    refused(running, manifest, f"checking manifest: {message}")


@pytest.mark.parametrize("members,message", [
    ({"UniqueID": "a1", "SignerID": "51"}, BOTH), ({"UniqueID": "a1", "ProductID": 0}, BOTH),
    ({"UniqueID": "a1", "SecurityVersion": 0}, BOTH),
    ({**SIGNED, "SignerID": ""}, "manifest misses value for SignerID in package package"),
    ({**SIGNED, "ProductID": None}, "manifest misses value for ProductID in package package"),
    ({**SIGNED, "SecurityVersion": None}, "manifest misses value for SecurityVersion in package package")])
def test_f03_f20_a_package_is_identified_in_one_way(running, members, message):
    refused(running, package(**members), f"checking manifest: {message}")
    accepted(running, package(Debug=True, **members))
    assert running.process.wait_for(message)["level"] == "warn"


@pytest.mark.parametrize("members", [SIGNED, {"UniqueID": "a1"}])
def test_f03_identified_packages_are_not_warned_about(running, members):
    accepted(running, package(**members))
    assert running.stop() == 0
    assert not any("in package" in message for message in running.process.messages())


def tls(marble=(), **tag):
    return changed(Marbles={"m": {"Package": "package", "TLS": list(marble)}}, TLS={"t": tag})


ONE_OF_TWO = {"ResourceType": "Manifest", "Actions": ["UpdateManifest"]}


def role(kind, names, *actions):
    return changed(Roles={"r": {"ResourceType": kind, "ResourceNames": names, "Actions": list(actions)}})


@pytest.mark.parametrize("manifest,message", [
    (tls(["u"]), "manifest misses TLS entry for u"),
    (tls(Incoming=[{"Addr": "x"}]), "manifest misses Port in TLS.Incoming.t"),
    (tls(Incoming=[{"Port": "1", "Cert": "x", "DisableClientAuth": True}]),
     "TLS.Incoming.t references undefined secret x"),
    (tls(Incoming=[{"Port": "1", "Cert": "own"}]),
     "TLS.Incoming.t defines Cert but does not disable client authentication"),
    (tls(Incoming=[{"Port": "1", "DisableClientAuth": True}]),
     "TLS.Incoming.t disables client authentication"),
    (tls(Outgoing=[{"Port": "1"}]), "manifest misses Addr in TLS.Outgoing.t"),
    (tls(Outgoing=[{"Addr": "a"}]), "manifest misses Port in TLS.Outgoing.t")])
def test_f07_f08_f20_tls_tags_are_complete(running, manifest, message):
    refused(running, manifest, f"checking manifest: {message}")


@pytest.mark.parametrize("manifest,message", [
    (changed(Users={"u": {}}), "manifest does not contain a certificate for user u"),
    (changed(Users={"u": {"Certificate": "c", "Roles": ["r"]}}),
     "manifest specifies role r for user u, but role does not exist"),
    (role("Packages", ["q"], "UpdateSecurityVersion"),
     "role r: resource q of type Packages is not defined in manifest"),
    (role("Packages", ["package"], "Update"), "unknown action: Update for type Packages in role: r"),
    (role("Secrets", ["q"], "ReadSecret"),
     "role r: resource q of type Secrets is not defined in manifest"),
    (role("Secrets", ["shared"], "Read"), "unknown action: Read for type Secrets in role: r"),
    (role("Secrets", ["shared"], "WriteSecret"), "manifest specifies write permission for role r and "
     "secret shared, but secret is not user-defined"),
    (role("Secrets", ["own"], "READSECRET"), "manifest specifies read permission for role r and "
     "per-marble-unique secret own"),
    (role("Manifest", ["x"], "UpdateManifest"),
     "role r: resource names are not allowed for type Manifest"),
    (role("Manifest", [], "Update"), "unknown action: Update for type Manifest in role: r"),
    (role("manifest", []), "unrecognized resource type: manifest for role: r")])
def test_f11_f12_f20_users_and_roles_refer_to_what_exists(running, manifest, message):
    refused(running, manifest, f"checking manifest: {message}")


@pytest.mark.parametrize("config,message", [
    ({"UpdateThreshold": 2}, "not enough users with manifest update permissions (0) to meet the "
     "threshold of 2"),
    ({"SealMode": "productkey"}, "unknown seal mode: productkey"),
    ({"FeatureGates": ["monotoniccounter", "Other"]}, "unknown feature gate: Other"),
    ({"RecoveryThreshold": 2}, "not enough recovery keys (0) defined to meet the recovery threshold of 2"),
    ({"FeatureGates": ["AzureHSMSealing"]}, "manifest enables sealing with Azure HSM key, but required "
     "environment variables are not set: [EDG_MAA_URL EDG_AZURE_HSM_VAULT_URL EDG_AZURE_HSM_KEY_NAME "
     "EDG_AZURE_CLIENT_ID EDG_AZURE_TENANT_ID EDG_AZURE_AUTHORITY_HOST EDG_AZURE_FEDERATED_TOKEN_FILE]")])
def test_f14_f15_f16_f17_f20_options_can_be_met(running, config, message):
    refused(running, changed(Config=config), f"checking manifest: {message}")


def test_f16_each_updater_counts_once(running, tmp_path):
    users = {name: {"Certificate": Credentials(tmp_path, name).cert.decode(), "Roles": roles}
             for name, roles in {"a": ["r", "s"], "b": []}.items()}
    manifest = changed(Users=users, Roles={"r": ONE_OF_TWO, "s": ONE_OF_TWO}, Config={"UpdateThreshold": 2})
    refused(running, manifest, "checking manifest: not enough users with manifest update permissions (1) "
                               "to meet the threshold of 2")
    manifest["Config"]["UpdateThreshold"] = 1
    accepted(running, manifest)


def test_f17_a_threshold_of_one_is_none(running):
    refused(running, changed(RecoveryKeys={"k": "x"}, Config={"RecoveryThreshold": 1}),
            "checking manifest: invalid recovery threshold: if set, threshold must be at least 2")


@pytest.mark.parametrize("keys,message", [
    ("no PEM", "given PEM data is not a public key"),
    ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "given PEM data is not a public key")])
def test_f20_recovery_keys_are_public_keys(running, keys, message):
    refused(running, changed(RecoveryKeys={"k": keys}),
            f"generating recovery encryption key: {message} (recovery key k)")


def test_f20_certificates_of_users_are_certificates(running):
    refused(running, changed(Users={"u": {"Certificate": "x"}}),
            "generating users from manifest: received invalid certificate for user u")


@pytest.mark.parametrize("kind", ["rsa", "Symmetric-Key", "", None])
def test_f20_f21_types_of_secrets_are_checked(running, kind):
    refused(running, changed(Secrets={"s": {"Type": kind, "UserDefined": True}}),
            f"checking manifest: unknown type: {kind or ''} for secret: s")


def test_f20_f22_a_certificate_has_one_end(running):
    secret = {"Type": "cert-ecdsa", "Size": 256, "ValidFor": 7, "Cert": {"NotAfter": "2030-01-01T00:00:00Z"}}
    refused(running, changed(Secrets={"s": secret}), "checking manifest: ambiguous certificate validity "
            "duration for secret: s, both NotAfter and ValidFor are specified")
    for name in "ValidFor", "Cert":
        other = {**secret, name: None}
        assert "ambiguous" not in running.set_manifest(changed(
            Secrets={"s": other}, Marbles={})).json()["message"]
    accepted(running, changed(Secrets={"s": {**secret, "ValidFor": 0}}))
