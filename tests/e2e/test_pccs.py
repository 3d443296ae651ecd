# SPDX-License-Identifier: Apache-2.0
"""Collateral over the network: `graphene-platform serve` seen by requests, and `marblerun collateral`
against it and against a service that lies."""

import datetime
import json
import shutil
import subprocess

import pytest
import quote_verifier as peer
import requests
from pccs import PLATFORM, Served, init, sign_tcb_info
from pccs_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

FMSPC = "53494d000000"


@pytest.fixture(name="quote")
def fixture_quote(machine, tmp_path):
    quote = subprocess.run([PLATFORM, "quote", machine, "--report-data", "00"], check=True,
                           stdout=subprocess.PIPE).stdout
    (tmp_path / "quote").write_bytes(quote)
    return tmp_path / "quote"


def get(served, path, version="v4", technology="sgx", method="GET"):
    return requests.request(method, served.url(version, technology) + path, timeout=60,
                            verify=served.ca)


def fetch(cli, machine, quote, service, url, *options):
    return ("collateral", "fetch", quote, cli.folder / "fetched", "--collateral", url,
            "--collateral-ca", service.ca, "--trust-root", machine / "root_ca.pem", *options)


# the API

@pytest.mark.parametrize("path, version, status", [
    (f"tcb?fmspc={FMSPC}", "v4", 200), (f"tcb?fmspc={FMSPC.upper()}", "v3", 200),
    (f"tcb?fmspc={FMSPC}&update=standard", "v4", 200), (f"tcb?fmspc={FMSPC}&update=early", "v4", 200),
    (f"tcb?fmspc={FMSPC}&tcbEvaluationDataNumber=17", "v4", 200),
    (f"tcb?fmspc={FMSPC}&tcbEvaluationDataNumber=16", "v4", 410),
    (f"tcb?fmspc={FMSPC}&tcbEvaluationDataNumber=18", "v4", 404),
    (f"tcb?fmspc={FMSPC}&tcbEvaluationDataNumber=17&update=early", "v4", 400),
    (f"tcb?fmspc={FMSPC}&update=late", "v4", 400), (f"tcb?fmspc={FMSPC}00", "v4", 400),
    ("tcb?fmspc=00906ea10000", "v4", 404), ("tcb?fmspc=00906ea1000g", "v4", 400), ("tcb", "v4", 400),
    ("qe/identity", "v3", 200), ("qe/identity?tcbEvaluationDataNumber=16", "v4", 410),
    ("pckcrl?ca=platform", "v4", 200), ("pckcrl?ca=processor", "v4", 404), ("pckcrl", "v4", 400),
    ("pckcrl?ca=other", "v4", 400), ("rootcacrl", "v3", 200), ("crl", "v4", 400),
    ("crl?uri=https://certificates.example/IntelSGXRootCA.der", "v4", 404),
    ("other", "v4", 404), ("tcb/../private/secret", "v4", 404), ("rootcacrl", "v5", 404),
    ("pckcert?encrypted_ppid=00&cpusvn=00&pcesvn=0d00&pceid=0000", "v4", 400),
    (f"pckcert?encrypted_ppid={'0' * 768}&cpusvn={'f' * 32}&pcesvn=0d00&pceid=0000", "v4", 404),
    (f"pckcert?qeid={'0' * 32}&cpusvn={'f' * 32}&pcesvn=0d00&pceid=0000", "v4", 404),
    (f"pckcert?qeid={'0' * 31}&cpusvn={'f' * 32}&pcesvn=0d00&pceid=0000", "v4", 400),
])
def test_statuses_are_those_of_the_real_services(served, path, version, status):
    answer = get(served, path, version)
    assert answer.status_code == status
    assert bool(answer.content) == (status == 200)


def test_only_get_is_answered(served):
    assert get(served, "rootcacrl", method="POST").status_code == 405
    assert get(served, "rootcacrl", method="DELETE").status_code == 405


def test_chains_are_percent_encoded_and_end_with_a_line_feed(served, machine):
    for path, header, file in (
            (f"tcb?fmspc={FMSPC}", "TCB-Info-Issuer-Chain", "tcb_info_issuer_chain.pem"),
            ("qe/identity", "SGX-Enclave-Identity-Issuer-Chain", "qe_identity_issuer_chain.pem"),
            ("pckcrl?ca=platform", "SGX-PCK-CRL-Issuer-Chain", "pck_crl_issuer_chain.pem")):
        value = get(served, path).headers[header]
        assert value.endswith("-----END%20CERTIFICATE-----%0A")
        assert not set(value) & set("+/= \n")
        assert requests.utils.unquote(value) == (machine / "collateral" / file).read_text()
    assert "SGX-TCB-Info-Issuer-Chain" in get(served, f"tcb?fmspc={FMSPC}", "v3").headers


def test_version_3_of_the_api_has_version_2_of_the_tcb_info(served, machine):
    signer = peer.x509.load_pem_x509_certificate((machine / "tcb_signing.pem").read_bytes())
    body = get(served, f"tcb?fmspc={FMSPC}", "v3").text
    text, _, signature = body.rpartition(',"signature":"')
    text = text[len('{"tcbInfo":'):]
    old = json.loads(text)
    new = get(served, f"tcb?fmspc={FMSPC}").json()["tcbInfo"]
    peer.verify_raw(signer.public_key(), bytes.fromhex(signature[:-2]), text.encode(), "v2")
    assert old["version"] == 2 and "id" not in old
    for level, expected in zip(old["tcbLevels"], new["tcbLevels"]):
        svns = [level["tcb"][f"sgxtcbcomp{i:02}svn"] for i in range(1, 17)]
        assert svns == [c["svn"] for c in expected["tcb"]["sgxtcbcomponents"]]
        assert level["tcb"]["pcesvn"] == expected["tcb"]["pcesvn"]
        assert level["tcbStatus"] == expected["tcbStatus"] and "advisoryIDs" not in level


def test_crls_come_in_der_and_in_hex(served, machine):
    root, pck = [(machine / "collateral" / name).read_bytes() for name in ("root_ca.crl", "pck.crl")]
    assert get(served, "rootcacrl").text == root.hex()
    assert get(served, "pckcrl?ca=platform").text == pck.hex()
    assert get(served, "pckcrl?ca=platform&encoding=der").content == pck
    assert get(served, "crl?uri=https%3A%2F%2Fsimulated-sgx-machine.invalid"
                       "%2FIntelSGXRootCA.der").content == root


def test_a_pck_certificate_comes_with_what_it_is_for(served, machine, quote):
    qe_id = quote.read_bytes()[28:44].hex()
    answer = get(served, f"pckcert?qeid={qe_id}&cpusvn={'f' * 32}&pcesvn=0d00&pceid=0000")
    assert answer.text == (machine / "pck.pem").read_text()
    assert answer.headers["SGX-FMSPC"] == FMSPC
    assert answer.headers["SGX-TCBm"] == "0c0c100fffff01" + "00" * 9 + "0d00"
    assert answer.headers["SGX-PCK-Certificate-CA-Type"] == "platform"
    assert answer.headers["SGX-PCK-Certificate-Issuer-Chain"].startswith("-----BEGIN%20CERT")


def test_the_certificate_stays_and_is_made_anew_for_other_names(machine, tmp_path):
    folder = tmp_path / "platform"
    shutil.copytree(machine, folder)
    seen = []
    for names in ((), (), ("--dns-names", "pccs.example,127.0.0.1")):
        served = Served(folder)
        served.process = subprocess.Popen(
            [PLATFORM, "serve", folder, "--listen", "127.0.0.1:0", *names],
            stdout=subprocess.PIPE, text=True)
        served.process.stdout.readline()
        seen.append((folder / "pccs.pem").read_text())
        served.stop()
    assert seen[0] == seen[1] != seen[2]
    assert (folder / "private/pccs_key.pem").stat().st_mode & 0o777 == 0o600


def test_a_folder_without_platform_is_not_served(tmp_path):
    done = subprocess.run([PLATFORM, "serve", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "no platform in" in done.stderr


# marblerun collateral

@pytest.mark.parametrize("version", ["v3", "v4"])
def test_collateral_is_fetched_and_verifies_elsewhere(cli, machine, served, quote, version):
    told = cli.succeed(*fetch(cli, machine, quote, served, served.url(version)))
    assert "Collateral fetched" in told and FMSPC in told and "SIMULATED" in told
    fetched = cli.folder / "fetched"
    if version == "v4":
        now = datetime.datetime.utcnow().replace(microsecond=0)
        assert peer.verify(quote.read_bytes(), fetched, machine / "root_ca.pem", now).status == "UpToDate"
        assert {p.name: p.read_bytes() for p in fetched.iterdir()} == {
            p.name: p.read_bytes() for p in (machine / "collateral").iterdir() if p.is_file()}
    told = cli.succeed("collateral", "verify", fetched, "--trust-root", machine / "root_ca.pem")
    assert "Collateral verified" in told
    shown = json.loads(cli.succeed("collateral", "show", fetched, "-o", "json"))
    assert shown["tcbInfo"]["fmspc"] == FMSPC and shown["pckCRL"]["revoked"] == 0
    verified = json.loads(cli.succeed("collateral", "verify", fetched, "-o", "json", "--trust-root",
                                      machine / "root_ca.pem"))
    start, end = (shown["tcbInfo"][name] for name in ("validFrom", "validUntil"))
    assert verified == {"folder": str(fetched), "fmspc": FMSPC, "simulated": True,
                        "validFrom": start, "validUntil": end}
    assert f"valid from {start} until {end} (SIMULATED)" in told
    told = cli.succeed("collateral", "show", fetched)
    assert FMSPC in told and "PCK CRL" in told and "evaluation data number 17" in told


def test_collateral_that_was_changed_or_has_another_root_does_not_verify(cli, machine, tmp_path):
    folder = tmp_path / "changed"
    shutil.copytree(machine / "collateral", folder)
    chain = folder / "pck_crl_issuer_chain.pem"
    error = cli.fail("collateral", "verify", folder)
    assert f"{chain}: its root is not Intel's: if it comes from a simulated platform, trust" in error
    other = init(tmp_path / "other")
    issuers = chain.read_bytes()
    trusted = ("--trust-root", machine / "root_ca.pem")
    assert "its root is not the simulated one that is trusted here" in cli.fail(
        "collateral", "verify", folder, "--trust-root", other / "root_ca.pem")
    for root in (machine / "root_ca.pem").read_bytes(), b"":
        chain.write_bytes((other / "platform_ca.pem").read_bytes() + root)
        assert "is not signed by the key of" in cli.fail("collateral", "verify", folder, *trusted)
    chain.write_bytes(issuers)
    text = (folder / "tcb_info.json").read_text()
    (folder / "tcb_info.json").write_text(text.replace("OutOfDate", "UpToDate"))
    assert "TCB info: its signature is not" in cli.fail("collateral", "verify", folder, *trusted)
    shutil.rmtree(folder)
    old = init(tmp_path / "old", "--issued-at", "2024-01-01T00:00:00Z")
    error = cli.fail("collateral", "verify", old / "collateral", "--trust-root", old / "root_ca.pem")
    assert "expired at" in error and "marblerun collateral fetch" in error


@pytest.mark.parametrize("command", ["show", "verify"])
def test_where_collateral_is_or_how_to_get_it_is_said(cli, machine, tmp_path, command):
    def hint(folder):
        error = cli.fail("collateral", command, folder)
        assert "No such file or directory: " in error
        return error.partition("No such file or directory: ")[2].strip()
    assert hint(machine) == f"name the folder that has it: {machine}/collateral"
    sets = tmp_path / "sets"
    for name in "b", "a", ".hidden":
        shutil.copytree(machine / "collateral", sets / name)
    assert hint(sets) == f"name the folder that has it: {sets}/a, {sets}/b"
    (sets / "a/pck.crl").unlink()
    for folder in sets / "a", tmp_path / "nowhere":
        assert hint(folder) == ("get the collateral for a quote with 'marblerun collateral fetch QUOTE "
                                f"{folder}'")


def test_collateral_is_verified_as_of_any_time(cli, tmp_path):
    old = init(tmp_path / "old", "--issued-at", "2024-01-01T00:00:00Z", "--valid-for", "10")

    def verify(time):
        return cli.run("collateral", "verify", old / "collateral", "--trust-root",
                       old / "root_ca.pem", "--at", time)
    for time in "2024-01-01T00:00:00Z", "2024-01-11T00:00:00Z":
        done = verify(time)
        assert done.returncode == 0, done.stderr
        assert "valid from 2024-01-01T00:00:00Z until 2024-01-11T00:00:00Z (SIMULATED)" in done.stdout
    assert "is not valid before 2024-01-01T00:00:00Z" in verify("2023-12-31T23:59:59Z").stderr
    assert "expired at 2024-01-11T00:00:00Z" in verify("2024-01-11T00:00:01Z").stderr
    assert "--at today: a time has the form" in verify("today").stderr


@pytest.mark.parametrize("text", [
    "PCCS_URL={url}\nUSE_SECURE_CERT=FALSE\n",
    "# old\n PCCS_URL = {url}\n use_secure_cert = false\nRETRY_TIMES=0\nOTHER=1\n",
    '{{ // new\n "pccs_url": "{url}", "use_secure_cert": false /* self-signed */ }}',
    '{{"pccs_url": "https://127.0.0.1:1/", "collateral_service": "{url}", "use_secure_cert": false,'
    ' "pccs_api_version": "3.1"}}',
    '{{"pccs_url": "{url}", "use_secure_cert": false, "pccs_api_version": "3.0"}}',
])
def test_the_machines_configuration_names_the_service(cli, machine, served, quote, tmp_path, text):
    (tmp_path / "qcnl.conf").write_text(text.format(url=served.url()))
    cli.environment["QCNL_CONF_PATH"] = str(tmp_path / "qcnl.conf")
    cli.succeed("collateral", "fetch", quote, cli.folder / "fetched",
                "--trust-root", machine / "root_ca.pem")


@pytest.mark.parametrize("text, reason", [
    ('{"pccs_url": "https://127.0.0.1:1/"', "no valid JSON"), ("OTHER=1", "it has no pccs_url"),
    ("PCCS_URL=http://127.0.0.1/", "no address of the form https://"),
    ("PCCS_URL=https://127.0.0.1:1/\nRETRY_TIMES=many", "retry_times is"),
])
def test_a_configuration_that_is_no_good_is_named(cli, quote, machine, tmp_path, text, reason):
    (tmp_path / "qcnl.conf").write_text(text)
    cli.environment["QCNL_CONF_PATH"] = str(tmp_path / "qcnl.conf")
    assert reason in cli.fail("collateral", "fetch", quote, "fetched",
                              "--trust-root", machine / "root_ca.pem")


def test_who_the_service_is_is_checked_unless_that_is_not_wanted(cli, machine, served, quote):
    url = served.url()
    command = ("collateral", "fetch", quote, cli.folder / "fetched", "--trust-root",
               machine / "root_ca.pem", "--collateral")
    assert "self-signed certificate: name who certifies it (--collateral-ca)" in cli.fail(*command, url)
    other = url.replace("127.0.0.1", "127.0.0.2")  # it listens there in vain
    assert "nobody answers" in cli.fail(*command, other, "--collateral-ca", served.ca)
    assert "is neither TRUE nor FALSE" in cli.fail(
        *command, url, "--collateral-secure-cert", "perhaps")
    cli.succeed(*command, url, "--collateral-secure-cert", "FALSE")


def test_a_certificate_of_another_name_is_refused(cli, machine, quote, tmp_path):
    folder = tmp_path / "platform"
    shutil.copytree(machine, folder)
    served = Served(folder)
    served.process = subprocess.Popen([PLATFORM, "serve", folder, "--listen", "127.0.0.1:0",
                                       "--dns-names", "pccs.example"],
                                      stdout=subprocess.PIPE, text=True)
    served.address = served.process.stdout.readline().split("/")[2]
    error = cli.fail(*fetch(cli, machine, quote, served, served.url()))
    served.stop()
    assert "IP address mismatch" in error


def other_file(name, *options):
    """The same file of a platform that is another one."""
    def lie(liar, machine, tmp_path, endpoint):
        other = init(tmp_path / "other", *options)
        shutil.copy(other / "collateral" / name, liar.collateral / name)
    return lie


def refreshed(*options):
    """The same platform's collateral issued anew, with another FMSPC or date."""
    def lie(liar, machine, tmp_path, endpoint):
        copy = tmp_path / "copy"
        shutil.copytree(machine, copy)
        init(copy, "--refresh", *options)
        shutil.rmtree(liar.collateral)
        shutil.copytree(copy / "collateral", liar.collateral)
    return lie


def content(**given):
    def lie(liar, machine, tmp_path, endpoint):
        def answer(handler):
            liar.send(handler, endpoint, **given)
            return True
        liar.lies[endpoint] = answer
    return lie


def raw(data):
    """Something else than an answer."""
    def lie(liar, machine, tmp_path, endpoint):
        def answer(handler):
            handler.wfile.write(data)
            return True
        liar.lies[endpoint] = answer
    return lie


HEAD = b"HTTP/1.1 200 OK\r\nTCB-Info-Issuer-Chain: x\r\n"


@pytest.mark.parametrize("endpoint, lie, reason", [
    ("tcb", other_file("tcb_info.json"), "TCB info: its signature is not by the key"),
    ("tcb", other_file("tcb_info_issuer_chain.pem"), "issuer chain"),
    ("qe/identity", other_file("qe_identity.json"), "QE identity: its signature is not by the key"),
    ("pckcrl", other_file("pck.crl"), 'PCK CRL: it is not signed by the key of "Intel SGX PCK'),
    ("rootcacrl", other_file("root_ca.crl"), 'root CRL: it is not signed by the key of "Intel SGX R'),
    ("tcb", refreshed("--issued-at", "2024-01-01T00:00:00Z"), "expired at"),
    ("tcb", content(body=b"x" * 300000), "it is too long"),
    ("pckcrl", content(body=b"0" * 1100000, length=False), "it is too long"),
    ("tcb", content(chain="%4"), "is not percent-encoded"),
    ("tcb", content(chain="nothing"), "text outside of the PEM"),
    ("tcb", content(body=b"<html>"), 'it is not {"tcbInfo"'),
    ("tcb", raw(b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\n\r\n"), "HTTP status 302"),
    ("tcb", raw(b"HTTP/1.1 404 Not Found\r\n\r\n"), "it has none (HTTP status 404)"),
    ("tcb", raw(b"HTTP/1.1 401 Unauthorized\r\n\r\n"), "it refuses the question (HTTP status 401)"),
    ("tcb", raw(b"220 smtp.example\r\n\r\n"), "it is not HTTP/1.1"),
    ("tcb", raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70000), "its head is too long"),
    ("tcb", raw(HEAD + b"Content-Length: 100\r\n\r\nshort"), "it is cut off"),
    ("tcb", raw(HEAD + b"Content-Length: -1\r\n\r\n"), "its Content-Length is no number"),
    ("tcb", raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "a chunk has no length"),
    ("tcb", raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n"), "it is too long"),
    ("tcb", raw(HEAD + b"Transfer-Encoding: gzip\r\n\r\n"), "its transfer encoding is unknown"),
    ("qe/identity", raw(b"HTTP/1.1 200 OK\r\n\r\n{}"), "has no header SGX-Enclave-Identity-Issuer"),
])
def test_what_a_service_sends_wrong_is_refused_by_name(
        cli, machine, liar, quote, tmp_path, endpoint, lie, reason):
    lie(liar, machine, tmp_path, endpoint)
    error = cli.fail(*fetch(cli, machine, quote, liar, liar.url()))
    assert reason in error and f"127.0.0.1:{liar.port}" in error
    assert not (cli.folder / "fetched").exists()


def test_tcb_info_of_another_kind_of_platform_is_refused(cli, machine, liar, quote, tmp_path):
    """Properly signed: by the same authority, for a machine that has another FMSPC."""
    file = liar.collateral / "tcb_info.json"
    file.write_text(sign_tcb_info(machine, file.read_text(), FMSPC.upper(), "00906EA10000"))
    error = cli.fail(*fetch(cli, machine, quote, liar, liar.url()))
    assert f"TCB info is for FMSPC 00906ea10000 instead of {FMSPC}" in error


def test_chunks_and_answers_without_length_are_understood(cli, machine, liar, quote):
    def chunked(handler):
        body = (liar.collateral / "root_ca.crl").read_bytes()
        handler.wfile.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n")
        for byte in body:
            handler.wfile.write(b"1;x=y\r\n" + bytes([byte]) + b"\r\n")
        handler.wfile.write(b"0\r\nTrailer: x\r\n\r\n")
        return True
    liar.lies["rootcacrl"] = chunked
    liar.lies["tcb"] = lambda handler: liar.send(handler, "tcb", length=False) or True
    cli.succeed(*fetch(cli, machine, quote, liar, liar.url()))


def test_a_service_that_cannot_answer_at_the_moment_is_asked_again(cli, machine, liar, quote):
    answers = [503, 429]

    def busy(handler):
        if not answers:
            return False
        handler.send_error(answers.pop())
        return True
    liar.lies["tcb"] = busy
    error = cli.fail(*fetch(cli, machine, quote, liar, liar.url()))
    assert "it cannot answer at the moment (HTTP status 503)" in error
    answers[:] = [503]
    cli.succeed(*fetch(cli, machine, quote, liar, liar.url()))
    assert not answers


def test_a_root_crl_by_its_distribution_point_will_do(cli, machine, liar, quote):
    def by_uri(handler):
        assert "uri=https%3A%2F%2Fsimulated-sgx-machine.invalid%2FIntelSGXRootCA.der" in handler.path
        liar.send(handler, "rootcacrl")
        return True
    liar.lies["rootcacrl"] = lambda handler: handler.send_error(404) or True
    liar.lies["crl"] = by_uri
    cli.succeed(*fetch(cli, machine, quote, liar, liar.url()))
    assert liar.asked[-1] == "crl"


def test_an_address_without_the_path_of_services_is_asked_about(cli, machine, served, quote):
    hint = "or is its address right (https://host:8081/sgx/certification/v4/)?"
    base = f"https://{served.address}/"
    assert f"it has none (HTTP status 404), {hint}" in cli.fail(*fetch(cli, machine, quote, served, base))
    error = cli.fail(*fetch(cli, machine, quote, served, served.url("v9")))
    assert "HTTP status 404" in error and hint not in error


def test_old_files_stay_when_fetching_fails(cli, machine, liar, quote):
    command = fetch(cli, machine, quote, liar, liar.url())
    cli.succeed(*command)
    before = {p.name: p.read_bytes() for p in (cli.folder / "fetched").iterdir()}
    liar.lies["pckcrl"] = lambda handler: handler.send_error(404) or True
    cli.fail(*command)
    assert before == {p.name: p.read_bytes() for p in (cli.folder / "fetched").iterdir()}


def test_what_is_no_quote_is_refused_before_anybody_is_asked(cli, machine, liar, tmp_path):
    (tmp_path / "nothing").write_bytes(b"\0" * 1000)
    cli.fail(*fetch(cli, machine, tmp_path / "nothing", liar, liar.url()))
    assert not liar.asked


def test_collateral_for_tdx_comes_from_the_address_for_tdx(cli, machine, served, tmp_path):
    quote = tmp_path / "td_quote"
    with quote.open("wb") as out:
        subprocess.run([PLATFORM, "quote", machine, "--tdx", "--report-data", "00"], check=True,
                       stdout=out)
    trusted = ("--trust-root", machine / "root_ca.pem")
    told = cli.succeed(*fetch(cli, machine, quote, served, served.url()))
    assert "Collateral fetched" in told
    assert json.loads((cli.folder / "fetched/tcb_info.json").read_text())["tcbInfo"]["id"] == "TDX"
    cli.succeed("quote", "verify", quote, "--collateral", cli.folder / "fetched", *trusted)
    error = cli.fail(*fetch(cli, machine, quote, served, served.url("v3")))
    assert "HTTP status 404" in error
