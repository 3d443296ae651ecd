# SPDX-License-Identifier: Apache-2.0
"""`marblerun quote show` and `quote verify`: what they print, as text and as JSON."""

import base64
import json
import subprocess

import pytest
from quote_formats import platform_of

MRTD = "d0" * 48
RTMR = {f"rtmr{i}": f"a{i}" * 48 for i in range(4)}


@pytest.fixture(name="make_quote", scope="session")
def fixture_make_quote(build, new_machine, tmp_path_factory):
    machine = new_machine("--tcb-status", "SWHardeningNeeded", "--advisory", "INTEL-SA-00615")

    def make(*options):
        path = tmp_path_factory.mktemp("quote") / "quote.bin"
        path.write_bytes(subprocess.run(
            [build / "bin/graphene-platform", "quote", machine.folder, "--report-data", "01ff",
             *options], capture_output=True, check=True, timeout=60).stdout)
        return path
    make.machine = machine
    return make


@pytest.fixture(name="vm")
def fixture_vm(make_quote):
    registers = [text for name, value in RTMR.items() for text in (f"--{name}", value)]
    return make_quote("--tdx", "--mrtd", MRTD, *registers)


def trust(make_quote):
    folder = make_quote.machine.folder
    return ["--collateral", folder / "collateral", "--trust-root", folder / "root_ca.pem"]


def test_everything_that_an_enclaves_quote_says_is_shown(cli, make_quote):
    path = make_quote("--mrenclave", "e1" * 32, "--mrsigner", "51" * 32, "--prod-id", "7",
                      "--svn", "3", "--debug", "--open-enclave")
    document = json.loads(cli.succeed("quote", "show", path, "-o", "json"))
    enclave = document["enclave"]
    assert (document["version"], document["tee"]) == (3, "SGX")
    assert (enclave["mrEnclave"], enclave["mrSigner"]) == ("e1" * 32, "51" * 32)
    assert (enclave["isvProdId"], enclave["isvSvn"], enclave["debug"]) == (7, 3, True)
    assert enclave["reportData"] == "01ff" + "00" * 62
    assert document["quotingEnclave"]["isvSvn"] == 8
    certification = document["certification"]
    assert [c["name"] for c in certification["certificates"]] == [
        "Intel SGX PCK Certificate", "Intel SGX PCK Platform CA", "Intel SGX Root CA"]
    assert certification["platform"]["fmspc"] == "53494d000000"
    assert certification["platform"]["dynamicPlatform"] is True


def test_the_text_has_what_the_json_has(cli, vm):
    text = cli.succeed("quote", "show", vm)
    document = json.loads(cli.succeed("quote", "show", vm, "--output", "json"))

    def check(value):
        for name, member in value.items():
            assert f"{name}:" in text
            if isinstance(member, dict):
                check(member)
            elif isinstance(member, list):
                for element in member:
                    check(element)
            elif not isinstance(member, bool):
                assert str(member) in text
    check(document)
    assert document["vm"]["mrTd"] == MRTD
    assert {name: document["vm"][name] for name in RTMR} == RTMR


@pytest.mark.parametrize("version", [3, 4, 5])
@pytest.mark.parametrize("tdx", [[], ["--tdx"]], ids=["SGX", "TDX"])
def test_quotes_of_every_version_verify(cli, make_quote, version, tdx):
    if tdx and version == 3:
        pytest.skip("there are none")
    path = make_quote("--quote-version", str(version), *tdx)
    document = json.loads(cli.succeed("quote", "verify", path, "-o", "json", *trust(make_quote)))
    assert document["valid"] and document["quote"]["version"] == version
    assert all(check["passed"] for check in document["checks"])
    result = document["result"]
    assert result["tcbStatus"] == result["platformStatus"] == "SWHardeningNeeded"
    assert result["advisories"] == ["INTEL-SA-00615"]
    assert result["simulated"] is True
    assert ("tdxModuleStatus" in result) == bool(tdx)


def test_the_verdict_lists_every_check(cli, make_quote):
    text = cli.succeed("quote", "verify", make_quote(), *trust(make_quote))
    lines = text.splitlines()
    assert [line[0] for line in lines[:16]] == ["✓"] * 16
    assert lines[16] == ("TCB status: SWHardeningNeeded (platform SWHardeningNeeded, Quoting "
                         "Enclave UpToDate)")
    assert lines[17] == "Advisories: INTEL-SA-00615"
    assert lines[-1].startswith("SIMULATED: ")


def test_a_refusal_marks_the_check_and_what_was_not_reached(cli, make_quote):
    path = make_quote()
    quote = bytearray(path.read_bytes())
    quote[120] ^= 1
    done = cli.run("quote", "verify", cli.write("bad.bin", bytes(quote)), *trust(make_quote))
    marks = "".join(line[0] for line in done.stdout.splitlines())
    assert done.returncode == 1 and marks == "✓" * 9 + "✗" + "-" * 6
    assert done.stderr == ("Error: the quote is refused: the quote is not signed by its "
                           "attestation key: was it changed?\n")


def test_the_policy_is_the_users(cli, make_quote):
    path = make_quote("--debug")
    flags = trust(make_quote)
    refused = cli.run("quote", "verify", path, *flags, "--accepted-tcb-statuses", "UpToDate")
    assert refused.stderr == (
        "Error: the quote is refused: TCB level invalid: SWHardeningNeeded: update the machine, or "
        "accept it with --accepted-tcb-statuses\n")
    refused = cli.run("quote", "verify", path, *flags, "--accepted-advisories", "INTEL-SA-1")
    assert refused.stderr == (
        "Error: the quote is refused: TCB status SWHardeningNeeded contains advisories not accepted by "
        "configuration: [INTEL-SA-00615]: update the machine, or accept them with "
        "--accepted-advisories\n")
    refused = cli.run("quote", "verify", path, *flags)
    assert "it is for debugging" in refused.stderr
    cli.succeed("quote", "verify", path, *flags, "--debug")


def test_a_need_for_hardening_without_advisories_is_accepted_without_a_list(cli, build, new_machine):
    machine = new_machine("--tcb-status", "SWHardeningNeeded")
    quote = subprocess.run([build / "bin/graphene-platform", "quote", machine.folder, "--report-data", "01"],
                           capture_output=True, check=True, timeout=60).stdout
    command = ["quote", "verify", cli.write("quote.bin", quote), "--collateral",
               machine.folder / "collateral", "--trust-root", machine.folder / "root_ca.pem"]
    refused = cli.run(*command, "--accepted-advisories", "INTEL-SA-1")
    assert refused.returncode == 1
    assert refused.stderr.endswith(": update the machine, or leave --accepted-advisories out\n")
    cli.succeed(*command)


def test_the_platform_and_the_age_of_collateral_may_be_demanded(cli, make_quote):
    platform = platform_of(make_quote.machine.folder)
    ppid, instance_id, other = platform.ppid.hex(), platform.instance_id.hex(), "0f" * 16
    command = ["quote", "verify", make_quote(), *trust(make_quote)]
    named = f"PPID {ppid}{{}} platform instance ID {instance_id}"
    text = cli.succeed(*command, "--accepted-platforms", f"{other},{ppid.upper()}",
                       "--minimum-evaluation-number", "17").splitlines()
    assert [line for line in text[:18] if line[0] != "✓"] == []
    assert text[15:17] == ["✓ the collateral is new enough",
                           "✓ the platform is one of those accepted"]
    assert text[-3] == "Platform: " + named.format(",")
    result = json.loads(cli.succeed(*command, "-o", "json", "--accepted-platforms", instance_id))["result"]
    assert (result["ppid"], result["instanceId"]) == (ppid, instance_id)
    refused = cli.run(*command, "--accepted-platforms", other, "--minimum-evaluation-number", "17")
    assert refused.returncode == 1
    assert refused.stderr == (f"Error: the quote is refused: the platform with {named.format(' and')} is "
                              "none of those accepted: add it to them if you know this machine\n")
    assert refused.stdout.splitlines()[15:18] == [
        "✓ the collateral is new enough", "✗ the platform is one of those accepted",
        "- it is not for debugging"]
    refused = cli.run(*command, "--accepted-platforms", ppid, "--minimum-evaluation-number", "18")
    assert "has TCB evaluation data number 17, at least 18 is demanded" in refused.stderr
    assert "- the platform is one of those accepted" in refused.stdout


ENCLAVE = ["--mrenclave", "e1" * 32, "--mrsigner", "51" * 32, "--prod-id", "7", "--svn", "3"]
ERA = {"SignerID": "51" * 32, "ProductID": 7, "SecurityVersion": 3}
OF_THE_ERA = "it is the enclave of the attestation configuration"


def era_file(cli, era):
    return ["--era-config", cli.write("era.json", json.dumps(era))]


@pytest.mark.parametrize("era, stderr", [
    (ERA, ""), ({"UniqueID": "e1" * 32}, ""), ({"UniqueID": "e1" * 32, **ERA}, ""),
    ({**ERA, "MinimumTCBEvaluationDataNumber": 17}, ""),
    ({**ERA, "AcceptedTCBStatuses": ["OutOfDate"], "AcceptedAdvisories": ["INTEL-SA-1"]}, ""),
    ({**ERA, "Colateral": "x"}, 'Warning: era config: unknown member "Colateral" is ignored\n')])
def test_the_enclave_is_the_one_of_the_era_config(cli, make_quote, era, stderr):
    command = ["quote", "verify", make_quote(*ENCLAVE), *trust(make_quote), *era_file(cli, era)]
    text = cli.succeed(*command, stderr=stderr)
    assert text.splitlines()[15:17] == [f"✓ {OF_THE_ERA}", "✓ it is not for debugging"]
    document = json.loads(cli.succeed(*command, "-o", "json", stderr=stderr))
    assert document["checks"][-2] == {"statement": OF_THE_ERA, "passed": True}


@pytest.mark.parametrize("era, reason", [
    ({"UniqueID": "e2" * 32}, f"invalid UniqueID: the era config expects MRENCLAVE {'e2' * 32}, the "
                              f"Coordinator has {'e1' * 32}"),
    ({**ERA, "SignerID": "52" * 32}, "invalid SignerID"), ({**ERA, "ProductID": 8}, "invalid ProductID"),
    ({**ERA, "SecurityVersion": 4}, "invalid SecurityVersion"),
    ({**ERA, "MinimumTCBEvaluationDataNumber": 18}, "number 17, at least 18 is demanded"),
    ({**ERA, "AcceptedPlatforms": ["0f" * 16]}, "is none of those accepted")])
def test_another_enclave_than_that_of_the_era_config_is_refused(cli, make_quote, era, reason):
    command = ["quote", "verify", make_quote(*ENCLAVE), *trust(make_quote), *era_file(cli, era)]
    refused = cli.run(*command)
    assert refused.returncode == 1 and reason in refused.stderr
    assert refused.stdout.splitlines()[15:17] == [f"✗ {OF_THE_ERA}", "- it is not for debugging"]
    document = json.loads(cli.run(*command, "-o", "json").stdout)
    assert document["valid"] is False
    check = document["checks"][-2]
    assert (check["statement"], check["passed"]) == (OF_THE_ERA, False) and reason in check["reason"]


def test_an_era_config_without_an_identity_is_warned_about(cli, make_quote):
    text = cli.succeed("quote", "verify", make_quote(*ENCLAVE), *trust(make_quote),
                       *era_file(cli, {"ProductID": 7, "SecurityVersion": 3}))
    assert text.startswith("Warning: Configuration contains neither UniqueID nor SignerID!\n")


def test_a_debug_enclave_is_accepted_by_the_era_config(cli, make_quote):
    command = ["quote", "verify", make_quote(*ENCLAVE, "--debug"), *trust(make_quote)]
    assert "✓ debug enclaves are accepted" in cli.succeed(*command, *era_file(cli, {**ERA, "Debug": True}))
    refused = cli.run(*command, "--debug", *era_file(cli, ERA))
    assert refused.returncode == 1 and "debug enclave not allowed" in refused.stderr


def test_the_era_config_of_the_folder_is_not_used(cli, make_quote):
    (cli.folder / "era-config.json").write_text("no JSON")
    text = cli.succeed("quote", "verify", make_quote(), *trust(make_quote))
    assert OF_THE_ERA not in text


def test_a_vm_is_not_that_of_an_era_config(cli, make_quote, vm):
    refused = cli.run("quote", "verify", vm, *trust(make_quote), *era_file(cli, ERA))
    assert refused.returncode == 1 and f"✗ {OF_THE_ERA}" in refused.stdout
    assert refused.stderr == (
        "Error: the quote is refused: it is of a confidential VM (TDX), but the era config is about an "
        "enclave: say which VM is expected with --mrtd and --rtmr0 to --rtmr3\n")


def test_an_era_config_that_says_nothing_is_refused(cli, make_quote):
    command = ["quote", "verify", make_quote(), *trust(make_quote), "--era-config"]
    path = cli.write("era.json", "no JSON")
    assert f"reading era config file: {path}: line 1" in cli.fail(*command, path)
    assert "reading era config file: " in cli.fail(*command, "nowhere.json")
    assert "it names no file" in cli.fail(*command, "")
    path = cli.write("era.json", '{"AcceptedPlatforms": []}')
    assert "AcceptedPlatforms accepts no platform" in cli.fail(*command, path)


@pytest.mark.parametrize("flag", [["--nonce", "x"], ["--nonce="], ["--insecure"],
                                  ["--save-sgx-quote", "f"], ["--coordinator-cert", "f"]])
def test_flags_about_a_coordinator_are_refused(cli, make_quote, flag):
    error = cli.fail("quote", "verify", make_quote(), *trust(make_quote), *flag)
    assert f"{flag[0].rstrip('=')} is for commands that talk to a Coordinator" in error


EXPECTED = {"report-data": "01FF", "mrtd": MRTD.upper(), **RTMR}
NAMES = {"report-data": "report data", **{name: name.upper() for name in ["mrtd", *RTMR]}}


def test_values_of_a_vm_may_be_expected(cli, make_quote, vm):
    command = ["quote", "verify", vm, *trust(make_quote)]
    flags = [f"--{name}={value}" for name, value in EXPECTED.items()]
    lines = cli.succeed(*command, *flags).splitlines()
    assert [line for line in lines if "expected" in line] == [
        f"✓ it has the expected {name}" for name in NAMES.values()]
    document = json.loads(cli.succeed(*command, *flags, "-o", "json"))
    assert [check for check in document["checks"] if "expected" in check["statement"]] == [
        {"statement": f"it has the expected {name}", "passed": True} for name in NAMES.values()]


@pytest.mark.parametrize("name", list(EXPECTED))
def test_another_value_than_the_expected_one_is_named(cli, make_quote, vm, name):
    value = "02" if name == "report-data" else "0f" * 48
    flags = [f"--{n}={value if n == name else v}" for n, v in EXPECTED.items()]
    refused = cli.run("quote", "verify", vm, *trust(make_quote), *flags)
    padded = {"report-data": 128}.get(name, 96)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"Error: the quote is refused: another {NAMES[name]} is expected: {value.ljust(padded, '0')} "
        f"instead of {EXPECTED[name].lower().ljust(padded, '0')}\n")
    at = list(EXPECTED).index(name)
    marks = [line[0] for line in refused.stdout.splitlines() if "expected" in line]
    assert marks == ["✓"] * at + ["✗"] + ["-"] * (5 - at)


def test_an_enclave_has_report_data_and_no_registers(cli, make_quote):
    command = ["quote", "verify", make_quote(), *trust(make_quote), "--report-data"]
    cli.succeed(*command, "01ff" + "00" * 62)
    for name in list(EXPECTED)[1:]:
        refused = cli.run(*command, "01ff", f"--{name}", EXPECTED[name])
        assert refused.returncode == 1
        assert f"{NAMES[name]} is expected, which only confidential VMs (TDX) have" in refused.stderr
        assert f"✗ it has the expected {NAMES[name]}" in refused.stdout


@pytest.mark.parametrize("flag, value, reason", [
    ("report-data", "", "1 to 64 bytes in hex"), ("report-data", "0", "1 to 64 bytes in hex"),
    ("report-data", "00" * 65, "1 to 64 bytes in hex"), ("mrtd", "", "96 hex digits"),
    ("mrtd", "00" * 47, "96 hex digits"), ("rtmr0", "00" * 49, "96 hex digits"),
    ("rtmr1", "zz" * 48, "96 hex digits"), ("rtmr2", "", "96 hex digits"),
    ("rtmr3", "00", "96 hex digits"),
    ("accepted-platforms", "00", "has 32 hex digits"),
    ("accepted-platforms", "0f" * 16 + ",," + "0f" * 16, "has 32 hex digits"),
    ("accepted-platforms", "", "it accepts no platform"),
    ("accepted-advisories", "", "it accepts no advisory; leave the flag out to accept all"),
    ("accepted-tcb-statuses", "", "it accepts no status"),
    ("accepted-tcb-statuses", "UpToDate,Revoked", "there are UpToDate, SWHardeningNeeded, Config"),
    ("minimum-evaluation-number", "-1", "it is no number from 0 to 4294967295"),
    ("minimum-evaluation-number", "4294967296", "it is no number"),
    ("minimum-evaluation-number", "", "it is no number")])
def test_demands_that_mean_nothing_are_refused(cli, make_quote, flag, value, reason):
    error = cli.fail("quote", "verify", make_quote(), *trust(make_quote), f"--{flag}={value}")
    assert f'for "--{flag}" flag: ' in error and reason in error


def test_a_date_may_be_given(cli, make_quote):
    path = make_quote()
    done = cli.run("quote", "verify", path, *trust(make_quote), "--at", "2020-01-01T00:00:00Z")
    assert "is not valid before" in done.stderr
    result = json.loads(cli.succeed("quote", "verify", path, "-o", "json",
                                    *trust(make_quote)))["result"]
    start, end = result["validFrom"], result["validUntil"]
    for time in start, end:
        text = cli.succeed("quote", "verify", path, *trust(make_quote), "--at", time)
        assert f"This holds from {start} until {end}" in text
    assert start < end
    for time in start.replace("20", "19", 1), end.replace("20", "21", 1):
        assert cli.run("quote", "verify", path, *trust(make_quote), "--at", time).returncode == 1
    assert "a time has the form" in cli.fail(
        "quote", "verify", path, *trust(make_quote), "--at", "yesterday")


def test_wrong_files_and_flags_are_named(cli, make_quote):
    path = make_quote()
    assert "no collateral to verify quotes with" in cli.fail("quote", "verify", path)
    assert "the only format is json" in cli.fail("quote", "show", path, "-o", "yaml")
    assert "nothing: " in cli.fail("quote", "show", "nothing")
    assert "this is no quote" in cli.fail("quote", "show", cli.write("text", "hello, world"))
    whole = path.read_bytes()
    for command in "show", "verify":
        flags = trust(make_quote) if command == "verify" else []
        for content, reason in (whole[:-1], f"; it is cut off: it says that it has {len(whole)} bytes"), \
                (whole[:100], "; it is cut off before its signature"), \
                (whole + b"\0\0", "; 2 bytes follow it"), \
                (whole.hex().encode(), "it is text, base64 or hex: decode it first"), \
                (base64.encodebytes(whole), "it is text, base64 or hex: decode it first"):
            done = cli.run("quote", command, cli.write("wrong", content), *flags)
            assert done.returncode == 1 and reason in done.stderr
