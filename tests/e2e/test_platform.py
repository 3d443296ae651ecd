# SPDX-License-Identifier: Apache-2.0
"""graphene-platform from the outside: its PKI, collateral and quotes under a verifier that knows
nothing of the C sources, and its command line."""

import datetime
import os
import resource
import signal
import stat
import subprocess

import pytest
import quote_formats
import quote_verifier as peer
from cryptography import x509
from cryptography.hazmat.primitives import serialization

STATUSES = ["UpToDate", "SWHardeningNeeded", "ConfigurationNeeded",
            "ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDateConfigurationNeeded",
            "Revoked"]
QE_STATUSES = ["UpToDate", "OutOfDate", "Revoked"]


class Tool:
    def __init__(self, build):
        self.program = build / "bin/graphene-platform"

    def run(self, *arguments, **options):
        return subprocess.run([self.program, *map(str, arguments)], capture_output=True,
                              check=False, timeout=60, **options)

    def succeed(self, *arguments):
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr.decode()
        assert not done.stderr
        return done.stdout

    def fail(self, status, *arguments, **options):
        """The message of a call that has to fail."""
        done = self.run(*arguments, **options)
        assert done.returncode == status, done.stderr.decode()
        assert done.stdout == b""
        message = done.stderr.decode()
        assert message.startswith("graphene-platform")
        return message


@pytest.fixture(name="tool", scope="session")
def fixture_tool(build):
    return Tool(build)


@pytest.fixture(name="folder", scope="session")
def fixture_folder(tool, tmp_path_factory):
    """A platform as it is made by default; not to be changed by tests."""
    folder = tmp_path_factory.mktemp("default") / "platform"
    tool.succeed("init", folder)
    return folder


def quote_of(tool, folder, *options):
    return tool.succeed("quote", folder, "--report-data", "0a" * 32, *options)


def verify(folder, quote, now=None):
    return peer.verify(quote, folder / "collateral", folder / "root_ca.pem",
                       now or datetime.datetime.utcnow().replace(microsecond=0))


# What is issued


def test_a_default_platform_verifies_as_up_to_date(tool, folder):
    result = verify(folder, quote_of(tool, folder))
    assert result.status == "UpToDate"
    assert result.advisories == []
    assert result.platform.fmspc == b"SIM\0\0\0"
    assert result.platform.components == [14, 14, 3, 3, 255, 255, 1] + [0] * 9
    assert result.platform.pce_svn == 13
    assert result.platform.type == 1
    assert result.platform.configuration == [True, False, False]


def test_a_quote_has_the_form_of_genuine_ones(tool, folder):
    data = quote_of(tool, folder)
    quote = peer.Quote.parse(data)
    assert quote.qe_svn == quote.qe_report.svn == 8
    assert quote.pce_svn >= 13
    assert any(quote.user_data[:16]) and not any(quote.user_data[16:])
    assert quote.auth_data == bytes(range(32))
    assert quote.qe_report.flags == 0x15 and quote.qe_report.xfrm == 0xE7
    assert quote.report.cpu_svn == quote.qe_report.cpu_svn != bytes(16)
    lines = quote.chain[:-1].split(b"\n")
    assert lines[-1] == b"" and max(map(len, lines)) == 64
    assert 4600 <= len(data) <= 4800
    assert quote_of(tool, folder)[:432] == data[:432]


@pytest.mark.parametrize("offset, reason", [
    (368, "signature of quote"),  # report data
    (436, "signature of quote"),
    (500, "binding of the attestation key"),
    (564 + 64, "signature of QE report"),  # MRENCLAVE of the Quoting Enclave
    (948, "signature of QE report"),
    (1014, "binding of the attestation key"),  # authentication data
])
def test_every_part_of_a_quote_is_bound(tool, folder, offset, reason):
    quote = bytearray(quote_of(tool, folder))
    quote[offset] ^= 1
    with pytest.raises(peer.Refused, match=reason):
        verify(folder, bytes(quote))


def test_identity_options_reach_the_quote(tool, folder):
    report = peer.Quote.parse(
        quote_of(tool, folder, "--mrenclave", "E1" * 32, "--mrsigner", "51" * 32, "--prod-id", 3,
                 "--svn", 65535, "--debug")).report
    assert report.mr_enclave == b"\xe1" * 32
    assert report.mr_signer == b"\x51" * 32
    assert (report.prod_id, report.svn) == (3, 65535)
    assert report.flags == 7
    assert report.report_data == b"\x0a" * 32 + bytes(32)
    assert peer.Quote.parse(quote_of(tool, folder)).report.flags == 5


def test_the_open_enclave_header_goes_around(tool, folder):
    report = quote_of(tool, folder, "--open-enclave")
    verify(folder, quote_formats.strip_header(report))


def der(tag, content):
    return bytes([tag, len(content)]) + content


def full_name(common):
    """CN, O, L, ST as UTF8String, C as PrintableString, in this order."""
    parts = ((3, 0x0C, common), (10, 0x0C, "Intel Corporation"), (7, 0x0C, "Santa Clara"),
             (8, 0x0C, "CA"), (6, 0x13, "US"))
    return der(0x30, b"".join(
        der(0x31, der(0x30, der(6, bytes([0x55, 4, number])) + der(tag, text.encode())))
        for number, tag, text in parts))


def test_certificates_are_named_and_numbered_as_intels(tool, folder):
    certificates = verify(folder, quote_of(tool, folder)).certificates
    names = {"root": "Intel SGX Root CA", "platform_ca": "Intel SGX PCK Platform CA",
             "pck": "Intel SGX PCK Certificate", "tcb_signing": "Intel SGX TCB Signing"}
    for role, cert in certificates.items():
        get = cert.extensions.get_extension_for_class
        assert cert.subject.public_bytes() == full_name(names[role])
        assert cert.version == x509.Version.v3
        assert [e.critical for e in cert.extensions][:5] == [False, False, False, True, True]
        key_id = get(x509.SubjectKeyIdentifier).value.digest
        assert len(key_id) == 20
        assert (cert.serial_number == int.from_bytes(key_id, "big")) == (role != "pck")
        assert 0 < cert.serial_number < 1 << 160
        path_length = {"root": 1, "platform_ca": 0}.get(role)
        assert get(x509.BasicConstraints).value.path_length == path_length
        (location,) = get(x509.CRLDistributionPoints).value[0].full_name
        assert location.value.endswith("/v4/pckcrl?ca=platform&encoding=der" if role == "pck"
                                       else "/IntelSGXRootCA.der")
        assert ".invalid/" in location.value
        assert len(list(cert.extensions)) == (6 if role == "pck" else 5)
    start = certificates["root"].not_valid_before
    assert certificates["root"].not_valid_after == datetime.datetime(2049, 12, 31, 23, 59, 59)
    assert certificates["platform_ca"].not_valid_after.year == start.year + 15
    assert certificates["tcb_signing"].not_valid_after.year == start.year + 7
    assert certificates["pck"].not_valid_after.year == start.year + 7
    size = len(certificates["pck"].public_bytes(serialization.Encoding.DER))
    assert 1266 <= size <= 1274


def test_openssl_accepts_the_chain_with_its_crls(folder, tmp_path):
    crls = tmp_path / "crls.pem"
    with crls.open("wb") as out:
        for name in ("root_ca.crl", "pck.crl"):
            out.write(subprocess.run(
                ["openssl", "crl", "-inform", "DER", "-in", folder / "collateral" / name],
                check=True, capture_output=True).stdout)
    for name in ("pck.pem", "tcb_signing.pem"):
        subprocess.run(["openssl", "verify", "-x509_strict", "-crl_check_all", "-CRLfile", crls,
                        "-CAfile", folder / "root_ca.pem", "-untrusted",
                        folder / "platform_ca.pem", folder / name],
                       check=True, capture_output=True)


def test_collateral_is_the_seven_files_in_intels_member_order(tool, folder):
    assert sorted(os.listdir(folder / "collateral")) == [
        "pck.crl", "pck_crl_issuer_chain.pem", "qe_identity.json", "qe_identity_issuer_chain.pem",
        "root_ca.crl", "tcb_info.json", "tcb_info_issuer_chain.pem", "tdx"]
    result = verify(folder, quote_of(tool, folder))
    assert list(result.tcb_info) == [
        "id", "version", "issueDate", "nextUpdate", "fmspc", "pceId", "tcbType",
        "tcbEvaluationDataNumber", "tcbLevels"]
    assert (result.tcb_info["id"], result.tcb_info["version"]) == ("SGX", 3)
    for level in result.tcb_info["tcbLevels"]:
        assert list(level)[:3] == ["tcb", "tcbDate", "tcbStatus"]
        assert list(level["tcb"]) == ["sgxtcbcomponents", "pcesvn"]
        assert level["tcbDate"] < result.tcb_info["issueDate"]
    statuses = [level["tcbStatus"] for level in result.tcb_info["tcbLevels"]]
    assert statuses == ["UpToDate", "ConfigurationNeeded", "OutOfDate",
                        "OutOfDateConfigurationNeeded", "OutOfDate", "Revoked"]
    assert list(result.qe_identity) == [
        "id", "version", "issueDate", "nextUpdate", "tcbEvaluationDataNumber", "miscselect",
        "miscselectMask", "attributes", "attributesMask", "mrsigner", "isvprodid", "tcbLevels"]


def test_an_empty_list_of_revoked_certificates_is_left_out(folder):
    for name in ("root_ca.crl", "pck.crl"):
        crl = x509.load_der_x509_crl((folder / "collateral" / name).read_bytes())
        ((_, tbs),) = list(quote_formats.tlvs(crl.tbs_certlist_bytes))
        # version, algorithm, issuer, two dates, [0] extensions
        assert [tag for tag, _ in quote_formats.tlvs(tbs)] == [2, 0x30, 0x30, 0x17, 0x17, 0xA0]
        number = crl.extensions.get_extension_for_class(x509.CRLNumber)
        assert number.value.crl_number == 1


# Statuses


@pytest.fixture(name="changing", scope="module")
def fixture_changing(tool, tmp_path_factory):
    """A platform whose collateral each test issues anew, and a quote of it."""
    folder = tmp_path_factory.mktemp("changing") / "platform"
    tool.succeed("init", folder)
    return folder, quote_of(tool, folder)


@pytest.mark.parametrize("qe_status", QE_STATUSES)
@pytest.mark.parametrize("status", STATUSES)
def test_every_status_is_reported(tool, changing, status, qe_status):
    folder, quote = changing
    tool.succeed("init", folder, "--refresh", "--tcb-status", status, "--qe-tcb-status", qe_status,
                 "--advisory", "INTEL-SA-00615", "--advisory", "INTEL-SA-00289")
    result = verify(folder, quote)
    assert result.status == peer.converge(status, qe_status)
    assert result.advisories == ["INTEL-SA-00615", "INTEL-SA-00289"]
    with_advisories = [level for level in result.tcb_info["tcbLevels"] if "advisoryIDs" in level]
    assert len(with_advisories) == 1
    shown = tool.succeed("show", folder).decode()
    assert f"TCB status          {status} with INTEL-SA-00615, INTEL-SA-00289\n" in shown
    assert f"QE TCB status       {qe_status}\n" in shown


def test_hardening_is_needed_by_configured_and_misconfigured_machines_alike(tool, changing):
    folder, quote = changing
    tool.succeed("init", folder, "--refresh", "--tcb-status", "SWHardeningNeeded")
    statuses = [level["tcbStatus"] for level in verify(folder, quote).tcb_info["tcbLevels"]]
    assert statuses[:2] == ["SWHardeningNeeded", "ConfigurationAndSWHardeningNeeded"]


def test_a_revoked_certificate_is_on_the_list(tool, changing):
    folder, quote = changing
    tool.succeed("init", folder, "--refresh", "--revoke-pck")
    with pytest.raises(peer.Refused, match="Intel SGX PCK Certificate is revoked"):
        verify(folder, quote)
    crl = x509.load_der_x509_crl((folder / "collateral/pck.crl").read_bytes())
    (entry,) = crl
    assert entry.revocation_date == crl.last_update
    (reason,) = entry.extensions
    assert reason.value.reason == x509.ReasonFlags.key_compromise
    assert "PCK certificate     REVOKED\n" in tool.succeed("show", folder).decode()
    tool.succeed("init", folder, "--refresh")
    assert verify(folder, quote).status == "UpToDate"


def test_dates_and_evaluation_number_are_the_users_choice(tool, tmp_path):
    folder = tmp_path / "platform"
    tool.succeed("init", folder, "--issued-at", "2024-05-16T01:02:03Z", "--valid-for", 10,
                 "--evaluation-number", 4294967295, "--fmspc", "00606aABCDEF")
    quote = quote_of(tool, folder)
    start = datetime.datetime(2024, 5, 16, 1, 2, 3)
    day, second = datetime.timedelta(days=1), datetime.timedelta(seconds=1)
    for now in (start, start + 10 * day):
        result = verify(folder, quote, now)
    for now in (start - second, start + 10 * day + second):
        with pytest.raises(peer.Refused, match="validity|date"):
            verify(folder, quote, now)
    assert result.tcb_info["issueDate"] == "2024-05-16T01:02:03Z"
    assert result.tcb_info["nextUpdate"] == "2024-05-26T01:02:03Z"
    assert result.tcb_info["tcbEvaluationDataNumber"] == 4294967295
    assert result.qe_identity["tcbEvaluationDataNumber"] == 4294967295
    assert result.tcb_info["fmspc"] == "00606AABCDEF"
    root_crl = x509.load_der_x509_crl((folder / "collateral/root_ca.crl").read_bytes())
    assert root_crl.next_update - root_crl.last_update == 365 * day
    shown = tool.succeed("show", folder).decode()
    assert "TCB info            from 2024-05-16T01:02:03Z to 2024-05-26T01:02:03Z, EXPIRED" in shown
    tool.succeed("init", folder, "--refresh", "--valid-for", 500)
    root_crl = x509.load_der_x509_crl((folder / "collateral/root_ca.crl").read_bytes())
    assert root_crl.next_update - root_crl.last_update == 500 * day
    assert "EXPIRED" not in tool.succeed("show", folder).decode()


def test_refresh_changes_collateral_and_nothing_else(tool, tmp_path):
    folder = tmp_path / "platform"
    tool.succeed("init", folder)

    def content():
        return {path.relative_to(folder): path.read_bytes()
                for path in folder.rglob("*") if path.is_file()}

    before = content()
    tool.succeed("init", "--refresh", folder, "--issued-at", "2025-01-01T00:00:00Z")
    after = content()
    assert before.keys() == after.keys()
    changed = {str(name) for name in before if before[name] != after[name]}
    assert changed == {f"collateral/{folder}{file}" for folder in ("", "tdx/") for file in (
        "tcb_info.json", "qe_identity.json", "pck.crl", "root_ca.crl")}


def test_platforms_share_no_secrets(tool, folder, tmp_path):
    other = tmp_path / "platform"
    tool.succeed("init", other)
    for path in (folder / "private").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_bytes() != (other / "private" / path.name).read_bytes()
    assert stat.S_IMODE((folder / "private").stat().st_mode) == 0o700
    with pytest.raises(peer.Refused, match="root of the chain"):
        verify(other, quote_of(tool, folder))


def test_the_private_keys_are_those_of_the_certificates(tool, folder):
    certificates = verify(folder, quote_of(tool, folder)).certificates
    for role, name in (("root", "root_ca"), ("platform_ca", "platform_ca"),
                       ("tcb_signing", "tcb_signing")):
        key = serialization.load_pem_private_key(
            (folder / f"private/{name}_key.pem").read_bytes(), None)
        assert key.public_key().public_numbers() == \
            certificates[role].public_key().public_numbers()


# The command line


def test_show_says_simulated_and_how_to_trust(tool, folder):
    shown = tool.succeed("show", folder).decode()
    assert shown.startswith("SIMULATED")
    assert f"--trust-root {folder}/root_ca.pem" in shown
    assert "FMSPC               53494d000000\n" in shown


def test_show_works_without_access_to_the_keys(tool, tmp_path):
    folder = tmp_path / "platform"
    tool.succeed("init", folder)
    for path in (folder / "private").iterdir():
        path.unlink()
    (folder / "private").rmdir()
    assert tool.succeed("show", folder).startswith(b"SIMULATED")


def test_help_and_version(tool):
    text = tool.succeed("--help").decode()
    for option in ("--tcb-status", "--qe-tcb-status", "--advisory", "--fmspc", "--issued-at",
                   "--valid-for", "--evaluation-number", "--revoke-pck", "--refresh",
                   "--report-data", "--mrenclave", "--mrsigner", "--prod-id", "--svn", "--debug",
                   "--open-enclave"):
        assert f"  {option} " in text
    assert all(status in text for status in STATUSES)
    assert tool.succeed("init", "--help").decode() == text
    assert tool.succeed("--version").decode().startswith("graphene-platform 0.")


@pytest.mark.parametrize("arguments, message", [
    ([], "a command is expected"),
    (["make"], '"make" is no command'),
    (["init"], "folder of the platform is missing"),
    (["init", ""], "folder of the platform is missing"),
    (["init", "F", "two"], '"two" is one operand too many'),
    (["init", "F", "--nonsense"], "unrecognized option '--nonsense'"),
    (["init", "F", "--tcb-status"], "requires an argument"),
    (["init", "F", "--tcb-status", "uptodate"], '"uptodate" is no TCB status'),
    (["init", "F", "--qe-tcb-status", "Old"], '"Old" is no TCB status'),
    (["init", "F", "--fmspc", "00606a0000"], '"00606a0000" is no FMSPC'),
    (["init", "F", "--refresh", "--fmspc", "00606a000000"], "make a new platform"),
    (["init", "F", "--issued-at", "2024-02-30T00:00:00Z"], "is no time"),
    (["init", "F", "--issued-at", "1970-01-01T00:00:00Z"], "is no time"),
    (["init", "F", "--valid-for", "0"], '"0" is no number of days'),
    (["init", "F", "--valid-for", "36501"], '"36501" is no number of days'),
    (["init", "F", "--valid-for", "-1"], '"-1" is no number of days'),
    (["init", "F", "--evaluation-number", "4294967296"], "is no evaluation number"),
    (["init", "F", "--evaluation-number", "1x"], "is no evaluation number"),
    (["show"], "folder of the platform is missing"),
    (["show", "F", "--json"], "unrecognized option '--json'"),
    (["quote", "F"], "--report-data is missing"),
    (["quote", "F", "--report-data", ""], "is not 1 to 64 bytes"),
    (["quote", "F", "--report-data", "0" * 130], "is not 1 to 64 bytes"),
    (["quote", "F", "--report-data", "0g"], "is not 1 to 64 bytes"),
    (["quote", "F", "--report-data", "00", "--mrenclave", "00"], "is not 32 bytes"),
    (["quote", "F", "--report-data", "00", "--svn", "65536"], '"65536" is no number up to 65535'),
])
def test_wrong_usage_exits_with_2(tool, tmp_path, arguments, message):
    arguments = [tmp_path / "F" if argument == "F" else argument for argument in arguments]
    assert message in tool.fail(2, *arguments)
    assert os.listdir(tmp_path) == []


def test_impossible_platforms_exit_with_1(tool, folder, tmp_path):
    new = tmp_path / "new"
    assert "exists: name a new folder" in tool.fail(1, "init", folder)
    assert "never ConfigurationNeeded" in tool.fail(
        1, "init", new, "--qe-tcb-status", "ConfigurationNeeded")
    assert '"a b" is no advisory' in tool.fail(1, "init", new, "--advisory", "a b")
    assert "between 2000 and 2049" in tool.fail(
        1, "init", new, "--issued-at", "1999-12-31T23:59:59Z")
    for command in (["show", new], ["init", "--refresh", new],
                    ["quote", new, "--report-data", "00"]):
        message = tool.fail(1, *command)
        assert f"no platform in {new}" in message and "graphene-platform init" in message
    assert os.listdir(tmp_path) == []


def test_an_unwritable_place_is_named(tool):
    message = tool.fail(1, "init", "/proc/platform")
    assert message.startswith("graphene-platform: cannot make platform /proc/platform: cannot ")


def test_a_full_disk_leaves_nothing_behind(tool, tmp_path):
    def almost_full():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1800, 1800))

    message = tool.fail(1, "init", tmp_path / "platform", preexec_fn=almost_full)
    assert "cannot write" in message and "File too large" in message
    assert os.listdir(tmp_path) == []


def test_a_quote_that_cannot_be_written_is_no_success(tool, folder):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([tool.program, "quote", folder, "--report-data", "00"], stdout=full,
                              stderr=subprocess.PIPE, check=False, timeout=60)
    assert done.returncode == 1
    assert b"No space left on device" in done.stderr


def test_two_makers_of_one_platform_leave_one_complete_platform(tool, tmp_path):
    folder = tmp_path / "platform"
    makers = [subprocess.Popen([tool.program, "init", folder], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL) for _ in range(4)]
    assert sorted(maker.wait(60) for maker in makers) == [0, 1, 1, 1]
    assert verify(folder, quote_of(tool, folder)).status == "UpToDate"
    assert os.listdir(tmp_path) == ["platform"]
