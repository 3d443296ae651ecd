# SPDX-License-Identifier: Apache-2.0
"""Quotes that lack their PCK certificate, or what vouches for it: certification data of types 1 to 4."""

import datetime
import json
import shutil
import subprocess
import urllib.parse

import pytest
import quote_verifier as peer
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from pccs import PLATFORM, init
from pccs_fixtures import *  # noqa: F403  pylint: disable=wildcard-import,unused-wildcard-import

NAMES = [1, 2, 3]
ALL = [1, 2, 3, 4]
FORMS = [["--quote-version", "3"], ["--quote-version", "4"], ["--quote-version", "5", "--tdx"]]


def make_quote(machine, kind, *options):
    return subprocess.run([PLATFORM, "quote", machine, "--report-data", "0a", "--certification",
                           str(kind), *options], check=True, stdout=subprocess.PIPE).stdout


@pytest.fixture(name="other", scope="module")
def fixture_other(tmp_path_factory):
    return init(tmp_path_factory.mktemp("other") / "platform")


def service_flags(service, machine):
    return ["--collateral", service.url(), "--collateral-ca", service.ca,
            "--trust-root", machine / "root_ca.pem"]


def folder_flags(folder, machine):
    return ["--collateral", folder, "--trust-root", machine / "root_ca.pem"]


@pytest.fixture(name="folder")
def fixture_folder(machine, tmp_path):
    return shutil.copytree(machine / "collateral", tmp_path / "folder")


def refuse(cli, path, *flags):
    """Why a quote is refused."""
    done = cli.run("quote", "verify", path, *flags)
    assert done.returncode == 1
    return done.stderr


def qe_id(quote):
    return quote[28:44].hex()


def check_with_peer(machine, quote):
    return peer.verify(quote, machine / "collateral", machine / "root_ca.pem",
                       datetime.datetime.utcnow().replace(microsecond=0),
                       pck=(machine / "pck.pem").read_bytes())


@pytest.mark.parametrize("form", FORMS, ids=["SGX-3", "SGX-4", "TDX-5"])
@pytest.mark.parametrize("kind", ALL)
def test_a_service_has_what_the_quote_lacks(cli, machine, served, kind, form):
    quote = make_quote(machine, kind, *form)
    document = json.loads(cli.succeed("quote", "verify", cli.write("quote", quote), "-o", "json",
                                      *service_flags(served, machine)))
    assert document["valid"] and all(check["passed"] for check in document["checks"])
    assert document["checks"][1]["statement"].startswith("its PCK certificate chain is in it")
    assert document["result"]["tcbStatus"] == "UpToDate"
    if "--tdx" not in form:
        assert check_with_peer(machine, quote).status == "UpToDate"


@pytest.mark.parametrize("kind", NAMES)
def test_a_folder_may_have_the_certificate(cli, machine, folder, kind):
    quote = make_quote(machine, kind)
    path = cli.write("quote", quote)
    done = cli.run("quote", "verify", path, *folder_flags(folder, machine))
    marks = "".join(line[0] for line in done.stdout.splitlines())
    assert done.returncode == 1 and marks == "✓✗" + "-" * 14
    assert (f"certification data type {kind}): put the platform's certificate into "
            f"{folder}/pck_cert_{qe_id(quote)}.pem") in done.stderr
    for name in ("pck_cert.pem", f"pck_cert_{qe_id(quote)}.pem"):
        shutil.copy(machine / "pck.pem", folder / name)
        cli.succeed("quote", "verify", path, *folder_flags(folder, machine))
        (folder / name).unlink()


def test_a_folder_may_have_the_chain(cli, machine, folder):
    names = ("pck.pem", "platform_ca.pem", "root_ca.pem")
    (folder / "pck_cert.pem").write_text("".join((machine / name).read_text() for name in names))
    (folder / "pck_crl_issuer_chain.pem").unlink()
    path = cli.write("quote", make_quote(machine, 3))
    cli.succeed("quote", "verify", path, *folder_flags(folder, machine))


def test_a_certificate_alone_needs_its_issuers(cli, machine, folder):
    path = cli.write("quote", make_quote(machine, 4))
    cli.succeed("quote", "verify", path, *folder_flags(folder, machine))
    shutil.copytree(folder, folder / "53494d000000")
    (folder / "pck_crl_issuer_chain.pem").unlink()
    cli.succeed("quote", "verify", path, *folder_flags(folder, machine))
    (folder / "53494d000000/pck_crl_issuer_chain.pem").unlink()
    refused = refuse(cli, path, *folder_flags(folder, machine))
    assert "issuers of the PCK certificate in the quote: " in refused
    assert "pck_crl_issuer_chain.pem: " in refused and "collateral fetch' writes it" in refused


WRONG_ISSUERS = ["platform_ca", "root_ca", "root_ca root_ca", "pck root_ca", "tcb_signing root_ca",
                 "platform_ca root_ca root_ca"]


def chain_of(machine, names):
    return "".join((machine / f"{name}.pem").read_text() for name in names.split())


@pytest.mark.parametrize("names", WRONG_ISSUERS)
def test_issuers_in_a_folder_are_one_ca_and_one_root(cli, machine, folder, names):
    (folder / "pck_crl_issuer_chain.pem").write_text(chain_of(machine, names))
    refused = refuse(cli, cli.write("quote", make_quote(machine, 4)),
                     *folder_flags(folder, machine))
    assert "PCK certificate chain: " in refused
    assert ("more than 3 certificates" if names.count(" ") == 2
            else "not made of one PCK certificate, one PCK CA and one root") in refused


@pytest.mark.parametrize("names", WRONG_ISSUERS)
def test_issuers_from_a_service_are_one_ca_and_one_root(cli, machine, liar, names):
    chain = urllib.parse.quote(chain_of(machine, names))
    liar.lies["pckcrl"] = lambda handler: liar.send(handler, "pckcrl", chain=chain) or True
    refused = refuse(cli, cli.write("quote", make_quote(machine, 4)),
                     *service_flags(liar, machine))
    assert "issuers of the PCK certificate in the quote: " in refused
    assert "it is not made of one PCK CA and one root" in refused


@pytest.mark.parametrize("kind", NAMES)
def test_what_is_fetched_serves_without_the_service(cli, machine, served, kind):
    quote = make_quote(machine, kind)
    path, fetched = cli.write("quote", quote), cli.folder / "fetched"
    cli.succeed("collateral", "fetch", path, fetched, *service_flags(served, machine))
    assert (fetched / f"pck_cert_{qe_id(quote)}.pem").read_text() == (machine / "pck.pem").read_text()
    cli.succeed("quote", "verify", path, *folder_flags(fetched, machine))
    cli.succeed("collateral", "verify", fetched, "--trust-root", machine / "root_ca.pem")


@pytest.mark.parametrize("kind", NAMES)
def test_the_certificate_of_another_platform_is_refused(cli, machine, other, folder, kind):
    path = cli.write("quote", make_quote(machine, kind))
    shutil.copy(other / "pck.pem", folder / "pck_cert.pem")
    refused = refuse(cli, path, *folder_flags(folder, machine))
    assert "PCK certificate chain: " in refused and "PCK certificate" in refused
    with pytest.raises(peer.Refused):
        peer.verify((cli.folder / "quote").read_bytes(), machine / "collateral",
                    machine / "root_ca.pem", datetime.datetime.utcnow(),
                    pck=(other / "pck.pem").read_bytes())


def patch(quote, at, value):
    """Certification data stand at the end, and no signature covers them."""
    data = bytearray(quote)
    data[at] ^= value
    return bytes(data)


@pytest.mark.parametrize("kind, at, reason", [
    (1, -36, "its PPID is not the quote's"),
    (1, -4, "it has PCESVN 13, the quote 12"), (2, -4, "it has PCESVN 13, the quote 12"),
    (3, -4, "it has PCESVN 13, the quote 12"), (3, -2, "its PCEID is not the quote's"),
])
def test_each_field_of_the_name_must_fit(cli, machine, folder, kind, at, reason):
    shutil.copy(machine / "pck.pem", folder / "pck_cert.pem")
    path = cli.write("quote", patch(make_quote(machine, kind), at, 1))
    assert reason in refuse(cli, path, *folder_flags(folder, machine))


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_of_wrong_length_is_refused(cli, machine, folder, kind):
    quote = make_quote(machine, kind)
    size = {1: 36, 2: 276, 3: 404}[kind]
    data = quote[:432] + (len(quote) - 436 + 1).to_bytes(4, "little") + quote[436:-size - 4]
    path = cli.write("quote", data + (size + 1).to_bytes(4, "little") + quote[-size:] + b"\0")
    refused = refuse(cli, path, *folder_flags(folder, machine))
    assert f"certification data of type {kind} have a wrong length: {size + 1} bytes" in refused
    assert "wrong length" in cli.succeed("quote", "show", path)


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_can_be_read(cli, machine, kind):
    quote = make_quote(machine, kind)
    shown = json.loads(cli.succeed("quote", "show", cli.write("q", quote), "-o", "json"))
    certification = shown["certification"]
    assert certification["type"] == kind and certification["kind"].startswith("name of the platform")
    assert (certification["pceSvn"], certification["pceId"]) == (13, "0000")
    assert certification["cpuSvn"] == shown["enclave"]["cpuSvn"]
    whole = json.loads(cli.succeed(
        "quote", "show", cli.write("q5", make_quote(machine, 5)), "-o", "json"))
    ppid = whole["certification"]["platform"]["ppid"]
    if kind == 1:
        assert certification["ppid"] == ppid
        return
    key = serialization.load_pem_private_key(
        (machine / f"private/ppid_key_{[0, 0, 2048, 3072][kind]}.pem").read_bytes(), None)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    assert key.decrypt(bytes.fromhex(certification["encryptedPpid"]), oaep).hex() == ppid


def test_a_certificate_alone_can_be_read(cli, machine):
    shown = json.loads(cli.succeed(
        "quote", "show", cli.write("q", make_quote(machine, 4)), "-o", "json"))
    certification = shown["certification"]
    assert [c["name"] for c in certification["certificates"]] == ["Intel SGX PCK Certificate"]
    assert certification["platform"]["fmspc"] == "53494d000000"


def ask(served, quote, **changes):
    name = quote[-404:]
    question = {"encrypted_ppid": name[:384].hex(), "cpusvn": name[384:400].hex(),
                "pcesvn": name[400:402].hex(), "pceid": name[402:].hex(), "qeid": qe_id(quote)}
    question.update(changes)
    return requests.get(served.url() + "pckcert", verify=served.ca, timeout=60,
                        params={k: v for k, v in question.items() if v is not None})


def test_the_service_knows_its_platform_by_either_name(served, machine):
    quote = make_quote(machine, 3)
    for changes in ({}, {"qeid": None}, {"encrypted_ppid": None}, {"cpusvn": "ff" * 16},
                    {"pcesvn": "0e00"}):
        answer = ask(served, quote, **changes)
        assert answer.status_code == 200 and answer.text == (machine / "pck.pem").read_text()
        assert answer.headers["SGX-TCBm"] == "0c0c100fffff01000000000000000000" "0d00"
    for changes in ({"qeid": None, "encrypted_ppid": "ab" * 384}, {"cpusvn": "00" * 16},
                    {"qeid": None, "encrypted_ppid": None}, {"pcesvn": "0c00"},
                    {"pceid": "0100"}):
        assert ask(served, quote, **changes).status_code == 404
    assert ask(served, quote, encrypted_ppid="ab" * 256).status_code == 400


# what a service may do to those who ask it

def replace_certificate(pem, chain=None):
    def lie(handler):
        handler.server.owner.send(handler, "pckcert", pem, chain)
        return True
    return lie


@pytest.mark.parametrize("lie, reason", [
    ("other", "is not signed by the key of"), ("garbage", "text outside of the PEM blocks"),
    ("empty", "it is not made of one PCK certificate"), ("no chain", "not made of one PCK"),
    ("chain", "text outside of the PEM blocks"), ("huge", "its answer is no good: it is too long"),
    ("404", "it has none (HTTP status 404)"), ("ca", "not made of one PCK"),
])
def test_a_service_that_lies_is_found_out(cli, machine, other, liar, lie, reason):
    pem = (machine / "pck.pem").read_bytes()
    lies = {
        "other": replace_certificate((other / "pck.pem").read_bytes()),
        "garbage": replace_certificate(b"\0\1", "%0A"), "empty": replace_certificate(b"\n"),
        "no chain": replace_certificate(pem, "%0A"), "chain": replace_certificate(pem, "chain"),
        "huge": replace_certificate(b" " * 70000),
        "404": lambda handler: handler.send_error(404) or True,
        "ca": replace_certificate((machine / "platform_ca.pem").read_bytes()),
    }
    liar.lies["pckcert"] = lies[lie]
    refused = refuse(cli, cli.write("quote", make_quote(machine, 3)),
                       *service_flags(liar, machine))
    assert "certification data type 3): PCK certificate: " in refused or (
        "certification data type 3): answer of https://" in refused)
    assert reason in refused


def test_a_certificate_is_kept_on_disk_while_the_service_is_away(cli, machine, liar, tmp_path):
    cache = ["--collateral-cache", tmp_path / "cache"]
    path = cli.write("quote", make_quote(machine, 3))
    for _ in range(2):
        cli.succeed("quote", "verify", path, *service_flags(liar, machine), *cache)
    assert liar.asked.count("pckcert") == 1
    liar.stop()
    cli.succeed("quote", "verify", path, *service_flags(liar, machine), *cache)
    (kept,) = (tmp_path / "cache").glob("pck-*")
    data = bytearray(kept.read_bytes())
    data[32:40] = (int.from_bytes(data[32:40], "little") - 601).to_bytes(8, "little")
    kept.write_bytes(data)  # old by now: a service that is there is asked, one that is not is not missed
    done = cli.run("quote", "verify", path, *service_flags(liar, machine), *cache)
    assert done.returncode == 0 and "cannot be refreshed" in done.stderr
    liar.start()
    cli.succeed("quote", "verify", path, *service_flags(liar, machine), *cache)
    assert liar.asked.count("pckcert") == 2
    liar.stop()
    kept.write_bytes(kept.read_bytes()[:-200])  # then it is of no use, and does no harm
    assert "nobody answers" in refuse(
        cli, path, *service_flags(liar, machine), *cache)


def test_a_platform_that_is_revoked_is_refused_all_the_same(cli, tmp_path):
    machine = init(tmp_path / "revoked", "--revoke-pck")
    shutil.copy(machine / "pck.pem", machine / "collateral/pck_cert.pem")
    for kind in ALL:
        refused = refuse(cli, cli.write("quote", make_quote(machine, kind)),
                           *folder_flags(machine / "collateral", machine))
        assert "\"Intel SGX PCK Certificate\" is revoked" in refused
