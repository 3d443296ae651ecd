# SPDX-License-Identifier: Apache-2.0
"""What the commands of `marblerun` print, write and ask a Coordinator for."""

import hashlib
import json
import os
import stat

import pytest
from cryptography import x509
from fake_client_api import LOG_LINE, STATUS, pem

MANIFEST = b'{"Packages": {"backend": {"SecurityVersion": 1, "SignerID": ""}},\n "x": null}'
FINGERPRINT = hashlib.sha256(MANIFEST).hexdigest()
REQUESTING = "Successfully verified Coordinator, now requesting manifest\n"
UPLOADING = ("Successfully verified Coordinator, now uploading manifest\n"
             f"Manifest signature: {FINGERPRINT}\n")
CHANGED_ROOT = ("root certificate of Coordinator changed. Run 'marblerun manifest verify' to verify "
                "the instance and update the local cache")


@pytest.fixture(name="machine", scope="session")
def fixture_machine(new_machine):
    return new_machine()


@pytest.fixture(name="flags")
def fixture_flags(cli, machine):
    """What it takes to attest the Coordinators of these tests."""
    cli.write("era.json", json.dumps({"UniqueID": "e1" * 32}))
    return ["--era-config", "era.json", *machine.flags()]


@pytest.fixture(name="simulated")
def fixture_simulated(machine):
    """What every successful attestation says on standard error."""
    return (f"Warning: SIMULATED: the quote was verified with the simulated root {machine.folder}"
            "/root_ca.pem and proves nothing about hardware\n")


@pytest.fixture(name="coordinator", params=["v1", "v2"])
def fixture_coordinator(request, machine, new_coordinator):
    """One that only knows one generation of the API."""
    coordinator = new_coordinator(machine.quote)
    coordinator.generations = {request.param}
    return coordinator


@pytest.fixture(name="address")
def fixture_address(coordinator):
    return coordinator.address


@pytest.fixture(name="is_v2")
def fixture_is_v2(coordinator):
    return coordinator.generations == {"v2"}


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def cached(cli, coordinator):
    """Puts the Coordinator's certificates in the cache."""
    cli.write(cli.cache, coordinator.chain())


def test_l01_l14_set_uploads_the_bytes_and_saves_the_certificates(cli, coordinator, flags, simulated):
    cli.write("m.json", MANIFEST)
    assert cli.succeed("manifest", "set", "m.json", coordinator.address, *flags,
                       stderr=simulated) == UPLOADING + "Manifest successfully set\n"
    assert coordinator.manifest == MANIFEST
    assert cli.cache.read_bytes() == coordinator.chain()
    assert mode(cli.cache) == 0o600
    assert mode(cli.cache.parent) == 0o755


def test_l01_set_uploads_yaml_as_json(cli, coordinator, flags, simulated):
    cli.write("m.yaml", "b: yes\na:\n- 0x10\n- '<'\n")
    cli.succeed("manifest", "set", "m.yaml", coordinator.address, *flags, stderr=simulated)
    assert coordinator.manifest == b'{"a":[16,"\\u003c"],"b":true}'


def test_l01_set_hands_out_recovery_data(cli, coordinator, flags, simulated):
    cli.write("m.json", MANIFEST)
    coordinator.recovery_secrets = {"two": "Mg==", "one": "MQ=="}
    data = '{"RecoverySecrets":{"one":"MQ==","two":"Mg=="}}\n'
    assert cli.succeed("manifest", "set", "m.json", coordinator.address, *flags,
                       stderr=simulated).endswith("Manifest successfully set\n" + data)
    coordinator.manifest = None
    cli.write("r.json", "old").chmod(0o644)
    assert cli.succeed("manifest", "set", "m.json", coordinator.address, "-r", "r.json", *flags,
                       stderr=simulated) == (
        UPLOADING + "Manifest successfully set\nRecovery data saved to: r.json\n")
    assert (cli.folder / "r.json").read_text() == data
    assert mode(cli.folder / "r.json") == 0o600


def test_l01_recovery_data_are_not_lost_with_a_full_disk(cli, coordinator, flags, simulated):
    cli.write("m.json", MANIFEST)
    coordinator.recovery_secrets = {"two": "Mg==", "one": "MQ=="}
    done = cli.run("manifest", "set", "m.json", coordinator.address, "-r", "/dev/full", *flags)
    assert done.returncode == 1
    assert done.stderr == (simulated + "Error: saving recovery data: cannot write /dev/full: "
                                       "No space left on device\n")
    lines = done.stdout.removeprefix(UPLOADING + "Manifest successfully set\n").splitlines()
    assert len(lines) == 4
    assert sorted(lines[2:]) == ['"one": "MQ=="', '"two": "Mg=="']


@pytest.mark.parametrize("status, reason, kind", [
    (400, "400 Bad Request: fail: ", "fail"), (500, "500 Internal Server Error: error: ", "error"),
    (401, "authorizing user: ", "fail")])
def test_l01_what_the_coordinator_refuses_is_reported(cli, coordinator, is_v2, flags, simulated,
                                                  status, reason, kind):
    cli.write("m.json", MANIFEST)
    coordinator.failures["/manifest"] = coordinator.envelope(status, kind, None, "no \x1b[2J way")
    url = f"https://{coordinator.address}{'/api/v2' if is_v2 else ''}/manifest"
    assert cli.fail("manifest", "set", "m.json", coordinator.address, *flags, stderr=simulated,
                    stdout=UPLOADING) == (
        f"setting manifest: setting manifest: POST {url}: {reason}no ?[2J way")
    assert not cli.cache.exists()


def test_a_wrong_manifest_file_is_refused_before_anything_is_sent(cli, coordinator, flags):
    cli.write("m.yaml", "a: 1\na: 2\n")
    assert cli.fail("manifest", "set", "m.yaml", coordinator.address, *flags) == (
        'm.yaml: malformed YAML: line 2: the key "a" is there already, in line 1')
    assert not coordinator.requests


def test_l02_get_prints_or_writes_the_manifest(cli, coordinator, flags, simulated):
    coordinator.manifest = MANIFEST
    text = MANIFEST.decode()
    get = ["manifest", "get", coordinator.address, *flags]
    assert cli.succeed(*get, stderr=simulated) == REQUESTING + text + "\n"
    assert cli.succeed(*get, "-o", "out.json", stderr=simulated) == REQUESTING
    assert (cli.folder / "out.json").read_bytes() == MANIFEST
    assert cli.succeed(*get, "-s", stderr=simulated) == (
        REQUESTING + '{\n"ManifestSignature": "' + FINGERPRINT + '",\n"Manifest": ' + text + "}\n")
    assert not cli.cache.exists()
    cli.succeed(*get, "--keep-cert", stderr=simulated)
    assert cli.cache.read_bytes() == coordinator.chain()


def test_l02_get_merges_updates(cli, coordinator, flags, simulated):
    coordinator.manifest = MANIFEST
    get = ["manifest", "get", coordinator.address, "-u", *flags]
    expected = ('{\n    "Packages": {\n        "backend": {\n            "SecurityVersion": 5\n'
                "        }\n    }\n}")
    assert cli.succeed(*get, stderr=simulated) == REQUESTING + expected + "\n"
    coordinator.log = LOG_LINE.replace("backend", "other") + "\n"
    assert cli.fail(*get, stderr=simulated, stdout=REQUESTING) == (
        "merging updates: package other not found in base manifest")


def test_without_manifest_there_is_nothing_to_get_or_verify(cli, coordinator, is_v2, flags,
                                                            simulated):
    url = f"https://{coordinator.address}/api/v2/manifest"
    error = (f"getting manifest: GET {url}: 500 Internal Server Error: error: requested value not set"
             if is_v2 else
             "Coordinator returned no manifest signature. Is the Coordinator in the correct state?")
    assert cli.fail("manifest", "get", coordinator.address, *flags, stderr=simulated,
                    stdout=REQUESTING) == error
    assert cli.fail("manifest", "verify", FINGERPRINT, coordinator.address, *flags,
                    stderr=simulated) == error


def test_l02_log_prints_or_writes_the_lines(cli, coordinator):
    cached(cli, coordinator)
    coordinator.log = '{"a":1}\n{"b":2}\n'
    first = "Successfully verified Coordinator, now requesting update log\n"
    assert cli.succeed("manifest", "log", coordinator.address) == (
        first + "Update log:\n" + coordinator.log)
    assert cli.succeed("manifest", "log", coordinator.address, "-o", "log") == first
    assert (cli.folder / "log").read_text() == coordinator.log


def test_l02_verify_compares_with_file_and_signature(cli, coordinator, flags, simulated):
    coordinator.manifest = MANIFEST
    cli.write("m.json", MANIFEST)
    for expected in ("m.json", FINGERPRINT, FINGERPRINT.upper()):
        assert cli.succeed("manifest", "verify", expected, coordinator.address, *flags,
                           stderr=simulated) == "OK\n"
        assert cli.cache.read_bytes() == coordinator.chain()
        cli.cache.unlink()
    assert cli.fail("manifest", "verify", "00" * 32, coordinator.address, *flags,
                    stderr=simulated) == (
        "MarbleRun deployment is using a different manifest than expected: manifest hash does not "
        f'match local hash: "{FINGERPRINT}" != "{"00" * 32}"')
    assert not cli.cache.exists()


def test_l02_verify_wants_a_file_or_a_signature(cli, coordinator, flags):
    verify = ["manifest", "verify"]
    assert cli.fail(*verify, "abc", coordinator.address, *flags) == (
        "abc is not a file and of invalid length to be a signature (needs to be 32 bytes)")
    assert cli.fail(*verify, "g" * 64, coordinator.address, *flags) == (
        "g" * 64 + " is not a file and not a valid signature (needs to be in hex format)")
    assert not coordinator.requests


def test_l06_l14_status_is_asked_with_the_cached_root(cli, coordinator):
    cached(cli, coordinator)
    assert cli.succeed("status", coordinator.address) == f"2: {STATUS[2]}\n"
    coordinator.manifest = MANIFEST
    assert cli.succeed("status", coordinator.address) == f"3: {STATUS[3]}\n"
    assert {r[0] for r in coordinator.requests} == {"GET"}
    assert not any("quote" in r[1] for r in coordinator.requests)


def test_l14_without_cache_the_user_learns_how_to_make_one(cli, coordinator):
    for command in (["status"], ["manifest", "log"]):
        assert cli.fail(*command, coordinator.address) == (
            f"loading Coordinator certificate cache {cli.cache}: cannot read {cli.cache}: No such "
            "file or directory: verify the Coordinator with 'marblerun manifest verify' or "
            "'manifest set' to write it")
    cli.write(cli.cache, "-----BEGIN CERTIFICATE-----\n")
    assert "could not parse Coordinator intermediate certificate from PEM data" in cli.fail(
        "status", coordinator.address)
    assert not coordinator.requests


def test_l14_the_cache_is_where_user_and_system_want_it(cli, coordinator, flags, simulated):
    coordinator.manifest = MANIFEST
    verify = ["manifest", "verify", FINGERPRINT, coordinator.address, *flags]
    cli.succeed(*verify, "--coordinator-cert", "here/cert.pem", stderr=simulated)
    assert (cli.folder / "here/cert.pem").read_bytes() == coordinator.chain()
    cli.environment["XDG_CONFIG_HOME"] = str(cli.folder / "xdg")
    cli.succeed(*verify, stderr=simulated)
    assert (cli.folder / "xdg/marblerun/coordinator-cert.pem").exists()
    assert cli.succeed("status", coordinator.address).startswith("3: ")
    assert not cli.cache.exists()
    del cli.environment["XDG_CONFIG_HOME"], cli.environment["HOME"]
    assert "neither $XDG_CONFIG_HOME nor $HOME is set" in cli.fail("status", coordinator.address)


def test_l14_a_coordinator_with_another_root_is_not_talked_to(cli, coordinator, machine,
                                                          new_coordinator):
    cached(cli, new_coordinator(machine.quote))
    error = cli.fail("status", coordinator.address)
    assert error.startswith("getting Coordinator status: GET https://")
    assert "run 'marblerun manifest verify'" in error
    assert not coordinator.requests
    assert cli.succeed("status", coordinator.address, "--insecure") == f"2: {STATUS[2]}\n"


@pytest.mark.parametrize("command, title, file", [
    ("root", "Root certificate", "marblerunRootCA.crt"),
    ("intermediate", "Intermediate certificate", "marblerunIntermediateCA.crt"),
    ("chain", "Certificate chain", "marblerunChainCA.crt")])
def test_l05_certificates_are_written(cli, coordinator, flags, simulated, command, title, file):
    expected = {"root": pem(coordinator.root), "intermediate": pem(coordinator.intermediate),
                "chain": coordinator.chain()}[command]
    certificate = ["certificate", command, coordinator.address, *flags]
    assert cli.succeed(*certificate, stderr=simulated) == f"{title} written to {file}\n"
    assert (cli.folder / file).read_bytes() == expected
    assert cli.succeed(*certificate, "--output=other", stderr=simulated) == (
        f"{title} written to other\n")
    x509.load_pem_x509_certificate((cli.folder / "other").read_bytes())
    assert not cli.cache.exists()
    coordinator.requests.clear()
    assert cli.fail(*certificate, "-o", "") == "output flag must not be empty"
    assert not coordinator.requests


def test_l14_a_changed_root_is_noticed(cli, coordinator, machine, new_coordinator, flags, simulated):
    cached(cli, coordinator)
    certificate = ["certificate", "root", coordinator.address]
    cli.succeed(*certificate, *flags, stderr=simulated)
    cached(cli, new_coordinator(machine.quote))
    (cli.folder / "marblerunRootCA.crt").unlink()
    assert cli.fail(*certificate, *flags, stderr=simulated) == CHANGED_ROOT
    assert not (cli.folder / "marblerunRootCA.crt").exists()
    assert cli.succeed(*certificate, "-i") == ("Warning: skipping quote verification\n"
                                               "Root certificate written to marblerunRootCA.crt\n")


def test_a_file_that_cannot_be_written_leaves_nothing_behind(cli, coordinator, flags, simulated):
    (cli.folder / "folder").mkdir()
    certificate = ["certificate", "root", coordinator.address, *flags, "-o"]
    before = sorted(os.listdir(cli.folder))
    assert cli.fail(*certificate, "none/root", stderr=simulated) == (
        "cannot create none/root.tmp: No such file or directory")
    assert cli.fail(*certificate, "folder", stderr=simulated) == (
        "cannot write folder: Is a directory")
    assert cli.fail(*certificate, "/dev/full", stderr=simulated) == (
        "cannot write /dev/full: No space left on device")
    assert sorted(os.listdir(cli.folder)) == before


def test_output_goes_through_links_and_into_devices(cli, coordinator, flags, simulated):
    cli.write("target", "old")
    (cli.folder / "link").symlink_to("target")
    certificate = ["certificate", "root", coordinator.address, *flags, "-o"]
    cli.succeed(*certificate, "link", stderr=simulated)
    assert (cli.folder / "link").is_symlink()
    assert (cli.folder / "target").read_bytes() == pem(coordinator.root)
    assert cli.succeed(*certificate, "/dev/fd/1", stderr=simulated) == (
        pem(coordinator.root).decode() + "Root certificate written to /dev/fd/1\n")


def test_answers_of_others_are_refused(cli, coordinator, is_v2):
    cached(cli, coordinator)
    url = f"https://{coordinator.address}{'/api/v2' if is_v2 else ''}/status"
    prefix = f"getting Coordinator status: GET {url}: "
    no_api = "the answer is not that of a Coordinator's client API"
    for answer, error in [
            ((200, b"hello"), prefix + "200 OK: " + no_api),
            ((502, b"<html>"), prefix + "502 Bad Gateway: " + no_api),
            ((418, b"{}"), prefix + "418 unexpected status: " + no_api),
            ((200, b'{"status":"success","data":{"code":"x"}}'),
             "getting Coordinator status: the answer does not have the members of a Coordinator's "
             "client API")]:
        coordinator.failures["/status"] = answer
        assert cli.fail("status", coordinator.address) == error


def test_endless_answers_are_cut_off(cli, coordinator):
    cached(cli, coordinator)
    coordinator.failures["/status"] = (200, bytes((32 << 20) + 1))
    assert cli.fail("status", coordinator.address).endswith(
        "the answer is longer than the 33554432 bytes that are accepted")


def test_addresses_are_hosts_and_nothing_else(cli):
    for address in ("", "https://localhost:1", "localhost:1/x", "a@localhost:1", "localhost:1?x",
                    "localhost", "4433", "localhost:99999"):
        assert cli.fail("status", "-i", address) == (
            f'"{address}" is no address of the form host:port')


def test_nobody_at_the_address_is_an_error(cli, new_coordinator):
    coordinator = new_coordinator(None)
    coordinator.close()
    error = cli.fail("status", "-i", coordinator.address)
    assert error.endswith("is this the address of the Coordinator's client API (by default port 4433), "
                          "and is it running?")


def test_proxies_of_the_environment_are_used(cli, new_coordinator):
    coordinator, proxy = new_coordinator(None), new_coordinator(None)
    proxy.close()
    cli.environment["https_proxy"] = f"http://127.0.0.1:{proxy.port}"
    assert str(proxy.port) in cli.fail("status", "-i", coordinator.address)
    cli.environment["no_proxy"] = "localhost"
    assert cli.succeed("status", "-i", coordinator.address) == f"2: {STATUS[2]}\n"


def test_standard_output_is_one_json_document_on_demand(cli, coordinator, flags, simulated):
    """What else is said goes to standard error."""
    def ask(*words, said="", attested=True):
        return json.loads(cli.succeed(*words, *(flags if attested else ()), "--output", "json",
                                      stderr=(simulated if attested else "") + said))
    address = coordinator.address
    coordinator.recovery_secrets = {"two": "Mg==", "one": "MQ=="}
    cli.write("m.json", MANIFEST)
    assert ask("manifest", "set", "m.json", address,
               said=UPLOADING + "Manifest successfully set\n") == {
        "signature": FINGERPRINT, "recoverySecrets": coordinator.recovery_secrets}
    assert ask("manifest", "verify", FINGERPRINT, address) == {
        "verified": True, "signature": FINGERPRINT}
    assert ask("manifest", "get", address, said=REQUESTING) == {
        "ManifestSignature": FINGERPRINT, "Manifest": json.loads(MANIFEST)}
    assert ask("manifest", "log", address, attested=False, said=(
        "Successfully verified Coordinator, now requesting update log\n")) == [json.loads(LOG_LINE)]
    assert ask("status", address, attested=False) == {"code": 3, "message": STATUS[3]}
    for name, content in [("root", pem(coordinator.root)), ("chain", coordinator.chain()),
                          ("intermediate", pem(coordinator.intermediate))]:
        assert ask("certificate", name, address) == {"certificate": content.decode()}
    assert sorted(os.listdir(cli.folder)) == ["era.json", "home", "m.json"]
